//! What a netting file says, as plain data, and what a verifier makes of it.

use alloc::vec::Vec;

use serde::Serialize;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::statement::netting::{NettingInstance, VenueAccount, Venues};

#[cfg(any(feature = "ipa", feature = "kzg"))]
use super::NettingFile;
use crate::encoding::{shortfall, text};
use crate::root::Root;

/// Where an account is held, as plain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VenueData {
    /// The deployment that the venue attests for.
    pub context: ContextId,
    /// The account there.
    pub account: AccountId,
    /// Root of the account tree.
    pub state_root: Root,
}

/// The public inputs of a proof over several venues as plain data. It says nothing
/// about validity; see [`VerifiedNetting`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NettingData {
    /// The deployment that takes the proof.
    pub context: ContextId,
    /// The epoch of the market.
    pub epoch: Epoch,
    /// The account there.
    pub account: AccountId,
    /// The venues, by ascending context.
    pub venues: Vec<VenueData>,
    /// Root of the market.
    pub market_root: Root,
    /// The margin model.
    pub model: ModelDigest,
    /// What is claimed of all that is held, taken together.
    #[serde(serialize_with = "text::serialize")]
    pub claim: Claim,
    /// The shortfall, or zero.
    #[serde(serialize_with = "shortfall::serialize")]
    pub disclosed: Shortfall,
    /// What the submitter says besides; nothing where it is left out.
    #[serde(skip_serializing_if = "Memo::is_none")]
    pub memo: Memo,
}

impl<F: MarginField> From<(&NettingInstance<F>, &Venues<F>)> for NettingData {
    fn from((instance, venues): (&NettingInstance<F>, &Venues<F>)) -> Self {
        let data = |venue: &VenueAccount<F>| VenueData {
            context: venue.context,
            account: venue.account,
            state_root: Root::from_field(&venue.state_root),
        };
        Self {
            context: instance.context,
            epoch: instance.epoch,
            account: instance.account,
            venues: venues.as_slice().iter().map(data).collect(),
            market_root: Root::from_field(&instance.market_root),
            model: instance.model,
            claim: instance.claim,
            disclosed: instance.disclosed,
            memo: instance.memo,
        }
    }
}

/// Public inputs of a proof over several venues that has been verified: only this
/// crate's verifiers make one. It says nothing to who does not compare its list with
/// the venues, roots and accounts that they know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedNetting(NettingData);

impl VerifiedNetting {
    #[cfg(any(feature = "ipa", feature = "kzg"))]
    pub(crate) fn of<F: MarginField>(file: &NettingFile<F>) -> Self {
        Self((file.instance(), file.venues()).into())
    }

    /// What it says.
    pub const fn data(&self) -> &NettingData {
        &self.0
    }
}
