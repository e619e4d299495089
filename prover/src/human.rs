//! Times, durations, amounts and levels as people read them. JSON keeps the raw ones:
//! seconds since 1970, and units of the quote currency.

use zkmargin_margin::claim::Level;
pub use zkmargin_verifier::pins::{duration, time};

use crate::figures::thousands;

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

/// What an account of a level meets, and the level's name in claims and JSON.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Initial => "meets initial margin (initial)",
        Level::Maintenance => "meets maintenance margin, short of initial (maintenance)",
        Level::MarginCall => "short of maintenance margin (margin-call)",
        Level::Bankrupt => "equity is negative (bankrupt)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_as_written() {
        assert_eq!(scaled(-785, 5), "-0.00785");
        assert_eq!(scaled(150, 1), "15");
        assert_eq!(scaled(0, 8), "0");
        assert_eq!(scaled(7, 0), "7");
        for each in [Level::Initial, Level::Maintenance, Level::MarginCall, Level::Bankrupt] {
            assert!(level(each).ends_with(&format!("({each})")), "{each}");
        }
        assert_eq!(amount(-123_456_750_000_000, 8), "-1,234,567.5");
        assert_eq!(amount(i128::MIN, 0), "-170,141,183,460,469,231,731,687,303,715,884,105,728");
    }
}
