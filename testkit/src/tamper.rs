//! Cells changed behind the prover's back.

use std::collections::BTreeMap;

use zkmargin_circuits::lowering::shape::{CellRef, ColumnKind};
use zkmargin_margin::field::MarginField;

use crate::check::{Changes, Checker, Constraint};
use crate::record::NamedCell;

/// What a cell is changed by, in turn.
pub fn deltas<F: MarginField>() -> [F; 3] {
    // One either way, and an element that no small sum reaches.
    [F::ONE, -F::ONE, F::from(0x5eed).invert().unwrap_or(F::ONE)]
}

/// Advice cells that can be changed alone without any constraint noticing.
pub fn accepted_alone<'a, F: MarginField>(checker: &Checker<'a, F>) -> Vec<&'a NamedCell> {
    let recording = checker.recording();
    let noticed = |cell: &NamedCell| {
        let value = recording.value(cell.at);
        deltas::<F>()
            .iter()
            .all(|delta| checker.rejects(&Changes::from([(cell.at, value + delta)])))
    };
    recording.cells.iter().filter(|cell| !noticed(cell)).collect()
}

/// Constraints in force, every member of every class, that stay whatever is
/// changed in one of their own cells: they say nothing.
pub fn blind<F: MarginField>(checker: &Checker<'_, F>) -> Vec<String> {
    let recording = checker.recording();
    let breaks = |constraint: &Constraint| {
        let cells = checker.cells_of(constraint).into_iter();
        let mut changes =
            cells.flat_map(|cell| deltas::<F>().map(|delta| (cell, recording.value(cell) + delta)));
        changes.any(|change| checker.breaks(constraint, &Changes::from([change])))
    };
    let constraints = checker.constraints();
    constraints.iter().filter(|c| !breaks(c)).map(|c| checker.name(c)).collect()
}

/// Groups of equal advice cells that can be changed together without any gate
/// or lookup noticing. Groups with a public input are held by it, and left out.
pub fn accepted_together<'a, F: MarginField>(checker: &Checker<'a, F>) -> Vec<&'a NamedCell> {
    let recording = checker.recording();
    let mut accepted = Vec::new();
    for group in groups(checker).values() {
        if group.iter().any(|cell| cell.column.kind != ColumnKind::Advice) {
            continue;
        }
        let noticed = deltas::<F>().iter().all(|delta| {
            let changed = group.iter().map(|cell| (*cell, recording.value(*cell) + delta));
            checker.rejects(&changed.collect())
        });
        if !noticed {
            accepted.extend(recording.cells.iter().find(|cell| group.contains(&cell.at)));
        }
    }
    accepted
}

/// The cells that copies make equal, or a gate that reads a public input, by one of them; every advice cell is in
/// a group, if only its own.
pub fn groups<F: MarginField>(checker: &Checker<'_, F>) -> BTreeMap<CellRef, Vec<CellRef>> {
    let recording = checker.recording();
    let mut parent: BTreeMap<CellRef, CellRef> = BTreeMap::new();
    fn root(parent: &mut BTreeMap<CellRef, CellRef>, cell: CellRef) -> CellRef {
        let mut at = cell;
        while let Some(next) = parent.get(&at).filter(|next| **next != at) {
            at = *next;
        }
        parent.insert(cell, at);
        at
    }
    for cell in &recording.cells {
        parent.insert(cell.at, cell.at);
    }
    let public = checker.read_public().into_iter();
    let public = public.map(|(row, cell)| (cell, crate::graph::instance(row)));
    let copies = recording.copies.iter().map(|copy| (copy.left, copy.right));
    for (left, right) in copies.chain(public) {
        let (left, right) = (root(&mut parent, left), root(&mut parent, right));
        parent.insert(right, right);
        parent.insert(left, right);
    }
    let cells: Vec<_> = parent.keys().copied().collect();
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for cell in cells {
        groups.entry(root(&mut parent, cell)).or_default().push(cell);
    }
    groups
}
