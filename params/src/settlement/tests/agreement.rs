//! Integers are held to the rule in floating point, which is held to the venue's cases.

use proptest::prelude::*;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::settlement::{RowKind, expiry_of};

use pasta_curves::Fp;
use zkmargin_margin::ids::Epoch;

use super::{CALM, Conditions, book, build, model, snapshot};
use crate::market::settlement::Market;
use crate::option_margin::{
    Account, Expiry, OptionPosition, Parameters, Perpetual, Requirement, Underlying,
};
use crate::scenario::black76::YEAR_SECONDS;
use crate::scenario::{Instrument, MarketSpec};
use crate::settlement::model::SettlementModel;
use crate::settlement::snapshot::SettlementSnapshot;
use crate::symbol::Symbol;

/// Instruments of the tests' market: of each coin 24 options, a perpetual and the coin.
const INSTRUMENTS: usize = 52;

/// Quote units in one of the currency.
const UNIT: f64 = 1e8;

/// The account as the rule sees it.
fn account(snapshot: &SettlementSnapshot, quantity: impl Fn(&Symbol) -> f64, cash: f64) -> Account {
    let spec = snapshot.spec();
    let underlyings =
        spec.markets.iter().map(|market| underlying(snapshot, market.spec(), &quantity));
    let stable_price = spec.markets[0].spec().stable_price;
    Account { cash, stable_price, underlyings: underlyings.collect() }
}

fn underlying(
    snapshot: &SettlementSnapshot,
    market: &MarketSpec,
    quantity: &impl Fn(&Symbol) -> f64,
) -> Underlying {
    let feeds = market.feeds.iter();
    let mut expiries: Vec<Expiry> = feeds
        .map(|feed| Expiry {
            years: feed.expiry_seconds as f64 / YEAR_SECONDS,
            forward: snapshot.settles_on(&market.underlying, feed),
            confidence: feed.forward_confidence.min(feed.vol_confidence),
            options: Vec::new(),
        })
        .collect();
    let (mut perpetual, mut collateral) = (Perpetual::NONE, 0.0);
    for (symbol, instrument) in &market.instruments {
        let quantity = quantity(symbol);
        match *instrument {
            Instrument::Option { expiry_seconds, strike, option_type, mark_vol: vol } => {
                let place = market.feeds.iter().position(|f| f.expiry_seconds == expiry_seconds);
                let option = OptionPosition { option_type, strike, vol, quantity };
                expiries[place.unwrap()].options.push(option);
            }
            Instrument::Perpetual { price, confidence } => {
                perpetual = Perpetual { quantity, price, confidence, unrealised: 0.0 };
            }
            _ => collateral = quantity,
        }
    }
    Underlying {
        parameters: model().rule(&market.underlying).unwrap().parameters(),
        spot: market.spot,
        spot_confidence: market.spot_confidence,
        perpetual,
        collateral,
        expiries,
    }
}

/// No integer balance is above the one in floating point, and they agree to two units a
/// lot; marks agree to half a unit a lot.
fn check(conditions: Conditions, lots: &[i64], cash: i64) -> Result<(), TestCaseError> {
    let snapshot = snapshot(conditions);
    let market = build(&snapshot).unwrap();
    let positions = book(&market, lots, cash.into());
    let margin = market.margin(&positions).unwrap();
    let quantity = |symbol: &Symbol| {
        let listing = market.listing(symbol.as_str()).unwrap();
        let held = positions.iter().find(|position| position.instrument == listing.id()).unwrap();
        let lot: f64 = listing.lot_size().to_string().parse().unwrap();
        held.quantity.get() as f64 * lot
    };
    let account = account(&snapshot, quantity, cash as f64 / UNIT);
    let size = lots.iter().map(|lots| lots.abs()).sum::<i64>() as f64;
    // What sums of four coins of each instrument are off by in floating point.
    let noise = 16.0 * f64::EPSILON * INSTRUMENTS as f64 * 4e5 * UNIT;
    let pairs =
        [(Level::Maintenance, Requirement::Maintenance), (Level::Initial, Requirement::Initial)];
    for (level, requirement) in pairs {
        let float = account.margin(requirement).balance * UNIT;
        let required = margin.requirement(level).unwrap().cast_signed();
        let units = (margin.counts(level) - required) as f64;
        prop_assert!(units <= float + noise, "{level}: {units} is above {float}");
        prop_assert!(float - units <= 2.0 * size + noise, "{level}: {units}, {float}");
    }
    let equity = margin.equity() as f64;
    let float = account.mark_to_market() * UNIT;
    prop_assert!((equity - float).abs() <= 0.5 * size + noise, "{equity}, {float}");
    Ok(())
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let one = || prop_oneof![Just(1.0), Just(0.55), 0.05..1.0];
    let stable = prop_oneof![Just(1.0), Just(0.99), 0.3..1.2];
    (one(), one(), one(), stable).prop_map(
        |(spot_confidence, perpetual_confidence, vol_confidence, stable_price)| Conditions {
            spot_confidence,
            perpetual_confidence,
            vol_confidence,
            stable_price,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn integers_are_never_above_the_rule(
        conditions in conditions(),
        lots in prop::collection::vec(prop_oneof![3 => Just(0_i64), 2 => -400_i64..400], INSTRUMENTS),
        cash in -1_000_000_000_000_i64..1_000_000_000_000,
    ) {
        check(conditions, &lots, cash)?;
    }
}

/// The stable coin may be worth more than its peg, where all coins count for more than
/// they are worth in it: then they count for what they are worth.
#[test]
fn coins_count_for_no_more_than_they_are_worth() {
    let market = build(&snapshot(Conditions { stable_price: 1.4, ..CALM })).unwrap();
    let coins: Vec<_> = market.rows().iter().filter(|row| row.is_long_only()).collect();
    assert_eq!(coins.len(), 2);
    let eth = market.rows()[market.listing("ETH").unwrap().row()];
    assert!(eth.mark() > 0 && eth.charges().maintenance == 0 && eth.charges().initial == 0);
}

/// What counts for nothing is left out by the venue, doubt about it too: its charge takes
/// off the mark and no more, in integers as in floating point.
#[test]
fn coins_that_count_for_nothing_are_charged_no_doubt() {
    let text = include_str!("../../../models/settlement/derive-standard.json");
    let doubtful = Conditions { spot_confidence: 0.2, ..CALM };
    for (from, to) in [
        ("\"counts\": \"0.8\"", "\"counts\": \"0\""),
        ("\"initial\": \"0.9375\"", "\"initial\": \"0\""),
    ] {
        assert!(text.contains(from), "{from}");
        let model = SettlementModel::from_text(&text.replace(from, to)).unwrap();
        let market = Market::<Fp>::build(&model, &snapshot(doubtful), Epoch::new(1)).unwrap();
        let coin = market.rows()[market.listing("ETH").unwrap().row()];
        assert_eq!(coin.charges().initial, coin.mark());
        let rule = model.rule(&Symbol::new("ETH").unwrap()).unwrap();
        let underlying = Underlying {
            parameters: rule.parameters(),
            spot: 3_000.0,
            spot_confidence: 0.2,
            perpetual: Perpetual::NONE,
            collateral: 1.0,
            expiries: Vec::new(),
        };
        let account = Account { cash: 100.0, stable_price: 1.0, underlyings: vec![underlying] };
        assert_eq!(account.margin(Requirement::Initial).balance, 100.0);
    }
}

/// The shipped model is the deployed parameters, and the fixture's those of the cases.
#[test]
fn models_have_the_rules_parameters() {
    let parameters = |model: &SettlementModel, coin: &str| {
        model.rule(&Symbol::new(coin).unwrap()).unwrap().parameters()
    };
    let model = model();
    assert_eq!(model.name(), "derive-standard");
    assert_eq!(parameters(&model, "ETH"), Parameters::DERIVE_ETH);
    assert_eq!(parameters(&model, "BTC"), Parameters::DERIVE_BTC);
    let cases = include_str!("../../../fixtures/derive_standard_model.json");
    let cases = SettlementModel::from_text(cases).unwrap();
    for coin in ["ETH", "BTC"] {
        assert_eq!(parameters(&cases, coin), Parameters::DERIVE_TEST);
    }
}

/// Every level is met by whoever meets a higher one, row by row.
#[test]
fn rows_need_no_less_for_a_higher_level() {
    let doubtful = Conditions { spot_confidence: 0.2, stable_price: 0.9, ..CALM };
    for conditions in [CALM, doubtful] {
        let market = build(&snapshot(conditions)).unwrap();
        assert_eq!(market.rows().len(), INSTRUMENTS);
        for row in market.rows() {
            let (charges, unpaired) = (row.charges(), row.unpaired());
            assert!(charges.initial >= charges.maintenance && row.mark() < 1 << 48);
            assert!(unpaired.initial >= unpaired.maintenance);
            assert!(!row.is_option() || charges.maintenance > row.mark());
        }
    }
}

/// Options of an expiry are neighbours, their strikes ascending, and nothing else has a
/// number like theirs.
#[test]
fn numbers_say_expiry_and_strike() {
    let market = build(&snapshot(CALM)).unwrap();
    let mut rows = market.rows().to_vec();
    rows.sort_by_key(|row| row.instrument());
    let expiries: Vec<_> = rows.iter().filter_map(|row| expiry_of(row.instrument())).collect();
    assert_eq!(expiries.len(), 48);
    let mut distinct = expiries.clone();
    distinct.dedup();
    assert_eq!(distinct.len(), 6, "an expiry's options are apart");
    for pair in rows.windows(2).filter(|pair| {
        let [one, other] = [&pair[0], &pair[1]].map(|row| expiry_of(row.instrument()));
        one.is_some() && one == other
    }) {
        assert!(pair[0].strike() <= pair[1].strike());
    }
    let contracts = rows.iter().filter(|row| row.kind() == RowKind::Contract);
    assert!(contracts.clone().all(|row| expiry_of(row.instrument()).is_none()));
    assert_eq!(contracts.count(), 2);
}

/// By hand: a strike per lot, an uncovered call, a perpetual and coins at low confidence.
#[test]
fn rows_by_hand() {
    let market = build(&snapshot(Conditions { spot_confidence: 0.5, ..CALM })).unwrap();
    let row = |symbol: &str| market.rows()[market.listing(symbol).unwrap().row()];
    let call = row("ETH-605700-3100-C");
    assert_eq!(call.strike(), 3_100_000_000);
    // A hundredth of half of spot.
    assert_eq!(call.extra(), 1_501_685_000);
    let forward = 3_003.37 * (1.0 + 605_700.0 * 1e-9) + 0.123_456_789;
    let unpaired = call.unpaired();
    assert!((unpaired.maintenance as f64 - forward * 1.1e6).abs() <= 1.0);
    assert!((unpaired.initial as f64 - forward * 1.2e6).abs() <= 1.0);
    assert_eq!(row("ETH-605700-3100-P").unpaired(), Default::default());
    // 91318.55 * 1.0007 is 91382.472985, a lot a hundred-thousandth of a coin.
    let perpetual = row("BTC-PERP");
    assert_eq!(perpetual.charges().maintenance, 5_939_861);
    assert_eq!(perpetual.charges().initial, 9_138_248 + 45_659_275);
    // A millionth of a coin: 0.75 of it counts, and 0.93 of that without half of spot.
    let coin = row("BTC");
    assert_eq!((coin.mark(), coin.charges().maintenance), (9_131_855, 2_282_964));
    let counts = 0.75 * 0.93 * 9_131_855.0 - 4_565_927.5;
    assert_eq!(coin.charges().initial as f64, 9_131_855.0 - f64::floor(counts));
}

/// Model digest and market root: the same bits on every platform.
#[test]
fn the_shipped_models_market_is_golden() {
    let market = build(&snapshot(CALM)).unwrap();
    let root = hex::encode(market.root().to_be_bytes());
    let found = format!("derive-standard {} {root}\n", model().digest());
    let path = format!("{}/golden/settlement-markets.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(path, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(path).unwrap());
}
