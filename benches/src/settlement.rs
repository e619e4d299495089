//! The venue of [`crate::scenario`] under the shipped model of the settlement family: its
//! options, perpetual and coins, without futures, which the family does not have.

use anyhow::{Context, Result};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, Epoch, Timestamp};
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position};
use zkmargin_margin::settlement::SettlementWitness;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_params::market::settlement::Market;
use zkmargin_params::scenario::{Instrument, ScenarioMarket};
use zkmargin_params::settlement::presets::by_name;
use zkmargin_params::settlement::snapshot::{SettlementSnapshot, SnapshotSpec};
use zkmargin_params::symbol::Symbol;

use crate::{scenario, stand};

/// On a full hour, so that expiries are.
const TAKEN: u64 = 1_699_999_200;

/// The venue's market: every instrument charged, rounded, hashed.
///
/// # Errors
/// Never, unless the formats change under it.
pub fn market<F: MarginField>() -> Result<Market<F>> {
    let model = by_name("derive-standard").context("no such model")?.model()?;
    let mut marks = scenario::snapshot()?.spec().market.spec().clone();
    marks.instruments.retain(|_, instrument| !matches!(instrument, Instrument::Future { .. }));
    let snapshot = SettlementSnapshot::new(SnapshotSpec {
        timestamp: Timestamp::new(TAKEN),
        source: "synthetic".to_owned(),
        quote: Symbol::new("USDC")?,
        markets: vec![ScenarioMarket::new(marks)?],
        settled: Vec::new(),
    })?;
    Ok(Market::build(&model, &snapshot, Epoch::new(1))?)
}

/// A healthy account that fills a shape: calls and puts of eight expiries, long and short.
///
/// # Errors
/// Never: the venue lists what the account holds.
pub fn account<F: MarginField>(
    market: &Market<F>,
    shape: Shape,
) -> Result<(MarginInstance<F>, SettlementWitness<F>)> {
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
    let positions = (0..shape.settlement_positions()).map(position).collect::<Result<Vec<_>>>()?;
    let portfolio = Portfolio::new(positions, Blinding::new([9; 31]))?;
    let (instance, commitment, path) = stand(&portfolio, market.header())?;
    Ok((instance, market.settlement_witness(&portfolio, commitment, path)?))
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;
    use zkmargin_margin::settlement::Settlement;
    use zkmargin_margin::shape::Family;
    use zkmargin_margin::statement::margin;

    use super::*;

    #[test]
    fn accounts_fill_the_shapes_and_meet_initial_margin() {
        let market = market::<Fp>().unwrap();
        assert_eq!(market.rows().len(), 990);
        for shape in Family::Settlement.shapes() {
            let (instance, witness) = account(&market, *shape).unwrap();
            margin::check::<Settlement<_>>(&instance, &witness).unwrap();
            assert_eq!(witness.slots.len(), shape.settlement_positions());
        }
    }
}
