//! The venue of [`crate::scenario`] under a model of the simulation
//! family: 1,000 instruments under draws from a seed.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, Epoch, Timestamp};
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::simulation::SimulationWitness;
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_params::market::simulation::Market;
use zkmargin_params::scenario::LotSizes;
use zkmargin_params::simulation::model::{CollateralRule, SimulationModel};
use zkmargin_params::simulation::presets::by_name;
use zkmargin_params::simulation::rule::SetRule;
use zkmargin_params::simulation::snapshot::{Seed, SimulationSnapshot, SnapshotSpec};
use zkmargin_params::symbol::Symbol;

use crate::{scenario, stand};

/// The shipped Monte Carlo model, of one underlying.
fn model(marks: &zkmargin_params::scenario::MarketSpec) -> Result<SimulationModel> {
    let mut spec = by_name("monte-carlo-es").context("no such model")?.model()?.spec().clone();
    if let SetRule::MonteCarlo { cholesky, .. } = &mut spec.set {
        cholesky.truncate(1);
    }
    let rule = CollateralRule { underlying: None, maintenance_haircut: 0.1, initial_haircut: 0.1 };
    let coins = marks.instruments.keys().filter(|symbol| symbol.as_str().starts_with("COIN"));
    spec.collaterals.extend(coins.map(|symbol| (symbol.clone(), rule.clone())));
    Ok(SimulationModel::new(spec)?)
}

/// The venue's market: every instrument valued under every draw, rounded, hashed.
///
/// # Errors
/// Never, unless the formats change under it.
pub fn market<F: MarginField>() -> Result<Market<F>> {
    let marks = scenario::snapshot()?.spec().market.clone();
    let lot = |text: &str| text.parse();
    let snapshot = SimulationSnapshot::new(SnapshotSpec {
        timestamp: Timestamp::new(1_700_000_000),
        source: "synthetic".to_owned(),
        quote: Symbol::new("USD")?,
        quote_decimals: 4,
        lots: LotSizes { options: lot("0.1")?, others: lot("0.01")?, instruments: BTreeMap::new() },
        markets: vec![marks.clone()],
        history: None,
        seed: Some(Seed([7; 32])),
        beacon: None,
    })?;
    Ok(Market::build(&model(marks.spec())?, &snapshot, Epoch::new(1))?)
}

/// A healthy account that fills a shape: calls and puts, long and short.
///
/// # Errors
/// Never: the venue lists what the account holds.
pub fn account<F: MarginField>(
    market: &Market<F>,
    shape: Shape,
) -> Result<(MarginInstance<F>, SimulationWitness<F>)> {
    let position = |index: usize| -> Result<Position> {
        let (month, step) = (1 + index % 8, index / 8);
        let end = if index.is_multiple_of(3) { 'C' } else { 'P' };
        let symbol = format!("BTC-M{month}-{}-{end}", 80_000 + 4_000 * step);
        let listing = market.listing(&symbol).context("not listed")?;
        let lots = i64::try_from(10 + index)?;
        Ok(Position {
            bucket: BucketId::CROSS,
            instrument: listing.id(),
            quantity: Lots::new(if index.is_multiple_of(2) { lots } else { -lots }),
            cash: if index == 0 { Amount::new(1 << 50)? } else { Amount::ZERO },
        })
    };
    let positions = (0..shape.simulation_positions()).map(position).collect::<Result<Vec<_>>>()?;
    let portfolio = Portfolio::new(positions, Blinding::new([9; 31]))?;
    let (instance, commitment, path) = stand(&portfolio, market.header())?;
    Ok((instance, market.simulation_witness(&portfolio, commitment, path)?))
}
