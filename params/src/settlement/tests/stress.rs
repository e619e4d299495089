//! Accounts under moves: what a market of the moved prices says, and where levels are lost.

use zkmargin_margin::claim::Level;
use zkmargin_margin::settlement::SettlementMargin;

use super::*;
use crate::market::settlement::stress::StressTest;
use crate::scenario::{Instrument, Scan, Shock, Stressable};
use crate::symbol::Symbol;

/// Cash units of a USDC.
const ONE: i128 = 100_000_000;

fn sym(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

/// So much of each instrument, and cash in USDC.
fn held(market: &Market<Fp>, cash: i128, of: &[(&str, &str)]) -> Vec<Position> {
    let position = |(place, (symbol, quantity)): (usize, &(&str, &str))| {
        let listing = market.listing(symbol).unwrap();
        Position {
            bucket: BucketId::CROSS,
            instrument: listing.id(),
            quantity: listing.lots_from_decimal(quantity).unwrap(),
            cash: Amount::new(if place == 0 { cash * ONE } else { 0 }).unwrap(),
        }
    };
    of.iter().enumerate().map(position).collect()
}

fn test<'a>(
    market: &Market<Fp>,
    of: (&'a SettlementModel, &SettlementSnapshot),
    held: &[Position],
) -> StressTest<'a> {
    StressTest::new(market, of, held, None).unwrap()
}

/// The margin in a market that is built of a snapshot at other prices, with what
/// perpetuals earned from the first to it, in quote units and down.
fn rebuilt(
    (before, after): (&SettlementSnapshot, &SettlementSnapshot),
    held: &[Position],
) -> SettlementMargin {
    let market = build(after).unwrap();
    let mut margin = market.margin(held).unwrap();
    let prices = |snapshot: &SettlementSnapshot, symbol: &Symbol| {
        let mut markets = snapshot.spec().markets.iter();
        let found = markets.find_map(|of| of.spec().instruments.get(symbol));
        let Some(Instrument::Perpetual { price, .. }) = found else { panic!("{symbol}") };
        // As a JSON file has it.
        price.to_string().parse::<rust_decimal::Decimal>().unwrap()
    };
    let mut earned = rust_decimal::Decimal::ZERO;
    for position in held {
        let listing = market.listing_by_id(position.instrument).unwrap();
        if listing.is_contract() {
            let symbol = listing.symbol();
            let coins = listing.lot_size() * rust_decimal::Decimal::from(position.quantity.get());
            earned += coins * (prices(after, symbol) - prices(before, symbol));
        }
    }
    let units = (earned * rust_decimal::Decimal::from(ONE)).floor();
    margin.worth += units.to_string().parse::<i128>().unwrap();
    margin
}

#[test]
fn a_move_is_the_market_of_the_moved_prices() {
    let (snapshot, model) = (snapshot(CALM), model());
    let market = build(&snapshot).unwrap();
    // All that is listed, by turns long and short.
    let lots: Vec<i64> = (0..52).map(|place: i64| (37 * place + 11) % 90 - 45).collect();
    let all = book(&market, &lots, 400_000 * ONE);
    let stressed = test(&market, (&model, &snapshot), &all);
    let names: Vec<_> = stressed.underlyings().map(Symbol::as_str).collect();
    assert_eq!(names, ["ETH", "BTC"]);
    assert_eq!(stressed.margin_at(Shock::NONE).unwrap(), market.margin(&all).unwrap());
    for (moved, shock) in [
        (None, Shock { spot: 0.87, vol: 1.0 }),
        (None, Shock { spot: 1.3, vol: 1.7 }),
        (Some(0), Shock { spot: 0.5, vol: 0.6 }),
        (Some(1), Shock { spot: 2.2, vol: 1.0 }),
    ] {
        let stressed = stressed.moving(moved);
        let after = snapshot.moved(moved, (shock.spot, shock.vol)).unwrap();
        let expected = rebuilt((&snapshot, &after), &all);
        assert_eq!(stressed.margin_at(shock).unwrap(), expected, "{moved:?} {shock:?}");
        // What is shown is the same in floating point.
        let point = stressed.at(shock).unwrap();
        assert_eq!(point.level, expected.level());
        let required = expected.requirement(Level::Initial).unwrap().cast_signed();
        let balance = (expected.counts(Level::Initial) - required) as f64 / 1e8;
        assert_eq!((point.initial_margin, point.equity), (balance, expected.equity() as f64 / 1e8));
        let still = moved.map_or(100.0, |place| snapshot.spec().markets[place].spec().spot);
        assert!((point.spot - still * shock.spot).abs() < 1e-9 * point.spot);
    }
}

/// Where maintenance is lost or met again, the account is on either side of the price what
/// it is said to be, in the market that is built there.
#[test]
fn a_printed_price_has_a_level_on_one_side_and_not_on_the_other() {
    let (snapshot, model) = (snapshot(CALM), model());
    let market = build(&snapshot).unwrap();
    for (cash, of) in [
        // Short on both sides.
        (9_000, vec![("ETH-605700-2950-P", "-5"), ("ETH-605700-3100-C", "-5")]),
        // A bound that holds above, and a perpetual that loses there.
        (1_500, vec![("ETH-605700-2950-C", "-2"), ("ETH-605700-5000-C", "2"), ("ETH-PERP", "-1")]),
        // Short of maintenance as it is.
        (140, vec![("ETH-7776900-2000-P", "-3"), ("ETH", "0.3")]),
        // On two underlyings, one of which moves.
        (6_000, vec![("ETH-605700-3100-C", "-2"), ("BTC-605700-91500-P", "-0.2")]),
    ] {
        let held = held(&market, cash, &of);
        let stressed = test(&market, (&model, &snapshot), &held).moving(Some(0));
        let levels = [Level::Maintenance, Level::Initial];
        let (found, _) = stressed.thresholds(&Scan::default(), &levels).unwrap();
        assert!(found.iter().any(|found| !found.crossings.is_empty()), "{of:?}");
        for found in found {
            let meets = |margin: &SettlementMargin| margin.shortfall(found.level) == 0;
            assert_eq!(found.met, meets(&market.margin(&held).unwrap()));
            for crossing in &found.crossings {
                // To the cent, as it is printed.
                let spot = snapshot.spec().markets[0].spec().spot;
                let cents = (crossing.spot * 100.0).round();
                let at = |cents: f64| {
                    let factor = cents / 100.0 / spot;
                    let after = snapshot.moved(Some(0), (factor, 1.0)).unwrap();
                    meets(&rebuilt((&snapshot, &after), &held))
                };
                let sides = (at(cents - 1.0), at(cents + 1.0));
                assert_eq!(sides, (!crossing.met_above, crossing.met_above), "{of:?} {crossing:?}");
            }
        }
    }
}

#[test]
fn a_perpetual_is_lost_where_the_formula_says() {
    let (snapshot, model) = (snapshot(CALM), model());
    let market = build(&snapshot).unwrap();
    let held = held(&market, 1_000, &[("ETH-PERP", "2")]);
    let stressed = test(&market, (&model, &snapshot), &held);
    let (found, points) = stressed.thresholds(&Scan::default(), &[Level::Maintenance]).unwrap();
    let notional = 2.0 * 3_003.37 * 1.000_7;
    let expected = (notional - 1_000.0) / (notional * (1.0 - 0.065));
    let down = found[0].down.unwrap();
    // Charges are rounded up: a unit a lot, of 20,000.
    assert!((0.0..1e-7).contains(&(down.spot_factor - expected)), "{down:?} {expected}");
    assert!(down.met_above && found[0].up.is_none() && points.len() > 500);
    assert_eq!(stressed.underlyings().count(), 1, "nothing is held on BTC");
    assert_eq!(format!("{stressed:?}"), "StressTest(..)");
}

#[test]
fn what_is_held_on_and_what_is_named_can_move() {
    let (snapshot, model) = (snapshot(CALM), model());
    let market = build(&snapshot).unwrap();
    let held = held(&market, 1_000, &[("BTC-PERP", "0.1")]);
    let names = |held: &[Position], named: Option<&str>| -> Vec<String> {
        let named = named.map(sym);
        let of = (&model, &snapshot);
        let test = StressTest::new(&market, of, held, named.as_ref()).unwrap();
        test.underlyings().map(ToString::to_string).collect()
    };
    assert_eq!(names(&held, None), ["BTC"]);
    assert_eq!(names(&held, Some("ETH")), ["ETH", "BTC"]);
    assert_eq!(names(&held, Some("SOL")), ["BTC"]);
    assert_eq!(names(&[], None), ["ETH"], "an account of nothing");
    let mut unlisted = held.clone();
    unlisted[0].instrument = sym("SOL-PERP").instrument_id();
    assert!(StressTest::new(&market, (&model, &snapshot), &unlisted, None).is_err());
    let stressed = test(&market, (&model, &snapshot), &held);
    let error = stressed.at(Shock { spot: 0.0, vol: 1.0 }).unwrap_err().to_string();
    assert_eq!(error, "spot factor: 0 is out of range: allowed are 0.001 to 1000");
    assert!(stressed.at(Shock { spot: 1.0, vol: f64::NAN }).is_err());
}
