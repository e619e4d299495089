//! The deleveraging statement as equations, of the standard family: the aims *healthier*
//! and *cures* of a transition.
//!
//! Positions by themselves, as the entries found them and the last with a lot taken back,
//! are numbered behind the slots. Which slot an entry is about, and which entry is the
//! last, is looked up by number where the circuit multiplies by one-hot bits.

use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::transition::deleveraging::{Assignment, EntryHints};
use zkmargin_margin::field::MarginField;

use super::common::{List, P, n, of, sum, times, two_to, used, w, word};
use super::standard::{equity, new, quantity, required, same, set_slots, sign};
use super::{Flagged, Statement, Wires, transition};

/// The values of the wires that a prover or everybody knows.
pub fn wires<F: MarginField>(
    public: &[F],
    assignment: &Assignment<F, StandardFigures<F>>,
) -> Wires<F> {
    let Assignment { transition, aim, loose, entries, ends } = assignment;
    let slots = transition.figures.slots.len();
    let mut wires = transition::wires(public, transition, |wires, figures| {
        set_slots(wires, 0, &figures.slots);
        set_slots(wires, slots, &loose.slots[..=entries.len()]);
    });
    for (name, bit) in [
        ("is_cures", aim.is_cures),
        ("breach_is_maintenance", aim.breach_is_maintenance),
        ("breach_is_initial", aim.breach_is_initial),
    ] {
        wires.insert(name.to_owned(), bit);
    }
    for (e, entry) in entries.iter().enumerate() {
        set_entry(&mut wires, e, entry);
    }
    for (end, flags) in ends.iter().enumerate() {
        for (name, flag) in [("in_breach", flags.in_breach), ("falls_short", flags.falls_short)] {
            wires.extend(flag.map(|flag| (format!("end.{end}.{name}"), flag)));
        }
    }
    wires
}

fn set_entry<F: MarginField>(wires: &mut Wires<F>, e: usize, entry: &EntryHints<F>) {
    for (name, value) in [
        ("present", entry.present),
        ("has_lots", entry.has_lots),
        ("lots", entry.lots),
        ("cash", entry.cash),
        ("goes_on", entry.goes_on),
    ] {
        wires.insert(format!("change.{e}.{name}"), value);
    }
}

fn change<F>(e: usize, name: &str) -> P<F> {
    w(format!("change.{e}.{name}"))
}

fn has_lots<F>(e: usize) -> P<F> {
    change(e, "has_lots")
}

/// Lots that an entry adds.
fn more<F: MarginField>(e: usize) -> P<F> {
    change(e, "lots") - two_to(64)
}

fn cures<F>() -> P<F> {
    w("is_cures")
}

fn healthier<F: MarginField>() -> P<F> {
    n(1) - w("is_cures")
}

/// The level claimed of the account afterwards.
fn target<F>() -> [P<F>; 2] {
    [w("is_maintenance"), w("is_initial")]
}

/// The level that the account before is held against: of *cures* the breach, of
/// *healthier* the claimed one.
fn level<F: MarginField>() -> [P<F>; 2] {
    [
        cures() * w("breach_is_maintenance") + healthier() * w("is_maintenance"),
        cures() * w("breach_is_initial") + healthier() * w("is_initial"),
    ]
}

/// One where any of these bits is.
fn any<F: MarginField>(bits: impl IntoIterator<Item = P<F>>) -> P<F> {
    n(1) - bits.into_iter().fold(n(1), |none, bit| none * (n(1) - bit))
}

/// The statement about so many slots, of which so many are changed, opened or closed at
/// most.
pub fn statements<F: MarginField>(slots: usize, changes: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    list.list_either(slots);
    list.aim();
    list.ranges();
    list.zero("nothing is disclosed", w("disclosed"));
    for i in 0..=slots + changes {
        list.position(i);
        list.row(i);
        list.figures(i);
    }
    (0..slots).for_each(|i| list.neighbours(i));
    list.market(slots + changes + 1, n(0));
    list.portfolios(slots, changes);
    let mut aims = Aims { list: &mut list, slots, changes };
    (0..changes).for_each(|e| aims.entry(e));
    aims.settlement();
    aims.taken_back();
    aims.figures_before();
    aims.buckets();
    list.0
}

impl<F: MarginField> List<F> {
    /// T4: the aim in the claim, and what it takes of one.
    fn aim(&mut self) {
        let [maintenance, initial] = ["breach_is_maintenance", "breach_is_initial"];
        for bit in ["is_cures", maintenance, initial] {
            self.bit(bit);
        }
        self.zero("T4 one breach", w(maintenance) * w(initial));
        let above_call = || w(maintenance) + n(2) * w(initial);
        self.zero("T4 healthier has no breach", healthier() * above_call());
        let cured = n(16) + n(32) * (n(1) + above_call());
        self.claim_with(false, healthier() * n(8) + cures() * cured);
        self.zero("T4 at least", w("is_below"));
        self.zero("T4 healthier has no multiplier", healthier() * w("above_one"));
        let no_requirement = || n(1) - w("is_maintenance") - w("is_initial");
        self.zero("T4 healthier of a requirement", healthier() * no_requirement());
        self.zero("T4 maintenance is cured to it", w(maintenance) * no_requirement());
        self.zero("T4 initial is cured to it", w(initial) * (n(1) - w("is_initial")));
    }
}

struct Aims<'a, F> {
    list: &'a mut List<F>,
    slots: usize,
    changes: usize,
}

impl<F: MarginField> Aims<'_, F> {
    /// The position that an entry changes, as it was.
    fn was(&self, e: usize) -> usize {
        self.slots + e
    }

    /// The one with a lot taken back.
    fn back(&self) -> usize {
        self.slots + self.changes
    }

    /// T4: an entry is the one of the change, and its lots shrink the position.
    fn entry(&mut self, e: usize) {
        let (was, list) = (self.was(e), &mut *self.list);
        for bit in ["present", "has_lots"] {
            list.bit(&format!("change.{e}.{bit}"));
        }
        list.below(format!("change {e}: lots"), change(e, "lots"), 72);
        list.below(format!("change {e}: cash"), change(e, "cash"), 88);
        let own = of(was, "key")
            + two_to(80) * change(e, "lots")
            + two_to(152) * change(e, "cash")
            + two_to(240);
        let told = change(e, "present") * own;
        list.zero(format!("change {e} is the entry"), told - w(format!("entry.{e}")));
        let absent = || n(1) - change(e, "present");
        list.zero(format!("change {e}: no lots"), absent() * more(e));
        let gain = change(e, "cash") - two_to(80);
        list.zero(format!("change {e}: no cash"), absent() * gain);
        list.zero(format!("change {e}: lots are told"), (n(1) - has_lots(e)) * more(e));
        let before = || sign(was) * quantity(was);
        let after = || sign(was) * (quantity(was) + more(e));
        list.below(format!("change {e} does not flip"), after(), 64);
        list.below(format!("change {e} shrinks"), before() - after() - has_lots(e), 64);
    }

    /// T4: an entry without lots is the cash of one with lots in its bucket, or pays in
    /// where *healthier*. Neighbours are told to be of one bucket, or not.
    fn settlement(&mut self) {
        for e in 1..self.changes {
            let goes_on = || change(e - 1, "goes_on");
            let step = of(self.was(e), "bucket") - of(self.was(e - 1), "bucket");
            let list = &mut *self.list;
            list.bit(&format!("change.{}.goes_on", e - 1));
            list.zero(format!("change {e} is of the same bucket"), goes_on() * step);
            let absent = n(1) - change(e, "present");
            list.zero(format!("change {e} goes on"), goes_on() * absent);
        }
        for e in 0..self.changes {
            let of_bucket = (0..self.changes).map(|other| {
                let between = e.min(other)..e.max(other);
                between.fold(has_lots(other), |lots, link| lots * change(link, "goes_on"))
            });
            let alone = || change(e, "present") - any(of_bucket.clone());
            let gain = change(e, "cash") - two_to(80);
            self.list.zero(format!("change {e}: cures by lots"), cures() * alone());
            self.list.below(format!("change {e} pays in"), alone() * gain, 80);
        }
        let some = any((0..self.changes).map(has_lots));
        self.list.zero("T4 cures by some lots", cures() * (n(1) - some));
    }

    /// T4: what the entries found is what was held; the last that has lots, with one of
    /// them taken back and no cash, stands by itself where *cures*.
    fn taken_back(&mut self) {
        let names: Vec<_> = (0..self.changes).map(|e| format!("found.{e}")).collect();
        let all =
            (0..self.slots).map(|i| Flagged { flag: of(i, "changed"), of: of(i, "word_before") });
        self.list.0.push(Statement::Gathered(names, all.collect()));
        for e in 0..self.changes {
            let differ = of(self.was(e), "word") - w(format!("found.{e}"));
            self.list.zero(format!("change {e} is of what was held"), differ);
        }
        let with_one_back = |e: usize| {
            let was = self.was(e);
            let lots = quantity(was) + more(e) + sign(was) + two_to(63);
            Flagged { flag: has_lots(e), of: word(was, lots, two_to(79)) }
        };
        let from_the_last = (0..self.changes).rev().map(with_one_back).collect();
        self.list.0.push(Statement::Gathered(vec!["back".to_owned()], from_the_last));
        let differ = of(self.back(), "word") - cures() * w("back");
        self.list.zero("T4 one lot is taken back", differ);
    }

    /// T4: equity and requirement of each slot as it was, and the requirement with the
    /// last lot taken back. What no entry says is held and kept.
    fn figures_before(&mut self) {
        let changes = 0..self.changes;
        let is_last = |e: usize| {
            (e + 1..self.changes).fold(has_lots(e), |last, later| last * (n(1) - has_lots(later)))
        };
        for i in 0..self.slots {
            let unchanged = || n(1) - of(i, "changed");
            let other = unchanged() * (of(i, "held") - used(i));
            self.list.zero(format!("{i}.unsaid is held and kept"), other);
            let number = Flagged {
                flag: of(i, "changed"),
                of: sum((0..i).map(|before| of(before, "changed"))),
            };
            let mut pick = |wire: String, of: Vec<P<F>>| {
                self.list.0.push(Statement::Picked(wire.clone(), number.clone(), of));
                w(wire)
            };
            let was = changes.clone().map(|e| self.slots + e);
            let equities = was.clone().map(equity).collect();
            let requirements = was.map(|was| required(was, level())).collect();
            let equity_was = pick(format!("{i}.picked equity"), equities);
            let required_was = pick(format!("{i}.picked requirement"), requirements);
            let is_last = pick(format!("{i}.picked last"), changes.clone().map(is_last).collect());
            let equity_was = equity_was + unchanged() * equity(i);
            let required_was = required_was + unchanged() * required(i, level());
            let back = is_last * (required(self.back(), target()) - required(i, target()));
            self.list.define(format!("{i}.equity_was"), equity_was);
            self.list.define(format!("{i}.required_was"), required_was);
            self.list.define(format!("{i}.required"), required(i, target()));
            self.list.define(format!("{i}.required_back"), required(i, target()) + back);
        }
    }

    /// T4: sums by bucket; each that ends is held to the aim, and all together.
    fn buckets(&mut self) {
        let reserved = |[_, is_initial]: [P<F>; 2]| is_initial * w("reserved");
        let mut open = Bucket {
            equity: n(0),
            was: n(0),
            required: reserved(target()),
            required_was: reserved(level()),
            required_back: reserved(target()),
        };
        let (mut fallen, mut in_breach, mut falls_short) = (n(0), n(0), n(0));
        for end in 0..=self.slots {
            let ends = if end < self.slots { new(end) } else { n(1) };
            self.list.define(format!("end.{end}"), ends);
            let [less, breach, short] = self.end(end, &open);
            fallen = fallen + less;
            in_breach = in_breach + breach;
            falls_short = falls_short + short;
            if end < self.slots {
                open = self.add(end, open);
            }
        }
        let some_lots = any((0..self.changes).map(has_lots));
        let list = &mut *self.list;
        list.below("T4 requirements fall for lots", healthier() * (fallen - some_lots), 104);
        list.below("T4 some bucket was in breach", cures() * (in_breach - n(1)), 104);
        list.below("T4 some bucket falls short", cures() * (falls_short - n(1)), 128);
    }

    /// Holds a bucket to the aim where it ends; by how much its requirement fell, and
    /// what it was and is short of where it is flagged.
    fn end(&mut self, end: usize, bucket: &Bucket<F>) -> [P<F>; 3] {
        let Bucket { equity, was, required, required_was, required_back } = bucket.clone();
        let ends = || w(format!("end.{end}"));
        let ratio = equity.clone() * required_was.clone() - was.clone() * required.clone();
        let met = n(10_000) * equity.clone() - times() * required.clone();
        let fell = ends() * (required_was.clone() - required);
        let list = &mut *self.list;
        list.below(format!("end {end}: no ratio falls"), ends() * healthier() * ratio, 184);
        list.below(format!("end {end}: the target is met"), ends() * cures() * met, 184);
        list.below(format!("end {end}: requirement"), healthier() * fell.clone(), 104);
        let mut flagged = |name: &str, short: P<F>| {
            let flag = format!("end.{end}.{name}");
            let live = || cures() * ends();
            list.0.push(Statement::Presumed(flag.clone(), [live(), short.clone()]));
            list.bit(&flag);
            list.zero(format!("{flag} where one ends"), w(flag.as_str()) * (n(1) - live()));
            w(flag) * short
        };
        let breach = flagged("in_breach", required_was - was);
        let short = times() * required_back - n(10_000) * equity;
        [fell, breach, flagged("falls_short", short)]
    }

    /// The bucket with a slot, or one of the slot alone.
    fn add(&mut self, i: usize, open: Bucket<F>) -> Bucket<F> {
        let mut total = |name: &str, before: P<F>, own: P<F>| {
            let wire = format!("{i}.bucket {name}");
            self.list.define(wire.clone(), same(i) * before + own);
            w(wire)
        };
        Bucket {
            equity: total("equity", open.equity, equity(i)),
            was: total("equity was", open.was, of(i, "equity_was")),
            required: total("required", open.required, of(i, "required")),
            required_was: total("required was", open.required_was, of(i, "required_was")),
            required_back: total("required back", open.required_back, of(i, "required_back")),
        }
    }
}

/// Figures of a bucket so far: afterwards, before, and with the last lot taken back.
#[derive(Clone)]
struct Bucket<F> {
    equity: P<F>,
    was: P<F>,
    required: P<F>,
    required_was: P<F>,
    required_back: P<F>,
}
