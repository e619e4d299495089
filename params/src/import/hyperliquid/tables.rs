//! Margin tables.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::{QUOTE, USDC_TOKEN, is_meta};
use crate::fraction::Fraction;
use crate::import::number::{Number, whole, whole_option};
use crate::import::{
    ImportError, Imported, SkipReason, Skipped, common_denominator, forms, leverage_rate, read_json,
};
use crate::model::{Basis, ChargeRule, InstrumentRule, Kind, ModelSpec, StandardModel, Tier};
use crate::symbol::Symbol;

const WHAT: &str = "Hyperliquid margin tables";
/// Below this number a margin table is a single tier of that leverage.
const FIRST_TIERED_TABLE: u64 = 50;

/// Reads margin tables: the answer of `meta` or `metaAndAssetCtxs`, or the same
/// with keys in words. The model has every asset that is not delisted and can be
/// read; the others are named. An answer from before there were tables has one
/// tier of each coin's `maxLeverage`.
///
/// The initial rate `1 / max_leverage` of a tier counts for the whole notional:
/// the venue limits the leverage of the whole position. Maintenance is half of
/// it on the part inside each tier, as its deductions say.
///
/// # Errors
/// When the file is no such answer, its money is not USDC (`collateralToken`)
/// and `quote` does not name it, or the rules give no valid model.
pub fn margin_tables(
    json: &str,
    name: &str,
    quote: Option<&Symbol>,
) -> Result<Imported<StandardModel>, ImportError> {
    let Meta { assets, tables, collateral_token } = meta(json)?;
    if let (Some(token), None) = (collateral_token.filter(|token| *token != USDC_TOKEN), quote) {
        return Err(ImportError::CollateralToken(token));
    }
    let (mut instruments, mut skipped) = (BTreeMap::new(), Vec::new());
    for (index, asset) in assets.iter().enumerate() {
        let called = forms::name(asset, "name", index);
        match rule(asset, &called, &tables) {
            Ok((symbol, rule)) => {
                if instruments.insert(symbol.clone(), rule).is_some() {
                    return Err(ImportError::Duplicate { symbol });
                }
            }
            Err(reason) => skipped.push(Skipped { symbol: forms::cut(&called), reason }),
        }
    }
    if instruments.is_empty() {
        return Err(ImportError::NothingLeft(skipped.as_slice().into()));
    }
    let rates = instruments.values().filter_map(|rule: &InstrumentRule| rule.margin.as_ref());
    let rates = rates.flat_map(|rule| rule.initial.iter().chain(&rule.maintenance));
    let value = StandardModel::new(ModelSpec {
        name: name.to_owned(),
        quote: quote.map_or_else(|| crate::import::symbol(QUOTE), |quote| Ok(quote.clone()))?,
        quote_decimals: 8,
        denominator: common_denominator(rates.map(|tier| tier.rate))?,
        minimum_confidence: None,
        calibration: None,
        instruments,
        options: BTreeMap::new(),
    })?;
    Ok(Imported { value, skipped })
}

/// What either form says.
struct Meta {
    assets: Vec<Value>,
    tables: BTreeMap<u64, Value>,
    collateral_token: Option<u64>,
}

fn meta(json: &str) -> Result<Meta, ImportError> {
    let value = match read_json::<Value>(json, WHAT)? {
        // `metaAndAssetCtxs`.
        Value::Array(mut pair) if pair.len() == 2 => pair.swap_remove(0).to_string(),
        _ => json.to_owned(),
    };
    let is_tables =
        |object: &serde_json::Map<String, Value>| is_meta(object) || object.contains_key("assets");
    let value = forms::object(&value, WHAT, is_tables, &["meta"])?;
    if value.get("universe").is_some() {
        let raw: RawMeta = forms::row(&value, "meta")?;
        return Ok(Meta {
            assets: raw.universe,
            tables: raw.tables.unwrap_or_default().into_iter().collect(),
            collateral_token: raw.collateral_token,
        });
    }
    let trimmed: TrimmedMeta = forms::row(&value, "the file")?;
    let tables = trimmed.tables.into_iter();
    let tables = tables.filter_map(|(id, table)| Some((id.parse().ok()?, table))).collect();
    Ok(Meta { assets: trimmed.assets, tables, collateral_token: None })
}

#[derive(Deserialize)]
struct RawMeta {
    universe: Vec<Value>,
    #[serde(rename = "marginTables")]
    tables: Option<Vec<(u64, Value)>>,
    #[serde(default, rename = "collateralToken", deserialize_with = "whole_option")]
    collateral_token: Option<u64>,
}

#[derive(Deserialize)]
struct TrimmedMeta {
    assets: Vec<Value>,
    #[serde(rename = "margin_tables")]
    tables: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Asset {
    name: String,
    #[serde(rename = "szDecimals", alias = "size_decimals", deserialize_with = "whole")]
    size_decimals: u64,
    #[serde(
        default,
        rename = "marginTableId",
        alias = "margin_table_id",
        deserialize_with = "whole_option"
    )]
    margin_table_id: Option<u64>,
    #[serde(
        default,
        rename = "maxLeverage",
        alias = "max_leverage",
        deserialize_with = "whole_option"
    )]
    max_leverage: Option<u64>,
    #[serde(default, rename = "isDelisted")]
    delisted: bool,
}

#[derive(Deserialize)]
struct Table {
    #[serde(rename = "marginTiers", alias = "tiers")]
    tiers: Vec<LeverageTier>,
}

#[derive(Deserialize)]
struct LeverageTier {
    #[serde(rename = "lowerBound", alias = "notional_lower_bound")]
    lower: Number,
    #[serde(rename = "maxLeverage", alias = "max_leverage", deserialize_with = "whole")]
    max_leverage: u64,
}

/// The rule of an asset, or why it has none.
fn rule(
    asset: &Value,
    called: &str,
    tables: &BTreeMap<u64, Value>,
) -> Result<(Symbol, InstrumentRule), SkipReason> {
    let odd = |error| SkipReason::Odd(Box::new(error));
    let asset: Asset = forms::row(asset, called).map_err(odd)?;
    if asset.delisted {
        return Err(SkipReason::Delisted);
    }
    let symbol = Symbol::new(&asset.name).map_err(|_| SkipReason::NotASymbol)?;
    let rule = asset.rule(&symbol, tables).map_err(odd)?;
    Ok((symbol, rule))
}

impl Asset {
    /// Lower bound and leverage of each tier.
    fn tiers(
        &self,
        symbol: &Symbol,
        tables: &BTreeMap<u64, Value>,
    ) -> Result<Vec<(Decimal, u64)>, ImportError> {
        let (id, most) = match (self.margin_table_id, self.max_leverage) {
            (Some(id), _) => (id, id),
            // From before there were tables.
            (None, Some(most)) => return Ok(vec![(Decimal::ZERO, most)]),
            (None, None) => return Err(ImportError::NoMarginTable { symbol: symbol.clone() }),
        };
        match tables.get(&id) {
            Some(table) => {
                let table: Table = forms::row(table, &format!("{symbol}: marginTables {id}"))?;
                Ok(table.tiers.iter().map(|t| (t.lower.0, t.max_leverage)).collect())
            }
            None if id < FIRST_TIERED_TABLE => Ok(vec![(Decimal::ZERO, most)]),
            None => Err(ImportError::MarginTable { symbol: symbol.clone(), id }),
        }
    }

    fn rule(
        &self,
        symbol: &Symbol,
        tables: &BTreeMap<u64, Value>,
    ) -> Result<InstrumentRule, ImportError> {
        let decimals = self.size_decimals;
        let decimals = u32::try_from(decimals)
            .ok()
            .filter(|decimals| *decimals <= 18)
            .ok_or_else(|| ImportError::SizeDecimals { symbol: symbol.clone(), decimals })?;
        let tiers = self.tiers(symbol, tables)?;
        if tiers.first().is_some_and(|(lower, _)| !lower.is_zero()) {
            return Err(ImportError::BracketGap { symbol: symbol.clone(), bracket: 1 });
        }
        let bounds = tiers.iter().skip(1).map(|(lower, _)| Some(*lower)).chain([None]);
        let (mut initial, mut maintenance) = (Vec::new(), Vec::new());
        for ((_, leverage), up_to) in tiers.iter().zip(bounds) {
            let rate = leverage_rate(symbol, *leverage)?;
            let half = rate.half().unwrap_or(Fraction::ONE);
            initial.push(Tier { up_to, rate });
            maintenance.push(Tier { up_to, rate: half });
        }
        let single = initial.len() == 1;
        Ok(InstrumentRule {
            kind: Kind::Perpetual,
            lot_size: Decimal::new(1, decimals),
            margin: Some(ChargeRule {
                initial_basis: if single { Basis::Marginal } else { Basis::Flat },
                initial,
                maintenance_basis: Basis::Marginal,
                maintenance,
                maintenance_fraction: Fraction::ONE,
            }),
            collateral: None,
            liability: None,
            open_interest_caps: None,
            calibrated: None,
            leverages: Vec::new(),
        })
    }
}
