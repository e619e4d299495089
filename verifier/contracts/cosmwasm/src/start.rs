//! How a registry begins, and how its code changes.

use cosmwasm_std::{Deps, DepsMut, Env, Response, StdError};
use serde_json::Value;
use zkmargin_margin::ids::ContextId;
use zkmargin_verifier::engine::{Meta, Policy};

use crate::error::ContractError;
use crate::msg::{Delays, InstantiateMsg, Terms, convert};
use crate::state::{CONFIG, Config, LAYOUT, LAYOUT_NUMBER, META, MODELS, Moment};
use crate::{circuits, epochs, paths, roles};

/// The name on record, for migrations.
const CONTRACT: &str = "zkmargin:registry";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The longest delay, in seconds.
const MAX_DELAY: u64 = 366 * 86_400;
/// The longest name, in bytes.
const MAX_NAME: usize = 64;

/// Starts a registry.
pub(crate) fn instantiate(
    deps: DepsMut<'_>,
    env: &Env,
    msg: &InstantiateMsg,
) -> Result<Response, ContractError> {
    let moment = Moment::from(env);
    let context = derive_context(deps.as_ref(), env, &msg.name)?;
    let config = Config {
        name: msg.name.clone(),
        chain: moment.chain.clone(),
        policy: policy(context, &msg.terms)?,
        delays: checked(msg.delays, msg.for_tests)?,
        for_tests: msg.for_tests,
    };
    cw2::set_contract_version(deps.storage, CONTRACT, VERSION)?;
    LAYOUT.save(deps.storage, &LAYOUT_NUMBER)?;
    for model in &config.policy.params().models {
        MODELS.save(deps.storage, model.as_bytes(), &())?;
    }
    CONFIG.save(deps.storage, &config)?;
    // Whether there is a circuit, they say below.
    let meta = Meta { circuits_until: 0, ..Meta::start(moment.now) };
    META.save(deps.storage, &meta)?;
    roles::begin_with(deps.storage, deps.api, &msg.roles)?;
    let signers = epochs::set_signers(deps.storage, &msg.signers)?;
    paths::begin_with(deps.storage, deps.api, msg.paths.as_ref())?;
    let circuits = circuits::begin_with(deps.storage, &moment, &msg.keys)?;
    Ok(Response::new()
        .add_attribute("context", context.to_string())
        .add_event(signers)
        .add_events(circuits))
}

/// The registry's context: of its chain, its address and its name.
fn derive_context(deps: Deps<'_>, env: &Env, name: &str) -> Result<ContextId, ContractError> {
    if !(1..=MAX_NAME).contains(&name.len()) {
        return Err(ContractError::Name { got: name.len() });
    }
    let address = deps.api.addr_canonicalize(env.contract.address.as_str())?;
    Ok(ContextId::derive_cosmwasm(name, &env.block.chain_id, &address))
}

fn checked(delays: Delays, for_tests: bool) -> Result<Delays, ContractError> {
    for (what, got) in [("circuits", delays.circuits), ("models", delays.models)] {
        if got > MAX_DELAY || (got == 0 && !for_tests) {
            return Err(ContractError::Delay { what, got, max: MAX_DELAY });
        }
    }
    Ok(delays)
}

/// The policy of the terms: the engine's parser checks them.
fn policy(context: ContextId, terms: &Terms) -> Result<Policy, ContractError> {
    let failed = |error: serde_json::Error| StdError::msg(format!("terms: {error}"));
    let mut params = serde_json::to_value(terms).map_err(failed)?;
    if let Value::Object(fields) = &mut params {
        fields.insert("context".to_owned(), Value::from(context.to_string()));
        fields.insert("proof_system".to_owned(), Value::from("kzg"));
    }
    Ok(Policy::new(convert("terms", &params)?)?)
}

/// The terms of a policy.
pub(crate) fn terms(policy: &Policy) -> Result<Terms, ContractError> {
    let failed = |error: serde_json::Error| StdError::msg(format!("policy: {error}"));
    let mut params = serde_json::to_value(policy).map_err(failed)?;
    if let Value::Object(fields) = &mut params {
        fields.remove("context");
        fields.remove("proof_system");
    }
    Ok(convert("policy", &params)?)
}

/// Brings a registry to this version.
pub(crate) fn migrate(deps: DepsMut<'_>) -> Result<Response, ContractError> {
    let found = cw2::get_contract_version(deps.storage)?;
    let number = |text: &str| -> Option<[u64; 3]> {
        // A pre-release counts as its release.
        let release = text.split(['-', '+']).next()?;
        let parts: Option<Vec<u64>> = release.split('.').map(|part| part.parse().ok()).collect();
        parts?.try_into().ok()
    };
    let known = found.contract == CONTRACT
        && number(&found.version).is_some_and(|version| Some(version) <= number(VERSION));
    if !known {
        let cw2::ContractVersion { contract, version } = found;
        return Err(ContractError::Migration { contract, version });
    }
    let layout = LAYOUT.may_load(deps.storage)?.unwrap_or(1);
    if layout != LAYOUT_NUMBER {
        return Err(ContractError::Layout { found: layout });
    }
    cw2::set_contract_version(deps.storage, CONTRACT, VERSION)?;
    Ok(Response::new())
}
