//! A checker of recordings: all constraints, or only those that a few changed
//! cells touch, which makes it feasible to change every cell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use zkmargin_circuits::gadgets::arithmetic::PUBLIC_ROWS;
use zkmargin_circuits::lowering::shape::{CellRef, ColumnKind, Expression, Query};
use zkmargin_margin::field::MarginField;

use crate::expression::{advice_queries, evaluate, fixed_query, reads_public, slopes};
use crate::record::{NamedCell, Recording, advice};

/// A constraint at its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Constraint {
    /// Polynomial `index` of the gates, at a row.
    Gate {
        /// Index of the polynomial.
        index: usize,
        /// The row.
        row: usize,
    },
    /// A lookup at a row.
    Lookup {
        /// Index of the lookup.
        index: usize,
        /// The row.
        row: usize,
    },
    /// A copy, by its index in the recording.
    Copy(usize),
}

/// Cells whose values differ from the recording's.
pub type Changes<F> = BTreeMap<CellRef, F>;

/// The constraints of a circuit over one recording.
pub struct Checker<'a, F> {
    recording: &'a Recording<F>,
    /// Gate and constraint by polynomial.
    names: Vec<(String, String)>,
    /// Rows where the switch before each polynomial is on, with the region that
    /// turned it on.
    switches: Vec<BTreeMap<usize, usize>>,
    /// Values of each lookup's table.
    tables: Vec<BTreeSet<Vec<F>>>,
    /// The same of each lookup.
    lookup_switches: Vec<BTreeMap<usize, usize>>,
    /// Polynomials and lookups that query an advice column, with the rotation.
    readers: Vec<Vec<(Reader, i32)>>,
    /// Copies by cell.
    copies: BTreeMap<CellRef, Vec<usize>>,
    /// First row of each region.
    first_rows: BTreeMap<usize, usize>,
    /// Assigned cells by place.
    cells: BTreeMap<CellRef, usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reader {
    Gate(usize),
    Lookup(usize),
}

impl<F> fmt::Debug for Checker<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker").field("gates", &self.names.len()).finish_non_exhaustive()
    }
}

impl<'a, F: MarginField> Checker<'a, F> {
    /// The constraints of the circuit that was recorded.
    ///
    /// # Panics
    /// When a constraint has another form than ours: a polynomial without a
    /// selector in front, a table of advice, a query ahead of the blank rows.
    pub fn new(recording: &'a Recording<F>) -> Self {
        let system = &recording.system;
        let names = recording.gates.clone();
        assert_eq!(names.len(), system.gates.len(), "every polynomial has a name");
        let counts = &system.columns;
        let mut readers = vec![BTreeSet::new(); counts.advice];
        for (index, gate) in system.gates.iter().enumerate() {
            for query in advice_queries(gate) {
                let Query { column, rotation } = system.advice_queries[query];
                readers[column].insert((Reader::Gate(index), rotation));
            }
        }
        let mut tables = Vec::new();
        let mut lookup_switches = Vec::new();
        for (index, pairs) in system.lookups.iter().enumerate() {
            for query in pairs.iter().flat_map(|(input, _)| advice_queries(input)) {
                let Query { column, rotation } = system.advice_queries[query];
                readers[column].insert((Reader::Lookup(index), rotation));
            }
            assert!(pairs.iter().all(|(_, table)| advice_queries(table).is_empty()));
            lookup_switches.push(switched_on(recording, &pairs[0].0));
            let row = |row| pairs.iter().map(|(_, t)| evaluate(recording, t, row, None)).collect();
            tables.push((0..recording.usable).map(row).collect());
        }
        let mut copies: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, copy) in recording.copies.iter().enumerate() {
            copies.entry(copy.left).or_default().push(index);
            copies.entry(copy.right).or_default().push(index);
        }
        let mut first_rows = BTreeMap::new();
        for cell in &recording.cells {
            let first = first_rows.entry(cell.region).or_insert(cell.at.row);
            *first = cell.at.row.min(*first);
        }
        Self {
            first_rows,
            cells: recording.cells.iter().enumerate().map(|(i, cell)| (cell.at, i)).collect(),
            switches: system.gates.iter().map(|gate| switched_on(recording, gate)).collect(),
            readers: readers.into_iter().map(|set| set.into_iter().collect()).collect(),
            recording,
            names,
            tables,
            lookup_switches,
            copies,
        }
    }

    /// The recording.
    pub fn recording(&self) -> &'a Recording<F> {
        self.recording
    }

    /// Copies that a cell is part of.
    pub fn copies_of(&self, cell: CellRef) -> &[usize] {
        self.copies.get(&cell).map_or(&[], Vec::as_slice)
    }

    /// The advice cells that a constraint reads.
    pub fn cells_of(&self, constraint: &Constraint) -> Vec<CellRef> {
        let system = &self.recording.system;
        let (row, queries) = match constraint {
            Constraint::Gate { index, row } => (*row, advice_queries(&system.gates[*index])),
            Constraint::Lookup { index, row } => {
                let pairs = &system.lookups[*index];
                (*row, pairs.iter().flat_map(|(input, _)| advice_queries(input)).collect())
            }
            Constraint::Copy(index) => {
                let copy = &self.recording.copies[*index];
                return vec![copy.left, copy.right];
            }
        };
        let cell = |query: usize| {
            let Query { column, rotation } = system.advice_queries[query];
            Some(advice(column, row.checked_add_signed(rotation as isize)?))
        };
        queries.into_iter().filter_map(cell).collect()
    }

    /// The region that enables a gate or lookup at a row, or asks for a copy.
    pub fn region(&self, constraint: &Constraint) -> Option<usize> {
        match constraint {
            Constraint::Gate { index, row } => self.switches[*index].get(row).copied(),
            Constraint::Lookup { index, row } => self.lookup_switches[*index].get(row).copied(),
            Constraint::Copy(index) => Some(self.recording.copies[*index].region),
        }
    }

    /// Region and constraint. Copies are numbered inside their region.
    pub fn name(&self, constraint: &Constraint) -> String {
        let region = self.region(constraint);
        let name = region.map_or("nowhere", |region| &self.recording.regions[region]);
        match constraint {
            Constraint::Gate { index, row } => {
                let (gate, polynomial) = &self.names[*index];
                format!("{name} | {gate}: {polynomial} at {}", self.offset(region, *row))
            }
            Constraint::Lookup { row, .. } => {
                format!("{name} | lookup at {}", self.offset(region, *row))
            }
            Constraint::Copy(index) => format!("{name} | copy {}", self.copy_label(*index)),
        }
    }

    /// The row inside the region, counted from its first assigned cell.
    fn offset(&self, region: Option<usize>, row: usize) -> usize {
        let first = region.and_then(|region| self.first_rows.get(&region));
        first.map_or(row, |first| row - first)
    }

    /// The copied cell's name in the region, or the copy's number.
    fn copy_label(&self, index: usize) -> String {
        let copy = &self.recording.copies[index];
        let own = |cell: &&NamedCell| cell.at == copy.left && cell.region == copy.region;
        if let Some(cell) = self.named(copy.left).filter(own) {
            return cell.name.clone();
        }
        let earlier = self.recording.copies[..index].iter().rev();
        earlier.take_while(|other| other.region == copy.region).count().to_string()
    }

    /// The public inputs that a gate reads, by row, each with the cell that is held equal
    /// to it; none where they are copied.
    pub fn read_public(&self) -> Vec<(usize, CellRef)> {
        let is_on = |row: &usize| {
            let reads =
                |(index, _): &(usize, &Expression<F>)| self.switches[*index].contains_key(row);
            self.recording
                .system
                .gates
                .iter()
                .enumerate()
                .filter(reads)
                .any(|(_, g)| reads_public(g))
        };
        let rows = (0..self.recording.instance.len()).filter(is_on);
        rows.filter_map(|row| {
            let held = self.recording.cell(PUBLIC_ROWS, &format!("row {row}"))?;
            Some((row, held.at))
        })
        .collect()
    }

    /// Whether a gate is one that reads a public input.
    pub fn is_of_public_rows(&self, constraint: &Constraint) -> bool {
        let region = self.region(constraint).map(|region| self.recording.regions[region].as_str());
        matches!(constraint, Constraint::Gate { .. }) && region == Some(PUBLIC_ROWS)
    }

    /// An assigned cell.
    pub fn named(&self, cell: CellRef) -> Option<&'a NamedCell> {
        self.cells.get(&cell).map(|index| &self.recording.cells[*index])
    }

    /// Every constraint in force: enabled gates and lookups, and copies.
    pub fn constraints(&self) -> Vec<Constraint> {
        let gates = self.switches.iter().enumerate().flat_map(|(index, rows)| {
            rows.keys().map(move |row| Constraint::Gate { index, row: *row })
        });
        let lookups = self.lookup_switches.iter().enumerate().flat_map(|(index, rows)| {
            rows.keys().map(move |row| Constraint::Lookup { index, row: *row })
        });
        let copies = (0..self.recording.copies.len()).map(Constraint::Copy);
        gates.chain(lookups).chain(copies).collect()
    }

    /// Every constraint that the recording breaks; and every cell that an
    /// enabled gate reads although nothing assigned it, as the copy of itself.
    pub fn check_all(&self) -> BTreeSet<Constraint> {
        let none = Changes::new();
        self.constraints().into_iter().filter(|c| !self.holds(c, &none)).collect()
    }

    /// Every constraint that the changes break, of those they touch.
    pub fn check(&self, changes: &Changes<F>) -> BTreeSet<Constraint> {
        let touched: BTreeSet<_> = changes.keys().flat_map(|cell| self.touching(*cell)).collect();
        touched.into_iter().filter(|c| !self.holds(c, changes)).collect()
    }

    /// Whether the changes break a constraint.
    pub fn breaks(&self, constraint: &Constraint, changes: &Changes<F>) -> bool {
        !self.holds(constraint, changes)
    }

    /// Whether some constraint that the changes touch is broken.
    pub fn rejects(&self, changes: &Changes<F>) -> bool {
        let mut touched = changes.keys().flat_map(|cell| self.touching(*cell));
        touched.any(|c| !self.holds(&c, changes))
    }

    /// The constraints in force that read an advice cell.
    pub fn touching(&self, cell: CellRef) -> Vec<Constraint> {
        let mut touching: Vec<_> =
            self.copies_of(cell).iter().map(|i| Constraint::Copy(*i)).collect();
        if cell.column.kind != ColumnKind::Advice {
            return touching;
        }
        for (reader, rotation) in &self.readers[cell.column.index] {
            let Some(row) = cell.row.checked_add_signed(-*rotation as isize) else { continue };
            let (on, constraint) = match *reader {
                Reader::Gate(index) => (&self.switches[index], Constraint::Gate { index, row }),
                Reader::Lookup(index) => {
                    (&self.lookup_switches[index], Constraint::Lookup { index, row })
                }
            };
            if on.contains_key(&row) {
                touching.push(constraint);
            }
        }
        touching
    }

    fn holds(&self, constraint: &Constraint, changes: &Changes<F>) -> bool {
        match constraint {
            Constraint::Gate { index, row } => {
                let gate = &self.recording.system.gates[*index];
                evaluate(self.recording, gate, *row, Some(changes)) == F::ZERO
            }
            Constraint::Lookup { index, row } => {
                let pairs = &self.recording.system.lookups[*index];
                let input = |(input, _): &(Expression<F>, Expression<F>)| {
                    evaluate(self.recording, input, *row, Some(changes))
                };
                self.tables[*index].contains(&pairs.iter().map(input).collect::<Vec<_>>())
            }
            Constraint::Copy(index) => {
                let copy = &self.recording.copies[*index];
                let value =
                    |cell| changes.get(&cell).copied().unwrap_or(self.recording.value(cell));
                value(copy.left) == value(copy.right)
            }
        }
    }

    /// How fast a gate or a lookup's input changes with each advice cell that
    /// it reads; nothing for a copy.
    pub fn slopes(&self, constraint: &Constraint) -> Vec<(CellRef, F)> {
        let system = &self.recording.system;
        let (row, of) = match constraint {
            Constraint::Gate { index, row } => (*row, &system.gates[*index]),
            Constraint::Lookup { index, row } => (*row, &system.lookups[*index][0].0),
            Constraint::Copy(_) => return Vec::new(),
        };
        let slopes = slopes(self.recording, of, row);
        let cell = |(query, slope): (usize, F)| {
            let Query { column, rotation } = system.advice_queries[query];
            Some((advice(column, row.checked_add_signed(rotation as isize)?), slope))
        };
        slopes.into_iter().filter_map(cell).collect()
    }

    /// The values of each lookup's table.
    pub fn tables(&self) -> &[BTreeSet<Vec<F>>] {
        &self.tables
    }

    /// Gates and lookups that no row turns on.
    pub fn idle(&self) -> Vec<String> {
        let gates = self.names.iter().zip(&self.switches);
        let gates = gates.map(|((gate, name), rows)| (format!("{gate}: {name}"), rows));
        let lookups = self.lookup_switches.iter().map(|rows| ("lookup".to_owned(), rows));
        gates.chain(lookups).filter(|(_, rows)| rows.is_empty()).map(|(name, _)| name).collect()
    }

    /// Advice cells that an enabled gate or lookup reads though nothing
    /// assigned them.
    pub fn unassigned_reads(&self) -> BTreeSet<(CellRef, String)> {
        let mut reads = BTreeSet::new();
        for (column, readers) in self.readers.iter().enumerate() {
            for (reader, rotation) in readers {
                let (on, name) = match *reader {
                    Reader::Gate(index) => (&self.switches[index], self.names[index].0.clone()),
                    Reader::Lookup(index) => (&self.lookup_switches[index], "lookup".to_owned()),
                };
                for row in on.keys() {
                    let at = row.checked_add_signed(*rotation as isize).unwrap_or(usize::MAX);
                    let assigned =
                        self.recording.advice[column].get(at).is_some_and(Option::is_some);
                    if !assigned {
                        reads.insert((advice(column, at), name.clone()));
                    }
                }
            }
        }
        reads
    }
}

/// Polynomials that the cells around a row break there, each with its gate.
pub fn broken_gates<F: MarginField>(recording: &Recording<F>, row: usize) -> Vec<(String, String)> {
    let gates = recording.system.gates.iter().zip(&recording.gates);
    let broken = gates.filter(|(gate, _)| evaluate(recording, gate, row, None) != F::ZERO);
    broken.map(|(_, name)| name.clone()).collect()
}

/// The rows where the first factor of a polynomial is not zero, with the region
/// that assigned the fixed cell it reads there.
fn switched_on<F: MarginField>(
    recording: &Recording<F>,
    of: &Expression<F>,
) -> BTreeMap<usize, usize> {
    let Expression::Product(switch, _) = of else {
        panic!("a polynomial without a switch: {of:?}");
    };
    let column = fixed_query(switch).map(|query| recording.system.fixed_queries[query].column);
    let column = column.expect("a switch in a fixed column");
    assert!(advice_queries(switch).is_empty(), "a switch is fixed");
    let on = |row: &usize| evaluate(recording, switch, *row, None) != F::ZERO;
    let rows = (0..recording.usable).filter(|row| recording.fixed[column][*row].is_some());
    rows.filter(on).map(|row| (row, recording.fixed_regions[&(column, row)])).collect()
}
