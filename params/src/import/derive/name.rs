//! Names of instruments: `ETH-20260612-1600-C`, `ETH-PERP`.

use crate::import::unix_seconds;
use crate::scenario::black76::OptionType;

const DAY_SECONDS: u64 = 86_400;

/// What a name says of an instrument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Name<'a> {
    pub(super) underlying: &'a str,
    /// `None` of the perpetual.
    pub(super) option: Option<OptionName>,
}

/// What a name says of an option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OptionName {
    /// Unix time of 08:00 UTC on the day of expiry, when options settle unless their
    /// details say otherwise.
    pub(super) expiry: u64,
    pub(super) strike: f64,
    pub(super) option_type: OptionType,
}

impl<'a> Name<'a> {
    /// Reads a name; `None` when it is of another kind.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let mut parts = name.split('-');
        let underlying = parts.next().filter(|underlying| !underlying.is_empty())?;
        let option = match (parts.next()?, parts.next(), parts.next(), parts.next()) {
            ("PERP", None, None, None) => None,
            (day, Some(strike), Some(kind), None) => Some(OptionName {
                expiry: expiry(day)?,
                strike: self::strike(strike)?,
                option_type: option_type(kind)?,
            }),
            _ => return None,
        };
        Some(Self { underlying, option })
    }
}

impl OptionName {
    /// Whether an option's details are those of its name: it may settle at another time of
    /// the day.
    pub(super) fn is(&self, (expiry, strike, option_type): (u64, f64, OptionType)) -> bool {
        let day = |seconds: u64| seconds / DAY_SECONDS;
        (day(self.expiry), self.strike, self.option_type) == (day(expiry), strike, option_type)
    }
}

/// `C` or `P`.
pub(super) fn option_type(kind: &str) -> Option<OptionType> {
    match kind {
        "C" => Some(OptionType::Call),
        "P" => Some(OptionType::Put),
        _ => None,
    }
}

/// Digits, and an underscore for a point: `2400_5`.
fn strike(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('_').unwrap_or((text, "0"));
    let digits = |text: &str| {
        (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let strike: f64 = match digits(whole) && digits(fraction) {
        true => format!("{whole}.{fraction}").parse().ok()?,
        false => return None,
    };
    Some(strike).filter(|strike| *strike > 0.0)
}

/// 08:00 UTC of a day such as `20260612`.
fn expiry(day: &str) -> Option<u64> {
    let (year, month, day) = (day.get(..4)?, day.get(4..6)?, day.get(6..)?);
    unix_seconds(&format!("{year}-{month}-{day}T08:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let read = |name| Name::parse(name).map(|name| (name.underlying, name.option));
        let option =
            |strike, option_type| Some(OptionName { expiry: 1_781_251_200, strike, option_type });
        assert_eq!(read("ETH-20260612-1600-C"), Some(("ETH", option(1600.0, OptionType::Call))));
        assert_eq!(read("XRP-20260612-2_45-P"), Some(("XRP", option(2.45, OptionType::Put))));
        assert_eq!(read("BTC-PERP"), Some(("BTC", None)));
        for name in [
            "ETH-USDC",
            "ETH",
            "",
            "-PERP",
            "ETH-PERP-1",
            "ETH-20260612-1600",
            "ETH-20260612-0-C",
            "ETH-20260631-1600-C",
            "ETH-2026061-1600-C",
            "ETH-20260612-1600-X",
            "ETH-20260612--C",
            "ETH-20260612-1e3-C",
            "ETH-20260612-1.5-C",
            "ETH-20260612-1_-C",
            "ETH-20260612-1600-C-C",
            "ETH-2026é612-1600-C",
            "ETH-202606120-1600-C",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
    }

    #[test]
    fn details_may_say_another_time_of_the_day() {
        let name = Name::parse("ETH-20260612-1600-C").unwrap().option.unwrap();
        let is = |expiry, strike, option_type| name.is((expiry, strike, option_type));
        assert!(is(1_781_251_200, 1600.0, OptionType::Call));
        assert!(is(1_781_251_200 + 12 * 3600, 1600.0, OptionType::Call));
        assert!(!is(1_781_251_200 + 16 * 3600, 1600.0, OptionType::Call), "the next day");
        assert!(!is(1_781_251_200, 1600.5, OptionType::Call));
        assert!(!is(1_781_251_200, 1600.0, OptionType::Put));
    }
}
