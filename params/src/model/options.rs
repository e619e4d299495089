//! Charges on options that add up over positions, and the rows they make.
//!
//! Per coin of a short option, `S` the price of the underlying, `mark` the option's, and
//! `otm` how far its strike is out of the money:
//!
//! ```text
//! maintenance  max(maintenance S, of_mark mark) + mark + liquidation_fee S    (by type)
//! initial      max(max(itm S - otm, least S) + mark, maintenance)
//! ```
//!
//! A long option is charged its whole value: it adds nothing to what an account may lose,
//! and nothing to what it has.
//!
//! # Rows
//! The charges of an epoch are public, so each option has two rows, of one tier each. The
//! short one's price is the mark rounded up to a whole quote unit, or `least_price S` where
//! that is more, and what the price has beyond the mark its charges do not have again:
//! value and charge together are exact, and equity alone counts a nearly worthless option
//! at `least_price S`. Without it the rate of such a row, charge over price, had no bound.
//! The rate is rounded up: a requirement is above the rule's by less than the value over
//! the denominator, a quote unit a position besides, and never below it.

use std::cmp::max;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use zkmargin_margin::standard::{Charge, Direction};
use zkmargin_margin::units::{Notional, Price, Rate};

use crate::convert::price_per_lot;
use crate::decimal::text;
use crate::fraction::Fraction;
use crate::model::rows::{check_lot_size, exact_rate};
use crate::model::{FieldProblem, ModelError, Quotation, RowSpec};
use crate::scenario::black76::OptionType;

/// The charges on options of one underlying: fractions of its price, but where they say
/// otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionRule {
    /// Coins of the underlying in one lot.
    #[serde(with = "text")]
    pub lot_size: Decimal,
    /// Initial margin at or in the money; it falls by how far out the strike is.
    pub itm: Fraction,
    /// Below this it does not fall.
    pub least: Fraction,
    /// Maintenance margin of calls.
    pub maintenance_call: Fraction,
    /// The same as a fraction of the mark: the larger of the two.
    #[serde(default = "zero", skip_serializing_if = "is_zero")]
    pub maintenance_call_mark: Fraction,
    /// Maintenance margin of puts.
    pub maintenance_put: Fraction,
    /// The same as a fraction of the mark: the larger of the two.
    #[serde(default = "zero", skip_serializing_if = "is_zero")]
    pub maintenance_put_mark: Fraction,
    /// Fee of a liquidation, in the maintenance margin.
    #[serde(default = "zero", skip_serializing_if = "is_zero")]
    pub liquidation_fee: Fraction,
    /// What equity counts a short option at where its mark is less, above 0.
    pub least_price: Fraction,
}

fn zero() -> Fraction {
    Fraction::ZERO
}

fn is_zero(fraction: &Fraction) -> bool {
    *fraction == Fraction::ZERO
}

/// An option as its row sees it: prices in the quote currency per coin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PricedOption {
    pub(crate) option_type: OptionType,
    pub(crate) strike: Decimal,
    pub(crate) mark: Decimal,
    /// Price of the underlying.
    pub(crate) index: Decimal,
}

/// The two rows of an option, long and short, each with its price.
pub(crate) type OptionRows = [(Price, RowSpec); 2];

/// The rates of a rule, over the common denominator.
struct Rates {
    itm: u128,
    least: u128,
    /// Of the option's type: of the underlying, and of the mark.
    maintenance: [u128; 2],
    fee: u128,
    least_price: u128,
}

/// Prices per lot, in quote units over a power of ten.
struct PerLot {
    index: u128,
    strike: u128,
    mark: u128,
    unit: u128,
}

impl OptionRule {
    /// Checks the rule.
    pub(crate) fn check(&self, path: &str, quotation: Quotation) -> Result<(), ModelError> {
        check_lot_size(self.lot_size, path)?;
        for option_type in [OptionType::Call, OptionType::Put] {
            let rates = self.rates(path, quotation, option_type)?;
            let maintenance = rates.maintenance[0] + rates.fee;
            // The largest rate of a row is a charge over this price.
            let charges = max(rates.itm, max(rates.least, maintenance));
            let one = u128::from(quotation.denominator.get());
            let largest = (charges * one).div_ceil(max(rates.least_price, 1));
            let in_range = (1..=maintenance).contains(&rates.least_price);
            if !in_range || u32::try_from(largest).is_err() {
                let path = format!("{path}.least_price");
                return Err(ModelError::at(path, FieldProblem::LeastPrice));
            }
        }
        Ok(())
    }

    fn rates(
        &self,
        path: &str,
        quotation: Quotation,
        option_type: OptionType,
    ) -> Result<Rates, ModelError> {
        let rate = |field: &str, fraction: Fraction| {
            let rate = exact_rate(fraction, &format!("{path}.{field}"), quotation)?;
            Ok::<_, ModelError>(u128::from(rate.get()))
        };
        let maintenance = match option_type {
            OptionType::Call => [
                rate("maintenance_call", self.maintenance_call)?,
                rate("maintenance_call_mark", self.maintenance_call_mark)?,
            ],
            OptionType::Put => [
                rate("maintenance_put", self.maintenance_put)?,
                rate("maintenance_put_mark", self.maintenance_put_mark)?,
            ],
        };
        Ok(Rates {
            itm: rate("itm", self.itm)?,
            least: rate("least", self.least)?,
            maintenance,
            fee: rate("liquidation_fee", self.liquidation_fee)?,
            least_price: rate("least_price", self.least_price)?,
        })
    }

    /// The rows of an option; none when a figure of a lot is too large or too precise.
    pub(crate) fn rows(
        &self,
        path: &str,
        quotation: Quotation,
        option: &PricedOption,
    ) -> Result<Option<OptionRows>, ModelError> {
        let rates = self.rates(path, quotation, option.option_type)?;
        Ok(PerLot::new(option, self.lot_size, quotation.decimals)
            .and_then(|lot| lot.rows(&rates, option.option_type, quotation)))
    }
}

impl PerLot {
    fn new(option: &PricedOption, lot_size: Decimal, decimals: u32) -> Option<Self> {
        let of = |price| price_per_lot(price, lot_size, decimals);
        let (index, strike, mark) = (of(option.index)?, of(option.strike)?, of(option.mark)?);
        let unit = u128::from([index, strike, mark].iter().map(|price| price.unit()).max()?);
        // Units are powers of ten: each divides the largest.
        let over = |price: Price| {
            u128::from(price.mantissa()).checked_mul(unit / u128::from(price.unit()))
        };
        Some(Self { index: over(index)?, strike: over(strike)?, mark: over(mark)?, unit })
    }

    fn rows(
        &self,
        rates: &Rates,
        option_type: OptionType,
        quotation: Quotation,
    ) -> Option<OptionRows> {
        let one = Rate::new(quotation.denominator.get());
        let row = |direction, [initial, maintenance]: [Rate; 2]| RowSpec {
            direction,
            lower: Notional::ZERO,
            upper: Notional::MAX,
            initial: Charge { base: Notional::ZERO, rate: initial },
            maintenance: Charge { base: Notional::ZERO, rate: maintenance },
            maintenance_fraction: one,
        };
        let price = |units: u128| Price::new(u64::try_from(units).ok()?, 1).ok();
        let owned = price(self.mark / self.unit)?;
        let owed = self.owed(rates, one)?;
        let [initial, maintenance] = self.required(rates, option_type, one)?;
        let scaled = |required: u128| {
            let value = owed.checked_mul(self.unit)?;
            // What is required beyond the price, over it.
            let charge = required.saturating_sub(value.checked_mul(one.get().into())?);
            u32::try_from(charge.div_ceil(value)).ok().map(Rate::new)
        };
        let short = [scaled(initial)?, scaled(maintenance)?];
        Some([
            (owned, row(Direction::Long, [one; 2])),
            (price(owed)?, row(Direction::Short, short)),
        ])
    }

    /// What a short lot is worth in equity, in whole quote units: at least one.
    fn owed(&self, rates: &Rates, one: Rate) -> Option<u128> {
        let least = self.index.checked_mul(rates.least_price)?;
        let least = least.div_ceil(self.unit.checked_mul(one.get().into())?);
        Some(max(self.mark.div_ceil(self.unit), least).max(1))
    }

    /// Initial and maintenance margin of a short lot with its mark, in quote units over
    /// `unit` times the denominator.
    fn required(&self, rates: &Rates, option_type: OptionType, one: Rate) -> Option<[u128; 2]> {
        let one = u128::from(one.get());
        let out_of_the_money = match option_type {
            OptionType::Call => self.strike.saturating_sub(self.index),
            OptionType::Put => self.index.saturating_sub(self.strike),
        };
        let of_index = |rate: u128| self.index.checked_mul(rate);
        let mark = self.mark.checked_mul(one)?;
        let [of_underlying, of_mark] = rates.maintenance;
        let maintenance = max(of_index(of_underlying)?, self.mark.checked_mul(of_mark)?);
        let maintenance = maintenance.checked_add(mark)?.checked_add(of_index(rates.fee)?)?;
        let risk = of_index(rates.itm)?.saturating_sub(out_of_the_money.checked_mul(one)?);
        let risk = max(risk, of_index(rates.least)?);
        Some([max(risk.checked_add(mark)?, maintenance), maintenance])
    }
}
