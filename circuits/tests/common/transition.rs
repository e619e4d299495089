//! Transitions of accounts in the small markets, for circuit tests.

use std::collections::BTreeMap;

use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::transition::{Assignment, TransitionCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::portfolio::{Blinding, Position};
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::{
    Aim, Change, Entry, TransitionInstance, TransitionSlot, TransitionWitness, check,
};
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_margin::witness::Slot;

use super::scenario::{ScenarioCase, ScenarioMarket, book};
use super::{Case, LOAN, Market, ODD, PERP, SPOT, at_least, position, scenario};

/// A transition with its witness.
pub struct TransitionCase<F: MarginField, G: FamilyFigures<F>> {
    pub shape: Shape,
    pub instance: TransitionInstance<F>,
    pub witness: TransitionWitness<G::Family>,
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for TransitionCase<F, G> {
    fn clone(&self) -> Self {
        let Self { shape, instance, witness } = self;
        Self { shape: *shape, instance: *instance, witness: witness.clone() }
    }
}

type FamilySlot<F, G> = Slot<F, <<G as FamilyFigures<F>>::Family as MarginFamily>::Row>;
type FamilyWitness<F, G> = <<G as FamilyFigures<F>>::Family as MarginFamily>::Witness;

impl<F: MarginField, G: FamilyFigures<F>> TransitionCase<F, G> {
    /// From an account to other positions, with what lies between as the change.
    pub fn new(
        (account, before): (MarginInstance<F>, FamilyWitness<F, G>),
        after: &[Position],
        aim: Aim,
        slot: impl Fn(&Position) -> FamilySlot<F, G>,
    ) -> Self {
        let held = &G::Family::account(&before).slots;
        let mut sides: BTreeMap<_, [Option<Position>; 2]> = BTreeMap::new();
        for slot in held {
            sides.entry(slot.position.key()).or_default()[0] = Some(slot.position.clone());
        }
        for position in after {
            sides.entry(position.key()).or_default()[1] = Some(position.clone());
        }
        let (mut slots, mut entries) = (Vec::new(), Vec::new());
        for (key, [was, is]) in sides {
            let amounts = |side: &Option<Position>| {
                side.as_ref().map_or((0, 0), |p| (i128::from(p.quantity.get()), p.cash.get()))
            };
            let ((lots, cash), (more, gain)) = (amounts(&was), amounts(&is));
            if (lots, cash) != (more, gain) {
                entries.push(Entry::new(key, more - lots, gain - cash).unwrap());
            }
            let kept = is.is_some();
            let (quantity, cash) = (Lots::ZERO, Amount::ZERO);
            let closed = Position { bucket: key.0, instrument: key.1, quantity, cash };
            slots.push(TransitionSlot { slot: slot(&is.unwrap_or(closed)), kept });
        }
        let witness = TransitionWitness::<G::Family> {
            before,
            slots,
            blinding: Blinding::new([0x6b; 31]),
            change: Change::new(entries, Blinding::new([0x7c; 31])).unwrap(),
            taken_back: None,
        };
        let (next, change) = (witness.next(), witness.change.digest());
        let instance = TransitionInstance::new(account, aim, next, change).unwrap();
        Self { shape: Shape::Small, instance, witness }
    }

    pub fn check(&self) -> Result<(), Violation> {
        check(&self.instance, &self.witness)
    }

    pub fn circuit(&self) -> TransitionCircuit<F, G> {
        TransitionCircuit::new(self.shape, self.instance, self.witness.clone()).unwrap()
    }

    /// The circuit after a lie: the prover's choices changed at will.
    pub fn lie(&self, lie: impl FnOnce(&mut Assignment<F, G>)) -> TransitionCircuit<F, G> {
        let mut circuit = self.circuit();
        lie(circuit.assignment_mut().unwrap());
        circuit
    }

    pub fn public_rows(&self) -> Vec<F> {
        self.instance.to_field_elements().to_vec()
    }
}

pub type StandardTransition<F> = TransitionCase<F, StandardFigures<F>>;
pub type ScenarioTransition<F> = TransitionCase<F, ScenarioFigures<F>>;

pub fn standard<F: MarginField>(
    before: &[Position],
    after: &[Position],
    level: Level,
) -> StandardTransition<F> {
    let market = Market::over_field();
    let Case { instance, witness, .. } = market.case(before, at_least(level), 0);
    let slot = |position: &Position| market.slot(position);
    TransitionCase::new((instance, witness), after, Aim::Meets(level), slot)
}

pub fn scenario<F: MarginField>(
    before: &[Position],
    after: &[Position],
    level: Level,
) -> ScenarioTransition<F> {
    let market = ScenarioMarket::over_field();
    let ScenarioCase { instance, witness, .. } = market.case(before, at_least(level), 0);
    let slot = |position: &Position| market.slot(position);
    TransitionCase::new((instance, witness), after, Aim::Meets(level), slot)
}

/// A position is closed, another changed, a third opened; two stay, in two buckets.
/// Four of the slots are used before, four afterwards, five in all.
pub fn standard_trade<F: MarginField>() -> StandardTransition<F> {
    let before = [
        position(0, PERP, -1_500, 2_100_000),
        position(0, SPOT, 900, 0),
        position(0, LOAN, -1_000, 0),
        position(3, PERP, 0, 5_000),
    ];
    let after = [
        position(0, PERP, -1_400, 2_000_000),
        position(0, SPOT, 900, 0),
        position(0, LOAN, -1_000, 0),
        position(3, ODD, 777, 5_000),
    ];
    let mut case = standard(&before, &after, Level::Initial);
    // Three changes are one too many for the small shape.
    case.shape = Shape::Medium;
    case
}

/// A trade of two positions, one of them closed, that the small shape holds.
pub fn standard_close<F: MarginField>() -> StandardTransition<F> {
    let before = [
        position(0, PERP, -1_500, 2_100_000),
        position(0, SPOT, 900, 0),
        position(0, LOAN, -1_000, 0),
        position(3, PERP, 10, -9_000),
        position(3, ODD, 777, 5_000),
    ];
    let after = [
        position(0, PERP, -1_500, 2_100_000),
        position(0, SPOT, 900, 0),
        position(0, LOAN, -1_000, 0),
        position(3, ODD, 800, 6_000),
    ];
    standard(&before, &after, Level::Initial)
}

/// A put closed between options that stay, a perpetual opened.
pub fn scenario_trade<F: MarginField>() -> ScenarioTransition<F> {
    let before = scenario::healthy();
    let mut after = book(
        1_000_000,
        &[
            (scenario::CALL, -30),
            (scenario::PUT2, 40),
            (scenario::FAR_CALL, -10),
            (scenario::FUTURE, 5),
            (scenario::PERP, -8),
            (scenario::PERP2, 3),
            (scenario::CASH, 50),
        ],
    );
    after.sort_by_key(Position::key);
    scenario(&before, &after, Level::Initial)
}
