//! A synthetic venue of the scenario family: 1,000 instruments under 40
//! scenarios, and books of 64 positions.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use rayon::prelude::*;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, Epoch, Timestamp};
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position};
use zkmargin_margin::scenario::{AccountMargin, ScenarioWitness};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_params::market::{MarketError, scenario::Market};
use zkmargin_params::scenario::parameters::{Scenario, VolShockDirection, by_name};
use zkmargin_params::scenario::{
    ExpiryFeed, Instrument, LotSizes, MarketSpec, OptionType, ScenarioMarket, ScenarioModel,
    ScenarioSnapshot, SnapshotSpec,
};
use zkmargin_params::symbol::Symbol;

use crate::stand;

/// Expiries of the venue: 49 strikes in each, a call and a put of each strike.
const EXPIRIES: u64 = 10;
/// Strikes of an expiry.
const STRIKES: u32 = 49;
/// Collateral besides: the other instruments are a future per expiry and a
/// perpetual.
const COINS: usize = 9;
/// Positions of a book.
pub const POSITIONS: usize = 64;

/// Published parameters on a grid of 38 regular and 2 skew scenarios.
///
/// # Errors
/// Never, unless the formats change under it.
pub fn model() -> Result<ScenarioModel> {
    let mut spec = by_name("derive-test").context("no such set")?.model()?.spec().clone();
    let is_skew = |scenario: &Scenario| scenario.vol_shock_direction.is_skew();
    let skews = spec.scenarios.iter().copied().filter(is_skew);
    let regular = (0..38).map(|index| Scenario {
        spot_shock: 0.62 + 0.02 * f64::from(index),
        vol_shock_direction: match index % 3 {
            0 => VolShockDirection::Up,
            1 => VolShockDirection::None,
            _ => VolShockDirection::Down,
        },
        dampening_factor: if (10..28).contains(&index) { 1.0 } else { 0.4 },
        relief: 0.0,
    });
    spec.scenarios = regular.chain(skews).collect();
    let rule = *spec.collaterals.values().next().context("no collateral rule")?;
    for index in 0..COINS {
        spec.collaterals.insert(Symbol::new(&format!("COIN{index}"))?, rule);
    }
    Ok(ScenarioModel::new(spec)?)
}

/// The venue's marks.
///
/// # Errors
/// Never, unless the formats change under it.
pub fn snapshot() -> Result<ScenarioSnapshot> {
    snapshot_of(STRIKES)
}

/// The marks of a venue with so many strikes in each expiry: 20 instruments for each,
/// and 20 more.
///
/// # Errors
/// When there are none, or so many that two are equal.
pub fn snapshot_of(strikes: u32) -> Result<ScenarioSnapshot> {
    let step_size = 196_000_u32.checked_div(strikes).context("no strikes")?;
    let (mut feeds, mut instruments) = (Vec::new(), BTreeMap::new());
    for month in 1..=EXPIRIES {
        let expiry_seconds = month * 2_592_000;
        feeds.push(ExpiryFeed {
            expiry_seconds,
            forward: 100_000.0 + 300.0 * f64::from(u32::try_from(month)?),
            forward_confidence: 1.0,
            rate: 0.04,
            rate_confidence: 1.0,
            vol_confidence: 1.0,
        });
        let future = Symbol::new(&format!("BTC-M{month}"))?;
        instruments.insert(future, Instrument::Future { expiry_seconds });
        for step in 0..strikes {
            let strike = 20_000 + step_size * step;
            for (option_type, end) in [(OptionType::Call, 'C'), (OptionType::Put, 'P')] {
                let terms = Instrument::Option {
                    expiry_seconds,
                    strike: f64::from(strike),
                    option_type,
                    mark_vol: 0.4 + 0.005 * f64::from(strike.abs_diff(100_000)) / 4_000.0,
                };
                instruments.insert(Symbol::new(&format!("BTC-M{month}-{strike}-{end}"))?, terms);
            }
        }
    }
    let perpetual = Instrument::Perpetual { price: 100_010.0, confidence: 1.0 };
    instruments.insert(Symbol::new("BTC-PERPETUAL")?, perpetual);
    for index in 0..COINS {
        let coin = Instrument::Collateral { price: 1_000.0, confidence: 1.0 };
        instruments.insert(Symbol::new(&format!("COIN{index}"))?, coin);
    }
    let lot = |text: &str| text.parse();
    Ok(ScenarioSnapshot::new(SnapshotSpec {
        second: None,
        timestamp: Timestamp::new(1_700_000_000),
        source: "synthetic".to_owned(),
        quote: Symbol::new("USD")?,
        quote_decimals: 8,
        lots: LotSizes {
            options: lot("0.1")?,
            others: lot("0.001")?,
            instruments: BTreeMap::new(),
        },
        market: ScenarioMarket::new(MarketSpec {
            underlying: Symbol::new("BTC")?,
            spot: 100_000.0,
            spot_confidence: 1.0,
            stable_price: 1.0,
            array_charges: None,
            feeds,
            instruments,
        })?,
        calibration: None,
    })?)
}

/// The venue's market: every instrument valued under every scenario, rounded,
/// hashed.
///
/// # Errors
/// When model and snapshot do not make one.
pub fn market<F: MarginField>(
    model: &ScenarioModel,
    snapshot: &ScenarioSnapshot,
) -> Result<Market<F>> {
    Ok(Market::build(model, snapshot, Epoch::new(1))?)
}

/// So many books of [`POSITIONS`] instruments, all different.
///
/// # Errors
/// Never: amounts and lots are in range.
pub fn books<F: MarginField>(market: &Market<F>, count: usize) -> Result<Vec<Vec<Position>>> {
    let listings: Vec<_> = market.listings().collect();
    let book = |number: usize| -> Result<Vec<Position>> {
        let position = |index: usize| {
            // Coprime strides: no instrument stands twice in a book.
            let listing = listings[(number * 31 + index * 37) % listings.len()];
            let lots = i64::try_from(1 + (number + index * 7) % 50)?;
            let is_coin = listing.symbol().as_str().starts_with("COIN");
            Ok(Position {
                bucket: BucketId::CROSS,
                instrument: listing.id(),
                quantity: Lots::new(if index.is_multiple_of(2) || is_coin { lots } else { -lots }),
                cash: if index == 0 { Amount::new(1 << 44)? } else { Amount::ZERO },
            })
        };
        (0..POSITIONS).map(position).collect()
    };
    (0..count).map(book).collect()
}

/// A healthy account that fills a shape: calls and puts, long and short, in as
/// many of its expiries as the venue has.
///
/// # Errors
/// Never: the venue lists what the account holds.
pub fn account<F: MarginField>(
    market: &Market<F>,
    shape: Shape,
) -> Result<(MarginInstance<F>, ScenarioWitness<F>)> {
    one_of(market, shape, 0)
}

/// One of many such accounts, all different.
///
/// # Errors
/// As [`account`].
pub fn one_of<F: MarginField>(
    market: &Market<F>,
    shape: Shape,
    number: usize,
) -> Result<(MarginInstance<F>, ScenarioWitness<F>)> {
    let expiries = shape.scenario_expiries().min(usize::try_from(EXPIRIES)?);
    let position = |index: usize| -> Result<Position> {
        let (month, step) = (1 + index % expiries, index / expiries);
        let end = if index.is_multiple_of(3) { 'C' } else { 'P' };
        let symbol = format!("BTC-M{month}-{}-{end}", 80_000 + 4_000 * step);
        let listing = market.listing(&symbol).context("not listed")?;
        let lots = i64::try_from(10 + index + number % 50)?;
        Ok(Position {
            bucket: BucketId::CROSS,
            instrument: listing.id(),
            quantity: Lots::new(if index.is_multiple_of(2) { lots } else { -lots }),
            cash: if index == 0 {
                Amount::new((1 << 50) + i128::try_from(number)?)?
            } else {
                Amount::ZERO
            },
        })
    };
    let positions = (0..shape.scenario_positions()).map(position).collect::<Result<Vec<_>>>()?;
    let portfolio = Portfolio::new(positions, Blinding::new([9; 31]))?;
    let (instance, commitment, path) = stand(&portfolio, market.header())?;
    Ok((instance, market.scenario_witness(&portfolio, commitment, path)?))
}

/// The margins of books, on all cores.
///
/// # Errors
/// When a book does not fit the market.
pub fn margins<F: MarginField + Sync>(
    market: &Market<F>,
    books: &[Vec<Position>],
) -> Result<Vec<AccountMargin>, MarketError> {
    books.par_iter().map(|book| market.margin(book)).collect()
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;
    use zkmargin_margin::scenario::Scenario;
    use zkmargin_margin::statement::margin;

    use super::*;

    #[test]
    fn the_venue_is_as_large_as_it_says() {
        let (model, snapshot) = (model().unwrap(), snapshot().unwrap());
        assert_eq!(model.spec().scenarios.len(), 40);
        let market = market::<Fp>(&model, &snapshot).unwrap();
        assert_eq!(market.rows().len(), 1_000);
        let books = books(&market, 3).unwrap();
        let margins = margins(&market, &books).unwrap();
        assert!(books.iter().all(|book| book.len() == 64));
        assert!(margins.iter().all(|margin| margin.parts()[0].naked > 0));
        for shape in Shape::ALL.into_iter().chain([Shape::Huge]) {
            let (instance, witness) = account(&market, shape).unwrap();
            margin::check::<Scenario<_>>(&instance, &witness).unwrap();
            assert_eq!(witness.account.slots.len(), shape.scenario_positions());
        }
    }
}
