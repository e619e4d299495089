//! Circuits of a market: what proofs it accepts, from when until when.

use alloy_sol_types::private::{Address, B256, U256};
use clap::Subcommand;
use serde::Serialize;
use zkmargin_evm::artifact::creation_code;
use zkmargin_evm::contracts::MarginProofGate as gate;
use zkmargin_evm::engine::{LAST_TIME, Time};
use zkmargin_margin::statement::venue::SubtreeDepth;
use zkmargin_prover::files::Source;
use zkmargin_prover::human;

use super::actions::report;
use super::chain::Outcome;
use super::deployment::{DeploymentArgs, Registry, SenderArgs};
use super::error::EvmError;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::parse_source;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the circuits that were activated
    List(List),
    /// Propose the circuit of a verifier: it waits for the gate's delay
    Add(Add),
    /// Activate a circuit that has waited
    Activate(Named),
    /// Accept no proofs of a circuit for now, which stops the market's clock
    Freeze(Named),
    /// Accept proofs of a frozen circuit again
    Unfreeze(Named),
    /// Have a circuit end earlier
    Retire(Retire),
    /// Remove a circuit
    Remove(Named),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    deployment: DeploymentArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    #[command(flatten)]
    sender: SenderArgs,
    /// The verifier's address
    #[arg(long, value_name = "0x...", required_unless_present = "artifact")]
    verifier: Option<Address>,
    /// Deploy it first: compiled, as `node scripts/compile.mjs` writes it
    #[arg(long, value_name = "FILE", value_parser = parse_source, conflicts_with = "verifier")]
    artifact: Option<Source>,
    /// What its proofs say: margin, changes, escrows, venues
    #[arg(long, value_enum, default_value_t)]
    of: Statement,
    /// Hash of its code, as you found it to be what `zkmargin evm export` writes; the
    /// code that is there now, unless given
    #[arg(long, value_name = "0x...")]
    code_hash: Option<B256>,
    /// Gas that it is given
    #[arg(long, value_name = "GAS", default_value_t = super::deploy::VERIFIER_GAS)]
    verifier_gas: u32,
    /// When its proofs are accepted last, in seconds since 1970; no end unless given
    #[arg(long, value_name = "TIME")]
    valid_until: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    #[command(flatten)]
    sender: SenderArgs,
    /// The circuit: digest of its verifying key
    #[arg(short, long, value_name = "0x...")]
    circuit: B256,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Retire {
    #[command(flatten)]
    named: Named,
    /// When its proofs are accepted last, in seconds since 1970
    #[arg(long, value_name = "TIME")]
    valid_until: u64,
}

/// What the proofs of a circuit say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Statement {
    /// An account's margin
    #[default]
    Margin,
    /// What an account becomes
    Changes,
    /// An account's margin, with an escrow
    Escrows,
    /// All accounts of a subtree
    Venues,
}

impl Statement {
    /// By the contract's number.
    fn of(number: u8) -> Option<Self> {
        [Self::Margin, Self::Changes, Self::Escrows, Self::Venues].get(usize::from(number)).copied()
    }
}

/// A circuit of a market.
#[derive(Serialize)]
pub(super) struct Line {
    circuit: B256,
    name: Option<String>,
    verifier: Address,
    gas: u32,
    /// Nothing when it is one that this program does not know.
    of: Option<Statement>,
    /// Nothing when there is no end.
    valid_until: Option<u64>,
    frozen: bool,
}

pub(super) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::List(args) => {
            let lines = active(&args.deployment.view()?)?;
            env.out.result(&lines, |lines| lines.iter().map(Line::told).collect())?;
            Ok(Exit::Done)
        }
        Command::Add(args) => add(args, env),
        Command::Activate(args) => named(args, env, |on, circuit| {
            let context = on.context();
            on.chain.send(on.at.gate, &gate::activateCircuitCall { context, circuit })
        }),
        Command::Freeze(args) => named(args, env, |on, circuit| {
            let context = on.context();
            on.chain.send(on.at.gate, &gate::freezeCircuitCall { context, circuit })
        }),
        Command::Unfreeze(args) => named(args, env, |on, circuit| {
            let context = on.context();
            on.chain.send(on.at.gate, &gate::unfreezeCircuitCall { context, circuit })
        }),
        Command::Remove(args) => named(args, env, |on, circuit| {
            let context = on.context();
            on.chain.send(on.at.gate, &gate::removeCircuitCall { context, circuit })
        }),
        Command::Retire(args) => {
            let until = time(args.valid_until)?;
            named(&args.named, env, |on, circuit| {
                let context = on.context();
                let call = gate::retireCircuitCall { context, circuit, validUntil: until };
                on.chain.send(on.at.gate, &call)
            })
        }
    }
}

fn named(
    args: &Named,
    env: Env,
    send: impl FnOnce(&Registry, B256) -> Result<Outcome, EvmError>,
) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let outcome = send(&on, args.circuit)?;
    report(&on, &[outcome], env)
}

fn add(args: &Add, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let verifier = args.deployed(&on)?;
    let hash = match args.code_hash {
        Some(hash) => hash,
        None if on.chain.is_plan() => B256::ZERO,
        None => on.chain.code_hash(verifier)?,
    };
    let until = time(args.valid_until.unwrap_or(LAST_TIME))?;
    let named = (on.context(), verifier, hash, args.verifier_gas, until);
    let (chain, at) = (&on.chain, on.at.gate);
    let sent = match args.of {
        Statement::Margin => chain.send(at, &gate::addCircuitCall::from(named)),
        Statement::Changes => chain.send(at, &gate::addChangeCircuitCall::from(named)),
        Statement::Escrows => chain.send(at, &gate::addEscrowCircuitCall::from(named)),
        Statement::Venues => chain.send(at, &gate::addVenueCircuitCall::from(named)),
    }?;
    report(&on, &[sent], env)
}

impl Add {
    /// The verifier, which may have to be deployed first.
    fn deployed(&self, on: &Registry) -> Result<Address, Error> {
        let Some(file) = &self.artifact else {
            return self.verifier.ok_or(Error::Usage("--verifier or --artifact is needed"));
        };
        let path = file.to_string();
        let code = creation_code(&file.read()?);
        let (verifier, _) =
            on.chain.create(code.map_err(|source| EvmError::Artifact { path, source })?)?;
        Ok(verifier)
    }
}

/// The circuit that is named, or the market's only active one of a statement.
pub(super) fn only(on: &Registry, of: Statement, named: Option<B256>) -> Result<B256, EvmError> {
    if let Some(circuit) = named {
        return Ok(circuit);
    }
    only_of(of, &those_of(on, of)?)
}

/// The market's circuits of venues over subtrees of so many levels: one at least.
pub(super) fn of_venues(on: &Registry, depth: SubtreeDepth) -> Result<Vec<B256>, EvmError> {
    let (context, of) = (on.context(), Statement::Venues);
    let mut fitting = Vec::new();
    for circuit in those_of(on, of)? {
        let levels = on.chain.read(on.at.gate, &gate::depthOfCall { context, circuit })?;
        if levels == U256::from(depth.get()) {
            fitting.push(circuit);
        }
    }
    match fitting.len() {
        0 => Err(EvmError::NotOneCircuit { of, found: 0 }),
        _ => Ok(fitting),
    }
}

/// The market's active circuits of a statement that are not frozen.
fn those_of(on: &Registry, of: Statement) -> Result<Vec<B256>, EvmError> {
    let now = on.chain.time()?;
    let ends = |line: &Line| line.valid_until.is_some_and(|until| until < now);
    let ours = |line: &Line| line.of == Some(of) && !line.frozen && !ends(line);
    Ok(active(on)?.into_iter().filter(ours).map(|line| line.circuit).collect())
}

fn only_of(of: Statement, fitting: &[B256]) -> Result<B256, EvmError> {
    match fitting {
        [one] => Ok(*one),
        several => Err(EvmError::NotOneCircuit { of, found: several.len() }),
    }
}

/// A time as the contracts take it.
pub(super) fn time(seconds: u64) -> Result<Time, Error> {
    const TOO_LATE: &str = "a time is below 2^48 seconds since 1970";
    if seconds > LAST_TIME { Err(Error::Usage(TOO_LATE)) } else { Ok(Time::from(seconds)) }
}

/// The circuits that were activated.
pub(super) fn active(on: &Registry) -> Result<Vec<Line>, EvmError> {
    let context = on.context();
    let circuits = on.chain.read(on.at.gate, &gate::activeCircuitsCall { context })?;
    let line = |circuit: B256| {
        let known = on.chain.read(on.at.gate, &gate::circuitOfCall { context, circuit })?;
        let until: u64 = known.validUntil.to();
        let ours = on.deployment.verifiers.iter().find(|verifier| verifier.circuit == circuit);
        Ok(Line {
            circuit,
            name: ours.map(|verifier| verifier.name().to_string()),
            verifier: known.verifier,
            gas: known.gasLimit,
            of: Statement::of(known.statement),
            valid_until: (until != LAST_TIME).then_some(until),
            frozen: known.frozen,
        })
    };
    circuits.into_iter().map(line).collect()
}

impl Line {
    pub(super) fn told(&self) -> String {
        let name = self.name.as_deref().unwrap_or("unknown to the deployment file");
        let until = match self.valid_until {
            Some(until) => format!(", until {}", human::time(until)),
            None => String::new(),
        };
        let frozen = if self.frozen { ", FROZEN" } else { "" };
        let of = match self.of {
            Some(Statement::Margin) => "",
            Some(Statement::Changes) => ", of changes",
            Some(Statement::Escrows) => ", of escrows",
            Some(Statement::Venues) => ", of venues",
            None => ", of a statement that this program does not know",
        };
        format!("{} {name}{of}{until}{frozen}", self.circuit)
    }
}
