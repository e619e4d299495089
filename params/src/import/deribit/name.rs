//! Names of instruments: `BTC-6DEC25-80000-C`, `BTC-26DEC25`, `BTC-PERPETUAL`.

use crate::scenario::black76::OptionType;

/// An inverse instrument of BTC or ETH.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InstrumentName {
    /// An option.
    Option {
        /// `BTC` or `ETH`.
        currency: &'static str,
        /// Unix time of expiry: 08:00 UTC of the day.
        expiry: u64,
        /// The strike in USD.
        strike: f64,
        /// Call or put.
        option_type: OptionType,
    },
    /// A dated future.
    Future {
        /// `BTC` or `ETH`.
        currency: &'static str,
        /// Unix time of expiry.
        expiry: u64,
    },
    /// The perpetual.
    Perpetual {
        /// `BTC` or `ETH`.
        currency: &'static str,
    },
}

impl InstrumentName {
    /// Reads a name; `None` when it is of another kind.
    ///
    /// ```
    /// use zkmargin_params::import::deribit::InstrumentName;
    /// use zkmargin_params::scenario::OptionType;
    /// let name = InstrumentName::parse("BTC-6DEC25-80000-C").unwrap();
    /// let expected = InstrumentName::Option {
    ///     currency: "BTC",
    ///     expiry: 1_765_008_000,
    ///     strike: 80_000.0,
    ///     option_type: OptionType::Call,
    /// };
    /// assert_eq!(name, expected);
    /// assert_eq!(InstrumentName::parse("BTC_USDC-6DEC25-80000-C"), None);
    /// ```
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        let currency = match parts.next()? {
            "BTC" => "BTC",
            "ETH" => "ETH",
            _ => return None,
        };
        let term = parts.next()?;
        match (term, parts.next(), parts.next(), parts.next()) {
            ("PERPETUAL", None, None, None) => Some(Self::Perpetual { currency }),
            (day, None, None, None) => Some(Self::Future { currency, expiry: expiry(day)? }),
            (day, Some(strike), Some(kind), None) => {
                let option_type = match kind {
                    "C" => OptionType::Call,
                    "P" => OptionType::Put,
                    _ => return None,
                };
                let digits = (1..=9).contains(&strike.len());
                if !digits || !strike.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                let strike: u32 = strike.parse().ok().filter(|strike| *strike > 0)?;
                Some(Self::Option {
                    currency,
                    expiry: expiry(day)?,
                    strike: f64::from(strike),
                    option_type,
                })
            }
            _ => None,
        }
    }

    /// The currency: `BTC` or `ETH`.
    pub fn currency(&self) -> &'static str {
        match self {
            Self::Option { currency, .. }
            | Self::Future { currency, .. }
            | Self::Perpetual { currency } => currency,
        }
    }
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Unix time of 08:00 UTC on a day such as `6DEC25`.
fn expiry(day: &str) -> Option<u64> {
    let split = day.len().checked_sub(5).filter(|split| (1..=2).contains(split))?;
    let (number, rest) = (day.get(..split)?, day.get(split..)?);
    let (month, year) = (rest.get(..3)?, rest.get(3..)?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(number) || !digits(year) || number.starts_with('0') {
        return None;
    }
    let (day, year): (u64, u64) = (number.parse().ok()?, year.parse().ok()?);
    let text = format!("{:04}-{month:02}-{day:02}T08:00:00Z", 2000 + year);
    crate::import::unix_seconds(&text)
}
