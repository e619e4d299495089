//! Reads the pinned text of a constraint system.
//!
//! `ConstraintSystem::pinned()` is the stable way to see a constraint system:
//! its `Debug` text is hashed into every verifying key, so it can change
//! neither silently nor without breaking every deployed key. The version of
//! `halo2_proofs` is pinned exactly as well.

use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;

use super::shape::{ColumnCounts, ColumnKind, ColumnRef, Expression, Query};

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 512;

/// Why a pinned text is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinnedError {
    /// The text ends or goes on where it should not.
    #[error("unexpected text at byte {0}")]
    Syntax(usize),
    /// A field is missing.
    #[error("field {0} is missing")]
    Missing(&'static str),
    /// A node of another kind than its place allows.
    #[error("{0} is not understood")]
    Unknown(String),
}

/// A constraint system: what the pinned text says.
#[derive(Clone, Debug, PartialEq)]
pub struct System<F = Bn254Fr> {
    /// How many columns.
    pub columns: ColumnCounts,
    /// Constraints of all gates, in order.
    pub gates: Vec<Expression<F>>,
    /// What expressions call advice query n.
    pub advice_queries: Vec<Query>,
    /// The same of fixed columns, selectors behind them.
    pub fixed_queries: Vec<Query>,
    /// The same of public inputs.
    pub instance_queries: Vec<Query>,
    /// Columns with equality.
    pub permutation: Vec<ColumnRef>,
    /// Pairs of input and table expressions per lookup.
    pub lookups: Vec<Vec<(Expression<F>, Expression<F>)>>,
    /// Fixed columns of constants.
    pub constants: Vec<usize>,
}

/// Reads the text of [`halo2_proofs::plonk::ConstraintSystem::pinned`].
///
/// # Errors
/// When it is not of the form that the pinned version writes.
pub fn read<F: MarginField>(text: &str) -> Result<System<F>, PinnedError> {
    let mut parser = Parser { text: text.as_bytes(), at: 0 };
    let root = parser.node(0)?;
    if parser.at != parser.text.len() {
        return Err(PinnedError::Syntax(parser.at));
    }
    let columns = ColumnCounts {
        advice: root.get("num_advice_columns")?.number()?,
        fixed: root.get("num_fixed_columns")?.number()?,
        instance: root.get("num_instance_columns")?.number()?,
        selectors: root.get("num_selectors")?.number()?,
    };
    let queries = |name| -> Result<Vec<Query>, PinnedError> {
        root.get(name)?.children.iter().map(Node::query).collect()
    };
    let mut fixed_queries = queries("fixed_queries")?;
    let direct = fixed_queries.len();
    // Selector i is fixed column `fixed + i`, queried after the others.
    let selectors =
        (0..columns.selectors).map(|i| Query { column: columns.fixed + i, rotation: 0 });
    fixed_queries.extend(selectors);
    let expressions = |node: &Node| -> Result<Vec<Expression<F>>, PinnedError> {
        node.children.iter().map(|child| child.expression(direct)).collect()
    };
    let lookup = |node: &Node| {
        let inputs = expressions(node.get("input_expressions")?)?;
        let tables = expressions(node.get("table_expressions")?)?;
        if inputs.len() != tables.len() {
            return Err(PinnedError::Unknown("a lookup of unequal sides".to_owned()));
        }
        Ok(inputs.into_iter().zip(tables).collect())
    };
    let constants = &root.get("constants")?.children;
    Ok(System {
        gates: expressions(root.get("gates")?)?,
        advice_queries: queries("advice_queries")?,
        fixed_queries,
        instance_queries: queries("instance_queries")?,
        permutation: (root.get("permutation")?.get("columns")?.children.iter())
            .map(Node::column)
            .collect::<Result<_, _>>()?,
        lookups: root.get("lookups")?.children.iter().map(lookup).collect::<Result<_, _>>()?,
        constants: (constants.iter())
            .map(|column| column.get("index")?.number())
            .collect::<Result<_, _>>()?,
        columns,
    })
}

/// A node of `Debug` text: `Name(a, b)`, `Name { key: a }`, `[a, b]`, `(a, b)`
/// or a bare word.
#[derive(Debug, Default)]
struct Node {
    name: String,
    key: String,
    children: Vec<Node>,
}

impl Node {
    fn get(&self, key: &'static str) -> Result<&Self, PinnedError> {
        self.children.iter().find(|child| child.key == key).ok_or(PinnedError::Missing(key))
    }

    fn child(&self, index: usize) -> Result<&Self, PinnedError> {
        self.children.get(index).ok_or_else(|| PinnedError::Unknown(self.name.clone()))
    }

    fn number<T: std::str::FromStr>(&self) -> Result<T, PinnedError> {
        self.name.parse().map_err(|_| PinnedError::Unknown(self.name.clone()))
    }

    /// `0x` and 64 digits.
    fn element<F: MarginField>(&self) -> Result<F, PinnedError> {
        let unknown = || PinnedError::Unknown(self.name.clone());
        let text = self.name.as_str();
        // A derived field prints as `Name(0x...)`, others as `0x...`.
        let text = if text.starts_with("0x") { text } else { &self.child(0)?.name };
        let mut bytes = [0; 32];
        let digits = text.strip_prefix("0x").ok_or_else(unknown)?;
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| unknown())?;
        F::from_be_bytes(&bytes).ok_or_else(unknown)
    }

    /// `(Column { index, column_type }, Rotation(n))`.
    fn query(&self) -> Result<Query, PinnedError> {
        Ok(Query {
            column: self.child(0)?.get("index")?.number()?,
            rotation: self.child(1)?.child(0)?.number()?,
        })
    }

    fn column(&self) -> Result<ColumnRef, PinnedError> {
        let kind = match self.get("column_type")?.name.as_str() {
            "Advice" => ColumnKind::Advice,
            "Fixed" => ColumnKind::Fixed,
            "Instance" => ColumnKind::Instance,
            other => return Err(PinnedError::Unknown(other.to_owned())),
        };
        Ok(ColumnRef { kind, index: self.get("index")?.number()? })
    }

    fn expression<F: MarginField>(
        &self,
        direct_fixed: usize,
    ) -> Result<Expression<F>, PinnedError> {
        let inner = |index| Ok(Box::new(self.child(index)?.expression(direct_fixed)?));
        let query = || self.get("query_index")?.number();
        Ok(match self.name.as_str() {
            "Constant" => Expression::Constant(self.child(0)?.element()?),
            "Selector" => {
                Expression::Fixed(direct_fixed + self.child(0)?.child(0)?.number::<usize>()?)
            }
            "Advice" => Expression::Advice(query()?),
            "Fixed" => Expression::Fixed(query()?),
            "Instance" => Expression::Instance(query()?),
            "Negated" => Expression::Negated(inner(0)?),
            "Sum" => Expression::Sum(inner(0)?, inner(1)?),
            "Product" => Expression::Product(inner(0)?, inner(1)?),
            "Scaled" => Expression::Scaled(inner(0)?, self.child(1)?.element()?),
            other => return Err(PinnedError::Unknown(other.to_owned())),
        })
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn space(&mut self) {
        while self.text.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }

    fn word(&mut self) -> String {
        let start = self.at;
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
        while self.text.get(self.at).is_some_and(part) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }

    fn node(&mut self, depth: usize) -> Result<Node, PinnedError> {
        if depth > MAX_DEPTH {
            return Err(PinnedError::Syntax(self.at));
        }
        self.space();
        let name = self.word();
        let after_name = self.at;
        self.space();
        let close = match self.text.get(self.at) {
            Some(b'(') => b')',
            Some(b'{') => b'}',
            Some(b'[') if name.is_empty() => b']',
            _ if name.is_empty() => return Err(PinnedError::Syntax(self.at)),
            _ => {
                self.at = after_name;
                return Ok(Node { name, ..Node::default() });
            }
        };
        self.at += 1;
        let mut node = Node { name, ..Node::default() };
        loop {
            self.space();
            match self.text.get(self.at) {
                Some(byte) if *byte == close => {
                    self.at += 1;
                    return Ok(node);
                }
                Some(b',') => self.at += 1,
                Some(_) if close == b'}' => {
                    let key = self.word();
                    if key.is_empty() || self.text.get(self.at) != Some(&b':') {
                        return Err(PinnedError::Syntax(self.at));
                    }
                    self.at += 1;
                    node.children.push(Node { key, ..self.node(depth + 1)? });
                }
                Some(_) => node.children.push(self.node(depth + 1)?),
                None => return Err(PinnedError::Syntax(self.at)),
            }
        }
    }
}
