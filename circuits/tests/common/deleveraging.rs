//! Deleveragings of accounts in the small market, for circuit tests.

use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::transition::DeleveragingCircuit;
use zkmargin_circuits::statement::transition::deleveraging::Assignment;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::{Direction, Standard, TierRow};
use zkmargin_margin::statement::transition::{TransitionInstance, TransitionWitness};
use zkmargin_margin::units::{Notional, Price, Rate};

use super::transition::{StandardTransition, TransitionCase};
use super::{Case, Market, ODD, PERP, SPOT, charge_of, position};

pub type Figures<F> = StandardFigures<F>;
pub type Circuit<F> = DeleveragingCircuit<F, Figures<F>>;

/// A deleveraging with its witness.
#[derive(Clone)]
pub struct Deleveraging<F: MarginField>(pub StandardTransition<F>);

impl<F: MarginField> Deleveraging<F> {
    pub fn check(&self) -> Result<(), Violation> {
        self.0.check()
    }

    pub fn instance(&self) -> &TransitionInstance<F> {
        &self.0.instance
    }

    pub fn witness(&self) -> &TransitionWitness<Standard<F>> {
        &self.0.witness
    }

    pub fn k(&self) -> u32 {
        Circuit::<F>::k(self.0.shape)
    }

    pub fn circuit(&self) -> Circuit<F> {
        Circuit::new(self.0.shape, self.0.instance, self.0.witness.clone()).unwrap()
    }

    /// The circuit after a lie: the prover's choices changed at will.
    pub fn lie(&self, lie: impl FnOnce(&mut Assignment<F, Figures<F>>)) -> Circuit<F> {
        let mut circuit = self.circuit();
        lie(circuit.assignment_mut().unwrap());
        circuit
    }

    pub fn public_rows(&self) -> Vec<F> {
        self.0.public_rows()
    }

    /// With this position taken back, whatever the change says.
    pub fn taking_back(mut self, position: &Position) -> Self {
        self.0.witness.taken_back = Some(Market::over_field().slot(position));
        self
    }
}

/// What an account becomes, with so much reserved, by the aim and its dials.
pub fn reserving<F: MarginField>(
    before: &[Position],
    after: &[Position],
    text: &str,
    reserved: u128,
) -> Deleveraging<F> {
    in_market(&Market::over_field(), (before, after), text, reserved)
}

/// The same in another market.
pub fn in_market<F: MarginField>(
    market: &Market<F>,
    (before, after): (&[Position], &[Position]),
    text: &str,
    reserved: u128,
) -> Deleveraging<F> {
    let (aim, claim): (_, Claim) = TransitionInstance::<F>::parse_claim(text).unwrap();
    let Case { instance, witness, .. } = market.case(before, claim, 0).reserving(reserved);
    let slot = |position: &Position| market.slot(position);
    let mut case: StandardTransition<F> =
        TransitionCase::new((instance, witness), after, aim, slot);
    let last = case.witness.change.entries().iter().rev().find(|entry| entry.lots() != 0);
    case.witness.taken_back = last.map(|entry| {
        let (bucket, instrument) = entry.key();
        let now = after.iter().find(|position| position.key() == entry.key());
        let lots = now.map_or(0, |now| now.quantity.get());
        let back = lots - i64::try_from(entry.lots().signum()).unwrap();
        slot(&position(bucket.get(), instrument.get(), back, 0))
    });
    Deleveraging(case)
}

pub fn deleverage<F: MarginField>(
    before: &[Position],
    after: &[Position],
    text: &str,
) -> Deleveraging<F> {
    reserving(before, after, text, 0)
}

/// An account whose maintenance margin is 100,000 with an equity of 90,000, and one
/// in another bucket that is well.
pub fn poor() -> Vec<Position> {
    vec![position(0, PERP, -1_500, 1_590_000), position(3, ODD, 777, 5_000)]
}

/// The same after so many lots bought back at the mark.
pub fn bought(lots: i64) -> Vec<Position> {
    let cash = 1_590_000 - 1_000 * i128::from(lots);
    vec![position(0, PERP, -1_500 + lots, cash), position(3, ODD, 777, 5_000)]
}

/// As many as it takes for maintenance, in the same tier.
pub fn cured<F: MarginField>() -> Deleveraging<F> {
    deleverage(&poor(), &bought(100), "cures:maintenance:maintenance")
}

/// As many as it takes for initial margin, into the tier below.
pub fn cured_to_initial<F: MarginField>() -> Deleveraging<F> {
    deleverage(&poor(), &bought(600), "cures:maintenance:initial")
}

/// Every slot of the smallest shape used, in three buckets; two positions shrink, one
/// of them to nothing.
pub fn full<F: MarginField>(text: &str) -> Deleveraging<F> {
    let before = [
        position(0, PERP, -1_500, 1_590_000),
        position(0, SPOT, 40, -31_080),
        position(1, PERP, 10, -8_000),
        position(1, SPOT, 40, 5),
        position(2, PERP, 5, 6_000),
        position(2, ODD, 0, 1),
        position(3, PERP, 10, -9_000),
        position(3, ODD, 777, 5_000),
    ];
    let mut after = before.to_vec();
    // The spot goes first, and brings what it is worth; its margin was 6,216.
    after[1] = position(0, SPOT, 0, 0);
    after[0] = position(0, PERP, -1_400, 1_490_000);
    after.remove(1);
    let case: Deleveraging<F> = deleverage(&before, &after, text);
    assert_eq!(case.0.shape, Shape::Small);
    case
}

/// Price, and risk in thousandths, of StarkEx's assets 1 to 5, from the unit tests of
/// x10xchange/starknet-perpetual (Apache-2.0), value_risk_calculator.cairo.
pub fn starkex_market<F: MarginField>() -> Market<F> {
    let assets = [(900, 500), (1_000, 900), (500, 100), (100, 700), (2_000, 0)];
    let rows = (1..).zip(assets).map(|(instrument, (price, risk))| TierRow {
        instrument: InstrumentId::new(instrument),
        direction: Direction::Both,
        price: Price::new(price, 1).unwrap(),
        lower: Notional::ZERO,
        upper: Notional::MAX,
        initial: charge_of(0, risk),
        maintenance: charge_of(0, risk),
        maintenance_fraction: Rate::new(1_000),
        lower_exclusive: false,
    });
    Market::from_rows(rows.collect(), 1_000)
}

/// Its transitions: name, account before, account after.
pub fn starkex_cases() -> [(&'static str, Vec<Position>, Vec<Position>); 5] {
    let held = |of: &[(u64, i64)]| -> Vec<Position> {
        of.iter().map(|(instrument, lots)| position(0, *instrument, *lots, 0)).collect()
    };
    let many = |first| held(&[(1, first), (2, 40), (3, 20), (4, 10), (5, 5)]);
    [
        ("basic", held(&[(1, 60)]), held(&[(1, 80)])),
        ("negative_balance", held(&[(1, -60)]), held(&[(1, 20)])),
        ("multiple_assets", many(60), many(80)),
        ("empty_diff", held(&[(1, 60)]), held(&[(1, 60)])),
        ("empty", held(&[]), held(&[])),
    ]
}
