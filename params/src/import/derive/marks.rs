//! The marks of an account's own positions, as a snapshot of the settlement family.

use std::collections::BTreeMap;

use zkmargin_margin::ids::Timestamp;

use super::name::Name;
use crate::import::{AccountProblem, ImportError, VenueAccount, symbol};
use crate::scenario::{Instrument, MarketSpec, ScenarioMarket};
use crate::settlement::SettlementError;
use crate::settlement::snapshot::{SettlementSnapshot, SnapshotSpec};
use crate::symbol::Symbol;

/// The marks of an account that holds coins and perpetuals. Of doubt the answer says
/// nothing: confidences and the price of the stable coin are one. What is charged on coins
/// and perpetuals is then a part of their own marks, so spot is whichever of them is there.
///
/// # Errors
/// When the account holds an option, whose charges follow from a forward and a volatility
/// that the answer does not state, or nothing, or a mark is out of range.
pub fn own_marks(account: &VenueAccount) -> Result<SettlementSnapshot, ImportError> {
    let refused = |problem| Err(ImportError::Account(problem));
    // When is of no account: nothing here expires.
    let Some(marks) = account.snapshot(Some(0))? else { return refused(AccountProblem::Flat) };
    let mut markets: BTreeMap<Symbol, MarketSpec> = BTreeMap::new();
    for (name, point) in marks.prices() {
        // The nearest number: every decimal has one.
        let price = point.price.to_string().parse().unwrap_or(f64::NAN);
        let (underlying, instrument) = match Name::parse(name.as_str()) {
            Some(Name { option: Some(_), .. }) => return refused(AccountProblem::NoForwards),
            Some(Name { underlying, option: None }) => {
                (symbol(underlying)?, Instrument::Perpetual { price, confidence: 1.0 })
            }
            None => (name.clone(), Instrument::Collateral { price, confidence: 1.0 }),
        };
        let market = markets.entry(underlying.clone()).or_insert_with(|| MarketSpec {
            underlying,
            spot: price,
            spot_confidence: 1.0,
            stable_price: 1.0,
            array_charges: None,
            feeds: Vec::new(),
            instruments: BTreeMap::new(),
        });
        market.instruments.insert(name.clone(), instrument);
    }
    let market = |(index, spec): (usize, MarketSpec)| {
        let refused = |source| SettlementError::Market { index, source: Box::new(source) };
        ScenarioMarket::new(spec).map_err(refused)
    };
    Ok(SettlementSnapshot::new(SnapshotSpec {
        timestamp: Timestamp::new(0),
        source: marks.source().to_owned(),
        quote: account.quote.clone(),
        markets: markets.into_values().enumerate().map(market).collect::<Result<_, _>>()?,
        settled: Vec::new(),
    })?)
}
