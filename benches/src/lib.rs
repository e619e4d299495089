//! What the benchmarks run on: a synthetic venue of 1,000 perpetuals in four
//! tiers each, and an account that fills a circuit shape; in [`scenario`],
//! [`simulation`] and [`settlement`] those of the other families.

pub mod scenario;
pub mod settlement;
pub mod simulation;
pub mod usage;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, BucketId, ContextId, Epoch, Memo};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{MarketHeader, STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::standard::StandardWitness;
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_params::market::Market;
use zkmargin_params::model::StandardModel;
use zkmargin_params::snapshot::Snapshot;

/// Instruments of the synthetic venue.
pub const INSTRUMENTS: usize = 1_000;

/// The synthetic venue's market.
///
/// # Errors
/// Never, unless the formats change under it.
pub fn market<F: MarginField>() -> Result<Market<F>> {
    let mut instruments = BTreeMap::new();
    let mut prices = BTreeMap::new();
    for index in 0..INSTRUMENTS {
        let symbol = format!("COIN{index:04}");
        instruments.insert(
            symbol.clone(),
            r#"{"kind":"perpetual","lot_size":"0.001","margin":{
                "initial":[{"up_to":"100000","rate":"1/50"},{"up_to":"1000000","rate":"1/25"},
                           {"up_to":"10000000","rate":"1/10"},{"rate":"1/5"}],
                "maintenance":[{"up_to":"100000","rate":"1/100"},{"up_to":"1000000","rate":"1/50"},
                           {"up_to":"10000000","rate":"1/20"},{"rate":"1/10"}]}}"#,
        );
        prices.insert(symbol, format!(r#"{{"price":"{}.{:02}"}}"#, 1 + index * 7, index % 100));
    }
    let model = StandardModel::from_json(&format!(
        r#"{{"name":"bench","quote":"USD","quote_decimals":8,"denominator":1000,"instruments":{}}}"#,
        object(&instruments)
    ))?;
    let snapshot = Snapshot::from_json(&format!(
        r#"{{"timestamp":1700000000,"source":"synthetic","quote":"USD","prices":{}}}"#,
        object(&prices)
    ))?;
    Ok(Market::build(&model, &snapshot, Epoch::new(1))?)
}

fn object<V: std::fmt::Display>(entries: &BTreeMap<String, V>) -> String {
    let mut text = String::from("{");
    for (index, (key, value)) in entries.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}\"{key}\":{value}");
    }
    text.push('}');
    text
}

/// A healthy account of so many positions, long and short in turn.
///
/// # Errors
/// When the venue has fewer instruments.
pub fn account<F: MarginField>(
    market: &Market<F>,
    positions: usize,
) -> Result<(MarginInstance<F>, StandardWitness<F>)> {
    one_of(market, positions, 0)
}

/// One of many such accounts, all different.
///
/// # Errors
/// As [`account`].
pub fn one_of<F: MarginField>(
    market: &Market<F>,
    positions: usize,
    number: usize,
) -> Result<(MarginInstance<F>, StandardWitness<F>)> {
    let portfolio = numbered(market, positions, number)?;
    let (instance, commitment, path) = stand(&portfolio, market.header())?;
    Ok((instance, market.standard_witness(&portfolio, commitment, path)?))
}

/// The portfolio as the only account of a state, claimed to meet initial margin:
/// the statement, the commitment and its path.
fn stand<F: MarginField>(
    portfolio: &Portfolio,
    header: &MarketHeader<F>,
) -> Result<(MarginInstance<F>, F, Path<F>)> {
    let (account, context) = (AccountId::new([7; 20]), ContextId::derive("bench", 0, [0; 20]));
    let commitment = portfolio.commitment::<F>();
    let leaves = vec![state_leaf(account, commitment, context)];
    let state = Tree::build(Domain::StateNode, STATE_DEPTH, leaves)?;
    let instance = MarginInstance {
        context,
        epoch: header.epoch,
        account,
        state_root: state.root(),
        market_root: header.root(),
        model: header.model,
        claim: Claim::new(Side::AtLeast, Level::Initial)?,
        disclosed: Shortfall::NONE,
        memo: Memo::NONE,
    };
    Ok((instance, commitment, state.path(0)?))
}

/// The account's portfolio.
///
/// # Errors
/// When the venue has fewer instruments.
pub fn portfolio<F: MarginField>(market: &Market<F>, positions: usize) -> Result<Portfolio> {
    numbered(market, positions, 0)
}

fn numbered<F: MarginField>(
    market: &Market<F>,
    positions: usize,
    number: usize,
) -> Result<Portfolio> {
    let mut listings = market.listings();
    let mut book = Vec::with_capacity(positions);
    for index in 0..positions {
        let listing = listings.next().context("the venue has too few instruments")?;
        let lots = i64::try_from(1_000 + 10 * index + number)?;
        book.push(Position {
            bucket: BucketId::CROSS,
            instrument: listing.id(),
            quantity: Lots::new(if index % 2 == 0 { lots } else { -lots }),
            cash: if index == 0 { Amount::new(1 << 60)? } else { Amount::ZERO },
        });
    }
    Ok(Portfolio::new(book, Blinding::new([9; 31]))?)
}
