//! A lie for every named constraint: each is seen failing, and where a lie can
//! be found that breaks it *alone*, dropping that constraint would be a forgery.

use std::collections::{BTreeMap, BTreeSet};

use halo2_proofs::plonk::Circuit;
use rayon::prelude::*;
use zkmargin_margin::field::MarginField;

use crate::check::{Checker, Constraint};
use crate::graph::Flow;
use crate::lie::{add, broken, set};
use crate::record::NamedCell;
use crate::{Plan, Subject, class};

/// Constraints of one class that are tried.
const REPRESENTATIVES: usize = 4;
/// Free values before a constraint that are tried.
const SOURCES: usize = 6;

/// How hard to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Until a lie breaks the constraint.
    Seen,
    /// Until one breaks it alone.
    Alone,
}

/// A lie that breaks a constraint.
#[derive(Clone, Debug)]
pub struct Lie {
    /// The constraint it was looked for.
    pub target: Constraint,
    /// What it changes; nothing when it is a cell that no prover computes, a
    /// constant or a public input, that is changed by itself.
    pub plan: Plan,
    /// Everything it breaks, the target included.
    pub broken: BTreeSet<Constraint>,
}

impl Lie {
    /// Whether the target is all that stands in its way.
    pub fn is_alone(&self) -> bool {
        self.broken.len() == 1
    }
}

/// What was found for each class of constraints.
#[derive(Debug, Default)]
pub struct Coverage {
    /// The best lie of each class.
    pub lies: BTreeMap<String, Lie>,
    /// Classes that nothing could make fail.
    pub missing: BTreeSet<String>,
}

impl Coverage {
    /// Classes that some lie breaks alone.
    pub fn alone(&self) -> usize {
        self.lies.values().filter(|lie| lie.is_alone()).count()
    }
}

/// The class of a constraint: without the numbers of slots, links and rows.
/// The levels of a path, the words of a message and both ends of a range check
/// stay apart.
pub fn class_of(name: &str) -> String {
    let apart = ["hash: member", "copy message", "copy z "];
    match name.split_once(" | ") {
        Some((region, part)) if apart.iter().any(|prefix| part.starts_with(prefix)) => {
            format!("{} | {part}", class(region))
        }
        _ => class(name),
    }
}

/// Looks for a lie for every class of constraints that `wanted` picks.
pub fn search<F: MarginField, C: Circuit<F> + Sync>(
    subject: &Subject<F, C>,
    checker: &Checker<'_, F>,
    effort: Effort,
    wanted: impl Fn(&str) -> bool,
) -> Coverage {
    let flow = Flow::new(checker);
    let mut classes: BTreeMap<String, Vec<Constraint>> = BTreeMap::new();
    for constraint in checker.constraints() {
        classes.entry(class_of(&checker.name(&constraint))).or_default().push(constraint);
    }
    classes.retain(|class, _| wanted(class));
    let search = Search { subject, checker, flow: &flow, effort };
    let found: Vec<_> = classes
        .into_par_iter()
        .map(|(class, members)| (class, search.best_lie(&members)))
        .collect();
    let mut coverage = Coverage::default();
    for (class, lie) in found {
        match lie {
            Some(lie) => _ = coverage.lies.insert(class, lie),
            None => _ = coverage.missing.insert(class),
        }
    }
    coverage
}

struct Search<'a, F, C> {
    subject: &'a Subject<F, C>,
    checker: &'a Checker<'a, F>,
    flow: &'a Flow<'a, F>,
    effort: Effort,
}

impl<F: MarginField, C: Circuit<F>> Search<'_, F, C> {
    /// The lie that breaks least, from a few members of a class.
    fn best_lie(&self, members: &[Constraint]) -> Option<Lie> {
        let mut best: Option<Lie> = None;
        let stride = members.len().div_ceil(REPRESENTATIVES);
        // Not the first of them: the first slot has no predecessor.
        for target in members.iter().skip(stride / 2).step_by(stride) {
            for plan in plans(self.checker, self.flow, target) {
                let Some(broken) = broken(self.subject, self.checker, &plan) else { continue };
                let better = best.as_ref().is_none_or(|best| broken.len() < best.broken.len());
                if broken.contains(target) && better {
                    best = Some(Lie { target: target.clone(), plan, broken });
                }
                if best.as_ref().is_some_and(|l| self.effort == Effort::Seen || l.is_alone()) {
                    return best;
                }
            }
        }
        best.or_else(|| self.cell_changed(members.first()?))
    }

    /// One side of a copy changed by itself: a constant, a public input.
    fn cell_changed(&self, target: &Constraint) -> Option<Lie> {
        let cells = self.checker.cells_of(target).into_iter();
        let changes = cells.map(|cell| (cell, self.checker.recording().value(cell) + F::from(1)));
        let broken = changes.map(|change| self.checker.check(&[change].into()));
        let broken = broken.filter(|broken| broken.contains(target)).min_by_key(BTreeSet::len)?;
        Some(Lie { target: target.clone(), plan: Plan::default(), broken })
    }
}

/// Plans that may break a constraint: its own cells changed; or what it is
/// computed from changed, and its result (or copy) held.
fn plans<F: MarginField>(
    checker: &Checker<'_, F>,
    flow: &Flow<'_, F>,
    target: &Constraint,
) -> Vec<Plan> {
    let recording = checker.recording();
    let own: Vec<&NamedCell> =
        checker.cells_of(target).into_iter().filter_map(|cell| checker.named(cell)).collect();
    let change = |plan: Plan, cell: &NamedCell, change| {
        plan.changing(&recording.regions[cell.region], &cell.name, change)
    };
    let deltas = [F::from(1), -F::from(1)];
    let mut plans = Vec::new();
    for cell in &own {
        plans.extend(deltas.map(|delta| change(Plan::default(), cell, add(delta))));
    }
    // Sources of the constraint, and the cell that is held at its true value.
    let region = checker.region(target);
    let held = own.iter().filter(|cell| Some(cell.region) == region).find(|cell| {
        matches!(target, Constraint::Copy(_)) || cell.name == "d" || cell.name.starts_with("digest")
    });
    let (_, sources) = flow.cone(own.iter().map(|cell| cell.at));
    for source in sources.into_iter().filter(|source| Some(*source) != region).take(SOURCES) {
        let Some(cell) = flow.cells(source).first() else { continue };
        for delta in deltas {
            let told = change(Plan::default(), cell, add(delta));
            plans
                .extend(held.map(|held| change(told.clone(), held, set(recording.value(held.at)))));
            plans.push(told);
        }
    }
    plans
}
