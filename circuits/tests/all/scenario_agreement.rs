//! The scenario circuit says what the native specification says.

use std::collections::BTreeSet;

use crate::common::mock::failures;
use crate::common::scenario::*;
use crate::common::{at_least, below};
use crate::strategy;
use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_circuits::family::{OtherUnderlyings, TooManyExpiries, TooManyPositions, Unprovable};
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::instance::{MEMO, NAMES};
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{I256, LotValue, MAX_GROSS_LOTS, RowKind, ScenarioRow, Underlying};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::units::Lots;

const LEVELS: [Level; 3] = [Level::MarginCall, Level::Maintenance, Level::Initial];

/// Runs both and asserts that they agree; returns what they say.
#[track_caller]
fn agreed(case: &ScenarioCase) -> bool {
    let native = case.check();
    let circuit = failures(k::<Fp>(case.shape), &case.circuit(), case.public_rows());
    assert_eq!(native.is_ok(), circuit.is_empty(), "native: {native:?}, circuit: {circuit:?}");
    native.is_ok()
}

/// Both claims about every level of an account, and the disclosures around the
/// shortfall of one.
#[track_caller]
fn agree_on_claims(market: &ScenarioMarket, positions: &[Position]) {
    let margin = market.account(positions);
    for level in LEVELS {
        let shortfall = margin.shortfall(level);
        assert_eq!(agreed(&market.case(positions, at_least(level), 0)), shortfall == 0);
        assert_eq!(agreed(&market.case(positions, below(level), 0)), shortfall > 0);
    }
    let shortfall = margin.shortfall(Level::Initial);
    let disclosing = |disclosed| market.case(positions, below(Level::Initial), disclosed);
    assert_eq!(agreed(&disclosing(shortfall)), shortfall > 0);
    assert!(!agreed(&disclosing(shortfall + 1)));
    if shortfall > 1 {
        assert!(!agreed(&disclosing(shortfall - 1)));
    }
}

#[test]
fn a_healthy_and_a_poor_book() {
    for market in [ScenarioMarket::new(), adding_market()] {
        assert_eq!(market.margin(&healthy()).level(), Level::Initial);
        assert_eq!(market.margin(&poor()).level(), Level::Bankrupt);
        agree_on_claims(&market, &healthy());
        agree_on_claims(&market, &poor());
    }
}

#[test]
fn books_on_both_underlyings() {
    let market = both_market::<Fp>();
    for positions in [healthy_on_both(), poor_on_both(), every_slot_on_both()] {
        let margin = market.account(&positions);
        assert!(margin.parts().iter().all(|part| part.worst < I256::ZERO && part.naked > 0));
        agree_on_claims(&market, &positions);
    }
    let all = every_slot_on_both();
    assert_eq!(all.len(), Shape::Multi.scenario_positions());
    assert_eq!(market.account(&all).expiries(), Shape::Multi.scenario_expiries());
}

/// Books on one underlying alone, and empty ones, in the market of both.
#[test]
fn books_on_one_of_both_underlyings() {
    let market = both_market::<Fp>();
    let second = |lots: &[(u64, i64)]| lots.iter().map(|(id, a)| (id + SECOND, *a)).collect();
    let lots = [(CALL, -30), (PUT, 20), (FAR_CALL, -10), (FUTURE, 5), (PERP, -8)];
    for lots in [lots.to_vec(), second(&lots), Vec::new(), second(&[(CASH, 3)])] {
        let positions = book(80_000, &lots);
        agreed(&market.case(&positions, at_least(Level::Initial), 0));
        agreed(&market.case(&positions, below(Level::Initial), 0));
    }
    // On the first alone it is asked for what a market of that alone asks for.
    let positions = book(80_000, &lots);
    let (both, alone) = (market.account(&positions), ScenarioMarket::new().account(&positions));
    assert_eq!(both.parts()[0], alone.parts()[0]);
    for level in LEVELS {
        assert_eq!(both.requirement(level), alone.requirement(level));
    }
}

/// What is asked for on both is the sum, and no profit on one pays a loss on the other.
#[test]
fn what_is_asked_for_on_both_is_the_sum() {
    let market = both_market::<Fp>();
    let lots = |by: u64, a: i64| vec![(PERP + by, a)];
    for (first, second) in [(7, 7), (7, -7), (-5, 9)] {
        let of = |lots: &[(u64, i64)]| market.account(&book(0, lots)).requirement(Level::Initial);
        let (first, second) = (lots(0, first), lots(SECOND, second));
        let both = [first.clone(), second.clone()].concat();
        assert_eq!(of(&both), of(&first).zip(of(&second)).map(|(a, b)| a + b));
    }
}

#[test]
fn books_of_one_kind() {
    let market = ScenarioMarket::new();
    for lots in [
        &[(CASH, 3)][..],
        &[(PERP, 7)],
        &[(PERP, -7), (PERP2, 7)],
        &[(FUTURE, 4), (PERP, -4)],
        &[(CALL, 5)],
        &[(CALL, -5), (PUT, -5)],
        &[(FAR_PUT, -1)],
    ] {
        let positions = book(20_000, lots);
        for side in [at_least(Level::Initial), below(Level::Initial)] {
            agreed(&market.case(&positions, side, 0));
        }
    }
}

#[test]
fn no_slot_used_and_all_slots_and_expiries_used() {
    let market = ScenarioMarket::new();
    agree_on_claims(&market, &[]);
    let [third, fourth, _] = OTHERS;
    let all = book(
        30_000,
        &[
            (CALL, 3),
            (PUT, -3),
            (CALL2, 2),
            (PUT2, -2),
            (FAR_CALL, 4),
            (FAR_PUT, -4),
            (third, 6),
            (fourth, -6),
        ],
    );
    assert_eq!(all.len(), Shape::Small.scenario_positions());
    assert_eq!(market.margin(&all).expiries.len(), Shape::Small.scenario_expiries());
    agree_on_claims(&market, &all);
}

/// No lots of options, perpetuals and collateral: only the cash counts.
#[test]
fn positions_without_lots() {
    let market = ScenarioMarket::new();
    for cash in [-1, 0, 1] {
        let positions = book(cash, &[(CALL, 0), (PUT, 0), (PERP, 0), (CASH, 0)]);
        assert_eq!(market.margin(&positions).shortfall(Level::Initial), u128::from(cash < 0));
        agree_on_claims(&market, &positions);
    }
}

/// The balance at each level exactly at the shortfall, and one unit below.
#[test]
fn levels_at_their_boundaries() {
    let market = ScenarioMarket::new();
    let lots = [(CALL, -30), (PUT, 20), (PERP, 6)];
    for level in LEVELS {
        let shortfall = market.margin(&book(-1_000_000, &lots)).shortfall(level);
        let cash = shortfall.cast_signed() - 1_000_000;
        let exact = book(cash, &lots);
        assert!(agreed(&market.case(&exact, at_least(level), 0)));
        assert!(!agreed(&market.case(&exact, below(level), 0)));
        let short = book(cash - 1, &lots);
        assert!(!agreed(&market.case(&short, at_least(level), 0)));
        assert!(agreed(&market.case(&short, below(level), 1)));
    }
}

/// The largest figures, and the first that are too large.
#[test]
fn extremes() {
    let largest = (1_i128 << 79) - 1;
    let mut rows = rows();
    rows[0].scenarios = [value((1 << 40) - 1); 42];
    rows[7].scenarios = [value(1 - (1 << 40)); 42];
    let market = ScenarioMarket::of(rows.clone(), terms());
    for lots in [(1_i64 << 32) - 1, -(1 << 32)] {
        for cash in [largest, -largest - 1] {
            let positions = book(cash, &[(CALL, lots), (PERP, lots)]);
            for claim in [at_least(Level::MarginCall), below(Level::Initial)] {
                agreed(&market.case(&positions, claim, 0));
            }
            let shortfall = market.margin(&positions).shortfall(Level::Initial);
            assert_eq!(
                agreed(&market.case(&positions, below(Level::Initial), shortfall)),
                shortfall > 0
            );
        }
    }
    // One lot too many, of either sign.
    for lots in [1_i64 << 32, -(1 << 32) - 1] {
        let case = market.case(&book(0, &[(PERP, lots)]), at_least(Level::MarginCall), 0);
        assert_eq!(case.check(), Err(Violation::Quantity(0)));
        assert!(!agreed(&case));
    }
    // A sum of 2^72 less 2^32 fits, one of 2^72 does not.
    for (value, fits) in [((1 << 40) - 1, true), (1 << 40, false)] {
        rows[7].scenarios[3] = LotValue::new(value).unwrap();
        let market = ScenarioMarket::of(rows.clone(), terms());
        let positions = book(largest, &[(PERP, -(1 << 32))]);
        let case = market.case(&positions, at_least(Level::MarginCall), 0);
        assert_eq!(case.check().err(), (!fits).then_some(Violation::Sum));
        assert_eq!(agreed(&case), fits);
    }
    // The same of the deltas, and of the charges with those on naked shorts.
    rows[7].scenarios[3] = LotValue::ZERO;
    for (delta, fits) in [((1 << 40) - 1, true), (1 << 40, false)] {
        rows[7].delta = LotValue::new(-delta).unwrap();
        let market = ScenarioMarket::of(rows.clone(), terms());
        let case = market.case(&book(0, &[(PERP, 1 << 31), (PERP2, 0)]), below(Level::Initial), 0);
        assert!(agreed(&case));
        let case = market.case(&book(0, &[(PERP, -(1 << 32))]), below(Level::Initial), 0);
        assert_eq!(agreed(&case), fits);
    }
    rows[7].delta = LotValue::ZERO;
    let mut naked = terms();
    for (charge, fits) in [((1 << 40) - 4, true), ((1 << 40) - 3, false)] {
        naked.naked = charges(charge, -charge);
        let market = ScenarioMarket::of(rows.clone(), naked);
        let case = market.case(&book(0, &[(CALL2, -(1 << 32))]), below(Level::Initial), 0);
        assert_eq!(agreed(&case), fits, "{charge}");
    }
}

/// All lots of 128 positions are at most as many as 64 can have: beyond, a sum in a row's
/// element would have two forms.
#[test]
fn lots_of_128_positions_are_bounded_together() {
    let market = huge_market::<Fp>();
    let lots = MAX_GROSS_LOTS.cast_signed() / 128;
    for (more, fits) in [(0, true), (1, false)] {
        let mut positions = huge_book(1 << 78, lots);
        positions[77].quantity = Lots::new(positions[77].quantity.get().signum() * (lots + more));
        let case = market.case(&positions, at_least(Level::MarginCall), 0);
        let case = ScenarioCase { shape: Shape::Huge, ..case };
        assert_eq!(case.check().err(), (!fits).then_some(Violation::Sum));
        if std::env::var_os("ZKMARGIN_LONG").is_none() && fits {
            continue;
        }
        let found = failures(k::<Fp>(Shape::Huge), &case.circuit(), case.public_rows());
        let names = |failure: &String| failure.contains("M4 gross lots: range 40");
        assert_eq!((found.is_empty(), found.iter().any(names)), (fits, !fits), "{found:?}");
    }
}

/// The largest shape under the mock prover, with both sides of each claim.
#[test]
fn a_book_of_128_positions() {
    if std::env::var_os("ZKMARGIN_LONG").is_none() {
        return;
    }
    let market = huge_market::<Fp>();
    for cash in [1 << 20, -(1 << 20)] {
        let positions = huge_book(cash, 1);
        assert_eq!(market.margin(&positions).expiries.len(), Shape::Huge.scenario_expiries());
        for claim in [at_least(Level::Initial), below(Level::Initial)] {
            let case = market.case(&positions, claim, 0);
            assert_eq!(
                agreed(&ScenarioCase { shape: Shape::Huge, ..case }),
                (cash > 0) == (claim.level() == Level::Initial && claim.side() == Side::AtLeast)
            );
        }
    }
}

/// Whichever candidate is the worst, the circuit follows.
#[test]
fn each_candidate_as_the_worst() {
    let quiet = |row: &ScenarioRow| ScenarioRow { scenarios: [LotValue::ZERO; 42], ..*row };
    let mut market_terms = terms();
    for worst in [0, 19, 39, 40, 41] {
        let mut rows: Vec<_> = rows().iter().map(quiet).collect();
        rows[8].scenarios[worst] = value(-9_000);
        let market = ScenarioMarket::of(rows, market_terms);
        let positions = book(100_000, &[(PERP2, 3), (CASH, 1)]);
        assert_eq!(market.margin(&positions).worst, market.margin(&positions).scenario_pnl[worst]);
        agree_on_claims(&market, &positions);
    }
    market_terms.minimum = Default::default();
    let market = ScenarioMarket::of(rows().iter().map(quiet).collect(), market_terms);
    let positions = book(10_000, &[(FUTURE, 3)]);
    assert_eq!(market.margin(&positions).worst, market.margin(&positions).basis);
    agree_on_claims(&market, &positions);
}

#[test]
fn larger_shapes_prove_the_same_account() {
    let market = ScenarioMarket::new();
    for claim in [at_least(Level::Initial), below(Level::Initial)] {
        let mut case = market.case(&healthy(), claim, 0);
        case.shape = Shape::Medium;
        agreed(&case);
    }
}

/// 63 positions in 12 expiries, the sums at their limits.
#[test]
fn the_large_shape() {
    let mut rows: Vec<ScenarioRow> = Vec::new();
    for key in 1..=12_u64 {
        for id in 0..6 {
            let mut row = crate::common::scenario::rows()[usize::from(id % 2 == 1)];
            row.instrument = zkmargin_margin::ids::InstrumentId::new(key * 100 + id);
            let zkmargin_margin::scenario::RowKind::Option { group, .. } = &mut row.kind else {
                unreachable!()
            };
            *group = crate::common::scenario::group(u16::try_from(key).unwrap());
            rows.push(row);
        }
    }
    let market = ScenarioMarket::of(rows.clone(), terms());
    let lots: Vec<_> = rows
        .iter()
        .take(63)
        .enumerate()
        .map(|(i, row)| (row.instrument.get(), i64::try_from(i).unwrap() % 7 - 3))
        .collect();
    let positions = book(500_000, &lots);
    for claim in [at_least(Level::Initial), below(Level::Initial)] {
        let mut case = market.case(&positions, claim, 0);
        case.shape = Shape::Large;
        agreed(&case);
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let market = ScenarioMarket::new();
    let new = |positions: &[Position]| {
        let case = market.case(positions, at_least(Level::MarginCall), 0);
        ScenarioCircuit::<Fp>::new(case.shape, case.instance, case.witness).err()
    };
    let expiries: Vec<_> =
        [CALL, FAR_CALL, OTHERS[0], OTHERS[1], OTHERS[2]].map(|id| (id, 1)).to_vec();
    let error = TooManyExpiries { expiries: 5, shape: Shape::Small, slots: 4 };
    assert_eq!(new(&book(0, &expiries)), Some(Unprovable::TooManyExpiries(error)));
    let nine: Vec<_> = rows().iter().take(9).map(|row| (row.instrument.get(), 1)).collect();
    let error = TooManyPositions { positions: 9, shape: Shape::Small, slots: 8 };
    assert_eq!(new(&book(0, &nine)), Some(Unprovable::TooManyPositions(error)));
    // A shape is for as many underlyings as its market has, whatever is held.
    for (market, shape, underlyings, allowed) in
        [(market.clone(), Shape::Multi, 1, 2), (both_market(), Shape::Large, 2, 1)]
    {
        let case = market.case(&book(0, &[(CALL, 1)]), at_least(Level::MarginCall), 0);
        let error = OtherUnderlyings { underlyings, shape, allowed };
        let found = ScenarioCircuit::<Fp>::new(shape, case.instance, case.witness).err();
        assert_eq!(found, Some(Unprovable::OtherUnderlyings(error)));
    }
}

/// Markets that no builder makes: both sides refuse what would blur the underlyings.
#[test]
fn malformed_markets_of_both_are_refused() {
    let find = |rows: &[ScenarioRow], id: u64| {
        rows.iter().position(|row| row.instrument.get() == id).unwrap()
    };
    // A call of the first and a put of the second underlying share a strike.
    let mut rows = both_rows();
    let put = find(&rows, PUT);
    rows[put].underlying = Underlying::SECOND;
    let RowKind::Option { group, .. } = &mut rows[put].kind else { unreachable!() };
    *group = crate::common::scenario::group(9);
    let market = ScenarioMarket::<Fp>::of(rows, both_terms());
    let case = market.case(&book(90_000, &[(CALL, -3), (PUT, 3)]), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Err(Violation::Underlying(1)));
    let failing = failures(k::<Fp>(case.shape), &case.circuit(), case.public_rows());
    assert!(failing.iter().any(|name| name.contains("one underlying of a strike")), "{failing:?}");
    // An expiry of both underlyings.
    let mut rows = both_rows();
    let far = find(&rows, FAR_CALL + SECOND);
    let RowKind::Option { group, .. } = &mut rows[far].kind else { unreachable!() };
    *group = crate::common::scenario::group(2);
    let market = ScenarioMarket::<Fp>::of(rows, both_terms());
    let lots = [(FAR_CALL, -3), (FAR_CALL + SECOND, 3)];
    let case = market.case(&book(90_000, &lots), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Err(Violation::Expiry(1)));
    assert!(!agreed(&case));
    // A row of the second in a market of one.
    let mut rows = crate::common::scenario::rows();
    rows[0].underlying = Underlying::SECOND;
    let market = ScenarioMarket::of(rows, terms());
    let case = market.case(&book(90_000, &[(CALL, 3)]), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Err(Violation::Underlying(0)));
    assert!(!agreed(&case));
}

#[test]
fn each_public_input_changed_alone_is_rejected() {
    let case = ScenarioMarket::new().case(&healthy(), at_least(Level::Initial), 0);
    // The memo is free: a proof binds it.
    for (row, name) in NAMES.iter().enumerate().take(MEMO) {
        let mut rows = case.public_rows();
        rows[row] += Fp::from(1);
        let failures = failures(k::<Fp>(case.shape), &case.circuit(), rows);
        assert_ne!(failures, BTreeSet::new(), "{name}");
    }
}

/// A claim about a book by its code, disclosing nothing, the shortfall or one more.
fn claimed(
    market: &ScenarioMarket,
    positions: &[Position],
    (code, delta): (u64, u128),
) -> ScenarioCase {
    let claim = Claim::from_code(code).unwrap_or(at_least(Level::Maintenance));
    let shortfall = market.account(positions).shortfall_of(claim.level(), claim.multiplier());
    let disclosed = [0, shortfall, shortfall + 1][delta as usize % 3];
    market.case(positions, claim, disclosed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(strategy::cases(16)))]

    #[test]
    fn on_generated_books(
        positions in strategy::any_book(),
        code in strategy::any_code(),
        delta in 0_u128..3,
        adding in any::<bool>(),
    ) {
        let market = if adding { adding_market() } else { ScenarioMarket::new() };
        agreed(&claimed(&market, &positions, (code, delta)));
    }

    #[test]
    fn on_generated_books_on_both(
        lots in proptest::collection::btree_map(0..both_rows().len(), -40_i64..40, 0..17),
        cash in -2_000_000_i128..2_000_000,
        code in strategy::any_code(),
        delta in 0_u128..3,
    ) {
        let (market, rows) = (both_market(), both_rows());
        let is_owed = |row: &ScenarioRow| row.is_long_only();
        let lots = lots.iter().map(|(row, lots)| match is_owed(&rows[*row]) {
            true => (rows[*row].instrument.get(), lots.abs()),
            false => (rows[*row].instrument.get(), *lots),
        });
        let positions = book(cash, &lots.collect::<Vec<_>>());
        prop_assume!(market.account(&positions).expiries() <= Shape::Multi.scenario_expiries());
        agreed(&claimed(&market, &positions, (code, delta)));
    }
}
