//! From floating point to bounded integers.

use zkmargin_margin::scenario::{
    AccountUnits, FACTOR_ONE, FINE_ONE, Fine, LossFactor, LotCharge, LotFee, LotValue, Rate,
};

use crate::scenario::error::{Problem, ScenarioError};

/// Half a unit, and a little for products of three factors: below `2^45` they
/// are off by less than `2^-6`.
pub(super) const HALF: f64 = 0.5 + 1.0 / 64.0;
/// Scale of discounts, dampening and weights: exact, a power of two.
#[expect(clippy::cast_precision_loss, reason = "a power of two")]
pub(super) const FINE: f64 = FINE_ONE as f64;

/// What rounding to the nearest can be off by.
pub(super) fn half(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { HALF }
}

/// A whole number below `2^bits` either way.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and below 2^53")]
fn whole(path: &str, what: &'static str, units: f64, bits: u32) -> Result<i64, ScenarioError> {
    let bound = (1_u64 << bits) as f64;
    match units.abs() < bound {
        true => Ok(units as i64),
        false => Err(ScenarioError::at(path, Problem::LotRange { what, units, bits })),
    }
}

/// A value, to the nearest unit.
pub(super) fn value(path: &str, what: &'static str, units: f64) -> Result<LotValue, ScenarioError> {
    let whole = whole(path, what, units.round(), 45)?;
    LotValue::new(whole).map_err(|_| range(path, what, units, 45))
}

/// A charge, up.
pub(super) fn charge(
    path: &str,
    what: &'static str,
    units: f64,
) -> Result<LotCharge, ScenarioError> {
    let whole = whole(path, what, units.ceil(), 44)?;
    LotCharge::new(whole).map_err(|_| range(path, what, units, 44))
}

/// An amount of an account, down; it is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and from 0 to 2^60"
)]
pub(super) fn amount(
    path: &str,
    what: &'static str,
    units: f64,
) -> Result<AccountUnits, ScenarioError> {
    let refused = || ScenarioError::at(path, Problem::AmountRange { what, units, bits: 60 });
    // A whole number from 0 to 2^60: the conversion is exact.
    let whole = units.floor();
    let fits = (0.0..1e18).contains(&whole);
    if !fits {
        return Err(refused());
    }
    AccountUnits::new(whole as u64).map_err(|_| refused())
}

/// A fee, up; it is not negative.
pub(super) fn fee(path: &str, what: &'static str, units: f64) -> Result<LotFee, ScenarioError> {
    let whole = whole(path, what, units.ceil(), 45)?;
    let fee = u64::try_from(whole).ok().and_then(|whole| LotFee::new(whole).ok());
    fee.ok_or_else(|| range(path, what, units, 45))
}

fn range(path: &str, what: &'static str, units: f64, bits: u32) -> ScenarioError {
    ScenarioError::at(path, Problem::LotRange { what, units, bits })
}

/// How a factor is rounded to a multiple of `2^-40`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    Down,
    Nearest,
    Up,
}

/// A factor as a multiple of `2^-40`, and what that is off by; both are exact,
/// as the scale is a power of two.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and from 0 to 2^48"
)]
pub(super) fn fine(
    path: &str,
    value: f64,
    rounding: Rounding,
) -> Result<(Fine, f64), ScenarioError> {
    let scaled = value * FINE;
    let rounded = match rounding {
        Rounding::Down => scaled.floor(),
        Rounding::Nearest => scaled.round(),
        Rounding::Up => scaled.ceil(),
    };
    let refused = || ScenarioError::at(path, Problem::FactorRange { value, most: 255.0 });
    if !(0.0..256.0 * FINE).contains(&rounded) {
        return Err(refused());
    }
    let fine = Fine::new(rounded as u64).map_err(|_| refused())?;
    Ok((fine, (rounded - scaled).abs() / FINE))
}

/// A rate of either sign as a multiple of `2^-40`, up, and what that is off by.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and below 2^48")]
pub(super) fn rate(path: &str, value: f64) -> Result<(Rate, f64), ScenarioError> {
    let (scaled, refused) =
        (value * FINE, || ScenarioError::at(path, Problem::FactorRange { value, most: 255.0 }));
    let rounded = scaled.ceil();
    if rounded.abs() >= 256.0 * FINE {
        return Err(refused());
    }
    let rate = Rate::new(rounded as i64).map_err(|_| refused())?;
    Ok((rate, (rounded - scaled) / FINE))
}

/// A loss factor in billionths, up; a product that is off a whole number by the
/// last bits of floating point only is that number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and from 0 to 2^40"
)]
pub(super) fn loss_factor(path: &str, value: f64) -> Result<LossFactor, ScenarioError> {
    let scaled = value * f64::from(FACTOR_ONE);
    let nearest = scaled.round();
    let is_whole = (scaled - nearest).abs() <= 4.0 * f64::EPSILON * scaled;
    let units = if is_whole { nearest } else { scaled.ceil() };
    let refused = || ScenarioError::at(path, Problem::FactorRange { value, most: 1099.0 });
    if !(0.0..1099e9).contains(&units) {
        return Err(refused());
    }
    LossFactor::new(units as u64).map_err(|_| refused())
}
