//! Account states: cross margin, isolated positions, or none.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use zkmargin_margin::ids::Timestamp;

use super::QUOTE;
use crate::decimal::canonical;
use crate::import::account::{AccountNote, Builder, Cost, Funds, Holding, Rest, Stated};
use crate::import::number::{Figure, Number, whole, whole_option};
use crate::import::{
    AccountProblem, ImportError, VenueAccount, forms, seconds_of_millis, symbol, unix_seconds,
};
use crate::leverage::ChosenLeverage;
use crate::snapshot::{PricePoint, Snapshot};
use crate::symbol::Symbol;

const WHAT: &str = "a Hyperliquid account state";
const SOURCE: &str = "Hyperliquid clearinghouse state: position value / size";
/// Decimals of the venue's own unit of USDC. Totals with more are binary
/// floating point, printed: they are rounded to it.
const MONEY_DECIMALS: u32 = 6;

/// An account and the marks it was valued at.
#[derive(Clone, PartialEq)]
pub struct ImportedAccount {
    /// When the venue answered.
    pub timestamp: Timestamp,
    /// The marks of the account's positions; `None` of a flat account.
    pub snapshot: Option<Snapshot>,
    /// Cash of the cross-margin bucket in the quote currency, net of what the
    /// positions cost: its equity is this and the sum of `size * mark`.
    pub cash: Decimal,
    /// The positions in cross margin, as the venue lists them.
    pub positions: Vec<ImportedPosition>,
    /// The isolated positions, each with cash of its own.
    pub isolated: Vec<ImportedBucket>,
    /// The venue's account value, checked against the positions.
    pub account_value: Decimal,
    /// The venue's total notional, checked against the positions.
    pub total_notional: Decimal,
    /// The venue's maintenance margin of the cross-margin positions, where it says.
    pub cross_maintenance: Option<Decimal>,
    /// The venue's initial margin of the same, where it says: what is used of the account.
    pub cross_initial: Option<Decimal>,
}

impl ImportedAccount {
    /// The same in the form of every venue. The answer says nothing of open orders, so
    /// nothing is reserved.
    ///
    /// # Errors
    /// None that reading it has not found: an instrument that stands twice.
    pub fn venue_account(&self) -> Result<VenueAccount, ImportError> {
        let mut builder = Builder::new(&symbol(QUOTE)?, SOURCE);
        let mark = |symbol: &Symbol| {
            let prices = self.snapshot.as_ref().map(Snapshot::prices);
            prices.and_then(|prices| prices.get(symbol)).map(|point| point.price)
        };
        let holding = |held: &ImportedPosition| Holding {
            symbol: held.symbol.clone(),
            quantity: held.size,
            cost: Cost::Nothing,
            leverage: held.leverage,
        };
        let isolated = self.isolated.iter().map(|bucket| &bucket.position);
        if self.positions.iter().chain(isolated).any(|held| held.leverage.is_none()) {
            builder.note(AccountNote::LeverageUnknown);
        }
        for held in &self.positions {
            builder.hold(holding(held), mark(&held.symbol))?;
        }
        for bucket in &self.isolated {
            let held = &bucket.position;
            builder.isolate(Funds::Cash(bucket.cash), holding(held), mark(&held.symbol));
        }
        // Of the whole account, as there are no others.
        let whole = |figure: Option<Decimal>| figure.filter(|_| self.isolated.is_empty());
        let (initial, maintenance) = (whole(self.cross_initial), whole(self.cross_maintenance));
        let stated = Stated { equity: Some(self.account_value), initial, maintenance };
        Ok(builder.finish(Rest {
            funds: Funds::Cash(self.cash),
            reserved: Decimal::ZERO,
            stated,
            timestamp: Some(self.timestamp),
        }))
    }
}

/// A bucket of one position.
#[derive(Clone, PartialEq)]
pub struct ImportedBucket {
    /// Its cash, `leverage.rawUsd`, net of what the position cost.
    pub cash: Decimal,
    /// The position.
    pub position: ImportedPosition,
}

/// A position: negative sizes are short.
#[derive(Clone, PartialEq)]
pub struct ImportedPosition {
    /// The instrument.
    pub symbol: Symbol,
    /// Signed size in coins.
    pub size: Decimal,
    /// The leverage that the account chose for the coin, which the trimmed form does not
    /// say: the venue's initial margin is notional over it.
    pub leverage: Option<ChosenLeverage>,
}

/// An account is secret.
impl std::fmt::Debug for ImportedAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedAccount(..)")
    }
}

/// A position is secret.
impl std::fmt::Debug for ImportedBucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedBucket(..)")
    }
}

/// A position is secret.
impl std::fmt::Debug for ImportedPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedPosition(..)")
    }
}

/// Reads an account: the answer of `clearinghouseState`, in an envelope or not,
/// or the trimmed form of `examples/hyperliquid/account.json`. Positions in
/// isolated margin are buckets of their own.
///
/// # Errors
/// When the file is no such answer, has no time, holds a position of another
/// kind of margin, or its totals are not the sums of its positions to within
/// 0.000001 USDC.
pub fn account(json: &str) -> Result<ImportedAccount, ImportError> {
    let is_state = |object: &serde_json::Map<String, Value>| {
        ["assetPositions", "marginSummary", "positions"].iter().any(|key| object.contains_key(*key))
    };
    let value = forms::object(json, WHAT, is_state, &["clearinghouseState"])?;
    let state = match value.get("positions") {
        Some(_) => forms::row::<TrimmedAccount>(&value, WHAT)?.state()?,
        None => forms::row::<RawAccount>(&value, WHAT)?.state()?,
    };
    state.account()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAccount {
    margin_summary: RawSummary,
    cross_margin_summary: Option<RawSummary>,
    asset_positions: Vec<RawAssetPosition>,
    cross_maintenance_margin_used: Option<Figure>,
    #[serde(default, deserialize_with = "whole_option")]
    time: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSummary {
    account_value: Number,
    total_ntl_pos: Number,
    total_raw_usd: Number,
    total_margin_used: Option<Figure>,
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
#[serde(rename_all = "camelCase")]
struct RawLeverage {
    #[serde(rename = "type")]
    kind: String,
    #[serde(deserialize_with = "whole")]
    value: u64,
    raw_usd: Option<Number>,
}

impl RawAccount {
    fn state(self) -> Result<State, ImportError> {
        let position = |RawAssetPosition { position }: RawAssetPosition| {
            let symbol = symbol(&position.coin)?;
            let isolated = match (position.leverage.kind.as_str(), position.leverage.raw_usd) {
                ("cross", _) => None,
                ("isolated", Some(cash)) => Some(money(cash.0)),
                ("isolated", None) => {
                    let field = "leverage.rawUsd";
                    return Err(ImportError::NoIsolatedCash { symbol, field });
                }
                (kind, _) => {
                    return Err(ImportError::MarginKind { symbol, kind: forms::cut(kind) });
                }
            };
            let leverage = ChosenLeverage::new(position.leverage.value)
                .map_err(|_| ImportError::ChosenLeverage { symbol: symbol.clone() })?;
            Ok(Held {
                symbol,
                size: position.szi.0,
                value: position.position_value.0,
                isolated,
                leverage: Some(leverage),
            })
        };
        let positions: Vec<Held> =
            self.asset_positions.into_iter().map(position).collect::<Result<_, _>>()?;
        let total = self.margin_summary;
        let isolated = positions.iter().any(|p| p.isolated.is_some());
        let cross = match (&self.cross_margin_summary, isolated) {
            (Some(cross), _) => cross,
            (None, false) => &total,
            (None, true) => return Err(ImportError::Account(AccountProblem::NoCrossSummary)),
        };
        Ok(State {
            timestamp: seconds_of_millis(self.time.ok_or(ImportError::NoTime)?)?,
            account_value: total.account_value.0,
            total_notional: total.total_ntl_pos.0,
            total_cash: money(total.total_raw_usd.0),
            cash: money(cross.total_raw_usd.0),
            cross_initial: cross.total_margin_used.map(|margin| margin.0),
            cross_maintenance: self.cross_maintenance_margin_used.map(|margin| margin.0),
            positions,
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
            Ok(Held {
                symbol: symbol(&position.coin)?,
                size: position.size.0,
                value: position.position_value.0,
                isolated: None,
                leverage: None,
            })
        };
        let cash = money(self.total_raw_usd.0);
        Ok(State {
            timestamp: unix_seconds(&self.captured_at_utc)
                .ok_or(ImportError::Time(forms::cut(&self.captured_at_utc)))?,
            account_value: self.account_value.0,
            total_notional: self.total_notional_position.0,
            total_cash: cash,
            cash,
            cross_initial: None,
            cross_maintenance: None,
            positions: self
                .positions
                .into_iter()
                .map(position)
                .collect::<Result<_, ImportError>>()?,
        })
    }
}

/// A position of either form.
struct Held {
    symbol: Symbol,
    size: Decimal,
    /// Absolute value.
    value: Decimal,
    /// Cash of its own.
    isolated: Option<Decimal>,
    leverage: Option<ChosenLeverage>,
}

/// What both forms say.
struct State {
    timestamp: u64,
    account_value: Decimal,
    total_notional: Decimal,
    /// Of all buckets.
    total_cash: Decimal,
    /// Of the cross-margin bucket.
    cash: Decimal,
    cross_initial: Option<Decimal>,
    cross_maintenance: Option<Decimal>,
    positions: Vec<Held>,
}

impl State {
    fn account(self) -> Result<ImportedAccount, ImportError> {
        let checked = self.check();
        let mut prices = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let (mut positions, mut isolated) = (Vec::new(), Vec::new());
        for Held { symbol, size, value, isolated: cash, leverage } in self.positions {
            let price =
                mark(size, value).ok_or_else(|| ImportError::Mark { symbol: symbol.clone() })?;
            if !seen.insert(symbol.clone()) {
                return Err(ImportError::Duplicate { symbol });
            }
            let point = PricePoint { price, confidence: None, open_interest: None };
            prices.insert(symbol.clone(), point);
            let position = ImportedPosition { symbol, size, leverage };
            match cash {
                Some(cash) => isolated.push(ImportedBucket { cash, position }),
                None => positions.push(position),
            }
        }
        checked?;
        let timestamp = Timestamp::new(self.timestamp);
        let snapshot = match prices.is_empty() {
            true => None,
            false => Some(Snapshot::new(timestamp, SOURCE, symbol(QUOTE)?, prices)?),
        };
        Ok(ImportedAccount {
            timestamp,
            snapshot,
            cash: self.cash,
            positions,
            isolated,
            account_value: self.account_value,
            total_notional: self.total_notional,
            cross_initial: self.cross_initial,
            cross_maintenance: self.cross_maintenance,
        })
    }

    /// The venue's totals are the sums of what it lists.
    fn check(&self) -> Result<(), ImportError> {
        let signed =
            |held: &Held| if held.size.is_sign_negative() { -held.value } else { held.value };
        let value = total(self.positions.iter().map(signed), self.total_cash);
        let notional = total(self.positions.iter().map(|held| held.value), Decimal::ZERO);
        let cash = total(self.positions.iter().filter_map(|held| held.isolated), self.cash);
        for (field, stated, computed) in [
            ("the account value", self.account_value, value),
            ("the total notional", self.total_notional, notional),
            ("the cash of all buckets (totalRawUsd)", self.total_cash, cash),
        ] {
            let computed = computed.unwrap_or(Decimal::MAX);
            if !near(stated, computed) {
                return Err(ImportError::Inconsistent { field, stated, computed });
            }
        }
        Ok(())
    }
}

/// A sum; `None` past what decimals hold.
fn total(mut parts: impl Iterator<Item = Decimal>, first: Decimal) -> Option<Decimal> {
    parts.try_fold(first, |sum, part| sum.checked_add(part))
}

/// Whether two totals are one, but for the binary floating point that the venue
/// sums them up in: one unit of its money, or the last bits of large totals.
fn near(stated: Decimal, computed: Decimal) -> bool {
    let unit = Decimal::new(1, MONEY_DECIMALS);
    let bits = stated.abs().checked_mul(Decimal::new(1, 15)).unwrap_or(Decimal::ZERO);
    stated.checked_sub(computed).is_some_and(|difference| difference.abs() <= unit.max(bits))
}

/// An amount in the venue's own unit.
fn money(amount: Decimal) -> Decimal {
    canonical(amount.round_dp(MONEY_DECIMALS))
}

/// The shortest price that gives a position's value exactly.
fn mark(size: Decimal, value: Decimal) -> Option<Decimal> {
    let quotient = value.checked_div(size.abs())?;
    (0..=12)
        .map(|decimals| canonical(quotient.round_dp(decimals)))
        .find(|price| price.checked_mul(size.abs()).is_some_and(|product| product == value))
}
