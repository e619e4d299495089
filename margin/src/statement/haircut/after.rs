//! An account afterwards.

use alloc::vec::Vec;

use crate::portfolio::{Blinding, Portfolio, Position};
use crate::units::Amount;

/// The positions with so many quote units less cash in the first of them; `None` where
/// that leaves the range of amounts, or where there is no position to cut.
pub(super) fn cut_positions(mut positions: Vec<Position>, cut: u128) -> Option<Vec<Position>> {
    if cut == 0 {
        return Some(positions);
    }
    let first = positions.first_mut()?;
    let cash = first.cash.get().checked_sub_unsigned(cut)?;
    first.cash = Amount::new(cash).ok()?;
    Some(positions)
}

/// The portfolio of an account afterwards, under another blinding; `None` where the cut
/// takes the cash of its first position below the range of amounts.
pub fn cut_portfolio(before: &Portfolio, cut: u128, blinding: Blinding) -> Option<Portfolio> {
    let positions = cut_positions(before.positions().to_vec(), cut)?;
    // The keys are the same, so none is doubled.
    let after = Portfolio::new(positions, blinding).ok()?;
    Some(after.with_reserved(before.reserved().clone()))
}
