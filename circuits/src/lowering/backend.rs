//! A [`LoweredShape`] as a circuit of `halo2-axiom`.
//!
//! Queries are made in the shape's order before anything else, so that both
//! libraries number them alike; one region holds everything at absolute rows,
//! since that library's floor planner starts every region at row zero; and
//! every usable fixed cell is assigned, zeros too, since its mock prover takes
//! an unassigned cell and a zero for different in copies.

use std::sync::Arc;

use halo2_axiom::circuit::{Cell, Layouter, SimpleFloorPlanner, Value};
use halo2_axiom::halo2curves::bn256::Fr;
use halo2_axiom::halo2curves::ff::PrimeField;
use halo2_axiom::plonk::{
    Advice, Any, Circuit, Column, ConstraintSystem, Error, Expression as AxiomExpression, Fixed,
    Instance,
};
use halo2_axiom::poly::Rotation;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;

use super::shape::{CellRef, ColumnKind, ColumnRef, Expression, LoweredShape, Query};
use super::usable_rows;

/// Why a shape cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The back end counts the degree of the constraint system otherwise.
    #[error("the back end's degree is {got}, the circuit's {expected}")]
    Degree {
        /// The circuit's.
        expected: usize,
        /// The back end's.
        got: usize,
    },
    /// The back end blinds another number of rows.
    #[error("the back end blinds {got} rows, the circuit {expected}")]
    BlindingFactors {
        /// The circuit's.
        expected: usize,
        /// The back end's.
        got: usize,
    },
}

/// The same element in the proving library's type.
pub fn to_axiom(element: &Bn254Fr) -> Fr {
    // Canonical on both sides: both are integers below one modulus.
    Option::from(Fr::from_repr(element.to_le_bytes())).unwrap_or_default()
}

/// Columns of advice, by row; `None` where nothing is assigned.
pub type AdviceColumns = Vec<Vec<Option<Bn254Fr>>>;

/// A lowered circuit, with a witness or without.
#[derive(Clone, Debug)]
pub struct BackendCircuit {
    shape: Arc<LoweredShape>,
    advice: Option<Arc<AdviceColumns>>,
}

impl BackendCircuit {
    /// The circuit without a witness.
    ///
    /// # Errors
    /// When the back end would build another constraint system.
    pub fn new(shape: Arc<LoweredShape>) -> Result<Self, BackendError> {
        let mut meta = ConstraintSystem::default();
        Self::configure_with_params(&mut meta, ShapeParams(Some(shape.clone())));
        let (expected, got) = (shape.degree(), meta.degree());
        if expected != got {
            return Err(BackendError::Degree { expected, got });
        }
        let (expected, got) = (shape.blinding_factors(), meta.blinding_factors());
        if expected != got {
            return Err(BackendError::BlindingFactors { expected, got });
        }
        Ok(Self { shape, advice: None })
    }

    /// The circuit with these columns of advice.
    pub fn with_advice(&self, advice: AdviceColumns) -> Self {
        Self { shape: self.shape.clone(), advice: Some(Arc::new(advice)) }
    }

    /// The shape.
    pub fn shape(&self) -> &LoweredShape {
        &self.shape
    }
}

/// The shape, as `halo2-axiom` passes it to the configuration.
#[derive(Clone, Debug, Default)]
pub struct ShapeParams(Option<Arc<LoweredShape>>);

/// The back end's columns.
#[derive(Clone, Debug, Default)]
pub struct BackendConfig {
    advice: Vec<Column<Advice>>,
    fixed: Vec<Column<Fixed>>,
    instance: Vec<Column<Instance>>,
}

impl BackendConfig {
    fn column(&self, column: ColumnRef) -> Column<Any> {
        match column.kind {
            ColumnKind::Advice => self.advice[column.index].into(),
            ColumnKind::Fixed => self.fixed[column.index].into(),
            ColumnKind::Instance => self.instance[column.index].into(),
        }
    }

    fn cell(&self, cell: &CellRef) -> Cell {
        Cell { row_offset: cell.row, column: self.column(cell.column) }
    }
}

/// The back end's queries, by the shape's indices.
struct Queries {
    advice: Vec<AxiomExpression<Fr>>,
    fixed: Vec<AxiomExpression<Fr>>,
    instance: Vec<AxiomExpression<Fr>>,
}

impl Queries {
    fn build(&self, expression: &Expression) -> AxiomExpression<Fr> {
        let inner = |expression: &Expression| Box::new(self.build(expression));
        match expression {
            Expression::Constant(element) => AxiomExpression::Constant(to_axiom(element)),
            Expression::Advice(query) => self.advice[*query].clone(),
            Expression::Fixed(query) => self.fixed[*query].clone(),
            Expression::Instance(query) => self.instance[*query].clone(),
            Expression::Negated(a) => AxiomExpression::Negated(inner(a)),
            Expression::Sum(a, b) => AxiomExpression::Sum(inner(a), inner(b)),
            Expression::Product(a, b) => AxiomExpression::Product(inner(a), inner(b)),
            Expression::Scaled(a, element) => AxiomExpression::Scaled(inner(a), to_axiom(element)),
        }
    }
}

impl Circuit<Fr> for BackendCircuit {
    type Config = BackendConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ShapeParams;

    fn params(&self) -> ShapeParams {
        ShapeParams(Some(self.shape.clone()))
    }

    fn without_witnesses(&self) -> Self {
        Self { shape: self.shape.clone(), advice: None }
    }

    fn configure(_: &mut ConstraintSystem<Fr>) -> BackendConfig {
        // Never called: the shape arrives by `configure_with_params`.
        BackendConfig::default()
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<Fr>,
        params: ShapeParams,
    ) -> BackendConfig {
        let Some(shape) = params.0 else { return BackendConfig::default() };
        let system = shape.system();
        let counts = &system.columns;
        // Otherwise the degree is clamped to an environment variable.
        meta.set_minimum_degree(shape.degree());
        let config = BackendConfig {
            advice: (0..counts.advice).map(|_| meta.advice_column()).collect(),
            fixed: (0..counts.fixed + counts.selectors).map(|_| meta.fixed_column()).collect(),
            instance: (0..counts.instance).map(|_| meta.instance_column()).collect(),
        };
        let mut queries = Queries { advice: Vec::new(), fixed: Vec::new(), instance: Vec::new() };
        meta.create_gate("lowered", |cells| {
            let at = |query: &Query| Rotation(query.rotation);
            for query in &system.advice_queries {
                queries.advice.push(cells.query_advice(config.advice[query.column], at(query)));
            }
            for query in &system.fixed_queries {
                queries.fixed.push(cells.query_fixed(config.fixed[query.column], at(query)));
            }
            for query in &system.instance_queries {
                let column = config.instance[query.column];
                queries.instance.push(cells.query_instance(column, at(query)));
            }
            system.gates.iter().map(|gate| queries.build(gate)).collect::<Vec<_>>()
        });
        for lookup in &system.lookups {
            meta.lookup_any("lowered", |_| {
                let pair = |(input, table): &(_, _)| (queries.build(input), queries.build(table));
                lookup.iter().map(pair).collect()
            });
        }
        for column in &system.permutation {
            meta.enable_equality(config.column(*column));
        }
        config
    }

    fn synthesize(
        &self,
        config: BackendConfig,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let shape = &*self.shape;
        let usable = usable_rows(shape.k(), shape.blinding_factors());
        layouter.assign_region(
            || "lowered",
            |mut region| {
                for (column, cells) in config.fixed.iter().zip(shape.fixed()) {
                    for (row, cell) in cells.iter().take(usable).enumerate() {
                        region.assign_fixed(*column, row, to_axiom(cell));
                    }
                }
                for (column, cells) in
                    config.advice.iter().zip(self.advice.iter().flat_map(|a| a.iter()))
                {
                    for (row, cell) in cells.iter().enumerate() {
                        if let Some(value) = cell {
                            region.assign_advice(*column, row, Value::known(to_axiom(value)));
                        }
                    }
                }
                for (left, right) in shape.copies() {
                    region.constrain_equal(config.cell(left), config.cell(right));
                }
                Ok(())
            },
        )
    }
}
