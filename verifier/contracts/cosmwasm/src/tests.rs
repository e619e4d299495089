//! The engine's transition vectors, against the contract's storage. Their
//! claims are not proved, so they enter behind the verification.

use std::fs;
use std::path::PathBuf;

use cosmwasm_std::testing::{MockApi, MockQuerier, MockStorage, mock_dependencies, mock_env};
use cosmwasm_std::{Event, MessageInfo, Order, OwnedDeps, Storage, Timestamp, from_json};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zkmargin_verifier::engine::{Action, ActionRecord, Policy, PolicyParams};

use crate::apply::apply;
use crate::contract::instantiate;
use crate::error::ContractError;
use crate::msg::{
    AccountAnswer, Delays, InstantiateMsg, QueryMsg, Roles, Signers, StandingAnswer, StateAnswer,
};
use crate::queries::answer;
use crate::start::terms;
use crate::state::{CONFIG, META, Moment, WINDOWS};
use crate::windows::Window;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    #[serde(rename = "description")]
    _description: String,
    policy: PolicyParams,
    start: u64,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    now: u64,
    action: ActionRecord,
    expect: Expect,
    clock: u64,
    account: String,
    status: Value,
    query: Option<Query>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expect {
    Events(Vec<Value>),
    Refusal(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    min_level: String,
    max_age: u64,
    may_increase_risk: bool,
    market_timestamp: Option<u64>,
    market_age: Option<u64>,
    overdue: bool,
    halted: bool,
    stale: bool,
    provable_now: bool,
}

fn vectors() -> Vec<Vector> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/engine");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    paths.map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

/// An engine's event as the contract must announce it.
fn announced(event: &Value) -> Event {
    let fields = event.as_object().unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let attributes = fields.iter().filter(|(name, _)| *name != "type");
    Event::new(format!("zkmargin-{}", text(&fields["type"])))
        .add_attributes(attributes.map(|(name, value)| (name.clone(), text(value))))
}

type Registry = OwnedDeps<MockStorage, MockApi, MockQuerier>;

fn at(now: u64) -> Moment {
    Moment { now, ..Moment::from(&mock_env()) }
}

/// A registry of a policy, context included, without circuits.
fn registry(params: PolicyParams, start: u64) -> Registry {
    let mut deps = mock_dependencies();
    let mut env = mock_env();
    env.block.time = Timestamp::from_seconds(start);
    let anyone = deps.api.addr_make("anyone");
    let holder = || anyone.to_string();
    let policy = Policy::new(params).unwrap();
    let msg = InstantiateMsg {
        name: "vectors".to_owned(),
        terms: terms(&policy).unwrap(),
        signers: Signers { threshold: 1, signers: vec![format!("0x{}", "11".repeat(20))] },
        roles: Roles { governor: holder(), protocol: holder(), guardian: holder() },
        keys: Vec::new(),
        delays: Delays { circuits: 0, models: 0 },
        paths: None,
        for_tests: true,
    };
    let info = MessageInfo { sender: anyone.clone(), funds: Vec::new() };
    instantiate(deps.as_mut(), env, info, msg).unwrap();
    let mut config = CONFIG.load(&deps.storage).unwrap();
    config.policy = policy;
    CONFIG.save(&mut deps.storage, &config).unwrap();
    deps
}

fn ask<T: DeserializeOwned>(deps: &Registry, now: u64, msg: QueryMsg) -> T {
    from_json(answer(&deps.storage, &at(now), msg).unwrap()).unwrap()
}

#[test]
fn the_contract_follows_the_vectors() {
    let vectors = vectors();
    assert!(vectors.len() > 90, "{} vectors", vectors.len());
    let mut queries = 0;
    for vector in vectors {
        let mut deps = registry(vector.policy, vector.start);
        // Engines that verify proofs themselves start with circuits without an end.
        let circuits = Action::SetCircuits { until: u64::MAX, frozen: false };
        apply(&mut deps.storage, &at(vector.start), circuits).unwrap();
        for (number, step) in vector.steps.into_iter().enumerate() {
            let place = format!("{} step {number}", vector.name);
            let (before, now) = (snapshot(&deps.storage), step.now);
            match (apply(&mut deps.storage, &at(now), step.action), step.expect) {
                (Ok(events), Expect::Events(expected)) => {
                    let expected: Vec<Event> = expected.iter().map(announced).collect();
                    assert_eq!(events, expected, "{place}");
                    let changed = snapshot(&deps.storage) != before;
                    assert!(changed || events.is_empty(), "{place}: announced, but unchanged");
                }
                (Err(ContractError::Refused { refusal }), Expect::Refusal(code)) => {
                    assert_eq!(refusal.code(), code, "{place}");
                    assert_eq!(snapshot(&deps.storage), before, "{place}: refused, but changed");
                }
                (result, _) => panic!("{place}: {result:?}"),
            }
            let account: AccountAnswer =
                ask(&deps, now, QueryMsg::Account { account: step.account.clone() });
            let mut status = step.status;
            // What an account has none of is left out.
            status.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            assert_eq!(serde_json::to_value(&account.status).unwrap(), status, "{place}");
            let state: StateAnswer = ask(&deps, now, QueryMsg::State {});
            assert_eq!(state.clock, step.clock, "{place}");
            if let Some(query) = step.query {
                queries += 1;
                compare(&deps, now, step.account, query, &place);
            }
        }
    }
    assert!(queries > 20, "{queries} queries");
}

/// What a lender is told.
fn compare(deps: &Registry, now: u64, account: String, query: Query, place: &str) {
    let facts: StandingAnswer = ask(deps, now, QueryMsg::Standing { account: account.clone() });
    assert_eq!(facts.market_timestamp, query.market_timestamp, "{place}");
    assert_eq!(facts.market_age, query.market_age, "{place}");
    let told = [facts.overdue, facts.halted.is_some(), facts.stale, facts.provable_now];
    let expected = [query.overdue, query.halted, query.stale, query.provable_now];
    assert_eq!(told, expected, "{place}");
    assert_eq!(facts.standstill.is_none(), facts.provable_now, "{place}");
    let Query { min_level, max_age, .. } = query;
    let may: bool = ask(deps, now, QueryMsg::MayIncreaseRisk { account, min_level, max_age });
    assert_eq!(may, query.may_increase_risk, "{place}");
}

fn snapshot(storage: &dyn Storage) -> Vec<(Vec<u8>, Vec<u8>)> {
    storage.range(None, None, Order::Ascending).collect()
}

/// A registry with an epoch of 1,000, fresh for 10,000 seconds, and circuits that
/// are accepted at these times.
fn with_windows(windows: &[(u64, u64)]) -> Registry {
    let vectors = vectors();
    let mut params = vectors[0].policy.clone();
    (params.proof_window, params.max_snapshot_age) = (20_000, 10_000);
    params.grace_period = 50;
    let cure = json!({
        "overdue": 20_000, "below_initial": 20_000,
        "below_maintenance": 20_000, "below_margin_call": 20_000,
    });
    params.cure_periods = serde_json::from_value(cure).unwrap();
    let model = params.models[0];
    let mut deps = registry(params, 1_000);
    for (number, (from, until)) in (0_u8..).zip(windows) {
        let window = Window::of_margin(*from, *until);
        WINDOWS.save(&mut deps.storage, &[number], &window).unwrap();
    }
    let root = format!("0x{}", "01".repeat(32));
    let post = json!({
        "type": "post-epoch", "epoch": 1, "state_root": root, "market_root": root,
        "model": model, "market_timestamp": 1_000, "price_move_bps": 0, "reference": 0,
        "previous": format!("0x{}", "00".repeat(32)),
    });
    let post: ActionRecord = serde_json::from_value(post).unwrap();
    apply(&mut deps.storage, &at(1_000), post).unwrap();
    deps
}

/// Nobody has to say that a circuit's time has come: the clock knows when.
#[test]
fn the_clock_runs_in_the_windows_of_circuits() {
    let deps = with_windows(&[(1_100, 1_200), (1_150, 1_300), (1_400, u64::MAX)]);
    let clock = |now| ask::<StateAnswer>(&deps, now, QueryMsg::State {});
    for (now, clock_shows, provable) in [
        (1_050, 1_000, false),
        (1_100, 1_000, true),
        (1_250, 1_150, true),
        (1_300, 1_200, true),
        (1_399, 1_200, false),
        (1_400, 1_200, true),
        (1_500, 1_300, true),
    ] {
        let state = clock(now);
        assert_eq!((state.clock, state.provable_now), (clock_shows, provable), "{now}");
    }
}

/// What a transition stores is what was shown before it.
#[test]
fn windows_that_began_are_stored_with_the_next_transition() {
    let mut deps = with_windows(&[(1_100, 1_200), (1_400, 5_000)]);
    let account = format!("0x{}", "01".repeat(20));
    let register = Action::Register { account: account.parse().unwrap() };
    let events = apply(&mut deps.storage, &at(1_500), register).unwrap();
    let names: Vec<_> = events.iter().map(|event| event.ty.as_str()).collect();
    let circuits = "zkmargin-circuits-changed";
    assert_eq!(names, [circuits, circuits, "zkmargin-registered"]);
    let meta = META.load(&deps.storage).unwrap();
    assert_eq!((meta.clock.get(), meta.last_ran, meta.circuits_until), (1_200, 1_500, 5_000));
    // Grace: the clock stood still from 1,200 to 1,400.
    assert_eq!((meta.grace.from.get(), meta.grace.until.get() > 1_100), (1_100, true));
}

/// On a chain that split off, nothing counts and the clock stands still.
#[test]
fn another_chain_has_no_circuits() {
    let deps = with_windows(&[(1_000, u64::MAX)]);
    let here: StateAnswer = ask(&deps, 1_500, QueryMsg::State {});
    assert_eq!((here.clock, here.provable_now), (1_500, true));
    let elsewhere = Moment { chain: "fork-1".to_owned(), ..at(1_500) };
    let state: StateAnswer =
        from_json(answer(&deps.storage, &elsewhere, QueryMsg::State {}).unwrap()).unwrap();
    assert_eq!((state.clock, state.provable_now), (1_000, false));
    assert_eq!(state.standstill.as_deref(), Some("circuits"));
}
