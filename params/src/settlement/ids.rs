//! Identifiers of options: what they are on, when they expire, and their strike.

use zkmargin_margin::ids::{InstrumentId, Timestamp};
use zkmargin_margin::settlement::{
    EXPIRY_BITS, OptionKey, STRIKE_BITS, UNDERLYING_BITS, option_id,
};

use crate::settlement::exact::Exact;
use crate::symbol::Symbol;

/// Bits of a strike's five digits.
const MANTISSA_BITS: u32 = 17;
/// Five digits are from here to below ten times as much.
const LEAST_MANTISSA: u32 = 10_000;
/// Added to a strike's power of ten.
const EXPONENT_OFFSET: i64 = 32;
const HOUR: u64 = 3600;

const _: () = assert!(MANTISSA_BITS + 6 == STRIKE_BITS && 10 * LEAST_MANTISSA < 1 << MANTISSA_BITS);

/// An underlying's number: the lowest bits of its symbol's hash.
pub(crate) fn underlying_code(symbol: &Symbol) -> u32 {
    let bits = symbol.instrument_id().get() & ((1 << UNDERLYING_BITS) - 1);
    // 19 bits.
    u32::try_from(bits).unwrap_or(u32::MAX)
}

/// Hours from 1970 to so many seconds after a time; `None` when they are not whole or too
/// many.
pub(crate) fn expiry_hours(taken: Timestamp, seconds: u64) -> Option<u32> {
    let expiry = taken.get().checked_add(seconds)?;
    let hours = u32::try_from(expiry / HOUR).ok().filter(|hours| hours >> EXPIRY_BITS == 0)?;
    expiry.is_multiple_of(HOUR).then_some(hours)
}

/// A strike's number, which ascends with it: six bits of a power of ten over five digits.
/// `None` for a strike of more digits.
pub(crate) fn strike_code(strike: Exact) -> Option<u32> {
    let (digits, mut exponent) = strike.digits();
    let mut mantissa = u32::try_from(digits.as_i128()).ok().filter(|digits| *digits != 0)?;
    if digits.as_i128() >= i128::from(10 * LEAST_MANTISSA) {
        return None;
    }
    while mantissa < LEAST_MANTISSA {
        mantissa *= 10;
        exponent -= 1;
    }
    let exponent = u32::try_from(exponent + EXPONENT_OFFSET).ok()?;
    let fits = exponent < 1 << (STRIKE_BITS - MANTISSA_BITS);
    fits.then_some(exponent << MANTISSA_BITS | mantissa)
}

/// The identifier of an option; `None` when a part has too many bits.
pub(crate) fn identifier(
    underlying: u32,
    hours: u32,
    strike: u32,
    is_put: bool,
) -> Option<InstrumentId> {
    option_id(OptionKey { underlying, hours, strike, is_put })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settlement::exact::Rounding;

    fn code(strike: f64) -> Option<u32> {
        strike_code(Exact::read(strike, Rounding::Up)?)
    }

    #[test]
    fn codes_ascend_with_strikes() {
        let strikes = [1e-12, 0.00025, 0.5, 1.0, 9.9999, 10.0, 1500.0, 37_000.0, 99_999.0, 1e15];
        let codes: Vec<_> = strikes.map(|strike| code(strike).unwrap()).into_iter().collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
        assert!(codes.iter().all(|code| code >> STRIKE_BITS == 0));
        // 15000 times 10^-1.
        assert_eq!(code(1500.0), Some(31 << 17 | 15_000));
    }

    #[test]
    fn strikes_of_six_digits_have_no_code() {
        for strike in [100_001.0, 1.00001, 123_456.0, 0.1 + 0.2, 1e-40] {
            assert_eq!(code(strike), None, "{strike}");
        }
        assert!(code(100_010.0).is_some() && code(123_450.0).is_some());
        assert_eq!(code(0.0), None);
    }

    #[test]
    fn expiries_are_whole_hours() {
        let taken = Timestamp::new(1_764_921_600);
        assert_eq!(expiry_hours(taken, 7200), Some(490_258));
        assert_eq!(expiry_hours(taken, 7201), None);
        assert_eq!(expiry_hours(Timestamp::new(u64::MAX), 1), None);
        let last = (1 << EXPIRY_BITS) * HOUR;
        assert_eq!(expiry_hours(Timestamp::new(last - HOUR), 0), Some((1 << EXPIRY_BITS) - 1));
        assert_eq!(expiry_hours(Timestamp::new(last), 0), None);
    }
}
