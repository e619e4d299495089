//! The engine's transition vectors, against the contract's storage. Their
//! claims are not proved, so they enter behind the verification.

use std::fs;
use std::path::PathBuf;

use cosmwasm_std::testing::{MockApi, mock_dependencies, mock_env};
use cosmwasm_std::{Event, MessageInfo, OwnedDeps, Timestamp, from_json};
use serde::Deserialize;
use serde_json::Value;
use zkmargin_verifier::engine::ActionRecord;

use crate::contract::{apply, instantiate, query};
use crate::error::ContractError;
use crate::msg::{AccountAnswer, InstantiateMsg, Policy, QueryMsg, Roles, StateAnswer};

#[derive(Deserialize)]
struct Vector {
    name: String,
    policy: Policy,
    start: u64,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    now: u64,
    action: ActionRecord,
    expect: Expect,
    clock: u64,
    account: String,
    status: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expect {
    Events(Vec<Value>),
    Refusal(String),
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

fn registry(
    policy: Policy,
    start: u64,
) -> OwnedDeps<cosmwasm_std::testing::MockStorage, MockApi, cosmwasm_std::testing::MockQuerier> {
    let mut deps = mock_dependencies();
    let mut env = mock_env();
    env.block.time = Timestamp::from_seconds(start);
    let anyone = deps.api.addr_make("anyone");
    let holder = || anyone.to_string();
    let roles =
        Roles { governor: holder(), publisher: holder(), protocol: holder(), guardian: holder() };
    let msg = InstantiateMsg { policy, roles, keys: Vec::new(), insecure_srs_allowed: false };
    let info = MessageInfo { sender: anyone.clone(), funds: Vec::new() };
    instantiate(deps.as_mut(), env, info, msg).unwrap();
    deps
}

#[test]
fn the_contract_follows_the_vectors() {
    let vectors = vectors();
    assert!(vectors.len() > 40, "{} vectors", vectors.len());
    for vector in vectors {
        let mut deps = registry(vector.policy, vector.start);
        for (number, step) in vector.steps.into_iter().enumerate() {
            let place = format!("{} step {number}", vector.name);
            let before: Vec<_> = snapshot(&deps.storage);
            match (apply(&mut deps.storage, step.now, step.action, None), step.expect) {
                (Ok(events), Expect::Events(expected)) => {
                    let expected: Vec<Event> = expected.iter().map(announced).collect();
                    assert_eq!(events, expected, "{place}");
                }
                (Err(ContractError::Refused { refusal }), Expect::Refusal(code)) => {
                    assert_eq!(refusal.code(), code, "{place}");
                    assert_eq!(snapshot(&deps.storage), before, "{place}: refused, but changed");
                }
                (result, _) => panic!("{place}: {result:?}"),
            }
            // A chain's time is nanoseconds, and so ends in the year 2554.
            if step.now.checked_mul(1_000_000_000).is_none() {
                continue;
            }
            let mut env = mock_env();
            env.block.time = Timestamp::from_seconds(step.now);
            let ask = |msg| query(deps.as_ref(), env.clone(), msg).unwrap();
            let account: AccountAnswer =
                from_json(ask(QueryMsg::Account { account: step.account })).unwrap();
            let mut status = step.status;
            // What an account has none of is left out.
            status.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            assert_eq!(serde_json::to_value(&account.status).unwrap(), status, "{place}");
            let state: StateAnswer = from_json(ask(QueryMsg::State {})).unwrap();
            assert_eq!((account.clock, state.clock), (step.clock, step.clock), "{place}");
        }
    }
}

fn snapshot(storage: &dyn cosmwasm_std::Storage) -> Vec<(Vec<u8>, Vec<u8>)> {
    storage.range(None, None, cosmwasm_std::Order::Ascending).collect()
}
