//! How the guardian halts the engine and lets it go on.

use zkmargin_margin::ids::Epoch;

use super::breaker::MoveWindow;
use super::epoch_record::{EpochRecord, EpochState};
use super::event::Event;
use super::meta::HaltReason;
use super::refusal::Refusal;
use super::transition::{Decision, Step};
use super::view::StateView;
use crate::root::Root;

impl<V: StateView> Step<'_, V> {
    /// A pause ends by itself, unless it is renewed.
    pub(super) fn pause(&mut self, until: u64) -> Decision<V> {
        let max = self.params().max_pause;
        if until <= self.now || until - self.now > max {
            return Err(Refusal::PauseTooLong { max }.into());
        }
        if self.changes.meta.paused_until.is_some_and(|paused| until <= paused) {
            return Err(Refusal::AlreadyHalted.into());
        }
        self.meta().paused_until = Some(until);
        self.events.push(Event::Halted { reason: HaltReason::Paused });
        Ok(())
    }

    /// Ends a halt. Whoever does so names the epoch that is confirmed, so that
    /// one posted meanwhile is not. Earlier quarantined ones stay so for good.
    pub(super) fn resume(&mut self, epoch: Epoch, market_root: Root) -> Decision<V> {
        if self.changes.meta.halted(self.now).is_none() {
            return Err(Refusal::NotHalted.into());
        }
        let latest = self.changes.meta.latest;
        let record = self.read_epoch(latest)?;
        let root = record.map_or(Root::new([0; 32]), |record| record.market_root);
        if epoch != latest || market_root != root {
            return Err(Refusal::WrongConfirmation { latest }.into());
        }
        if self.changes.meta.latest_state == EpochState::Rejected {
            return Err(Refusal::EpochRejected.into());
        }
        let (now, meta) = (self.now, self.meta());
        meta.paused_until = None;
        meta.breaker = false;
        let quarantined = record.filter(|record| record.state == EpochState::Quarantined);
        if let Some(record) = quarantined {
            meta.latest_state = EpochState::Posted;
            meta.confirmed = latest;
            meta.window = MoveWindow::empty(now);
            let confirmed = EpochRecord { state: EpochState::Posted, ..record };
            self.changes.epoch = Some((latest, confirmed));
        }
        self.events.push(Event::Resumed { confirmed: quarantined.map(|_| latest) });
        Ok(())
    }
}
