//! The lending preset against Aave's own rule: thresholds averaged over all
//! collateral and rounded down to whole basis points.

use pasta_curves::Fp;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{BucketId, Epoch};
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::units::{Amount, Lots};

use super::Market;
use crate::presets;
use crate::snapshot::Snapshot;

/// Published thresholds in basis points, of ETH, USDC and WBTC.
const COINS: [(&str, u128); 3] = [("ETH", 8300), ("USDC", 7800), ("WBTC", 7800)];
const WAD: u128 = 1_000_000_000_000_000_000;

fn market() -> Market<Fp> {
    let json = r#"{"timestamp":1742900000,"source":"x","quote":"USD","prices":
        {"ETH":{"price":"2500"},"USDC":{"price":"1"},"WBTC":{"price":"60000"}}}"#;
    let model = presets::by_name("aave-like").unwrap().model().unwrap();
    Market::build(&model, &Snapshot::from_json(json).unwrap(), Epoch::new(1)).unwrap()
}

fn book(market: &Market<Fp>, quantities: [&str; 3]) -> Vec<Position> {
    let held = |((symbol, _), quantity): (&(&str, u128), &str)| {
        let listing = market.listing(symbol).unwrap();
        Position {
            bucket: BucketId::CROSS,
            instrument: listing.id(),
            quantity: listing.lots_from_decimal(quantity).unwrap(),
            cash: Amount::ZERO,
        }
    };
    COINS.iter().zip(quantities).map(held).collect()
}

/// Aave's health factor of 18 decimals; `None` without debt.
fn health_factor(market: &Market<Fp>, positions: &[Position]) -> Option<u128> {
    let margin = market.margin(positions).unwrap();
    let mut ordered: Vec<_> = positions.iter().collect();
    ordered.sort_by_key(|position| position.key());
    let (mut collateral, mut weighted, mut debt) = (0_u128, 0_u128, 0_u128);
    for (position, figures) in ordered.iter().zip(&margin.positions) {
        let listing = market.listing_by_id(position.instrument).unwrap();
        let bps = COINS.iter().find(|(symbol, _)| *symbol == listing.symbol().as_str()).unwrap().1;
        let value = figures.value.unsigned_abs();
        if figures.value < 0 {
            debt += value;
        } else {
            collateral += value;
            weighted += value * bps;
        }
    }
    let average = weighted.checked_div(collateral).unwrap_or(0);
    let counted = (collateral * average + 5_000) / 10_000;
    (debt > 0).then(|| (counted * WAD + debt / 2) / debt)
}

#[test]
fn a_published_floor_is_not_proved_healthy() {
    let market = market();
    let positions = book(&market, ["1", "5000", "-0.09958"]);
    let factor = health_factor(&market, &positions).unwrap();
    assert_eq!(factor / 10_000_000_000, 99_994_978, "0.999949788: the venue liquidates it");
    assert_eq!(market.margin(&positions).unwrap().level(), Level::MarginCall);
    // Balances of six and eight decimals are whole lots.
    let real = book(&market, ["0.000000000001", "-1234.567891", "0.12345678"]);
    assert!(market.margin(&real).unwrap().level() >= Level::Maintenance);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]
    /// Maintenance is never met where Aave's health factor is below one.
    #[test]
    fn maintenance_here_is_health_there(eth in 0i64..1_000_000, usdc in 0i64..1_000_000, parts in 0i64..40_000) {
        let market = market();
        let mut positions = book(&market, ["0", "0", "0"]);
        // Debt in WBTC near what the collateral allows, to a basis point.
        let value = i128::from(eth) * 25 + i128::from(usdc);
        let debt = value * (76_000 + i128::from(parts) / 4) / 100_000;
        let lots = |lots: i128| Lots::new(i64::try_from(lots).unwrap());
        positions[0].quantity = lots(i128::from(eth) * 10_000_000_000);
        positions[1].quantity = lots(i128::from(usdc) * 1_000_000);
        positions[2].quantity = lots(-(debt * 100_000_000 / 60_000));
        if let Some(factor) = health_factor(&market, &positions)
            && market.margin(&positions).unwrap().level() >= Level::Maintenance
        {
            proptest::prop_assert!(factor >= WAD, "{factor}");
        }
    }
}
