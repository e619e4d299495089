//! What must hold of the engine whatever is asked of it, beside a ghost that
//! counts the clock second by second.

use crate::common;
use std::collections::BTreeMap;

use crate::common::ghost::Ghost;
use crate::common::plan::{ACCOUNTS, Plan, action, arb_plan};
use crate::common::{account, linked, verified};
use proptest::prelude::*;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, ClockTime, Engine, EpochState, Event, OpenChange, Policy,
    PolicyParams, Refusal, Standing, nothing, standing,
};

/// Further epochs that a change has to be shown in.
const CHANGE_EPOCHS: u16 = 2;

/// The tests' policy, with changes.
fn params() -> PolicyParams {
    PolicyParams { change_epochs: CHANGE_EPOCHS, ..common::params() }
}

/// The events that may take an account from one state to another.
fn may_follow(before: &str, after: &str, events: &[Event]) -> bool {
    // A change on record, and an escrow, go with whatever state there is.
    let beside = |name: &str| name.starts_with("change-") || name == "escrowed";
    let names = events.iter().map(Event::name).filter(|name| !beside(name));
    let names: Vec<_> = names.collect();
    matches!(
        (before, names.as_slice(), after),
        ("unregistered" | "closed", ["registered"], "unproven")
            // What is stored as called or liquidatable may rest on a rejected epoch.
            | ("unproven" | "current" | "called" | "liquidatable", ["proof-accepted"], "current")
            | ("unproven" | "current" | "called" | "liquidatable", ["called"], "called")
            | ("called", ["cured"], "current")
            | ("called", ["liquidatable"], "liquidatable")
            | ("unproven" | "current" | "called" | "liquidatable", ["closed"], "closed")
            | ("unproven" | "current" | "called" | "liquidatable", ["escaped"], "closed")
            | ("called", ["liquidatable", "closed"], "closed")
            | ("called", ["liquidatable", "reinstated"], "unproven")
            | ("liquidatable", ["reinstated"], "unproven")
            // Stored as it is now: what rested on a rejected epoch is unproven.
            | ("current" | "called", ["path-requested" | "path-answered"] | [], "unproven")
    )
}

/// The stored name: a passed deadline that is not on record is still a call.
fn stored(engine: &Engine, number: u8) -> &'static str {
    let mut accounts = engine.accounts();
    accounts
        .find(|(id, _)| **id == account(number))
        .map_or("unregistered", |(_, account)| account.status.name())
}

/// Whether the deadline of a called account has passed.
fn is_past(standing: Standing) -> bool {
    matches!(standing.status, AccountStatus::Called { deadline, .. } if standing.clock > deadline)
}

/// A call as it was when it was made, and as it was last seen.
#[derive(Clone, Copy, Debug)]
struct Call {
    epoch: Epoch,
    stopped: u64,
    deadline: ClockTime,
    level: Option<Level>,
    shortfall: Option<Shortfall>,
    passed: bool,
    /// When it was made, on the account's own clock, and for how long, on the ghost's,
    /// the account had waited for paths before.
    made: u64,
    waited: u64,
}

/// The engine, the ghost beside it, and the calls that are open.
struct World {
    engine: Engine,
    ghost: Ghost,
    now: u64,
    calls: BTreeMap<u8, Call>,
    /// The ghost's clock since when an account waits for its path, and how long it
    /// has waited before.
    holds: BTreeMap<u8, u64>,
    waited: BTreeMap<u8, u64>,
    /// Changes on record.
    changes: BTreeMap<u8, OpenChange>,
    /// How many accounts became liquidatable, by window.
    marked: BTreeMap<u64, u16>,
}

impl World {
    fn new(escrow: bool, max_liquidations: u16) -> Self {
        let escrow = escrow.then(|| common::committee(1));
        let policy = PolicyParams { escrow, max_liquidations, ..params() };
        let policy = Policy::new(policy).unwrap();
        Self {
            engine: Engine::new(policy, common::START),
            ghost: Ghost::new(&params(), common::START),
            now: common::START,
            calls: BTreeMap::new(),
            holds: BTreeMap::new(),
            waited: BTreeMap::new(),
            changes: BTreeMap::new(),
            marked: BTreeMap::new(),
        }
    }

    /// Under a limit no window has more accounts become liquidatable than it allows.
    fn count_marked(&mut self) {
        let params = self.engine.policy().params();
        if params.max_liquidations != 0 {
            let marked = self.marked.entry(self.now / params.breaker_window).or_default();
            *marked += 1;
            assert!(*marked <= params.max_liquidations, "one too many at {}", self.now);
        }
    }

    /// Time passes, and is looked at; then the plan's action is asked for.
    fn run(&mut self, plan: Plan) {
        self.now += plan.seconds;
        self.ghost.tick_to(self.now);
        self.look();
        let before = self.engine.clone();
        let action = action(plan, &self.engine, self.now);
        let result = self.engine.apply(self.now, &verified(&action));
        assert_eq!(before.clone().apply(self.now, &verified(&action)), result, "deterministic");
        match result {
            Err(refusal) => {
                assert_eq!(self.engine, before, "a refusal changes nothing");
                assert!(!refusal.to_string().is_empty());
            }
            Ok(events) if events.is_empty() => {
                assert_eq!(self.engine, before, "without events nothing changes");
                self.claim_counts(&action);
            }
            Ok(events) => self.accepted(&before, &action, &events),
        }
        self.look();
    }

    fn accepted(&mut self, before: &Engine, action: &ActionRecord, events: &[Event]) {
        assert_eq!(self.engine.meta().last_time, self.now);
        self.claim_counts(action);
        self.ghost.accepted(action, events);
        self.follow_change(action, events);
        self.escrow_counts(action, events);
        assert!(self.engine.meta().latest >= before.meta().latest);
        let mut changed = 0;
        for number in 1..=ACCOUNTS {
            let (from, to) = (stored(before, number), stored(&self.engine, number));
            if from != to {
                changed += 1;
                assert!(may_follow(from, to, events), "{from} {to} {events:?}");
                assert_eq!(verified(action).account(), Some(account(number)));
            }
            if verified(action).account() == Some(account(number)) {
                self.follow(number, events);
            }
        }
        assert!(changed <= 1);
        // A claim that counted and is sent again changes nothing, or is refused.
        if let Action::SubmitProof { .. } | Action::SubmitBreach { .. } | Action::Cure { .. } =
            action
        {
            let again = self.engine.clone().apply(self.now, &verified(action));
            assert!(again.as_ref().map_or(true, Vec::is_empty), "{action:?} {again:?}");
        }
    }

    /// No proof, breach or cure counts on an epoch that is not confirmed, nor
    /// while the engine is halted.
    fn claim_counts(&self, action: &ActionRecord) {
        if let Action::SubmitProof { claim }
        | Action::SubmitBreach { claim }
        | Action::Cure { claim } = action
        {
            assert!(self.ghost.counts(claim.epoch), "{action:?}");
            assert_eq!(self.engine.meta().halted(self.now), None);
        }
        if let Action::SubmitChange { change } | Action::ShowChange { change } = action {
            assert!(self.ghost.counts(change.afterwards().epoch), "{action:?}");
            assert_eq!(self.engine.meta().halted(self.now), None);
        }
    }

    /// Where a committee must be able to open what is proved, nothing else keeps current
    /// or cures, and what it can open is on record; elsewhere nothing is in escrow.
    fn escrow_counts(&self, action: &ActionRecord, events: &[Event]) {
        let proved = events
            .iter()
            .any(|event| matches!(event, Event::ProofAccepted { .. } | Event::Cured { .. }));
        let on_record = events.iter().any(|event| matches!(event, Event::Escrowed { .. }));
        let demanded = self.engine.policy().params().escrow;
        assert_eq!(on_record, demanded.is_some() && proved, "{action:?} {events:?}");
        if on_record {
            let Action::SubmitEscrowed { escrowed } = action else { panic!("{action:?}") };
            assert_eq!(Some(escrowed.committee()), demanded);
            assert!(self.ghost.counts(escrowed.claim().epoch), "{action:?}");
        }
    }

    /// No at-least proof counts beside a change that is on record: it is shown, by a
    /// later epoch and its own commitment, or has expired.
    fn follow_change(&mut self, action: &ActionRecord, events: &[Event]) {
        let Some(id) = verified(action).account() else { return };
        let Some(number) = (1..=ACCOUNTS).find(|number| account(*number) == id) else { return };
        for event in events {
            match event {
                Event::ChangeAccepted { epoch, level, next, .. } => {
                    assert_eq!(*epoch, self.engine.meta().latest);
                    let open = OpenChange { epoch: *epoch, level: *level, next: *next };
                    let before = self.changes.insert(number, open);
                    assert!(before.is_none_or(|before| before.epoch == *epoch));
                }
                Event::ChangeShown { epoch, .. } => {
                    let Action::ShowChange { change } = action else { panic!("{action:?}") };
                    let open = self.changes.remove(&number).expect("a change to show");
                    assert!(*epoch > open.epoch && change.next() == open.next);
                    assert_eq!(change.change(), nothing(ProofSystem::Kzg));
                }
                Event::ChangeExpired { .. } => {
                    let open = self.changes.remove(&number).expect("a change to expire");
                    let posted = self.engine.meta().latest.get() - open.epoch.get();
                    assert!(posted > u64::from(CHANGE_EPOCHS), "epochs left");
                }
                Event::ProofAccepted { .. } | Event::Cured { .. } => {
                    assert!(!self.changes.contains_key(&number), "{action:?}");
                }
                Event::Closed { .. } | Event::Escaped { .. } | Event::Reinstated { .. } => {
                    self.changes.remove(&number);
                }
                _ => {}
            }
        }
    }

    fn follow(&mut self, number: u8, events: &[Event]) {
        for event in events {
            match event {
                Event::Called { epoch, deadline, level, shortfall, .. } => {
                    let least = 2 * params().max_snapshot_age;
                    // Its own clock stands still while it waits.
                    let own = self.holds.get(&number).copied().unwrap_or(self.ghost.clock);
                    assert!(deadline.get() >= own + least);
                    let (epoch, deadline) = (*epoch, *deadline);
                    let (level, shortfall, stopped) = (*level, *shortfall, self.ghost.stopped);
                    // What it gives is counted on that clock as well.
                    let waited = self.waited(number) - (self.ghost.clock - own);
                    let (made, passed) = (own, false);
                    let call =
                        Call { epoch, stopped, deadline, level, shortfall, passed, made, waited };
                    self.calls.insert(number, call);
                }
                Event::CallRefined { deadline, level, shortfall, .. } => {
                    let waited = self.waited(number);
                    let call = self.calls.get_mut(&number).expect("a call to refine");
                    // An answered request made it later by what the account had waited.
                    let stood = self.ghost.stopped - call.stopped + waited - call.waited;
                    assert!(deadline.get() <= call.deadline.get() + stood, "later than before");
                    assert!(call.level.is_none_or(|before| *level <= before), "less severe");
                    assert!(call.shortfall.is_none() || shortfall.is_some(), "forgotten");
                    (call.deadline, call.level, call.shortfall) =
                        (*deadline, Some(*level), *shortfall);
                }
                Event::Liquidatable { .. } => self.count_marked(),
                Event::PathRequested { .. } => {
                    let asked = self.holds.insert(number, self.ghost.clock);
                    assert_eq!(asked, None, "waits already");
                }
                Event::PathAnswered { .. } => self.end_hold(number),
                Event::ChangeAccepted { .. }
                | Event::ChangeShown { .. }
                | Event::ChangeExpired { .. }
                | Event::Escrowed { .. } => {}
                // A higher level in the epoch of the last proof tells nothing new.
                Event::ProofAccepted { .. } if self.waits(number) => {}
                Event::Cured { .. }
                | Event::ProofAccepted { .. }
                | Event::Closed { .. }
                | Event::Escaped { .. } => {
                    self.end_hold(number);
                    self.calls.remove(&number);
                }
                _ => drop(self.calls.remove(&number)),
            }
        }
    }

    /// Whether the engine says that an account waits.
    fn waits(&self, number: u8) -> bool {
        self.engine.standing(account(number), self.now).waits_for.is_some()
    }

    /// How long an account has waited, on the ghost's clock.
    fn waited(&self, number: u8) -> u64 {
        let now = self.holds.get(&number).map_or(0, |since| self.ghost.clock - since);
        now + self.waited.get(&number).copied().unwrap_or(0)
    }

    fn end_hold(&mut self, number: u8) {
        let waited = self.waited(number);
        self.waited.insert(number, waited);
        self.holds.remove(&number);
    }

    /// What must hold at any moment.
    fn look(&mut self) {
        let (engine, now) = (&self.engine, self.now);
        let meta = engine.meta_at(now);
        assert_eq!(meta.clock, self.ghost.clock(), "clock and ghost clock");
        assert_eq!(meta.provable_now(now), self.ghost.provable(now), "at {now}: {meta:?}");
        assert_eq!(meta.grace, self.ghost.grace, "grace and ghost grace");
        assert!(meta.clock.get() <= now);
        for number in 1..=ACCOUNTS {
            self.look_at_standing(number);
            self.look_at_hold(number);
            self.look_at_call(number);
        }
    }

    /// Who may take more risk has proved in a market that is young enough.
    fn look_at_standing(&self, number: u8) {
        let standing = self.engine.standing(account(number), self.now);
        assert_eq!(standing.change, self.changes.get(&number).copied());
        for (max_age, level) in
            [(0, Level::MarginCall), (50, Level::Maintenance), (u64::MAX, Level::Initial)]
        {
            if !standing.may_increase_risk(level, max_age) {
                continue;
            }
            let AccountStatus::Current { epoch, level: proved, .. } = standing.status else {
                panic!("{standing:?}")
            };
            assert!(!self.changes.contains_key(&number), "two portfolios");
            assert!(proved >= level && self.ghost.counts(epoch) && self.ghost.provable(self.now));
            let taken = self.ghost.epochs[&epoch].post.market_timestamp.get();
            assert!(taken <= self.now + params().max_clock_skew);
            assert!(self.now.saturating_sub(taken) <= max_age);
        }
    }

    /// The clock of an account that waits stands still, and it takes no risk.
    fn look_at_hold(&self, number: u8) {
        let standing = self.engine.standing(account(number), self.now);
        let held = self.holds.get(&number).copied();
        assert_eq!(standing.waits_for.map(|path| path.since.get()), held);
        assert_eq!(standing.clock.get(), held.unwrap_or(self.ghost.clock));
        if held.is_some() {
            assert!(!standing.may_increase_risk(Level::MarginCall, u64::MAX));
            assert!(!matches!(standing.status.name(), "liquidatable" | "closed"), "{standing:?}");
        }
    }

    fn look_at_call(&mut self, number: u8) {
        let (clock, waited) = (self.ghost.clock, self.waited(number));
        let status = self.engine.status(account(number), self.now);
        if let Some(epoch) = status.rests_on() {
            assert_eq!(self.ghost.epochs[&epoch].state, EpochState::Posted, "{status}");
        }
        let Some(call) = self.calls.get_mut(&number) else {
            assert!(!matches!(status.name(), "called" | "liquidatable"), "{status}");
            return;
        };
        match status {
            AccountStatus::Called { deadline, level, .. } => {
                assert!(!call.passed, "what had passed stays passed");
                let limited = self.engine.policy().params().max_liquidations != 0;
                assert!(limited || !is_past(self.engine.standing(account(number), self.now)));
                assert_eq!(level, call.level);
                // Later than on record by grace and waiting only: no longer than the clock
                // stood still, its own or all's.
                assert!(deadline >= call.deadline);
                let extended = deadline.get() - call.deadline.get();
                let stood = self.ghost.stopped - call.stopped;
                assert!(extended <= stood + waited - call.waited);
            }
            AccountStatus::Liquidatable { level, shortfall, since, .. } => {
                assert_eq!((level, shortfall), (call.level, call.shortfall), "on record");
                assert!(self.ghost.clock() > since || call.passed);
                if !call.passed {
                    // There was time in which an epoch after the call counted.
                    assert!(self.ghost.seconds_after(call.epoch) > 0, "{call:?}");
                    // And the account's own clock ran for as long as a call gives at least.
                    let own = (clock - call.made) - (waited - call.waited);
                    assert!(own > 2 * params().max_snapshot_age, "{call:?}");
                    call.passed = true;
                }
            }
            // The call's epoch was rejected.
            _ => drop(self.calls.remove(&number)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn invariants(
        escrow in any::<bool>(),
        limit in 0..3u16,
        plans in prop::collection::vec(arb_plan(), 1..150),
    ) {
        let mut world = World::new(escrow, limit);
        for plan in plans {
            world.run(plan);
        }
    }

    #[test]
    fn time_never_runs_backwards(start in 1u64..u64::MAX, back in 1u64..1_000_000) {
        let policy = Policy::new(params()).unwrap();
        let mut engine = Engine::new(policy.clone(), start);
        let action = verified(&common::register(1));
        let before = start.saturating_sub(back);
        prop_assert_eq!(engine.apply(before, &action), Err(Refusal::TimeBackwards { last: start }));
        prop_assert!(engine.apply(start, &action).is_ok());
        // Nothing is known of the time before.
        let Ok(standing) = standing(&policy, &engine, account(1), before);
        prop_assert!(!standing.provable_now);
    }

    /// Whatever the gaps between epochs, an account that proves itself in every
    /// epoch is never overdue, and a called one has time to cure.
    #[test]
    fn the_diligent_are_never_late(gaps in prop::collection::vec(0u64..5_000, 1..60)) {
        let mut engine = Engine::new(Policy::new(params()).unwrap(), common::START);
        engine.apply(common::START, &verified(&common::register(1))).unwrap();
        let mut now = common::START;
        let post = |engine: &mut Engine, epoch, now| {
            let next = linked(common::jump(epoch, now, 0), engine.meta());
            engine.apply(now, &verified(&next)).unwrap();
        };
        for (epoch, gap) in (1..).zip(gaps) {
            now += gap;
            post(&mut engine, epoch, now);
            let call = engine.apply(now, &verified(&common::overdue(1)));
            let not_overdue = matches!(call, Err(Refusal::NotOverdue { .. }));
            prop_assert!(not_overdue);
            if epoch % 7 == 3 {
                engine.apply(now, &verified(&common::breach(1, epoch))).unwrap();
                now += 3_000;
                post(&mut engine, epoch + 1, now);
                let cure = engine.apply(now, &verified(&common::cure(1, epoch + 1)));
                prop_assert!(cure.is_ok(), "{:?}", cure);
                break;
            }
            engine.apply(now, &verified(&common::prove(1, epoch))).unwrap();
        }
    }
}
