//! What is refused, and what single rules do.

use super::*;
use crate::scenario::parameters::{LossGroup, MinimumCharge, Scenario, VolShockDirection};

/// A market on one expiry, a put and a call at 100, everything else there too.
fn small_market(expiry_seconds: u64) -> MarketSpec {
    let option = |option_type| Instrument::Option {
        expiry_seconds,
        strike: 100.0,
        option_type,
        mark_vol: 0.6,
    };
    let feed = ExpiryFeed {
        expiry_seconds,
        forward: 101.0,
        forward_confidence: 1.0,
        rate: 0.05,
        rate_confidence: 1.0,
        vol_confidence: 1.0,
    };
    let coin = Instrument::Collateral { price: 100.0, confidence: 1.0 };
    MarketSpec {
        underlying: sym("BTC"),
        spot: 100.0,
        spot_confidence: 1.0,
        stable_price: 1.0,
        array_charges: None,
        feeds: vec![feed],
        instruments: [
            (sym("C"), option(OptionType::Call)),
            (sym("P"), option(OptionType::Put)),
            (sym("F"), Instrument::Future { expiry_seconds }),
            (sym("X"), Instrument::Perpetual { price: 100.5, confidence: 0.5 }),
            (sym("BTC"), coin),
        ]
        .into(),
    }
}

fn assessed(model: &ScenarioModel, market: &MarketSpec, book: &ScenarioPortfolio) -> Assessment {
    let table = RiskTable::new(model, &ScenarioMarket::new(market.clone()).unwrap()).unwrap();
    assess(&table, &book.resolve(&table).unwrap())
}

#[test]
fn presets_are_what_they_say() {
    for preset in of_btc() {
        let model = preset.model().unwrap();
        assert_eq!(model.name(), preset.name);
        assert!(!model.spec().source.is_empty() && !model.spec().notes.is_empty());
        let canonical = ScenarioModel::from_json(&model.to_canonical_json()).unwrap();
        assert_eq!(canonical.digest(), model.digest());
        let spec = ParameterSpec { name: "other".to_owned(), ..model.spec().clone() };
        assert_ne!(ScenarioModel::new(spec).unwrap().digest(), model.digest());
        let table = RiskTable::new(&model, &chain_market()).unwrap();
        assert_eq!(table.is_concave(), !preset.name.starts_with("derive"), "{}", preset.name);
    }
    let count = |name: &str| preset(name).spec().scenarios.len();
    let names = ["derive", "derive-test", "scan", "deribit-btc-approx", "span-16"];
    assert_eq!(names.map(count), [33, 31, 24, 35, 16]);
    assert!(parameters::by_name("nasdaq").is_none());
}

#[test]
fn bad_parameters_name_their_field() {
    let good = parameters::by_name("derive-test").unwrap().json;
    let refused = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        ScenarioModel::from_json(&good.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let unknown = refused("\"spot_shock\": 1.135", "\"spot_shok\": 1.135");
    assert!(unknown.contains("scenarios[1]") && unknown.contains("spot_shok"), "{unknown}");
    assert!(refused("\"up\"", "\"sideways\"").contains("scenarios[0].vol_shock_direction"));
    let range = refused("\"short_term_power\": 0.3", "\"short_term_power\": -300");
    assert_eq!(range, "vol_shock.short_term_power: -300 is out of range: allowed are -100 to 100");
    assert!(refused("\"name\": \"derive-test\"", "\"name\": \"\"").starts_with("name: "));
    assert!(
        refused("\"mm_haircut\": 0.15", "\"mm_haircut\": -1").starts_with("collaterals.BTC.mm")
    );
    let own = refused("\"mm_haircut\": 0.015", "\"mm_haircut\": -1");
    assert!(own.starts_with("underlying_collateral.mm_haircut: -1 is out of range"), "{own}");
    assert!(ScenarioModel::from_json("{").is_err());
    let large = " ".repeat(MAX_FILE_BYTES + 1);
    assert!(matches!(ScenarioModel::from_json(&large), Err(ScenarioError::TooLarge { .. })));
    let changed = |change: &dyn Fn(&mut ParameterSpec)| {
        let mut spec = preset("derive-test").spec().clone();
        change(&mut spec);
        ScenarioModel::new(spec).unwrap_err().to_string()
    };
    assert_eq!(changed(&|s| s.scenarios.clear()), "scenarios: 0 entries: allowed are 1 to 40");
    let many = changed(&|s| s.scenarios = vec![s.scenarios[0]; 41]);
    assert_eq!(many, "scenarios: 41 entries: allowed are 1 to 40");
    let moved = changed(&|s| s.scenarios[29].spot_shock = 1.1);
    assert!(moved.starts_with("scenarios[29].spot_shock: a linear or abs skew"), "{moved}");
    let twice = changed(&|s| s.scenarios[30].vol_shock_direction = VolShockDirection::Linear);
    assert!(twice.starts_with("scenarios[30].vol_shock_direction: there is already"), "{twice}");
    assert!(changed(&|s| s.skew_shock = None).starts_with("skew_shock: missing"));
    let nan = changed(&|s| s.scenarios[3].dampening_factor = f64::NAN);
    assert!(nan.starts_with("scenarios[3].dampening_factor: NaN is out of range"), "{nan}");
    let hedged = changed(&|s| {
        s.minimum_charge = Some(MinimumCharge {
            net_delta_percent: 0.01,
            hedged_delta_percent: 0.03,
            short_option_percent: 0.0,
            of_all: false,
        });
    });
    assert!(hedged.starts_with("minimum_charge.hedged_delta_percent"), "{hedged}");
    // Negative zeros are zeros.
    let mut zero = preset("scan").spec().clone();
    zero.margin.short_rate_add_scale = -0.0;
    assert_eq!(ScenarioModel::new(zero).unwrap().digest(), preset("scan").digest());
}

#[test]
fn bad_markets_name_their_field() {
    let changed = |change: &dyn Fn(&mut MarketSpec)| {
        let mut spec = small_market(86_400);
        change(&mut spec);
        ScenarioMarket::new(spec).unwrap_err().to_string()
    };
    assert!(changed(&|m| m.spot = f64::INFINITY).starts_with("spot: inf is out of range"));
    assert!(changed(&|m| m.spot_confidence = 1.1).starts_with("spot_confidence"));
    assert!(changed(&|m| m.stable_price = 0.0).starts_with("stable_price"));
    assert!(changed(&|m| m.feeds[0].rate = f64::NAN).starts_with("feeds[0].rate: NaN"));
    assert!(changed(&|m| m.feeds[0].forward = 0.0).starts_with("feeds[0].forward"));
    let missing = changed(&|m| m.feeds.clear());
    assert_eq!(missing, "instruments.C.expiry_seconds: no feed has an expiry_seconds of 86400");
    let twice = changed(&|m| m.feeds = vec![m.feeds[0]; 2]);
    assert!(twice.starts_with("feeds[1].expiry_seconds: stands twice"), "{twice}");
    assert!(changed(&|m| m.feeds[0].expiry_seconds = u64::MAX).contains("expiry_seconds"));
    let json = r#"{ "underlying": "BTC", "spot": 1, "instruments": {
        "A": { "kind": "future", "expiry_seconds": 1 },
        "A": { "kind": "future", "expiry_seconds": 1 } } }"#;
    assert!(ScenarioMarket::from_json(json).unwrap_err().to_string().contains("twice"));
    let mut unruled = small_market(86_400);
    let doge = Instrument::Collateral { price: 0.1, confidence: 1.0 };
    unruled.instruments.insert(sym("DOGE"), doge);
    let market = ScenarioMarket::new(unruled).unwrap();
    let error = RiskTable::new(&preset("derive-test"), &market).unwrap_err().to_string();
    assert_eq!(error, "instruments.DOGE: the parameters have no rule for it in collaterals");
    let mut overflow = preset("derive-test").spec().clone();
    overflow.margin.long_rate_add_scale = 0.0;
    overflow.margin.base_static_discount_neg = 1e6;
    overflow.margin.short_rate_add_scale = 1e6;
    let model = ScenarioModel::new(overflow).unwrap();
    let mut long = small_market(MAX_YEARS);
    long.feeds[0].rate = 100.0;
    let market = ScenarioMarket::new(long).unwrap();
    let error = RiskTable::new(&model, &market).unwrap_err().to_string();
    assert!(error.starts_with("feeds[0]: the parameters and the market"), "{error}");
}

const MAX_YEARS: u64 = market::MAX_EXPIRY_SECONDS;

#[test]
fn bad_portfolios_name_their_field() {
    let market = ScenarioMarket::new(small_market(86_400)).unwrap();
    let table = RiskTable::new(&preset("derive-test"), &market).unwrap();
    let refused = |book: ScenarioPortfolio| book.resolve(&table).unwrap_err().to_string();
    assert!(refused(portfolio(f64::NAN, &[])).starts_with("cash: NaN"));
    assert!(refused(portfolio(0.0, &[("C", f64::INFINITY)])).starts_with("positions[0].quantity"));
    assert!(
        refused(portfolio(0.0, &[("Z", 1.0)])).starts_with("positions[0].instrument: the market")
    );
    let twice = refused(portfolio(0.0, &[("C", 1.0), ("P", 1.0), ("C", 1.0)]));
    assert_eq!(twice, "positions[2].instrument: stands twice: allowed is one");
    assert!(refused(portfolio(0.0, &[("BTC", -1.0)])).contains("collateral cannot be owed"));
    assert!(refused(portfolio(0.0, &[("C", 1.0); 5000])).contains("allowed are 0 to 4096"));
    let secret = portfolio(1.0, &[("C", 1.0)]);
    let shown = format!("{secret:?} {:?} {:?}", secret.positions, secret.resolve(&table).unwrap());
    assert_eq!(shown, "ScenarioPortfolio(..) [Position(..)] Holdings(..)");
    assert!(ScenarioPortfolio::from_json(r#"{ "positions": [], "chash": 1 }"#).is_err());
}

#[test]
fn only_the_unsettled_part_of_a_forward_moves() {
    let model = preset("derive-test");
    let book = portfolio(0.0, &[("F", 1.0)]);
    let pnl = |seconds| assessed(&model, &small_market(seconds), &book).scenario_pnl[0];
    // 1.18 up: all of 101, then half of it, a third of it, nothing.
    assert!((pnl(86_400) - 18.18).abs() < 1e-12 && (pnl(1800) - 18.18).abs() < 1e-12);
    assert!((pnl(900) - 9.09).abs() < 1e-12 && (pnl(600) - 6.06).abs() < 1e-12);
    assert_eq!(pnl(0), 0.0);
    let expired = assessed(&model, &small_market(0), &portfolio(0.0, &[("C", -1.0), ("P", 2.0)]));
    assert_eq!((expired.mark_to_market.options, expired.worst.pnl.is_nan()), (-1.0, false));
}

#[test]
fn low_confidence_is_charged_once_it_is_below_the_threshold() {
    let model = preset("derive-test");
    let charge = |vol: f64, book: &[(&str, f64)]| {
        let mut market = small_market(86_400);
        market.feeds[0].vol_confidence = vol;
        assessed(&model, &market, &portfolio(0.0, book)).contingencies.im_confidence_option
    };
    assert_eq!(charge(0.55, &[("C", -2.0), ("P", 1.0)]), 0.0);
    assert!((charge(0.54, &[("C", -2.0), ("P", 1.0)]) - 0.46 * 100.0 * 3.0).abs() < 1e-9);
    // A perpetual of confidence 0.5 that is held counts too.
    assert!((charge(1.0, &[("C", -2.0), ("X", 1.0)]) - 0.5 * 100.0 * 2.0).abs() < 1e-9);
    assert_eq!(charge(1.0, &[("C", -2.0), ("X", 0.0)]), 0.0);
}

#[test]
fn a_lost_peg_raises_the_initial_loss() {
    let model = preset("derive-test");
    let book = portfolio(1000.0, &[("C", -1.0)]);
    let mut market = small_market(864_000);
    let pegged = assessed(&model, &market, &book);
    market.stable_price = 0.9;
    let lost = assessed(&model, &market, &book);
    assert_eq!(pegged.maintenance_margin, lost.maintenance_margin);
    let expected = pegged.initial_margin + pegged.worst.pnl * 0.08 * 2.0;
    assert!((lost.initial_margin - expected).abs() < 1e-9);
}

#[test]
fn minimum_charges_are_floors_under_the_loss() {
    let scan = preset("scan");
    let market = small_market(864_000);
    // Long a perpetual, short the future: hedged, 1 % of it is charged.
    let hedged = assessed(&scan, &market, &portfolio(0.0, &[("F", -1.0), ("X", 1.0)]));
    assert!((hedged.minimum_charge - 1.0).abs() < 1e-12);
    assert_eq!((hedged.worst.group, hedged.worst.pnl), (LossGroup::MinimumCharge, -1.0));
    assert_eq!((hedged.initial_margin, hedged.maintenance_margin), (-1.0, -0.5));
    let span = assessed(&preset("span-16"), &market, &portfolio(0.0, &[("C", -3.0), ("P", 1.0)]));
    assert!((span.minimum_charge - 0.005 * 100.0 * 2.0).abs() < 1e-12);
}

#[test]
fn groups_of_scenarios() {
    let group = |spot_shock, vol_shock_direction, dampening_factor| {
        Scenario { spot_shock, vol_shock_direction, dampening_factor, relief: 0.0 }.group()
    };
    assert_eq!(group(1.18, VolShockDirection::Up, 1.0), LossGroup::Regular);
    assert_eq!(group(1.5, VolShockDirection::Up, 1.0), LossGroup::Tail);
    assert_eq!(group(0.9, VolShockDirection::Down, 0.5), LossGroup::Tail);
    assert_eq!(group(1.0, VolShockDirection::Abs, 2.0), LossGroup::Skew);
}

#[test]
fn reports_add_up() {
    let market = chain_market();
    for preset in of_btc() {
        let table = RiskTable::new(&preset.model().unwrap(), &market).unwrap();
        let holdings = Books(3).book(&table, 40).resolve(&table).unwrap();
        let (account, report) = (assess(&table, &holdings), report(&table, &holdings));
        assert_eq!(report.initial_margin, account.initial_margin);
        let initial = report.mark_to_market.total
            - report.initial_loss
            - report.initial_added
            - report.contingencies.initial()
            - report.contingencies.maintenance();
        assert!((initial - report.initial_margin).abs() < 1e-6);
        for line in &report.scenarios {
            let sum = line.linear_pnl + line.expiry_pnl.iter().sum::<f64>();
            assert!((sum - line.pnl).abs() <= 1e-9 * sum.abs().max(1.0));
        }
        let delta: f64 = report.expiries.iter().map(|e| e.greeks.delta).sum();
        assert!((delta + report.linear_greeks.delta - report.greeks.delta).abs() < 1e-9);
        let worst = report.scenarios.iter().filter(|line| line.is_worst).count();
        assert_eq!(worst, usize::from(report.worst.scenario.is_some()));
        assert!(serde_json::to_string(&report).unwrap().contains("expiry_seconds"));
    }
}

#[test]
fn a_thousand_portfolios_at_once() {
    // 1,000 instruments: the chain's options under other names and volatilities.
    let mut spec = chain_market().spec().clone();
    let options: Vec<_> = spec.instruments.clone().into_iter().collect();
    for round in 0u32.. {
        for (symbol, instrument) in &options {
            let Instrument::Option { mut mark_vol, expiry_seconds, strike, option_type } =
                *instrument
            else {
                continue;
            };
            mark_vol += 0.001 * f64::from(round);
            let copy = Instrument::Option { mark_vol, expiry_seconds, strike, option_type };
            if spec.instruments.len() < 1000 {
                spec.instruments.insert(sym(&format!("{symbol}-{round}")), copy);
            }
        }
        if spec.instruments.len() == 1000 {
            break;
        }
    }
    let market = ScenarioMarket::new(spec).unwrap();
    let began = std::time::Instant::now();
    let table = RiskTable::new(&preset("derive-test"), &market).unwrap();
    let valued = began.elapsed();
    let mut books = Books(11);
    let accounts: Vec<_> =
        (0..1000).map(|_| books.book(&table, 64).resolve(&table).unwrap()).collect();
    let began = std::time::Instant::now();
    let assessed = assess_all(&table, &accounts);
    let elapsed = began.elapsed();
    println!("risk table of 1,000 x 31: {valued:?}; 1,000 portfolios of 64: {elapsed:?}");
    assert_eq!(assessed.len(), 1000);
    assert_eq!(assessed[7], assess(&table, &accounts[7]));
}

#[test]
fn skew_scenarios_make_margin_not_concave() {
    // A skew of cap 0.5 alone, values of either sign discounted very differently.
    let mut spec = preset("derive-test").spec().clone();
    spec.scenarios.retain(|s| s.vol_shock_direction == VolShockDirection::Abs);
    let skew = spec.skew_shock.as_mut().unwrap();
    (skew.abs_scale_cap, skew.abs_cbase) = (0.5, 0.0);
    spec.margin.base_static_discount = 0.0;
    let model = ScenarioModel::new(spec).unwrap();
    let mut market = small_market(8_640_000);
    let wing = Instrument::Option {
        expiry_seconds: 8_640_000,
        strike: 160.0,
        option_type: OptionType::Call,
        mark_vol: 0.6,
    };
    market.instruments.insert(sym("W"), wing);
    let table = RiskTable::new(&model, &ScenarioMarket::new(market).unwrap()).unwrap();
    assert!(!table.is_concave());
    // Long wings against a short call: marked below zero, above it when skewed.
    let pnl = |wings: f64| {
        let book = portfolio(0.0, &[("C", -1.0), ("W", wings)]);
        assess(&table, &book.resolve(&table).unwrap()).scenario_pnl[0]
    };
    let values: Vec<_> = (0..60).map(|step| pnl(f64::from(step) * 0.25)).collect();
    let convex = values.windows(3).any(|w| w[1] < 0.5 * (w[0] + w[2]) - 1e-6);
    assert!(convex, "{values:?}");
}

#[test]
fn a_shocked_market_is_marked_at_the_scenario() {
    // SPAN discounts nothing and moves volatilities alike: its scenario 3 is a
    // market 5 % higher at volatilities 25 % higher.
    let (model, market) = (preset("span-16"), chain_market());
    let shocked = market.shocked(&model, 1.05, 1.25).unwrap();
    let [before, after] = [&market, &shocked].map(|market| RiskTable::new(&model, market).unwrap());
    let mut book = Books(5).book(&before, 60);
    book.positions.retain(|position| {
        let row = before.row_of(&position.instrument).unwrap();
        matches!(before.rows[row].kind, RowKind::Option { .. } | RowKind::Collateral)
    });
    let [before, after] =
        [&before, &after].map(|table| assess(table, &book.resolve(table).unwrap()));
    let change = after.mark_to_market.total - before.mark_to_market.total;
    assert!((change - before.scenario_pnl[2]).abs() < 1e-6, "{change} {}", before.scenario_pnl[2]);
    assert!(market.shocked(&model, f64::NAN, 1.0).is_err());
    assert!(market.shocked(&model, 0.0, 1.0).unwrap_err().to_string().starts_with("spot: 0"));
}

/// A shipped set serves markets on BTC and on ETH: what cancels risk is the
/// market's own underlying, by its own rule.
#[test]
fn the_underlying_cancels_risk_whichever_it_is() {
    for preset in parameters::all() {
        let model = preset.model().unwrap();
        if model.spec().in_coins || model.spec().imported_arrays {
            // Coins, or the currency, are cash there.
            continue;
        }
        for (underlying, other) in [("BTC", "ETH"), ("ETH", "BTC")] {
            let terms = |asset| *model.collateral(&sym(asset), &sym(underlying)).unwrap();
            assert!(terms(underlying).is_risk_cancelling && !terms(other).is_risk_cancelling);
            assert!(!terms("USDC").is_risk_cancelling);
            assert!(model.collateral(&sym("SHIB"), &sym(underlying)).is_none());
        }
        // An underlying without a rule of its own counts as its symbol does.
        let spec = ParameterSpec { underlying_collateral: None, ..model.spec().clone() };
        let model = ScenarioModel::new(spec).unwrap();
        assert!(!model.collateral(&sym("BTC"), &sym("BTC")).unwrap().is_risk_cancelling);
    }
}
