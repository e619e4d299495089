//! Losses shared among winners: fair deleveraging.
//!
//! A venue that must take profits to cover a loss cuts every winner in the same
//! proportion, the loss over the equity of all of them. In whole units that is
//! `cut * D - equity * N` within one `D` of zero, with `N` the loss and `D` the equity:
//! each cut is the exact share rounded down or up, and an exact one is not rounded.
//!
//! **Rounding** is of the running sum: the winners up to one, in their order, are cut by
//! `floor(their equity * N / D)` together, and it by what it adds to that. The cuts sum to
//! the loss without a remainder to hand out, and each is within one unit of its share. Who
//! knows the equity before a part of the winners computes that part alone.
//!
//! What is public is `N`, `D`, and the order. That equities are what the accounts have is
//! not said here: [`check`] is of figures in the clear. The statement that says it of
//! committed accounts is [`crate::statement::haircut`].

use alloc::vec::Vec;

use ethnum::U256;

/// A loss, and the equity it is shared over. All in quote units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Haircut {
    loss: u128,
    equity: u128,
}

/// Why a loss cannot be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HaircutError {
    /// Nobody has equity.
    #[error("no account has equity to share a loss over")]
    NoWinners,
    /// All equity does not cover the loss.
    #[error(
        "the loss of {loss} is more than the equity of all winners, {equity}: share no more than that, and cover the rest otherwise"
    )]
    Insolvent {
        /// The loss.
        loss: u128,
        /// The equity.
        equity: u128,
    },
    /// The sum does not fit 128 bits.
    #[error("the equity of all winners is 2^128 units or more")]
    TooLarge,
}

/// In what a deleveraging is not fair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfair {
    /// The loss cannot be shared over these accounts at all.
    #[error(transparent)]
    Haircut(#[from] HaircutError),
    /// Not as many cuts as accounts.
    #[error("{accounts} accounts have {cuts} cuts: give one each, zero for none")]
    Length {
        /// The accounts.
        accounts: usize,
        /// The cuts.
        cuts: usize,
    },
    /// An account without equity was cut.
    #[error("account {0}, in order from 0, has no equity and is cut")]
    Loser(usize),
    /// A cut is a unit or more away from the account's share.
    #[error(
        "account {index}, in order from 0, is cut by {cut}, which is not its share of {share}, rounded down or up"
    )]
    Share {
        /// Which account.
        index: usize,
        /// Its cut.
        cut: u128,
        /// Its share, rounded down.
        share: u128,
    },
    /// The cuts sum to something else.
    #[error("the cuts sum to something else than the loss of {loss}")]
    Sum {
        /// The loss.
        loss: u128,
    },
}

impl Haircut {
    /// A loss over the equity of the winners among accounts: those above zero.
    ///
    /// # Errors
    /// When nobody has equity, or less than the loss.
    pub fn over(
        equities: impl IntoIterator<Item = i128>,
        loss: u128,
    ) -> Result<Self, HaircutError> {
        let mut winners = equities.into_iter().map(winning);
        let equity = winners.try_fold(0_u128, u128::checked_add).ok_or(HaircutError::TooLarge)?;
        Self::new(loss, equity)
    }

    /// A loss over so much equity of all winners.
    ///
    /// # Errors
    /// When that is nothing, or less than the loss.
    pub const fn new(loss: u128, equity: u128) -> Result<Self, HaircutError> {
        match equity {
            0 => Err(HaircutError::NoWinners),
            _ if loss > equity => Err(HaircutError::Insolvent { loss, equity }),
            _ => Ok(Self { loss, equity }),
        }
    }

    /// The loss: `N` of the ratio.
    pub const fn loss(&self) -> u128 {
        self.loss
    }

    /// The equity of all winners: `D` of the ratio.
    pub const fn equity(&self) -> u128 {
        self.equity
    }

    /// What so much equity is cut by, rounded down; at most all of it.
    fn share(&self, equity: u128) -> u128 {
        let share = U256::from(equity) * U256::from(self.loss) / U256::from(self.equity);
        // At most `equity`, as the loss is at most all equity.
        u128::try_from(share).unwrap_or(equity)
    }

    /// The cut of a winner behind so much equity of others; `None` when there is less
    /// equity than that in all.
    pub fn cut(&self, before: u128, equity: u128) -> Option<u128> {
        let with = before.checked_add(equity).filter(|with| *with <= self.equity)?;
        // The share does not fall when the equity grows.
        Some(self.share(with) - self.share(before))
    }

    /// Whether a winner's cut is its share to one unit of rounding.
    pub fn is_fair(&self, equity: u128, cut: u128) -> bool {
        let (cut, due) = (self.scaled(cut, self.equity), self.scaled(equity, self.loss));
        let apart = if cut > due { cut - due } else { due - cut };
        apart < U256::from(self.equity)
    }

    fn scaled(&self, value: u128, by: u128) -> U256 {
        U256::from(value) * U256::from(by)
    }
}

/// The cuts of accounts in their order: zero for those without equity. They sum to the
/// loss.
///
/// # Errors
/// When nobody has equity, or less than the loss.
pub fn cuts(equities: &[i128], loss: u128) -> Result<Vec<u128>, HaircutError> {
    let haircut = Haircut::over(equities.iter().copied(), loss)?;
    let mut before = 0_u128;
    let cut = |equity: &i128| {
        let equity = winning(*equity);
        let cut = haircut.cut(before, equity).ok_or(HaircutError::TooLarge)?;
        before += equity;
        Ok(cut)
    };
    equities.iter().map(cut).collect()
}

/// Whether a deleveraging is fair: winners alone are cut, each by its share to one unit,
/// and the cuts sum to the loss. The rounding may be another one than that of [`cuts`].
///
/// # Errors
/// The first thing that is not.
pub fn check(equities: &[i128], cuts: &[u128], loss: u128) -> Result<(), Unfair> {
    let (accounts, given) = (equities.len(), cuts.len());
    if accounts != given {
        return Err(Unfair::Length { accounts, cuts: given });
    }
    let haircut = Haircut::over(equities.iter().copied(), loss)?;
    for (index, (equity, &cut)) in equities.iter().zip(cuts).enumerate() {
        let equity = winning(*equity);
        if equity == 0 && cut > 0 {
            return Err(Unfair::Loser(index));
        }
        if !haircut.is_fair(equity, cut) {
            return Err(Unfair::Share { index, cut, share: haircut.share(equity) });
        }
    }
    match cuts.iter().copied().try_fold(0_u128, u128::checked_add) {
        Some(sum) if sum == loss => Ok(()),
        _ => Err(Unfair::Sum { loss }),
    }
}

/// What an account has to give: nothing below zero.
pub(crate) fn winning(equity: i128) -> u128 {
    u128::try_from(equity).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_loss_is_shared_to_the_unit() {
        // Shares of 3.33..., 6.66..., and nothing of who has lost.
        assert_eq!(cuts(&[100, -50, 200, 0], 10), Ok(vec![3, 0, 7, 0]));
        // Exact shares are not rounded, whatever stands before them.
        assert_eq!(cuts(&[1, 10, 1, 10, 2], 12), Ok(vec![0, 5, 1, 5, 1]));
        assert_eq!(cuts(&[4, 6, 10], 10), Ok(vec![2, 3, 5]));
        assert_eq!(cuts(&[7, 8], 0), Ok(vec![0, 0]));
        assert_eq!(cuts(&[7, 8], 15), Ok(vec![7, 8]));
        let most = i128::MAX;
        let two = most.unsigned_abs() * 2;
        assert_eq!(cuts(&[most, most], two), Ok(vec![most.unsigned_abs(); 2]));
    }

    #[test]
    fn what_cannot_be_shared_is_refused() {
        assert_eq!(cuts(&[], 0), Err(HaircutError::NoWinners));
        assert_eq!(cuts(&[0, -1], 1), Err(HaircutError::NoWinners));
        assert_eq!(cuts(&[9], 10), Err(HaircutError::Insolvent { loss: 10, equity: 9 }));
        assert_eq!(cuts(&[i128::MAX; 3], 1), Err(HaircutError::TooLarge));
        let haircut = Haircut::over([5, 5], 3).unwrap();
        assert_eq!((haircut.loss(), haircut.equity()), (3, 10));
        assert_eq!(haircut.cut(6, 5), None);
        assert_eq!(haircut.cut(u128::MAX, 1), None);
    }

    /// A queue that closes the largest first, one who is spared, one cut twice, a loser cut.
    #[test]
    fn every_lie_is_found() {
        let equities = [100, -50, 200, 300];
        assert_eq!(check(&equities, &[10, 0, 20, 30], 60), Ok(()));
        // Another rounding than that of `cuts`.
        assert_eq!(check(&[1, 1, 1], &[1, 0, 0], 1), Ok(()));
        let share = |index, cut, share| Err(Unfair::Share { index, cut, share });
        assert_eq!(check(&equities, &[0, 0, 0, 60], 60), share(0, 0, 10));
        assert_eq!(check(&equities, &[10, 0, 20, 32], 62), share(3, 32, 31));
        assert_eq!(check(&equities, &[9, 0, 21, 30], 60), share(0, 9, 10));
        assert_eq!(check(&equities, &[10, 1, 20, 30], 61), Err(Unfair::Loser(1)));
        assert_eq!(check(&[1, 1, 1], &[1, 1, 0], 1), Err(Unfair::Sum { loss: 1 }));
        assert_eq!(check(&[1, 1, 1], &[0, 0, 0], 1), Err(Unfair::Sum { loss: 1 }));
        let length = Unfair::Length { accounts: 4, cuts: 3 };
        assert_eq!(check(&equities, &[10, 0, 20], 60), Err(length));
        assert_eq!(check(&[-1], &[0], 0), Err(HaircutError::NoWinners.into()));
    }

    proptest! {
        /// The cuts are fair, and in parts the same as at once.
        #[test]
        fn cuts_are_fair(
            equities in prop::collection::vec(-1_000_000_000_i128..1_000_000_000_000_000, 1..40),
            part in 0..=1_000_000_u128,
        ) {
            let equity: u128 = equities.iter().copied().map(winning).sum();
            prop_assume!(equity > 0);
            let loss = equity / 1_000_000 * part;
            let all = cuts(&equities, loss).unwrap();
            prop_assert_eq!(check(&equities, &all, loss), Ok(()));
            let haircut = Haircut::over(equities.iter().copied(), loss).unwrap();
            let middle = equities.len() / 2;
            let before: u128 = equities[..middle].iter().copied().map(winning).sum();
            let behind: u128 = equities[middle..].iter().copied().map(winning).sum();
            let sum: u128 = all[middle..].iter().sum();
            prop_assert_eq!(haircut.cut(before, behind), Some(sum));
        }
    }
}
