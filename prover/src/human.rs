//! Times, durations and amounts as people read them. JSON keeps the raw ones:
//! seconds since 1970, and units of the quote currency.

use std::time::{Duration, UNIX_EPOCH};

use crate::figures::thousands;

/// Seconds since 1970 at the end of the year 9999, the last that is written as a
/// date.
const END_OF_DATES: u64 = 253_402_300_799;

/// A point in time from seconds since 1970: `2023-03-21 14:05:00 UTC`. One after
/// the year 9999, which no clock shows, stays a number.
pub fn time(seconds: u64) -> String {
    if seconds > END_OF_DATES {
        return format!("{seconds} s after 1970");
    }
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds));
    text.to_string().replace('T', " ").replace('Z', " UTC")
}

/// A duration in seconds: `2h 30m`.
pub fn duration(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

/// An amount of `units * 10^-decimals` without trailing zeros: `-1,234.5`.
pub fn amount(units: i128, decimals: u32) -> String {
    thousands(&scaled(units, decimals))
}

/// `units * 10^-decimals` as a decimal without trailing zeros, and without
/// commas.
pub fn scaled(units: i128, decimals: u32) -> String {
    let width = usize::try_from(decimals).unwrap_or(0);
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = width + 1);
    let (whole, fraction) = digits.split_at(digits.len() - width);
    let fraction = fraction.trim_end_matches('0');
    let sign = if units < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates_as_far_as_dates_go() {
        assert_eq!(time(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(time(1_679_407_500), "2023-03-21 14:05:00 UTC");
        assert_eq!(time(END_OF_DATES), "9999-12-31 23:59:59 UTC");
        assert_eq!(time(u64::MAX), "18446744073709551615 s after 1970");
        assert_eq!([0, 90, 9_000].map(duration), ["0s", "1m 30s", "2h 30m"]);
        assert!(!duration(u64::MAX).is_empty());
    }

    #[test]
    fn amounts_print_as_written() {
        assert_eq!(scaled(-785, 5), "-0.00785");
        assert_eq!(scaled(150, 1), "15");
        assert_eq!(scaled(0, 8), "0");
        assert_eq!(scaled(7, 0), "7");
        assert_eq!(amount(-123_456_750_000_000, 8), "-1,234,567.5");
        assert_eq!(amount(i128::MIN, 0), "-170,141,183,460,469,231,731,687,303,715,884,105,728");
    }
}
