//! A constraint system as data: what a proof's openings must satisfy.

use alloc::vec::Vec;

use ark_bn254::Fr;

use super::error::KeyError;

/// Largest number of columns, queries, public inputs or arguments of a kind.
pub(super) const MAX_COUNT: usize = 1 << 10;
/// Largest number of steps and outputs of a [`Program`].
pub(super) const MAX_STEPS: usize = 1 << 15;
/// Largest `log2` of the rows: the field has no larger domain.
const MAX_K: u32 = 28;
/// Largest degree of a constraint.
const MAX_DEGREE: usize = 32;

/// A column at a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Index of the column among those of its kind.
    pub column: u16,
    /// Rows ahead.
    pub rotation: i16,
}

/// A value of a [`Program`]: inputs first (constants, openings of advice by
/// query, of fixed columns by query, the instance column), then one per step.
pub type Value = u16;

/// One arithmetic operation on earlier values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Step {
    Add(Value, Value),
    Multiply(Value, Value),
    Negate(Value),
}

/// All expressions of the constraints, as one list of operations: nothing
/// recurses, and the work is the length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Constants.
    pub constants: Vec<Fr>,
    /// The operations.
    pub steps: Vec<Step>,
}

/// A lookup argument: tuples of inputs that must be among tuples of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookup {
    /// The inputs.
    pub inputs: Vec<Value>,
    /// The table, as many.
    pub table: Vec<Value>,
}

/// A constraint system of halo2's PLONK with one instance column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// `log2` of the rows.
    pub k: u32,
    /// Largest degree of a constraint.
    pub degree: usize,
    /// Rows that blind a column.
    pub blinding_factors: usize,
    /// Rows of the instance column.
    pub public_inputs: usize,
    /// Advice columns.
    pub advice_columns: usize,
    /// Fixed columns.
    pub fixed_columns: usize,
    /// Openings of advice columns.
    pub advice_queries: Vec<Query>,
    /// Openings of fixed columns.
    pub fixed_queries: Vec<Query>,
    /// The columns of the permutation argument, each as its value in the
    /// present row.
    pub permutation: Vec<Value>,
    /// What gates and lookups are computed from.
    pub program: Program,
    /// Values that must be zero in every row.
    pub gates: Vec<Value>,
    /// Lookup arguments.
    pub lookups: Vec<Lookup>,
}

impl System {
    /// Index of the first opening of advice among a program's values.
    pub fn advice_value(&self) -> usize {
        self.program.constants.len()
    }

    /// Index of the first opening of a fixed column.
    pub fn fixed_value(&self) -> usize {
        self.advice_value() + self.advice_queries.len()
    }

    /// Index of the instance column in the present row.
    pub fn instance_value(&self) -> usize {
        self.fixed_value() + self.fixed_queries.len()
    }

    /// Index of the first step's value.
    pub fn step_value(&self) -> usize {
        self.instance_value() + 1
    }

    /// Columns of the permutation argument in one product.
    pub fn chunk(&self) -> usize {
        self.degree - 2
    }

    /// Products of the permutation argument.
    pub fn products(&self) -> usize {
        self.permutation.len().div_ceil(self.chunk())
    }

    /// The row after the last usable one, counted from the end.
    pub fn last_rotation(&self) -> i32 {
        // Checked to be small.
        -i32::try_from(self.blinding_factors + 1).unwrap_or(i32::MAX)
    }

    /// Everything the verifier relies on not to fail and to end soon. Whether
    /// it is the constraint system of any use, only its digest can tell.
    pub(super) fn check(&self) -> Result<(), KeyError> {
        let within =
            |what, got: usize, least: usize, most: usize| match (least..=most).contains(&got) {
                true => Ok(()),
                false => Err(KeyError::Range { what, least, most, got }),
            };
        within("k", self.k as usize, 4, MAX_K as usize)?;
        within("degree", self.degree, 3, MAX_DEGREE)?;
        let half = 1usize << (self.k - 1);
        within("blinding_factors", self.blinding_factors, 1, MAX_COUNT.min(half - 2))?;
        within("public_inputs", self.public_inputs, 0, MAX_COUNT.min(half))?;
        within("advice_columns", self.advice_columns, 0, MAX_COUNT)?;
        within("fixed_columns", self.fixed_columns, 0, MAX_COUNT)?;
        within("permutation", self.permutation.len(), 0, MAX_COUNT)?;
        within("lookups", self.lookups.len(), 0, MAX_COUNT)?;
        within("gates", self.gates.len(), 0, MAX_STEPS)?;
        within("steps", self.program.steps.len(), 0, MAX_STEPS)?;
        within("constants", self.program.constants.len(), 0, MAX_COUNT)?;
        let queries = [
            ("advice_queries", &self.advice_queries, self.advice_columns),
            ("fixed_queries", &self.fixed_queries, self.fixed_columns),
        ];
        for (what, queries, columns) in queries {
            within(what, queries.len(), 0, MAX_COUNT)?;
            for (index, query) in queries.iter().enumerate() {
                let rotation = usize::from(query.rotation.unsigned_abs());
                let known = usize::from(query.column) < columns && rotation < half;
                // One polynomial opened twice at a point could differ from itself.
                if !known || queries[..index].contains(query) {
                    return Err(KeyError::Query { what, index });
                }
            }
        }
        self.check_values()
    }

    fn check_values(&self) -> Result<(), KeyError> {
        let before = |what, limit: usize, values: &[Value]| match values
            .iter()
            .all(|value| usize::from(*value) < limit)
        {
            true => Ok(()),
            false => Err(KeyError::Value { what }),
        };
        let first = self.step_value();
        for (index, step) in self.program.steps.iter().enumerate() {
            let (left, right) = match *step {
                Step::Add(left, right) | Step::Multiply(left, right) => (left, right),
                Step::Negate(value) => (value, value),
            };
            before("steps", first + index, &[left, right])?;
        }
        let all = first + self.program.steps.len();
        before("gates", all, &self.gates)?;
        for lookup in &self.lookups {
            if lookup.inputs.is_empty() || lookup.inputs.len() != lookup.table.len() {
                return Err(KeyError::Lookup);
            }
            before("lookups", all, &lookup.inputs)?;
            before("lookups", all, &lookup.table)?;
        }
        // A column in its present row, and nothing computed.
        let present = |value: &Value| {
            let value = usize::from(*value);
            let opened = |start: usize, queries: &[Query]| {
                let query = value.checked_sub(start).and_then(|index| queries.get(index));
                query.is_some_and(|query| query.rotation == 0)
            };
            value == self.instance_value()
                || opened(self.advice_value(), &self.advice_queries)
                || opened(self.fixed_value(), &self.fixed_queries)
        };
        match self.permutation.iter().all(present) {
            true => Ok(()),
            false => Err(KeyError::Value { what: "permutation" }),
        }
    }
}
