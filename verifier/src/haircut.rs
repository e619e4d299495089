//! A haircut whole: proofs of all subtrees, put together.
//!
//! Each proof says of one subtree that its winners are cut by their share of a loss and
//! nobody else by anything. Together they share that loss over all winners of the venue
//! when the equities sum to the equity that it is divided by and the cuts to the loss, and
//! when the roots of their subtrees, each at its place, and the digests of empty ones hash
//! up to the state root that the venue posted and to the one that it posts afterwards:
//! whoever relies on a [`VerifiedHaircut`] must hold both roots to those.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{ContextId, Epoch, Memo, ModelDigest};
use zkmargin_margin::statement::haircut::HaircutInstance;
use zkmargin_margin::statement::venue::state_root_over;

use crate::coverage::{NotOneVenue, placed};
use crate::encoding::text;
use crate::proof::haircut::VerifiedCuts;
use crate::root::Root;

/// Why proofs of subtrees are not of one haircut of a whole venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotOneHaircut {
    /// They are not of one venue.
    #[error(transparent)]
    Venue(#[from] NotOneVenue),
    /// The winners have something else than what the loss is divided by.
    #[error(
        "the winners of all subtrees have {found} quote units of equity, and the loss is shared over {expected}: a proof is missing or foreign"
    )]
    Equity {
        /// What they have.
        found: u128,
        /// What they should.
        expected: u128,
    },
    /// The cuts are not the loss.
    #[error("the cuts of all subtrees sum to {found} quote units, and the loss is {expected}")]
    Loss {
        /// Their sum.
        found: u128,
        /// The loss.
        expected: u128,
    },
}

/// What the proofs of a haircut's subtrees say together, as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifiedHaircut {
    /// The deployment.
    pub context: ContextId,
    /// The epoch of the market, and of the state before.
    pub epoch: Epoch,
    /// What the roots of the subtrees hash up to.
    pub state_root: Root,
    /// What their roots afterwards hash up to.
    pub state_after: Root,
    /// Root of the market.
    pub market_root: Root,
    /// The margin model.
    pub model: ModelDigest,
    /// The loss, in quote units: what all winners are cut by together.
    #[serde(serialize_with = "text::serialize")]
    pub loss: u128,
    /// What all winners have, in quote units.
    #[serde(serialize_with = "text::serialize")]
    pub equity: u128,
    /// How many winners there are.
    pub winners: u64,
    /// What else the venue says.
    #[serde(skip_serializing_if = "Memo::is_none")]
    pub memo: Memo,
    /// Leaves of a subtree.
    pub leaves: usize,
    /// The subtrees that are proved, ascending; all others are empty, before and
    /// afterwards, if both state roots are the venue's.
    pub subtrees: Vec<usize>,
}

impl VerifiedHaircut {
    /// Puts verified proofs together.
    ///
    /// # Errors
    /// When a subtree is proved twice, a proof is about something else than the first,
    /// or equities and cuts do not sum to what the loss is shared over and to the loss.
    /// Missing subtrees without winners, and those of another tree, give other roots.
    pub fn of<F: MarginField>(proofs: &[VerifiedCuts<F>]) -> Result<Self, NotOneHaircut> {
        let files: Vec<_> = proofs.iter().map(VerifiedCuts::file).collect();
        let subtrees: Vec<_> = files.iter().map(|file| file.subtree()).collect();
        let agree =
            |one: usize, other: usize| difference(files[one].instance(), files[other].instance());
        let (depth, placed) = placed(&subtrees, agree)?;
        let in_order = || placed.iter().map(|(index, place)| (*index, files[*place].instance()));
        let root = |of: fn(&HaircutInstance<F>) -> F| -> BTreeMap<usize, F> {
            in_order().map(|(index, instance)| (index, of(instance))).collect()
        };
        // At most 4^11 sums of 88 bits each.
        let sum = |of: fn(&HaircutInstance<F>) -> u128| -> u128 {
            in_order().map(|(_, instance)| of(instance)).sum()
        };
        let (equity, cuts) = (sum(|i| i.sums.equity), sum(|i| i.sums.cuts));
        let instance = files.first().ok_or(NotOneVenue::Nothing)?.instance();
        let haircut = instance.ratio.haircut();
        if equity != haircut.equity() {
            let expected = haircut.equity();
            return Err(NotOneHaircut::Equity { found: equity, expected });
        }
        if cuts != haircut.loss() {
            return Err(NotOneHaircut::Loss { found: cuts, expected: haircut.loss() });
        }
        let (before, after) = (root(|i| i.subtree_root), root(|i| i.subtree_after));
        Ok(Self {
            context: instance.context,
            epoch: instance.epoch,
            state_root: Root::from_field(&state_root_over(depth, before)),
            state_after: Root::from_field(&state_root_over(depth, after)),
            market_root: Root::from_field(&instance.market_root),
            model: instance.model,
            loss: haircut.loss(),
            equity: haircut.equity(),
            winners: in_order().map(|(_, instance)| u64::from(instance.sums.winners)).sum(),
            memo: instance.memo,
            leaves: depth.leaves(),
            subtrees: placed.into_keys().collect(),
        })
    }
}

/// In what two proofs of one haircut must agree, and do not.
fn difference<F: MarginField>(
    one: &HaircutInstance<F>,
    other: &HaircutInstance<F>,
) -> Option<&'static str> {
    let agree = [
        ("context", one.context == other.context),
        ("epoch", one.epoch == other.epoch),
        ("market root", one.market_root == other.market_root),
        ("model", one.model == other.model),
        ("loss or equity of all winners", one.ratio == other.ratio),
        ("memo", one.memo == other.memo),
    ];
    agree.into_iter().find(|(_, agree)| !agree).map(|(what, _)| what)
}
