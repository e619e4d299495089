//! What must hold of the engine whatever is asked of it.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::plan::{ACCOUNTS, action, arb_plan};
use common::{account, params, verified};
use proptest::prelude::*;
use zkmargin_verifier::engine::{AccountStatus, Action, Engine, Event, Policy, Refusal};

/// The events that may take an account from one state to another.
fn may_follow(before: &str, after: &str, events: &[Event]) -> bool {
    let names: Vec<_> = events.iter().map(Event::name).collect();
    matches!(
        (before, names.as_slice(), after),
        ("unregistered" | "closed", ["registered"], "unproven")
            | ("unproven" | "current", ["proof-accepted"], "current")
            | ("unproven" | "current", ["called"], "called")
            | ("called", ["cured"], "current")
            | ("called", ["liquidatable"], "liquidatable")
            | ("unproven" | "current", ["closed"], "closed")
            | ("called", ["liquidatable", "closed"], "closed")
            | ("liquidatable", ["closed"], "closed")
            | ("called", ["liquidatable", "reinstated"], "unproven")
            | ("liquidatable", ["reinstated"], "unproven")
    )
}

/// The stored name: a passed deadline that is not on record is still a call.
fn stored(engine: &Engine, number: u8) -> &'static str {
    let mut accounts = engine.accounts();
    accounts
        .find(|(id, _)| **id == account(number))
        .map_or("unregistered", |(_, account)| account.status.name())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn invariants(plans in prop::collection::vec(arb_plan(), 1..120)) {
        let mut engine = Engine::new(Policy::new(params()).unwrap(), common::START);
        let mut now = common::START;
        let mut used = Vec::new();
        for plan in plans {
            now += plan.seconds;
            let before = engine.clone();
            let action = action(plan, &engine, now);
            let result = engine.apply(now, &verified(&action));
            // Deterministic.
            prop_assert_eq!(&before.clone().apply(now, &verified(&action)), &result);
            let events = match result {
                Err(refusal) => {
                    prop_assert_eq!(&engine, &before, "a refusal changes nothing");
                    prop_assert!(!refusal.to_string().is_empty());
                    continue;
                }
                Ok(events) => events,
            };
            prop_assert!(!events.is_empty());
            prop_assert_eq!(engine.meta().last_time, now);

            // The clock: never backwards, never faster than time, still in a halt.
            let (old, new) = (before.meta(), engine.meta());
            let ran = new.clock.get() - old.clock.get();
            prop_assert!(ran <= now - old.last_time);
            prop_assert!(new.clock.get() <= now);
            if old.halt.is_some() || now.min(old.fresh_until) <= old.last_time {
                prop_assert_eq!(ran, 0);
            }
            prop_assert!(new.latest >= old.latest);
            // A quarantined latest epoch implies a halt.
            if let Some((_, record)) = engine.epochs().last() {
                prop_assert!(!record.quarantined || new.halt.is_some());
            }

            // An account changes its state by the diagram's arrows only, and one at a time.
            let mut changed = 0;
            for number in 1..=ACCOUNTS {
                let (from, to) = (stored(&before, number), stored(&engine, number));
                if from != to {
                    changed += 1;
                    prop_assert!(may_follow(from, to, &events), "{} {} {:?}", from, to, events);
                    prop_assert_eq!(verified(&action).account(), Some(account(number)));
                }
            }
            prop_assert!(changed <= 1);

            // No new call in a halt; a call's times and epochs make sense.
            for event in &events {
                if let Event::Called { deadline, epoch, .. } = event {
                    prop_assert!(old.halt.is_none());
                    prop_assert_eq!(deadline.get(), new.clock.get() + params().cure_period);
                    prop_assert!(*epoch <= new.latest && epoch.get() > 0);
                }
                if let Event::ProofAccepted { due, .. } | Event::Cured { due, .. } = event {
                    prop_assert!(*due >= new.clock);
                }
            }
            // What an account's state rests on only gets newer while it is open.
            for ((_, old), (_, new)) in before.accounts().zip(engine.accounts()) {
                if before.accounts().count() == engine.accounts().count() {
                    prop_assert!(new.last_epoch >= old.last_epoch);
                }
            }
            // A proof that counted never counts again, nor does an overdue
            // account's call predate its last epoch.
            if let Action::SubmitProof { .. } | Action::SubmitBreach { .. } | Action::Cure { .. } = action {
                used.push(action.clone());
            }
            for (_, account) in engine.accounts() {
                if let AccountStatus::Called { epoch, .. } = account.status {
                    prop_assert!(epoch >= account.last_epoch);
                }
            }
            for action in &used {
                prop_assert!(engine.clone().apply(now, &verified(action)).is_err(), "{:?}", action);
            }
        }
    }

    #[test]
    fn time_never_runs_backwards(start in 1u64..u64::MAX, back in 1u64..1_000_000) {
        let mut engine = Engine::new(Policy::new(params()).unwrap(), start);
        let action = verified(&common::register(1));
        let before = start.saturating_sub(back);
        prop_assert_eq!(engine.apply(before, &action), Err(Refusal::TimeBackwards { last: start }));
        prop_assert!(engine.apply(start, &action).is_ok());
    }

    /// Whatever the gaps between epochs, an account that proves itself in every
    /// epoch is never overdue, and a called one has time to cure.
    #[test]
    fn the_diligent_are_never_late(gaps in prop::collection::vec(0u64..5_000, 1..60)) {
        let mut engine = Engine::new(Policy::new(params()).unwrap(), common::START);
        engine.apply(common::START, &verified(&common::register(1))).unwrap();
        let mut now = common::START;
        for (epoch, gap) in (1..).zip(gaps) {
            now += gap;
            engine.apply(now, &verified(&common::posted(epoch, now))).unwrap();
            let call = engine.apply(now, &verified(&common::overdue(1)));
            let not_overdue = matches!(call, Err(Refusal::NotOverdue { .. }));
            prop_assert!(not_overdue);
            if epoch % 7 == 3 {
                engine.apply(now, &verified(&common::breach(1, epoch))).unwrap();
                now += 3_000;
                engine.apply(now, &verified(&common::posted(epoch + 1_000_000, now))).ok();
                let cure = engine.apply(now, &verified(&common::cure(1, epoch + 1_000_000)));
                prop_assert!(cure.is_ok(), "{:?}", cure);
                break;
            }
            engine.apply(now, &verified(&common::prove(1, epoch))).unwrap();
        }
    }
}
