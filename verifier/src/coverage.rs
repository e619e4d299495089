//! A venue whole: proofs of its subtrees, put together up to the state root.
//!
//! Each proof says of one subtree that those below a level are flagged and no
//! others. Together they leave no account out when the roots of their subtrees, each
//! at its place, and the digests of empty subtrees hash up to the state root that
//! the venue posted: whoever relies on a [`Coverage`] must hold its state root to
//! that one.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::Serialize;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};
use zkmargin_margin::statement::venue::{SubtreeDepth, VenueInstance, state_root_over};

use crate::encoding::text;
use crate::proof::Subtree;
use crate::proof::{VenueFile, VerifiedSubtree};
use crate::root::Root;

/// Why proofs of subtrees are not of one venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotOneVenue {
    /// No proof.
    #[error("there is no proof of a subtree")]
    Nothing,
    /// Two proofs of one subtree.
    #[error("subtree {index} is proved by proofs {first} and {second}: one is doubled")]
    Doubled {
        /// The subtree's number.
        index: usize,
        /// The place of one proof among those given, from 0.
        first: usize,
        /// That of the other.
        second: usize,
    },
    /// A proof about something else than the first one is.
    #[error("proof {proof} is of another {what} than the first one: it is foreign")]
    Foreign {
        /// Its place among those given, from 0.
        proof: usize,
        /// In what.
        what: &'static str,
    },
}

/// What the proofs of a venue's subtrees say together, as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The deployment.
    pub context: ContextId,
    /// The epoch of both roots.
    pub epoch: Epoch,
    /// What the roots of the subtrees hash up to.
    pub state_root: Root,
    /// Root of the market.
    pub market_root: Root,
    /// The margin model.
    pub model: ModelDigest,
    /// What accounts are that are not flagged, and flagged ones are not.
    #[serde(serialize_with = "text::serialize")]
    pub claim: Claim,
    /// What else the venue says.
    #[serde(skip_serializing_if = "Memo::is_none")]
    pub memo: Memo,
    /// Leaves of a subtree.
    pub leaves: usize,
    /// The subtrees that are proved, ascending; all others are empty if the state
    /// root is the venue's.
    pub subtrees: Vec<usize>,
    /// How many accounts there are.
    pub accounts: u64,
    /// The accounts below the level, in the order of leaves.
    pub flagged: Vec<AccountId>,
}

impl Coverage {
    /// Puts verified proofs together.
    ///
    /// # Errors
    /// When a subtree is proved twice, or a proof is about something else than the
    /// first. Missing subtrees, and those of another tree, give another state root.
    pub fn of<F: MarginField>(proofs: &[VerifiedSubtree<F>]) -> Result<Self, NotOneVenue> {
        Self::claimed_by(&proofs.iter().map(VerifiedSubtree::file).collect::<Vec<_>>())
    }

    /// What proofs say that nobody verified: of use to who sends them to a verifier, and
    /// nothing to rely on.
    ///
    /// # Errors
    /// As [`Coverage::of`].
    pub fn claimed_by<F: MarginField>(files: &[&VenueFile<F>]) -> Result<Self, NotOneVenue> {
        let subtrees: Vec<_> = files.iter().map(|file| file.subtree()).collect();
        let agree =
            |one: usize, other: usize| difference(files[one].instance(), files[other].instance());
        let (depth, placed) = placed(&subtrees, agree)?;
        let first = files.first().ok_or(NotOneVenue::Nothing)?;
        let in_order = || placed.values().map(|place| files[*place]);
        let root = |file: &VenueFile<F>| file.instance().subtree_root;
        let roots = placed.keys().copied().zip(in_order().map(root)).collect();
        let instance = first.instance();
        Ok(Self {
            context: instance.context,
            epoch: instance.epoch,
            state_root: Root::from_field(&state_root_over(depth, roots)),
            market_root: Root::from_field(&instance.market_root),
            model: instance.model,
            claim: instance.claim,
            memo: instance.memo,
            leaves: depth.leaves(),
            accounts: in_order().map(|file| u64::from(file.instance().counts.accounts)).sum(),
            flagged: in_order().flat_map(|file| file.flagged().iter().copied()).collect(),
            subtrees: placed.into_keys().collect(),
        })
    }
}

/// The places of proofs, by the number of the subtree that each is about, and the size of
/// subtrees; `difference` tells in what two of them disagree.
pub(crate) fn placed(
    subtrees: &[Subtree],
    difference: impl Fn(usize, usize) -> Option<&'static str>,
) -> Result<(SubtreeDepth, BTreeMap<usize, usize>), NotOneVenue> {
    let depth = subtrees.first().ok_or(NotOneVenue::Nothing)?.depth;
    let mut placed: BTreeMap<usize, usize> = BTreeMap::new();
    for (second, subtree) in subtrees.iter().enumerate() {
        let index = subtree.index;
        if subtree.depth != depth {
            return Err(NotOneVenue::Foreign { proof: second, what: "size of subtrees" });
        }
        if let Some(what) = difference(0, second) {
            return Err(NotOneVenue::Foreign { proof: second, what });
        }
        if let Some(first) = placed.insert(index, second) {
            return Err(NotOneVenue::Doubled { index, first, second });
        }
    }
    Ok((depth, placed))
}

/// In what two proofs of one venue must agree, and do not.
fn difference<F: MarginField>(
    one: &VenueInstance<F>,
    other: &VenueInstance<F>,
) -> Option<&'static str> {
    let agree = [
        ("context", one.context == other.context),
        ("epoch", one.epoch == other.epoch),
        ("market root", one.market_root == other.market_root),
        ("model", one.model == other.model),
        ("claim", one.claim == other.claim),
        ("memo", one.memo == other.memo),
    ];
    agree.into_iter().find(|(_, agree)| !agree).map(|(what, _)| what)
}
