//! Paths demanded on record: who may demand and answer, what it costs, and what is
//! at stake. What a demand does to the account's clock is the engine's
//! (`paths.rs` of `zkmargin-verifier`); why it costs something is written there.
//!
//! Every demand is answered on record, also one whose account has proved itself
//! since. In time, its bond is the venue's; not in time, the requester has it back
//! with the venue's stake, and the account waits on.

use cosmwasm_std::{Addr, Api, BankMsg, Binary, Coin, Event, StdResult, Storage, Uint256};
use cw_storage_plus::{Item, Map};
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::AccountId;
use zkmargin_verifier::engine::{Action, PathRequest};

use crate::apply::apply;
use crate::error::ContractError;
use crate::msg::{DemandAnswer, PathMsg, PathTerms, PathsAnswer, convert};
use crate::state::{ACCOUNTS, Moment, OWNERS};

/// The longest time to answer and notice, in seconds.
const MAX_PERIOD: u64 = 366 * 86_400;
/// Bytes of a key to encrypt to.
const KEY_BYTES: usize = 32;

/// What a demand costs and what is at stake; none: no account can demand its path.
const TERMS: Item<PathTerms> = Item::new("path_terms");
/// Demands, by account and epoch.
const DEMANDS: Map<(&[u8], u64), Demand> = Map::new("path_demands");
/// What the venue has left here.
const BOND: Item<Bond> = Item::new("path_bond");

/// A demand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Demand {
    requester: Addr,
    answer_by: u64,
    settled: bool,
    answered: bool,
    bond: Uint256,
    stake: Uint256,
}

/// What is in no demand's stake, and from when on it can be withdrawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bond {
    free: Uint256,
    leaves_from: Option<u64>,
}

/// Sets the terms at the beginning.
pub(crate) fn begin_with(
    storage: &mut dyn Storage,
    api: &dyn Api,
    terms: Option<&PathTerms>,
) -> Result<(), ContractError> {
    let Some(terms) = terms else { return Ok(()) };
    api.addr_validate(&terms.venue)?;
    let periods = 1..=MAX_PERIOD;
    // A venue that announced its leave before a demand loses its stake all the same.
    let allowed = periods.contains(&terms.answer_period)
        && periods.contains(&terms.notice)
        && terms.notice >= terms.answer_period;
    if !allowed {
        return Err(ContractError::PathPeriods { max: MAX_PERIOD });
    }
    TERMS.save(storage, terms)?;
    Ok(BOND.save(storage, &Bond::default())?)
}

/// A message about paths being handled.
pub(crate) struct Paths<'a> {
    pub(crate) storage: &'a mut dyn Storage,
    pub(crate) api: &'a dyn Api,
    pub(crate) moment: &'a Moment,
    pub(crate) sender: &'a Addr,
    pub(crate) funds: &'a [Coin],
    /// What is paid when the message is through.
    pub(crate) pays: &'a mut Vec<BankMsg>,
}

type Handled = Result<Vec<Event>, ContractError>;

impl Paths<'_> {
    pub(crate) fn handle(mut self, msg: &PathMsg) -> Handled {
        let terms = TERMS.may_load(self.storage)?.ok_or(ContractError::NoPaths)?;
        match msg {
            PathMsg::Demand { account, key } => {
                self.demand(&terms, convert("account", account)?, key)
            }
            PathMsg::Answer { account, epoch, sealed_path } => {
                self.answer(&terms, convert("account", account)?, *epoch, sealed_path)
            }
            PathMsg::Forfeit { account, epoch } => {
                self.forfeit(&terms, convert("account", account)?, *epoch)
            }
            PathMsg::Deposit {} => self.deposit(&terms),
            PathMsg::AnnounceWithdrawal {} => self.announce_withdrawal(&terms),
            PathMsg::Withdraw { to } => self.withdraw(&terms, to),
        }
    }

    fn demand(&mut self, terms: &PathTerms, account: AccountId, key: &Binary) -> Handled {
        let owner = OWNERS.may_load(self.storage, account.as_bytes())?;
        if owner.as_ref() != Some(self.sender) {
            return Err(ContractError::NotOwner);
        }
        let cost = &terms.demand_bond;
        let exact = match self.funds {
            [] => cost.amount.is_zero(),
            [paid] => paid == cost,
            _ => false,
        };
        if !exact {
            return Err(ContractError::DemandBond { bond: cost.to_string() });
        }
        if key.len() != KEY_BYTES || key.iter().all(|byte| *byte == 0) {
            return Err(ContractError::PathKey { got: key.len() });
        }
        let mut events = apply(self.storage, self.moment, Action::RequestPath { account })?;
        let epoch = request(self.storage, account)?.map_or(0, |path| path.epoch.get());
        let mut bond = BOND.load(self.storage)?;
        let stake = terms.stake.min(bond.free);
        bond.free =
            bond.free.checked_sub(stake).map_err(|_| ContractError::Damaged("path_bond"))?;
        BOND.save(self.storage, &bond)?;
        let answer_by =
            self.moment.now.checked_add(terms.answer_period).ok_or(ContractError::Time)?;
        let (requester, bond) = (self.sender.clone(), cost.amount);
        let demand = Demand { requester, answer_by, settled: false, answered: false, bond, stake };
        DEMANDS.save(self.storage, (account.as_bytes(), epoch), &demand)?;
        events.push(
            about("path-demanded", account, epoch)
                .add_attribute("key", key.to_base64())
                .add_attribute("answer_by", answer_by.to_string())
                .add_attribute("stake", stake),
        );
        Ok(events)
    }

    fn answer(
        &mut self,
        terms: &PathTerms,
        account: AccountId,
        epoch: u64,
        sealed_path: &Binary,
    ) -> Handled {
        self.require_venue(terms)?;
        if sealed_path.is_empty() {
            return Err(ContractError::NoAnswer);
        }
        let mut demand = load(self.storage, account, epoch)?;
        if demand.answered {
            return Err(ContractError::NothingDemanded);
        }
        let in_time = self.moment.now <= demand.answer_by;
        if !demand.settled && in_time {
            self.add_to_bond(demand.bond)?;
            self.add_to_bond(demand.stake)?;
        } else if !demand.settled {
            self.pay_requester(terms, &demand)?;
        }
        (demand.answered, demand.settled) = (true, true);
        DEMANDS.save(self.storage, (account.as_bytes(), epoch), &demand)?;
        // Not when the account has proved itself since, and perhaps waits for another.
        let waits = request(self.storage, account)?
            .is_some_and(|path| path.open && path.epoch.get() == epoch);
        let mut events = Vec::new();
        if waits {
            events = apply(self.storage, self.moment, Action::AnswerPath { account })?;
        }
        events.push(
            about("path-delivered", account, epoch)
                .add_attribute("sealed_path", sealed_path.to_base64())
                .add_attribute("in_time", in_time.to_string()),
        );
        Ok(events)
    }

    fn forfeit(&mut self, terms: &PathTerms, account: AccountId, epoch: u64) -> Handled {
        let mut demand = load(self.storage, account, epoch)?;
        if demand.settled || self.moment.now <= demand.answer_by {
            return Err(ContractError::NotForfeited { answer_by: demand.answer_by });
        }
        demand.settled = true;
        DEMANDS.save(self.storage, (account.as_bytes(), epoch), &demand)?;
        let amount = self.pay_requester(terms, &demand)?;
        Ok(vec![about("path-stake-forfeited", account, epoch).add_attribute("amount", amount)])
    }

    fn pay_requester(
        &mut self,
        terms: &PathTerms,
        demand: &Demand,
    ) -> Result<Uint256, ContractError> {
        let sum = demand.bond.checked_add(demand.stake);
        let amount = sum.map_err(|_| ContractError::Damaged("path_demands"))?;
        self.pay(terms, demand.requester.to_string(), amount);
        Ok(amount)
    }

    fn pay(&mut self, terms: &PathTerms, to_address: String, amount: Uint256) {
        // The bank refuses to send nothing.
        if !amount.is_zero() {
            let denom = terms.demand_bond.denom.clone();
            self.pays.push(BankMsg::Send { to_address, amount: vec![Coin { denom, amount }] });
        }
    }

    fn deposit(&mut self, terms: &PathTerms) -> Handled {
        let denom = &terms.demand_bond.denom;
        let [paid] = self.funds else {
            return Err(ContractError::Deposit { denom: denom.clone() });
        };
        if paid.denom != *denom {
            return Err(ContractError::Deposit { denom: denom.clone() });
        }
        let amount = paid.amount;
        self.add_to_bond(amount)?;
        Ok(vec![Event::new("zkmargin-path-bond-deposited").add_attribute("amount", amount)])
    }

    fn add_to_bond(&mut self, amount: Uint256) -> Result<(), ContractError> {
        let mut bond = BOND.load(self.storage)?;
        bond.free =
            bond.free.checked_add(amount).map_err(|_| ContractError::Damaged("path_bond"))?;
        Ok(BOND.save(self.storage, &bond)?)
    }

    fn announce_withdrawal(&mut self, terms: &PathTerms) -> Handled {
        self.require_venue(terms)?;
        let from = self.moment.now.checked_add(terms.notice).ok_or(ContractError::Time)?;
        let mut bond = BOND.load(self.storage)?;
        bond.leaves_from = Some(from);
        BOND.save(self.storage, &bond)?;
        Ok(vec![
            Event::new("zkmargin-path-withdrawal-announced")
                .add_attribute("from", from.to_string()),
        ])
    }

    fn withdraw(&mut self, terms: &PathTerms, to: &str) -> Handled {
        self.require_venue(terms)?;
        let to = self.api.addr_validate(to)?;
        let bond = BOND.load(self.storage)?;
        if bond.leaves_from.is_none_or(|from| self.moment.now < from) {
            return Err(ContractError::NotAnnounced { from: bond.leaves_from });
        }
        BOND.save(self.storage, &Bond::default())?;
        self.pay(terms, to.to_string(), bond.free);
        Ok(vec![
            Event::new("zkmargin-path-bond-withdrawn")
                .add_attribute("amount", bond.free)
                .add_attribute("to", to),
        ])
    }

    fn require_venue(&self, terms: &PathTerms) -> Result<(), ContractError> {
        if self.sender.as_str() == terms.venue { Ok(()) } else { Err(ContractError::NotTheVenue) }
    }
}

fn about(name: &str, account: AccountId, epoch: u64) -> Event {
    Event::new(format!("zkmargin-{name}"))
        .add_attribute("account", account.to_string())
        .add_attribute("epoch", epoch.to_string())
}

fn load(storage: &dyn Storage, account: AccountId, epoch: u64) -> Result<Demand, ContractError> {
    let found = DEMANDS.may_load(storage, (account.as_bytes(), epoch))?;
    found.ok_or(ContractError::NothingDemanded)
}

fn request(storage: &dyn Storage, account: AccountId) -> StdResult<Option<PathRequest>> {
    let found = ACCOUNTS.may_load(storage, account.as_bytes())?;
    Ok(found.and_then(|account| account.path))
}

/// The terms, and what the venue has left.
pub(crate) fn terms(storage: &dyn Storage) -> Result<PathsAnswer, ContractError> {
    let bond = BOND.may_load(storage)?.unwrap_or_default();
    Ok(PathsAnswer {
        terms: TERMS.may_load(storage)?,
        free: bond.free,
        leaves_from: bond.leaves_from,
    })
}

/// A demand on record.
pub(crate) fn demand(
    storage: &dyn Storage,
    account: AccountId,
    epoch: u64,
) -> Result<Option<DemandAnswer>, ContractError> {
    let found = DEMANDS.may_load(storage, (account.as_bytes(), epoch))?;
    Ok(found.map(|demand| DemandAnswer {
        requester: demand.requester.into_string(),
        answer_by: demand.answer_by,
        answered: demand.answered,
        settled: demand.settled,
        bond: demand.bond,
        stake: demand.stake,
    }))
}
