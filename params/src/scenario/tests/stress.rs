//! Stress tests, levels and cures.

use zkmargin_margin::claim::Level;

use super::*;

const LEVELS: [Level; 2] = [Level::Maintenance, Level::Initial];

/// Two short strikes around spot on the nearest expiry.
fn strangle(cash: f64) -> ScenarioPortfolio {
    portfolio(cash, &[("BTC-12DEC25-80000-P", -1.0), ("BTC-12DEC25-100000-C", -1.0)])
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

#[test]
fn without_a_shock_nothing_changes() {
    let (market, model) = (chain_market(), preset("deribit-btc-approx"));
    let table = RiskTable::new(&model, &market).unwrap();
    let mut books = Books(7);
    for _ in 0..20 {
        let book = books.book(&table, 12);
        let whole = assess(&table, &book.resolve(&table).unwrap());
        let test = StressTest::new(&model, &market, &book).unwrap();
        let point = test.at(Shock::NONE).unwrap();
        assert_eq!(point.initial_margin.to_bits(), whole.initial_margin.to_bits());
        assert_eq!(point.maintenance_margin.to_bits(), whole.maintenance_margin.to_bits());
        assert_eq!(point.equity.to_bits(), whole.mark_to_market.total.to_bits());
        assert_eq!(point.level, whole.level());
    }
}

#[test]
fn linear_instruments_gain_what_their_prices_move() {
    let (market, model) = (chain_market(), preset("derive-test"));
    let book = portfolio(50_000.0, &[("BTC-PERPETUAL", -0.5), ("BTC-27MAR26", 2.0), ("BTC", 1.5)]);
    let test = StressTest::new(&model, &market, &book).unwrap();
    let (before, after) =
        (test.at(Shock::NONE).unwrap(), test.at(Shock { spot: 1.1, vol: 3.0 }).unwrap());
    let spec = market.spec();
    let (spot, forward) = (spec.spot, spec.feeds[2].forward);
    let gain = 0.1 * (-0.5 * (spot + 12.5) + 2.0 * forward + 1.5 * spot);
    assert!(close(after.equity - before.equity, gain), "{} {gain}", after.equity - before.equity);
    assert!(close(after.spot, 1.1 * spot));
}

#[test]
fn a_strangle_is_called_on_both_sides_and_a_box_on_neither() {
    let (market, model) = (chain_market(), preset("deribit-btc-approx"));
    let test = StressTest::new(&model, &market, &strangle(45_000.0)).unwrap();
    let (found, points) = test.thresholds(&Scan::default(), &LEVELS).unwrap();
    assert_eq!(found[0].level, Level::Maintenance);
    for threshold in &found {
        assert!(threshold.met);
        let (down, up) = (threshold.down.unwrap(), threshold.up.unwrap());
        assert!(down.met_above && !up.met_above && threshold.crossings.len() == 2);
        // On the crossing the level is just lost; a little inside it is met.
        for (crossing, inside) in [(down, 1e-6), (up, -1e-6)] {
            let at = |spot| test.at(Shock { spot, vol: 1.0 }).unwrap().balance(threshold.level);
            let balance = at(crossing.spot_factor);
            assert!((-0.1..0.0).contains(&balance), "{balance}");
            assert!(at(crossing.spot_factor * (1.0 + inside)) > 0.0);
        }
    }
    // Initial margin goes first, on both sides.
    assert!(found[1].down.unwrap().spot > found[0].down.unwrap().spot);
    assert!(found[1].up.unwrap().spot < found[0].up.unwrap().spot);
    assert!(points.windows(2).all(|pair| pair[0].spot < pair[1].spot));
    // Long a straddle, all paid: nothing within the range can happen.
    let long = portfolio(0.0, &[("BTC-12DEC25-80000-P", 1.0), ("BTC-12DEC25-100000-C", 1.0)]);
    let test = StressTest::new(&model, &market, &long).unwrap();
    let solvent = test.thresholds(&Scan::default(), &[Level::MarginCall]).unwrap().0;
    assert!(solvent[0].met && solvent[0].crossings.is_empty());
    assert_eq!((solvent[0].down, solvent[0].up), (None, None));
}

#[test]
fn an_account_that_is_short_now_says_where_it_is_met_again() {
    let (market, model) = (chain_market(), preset("deribit-btc-approx"));
    // Short a perpetual with too little cash: only a fall helps.
    let book = portfolio(5_000.0, &[("BTC-PERPETUAL", -1.0)]);
    let test = StressTest::new(&model, &market, &book).unwrap();
    let found = test.thresholds(&Scan::default(), &LEVELS).unwrap().0;
    for threshold in found {
        assert!(!threshold.met && threshold.up.is_none());
        assert!(!threshold.down.unwrap().met_above);
    }
}

/// A dip that the steps of the scan pass over is found all the same.
#[test]
fn a_turn_between_two_steps_is_found() {
    let (market, model) = (chain_market(), preset("deribit-btc-approx"));
    let butterfly = |cash| {
        portfolio(
            cash,
            &[
                ("BTC-12DEC25-85000-C", -1.0),
                ("BTC-12DEC25-92000-C", 2.0),
                ("BTC-12DEC25-100000-C", -1.0),
            ],
        )
    };
    let fine = Scan { least: 0.8, most: 1.25, step: 0.0005, vol: 1.0 };
    let coarse = Scan { step: 0.05, ..fine };
    let least = |scan: &Scan| {
        let test = StressTest::new(&model, &market, &butterfly(0.0)).unwrap();
        let points = test.at_all(&scan.shocks().unwrap()).unwrap();
        let balances = points.iter().map(|p| p.maintenance_margin);
        balances.fold(f64::INFINITY, f64::min)
    };
    let (deepest, coarsest) = (least(&fine), least(&coarse));
    assert!(coarsest - deepest > 1.0, "{deepest} {coarsest}");
    // Enough cash at every step of the coarse scan, too little between.
    let cash = -deepest - 0.1 * (coarsest - deepest);
    let test = StressTest::new(&model, &market, &butterfly(cash)).unwrap();
    let [fine, coarse] = [fine, coarse]
        .map(|scan| test.thresholds(&scan, &[Level::Maintenance]).unwrap().0.remove(0));
    assert_eq!(fine.crossings.len(), 2);
    assert_eq!(coarse.crossings.len(), 2);
    for (fine, coarse) in fine.crossings.iter().zip(&coarse.crossings) {
        assert!((fine.spot - coarse.spot).abs() < 1e-3, "{} {}", fine.spot, coarse.spot);
    }
}

#[test]
fn scans_cover_their_range_and_refuse_bad_ones() {
    let shocks = Scan { least: 0.5, most: 2.0, step: 0.1, vol: 1.2 }.shocks().unwrap();
    let factors: Vec<f64> = shocks.iter().map(|shock| shock.spot).collect();
    assert_eq!((factors[0], *factors.last().unwrap()), (0.5, 2.0));
    assert_eq!(factors.iter().filter(|factor| **factor == 1.0).count(), 1);
    assert!(factors.windows(2).all(|pair| pair[0] < pair[1] && pair[1] / pair[0] < 1.100_001));
    assert!(shocks.iter().all(|shock| shock.vol == 1.2));
    let one = Scan { least: 1.0, most: 1.0, ..Scan::default() };
    assert_eq!(one.shocks().unwrap(), [Shock::NONE]);
    for (scan, path) in [
        (Scan { least: 1.1, ..Scan::default() }, "least spot factor: 1.1 is out of range"),
        (Scan { most: f64::NAN, ..Scan::default() }, "largest spot factor: NaN"),
        (Scan { step: 0.0, ..Scan::default() }, "step: 0 is out of range"),
        (Scan { vol: 0.0, ..Scan::default() }, "vol factor: 0 is out of range"),
        (Scan { step: 1e-6, ..Scan::default() }, "steps of the scan: 100001 entries"),
    ] {
        let error = scan.shocks().unwrap_err().to_string();
        assert!(error.starts_with(path), "{error}");
    }
    let (market, model) = (chain_market(), preset("scan"));
    let test = StressTest::new(&model, &market, &strangle(0.0)).unwrap();
    let error = test.at(Shock { spot: 0.0, vol: 1.0 }).unwrap_err().to_string();
    assert_eq!(error, "spot factor: 0 is out of range: allowed are 0.001 to 1000");
}

#[test]
fn cash_cures_to_the_cent_and_closing_as_announced() {
    let (market, model) = (chain_market(), preset("deribit-btc-approx"));
    let table = RiskTable::new(&model, &market).unwrap();
    let book = strangle(10_000.0);
    let holdings = book.resolve(&table).unwrap();
    let account = assess(&table, &holdings);
    assert_eq!(account.level(), Level::MarginCall);
    let cure = cure(&table, &holdings, &account);
    assert!(cure.to_solvency == 0.0 && cure.to_maintenance > 0.0);
    assert!(cure.to_initial > cure.to_maintenance);
    let cured = |cash: f64| assess(&table, &strangle(10_000.0 + cash).resolve(&table).unwrap());
    assert_eq!(cured(cure.to_maintenance + 0.01).level(), Level::Maintenance);
    assert_eq!(cured(cure.to_maintenance - 0.01).level(), Level::MarginCall);
    assert_eq!(cured(cure.to_initial + 0.01).level(), Level::Initial);
    // Closing the call by hand: bought back at its mark.
    let closing = cure.closings.iter().find(|c| c.instrument == sym("BTC-12DEC25-100000-C"));
    let closing = closing.unwrap();
    let mark = table.rows[table.row_of(&closing.instrument).unwrap()].mark;
    let rest = portfolio(10_000.0 - mark, &[("BTC-12DEC25-80000-P", -1.0)]);
    let after = assess(&table, &rest.resolve(&table).unwrap());
    let relief = after.maintenance_margin - account.maintenance_margin;
    assert!(close(closing.maintenance_relief, relief));
    assert_eq!(closing.meets_maintenance, after.maintenance_margin >= 0.0);
    assert!(cure.closings[0].maintenance_relief >= cure.closings[1].maintenance_relief);
    assert_eq!(format!("{cure:?} {test:?}", test = cure.closings[0]), "Cure(..) Closing(..)");
}
