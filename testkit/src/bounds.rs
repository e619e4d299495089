//! A bound for every wire, with what it rests on.
//!
//! Exact integer intervals: what a range check, a bit or a constant says, and
//! what rows of arithmetic make of it. A wire without a bound is an element of
//! the field: a digest, or what only a digest holds. A wire with one is far
//! below the modulus, so an equation between two such wires is one between
//! integers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use num_bigint::{BigInt, Sign};
use zkmargin_circuits::lowering::shape::CellRef;
use zkmargin_margin::field::MarginField;

use crate::check::Checker;
use crate::classes::region_class;
use crate::record::NamedCell;
use crate::tamper::groups;

/// Bits below which a bounded wire stays: no sum or product wraps.
const FIELD_BITS: u64 = 252;
/// Bits above which a constant is no number but an element of the field, such as a digest,
/// which is another one in another field.
const NUMBER_BITS: u64 = 128;

/// From the first to the second, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Interval(BigInt, BigInt);

impl Interval {
    fn exactly(value: &BigInt) -> Self {
        Self(value.clone(), value.clone())
    }

    /// From zero to `2^bits - 1`.
    fn below(bits: u32) -> Self {
        Self(BigInt::ZERO, (BigInt::from(1) << bits) - 1)
    }

    fn and(&self, other: &Self) -> Self {
        Self((&self.0).max(&other.0).clone(), (&self.1).min(&other.1).clone())
    }

    fn or(&self, other: &Self) -> Self {
        Self((&self.0).min(&other.0).clone(), (&self.1).max(&other.1).clone())
    }

    fn times(&self, other: &Self) -> Self {
        let products =
            [&self.0 * &other.0, &self.0 * &other.1, &self.1 * &other.0, &self.1 * &other.1];
        let least = products.iter().min().cloned().unwrap_or_default();
        Self(least, products.into_iter().max().unwrap_or_default())
    }

    fn plus(&self, other: &Self) -> Self {
        Self(&self.0 + &other.0, &self.1 + &other.1)
    }

    /// The interval, unless it reaches around the field.
    fn in_field(self) -> Option<Self> {
        (self.0.bits() < FIELD_BITS && self.1.bits() < FIELD_BITS).then_some(self)
    }
}

/// Small numbers as they are, others by the next power of two away from zero.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let small = |value: &BigInt| value.bits() <= 8;
        match (self.0.sign(), small(&self.0)) {
            (Sign::Minus, false) => write!(f, "-2^{}", (-&self.0 - BigInt::from(1)).bits())?,
            (_, true) => write!(f, "{}", self.0)?,
            _ => write!(f, "2^{}", self.0.bits() - 1)?,
        }
        match small(&self.1) {
            true => write!(f, " .. {}", self.1),
            false => write!(f, " .. 2^{}", self.1.bits()),
        }
    }
}

/// What a class of wires is and rests on.
#[derive(Clone, Debug, Default)]
struct Wire {
    /// The widest of its members; `None` for an element of the field.
    interval: Option<Option<Interval>>,
    rests: BTreeSet<String>,
}

/// A bound that no constraint gives: `wire | bound | why`, where `#` stands for
/// a number.
#[derive(Clone, Debug)]
pub struct Assumed {
    wire: String,
    interval: Interval,
    why: String,
}

impl Assumed {
    /// Reads a line; `None` when it is none.
    pub fn read(line: &str) -> Option<Self> {
        let mut parts = line.split(" | ");
        let (wire, bound, why) = (parts.next()?, parts.next()?, parts.next()?);
        let (from, to) = bound.split_once(" .. ")?;
        let number = |text: &str| -> Option<BigInt> {
            match text.trim_start_matches('-').split_once('^') {
                Some((_, bits)) => Some(BigInt::from(1) << bits.parse::<u32>().ok()?),
                None => text.trim_start_matches('-').parse().ok(),
            }
        };
        let from = if from.starts_with('-') { -number(from)? } else { number(from)? };
        // A power is what no value reaches, as in the table.
        let to = if to.contains('^') { number(to)? - BigInt::from(1) } else { number(to)? };
        let interval = Interval(from, to);
        let why = why.split(':').next().unwrap_or(why);
        Some(Self { wire: wire.to_owned(), interval, why: why.to_owned() })
    }
}

/// Whether a name is of a pattern, in which `#` stands for a number.
pub fn is_like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('#');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    for part in parts {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        match after.strip_prefix(part) {
            Some(next) if after.len() < rest.len() => rest = next,
            _ => return false,
        }
    }
    rest.is_empty()
}

/// The table: `wire | bound | what it rests on`, by class.
pub fn table<F: MarginField>(
    checker: &Checker<'_, F>,
    assumed: &[Assumed],
) -> BTreeMap<String, String> {
    let mut bounds = Bounds::new(checker, assumed);
    let recording = checker.recording();
    let mut regions: BTreeMap<usize, Vec<&NamedCell>> = BTreeMap::new();
    for cell in &recording.cells {
        regions.entry(cell.region).or_default().push(cell);
    }
    for (region, cells) in &regions {
        bounds.read(&recording.regions[*region], cells);
    }
    let mut wires: BTreeMap<String, Wire> = BTreeMap::new();
    for (region, cells) in &regions {
        let name = &recording.regions[*region];
        for cell in cells.iter().filter(|cell| bounds.is_wire(name, cell)) {
            let root = bounds.root_of[&cell.at];
            let wire = wires.entry(region_class(name)).or_default();
            let own = bounds.intervals.get(&root);
            wire.interval = Some(match (wire.interval.take(), own) {
                (None, own) => own.cloned(),
                (Some(Some(so_far)), Some(own)) => Some(so_far.or(own)),
                _ => None,
            });
            wire.rests.extend(bounds.rests.get(&root).cloned().unwrap_or_default());
            if !cell.name.starts_with('z') && cell.name != "digest" {
                wire.rests.insert(kind(cell).to_owned());
            }
        }
    }
    wires.into_iter().map(|(class, wire)| (class, wire.to_string())).collect()
}

/// What a wire is, beside what is asserted of it.
fn kind(cell: &NamedCell) -> &'static str {
    match cell.name.as_str() {
        "d" => "row",
        "witness" => "witness",
        "public input" => "public",
        _ => "digest",
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.interval {
            Some(Some(interval)) => write!(f, "{interval} | ")?,
            _ => f.write_str("field | ")?,
        }
        let rests: Vec<_> = self.rests.iter().map(String::as_str).collect();
        f.write_str(&rests.join(", "))
    }
}

struct Bounds<'a, F> {
    checker: &'a Checker<'a, F>,
    root_of: BTreeMap<CellRef, CellRef>,
    intervals: BTreeMap<CellRef, Interval>,
    rests: BTreeMap<CellRef, BTreeSet<String>>,
    modulus: BigInt,
    assumed: &'a [Assumed],
    /// Fixed columns of arithmetic.
    factor: usize,
    constant: usize,
}

impl<'a, F: MarginField> Bounds<'a, F> {
    fn new(checker: &'a Checker<'a, F>, assumed: &'a [Assumed]) -> Self {
        let groups = groups(checker);
        let of = |(root, cells): (&CellRef, &Vec<CellRef>)| {
            cells.iter().map(|cell| (*cell, *root)).collect::<Vec<_>>()
        };
        let digits = F::MODULUS.trim_start_matches("0x").as_bytes();
        let fixed = |name: &str| {
            let columns = checker.recording().fixed_names.get(name);
            columns.and_then(|columns| columns.first()).copied().expect("a column of arithmetic")
        };
        Self {
            root_of: groups.iter().flat_map(of).collect(),
            intervals: BTreeMap::new(),
            rests: BTreeMap::new(),
            modulus: BigInt::parse_bytes(digits, 16).expect("a modulus"),
            factor: fixed("factor"),
            constant: fixed("constant"),
            checker,
            assumed,
        }
    }

    /// A cell that a region hands on and does not copy in.
    fn is_wire(&self, region: &str, cell: &NamedCell) -> bool {
        match cell.name.as_str() {
            "d" | "witness" | "public input" => true,
            "z 0" => !self.checked(region, cell),
            name => name.starts_with("digest of block"),
        }
    }

    /// Whether a range check's first cell is a copy.
    fn checked(&self, region: &str, cell: &NamedCell) -> bool {
        let recording = self.checker.recording();
        self.checker.copies_of(cell.at).iter().any(|i| {
            let copy = &recording.copies[*i];
            copy.left == cell.at && recording.regions[copy.region] == region
        })
    }

    fn signed(&self, element: F) -> BigInt {
        let value = BigInt::from_bytes_le(Sign::Plus, &element.to_le_bytes());
        if &value + &value > self.modulus { value - &self.modulus } else { value }
    }

    /// Learns from a region.
    fn read(&mut self, region: &str, cells: &[&NamedCell]) {
        let place = |name: &str| cells.iter().find(|cell| cell.name == name).map(|cell| cell.at);
        if let [Some(a), Some(b), Some(c), Some(d)] = ["a", "b", "c", "d"].map(place) {
            self.read_row([a, b, c, d]);
        } else if let Some(first) = place("z 0")
            && let Some(bits) = looked_up_bits(self.checker, cells)
        {
            self.learn(first, Interval::below(bits), region_class(region));
        }
        let made = place("d").or_else(|| place("witness"));
        let assumed = self.assumed.iter().find(|assumed| is_like(region, &assumed.wire));
        if let Some((assumed, made)) = assumed.zip(made) {
            self.learn(made, assumed.interval.clone(), assumed.why.clone());
        }
    }

    /// Learns from a row of arithmetic.
    fn read_row(&mut self, cells: [CellRef; 4]) {
        let recording = self.checker.recording();
        let fixed = |column: usize| recording.fixed[column][cells[0].row].unwrap_or(F::ZERO);
        let (factor, constant) = (fixed(self.factor), fixed(self.constant));
        let [a, b, c, d] = cells.map(|cell| self.root_of[&cell]);
        if a == b && a == d && c == d {
            // (x - k)^2 = 0.
            let root = self.signed(recording.value(d));
            if root.bits() <= NUMBER_BITS {
                self.learn(d, Interval::exactly(&root), "constant".to_owned());
            } else {
                self.rests_on(d, "constant".to_owned());
            }
            return;
        }
        if a == b && a == d && factor == F::ZERO && constant == F::ZERO {
            return self.learn(d, Interval::below(1), "bit".to_owned());
        }
        let of = |cell: &CellRef| self.intervals.get(cell);
        let zero = Interval::exactly(&BigInt::ZERO);
        let term = match factor == F::ZERO {
            true => Some(zero.clone()),
            false => of(&c).map(|c| c.times(&Interval::exactly(&self.signed(factor)))),
        };
        let is_zero = |cell: &CellRef| of(cell) == Some(&zero);
        let product = match is_zero(&a) || is_zero(&b) {
            true => Some(zero.clone()),
            false => of(&a).zip(of(&b)).map(|(a, b)| a.times(b)),
        };
        let known = product.zip(term).map(|(product, term)| {
            product.plus(&term).plus(&Interval::exactly(&self.signed(constant)))
        });
        if let Some(interval) = known.and_then(Interval::in_field) {
            let interval =
                self.intervals.get(&d).map_or(interval.clone(), |own| own.and(&interval));
            self.intervals.insert(d, interval);
        }
    }

    fn learn(&mut self, cell: CellRef, interval: Interval, why: String) {
        let root = self.root_of[&cell];
        let interval = self.intervals.get(&root).map_or(interval.clone(), |own| own.and(&interval));
        self.intervals.insert(root, interval);
        self.rests_on(cell, why);
    }

    fn rests_on(&mut self, cell: CellRef, why: String) {
        let root = self.root_of[&cell];
        self.rests.entry(root).or_default().insert(why);
    }
}

/// The bits that a range check's lookups pin: every byte is looked up, between
/// the running sums one after the other, and the last sum is the constant zero.
/// `None` when anything of this is missing.
pub fn looked_up_bits<F: MarginField>(
    checker: &Checker<'_, F>,
    cells: &[&NamedCell],
) -> Option<u32> {
    use crate::check::Constraint::{Copy, Lookup};
    let recording = checker.recording();
    let first = cells.first()?;
    for (i, cell) in cells.iter().enumerate() {
        let in_place = cell.name == format!("z {i}") && cell.at.row == first.at.row + i;
        if !in_place || cell.at.column != first.at.column {
            return None;
        }
    }
    let looked_up = |cell: &&NamedCell| {
        let of = checker.touching(cell.at);
        of.iter().any(|c| matches!(c, Lookup { row, .. } if *row == cell.at.row))
    };
    let bytes = cells.len() - 1;
    if !cells[..bytes].iter().all(looked_up) || looked_up(cells.last()?) {
        return None;
    }
    let last = cells.last()?.at;
    let ends = checker.touching(last).into_iter().any(|constraint| {
        let Copy(index) = constraint else { return false };
        let copy = &recording.copies[index];
        let other = checker.named(copy.right).map(|cell| recording.regions[cell.region].as_str());
        copy.left == last && other == Some("zero")
    });
    ends.then(|| u32::try_from(8 * bytes).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_numbers() {
        assert!(is_like("slot 12: M4 price: range 64", "slot #: M4 price: range #"));
        assert!(!is_like("slot 12: M4 price: range 64", "slot #: M4 price: range 6"));
        assert!(!is_like("slot : M4 price", "slot #: M4 price"));
        assert!(!is_like("slot 1: M4 price unit", "slot #: M4 price"));
    }

    #[test]
    fn bounds_read_and_show_the_same() {
        for bound in ["0 .. 1", "-1 .. 1", "0 .. 2^64", "-2^214 .. 2^214"] {
            let read = Assumed::read(&format!("wire | {bound} | why: because")).unwrap();
            assert_eq!(read.why, "why");
            assert_eq!(read.interval.to_string(), bound);
        }
        assert!(Assumed::read("wire | 0 to 1 | why").is_none());
    }

    #[test]
    fn intervals_multiply_by_their_ends() {
        let of = |a: i64, b: i64| Interval(BigInt::from(a), BigInt::from(b));
        assert_eq!(of(-2, 3).times(&of(-5, 4)), of(-15, 12));
        assert_eq!(of(0, 255).times(&of(-1, 1)), of(-255, 255));
        assert_eq!(of(0, 1).and(&of(1, 7)), of(1, 1));
        assert!(Interval::below(251).in_field().is_some());
        assert!(Interval::below(252).in_field().is_none());
    }
}
