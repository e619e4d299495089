//! How old prices may be for what is decided from them.
//!
//! Nothing saturates: a time after now is not an age of zero. Clocks differ a
//! little, which a named tolerance allows for; a time far ahead is a wrong clock,
//! a wrong unit or a lie.

use alloc::format;
use alloc::string::{String, ToString as _};
use std::time::{Duration, UNIX_EPOCH};

use zkmargin_margin::ids::Timestamp;

/// What prices must satisfy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Their largest age, in seconds.
    pub max_age: u64,
    /// How far ahead of now their time may lie, in seconds.
    pub max_ahead: u64,
}

/// Why prices do not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotFresh {
    /// Too old.
    #[error("prices of {} are {} old: allowed are {}", time(*taken), duration(*age), duration(*max_age))]
    Stale {
        /// When they were taken, in seconds since 1970.
        taken: u64,
        /// Their age, in seconds.
        age: u64,
        /// The largest, in seconds.
        max_age: u64,
    },
    /// Of a time that has not come.
    #[error(
        "prices of {} are {} in the future: allowed are {}",
        time(*taken), duration(*ahead), duration(*max_ahead)
    )]
    Future {
        /// When they were taken, in seconds since 1970.
        taken: u64,
        /// How far ahead of now, in seconds.
        ahead: u64,
        /// The most, in seconds.
        max_ahead: u64,
    },
}

impl Freshness {
    /// The age of prices in seconds; zero for those of a time that is ahead
    /// within the tolerance.
    ///
    /// # Errors
    /// When they are too old, or ahead by more than the tolerance.
    pub fn check(&self, taken: Timestamp, now: u64) -> Result<u64, NotFresh> {
        let Self { max_age, max_ahead } = *self;
        let taken = taken.get();
        match (now.checked_sub(taken), taken.checked_sub(now)) {
            (Some(age), _) if age <= max_age => Ok(age),
            (Some(age), _) => Err(NotFresh::Stale { taken, age, max_age }),
            (None, Some(ahead)) if ahead <= max_ahead => Ok(0),
            (None, ahead) => {
                Err(NotFresh::Future { taken, ahead: ahead.unwrap_or(u64::MAX), max_ahead })
            }
        }
    }
}

/// Reads a period with its units, in whole seconds: `15m`, `900s`, `1h 30m`.
///
/// # Errors
/// What is allowed.
pub fn parse_period(text: &str) -> Result<u64, &'static str> {
    const ALLOWED: &str = "allowed are whole seconds with a unit, as in 15m, 900s or 1h 30m";
    let period: Duration = humantime::parse_duration(text).map_err(|_| ALLOWED)?;
    // A number alone would be read as nobody knows what; zero alone is taken.
    let has_unit = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    match has_unit && period.subsec_nanos() == 0 {
        true => Ok(period.as_secs()),
        false => Err(ALLOWED),
    }
}

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
}
