//! Hyperliquid: account states and margin tables.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::IgnoredAny;
use zkmargin_margin::ids::Timestamp;

use crate::decimal::canonical;
use crate::fraction::Fraction;
use crate::import::{
    ImportError, Number, common_denominator, leverage_rate, read_json, symbol, unix_seconds,
};
use crate::model::{Basis, ChargeRule, InstrumentRule, Kind, ModelSpec, StandardModel, Tier};
use crate::snapshot::{PricePoint, Snapshot};
use crate::symbol::Symbol;

/// Below this number a margin table is a single tier of that leverage.
const FIRST_TIERED_TABLE: u64 = 50;
const QUOTE: &str = "USDC";

/// A cross-margin account and the marks it was valued at.
#[derive(Clone, PartialEq)]
pub struct ImportedAccount {
    /// The marks of the account's positions.
    pub snapshot: Snapshot,
    /// Cash in the quote currency, net of what the positions cost: equity is
    /// this and the sum of `size * mark`.
    pub cash: Decimal,
    /// The positions, as the venue lists them.
    pub positions: Vec<ImportedPosition>,
    /// The venue's account value, checked against the positions.
    pub account_value: Decimal,
    /// The venue's total notional, checked against the positions.
    pub total_notional: Decimal,
}

/// A position: negative sizes are short.
#[derive(Clone, PartialEq)]
pub struct ImportedPosition {
    /// The instrument.
    pub symbol: Symbol,
    /// Signed size in coins.
    pub size: Decimal,
}

/// An account is secret.
impl std::fmt::Debug for ImportedAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedAccount(..)")
    }
}

/// A position is secret.
impl std::fmt::Debug for ImportedPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedPosition(..)")
    }
}

/// Reads an account: the answer of `clearinghouseState`, or the trimmed form of
/// `examples/hyperliquid/account.json`.
///
/// # Errors
/// When the file is no such answer, holds isolated positions, has no time, or
/// its totals are not the sums of its positions.
pub fn account(json: &str) -> Result<ImportedAccount, ImportError> {
    let what = "a Hyperliquid account state";
    let state = match read_json::<AccountProbe>(json, what)?.asset_positions {
        Some(_) => read_json::<RawAccount>(json, what)?.state()?,
        None => read_json::<TrimmedAccount>(json, what)?.state()?,
    };
    state.account()
}

/// Reads margin tables: the answer of `meta`, or the same with keys in words.
/// The model has every asset that is not delisted.
///
/// The initial rate `1 / max_leverage` of a tier counts for the whole notional:
/// the venue limits the leverage of the whole position. Maintenance is half of
/// it on the part inside each tier, as its deductions say.
///
/// # Errors
/// When the file is no such answer, names a table that is missing, or gives no
/// valid model.
pub fn margin_tables(json: &str, name: &str) -> Result<StandardModel, ImportError> {
    let what = "Hyperliquid margin tables";
    let (assets, tables) = match read_json::<MetaProbe>(json, what)?.universe {
        Some(_) => {
            let meta: RawMeta = read_json(json, what)?;
            (meta.universe, meta.tables.into_iter().collect())
        }
        None => {
            let meta: TrimmedMeta = read_json(json, what)?;
            let tables = meta.tables.into_iter();
            let tables = tables.filter_map(|(id, table)| Some((id.parse().ok()?, table)));
            (meta.assets, tables.collect::<BTreeMap<u64, _>>())
        }
    };
    let mut instruments = BTreeMap::new();
    for asset in assets.into_iter().filter(|asset| !asset.delisted) {
        let symbol = symbol(&asset.name)?;
        let rule = asset.rule(&symbol, &tables)?;
        if instruments.insert(symbol.clone(), rule).is_some() {
            return Err(ImportError::Duplicate { symbol });
        }
    }
    let rates = instruments.values().filter_map(|rule: &InstrumentRule| rule.margin.as_ref());
    let rates = rates.flat_map(|rule| rule.initial.iter().chain(&rule.maintenance));
    Ok(StandardModel::new(ModelSpec {
        name: name.to_owned(),
        quote: self::symbol(QUOTE)?,
        quote_decimals: 8,
        denominator: common_denominator(rates.map(|tier| tier.rate))?,
        minimum_confidence: None,
        instruments,
    })?)
}

/// Tells the two forms of an account apart.
#[derive(Deserialize)]
struct AccountProbe {
    #[serde(rename = "assetPositions")]
    asset_positions: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAccount {
    margin_summary: RawSummary,
    asset_positions: Vec<RawAssetPosition>,
    time: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSummary {
    account_value: Number,
    total_ntl_pos: Number,
    total_raw_usd: Number,
}

#[derive(Deserialize)]
struct RawAssetPosition {
    position: RawPosition,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPosition {
    coin: String,
    szi: Number,
    position_value: Number,
    leverage: RawLeverage,
}

#[derive(Deserialize)]
struct RawLeverage {
    #[serde(rename = "type")]
    kind: String,
}

impl RawAccount {
    fn state(self) -> Result<State, ImportError> {
        let position = |RawAssetPosition { position }: RawAssetPosition| {
            let symbol = symbol(&position.coin)?;
            match position.leverage.kind.as_str() {
                "cross" => Ok((symbol, position.szi.0, position.position_value.0)),
                _ => Err(ImportError::Isolated { symbol }),
            }
        };
        Ok(State {
            timestamp: self.time.ok_or(ImportError::NoTime)? / 1000,
            account_value: self.margin_summary.account_value.0,
            total_notional: self.margin_summary.total_ntl_pos.0,
            cash: self.margin_summary.total_raw_usd.0,
            positions: self.asset_positions.into_iter().map(position).collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Deserialize)]
struct TrimmedAccount {
    captured_at_utc: String,
    account_value: Number,
    total_notional_position: Number,
    total_raw_usd: Number,
    positions: Vec<TrimmedPosition>,
}

#[derive(Deserialize)]
struct TrimmedPosition {
    coin: String,
    size: Number,
    position_value: Number,
}

impl TrimmedAccount {
    fn state(self) -> Result<State, ImportError> {
        let position = |position: TrimmedPosition| {
            Ok((symbol(&position.coin)?, position.size.0, position.position_value.0))
        };
        Ok(State {
            timestamp: unix_seconds(&self.captured_at_utc)
                .ok_or(ImportError::Time(self.captured_at_utc.chars().take(40).collect()))?,
            account_value: self.account_value.0,
            total_notional: self.total_notional_position.0,
            cash: self.total_raw_usd.0,
            positions: self
                .positions
                .into_iter()
                .map(position)
                .collect::<Result<_, ImportError>>()?,
        })
    }
}

/// What both forms say.
struct State {
    timestamp: u64,
    account_value: Decimal,
    total_notional: Decimal,
    cash: Decimal,
    /// Symbol, size, absolute value.
    positions: Vec<(Symbol, Decimal, Decimal)>,
}

impl State {
    fn account(self) -> Result<ImportedAccount, ImportError> {
        let mut prices = BTreeMap::new();
        let (mut value, mut notional) = (Some(self.cash), Some(Decimal::ZERO));
        let mut positions = Vec::with_capacity(self.positions.len());
        for (symbol, size, position_value) in self.positions {
            let price = mark(size, position_value)
                .ok_or_else(|| ImportError::Mark { symbol: symbol.clone() })?;
            let signed = if size.is_sign_negative() { -position_value } else { position_value };
            value = value.and_then(|sum| sum.checked_add(signed));
            notional = notional.and_then(|sum| sum.checked_add(position_value));
            let point = PricePoint { price, confidence: None, open_interest: None };
            if prices.insert(symbol.clone(), point).is_some() {
                return Err(ImportError::Duplicate { symbol });
            }
            positions.push(ImportedPosition { symbol, size });
        }
        for (field, stated, computed) in [
            ("the account value", self.account_value, value),
            ("the total notional", self.total_notional, notional),
        ] {
            let computed = computed.unwrap_or(Decimal::MAX);
            if stated != computed {
                return Err(ImportError::Inconsistent { field, stated, computed });
            }
        }
        let source = "Hyperliquid clearinghouse state: position value / size";
        let timestamp = Timestamp::new(self.timestamp);
        Ok(ImportedAccount {
            snapshot: Snapshot::new(timestamp, source, symbol(QUOTE)?, prices)?,
            cash: self.cash,
            positions,
            account_value: self.account_value,
            total_notional: self.total_notional,
        })
    }
}

/// The shortest price that gives a position's value exactly.
fn mark(size: Decimal, value: Decimal) -> Option<Decimal> {
    let quotient = value.checked_div(size.abs())?;
    (0..=12)
        .map(|decimals| canonical(quotient.round_dp(decimals)))
        .find(|price| price.checked_mul(size.abs()).is_some_and(|product| product == value))
}

/// Tells the two forms of the margin tables apart.
#[derive(Deserialize)]
struct MetaProbe {
    universe: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct RawMeta {
    universe: Vec<Asset>,
    #[serde(rename = "marginTables")]
    tables: Vec<(u64, Table)>,
}

#[derive(Deserialize)]
struct TrimmedMeta {
    assets: Vec<Asset>,
    #[serde(rename = "margin_tables")]
    tables: BTreeMap<String, Table>,
}

#[derive(Deserialize)]
struct Asset {
    name: String,
    #[serde(alias = "szDecimals")]
    size_decimals: u32,
    #[serde(alias = "marginTableId")]
    margin_table_id: u64,
    #[serde(default, rename = "isDelisted")]
    delisted: bool,
}

#[derive(Deserialize)]
struct Table {
    #[serde(alias = "marginTiers")]
    tiers: Vec<LeverageTier>,
}

#[derive(Deserialize)]
struct LeverageTier {
    #[serde(alias = "lowerBound", rename = "notional_lower_bound")]
    lower: Number,
    #[serde(alias = "maxLeverage")]
    max_leverage: u64,
}

impl Asset {
    fn rule(
        &self,
        symbol: &Symbol,
        tables: &BTreeMap<u64, Table>,
    ) -> Result<InstrumentRule, ImportError> {
        let decimals = self.size_decimals;
        if decimals > 18 {
            return Err(ImportError::SizeDecimals { symbol: symbol.clone(), decimals });
        }
        let id = self.margin_table_id;
        let tiers: Vec<(Decimal, u64)> = match tables.get(&id) {
            Some(table) => table.tiers.iter().map(|t| (t.lower.0, t.max_leverage)).collect(),
            None if id < FIRST_TIERED_TABLE => vec![(Decimal::ZERO, id)],
            None => return Err(ImportError::MarginTable { symbol: symbol.clone(), id }),
        };
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
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(unix_seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(unix_seconds("2023-03-27T18:05:22Z"), Some(1_679_940_322));
        assert_eq!(unix_seconds("2024-02-29T23:59:59Z"), Some(1_709_251_199));
        for text in ["", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-01 00:00:00Z"] {
            assert_eq!(unix_seconds(text), None, "{text}");
        }
    }
}
