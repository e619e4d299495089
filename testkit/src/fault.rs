//! Seeded faults: constraints dropped in the circuit's own code, and what of
//! the harness notices.

use std::collections::{BTreeMap, BTreeSet};

use halo2_proofs::plonk::Circuit;
use zkmargin_circuits::gadgets::hash::PERMUTATION_STEPS;
use zkmargin_circuits::gadgets::layout::ColumnLayout;
use zkmargin_margin::field::MarginField;

use crate::check::Checker;
use crate::coverage::Coverage;
use crate::graph::{self, Finding};
use crate::record::Recording;
use crate::{Plan, Subject, class, tamper};

/// A constraint that a developer forgot, in every region of a class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Name of the regions, without numbers.
    pub region: String,
    /// The part that is dropped: `gate`, `copy a`, `lookups`, `member 1`...
    pub part: String,
}

impl Fault {
    /// A fault by region class and part.
    pub fn new(region: &str, part: &str) -> Self {
        Self { region: region.to_owned(), part: part.to_owned() }
    }

    /// The fault in a circuit's code.
    ///
    /// # Panics
    /// When no region has the name: the fault would be none.
    pub fn plan<F: MarginField>(&self, honest: &Recording<F>) -> Plan {
        let regions: BTreeSet<_> =
            honest.regions.iter().filter(|region| class(region) == self.region).collect();
        if self.region == CONFIGURE {
            return Plan::default().dropping(CONFIGURE, &self.part);
        }
        assert!(!regions.is_empty(), "no region is called {}", self.region);
        regions.iter().fold(Plan::default(), |plan, region| plan.dropping(region, &self.part))
    }

    /// Names of the constraints that are gone.
    pub fn dropped<F: MarginField, C: Circuit<F>>(
        &self,
        subject: &Subject<F, C>,
        honest: &Checker<'_, F>,
    ) -> BTreeSet<String> {
        let recording = subject.record(&self.plan(honest.recording()));
        difference(honest, &Checker::new(&recording))
    }
}

/// Names of the constraints that one circuit has and the other lacks.
fn difference<F: MarginField>(
    honest: &Checker<'_, F>,
    faulty: &Checker<'_, F>,
) -> BTreeSet<String> {
    let names = |checker: &Checker<'_, F>| -> BTreeSet<String> {
        checker.constraints().iter().map(|c| checker.name(c)).collect()
    };
    names(honest).difference(&names(faulty)).cloned().collect()
}

/// What noticed a fault.
#[derive(Clone, Debug, Default)]
pub struct Detection {
    /// Constraints that are gone.
    pub dropped: usize,
    /// New findings of the copy graph.
    pub graph: BTreeSet<Finding>,
    /// A public input depends on less or more.
    pub dependencies: bool,
    /// Cells that can now be changed alone.
    pub tamper: usize,
    /// A lie that is now accepted: a forgery, by the constraint it was for.
    pub forged: Option<String>,
    /// A lie that no longer breaks the constraint it names.
    pub silent: Option<String>,
}

impl Detection {
    /// Whether anything noticed.
    pub fn is_found(&self) -> bool {
        !self.found_by().is_empty()
    }

    /// What noticed.
    pub fn found_by(&self) -> Vec<&'static str> {
        let by = [
            (!self.graph.is_empty(), "copy graph"),
            (self.dependencies, "dependencies"),
            (self.tamper > 0, "tamper"),
            (self.forged.is_some(), "lie accepted"),
            (self.silent.is_some(), "negative test silent"),
        ];
        by.into_iter().filter(|(found, _)| *found).map(|(_, name)| name).collect()
    }
}

/// Runs the harness on a circuit with a fault. `coverage` is of the honest
/// circuit: the negative tests as they stood before the fault.
pub fn detect<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    honest: &Checker<'_, F>,
    coverage: &Coverage,
    fault: &Fault,
) -> Detection {
    let plan = fault.plan(honest.recording());
    let recording = subject.record(&plan);
    let faulty = Checker::new(&recording);
    let mut detection = Detection::default();

    let dropped = difference(honest, &faulty);
    detection.dropped = dropped.len();

    let before = graph::findings(honest);
    let after = graph::findings(&faulty);
    detection.graph = after.difference(&before).cloned().collect();
    detection.dependencies = graph::dependencies(&faulty) != graph::dependencies(honest);
    detection.tamper = tamper::accepted_alone(&faulty).len();

    for (class, lie) in &coverage.lies {
        let broken: BTreeSet<_> = lie.broken.iter().map(|c| honest.name(c)).collect();
        if broken.is_disjoint(&dropped) {
            continue;
        }
        if dropped.contains(&honest.name(&lie.target)) {
            detection.silent.get_or_insert_with(|| class.clone());
        }
        let told = lie.plan != Plan::default();
        if told && detection.forged.is_none() && broken.is_subset(&dropped) {
            // The lie told to the faulty code itself.
            let told = subject.record(&plan.clone().and(&lie.plan));
            if Checker::new(&told).check_all().is_empty() {
                detection.forged = Some(class.clone());
            }
        }
    }
    detection
}

/// Every fault there can be: each part of each class of regions, dropped.
pub fn all<F: MarginField>(honest: &Checker<'_, F>) -> Vec<Fault> {
    let recording = honest.recording();
    let rows_per_step = match ColumnLayout::of::<F>() {
        ColumnLayout::Wide => 1,
        ColumnLayout::Tall => 2,
    };
    let mut parts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for constraint in honest.constraints() {
        let name = honest.name(&constraint);
        let Some((region, constraint)) = name.split_once(" | ") else { continue };
        let part = match constraint {
            _ if region.ends_with(": equal") || region.starts_with("public: ") => "copy".to_owned(),
            _ if constraint.starts_with("arithmetic: ") => "gate".to_owned(),
            _ if constraint.starts_with("lookup") => "lookups".to_owned(),
            _ if constraint.starts_with("hash: ") => {
                format!("gate of step {}", row_of(constraint) / rows_per_step)
            }
            _ if constraint.starts_with("copy z ") && constraint != "copy z 0" => {
                "copy zero".to_owned()
            }
            other => other.to_owned(),
        };
        if !recording.regions.iter().any(|r| r == region) {
            continue;
        }
        parts.entry(class(region)).or_default().insert(part);
    }
    // Steps of a permutation differ by their gate alone: one of each will do.
    let steps = [0, 1, 9, PERMUTATION_STEPS - 1, PERMUTATION_STEPS];
    let kept = |part: &String| match part.strip_prefix("gate of step ") {
        Some(step) => step.parse().is_ok_and(|step: usize| steps.contains(&step)),
        None => true,
    };
    let faults = parts.into_iter().flat_map(|(region, parts)| {
        parts.into_iter().filter(kept).map(move |part| Fault { region: region.clone(), part })
    });
    faults.chain([Fault::new(CONFIGURE, "hash: member")]).collect()
}

/// The region of constraints that are dropped from the constraint system.
pub const CONFIGURE: &str = "configure";

fn row_of(constraint: &str) -> usize {
    constraint.rsplit(' ').next().and_then(|row| row.parse().ok()).unwrap_or(0)
}
