//! Bybit: unified trading accounts with linear perpetuals and futures.
//!
//! Fields as documented in November 2026: `GET /v5/account/wallet-balance` and
//! `GET /v5/position/list` of the category `linear`.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value};
use zkmargin_margin::ids::Timestamp;

use crate::decimal::canonical;
use crate::import::account::{
    AccountNote, Builder, Cost, Funds, Holding, Rest, Stated, adds_up, sum,
};
use crate::import::number::{Number, number_option};
use crate::import::{
    AccountProblem, ImportError, VenueAccount, answer, forms, seconds_of_millis, symbol,
};
use crate::symbol::Symbol;

const WALLET: &str = "the answer of /v5/account/wallet-balance";
const POSITIONS: &str = "the answer of /v5/position/list";
const SOURCE: &str = "Bybit unified account, positions: mark prices";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawWallet {
    coin: Vec<Value>,
    #[serde(default, deserialize_with = "number_option")]
    total_equity: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    total_initial_margin: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    total_maintenance_margin: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCoin {
    coin: String,
    wallet_balance: Number,
    #[serde(default, deserialize_with = "number_option")]
    spot_borrow: Option<Number>,
    #[serde(default, rename = "totalOrderIM", deserialize_with = "number_option")]
    order_margin: Option<Number>,
    #[serde(default, rename = "totalPositionMM", deserialize_with = "number_option")]
    maintenance: Option<Number>,
    /// A coin of which it is not said is no collateral.
    #[serde(default)]
    margin_collateral: bool,
    #[serde(default)]
    collateral_switch: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPosition {
    symbol: String,
    side: String,
    size: Number,
    #[serde(default, deserialize_with = "number_option")]
    avg_price: Option<Number>,
    mark_price: Number,
    #[serde(default, deserialize_with = "number_option")]
    leverage: Option<Number>,
    #[serde(default)]
    trade_mode: u8,
    #[serde(default, rename = "positionMM", deserialize_with = "number_option")]
    maintenance: Option<Number>,
}

/// Reads a unified account in cross margin: the wallet of `quote`, other coins that are
/// collateral or owed as positions of their own, and every answer of the positions.
///
/// # Errors
/// When a file is no such answer, the account is in isolated or portfolio margin, a
/// position is inverse or an option, or the positions' maintenance margins are not the
/// coin's.
pub fn account(
    wallet: &str,
    positions: &[&str],
    quote: &Symbol,
) -> Result<VenueAccount, ImportError> {
    let is_wallet = |object: &Map<String, Value>| object.contains_key("coin");
    let value = answer::object(wallet, WALLET, is_wallet, &[])?;
    let raw: RawWallet = forms::row(&value, WALLET)?;
    let mut builder = Builder::new(quote, SOURCE);
    let own = coins(&raw.coin, quote, &mut builder)?;
    let mut maintenance = Vec::new();
    for answer in positions {
        maintenance.extend(put_all(answer, quote, &mut builder)?);
    }
    let no_figures = ImportError::Account(AccountProblem::NoAccountFigures);
    // Empty in isolated and in portfolio margin.
    let total = own.maintenance.ok_or(no_figures)?;
    if !adds_up(total.0, sum(maintenance)?) {
        return Err(ImportError::Account(AccountProblem::Incomplete));
    }
    let reserved = own.order_margin.map_or(Decimal::ZERO, |margin| margin.0);
    if !reserved.is_zero() {
        builder.note(AccountNote::Reserved("totalOrderIM"));
    }
    let number = |number: Option<Number>| number.map(|number| number.0);
    let stated = Stated {
        equity: number(raw.total_equity),
        initial: number(raw.total_initial_margin),
        maintenance: number(raw.total_maintenance_margin),
    };
    let funds = Funds::Balance(own.net()?);
    let timestamp = asked(wallet)?;
    Ok(builder.finish(Rest { funds, reserved, stated, timestamp }))
}

/// The coin of the quote currency; the others are put where they count.
fn coins(rows: &[Value], quote: &Symbol, builder: &mut Builder) -> Result<RawCoin, ImportError> {
    let mut own = None;
    for (index, row) in rows.iter().enumerate() {
        let coin: RawCoin = forms::row(row, &format!("coin {}", index + 1))?;
        if coin.coin == quote.as_str() {
            own = Some(coin);
            continue;
        }
        let net = coin.net()?;
        if net.is_zero() {
            continue;
        }
        let is_collateral = coin.margin_collateral && coin.collateral_switch;
        if !is_collateral && !net.is_sign_negative() {
            builder.note(AccountNote::OtherAssets);
            continue;
        }
        builder.note(AccountNote::Coins);
        let symbol = symbol(&coin.coin)?;
        let (cost, leverage) = (Cost::Nothing, None);
        builder.hold(Holding { symbol, quantity: net, cost, leverage }, None)?;
    }
    own.ok_or(ImportError::Account(AccountProblem::NoAsset))
}

impl RawCoin {
    /// What is held less what is owed.
    fn net(&self) -> Result<Decimal, ImportError> {
        let owed = self.spot_borrow.map_or(Decimal::ZERO, |owed| owed.0.abs());
        sum([self.wallet_balance.0, -owed]).map(canonical)
    }
}

/// Puts the positions of an answer; their maintenance margins in the quote currency.
fn put_all(text: &str, quote: &Symbol, builder: &mut Builder) -> Result<Vec<Decimal>, ImportError> {
    let value = answer::read(text, POSITIONS)?;
    let category = value.get("result").unwrap_or(&value).get("category").and_then(Value::as_str);
    let rows = forms::rows(text, POSITIONS, |row| row.contains_key("symbol"))?;
    let mut maintenance = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let position: RawPosition = forms::row(row, &format!("position {}", index + 1))?;
        if position.size.0.is_zero() {
            continue;
        }
        if category.is_some_and(|category| category != "linear") {
            let what = "a position of a category that is not linear";
            return Err(ImportError::Unsupported { name: forms::cut(&position.symbol), what });
        }
        maintenance.extend(position.put(quote, builder)?);
    }
    Ok(maintenance)
}

impl RawPosition {
    fn put(self, quote: &Symbol, builder: &mut Builder) -> Result<Option<Decimal>, ImportError> {
        let name = symbol(&self.symbol)?;
        // `BTCUSDT` and `BTCUSDT-26DEC25`; what settles in USDC is `BTCPERP`, `BTC-26DEC25`.
        let pair = self.symbol.split('-').next().unwrap_or_default();
        let settles = if pair.ends_with("USDT") { "USDT" } else { "USDC" };
        if settles != quote.as_str() {
            return Err(ImportError::Unsupported {
                name: name.to_string(),
                what: "a position that settles in another currency than --quote",
            });
        }
        if self.trade_mode != 0 {
            let kind = "isolated (tradeMode 1)".to_owned();
            return Err(ImportError::MarginKind { symbol: name, kind });
        }
        let size = self.size.0.abs();
        let quantity = match self.side.as_str() {
            "Buy" => size,
            "Sell" => -size,
            _ => return Err(ImportError::Mark { symbol: name }),
        };
        let entry = self.avg_price.ok_or(ImportError::Mark { symbol: name.clone() })?;
        let maintenance = self.maintenance.map(|margin| margin.0);
        let leverage = builder.leverage(&name, self.leverage.map(|leverage| leverage.0))?;
        let cost = Cost::EntryPrice(entry.0);
        let holding = Holding { symbol: name, quantity, cost, leverage };
        builder.hold(holding, Some(self.mark_price.0))?;
        Ok(maintenance)
    }
}

/// When the venue answered.
fn asked(text: &str) -> Result<Option<Timestamp>, ImportError> {
    let value = answer::read(text, WALLET)?;
    let millis = value.get("time").and_then(Value::as_u64);
    millis.map(|millis| seconds_of_millis(millis).map(Timestamp::new)).transpose()
}
