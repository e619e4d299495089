//! Accounts: positions and the summary of a currency.
//!
//! What perpetuals and futures have earned is in coins, so all of the account's
//! equity but its options is held as coins here: `equity - options_value`. That is
//! what the venue does, and with coins that cancel risk a model in USD asks for
//! the same (`params/models/README.md`).

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::InstrumentName;
use crate::import::account::sum;
use crate::import::number::{Figure, Number};
use crate::import::{AccountProblem, ImportError, forms, symbol};
use crate::symbol::Symbol;

const POSITIONS: &str = "the answer of private/get_positions";
const SUMMARY: &str = "the answer of private/get_account_summary";

/// The currencies of an account in cross portfolio margin that are read.
const CROSSED: [&str; 2] = ["BTC", "ETH"];

/// An account in one currency.
#[derive(Clone, PartialEq)]
pub struct DeribitAccount {
    /// The currency: `BTC` or `ETH`.
    pub currency: Symbol,
    /// Equity that is no option, in coins.
    pub coins: Decimal,
    /// The positions: options in coins, futures and the perpetual in coins at
    /// their marks.
    pub positions: Vec<(Symbol, Decimal)>,
    /// Margin that the venue states for open orders (`open_orders_margin` of each
    /// position), in USD at the index.
    pub reserved: Decimal,
}

/// An account is secret.
impl std::fmt::Debug for DeribitAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeribitAccount(..)")
    }
}

#[derive(Deserialize)]
struct RawPosition {
    instrument_name: String,
    size: Number,
    size_currency: Option<Number>,
    mark_price: Option<Number>,
    open_orders_margin: Option<Figure>,
    index_price: Option<Figure>,
}

#[derive(Deserialize)]
struct RawSummary {
    equity: Number,
    options_value: Number,
    margin_model: Option<String>,
}

/// Reads an account: the answers of `get_positions` and of `get_account_summary`
/// or `get_account_summaries`. `currency` chooses among several.
///
/// # Errors
/// When a file is no such answer, the account is not in segregated portfolio
/// margin, or it holds what settles in USDC or USDT.
pub fn account(
    positions: &str,
    summary: &str,
    currency: &Symbol,
) -> Result<DeribitAccount, ImportError> {
    let figures = summary_of(summary, currency)?;
    let model = figures.margin_model.as_deref();
    if model.is_some_and(|model| !matches!(model, "segregated_pm" | "portfolio_margin")) {
        return Err(ImportError::Account(AccountProblem::MarginModel));
    }
    in_currency(positions, &figures, currency)
}

/// An account in cross portfolio margin (X:PM): its parts in BTC and in ETH.
#[derive(Clone, PartialEq)]
pub struct CrossAccount {
    /// BTC, then ETH.
    pub parts: [DeribitAccount; 2],
    /// Whether it has equity in other currencies, which is left out.
    pub has_others: bool,
}

/// An account is secret.
impl std::fmt::Debug for CrossAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CrossAccount(..)")
    }
}

/// Reads an account that the venue margins over its currencies together: the answers of
/// `get_positions` (of any currency) and of `get_account_summaries`.
///
/// # Errors
/// As [`account`]; when it is not in cross portfolio margin, or owes another currency.
pub fn cross_account(positions: &str, summaries: &str) -> Result<CrossAccount, ImportError> {
    let part = |currency: &str| {
        let currency = symbol(currency)?;
        let figures = summary_of(summaries, &currency)?;
        match figures.margin_model.as_deref() {
            None | Some("cross_pm") => in_currency(positions, &figures, &currency),
            Some(_) => Err(ImportError::Account(AccountProblem::NotCross)),
        }
    };
    let parts = [part(CROSSED[0])?, part(CROSSED[1])?];
    let mut has_others = false;
    for row in summaries_of(summaries)? {
        let currency = row.get("currency").and_then(Value::as_str).unwrap_or_default();
        if !CROSSED.contains(&currency) && row.contains_key("equity") {
            let figures: RawSummary = forms::row(&Value::Object(row.clone()), currency)?;
            if figures.equity.0.is_sign_negative() && !figures.equity.0.is_zero() {
                return Err(ImportError::Account(AccountProblem::OtherOwed));
            }
            has_others |= !figures.equity.0.is_zero();
        }
    }
    Ok(CrossAccount { parts, has_others })
}

/// The part of an account that is in a currency.
fn in_currency(
    positions: &str,
    summary: &RawSummary,
    currency: &Symbol,
) -> Result<DeribitAccount, ImportError> {
    let coins = summary.equity.0.checked_sub(summary.options_value.0);
    let coins = coins.ok_or(ImportError::Account(AccountProblem::Range))?;
    let rows = forms::rows(positions, POSITIONS, |row| row.contains_key("instrument_name"))?;
    let mut held: Vec<(Symbol, Decimal)> = Vec::new();
    let mut reserved = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let position: RawPosition = forms::row(row, &format!("position {}", index + 1))?;
        let orders = position.reserved()?;
        if position.size.0.is_zero() && orders.is_zero() {
            continue;
        }
        let name = position.instrument_name.as_str();
        let Some(parsed) = InstrumentName::parse(name) else {
            let what = "a position that does not settle in BTC or ETH";
            return Err(ImportError::Unsupported { name: forms::cut(name), what });
        };
        // Of other currencies: their margin is apart.
        if parsed.currency() != currency.as_str() {
            continue;
        }
        reserved.push(orders);
        if position.size.0.is_zero() {
            continue;
        }
        let symbol = symbol(name)?;
        if held.iter().any(|(other, _)| *other == symbol) {
            return Err(ImportError::Duplicate { symbol });
        }
        let quantity = match parsed {
            InstrumentName::Option { .. } => position.size.0,
            _ => position.coins()?,
        };
        held.push((symbol, quantity));
    }
    let reserved = sum(reserved)?;
    Ok(DeribitAccount { currency: currency.clone(), coins, positions: held, reserved })
}

impl RawPosition {
    /// What its open orders have reserved, in USD.
    fn reserved(&self) -> Result<Decimal, ImportError> {
        let coins = self.open_orders_margin.map_or(Decimal::ZERO, |margin| margin.0.abs());
        if coins.is_zero() {
            return Ok(Decimal::ZERO);
        }
        let index = self.index_price.ok_or(ImportError::Account(AccountProblem::NoIndex))?;
        coins.checked_mul(index.0).ok_or(ImportError::Account(AccountProblem::Range))
    }

    /// The coins of a contract that is sized in USD, with the sign of its size.
    fn coins(&self) -> Result<Decimal, ImportError> {
        let size = self.size.0;
        let coins = match (&self.size_currency, &self.mark_price) {
            (Some(coins), _) => Some(coins.0.abs()),
            (None, Some(mark)) => size.abs().checked_div(mark.0),
            (None, None) => None,
        };
        let coins = coins.ok_or(ImportError::Account(AccountProblem::NoCoins))?;
        Ok(if size.is_sign_negative() { -coins } else { coins })
    }
}

/// All figures.
fn rows_of(text: &str) -> Result<Vec<Value>, ImportError> {
    let is_row = |row: &Map<String, Value>| row.contains_key("equity");
    let value: Value = crate::import::read_json(text, SUMMARY)?;
    let inner = value.get("result").unwrap_or(&value);
    match inner.get("summaries") {
        Some(Value::Array(rows)) => Ok(rows.clone()),
        _ => forms::rows(text, SUMMARY, is_row),
    }
}

/// Those that are objects.
fn summaries_of(text: &str) -> Result<Vec<Map<String, Value>>, ImportError> {
    let object = |row: Value| match row {
        Value::Object(row) => Some(row),
        _ => None,
    };
    Ok(rows_of(text)?.into_iter().filter_map(object).collect())
}

/// The figures of a currency.
fn summary_of(text: &str, currency: &Symbol) -> Result<RawSummary, ImportError> {
    let rows = rows_of(text)?;
    for (index, row) in rows.iter().enumerate() {
        if row.get("currency").and_then(Value::as_str) == Some(currency.as_str()) {
            return forms::row(row, &format!("summary {}", index + 1));
        }
    }
    Err(ImportError::Account(AccountProblem::NoSummary))
}
