//! SPAN's scanning loss over published risk arrays.
//!
//! A clearing house publishes, for every contract, what one long contract gains or loses
//! under each of 16 scenarios. The scanning loss of a portfolio on one underlying is the
//! largest loss in the sum of its contracts' arrays. Nothing is priced here: arrays are
//! inputs, and sums of them are exact.
//!
//! To it comes a charge for spreads between months, of contracts by their composite
//! deltas: futures of two months do not move alike. And an option that is short is asked
//! for a least charge each. A requirement is the larger of both: [`requirement`].
//!
//! Not here are tiers of months with charges of their own, which are formed in an order of
//! priority, charges for delivery and credits between commodities. The set `span-arrays`
//! proves accounts under imported arrays; `span-16` makes the same scenarios from Black's
//! formula.
//!
//! ```
//! use rust_decimal::Decimal;
//! use zkmargin_params::span::{RiskArray, scanning_loss};
//! let future = RiskArray([3, -3, 6, -6, 9, -9, 9, -9, 3, -3, 6, -6, 9, -9, 7, -7].map(Decimal::from));
//! assert_eq!(scanning_loss(&[(future, Decimal::TWO)])?.loss, Decimal::from(18));
//! # Ok::<(), zkmargin_params::span::SpanError>(())
//! ```

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// Scenarios of an array: price moves of 0, 1/3, 2/3 and 3/3 of the range either way, each
/// with volatility up and down, and two extreme moves of which a part counts already.
pub const SCENARIOS: usize = 16;

/// Profit and loss of one long contract under each scenario, in the quote currency:
/// losses are negative. Files of clearing houses have the opposite sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskArray(pub [Decimal; SCENARIOS]);

/// A scanning loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanningLoss {
    /// Profit and loss of the portfolio under each scenario.
    pub array: RiskArray,
    /// The largest loss, at least 0.
    pub loss: Decimal,
    /// Its scenario, from 1 as they are counted; the first of several.
    pub scenario: usize,
}

/// A contract as a clearing house publishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract {
    /// What one long one gains.
    pub array: RiskArray,
    /// Its composite delta, in futures.
    pub delta: Decimal,
    /// Its month, as any number.
    pub month: u64,
    /// Whether a short one counts for the least charge on short options.
    pub is_option: bool,
}

/// What is charged beside the scanning loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// For a spread of one delta between two months.
    pub spread: Decimal,
    /// The least for an option that is short.
    pub short_option: Decimal,
}

/// What an account is asked for on one underlying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The scanning loss.
    pub scanning: ScanningLoss,
    /// Spreads between months, in deltas of one side.
    pub spreads: Decimal,
    /// What they are charged.
    pub spread_charge: Decimal,
    /// The least charge on short options.
    pub short_option_minimum: Decimal,
    /// The larger of the losses with the charge, and of the least charge.
    pub total: Decimal,
}

/// What contracts on one underlying are asked for, each with its signed number. A spread
/// is one delta of a month's net long and one of another's net short.
///
/// # Errors
/// When a sum is out of range.
pub fn requirement(
    held: &[(Contract, Decimal)],
    charges: &Charges,
) -> Result<Requirement, SpanError> {
    let arrays: Vec<_> = held.iter().map(|(of, number)| (of.array, *number)).collect();
    let scanning = scanning_loss(&arrays)?;
    let spreads = spreads(held).ok_or(SpanError::Charge)?;
    let short = held.iter().filter(|(of, number)| of.is_option && number.is_sign_negative());
    let short: Option<Decimal> =
        short.map(|(_, number)| -*number).try_fold(Decimal::ZERO, Decimal::checked_add);
    let short_option_minimum = short.and_then(|short| short.checked_mul(charges.short_option));
    let short_option_minimum = short_option_minimum.ok_or(SpanError::Charge)?;
    let spread_charge = spreads.checked_mul(charges.spread).ok_or(SpanError::Charge)?;
    let total = scanning.loss.checked_add(spread_charge).ok_or(SpanError::Charge)?;
    let total = total.max(short_option_minimum);
    Ok(Requirement { scanning, spreads, spread_charge, short_option_minimum, total })
}

/// The smaller of the deltas of months that are long and of those that are short.
fn spreads(held: &[(Contract, Decimal)]) -> Option<Decimal> {
    let mut months: BTreeMap<u64, Decimal> = BTreeMap::new();
    for (of, number) in held {
        let net = months.entry(of.month).or_default();
        *net = net.checked_add(of.delta.checked_mul(*number)?)?;
    }
    let side = |short: bool| {
        let nets = months.values().filter(|net| net.is_sign_negative() == short);
        nets.map(Decimal::abs).try_fold(Decimal::ZERO, |sum, net| sum.checked_add(net))
    };
    Some(side(false)?.min(side(true)?))
}

/// Why there is no scanning loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpanError {
    /// A sum past what decimals hold.
    #[error("scenario {0}: the sum is out of range: allowed are 28 digits")]
    Range(usize),
    /// A charge past what decimals hold.
    #[error("the charges are out of range: allowed are 28 digits")]
    Charge,
}

/// The scanning loss of contracts on one underlying, each with its signed number.
///
/// # Errors
/// When a sum is out of range.
pub fn scanning_loss(held: &[(RiskArray, Decimal)]) -> Result<ScanningLoss, SpanError> {
    let mut array = [Decimal::ZERO; SCENARIOS];
    for (index, sum) in array.iter_mut().enumerate() {
        for (risk, contracts) in held {
            let part = risk.0[index].checked_mul(*contracts);
            let next = part.and_then(|part| sum.checked_add(part));
            *sum = next.ok_or(SpanError::Range(index + 1))?;
        }
    }
    let (mut loss, mut scenario) = (-array[0], 1);
    for (index, profit) in array.iter().enumerate() {
        if -*profit > loss {
            (loss, scenario) = (-*profit, index + 1);
        }
    }
    Ok(ScanningLoss { array: RiskArray(array), loss: loss.max(Decimal::ZERO), scenario })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(values: [i64; SCENARIOS]) -> RiskArray {
        RiskArray(values.map(Decimal::from))
    }

    #[test]
    fn a_hedge_loses_nothing_and_a_sum_out_of_range_is_refused() {
        let future = array([0, 0, 5, 5, -5, -5, 9, 9, -9, -9, 14, 14, -14, -14, 10, -10]);
        let flat = scanning_loss(&[(future, Decimal::ONE), (future, -Decimal::ONE)]).unwrap();
        assert_eq!((flat.loss, flat.scenario), (Decimal::ZERO, 1));
        assert_eq!(scanning_loss(&[]).unwrap().loss, Decimal::ZERO);
        let short = scanning_loss(&[(future, Decimal::from(-3))]).unwrap();
        assert_eq!((short.loss, short.scenario), (Decimal::from(42), 11));
        let huge = [(future, Decimal::MAX)];
        assert_eq!(scanning_loss(&huge), Err(SpanError::Range(3)));
    }

    /// Long months against short ones, whichever they are; options by their deltas.
    #[test]
    fn the_smaller_side_is_spread() {
        let of = |month, delta| Contract {
            array: array([0; SCENARIOS]),
            delta: Decimal::new(delta, 1),
            month,
            is_option: false,
        };
        let spread = |held: &[(u64, i64, i64)]| {
            let held: Vec<_> = held
                .iter()
                .map(|(month, delta, number)| (of(*month, *delta), Decimal::from(*number)))
                .collect();
            requirement(&held, &Charges { spread: Decimal::TEN, ..Charges::default() }).unwrap()
        };
        for (held, charge) in [
            (&[(1, 10, 3)][..], 0),
            (&[(1, 10, 3), (1, 10, -3)], 0),
            (&[(1, 10, 3), (2, 10, -3)], 30),
            (&[(1, 10, 3), (2, 10, -5), (3, 10, 1)], 40),
            // Five calls of a delta of 0.6 beside two futures.
            (&[(1, 10, 2), (1, 6, -5), (2, 10, 4)], 10),
        ] {
            let got = spread(held);
            assert_eq!(got.total, Decimal::from(charge), "{held:?}");
            assert_eq!(got.spreads * Decimal::TEN, got.total);
        }
    }

    #[test]
    fn short_options_are_asked_for_the_least_charge_where_it_is_more() {
        let option = |values| Contract {
            array: array(values),
            delta: Decimal::ONE,
            month: 1,
            is_option: true,
        };
        let charges = Charges { short_option: Decimal::from(50), ..Charges::default() };
        let mut values = [0; SCENARIOS];
        values[3] = 40;
        let asked = |number: i64| {
            requirement(&[(option(values), Decimal::from(number))], &charges).unwrap().total
        };
        assert_eq!([asked(-2), asked(2), asked(0)], [100, 0, 0].map(Decimal::from));
        values[3] = 60;
        let asked = requirement(&[(option(values), -Decimal::TWO)], &charges).unwrap();
        assert_eq!(asked.total, Decimal::from(120));
        let future = Contract { is_option: false, ..option([0; SCENARIOS]) };
        let asked = requirement(&[(future, -Decimal::TWO)], &charges).unwrap();
        assert_eq!(asked.total, Decimal::ZERO);
        let huge = [(option(values), -Decimal::MAX)];
        assert!(requirement(&huge, &charges).is_err());
    }
}
