//! Lies: a value of the prover is changed, and everything that follows is
//! computed from it again, as a prover with other intentions would.

use std::collections::BTreeSet;

use halo2_proofs::plonk::Circuit;
use rayon::prelude::*;
use zkmargin_margin::field::MarginField;

use crate::check::{Changes, Checker, Constraint};
use crate::record::{NamedCell, Recording, advice};
use crate::{Change, Plan, Subject};

/// Adds to a cell's value.
pub fn add<F: MarginField>(delta: F) -> Change {
    Change::Add(delta.to_le_bytes())
}

/// Sets a cell's value.
pub fn set<F: MarginField>(value: F) -> Change {
    Change::Set(value.to_le_bytes())
}

/// Lies about the values of one cell: one more, one less, minus one, its
/// negative, and numbers just past the ranges in use.
pub fn changes<F: MarginField>(value: F) -> Vec<Change> {
    let power = |bits: u64| F::from(2).pow_vartime([bits]);
    vec![
        add(F::from(1)),
        add(-F::from(1)),
        set(-F::from(1)),
        add(-(value + value)),
        add(power(32)),
        add(power(80)),
        add(power(128)),
    ]
}

/// The cells whose values the prover chooses: witnesses, range-checked
/// witnesses and the children of paths.
pub fn free_cells<'a, F: MarginField>(checker: &Checker<'a, F>) -> Vec<&'a NamedCell> {
    let recording = checker.recording();
    let mut copied = BTreeSet::new();
    for copy in &recording.copies {
        copied.insert((copy.region, copy.left));
    }
    let free = |cell: &&NamedCell| {
        cell.name == "witness"
            || cell.name.starts_with("child ")
            // The first cell of a range check is free unless its own region
            // copied it.
            || (cell.name == "z 0" && !copied.contains(&(cell.region, cell.at)))
    };
    recording.cells.iter().filter(free).collect()
}

/// The cells that a plan changes, against the honest recording; the plan drops
/// nothing, so the layouts are the same.
pub fn told<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    honest: &Recording<F>,
    plan: &Plan,
) -> Changes<F> {
    let lie = plan.run(|| Recording::advice(subject.k, &subject.circuit, &subject.rows));
    let mut changes = Changes::new();
    for (column, (cells, before)) in lie.iter().zip(&honest.advice).enumerate() {
        for (row, (value, before)) in cells.iter().zip(before).enumerate() {
            if value != before {
                changes.insert(advice(column, row), value.unwrap_or(F::ZERO));
            }
        }
    }
    changes
}

/// A lie taken back as far as constraints notice it: where one fails, the regions it reads
/// are honest again, until none fails. What is left is a forgery, or a freedom: values of
/// which one place knows and another does not.
pub fn taken_back<F: MarginField>(checker: &Checker<'_, F>, mut changes: Changes<F>) -> Changes<F> {
    loop {
        let failing = checker.check(&changes);
        let cells = failing.iter().flat_map(|constraint| checker.cells_of(constraint));
        let told = cells.filter(|cell| changes.contains_key(cell));
        let regions: BTreeSet<usize> =
            told.filter_map(|cell| checker.named(cell)).map(|cell| cell.region).collect();
        // Each turn takes a region back at least, for a constraint that fails reads a
        // cell that is changed.
        if regions.is_empty() {
            return changes;
        }
        let is_told = |cell| {
            checker.named(cell).is_none_or(|cell: &NamedCell| !regions.contains(&cell.region))
        };
        changes.retain(|cell, _| is_told(*cell));
    }
}

/// What a plan breaks. `None` when it changes nothing.
pub fn broken<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    checker: &Checker<'_, F>,
    plan: &Plan,
) -> Option<BTreeSet<Constraint>> {
    let changes = told(subject, checker.recording(), plan);
    (!changes.is_empty()).then(|| checker.check(&changes))
}

/// A lie that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Accepted {
    /// The region of the cell.
    pub region: String,
    /// The cell.
    pub cell: String,
    /// What was done to it.
    pub change: String,
}

/// How many lies were told about these cells, and those that no constraint
/// notices.
pub fn accepted<F: MarginField, C: Circuit<F> + Sync>(
    subject: &Subject<F, C>,
    checker: &Checker<'_, F>,
    cells: &[&NamedCell],
) -> (usize, Vec<Accepted>) {
    accepted_when_published(subject, checker, cells, |_| false)
}

/// The same where the liar publishes what its circuit computes: what says that a result
/// is a public input is not what refuses a lie.
pub fn accepted_when_published<F: MarginField, C: Circuit<F> + Sync>(
    subject: &Subject<F, C>,
    checker: &Checker<'_, F>,
    cells: &[&NamedCell],
    is_published: impl Fn(&str) -> bool + Sync,
) -> (usize, Vec<Accepted>) {
    let recording = checker.recording();
    let is_published = |constraint: &Constraint| is_published(&checker.name(constraint));
    let results: Vec<_> = cells
        .par_iter()
        .flat_map_iter(|cell| {
            let region = &recording.regions[cell.region];
            changes(recording.value(cell.at)).into_iter().filter_map(move |change| {
                let plan = Plan::default().changing(region, &cell.name, change);
                let broken = broken(subject, checker, &plan)?;
                Some(broken.iter().all(is_published).then(|| Accepted {
                    region: region.clone(),
                    cell: cell.name.clone(),
                    change: format!("{change:?}"),
                }))
            })
        })
        .collect();
    (results.len(), results.into_iter().flatten().collect())
}
