//! What a synthesis assigns, by name.

use std::collections::{BTreeMap, BTreeSet};

use halo2_proofs::circuit::Value;
use halo2_proofs::plonk::{
    Advice, Any, Assigned, Assignment, Circuit, Column, ConstraintSystem, Error, Fixed,
    FloorPlanner, Instance, Selector,
};
use zkmargin_circuits::lowering::pinned::{self, System};
use zkmargin_circuits::lowering::shape::{CellRef, ColumnKind, ColumnRef};
use zkmargin_circuits::lowering::usable_rows;
use zkmargin_margin::field::MarginField;

/// An advice cell that was assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCell {
    /// Where it is.
    pub at: CellRef,
    /// Index of its region.
    pub region: usize,
    /// Its name in the region.
    pub name: String,
}

/// Two cells constrained to be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// One side.
    pub left: CellRef,
    /// The other side.
    pub right: CellRef,
    /// Index of the region that says so.
    pub region: usize,
}

/// A synthesis.
#[derive(Clone, Debug)]
pub struct Recording<F> {
    /// The constraint system.
    pub system: System<F>,
    /// Gate and constraint of every polynomial.
    pub gates: Vec<(String, String)>,
    /// Rows that may be used.
    pub usable: usize,
    /// Names of the regions, in order.
    pub regions: Vec<String>,
    /// Advice cells, in order of assignment.
    pub cells: Vec<NamedCell>,
    /// Advice columns; `None` where nothing is assigned.
    pub advice: Vec<Vec<Option<F>>>,
    /// Fixed columns, then one per selector; `None` where nothing is assigned.
    pub fixed: Vec<Vec<Option<F>>>,
    /// The public inputs.
    pub instance: Vec<F>,
    /// Copies, in order.
    pub copies: Vec<Copy>,
    /// The regions that assigned fixed columns and selectors, by column and row.
    pub fixed_regions: BTreeMap<(usize, usize), usize>,
    /// Names that regions give to fixed columns, with the columns.
    pub fixed_names: BTreeMap<String, BTreeSet<usize>>,
}

impl<F: MarginField> Recording<F> {
    /// Lays out a circuit with its witness.
    ///
    /// # Panics
    /// When it cannot be laid out, or a value is missing.
    pub fn new<C: Circuit<F>>(k: u32, circuit: &C, instance: &[F]) -> Self {
        Self::record(k, circuit, instance, true)
    }

    /// The advice columns alone, which is quicker.
    ///
    /// # Panics
    /// As [`Recording::new`].
    pub fn advice<C: Circuit<F>>(k: u32, circuit: &C, instance: &[F]) -> Vec<Vec<Option<F>>> {
        Self::record(k, circuit, instance, false).advice
    }

    fn record<C: Circuit<F>>(k: u32, circuit: &C, instance: &[F], names: bool) -> Self {
        let mut meta = ConstraintSystem::default();
        let config = C::configure(&mut meta);
        let system = pinned::read(&format!("{:?}", meta.pinned())).expect("a pinned text");
        // No constant is left to the planner: it would take a fixed column with
        // equality.
        assert!(system.constants.is_empty(), "a column of constants");
        let counts = system.columns;
        let rows = 1 << k;
        let mut recorder = Recorder {
            columns: Places::default(),
            names,
            recording: Self {
                gates: if names { gate_names(&meta) } else { Vec::new() },
                usable: usable_rows(k, meta.blinding_factors()),
                regions: Vec::new(),
                cells: Vec::new(),
                advice: vec![vec![None; rows]; counts.advice],
                fixed: vec![vec![None; rows]; counts.fixed + counts.selectors],
                instance: instance.to_vec(),
                copies: Vec::new(),
                fixed_regions: BTreeMap::new(),
                fixed_names: BTreeMap::new(),
                system,
            },
        };
        C::FloorPlanner::synthesize(&mut recorder, circuit, config, Vec::new())
            .expect("the circuit can be laid out");
        recorder.recording
    }

    /// The value of a cell; zero where nothing is assigned, as in a proof.
    pub fn value(&self, cell: CellRef) -> F {
        let columns = match cell.column.kind {
            ColumnKind::Advice => &self.advice,
            ColumnKind::Fixed => &self.fixed,
            ColumnKind::Instance => {
                return self.instance.get(cell.row).copied().unwrap_or(F::ZERO);
            }
        };
        columns[cell.column.index][cell.row].unwrap_or(F::ZERO)
    }

    /// The advice cell of a region's and its own name.
    pub fn cell(&self, region: &str, name: &str) -> Option<&NamedCell> {
        self.cells.iter().find(|cell| self.regions[cell.region] == region && cell.name == name)
    }

    /// `region / cell`.
    pub fn full_name(&self, cell: &NamedCell) -> String {
        format!("{} / {}", self.regions[cell.region], cell.name)
    }

    /// `region / cell`, without numbers.
    pub fn class(&self, cell: &NamedCell) -> String {
        crate::class(&self.full_name(cell))
    }
}

/// An advice cell by column and row.
pub fn advice(column: usize, row: usize) -> CellRef {
    CellRef { column: ColumnRef { kind: ColumnKind::Advice, index: column }, row }
}

/// Where columns and selectors are. `halo2_proofs` shows their numbers in their
/// `Debug` text alone; the lowering finds them another way, so the two readings
/// can be compared.
#[derive(Default)]
struct Places {
    columns: Vec<(Column<Any>, ColumnRef)>,
    selectors: Vec<(Selector, usize)>,
}

impl Places {
    fn find(&mut self, column: Column<Any>) -> ColumnRef {
        if let Some((_, known)) = self.columns.iter().find(|(known, _)| *known == column) {
            return *known;
        }
        let kind = match column.column_type() {
            Any::Advice => ColumnKind::Advice,
            Any::Fixed => ColumnKind::Fixed,
            Any::Instance => ColumnKind::Instance,
        };
        let found = ColumnRef { kind, index: first_number(&format!("{column:?}")) };
        self.columns.push((column, found));
        found
    }

    fn selector(&mut self, selector: &Selector) -> usize {
        if let Some((_, known)) = self.selectors.iter().find(|(known, _)| known == selector) {
            return *known;
        }
        let found = first_number(&format!("{selector:?}"));
        self.selectors.push((*selector, found));
        found
    }
}

/// The first number in a text: an index.
fn first_number(text: &str) -> usize {
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    digits.and_then(|digits| digits.parse().ok()).expect("an index")
}

struct Recorder<F> {
    columns: Places,
    /// Whether more than advice is recorded.
    names: bool,
    recording: Recording<F>,
}

impl<F: MarginField> Recorder<F> {
    fn region(&self) -> usize {
        self.recording.regions.len().saturating_sub(1)
    }

    fn check(&self, row: usize) -> Result<(), Error> {
        if row < self.recording.usable { Ok(()) } else { Err(Error::BoundsFailure) }
    }
}

fn known<F: MarginField, V: Into<Assigned<F>>>(value: Value<V>) -> Result<F, Error> {
    let mut known = None;
    value.map(|value| known = Some(value.into().evaluate()));
    known.ok_or(Error::Synthesis)
}

impl<F: MarginField> Assignment<F> for Recorder<F> {
    fn enter_region<NR: Into<String>, N: FnOnce() -> NR>(&mut self, name: N) {
        if self.names {
            self.recording.regions.push(name().into());
        }
    }

    fn exit_region(&mut self) {}

    fn enable_selector<A: FnOnce() -> AR, AR: Into<String>>(
        &mut self,
        _: A,
        selector: &Selector,
        row: usize,
    ) -> Result<(), Error> {
        self.check(row)?;
        if !self.names {
            return Ok(());
        }
        let index = self.columns.selector(selector);
        let region = self.region();
        let column = self.recording.system.columns.fixed + index;
        self.recording.fixed[column][row] = Some(F::ONE);
        self.recording.fixed_regions.insert((column, row), region);
        Ok(())
    }

    fn query_instance(&self, _: Column<Instance>, row: usize) -> Result<Value<F>, Error> {
        self.check(row)?;
        let value = self.recording.instance.get(row);
        Ok(Value::known(value.copied().unwrap_or(F::ZERO)))
    }

    fn assign_advice<V, VR, A, AR>(
        &mut self,
        name: A,
        column: Column<Advice>,
        row: usize,
        to: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<F>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.check(row)?;
        let column = self.columns.find(column.into());
        if self.names {
            let (region, name) = (self.region(), name().into());
            self.recording.cells.push(NamedCell { at: CellRef { column, row }, region, name });
        }
        self.recording.advice[column.index][row] = Some(known(to())?);
        Ok(())
    }

    fn assign_fixed<V, VR, A, AR>(
        &mut self,
        name: A,
        column: Column<Fixed>,
        row: usize,
        to: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<F>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.check(row)?;
        let column = self.columns.find(column.into()).index;
        self.recording.fixed[column][row] = Some(known(to())?);
        let region = self.region();
        self.recording.fixed_regions.insert((column, row), region);
        if self.names {
            self.recording.fixed_names.entry(name().into()).or_default().insert(column);
        }
        Ok(())
    }

    fn copy(
        &mut self,
        left: Column<Any>,
        left_row: usize,
        right: Column<Any>,
        right_row: usize,
    ) -> Result<(), Error> {
        self.check(left_row)?;
        self.check(right_row)?;
        if !self.names {
            return Ok(());
        }
        let left = CellRef { column: self.columns.find(left), row: left_row };
        let right = CellRef { column: self.columns.find(right), row: right_row };
        let region = self.region();
        self.recording.copies.push(Copy { left, right, region });
        Ok(())
    }

    fn fill_from_row(
        &mut self,
        column: Column<Fixed>,
        row: usize,
        to: Value<Assigned<F>>,
    ) -> Result<(), Error> {
        self.check(row)?;
        let column = self.columns.find(column.into()).index;
        let value = known(to)?;
        let usable = self.recording.usable;
        self.recording.fixed[column][row..usable].fill(Some(value));
        Ok(())
    }

    fn push_namespace<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn pop_namespace(&mut self, _: Option<String>) {}
}

/// Gate and constraint of every polynomial. `halo2_proofs` shows them in the
/// `Debug` text of a constraint system alone.
fn gate_names<F: MarginField>(meta: &ConstraintSystem<F>) -> Vec<(String, String)> {
    let text = format!("{meta:?}");
    let gates = text.split("Gate { name: \"").skip(1);
    gates
        .flat_map(|gate| {
            let (name, rest) = gate.split_once('"').expect("a gate's name");
            let list = rest.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
            let constraints = list.expect("a gate's constraints").0.split('"').skip(1).step_by(2);
            constraints.map(move |constraint| (name.to_owned(), constraint.to_owned()))
        })
        .collect()
}
