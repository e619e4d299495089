//! Who may do what, and how roles are handed over: offered by the governor, taken
//! by whom they were offered to, so that no role goes to an address that nobody
//! can use.

use cosmwasm_std::{Addr, Api, Event, StdResult, Storage};

use crate::error::ContractError;
use crate::msg::{ExecuteMsg, Role, Roles, RolesAnswer};
use crate::state::{CONFIG, GUARDIAN_WAITS, NOMINEES, ROLES, role_key};

/// Who may send a message. The governor may all that the guardian may; owners and
/// nominees are known where the message is handled.
const fn role_of(msg: &ExecuteMsg) -> Option<Role> {
    match msg {
        ExecuteMsg::SetSigners { .. }
        | ExecuteMsg::AnnounceModel { .. }
        | ExecuteMsg::AcceptModel { .. }
        | ExecuteMsg::AddCircuit { .. }
        | ExecuteMsg::RetireCircuit { .. }
        | ExecuteMsg::UnfreezeCircuit { .. }
        | ExecuteMsg::RemoveCircuit { .. }
        | ExecuteMsg::ProposeRole { .. } => Some(Role::Governor),
        ExecuteMsg::Register { .. } | ExecuteMsg::Close { .. } | ExecuteMsg::Reinstate { .. } => {
            Some(Role::Protocol)
        }
        ExecuteMsg::RejectEpoch { .. }
        | ExecuteMsg::Pause { .. }
        | ExecuteMsg::Resume { .. }
        | ExecuteMsg::RevokeModel { .. }
        | ExecuteMsg::CancelSigners {}
        | ExecuteMsg::FreezeCircuit { .. } => Some(Role::Guardian),
        ExecuteMsg::PostEpoch { .. }
        | ExecuteMsg::SubmitProof(_)
        | ExecuteMsg::SubmitProofs(_)
        | ExecuteMsg::SubmitBreach(_)
        | ExecuteMsg::CallOverdue { .. }
        | ExecuteMsg::Cure(_)
        | ExecuteMsg::SubmitChange(_)
        | ExecuteMsg::ShowChange(_)
        | ExecuteMsg::ExpireChange { .. }
        | ExecuteMsg::SubmitEscrowed(_)
        | ExecuteMsg::MarkLiquidatable { .. }
        | ExecuteMsg::Escape { .. }
        | ExecuteMsg::ActivateSigners {}
        | ExecuteMsg::Path(_)
        | ExecuteMsg::AcceptRole { .. } => None,
    }
}

/// Refuses whoever may not send a message.
pub(crate) fn authorise(
    storage: &dyn Storage,
    sender: &Addr,
    msg: &ExecuteMsg,
) -> Result<(), ContractError> {
    let Some(role) = role_of(msg) else { return Ok(()) };
    let allowed = holds(storage, sender, role)?
        || (role == Role::Guardian && holds(storage, sender, Role::Governor)?);
    if allowed { Ok(()) } else { Err(ContractError::NotAllowed { role }) }
}

fn holds(storage: &dyn Storage, sender: &Addr, role: Role) -> StdResult<bool> {
    Ok(ROLES.load(storage, role_key(role))? == *sender)
}

/// Sets the first holders.
pub(crate) fn begin_with(storage: &mut dyn Storage, api: &dyn Api, roles: &Roles) -> StdResult<()> {
    let Roles { governor, protocol, guardian } = roles;
    let holders =
        [(Role::Governor, governor), (Role::Protocol, protocol), (Role::Guardian, guardian)];
    for (role, holder) in holders {
        ROLES.save(storage, role_key(role), &api.addr_validate(holder)?)?;
    }
    GUARDIAN_WAITS.save(storage, &0)
}

/// Offers a role, or withdraws the offer.
pub(crate) fn propose(
    storage: &mut dyn Storage,
    api: &dyn Api,
    role: Role,
    holder: Option<&str>,
) -> StdResult<Event> {
    let event = Event::new("zkmargin-role-proposed").add_attribute("role", role_key(role));
    match holder {
        Some(holder) => {
            let holder = api.addr_validate(holder)?;
            NOMINEES.save(storage, role_key(role), &holder)?;
            Ok(event.add_attribute("holder", holder))
        }
        None => {
            NOMINEES.remove(storage, role_key(role));
            Ok(event.add_attribute("holder", "none"))
        }
    }
}

/// Takes a role that was offered.
pub(crate) fn accept(
    storage: &mut dyn Storage,
    sender: &Addr,
    role: Role,
) -> Result<Event, ContractError> {
    if NOMINEES.may_load(storage, role_key(role))?.as_ref() != Some(sender) {
        return Err(ContractError::NotOffered { role });
    }
    NOMINEES.remove(storage, role_key(role));
    ROLES.save(storage, role_key(role), sender)?;
    Ok(Event::new("zkmargin-role-accepted")
        .add_attribute("role", role_key(role))
        .add_attribute("holder", sender))
}

/// Refuses a guardian that paused lately; otherwise from when on it may pause
/// again: when the longest pause has passed after the end of this one, so that it
/// halts for a part of the time only. `None` for the governor, who need not wait.
pub(crate) fn pause_allowed(
    storage: &dyn Storage,
    sender: &Addr,
    now: u64,
    until: u64,
) -> Result<Option<u64>, ContractError> {
    if holds(storage, sender, Role::Governor)? {
        return Ok(None);
    }
    let waits = GUARDIAN_WAITS.load(storage)?;
    if now < waits {
        return Err(ContractError::GuardianMustWait { until: waits });
    }
    let max_pause = CONFIG.load(storage)?.policy.params().max_pause;
    until.checked_add(max_pause).map(Some).ok_or(ContractError::Time)
}

/// Who may do what.
pub(crate) fn list(storage: &dyn Storage) -> StdResult<RolesAnswer> {
    let holder =
        |role| -> StdResult<String> { Ok(ROLES.load(storage, role_key(role))?.into_string()) };
    let next = |role| -> StdResult<Option<String>> {
        Ok(NOMINEES.may_load(storage, role_key(role))?.map(Addr::into_string))
    };
    Ok(RolesAnswer {
        holders: Roles {
            governor: holder(Role::Governor)?,
            protocol: holder(Role::Protocol)?,
            guardian: holder(Role::Guardian)?,
        },
        next_governor: next(Role::Governor)?,
        next_protocol: next(Role::Protocol)?,
        next_guardian: next(Role::Guardian)?,
        guardian_may_pause_from: GUARDIAN_WAITS.load(storage)?,
    })
}
