//! Moves of prices between two markets.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use zkmargin_params::market::moves::{
    Announced, Limits, LimitsError, MarkKind, Marks, Move, UNBOUNDED, largest, moves,
};
use zkmargin_params::scenario::market::{Instrument, MarketSpec, ScenarioMarket};

/// The limit of the standard policy.
const LIMIT: u32 = 2_000;
const NOW: u64 = 1_764_921_600;
const WEEK: u64 = 604_800;

/// No listing is announced.
fn nothing() -> Announced {
    Announced::default()
}

/// The move of the perpetual's price from one to another, both ways.
fn bps(from: f64, to: f64) -> u32 {
    let moved = |from: f64, to: f64| {
        let at = |mark: f64| {
            let mut market = spec();
            let symbol = "BTC-PERPETUAL".parse().unwrap();
            if let Some(Instrument::Perpetual { price, .. }) = market.instruments.get_mut(&symbol) {
                *price = mark;
            }
            Marks::of_scenario(NOW, &market)
        };
        largest(&moves(&at(from), &at(to), None, &nothing()))
    };
    assert_eq!(moved(from, to), moved(to, from));
    moved(from, to)
}

#[test]
fn moves_are_symmetric_and_rounded_up() {
    for (from, to, expected) in [
        (100.0, 100.0, 0),
        (100.0, 120.0, 2_000),
        (100.0, 120.000001, 2_001),
        (100.0, 80.0, 2_500),
        (100.0, 50.0, 10_000),
        (3.0, 1.0, 20_000),
        (0.0, 0.0, 0),
        (0.0, 1.0, UNBOUNDED),
        (1e-12, 1e12, UNBOUNDED),
    ] {
        assert_eq!(bps(from, to), expected, "{from} {to}");
    }
}

fn spec() -> MarketSpec {
    let json = r#"{
        "underlying": "BTC", "spot": 92500.5,
        "feeds": [
            { "expiry_seconds": 604800, "forward": 92700 },
            { "expiry_seconds": 2592000, "forward": 93500 }
        ],
        "instruments": {
            "BTC-12DEC25-90000-C": { "kind": "option", "expiry_seconds": 604800,
                "strike": 90000, "option_type": "call", "mark_vol": 0.45 },
            "BTC-12DEC25-93000-C": { "kind": "option", "expiry_seconds": 604800,
                "strike": 93000, "option_type": "call", "mark_vol": 0.42 },
            "BTC-12DEC25-93000-P": { "kind": "option", "expiry_seconds": 604800,
                "strike": 93000, "option_type": "put", "mark_vol": 0.44 },
            "BTC-12DEC25": { "kind": "future", "expiry_seconds": 604800 },
            "BTC-PERPETUAL": { "kind": "perpetual", "price": 92510 },
            "BTC": { "kind": "collateral", "price": 92500.5 }
        }
    }"#;
    ScenarioMarket::from_json(json).unwrap().spec().clone()
}

/// The largest move after a change, with nothing else changed.
fn after(change: impl FnOnce(&mut MarketSpec)) -> (u32, Vec<Move>) {
    let (before, mut changed) = (spec(), spec());
    change(&mut changed);
    let marks = Marks::of_scenario;
    let moves = moves(&marks(NOW, &before), &marks(NOW, &changed), None, &nothing());
    (largest(&moves), moves)
}

fn volatilities(market: &mut MarketSpec, factor: f64) {
    for instrument in market.instruments.values_mut() {
        if let Instrument::Option { mark_vol, .. } = instrument {
            *mark_vol *= factor;
        }
    }
}

#[test]
fn nothing_moved_is_no_move() {
    let (largest, moves) = after(|_| {});
    assert_eq!(largest, 0);
    // Spot, the stablecoin, two forwards, one volatility at the money, three of
    // options, two prices.
    assert_eq!(moves.len(), 10);
}

#[test]
fn of_options_more_than_spot_counts() {
    assert_eq!(after(|market| volatilities(market, 3.0)).0, 5_000);
    assert!(after(|market| volatilities(market, 1.0 / 3.0)).0 > LIMIT);
    assert!(after(|market| market.feeds[1].forward *= 1.5).0 > LIMIT);
    assert!(after(|market| market.spot /= 1.3).0 > LIMIT);
    assert!(after(|market| market.stable_price = 0.7).0 > LIMIT);
    // A calm day's volatility is no jump.
    assert!(after(|market| volatilities(market, 1.3)).0 < LIMIT);
}

#[test]
fn one_option_alone_trips_it() {
    let (largest, moves) = after(|market| {
        let option = market.instruments.get_mut(&"BTC-12DEC25-90000-C".parse().unwrap());
        if let Some(Instrument::Option { mark_vol, .. }) = option {
            *mark_vol *= 3.0;
        }
    });
    assert_eq!(largest, 2_500);
    assert_eq!(
        (moves[0].name.as_str(), moves[0].kind),
        ("BTC-12DEC25-90000-C", MarkKind::Volatility)
    );
    assert_eq!(moves[0].bps, 20_000);
}

#[test]
fn new_and_gone_are_without_bound_except_strikes_of_listed_expiries() {
    let option = |market: &MarketSpec| market.instruments[&"BTC-12DEC25-90000-C".parse().unwrap()];
    let (strike, _) = after(|market| {
        let option = option(market);
        market.instruments.insert("BTC-12DEC25-95000-C".parse().unwrap(), option);
        market.instruments.remove(&"BTC-12DEC25-90000-C".parse().unwrap());
    });
    assert_eq!(strike, 0);
    let (perpetual, _) = after(|market| {
        let instrument = market.instruments[&"BTC-PERPETUAL".parse().unwrap()];
        market.instruments.insert("ETH-PERPETUAL".parse().unwrap(), instrument);
    });
    assert_eq!(perpetual, UNBOUNDED);
    let (gone, _) = after(|market| {
        market.instruments.remove(&"BTC-PERPETUAL".parse().unwrap());
    });
    assert_eq!(gone, UNBOUNDED);
    let (expiry, moves) = after(|market| {
        let mut feed = market.feeds[1];
        feed.expiry_seconds *= 2;
        market.feeds.push(feed);
    });
    assert_eq!((expiry, moves[0].kind), (UNBOUNDED, MarkKind::Forward));
    let (zero, _) = after(|market| volatilities(market, 0.0));
    assert_eq!(zero, UNBOUNDED);
}

/// An hour later every expiry is an hour nearer; a week later one has passed.
#[test]
fn expiries_are_the_same_as_time_goes_by() {
    let marks = Marks::of_scenario;
    let later = |seconds: u64| {
        let mut market = spec();
        market.feeds.retain(|feed| feed.expiry_seconds > seconds);
        market.feeds.iter_mut().for_each(|feed| feed.expiry_seconds -= seconds);
        market.instruments.retain(|_, instrument| match instrument {
            Instrument::Option { expiry_seconds, .. } | Instrument::Future { expiry_seconds } => {
                let lives = *expiry_seconds > seconds;
                *expiry_seconds = expiry_seconds.wrapping_sub(seconds);
                lives
            }
            _ => true,
        });
        marks(NOW + seconds, &market)
    };
    for seconds in [3_600, WEEK, WEEK + 60] {
        assert_eq!(
            largest(&moves(&marks(NOW, &spec()), &later(seconds), None, &nothing())),
            0,
            "{seconds}"
        );
    }
    // Gone before its time.
    let mut market = spec();
    market.feeds.remove(0);
    market.instruments.retain(|symbol, _| !symbol.as_str().contains("12DEC25"));
    assert_eq!(
        largest(&moves(&marks(NOW, &spec()), &marks(NOW + 60, &market), None, &nothing())),
        UNBOUNDED
    );
}

#[test]
fn a_limit_of_its_own_is_scaled_to_the_policys() {
    let limits = |own: &[(&str, u32)]| {
        let own = own.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect();
        Limits::new(LIMIT, own).unwrap()
    };
    let (before, mut changed) = (spec(), spec());
    changed.stable_price = 1.02;
    volatilities(&mut changed, 1.8);
    let marks = Marks::of_scenario;
    let moved = |limits: &Limits| {
        largest(&moves(&marks(NOW, &before), &marks(NOW, &changed), Some(limits), &nothing()))
    };
    assert_eq!(moved(&limits(&[])), 2_000);
    // 2 % is the stablecoin's own limit: it counts as the policy's.
    assert_eq!(moved(&limits(&[("stable", 200), ("at-the-money", 4_000)])), 2_000);
    assert_eq!(moved(&limits(&[("stable", 199), ("at-the-money", 4_000)])), 2_011);
    assert_eq!(moved(&limits(&[("at-the-money", 4_000)])), 1_000);
    // What does not fit is without bound.
    let tiny = Limits::new(u32::MAX, [("stable".to_owned(), 1)].into()).unwrap();
    assert_eq!(moved(&tiny), UNBOUNDED);
    assert_eq!(
        Limits::new(1, [("BTC".to_owned(), 0)].into()),
        Err(LimitsError::Zero("BTC".into()))
    );
    assert!(Limits::new(0, [].into()).is_err());
    let parse = |text: &str| serde_json::from_str::<Limits>(text);
    assert!(parse(r#"{"max_price_move_bps": 2000, "instruments": {"BTC": 500}}"#).is_ok());
    assert!(parse(r#"{"max_price_move_bps": 2000, "instruments": {"BTC": 0}}"#).is_err());
    assert!(parse(r#"{"instruments": {"BTC": 500}}"#).is_err());
}

#[test]
fn an_announced_listing_moves_from_its_announced_price() {
    let symbol = "ETH-PERPETUAL";
    let listed = |price: f64, file: &str| {
        let (before, mut after) = (spec(), spec());
        let mut instrument = perpetual(&spec());
        if let Instrument::Perpetual { price: listed, .. } = &mut instrument {
            *listed = price;
        }
        after.instruments.insert(symbol.parse().unwrap(), instrument);
        let announced: Announced = serde_json::from_str(file).unwrap();
        let marks = Marks::of_scenario;
        moves(&marks(NOW - 60, &before), &marks(NOW, &after), None, &announced)
    };
    let file = |instrument: &str, from: u64, price: &str, bps: u32| {
        format!(
            r#"{{"announced": [{{"instrument": "{instrument}", "not_before": {from}, "price": "{price}", "max_price_move_bps": {bps}}}]}}"#
        )
    };
    let found = listed(2_200.0, &file(symbol, NOW, "2000", 1_000));
    assert_eq!((largest(&found), found[0].name.as_str()), (1_000, symbol));
    assert!(found[0].announced && found[0].before.is_some());
    assert_eq!(found.iter().filter(|moved| moved.announced).count(), 1);
    // Further from its price than announced, too early, another instrument.
    for other in [
        file(symbol, NOW, "2000", 999),
        file(symbol, NOW + 1, "2000", 1_000),
        file("SOL-PERPETUAL", NOW, "2000", 1_000),
    ] {
        let found = listed(2_200.0, &other);
        assert_eq!((largest(&found), found[0].announced), (UNBOUNDED, false), "{other}");
    }
    assert_eq!(largest(&listed(0.0, &file(symbol, NOW, "2000", u32::MAX))), UNBOUNDED);
    // What was listed before moves from its price, whatever is announced.
    let instrument = file("BTC-PERPETUAL", NOW, "1", u32::MAX);
    let announced: Announced = serde_json::from_str(&instrument).unwrap();
    let marks = |market: &MarketSpec| Marks::of_scenario(NOW, market);
    assert_eq!(largest(&moves(&marks(&spec()), &marks(&spec()), None, &announced)), 0);

    let parse = |text: &str| serde_json::from_str::<Announced>(text);
    let one = r#"{"instrument": "A", "not_before": 1, "price": "1", "max_price_move_bps": 1}"#;
    assert!(parse(&format!(r#"{{"announced": [{one}]}}"#)).is_ok());
    assert!(parse(&format!(r#"{{"announced": [{one}, {one}]}}"#)).is_err());
    assert!(parse(&file("A", 1, "0", 1)).is_err());
    assert!(parse(&file("A", 1, "-1", 1)).is_err());
    assert!(parse(r#"{"announced": [{"instrument": "A"}]}"#).is_err());
}

fn perpetual(market: &MarketSpec) -> Instrument {
    market.instruments[&"BTC-PERPETUAL".parse().unwrap()]
}
