//! Paths demanded on record, from the account's side and the venue's.

use std::path::PathBuf;

use alloy_sol_types::SolConstructor as _;
use alloy_sol_types::SolEvent;
use alloy_sol_types::private::{Address, B256, Bytes, U256};
use clap::Subcommand;
use serde::Serialize;
use zkmargin_evm::contracts::MarginPaths as paths;
use zkmargin_evm::contracts::{MarginCallRegistry as registry, MarginRoles as roles};
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::crypt::{self, CryptError, Recipients, age_key, age_recipient};
use zkmargin_prover::files::Source;
use zkmargin_prover::freshness::parse_period;
use zkmargin_prover::human;

use super::actions::{self, report};
use super::deployment::{DeploymentArgs, Registry, SenderArgs};
use super::error::EvmError;
use super::roles::Role;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, parse_source, refuse_existing, write_private};

/// What is said after the help.
const NOTE: &str = "\
An account whose path the venue withholds demands it with a bond: its clock stands still \
until the venue answers, or the account proves itself. `answer` encrypts the path file to \
the key that the demand names, and `fetch` opens the answer. Amounts are in wei.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Deploy the contract, have the registry use it, and name the venue: as the
    /// administrator, once
    Deploy(Deploy),
    /// Show what a demand costs, and an account's last one
    Show(Show),
    /// Demand an account's path in the latest epoch, as the owner or its operator
    Demand(Demand),
    /// Answer a demand, as the venue
    Answer(Answer),
    /// Fetch the answer to a demand, and open it
    Fetch(Fetch),
    /// Have bond and stake of a demand that was not answered in time given to its
    /// requester
    Forfeit(Named),
    /// Have what the sender is owed paid out
    Collect(Collect),
    /// Add to the venue's bond
    Deposit(Deposit),
    /// Announce a withdrawal of the venue's bond, as the venue
    Announce(SenderArgs),
    /// Withdraw what is in no demand's stake, when the notice is over
    Withdraw(Collect),
}

#[derive(Debug, clap::Args)]
struct Deploy {
    #[command(flatten)]
    sender: SenderArgs,
    /// What a demand costs
    #[arg(long, value_name = "WEI")]
    demand_bond: u128,
    /// What the venue loses for one that it does not answer
    #[arg(long, value_name = "WEI")]
    stake: u128,
    /// How long it may take to answer: 4h
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    answer_period: u64,
    /// How long before a withdrawal it is announced; no shorter than that
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    notice: u64,
    /// Who answers; the sender unless given
    #[arg(long, value_name = "0x...")]
    venue: Option<Address>,
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
}

#[derive(Debug, clap::Args)]
struct Demand {
    #[command(flatten)]
    owner: actions::OwnerArgs,
    /// The public key that the path is encrypted to, as `zkmargin keygen` tells it
    #[arg(short, long, value_name = "age1...")]
    recipient: String,
}

/// A demand.
#[derive(Debug, clap::Args)]
struct Named {
    #[command(flatten)]
    sender: SenderArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
    /// The epoch demanded; the last one that the account asked for, unless given
    #[arg(short, long, value_name = "NUMBER")]
    epoch: Option<u64>,
}

#[derive(Debug, clap::Args)]
struct Answer {
    #[command(flatten)]
    named: Named,
    /// The path file, as `zkmargin venue path` writes it
    #[arg(value_parser = parse_source)]
    path: Source,
}

#[derive(Debug, clap::Args)]
struct Fetch {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
    /// The epoch demanded; the last one that the account asked for, unless given
    #[arg(short, long, value_name = "NUMBER")]
    epoch: Option<u64>,
    #[command(flatten)]
    keys: KeyArgs,
    /// Where the path file goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
struct Collect {
    #[command(flatten)]
    sender: SenderArgs,
    /// Where to; the sender unless given
    #[arg(long, value_name = "0x...")]
    to: Option<Address>,
}

#[derive(Debug, clap::Args)]
struct Deposit {
    #[command(flatten)]
    sender: SenderArgs,
    /// How much
    #[arg(long, value_name = "WEI")]
    wei: u128,
}

#[derive(Serialize)]
struct Report {
    contract: Address,
    demand_bond: u128,
    stake: u128,
    answer_period: u32,
    /// What the venue has deposited that is in no demand's stake.
    venue_bond: u128,
    account: AccountId,
    /// The epoch that it asked for last.
    epoch: Option<u64>,
    /// Whether it waits, so that its clock stands still.
    waits: bool,
    answer_by: Option<u64>,
    answered: bool,
}

#[derive(Serialize)]
struct Fetched {
    account: AccountId,
    epoch: u64,
    output: PathBuf,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    match &args.command {
        Command::Deploy(args) => deploy(args, env),
        Command::Show(args) => show(args, env),
        Command::Demand(args) => demand(args, env),
        Command::Answer(args) => answer(args, env),
        Command::Fetch(args) => fetch(args, env),
        Command::Forfeit(args) => {
            let on = args.sender.open()?;
            let (context, account) = (on.context(), convert::address(args.account));
            let epoch = epoch_of(&on, args.account, args.epoch)?;
            let call = paths::forfeitCall { context, account, epoch };
            report(&on, &[on.chain.send(contract(&on)?, &call)?], env)
        }
        Command::Collect(args) => {
            let on = args.sender.open()?;
            let to = args.to.or(on.sender).ok_or(EvmError::NoTerms)?;
            report(&on, &[on.chain.send(contract(&on)?, &paths::collectCall { to })?], env)
        }
        Command::Deposit(args) => {
            let on = args.sender.open()?;
            let call = paths::depositCall { context: on.context() };
            let outcome = on.chain.pay(contract(&on)?, &call, U256::from(args.wei))?;
            report(&on, &[outcome], env)
        }
        Command::Announce(args) => {
            let on = args.open()?;
            let call = paths::announceWithdrawalCall { context: on.context() };
            report(&on, &[on.chain.send(contract(&on)?, &call)?], env)
        }
        Command::Withdraw(args) => {
            let on = args.sender.open()?;
            let to = args.to.or(on.sender).ok_or(EvmError::NoTerms)?;
            let call = paths::withdrawCall { context: on.context(), to };
            report(&on, &[on.chain.send(contract(&on)?, &call)?], env)
        }
    }
}

/// The contract that the registry uses.
fn contract(on: &Registry) -> Result<Address, EvmError> {
    let at = on.read(&registry::pathsCall {})?;
    if at.is_zero() { Err(EvmError::NoPaths) } else { Ok(at) }
}

/// The epoch given, or the last one that the account asked for.
fn epoch_of(on: &Registry, account: AccountId, given: Option<u64>) -> Result<u64, EvmError> {
    let asked = || {
        let call = registry::pathOfCall::from((on.context(), convert::address(account)));
        Ok(on.read(&call)?.epoch)
    };
    match given.map_or_else(asked, Ok)? {
        0 => Err(EvmError::NoDemand(account)),
        epoch => Ok(epoch),
    }
}

fn deploy(args: &Deploy, env: Env) -> Result<Exit, Error> {
    const TOO_LONG: &str = "a period is longer than the contract counts";
    let period = |seconds| u32::try_from(seconds).map_err(|_| Error::Usage(TOO_LONG));
    let on = args.sender.open()?;
    let rules = paths::Rules {
        demandBond: args.demand_bond,
        stake: args.stake,
        answerPeriod: period(args.answer_period)?,
        notice: period(args.notice)?,
    };
    // Refused here, not after paying for the contract.
    if !on.read(&registry::pathsCall {})?.is_zero() {
        return Err(EvmError::PathsAreSet.into());
    }
    let arguments = paths::constructorCall {
        registry: on.at.registry,
        operators: on.at.operators,
        roles: on.at.roles,
        rules_: rules,
    };
    let code = [paths::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let (keeper, _) = on.chain.create(code)?;
    let venue = args.venue.or(on.sender).ok_or(EvmError::NoTerms)?;
    let role = Role::Venue.of(on.context());
    let sent = [
        on.send(&registry::setPathsCall { keeper })?,
        on.chain.send(on.at.roles, &roles::grantRoleCall { role, account: venue })?,
    ];
    env.out.note(format!("the contract is at {keeper}, the venue is {venue}"));
    report(&on, &sent, env)
}

fn show(args: &Show, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    let (context, account) = (on.context(), convert::address(args.account));
    let at = contract(&on)?;
    let rules = on.chain.read(at, &paths::rulesCall {})?;
    let bond = on.chain.read(at, &paths::bondOfCall { context })?;
    let asked = on.read(&registry::pathOfCall { context, account })?;
    let demand = paths::demandOfCall { context, account, epoch: asked.epoch };
    let demand = on.chain.read(at, &demand)?;
    let answer_by: u64 = demand.answerBy.to();
    let report = Report {
        contract: at,
        demand_bond: rules.demandBond,
        stake: rules.stake,
        answer_period: rules.answerPeriod,
        venue_bond: bond.free,
        account: args.account,
        epoch: (asked.epoch != 0).then_some(asked.epoch),
        waits: asked.open,
        answer_by: (answer_by != 0).then_some(answer_by),
        answered: demand.answered,
    };
    env.out.result(&report, Report::lines)?;
    Ok(Exit::Done)
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let period = human::duration(u64::from(self.answer_period));
        let mut lines = vec![
            format!("a demand costs  {} wei, to be answered in {period}", self.demand_bond),
            format!("at stake        {} wei, of {} wei", self.stake, self.venue_bond),
        ];
        if let Some(epoch) = self.epoch {
            let waits = if self.waits { "its clock stands still" } else { "its clock runs" };
            lines.push(format!("asked for       epoch {epoch}: {waits}"));
        }
        if let (Some(by), false) = (self.answer_by, self.answered) {
            lines.push(format!("answer by       {}", human::time(by)));
        }
        lines
    }
}

fn demand(args: &Demand, env: Env) -> Result<Exit, Error> {
    let key = age_key(&args.recipient).map_err(EvmError::Recipient)?;
    let (on, owner, sub) = args.owner.open()?;
    let at = contract(&on)?;
    let bond = on.chain.read(at, &paths::rulesCall {})?.demandBond;
    let call = paths::demandCall { context: on.context(), owner, sub, key: B256::from(key) };
    report(&on, &[on.chain.pay(at, &call, U256::from(bond))?], env)
}

/// The one event of a kind about an account's demand, the newest.
fn told<E: SolEvent>(
    on: &Registry,
    at: Address,
    account: AccountId,
    epoch: u64,
    about: impl Fn(&E) -> (Address, u64),
) -> Result<E, EvmError> {
    let mut context = B256::ZERO;
    context[..31].copy_from_slice(on.context().as_slice());
    let logs = on.chain.logs(&[at], on.at.block)?;
    let ours = logs.iter().rev().filter(|log| log.topics().get(1) == Some(&context));
    let mut found = ours.filter_map(|log| E::decode_raw_log(log.topics(), &log.data().data).ok());
    let wanted = (convert::address(account), epoch);
    found.find(|event| about(event) == wanted).ok_or(EvmError::NoDemand(account))
}

fn answer(args: &Answer, env: Env) -> Result<Exit, Error> {
    let Named { sender, account, epoch } = &args.named;
    let on = sender.open()?;
    let (at, epoch) = (contract(&on)?, epoch_of(&on, *account, *epoch)?);
    let asked =
        told(&on, at, *account, epoch, |event: &paths::PathDemanded| (event.account, event.epoch))?;
    let key = age_recipient(&asked.key.0).map_err(EvmError::Recipient)?;
    let key = Recipients::parse_key(&key).map_err(EvmError::Recipient)?;
    // Its holdings are in the clear only on the venue's side.
    let plain = args.path.read_secret()?;
    let sealed = crypt::encrypt(&plain, &Recipients::Keys(vec![key]), false)
        .map_err(|error| Error::crypt(&args.path, error))?;
    let call = paths::answerCall {
        context: on.context(),
        account: convert::address(*account),
        epoch,
        sealedPath: Bytes::from(sealed),
    };
    report(&on, &[on.chain.send(at, &call)?], env)
}

fn fetch(args: &Fetch, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.output, args.force)?;
    let on = args.deployment.view()?;
    let (at, epoch) = (contract(&on)?, epoch_of(&on, args.account, args.epoch)?);
    let delivered = told(&on, at, args.account, epoch, |event: &paths::PathDelivered| {
        (event.account, event.epoch)
    })?;
    let place = Source::Path(PathBuf::from("the venue's answer"));
    if !crypt::is_age(&delivered.answer) {
        return Err(Error::crypt(&place, CryptError::NotAge));
    }
    let path = args.keys.open(&place, &delivered.answer)?;
    if write_private(&args.output, &path, args.force, env)? {
        return Ok(Exit::Done);
    }
    let fetched = Fetched { account: args.account, epoch, output: args.output.clone() };
    env.out.result(&fetched, |fetched| {
        vec![format!("path of epoch {} written to {}", fetched.epoch, fetched.output.display())]
    })?;
    Ok(Exit::Done)
}
