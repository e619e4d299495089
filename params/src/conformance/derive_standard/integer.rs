//! The cases in the integers that are proved: rows of the settlement family.
//!
//! A case has expiries between the hours and strikes that went through floating point, as
//! no market has. So its rows are made without one: an expiry is identified by the hour
//! that it ends in, and a strike is the number of five digits next to it.

use std::collections::BTreeMap;

use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::{Position, Reserved};
use zkmargin_margin::settlement::{SettlementMargin, SettlementRow};
use zkmargin_margin::units::{Amount, Lots};

use super::Case;
use crate::conformance::{
    CaseAccount, CaseRows, ConformanceError, Figure, IntegerProblem, TOLERANCE,
};
use crate::convert::lots_from_decimal;
use crate::option_margin::{Account, Expiry, OptionPosition, Underlying};
use crate::scenario::MarketSpec;
use crate::settlement::SettlementError;
use crate::settlement::model::SettlementModel;
use crate::settlement::rows::{Maker, OptionQuote};
use crate::settlement::rule::UnderlyingRule;
use crate::symbol::Symbol;

/// What the cases are under.
const MODEL: &str = include_str!("../../../fixtures/derive_standard_model.json");
/// The underlyings, in the order of an account's.
const COINS: [&str; 2] = ["ETH", "BTC"];
/// Hours in the models' year of 365 days.
const YEAR_HOURS: f64 = 8760.0;

/// The model of the cases.
pub(super) fn model() -> Result<SettlementModel, ConformanceError> {
    SettlementModel::from_text(MODEL).map_err(|source| refused("all", source))
}

fn refused(case: &str, source: SettlementError) -> ConformanceError {
    ConformanceError::Settlement { case: case.to_owned(), source: Box::new(source) }
}

/// A case as positions in whole lots, with their rows.
pub(super) struct Book {
    held: BTreeMap<InstrumentId, (SettlementRow, i64)>,
    /// Cash in quote units.
    cash: Amount,
    quote_decimals: u32,
}

impl Case {
    /// The case in integers.
    pub(super) fn book(
        &self,
        model: &SettlementModel,
        account: &Account,
    ) -> Result<Book, ConformanceError> {
        let quote_decimals = model.spec().quote_decimals;
        let profits: f64 = account.underlyings.iter().map(|one| one.perpetual.unrealised).sum();
        let cash = whole(((account.cash + profits) * power(quote_decimals)).floor());
        let cash =
            cash.and_then(|cash| Amount::new(cash).ok()).ok_or_else(|| self.range("cash"))?;
        let mut book = Book { held: BTreeMap::new(), cash, quote_decimals };
        for (underlying, coin) in account.underlyings.iter().zip(COINS) {
            let symbol = self.symbol(coin)?;
            let rule = model
                .rule(&symbol)
                .ok_or_else(|| refused(&self.name, SettlementError::NoRule(symbol.clone())))?;
            let market = MarketSpec {
                underlying: symbol,
                spot: underlying.spot,
                spot_confidence: underlying.spot_confidence,
                stable_price: account.stable_price,
                array_charges: None,
                feeds: Vec::new(),
                instruments: BTreeMap::new(),
            };
            let maker = Maker::new(rule, &market, quote_decimals);
            let maker = maker.map_err(|source| refused(&self.name, source))?;
            self.hold(&mut book, (&maker, rule), underlying, coin)?;
        }
        Ok(book)
    }

    /// Holds all of an underlying; its perpetual also where there is none of it, so that
    /// something carries the cash.
    fn hold(
        &self,
        book: &mut Book,
        (maker, rule): (&Maker<'_>, &UnderlyingRule),
        underlying: &Underlying,
        coin: &str,
    ) -> Result<(), ConformanceError> {
        let failed = |source| refused(&self.name, source);
        let lots = |quantity: f64, lot| {
            let lots = lots_from_decimal(&quantity.to_string(), lot);
            lots.map(Lots::get).map_err(|_| self.range("amount"))
        };
        let perpetual = underlying.perpetual;
        let row = maker.perpetual(
            &self.symbol(&format!("{coin}-PERP"))?,
            (perpetual.price, perpetual.confidence),
        );
        book.add(row.map_err(failed)?, lots(perpetual.quantity, rule.lots.perpetuals)?);
        if underlying.collateral != 0.0 {
            // Coins count at spot.
            let price = (underlying.spot, underlying.spot_confidence);
            let row = maker.collateral(&self.symbol(coin)?, price).map_err(failed)?;
            book.add(row, lots(underlying.collateral, rule.lots.collateral)?);
        }
        for expiry in &underlying.expiries {
            for option in &expiry.options {
                let quote = self.quote(expiry, option)?;
                let row = maker.option(&self.symbol(coin)?, &quote).map_err(failed)?;
                book.add(row, lots(option.quantity, rule.lots.options)?);
            }
        }
        Ok(())
    }

    fn quote(
        &self,
        expiry: &Expiry,
        option: &OptionPosition,
    ) -> Result<OptionQuote, ConformanceError> {
        let hours = whole((expiry.years * YEAR_HOURS).ceil());
        let hours = hours.and_then(|hours| u32::try_from(hours).ok());
        Ok(OptionQuote {
            hours: hours.ok_or_else(|| self.range("expiry_seconds"))?,
            years: expiry.years,
            forward: expiry.forward,
            confidence: expiry.confidence,
            option_type: option.option_type,
            strike: strike(option.strike).ok_or_else(|| self.range("strike"))?,
            vol: option.vol,
        })
    }

    fn symbol(&self, text: &str) -> Result<Symbol, ConformanceError> {
        Symbol::new(text).map_err(|_| self.range("underlying"))
    }

    fn range(&self, field: &'static str) -> ConformanceError {
        ConformanceError::Range { case: self.name.clone(), field }
    }
}

impl Book {
    fn add(&mut self, row: SettlementRow, lots: i64) {
        let (_, held) = self.held.entry(row.instrument()).or_insert((row, 0));
        *held = held.saturating_add(lots);
    }

    /// Positions in canonical order; the first has the cash.
    fn positions(&self) -> Vec<Position> {
        let position = |(place, (id, (_, lots))): (usize, (&InstrumentId, &(_, i64)))| Position {
            bucket: BucketId::CROSS,
            instrument: *id,
            quantity: Lots::new(*lots),
            cash: if place == 0 { self.cash } else { Amount::ZERO },
        };
        self.held.iter().enumerate().map(position).collect()
    }

    /// The case as an account.
    pub(super) fn account(&self, case: &str) -> CaseAccount {
        let rows = self.held.values().map(|(row, _)| *row).collect();
        let rows = CaseRows::Settlement { rows };
        CaseAccount { case: case.to_owned(), positions: self.positions(), rows }
    }

    /// The figures beside the published ones.
    pub(super) fn compare(&self, case: &Case) -> Result<Vec<Figure>, ConformanceError> {
        let positions = self.positions();
        let slots = positions.iter().zip(self.held.values().map(|(row, _)| row));
        let margin = SettlementMargin::assess(slots, &Reserved::NONE).map_err(|violation| {
            let problem = IntegerProblem::Violation(violation);
            ConformanceError::Integer { case: case.name.clone(), problem }
        })?;
        let unit = power(self.quote_decimals);
        // Marks may be off by half a unit a lot, charges by one.
        let lots: f64 = self.held.values().map(|(_, lots)| lots.unsigned_abs() as f64).sum();
        let rounding = (lots + 1.0) / unit;
        let balance = |level| {
            let required = margin.requirement(level).unwrap_or(0).cast_signed();
            (margin.counts(level) - required) as f64 / unit
        };
        let expected = &case.expected;
        let figures = [
            ("maintenance", expected.maintenance, balance(Level::Maintenance)),
            ("initial", expected.initial, balance(Level::Initial)),
            ("mark_to_market", expected.mark_to_market, balance(Level::MarginCall)),
        ];
        let close = |(name, expected, got): (&'static str, super::Number, f64)| {
            let tolerance = rounding + TOLERANCE * expected.0.abs();
            Figure::close(&case.name, name, (expected.0, got), tolerance)
        };
        Ok(figures.map(close).to_vec())
    }
}

/// The number of five digits that a strike is, but for the last bits.
fn strike(strike: f64) -> Option<f64> {
    let nearest: f64 = format!("{strike:.4e}").parse().ok()?;
    ((nearest - strike).abs() <= 4.0 * f64::EPSILON * strike).then_some(nearest)
}

/// `10^decimals`, exact up to 22.
fn power(decimals: u32) -> f64 {
    (0..decimals).fold(1.0, |power, _| power * 10.0)
}

/// A whole number in 100 bits.
#[expect(clippy::cast_possible_truncation, reason = "checked to fit")]
fn whole(number: f64) -> Option<i128> {
    (number.abs() < (1_u128 << 100) as f64).then_some(number as i128)
}
