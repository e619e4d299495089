//! The entry points.

use cosmwasm_std::{
    Addr, Api, BankMsg, Binary, Coin, Deps, DepsMut, Env, Event, MessageInfo, Response, StdResult,
    Storage, entry_point,
};
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_verifier::engine::{Action, ActionRecord, ClaimData, EpochPost, Root};

use crate::apply::{apply, apply_proved};
use crate::error::ContractError;
use crate::msg::{ExecuteMsg, InstantiateMsg, MigrateMsg, PathMsg, QueryMsg, Submission, convert};
use crate::paths::Paths;
use crate::proofs::{self, Read, ReadChange, ReadEscrowed};
use crate::state::{GUARDIAN_WAITS, Moment, OWNERS};
use crate::{circuits, epochs, models, msg, queries, roles, start};

/// Starts a registry.
///
/// # Errors
/// When the terms, a delay or a key are refused, or an address is none.
#[entry_point]
pub fn instantiate(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    start::instantiate(deps, &env, &msg)
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
    let takes_coins = matches!(msg, ExecuteMsg::Path(PathMsg::Demand { .. } | PathMsg::Deposit {}));
    if !takes_coins {
        refuse_coins(&info)?;
    }
    roles::authorise(deps.storage, &info.sender, &msg)?;
    let MessageInfo { sender, funds } = info;
    let (storage, api, moment, mut pays) = (deps.storage, deps.api, (&env).into(), Vec::new());
    let call = Call { storage, api, moment, sender, funds, pays: &mut pays };
    let events = call.handle(msg)?;
    Ok(Response::new().add_events(events).add_messages(pays))
}

/// Answers a question.
///
/// # Errors
/// When storage cannot be read, or the question is of nothing that can be.
#[entry_point]
pub fn query(deps: Deps<'_>, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    queries::answer(deps.storage, &(&env).into(), msg)
}

/// Brings a registry to this version.
///
/// # Errors
/// When the state is another contract's, a later version's or of another layout.
#[entry_point]
pub fn migrate(deps: DepsMut<'_>, _: Env, _: MigrateMsg) -> Result<Response, ContractError> {
    start::migrate(deps)
}

fn refuse_coins(info: &MessageInfo) -> Result<(), ContractError> {
    if info.funds.is_empty() { Ok(()) } else { Err(ContractError::Coins) }
}

/// A message being handled, whose sender may send it.
struct Call<'a> {
    storage: &'a mut dyn Storage,
    api: &'a dyn Api,
    moment: Moment,
    sender: Addr,
    funds: Vec<Coin>,
    /// What is paid when the message is through.
    pays: &'a mut Vec<BankMsg>,
}

type Handled = Result<Vec<Event>, ContractError>;

impl Call<'_> {
    fn handle(mut self, msg: ExecuteMsg) -> Handled {
        let moment = self.moment.clone();
        match msg {
            ExecuteMsg::PostEpoch { post, signatures } => self.post(&post, &signatures),
            ExecuteMsg::RejectEpoch { epoch, market_root } => {
                let (epoch, market_root) = (Epoch::new(epoch), root(&market_root)?);
                self.act(Action::RejectEpoch { epoch, market_root })
            }
            ExecuteMsg::SetSigners { signers } => {
                one(epochs::announce_signers(self.storage, &moment, &signers))
            }
            ExecuteMsg::ActivateSigners {} => one(epochs::activate_signers(self.storage, &moment)),
            ExecuteMsg::CancelSigners {} => one(epochs::cancel_signers(self.storage)),
            ExecuteMsg::Path(msg) => self.path(&msg),
            ExecuteMsg::Pause { until } => self.pause(until),
            ExecuteMsg::Resume { epoch, market_root } => {
                let (epoch, market_root) = (Epoch::new(epoch), root(&market_root)?);
                self.act(Action::Resume { epoch, market_root })
            }
            ExecuteMsg::Register { account, owner } => {
                self.register(id(&account)?, owner.as_deref())
            }
            ExecuteMsg::SubmitProof(proof) => {
                self.submit(&proof, |claim| Action::SubmitProof { claim })
            }
            ExecuteMsg::SubmitProofs(batch) => proofs::submit_batch(self.storage, &moment, &batch),
            ExecuteMsg::SubmitBreach(proof) => {
                self.submit(&proof, |claim| Action::SubmitBreach { claim })
            }
            ExecuteMsg::Cure(proof) => self.submit(&proof, |claim| Action::Cure { claim }),
            ExecuteMsg::SubmitChange(proof) => self.submit_change(&proof),
            ExecuteMsg::ShowChange(proof) => {
                let read = ReadChange::new(&proof)?;
                self.change(&read, Action::ShowChange { change: read.change() })
            }
            ExecuteMsg::SubmitEscrowed(submission) => {
                let read = ReadEscrowed::new(&submission)?;
                let action = Action::SubmitEscrowed { escrowed: read.escrowed() };
                let verify = |storage: &dyn Storage| read.verify(storage, &moment);
                apply_proved(self.storage, &moment, action, verify)
            }
            ExecuteMsg::ExpireChange { account } => {
                self.act(Action::ExpireChange { account: id(&account)? })
            }
            ExecuteMsg::CallOverdue { account } => {
                self.act(Action::CallOverdue { account: id(&account)? })
            }
            ExecuteMsg::MarkLiquidatable { account } => {
                self.act(Action::MarkLiquidatable { account: id(&account)? })
            }
            ExecuteMsg::Close { account } => self.act(Action::Close { account: id(&account)? }),
            ExecuteMsg::Reinstate { account } => {
                self.act(Action::Reinstate { account: id(&account)? })
            }
            ExecuteMsg::Escape { account } => self.escape(id(&account)?),
            ExecuteMsg::AnnounceModel { model } => {
                one(models::announce(self.storage, &moment, convert("model", &model)?))
            }
            ExecuteMsg::AcceptModel { model } => {
                models::accept(self.storage, &moment, convert("model", &model)?)
            }
            ExecuteMsg::RevokeModel { model } => {
                models::revoke(self.storage, &moment, convert("model", &model)?)
            }
            ExecuteMsg::AddCircuit { key, valid_from, valid_until } => {
                circuits::add(self.storage, &moment, &key, valid_from, valid_until)
            }
            ExecuteMsg::RetireCircuit { circuit, valid_until } => {
                circuits::retire(self.storage, &moment, &circuit, valid_until)
            }
            ExecuteMsg::FreezeCircuit { circuit } => {
                circuits::freeze(self.storage, &moment, &circuit)
            }
            ExecuteMsg::UnfreezeCircuit { circuit } => {
                circuits::unfreeze(self.storage, &moment, &circuit)
            }
            ExecuteMsg::RemoveCircuit { circuit } => {
                circuits::remove(self.storage, &moment, &circuit)
            }
            ExecuteMsg::ProposeRole { role, holder } => {
                one(roles::propose(self.storage, self.api, role, holder.as_deref()))
            }
            ExecuteMsg::AcceptRole { role } => one(roles::accept(self.storage, &self.sender, role)),
        }
    }

    fn act(&mut self, action: ActionRecord) -> Handled {
        apply(self.storage, &self.moment, action)
    }

    fn submit(
        self,
        submission: &Submission,
        action: impl FnOnce(ClaimData) -> ActionRecord,
    ) -> Handled {
        let read = Read::new(submission)?;
        let verify = |storage: &dyn Storage| read.verify(storage, &self.moment);
        apply_proved(self.storage, &self.moment, action(read.claim()), verify)
    }

    /// The owner's word: it keeps others' proofs from counting.
    fn submit_change(self, submission: &Submission) -> Handled {
        let read = ReadChange::new(submission)?;
        let change = read.change();
        let owner = OWNERS.may_load(self.storage, change.afterwards().account.as_bytes())?;
        if owner.as_ref() != Some(&self.sender) {
            return Err(ContractError::NotOwner);
        }
        self.change(&read, Action::SubmitChange { change })
    }

    fn change(self, read: &ReadChange<'_>, action: ActionRecord) -> Handled {
        let verify = |storage: &dyn Storage| read.verify(storage, &self.moment);
        apply_proved(self.storage, &self.moment, action, verify)
    }

    fn post(&mut self, post: &msg::EpochPost, signatures: &[String]) -> Handled {
        let post: EpochPost = convert("post", post)?;
        epochs::require_signed(self.storage, self.api, &post, signatures)?;
        self.act(Action::PostEpoch(post))
    }

    fn path(self, msg: &PathMsg) -> Handled {
        let Self { storage, api, moment, sender, funds, pays } = self;
        let (moment, sender, funds) = (&moment, &sender, funds.as_slice());
        Paths { storage, api, moment, sender, funds, pays }.handle(msg)
    }

    fn pause(&mut self, until: u64) -> Handled {
        let waits = roles::pause_allowed(self.storage, &self.sender, self.moment.now, until)?;
        let events = self.act(Action::Pause { until })?;
        if let Some(waits) = waits {
            GUARDIAN_WAITS.save(self.storage, &waits)?;
        }
        Ok(events)
    }

    fn register(&mut self, account: AccountId, owner: Option<&str>) -> Handled {
        let owner = owner.map(|owner| self.api.addr_validate(owner)).transpose()?;
        let events = self.act(Action::Register { account })?;
        match owner {
            Some(owner) => OWNERS.save(self.storage, account.as_bytes(), &owner)?,
            None => OWNERS.remove(self.storage, account.as_bytes()),
        }
        Ok(events)
    }

    fn escape(&mut self, account: AccountId) -> Handled {
        let owner = OWNERS.may_load(self.storage, account.as_bytes())?;
        if owner.as_ref() != Some(&self.sender) {
            return Err(ContractError::NotOwner);
        }
        self.act(Action::Escape { account })
    }
}

fn one(event: Result<Event, impl Into<ContractError>>) -> Handled {
    event.map(|event| vec![event]).map_err(Into::into)
}

fn id(account: &str) -> StdResult<AccountId> {
    convert("account", &account)
}

fn root(root: &str) -> StdResult<Root> {
    convert("market_root", &root)
}
