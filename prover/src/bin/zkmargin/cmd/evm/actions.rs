//! What changes accounts, and what is told of transactions.

use alloy_rpc_types_eth::{Log, TransactionReceipt};
use alloy_sol_types::private::{Address, B256};
use serde::Serialize;
use zkmargin_evm::contracts::{MarginCallRegistry as registry, MarginOperators as operators};
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::AccountId;
use zkmargin_verifier::engine::Event;

use super::chain::{Outcome, Planned};
use super::circuits::time;
use super::deployment::{Registry, SenderArgs};
use super::error::EvmError;
use crate::env::Env;
use crate::error::{Error, Exit};

/// An account of a registry.
#[derive(Debug, clap::Args)]
pub(crate) struct AccountArgs {
    #[command(flatten)]
    sender: SenderArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
}

/// An account by its owner.
#[derive(Debug, clap::Args)]
pub(crate) struct OwnerArgs {
    #[command(flatten)]
    sender: SenderArgs,
    /// The owner; the sender unless given
    #[arg(long, value_name = "0x...")]
    owner: Option<Address>,
    /// Which of the owner's accounts
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    sub: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    sender: SenderArgs,
    /// Who may act for the sender
    #[arg(long, value_name = "0x...")]
    operator: Address,
    /// Until when, in seconds since 1970; 0 ends it
    #[arg(long, value_name = "TIME")]
    until: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Hook {
    #[command(flatten)]
    sender: SenderArgs,
    /// The contract that is told of called, cured and liquidatable accounts
    #[arg(long, value_name = "0x...", required_unless_present = "none")]
    hook: Option<Address>,
    /// Nothing is told any more
    #[arg(long, conflicts_with = "hook")]
    none: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RetryHook {
    #[command(flatten)]
    account: AccountArgs,
    /// The protocol whose hook failed
    #[arg(long, value_name = "0x...")]
    protocol: Address,
}

/// What is done to an account.
#[derive(Clone, Copy)]
pub(super) enum AccountAction {
    CallOverdue,
    MarkLiquidatable,
    Close,
    Reinstate,
}

/// What an owner does, or who acts for it.
#[derive(Clone, Copy)]
pub(super) enum OwnerAction {
    Register,
    Subscribe,
    Depart,
    Escape,
}

/// A transaction, and what it announced.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Sent {
    Mined {
        transaction: B256,
        block: Option<u64>,
        gas_used: u64,
        events: Vec<Event>,
        /// Of a batch: accounts whose proofs were refused, and why.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        refused: Vec<Refused>,
    },
    Planned(Planned),
}

/// An account whose proof was refused in a batch.
#[derive(Serialize)]
pub(super) struct Refused {
    pub(super) account: AccountId,
    pub(super) error: String,
}

impl Refused {
    pub(super) fn told(&self) -> String {
        format!("{} refused: {}", self.account, self.error)
    }
}

impl Sent {
    pub(super) fn of(on: &Registry, outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Planned(planned) => Self::Planned((**planned).clone()),
            Outcome::Mined(receipt) => Self::Mined {
                transaction: receipt.transaction_hash,
                block: receipt.block_number,
                gas_used: receipt.gas_used,
                events: events(on, receipt),
                refused: super::proofs::refused(on, receipt),
            },
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Planned(planned) => vec![planned.told()],
            Self::Mined { transaction, gas_used, events, refused, .. } => {
                let mut lines: Vec<_> = events.iter().map(ToString::to_string).collect();
                lines.extend(refused.iter().map(Refused::told));
                lines.push(format!("  {gas_used} gas, transaction {transaction}"));
                lines
            }
        }
    }
}

/// What the contracts announced of the market.
pub(super) fn events(on: &Registry, receipt: &TransactionReceipt) -> Vec<Event> {
    let keepers = on.keepers();
    receipt.inner.logs().iter().filter_map(|log| event(on, &keepers, log)).collect()
}

/// The engine's event in a log about the market, of one of these contracts.
pub(super) fn event(on: &Registry, keepers: &[Address], log: &Log) -> Option<Event> {
    if !keepers.contains(&log.address()) {
        return None;
    }
    let mut context = B256::ZERO;
    context[..31].copy_from_slice(on.context().as_slice());
    let ours = log.topics().get(1) == Some(&context);
    ours.then(|| convert::event(log.topics(), &log.data().data)).flatten()
}

/// Tells what transactions announced and cost.
pub(super) fn report(on: &Registry, outcomes: &[Outcome], env: Env) -> Result<Exit, Error> {
    let sent: Vec<Sent> = outcomes.iter().map(|outcome| Sent::of(on, outcome)).collect();
    env.out.result(&sent, |sent| sent.iter().flat_map(Sent::lines).collect())?;
    Ok(Exit::Done)
}

pub(super) fn account(args: &AccountArgs, action: AccountAction, env: Env) -> Result<Exit, Error> {
    let account = convert::address(args.account);
    let on = args.sender.open()?;
    let named = (on.context(), account);
    let outcome = match action {
        AccountAction::CallOverdue => on.send(&registry::callOverdueCall::from(named)),
        AccountAction::MarkLiquidatable => on.send(&registry::markLiquidatableCall::from(named)),
        AccountAction::Close => on.send(&registry::closeCall::from(named)),
        AccountAction::Reinstate => on.send(&registry::reinstateCall::from(named)),
    }?;
    report(&on, &[outcome], env)
}

impl AccountArgs {
    /// The registry, and the account.
    pub(super) fn open(&self) -> Result<(Registry, AccountId), Error> {
        Ok((self.sender.open()?, self.account))
    }
}

impl OwnerArgs {
    /// The registry, and whose account it is.
    pub(super) fn open(&self) -> Result<(Registry, Address, u32), Error> {
        let on = self.sender.open()?;
        let owner = self.owner.or(on.sender).ok_or(EvmError::NoTerms)?;
        Ok((on, owner, self.sub))
    }
}

/// A contract that was deployed, or would be.
#[derive(Serialize)]
struct Deployed {
    contract: Address,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    planned: Vec<Planned>,
}

/// Deploys a contract beside the registry, and tells where it is.
pub(super) fn deployed(on: &Registry, what: &str, code: Vec<u8>, env: Env) -> Result<Exit, Error> {
    let (contract, _) = on.chain.create(code)?;
    let deployed = Deployed { contract, planned: on.chain.planned() };
    env.out.result(&deployed, |deployed| {
        let mut lines: Vec<_> = deployed.planned.iter().map(Planned::told).collect();
        lines.push(format!("{what}  {contract}"));
        lines
    })?;
    Ok(Exit::Done)
}

pub(super) fn owner(args: &OwnerArgs, action: OwnerAction, env: Env) -> Result<Exit, Error> {
    let (on, owner, sub) = args.open()?;
    let context = on.context();
    let outcome = match action {
        OwnerAction::Register => on.send(&registry::registerCall { context, owner, sub }),
        OwnerAction::Subscribe => on.send(&registry::subscribeCall { context, owner, sub }),
        OwnerAction::Depart => on.send(&registry::departCall { context, owner, sub }),
        OwnerAction::Escape => on.send(&registry::escapeCall { context, owner, sub }),
    }?;
    report(&on, &[outcome], env)
}

pub(super) fn approve(args: &Approve, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let call = operators::setOperatorCall { operator: args.operator, until: time(args.until)? };
    report(&on, &[on.chain.send(on.at.operators, &call)?], env)
}

pub(super) fn hook(args: &Hook, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let call = registry::setHookCall::from((args.hook.unwrap_or(Address::ZERO),));
    report(&on, &[on.send(&call)?], env)
}

pub(super) fn retry_hook(args: &RetryHook, env: Env) -> Result<Exit, Error> {
    let on = args.account.sender.open()?;
    let account = convert::address(args.account.account);
    let call = registry::retryHookCall::from((on.context(), account, args.protocol));
    report(&on, &[on.send(&call)?], env)
}
