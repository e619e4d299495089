//! Subaccounts.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{QUOTE, markets};
use crate::decimal::canonical;
use crate::import::account::{Builder, Cost, Funds, Holding, Rest, Stated, adds_up, sum};
use crate::import::number::{Number, number_option};
use crate::import::{AccountProblem, ImportError, VenueAccount, answer, forms, symbol};

const WHAT: &str = "the answer of /v4/addresses/{address}/subaccountNumber/{number}";
/// What holds a subaccount in the answers of single ones, of all, and of the socket.
const ENVELOPES: [&str; 3] = ["subaccount", "subaccounts", "contents"];
const SOURCE: &str = "dYdX v4 perpetual markets: oracle prices";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSubaccount {
    equity: Number,
    free_collateral: Number,
    open_perpetual_positions: Map<String, Value>,
    asset_positions: Map<String, Value>,
}

#[derive(Deserialize)]
struct RawPosition {
    side: Side,
    size: Number,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Side {
    Long,
    Short,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMarket {
    oracle_price: Number,
    #[serde(default, deserialize_with = "number_option")]
    open_interest: Option<Number>,
}

impl RawPosition {
    /// The size with its sign, whether it is written with one or not.
    fn signed(&self) -> rust_decimal::Decimal {
        let size = self.size.0.abs();
        canonical(match self.side {
            Side::Long => size,
            Side::Short => -size,
        })
    }
}

/// Reads a subaccount: its USDC, net of what the positions cost, is `cash`. The answer of
/// `perpetualMarkets` gives the oracle prices, under which equity must be what the
/// venue states.
///
/// # Errors
/// When a file is no such answer, an asset other than USDC is held, or equity differs.
pub fn account(subaccount: &str, prices: Option<&str>) -> Result<VenueAccount, ImportError> {
    let is_it = |object: &Map<String, Value>| object.contains_key("openPerpetualPositions");
    let value = answer::object(subaccount, WHAT, is_it, &ENVELOPES)?;
    let raw: RawSubaccount = forms::row(&value, WHAT)?;
    let quote = symbol(QUOTE)?;
    let mut builder = Builder::new(&quote, SOURCE);
    let mut cash = rust_decimal::Decimal::ZERO;
    // Rows are numbered in errors: what is held is the owner's.
    for (index, (name, asset)) in raw.asset_positions.iter().enumerate() {
        let asset: RawPosition = forms::row(asset, &format!("asset {}", index + 1))?;
        match name.as_str() {
            "USDC" => cash = asset.signed(),
            _ if asset.size.0.is_zero() => {}
            _ => {
                let what = "an asset that is not USDC";
                return Err(ImportError::Unsupported { name: forms::cut(name), what });
            }
        }
    }
    let prices = prices.map(markets).transpose()?;
    let mut values = vec![cash];
    for (index, (name, position)) in raw.open_perpetual_positions.iter().enumerate() {
        let row = format!("position {}", index + 1);
        let position: RawPosition = forms::row(position, &row)?;
        let (symbol, quantity) = (symbol(name)?, position.signed());
        if quantity.is_zero() {
            continue;
        }
        let (cost, leverage) = (Cost::Nothing, None);
        let holding = Holding { symbol: symbol.clone(), quantity, cost, leverage };
        let Some(prices) = &prices else {
            builder.hold(holding, None)?;
            continue;
        };
        let market: RawMarket =
            forms::row(prices.get(name).unwrap_or(&Value::Null), &format!("the market of {row}"))?;
        let value = quantity.checked_mul(market.oracle_price.0);
        values.push(value.ok_or(ImportError::Account(AccountProblem::Range))?);
        builder.hold(holding, Some(market.oracle_price.0))?;
        if let Some(coins) = market.open_interest {
            builder.open_interest(&symbol, coins.0);
        }
    }
    if prices.is_some() && !adds_up(raw.equity.0, sum(values)?) {
        return Err(ImportError::Account(AccountProblem::Equity));
    }
    let initial = raw.equity.0.checked_sub(raw.free_collateral.0);
    let stated = Stated { equity: Some(raw.equity.0), initial, maintenance: None };
    let reserved = rust_decimal::Decimal::ZERO;
    Ok(builder.finish(Rest { funds: Funds::Cash(cash), reserved, stated, timestamp: None }))
}
