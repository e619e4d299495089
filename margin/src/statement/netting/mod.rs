//! The netting statement: what an account holds at up to four venues, taken
//! together, meets a level, or is below it.
//!
//! | clause | says |
//! |---|---|
//! | N1 | at each venue, positions and what is reserved open the leaf of the venue's account in its state root (M1, M2) |
//! | N2 | lots and cash of each instrument in each bucket, and what is reserved, are the sums over the venues |
//! | N3 | nothing counts twice: contexts, state roots and commitments are each other's at no two venues; `VENUES` is the chain over `CONTEXT`, `ACCOUNT` and the list of venues |
//! | N4 | an isolated bucket, any but number 0, is one venue's |
//! | M3 to M7 | rows, order, figures, claim and disclosure are those of the totals, in the ranges of the margin statement |
//!
//! A venue that does not have a position counts as one of zero lots and no cash. A
//! position whose lots cancel stays one, with its cash.
//!
//! **Isolated buckets.** Bucket 0 is the cross bucket at every venue, and what is held
//! in it nets. Any other number is a venue's own name for what it keeps apart: were
//! number 3 of two venues one bucket, the surplus of one would cover what the other
//! lacks. So no bucket but 0 is of two venues.
//!
//! **Whose accounts these are.** Each venue's account is in `VENUES`. That they, and
//! `ACCOUNT`, are of one owner no commitment says: whoever relies on a proof names the
//! list that it must have.
//!
//! **What is attested twice.** A venue that attests one book to two deployments, under
//! blindings of their own, attests two commitments. Nothing here can tell: the contexts
//! that may stand in one list are those whose signers attest books of their own.

mod instance;
mod venues;

pub use instance::{BYTES, LEN, NAMES, NettingInstance, VENUES};
pub use venues::{InvalidVenues, MAX_VENUES, VenueAccount, Venues, venues_digest};

use alloc::vec::Vec;
use core::fmt;

use crate::ids::{BucketId, InstrumentId};
use crate::market::state_leaf;
use crate::merkle::Path;
use crate::portfolio::{Blinding, Held, Position, Reserved, commit};
use crate::relation::{MarginFamily, Violation};
use crate::statement::margin::check_claim;
use crate::units::{Amount, Lots, OutOfRange};
use crate::witness::{STATE_TREE, check_order, opens};

/// What the prover knows of an account at several venues.
pub struct NettingWitness<M: MarginFamily> {
    /// The totals as one account in the market: every position of any venue in
    /// canonical order, with its row, and all that is reserved. Its commitment,
    /// blinding and path are nobody's, and not looked at.
    pub total: M::Witness,
    /// The account at each venue, in the order of `VENUES`: one to four.
    pub sides: Vec<Side<M::Field>>,
}

/// An account at one venue.
#[derive(Clone)]
pub struct Side<F> {
    /// What is public of it.
    pub venue: VenueAccount<F>,
    /// The positions, in canonical order.
    pub positions: Vec<Position>,
    /// What is reserved for open orders.
    pub reserved: Reserved,
    /// The blinding of the commitment.
    pub blinding: Blinding,
    /// The commitment the venue attested.
    pub commitment: F,
    /// The account's membership in the state tree.
    pub path: Path<F>,
}

redacted_debug!(Side<F>);

impl<M: MarginFamily> Clone for NettingWitness<M> {
    fn clone(&self) -> Self {
        Self { total: self.total.clone(), sides: self.sides.clone() }
    }
}

/// Secret: shows nothing.
impl<M: MarginFamily> fmt::Debug for NettingWitness<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NettingWitness(..)")
    }
}

impl<M: MarginFamily> NettingWitness<M> {
    /// What is public of every venue, in order.
    pub fn venues(&self) -> Vec<VenueAccount<M::Field>> {
        self.sides.iter().map(|side| side.venue).collect()
    }
}

impl<F> Side<F> {
    /// The position of a bucket and an instrument, if the venue has it.
    pub fn at(&self, key: (BucketId, InstrumentId)) -> Option<&Position> {
        self.positions.iter().find(|position| position.key() == key)
    }
}

/// Every position of several portfolios once, in canonical order, with its lots and
/// cash summed; and all that is reserved.
///
/// # Errors
/// When a sum is out of the range of a position's.
pub fn net<'a>(
    held: impl Iterator<Item = Held<'a>> + Clone,
) -> Result<(Vec<Position>, Reserved), OutOfRange> {
    let mut keys: Vec<_> =
        held.clone().flat_map(|held| held.positions.iter().map(Position::key)).collect();
    keys.sort_unstable();
    keys.dedup();
    let total = |key: (BucketId, InstrumentId)| {
        let same = held.clone().flat_map(|held| held.positions).filter(|p| p.key() == key);
        let (lots, cash) = same.map(amounts).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        let range = OutOfRange { what: "lots of all venues", allowed: "-2^63 to 2^63 - 1" };
        let quantity = Lots::new(i64::try_from(lots).map_err(|_| range)?);
        let (bucket, instrument) = key;
        Ok(Position { bucket, instrument, quantity, cash: Amount::new(cash)? })
    };
    let positions = keys.into_iter().map(total).collect::<Result<_, OutOfRange>>()?;
    let reserved = held.map(|held| held.reserved.get()).sum();
    Ok((positions, Reserved::new(reserved)?))
}

/// Whether the witness satisfies the statement for this instance.
///
/// # Errors
/// The first clause that fails. Indices of positions count the totals' slots, those of
/// venues the list, both from zero.
pub fn check<M: MarginFamily>(
    instance: &NettingInstance<M::Field>,
    witness: &NettingWitness<M>,
) -> Result<(), Violation> {
    check_list(instance, witness)?;
    witness.sides.iter().enumerate().try_for_each(|(index, side)| check_side(index, side))?;
    let account = M::account(&witness.total);
    account.check_header(instance.market_root, instance.epoch, instance.model)?;
    M::check_terms(&witness.total)?;
    account.check_rows(account.slots.iter(), M::leaf)?;
    check_order(account.slots.iter())?;
    check_totals(witness)?;
    check_buckets(witness)?;
    let figures = M::assess(&witness.total, account.slots.iter(), &account.reserved)?;
    check_claim(&instance.to_margin(), &figures)
}

/// N3.
fn check_list<M: MarginFamily>(
    instance: &NettingInstance<M::Field>,
    NettingWitness { sides, .. }: &NettingWitness<M>,
) -> Result<(), Violation> {
    if !(1..=MAX_VENUES).contains(&sides.len()) {
        return Err(Violation::Venues(sides.len()));
    }
    for (index, side) in sides.iter().enumerate() {
        let is_same = |other: &Side<M::Field>| {
            side.venue.context == other.venue.context
                || side.venue.state_root == other.venue.state_root
                || side.commitment == other.commitment
        };
        if sides[..index].iter().any(is_same) {
            return Err(Violation::VenueTwice(index));
        }
    }
    let list: Vec<_> = sides.iter().map(|side| side.venue).collect();
    match venues_digest((instance.context, instance.account), &list) == instance.venues {
        true => Ok(()),
        false => Err(Violation::VenuesDigest),
    }
}

/// N1.
fn check_side<F: crate::field::MarginField>(index: usize, side: &Side<F>) -> Result<(), Violation> {
    let Side { venue, positions, reserved, blinding, commitment, path } = side;
    if positions.windows(2).any(|pair| pair[0].key() >= pair[1].key()) {
        return Err(Violation::VenueOrder(index));
    }
    if commit::<F>(positions, reserved, blinding) != *commitment {
        return Err(Violation::VenueOpening(index));
    }
    let leaf = state_leaf(venue.account, *commitment, venue.context);
    match opens(path, STATE_TREE, leaf, venue.state_root) {
        true => Ok(()),
        false => Err(Violation::NotAtVenue(index)),
    }
}

/// N2.
fn check_totals<M: MarginFamily>(witness: &NettingWitness<M>) -> Result<(), Violation> {
    let account = M::account(&witness.total);
    for (index, slot) in account.slots.iter().enumerate() {
        let key = slot.position.key();
        let held: Vec<_> = witness.sides.iter().filter_map(|side| side.at(key)).collect();
        if held.is_empty() {
            return Err(Violation::HeldNowhere(index));
        }
        let sums = held.into_iter().map(amounts).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        if sums != amounts(&slot.position) {
            return Err(Violation::Total(index));
        }
    }
    let is_listed = |position: &Position| {
        account.slots.iter().any(|slot| slot.position.key() == position.key())
    };
    if !witness.sides.iter().flat_map(|side| &side.positions).all(is_listed) {
        return Err(Violation::NotInTotal);
    }
    let reserved: u128 = witness.sides.iter().map(|side| side.reserved.get()).sum();
    match reserved == account.reserved.get() {
        true => Ok(()),
        false => Err(Violation::TotalReserved),
    }
}

/// N4.
fn check_buckets<M: MarginFamily>(witness: &NettingWitness<M>) -> Result<(), Violation> {
    let uses = |side: &Side<M::Field>, bucket: BucketId| {
        side.positions.iter().any(|position| position.bucket == bucket)
    };
    for (index, slot) in M::account(&witness.total).slots.iter().enumerate() {
        let bucket = slot.position.bucket;
        let users = witness.sides.iter().filter(|side| uses(side, bucket)).count();
        if bucket != BucketId::default() && users > 1 {
            return Err(Violation::SharedBucket(index));
        }
    }
    Ok(())
}

/// Lots and cash.
fn amounts(position: &Position) -> (i128, i128) {
    (position.quantity.get().into(), position.cash.get())
}
