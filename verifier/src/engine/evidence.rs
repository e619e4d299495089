//! What makes a claim count.

use zkmargin_margin::ids::Timestamp;

use super::claim::ClaimData;
use super::epoch_record::{EpochRecord, EpochState};
use super::refusal::Refusal;
use super::transition::{Read, Step};
use super::view::StateView;

impl<V: StateView> Step<'_, V> {
    /// Until when a snapshot is fresh, which it must be now. A time too large
    /// to add to is no time of a snapshot.
    pub(super) fn fresh_until(&self, timestamp: Timestamp) -> Result<u64, Refusal> {
        let fresh_until = timestamp
            .get()
            .checked_add(self.params().max_snapshot_age)
            .ok_or(Refusal::SnapshotInFuture)?;
        if self.now > fresh_until {
            return Err(Refusal::SnapshotStale { fresh_until });
        }
        Ok(fresh_until)
    }

    /// The epoch a claim rests on, if the claim counts.
    pub(super) fn evidence(&self, claim: &ClaimData) -> Read<EpochRecord, V> {
        if claim.context != self.params().context {
            return Err(Refusal::WrongContext.into());
        }
        let record = self.read_epoch(claim.epoch)?.ok_or(Refusal::UnknownEpoch)?;
        if claim.state_root != record.state_root {
            return Err(Refusal::WrongStateRoot.into());
        }
        if claim.market_root != record.market_root {
            return Err(Refusal::WrongMarketRoot.into());
        }
        if claim.model != record.model {
            return Err(Refusal::WrongModel.into());
        }
        if !self.is_accepted(record.model)? {
            return Err(Refusal::ModelNotAccepted.into());
        }
        match record.state {
            EpochState::Posted => {}
            EpochState::Quarantined => return Err(Refusal::EpochQuarantined.into()),
            EpochState::Rejected => return Err(Refusal::EpochRejected.into()),
        }
        self.fresh_until(record.market_timestamp)?;
        Ok(record)
    }
}
