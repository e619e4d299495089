//! How old prices may be for what is decided from them.
//!
//! Nothing saturates: a time after now is not an age of zero. Clocks differ a
//! little, which a named tolerance allows for; a time far ahead is a wrong clock,
//! a wrong unit or a lie.

use std::time::Duration;

use zkmargin_margin::ids::Timestamp;

use crate::human::{duration, time};

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
