//! What makes a claim stricter than its level: a multiplier of the requirement,
//! and a bound on leverage.

use core::fmt;
use core::str::FromStr;

use super::InvalidClaim;

/// One, on the scale of multipliers.
pub const MULTIPLIER_ONE: u32 = 10_000;
/// One, on the scale of bounds on leverage.
pub const LEVERAGE_ONE: u32 = 100;
/// Bits of what a multiplier has above one, and of a bound on leverage.
pub const DIAL_BITS: u32 = 24;
/// Bit offset, in a claim's code, of what the multiplier has above one.
pub const CLAIM_MULTIPLIER: u32 = 8;
/// Bit offset, in a claim's code, of the bound on leverage.
pub const CLAIM_LEVERAGE: u32 = 40;

/// How many times a requirement counts, over [`MULTIPLIER_ONE`]: from 1 to
/// 1678.7215.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiplier(u32);

impl Multiplier {
    /// The requirement as it is.
    pub const ONE: Self = Self(MULTIPLIER_ONE);

    /// So many ten-thousandths.
    ///
    /// # Errors
    /// Below 10,000, or `10_000 + 2^24` and more.
    pub const fn new(ten_thousandths: u32) -> Result<Self, InvalidClaim> {
        match ten_thousandths.checked_sub(MULTIPLIER_ONE) {
            Some(above) if above >> DIAL_BITS == 0 => Ok(Self(ten_thousandths)),
            _ => Err(InvalidClaim::Multiplier),
        }
    }

    /// The ten-thousandths.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The ten-thousandths above one, below `2^24`.
    pub const fn above_one(self) -> u32 {
        self.0 - MULTIPLIER_ONE
    }

    /// So many times a requirement below `2^102`, rounded up.
    pub fn of(self, requirement: u128) -> u128 {
        (requirement * u128::from(self.0)).div_ceil(u128::from(MULTIPLIER_ONE))
    }
}

impl fmt::Display for Multiplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, self.0, 4)
    }
}

impl FromStr for Multiplier {
    type Err = InvalidClaim;

    /// Reads a decimal; zeros at its end do not matter.
    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        Self::new(parse(text, 4).ok_or(InvalidClaim::Multiplier)?)
    }
}

/// The most that the notional of an account's positions may be of its equity,
/// over [`LEVERAGE_ONE`]: from 0.01 to 167772.15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leverage(u32);

impl Leverage {
    /// So many hundredths.
    ///
    /// # Errors
    /// For zero, and for `2^24` and more.
    pub const fn new(hundredths: u32) -> Result<Self, InvalidClaim> {
        match hundredths {
            1.. if hundredths >> DIAL_BITS == 0 => Ok(Self(hundredths)),
            _ => Err(InvalidClaim::Leverage),
        }
    }

    /// The hundredths.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Whether a notional below `2^100` is at most so many times an equity whose
    /// magnitude is below `2^100`.
    pub fn holds(self, notional: u128, equity: i128) -> bool {
        let most = equity * i128::from(self.0);
        (notional * u128::from(LEVERAGE_ONE)).cast_signed() <= most
    }
}

impl fmt::Display for Leverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, self.0, 2)
    }
}

impl FromStr for Leverage {
    type Err = InvalidClaim;

    /// Reads a decimal; zeros at its end do not matter.
    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        Self::new(parse(text, 2).ok_or(InvalidClaim::Leverage)?)
    }
}

/// Writes `value * 10^-places` without zeros at its end.
fn decimal(f: &mut fmt::Formatter<'_>, value: u32, places: u32) -> fmt::Result {
    let one = 10_u32.pow(places);
    let (mut rest, mut width) = (value % one, places as usize);
    write!(f, "{}", value / one)?;
    if rest == 0 {
        return Ok(());
    }
    while rest.is_multiple_of(10) {
        (rest, width) = (rest / 10, width - 1);
    }
    write!(f, ".{rest:0width$}")
}

/// Reads a decimal as a number of `10^-places`.
fn parse(text: &str, places: u32) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let width = u32::try_from(part.len()).ok().filter(|width| *width <= places)?;
    if !digits(whole) || !digits(part) {
        return None;
    }
    let part = part.parse::<u32>().ok()? * 10_u32.pow(places - width);
    whole.parse::<u32>().ok()?.checked_mul(10_u32.pow(places))?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn multipliers_round_up_and_are_bounded() {
        let times = |m| Multiplier::new(m).unwrap();
        assert_eq!(Multiplier::ONE.of(7), 7);
        assert_eq!([times(10_001).of(0), times(10_001).of(1), times(12_500).of(4)], [0, 2, 5]);
        assert_eq!(times(16_787_215).of(10_000), 16_787_215);
        for m in [0, 9_999, 16_787_216, u32::MAX] {
            assert_eq!(Multiplier::new(m), Err(InvalidClaim::Multiplier));
        }
        assert_eq!((times(12_500).above_one(), Multiplier::ONE.above_one()), (2_500, 0));
    }

    #[test]
    fn leverage_is_the_notional_over_the_equity() {
        let ten = Leverage::new(1_000).unwrap();
        assert!(ten.holds(100, 10) && !ten.holds(101, 10) && ten.holds(0, 0));
        assert!(!ten.holds(1, 0) && !ten.holds(0, -1) && !ten.holds(5, -10));
        assert!(
            Leverage::new(150).unwrap().holds(3, 2) && !Leverage::new(149).unwrap().holds(3, 2)
        );
        for l in [0, 1 << 24] {
            assert_eq!(Leverage::new(l), Err(InvalidClaim::Leverage));
        }
    }

    #[test]
    fn decimals_round_trip() {
        for (text, units) in
            [("1", 10_000), ("1.25", 12_500), ("1.0001", 10_001), ("20.5", 205_000)]
        {
            let multiplier: Multiplier = text.parse().unwrap();
            assert_eq!((multiplier.get(), multiplier.to_string().as_str()), (units, text));
        }
        assert_eq!("1.2500".parse(), Multiplier::new(12_500));
        for text in ["", ".", "1.", ".5", "-2", "+2", "1e3", "1.00001", "99999999999", " 2"] {
            assert!(text.parse::<Multiplier>().is_err(), "{text}");
        }
        assert_eq!("2.5".parse(), Leverage::new(250));
        assert_eq!(Leverage::new(1).unwrap().to_string(), "0.01");
    }
}
