//! Subaccounts with options, perpetuals and collateral.
//!
//! Fields of `private/get_subaccount` as documented in November 2026. The venue's margins
//! are balances *over* what is required, the initial one without open orders and that of
//! maintenance with `mm_credits`, which the venue lends for minutes; here they are turned
//! into requirements.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::decimal::canonical;
use crate::import::account::{AccountNote, Builder, Cost, Funds, Holding, Rest, Stated, sum};
use crate::import::number::{Figure, Number};
use crate::import::{AccountProblem, ImportError, VenueAccount, answer, forms, symbol};

const WHAT: &str = "the answer of private/get_subaccount";
const SOURCE: &str = "Derive subaccount: mark prices";
/// The margin type of accounts in standard margin.
const STANDARD: &str = "SM";
/// The currency that profits are in.
const CASH: &str = "USDC";
/// What parts may be off from a total that the venue sums up itself, in USDC.
const TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 6);

#[derive(Deserialize)]
struct RawSubaccount {
    collaterals: Vec<Value>,
    positions: Vec<Value>,
    margin_type: String,
    subaccount_value: Figure,
    initial_margin: Figure,
    maintenance_margin: Figure,
    open_orders_margin: Figure,
    #[serde(default)]
    mm_credits: Option<Figure>,
    #[serde(default)]
    open_orders: Vec<Value>,
    #[serde(default)]
    is_under_liquidation: bool,
    #[serde(default)]
    failed_to_fetch: bool,
}

#[derive(Deserialize)]
struct RawCollateral {
    asset_name: String,
    amount: Number,
    mark_value: Figure,
}

#[derive(Deserialize)]
struct RawPosition {
    instrument_name: String,
    instrument_type: String,
    amount: Number,
    mark_price: Figure,
    /// What closing it at the mark would pay: of a perpetual its profit that is not
    /// settled, of an option its worth.
    mark_value: Figure,
}

/// Reads a subaccount: USDC is the balance, other collateral and the positions are
/// positions, perpetuals with the profit that is not settled.
///
/// # Errors
/// When the file is no such answer, the venue could not read all of it, or the
/// account's value is not the sum of what it lists.
pub fn account(subaccount: &str) -> Result<VenueAccount, ImportError> {
    let is_it = |object: &Map<String, Value>| object.contains_key("collaterals");
    let raw: RawSubaccount = forms::row(&answer::object(subaccount, WHAT, is_it, &[])?, WHAT)?;
    if raw.failed_to_fetch {
        return Err(ImportError::Account(AccountProblem::FailedToFetch));
    }
    let mut builder = Builder::new(&symbol(CASH)?, SOURCE);
    let (mut cash, mut values) = (Decimal::ZERO, Vec::new());
    for (index, row) in raw.collaterals.iter().enumerate() {
        let collateral: RawCollateral = forms::row(row, &format!("collateral {}", index + 1))?;
        values.push(collateral.mark_value.0);
        let quantity = canonical(collateral.amount.0);
        match collateral.asset_name.as_str() {
            CASH => cash = sum([cash, quantity])?,
            _ if quantity.is_zero() => {}
            name => {
                builder.note(AccountNote::Coins);
                let (cost, leverage) = (Cost::Nothing, None);
                let holding = Holding { symbol: symbol(name)?, quantity, cost, leverage };
                builder.hold(holding, collateral.mark_value.0.checked_div(quantity))?;
            }
        }
    }
    let mut underlyings = BTreeSet::new();
    for (index, row) in raw.positions.iter().enumerate() {
        let position: RawPosition = forms::row(row, &format!("position {}", index + 1))?;
        values.push(position.mark_value.0);
        if !position.amount.0.is_zero() {
            underlyings
                .insert(symbol(position.instrument_name.split('-').next().unwrap_or_default())?);
            position.put(&mut builder)?;
        }
    }
    if underlyings.len() > 1 && raw.margin_type != STANDARD {
        builder.note(AccountNote::SeveralUnderlyings);
    }
    raw.check(sum(values)?)?;
    raw.finish(builder, cash)
}

impl RawPosition {
    fn put(self, builder: &mut Builder) -> Result<(), ImportError> {
        let symbol = symbol(&self.instrument_name)?;
        let cost = match self.instrument_type.as_str() {
            "perp" => Cost::Unrealised(self.mark_value.0),
            "option" => Cost::Nothing,
            _ => {
                let what = "a position that is neither perp nor option";
                return Err(ImportError::Unsupported { name: symbol.to_string(), what });
            }
        };
        let quantity = canonical(self.amount.0);
        let holding = Holding { symbol, quantity, cost, leverage: None };
        builder.hold(holding, Some(self.mark_price.0))
    }
}

impl RawSubaccount {
    /// The value is that of what is listed: so all is, and `mark_value` means what it
    /// is taken for.
    fn check(&self, computed: Decimal) -> Result<(), ImportError> {
        let stated = self.subaccount_value.0;
        match stated.checked_sub(computed).is_some_and(|apart| apart.abs() <= TOLERANCE) {
            true => Ok(()),
            false => {
                let field = "the value of the subaccount (subaccount_value)";
                Err(ImportError::Inconsistent { field, stated, computed })
            }
        }
    }

    fn finish(self, mut builder: Builder, cash: Decimal) -> Result<VenueAccount, ImportError> {
        if self.margin_type == STANDARD {
            builder.note(AccountNote::StandardMargin);
        }
        if self.is_under_liquidation {
            builder.note(AccountNote::Liquidation);
        }
        // Written as what it takes from the balance, with either sign.
        let reserved = self.open_orders_margin.0.abs();
        if !reserved.is_zero() {
            builder.note(AccountNote::Reserved("open_orders_margin"));
        } else if !self.open_orders.is_empty() {
            builder.note(AccountNote::OrdersWithoutMargin);
        }
        let required = |over: Figure, more: Decimal| {
            self.subaccount_value.0.checked_sub(over.0)?.checked_add(more)
        };
        let credits = self.mm_credits.map_or(Decimal::ZERO, |credits| credits.0);
        let stated = Stated {
            equity: Some(self.subaccount_value.0),
            initial: required(self.initial_margin, reserved),
            maintenance: required(self.maintenance_margin, credits),
        };
        let funds = Funds::Balance(cash);
        Ok(builder.finish(Rest { funds, reserved, stated, timestamp: None }))
    }
}
