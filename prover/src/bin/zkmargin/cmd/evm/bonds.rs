//! Bonds of accounts, and what keepers get from them.

use alloy_sol_types::SolConstructor as _;
use alloy_sol_types::private::{Address, U256};
use clap::Subcommand;
use serde::Serialize;
use zkmargin_evm::contracts::MarginBonds as bonds;
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::files::Source;
use zkmargin_prover::freshness::parse_period;
use zkmargin_prover::human;
use zkmargin_verifier::engine::ClaimData;

use super::actions::{self, report};
use super::deployment::{DeploymentArgs, Registry, SenderArgs};
use super::error::EvmError;
use super::proofs;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source};

/// What is said after the help.
const NOTE: &str = "\
A keeper is paid for calling an overdue account (`call`) and for showing a breach \
(`breach`): the reward is the address's that the proof names in its memo (`prove --memo`), \
whoever sends it. Amounts are in wei.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Deploy the contract of bonds
    Deploy(Deploy),
    /// Show an account's bond, and what a keeper can collect
    Show(Show),
    /// Add to an account's bond
    Deposit(Deposit),
    /// Announce a withdrawal, as the owner or its operator
    Announce(BondOwner),
    /// Withdraw a bond, as the owner or its operator, when the notice is over
    Withdraw(Withdraw),
    /// Call an overdue account and be paid for it
    Call(AccountArgs),
    /// Show a breach, for a reward to the address in the proof's memo
    Breach(Breach),
    /// Have what the sender is owed paid out
    Collect(Collect),
}

/// A contract of bonds.
#[derive(Debug, clap::Args)]
struct Contract {
    /// The contract of bonds, as `evm bonds deploy` tells it
    #[arg(long, value_name = "0x...", env = "ZKMARGIN_BONDS")]
    bonds: Address,
}

#[derive(Debug, clap::Args)]
struct Deploy {
    #[command(flatten)]
    sender: SenderArgs,
    /// Least that a call pays
    #[arg(long, value_name = "WEI")]
    min_reward: u128,
    /// Most that a call pays
    #[arg(long, value_name = "WEI")]
    max_reward: u128,
    /// Price of gas that is paid for at most
    #[arg(long, value_name = "WEI")]
    max_gas_price: u128,
    /// How long before a withdrawal it is announced: 2days
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    notice: u64,
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    deployment: DeploymentArgs,
    #[command(flatten)]
    contract: Contract,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
    /// The keeper
    #[arg(long, value_name = "0x...")]
    keeper: Option<Address>,
}

#[derive(Debug, clap::Args)]
struct AccountArgs {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    contract: Contract,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
}

#[derive(Debug, clap::Args)]
struct Deposit {
    #[command(flatten)]
    account: AccountArgs,
    /// How much
    #[arg(long, value_name = "WEI")]
    wei: u128,
}

#[derive(Debug, clap::Args)]
struct BondOwner {
    #[command(flatten)]
    contract: Contract,
    #[command(flatten)]
    owner: actions::OwnerArgs,
}

#[derive(Debug, clap::Args)]
struct Withdraw {
    #[command(flatten)]
    owner: BondOwner,
    /// Where to; the sender unless given
    #[arg(long, value_name = "0x...")]
    to: Option<Address>,
}

#[derive(Debug, clap::Args)]
struct Breach {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    contract: Contract,
    #[command(flatten)]
    srs: SrsArgs,
    /// The proof file
    #[arg(value_parser = parse_source)]
    proof: Source,
}

#[derive(Debug, clap::Args)]
struct Collect {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    contract: Contract,
    /// Where to; the sender unless given
    #[arg(long, value_name = "0x...")]
    to: Option<Address>,
}

#[derive(Serialize)]
struct BondReport {
    account: AccountId,
    wei: u128,
    /// From when on it can be withdrawn, if that was announced.
    leaves_from: Option<u64>,
    keeper: Option<Address>,
    owed: Option<String>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    match &args.command {
        Command::Deploy(args) => deploy(args, env),
        Command::Show(args) => show(args, env),
        Command::Deposit(Deposit { account, wei }) => {
            let on = account.open()?;
            let call = bonds::depositCall::from((on.context(), convert::address(account.account)));
            report(&on, &[on.chain.pay(account.contract.bonds, &call, U256::from(*wei))?], env)
        }
        Command::Announce(args) => {
            let (on, owner, sub) = args.open()?;
            let call = bonds::announceWithdrawalCall { context: on.context(), owner, sub };
            report(&on, &[on.chain.send(args.contract.bonds, &call)?], env)
        }
        Command::Withdraw(args) => {
            let (on, owner, sub) = args.owner.open()?;
            let to = args.to.or(on.sender).ok_or(EvmError::NoTerms)?;
            let call = bonds::withdrawCall { context: on.context(), owner, sub, to };
            report(&on, &[on.chain.send(args.owner.contract.bonds, &call)?], env)
        }
        Command::Call(args) => {
            let on = args.open()?;
            let call = bonds::callOverdueCall::from((on.context(), convert::address(args.account)));
            report(&on, &[on.chain.send(args.contract.bonds, &call)?], env)
        }
        Command::Breach(args) => breach(args, env),
        Command::Collect(args) => {
            let on = args.contract.on(args.sender.open()?)?;
            let to = args.to.or(on.sender).ok_or(EvmError::NoTerms)?;
            report(&on, &[on.chain.send(args.contract.bonds, &bonds::collectCall { to })?], env)
        }
    }
}

impl Contract {
    /// The registry, if the contract is one of bonds of its accounts.
    fn on(&self, on: Registry) -> Result<Registry, EvmError> {
        let registry = on.chain.read(self.bonds, &bonds::REGISTRYCall {})?;
        if registry == on.at.registry { Ok(on) } else { Err(EvmError::NotOurs(self.bonds)) }
    }
}

impl AccountArgs {
    fn open(&self) -> Result<Registry, Error> {
        Ok(self.contract.on(self.sender.open()?)?)
    }
}

impl BondOwner {
    fn open(&self) -> Result<(Registry, Address, u32), Error> {
        let (on, owner, sub) = self.owner.open()?;
        Ok((self.contract.on(on)?, owner, sub))
    }
}

fn deploy(args: &Deploy, env: Env) -> Result<Exit, Error> {
    const TOO_LONG: &str = "--notice is longer than the contract counts";
    let on = args.sender.open()?;
    let rules = bonds::Rules {
        minReward: args.min_reward,
        maxReward: args.max_reward,
        maxGasPrice: args.max_gas_price,
        notice: u32::try_from(args.notice).map_err(|_| Error::Usage(TOO_LONG))?,
    };
    let arguments = bonds::constructorCall {
        registry: on.at.registry,
        operators: on.at.operators,
        rules_: rules,
    };
    let code = [bonds::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    actions::deployed(&on, "bonds", code, env)
}

fn show(args: &Show, env: Env) -> Result<Exit, Error> {
    let on = args.contract.on(args.deployment.view()?)?;
    let at = args.contract.bonds;
    let call = bonds::bondOfCall::from((on.context(), convert::address(args.account)));
    let bond = on.chain.read(at, &call)?;
    let from: u64 = bond.leavesFrom.to();
    let owed = match args.keeper {
        Some(keeper) => Some(on.chain.read(at, &bonds::owedCall { keeper })?.to_string()),
        None => None,
    };
    let report = BondReport {
        account: args.account,
        wei: bond.amount,
        leaves_from: (from != 0).then_some(from),
        keeper: args.keeper,
        owed,
    };
    env.out.result(&report, BondReport::lines)?;
    Ok(Exit::Done)
}

impl BondReport {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("bond    {} wei", self.wei)];
        lines.extend(self.leaves_from.map(|from| format!("leaves  from {} on", human::time(from))));
        if let (Some(keeper), Some(owed)) = (self.keeper, &self.owed) {
            lines.push(format!("owed    {owed} wei, to {keeper}"));
        }
        lines
    }
}

/// Shows a breach; the address in the proof's memo is paid.
fn breach(args: &Breach, env: Env) -> Result<Exit, Error> {
    let on = args.contract.on(args.sender.open()?)?;
    let proof = proofs::read(&args.proof, &on.deployment, args.srs, env)?;
    let call = bonds::showBreachCall {
        circuit: proof.circuit,
        inputs: convert::inputs(&ClaimData::from(proof.file.instance())),
        proof: proof.file.proof().to_vec().into(),
    };
    report(&on, &[on.chain.send(args.contract.bonds, &call)?], env)
}
