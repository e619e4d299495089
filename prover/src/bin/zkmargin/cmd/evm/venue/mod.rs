//! Proofs that nobody is spared: `MarginVenueBatches`.

mod made_with;
mod proofs;
mod report;

use alloy_sol_types::SolConstructor as _;
use alloy_sol_types::private::{Address, B256};
use clap::Subcommand;
use serde::Serialize;
use zkmargin_evm::contracts::{MarginProofGate as gate, MarginVenueBatches as batches};
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::files::Source;

use super::actions::{self, report as tell};
use super::deployment::{DeploymentArgs, Registry, SenderArgs};
use super::error::EvmError;
use super::queries::meta;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source};

/// What is said after the help.
const NOTE: &str = "\
Proofs of `zkmargin venue prove` at the market's breach level: whom they flag is called, without \
a breach proof of its own, and the contract counts what they cover. The market needs circuits \
of venues (`zkmargin evm circuits add --of venues`), one for each shape among the proofs. A \
flagged account that could not be called (it is not registered, or called already) stays on \
record, and `retry` asks again.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Deploy the contract, and have the gate use it: as the administrator, once
    Deploy(SenderArgs),
    /// Send the proofs of a venue that are not on record yet
    Submit(Submit),
    /// Have an account called that was flagged and could not be called then
    Retry(Retry),
    /// Tell what the proofs of an epoch cover; exits with 1 while accounts are left out
    Status(Status),
}

#[derive(Debug, clap::Args)]
struct Submit {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// Digest of the circuit's verifying key; unless given, of every shape among the proofs
    /// the market's circuit of it, found by its key
    #[arg(short, long, value_name = "0x...")]
    circuit: Option<B256>,
    /// The proofs of all subtrees: the directory of `zkmargin venue prove`, or files. One is
    /// shown to be in the tree by the roots of the others
    #[arg(required = true, value_parser = parse_source)]
    proof: Vec<Source>,
}

#[derive(Debug, clap::Args)]
struct Retry {
    #[command(flatten)]
    account: actions::AccountArgs,
    /// The epoch of the proof that flagged it; the latest, unless given
    #[arg(short, long, value_name = "NUMBER")]
    epoch: Option<u64>,
}

#[derive(Debug, clap::Args)]
struct Status {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// The epoch; the latest, unless given
    #[arg(short, long, value_name = "NUMBER")]
    epoch: Option<u64>,
    /// Whether this account was flagged and could not be called
    #[arg(short, long, value_name = "0x...")]
    account: Option<AccountId>,
}

/// What the proofs of an epoch add up to.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Coverage {
    epoch: u64,
    accounts: u32,
    flagged: u32,
    /// Whether no account is left out.
    whole: bool,
    /// Whether the account that was asked for waits to be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits: Option<bool>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    match &args.command {
        Command::Deploy(args) => deploy(args, env),
        Command::Submit(args) => report::submit(args, env),
        Command::Retry(args) => {
            let (on, account) = args.account.open()?;
            let (context, account) = (on.context(), convert::address(account));
            let epoch = epoch(&on, args.epoch)?;
            let call = batches::retryCall { context, epoch, account };
            tell(&on, &[on.chain.send(contract(&on)?, &call)?], env)
        }
        Command::Status(args) => status(args, env),
    }
}

/// The contract that the gate uses.
fn contract(on: &Registry) -> Result<Address, EvmError> {
    let at = on.chain.read(on.at.gate, &gate::batchesCall {})?;
    if at.is_zero() { Err(EvmError::NoBatches) } else { Ok(at) }
}

/// The epoch that is named, or the market's latest.
fn epoch(on: &Registry, named: Option<u64>) -> Result<u64, EvmError> {
    match named {
        Some(epoch) => Ok(epoch),
        None => Ok(meta(on)?.latest),
    }
}

fn deploy(args: &SenderArgs, env: Env) -> Result<Exit, Error> {
    let on = args.open()?;
    // Refused here, not after paying for the contract.
    if !on.chain.read(on.at.gate, &gate::batchesCall {})?.is_zero() {
        return Err(EvmError::BatchesAreSet.into());
    }
    let arguments = batches::constructorCall {
        registry: on.at.registry,
        markets: on.at.markets,
        gate: on.at.gate,
    };
    let code = [batches::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let (keeper, _) = on.chain.create(code)?;
    let sent = on.chain.send(on.at.gate, &gate::setBatchesCall { keeper })?;
    env.out.note(format!("the contract is at {keeper}"));
    tell(&on, &[sent], env)
}

fn status(args: &Status, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    let mut coverage = Coverage::of(&on, contract(&on)?, epoch(&on, args.epoch)?)?;
    if let Some(account) = args.account {
        let (context, account) = (on.context(), convert::address(account));
        let call = batches::refusedCall { context, epoch: coverage.epoch, account };
        coverage.waits = Some(!on.chain.read(contract(&on)?, &call)?.is_zero());
    }
    env.out.result(&coverage, |coverage| vec![coverage.told()])?;
    Ok(if coverage.whole { Exit::Done } else { Exit::False })
}

impl Coverage {
    /// Of an epoch; one that does not count covers nobody.
    fn of(on: &Registry, at: Address, epoch: u64) -> Result<Self, EvmError> {
        let context = on.context();
        let sum = on.chain.read(at, &batches::coverageOfCall { context, epoch })?;
        let whole = on.chain.read(at, &batches::coveredCall { context, epoch })?;
        let (accounts, flagged) = (sum.accounts, sum.flagged);
        Ok(Self { epoch, accounts, flagged, whole, waits: None })
    }

    fn told(&self) -> String {
        let Self { epoch, accounts, flagged, .. } = self;
        let left_out = if self.whole { "none left out" } else { "NOT ALL of the epoch's" };
        let waits = match self.waits {
            Some(true) => "; the account is flagged, and could not be called then",
            Some(false) => "; the account does not wait to be called",
            None => "",
        };
        format!("epoch {epoch}: {accounts} accounts, {flagged} flagged, {left_out}{waits}")
    }
}
