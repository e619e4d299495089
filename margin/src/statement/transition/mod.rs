//! The transition statement: one portfolio becomes another, in the open or not.
//!
//! | clause | says |
//! |---|---|
//! | T1 | the portfolio before opens the leaf of `ACCOUNT` in `STATE_ROOT` (M1, M2) |
//! | T2 | the portfolio afterwards opens `NEXT` under a blinding of its own |
//! | T3 | afterwards = before + change, position by position; the entries of the change, with a salt, are `CHANGE` |
//! | T4 | what the [`Aim`] says: *meets*, *healthier* or *cures* |
//! | M3 to M5 | rows, order and figures, as in the margin statement |
//!
//! What is reserved for open orders is the same before and afterwards, and counts
//! as in the margin statement. *Meets* takes the dials of a claim, *cures* a
//! multiplier of its target, *healthier* none.
//!
//! A position that is missing counts as one of zero lots and no cash, so a
//! transition opens and closes positions. The prices at which lots become cash
//! are nobody's concern here: the change says them to whoever is shown it.
//!
//! `NEXT` hides the portfolio only under a fresh blinding. The statement cannot
//! see whether it is fresh: the prover must take a random one.

mod aim;
mod change;
mod goal;
mod instance;

pub use aim::{AIM_BREACH, AIM_KIND, AIM_MASK, Aim, InvalidAim};
pub use change::{
    CASH_CHANGE_OFFSET, Change, ChangeError, ENTRIES_PER_LINK, ENTRY_BUCKET, ENTRY_CASH,
    ENTRY_LOTS, ENTRY_PRESENT, Entry, LOTS_OFFSET,
};
pub use goal::Ratio;
pub use instance::{BYTES, CHANGE, InvalidTransition, LEN, NAMES, NEXT, TransitionInstance};

use alloc::vec::Vec;
use core::fmt;

use crate::ids::{BucketId, InstrumentId};
use crate::portfolio::{Blinding, Position, commit};
use crate::relation::{MarginFamily, Violation};
use crate::witness::{Slot, check_order};

/// What the prover knows of a transition.
pub struct TransitionWitness<M: MarginFamily> {
    /// The account before, with its market.
    pub before: M::Witness,
    /// Every position held before or afterwards, in canonical order.
    pub slots: Vec<TransitionSlot<M>>,
    /// The blinding of the commitment afterwards.
    pub blinding: Blinding,
    /// The change, with its salt.
    pub change: Change,
    /// For *cures* alone: the position that the change shrinks last, with one lot
    /// taken back, and the row that applies to it then.
    pub taken_back: Option<Slot<M::Field, M::Row>>,
}

/// A position of a transition.
pub struct TransitionSlot<M: MarginFamily> {
    /// The position afterwards, with its row: zero lots and no cash, and a row that
    /// zero lots satisfy, when it is closed.
    pub slot: Slot<M::Field, M::Row>,
    /// Whether the portfolio afterwards has it.
    pub kept: bool,
}

impl<M: MarginFamily> Clone for TransitionSlot<M> {
    fn clone(&self) -> Self {
        Self { slot: self.slot.clone(), kept: self.kept }
    }
}

impl<M: MarginFamily> Clone for TransitionWitness<M> {
    fn clone(&self) -> Self {
        Self {
            before: self.before.clone(),
            slots: self.slots.clone(),
            blinding: self.blinding.clone(),
            change: self.change.clone(),
            taken_back: self.taken_back.clone(),
        }
    }
}

/// Secret: shows nothing.
impl<M: MarginFamily> fmt::Debug for TransitionSlot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransitionSlot(..)")
    }
}

/// Secret: shows nothing.
impl<M: MarginFamily> fmt::Debug for TransitionWitness<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransitionWitness(..)")
    }
}

impl<M: MarginFamily> TransitionWitness<M> {
    /// The position before at a place of the slots.
    pub fn before_at(&self, index: usize) -> Option<&Position> {
        let key = self.slots.get(index)?.slot.position.key();
        let before = &M::account(&self.before).slots;
        before.iter().map(|slot| &slot.position).find(|position| position.key() == key)
    }

    /// The slots that the portfolio afterwards has.
    pub fn kept(&self) -> impl Iterator<Item = &Slot<M::Field, M::Row>> {
        self.slots.iter().filter(|slot| slot.kept).map(|slot| &slot.slot)
    }

    /// The commitment afterwards: `NEXT`.
    pub fn next(&self) -> M::Field {
        let positions: Vec<_> = self.kept().map(|slot| slot.position.clone()).collect();
        commit(&positions, &M::account(&self.before).reserved, &self.blinding)
    }
}

/// Whether the witness satisfies the statement for this instance.
///
/// # Errors
/// The first clause that fails. Indices count the slots of the witness.
pub fn check<M: MarginFamily>(
    instance: &TransitionInstance<M::Field>,
    witness: &TransitionWitness<M>,
) -> Result<(), Violation> {
    let account = M::account(&witness.before);
    account.check_state(instance.account())?;
    let public = instance.account();
    account.check_header(public.market_root, public.epoch, public.model)?;
    M::check_terms(&witness.before)?;
    check_order(account.slots.iter())?;
    account.check_rows(witness.slots.iter().map(|slot| &slot.slot), M::leaf)?;
    check_order(witness.slots.iter().map(|slot| &slot.slot))?;
    check_change(witness)?;
    // A closed position has a row too, which applies to zero lots.
    M::assess(&witness.before, witness.slots.iter().map(|slot| &slot.slot), &account.reserved)?;
    if witness.next() != instance.next() {
        return Err(Violation::Next);
    }
    if witness.change.digest::<M::Field>() != instance.change() {
        return Err(Violation::ChangeDigest);
    }
    goal::check(instance, witness)
}

/// T3: every position, before or afterwards, follows from the other.
fn check_change<M: MarginFamily>(witness: &TransitionWitness<M>) -> Result<(), Violation> {
    for (index, TransitionSlot { slot, kept }) in witness.slots.iter().enumerate() {
        let before = witness.before_at(index);
        if !kept && before.is_none() {
            return Err(Violation::Idle(index));
        }
        let after = amounts(&slot.position);
        if !kept && after != (0, 0) {
            return Err(Violation::Closed(index));
        }
        let (lots, cash) = before.map_or((0, 0), amounts);
        let (more_lots, more_cash) = witness.change.of(slot.position.key());
        if after != (lots + more_lots, cash + more_cash) {
            return Err(Violation::Change(index));
        }
    }
    let is_listed = |key: (BucketId, InstrumentId)| {
        witness.slots.iter().any(|slot| slot.slot.position.key() == key)
    };
    let before = M::account(&witness.before).slots.iter().map(|slot| slot.position.key());
    let mut keys = before.chain(witness.change.entries().iter().map(Entry::key));
    if keys.all(is_listed) { Ok(()) } else { Err(Violation::NotListed) }
}

/// Lots and cash.
fn amounts(position: &Position) -> (i128, i128) {
    (position.quantity.get().into(), position.cash.get())
}
