//! A model of the engine's clock that knows no closed form: it asks in every
//! second whether a proof would count, and counts the seconds in which it would.

use std::collections::{BTreeMap, BTreeSet};

use zkmargin_margin::ids::{Epoch, ModelDigest};
use zkmargin_verifier::engine::{
    Action, ActionRecord, ClockTime, EpochPost, EpochState, Event, Grace, PolicyParams,
};

/// An epoch as the ghost sees it.
#[derive(Clone, Debug)]
pub(crate) struct GhostEpoch {
    pub(crate) post: EpochPost,
    pub(crate) state: EpochState,
    /// Seconds in which proofs against it counted.
    pub(crate) seconds: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Ghost {
    params: PolicyParams,
    now: u64,
    /// The clock, tick by tick.
    pub(crate) clock: u64,
    /// Seconds in which it stood still.
    pub(crate) stopped: u64,
    /// What protects deadlines that had not passed when it last started again.
    pub(crate) grace: Grace,
    running: bool,
    last_ran: u64,
    pub(crate) epochs: BTreeMap<Epoch, GhostEpoch>,
    models: BTreeSet<ModelDigest>,
    paused_until: Option<u64>,
    breaker: bool,
    circuits_until: u64,
    frozen: bool,
}

impl Ghost {
    pub(crate) fn new(params: &PolicyParams, start: u64) -> Self {
        Self {
            now: start,
            clock: start,
            stopped: 0,
            grace: Grace::default(),
            running: false,
            last_ran: start,
            epochs: BTreeMap::new(),
            models: params.models.iter().copied().collect(),
            paused_until: None,
            breaker: false,
            circuits_until: u64::MAX,
            frozen: false,
            params: params.clone(),
        }
    }

    pub(crate) fn clock(&self) -> ClockTime {
        ClockTime::new(self.clock)
    }

    /// Whether somebody could prove at this moment.
    pub(crate) fn provable(&self, time: u64) -> bool {
        let Some((_, latest)) = self.epochs.last_key_value() else { return false };
        let taken = latest.post.market_timestamp.get();
        latest.state == EpochState::Posted
            && self.models.contains(&latest.post.model)
            && self.paused_until.is_none_or(|until| time > until)
            && !self.breaker
            && !self.frozen
            && time <= self.circuits_until
            && time <= taken + self.params.max_snapshot_age
    }

    /// Whether a proof against an epoch would count now, whoever makes it.
    pub(crate) fn counts(&self, epoch: Epoch) -> bool {
        self.epochs.get(&epoch).is_some_and(|epoch| {
            epoch.state == EpochState::Posted && self.models.contains(&epoch.post.model)
        })
    }

    pub(crate) fn tick_to(&mut self, now: u64) {
        while self.now < now {
            let runs = self.provable(self.now + 1);
            self.starts_if(runs);
            self.now += 1;
            if runs {
                self.clock += 1;
                self.last_ran = self.now;
                if let Some(mut latest) = self.epochs.last_entry() {
                    latest.get_mut().seconds += 1;
                }
            } else {
                self.stopped += 1;
            }
        }
    }

    /// When it runs and did not, nothing is due for as long as it stood still,
    /// up to the grace period.
    fn starts_if(&mut self, runs: bool) {
        if runs && !self.running {
            let stopped = self.now - self.last_ran;
            let until = ClockTime::new(self.clock + stopped.min(self.params.grace_period));
            if self.clock() > self.grace.until {
                self.grace = Grace { from: self.clock(), until };
            } else {
                self.grace.until = self.grace.until.max(until);
            }
            self.last_ran = self.now;
        }
        self.running = runs;
    }

    /// What an accepted action changed.
    pub(crate) fn accepted(&mut self, action: &ActionRecord, events: &[Event]) {
        self.record(action, events);
        self.starts_if(self.provable(self.now));
    }

    fn record(&mut self, action: &ActionRecord, events: &[Event]) {
        match action {
            Action::AcceptModel { model } => drop(self.models.insert(*model)),
            Action::RevokeModel { model } => drop(self.models.remove(model)),
            Action::SetCircuits { until, frozen } => {
                (self.circuits_until, self.frozen) = (*until, *frozen);
            }
            Action::Pause { until } => self.paused_until = Some(*until),
            Action::Resume { .. } => self.resumed(events),
            Action::PostEpoch(post) => self.posted(*post, events),
            Action::RejectEpoch { epoch, .. } => {
                if let Some(epoch) = self.epochs.get_mut(epoch) {
                    epoch.state = EpochState::Rejected;
                }
            }
            _ => {}
        }
    }

    fn posted(&mut self, post: EpochPost, events: &[Event]) {
        let quarantined = matches!(events, [Event::EpochPosted { quarantined: true, .. }, ..]);
        self.breaker |= quarantined;
        let state = if quarantined { EpochState::Quarantined } else { EpochState::Posted };
        self.epochs.insert(post.epoch, GhostEpoch { post, state, seconds: 0 });
    }

    fn resumed(&mut self, events: &[Event]) {
        self.paused_until = None;
        self.breaker = false;
        if let [Event::Resumed { confirmed: Some(epoch) }] = events
            && let Some(epoch) = self.epochs.get_mut(epoch)
        {
            epoch.state = EpochState::Posted;
        }
    }

    /// Seconds in which proofs against later epochs counted that still count.
    pub(crate) fn seconds_after(&self, epoch: Epoch) -> u64 {
        let later = self.epochs.range(epoch..).skip_while(|(number, _)| **number == epoch);
        later
            .filter(|(_, later)| later.state == EpochState::Posted)
            .map(|(_, later)| later.seconds)
            .sum()
    }
}
