//! The haircut statement, fair deleveraging: of all accounts of a subtree of the state
//! tree, each winner is cut by its share of a loss, and no other account by anything.
//!
//! | clause | says |
//! |---|---|
//! | F1 | every leaf of `SUBTREE_ROOT` is empty, or the leaf of an account, in `CONTEXT`, whose portfolio the positions open (M1) |
//! | F2 | `RATIO` is a loss `N` and the equity `D` of all winners, which covers it: `N <= D`, `D > 0` |
//! | F3 | with the account's equity `E`, and `E+` it or zero where it is below, the cut `h` is whole and `abs(h D - E+ N) < D` |
//! | F4 | every leaf of `SUBTREE_AFTER` is empty where it was, or the leaf of the same account, context, positions, lots and reserved amount, under whatever blinding, with `h` less cash in its first position and nowhere else |
//! | F5 | `SUMS` are the sums of `E+` and `h`, and how many accounts are winners: `E > 0` |
//! | M3 to M5 | header, terms, rows, order and figures of every account, as in the margin statement |
//!
//! So losers and empty leaves are cut by nothing, for `h D < D`, and no winner by more
//! than it has, for `h D < E N + D <= (E + 1) D`.
//!
//! **Equity** is what [`Figures::equity_of_all`] says: values at the market's prices and
//! cash in the standard family, the mark to market of all positions and cash in the two
//! others. It is no margin balance: no charge, loss or reserved amount is taken off. Of
//! `2^80` quote units or more, either way, it is not provable.
//!
//! **The first position** in canonical order, of the lowest bucket, holds the cash of its
//! bucket as portfolios are written, so a venue chooses nothing. A cash that would leave
//! the range of amounts is not provable.
//!
//! Whoever relies on it adds up what is public: the proofs of all subtrees that are not
//! empty, in either tree, have the same `RATIO`; their equities sum to `D` and their cuts
//! to `N`; both kinds of roots, with the digests of empty subtrees, hash up to the state
//! root before and afterwards. A subtree that is left out is missing from the sums and
//! from both roots. That a loss was there, and how large, nothing here says; an account
//! with two leaves counts twice, each leaf by its own equity.

mod after;
mod instance;
mod ratio;
mod witness;

pub use after::cut_portfolio;
pub use instance::{
    BYTES, HaircutInstance, InvalidHaircut, LEN, NAMES, RATIO, SUBTREE_AFTER, SUBTREE_ROOT, SUMS,
};
pub use ratio::{
    EQUITY_BITS, RATIO_EQUITY, Ratio, SUBTREE_BITS, SUMS_CUTS, SUMS_WINNERS, Sums, TOTAL_BITS,
};
pub use witness::{HaircutLeaf, HaircutWitness};

use crate::claim::{Level, Multiplier};
use crate::haircut::winning;
use crate::relation::{Figures, MarginFamily, Violation};
use crate::witness::check_order;

/// Whether the witness satisfies the statement for this instance.
///
/// # Errors
/// The first clause that fails. Indices of positions count those of the account.
pub fn check<M: MarginFamily>(
    instance: &HaircutInstance<M::Field>,
    witness: &HaircutWitness<M>,
) -> Result<(), Violation> {
    check_market::<M>(instance, &witness.empty)?;
    let mut sums = Sums::default();
    for (index, leaf) in witness.leaves.iter().enumerate() {
        if let Some(leaf) = leaf {
            let equity = check_leaf(instance, index, leaf)?;
            sums.add(equity, leaf.cut);
        }
    }
    let depth = witness.depth().ok_or(Violation::HaircutLeaves(witness.leaves.len()))?;
    if witness.subtree_root(depth, instance.context) != instance.subtree_root {
        return Err(Violation::HaircutSubtree);
    }
    if witness.subtree_after(depth, instance.context)? != instance.subtree_after {
        return Err(Violation::SubtreeAfter);
    }
    match sums == instance.sums {
        true => Ok(()),
        false => Err(Violation::Sums),
    }
}

/// M3 of an account, but for its rows.
fn check_market<M: MarginFamily>(
    instance: &HaircutInstance<M::Field>,
    witness: &M::Witness,
) -> Result<(), Violation> {
    let account = M::account(witness);
    account.check_header(instance.market_root, instance.epoch, instance.model)?;
    M::check_terms(witness)
}

/// M1, M3 to M5 and F3 of an account: its equity, zero where it is below.
fn check_leaf<M: MarginFamily>(
    instance: &HaircutInstance<M::Field>,
    index: usize,
    leaf: &HaircutLeaf<M>,
) -> Result<u128, Violation> {
    let account = M::account(&leaf.witness);
    account.check_opening()?;
    check_market::<M>(instance, &leaf.witness)?;
    account.check_rows(account.slots.iter(), M::leaf)?;
    check_order(account.slots.iter())?;
    let figures = M::assess(&leaf.witness, account.slots.iter(), &account.reserved)?;
    // On which side of nothing its figures are is proved with them.
    figures.shortfall(Level::MarginCall, Multiplier::ONE).ok_or(Violation::Multiplied)?;
    let equity = figures.equity_of_all();
    if equity.unsigned_abs() >> EQUITY_BITS != 0 {
        return Err(Violation::Equity(index));
    }
    let equity = winning(equity);
    match instance.ratio.haircut().is_fair(equity, leaf.cut) {
        true => Ok(equity),
        false => Err(Violation::Share(index)),
    }
}
