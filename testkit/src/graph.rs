//! The copy graph: what is connected to what.
//!
//! It knows the gadgets by the names of their cells: `a`, `b`, `c` and
//! `message i` are inputs, `d`, `digest`, `witness`, `z 0` and `public input`
//! are what a region hands on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use zkmargin_circuits::lowering::shape::{CellRef, ColumnKind, ColumnRef};
use zkmargin_margin::field::MarginField;

use crate::check::{Checker, Constraint};
use crate::class;
use crate::record::NamedCell;
use crate::tamper::groups;

/// Something the graph lacks, by class of cell or by column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A gadget's input that is copied from nowhere.
    InputNotCopied(String),
    /// A cell in no enabled gate or lookup, itself or through its copies.
    Unconstrained(String),
    /// A result that nothing uses.
    Unused(String),
    /// An enabled gate reads a cell that nothing assigned.
    Unassigned(String),
    /// A public input that no cell is equal to.
    FreePublicInput(usize),
    /// A column without assigned cells, or without copies though it has
    /// equality.
    IdleColumn(String),
    /// A column with copies though it has no equality: no key can be made.
    NoEquality(String),
    /// A constraint or lookup that no row turns on.
    IdleConstraint(String),
    /// Two regions of one name: tests could not tell them apart.
    SameName(String),
}

fn is_input(cell: &NamedCell) -> bool {
    matches!(cell.name.as_str(), "a" | "b" | "c") || cell.name.starts_with("message ")
}

fn is_output(cell: &NamedCell) -> bool {
    matches!(cell.name.as_str(), "d" | "witness" | "z 0" | "public input") || is_digest(cell)
}

fn is_digest(cell: &NamedCell) -> bool {
    cell.name.starts_with("digest of block ")
}

/// The digests that regions hand on: of permutations end to end each but the last goes to
/// the next, in the layout of few copies without one.
fn handed_on<F: MarginField>(checker: &Checker<'_, F>) -> BTreeMap<usize, CellRef> {
    let digests = checker.recording().cells.iter().filter(|cell| is_digest(cell));
    digests.map(|cell| (cell.region, cell.at)).collect()
}

/// Whether a constraint is more than an equality, to another cell or a public input.
fn says_something<F: MarginField>(checker: &Checker<'_, F>, constraint: &Constraint) -> bool {
    !matches!(constraint, Constraint::Copy(_)) && !checker.is_of_public_rows(constraint)
}

/// Everything the graph lacks.
pub fn findings<F: MarginField>(checker: &Checker<'_, F>) -> BTreeSet<Finding> {
    let recording = checker.recording();
    let mut findings = BTreeSet::new();
    let groups = groups(checker);
    let last_digests = handed_on(checker);
    let named: BTreeMap<CellRef, &NamedCell> =
        recording.cells.iter().map(|cell| (cell.at, cell)).collect();
    for group in groups.values() {
        let in_gate = group
            .iter()
            .any(|cell| checker.touching(*cell).iter().any(|c| says_something(checker, c)));
        let cells = || group.iter().filter_map(|cell| named.get(cell).copied());
        if !in_gate {
            findings.extend(cells().map(|cell| Finding::Unconstrained(recording.class(cell))));
        }
        if group.len() == 1 {
            let lonely = cells().next();
            findings.extend(
                lonely
                    .filter(|cell| is_input(cell))
                    .map(|cell| Finding::InputNotCopied(recording.class(cell))),
            );
            findings.extend(
                lonely
                    .filter(|cell| is_output(cell))
                    .filter(|cell| {
                        !is_digest(cell) || last_digests.get(&cell.region) == Some(&cell.at)
                    })
                    .map(|cell| Finding::Unused(recording.class(cell))),
            );
        }
    }
    for cell in recording.cells.iter().filter(|cell| is_input(cell)) {
        // An input's own copy is the first that names it.
        if !checker.copies_of(cell.at).iter().any(|i| recording.copies[*i].region == cell.region) {
            findings.insert(Finding::InputNotCopied(recording.class(cell)));
        }
    }
    // Where few columns have copies the first word of a message is told by a gate to be
    // what the digest's cell holds.
    for cell in recording.cells.iter().filter(|cell| cell.name.starts_with("link of block ")) {
        let is_link = |of: &Constraint| checker.name(of).contains("| hash: link: ");
        let is_told = checker.touching(cell.at).iter().any(is_link);
        if !is_told && checker.copies_of(cell.at).is_empty() {
            findings.insert(Finding::InputNotCopied(recording.class(cell)));
        }
    }
    for (_, gate) in checker.unassigned_reads() {
        findings.insert(Finding::Unassigned(gate));
    }
    findings.extend(idle(checker));
    let read: BTreeMap<usize, CellRef> = checker.read_public().into_iter().collect();
    for row in 0..recording.instance.len() {
        let copied = read.get(&row).map_or(instance(row), |cell| *cell);
        if checker.copies_of(copied).is_empty() {
            findings.insert(Finding::FreePublicInput(row));
        }
    }
    let mut names = BTreeSet::new();
    let mut assigned: Vec<_> = recording.cells.iter().map(|cell| cell.region).collect();
    assigned.dedup();
    for region in assigned {
        let name = &recording.regions[region];
        if !names.insert(name) {
            findings.insert(Finding::SameName(name.clone()));
        }
    }
    findings
}

pub(crate) fn instance(row: usize) -> CellRef {
    CellRef { column: ColumnRef { kind: ColumnKind::Instance, index: 0 }, row }
}

/// Columns, gates and lookups that do nothing.
fn idle<F: MarginField>(checker: &Checker<'_, F>) -> BTreeSet<Finding> {
    let recording = checker.recording();
    let mut findings = BTreeSet::new();
    for (kind, columns) in [("advice", &recording.advice), ("fixed", &recording.fixed)] {
        for (index, column) in columns.iter().enumerate() {
            if column.iter().all(Option::is_none) {
                findings.insert(Finding::IdleColumn(format!("{kind} {index}")));
            }
        }
    }
    let copied: BTreeSet<_> =
        recording.copies.iter().flat_map(|copy| [copy.left.column, copy.right.column]).collect();
    for column in &recording.system.permutation {
        if !copied.contains(column) {
            findings.insert(Finding::IdleColumn(format!("equality of {column:?}")));
        }
    }
    for column in copied.iter().filter(|column| !recording.system.permutation.contains(column)) {
        findings.insert(Finding::NoEquality(format!("{column:?}")));
    }
    findings.extend(checker.idle().into_iter().map(Finding::IdleConstraint));
    findings
}

/// How values flow: regions read groups of equal cells and make others.
/// Constants carry nothing.
#[derive(Debug)]
pub struct Flow<'a, F> {
    checker: &'a Checker<'a, F>,
    group_of: BTreeMap<CellRef, CellRef>,
    constant: BTreeSet<CellRef>,
    made_by: BTreeMap<CellRef, Vec<usize>>,
    reads: BTreeMap<usize, BTreeSet<CellRef>>,
    cells: BTreeMap<usize, Vec<&'a NamedCell>>,
}

impl<'a, F: MarginField> Flow<'a, F> {
    /// The flow of a recording.
    pub fn new(checker: &'a Checker<'a, F>) -> Self {
        let groups = groups(checker);
        let members =
            groups.iter().flat_map(|(root, cells)| cells.iter().map(|cell| (*cell, *root)));
        let mut cells: BTreeMap<usize, Vec<&NamedCell>> = BTreeMap::new();
        for cell in &checker.recording().cells {
            cells.entry(cell.region).or_default().push(cell);
        }
        let mut flow = Self {
            checker,
            group_of: members.collect(),
            constant: BTreeSet::new(),
            made_by: BTreeMap::new(),
            reads: BTreeMap::new(),
            cells,
        };
        flow.constant = flow.cells.values().filter_map(|cells| flow.constant_of(cells)).collect();
        let read: BTreeSet<_> = checker.read_public().into_iter().map(|(_, cell)| cell).collect();
        for cell in &checker.recording().cells {
            let group = flow.group_of[&cell.at];
            // Where a gate reads a public input is no region that makes it.
            if flow.constant.contains(&group) || read.contains(&cell.at) {
                continue;
            }
            if is_input(cell) || flow.is_copied_in(cell) {
                flow.reads.entry(cell.region).or_default().insert(group);
            } else {
                flow.made_by.entry(group).or_default().push(cell.region);
            }
        }
        flow
    }

    /// The group that a region makes a constant: the one cell of all places of
    /// its arithmetic row.
    fn constant_of(&self, cells: &[&NamedCell]) -> Option<CellRef> {
        let [first, rest @ ..] = ["a", "b", "c", "d"].map(|place| {
            let cell = cells.iter().find(|cell| cell.name == place)?;
            self.group_of.get(&cell.at).copied()
        });
        first.filter(|_| rest.iter().all(|group| *group == first))
    }

    /// Whether a range check's first cell is a copy.
    fn is_copied_in(&self, cell: &NamedCell) -> bool {
        let copies = &self.checker.recording().copies;
        let own = |i: &usize| copies[*i].region == cell.region && copies[*i].left == cell.at;
        cell.name == "z 0" && self.checker.copies_of(cell.at).iter().any(own)
    }

    /// Cells of a region.
    pub fn cells(&self, region: usize) -> &[&'a NamedCell] {
        self.cells.get(&region).map_or(&[], Vec::as_slice)
    }

    /// The groups from which these cells are computed, and the regions without
    /// inputs of their own that they come from, the nearest first.
    pub fn cone(
        &self,
        cells: impl IntoIterator<Item = CellRef>,
    ) -> (BTreeSet<CellRef>, Vec<usize>) {
        let start = cells.into_iter().filter_map(|cell| self.group_of.get(&cell).copied());
        let mut open: VecDeque<_> = start.filter(|group| !self.constant.contains(group)).collect();
        let mut groups: BTreeSet<CellRef> = open.iter().copied().collect();
        let mut sources = Vec::new();
        while let Some(group) = open.pop_front() {
            for region in self.made_by.get(&group).into_iter().flatten() {
                let read = self.reads.get(region);
                let has = |name: &str| self.cells(*region).iter().any(|c| c.name.starts_with(name));
                // A witness in a row with itself alone is chosen, not computed.
                let alone = || has("witness") && read.is_some_and(|read| read.iter().eq([&group]));
                if (read.is_none() || has("child") || alone()) && !sources.contains(region) {
                    sources.push(*region);
                }
                for group in read.into_iter().flatten() {
                    if groups.insert(*group) {
                        open.push_back(*group);
                    }
                }
            }
        }
        (groups, sources)
    }
}

/// For each public input, the witnesses that its row is computed from, and
/// what is computed from it: other public inputs (`-> row n`) and results that
/// must be a constant (`-> name`). What would be lost if a link were missing.
pub fn dependencies<F: MarginField>(checker: &Checker<'_, F>) -> BTreeMap<usize, BTreeSet<String>> {
    let recording = checker.recording();
    let flow = Flow::new(checker);
    let rows = recording.instance.len();
    let name = |region: usize| class(&recording.regions[region]);
    // What is asserted: public inputs, and results equal to a constant.
    let public = (0..rows).map(|row| (format!("row {row}"), vec![instance(row)]));
    let asserted = flow.cells.iter().filter_map(|(region, cells)| {
        let result = cells.iter().find(|cell| cell.name == "d")?;
        let inputs = cells.iter().filter(|cell| is_input(cell)).map(|cell| cell.at);
        flow.constant
            .contains(&flow.group_of[&result.at])
            .then(|| (name(*region), inputs.collect::<Vec<_>>()))
    });
    let cones: Vec<_> =
        public.chain(asserted).map(|(name, cells)| (name, flow.cone(cells))).collect();
    let mut dependencies: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for row in 0..rows {
        let entry = dependencies.entry(row).or_default();
        entry.extend(cones[row].1.1.iter().map(|region| name(*region)));
        let own = flow.group_of.get(&instance(row));
        for (other, (groups, _)) in &cones {
            if *other != format!("row {row}") && own.is_some_and(|own| groups.contains(own)) {
                entry.insert(format!("-> {other}"));
            }
        }
    }
    dependencies
}
