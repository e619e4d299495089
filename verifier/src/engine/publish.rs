//! Transitions of the engine itself: models, circuits, epochs.

use zkmargin_margin::ids::{Epoch, ModelDigest};

use super::breaker::MoveWindow;
use super::epoch_record::{EpochRecord, EpochState};
use super::event::Event;
use super::meta::HaltReason;
use super::refusal::Refusal;
use super::transition::{Decision, Read, Step};
use super::view::StateView;
use crate::epoch::EpochPost;
use crate::root::Root;

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

    pub(super) fn set_circuits(&mut self, until: u64, frozen: bool) -> Decision<V> {
        let meta = self.meta();
        meta.circuits_until = until;
        meta.circuits_frozen = frozen;
        self.events.push(Event::CircuitsChanged { until, frozen });
        Ok(())
    }

    pub(super) fn post_epoch(&mut self, post: &EpochPost) -> Decision<V> {
        let fresh_until = self.check_post(post)?;
        let window = self.confirmable(post);
        let quarantined = window.is_none();
        let state = if quarantined { EpochState::Quarantined } else { EpochState::Posted };
        let record = EpochRecord {
            state_root: post.state_root,
            market_root: post.market_root,
            model: post.model,
            market_timestamp: post.market_timestamp,
            posted: self.clock(),
            state,
        };
        self.changes.epoch = Some((post.epoch, record));
        self.events.push(Event::EpochPosted { epoch: post.epoch, quarantined });
        let digest = post.digest(self.params().context);
        let meta = self.meta();
        meta.latest = post.epoch;
        meta.latest_digest = digest;
        meta.latest_state = state;
        meta.fresh_until = fresh_until;
        meta.model_revoked = false;
        if let Some(window) = window {
            meta.confirmed = post.epoch;
            meta.window = window;
        } else if !core::mem::replace(&mut meta.breaker, true) {
            self.events.push(Event::Halted { reason: HaltReason::PriceMove });
        }
        Ok(())
    }

    /// Until when the post is fresh, if it may be posted.
    fn check_post(&self, post: &EpochPost) -> Read<u64, V> {
        let expected = self.next_epoch();
        if post.epoch != expected || post.epoch == self.changes.meta.latest {
            return Err(Refusal::EpochNotNext { expected }.into());
        }
        if !self.is_accepted(post.model)? {
            return Err(Refusal::ModelNotAccepted.into());
        }
        let system = self.params().proof_system;
        if ![post.state_root, post.market_root]
            .iter()
            .all(|root| system.is_canonical(root.as_bytes()))
        {
            return Err(Refusal::RootNotCanonical.into());
        }
        let fresh_until = self.check_time(post)?;
        if post.previous != self.changes.meta.latest_digest {
            return Err(Refusal::WrongPrevious.into());
        }
        let confirmed = self.changes.meta.confirmed;
        if post.reference != confirmed {
            return Err(Refusal::WrongReference { confirmed }.into());
        }
        Ok(fresh_until)
    }

    /// The number of the next epoch. After the last number there is, none is:
    /// it is the latest itself.
    const fn next_epoch(&self) -> Epoch {
        match self.changes.meta.latest.get() {
            0 => self.params().first_epoch,
            latest => Epoch::new(latest.saturating_add(1)),
        }
    }

    fn check_time(&self, post: &EpochPost) -> Read<u64, V> {
        let latest_allowed = self.now.checked_add(self.params().max_clock_skew);
        if latest_allowed.is_none_or(|allowed| post.market_timestamp.get() > allowed) {
            return Err(Refusal::SnapshotInFuture.into());
        }
        let previous = self.read_epoch(self.changes.meta.latest)?;
        if let Some(last) = previous.map(|record| record.market_timestamp)
            && post.market_timestamp < last
        {
            return Err(Refusal::SnapshotOlderThanLast { last }.into());
        }
        Ok(self.fresh_until(post.market_timestamp)?)
    }

    /// The window of moves with the post's on top, if its prices need nobody's
    /// word: after a jump every epoch does.
    fn confirmable(&self, post: &EpochPost) -> Option<MoveWindow> {
        let (meta, params) = (&self.changes.meta, self.params());
        let window = meta.window.rolled(self.now, params.breaker_window);
        let jumped = params.max_price_move_bps.is_some_and(|limit| {
            meta.confirmed.get() != 0 && window.total(post.price_move_bps) > limit
        });
        (!meta.breaker && !jumped).then(|| window.with(post.price_move_bps, params.breaker_window))
    }

    /// What the next epoch's move is measured against stays: it shows the jump
    /// back, and waits for the guardian.
    pub(super) fn reject_epoch(&mut self, epoch: Epoch, market_root: Root) -> Decision<V> {
        let record = self.read_epoch(epoch)?.ok_or(Refusal::UnknownEpoch)?;
        if market_root != record.market_root {
            return Err(Refusal::WrongMarketRoot.into());
        }
        if record.state == EpochState::Rejected {
            return Err(Refusal::EpochRejected.into());
        }
        let rejected = EpochRecord { state: EpochState::Rejected, posted: self.clock(), ..record };
        self.changes.epoch = Some((epoch, rejected));
        if epoch == self.changes.meta.latest {
            self.meta().latest_state = EpochState::Rejected;
        }
        self.events.push(Event::EpochRejected { epoch });
        Ok(())
    }
}
