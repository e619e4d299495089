use std::collections::BTreeMap;

use pasta_curves::Fp;
use proptest::prelude::*;
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{BucketId, Epoch, Timestamp};
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::standard::{AccountMargin, Direction};
use zkmargin_margin::units::Amount;

use crate::import::deribit::option_chain;
use crate::market::stress::{AtPrices, liquidation_price, margin_at, moved};
use crate::market::{Market, MarketError, fixed_rows};
use crate::model::StandardModel;
use crate::option_margin::bybit::{self, ShortOption};
use crate::option_margin::{self as rule, Account, Expiry, Parameters, Perpetual, Requirement};
use crate::presets;
use crate::scenario::black76::OptionType;
use crate::snapshot::{OptionPoint, PricePoint, Snapshot};
use crate::symbol::Symbol;

/// Units of the quote currency's unit.
const UNIT: f64 = 1e8;
/// Denominator of the shipped models.
const DENOMINATOR: f64 = 1e7;

fn model(name: &str) -> StandardModel {
    presets::by_name(name).unwrap().model().unwrap()
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

/// A snapshot of one underlying and options on it: type, strike, mark.
fn snapshot(coin: &str, index: Decimal, options: &[(OptionType, Decimal, Decimal)]) -> Snapshot {
    let point = PricePoint { price: index, confidence: None, open_interest: None };
    let prices = BTreeMap::from([(symbol(coin), point)]);
    let option = |(number, (option_type, strike, mark)): (usize, &(_, _, _))| {
        let expiry = Timestamp::new(1_700_000_000);
        let (option_type, strike, mark) = (*option_type, *strike, *mark);
        let point = OptionPoint { underlying: symbol(coin), option_type, expiry, strike, mark };
        (symbol(&format!("{coin}-{number}")), point)
    };
    let options = options.iter().enumerate().map(option).collect();
    let empty = Snapshot::new(Timestamp::new(1_690_000_000), "test", symbol("USD"), prices);
    empty.unwrap().with_options(options).unwrap()
}

fn built(name: &str, snapshot: &Snapshot) -> Market<Fp> {
    Market::build(&model(name), snapshot, Epoch::new(1)).unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn held(market: &Market<Fp>, symbol: &str, quantity: Decimal, cash: i128) -> Position {
    let listing = market.listing(symbol).unwrap();
    Position {
        bucket: BucketId::CROSS,
        instrument: listing.id(),
        quantity: listing.lots_from_decimal(&quantity.to_string()).unwrap(),
        cash: Amount::new(cash).unwrap(),
    }
}

/// What an account has beyond a requirement, in the quote currency.
fn beyond(margin: &AccountMargin, requirement: u128) -> f64 {
    (margin.equity() - requirement.cast_signed()) as f64 / UNIT
}

/// What one short coin is asked for, its value with it: initial and maintenance margin.
fn asked(market: &Market<Fp>, option: &str, coins: &str) -> [f64; 2] {
    let margin = market.margin(&[held(market, option, -decimal(coins), 0)]).unwrap();
    [-beyond(&margin, margin.initial()), -beyond(&margin, margin.maintenance())]
}

fn near(got: f64, expected: f64, tolerance: f64) {
    assert!(got >= expected - 1e-9 && got <= expected + tolerance, "{got} for {expected}");
}

#[test]
fn a_published_example_of_the_form_comes_out() {
    // Bit's help centre, "Margin Rules for USDT-Margined Options": ETH-USDT-17NOV23-1850-P,
    // 50 short, under the same form and numbers.
    let put = (OptionType::Put, decimal("1850"), decimal("2.4"));
    let market = built("deribit-standard-approx", &snapshot("ETH", decimal("2098"), &[put]));
    let [initial, maintenance] = asked(&market, "ETH-0", "50");
    near(initial, 10_610.0, 1e-4);
    near(maintenance, 7_987.5, 1e-4);
}

#[test]
fn bybits_own_example_comes_out() {
    let put = (OptionType::Put, decimal("18500"), decimal("290"));
    let market = built("bybit-options-approx", &snapshot("BTC", decimal("20250"), &[put]));
    let [initial, maintenance] = asked(&market, "BTC-0", "1");
    near(initial, 2_315.0, 1e-4);
    near(maintenance, 938.0, 1e-4);
}

/// Nothing is added for options that are held, however dear, and a mark of nothing has
/// rows as well.
#[test]
fn long_options_count_nothing_and_worthless_ones_have_rows() {
    let options = [
        (OptionType::Call, decimal("50000"), decimal("45678.123456789")),
        (OptionType::Call, decimal("900000"), Decimal::ZERO),
    ];
    let market = built("deribit-standard-approx", &snapshot("BTC", decimal("92500.5"), &options));
    let long =
        [held(&market, "BTC-0", decimal("3.17"), 0), held(&market, "BTC-1", decimal("8"), 0)];
    let margin = market.margin(&long).unwrap();
    assert_eq!((beyond(&margin, margin.initial()), margin.level()), (0.0, Level::Initial));
    assert_eq!(margin.equity().cast_unsigned(), margin.maintenance());
    // The price of one that is held is rounded down, of one that is owed up.
    let price = |index: usize| market.rows()[index].price.mantissa();
    let rows = market.listing("BTC-0").unwrap().rows();
    assert_eq!([price(rows.start), price(rows.start + 1)], [45_678_123_456, 45_678_123_457]);
    // Equity counts one that is owed at a thousandth of the index, and a requirement the
    // rest: both are the rule's.
    let [initial, maintenance] = asked(&market, "BTC-1", "1");
    near(initial, 9_250.05, 1e-5);
    near(maintenance, 6_937.537_5, 1e-5);
    let short = market.margin(&[held(&market, "BTC-1", decimal("-1"), 0)]).unwrap();
    assert_eq!(short.equity() as f64 / UNIT, -92.5005);
}

/// Books of one underlying: an index, and options by type, strike over the index,
/// volatility and hundredths of a coin.
fn books() -> impl Strategy<Value = (f64, Vec<(bool, f64, f64, i32)>)> {
    let option = (any::<bool>(), 0.2..4.0f64, 0.05..2.0f64, -5_000..5_000i32);
    (1_000.0..150_000.0f64, prop::collection::vec(option, 1..9))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Never above the rule in floating point, and below it by no more than is said.
    #[test]
    fn integers_are_never_above_the_rule((index, book) in books()) {
        let index = Decimal::try_from(index).unwrap().round_dp(2);
        let spot = index.to_f64().unwrap();
        let years = 0.1;
        let options: Vec<rule::OptionPosition> = book.iter().map(|(is_call, ratio, vol, lots)| {
            rule::OptionPosition {
                option_type: if *is_call { OptionType::Call } else { OptionType::Put },
                strike: (spot * ratio).round(),
                vol: *vol,
                quantity: f64::from(*lots) / 100.0,
            }
        }).collect();
        let account = |options: Vec<rule::OptionPosition>| Account {
            cash: 0.0,
            stable_price: 1.0,
            underlyings: vec![rule::Underlying {
                parameters: Parameters::DERIBIT_OPTIONS,
                spot,
                spot_confidence: 1.0,
                perpetual: Perpetual::NONE,
                collateral: 0.0,
                expiries: vec![Expiry { years, forward: spot, confidence: 1.0, options }],
            }],
        };
        let mark = |option: &rule::OptionPosition| {
            let mark = account(vec![rule::OptionPosition { quantity: 1.0, ..*option }])
                .mark_to_market();
            let up = RoundingStrategy::AwayFromZero;
            Decimal::try_from(mark).unwrap().round_dp_with_strategy(8, up)
        };
        let marked: Vec<_> = options
            .iter()
            .map(|option| {
                let strike = Decimal::try_from(option.strike).unwrap();
                (option.option_type, strike, mark(option))
            })
            .collect();
        let snapshot = snapshot("BTC", index, &marked);
        for name in ["deribit-standard-approx", "bybit-options-approx"] {
            let market = built(name, &snapshot);
            let positions: Vec<Position> = book.iter().enumerate().map(|(number, option)| {
                let quantity = Decimal::new(option.3.into(), 2);
                held(&market, &format!("BTC-{number}"), quantity, 0)
            }).collect();
            let margin = market.margin(&positions).unwrap();
            let expected = match name {
                "bybit-options-approx" => bybit_requirement(&options, &marked, spot),
                _ => [Requirement::Initial, Requirement::Maintenance]
                    .map(|which| -account(options.clone()).margin(which).balance),
            };
            // A unit a lot and a position, the value over the denominator, and the mark.
            let lots: f64 = book.iter().map(|option| f64::from(option.3.abs())).sum();
            let value: f64 = margin.positions.iter().map(|p| p.notional.get() as f64).sum();
            let bound = (lots + 9.0 + value / DENOMINATOR) / UNIT + lots * 1e-10 + 1e-6;
            let got = [margin.initial(), margin.maintenance()].map(|asked| -beyond(&margin, asked));
            for (got, expected) in got.into_iter().zip(expected) {
                prop_assert!(got >= expected - 1e-6, "{name}: {got} for {expected}");
                prop_assert!(got <= expected + bound, "{name}: {got} for {expected} + {bound}");
            }
            prop_assert!(margin.maintenance() <= margin.initial());
        }
    }
}

fn bybit_requirement(
    options: &[rule::OptionPosition],
    marked: &[(OptionType, Decimal, Decimal)],
    spot: f64,
) -> [f64; 2] {
    let short = options.iter().zip(marked).filter(|(option, _)| option.quantity < 0.0);
    let each = short.map(|(option, (_, _, mark))| {
        let mark = mark.to_f64().unwrap();
        let (option_type, strike) = (option.option_type, option.strike);
        let short = ShortOption { option_type, strike, entry: mark, mark, coins: -option.quantity };
        let asked = short.requirement(&bybit::BTC, spot);
        [asked.initial, asked.maintenance]
    });
    each.fold([0.0; 2], |sum, asked| [sum[0] + asked[0], sum[1] + asked[1]])
}

/// The venue's marks in coins times its index: the chain's volatilities have four digits.
#[test]
fn a_chain_is_a_market() {
    let chain = option_chain(zkmargin_examples::CHAIN_BTC).unwrap();
    let chain = chain.snapshot(decimal("0.1"), decimal("0.0001")).unwrap();
    let snapshot = Snapshot::of_chain(&chain).unwrap();
    let market = built("deribit-standard-approx", &snapshot);
    assert_eq!(market.listings().count(), snapshot.options().len() + 1);
    let spot = chain.spec().market.spec().spot;
    let mut compared = 0;
    for line in zkmargin_examples::CHAIN_BTC.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let option = &snapshot.options()[&symbol(fields[1])];
        let expected = fields[5].parse::<f64>().unwrap() * spot;
        let got = option.mark.to_f64().unwrap();
        assert!((got - expected).abs() < spot * 2e-4, "{}: {got}, {expected}", fields[1]);
        compared += 1;
    }
    assert_eq!(compared, 120);
    // Bound by the root: a strike is in no row, and another one is another market.
    let json = snapshot.to_json();
    assert_eq!(Snapshot::from_json(&json).unwrap(), snapshot);
    let strike = json.replace(r#""strike": "55000""#, r#""strike": "55000.5""#);
    assert_ne!(strike, json);
    let other = built("deribit-standard-approx", &Snapshot::from_json(&strike).unwrap());
    assert_ne!(other.root(), market.root());
    assert!(snapshot.digest().is_some());
}

#[test]
fn two_chains_are_one_market() {
    let of = |coin: &str| {
        let chain = option_chain(&zkmargin_examples::CHAIN_BTC.replace("BTC", coin)).unwrap();
        let chain = chain.snapshot(decimal("0.1"), decimal("0.0001")).unwrap();
        Snapshot::of_chain(&chain).unwrap()
    };
    let both = of("BTC").with_second(of("ETH")).unwrap();
    let market = built("deribit-standard-approx", &both);
    let rows = |coin: &str| built("deribit-standard-approx", &of(coin)).rows().len();
    assert_eq!(market.rows().len(), rows("BTC") + rows("ETH"));
    let refused = |second: Snapshot| of("BTC").with_second(second).unwrap_err().to_string();
    assert!(refused(of("BTC")).contains("one symbol is in both"));
    let later = of("ETH").to_json().replace("1764897052", "1764897113");
    assert!(refused(Snapshot::from_json(&later).unwrap()).contains("same minute"));
}

#[test]
fn what_cannot_be_made_is_refused_in_words() {
    let put = (OptionType::Put, decimal("18500"), decimal("290"));
    let snapshot = snapshot("BTC", decimal("20250"), &[put]);
    let json = snapshot.to_json();
    let build = |json: &str| {
        let snapshot = Snapshot::from_json(json).unwrap();
        Market::<Fp>::build(&model("deribit-standard-approx"), &snapshot, Epoch::new(1))
    };
    let refused = |json: &str| build(json).map(|_| ()).unwrap_err().to_string();
    assert!(refused(&json.replace(r#""BTC": {"#, r#""ETH": {"#)).contains("no price of its under"));
    let precise = json.replace(r#""290""#, r#""290.0000000000000001""#);
    assert!(build(&precise).is_ok(), "it is rounded");
    let long = json.replace(r#""18500""#, r#""999999999999999.9999""#);
    assert!(refused(&long).contains("BTC-0: the price of one lot (0.01)"));
    let read = |from: &str, to: &str| {
        assert!(json.contains(from));
        Snapshot::from_json(&json.replace(from, to)).unwrap_err().to_string()
    };
    for (from, to, field) in [
        (r#""290""#, r#""-1""#, "mark"),
        (r#""18500""#, r#""0""#, "strike"),
        ("1700000000", "1700000000000", "expiry"),
    ] {
        assert!(read(from, to).starts_with(&format!("options.BTC-0.{field}")), "{from}");
    }
    assert!(read(r#""BTC-0""#, r#""BTC""#).contains("it is among the prices"));
    let is_fixed = fixed_rows(&model("deribit-standard-approx"));
    assert!(matches!(is_fixed, Err(MarketError::NotFixed { .. })));
}

#[test]
fn rules_that_no_row_can_have_are_refused() {
    let json = presets::by_name("deribit-standard-approx").unwrap().json;
    let refused = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        StandardModel::from_json(&json.replace(from, to)).unwrap_err().to_string()
    };
    for to in ["0", "0.0001", "0.08", "0.00000001"] {
        let text = refused(r#""least_price": "0.001""#, &format!(r#""least_price": "{to}""#));
        assert!(text.starts_with("options.BTC.least_price"), "{to}: {text}");
    }
    assert!(refused(r#""itm": "0.15""#, r#""itm": "1.5""#).contains("1.5 is above 1"));
    assert!(refused(r#""kind": "spot""#, r#""kind": "option""#).contains("unknown variant"));
    assert!(
        refused(r#""lot_size": "0.01""#, r#""lot_size": "0""#).contains("options.BTC.lot_size")
    );
}

/// Marks at other prices are not known: nothing is told of them rather than something
/// wrong.
#[test]
fn options_at_other_prices_are_refused() {
    let put = (OptionType::Put, decimal("18500"), decimal("290"));
    let market = built("deribit-standard-approx", &snapshot("BTC", decimal("20250"), &[put]));
    let positions =
        [held(&market, "BTC", Decimal::ONE, 0), held(&market, "BTC-0", -Decimal::ONE, 0)];
    let refused = |error: Option<AtPrices>| assert!(matches!(error, Some(AtPrices::Options)));
    refused(margin_at(&market, &positions, |listing| listing.mark()).err());
    let level = Level::Maintenance;
    refused(liquidation_price(&market, &positions, &positions[0], level).err());
    refused(moved(&market, &positions, &|_| false, &[Decimal::ONE]).err());
    // Without the option its coins have their figures.
    assert!(moved(&market, &positions[..1], &|_| false, &[Decimal::ONE]).is_ok());
    let rows = market.listing("BTC-0").unwrap().rows();
    let directions = rows.map(|row| market.rows()[row].direction);
    assert!(directions.eq([Direction::Long, Direction::Short]));
}
