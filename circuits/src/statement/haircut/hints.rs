//! The values a venue is free to choose.
//!
//! As everywhere nothing here is trusted, and nothing fails.

use std::fmt;

use zkmargin_margin::claim::{Level, Multiplier};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::MarketHeader;
use zkmargin_margin::portfolio::CASH_OFFSET;
use zkmargin_margin::relation::{Figures, MarginFamily};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::haircut::{HaircutLeaf, HaircutWitness, Ratio};

use crate::family::Unprovable;
use crate::figures::{FamilyFigures, Witness};
use crate::statement::claim::ClaimHints;
use crate::statement::margin;

/// Everything the venue chooses: what a satisfied circuit is quantified over.
pub struct Assignment<F: MarginField, G: FamilyFigures<F>> {
    /// The loss that is shared, in quote units.
    pub loss: F,
    /// The equity of all winners of the venue, in quote units.
    pub equity: F,
    /// The market's header.
    pub header: MarketHeader<F>,
    /// What stands in each leaf.
    pub leaves: Vec<LeafHints<F, G>>,
}

/// What the venue writes into a leaf.
pub struct LeafHints<F: MarginField, G: FamilyFigures<F>> {
    /// One for an account, zero for an empty leaf.
    pub present: F,
    /// One for an account that has a shortfall of the level *margin-call*: a bucket
    /// below zero.
    pub below_zero: F,
    /// One for a winner: an account of more equity than nothing.
    pub winner: F,
    /// Cash of its first position afterwards, in quote units plus `2^79`.
    pub cash_after: F,
    /// The account.
    pub account: F,
    /// The blinding of its commitment.
    pub blinding: F,
    /// The blinding of its commitment afterwards.
    pub blinding_after: F,
    /// What is reserved for open orders.
    pub reserved: F,
    /// What the family assigns.
    pub figures: G::Hints,
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for Assignment<F, G> {
    fn clone(&self) -> Self {
        Self { leaves: self.leaves.clone(), ..*self }
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for LeafHints<F, G> {
    fn clone(&self) -> Self {
        Self { figures: self.figures.clone(), ..*self }
    }
}

/// Secret: shows nothing.
impl<F: MarginField, G: FamilyFigures<F>> fmt::Debug for Assignment<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assignment(..)")
    }
}

/// Secret: shows nothing.
impl<F: MarginField, G: FamilyFigures<F>> fmt::Debug for LeafHints<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeafHints(..)")
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Assignment<F, G> {
    /// The choices for a witness.
    ///
    /// # Errors
    /// When an account does not fit the shape, or its positions have no figures.
    pub(super) fn new(
        shape: Shape,
        ratio: Ratio,
        witness: &HaircutWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        let leaf = |leaf: &Option<HaircutLeaf<G::Family>>| match leaf {
            Some(leaf) => LeafHints::of(shape, leaf),
            None => LeafHints::empty(shape, &witness.empty),
        };
        let haircut = ratio.haircut();
        Ok(Self {
            loss: F::from_u128(haircut.loss()),
            equity: F::from_u128(haircut.equity()),
            header: G::Family::account(&witness.empty).header,
            leaves: witness.leaves.iter().map(leaf).collect::<Result<_, _>>()?,
        })
    }
}

impl<F: MarginField, G: FamilyFigures<F>> LeafHints<F, G> {
    fn of(shape: Shape, leaf: &HaircutLeaf<G::Family>) -> Result<Self, Unprovable> {
        Ok(Self {
            present: F::ONE,
            cash_after: cash_of::<F, G>(&leaf.witness) - F::from_u128(leaf.cut),
            account: leaf.account.to_field(),
            blinding_after: leaf.blinding.to_field(),
            ..Self::empty(shape, &leaf.witness)?
        })
    }

    /// An empty leaf, filled with an account.
    fn empty(shape: Shape, witness: &Witness<F, G>) -> Result<Self, Unprovable> {
        G::fits(shape, witness)?;
        let account = G::Family::account(witness);
        let figures = G::Family::assess(witness, account.slots.iter(), &account.reserved)?;
        let shortfall = figures.shortfall(Level::MarginCall, Multiplier::ONE);
        let bit = |bit: bool| F::from(u64::from(bit));
        let below_zero = bit(shortfall.is_some_and(|shortfall| shortfall > 0));
        let reserved = F::from_u128(account.reserved.get());
        // Of the level that requires nothing; the side is the account's.
        let level = ClaimHints { is_below: below_zero, ..requires_nothing() };
        Ok(Self {
            present: F::ZERO,
            below_zero,
            winner: bit(figures.equity_of_all() > 0),
            cash_after: cash_of::<F, G>(witness),
            account: F::ZERO,
            blinding: account.blinding.to_field(),
            blinding_after: account.blinding.to_field(),
            reserved,
            figures: G::hints(shape, (&level, reserved), witness),
        })
    }
}

/// Cash of the first position with its offset in words; the offset where there is none.
fn cash_of<F: MarginField, G: FamilyFigures<F>>(witness: &Witness<F, G>) -> F {
    let first = G::Family::account(witness).slots.first();
    let cash = first.map_or(0, |slot| slot.position.cash.get());
    // From -2^79 to 2^79 - 1.
    F::from_u128(CASH_OFFSET.saturating_add_signed(cash))
}

/// The claim of the level *margin-call*, once: no side, no dials.
fn requires_nothing<F: MarginField>() -> ClaimHints<F> {
    let zero = F::ZERO;
    ClaimHints {
        is_maintenance: zero,
        is_initial: zero,
        is_below: zero,
        above_one: zero,
        leverage: zero,
    }
}

/// Whether every unused slot of a shape can be filled with its account's padding row.
pub(super) fn is_padded<F: MarginField, G: FamilyFigures<F>>(
    shape: Shape,
    witness: &HaircutWitness<G::Family>,
) -> bool {
    let is_filled = |account| margin::is_filled::<F, G>(shape, account);
    let mut accounts = witness.accounts().map(|leaf| &leaf.witness);
    is_filled(&witness.empty) && accounts.all(is_filled)
}
