//! Tests of markets: integers against the rule in floating point, and what is refused.

mod agreement;
mod refusals;
mod relation;
mod stress;

use pasta_curves::Fp;
use zkmargin_margin::ids::{BucketId, Epoch};
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::units::{Amount, Lots};

use crate::market::MarketError;
use crate::market::settlement::Market;
use crate::settlement::model::SettlementModel;
use crate::settlement::presets;
use crate::settlement::snapshot::SettlementSnapshot;

/// A quarter of an hour before a full one.
const TAKEN: u64 = 1_764_924_300;

/// What a test's market is under.
#[derive(Clone, Copy, Debug)]
struct Conditions {
    spot_confidence: f64,
    perpetual_confidence: f64,
    vol_confidence: f64,
    stable_price: f64,
}

const CALM: Conditions = Conditions {
    spot_confidence: 1.0,
    perpetual_confidence: 1.0,
    vol_confidence: 1.0,
    stable_price: 1.0,
};

/// Two underlyings with three expiries each, the first in its last half hour, with a
/// perpetual and coins.
fn json(conditions: Conditions) -> String {
    let Conditions { spot_confidence, perpetual_confidence, vol_confidence, stable_price } =
        conditions;
    let market = |coin: &str, spot: f64, strikes: [u32; 4]| {
        let forwards = [900, 605_700, 7_776_900].map(|seconds: u32| {
            (seconds, spot * (1.0 + f64::from(seconds) * 1e-9) + 0.123_456_789)
        });
        let feeds = forwards.map(|(seconds, forward)| {
            format!(
                r#"{{ "expiry_seconds": {seconds}, "forward": {forward}, "forward_confidence": 0.97,
                   "vol_confidence": {vol_confidence} }}"#
            )
        });
        let option = |seconds: u32, strike: u32, (kind, letter): (&str, &str)| {
            let vol = 0.55 + f64::from(strike) * 1e-7;
            format!(
                r#""{coin}-{seconds}-{strike}-{letter}": {{ "kind": "option",
                   "expiry_seconds": {seconds}, "strike": {strike}, "option_type": "{kind}",
                   "mark_vol": {vol} }}"#
            )
        };
        let options = forwards.iter().flat_map(|(seconds, _)| {
            strikes.iter().flat_map(move |strike| {
                [("call", "C"), ("put", "P")].map(|kind| option(*seconds, *strike, kind))
            })
        });
        let options: Vec<_> = options.collect();
        let (feeds, options, perpetual) = (feeds.join(","), options.join(","), spot * 1.000_7);
        format!(
            r#"{{ "underlying": "{coin}", "spot": {spot}, "spot_confidence": {spot_confidence},
               "stable_price": {stable_price}, "feeds": [{feeds}],
               "instruments": {{ {options},
                 "{coin}-PERP": {{ "kind": "perpetual", "price": {perpetual},
                                   "confidence": {perpetual_confidence} }},
                 "{coin}": {{ "kind": "collateral", "price": {spot} }} }} }}"#
        )
    };
    format!(
        r#"{{ "timestamp": {TAKEN}, "source": "invented", "quote": "USDC",
           "markets": [{}, {}],
           "settled": [
             {{ "underlying": "ETH", "expiry_seconds": 900, "fraction": 0.5, "average": 3001.25 }},
             {{ "underlying": "BTC", "expiry_seconds": 900, "fraction": 0.5, "average": 91234.5 }}
           ] }}"#,
        market("ETH", 3_003.37, [2_000, 2_950, 3_100, 5_000]),
        market("BTC", 91_318.55, [70_000, 91_500, 95_000, 120_000]),
    )
}

fn snapshot(conditions: Conditions) -> SettlementSnapshot {
    SettlementSnapshot::from_json(&json(conditions)).unwrap()
}

fn model() -> SettlementModel {
    presets::by_name("derive-standard").unwrap().model().unwrap()
}

fn build(snapshot: &SettlementSnapshot) -> Result<Market<Fp>, MarketError> {
    Market::build(&model(), snapshot, Epoch::new(1))
}

/// Positions of so many lots in the listings, in their order, and cash on the first.
fn book(market: &Market<Fp>, lots: &[i64], cash: i128) -> Vec<Position> {
    let each = market.listings().zip(market.rows()).zip(lots).enumerate();
    each.map(|(place, ((listing, row), lots))| Position {
        bucket: BucketId::CROSS,
        instrument: listing.id(),
        quantity: Lots::new(if row.is_long_only() { lots.abs() } else { *lots }),
        cash: Amount::new(if place == 0 { cash } else { 0 }).unwrap(),
    })
    .collect()
}
