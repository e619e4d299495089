//! Models, tables and their integers.

use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::simulation::WEIGHT_ONE;
use zkmargin_margin::units::{Amount, Lots};

use super::{assert_golden, closes};
use crate::market::simulation::Market;
use crate::simulation::model::{ModelSpec, SimulationModel};
use crate::simulation::presets;
use crate::simulation::snapshot::{Seed, SimulationSnapshot};
use crate::simulation::table::TableRow;

/// Marks of two underlyings: options of two expiries, a perpetual, a future, and
/// collateral that moves and that does not.
fn snapshot() -> SimulationSnapshot {
    let options = |coin: &str, spot: f64| {
        let each = [(0.8, "put", "P"), (1.0, "call", "C"), (1.0, "put", "P"), (1.2, "call", "C")];
        let expiries = [("A", 604_800), ("B", 7_776_000)];
        let all = expiries.iter().flat_map(|(name, seconds)| {
            each.iter().map(move |(moneyness, kind, letter)| {
                let strike = spot * moneyness;
                format!(
                    r#""{coin}-{name}-{strike}-{letter}": {{ "kind": "option",
                       "expiry_seconds": {seconds}, "strike": {strike}, "option_type": "{kind}",
                       "mark_vol": 0.7 }}"#
                )
            })
        });
        all.collect::<Vec<_>>().join(",")
    };
    let market = |coin: &str, spot: f64, more: &str| {
        let (near, far, options) = (spot * 1.001, spot * 1.02, options(coin, spot));
        format!(
            r#"{{ "underlying": "{coin}", "spot": {spot}, "feeds": [
                  {{ "expiry_seconds": 604800, "forward": {near} }},
                  {{ "expiry_seconds": 7776000, "forward": {far}, "rate": 0.03 }} ],
                "instruments": {{ {options},
                  "{coin}-PERP": {{ "kind": "perpetual", "price": {spot} }},
                  "{coin}-FUT": {{ "kind": "future", "expiry_seconds": 7776000 }},
                  "{coin}": {{ "kind": "collateral", "price": {spot} }} {more} }} }}"#
        )
    };
    let usdc = r#", "USDC": { "kind": "collateral", "price": 0.999 }"#;
    let json = format!(
        r#"{{ "timestamp": 1625097600, "quote": "USD",
             "lots": {{ "options": "0.01", "others": "0.01", "instruments": {{ "USDC": "1" }} }},
             "markets": [{}, {}] }}"#,
        market("BTC", 35_041.5, usdc),
        market("ETH", 2_274.5, "")
    );
    let mut spec = SimulationSnapshot::from_json(&json).unwrap().spec().clone();
    spec.history = Some(closes().last(300));
    spec.seed = Some(format!("0x{}", "2a".repeat(32)).try_into().unwrap());
    SimulationSnapshot::new(spec).unwrap()
}

fn market(name: &str) -> (SimulationModel, Market<Fp>) {
    let model = presets::by_name(name).unwrap().model().unwrap();
    let market = Market::build(&model, &snapshot(), Epoch::new(1)).unwrap();
    (model, market)
}

/// The definition in floating point, by sorting: equity and what a level needs.
fn reference(model: &ModelSpec, tail: usize, rows: &[(f64, &TableRow)]) -> (f64, [f64; 2]) {
    let sum = |value: &dyn Fn(&TableRow) -> f64| -> f64 {
        rows.iter().map(|(units, row)| units * value(row)).sum()
    };
    let mut losses: Vec<f64> = (0..model.set.scenarios()).map(|s| -sum(&|r| r.gains[s])).collect();
    losses.sort_by(|a, b| b.total_cmp(a));
    let shortfall = (losses[..tail].iter().sum::<f64>() / tail as f64).max(0.0);
    let var = losses[tail - 1].max(0.0);
    let stress = (0..model.stress.len()).map(|s| -sum(&|r| r.stress[s])).fold(0.0, f64::max);
    let weights = &model.weights;
    let risk = weights.shortfall * shortfall + weights.var * var + weights.stress * stress;
    let charge = |charge: &dyn Fn(&TableRow) -> f64| -> f64 {
        rows.iter().map(|(units, row)| units.abs() * charge(row)).sum()
    };
    let maintenance = model.maintenance_factor * risk + charge(&|r| r.maintenance);
    let initial = model.initial_factor * risk + charge(&|r| r.maintenance + r.initial);
    (sum(&|r| r.mark), [maintenance, initial])
}

fn book(market: &Market<Fp>, lots: &[i64]) -> Vec<Position> {
    let each = market.listings().zip(market.rows()).zip(lots);
    let held = each.map(|((listing, row), lots)| Position {
        bucket: zkmargin_margin::ids::BucketId::CROSS,
        instrument: listing.id(),
        quantity: Lots::new(if row.is_long_only() { lots.abs() } else { *lots }),
        cash: Amount::new(0).unwrap(),
    });
    held.filter(|position| position.quantity.get() != 0).collect()
}

/// No integer balance is above the one in floating point, and they agree to a few
/// units a lot.
fn check(name: &str, lots: &[i64]) -> Result<(), TestCaseError> {
    let (model, market) = market(name);
    let book = book(&market, lots);
    let margin = market.margin(&book).unwrap();
    let rows: Vec<_> = book
        .iter()
        .map(|position| {
            let listing = market.listing_by_id(position.instrument).unwrap();
            let lot: f64 = listing.lot_size().to_string().parse().unwrap();
            (position.quantity.get() as f64 * lot, &market.table().rows[listing.row()])
        })
        .collect();
    let (equity, needed) = reference(model.spec(), model.tail(), &rows);
    let size: i64 = book.iter().map(|position| position.quantity.get().abs()).sum();
    for (level, needed) in [Level::Maintenance, Level::Initial].into_iter().zip(needed) {
        let units = margin.balance(level).unwrap() as f64 / WEIGHT_ONE as f64;
        let float = (equity - needed) * 1e6;
        // The noise of floating point in sums of this size.
        let noise = 1e-12 * (equity.abs() + needed) * 1e6 + 1e-6;
        prop_assert!(units <= float + noise, "{name} {level}: {units} above {float}");
        prop_assert!(float - units <= 6.0 * size as f64 + 2.0, "{name} {level}: {units} {float}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn integers_are_never_above_floating_point(
        lots in prop::collection::vec(prop_oneof![Just(0_i64), -400_i64..400], 23),
        name in prop::sample::select(vec!["historical-es", "filtered-es", "monte-carlo-es", "var-99"]),
    ) {
        check(name, &lots)?;
    }
}

/// Model digest and market root of every shipped model: the same bits on every
/// platform.
#[test]
fn shipped_models_are_golden() {
    let found: String = presets::all()
        .iter()
        .map(|preset| {
            let (model, market) = market(preset.name);
            assert_eq!(model.name(), preset.name);
            let root = zkmargin_margin::field::MarginField::to_be_bytes(&market.root());
            format!("{} {} {}\n", preset.name, model.digest(), hex::encode(root))
        })
        .collect();
    assert_golden("simulation-markets.txt", &found);
}

/// The stress scenarios of the shipped models are the falls of the closes.
#[test]
fn stress_scenarios_are_those_of_the_closes() {
    let history = closes();
    for preset in presets::all() {
        let model = preset.model().unwrap();
        for stress in &model.spec().stress {
            let Ok(day) = stress.name.parse() else { continue };
            let row = history.days().binary_search(&day).unwrap();
            let factors = history.change(row, 1).unwrap();
            for (symbol, found) in history.symbols().iter().zip(factors) {
                assert!((found - stress.factors[symbol]).abs() < 0.001, "{} {found}", stress.name);
            }
        }
    }
}

/// Long one coin and short the other needs less than both apart: the scenarios
/// themselves offset.
#[test]
fn joint_scenarios_offset() {
    let (_, market) = market("filtered-es");
    let needed = |held: &[(&str, i64)]| {
        let positions: Vec<_> = held
            .iter()
            .map(|(symbol, lots)| Position {
                bucket: zkmargin_margin::ids::BucketId::CROSS,
                instrument: market.listing(symbol).unwrap().id(),
                quantity: Lots::new(*lots),
                cash: Amount::new(0).unwrap(),
            })
            .collect();
        market.margin(&positions).unwrap().requirement(Level::Initial).unwrap()
    };
    let (long, short) = (needed(&[("BTC-PERP", 100)]), needed(&[("ETH-PERP", -1_500)]));
    let both = needed(&[("BTC-PERP", 100), ("ETH-PERP", -1_500)]);
    assert!(both * 10 < (long + short) * 8, "{both} {long} {short}");
}

#[test]
fn models_and_snapshots_are_refused_with_words() {
    let json = presets::by_name("filtered-es").unwrap().json;
    let refused = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        SimulationModel::from_text(&json.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let order = refused("\"initial_factor\": 1.5", "\"initial_factor\": 1.1");
    assert_eq!(order, "initial_factor: 1.1 is below maintenance_factor, 1.2");
    let weight = refused("\"stress\": 0.25", "\"stress\": 0.2");
    assert!(weight.starts_with("procyclicality: the stress loss has 0.21"), "{weight}");
    let tool = refused("\"stressed-observations\"", "\"hope\"");
    assert!(tool.contains("procyclicality: unknown variant `hope`"), "{tool}");
    let range = refused("\"confidence\": 0.975", "\"confidence\": 97.5");
    assert!(range.starts_with("confidence: 97.5 is out of range"), "{range}");

    let model = SimulationModel::from_text(json).unwrap();
    let built = |change: &dyn Fn(&mut crate::simulation::snapshot::SnapshotSpec)| {
        let mut spec = snapshot().spec().clone();
        change(&mut spec);
        let snapshot = SimulationSnapshot::new(spec);
        let market = snapshot.map(|snapshot| Market::<Fp>::build(&model, &snapshot, Epoch::new(1)));
        match market {
            Err(error) => error.to_string(),
            Ok(market) => market.unwrap_err().to_string(),
        }
    };
    let history = built(&|spec| spec.history = None);
    assert!(history.starts_with("the rule looks at the past"), "{history}");
    let short = built(&|spec| spec.history = Some(closes().last(200)));
    assert_eq!(short, "251 days of closes are needed, there are 200");
    let twice = built(&|spec| spec.markets.push(spec.markets[0].clone()));
    assert_eq!(twice, "BTC stands twice: allowed is one column of each underlying");
    let wide = built(&|spec| spec.quote_decimals = 12);
    assert!(wide.contains("choose a smaller lot size or fewer quote_decimals"), "{wide}");
    let stress = SimulationModel::from_text(&json.replace("\"ETH\": 0.577", "\"SOL\": 0.577"));
    let error = Market::<Fp>::build(&stress.unwrap(), &snapshot(), Epoch::new(1)).unwrap_err();
    let expected = "stress: 2020-03-12 has no factor for ETH: every underlying needs one";
    assert_eq!(error.to_string(), expected);
}

/// A thousand instruments under 500 scenarios with their root, and a thousand
/// books of 64 positions: `cargo test -p zkmargin-params --lib thousand -- --ignored
/// --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_thousand_instruments_and_books() {
    let mut spec = snapshot().spec().clone();
    let mut market = spec.markets[0].spec().clone();
    let is_option = |instrument: &&crate::scenario::Instrument| {
        matches!(instrument, crate::scenario::Instrument::Option { .. })
    };
    let option = *market.instruments.values().find(is_option).unwrap();
    for number in 0..1_000 {
        let mut option = option;
        if let crate::scenario::Instrument::Option { strike, .. } = &mut option {
            *strike += f64::from(number) * 10.0;
        }
        let symbol = crate::symbol::Symbol::new(&format!("X-{number}")).unwrap();
        market.instruments.insert(symbol, option);
    }
    spec.markets[0] = crate::scenario::ScenarioMarket::new(market).unwrap();
    spec.history = Some(closes());
    let snapshot = SimulationSnapshot::new(spec).unwrap();
    let mut model = presets::by_name("filtered-es").unwrap().model().unwrap().spec().clone();
    model.set =
        crate::simulation::rule::SetRule::Filtered { scenarios: 500, horizon: 1, lambda: 0.97 };
    let model = SimulationModel::new(model).unwrap();
    let start = std::time::Instant::now();
    let market = Market::<Fp>::build(&model, &snapshot, Epoch::new(1)).unwrap();
    println!("{} instruments x 500 scenarios: {:?}", market.rows().len(), start.elapsed());
    let book = |seed: usize| -> Vec<Position> {
        let listings: Vec<_> = market.listings().collect();
        let held = (0..64).map(|i| Position {
            bucket: zkmargin_margin::ids::BucketId::CROSS,
            instrument: listings[(seed * 31 + i * 15) % listings.len()].id(),
            quantity: Lots::new(i64::try_from(1 + (seed + i) % 50).unwrap()),
            cash: Amount::new(0).unwrap(),
        });
        held.collect()
    };
    let books: Vec<_> = (0..1_000).map(book).collect();
    let start = std::time::Instant::now();
    use rayon::prelude::*;
    let sum: u128 =
        books.par_iter().map(|book| market.margin(book).unwrap().shortfall(Level::Initial)).sum();
    println!("1,000 books x 64 positions x 500 scenarios: {:?} ({sum})", start.elapsed());
}

/// A rule that draws from a beacon takes the round of the epoch and no other seed.
#[test]
fn a_beacon_is_the_seed_of_its_epoch() {
    // Round 123 of quicknet, as in the tests of the beacon.
    let signature = "0xb75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482\
        e26cd02df835d3546d23c4b13e0dfc92";
    let key = "0x83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c\
        8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb\
        5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
    let json = presets::by_name("monte-carlo-es").unwrap().json;
    let mut value: serde_json::Value = serde_json::from_str(json).unwrap();
    let plain = SimulationModel::from_text(json).unwrap();
    value["set"]["beacon"] = serde_json::json!({
        "public_key": key, "first_round": 121, "rounds_per_epoch": 1,
    });
    let model = SimulationModel::from_text(&value.to_string()).unwrap();
    assert_ne!(model.digest(), plain.digest());
    let of = |beacon: Option<&str>, seed: Option<[u8; 32]>| {
        let mut spec = snapshot().spec().clone();
        spec.beacon = beacon.map(|text| text.to_owned().try_into().unwrap());
        spec.seed = seed.map(Seed);
        SimulationSnapshot::new(spec).unwrap()
    };
    let build = |model: &SimulationModel, snapshot: &SimulationSnapshot, epoch| {
        Market::<Fp>::build(model, snapshot, Epoch::new(epoch)).map(|market| market.root())
    };
    let drawn = of(Some(signature), None);
    let root = build(&model, &drawn, 3).unwrap();
    // The same scenarios as the hash as a plain seed makes.
    let mut hash = [0; 32];
    let digits = "fb8f7bc29bf24db51871ec8c79f3a1e4bd0557bc0dfcee9ed1d924e69d1c60dc";
    hex::decode_to_slice(digits, &mut hash).unwrap();
    let rows = |model: &SimulationModel, snapshot: &SimulationSnapshot| {
        let market = Market::<Fp>::build(model, snapshot, Epoch::new(3)).unwrap();
        market.rows().to_vec()
    };
    assert_eq!(rows(&model, &drawn), rows(&plain, &of(None, Some(hash))));
    assert_ne!(root, build(&plain, &of(None, Some(hash)), 3).unwrap());
    let refused = |snapshot: &SimulationSnapshot, epoch| {
        build(&model, snapshot, epoch).unwrap_err().to_string()
    };
    for epoch in [1, 2, 4] {
        let error = refused(&drawn, epoch);
        assert!(error.contains(&format!("of round {}", 120 + epoch)), "{error}");
    }
    assert!(refused(&of(None, None), 3).contains("add its signature of round 123"));
    assert!(refused(&of(Some(signature), Some(hash)), 3).contains("leave out seed"));
    value["set"]["beacon"]["rounds_per_epoch"] = 0.into();
    let error = SimulationModel::from_text(&value.to_string()).unwrap_err().to_string();
    assert!(error.contains("must be at least 1"), "{error}");
}
