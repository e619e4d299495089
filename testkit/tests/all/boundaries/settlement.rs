//! The settlement family's boundaries.

use pasta_curves::Fp;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::settlement::{
    Charges, MAX_LOTS, MIN_LOTS, OptionType, RowKind, SettlementRow, VALUE_BITS,
};
use zkmargin_margin::units::Amount;

use super::broken;
use crate::common::scenario::book;
use crate::common::settlement::*;
use crate::common::{at_least, below};

const LEVELS: [Level; 3] = [Level::MarginCall, Level::Maintenance, Level::Initial];

#[track_caller]
fn verdict<F: MarginField>(case: &SettlementCase<F>) -> Result<(), Violation> {
    let circuit = broken(k::<F>(), &case.circuit(), &case.public_rows());
    assert_eq!(case.check().is_ok(), circuit.is_empty(), "{:?}: {circuit:?}", case.check());
    case.check()
}

/// Every level turns at one unit of cash.
#[track_caller]
fn turns<F: MarginField>(market: &SettlementMarket<F>, positions: &[Position]) {
    let with = |cash: i128| {
        let mut positions = positions.to_vec();
        positions[0].cash = Amount::new(positions[0].cash.get() + cash).unwrap();
        positions
    };
    for level in LEVELS {
        let margin = market.margin(positions);
        let needed = margin.requirement(level).unwrap().cast_signed() - margin.counts(level);
        let check = |cash: i128, claim: Claim, disclosed: u128| {
            verdict(&market.case(&with(cash), claim, disclosed))
        };
        assert_eq!(check(needed, at_least(level), 0), Ok(()), "{level:?}");
        assert!(check(needed, below(level), 0).is_err(), "{level:?}");
        assert!(check(needed - 1, at_least(level), 0).is_err(), "{level:?}");
        assert_eq!(check(needed - 1, below(level), 1), Ok(()), "{level:?}");
    }
}

/// The account is at each level, or exactly its shortfall below it.
#[track_caller]
fn exact<F: MarginField>(market: &SettlementMarket<F>, positions: &[Position]) {
    for level in LEVELS {
        let shortfall = market.margin(positions).shortfall(level);
        let (at, short) = (at_least(level), below(level));
        assert_eq!(verdict(&market.case(positions, at, 0)).is_ok(), shortfall == 0, "{level:?}");
        let disclosed = verdict(&market.case(positions, short, shortfall));
        assert_eq!(disclosed.is_ok(), shortfall > 0, "{level:?}");
    }
}

/// An expiry in which each price is the worst: zero, each strike, and beyond them all;
/// charged one by one, and by what it can lose; the last slot ends one.
fn each_price<F: MarginField>() {
    let market = SettlementMarket::<F>::of(rows());
    let books: [&[(u64, i64)]; 7] = [
        // Zero.
        &[(CASH, 1), (PUT, -30), (CALL, 4)],
        // The lowest strike, where the long put pays nothing and the call not yet.
        &[(CASH, 1), (PUT, -40), (PUT2, 40)],
        &[(CASH, 1), (PUT, 40), (PUT2, -40)],
        // The highest, and beyond it.
        &[(CASH, 1), (CALL, -40), (CALL2, 40)],
        &[(CASH, 1), (CALL, -40), (CALL2, 39)],
        // Nothing that can be lost, and what is lost charged one by one.
        &[(CASH, 1), (CALL, 40), (CALL2, -40)],
        &[(CASH, 1), (PUT, -1), (PUT2, -1), (CALL, -1), (CALL2, -1), (FAR_PUT, -1), (FAR_CALL, -1)],
    ];
    for held in books {
        turns(&market, &book(0, held));
    }
    turns(&market, &every_slot());
}

#[test]
fn each_price_is_the_worst() {
    each_price::<Fp>();
    if std::env::var("ZKMARGIN_HARNESS").is_ok_and(|mode| mode == "long") {
        each_price::<Bn254Fr>();
    }
}

/// A loss as large as the charges: either way is the same, and both signs of nothing.
#[test]
fn equal_ways_are_one() {
    // Ten call spreads of 20 lose 200; ten short calls are charged 10 + 9 each.
    let market = SettlementMarket::<Fp>::of(vec![
        other(CASH, RowKind::Collateral, 50),
        charged(CALL, (OptionType::Call, 100), 20),
        charged(CALL2, (OptionType::Call, 120), 20),
    ]);
    let positions = book(1_000, &[(CASH, 1), (CALL, -10), (CALL2, 10)]);
    let margin = market.margin(&positions);
    let expiry = margin.expiries[0];
    assert_eq!((expiry.alone, expiry.loss, expiry.naked), ([200; 2], 200, [0; 2]));
    let case = market.case(&positions, at_least(Level::Initial), 0);
    for told in [0, 1] {
        let circuit = case.lie(|a| {
            a.figures.slots[2].is_bounded = Some(Fp::from(told));
            a.figures.slots[2].is_naked = Some(Fp::from(told));
        });
        assert_eq!(broken(k::<Fp>(), &circuit, &case.public_rows()), Default::default());
    }
    turns(&market, &positions);
}

/// An option that is charged the same for both margins.
fn charged(id: u64, (option_type, strike): (OptionType, u64), charge: u64) -> SettlementRow {
    let kind = RowKind::Option { option_type, strike };
    let charges = Charges { maintenance: charge, initial: charge };
    let none = (Charges::default(), 0);
    SettlementRow::new((InstrumentId::new(id), kind), 9, charges, none).unwrap()
}

/// The most lots of rows with the largest figures, either way: nothing wraps.
#[test]
fn the_largest_figures_of_all() {
    let most = (1 << VALUE_BITS) - 1;
    let all = Charges { maintenance: most, initial: most };
    let of = |id: u64, option_type: OptionType, strike: u64| {
        let unpaired = if option_type == OptionType::Call { all } else { Charges::default() };
        let kind = RowKind::Option { option_type, strike };
        SettlementRow::new((InstrumentId::new(id), kind), most, all, (unpaired, most)).unwrap()
    };
    let market = SettlementMarket::<Fp>::of(vec![
        SettlementRow::new(
            (InstrumentId::new(PERP), RowKind::Contract),
            most,
            all,
            (Charges::default(), 0),
        )
        .unwrap(),
        of(PUT, OptionType::Put, most - 1),
        of(CALL, OptionType::Call, most - 1),
        of(PUT2, OptionType::Put, most),
        of(CALL2, OptionType::Call, most),
    ]);
    let ids = [PERP, PUT, CALL, PUT2, CALL2];
    for lots in [[MIN_LOTS; 5], [MAX_LOTS; 5], [MIN_LOTS, MAX_LOTS, MIN_LOTS, MIN_LOTS, MAX_LOTS]] {
        let held: Vec<_> = ids.into_iter().zip(lots).collect();
        exact(&market, &book(0, &held));
    }
    for lots in [MIN_LOTS - 1, MAX_LOTS + 1] {
        let case = market.case(&book(0, &[(PERP, lots)]), below(Level::Initial), 0);
        assert_eq!(verdict(&case), Err(Violation::Quantity(0)));
    }
}
