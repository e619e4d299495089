//! The venue statement: of all accounts of a subtree of the state tree, those below
//! a level are flagged, and no others.
//!
//! | clause | says |
//! |---|---|
//! | V1 | every leaf of `SUBTREE_ROOT` is empty, or the leaf of an account, in `CONTEXT`, whose portfolio the positions open (M1) |
//! | V2 | an account is flagged exactly when it is below the level of `CLAIM`, with its multiplier |
//! | V3 | `FLAGGED` is the end of a chain over the flagged accounts, in the order of their leaves |
//! | V4 | `COUNTS` says how many accounts there are, and how many are flagged |
//! | M3 to M5 | header, terms, rows, order and figures of every account, as in the margin statement |
//!
//! So a venue can neither spare an account nor flag a healthy one. The roots of
//! subtrees and the digests of empty ones hash up to `STATE_ROOT`
//! ([`state_root_over`]), so that proofs of all subtrees that are not empty leave no
//! account out, and none waits for another.
//!
//! Nothing is said of accounts but the flagged ones, and of these only which they
//! are. Whose leaves they are is the leaf's digest to say: an account is not asked to
//! be in range, for the leaf of an account that is in range is of no other element,
//! and a flagged element that is none shows: no list of accounts has its chain. An
//! account with two leaves counts twice and is flagged if either is below.

mod cover;
mod flagged;
mod instance;
mod path;
mod witness;

pub use cover::{SubtreeDepth, UnknownDepth, state_root_over, subtree_root};
pub use flagged::{flagged_chain, flagged_link};
pub use instance::{
    BYTES, COUNTS, Counts, FLAGGED, FLAGGED_COUNT, InvalidVenue, LEN, NAMES, SUBTREE_ROOT,
    VenueInstance,
};
pub use path::SubtreePath;
pub use witness::{VenueLeaf, VenueWitness};

use crate::relation::{Figures, MarginFamily, Violation};
use crate::witness::check_order;

/// Whether the witness satisfies the statement for this instance.
///
/// # Errors
/// The first clause that fails. Indices of positions count those of the account.
pub fn check<M: MarginFamily>(
    instance: &VenueInstance<M::Field>,
    witness: &VenueWitness<M>,
) -> Result<(), Violation> {
    VenueInstance::<M::Field>::check_claim(instance.claim).map_err(|_| Violation::VenueClaim)?;
    check_market::<M>(instance, &witness.empty)?;
    for (index, leaf) in witness.leaves.iter().enumerate() {
        if let Some(leaf) = leaf {
            check_leaf(instance, index, leaf)?;
        }
    }
    let root = witness.subtree_root(instance.context);
    let root = root.ok_or(Violation::Leaves(witness.leaves.len()))?;
    if root != instance.subtree_root {
        return Err(Violation::Subtree);
    }
    if witness.flagged_chain() != instance.flagged {
        return Err(Violation::FlaggedChain);
    }
    if Counts::of(witness) != instance.counts {
        return Err(Violation::Counts);
    }
    Ok(())
}

/// M3 of an account, but for its rows.
fn check_market<M: MarginFamily>(
    instance: &VenueInstance<M::Field>,
    witness: &M::Witness,
) -> Result<(), Violation> {
    let account = M::account(witness);
    account.check_header(instance.market_root, instance.epoch, instance.model)?;
    M::check_terms(witness)
}

/// M1, M3 to M5 and V2 of an account.
fn check_leaf<M: MarginFamily>(
    instance: &VenueInstance<M::Field>,
    index: usize,
    leaf: &VenueLeaf<M>,
) -> Result<(), Violation> {
    let account = M::account(&leaf.witness);
    account.check_opening()?;
    check_market::<M>(instance, &leaf.witness)?;
    account.check_rows(account.slots.iter(), M::leaf)?;
    check_order(account.slots.iter())?;
    let figures = M::assess(&leaf.witness, account.slots.iter(), &account.reserved)?;
    let claim = instance.claim;
    let shortfall = figures.shortfall(claim.level(), claim.multiplier());
    match (shortfall.ok_or(Violation::Multiplied)? > 0, leaf.flagged) {
        (true, false) => Err(Violation::Spared(index)),
        (false, true) => Err(Violation::FlaggedHealthy(index)),
        _ => Ok(()),
    }
}
