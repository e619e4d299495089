//! The entry points.

use cosmwasm_std::{
    Attribute, Binary, Deps, DepsMut, Env, Event, MessageInfo, Response, StdError, StdResult,
    Storage, entry_point, to_json_binary,
};
use zkmargin_margin::ids::Epoch;
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, Meta, Policy, StateView as _, transition,
};

use crate::error::ContractError;
use crate::msg::{
    AccountAnswer, CircuitsAnswer, EpochAnswer, ExecuteMsg, InstantiateMsg, MigrateMsg,
    PolicyAnswer, QueryMsg, Role, Roles, StateAnswer, Submission, convert,
};
use crate::proofs::{self, Read};
use crate::state::{CONFIG, Config, META, MODELS, ROLES, Stored, role_key, write};

/// The name on record, for migrations.
const CONTRACT: &str = "zkmargin:registry";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Starts a registry.
///
/// # Errors
/// When the policy or a key is refused, or an address is none.
#[entry_point]
pub fn instantiate(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    cw2::set_contract_version(deps.storage, CONTRACT, VERSION)?;
    let policy = Policy::new(convert("policy", &msg.policy)?)?;
    for model in &policy.params().models {
        MODELS.save(deps.storage, model.as_bytes(), &())?;
    }
    META.save(deps.storage, &Meta::start(env.block.time.seconds()))?;
    let Roles { governor, publisher, protocol, guardian } = msg.roles;
    let holders = [
        (Role::Governor, governor),
        (Role::Publisher, publisher),
        (Role::Protocol, protocol),
        (Role::Guardian, guardian),
    ];
    for (role, holder) in holders {
        ROLES.save(deps.storage, role_key(role), &deps.api.addr_validate(&holder)?)?;
    }
    let config = Config { policy, insecure_srs_allowed: msg.insecure_srs_allowed };
    CONFIG.save(deps.storage, &config)?;
    let mut response = Response::new();
    for key in &msg.keys {
        response = response.add_event(circuit_added(deps.storage, key)?);
    }
    Ok(response)
}

/// Does what a message asks.
///
/// # Errors
/// When the sender may not, the engine refuses, or a proof does not verify.
#[entry_point]
pub fn execute(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    if let Some(role) = role_of(&msg) {
        let holder = ROLES.load(deps.storage, role_key(role))?;
        if holder != info.sender {
            return Err(ContractError::NotAllowed { role });
        }
    }
    let read = match &msg {
        ExecuteMsg::SubmitProof(submission)
        | ExecuteMsg::SubmitBreach(submission)
        | ExecuteMsg::Cure(submission) => Some(Read::new(submission)?),
        _ => None,
    };
    let action: ActionRecord = match (&msg, &read) {
        (ExecuteMsg::SubmitProof(_), Some(read)) => Action::SubmitProof { claim: read.claim() },
        (ExecuteMsg::SubmitBreach(_), Some(read)) => Action::SubmitBreach { claim: read.claim() },
        (ExecuteMsg::Cure(_), Some(read)) => Action::Cure { claim: read.claim() },
        (ExecuteMsg::AcceptModel { model }, _) => {
            Action::AcceptModel { model: convert("model", model)? }
        }
        (ExecuteMsg::RevokeModel { model }, _) => {
            Action::RevokeModel { model: convert("model", model)? }
        }
        (ExecuteMsg::PostEpoch(post), _) => Action::PostEpoch(convert("epoch", post)?),
        (ExecuteMsg::Register { account }, _) => {
            Action::Register { account: convert("account", account)? }
        }
        (ExecuteMsg::CallOverdue { account }, _) => {
            Action::CallOverdue { account: convert("account", account)? }
        }
        (ExecuteMsg::MarkLiquidatable { account }, _) => {
            Action::MarkLiquidatable { account: convert("account", account)? }
        }
        (ExecuteMsg::Close { account }, _) => {
            Action::Close { account: convert("account", account)? }
        }
        (ExecuteMsg::Reinstate { account }, _) => {
            Action::Reinstate { account: convert("account", account)? }
        }
        (ExecuteMsg::Pause {}, _) => Action::Pause,
        (ExecuteMsg::Resume {}, _) => Action::Resume,
        _ => return administer(deps, msg),
    };
    let events = apply(deps.storage, env.block.time.seconds(), action, read.as_ref())?;
    Ok(Response::new().add_events(events))
}

/// Applies an action at a time. It is decided as if its proof were valid, and
/// nothing is written before the proof is.
pub(crate) fn apply(
    storage: &mut dyn Storage,
    now: u64,
    action: ActionRecord,
    proof: Option<&Read<'_>>,
) -> Result<Vec<Event>, ContractError> {
    let action = action.assume_verified_unchecked();
    let policy = CONFIG.load(storage)?.policy;
    let decided = transition(&policy, &Stored(storage), now, &action)?;
    if let Some(proof) = proof {
        proof.verify(storage)?;
    }
    write(storage, &decided.changes)?;
    Ok(decided.events.iter().map(announced).collect::<StdResult<_>>()?)
}

/// The governor's messages that are no transitions of the engine.
fn administer(deps: DepsMut<'_>, msg: ExecuteMsg) -> Result<Response, ContractError> {
    let event = match msg {
        ExecuteMsg::AddCircuit { key } => circuit_added(deps.storage, &key)?,
        ExecuteMsg::RemoveCircuit { circuit } => {
            proofs::remove(deps.storage, &circuit)?;
            Event::new("zkmargin-circuit-removed").add_attribute("circuit", circuit)
        }
        ExecuteMsg::SetRole { role, holder } => {
            let holder = deps.api.addr_validate(&holder)?;
            ROLES.save(deps.storage, role_key(role), &holder)?;
            Event::new("zkmargin-role-set")
                .add_attribute("role", role_key(role))
                .add_attribute("holder", holder)
        }
        // All others are actions.
        _ => return Err(StdError::msg("not a message of the governor").into()),
    };
    Ok(Response::new().add_event(event))
}

/// Who may send a message; `None` is anyone.
const fn role_of(msg: &ExecuteMsg) -> Option<Role> {
    match msg {
        ExecuteMsg::AcceptModel { .. }
        | ExecuteMsg::RevokeModel { .. }
        | ExecuteMsg::AddCircuit { .. }
        | ExecuteMsg::RemoveCircuit { .. }
        | ExecuteMsg::SetRole { .. } => Some(Role::Governor),
        ExecuteMsg::PostEpoch(_) => Some(Role::Publisher),
        ExecuteMsg::Register { .. } | ExecuteMsg::Close { .. } | ExecuteMsg::Reinstate { .. } => {
            Some(Role::Protocol)
        }
        ExecuteMsg::Pause {} | ExecuteMsg::Resume {} => Some(Role::Guardian),
        ExecuteMsg::SubmitProof(_)
        | ExecuteMsg::SubmitBreach(_)
        | ExecuteMsg::Cure(_)
        | ExecuteMsg::CallOverdue { .. }
        | ExecuteMsg::MarkLiquidatable { .. } => None,
    }
}

fn circuit_added(storage: &mut dyn Storage, key: &[u8]) -> Result<Event, ContractError> {
    let key = proofs::add(storage, key)?;
    Ok(Event::new("zkmargin-circuit-added").add_attribute("circuit", key.digest().to_string()))
}

/// An engine's event: its name after `zkmargin-`, its fields as attributes.
fn announced(event: &zkmargin_verifier::engine::Event) -> StdResult<Event> {
    let value = serde_json::to_value(event).map_err(|error| StdError::msg(error.to_string()))?;
    let fields = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "type");
    let attributes = fields.map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Attribute::new(name.clone(), text)
    });
    Ok(Event::new(format!("zkmargin-{}", event.name())).add_attributes(attributes))
}

/// Answers a question.
///
/// # Errors
/// When storage cannot be read, or a submission to verify is of no accepted
/// circuit or no margin statement.
#[entry_point]
pub fn query(deps: Deps<'_>, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let stored = Stored(deps.storage);
    let clock = || -> StdResult<_> { Ok(stored.meta()?.clock_at(env.block.time.seconds())) };
    Ok(match msg {
        QueryMsg::Policy {} => {
            let Config { policy, insecure_srs_allowed } = CONFIG.load(deps.storage)?;
            to_json_binary(&PolicyAnswer {
                policy: convert("policy", &policy)?,
                insecure_srs_allowed,
            })?
        }
        QueryMsg::Roles {} => {
            let holder = |role| -> StdResult<String> {
                Ok(ROLES.load(deps.storage, role_key(role))?.into_string())
            };
            to_json_binary(&Roles {
                governor: holder(Role::Governor)?,
                publisher: holder(Role::Publisher)?,
                protocol: holder(Role::Protocol)?,
                guardian: holder(Role::Guardian)?,
            })?
        }
        QueryMsg::State {} => {
            let meta = convert("state", &stored.meta()?)?;
            to_json_binary(&StateAnswer { meta, clock: clock()?.get() })?
        }
        QueryMsg::Account { account } => {
            let (account, clock) = (stored.account(convert("account", &account)?)?, clock()?);
            let status = account.map_or(AccountStatus::Unregistered, |a| a.status.at(clock));
            to_json_binary(&AccountAnswer {
                status: convert("status", &status)?,
                in_good_standing: status.in_good_standing(clock),
                overdue: status.is_overdue(clock),
                clock: clock.get(),
            })?
        }
        QueryMsg::Epoch { epoch } => {
            let epoch = stored.epoch(Epoch::new(epoch))?;
            to_json_binary(&EpochAnswer { epoch: convert("epoch", &epoch)? })?
        }
        QueryMsg::ModelAccepted { model } => {
            to_json_binary(&stored.is_model_accepted(convert("model", &model)?)?)?
        }
        QueryMsg::Circuits {} => {
            to_json_binary(&CircuitsAnswer { circuits: proofs::list(deps.storage)? })?
        }
        QueryMsg::Verify(submission) => to_json_binary(&verified(deps, &submission)?)?,
    })
}

fn verified(deps: Deps<'_>, submission: &Submission) -> Result<bool, ContractError> {
    match Read::new(submission)?.verify(deps.storage) {
        Ok(()) => Ok(true),
        Err(ContractError::Proof(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Brings a registry to this version.
///
/// # Errors
/// When the state is another contract's, or a later version's.
#[entry_point]
pub fn migrate(deps: DepsMut<'_>, _: Env, _: MigrateMsg) -> Result<Response, ContractError> {
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
    cw2::set_contract_version(deps.storage, CONTRACT, VERSION)?;
    Ok(Response::new())
}

fn refuse_coins(info: &MessageInfo) -> Result<(), ContractError> {
    if info.funds.is_empty() { Ok(()) } else { Err(ContractError::Coins) }
}
