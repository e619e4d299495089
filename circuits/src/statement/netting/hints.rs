//! The values a prover is free to choose.
//!
//! As everywhere nothing here is trusted, and nothing fails.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::STATE_DEPTH;
use zkmargin_margin::merkle::ARITY;
use zkmargin_margin::portfolio::{CASH_OFFSET, QUANTITY_OFFSET};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::netting::{MAX_VENUES, NettingInstance, NettingWitness, Side};

use crate::family::Unprovable;
use crate::figures::FamilyFigures;
use crate::statement::claim::ClaimHints;

/// What each venue has of a slot.
pub type Slot<F> = [HeldHints<F>; MAX_VENUES];

/// Everything the prover chooses: what a satisfied circuit is quantified over.
pub struct Assignment<F: MarginField, G: FamilyFigures<F>> {
    /// The header; the rest is below.
    pub witness: NettingWitness<G::Family>,
    /// The claim's parts.
    pub claim: ClaimHints<F>,
    /// What the family assigns: the totals.
    pub figures: G::Hints,
    /// What stands of each venue.
    pub venues: [SideHints<F>; MAX_VENUES],
    /// What stands beside each slot of the shape.
    pub slots: Vec<Slot<F>>,
}

/// What the prover writes of a venue.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `side.rs`.
pub struct SideHints<F> {
    /// One for a venue that is there; not looked at of the first.
    pub present: F,
    pub context: F,
    pub account: F,
    pub reserved: F,
    pub blinding: F,
    /// Children of the account's path, the lowest first.
    pub path: Vec<[F; ARITY]>,
}

/// What the prover writes of a slot at a venue.
#[derive(Clone, Copy)]
pub struct HeldHints<F> {
    /// One for a position that the venue has.
    pub held: F,
    /// Lots there, plus their offset.
    pub lots: F,
    /// Cash there, plus its offset.
    pub cash: F,
}

/// Secret: shows nothing.
impl<F> fmt::Debug for SideHints<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SideHints(..)")
    }
}

/// Secret: shows nothing.
impl<F> fmt::Debug for HeldHints<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldHints(..)")
    }
}

/// Secret: shows nothing.
impl<F: MarginField, G: FamilyFigures<F>> fmt::Debug for Assignment<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assignment(..)")
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for Assignment<F, G> {
    fn clone(&self) -> Self {
        let Self { witness, claim, figures, venues, slots } = self;
        Self {
            witness: witness.clone(),
            claim: *claim,
            figures: figures.clone(),
            venues: venues.clone(),
            slots: slots.clone(),
        }
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Deref for Assignment<F, G> {
    type Target = G::Hints;

    fn deref(&self) -> &G::Hints {
        &self.figures
    }
}

impl<F: MarginField, G: FamilyFigures<F>> DerefMut for Assignment<F, G> {
    fn deref_mut(&mut self) -> &mut G::Hints {
        &mut self.figures
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Assignment<F, G> {
    /// The choices for a witness.
    ///
    /// # Errors
    /// When the totals do not fit the shape, or the venues the circuit.
    pub(super) fn new(
        shape: Shape,
        instance: &NettingInstance<F>,
        witness: NettingWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        if witness.sides.len() > MAX_VENUES {
            return Err(Violation::Venues(witness.sides.len()).into());
        }
        G::fits(shape, &witness.total)?;
        let claim = ClaimHints::new(instance.claim);
        let reserved = F::from_u128(G::Family::account(&witness.total).reserved.get());
        let figures = G::hints(shape, (&claim, reserved), &witness.total);
        let venues = std::array::from_fn(|venue| SideHints::new(witness.sides.get(venue)));
        let slots = (0..G::positions(shape)).map(|index| held_at(&witness, index)).collect();
        Ok(Self { witness, claim, figures, venues, slots })
    }
}

impl<F: MarginField> SideHints<F> {
    /// A venue that is not there: zeros, and the only leaf of a tree.
    fn absent() -> Self {
        let [present, context, account, reserved, blinding] = [F::ZERO; 5];
        let opened = hash(Domain::Portfolio, [reserved, blinding, F::ZERO, F::ZERO]);
        let mut node = hash(Domain::StateLeaf, [account, opened, context, F::ZERO]);
        let mut level = || {
            let children = [node, F::ZERO, F::ZERO, F::ZERO];
            node = hash(Domain::StateNode, children);
            children
        };
        let path = (0..STATE_DEPTH).map(|_| level()).collect();
        Self { present, context, account, reserved, blinding, path }
    }

    fn new(side: Option<&Side<F>>) -> Self {
        let Some(side) = side else {
            return Self::absent();
        };
        Self {
            present: F::ONE,
            context: side.venue.context.to_field(),
            account: side.venue.account.to_field(),
            reserved: F::from_u128(side.reserved.get()),
            blinding: side.blinding.to_field(),
            path: side.path.children().to_vec(),
        }
    }
}

/// What each venue has of slot `index`.
fn held_at<F: MarginField, M: MarginFamily<Field = F>>(
    witness: &NettingWitness<M>,
    index: usize,
) -> Slot<F> {
    let key = M::account(&witness.total).slots.get(index).map(|slot| slot.position.key());
    std::array::from_fn(|venue| {
        let position = witness.sides.get(venue).zip(key).and_then(|(side, key)| side.at(key));
        let (lots, cash) =
            position.map_or((0, 0), |held| (i128::from(held.quantity.get()), held.cash.get()));
        HeldHints {
            held: F::from(u64::from(position.is_some())),
            lots: F::from_i128(lots) + F::from_u128(QUANTITY_OFFSET),
            cash: F::from_i128(cash) + F::from_u128(CASH_OFFSET),
        }
    })
}
