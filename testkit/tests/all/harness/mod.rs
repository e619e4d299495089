//! What every family is put through.
#![allow(unreachable_pub, reason = "shared by tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use halo2_proofs::plonk::Circuit;
use rayon::prelude::*;
use zkmargin_circuits::gadgets::arithmetic::PUBLIC_ROWS;
use zkmargin_circuits::gadgets::layout::ColumnLayout;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition;
use zkmargin_testkit::bounds::Assumed;
use zkmargin_testkit::check::Checker;
use zkmargin_testkit::coverage::{Coverage, Effort, class_of, search};
use zkmargin_testkit::fault::{self, Fault};
use zkmargin_testkit::record::NamedCell;
use zkmargin_testkit::rigidity::{Lookups, Rigidity, rigidity};
use zkmargin_testkit::{Plan, Subject, bounds, classes, graph, lie, tamper};

use crate::common::golden::assert_golden;

/// Exceptions of a family, each with its reason.
pub struct Expected {
    pub name: &'static str,
    /// The family, and the statement where it is another: whose assumed bounds and
    /// pins these are.
    pub parts: &'static [&'static str],
    /// The circuit, in the names of golden files.
    pub circuit: &'static str,
    /// Regions, or scopes of them, whose values say nothing about the account.
    pub free: Vec<(String, &'static str)>,
    /// Classes of constraints that nothing can make fail.
    pub never_failing: &'static [(&'static str, &'static str)],
    /// Faults without consequence: `region / part`.
    pub redundant: &'static [(&'static str, &'static str)],
}

impl Expected {
    /// Whether a region's values are free.
    fn is_free(&self, region: &str) -> bool {
        let is_in = |scope: &str| {
            region.strip_prefix(scope).is_some_and(|r| r.is_empty() || r.starts_with([':', ' ']))
        };
        self.free.iter().any(|(free, _)| is_in(free))
    }
}

pub fn is_long() -> bool {
    std::env::var("ZKMARGIN_HARNESS").is_ok_and(|mode| mode == "long")
}

pub fn shapes() -> Vec<Shape> {
    if is_long() { Shape::ALL.to_vec() } else { vec![Shape::Small] }
}

pub fn no_cell_can_be_changed<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    shape: Shape,
    expected: &Expected,
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    assert_eq!(checker.check_all(), BTreeSet::new());
    assert_eq!(checker.unassigned_reads(), BTreeSet::new());
    let names = |accepted: Vec<&NamedCell>| -> BTreeSet<_> {
        let held = accepted.iter().filter(|c| !expected.is_free(&recording.regions[c.region]));
        held.map(|cell| recording.full_name(cell)).collect()
    };
    assert_eq!(names(tamper::accepted_alone(&checker)), BTreeSet::new());
    assert_eq!(names(tamper::accepted_together(&checker)), BTreeSet::new());
    assert_eq!(tamper::blind(&checker), [""; 0], "constraints that say nothing");
    let (cells, groups) = (recording.cells.len(), tamper::groups(&checker).len());
    let name = expected.name;
    println!("{name} {} {shape}: {cells} cells alone, {groups} groups together", F::NAME);
}

/// Of what a prover chooses beyond a margin statement's, the first and the last of each
/// class told otherwise, everything after it computed again, and what the circuit then
/// computes published (the constraint of `published`): only lies about what is a prover's
/// to choose (`chosen`) are as good as the truth.
pub fn no_published_lie_is_accepted<F: MarginField, C: Circuit<F> + Sync, M: Circuit<F>>(
    subject: &Subject<F, C>,
    margin: &Subject<F, M>,
    published: &str,
    chosen: &[&str],
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    let margins = margin.record(&Plan::default());
    let margins: BTreeSet<_> =
        lie::free_cells(&Checker::new(&margins)).iter().map(|c| margins.class(c)).collect();
    let mut classes: BTreeMap<String, Vec<&NamedCell>> = BTreeMap::new();
    for cell in lie::free_cells(&checker) {
        let class = recording.class(cell);
        if !margins.contains(class.strip_prefix("leaf # ").unwrap_or(&class)) {
            classes.entry(class).or_default().push(cell);
        }
    }
    let cells: Vec<_> = classes
        .values()
        .flat_map(|of| if of.len() > 1 { vec![of[0], of[of.len() - 1]] } else { of.clone() })
        .collect();
    let is_published = |name: &str| name.starts_with(published);
    let (told, accepted) = lie::accepted_when_published(subject, &checker, &cells, is_published);
    let forged: BTreeSet<_> = accepted
        .into_iter()
        .map(|of| zkmargin_testkit::class(&of.region))
        .filter(|region| !chosen.contains(&region.as_str()))
        .collect();
    assert_eq!(forged, BTreeSet::new());
    println!("{told} published lies about {} classes", classes.len());
}

/// Nothing unconstrained, unused or idle; and what each public input depends
/// on is golden.
pub fn the_graph_is_whole<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    expected: &Expected,
) {
    the_graph_is_whole_but(subject, expected, &[]);
}

/// The same but for findings that are known.
pub fn the_graph_is_whole_but<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    expected: &Expected,
    known: &[graph::Finding],
) {
    the_graph_is_whole_of(subject, expected, known, &transition::NAMES);
}

/// The same of a statement whose public inputs have other names.
pub fn the_graph_is_whole_of<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    expected: &Expected,
    known: &[graph::Finding],
    names: &[&str],
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    // Free in the statement: the transcript of a proof binds it.
    let memo = graph::Finding::Unconstrained("public: memo / public input".to_owned());
    // Where a gate reads the public inputs, so is the cell that it holds equal to it.
    let read = (!checker.read_public().is_empty())
        .then(|| graph::Finding::Unconstrained(format!("{PUBLIC_ROWS} / row #")));
    let known = known.iter().cloned().chain([memo]).chain(read).collect();
    assert_eq!(graph::findings(&checker), known);
    let mut text = String::new();
    for (row, links) in graph::dependencies(&checker) {
        let name = names[row];
        writeln!(text, "{row} {name}").unwrap();
        links.iter().for_each(|link| writeln!(text, "    {link}").unwrap());
    }
    // What depends on what does not depend on the layout.
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    let path = format!("{directory}/{}-dependencies.txt", expected.name);
    assert_golden(&path, &text);
}

/// Constraints by class, as text.
pub fn classes_are_golden<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    expected: &Expected,
) {
    let recording = subject.record(&Plan::default());
    let text = classes::text(&Checker::new(&recording));
    let layout = format!("{:?}", ColumnLayout::of::<F>()).to_lowercase();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    assert_golden(&format!("{directory}/{}-{layout}-classes.txt", expected.circuit), &text);
}

/// A stored expectation, its comments left out. It is no golden text: it says
/// what has to be, is written by hand or with care, and is always compared.
fn stored(file: &str) -> Vec<String> {
    let path = format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// The lists of one kind, of the family and of the statement.
fn stored_of_parts(kind: &str, expected: &Expected) -> Vec<String> {
    expected.parts.iter().flat_map(|part| stored(&format!("{kind}-{part}.txt"))).collect()
}

/// Every wire's bound, and what it rests on, is as the stored table says; and
/// the circuit looks up every byte of every range that the table names, in
/// every region of the name.
pub fn bounds_are_as_stored<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    expected: &Expected,
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    let bytes: BTreeSet<_> = (0..256).map(|byte| vec![F::from(byte)]).collect();
    assert_eq!(checker.tables(), [bytes], "the table of bytes");

    let file = format!("bounds-{}.txt", expected.name);
    let assumed = stored_of_parts("assumed", expected);
    let assumed: Vec<_> = assumed.iter().map(|line| Assumed::read(line).unwrap()).collect();
    let table = bounds::table(&checker, &assumed);
    let lines: Vec<_> = table.iter().map(|(wire, bound)| format!("{wire} | {bound}")).collect();
    if std::env::var("ZKMARGIN_BOUNDS").is_ok_and(|mode| mode == "write") {
        let path = format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR"));
        let head = "# wire | bound | what it rests on; see the README.\n";
        std::fs::write(path, format!("{head}{}\n", lines.join("\n"))).unwrap();
    }
    let stored = stored(&file);
    let differ = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|line| !b.contains(line)).cloned().collect()
    };
    assert_eq!((differ(&stored, &lines), differ(&lines, &stored)), Default::default());

    // Widths by the table, not by the circuit.
    let ranges: BTreeSet<_> = stored
        .iter()
        .flat_map(|line| line.rsplit(" | ").next().unwrap().split(", "))
        .filter(|why| why.contains(": range "))
        .collect();
    let mut cells: BTreeMap<usize, Vec<&NamedCell>> = BTreeMap::new();
    for cell in recording.cells.iter().filter(|cell| cell.name.starts_with("z ")) {
        cells.entry(cell.region).or_default().push(cell);
    }
    let mut seen = BTreeSet::new();
    for (region, cells) in &cells {
        let name = &recording.regions[*region];
        let class = classes::region_class(name);
        let range = *ranges.get(class.as_str()).unwrap_or_else(|| panic!("{name} is not stored"));
        let bits: u32 = range.rsplit(' ').next().unwrap().parse().unwrap();
        assert_eq!(bounds::looked_up_bits(&checker, cells), Some(bits), "{name}");
        seen.insert(range);
    }
    assert_eq!(seen, ranges, "ranges that nothing checks");
}

/// The regions whose values ranges alone pin, in which `#` stands for a number:
/// `region | why` in a stored list.
fn pins(expected: &Expected) -> Vec<String> {
    let region = |line: String| line.split_once(" | ").expect("a reason").0.to_owned();
    stored_of_parts("pins", expected).into_iter().map(region).collect()
}

/// What can move when the values of these regions are held; names of all that
/// is not free on purpose.
fn moving<'a, F: MarginField>(
    checker: &Checker<'a, F>,
    expected: &Expected,
    lookups: Lookups,
    held: impl Fn(&str) -> bool,
) -> (Rigidity<'a>, Vec<String>) {
    let recording = checker.recording();
    let pinned = |cell: &NamedCell| {
        matches!(cell.name.as_str(), "z 0" | "witness") && held(&recording.regions[cell.region])
    };
    let found = rigidity(checker, lookups, pinned);
    let moving = found.moving.iter().filter(|c| !expected.is_free(&recording.regions[c.region]));
    let names = moving.map(|cell| recording.full_name(cell)).collect();
    (found, names)
}

/// With the lookups nothing can move; without them nothing but what the stored
/// pins hold.
pub fn the_witness_is_rigid<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    expected: &Expected,
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    let pins = pins(expected);
    let (all, names) = moving(&checker, expected, Lookups::Hold, |_| false);
    assert_eq!(names, [""; 0], "{} {}: cells that can move", expected.name, F::NAME);
    let is_pin = |region: &str| pins.iter().any(|pin| bounds::is_like(region, pin));
    let (held, names) = moving(&checker, expected, Lookups::Ignored, is_pin);
    assert_eq!(names, [""; 0], "{} {}: cells that no range pins", expected.name, F::NAME);
    println!(
        "{} {} k {}: {} variables, {} directions with lookups; without and {} pins {}",
        expected.name,
        F::NAME,
        subject.k,
        all.variables,
        all.directions,
        held.pins,
        held.directions
    );
}

/// No pin stands in the list in vain: without it something moves.
pub fn every_pin_is_needed<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    expected: &Expected,
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    let pins = pins(expected);
    for pin in &pins {
        let held = |region: &str| {
            let other = |other: &&String| *other != pin && bounds::is_like(region, other);
            pins.iter().any(|pin| other(&pin))
        };
        let (_, names) = moving(&checker, expected, Lookups::Ignored, held);
        assert_ne!(names, [""; 0], "{pin} holds what is held without it");
    }
    let (free, _) = moving(&checker, expected, Lookups::Ignored, |_| false);
    println!("{} {}: {} directions without pins", expected.name, F::NAME, free.directions);
}

/// Free on purpose, in these slots: the sign of a bucket's deficit that is exactly nothing.
pub fn deficits_of_nothing(slots: impl Iterator<Item = String>) -> Vec<(String, &'static str)> {
    const EITHER: &str = "zero has either sign, and its positive part is zero";
    slots.map(|slot| (format!("{slot}: M5 deficit is positive"), EITHER)).collect()
}

/// Every free value changed, and everything after it computed again. By
/// default the first and the last cell of each class, in the long run every
/// cell.
pub fn no_lie_is_accepted<F: MarginField, C: Circuit<F> + Sync>(
    subject: &Subject<F, C>,
    expected: &Expected,
) {
    no_lie_is_accepted_in(subject, expected, |_| true);
}

/// The same of regions, by name; the long run asks for all of them.
pub fn no_lie_is_accepted_in<F: MarginField, C: Circuit<F> + Sync>(
    subject: &Subject<F, C>,
    expected: &Expected,
    is_in: impl Fn(&str) -> bool,
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    let mut cells = lie::free_cells(&checker);
    if !is_long() {
        cells.retain(|cell| is_in(&recording.regions[cell.region]));
        let mut classes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for cell in &cells {
            classes.entry(recording.class(cell)).or_default().push(*cell);
        }
        // The first and the last of each class: one bound of a loop is soon off
        // by one.
        let ends = classes.values().flat_map(|members| [members[0], members[members.len() - 1]]);
        cells = ends.collect();
        cells.dedup();
    }
    let (told, mut accepted) = lie::accepted(subject, &checker, &cells);
    accepted.retain(|lie| !expected.is_free(&lie.region));
    assert_eq!(accepted, []);
    println!("{}: {told} lies about {} values", expected.name, cells.len());
}

/// What is hashed is what counts: of lies about it, each with everything after it worked
/// out, nothing stays when they are taken back from where they are noticed.
#[allow(dead_code, reason = "of some subjects")]
pub fn nothing_is_told_twice<F: MarginField, C: Circuit<F>>(
    subject: &Subject<F, C>,
    expected: &Expected,
    lies: Vec<(String, C)>,
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    for (name, circuit) in lies {
        let lying = Subject { circuit, rows: subject.rows.clone(), ..*subject };
        let told = lie::told(&lying, &recording, &Plan::default());
        assert!(!told.is_empty() && !checker.check(&told).is_empty(), "{name}");
        let left = lie::taken_back(&checker, told);
        let cells = left.keys().filter_map(|cell| checker.named(*cell));
        let held = cells.filter(|cell| !expected.is_free(&recording.regions[cell.region]));
        let names: Vec<_> = held.map(|cell| recording.full_name(cell)).collect();
        assert_eq!(names, [""; 0], "{name}");
    }
}

pub fn every_constraint_is_seen_failing<F: MarginField, C: Circuit<F> + Sync>(
    subject: &Subject<F, C>,
    expected: &Expected,
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    let effort = if is_long() { Effort::Alone } else { Effort::Seen };
    let coverage = search(subject, &checker, effort, |_| true);
    let missing: Vec<_> = coverage.missing.iter().map(String::as_str).collect();
    let known: Vec<_> = expected.never_failing.iter().map(|(class, _)| *class).collect();
    assert_eq!(missing, known, "constraints that nothing makes fail");
    let (seen, alone) = (coverage.lies.len(), coverage.alone());
    println!("{}: {seen} classes of constraints seen failing, {alone} alone", expected.name);
}

/// Constraints that are dropped by default.
const FEW: usize = 6;

/// Every constraint of the circuit's code dropped in turn; a few of them by
/// default. A lie that breaks a constraint will do, alone or not, to see it fall
/// silent.
pub fn every_deletion_is_found<F: MarginField, C: Circuit<F> + Sync>(
    subject: &Subject<F, C>,
    expected: &Expected,
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    let mut faults = fault::all(&checker);
    if !is_long() {
        let apart = faults.len() / FEW;
        faults = faults.into_iter().skip(apart / 2).step_by(apart).collect();
    }
    let classes = |fault: &Fault| -> BTreeSet<_> {
        fault.dropped(subject, &checker).iter().map(|name| class_of(name)).collect()
    };
    let few: BTreeSet<_> = match is_long() {
        true => BTreeSet::new(),
        false => faults.iter().flat_map(classes).collect(),
    };
    let coverage =
        search(subject, &checker, Effort::Seen, |class| is_long() || few.contains(class));
    let found: Vec<_> = faults
        .par_iter()
        .map(|fault| (fault, fault::detect(subject, &checker, &coverage, fault)))
        .collect();
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, detection) in &found {
        assert!(detection.dropped > 0);
        detection.found_by().into_iter().for_each(|name| *by.entry(name).or_default() += 1);
    }
    println!("{}: {} deletions, found by {by:?}", expected.name, faults.len());
    let missed: Vec<_> = found
        .iter()
        .filter(|(_, detection)| !detection.is_found())
        .map(|(fault, _)| format!("{} / {}", fault.region, fault.part))
        .collect();
    let known: Vec<_> = expected.redundant.iter().map(|(fault, _)| *fault).collect();
    assert_eq!(missed, known, "deletions that nothing finds");
}

/// Prints the table of seeded faults; every one must be found.
pub fn faults_are_found<F: MarginField, C: Circuit<F> + Sync>(
    subject: &Subject<F, C>,
    faults: &[(&str, Fault)],
) {
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    // A fault in many classes, the levels of a path say, needs no lie for each.
    let classes = |fault: &Fault| -> BTreeSet<_> {
        fault.dropped(subject, &checker).iter().map(|name| class_of(name)).collect()
    };
    let few = |(_, fault): &(&str, Fault)| classes(fault).into_iter().take(2);
    let wanted: BTreeSet<_> = faults.iter().flat_map(few).collect();
    let coverage: Coverage = search(subject, &checker, Effort::Alone, |c| wanted.contains(c));
    let mut missed = Vec::new();
    println!("| bug | constraint dropped | found by |\n|---|---|---|");
    for (bug, fault) in faults {
        let detection = fault::detect(subject, &checker, &coverage, fault);
        assert!(detection.dropped > 0, "{bug}: nothing was dropped");
        let by = detection.found_by();
        println!("| {bug} | `{}`, {} | {} |", fault.region, fault.part, by.join(", "));
        if by.is_empty() {
            missed.push(bug);
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
