//! Markets of two underlyings.

use std::collections::BTreeSet;

use zkmargin_margin::scenario::Underlying;

use super::*;
use crate::scenario::{ParameterSpec, SnapshotSpec};
use crate::symbol::Symbol;

fn cross() -> ScenarioModel {
    parameters::by_name("deribit-cross-approx").unwrap().model().unwrap()
}

/// The chain as it is, and as if it were of the other coin.
fn of(coin: &str) -> ScenarioSnapshot {
    let lot = |text: &str| text.parse().unwrap();
    let chain = option_chain(&CHAIN.replace("BTC", coin)).unwrap();
    chain.snapshot(lot("0.1"), lot("0.0001")).unwrap()
}

fn both() -> ScenarioSnapshot {
    of("BTC").with_second(of("ETH")).unwrap()
}

/// The second chain as if it were of a third coin.
fn of_third() -> ScenarioSnapshot {
    let mut spec = of("ETH").spec().clone();
    let mut market = spec.market.spec().clone();
    market.underlying = Symbol::new("SOL").unwrap();
    spec.market = crate::scenario::ScenarioMarket::new(market).unwrap();
    ScenarioSnapshot::new(spec).unwrap()
}

fn built(model: &ScenarioModel, snapshot: &ScenarioSnapshot) -> Result<Market<Fp>, MarketError> {
    Market::build(model, snapshot, Epoch::new(7))
}

fn refusal(model: &ScenarioModel, snapshot: &ScenarioSnapshot) -> String {
    built(model, snapshot).map(|_| ()).unwrap_err().to_string()
}

/// A short put, a call and coins of each of the coins.
fn portfolio(market: &Market<Fp>, coins: &[&str]) -> Portfolio {
    let mut positions = Vec::new();
    for coin in coins {
        let put = market.listings().find(|listing| {
            let symbol = listing.symbol().as_str();
            symbol.starts_with(coin) && symbol.ends_with("-P")
        });
        let call = market.listing(&format!("{coin}-26DEC25-100000-C")).unwrap();
        let held = market.listing(coin).unwrap();
        for (listing, quantity, cash) in
            [(put.unwrap(), "-1.5", "250"), (call, "0.4", "-7"), (held, "0.9", "0")]
        {
            positions.push(Position {
                bucket: BucketId::CROSS,
                instrument: listing.id(),
                quantity: listing.lots_from_decimal(quantity).unwrap(),
                cash: market.amount_from_decimal(cash).unwrap(),
            });
        }
    }
    Portfolio::new(positions, Blinding::new([7; 31])).unwrap()
}

/// What is asked for is, to the last unit, the sum of what markets of one ask for.
#[test]
fn a_market_of_both_asks_for_the_sum() {
    let market = built(&cross(), &both()).unwrap();
    let alone = ["BTC", "ETH"].map(|coin| {
        let name = format!("deribit-{}-approx", coin.to_lowercase());
        let model = parameters::by_name(&name).unwrap().model().unwrap();
        // In the quote unit of both.
        let quote_decimals = both().spec().quote_decimals;
        let spec = SnapshotSpec { quote_decimals, ..of(coin).spec().clone() };
        built(&model, &ScenarioSnapshot::new(spec).unwrap()).unwrap()
    });
    assert_eq!(market.rows().len(), alone.iter().map(|one| one.rows().len()).sum::<usize>());
    let margin = market.margin(&portfolio(&market, &["BTC", "ETH"])).unwrap();
    let apart = [0, 1].map(|i| {
        let coin = ["BTC", "ETH"][i];
        alone[i].margin(&portfolio(&alone[i], &[coin])).unwrap()
    });
    for level in [Level::Maintenance, Level::Initial] {
        let sum = apart.iter().filter_map(|one| one.requirement(level));
        assert_eq!(margin.requirement(level), Some(sum.sum()));
    }
    assert_eq!(margin.mark_to_market(), apart.iter().map(|one| one.mark_to_market()).sum::<i128>());
    assert_eq!([0, 1].map(|i| margin.parts()[i].worst), [0, 1].map(|i| apart[i].parts()[0].worst));
    // One long, the other short, of like coins: no profit on one pays for the other.
    assert!(margin.parts().iter().all(|part| part.worst < zkmargin_margin::scenario::I256::ZERO));
}

#[test]
fn rows_name_their_underlying_and_no_expiry_is_of_both() {
    let market = built(&cross(), &both()).unwrap();
    let mut keys = [BTreeSet::new(), BTreeSet::new()];
    for (index, row) in market.rows().iter().enumerate() {
        let symbol = &market.risk_row(index).unwrap().symbol;
        let second = symbol.as_str().starts_with("ETH");
        assert_eq!(row.underlying == Underlying::SECOND, second, "{symbol}");
        assert_eq!(market.listing_by_id(row.instrument).unwrap().row(), index);
        keys[usize::from(second)].extend(row.group().map(|group| group.key.get()));
    }
    assert!(!keys[0].is_empty() && keys[0].iter().max() < keys[1].iter().min());
    let names: Vec<_> = market.parts().iter().map(|part| part.underlying().as_str()).collect();
    assert_eq!(names, ["BTC", "ETH"]);
    assert!(matches!(market.only(), Err(MarketError::SeveralUnderlyings)));
    assert!(market.risk_row(market.rows().len()).is_none());
    let first = market.rows()[0];
    let second = ScenarioRow { underlying: Underlying::SECOND, ..first };
    assert_ne!(first.leaf::<Fp>(), second.leaf());
}

#[test]
fn files_of_both_are_recomputed() {
    let (file, market) = ScenarioMarketFile::build::<Fp>(&cross(), &both(), Epoch::new(7)).unwrap();
    let again = ScenarioMarketFile::from_json(&file.to_json()).unwrap();
    assert_eq!(again.market::<Fp>().unwrap().root(), market.root());
    // Every part of the second is bound.
    let mut model = cross().spec().clone();
    model.second.as_mut().unwrap().margin.im_loss_factor += 0.01;
    let model = ScenarioModel::new(model).unwrap();
    assert_ne!(model.digest(), cross().digest());
    let changed = built(&model, &both()).unwrap();
    assert_ne!(changed.header().terms, market.header().terms);
    let mut spec = both().spec().clone();
    spec.second.as_mut().unwrap().lots.options = "0.01".parse().unwrap();
    let changed = built(&cross(), &ScenarioSnapshot::new(spec).unwrap()).unwrap();
    assert_ne!(changed.tree_root(), market.tree_root());
    // What is said of the second is no part of the digest, as of the first.
    let mut told = cross().spec().clone();
    told.second.as_mut().unwrap().source = "elsewhere".to_owned();
    assert_eq!(ScenarioModel::new(told).unwrap().digest(), cross().digest());
}

#[test]
fn set_and_snapshot_are_of_as_many_underlyings() {
    let one = parameters::by_name("deribit-btc-approx").unwrap().model().unwrap();
    assert!(refusal(&cross(), &of("BTC")).starts_with("second: missing: the parameter set is"));
    assert!(refusal(&one, &both()).starts_with("second: the parameter set is of one underlying"));
    let swapped = of("ETH").with_second(of("BTC")).unwrap();
    let swapped = refusal(&cross(), &swapped);
    assert!(swapped.contains("the parameter set is for BTC, the market is of ETH"), "{swapped}");
    let other = of("BTC").with_second(of_third()).unwrap();
    assert!(refusal(&cross(), &other).starts_with("second."), "{}", refusal(&cross(), &other));
}

#[test]
fn bad_seconds_are_refused() {
    let twice = of("BTC").with_second(of("BTC")).unwrap_err().to_string();
    assert_eq!(twice, "second.market.underlying: BTC is the first underlying already");
    let late = |seconds: u64| {
        let mut spec = of("ETH").spec().clone();
        let at = spec.timestamp.get() - seconds;
        spec.timestamp = zkmargin_margin::ids::Timestamp::new(at);
        let joined = of("BTC").with_second(ScenarioSnapshot::new(spec).unwrap());
        joined.map(|both| both.spec().timestamp.get() - at)
    };
    assert_eq!(late(60).unwrap(), 0, "the older time is the market's");
    assert!(late(61).unwrap_err().to_string().starts_with("second.timestamp: "));
    let changed = |change: &dyn Fn(&mut SnapshotSpec)| {
        let mut spec = both().spec().clone();
        change(&mut spec);
        ScenarioSnapshot::new(spec).map(|_| ()).unwrap_err().to_string()
    };
    let listed = changed(&|spec| {
        let second = spec.second.as_mut().unwrap();
        let mut market = second.market.spec().clone();
        let (symbol, one) = spec.market.spec().instruments.iter().next().unwrap();
        if let crate::scenario::Instrument::Collateral { .. } = one {
            market.instruments.insert(symbol.clone(), *one);
        }
        second.market = crate::scenario::ScenarioMarket::new(market).unwrap();
    });
    assert!(listed.ends_with("the first underlying's market lists it already"), "{listed}");
    let lot = changed(&|spec| spec.second.as_mut().unwrap().lots.options = "0".parse().unwrap());
    assert!(lot.starts_with("second.lots.options: "), "{lot}");
    assert!(both().with_second(of_third()).is_err() && of_third().with_second(both()).is_err());
}

#[test]
fn bad_sets_of_two_are_refused() {
    let refused = |change: &dyn Fn(&mut ParameterSpec)| {
        let mut spec = cross().spec().clone();
        change(&mut spec);
        ScenarioModel::new(spec).unwrap_err().to_string()
    };
    let second = |spec: &mut ParameterSpec| spec.second.clone().unwrap();
    let nested = refused(&|spec| {
        spec.second = Some({
            let mut other = second(spec);
            other.second = Some(second(spec));
            other
        })
    });
    assert!(nested.starts_with("second."), "{nested}");
    let unnamed = refused(&|spec| spec.underlying = None);
    assert!(unnamed.starts_with("underlying: missing"), "{unnamed}");
    let same = refused(&|spec| spec.second.as_mut().unwrap().underlying = spec.underlying.clone());
    assert_eq!(same, "second.underlying: BTC is the first underlying already");
    let stated = refused(&|spec| spec.second.as_mut().unwrap().states_marks = true);
    assert!(stated.starts_with("second.states_marks: a set of two"), "{stated}");
    let coins = refused(&|spec| spec.in_coins = true);
    assert!(coins.starts_with("in_coins: a set of two"), "{coins}");
    let range = refused(&|spec| spec.second.as_mut().unwrap().scenarios[0].spot_shock = -1.0);
    assert!(range.starts_with("second.scenarios[0].spot_shock: -1 is out of range"), "{range}");
}

/// What moves alone leaves the other as it is, and both together are both moved.
#[test]
fn an_account_on_both_is_stressed_by_what_moves() {
    use crate::scenario::{Position, Scan, ScenarioPortfolio, Shock, StressTest, Stressable};

    let (cross, snapshot) = (cross(), both());
    let market = built(&cross, &snapshot).unwrap();
    let models = [0, 1].map(|i| market.parts()[i].model());
    let spec = snapshot.spec();
    let markets = [&spec.market, &spec.second.as_ref().unwrap().market];
    let held = |name: &str, quantity: f64| Position {
        instrument: Symbol::new(name).unwrap(),
        quantity,
        unrealised: 0.0,
    };
    let of = |cash: f64, positions: &[Position]| ScenarioPortfolio {
        cash,
        positions: positions.to_vec(),
        reserved: 0.0,
    };
    let (first, second) = (
        [held("BTC-26DEC25-100000-C", -1.0), held("BTC", 0.4)],
        [held("ETH-26DEC25-100000-C", 0.5)],
    );
    let all: Vec<Position> = first.iter().chain(&second).cloned().collect();
    let test = StressTest::over(models.into_iter().zip(markets), &of(9_000.0, &all)).unwrap();
    let apart = [
        StressTest::new(models[0], markets[0], &of(9_000.0, &first)).unwrap(),
        StressTest::new(models[1], markets[1], &of(0.0, &second)).unwrap(),
    ];
    let shock = Shock { spot: 1.2, vol: 1.5 };
    for (moved, shocks) in
        [(None, [shock, shock]), (Some(0), [shock, Shock::NONE]), (Some(1), [Shock::NONE, shock])]
    {
        let point = test.moving(moved).at(shock).unwrap();
        let parts = [0, 1].map(|i| apart[i].at(shocks[i]).unwrap());
        for (got, sum) in [
            (point.equity, parts[0].equity + parts[1].equity),
            (point.maintenance_margin, parts[0].maintenance_margin + parts[1].maintenance_margin),
            (point.initial_margin, parts[0].initial_margin + parts[1].initial_margin),
        ] {
            assert!((got - sum).abs() < 1e-9, "{moved:?}: {got} {sum}");
        }
    }
    assert!(test.moves_together() && !test.moving(Some(1)).moves_together());
    assert_eq!((test.spot(), test.moving(Some(1)).spot()), (100.0, spec.market.spec().spot));
    // A level is lost where it is lost with that underlying alone, at another price than
    // with both.
    let lost = |moved| {
        let (found, _) =
            test.moving(moved).thresholds(&Scan::default(), &[Level::Maintenance]).unwrap();
        assert!(found[0].met);
        found[0].up.map(|crossing| crossing.spot_factor)
    };
    let (together, alone) = (lost(None), lost(Some(0)).unwrap());
    assert!(alone > 1.0 && together.is_none_or(|both| both > alone), "{together:?} {alone}");
    assert_eq!(lost(Some(1)), None, "a long call loses no more than it is worth");
    let unlisted = of(0.0, &[held("SOL", 1.0)]);
    assert!(StressTest::over(models.into_iter().zip(markets), &unlisted).is_err());
}
