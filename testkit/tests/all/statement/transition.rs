//! Transitions, of every family.

use crate::common;
use ff::Field as _;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::simulation::SimulationFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::transition::{Assignment, TransitionCircuit, TransitionHints};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::portfolio::{Blinding, Position};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::statement::transition::{
    Aim, CHANGE, Change, ENTRY_CASH, ENTRY_LOTS, Entry, NAMES,
};
use zkmargin_margin::units::Lots;
use zkmargin_testkit::equations::transition::{Account, statements, wires};
use zkmargin_testkit::equations::{self, Wires, broken};

use super::{Both, fields, lies_about};
use crate::common::simulation::{N, SimulationCase, SimulationMarket};
use crate::common::transition::{
    StandardTransition, TransitionCase, scenario, scenario_trade, standard, standard_close,
    standard_trade,
};
use crate::common::{LOAN, ODD, PERP, SPOT, at_least, healthy, position, simulation};

type Lie<F, G> = Box<dyn Fn(&mut Assignment<F, G>) + Sync>;
type Named<F, G> = super::Named<Assignment<F, G>>;
/// The bits of one of a slot's lists.
type Bits<F> = fn(&mut TransitionHints<F>) -> &mut Vec<F>;

/// A family, as the second statement sees it.
pub(super) trait Family<F: MarginField>: FamilyFigures<F> + 'static {
    const ACCOUNT: Account;
    fn set(wires: &mut Wires<F>, hints: &Self::Hints);
    /// What the prover writes into a slot.
    fn fields(hints: &mut Self::Hints, slot: usize) -> Vec<&mut F>;
    /// Whether it is padding.
    fn padding(hints: &Self::Hints, slot: usize) -> F;
}

impl<F: MarginField> Family<F> for StandardFigures<F> {
    const ACCOUNT: Account = Account::Standard;

    fn set(wires: &mut Wires<F>, hints: &Self::Hints) {
        equations::standard::set_figures(wires, hints);
    }

    fn fields(hints: &mut Self::Hints, slot: usize) -> Vec<&mut F> {
        super::standard::fields(&mut hints.slots[slot]).into()
    }

    fn padding(hints: &Self::Hints, slot: usize) -> F {
        hints.slots[slot].padding
    }
}

impl<F: MarginField> Family<F> for ScenarioFigures<F> {
    const ACCOUNT: Account = Account::Scenario(4);

    fn set(wires: &mut Wires<F>, hints: &Self::Hints) {
        equations::scenario::set_figures(wires, hints);
    }

    fn fields(hints: &mut Self::Hints, slot: usize) -> Vec<&mut F> {
        super::scenario::of_slot(&mut hints.slots[slot])
    }

    fn padding(hints: &Self::Hints, slot: usize) -> F {
        hints.slots[slot].padding
    }
}

impl<F: MarginField> Family<F> for SimulationFigures<F, N> {
    const ACCOUNT: Account = Account::Simulation(N);

    fn set(wires: &mut Wires<F>, hints: &Self::Hints) {
        equations::simulation::set_figures(wires, hints);
    }

    fn fields(hints: &mut Self::Hints, slot: usize) -> Vec<&mut F> {
        super::simulation::of_slot(&mut hints.slots[slot])
    }

    fn padding(hints: &Self::Hints, slot: usize) -> F {
        hints.slots[slot].padding
    }
}

/// What both say of a case.
fn both<F: MarginField, G: Family<F>>(case: &TransitionCase<F, G>) -> Both<F> {
    let (slots, changes) = (G::positions(case.shape), case.shape.changes());
    Both {
        k: TransitionCircuit::<F, G>::k(case.shape),
        rows: case.public_rows(),
        list: statements(G::ACCOUNT, slots, changes),
    }
}

fn wires_of<F: MarginField, G: Family<F>>(
    rows: &[F],
    circuit: &mut TransitionCircuit<F, G>,
) -> Wires<F> {
    wires(rows, circuit.assignment_mut().unwrap(), G::set)
}

/// Compares the verdicts on a statement, true or false; returns them.
#[track_caller]
fn agree<F: MarginField, G: Family<F>>(case: &TransitionCase<F, G>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires_of(&both.rows, &mut circuit);
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

/// What stands beside a slot; of bits those that the circuit has.
pub(super) fn beside<F>(slot: &mut TransitionHints<F>, index: usize) -> Vec<&mut F> {
    let mut fields = vec![&mut slot.held, &mut slot.lots, &mut slot.cash, &mut slot.changed];
    for bits in [&mut slot.before, &mut slot.next, &mut slot.entry] {
        fields.extend(bits.iter_mut().take(index + 1));
    }
    fields
}

/// Tells again, in bits, where the slots are that are flagged now.
pub(super) fn tell<F: MarginField, G: Family<F>>(a: &mut Assignment<F, G>) {
    let is = |flag: F| flag == F::ONE;
    let (mut before, mut next, mut entries) = (0, 0, 0);
    for i in 0..a.slots.len() {
        let kept = !is(G::padding(&a.figures, i));
        let slot = &mut a.slots[i];
        let (held, changed) = (is(slot.held), is(slot.changed));
        for (bits, flag, number) in [
            (&mut slot.before, held, before),
            (&mut slot.next, kept, next),
            (&mut slot.entry, changed, entries),
        ] {
            for (place, bit) in bits.iter_mut().enumerate() {
                *bit = F::from(u64::from(flag && place == number));
            }
        }
        before += usize::from(kept && !held);
        next += usize::from(held && !kept);
        entries += usize::from(changed);
    }
}

/// Lies about the slots, and lies of more than one field.
fn lies<F: MarginField, G: Family<F>>(
    case: &TransitionCase<F, G>,
    slots: &[usize],
) -> Vec<Named<F, G>> {
    let mut circuit = case.circuit();
    let of = circuit.assignment_mut().unwrap();
    let mut lies: Vec<Named<F, G>> = Vec::new();
    for slot in slots.iter().copied() {
        let of_fields = fields(move |a: &mut Assignment<F, G>| beside(&mut a.slots[slot], slot));
        lies.extend(lies_about(&format!("beside slot {slot}"), of, |_| (), of_fields));
        lies.extend(lies_about(&format!("beside slot {slot}, told"), of, tell, of_fields));
        let of_fields = fields(move |a: &mut Assignment<F, G>| G::fields(&mut a.figures, slot));
        lies.extend(lies_about(&format!("slot {slot}, told"), of, tell, of_fields));
    }
    for slot in 0..G::positions(case.shape) {
        lies.extend(flags(slot));
    }
    lies.extend(of_the_whole());
    lies
}

/// Lies about what a slot is: held or not, an entry or not, with all that follows told.
fn flags<F: MarginField, G: Family<F>>(slot: usize) -> Vec<Named<F, G>> {
    let mut lies: Vec<Named<F, G>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F, G>| lies.push((format!("slot {slot}: {name}"), lie));
    add(
        "held, or not",
        Box::new(move |a| {
            a.slots[slot].held = F::ONE - a.slots[slot].held;
            tell(a);
        }),
    );
    add(
        "changed, or not",
        Box::new(move |a| {
            a.slots[slot].changed = F::ONE - a.slots[slot].changed;
            tell(a);
        }),
    );
    let moves: [(&str, Bits<F>); 3] = [
        ("before", |slot| &mut slot.before),
        ("next", |slot| &mut slot.next),
        ("entry", |slot| &mut slot.entry),
    ];
    for (name, bits) in moves {
        add(
            &format!("{name} one place off"),
            Box::new(move |a| bits(&mut a.slots[slot]).rotate_right(1)),
        );
        add(
            &format!("{name} at no place"),
            Box::new(move |a| bits(&mut a.slots[slot]).fill(F::ZERO)),
        );
        add(
            &format!("{name} at all places"),
            Box::new(move |a| bits(&mut a.slots[slot]).fill(F::ONE)),
        );
    }
    add(
        "a lot more before for less cash",
        Box::new(move |a| {
            a.slots[slot].lots += F::from(2).pow_vartime([72_u64]);
            a.slots[slot].cash -= F::ONE;
        }),
    );
    lies
}

/// Lies about what is of no slot.
fn of_the_whole<F: MarginField, G: Family<F>>() -> Vec<Named<F, G>> {
    let mut lies: Vec<Named<F, G>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F, G>| lies.push((name.to_owned(), lie));
    let other = || Blinding::new([1; 31]);
    add("nothing", Box::new(|_| ()));
    add("nothing, told", Box::new(tell));
    add("another blinding", Box::new(move |a| a.witness.blinding = other()));
    add(
        "another salt",
        Box::new(move |a| {
            let entries = a.witness.change.entries().to_vec();
            a.witness.change = Change::new(entries, other()).unwrap();
        }),
    );
    add("below", Box::new(|a| a.claim.is_below = F::ONE - a.claim.is_below));
    for (name, by) in [("one", F::ONE), ("minus one", -F::ONE), ("2^24", F::from(1 << 24))] {
        add(&format!("multiplier: {name}"), Box::new(move |a| a.claim.above_one += by));
        add(&format!("reserved: {name}"), Box::new(move |a| a.reserved += by));
    }
    add("what stands beside two slots swapped", Box::new(|a| a.slots.swap(0, 1)));
    add(
        "the same, told",
        Box::new(|a| {
            a.slots.swap(2, 3);
            tell(a);
        }),
    );
    lies
}

fn on_lies<F: MarginField, G: Family<F>>(name: &str, case: &TransitionCase<F, G>, slots: &[usize])
where
    TransitionCase<F, G>: Sync,
{
    assert!(agree(case), "{name}");
    let (both, lies) = (both(case), lies(case, slots));
    let (told, accepted) = both.agree_on_lies(
        &case.circuit(),
        &lies,
        |lie| case.lie(lie),
        |rows, circuit| wires_of(rows, circuit),
    );
    println!("{name} {}: {told} lies, {accepted} that both accept", F::NAME);
    assert!(accepted < told / 2);
}

/// Closed, changed and kept slots, and padding.
#[test]
fn on_lies_about_positions() {
    on_lies("standard", &standard_close::<Bn254Fr>(), &[1, 3, 4, 7]);
    on_lies("opened", &opened::<Bn254Fr>(), &[2]);
}

#[test]
fn on_lies_about_options() {
    on_lies("options", &scenario_trade::<Bn254Fr>(), &[0, 1, 6]);
}

#[test]
fn on_lies_about_simulations() {
    on_lies("simulation", &simulated::<Bn254Fr>(), &[1, 3]);
}

/// A position between others is opened.
fn opened<F: MarginField>() -> StandardTransition<F> {
    let before = [position(0, PERP, -1_500, 2_100_000), position(3, ODD, 777, 5_000)];
    let [first, last] = before.clone();
    let after = [first, position(0, SPOT, 900, 0), position(3, PERP, 1, 9), last];
    standard(&before, &after, Level::Initial)
}

/// A position is added to, and one closed.
fn simulated<F: MarginField>() -> TransitionCase<F, SimulationFigures<F, N>> {
    let market = SimulationMarket::<F>::of(simulation::full_rows(), simulation::terms());
    let before = simulation::healthy();
    let mut after = before.clone();
    after[0].quantity = Lots::new(21);
    after.remove(3);
    simulation_from(&market, &before, &after, Level::Initial)
}

fn simulation_from<F: MarginField>(
    market: &SimulationMarket<F>,
    before: &[Position],
    after: &[Position],
    level: Level,
) -> TransitionCase<F, SimulationFigures<F, N>> {
    let SimulationCase { instance, witness } = market.case(before, at_least(level), 0);
    let slot = |position: &Position| market.slot(position);
    TransitionCase::new((instance, witness), after, Aim::Meets(level), slot)
}

/// True and false transitions: native check, circuit and list have one verdict.
#[test]
fn on_statements() {
    let two = [position(0, PERP, 1, 1_000), position(0, SPOT, 5, 0)];
    let short = [position(0, PERP, 600, -549_000)];
    let loan = [position(0, PERP, 1, 1_000_000), position(0, LOAN, -1, 0)];
    for (before, after, verdict) in [
        (&healthy()[..], &healthy()[..], true),
        (&[], &two, true),
        (&two, &[], true),
        (&[], &[], true),
        (&two, &short, false),
        (&short, &two[..1], true),
        // The market has no row for a loan of nothing.
        (&loan, &loan[..1], false),
    ] {
        let case = standard::<Bn254Fr>(before, after, Level::Initial);
        assert_eq!(agree(&case), verdict, "{before:?} {after:?}");
    }
    assert!(agree(&standard_trade::<Bn254Fr>()));
    let poor = common::scenario::poor();
    let options = |after: &[Position]| scenario::<Bn254Fr>(&poor, after, Level::Initial);
    assert!(!agree(&options(&poor)));
    let market = SimulationMarket::<Bn254Fr>::of(simulation::full_rows(), simulation::terms());
    let (poor, well) = (simulation::poor(), simulation::healthy());
    for (before, after, verdict) in
        [(&poor, &poor, false), (&well, &poor, false), (&well, &well, true)]
    {
        let case = simulation_from(&market, before, after, Level::Initial);
        assert_eq!(agree(&case), verdict);
    }
}

/// Lots before of more bits than they have, for less cash: the word before is the same,
/// and the change is told as what lies between.
#[test]
fn on_lots_that_overflow() {
    let case = standard_close::<Bn254Fr>();
    let power = |bits: u64| Bn254Fr::from(2).pow_vartime([bits]);
    let entries = case.witness.change.entries();
    let slot = case.witness.slots.iter().rposition(|slot| {
        entries.last().is_some_and(|entry| entry.key() == slot.slot.position.key())
    });
    let slot = slot.unwrap();
    let mut words: Vec<Bn254Fr> = entries.iter().map(Entry::word).collect();
    *words.last_mut().unwrap() -= power(64 + u64::from(ENTRY_LOTS));
    *words.last_mut().unwrap() += power(ENTRY_CASH.into());
    let zero = Bn254Fr::from(0);
    let chain = hash(Domain::ChangeEntries, [zero, words[0], words[1], zero]);
    let salt = case.witness.change.salt().to_field();
    let mut both = both(&case);
    both.rows[CHANGE] = hash(Domain::Change, [chain, salt, zero, zero]);
    let mut circuit = case.lie(|a| {
        a.slots[slot].lots += power(64);
        a.slots[slot].cash -= Bn254Fr::from(1);
    });
    let wires = wires_of(&both.rows, &mut circuit);
    assert_eq!(broken(&both.list, wires.clone()), [format!("{slot}.lots before")]);
    assert!(!both.agree(&circuit, wires));
}

/// A public input of another statement: both refuse.
#[test]
fn on_public_inputs() {
    let case = standard_close::<Bn254Fr>();
    // The memo is free.
    for (row, name) in NAMES.iter().enumerate().filter(|(row, _)| *row != MEMO) {
        let (mut circuit, mut both) = (case.circuit(), both(&case));
        both.rows[row] += Bn254Fr::from(1);
        let wires = wires_of(&both.rows, &mut circuit);
        assert!(!both.agree(&circuit, wires), "{name}");
    }
}
