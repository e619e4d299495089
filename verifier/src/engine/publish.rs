//! Transitions of the engine itself: models, epochs, halts.

use zkmargin_margin::ids::ModelDigest;

use super::action::{EpochPost, Event};
use super::refusal::Refusal;
use super::state::{EpochRecord, HaltReason, StateView};
use super::transition::{Decision, Step};

impl<V: StateView> Step<'_, V> {
    pub(super) fn accept_model(&mut self, model: ModelDigest) -> Decision<V> {
        if self.is_accepted(model)? {
            return Err(Refusal::ModelAlreadyAccepted.into());
        }
        self.set_model(model, true)?;
        self.events.push(Event::ModelAccepted { model });
        Ok(())
    }

    pub(super) fn revoke_model(&mut self, model: ModelDigest) -> Decision<V> {
        if !self.is_accepted(model)? {
            return Err(Refusal::ModelNotAccepted.into());
        }
        self.set_model(model, false)?;
        self.events.push(Event::ModelRevoked { model });
        Ok(())
    }

    fn set_model(&mut self, model: ModelDigest, accepted: bool) -> Decision<V> {
        let latest = self.read_epoch(self.changes.meta.latest)?;
        if latest.is_some_and(|record| record.model == model) {
            self.meta().model_revoked = !accepted;
        }
        self.changes.model = Some((model, accepted));
        Ok(())
    }

    pub(super) fn post_epoch(&mut self, post: &EpochPost) -> Decision<V> {
        let latest = self.changes.meta.latest;
        if post.epoch <= latest {
            return Err(Refusal::EpochNotNewer { latest }.into());
        }
        if !self.is_accepted(post.model)? {
            return Err(Refusal::ModelNotAccepted.into());
        }
        if post.market_timestamp.get() > self.now {
            return Err(Refusal::SnapshotInFuture.into());
        }
        let previous = self.read_epoch(latest)?;
        if let Some(last) = previous.map(|record| record.market_timestamp)
            && post.market_timestamp < last
        {
            return Err(Refusal::SnapshotOlderThanLast { last }.into());
        }
        let fresh_until = self.fresh_until(post.market_timestamp)?;
        // The first epoch has nothing that it could have moved from.
        let limit = self.policy.params().max_price_move_bps;
        let jumped = previous.is_some() && limit.is_some_and(|limit| post.price_move_bps > limit);
        let record = EpochRecord {
            state_root: post.state_root,
            market_root: post.market_root,
            model: post.model,
            market_timestamp: post.market_timestamp,
            posted: self.clock(),
            quarantined: jumped,
        };
        self.changes.epoch = Some((post.epoch, record));
        self.events.push(Event::EpochPosted { epoch: post.epoch, quarantined: jumped });
        let meta = self.meta();
        meta.latest = post.epoch;
        meta.fresh_until = fresh_until;
        meta.model_revoked = false;
        if jumped && meta.halt.is_none() {
            meta.halt = Some(HaltReason::PriceMove);
            self.events.push(Event::Halted { reason: HaltReason::PriceMove });
        }
        Ok(())
    }

    pub(super) fn pause(&mut self) -> Decision<V> {
        if self.changes.meta.halt.is_some() {
            return Err(Refusal::AlreadyHalted.into());
        }
        self.meta().halt = Some(HaltReason::Paused);
        self.events.push(Event::Halted { reason: HaltReason::Paused });
        Ok(())
    }

    /// Ends a halt. A quarantined latest epoch is confirmed; earlier ones stay
    /// quarantined for good.
    pub(super) fn resume(&mut self) -> Decision<V> {
        if self.changes.meta.halt.is_none() {
            return Err(Refusal::NotHalted.into());
        }
        self.meta().halt = None;
        let latest = self.changes.meta.latest;
        let quarantined = self.read_epoch(latest)?.filter(|record| record.quarantined);
        self.changes.epoch =
            quarantined.map(|record| (latest, EpochRecord { quarantined: false, ..record }));
        self.events.push(Event::Resumed { confirmed: quarantined.map(|_| latest) });
        Ok(())
    }
}
