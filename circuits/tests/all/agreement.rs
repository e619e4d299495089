//! The circuit says what the native specification says.
//!
//! `ZKMARGIN_CASES=256 cargo test --release -p zkmargin-circuits --test all -- agreement:: invalid:: `
//! runs that many generated cases per property.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use crate::common::lowered::{lowered, satisfied};
use crate::common::mock::failures;
use crate::common::*;
use crate::strategy;
use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_circuits::lowering::shape::LoweredShape;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{MEMO, NAMES};
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::{AccountMargin, Direction, TierRow};
use zkmargin_margin::units::{Notional, Price, Rate};

/// One market over both fields.
struct Markets {
    ipa: Market<Fp>,
    kzg: Market<Bn254Fr>,
}

impl Markets {
    fn new() -> Self {
        Self { ipa: Market::new(), kzg: Market::over_field() }
    }

    fn from_rows(rows: Vec<TierRow>) -> Self {
        Self {
            ipa: Market::from_rows(rows.clone(), DENOMINATOR),
            kzg: Market::from_rows(rows, DENOMINATOR),
        }
    }

    fn margin(&self, positions: &[Position]) -> AccountMargin {
        self.ipa.margin(positions)
    }

    /// Runs the native check and the circuits of both proof systems, and asserts
    /// that they agree; returns what they say.
    fn agreed(&self, positions: &[Position], claim: Claim, disclosed: u128) -> bool {
        self.agreed_in(Shape::Small, positions, claim, disclosed)
    }

    fn agreed_in(
        &self,
        shape: Shape,
        positions: &[Position],
        claim: Claim,
        disclosed: u128,
    ) -> bool {
        let ipa = Case { shape, ..self.ipa.case(positions, claim, disclosed) };
        let kzg = Case { shape, ..self.kzg.case(positions, claim, disclosed) };
        let native = ipa.check();
        assert_eq!(native, kzg.check());
        let circuit = failures(k::<Fp>(shape), &ipa.circuit(), ipa.public_rows());
        assert_eq!(native.is_ok(), circuit.is_empty(), "native: {native:?}, circuit: {circuit:?}");
        let lowered = satisfied(lowered_once(shape), &kzg.circuit(), &kzg.public_rows());
        assert_eq!(native.is_ok(), lowered, "native: {native:?}, lowered");
        native.is_ok()
    }
}

fn lowered_once(shape: Shape) -> &'static Arc<LoweredShape> {
    type Circuit = StandardCircuit<Bn254Fr>;
    static SMALL: LazyLock<Arc<LoweredShape>> = LazyLock::new(|| lowered::<Circuit>(Shape::Small));
    static MEDIUM: LazyLock<Arc<LoweredShape>> =
        LazyLock::new(|| lowered::<Circuit>(Shape::Medium));
    if shape == Shape::Small { &SMALL } else { &MEDIUM }
}

const LEVELS: [Level; 3] = [Level::MarginCall, Level::Maintenance, Level::Initial];

/// Every claim about an account, true or false, and the disclosures around
/// the shortfall.
fn agree_on_all_claims(market: &Markets, positions: &[Position]) {
    let margin = market.margin(positions);
    for level in LEVELS {
        let shortfall = margin.shortfall(level);
        assert_eq!(market.agreed(positions, at_least(level), 0), shortfall == 0);
        assert_eq!(market.agreed(positions, below(level), 0), shortfall > 0);
        assert_eq!(market.agreed(positions, below(level), shortfall), shortfall > 0);
        assert!(!market.agreed(positions, below(level), shortfall + 1));
        if shortfall > 1 {
            assert!(!market.agreed(positions, below(level), shortfall - 1));
        }
    }
}

#[test]
fn a_healthy_account() {
    agree_on_all_claims(&Markets::new(), &healthy());
}

/// Equity exactly zero, at maintenance, at initial, and one unit below each.
#[test]
fn levels_at_their_boundaries() {
    let market = Markets::new();
    let account = |cash| vec![position(0, PERP, 2_000, cash)];
    let margin = market.margin(&account(0));
    let value = margin.equity();
    let requirements = [0, margin.maintenance(), margin.initial()];
    for (level, requirement) in LEVELS.into_iter().zip(requirements) {
        let cash = requirement.cast_signed() - value;
        assert!(market.agreed(&account(cash), at_least(level), 0));
        assert!(!market.agreed(&account(cash), below(level), 0));
        assert!(!market.agreed(&account(cash - 1), at_least(level), 0));
        assert!(market.agreed(&account(cash - 1), below(level), 1));
    }
}

/// Both ends of each tier of both tiered instruments.
#[test]
fn tiers_at_their_bounds() {
    let market = Markets::new();
    for quantity in [0, 1, 999, 1_000, 1_001, -1_000, -1_001] {
        let positions = [position(0, PERP, quantity, 500_000)];
        market.agreed(&positions, at_least(Level::Initial), 0);
    }
    for quantity in [643, 644] {
        let positions = [position(0, SPOT, quantity, -100_000)];
        market.agreed(&positions, at_least(Level::Initial), 0);
    }
}

#[test]
fn no_slot_used_and_all_slots_used() {
    let market = Markets::new();
    agree_on_all_claims(&market, &[]);
    let all: Vec<_> = (0..8).map(|bucket| position(bucket, PERP, 100, -50_000)).collect();
    agree_on_all_claims(&market, &all);
    assert_eq!(all.len(), Shape::Small.standard_positions());
}

#[test]
fn only_cash() {
    let market = Markets::new();
    agree_on_all_claims(&market, &[position(0, SPOT, 0, 5)]);
    agree_on_all_claims(&market, &[position(9, SPOT, 0, -5)]);
}

/// The worst bucket decides, and a rich bucket does not help a poor one.
#[test]
fn isolated_buckets_do_not_share_collateral() {
    let market = Markets::new();
    let positions = [
        position(0, SPOT, 10, 1_000_000),
        position(1, PERP, 10, -9_900),
        position(65_535, PERP, 10, -9_400),
    ];
    assert_eq!(market.margin(&positions).level(), Level::MarginCall);
    agree_on_all_claims(&market, &positions);
}

/// The largest figures the types hold.
#[test]
fn extremes() {
    let largest = (1_i128 << 79) - 1;
    let wide = TierRow { upper: Notional::MAX, lower: Notional::ZERO, ..rows()[0] };
    let market = Markets::from_rows(vec![wide]);
    let lots = i64::try_from(((1_u128 << 80) - 1) / 1_000).unwrap_or(i64::MAX);
    for quantity in [lots, -lots, i64::MAX, i64::MIN] {
        for cash in [largest, -largest] {
            let positions = [position(0, PERP, quantity, cash)];
            market.agreed(&positions, at_least(Level::MarginCall), 0);
            market.agreed(&positions, below(Level::Initial), 0);
        }
    }
    let full = TierRow {
        maintenance: crate::common::charge_of((1 << 80) - 1, DENOMINATOR),
        initial: crate::common::charge_of((1 << 80) - 1, DENOMINATOR),
        maintenance_fraction: Rate::new(DENOMINATOR),
        ..wide
    };
    let market = Markets::from_rows(vec![full]);
    let all: Vec<_> = (0..8).map(|b| position(b, PERP, lots, -largest)).collect();
    let shortfall = market.margin(&all).shortfall(Level::Initial);
    market.agreed(&all, below(Level::Initial), shortfall);
}

/// Rows of options that are charged one by one: what is held is charged its value, what is
/// owed many times its price, at a price of its own.
#[test]
fn rates_above_one() {
    let row = |direction, price, [initial, maintenance]: [u32; 2]| TierRow {
        direction,
        price: Price::new(price, 1).unwrap(),
        lower: Notional::ZERO,
        upper: Notional::MAX,
        initial: crate::common::charge_of(0, initial),
        maintenance: crate::common::charge_of(0, maintenance),
        maintenance_fraction: Rate::new(DENOMINATOR),
        ..rows()[0]
    };
    for rates in [[149_000_001, 74_999_999], [u32::MAX; 2]] {
        let market = Markets::from_rows(vec![
            row(Direction::Long, 100, [DENOMINATOR; 2]),
            row(Direction::Short, 185, rates),
        ]);
        let margin = market.margin(&[position(0, PERP, -3, 0)]);
        let initial = (555 * u128::from(rates[0])).div_ceil(DENOMINATOR.into());
        assert_eq!((margin.equity(), margin.initial()), (-555, initial));
        let levels = [(Level::Maintenance, margin.maintenance()), (Level::Initial, initial)];
        for (level, requirement) in levels {
            let cash = 555 + requirement.cast_signed();
            let short = |cash| [position(0, PERP, -3, cash)];
            assert!(market.agreed(&short(cash), at_least(level), 0));
            assert!(market.agreed(&short(cash - 1), below(level), 1));
        }
        assert!(market.agreed(&[position(0, PERP, 7, 0)], at_least(Level::Initial), 0));
        assert!(market.agreed(&[position(0, PERP, 7, -1)], below(Level::Maintenance), 1));
    }
}

/// One commitment serves every shape, and every shape proves it.
#[test]
fn larger_shapes_prove_the_same_account() {
    let market = Markets::new();
    assert!(market.agreed_in(Shape::Medium, &healthy(), at_least(Level::Initial), 0));
}

#[test]
fn each_public_input_changed_alone_is_rejected() {
    let case = Market::new().case(&healthy(), at_least(Level::Initial), 0);
    // The memo is free: a proof binds it.
    for (row, name) in NAMES.iter().enumerate().take(MEMO) {
        let mut rows = case.public_rows();
        rows[row] += Fp::from(1);
        let failures = failures(k::<Fp>(case.shape), &case.circuit(), rows);
        assert_ne!(failures, BTreeSet::new(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(strategy::cases(24)))]

    #[test]
    fn on_generated_accounts(positions in strategy::any_portfolio(), code in strategy::any_code(), delta in 0_u128..3) {
        let market = Markets::new();
        let claim = Claim::from_code(code).unwrap_or(at_least(Level::Maintenance));
        let shortfall = market.margin(&positions).shortfall_of(claim.level(), claim.multiplier());
        let disclosed = [0, shortfall, shortfall + 1][delta as usize % 3];
        market.agreed(&positions, claim, disclosed);
    }
}
