//! The breakdown and the stress test of portfolios on a real chain, in words.

use pasta_curves::Fp;
use serde_json::json;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_margin::shape::Shape;
use zkmargin_params::import::deribit::option_chain;
use zkmargin_params::market::scenario::Market;
use zkmargin_params::scenario::{
    Instrument, Position, Scan, ScenarioMarket, ScenarioModel, ScenarioSnapshot, StressTest,
    parameters,
};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::portfolio_file::{Listings, PortfolioDocument};
use zkmargin_prover::proving::ProvingError;
use zkmargin_prover::scenario::{
    BothReport, ScenarioReport, StressReport, both_lines, margin_lines, scenario_portfolio,
};

const ACCOUNT: &str = "0x00000000000000000000000000000000000000a1";
const CHAIN: &str = zkmargin_examples::CHAIN_BTC;
const STRANGLE: [(&str, &str); 2] = [("BTC-12DEC25-80000-P", "-1"), ("BTC-12DEC25-100000-C", "-1")];

fn snapshot() -> ScenarioSnapshot {
    let lot = |text: &str| text.parse().unwrap();
    option_chain(CHAIN).unwrap().snapshot(lot("0.1"), lot("0.0001")).unwrap()
}

fn market(model: &ScenarioModel) -> Market<Fp> {
    Market::build(model, &snapshot(), Epoch::new(1)).unwrap()
}

fn model(name: &str) -> ScenarioModel {
    parameters::by_name(name).unwrap().model().unwrap()
}

/// A portfolio as it is written and committed to.
fn portfolio(market: &Market<Fp>, cash: &str, book: &[(&str, &str)]) -> Portfolio {
    let positions: Vec<_> = book
        .iter()
        .map(|(symbol, quantity)| json!({ "instrument": symbol, "quantity": quantity }))
        .collect();
    let document =
        json!({ "version": 1, "account": ACCOUNT, "cash": cash, "positions": positions });
    let mut document = PortfolioDocument::parse(document.to_string().as_bytes()).unwrap();
    document.ensure_blinding().unwrap();
    Listings::from(market).portfolio(&document).unwrap()
}

fn report(name: &str, cash: &str, book: &[(&str, &str)]) -> ScenarioReport {
    let market = market(&model(name));
    ScenarioReport::new(&market, &portfolio(&market, cash, book)).unwrap()
}

fn number(text: &str) -> f64 {
    text.replace(',', "").parse().unwrap()
}

#[test]
fn the_breakdown_adds_up() {
    for (model, cash, book) in [
        ("derive-test", "14000", &STRANGLE[..]),
        ("deribit-btc-approx", "14000", &STRANGLE[..]),
        ("scan", "500.25", &[("BTC", "1.5"), ("BTC-26DEC25-100000-C", "-1")][..]),
    ] {
        let report = report(model, cash, book);
        let lines = margin_lines(&report, "USD");
        let row = |name: &str| {
            let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
            let figures: Vec<&str> = line[name.len()..].split_whitespace().collect();
            (number(figures[0]), number(figures[1]))
        };
        let start = lines.iter().position(|line| line == "Made of").unwrap() + 2;
        let end = lines.iter().position(|line| line.starts_with("required ")).unwrap();
        let sum = |column: usize| -> f64 {
            let of = |line: &String| number(line.split_whitespace().rev().nth(column).unwrap());
            lines[start..end].iter().map(of).sum()
        };
        let (required, balance) = (row("required"), row("balance"));
        // Hundredths, each rounded.
        assert!((sum(1) - required.0).abs() < 0.03 && (sum(0) - required.1).abs() < 0.03);
        assert!((number(&format!("{:.2}", report.equity)) - required.0 - balance.0).abs() < 0.03);
        let worst = lines.iter().filter(|line| line.ends_with("<- worst")).count();
        assert_eq!(worst, usize::from(report.breakdown.worst.scenario.is_some()));
        assert_eq!(format!("{report:?}"), "ScenarioReport(..)");
    }
}

#[test]
fn a_shortfall_says_what_would_cure_it() {
    let report = report("deribit-btc-approx", "12000", &STRANGLE);
    let lines = margin_lines(&report, "USD").join("\n");
    let cash = format!("cash needed   {} USD for maintenance", report.cash_needed.maintenance);
    assert!(lines.replace(',', "").contains(&cash), "{lines}");
    assert_eq!((report.level, report.cash_needed.solvency.as_str()), (Level::MarginCall, "0"));
    // The exact shortfall is that of the breakdown, and the rounding of two lots of ten.
    let exact = number(&report.cash_needed.maintenance);
    let shown = -report.breakdown.maintenance_margin;
    assert!((0.0..1e-6).contains(&(exact - shown)), "{exact} {shown}");
    assert!(lines.contains("meets maintenance"), "{lines}");
    let healthy = self::report("span-16", "100", &[]);
    let lines = margin_lines(&healthy, "USD").join("\n");
    assert!(!lines.contains("cash needed") && !lines.contains("Positions"), "{lines}");
}

/// What is written is what is shown: every kind of instrument, by symbol, with
/// decimals, in one bucket.
#[test]
fn documents_hold_options_perpetuals_futures_and_collateral() {
    let mut spec = snapshot().spec().clone();
    let mut listed = spec.market.spec().clone();
    let expiry_seconds = listed.feeds[1].expiry_seconds;
    let mut list = |name: &str, kind| {
        listed.instruments.insert(Symbol::new(name).unwrap(), kind);
    };
    list("BTC-PERPETUAL", Instrument::Perpetual { price: 92_600.0, confidence: 1.0 });
    list("BTC-26DEC25", Instrument::Future { expiry_seconds });
    spec.market = ScenarioMarket::new(listed).unwrap();
    let model = model("derive-test");
    let snapshot = ScenarioSnapshot::new(spec).unwrap();
    let market = Market::<Fp>::build(&model, &snapshot, Epoch::new(1)).unwrap();
    let book = [
        ("BTC-26DEC25-90000-P", "-2.5"),
        ("BTC-PERPETUAL", "0.0123"),
        ("BTC-26DEC25", "-1.5"),
        ("BTC", "3.0001"),
    ];
    let held = scenario_portfolio(&market, &portfolio(&market, "-1234.56789", &book)).unwrap();
    assert_eq!(held.cash, -1_234.567_89);
    assert_eq!(held.positions.len(), 4);
    for (symbol, quantity) in book {
        let of = |p: &&Position| p.instrument.as_str() == symbol;
        let position = held.positions.iter().find(of).unwrap();
        assert_eq!(position.quantity, number(quantity), "{symbol}");
    }
    let report = ScenarioReport::new(&market, &portfolio(&market, "-1234.56789", &book)).unwrap();
    assert_eq!(report.level, Level::Initial);
    let refusal = |book: &[(&str, &str)]| {
        ScenarioReport::new(&market, &portfolio(&market, "0", book)).unwrap_err().to_string()
    };
    // Collateral cannot be owed, and no error shows how much.
    let error = refusal(&[("BTC", "-7.7")]);
    assert!(error.starts_with("M5") && !error.contains("7.7"), "{error}");
    let document = json!({ "version": 1, "account": ACCOUNT, "positions": [
        { "instrument": "BTC", "quantity": "987654321.1" }
    ] });
    let mut document = PortfolioDocument::parse(document.to_string().as_bytes()).unwrap();
    document.ensure_blinding().unwrap();
    let listings = Listings::from(&market);
    let refusal =
        |document: &PortfolioDocument| listings.portfolio(document).unwrap_err().to_string();
    let allowed = "positions[0].quantity: out of range, allowed is -2^32 to 2^32 - 1 lots";
    assert_eq!(refusal(&document), allowed);
    document.positions.clear();
    document.isolated = serde_json::from_value(json!([{ "cash": "1" }])).unwrap();
    assert_eq!(refusal(&document), "isolated: portfolio margin has one bucket");
}

#[test]
fn stress_says_where_the_call_comes_or_that_it_does_not() {
    let model = model("derive-test");
    let market = market(&model);
    let book = scenario_portfolio(&market, &portfolio(&market, "40000", &STRANGLE)).unwrap();
    let snapshot = snapshot();
    let test = StressTest::new(&model, &snapshot.spec().market, &book).unwrap();
    let scan = Scan { least: 0.7, most: 1.4, ..Scan::default() };
    let (report, points) =
        StressReport::new(&test, None, scan, (&[0.8, 1.0, 1.3, 2.0], &[1.0, 2.0])).unwrap();
    let lines = report.lines("USD").join("\n");
    for expected in [
        "Where levels are lost, with spot from 64,806 to 129,612",
        "initial margin      met  met throughout  lost at 117,6",
        "maintenance margin  met  met throughout  lost at 121,7",
        "solvency            met  met throughout  met throughout",
        "+100 %  185,160",
        " **",
    ] {
        assert!(lines.contains(expected), "{expected}\n{lines}");
    }
    assert_eq!(report.grid.len(), 4);
    assert!(points.len() > 100);
    assert_eq!(format!("{report:?}"), "StressReport(..)");
    let error = StressReport::new(&test, None, scan, (&[0.0], &[1.0])).unwrap_err().to_string();
    assert_eq!(error, "spot factor: 0 is out of range: allowed are 0.001 to 1000");
}

/// A market of the chain, and of the same as if it were another coin's.
fn both() -> Market<Fp> {
    let lot = |text: &str| text.parse().unwrap();
    let of = |coin: &str| option_chain(&CHAIN.replace("BTC", coin)).unwrap();
    let of = |coin: &str| of(coin).snapshot(lot("0.1"), lot("0.0001")).unwrap();
    let both = of("BTC").with_second(of("ETH")).unwrap();
    Market::build(&model("deribit-cross-approx"), &both, Epoch::new(1)).unwrap()
}

#[test]
fn an_account_on_both_is_shown_by_underlying() {
    let market = both();
    let book = [
        ("BTC-12DEC25-80000-P", "-1"),
        ("ETH-12DEC25-100000-C", "-1"),
        ("ETH-26DEC25-100000-C", "0.5"),
        ("BTC", "0.2"),
    ];
    let portfolio = portfolio(&market, "1000", &book);
    let report = BothReport::new(&market, &portfolio).unwrap();
    let exact = market.margin(&portfolio).unwrap();
    assert_eq!(report.level, exact.level());
    let of: Vec<_> = report.underlyings.iter().map(|on| on.underlying.as_str()).collect();
    assert_eq!(of, ["BTC", "ETH"]);
    assert_eq!([0, 1].map(|i| report.underlyings[i].positions.len()), [2, 2]);
    let sum: f64 = report.underlyings.iter().map(|on| on.initial_requirement).sum();
    assert!((report.initial_requirement - sum).abs() < 1e-9);
    // The exact shortfall is what is asked for less equity, and the rounding of 27,000 lots,
    // each by a few units of 10^-8.
    let missing = report.initial_requirement - report.equity;
    let needed = number(&report.cash_needed.initial);
    assert!(missing > 0.0 && (0.0..1e-3).contains(&(needed - missing)), "{needed} {missing}");
    let lines = both_lines(&report, "USD").join("\n");
    for part in ["On BTC", "On ETH", "BTC: made of", "ETH: positions", "cash needed"] {
        assert!(lines.contains(part), "{part}: {lines}");
    }
    assert_eq!(format!("{report:?}{:?}", report.underlyings[0]), "BothReport(..)OnUnderlying(..)");
    // What is of one underlying alone is refused in words.
    assert!(ScenarioReport::new(&market, &portfolio).unwrap_err().to_string().contains("two"));
}

#[test]
fn an_account_on_both_has_shapes_of_its_own() {
    let market = both();
    let portfolio = portfolio(&market, "9000", &[("BTC-12DEC25-80000-P", "-1")]);
    let fit = |market: &Market<Fp>, shape| market.fit(portfolio.positions(), shape);
    assert_eq!(fit(&market, None).unwrap(), Shape::Multi);
    assert_eq!(fit(&market, Some(Shape::MultiLarge)).unwrap(), Shape::MultiLarge);
    let wrong = fit(&market, Some(Shape::Small)).unwrap_err();
    assert!(matches!(wrong, ProvingError::Underlyings { found: 2, allowed: 1, .. }), "{wrong}");
    let one = self::market(&model("deribit-btc-approx"));
    let wrong = fit(&one, Some(Shape::Multi)).unwrap_err();
    assert!(matches!(wrong, ProvingError::Underlyings { found: 1, allowed: 2, .. }), "{wrong}");
}
