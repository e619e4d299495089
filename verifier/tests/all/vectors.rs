//! The transition vectors: `vectors/engine/*.json` drive every implementation
//! of the engine. `UPDATE_VECTORS=1` writes them from the scenarios, whose
//! expectations are written by hand.

use crate::scenarios;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::common::{START, account, linked, verified};
use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{AccountId, Timestamp};
use zkmargin_verifier::engine::{
    AccountStatus, ActionRecord, ClockTime, Engine, Event, Policy, PolicyParams, Refusal, Standing,
};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    description: String,
    policy: PolicyParams,
    start: u64,
    steps: Vec<VectorStep>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorStep {
    now: u64,
    action: ActionRecord,
    expect: Expect,
    /// The engine's clock at `now`, after the step.
    clock: ClockTime,
    /// The status of this account at `now`, after the step.
    account: AccountId,
    status: AccountStatus,
    /// What a lender is told of it at `now`, after the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<Query>,
}

/// Whether the account may take more risk, and the facts that the status and
/// the clock do not say.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    min_level: Level,
    max_age: u64,
    may_increase_risk: bool,
    market_timestamp: Option<Timestamp>,
    market_age: Option<u64>,
    overdue: bool,
    halted: bool,
    stale: bool,
    provable_now: bool,
}

impl Query {
    fn new(standing: &Standing, min_level: Level, max_age: u64) -> Self {
        Self {
            min_level,
            max_age,
            may_increase_risk: standing.may_increase_risk(min_level, max_age),
            market_timestamp: standing.market_timestamp,
            market_age: standing.market_age,
            overdue: standing.overdue,
            halted: standing.halted.is_some(),
            stale: standing.stale,
            provable_now: standing.provable_now,
        }
    }

    /// The facts in short, as scenarios write them.
    fn facts(&self) -> String {
        let number = |value: Option<u64>| value.map_or("-".into(), |value| value.to_string());
        let mut facts =
            vec![number(self.market_timestamp.map(Timestamp::get)), number(self.market_age)];
        for (fact, name) in [
            (self.overdue, "overdue"),
            (self.halted, "halted"),
            (self.stale, "stale"),
            (self.provable_now, "provable"),
        ] {
            if fact {
                facts.push(name.into());
            }
        }
        facts.join(" ")
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expect {
    Events(Vec<Event>),
    Refusal(String),
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/engine")
}

fn stored_paths() -> impl Iterator<Item = PathBuf> {
    let paths = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"))
}

fn stored() -> Vec<Vector> {
    let mut vectors: Vec<Vector> = stored_paths()
        .map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        .collect();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    vectors
}

/// Runs a scenario, checks what was written by hand, and puts it down in full.
fn run(scenario: scenarios::Scenario) -> Vector {
    let mut engine = Engine::new(Policy::new(scenario.policy.clone()).unwrap(), START);
    let mut steps = Vec::new();
    for (number, step) in scenario.steps.into_iter().enumerate() {
        let scenarios::Step { now, action, outcome, status, query } = step;
        let action = linked(action, engine.meta());
        let before = engine.clone();
        let expect = match engine.apply(now, &verified(&action)) {
            Ok(events) => {
                assert!(!events.is_empty() || engine == before, "without events nothing changes");
                Expect::Events(events)
            }
            Err(refusal) => {
                assert_eq!(engine, before, "a refusal changes nothing");
                Expect::Refusal(refusal.code().into())
            }
        };
        let got = match &expect {
            Expect::Events(events) => events.iter().map(Event::name).collect::<Vec<_>>().join("+"),
            Expect::Refusal(code) => format!("!{code}"),
        };
        let account = account(1);
        let (clock, stand) = (engine.clock(now), engine.status(account, now));
        let time = match stand {
            AccountStatus::Unproven { due, .. } | AccountStatus::Current { due, .. } => Some(due),
            AccountStatus::Called { deadline, .. } => Some(deadline),
            AccountStatus::Liquidatable { since, .. } => Some(since),
            _ => None,
        };
        let time = time.map_or(String::new(), |time| format!(" {}", time.get()));
        let place = format!("{} step {number}: {}", scenario.name, action.name());
        assert_eq!(got, outcome, "{place}");
        assert_eq!(format!("{} {}{time}", clock.get(), stand.name()), status, "{place}");
        let query = query.map(|asked| {
            let query = Query::new(&engine.standing(account, now), asked.min_level, asked.max_age);
            assert_eq!(query.facts(), asked.facts, "{place}");
            assert_eq!(query.may_increase_risk, asked.answer, "{place}");
            query
        });
        steps.push(VectorStep { now, action, expect, clock, account, status: stand, query });
    }
    Vector {
        name: scenario.name.into(),
        description: scenario.description.into(),
        policy: scenario.policy,
        start: START,
        steps,
    }
}

#[test]
fn vectors_are_the_scenarios() {
    let mut vectors: Vec<_> = scenarios::all().into_iter().map(run).collect();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        for stale in stored_paths() {
            let name = stale.file_stem().and_then(|stem| stem.to_str()).unwrap().to_owned();
            if vectors.iter().all(|vector| vector.name != name) {
                fs::remove_file(stale).unwrap();
            }
        }
        for vector in &vectors {
            let text = serde_json::to_string_pretty(vector).unwrap() + "\n";
            // Renamed into place: the other tests read the directory meanwhile.
            let path = directory().join(format!("{}.json", vector.name));
            fs::write(path.with_extension("new"), text).unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }
    }
    let stored = stored();
    assert_eq!(stored.len(), vectors.len());
    for (stored, vector) in stored.iter().zip(&vectors) {
        assert!(stored == vector, "{} differs: see UPDATE_VECTORS", vector.name);
    }
}

#[test]
fn the_engine_follows_the_vectors() {
    for vector in stored() {
        let mut engine = Engine::new(Policy::new(vector.policy).unwrap(), vector.start);
        for (number, step) in vector.steps.iter().enumerate() {
            let place = format!("{} step {number}", vector.name);
            let got = match engine.apply(step.now, &verified(&step.action)) {
                Ok(events) => Expect::Events(events),
                Err(refusal) => Expect::Refusal(refusal.code().into()),
            };
            assert_eq!(got, step.expect, "{place}");
            assert_eq!(engine.clock(step.now), step.clock, "{place}");
            assert_eq!(engine.status(step.account, step.now), step.status, "{place}");
            if let Some(query) = &step.query {
                let standing = engine.standing(step.account, step.now);
                let got = Query::new(&standing, query.min_level, query.max_age);
                assert_eq!(&got, query, "{place}");
            }
        }
    }
}

#[test]
fn the_shortfall_on_record_is_that_of_the_breach_level() {
    let on_record = |name: &str| {
        let vectors = stored();
        let vector = vectors.iter().find(|vector| vector.name == name).unwrap();
        match vector.steps.last().unwrap().status {
            AccountStatus::Called { shortfall, .. } => shortfall.map(|units| units.get()),
            ref status => panic!("{name} ends {status:?}"),
        }
    };
    assert_eq!(on_record("disclosed-shortfall"), Some(1005));
    assert_eq!(on_record("disclosed-shortfall-of-a-lower-level"), None);
    assert_eq!(on_record("breach-levels"), None);
}

#[test]
fn every_action_event_refusal_and_state_is_covered() {
    let (mut actions, mut events) = (BTreeSet::new(), BTreeSet::new());
    let (mut refusals, mut states) = (BTreeSet::new(), BTreeSet::new());
    for step in stored().iter().flat_map(|vector| &vector.steps) {
        actions.insert(step.action.name());
        states.insert(step.status.name());
        match &step.expect {
            Expect::Events(list) => events.extend(list.iter().map(Event::name)),
            Expect::Refusal(code) => {
                refusals.insert(code.clone());
            }
        }
    }
    assert_eq!(refusals, Refusal::CODES.iter().map(ToString::to_string).collect());
    assert_eq!(events, Event::NAMES.into_iter().collect());
    assert_eq!(actions, ActionRecord::NAMES.into_iter().collect());
    assert_eq!(states, AccountStatus::NAMES.into_iter().collect());
}

#[test]
fn names_are_those_of_the_json() {
    for step in stored().iter().flat_map(|vector| &vector.steps) {
        let tag = |value: serde_json::Value, key: &str| value[key].as_str().unwrap().to_owned();
        assert_eq!(tag(serde_json::to_value(&step.action).unwrap(), "type"), step.action.name());
        assert_eq!(tag(serde_json::to_value(step.status).unwrap(), "state"), step.status.name());
        if let Expect::Events(events) = &step.expect {
            for event in events {
                assert_eq!(tag(serde_json::to_value(event).unwrap(), "type"), event.name());
            }
        }
    }
    let stale = serde_json::to_value(Refusal::SnapshotStale { fresh_until: 3 }).unwrap();
    assert_eq!(stale, serde_json::json!({"code": "snapshot-stale", "fresh_until": 3}));
}
