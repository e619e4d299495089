//! Prices of the whole exchange.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use zkmargin_margin::ids::Timestamp;

use super::{QUOTE, USDC_TOKEN};
use crate::import::number::{Number, whole_option};
use crate::import::{ImportError, Imported, SkipReason, Skipped, forms, read_json, symbol};
use crate::snapshot::{PricePoint, Snapshot};
use crate::symbol::Symbol;

const WHAT: &str = "the answer of metaAndAssetCtxs";

#[derive(Deserialize)]
struct Meta {
    universe: Vec<Value>,
    #[serde(default, rename = "collateralToken", deserialize_with = "whole_option")]
    collateral_token: Option<u64>,
}

#[derive(Deserialize)]
struct Asset {
    name: String,
    #[serde(default, rename = "isDelisted")]
    delisted: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    mark_px: Option<Number>,
    open_interest: Option<Number>,
}

/// Reads `metaAndAssetCtxs`: the mark price and open interest of every coin that
/// is not delisted. The answer has no time: `seconds` is when it was asked for.
///
/// # Errors
/// When the file is no such answer, its lists differ in length, its money is
/// not USDC and `quote` does not name it, or no price remains.
pub fn prices(
    json: &str,
    seconds: u64,
    quote: Option<&Symbol>,
) -> Result<Imported<Snapshot>, ImportError> {
    let (meta, contexts) = match read_json::<Value>(json, WHAT)? {
        Value::Array(mut pair) if pair.len() == 2 => {
            let contexts = pair.pop().unwrap_or_default();
            (pair.pop().unwrap_or_default(), contexts)
        }
        _ => return Err(ImportError::NoRows { what: WHAT }),
    };
    let meta: Meta = forms::row(&meta, "meta")?;
    let contexts: Vec<Value> = forms::row(&contexts, "the list of contexts")?;
    if let (Some(token), None) = (meta.collateral_token.filter(|t| *t != USDC_TOKEN), quote) {
        return Err(ImportError::CollateralToken(token));
    }
    if meta.universe.len() != contexts.len() {
        let (what, count) = ("the list of contexts", contexts.len());
        return Err(ImportError::Lengths { what, count, expected: meta.universe.len() });
    }
    let (mut prices, mut skipped) = (BTreeMap::new(), Vec::new());
    for (index, (asset, context)) in meta.universe.iter().zip(&contexts).enumerate() {
        let name = forms::name(asset, "name", index);
        match point(asset, context, &name) {
            Ok((symbol, point)) => {
                if prices.insert(symbol.clone(), point).is_some() {
                    return Err(ImportError::Duplicate { symbol });
                }
            }
            Err(reason) => skipped.push(Skipped { symbol: forms::cut(&name), reason }),
        }
    }
    if prices.is_empty() {
        return Err(ImportError::NothingLeft(skipped.as_slice().into()));
    }
    let source = "Hyperliquid metaAndAssetCtxs: mark prices";
    let quote = quote.map_or_else(|| symbol(QUOTE), |quote| Ok(quote.clone()))?;
    let value = Snapshot::new(Timestamp::new(seconds), source, quote, prices)?;
    Ok(Imported { value, skipped })
}

fn point(asset: &Value, context: &Value, name: &str) -> Result<(Symbol, PricePoint), SkipReason> {
    let odd = |error| SkipReason::Odd(Box::new(error));
    let asset: Asset = forms::row(asset, name).map_err(odd)?;
    if asset.delisted {
        return Err(SkipReason::Delisted);
    }
    let context: Context = forms::row(context, name).map_err(odd)?;
    let symbol = Symbol::new(&asset.name).map_err(|_| SkipReason::NotASymbol)?;
    let price = context.mark_px.ok_or(SkipReason::NoPrice)?.0;
    if price.is_zero() {
        return Err(SkipReason::NoPrice);
    }
    let open_interest = context.open_interest.map(|number| number.0);
    let point = PricePoint { price, confidence: None, open_interest };
    crate::snapshot::check_point(&symbol, &point).map_err(|error| odd(error.into()))?;
    Ok((symbol, point))
}
