use pasta_curves::Fp;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use zkmargin_margin::ids::Epoch;

use super::{rule, snapshot};
use crate::calibration::inputs::Numbers;
use crate::calibration::rule::CalibratedInstrument;
use crate::fraction::Fraction;
use crate::market::Market;
use crate::market::calibration::{calibrate, numbers_of};
use crate::model::StandardModel;

/// What is seen in an epoch: implied volatility in parts of 10,000 per year, spread
/// in parts of 10,000, depth and volume.
type Seen = (u32, u32, u64, u64);

fn seen() -> impl Strategy<Value = Seen> {
    (1_u32..200_000, 0_u32..10_000, 0_u64..1_000_000_000_000, 0_u64..100_000_000_000_000)
}

fn over(rate: Fraction) -> u128 {
    u128::from(rate.numerator()) * 10_000 / u128::from(rate.denominator())
}

/// Whether an instrument's numbers keep floor and cap, and steps of 15 % up and 5 %
/// down of rates, 10 % up and 25 % down of capacities.
fn check(instrument: &CalibratedInstrument, before: Option<&Numbers>, now: &Numbers) {
    let (floor, cap) = (over(instrument.floor), over(instrument.cap));
    let rates: Vec<u128> = now.rates.iter().map(|rate| over(*rate)).collect();
    assert!(rates.iter().all(|rate| (floor..=cap).contains(rate)), "{rates:?}");
    assert!(rates.windows(2).all(|pair| pair[0] <= pair[1]), "{rates:?}");
    let bounds = instrument.least_capacity..=instrument.most_capacity;
    assert!(bounds.contains(&now.capacity), "{now:?}");
    let Some(before) = before else { return };
    for (rate, before) in rates.iter().zip(&before.rates) {
        let before = over(*before);
        assert!(*rate <= (before * 115).div_ceil(100), "{before} to {rate}");
        assert!(*rate >= (before * 95).div_ceil(100), "{before} to {rate}");
    }
    assert!(now.capacity <= before.capacity * Decimal::new(11, 1));
    assert!(now.capacity >= (before.capacity * Decimal::new(75, 2)).floor());
}

fn epochs(model: &StandardModel, all: &[(Seen, Seen)]) {
    let mut before = None;
    for (index, (btc, eth)) in all.iter().enumerate() {
        let epoch = Epoch::new(index as u64 + 1);
        let observed = |(volatility, spread, depth, volume): Seen| {
            json!({
                "implied_volatility": Decimal::new(volatility.into(), 4).to_string(),
                "spread": Decimal::new(spread.into(), 4).to_string(),
                "depth": depth.to_string(), "daily_volume": volume.to_string(),
            })
        };
        let snapshot = snapshot(|json| {
            json["calibration"]["observations"] =
                json!({ "BTC": observed(*btc), "ETH": observed(*eth) });
            if let Some(numbers) = &before {
                let root = format!("0x{}", "1".repeat(64));
                json["calibration"]["previous"] =
                    json!({ "epoch": index, "market_root": root, "numbers": numbers });
            }
        });
        let numbers = numbers_of(calibrate(model, &snapshot, epoch).unwrap());
        for (symbol, now) in &numbers {
            let instrument = model.instruments()[symbol].calibrated.as_ref().unwrap();
            let last =
                before.as_ref().and_then(|all: &std::collections::BTreeMap<_, _>| all.get(symbol));
            check(instrument, last, now);
        }
        // Whatever was seen makes a market.
        Market::<Fp>::build(model, &snapshot, epoch).unwrap();
        before = Some(numbers);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn steps_floors_and_caps_hold_in_every_epoch(
        all in proptest::collection::vec((seen(), seen()), 1..8),
    ) {
        epochs(&rule(|_| {}).unwrap(), &all);
    }
}
