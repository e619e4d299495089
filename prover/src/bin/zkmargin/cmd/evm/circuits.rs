//! Circuits of a market: what proofs it accepts, from when until when.

use alloy_sol_types::private::{Address, B256};
use clap::Subcommand;
use serde::Serialize;
use zkmargin_evm::contracts::MarginProofGate as gate;
use zkmargin_evm::engine::{LAST_TIME, Time};
use zkmargin_prover::human;

use super::actions::report;
use super::chain::Outcome;
use super::deployment::{DeploymentArgs, Registry, SenderArgs};
use super::error::EvmError;
use crate::env::Env;
use crate::error::{Error, Exit};

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
    #[arg(long, value_name = "0x...")]
    verifier: Address,
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

/// A circuit of a market.
#[derive(Serialize)]
pub(super) struct Line {
    circuit: B256,
    name: Option<String>,
    verifier: Address,
    gas: u32,
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
    let hash = match args.code_hash {
        Some(hash) => hash,
        None => on.chain.code_hash(args.verifier)?,
    };
    let call = gate::addCircuitCall {
        context: on.context(),
        verifier: args.verifier,
        codeHash: hash,
        gasLimit: args.verifier_gas,
        validUntil: time(args.valid_until.unwrap_or(LAST_TIME))?,
    };
    report(&on, &[on.chain.send(on.at.gate, &call)?], env)
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
        format!("{} {name}{until}{frozen}", self.circuit)
    }
}
