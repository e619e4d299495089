//! The loss over the equity that covers it, and what a subtree adds to both.

use ethnum::U256;

use crate::field::MarginField;
use crate::haircut::{Haircut, HaircutError};
use crate::units::NOTIONAL_BITS;

/// Bits of an account's equity either way, and of its cut: those of a notional. More is
/// not provable.
pub const EQUITY_BITS: u32 = NOTIONAL_BITS;
/// Bits of a subtree's sums, of 256 accounts: 88, and some to spare.
pub const SUBTREE_BITS: u32 = EQUITY_BITS + 16;
/// Bits of a venue's sums, the loss and the equity of all winners: `4^12` accounts.
pub const TOTAL_BITS: u32 = EQUITY_BITS + 24;

/// Bit at which `RATIO` says the equity of all winners; the loss is below it.
pub const RATIO_EQUITY: u32 = TOTAL_BITS;
/// Bit at which `SUMS` says the cuts; the equity is below it.
pub const SUMS_CUTS: u32 = SUBTREE_BITS;
/// Bit at which `SUMS` says how many winners there are.
pub const SUMS_WINNERS: u32 = 2 * SUBTREE_BITS;

/// A haircut whose parts are below `2^104` quote units: the public input `RATIO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio(Haircut);

impl Ratio {
    /// The ratio of a haircut.
    ///
    /// # Errors
    /// When its equity is `2^104` quote units or more.
    pub const fn new(haircut: Haircut) -> Result<Self, HaircutError> {
        // The loss is no more than that.
        match haircut.equity() >> TOTAL_BITS {
            0 => Ok(Self(haircut)),
            _ => Err(HaircutError::TooLarge),
        }
    }

    /// The haircut.
    pub const fn haircut(&self) -> Haircut {
        self.0
    }

    /// The public input: `loss + equity * 2^104`.
    pub fn to_field<F: MarginField>(self) -> F {
        pack(&[(0, self.0.loss()), (RATIO_EQUITY, self.0.equity())])
    }

    /// Reads the public input; `None` when it is no ratio of a loss that is covered.
    pub fn from_be_bytes(row: &[u8; 32]) -> Option<Self> {
        let row = U256::from_be_bytes(*row);
        let part = |value: U256| Some(value.as_u128()).filter(|part| U256::from(*part) == value);
        let mask = (U256::ONE << TOTAL_BITS) - 1;
        let haircut = Haircut::new(part(row & mask)?, part(row >> RATIO_EQUITY)?).ok()?;
        Self::new(haircut).ok()
    }
}

/// What a subtree has of winners: the public input `SUMS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Their equity, in quote units, below `2^96`.
    pub equity: u128,
    /// What they are cut by, in quote units, below `2^96`.
    pub cuts: u128,
    /// How many there are.
    pub winners: u32,
}

impl Sums {
    /// Adds an account by its equity, which is zero where it is below, and its cut. Of
    /// 80 bits each no sum is too large; what a liar says may be anything.
    pub(crate) fn add(&mut self, equity: u128, cut: u128) {
        self.equity = self.equity.saturating_add(equity);
        self.cuts = self.cuts.saturating_add(cut);
        self.winners += u32::from(equity > 0);
    }

    /// The public input: `equity + cuts * 2^96 + winners * 2^192`.
    pub fn to_field<F: MarginField>(self) -> F {
        let winners = u128::from(self.winners);
        pack(&[(0, self.equity), (SUMS_CUTS, self.cuts), (SUMS_WINNERS, winners)])
    }

    /// Reads the public input; `None` when it is of other parts.
    pub fn from_be_bytes(row: &[u8; 32]) -> Option<Self> {
        let row = U256::from_be_bytes(*row);
        let mask = (U256::ONE << SUBTREE_BITS) - 1;
        let winners = row >> SUMS_WINNERS;
        Some(Self {
            equity: (row & mask).as_u128(),
            cuts: (row >> SUMS_CUTS & mask).as_u128(),
            winners: u32::try_from(winners).ok()?,
        })
    }
}

/// Numbers at ascending bits, each ending before the next begins.
fn pack<F: MarginField>(parts: &[(u32, u128)]) -> F {
    let at =
        |(bit, part): &(u32, u128)| F::from_u128(*part) * F::from(2).pow_vartime([u64::from(*bit)]);
    parts.iter().map(at).fold(F::ZERO, |sum, part| sum + part)
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;

    use super::*;

    #[test]
    fn a_ratio_has_one_form() {
        let most = (1 << TOTAL_BITS) - 1;
        for (loss, equity) in [(0, 1), (5, 9), (most, most), (0, most)] {
            let ratio = Ratio::new(Haircut::new(loss, equity).unwrap()).unwrap();
            let row = ratio.to_field::<Fp>().to_be_bytes();
            assert_eq!(Ratio::from_be_bytes(&row), Some(ratio));
            assert_eq!((row[18], row[31]), (equity.to_le_bytes()[0], loss.to_le_bytes()[0]));
        }
        let large = Haircut::new(0, most + 1).unwrap();
        assert_eq!(Ratio::new(large), Err(HaircutError::TooLarge));
        // No equity, a loss that is not covered, parts that are too large.
        for (loss, equity) in [(0, 0), (10, 9), (0, most + 1)] {
            let row = pack::<Fp>(&[(0, loss), (RATIO_EQUITY, equity)]).to_be_bytes();
            assert_eq!(Ratio::from_be_bytes(&row), None, "{loss} {equity}");
        }
        assert_eq!(Ratio::from_be_bytes(&[0xff; 32]), None);
    }

    #[test]
    fn sums_have_one_form() {
        let most = (1 << SUBTREE_BITS) - 1;
        for (equity, cuts, winners) in [(0, 0, 0), (7, 3, 2), (most, most, u32::MAX)] {
            let sums = Sums { equity, cuts, winners };
            let row = sums.to_field::<Fp>().to_be_bytes();
            assert_eq!(Sums::from_be_bytes(&row), Some(sums));
        }
        assert_eq!(Sums::from_be_bytes(&[0xff; 32]), None);
    }
}
