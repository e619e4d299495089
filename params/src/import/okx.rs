//! OKX: trading accounts with linear swaps and futures.
//!
//! Fields as documented in November 2026: `GET /api/v5/account/balance`,
//! `GET /api/v5/account/positions`, and `GET /api/v5/public/instruments` for what a
//! contract is: positions are counted in contracts.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::decimal::canonical;
use crate::import::account::{
    AccountNote, Builder, Cost, Funds, Holding, Rest, Stated, adds_up, sum,
};
use crate::import::number::{Number, number_option};
use crate::import::{AccountProblem, ImportError, VenueAccount, answer, forms, symbol};
use crate::symbol::Symbol;

const BALANCE: &str = "the answer of /api/v5/account/balance";
const POSITIONS: &str = "the answer of /api/v5/account/positions";
const INSTRUMENTS: &str = "the answer of /api/v5/public/instruments";
const SOURCE: &str = "OKX positions: mark prices";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBalance {
    details: Vec<Value>,
    #[serde(default, deserialize_with = "number_option")]
    imr: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    mmr: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    ord_froz: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    total_eq: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDetail {
    ccy: String,
    cash_bal: Number,
    #[serde(default, deserialize_with = "number_option")]
    eq: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    interest: Option<Number>,
    /// Profits of all positions, and of isolated ones.
    #[serde(default, deserialize_with = "number_option")]
    upl: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    iso_upl: Option<Number>,
    /// Equity of isolated positions, and of trading bots.
    #[serde(default, deserialize_with = "number_option")]
    iso_eq: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    stgy_eq: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    ord_frozen: Option<Number>,
    /// Whether the owner lets it be collateral, in the mode where that can be chosen.
    collateral_enabled: Option<bool>,
    #[serde(default, deserialize_with = "number_option")]
    imr: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    mmr: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPosition {
    inst_id: String,
    inst_type: String,
    mgn_mode: String,
    #[serde(default = "net")]
    pos_side: String,
    pos: Number,
    #[serde(default, deserialize_with = "number_option")]
    avg_px: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    mark_px: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    margin: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    lever: Option<Number>,
    /// The currency of its margin and profit.
    ccy: String,
}

fn net() -> String {
    "net".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawInstrument {
    ct_val: Number,
    #[serde(default, deserialize_with = "number_option")]
    ct_mult: Option<Number>,
    ct_type: String,
}

/// Reads an account in futures, multi-currency or portfolio margin mode: the cash of
/// `quote`, other currencies as positions of their own, and the positions.
/// `instruments` are answers that say how many coins a contract is.
///
/// # Errors
/// When a file is no such answer, a position is inverse, an option or margined spot, or
/// a contract's size is not given.
pub fn account(
    balance: &str,
    positions: &str,
    instruments: &[&str],
    quote: &Symbol,
) -> Result<VenueAccount, ImportError> {
    let is_balance = |object: &Map<String, Value>| object.contains_key("details");
    let raw: RawBalance = forms::row(&answer::object(balance, BALANCE, is_balance, &[])?, BALANCE)?;
    let sizes = contracts(instruments)?;
    let mut builder = Builder::new(quote, SOURCE);
    // Figures of the whole account are of the modes in which currencies are margined
    // together; in futures mode each has positions of its own.
    let one_currency = raw.mmr.is_none();
    let own = details(&raw.details, quote, one_currency, &mut builder)?;
    let rows = answer::rows(positions, POSITIONS, |row| row.contains_key("instId"))?;
    for (index, row) in rows.iter().enumerate() {
        let position: RawPosition = forms::row(row, &format!("position {}", index + 1))?;
        // Margin that was transferred ahead of a position.
        let funded = position.margin.is_some_and(|margin| !margin.0.is_zero());
        if !position.pos.0.is_zero() || (position.mgn_mode == "isolated" && funded) {
            position.put(quote, &sizes, &mut builder)?;
        }
    }
    // The account's figure where the mode has one, else the currency's.
    let reserved = raw.ord_froz.or(own.ord_frozen).map_or(Decimal::ZERO, |margin| margin.0);
    if !reserved.is_zero() {
        let field = if raw.ord_froz.is_some() { "ordFroz" } else { "details.ordFrozen" };
        builder.note(AccountNote::Reserved(field));
    }
    let number = |number: Option<Number>| number.map(|number| number.0);
    let stated = Stated {
        equity: number(if one_currency { own.eq } else { raw.total_eq }),
        initial: number(raw.imr.or(own.imr)),
        maintenance: number(raw.mmr.or(own.mmr)),
    };
    let funds = Funds::Balance(own.cross()?);
    Ok(builder.finish(Rest { funds, reserved, stated, timestamp: None }))
}

/// The details of the quote currency; the others are put as positions where they count.
fn details(
    rows: &[Value],
    quote: &Symbol,
    one_currency: bool,
    builder: &mut Builder,
) -> Result<RawDetail, ImportError> {
    let mut own = None;
    for (index, row) in rows.iter().enumerate() {
        let detail: RawDetail = forms::row(row, &format!("details {}", index + 1))?;
        if detail.ccy == quote.as_str() {
            own = Some(detail);
            continue;
        }
        let net = detail.net()?;
        if net.is_zero() {
            continue;
        }
        let is_collateral = !one_currency && detail.collateral_enabled != Some(false);
        if !is_collateral && !net.is_sign_negative() {
            builder.note(AccountNote::OtherAssets);
            continue;
        }
        builder.note(AccountNote::Coins);
        let symbol = symbol(&detail.ccy)?;
        let (cost, leverage) = (Cost::Nothing, None);
        builder.hold(Holding { symbol, quantity: net, cost, leverage }, None)?;
    }
    own.ok_or(ImportError::Account(AccountProblem::NoAsset))
}

impl RawDetail {
    /// Cash, which has liabilities in it, less interest that has accrued.
    fn net(&self) -> Result<Decimal, ImportError> {
        let interest = self.interest.map_or(Decimal::ZERO, |interest| interest.0.abs());
        sum([self.cash_bal.0, -interest]).map(canonical)
    }

    /// What of it is in cross margin. Whether the venue's cash has the margin of isolated
    /// positions in it is told by which of the two gives its equity.
    fn cross(&self) -> Result<Decimal, ImportError> {
        let of = |number: Option<Number>| number.map_or(Decimal::ZERO, |number| number.0);
        let isolated = sum([of(self.iso_eq), -of(self.iso_upl)])?;
        let net = self.net()?;
        if isolated.is_zero() {
            return Ok(net);
        }
        let with = sum([net, of(self.upl), of(self.stgy_eq)])?;
        let without = sum([with, isolated])?;
        match self.eq {
            Some(eq) if adds_up(eq.0, with) => sum([net, -isolated]).map(canonical),
            Some(eq) if adds_up(eq.0, without) => Ok(net),
            _ => Err(ImportError::Account(AccountProblem::Equity)),
        }
    }
}

/// Coins in a contract of every linear instrument. A public file: what cannot be read is
/// not there, and a position in it is refused.
fn contracts(answers: &[&str]) -> Result<BTreeMap<String, Decimal>, ImportError> {
    let mut sizes = BTreeMap::new();
    for text in answers {
        for row in answer::rows(text, INSTRUMENTS, |row| row.contains_key("instId"))? {
            let name = row.get("instId").and_then(Value::as_str).unwrap_or_default();
            let Ok(instrument) = forms::row::<RawInstrument>(&row, name) else { continue };
            let times = instrument.ct_mult.map_or(Decimal::ONE, |times| times.0);
            let coins = instrument.ct_val.0.checked_mul(times).filter(|coins| !coins.is_zero());
            if let (Some(coins), "linear") = (coins, instrument.ct_type.as_str()) {
                sizes.insert(name.to_owned(), coins);
            }
        }
    }
    Ok(sizes)
}

impl RawPosition {
    fn put(
        self,
        quote: &Symbol,
        sizes: &BTreeMap<String, Decimal>,
        builder: &mut Builder,
    ) -> Result<(), ImportError> {
        let name = symbol(&self.inst_id)?;
        let unsupported = |what| Err(ImportError::Unsupported { name: name.to_string(), what });
        if !matches!(self.inst_type.as_str(), "SWAP" | "FUTURES") {
            return unsupported("a position that is neither SWAP nor FUTURES");
        }
        if self.ccy != quote.as_str() {
            return unsupported(
                "a position whose margin (ccy) is in another currency than --quote",
            );
        }
        let size = sizes.get(&self.inst_id);
        let size = *size.ok_or_else(|| ImportError::Contract { symbol: name.clone() })?;
        let contracts = match self.pos_side.as_str() {
            "net" => self.pos.0,
            "long" => self.pos.0.abs(),
            "short" => -self.pos.0.abs(),
            _ => return unsupported("a posSide that is not net, long or short"),
        };
        let quantity = contracts.checked_mul(size).map(canonical);
        let quantity = quantity.ok_or(ImportError::Account(AccountProblem::Range))?;
        let entry = match (self.avg_px, quantity.is_zero()) {
            (Some(entry), _) => entry.0,
            (None, true) => Decimal::ZERO,
            (None, false) => return Err(ImportError::Mark { symbol: name }),
        };
        let mark = self.mark_px.map(|mark| mark.0);
        let leverage = builder.leverage(&name, self.lever.map(|lever| lever.0))?;
        let cost = Cost::EntryPrice(entry);
        let holding = Holding { symbol: name.clone(), quantity, cost, leverage };
        match (self.mgn_mode.as_str(), self.margin) {
            ("cross", _) => builder.hold(holding, mark),
            ("isolated", Some(margin)) => {
                builder.isolate(Funds::Balance(canonical(margin.0)), holding, mark);
                Ok(())
            }
            ("isolated", None) => {
                Err(ImportError::NoIsolatedCash { symbol: name, field: "margin" })
            }
            (kind, _) => Err(ImportError::MarginKind { symbol: name, kind: forms::cut(kind) }),
        }
    }
}
