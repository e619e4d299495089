//! Accounts: the wallet and the positions, in one-way or hedge mode.
//!
//! Fields as documented in November 2026: `GET /fapi/v2/account` or `v3/account`, and
//! `GET /fapi/v2/positionRisk` or `v3/positionRisk`, which has what the former lacks:
//! entry and mark prices.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use crate::decimal::canonical;
use crate::import::account::{AccountNote, Builder, Cost, Funds, Holding, Rest, Stated, adds_up};
use crate::import::number::{Figure, Number, number_option};
use crate::import::{AccountProblem, ImportError, VenueAccount, answer, forms, symbol};
use crate::symbol::Symbol;

const ACCOUNT: &str = "the answer of /fapi/v3/account";
const POSITIONS: &str = "the answer of /fapi/v3/positionRisk";
const ORDERS: &str = "the answer of /fapi/v1/openOrders";
const SOURCE: &str = "Binance USD-margined futures, position risk: mark prices";
/// One in the last decimal of the venue's amounts.
const LAST_DECIMAL: Decimal = Decimal::from_parts(1, 0, 0, false, 8);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAccount {
    assets: Vec<Value>,
    #[serde(default)]
    positions: Vec<Value>,
    /// Of version 2.
    #[serde(default)]
    multi_assets_margin: bool,
    /// In single-asset mode that of USDT alone.
    #[serde(default, deserialize_with = "number_option")]
    total_wallet_balance: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAsset {
    wallet_balance: Number,
    cross_wallet_balance: Number,
    margin_balance: Number,
    maint_margin: Number,
    initial_margin: Number,
    open_order_initial_margin: Number,
}

/// A position of the account's own list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHeld {
    symbol: String,
    #[serde(default = "both")]
    position_side: String,
    position_amt: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPosition {
    symbol: String,
    #[serde(default = "both")]
    position_side: String,
    position_amt: Number,
    entry_price: Number,
    mark_price: Number,
    /// `cross` or `isolated`; of version 2.
    margin_type: Option<String>,
    #[serde(default, deserialize_with = "number_option")]
    isolated_wallet: Option<Number>,
    /// Of version 2.
    #[serde(default, deserialize_with = "number_option")]
    leverage: Option<Number>,
    /// Of version 3.
    margin_asset: Option<String>,
    /// Of version 3, which does not say the leverage: the notional over it. What cannot be
    /// read of either says nothing.
    position_initial_margin: Option<Value>,
    notional: Option<Value>,
}

fn both() -> String {
    "BOTH".to_owned()
}

/// Reads an account in single-asset mode: the wallet of `quote`, and the positions that
/// it margins. `orders` is the answer of `openOrders`, which is looked at for whether
/// there are any: their margin is the account's.
///
/// # Errors
/// When a file is no such answer, the account is in multi-assets mode, or the two
/// answers hold other positions than each other.
pub fn account(
    account: &str,
    positions: &str,
    orders: Option<&str>,
    quote: &Symbol,
) -> Result<VenueAccount, ImportError> {
    let is_account = |object: &serde_json::Map<String, Value>| object.contains_key("assets");
    let raw: RawAccount = forms::row(&answer::object(account, ACCOUNT, is_account, &[])?, ACCOUNT)?;
    if raw.is_multi_asset() {
        return Err(ImportError::Account(AccountProblem::MultiAssets));
    }
    let asset = asset_of(&raw.assets, quote)?;
    let mut builder = Builder::new(quote, SOURCE);
    let mut held = BTreeMap::new();
    for (index, row) in rows(positions, POSITIONS)?.iter().enumerate() {
        let position: RawPosition = forms::row(row, &format!("position {}", index + 1))?;
        if position.position_amt.0.is_zero() {
            continue;
        }
        held.insert(
            (position.symbol.clone(), position.position_side.clone()),
            position.position_amt.0,
        );
        position.put(quote, &mut builder)?;
    }
    if held != listed(&raw.positions)? {
        return Err(ImportError::Account(AccountProblem::Apart));
    }
    let reserved = asset.open_order_initial_margin.0;
    if !reserved.is_zero() {
        builder.note(AccountNote::Reserved("openOrderInitialMargin"));
    } else if open_orders(orders)? {
        builder.note(AccountNote::OrdersWithoutMargin);
    }
    let stated = Stated {
        equity: Some(asset.margin_balance.0),
        initial: Some(asset.initial_margin.0),
        maintenance: Some(asset.maint_margin.0),
    };
    let funds = Funds::Balance(canonical(asset.cross_wallet_balance.0));
    Ok(builder.finish(Rest { funds, reserved, stated, timestamp: None }))
}

impl RawAccount {
    /// Whether assets are margined together: as version 2 says, or as a total that is
    /// not of USDT alone shows.
    fn is_multi_asset(&self) -> bool {
        let usdt = |row: &&Value| row.get("asset").and_then(Value::as_str) == Some("USDT");
        let usdt = self.assets.iter().find(usdt);
        let usdt = usdt.and_then(|row| forms::row::<RawAsset>(row, "USDT").ok());
        let differ = usdt.zip(self.total_wallet_balance);
        self.multi_assets_margin
            || differ.is_some_and(|(usdt, total)| !adds_up(total.0, usdt.wallet_balance.0))
    }
}

/// The figures of the quote currency. Other assets are no margin of its positions: in
/// single-asset mode each asset has its own.
fn asset_of(assets: &[Value], quote: &Symbol) -> Result<RawAsset, ImportError> {
    let named = |row: &&Value| row.get("asset").and_then(Value::as_str) == Some(quote.as_str());
    let row = assets.iter().find(named);
    let row = row.ok_or(ImportError::Account(AccountProblem::NoAsset))?;
    forms::row(row, quote.as_str())
}

/// The account's own positions by symbol and side.
fn listed(positions: &[Value]) -> Result<BTreeMap<(String, String), Decimal>, ImportError> {
    let mut listed = BTreeMap::new();
    for (index, row) in positions.iter().enumerate() {
        let held: RawHeld = forms::row(row, &format!("positions[{index}]"))?;
        if !held.position_amt.0.is_zero() {
            listed.insert((held.symbol, held.position_side), held.position_amt.0);
        }
    }
    Ok(listed)
}

fn rows(text: &str, what: &'static str) -> Result<Vec<Value>, ImportError> {
    answer::rows(text, what, |row| row.contains_key("symbol"))
}

/// Whether there are orders that can add to positions.
fn open_orders(orders: Option<&str>) -> Result<bool, ImportError> {
    let Some(orders) = orders else { return Ok(false) };
    let adds = |row: &Value| row.get("reduceOnly").and_then(Value::as_bool) != Some(true);
    Ok(rows(orders, ORDERS)?.iter().any(adds))
}

impl RawPosition {
    fn put(self, quote: &Symbol, builder: &mut Builder) -> Result<(), ImportError> {
        if !self.is_margined_in(quote) {
            builder.note(AccountNote::OtherAssets);
            return Ok(());
        }
        let symbol = symbol(&self.symbol)?;
        let (quantity, mark) = (self.position_amt.0, Some(self.mark_price.0));
        let short = quantity.is_sign_negative();
        let agrees = match self.position_side.as_str() {
            "BOTH" => true,
            "LONG" => !short,
            "SHORT" => short,
            _ => false,
        };
        if !agrees {
            let what = "a positionSide that is not BOTH, nor the sign of positionAmt,";
            return Err(ImportError::Unsupported { name: symbol.to_string(), what });
        }
        let leverage = builder.leverage(&symbol, self.leverage())?;
        let cost = Cost::EntryPrice(self.entry_price.0);
        let holding = Holding { symbol: symbol.clone(), quantity, cost, leverage };
        let wallet = self.isolated_wallet.map(|wallet| canonical(wallet.0));
        match (self.margin_type.as_deref(), wallet) {
            (Some("isolated"), Some(wallet)) => {
                builder.isolate(Funds::Balance(wallet), holding, mark);
            }
            (Some("isolated"), None) => {
                let field = "isolatedWallet";
                return Err(ImportError::NoIsolatedCash { symbol, field });
            }
            (Some("cross"), _) => builder.hold(holding, mark)?,
            (Some(kind), _) => {
                return Err(ImportError::MarginKind { symbol, kind: forms::cut(kind) });
            }
            // Version 3 says it by the wallet alone.
            (None, Some(wallet)) if !wallet.is_zero() => {
                builder.isolate(Funds::Balance(wallet), holding, mark);
            }
            (None, _) => builder.hold(holding, mark)?,
        }
        Ok(())
    }

    /// The leverage that the account chose: as version 2 says, or as the one whole number
    /// that version 3's margin is the notional over, to the venue's last decimal.
    fn leverage(&self) -> Option<Decimal> {
        if let Some(leverage) = self.leverage {
            return Some(leverage.0);
        }
        let figure = |value: &Option<Value>| {
            let Figure(figure) = serde_json::from_value(value.clone()?).ok()?;
            Some(figure.abs())
        };
        let (margin, notional) = (figure(&self.position_initial_margin)?, figure(&self.notional)?);
        let nearest = notional.checked_div(margin)?.round();
        let is = |leverage: Decimal| {
            let margins = notional.checked_div(leverage)?;
            Some((margins - margin).abs() <= LAST_DECIMAL)
        };
        // Of a notional near nothing neighbours have the same margin.
        let neighbours = [nearest - Decimal::ONE, nearest + Decimal::ONE];
        let alone = neighbours.into_iter().all(|other| is(other) != Some(true));
        (is(nearest) == Some(true) && alone).then_some(nearest)
    }

    /// Whether the position's margin is in the quote currency: as it says, or as its
    /// symbol ends, before a delivery date.
    fn is_margined_in(&self, quote: &Symbol) -> bool {
        match &self.margin_asset {
            Some(asset) => asset == quote.as_str(),
            None => {
                let pair = self.symbol.split('_').next().unwrap_or_default();
                pair.ends_with(quote.as_str())
            }
        }
    }
}
