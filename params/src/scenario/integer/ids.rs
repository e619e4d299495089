//! Which symbols a market that is proved may have.

use std::collections::BTreeMap;

use zkmargin_margin::ids::{CALL_SUFFIX, PUT_SUFFIX};

use crate::scenario::black76::OptionType;
use crate::scenario::error::{Problem, ScenarioError};
use crate::scenario::market::{Instrument, ScenarioMarket};
use crate::symbol::Symbol;

/// Checks that the instruments' identifiers say what nets with what: the call
/// and the put of one expiry and strike are neighbours, and nothing else is.
///
/// # Errors
/// When an option's symbol does not end in `-C` or `-P` as its type is, the call
/// and the put of a strike do not share the rest of their symbols, or two
/// symbols have hashes that collide.
pub fn check_ids(market: &ScenarioMarket) -> Result<(), ScenarioError> {
    check_all(&[market])
}

/// The same of the markets of several underlyings: no two of them share a strike.
pub(crate) fn check_all(markets: &[&ScenarioMarket]) -> Result<(), ScenarioError> {
    // By what call and put share: the symbols, with expiry and strike of options.
    let mut seen: BTreeMap<u64, Vec<(&Symbol, Option<Strike>)>> = BTreeMap::new();
    let mut strikes: BTreeMap<Strike, &str> = BTreeMap::new();
    let each = markets.iter().enumerate();
    for (of, (symbol, instrument)) in
        each.flat_map(|(of, market)| market.spec().instruments.iter().map(move |one| (of, one)))
    {
        let refused = |problem| Err(ScenarioError::at(format!("instruments.{symbol}"), problem));
        let text = symbol.as_str();
        let (call, put) = (text.strip_suffix(CALL_SUFFIX), text.strip_suffix(PUT_SUFFIX));
        let strike = match *instrument {
            Instrument::Option { expiry_seconds, strike, option_type, .. } => {
                let base = match option_type {
                    OptionType::Call => call,
                    OptionType::Put => put,
                };
                let Some(base) = base else { return refused(Problem::OptionSymbol(option_type)) };
                // The bits of positive numbers are in the numbers' order.
                let key = (of, expiry_seconds, strike.to_bits());
                let first = *strikes.entry(key).or_insert(base);
                if first != base {
                    return refused(Problem::StrikeSymbol(first.to_owned()));
                }
                Some(key)
            }
            _ if call.is_some() || put.is_some() => return refused(Problem::NotAnOption),
            _ => None,
        };
        let others = seen.entry(symbol.instrument_id().strike()).or_default();
        // A strike has one symbol for its call and one for its put by now.
        if let Some((other, _)) =
            others.iter().find(|(_, other)| strike.is_none() || *other != strike)
        {
            return refused(Problem::Collision((*other).clone()));
        }
        others.push((symbol, strike));
    }
    Ok(())
}

/// The underlying's place, seconds to expiry and the bits of the strike.
type Strike = (usize, u64, u64);
