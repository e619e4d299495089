//! Answers to questions.

use cosmwasm_std::{Binary, Order, Storage, to_json_binary};
use cw_storage_plus::Bound;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};
use zkmargin_verifier::engine::{Account, AccountStatus, StateView as _, check_claim, standing};

use crate::error::ContractError;
use crate::msg::{
    AccountAnswer, AccountsAnswer, CircuitsAnswer, ClaimAnswer, EpochAnswer, ModelAnswer,
    ModelsAnswer, PolicyAnswer, QueryMsg, Signers, StateAnswer, Submission, convert,
};
use crate::proofs::Read;
use crate::state::{ACCOUNTS, ANNOUNCED, MODELS, Moment, OWNERS, SIGNERS, Stored};
use crate::{circuits, epochs, paths, roles, start};

/// Answers a question at a moment.
pub(crate) fn answer(
    storage: &dyn Storage,
    moment: &Moment,
    msg: QueryMsg,
) -> Result<Binary, ContractError> {
    let asked = Asked { storage, moment, stored: Stored::at(storage, moment)? };
    let encoded = match msg {
        QueryMsg::Policy {} => to_json_binary(&asked.policy()?),
        QueryMsg::Roles {} => to_json_binary(&roles::list(storage)?),
        QueryMsg::Signers {} => {
            to_json_binary(&convert::<Signers>("signers", &SIGNERS.load(storage)?)?)
        }
        QueryMsg::NextSigners {} => to_json_binary(&epochs::next_signers(storage)?),
        QueryMsg::Paths {} => to_json_binary(&paths::terms(storage)?),
        QueryMsg::Demand { account, epoch } => {
            to_json_binary(&paths::demand(storage, convert("account", &account)?, epoch)?)
        }
        QueryMsg::State {} => to_json_binary(&asked.state()?),
        QueryMsg::Account { account } => {
            to_json_binary(&asked.account(convert("account", &account)?)?)
        }
        QueryMsg::Accounts { start_after, limit } => {
            to_json_binary(&asked.accounts(start_after, size(limit))?)
        }
        QueryMsg::Standing { account } => {
            let facts = asked.standing(convert("account", &account)?)?;
            to_json_binary(&convert::<crate::msg::StandingAnswer>("standing", &facts)?)
        }
        QueryMsg::MayIncreaseRisk { account, min_level, max_age } => {
            let facts = asked.standing(convert("account", &account)?)?;
            let min_level = convert("min_level", &min_level)?;
            to_json_binary(&facts.may_increase_risk(min_level, max_age))
        }
        QueryMsg::CheckClaim(submission) => to_json_binary(&asked.claim(&submission)?),
        QueryMsg::Epoch { epoch } => {
            let epoch = asked.stored.epoch(Epoch::new(epoch))?;
            to_json_binary(&EpochAnswer { epoch: convert("epoch", &epoch)? })
        }
        QueryMsg::Model { model } => to_json_binary(&asked.model(convert("model", &model)?)?),
        QueryMsg::Models { start_after, limit } => {
            to_json_binary(&asked.models(start_after, size(limit))?)
        }
        QueryMsg::Circuits { start_after, limit } => {
            let circuits = circuits::list(storage, start_after.as_deref(), size(limit))?;
            to_json_binary(&CircuitsAnswer { circuits })
        }
        QueryMsg::Verify(submission) => {
            to_json_binary(&match Read::new(&submission)?.verify_alone(storage) {
                Ok(()) => true,
                Err(ContractError::Proof(_)) => false,
                Err(error) => return Err(error),
            })
        }
    };
    Ok(encoded?)
}

/// How many entries a page has.
fn size(limit: Option<u32>) -> usize {
    limit.unwrap_or(10).min(30) as usize
}

/// A question at a moment.
struct Asked<'a> {
    storage: &'a dyn Storage,
    moment: &'a Moment,
    stored: Stored<'a>,
}

impl Asked<'_> {
    fn policy(&self) -> Result<PolicyAnswer, ContractError> {
        let config = &self.stored.config;
        Ok(PolicyAnswer {
            context: config.policy.params().context.to_string(),
            name: config.name.clone(),
            chain: config.chain.clone(),
            terms: start::terms(&config.policy)?,
            delays: config.delays,
            for_tests: config.for_tests,
        })
    }

    fn state(&self) -> Result<StateAnswer, ContractError> {
        let (stored, now) = (self.stored.meta, self.moment.now);
        let meta = stored.advanced(now, self.stored.config.policy.params().grace_period);
        let standstill = meta.standstill(now);
        Ok(StateAnswer {
            meta: convert("state", &stored)?,
            clock: meta.clock.get(),
            halted: convert("halt", &meta.halted(now))?,
            provable_now: standstill.is_none(),
            standstill: convert("standstill", &standstill)?,
        })
    }

    fn standing(
        &self,
        account: AccountId,
    ) -> Result<zkmargin_verifier::engine::Standing, ContractError> {
        Ok(standing(&self.stored.config.policy, &self.stored, account, self.moment.now)?)
    }

    fn account(&self, account: AccountId) -> Result<AccountAnswer, ContractError> {
        let found = ACCOUNTS.may_load(self.storage, account.as_bytes())?;
        let never = Account::new(Epoch::new(0), AccountStatus::Unregistered);
        let owner = OWNERS.may_load(self.storage, account.as_bytes())?;
        Ok(AccountAnswer {
            account: account.to_string(),
            status: convert("status", &self.standing(account)?.status)?,
            last_epoch: found.unwrap_or(never).last_epoch.get(),
            owner: owner.map(Into::into),
        })
    }

    fn accounts(
        &self,
        start_after: Option<String>,
        limit: usize,
    ) -> Result<AccountsAnswer, ContractError> {
        let after: Option<AccountId> = convert("start_after", &start_after)?;
        let start = after.as_ref().map(|id| Bound::exclusive(id.as_bytes().as_slice()));
        let page = ACCOUNTS.keys(self.storage, start, None, Order::Ascending).take(limit);
        let accounts = page.map(|id| {
            let id = <[u8; 20]>::try_from(id?).map_err(|_| ContractError::Damaged("accounts"))?;
            self.account(AccountId::new(id))
        });
        Ok(AccountsAnswer { accounts: accounts.collect::<Result<_, _>>()? })
    }

    fn claim(&self, submission: &Submission) -> Result<ClaimAnswer, ContractError> {
        let read = Read::new(submission)?;
        let (policy, now) = (&self.stored.config.policy, self.moment.now);
        check_claim(policy, &self.stored, now, &read.claim())?;
        read.verify(self.storage, self.moment)?;
        Ok(convert("claim", &read.claim())?)
    }

    fn model(&self, model: ModelDigest) -> Result<ModelAnswer, ContractError> {
        Ok(ModelAnswer {
            accepted: self.stored.is_model_accepted(model)?,
            acceptable_from: ANNOUNCED.may_load(self.storage, model.as_bytes())?,
        })
    }

    fn models(
        &self,
        start_after: Option<String>,
        limit: usize,
    ) -> Result<ModelsAnswer, ContractError> {
        let after: Option<ModelDigest> = convert("start_after", &start_after)?;
        let start = after.as_ref().map(|id| Bound::exclusive(id.as_bytes().as_slice()));
        let page = MODELS.keys(self.storage, start, None, Order::Ascending).take(limit);
        let models = page.map(|model| {
            let mut bytes = [0; 32];
            let model = model?;
            if model.len() == 31 {
                bytes[1..].copy_from_slice(&model);
            }
            let model = ModelDigest::from_be_bytes(&bytes).filter(|_| model.len() == 31);
            Ok::<_, ContractError>(model.ok_or(ContractError::Damaged("models"))?.to_string())
        });
        Ok(ModelsAnswer { models: models.collect::<Result<_, _>>()? })
    }
}
