//! Keys from those of the proving library (feature `export`).
//!
//! Only here do the two meet. What is written is what that library verifies
//! with; whether it is the circuit, the oracles of `circuits::lowering` tell.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use halo2_axiom::halo2curves::bn256::{
    Fq as AxiomFq, Fr as AxiomFr, G1Affine as AxiomG1, G2Affine as AxiomG2,
};
use halo2_axiom::halo2curves::ff::PrimeField as _;
use halo2_axiom::plonk::{Any, Column, ConstraintSystem, Expression, VerifyingKey as AxiomKey};
use halo2_axiom::poly::Rotation;
use halo2_axiom::poly::commitment::ParamsProver as _;
use zkmargin_circuits::kzg::{self, KzgParams};
use zkmargin_margin::instance;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_margin::statement::Statement;

use super::error::KeyError;
use super::field::{
    POINT_BYTES, SCALAR_BYTES, point_or_identity, root_of_unity, scalar, second_point,
};
use super::key::{KeyParts, VerifyingKey};
use super::system::{Lookup, Program, Query, Step, System, Value};

/// Why a key cannot be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A feature of the proving library that circuits here do not use.
    #[error("the circuit uses {0}, which exported keys do not know")]
    Unsupported(&'static str),
    /// A key of another statement. An exported key does not say its statement: who
    /// reads one takes its proofs for margin proofs, and a venue's have as many public
    /// inputs.
    #[error("only keys of margin proofs are exported, and this one is of statement {0}")]
    Statement(Statement),
    /// The powers of tau have other generators than everyone's, or are of
    /// another size than the key.
    #[error("the powers of tau do not belong to the key: {0}")]
    Params(&'static str),
    /// The parts do not make a key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What a key of the proving library does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The family of margin models.
    pub family: Family,
    /// The size of the circuit.
    pub shape: Shape,
    /// How its gates are laid out in columns.
    pub layout: ColumnLayout,
    /// Rows of the instance column.
    pub public_inputs: usize,
    /// Whether everybody can compute the secret of the powers of tau; it stays
    /// with the key.
    pub insecure_srs: bool,
}

/// The key of the margin proofs of a shape of a family.
///
/// # Errors
/// When the key is of another statement or other powers of tau, or uses what no
/// circuit here does.
pub fn export(
    key: &kzg::VerifyingKey,
    params: &KzgParams,
    insecure_srs: bool,
) -> Result<VerifyingKey, ExportError> {
    if key.statement() != Statement::Margin {
        return Err(ExportError::Statement(key.statement()));
    }
    let (family, shape, layout) = (key.family(), key.shape(), key.columns());
    let origin = Origin { family, shape, layout, public_inputs: instance::LEN, insecure_srs };
    export_any(key.inner(), params, origin)
}

/// The key of any circuit and statement: whoever uses it must know which.
///
/// # Errors
/// As [`export`].
pub fn export_any(
    key: &AxiomKey<AxiomG1>,
    params: &KzgParams,
    origin: Origin,
) -> Result<VerifyingKey, ExportError> {
    let domain = key.get_domain();
    if params.get_g().first().map(to_point) != Some(Some(G1Affine::generator())) {
        return Err(ExportError::Params("another generator"));
    }
    if to_second_point(&params.g2()) != Some(G2Affine::generator()) {
        return Err(ExportError::Params("another generator of the second group"));
    }
    if to_scalar(&domain.get_omega()) != Some(root_of_unity(domain.k())) {
        return Err(ExportError::Unsupported("another domain"));
    }
    let commitments = |points: &[AxiomG1]| -> Result<Vec<G1Affine>, ExportError> {
        let converted: Option<Vec<_>> = points.iter().map(to_point).collect();
        converted.ok_or(ExportError::Unsupported("a commitment off the curve"))
    };
    Ok(VerifyingKey::new(KeyParts {
        family: origin.family,
        shape: origin.shape,
        layout: origin.layout,
        insecure_srs: origin.insecure_srs,
        system: system(domain.k(), origin.public_inputs, key.cs())?,
        transcript: to_scalar(&key.transcript_repr())
            .ok_or(ExportError::Unsupported("a transcript"))?,
        fixed: commitments(key.fixed_commitments())?,
        permutation: commitments(key.permutation().commitments())?,
        tau: to_second_point(&params.s_g2()).ok_or(ExportError::Params("no tau"))?,
    })?)
}

fn system(
    k: u32,
    public_inputs: usize,
    cs: &ConstraintSystem<AxiomFr>,
) -> Result<System, ExportError> {
    if cs.num_instance_columns() != 1 {
        return Err(ExportError::Unsupported("more than one instance column, or none"));
    }
    if cs.num_challenges() != 0 {
        return Err(ExportError::Unsupported("challenges"));
    }
    let mut builder = Builder { cs, constants: Vec::new(), steps: BTreeMap::new() };
    let polynomials = cs.gates().iter().flat_map(|gate| gate.polynomials());
    let gates: Vec<Node> =
        polynomials.map(|polynomial| builder.node(polynomial)).collect::<Result<_, _>>()?;
    let mut lookups = Vec::new();
    for lookup in cs.lookups() {
        let mut nodes = |expressions: &[Expression<AxiomFr>]| -> Result<Vec<Node>, _> {
            expressions.iter().map(|expression| builder.node(expression)).collect()
        };
        lookups.push((nodes(lookup.input_expressions())?, nodes(lookup.table_expressions())?));
    }
    let columns = cs.permutation().get_columns();
    let permutation: Vec<Node> =
        columns.iter().map(|column| builder.column(*column)).collect::<Result<_, _>>()?;

    let mut system = System {
        k,
        degree: cs.degree(),
        blinding_factors: cs.blinding_factors(),
        public_inputs,
        advice_columns: cs.num_advice_columns(),
        fixed_columns: cs.num_fixed_columns(),
        advice_queries: queries(cs.advice_queries())?,
        fixed_queries: queries(cs.fixed_queries())?,
        permutation: Vec::new(),
        program: Program { constants: builder.constants, steps: Vec::new() },
        gates: Vec::new(),
        lookups: Vec::new(),
    };
    let mut steps: Vec<(Operation, usize)> = builder.steps.into_iter().collect();
    steps.sort_unstable_by_key(|(_, index)| *index);
    let steps: Result<_, _> = steps.iter().map(|(step, _)| step.number(&system)).collect();
    system.program.steps = steps?;
    let values = |nodes: &[Node]| -> Result<Vec<Value>, ExportError> {
        nodes.iter().map(|node| node.number(&system)).collect()
    };
    let (permutation, gates) = (values(&permutation)?, values(&gates)?);
    let lookups = lookups
        .iter()
        .map(|(inputs, table)| Ok(Lookup { inputs: values(inputs)?, table: values(table)? }))
        .collect::<Result<_, ExportError>>()?;
    Ok(System { permutation, gates, lookups, ..system })
}

fn queries<C: halo2_axiom::plonk::ColumnType>(
    queries: &[(Column<C>, Rotation)],
) -> Result<Vec<Query>, ExportError> {
    let query = |(column, rotation): &(Column<C>, Rotation)| {
        Some(Query {
            column: column.index().try_into().ok()?,
            rotation: rotation.0.try_into().ok()?,
        })
    };
    let queries: Option<_> = queries.iter().map(query).collect();
    queries.ok_or(ExportError::Unsupported("a query so far away"))
}

/// A value before the number of constants is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Constant(usize),
    Advice(usize),
    Fixed(usize),
    Instance,
    Step(usize),
}

impl Node {
    fn number(self, system: &System) -> Result<Value, ExportError> {
        let number = match self {
            Self::Constant(index) => index,
            Self::Advice(index) => system.advice_value() + index,
            Self::Fixed(index) => system.fixed_value() + index,
            Self::Instance => system.instance_value(),
            Self::Step(index) => system.step_value() + index,
        };
        number.try_into().map_err(|_| ExportError::Unsupported("more values than fit"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Add(Node, Node),
    Multiply(Node, Node),
    Negate(Node),
}

impl Operation {
    fn number(self, system: &System) -> Result<Step, ExportError> {
        Ok(match self {
            Self::Add(left, right) => Step::Add(left.number(system)?, right.number(system)?),
            Self::Multiply(left, right) => {
                Step::Multiply(left.number(system)?, right.number(system)?)
            }
            Self::Negate(value) => Step::Negate(value.number(system)?),
        })
    }
}

/// Turns expressions into steps; what is there twice is computed once.
struct Builder<'a> {
    cs: &'a ConstraintSystem<AxiomFr>,
    constants: Vec<Fr>,
    steps: BTreeMap<Operation, usize>,
}

impl Builder<'_> {
    fn constant(&mut self, value: &AxiomFr) -> Result<Node, ExportError> {
        let value = to_scalar(value).ok_or(ExportError::Unsupported("a constant"))?;
        let known = self.constants.iter().position(|constant| *constant == value);
        Ok(Node::Constant(known.unwrap_or_else(|| {
            self.constants.push(value);
            self.constants.len() - 1
        })))
    }

    fn step(&mut self, step: Operation) -> Node {
        let next = self.steps.len();
        Node::Step(*self.steps.entry(step).or_insert(next))
    }

    fn node(&mut self, expression: &Expression<AxiomFr>) -> Result<Node, ExportError> {
        match expression {
            Expression::Constant(value) => self.constant(value),
            Expression::Advice(query) => {
                self.query(Any::advice(), query.column_index(), query.rotation())
            }
            Expression::Fixed(query) => {
                self.query(Any::Fixed, query.column_index(), query.rotation())
            }
            Expression::Instance(query) => {
                self.query(Any::Instance, query.column_index(), query.rotation())
            }
            Expression::Negated(inner) => {
                let inner = self.node(inner)?;
                Ok(self.step(Operation::Negate(inner)))
            }
            Expression::Sum(left, right) => {
                let (left, right) = (self.node(left)?, self.node(right)?);
                Ok(self.step(Operation::Add(left, right)))
            }
            Expression::Product(left, right) => {
                let (left, right) = (self.node(left)?, self.node(right)?);
                Ok(self.step(Operation::Multiply(left, right)))
            }
            Expression::Scaled(inner, factor) => {
                let (inner, factor) = (self.node(inner)?, self.constant(factor)?);
                Ok(self.step(Operation::Multiply(inner, factor)))
            }
            // Of a key's, selectors are fixed columns by now.
            Expression::Selector(_) | Expression::Challenge(_) => {
                Err(ExportError::Unsupported("challenges or selectors"))
            }
        }
    }

    fn column(&self, column: Column<Any>) -> Result<Node, ExportError> {
        self.query(*column.column_type(), column.index(), Rotation::cur())
    }

    fn query(&self, kind: Any, column: usize, rotation: Rotation) -> Result<Node, ExportError> {
        fn find<C: halo2_axiom::plonk::ColumnType>(
            queries: &[(Column<C>, Rotation)],
            wanted: (usize, Rotation),
        ) -> Option<usize> {
            queries.iter().position(|(column, rotation)| (column.index(), *rotation) == wanted)
        }
        let wanted = (column, rotation);
        let node = match kind {
            Any::Advice(_) => find(self.cs.advice_queries(), wanted).map(Node::Advice),
            Any::Fixed => find(self.cs.fixed_queries(), wanted).map(Node::Fixed),
            // There is one instance column.
            Any::Instance => (rotation == Rotation::cur()).then_some(Node::Instance),
        };
        node.ok_or(ExportError::Unsupported("a query that is not declared, or of other rows"))
    }
}

fn to_scalar(value: &AxiomFr) -> Option<Fr> {
    let mut bytes = value.to_repr();
    bytes.reverse();
    scalar(&bytes)
}

fn coordinate(value: &AxiomFq, to: &mut [u8]) {
    let mut bytes = value.to_repr();
    bytes.reverse();
    to.copy_from_slice(&bytes);
}

fn to_point(point: &AxiomG1) -> Option<G1Affine> {
    let mut bytes = [0; POINT_BYTES];
    for (coordinates, to) in [point.x, point.y].iter().zip(bytes.chunks_exact_mut(SCALAR_BYTES)) {
        coordinate(coordinates, to);
    }
    point_or_identity(&bytes)
}

fn to_second_point(point: &AxiomG2) -> Option<G2Affine> {
    let mut bytes = [0; 2 * POINT_BYTES];
    let parts = [point.x.c1, point.x.c0, point.y.c1, point.y.c0];
    for (part, to) in parts.iter().zip(bytes.chunks_exact_mut(SCALAR_BYTES)) {
        coordinate(part, to);
    }
    second_point(&bytes)
}
