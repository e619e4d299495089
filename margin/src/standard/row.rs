//! One row of the risk table: an instrument, a direction, a tier.

use crate::field::MarginField;
use crate::ids::InstrumentId;
use crate::poseidon::{Domain, RATE, hash};
use crate::units::{Denominator, Lots, NOTIONAL_BITS, Notional, Price, Rate};

/// The directions a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Direction {
    /// Zero or more lots: collateral, long-only instruments.
    Long = 0,
    /// Fewer than zero lots: borrowings.
    Short = 1,
    /// Both: perpetuals and futures.
    Both = 2,
}

/// A charge in a tier: `base + ceil((notional - lower) * rate / denominator)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// The charge at the tier's lower bound: that of the tiers below, summed.
    pub base: Notional,
    /// The marginal rate inside the tier.
    pub rate: Rate,
}

/// A row of the risk table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierRow {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The directions the row is for.
    pub direction: Direction,
    /// Whether the lower bound itself is outside the tier: true for all tiers
    /// but the first, so that a notional on a bound is in the lower tier only.
    pub lower_exclusive: bool,
    /// Quote units per lot.
    pub price: Price,
    /// The tier's lower bound.
    pub lower: Notional,
    /// The tier's upper bound, inclusive.
    pub upper: Notional,
    /// The initial margin.
    pub initial: Charge,
    /// The maintenance margin before its fraction.
    pub maintenance: Charge,
    /// Part of the marginal maintenance charge that counts, rounded up once
    /// more (dYdX v4's maintenance fraction); the denominator itself where a
    /// venue has none.
    pub maintenance_fraction: Rate,
}

/// Bit offsets inside a packed element.
#[derive(Clone, Copy, Debug)]
pub struct RowOffsets<const N: usize> {
    /// Offset of each field, ascending.
    pub bits: [u32; N],
}

/// First element: instrument (64), direction (8), lower-exclusive (8), price
/// mantissa (64), price unit (64), maintenance rate (32): 240 bits.
pub const ROW_E0: RowOffsets<6> = RowOffsets { bits: [0, 64, 72, 80, 144, 208] };
/// Second element: lower bound (80), upper bound (80), maintenance fraction
/// (32), initial rate (32). The bases are the third and fourth, unpacked.
pub const ROW_E1: RowOffsets<4> = RowOffsets { bits: [0, 80, 160, 192] };

/// Why a row says nothing about a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// The row is for the other direction.
    #[error("the row is for the other direction")]
    WrongDirection,
    /// The notional or a charge is 2^80 quote units or more.
    #[error("the notional or a margin charge is 2^80 quote units or more")]
    Range,
    /// The notional is outside the tier.
    #[error("the notional is outside the row's tier")]
    WrongTier,
}

/// A division rounded up: `quotient * divisor = dividend + slack`, `slack < divisor`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct CeilDiv {
    /// The quotient, rounded up.
    pub quotient: u128,
    /// What the rounding added to the dividend.
    pub slack: u128,
}

redacted_debug!(Assessment, CeilDiv);

impl CeilDiv {
    /// Divides, rounding up. The divisor must not be zero, and the dividend
    /// plus the divisor must fit 128 bits, as a product of an 80-bit and a
    /// 32-bit number does.
    pub fn new(dividend: u128, divisor: u128) -> Self {
        let quotient = dividend.div_ceil(divisor);
        Self { quotient, slack: quotient * divisor - dividend }
    }
}

/// A position's figures under a row, with the intermediate values that a
/// circuit witnesses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Assessment {
    /// `|quantity| * price`, rounded towards zero.
    pub notional: Notional,
    /// Remainder of that rounding, below the price unit.
    pub notional_remainder: u64,
    /// Signed value: the notional, negative for a short position.
    pub value: i128,
    /// `ceil((notional - lower) * maintenance rate / denominator)`.
    pub maintenance_marginal: CeilDiv,
    /// `ceil(marginal * fraction / denominator)`.
    pub maintenance_scaled: CeilDiv,
    /// `ceil((notional - lower) * initial rate / denominator)`.
    pub initial_marginal: CeilDiv,
    /// The maintenance margin.
    pub maintenance: u128,
    /// The initial margin.
    pub initial: u128,
}

impl TierRow {
    /// The row's digest, a leaf of the market tree.
    pub fn leaf<F: MarginField>(&self) -> F {
        hash(Domain::MarketRow, self.elements())
    }

    /// The row packed into four elements; see [`ROW_E0`] and [`ROW_E1`].
    pub fn elements<F: MarginField>(&self) -> [F; RATE] {
        let e0 = pack(
            ROW_E0.bits,
            [
                self.instrument.get().into(),
                self.direction as u128,
                self.lower_exclusive.into(),
                self.price.mantissa().into(),
                self.price.unit().into(),
                self.maintenance.rate.get().into(),
            ],
        );
        let e1 = pack(
            ROW_E1.bits,
            [
                self.lower.get(),
                self.upper.get(),
                self.maintenance_fraction.get().into(),
                self.initial.rate.get().into(),
            ],
        );
        let base = |charge: Charge| F::from_u128(charge.base.get());
        [e0, e1, base(self.maintenance), base(self.initial)]
    }

    /// Values a position under this row.
    ///
    /// Roundings, all in whole quote units: the notional towards zero (it is
    /// exact when the price unit is 1); every charge up, against the account.
    ///
    /// # Errors
    /// When the row does not apply to the quantity, or a figure is out of range.
    pub fn assess(&self, quantity: Lots, denominator: Denominator) -> Result<Assessment, RowError> {
        let product = u128::from(quantity.magnitude()) * u128::from(self.price.mantissa());
        let unit = u128::from(self.price.unit());
        let notional = Notional::new(product / unit).map_err(|_| RowError::Range)?;
        let applies = match self.direction {
            Direction::Both => true,
            Direction::Long => !quantity.is_short(),
            Direction::Short => quantity.is_short(),
        };
        if !applies {
            return Err(RowError::WrongDirection);
        }
        let lower = self.lower.get() + u128::from(self.lower_exclusive);
        if notional.get() < lower || notional > self.upper {
            return Err(RowError::WrongTier);
        }
        let excess = notional.get() - self.lower.get();
        let denominator = u128::from(denominator.get());
        let scale = |amount: u128, rate: Rate| -> Result<CeilDiv, RowError> {
            let division = CeilDiv::new(amount * u128::from(rate.get()), denominator);
            match division.quotient >> NOTIONAL_BITS {
                0 => Ok(division),
                _ => Err(RowError::Range),
            }
        };
        let maintenance_marginal = scale(excess, self.maintenance.rate)?;
        let maintenance_scaled = scale(maintenance_marginal.quotient, self.maintenance_fraction)?;
        let initial_marginal = scale(excess, self.initial.rate)?;
        let signed = notional.get().cast_signed();
        Ok(Assessment {
            notional,
            // Below `unit`, which is 64 bits.
            notional_remainder: u64::try_from(product % unit).map_err(|_| RowError::Range)?,
            value: if quantity.is_short() { -signed } else { signed },
            maintenance_marginal,
            maintenance_scaled,
            initial_marginal,
            maintenance: self.maintenance.base.get() + maintenance_scaled.quotient,
            initial: self.initial.base.get() + initial_marginal.quotient,
        })
    }
}

/// Sums `field << offset`.
fn pack<F: MarginField, const N: usize>(offsets: [u32; N], fields: [u128; N]) -> F {
    offsets.into_iter().zip(fields).fold(F::ZERO, |acc, (bits, field)| {
        acc + F::from_u128(field) * F::from(2).pow_vartime([u64::from(bits)])
    })
}
