//! SPAN's scanning loss over published risk arrays.
//!
//! A clearing house publishes, for every contract, what one long contract gains or loses
//! under each of 16 scenarios. The scanning loss of a portfolio on one underlying is the
//! largest loss in the sum of its contracts' arrays. Nothing is priced here: arrays are
//! inputs, and sums of them are exact.
//!
//! The other parts of a SPAN requirement (charges between months, for delivery, credits
//! between underlyings, the short option minimum) are not here: no published figures of
//! them are at hand to hold them to. The set `span-arrays` proves accounts under
//! imported arrays; `span-16` makes the same scenarios from Black's formula.
//!
//! ```
//! use rust_decimal::Decimal;
//! use zkmargin_params::span::{RiskArray, scanning_loss};
//! let future = RiskArray([3, -3, 6, -6, 9, -9, 9, -9, 3, -3, 6, -6, 9, -9, 7, -7].map(Decimal::from));
//! assert_eq!(scanning_loss(&[(future, Decimal::TWO)])?.loss, Decimal::from(18));
//! # Ok::<(), zkmargin_params::span::SpanError>(())
//! ```

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

/// Why there is no scanning loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpanError {
    /// A sum past what decimals hold.
    #[error("scenario {0}: the sum is out of range: allowed are 28 digits")]
    Range(usize),
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
}
