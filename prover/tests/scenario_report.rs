//! The breakdown and the stress test of portfolios on a real chain, in words.
#![allow(clippy::unwrap_used)]

use zkmargin_params::import::deribit::option_chain;
use zkmargin_params::scenario::{
    Position, RiskTable, Scan, ScenarioMarket, ScenarioModel, ScenarioPortfolio, StressTest,
    parameters,
};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::scenario::{ScenarioReport, StressReport, margin_lines};

const CHAIN: &str = include_str!("../../examples/deribit/btc-20251205.csv");
const STRANGLE: [(&str, f64); 2] = [("BTC-12DEC25-80000-P", -1.0), ("BTC-12DEC25-100000-C", -1.0)];

fn setting(model: &str) -> (ScenarioModel, ScenarioMarket) {
    let market = option_chain(CHAIN).unwrap().market().unwrap();
    (parameters::by_name(model).unwrap().model().unwrap(), market)
}

fn portfolio(cash: f64, book: &[(&str, f64)]) -> ScenarioPortfolio {
    let position = |&(name, quantity): &(&str, f64)| Position {
        instrument: Symbol::new(name).unwrap(),
        quantity,
        unrealised: 0.0,
    };
    ScenarioPortfolio { cash, positions: book.iter().map(position).collect() }
}

fn report(model: &str, cash: f64, book: &[(&str, f64)]) -> ScenarioReport {
    let (model, market) = setting(model);
    let table = RiskTable::new(&model, &market).unwrap();
    ScenarioReport::new(&table, &portfolio(cash, book).resolve(&table).unwrap())
}

fn number(text: &str) -> f64 {
    text.replace(',', "").parse().unwrap()
}

#[test]
fn the_breakdown_adds_up() {
    for (model, cash, book) in [
        ("pmrm2", 14_000.0, &STRANGLE[..]),
        ("deribit-like", 16_000.0, &STRANGLE[..]),
        ("scan", 500.0, &[("BTC", 1.0), ("BTC-26DEC25-100000-C", -1.0)][..]),
    ] {
        let report = report(model, cash, book);
        let lines = margin_lines(&report, "USDC");
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
    let report = report("deribit-like", 16_000.0, &STRANGLE);
    let lines = margin_lines(&report, "USDC").join("\n");
    let cash = format!("cash needed   {:.2}", (report.cure.to_maintenance * 100.0).ceil() / 100.0);
    assert!(lines.replace(',', "").contains(&cash), "{lines}");
    assert!(lines.contains("meets maintenance"), "{lines}");
    let healthy = self::report("span-16", 100.0, &[]);
    let lines = margin_lines(&healthy, "USDC").join("\n");
    assert!(!lines.contains("cash needed") && !lines.contains("Positions"), "{lines}");
}

#[test]
fn stress_says_where_the_call_comes_or_that_it_does_not() {
    let (model, market) = setting("pmrm2");
    let book = portfolio(40_000.0, &STRANGLE);
    let test = StressTest::new(&model, &market, &book).unwrap();
    let scan = Scan { least: 0.7, most: 1.4, ..Scan::default() };
    let (report, points) =
        StressReport::new(&test, scan, &[0.8, 1.0, 1.3, 2.0], &[1.0, 2.0]).unwrap();
    let lines = report.lines("USDC").join("\n");
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
    let error = StressReport::new(&test, scan, &[0.0], &[1.0]).unwrap_err().to_string();
    assert_eq!(error, "spot factor: 0 is out of range: allowed are 0.001 to 1000");
}
