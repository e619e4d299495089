//! The engine's transition vectors, run through the contract.
//!
//! Four things are translated. Contexts: the markets derive their own, so the
//! policy's context in a vector stands for it, and so do digests of epochs.
//! Accounts: a vector's is number zero of the owner with these bytes. Times: the
//! contracts' are 48 bits, so a vector's later ones stand for the last.

use std::fs;
use std::path::PathBuf;

use crate::common::registry::{Refused, Registry, time};
use serde::Deserialize;
use zkmargin_evm::contracts::MarginCallRegistry as contract;
use zkmargin_evm::engine::LAST_TIME;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{AccountId, ContextId, Timestamp};
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, ClockTime, Event, PolicyParams, Refusal,
};

#[derive(Deserialize)]
struct Vector {
    name: String,
    policy: PolicyParams,
    start: u64,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    now: u64,
    action: ActionRecord,
    expect: Expect,
    clock: ClockTime,
    account: AccountId,
    status: AccountStatus,
    query: Option<Query>,
}

/// What is asked of the account after the step, and the answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    min_level: Level,
    max_age: u64,
    may_increase_risk: bool,
    market_timestamp: Option<u64>,
    market_age: Option<u64>,
    overdue: bool,
    halted: bool,
    stale: bool,
    provable_now: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expect {
    Events(Vec<Event>),
    Refusal(String),
}

fn vectors() -> Vec<Vector> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../vectors/engine");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

fn translate(action: &ActionRecord, policy: ContextId, registry: ContextId) -> ActionRecord {
    let mut action = action.clone().map_claim(|mut claim| {
        if claim.context == policy {
            claim.context = registry;
        }
        claim
    });
    if let Action::PostEpoch(post) = &mut action {
        let seconds = post.market_timestamp.get();
        if seconds == u64::MAX {
            post.market_timestamp = Timestamp::new(LAST_TIME);
        }
    }
    action
}

/// The answers of the registry.
fn ask(registry: &mut Registry, step: &Step, place: &str) {
    let Some(query) = &step.query else { return };
    registry.chain.now = step.now.min(LAST_TIME);
    let (context, account) = (registry.context(), registry.account(step.account));
    let may = registry.view(&contract::mayIncreaseRiskCall {
        context,
        account,
        minLevel: query.min_level as u8,
        maxAge: time(query.max_age),
    });
    assert_eq!(may, query.may_increase_risk, "{place}");
    let facts = registry.view(&contract::standingCall { context, account });
    assert_eq!(facts.halted, query.halted, "{place}");
    assert_eq!(facts.stale, query.stale, "{place}");
    assert_eq!(facts.provableNow, query.provable_now, "{place}");
    assert_eq!(facts.marketTimestamp, time(query.market_timestamp.unwrap_or(0)), "{place}");
    if let Some(age) = query.market_age {
        assert_eq!(facts.marketAge, time(age), "{place}");
    }
    let uncalled = facts.state == 1 || facts.state == 2;
    assert_eq!(uncalled && facts.clock > facts.due, query.overdue, "{place}");
}

#[test]
fn the_contract_follows_the_vectors() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 141);
    let mut left_out = 0;
    for vector in vectors {
        let mut registry = Registry::new(&vector.policy, vector.start);
        let context = registry.market;
        registry.foreign = Some(vector.policy.context);
        // The engine's own begin with circuits that never end, as the mock does.
        for (number, step) in vector.steps.iter().enumerate() {
            let place = format!("{} step {number}", vector.name);
            // Blocks never go back in time: the contract does not check it.
            if step.expect == Expect::Refusal("time-backwards".into()) {
                left_out += 1;
                continue;
            }
            let action = translate(&step.action, vector.policy.context, context);
            let got = match registry.apply(step.now, &action) {
                Ok(events) => Expect::Events(events),
                Err(Refused::Engine(refusal)) => Expect::Refusal(refusal.code().into()),
                Err(Refused::Other(failure)) => panic!("{place}: {failure:?}"),
            };
            assert_eq!(got, step.expect, "{place}");
            assert_eq!(registry.clock(step.now), step.clock, "{place}");
            assert_eq!(registry.status(step.account, step.now), step.status, "{place}");
            ask(&mut registry, step, &place);
        }
    }
    assert_eq!(left_out, 1, "one step of time-backwards");
    assert_eq!(Refusal::CODES.len(), 49, "a new refusal needs an error in the contract");
}
