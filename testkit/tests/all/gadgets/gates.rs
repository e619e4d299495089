//! Rows that break one polynomial each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use zkmargin_circuits::gadgets::hash::PERMUTATION_STEPS;
use zkmargin_circuits::gadgets::layout::ColumnLayout;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::{WIDTH, mat_mul};
use zkmargin_testkit::check::broken_gates;
use zkmargin_testkit::record::Recording;

/// A gate of few copies alone, on first steps.
const LINK: &str = "hash: link";
const REGION: &str = "domain 1: digest: hash";

/// A row: its cells by role, and the one polynomial that it breaks.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row<F> {
    gate: String,
    breaks: Option<String>,
    /// States, auxiliary cells, next states and constants of a step; or the
    /// cells, factor and constant of a row of arithmetic.
    cells: BTreeMap<String, F>,
}

impl<F: MarginField> Row<F> {
    fn of(gate: &str, parts: &[(&str, &[F])]) -> Self {
        let cells = parts.iter().flat_map(|(role, values)| {
            values.iter().enumerate().map(move |(i, value)| (format!("{role}{i}"), *value))
        });
        Self { gate: gate.to_owned(), breaks: None, cells: cells.collect() }
    }

    /// The row with one cell changed, which breaks a polynomial.
    fn breaking(&self, polynomial: &str, cell: &str, change: impl Fn(F) -> F) -> Self {
        let mut row = Self { breaks: Some(polynomial.to_owned()), ..self.clone() };
        let value = row.cells.get_mut(cell).unwrap();
        *value = change(*value);
        row
    }

    /// The row with a lane's output off by one, through the linear layer.
    fn off_lane(&self, lane: usize) -> Self {
        let mut row = Self { breaks: Some(format!("lane {lane}")), ..self.clone() };
        for i in 0..WIDTH {
            *row.cells.get_mut(&format!("n{i}")).unwrap() += F::poseidon().mds[i][lane];
        }
        row
    }
}

/// Some elements, none of them small.
fn elements<F: MarginField, const N: usize>(seed: u64) -> [F; N] {
    let mut element = F::from(seed + 2).invert().unwrap();
    std::array::from_fn(|_| {
        element = element.square() + F::from(7);
        element
    })
}

fn pow5<F: MarginField>(x: F) -> F {
    x * x * x * x * x
}

/// Full rounds: the first on a message and the domain alone, the others on
/// states, the last with one output.
///
/// With few copies the capacity's fixed cell is the S-box's output, and has no square;
/// and what is first in a message may have to be the digest before.
fn full_rounds<F: MarginField>(rows: &mut Vec<Row<F>>) {
    let has_few_copies = ColumnLayout::of::<F>() == ColumnLayout::Tall;
    let mds = &F::poseidon().mds;
    for (gate, seed) in [("hash: first", 1), ("hash: full", 2), ("hash: last", 3)] {
        let mut s: [F; WIDTH] = elements(seed);
        let mut k: [F; WIDTH] = elements(seed + 10);
        let first = gate == "hash: first";
        let x: [F; WIDTH] =
            std::array::from_fn(|i| if first && i == 4 { k[i] } else { s[i] + k[i] });
        let w = x.map(|x| x.square());
        let mut n = mat_mul(mds, x.map(pow5));
        let last = gate == "hash: last";
        let is_bare = |lane: usize| first && has_few_copies && lane == 4;
        if is_bare(4) {
            k[4] = pow5(k[4]);
        }
        if first {
            // The last digest is one of the children.
            s[4] = s[2];
        }
        if last {
            // The digest stands in the last cell, the others are not used.
            n = [F::from(3), F::from(4), F::from(5), F::from(6), n[0]];
        }
        let squares = if is_bare(4) { &w[..4] } else { &w };
        let mut good = Row::of(gate, &[("s", &s), ("w", squares), ("n", &n), ("k", &k)]);
        if first && has_few_copies {
            good.cells.insert("l".to_owned(), F::ZERO);
        }
        for i in 0..WIDTH {
            // Its square stays, so nothing else notices.
            if !is_bare(i) {
                rows.push(good.breaking(&format!("square {i}"), &format!("w{i}"), |w| -w));
            }
            if !last {
                rows.push(good.off_lane(i));
            }
        }
        if last {
            rows.push(good.breaking("digest", "n4", |digest| digest + F::ONE));
        }
        if first {
            for child in &s[..4] {
                let mut row = good.clone();
                row.cells.insert("s4".to_owned(), *child);
                rows.push(row);
            }
            for other in [F::ZERO, s[0] + F::ONE, -s[1], s[2] + s[3]] {
                rows.push(good.breaking("one of the children", "s4", |_| other));
            }
        }
        if first && has_few_copies {
            // The digest is a child, but not the first; and the first.
            let linked = Row { gate: LINK.to_owned(), ..good.clone() };
            let mut linked = linked.breaking("the first is the digest", "l", |_| F::ONE);
            rows.push(linked.clone());
            linked.breaks = None;
            linked.cells.insert("s4".to_owned(), s[0]);
            rows.push(linked);
        }
        rows.push(good);
    }
}

/// Three partial rounds in a step.
fn partial_rounds<F: MarginField>(rows: &mut Vec<Row<F>>) {
    let mds = &F::poseidon().mds;
    let s: [F; WIDTH] = elements(4);
    let k: [F; WIDTH] = elements(5);
    // `wrong` is added to the S-box's output of a round.
    let step = |wrong: [F; 2]| {
        let (mut state, mut w) = (s, [F::ZERO; WIDTH]);
        for (round, constant) in k.iter().take(3).enumerate() {
            let x = state[0] + constant;
            w[2 * round] = x.square();
            state[0] = pow5(x);
            if let Some(wrong) = wrong.get(round) {
                state[0] += wrong;
                w[2 * round + 1] = state[0];
            }
            state = mat_mul(mds, state);
        }
        Row::of("hash: partial", &[("s", &s), ("w", &w), ("n", &state), ("k", &k)])
    };
    let good = step([F::ZERO; 2]);
    for (name, cell) in [("square a", "w0"), ("square b", "w2"), ("square c", "w4")] {
        rows.push(good.breaking(name, cell, |w| -w));
    }
    for (name, wrong) in [("s-box a", [F::ONE, F::ZERO]), ("s-box b", [F::ZERO, F::ONE])] {
        rows.push(Row { breaks: Some(name.to_owned()), ..step(wrong) });
    }
    rows.extend((0..WIDTH).map(|lane| good.off_lane(lane)));
    rows.push(good);
}

fn arithmetic<F: MarginField>(rows: &mut Vec<Row<F>>) {
    let name = "a b + f c + k = d";
    for seed in 0..4 {
        let [a, b, c, f, k] = elements(seed + 20);
        let (f, k) = (f * F::from(seed & 1), k * F::from(seed >> 1));
        let cells = [("a", a), ("b", b), ("c", c), ("d", a * b + f * c + k), ("f", f), ("k", k)];
        let cells = cells.map(|(role, value)| (role.to_owned(), value));
        let good = Row { gate: "arithmetic".to_owned(), breaks: None, cells: cells.into() };
        for cell in ["a", "b", "d"] {
            rows.push(good.breaking(name, cell, |value| value + F::ONE));
        }
        rows.push(good);
    }
}

/// What each row of the stored file must break, by the statement.
fn rows<F: MarginField>() -> Vec<Row<F>> {
    let mut rows = Vec::new();
    full_rounds(&mut rows);
    partial_rounds(&mut rows);
    arithmetic(&mut rows);
    rows
}

fn hex<F: MarginField>(value: &F) -> String {
    value.to_be_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn element<F: MarginField>(hex: &str) -> F {
    let byte = |i: usize| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap();
    F::from_be_bytes(&std::array::from_fn(byte)).unwrap()
}

fn write<F: MarginField>(rows: &[Row<F>]) -> String {
    let mut text = "# A row's cells by role, after the gate and what it breaks.\n".to_owned();
    for Row { gate, breaks, cells } in rows {
        let breaks = breaks.as_deref().unwrap_or("nothing");
        writeln!(text, "{gate} | {breaks}").unwrap();
        for (role, value) in cells {
            writeln!(text, "  {role} {}", hex(value)).unwrap();
        }
    }
    text
}

fn read<F: MarginField>(text: &str) -> Vec<Row<F>> {
    let mut rows: Vec<Row<F>> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("  ") {
            Some(cell) => {
                let (role, value) = cell.split_once(' ').unwrap();
                rows.last_mut().unwrap().cells.insert(role.to_owned(), element(value));
            }
            None => {
                let (gate, breaks) = line.split_once(" | ").unwrap();
                let breaks = (breaks != "nothing").then(|| breaks.to_owned());
                rows.push(Row { gate: gate.to_owned(), breaks, cells: BTreeMap::new() });
            }
        }
    }
    rows
}

/// Where the roles of a gate's row are in the circuit.
struct Places {
    row: usize,
    advice: BTreeMap<String, (usize, usize)>,
    fixed: BTreeMap<String, usize>,
}

fn places<F: MarginField>(recording: &Recording<F>, gate: &str) -> Places {
    let fixed = |name: &str| *recording.fixed_names[name].first().unwrap();
    let at = |region: &str, name: &str| {
        let cell = recording.cell(region, name).unwrap_or_else(|| panic!("{name}")).at;
        (cell.column.index, cell.row)
    };
    if gate == "arithmetic" {
        let advice = ["a", "b", "c", "d"].map(|n| (n.to_owned(), at("path: product", n)));
        let fixed = [("f", "factor"), ("k", "constant")].map(|(r, n)| (r.to_owned(), fixed(n)));
        return Places { row: advice[0].1.1, advice: advice.into(), fixed: fixed.into() };
    }
    let state = |i: usize, step: usize| at(REGION, &format!("state {i} of step {step}"));
    let rows = state(0, 2).1 - state(0, 1).1;
    let step = match gate {
        "hash: first" | LINK => 0,
        "hash: full" => 1,
        "hash: partial" => 4,
        _ => PERMUTATION_STEPS - 1,
    };
    let row = state(0, 1).1 + rows * step - rows;
    let mut advice = BTreeMap::new();
    for i in 0..WIDTH {
        let (column, below) = at(REGION, &format!("aux {i} of step 1"));
        advice.insert(format!("s{i}"), (state(i, 1).0, row));
        advice.insert(format!("w{i}"), (column, below - state(0, 1).1 + row));
        advice.insert(format!("n{i}"), (state(i, 1).0, row + rows));
    }
    if step == 0 {
        // The message is not where states are.
        let first = |i: usize| match recording.cell(REGION, &format!("message {i} of block 0")) {
            _ if i == 0 && recording.fixed_names.contains_key("link") => {
                at(REGION, "link of block 0")
            }
            Some(cell) => (cell.at.column.index, cell.at.row),
            None => panic!("message {i}"),
        };
        advice.extend((0..4).map(|i| (format!("s{i}"), first(i))));
    }
    let mut fixed: BTreeMap<_, _> =
        (0..WIDTH).map(|i| (format!("k{i}"), fixed(&format!("constant {i}")))).collect();
    if let Some(link) = recording.fixed_names.get("link").and_then(|columns| columns.first()) {
        fixed.insert("l".to_owned(), *link);
    }
    Places { row, advice, fixed }
}

pub(crate) fn every_polynomial_fails_alone<F: MarginField>(recording: &Recording<F>) {
    let path = format!("{}/data/gates-{}.txt", env!("CARGO_MANIFEST_DIR"), F::NAME);
    if std::env::var("ZKMARGIN_GATES").is_ok_and(|mode| mode == "write") {
        std::fs::write(&path, write(&rows::<F>())).unwrap();
    }
    let stored = read::<F>(&std::fs::read_to_string(path).unwrap());
    assert_eq!(stored, rows::<F>(), "the stored rows are those of the statement");
    let mut seen = BTreeSet::new();
    for row in &stored {
        let places = places(recording, &row.gate);
        let mut changed = recording.clone();
        for (role, value) in &row.cells {
            match (places.advice.get(role), places.fixed.get(role)) {
                (Some((column, row)), _) => changed.advice[*column][*row] = Some(*value),
                (_, Some(column)) => changed.fixed[*column][places.row] = Some(*value),
                _ => panic!("{role} is nowhere"),
            }
        }
        let broken = broken_gates(&changed, places.row);
        let expected: Vec<_> = row.breaks.iter().cloned().collect();
        let names: Vec<_> = broken.iter().map(|(_, polynomial)| polynomial.clone()).collect();
        assert_eq!(names, expected, "{}", row.gate);
        seen.extend(broken);
    }
    // None is left out, and the circuit has no other.
    let all: BTreeSet<_> = recording.gates.iter().cloned().collect();
    assert_eq!(seen, all);
    // With few copies a square less, and the link.
    assert_eq!(all.len(), 10 + 10 + 10 + 6 + 1 + 1);
}
