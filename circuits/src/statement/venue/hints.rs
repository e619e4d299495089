//! The values a venue is free to choose.
//!
//! As everywhere nothing here is trusted, and nothing fails.

use std::fmt;

use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::MarketHeader;
use zkmargin_margin::relation::MarginFamily;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::{VenueLeaf, VenueWitness};

use crate::family::Unprovable;
use crate::figures::{FamilyFigures, Witness};
use crate::statement::claim::ClaimHints;
use crate::statement::margin;

/// Everything the venue chooses: what a satisfied circuit is quantified over.
pub struct Assignment<F: MarginField, G: FamilyFigures<F>> {
    /// The claim's parts.
    pub claim: ClaimHints<F>,
    /// The market's header.
    pub header: MarketHeader<F>,
    /// What stands in each leaf.
    pub leaves: Vec<LeafHints<F, G>>,
}

/// What the venue writes into a leaf.
pub struct LeafHints<F: MarginField, G: FamilyFigures<F>> {
    /// One for an account, zero for an empty leaf.
    pub present: F,
    /// One for an account that is flagged.
    pub flagged: F,
    /// The account.
    pub account: F,
    /// The blinding of its commitment.
    pub blinding: F,
    /// What is reserved for open orders.
    pub reserved: F,
    /// What the family assigns.
    pub figures: G::Hints,
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for Assignment<F, G> {
    fn clone(&self) -> Self {
        Self { claim: self.claim, header: self.header, leaves: self.leaves.clone() }
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
    /// When an account does not fit the shape.
    pub(super) fn new(
        shape: Shape,
        claim: Claim,
        witness: &VenueWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        let leaf = |leaf: &Option<VenueLeaf<G::Family>>| match leaf {
            Some(leaf) => LeafHints::of(shape, claim, leaf),
            None => LeafHints::empty(shape, claim, &witness.empty),
        };
        Ok(Self {
            claim: ClaimHints::new(claim),
            header: G::Family::account(&witness.empty).header,
            leaves: witness.leaves.iter().map(leaf).collect::<Result<_, _>>()?,
        })
    }
}

impl<F: MarginField, G: FamilyFigures<F>> LeafHints<F, G> {
    fn of(shape: Shape, claim: Claim, leaf: &VenueLeaf<G::Family>) -> Result<Self, Unprovable> {
        let flagged = F::from(u64::from(leaf.flagged));
        let account = leaf.account.to_field();
        let empty = Self::new(shape, claim, &leaf.witness, flagged)?;
        Ok(Self { present: F::ONE, account, ..empty })
    }

    fn empty(shape: Shape, claim: Claim, witness: &Witness<F, G>) -> Result<Self, Unprovable> {
        Self::new(shape, claim, witness, F::ZERO)
    }

    /// An empty leaf, filled with an account.
    fn new(
        shape: Shape,
        claim: Claim,
        witness: &Witness<F, G>,
        flagged: F,
    ) -> Result<Self, Unprovable> {
        G::fits(shape, witness)?;
        let account = G::Family::account(witness);
        let reserved = F::from_u128(account.reserved.get());
        // Of an account the side is whether it is flagged.
        let claim = ClaimHints { is_below: flagged, ..ClaimHints::new(claim) };
        Ok(Self {
            present: F::ZERO,
            flagged,
            account: F::ZERO,
            blinding: account.blinding.to_field(),
            reserved,
            figures: G::hints(shape, (&claim, reserved), witness),
        })
    }
}

/// Whether every unused slot of a shape can be filled with its account's padding row.
pub(super) fn is_padded<F: MarginField, G: FamilyFigures<F>>(
    shape: Shape,
    witness: &VenueWitness<G::Family>,
) -> bool {
    let is_filled = |account| margin::is_filled::<F, G>(shape, account);
    let mut accounts = witness.accounts().map(|leaf| &leaf.witness);
    is_filled(&witness.empty) && accounts.all(is_filled)
}
