//! Days, as files of closes name them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::import::time::unix_seconds;

/// Seconds of a day.
pub const DAY_SECONDS: u64 = 86_400;

/// A day: those since 1 January 1970, of the calendar of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(u32);

/// A text that is not a [`Day`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day: allowed are YYYY-MM-DD from 1970, and days since then")]
pub struct ParseDayError;

impl Day {
    /// Days since 1 January 1970.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The year.
    pub fn year(self) -> u32 {
        self.civil().0
    }

    /// Year, month and day: by eras of 400 years that begin in March, so that a
    /// leap day is the last of its year.
    fn civil(self) -> (u32, u32, u32) {
        // Days since 1 March of the year 0.
        let days = u64::from(self.0) + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        (small(era * 400 + year + next), small(month), small(day))
    }
}

impl FromStr for Day {
    type Err = ParseDayError;

    fn from_str(text: &str) -> Result<Self, ParseDayError> {
        let date = text.get(..10).unwrap_or(text);
        // Some sources add a time of day.
        let is_dated = text.len() == 10 || text[date.len()..].starts_with(['T', ' ']);
        if is_dated && let Some(seconds) = unix_seconds(&format!("{date}T00:00:00Z")) {
            return u32::try_from(seconds / DAY_SECONDS).map(Self).map_err(|_| ParseDayError);
        }
        match text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 6 {
            true => text.parse().map(Self).map_err(|_| ParseDayError),
            false => Err(ParseDayError),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl TryFrom<String> for Day {
    type Error = ParseDayError;

    fn try_from(text: String) -> Result<Self, ParseDayError> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        for (text, number) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2020-03-12", 18_333),
            ("2024-12-31", 20_088),
            ("2100-03-01", 47_541),
        ] {
            let day: Day = text.parse().unwrap();
            assert_eq!((day.number(), day.to_string().as_str()), (number, text));
            assert_eq!(number.to_string().parse::<Day>(), Ok(day));
        }
        assert_eq!("2020-03-12T10:00:00Z".parse::<Day>().unwrap().year(), 2020);
        for text in ["", "2023-02-29", "2023-1-1", "2023-01-011", "-5", "1969-12-31", "1234567"] {
            assert_eq!(text.parse::<Day>(), Err(ParseDayError), "{text}");
        }
    }
}
