//! `zkmargin evm`: margin calls by contracts on an EVM chain.

mod actions;
mod chain;
mod deploy;
mod deployment;
mod error;
mod export;
mod queries;
mod signer;

use clap::Subcommand;
use zkmargin_margin::ids::ContextId;
use zkmargin_prover::files::Source;

use crate::cli::Env;
use crate::error::{Error, Exit};

pub(crate) use error::EvmError;

/// What is said after the help of the whole.
const NOTE: &str = "\
The same engine as `zkmargin call`, in contracts: a deployment is a margin-call registry \
with verifiers of circuits. Proofs are of --proof-system kzg.

The key of the account that sends is never an argument: it is read from \
ZKMARGIN_EVM_KEY or from --key-file, as 64 hexadecimal digits.";

#[derive(Debug, Subcommand)]
#[command(after_help = NOTE)]
pub(crate) enum Command {
    /// Write the Solidity verifier of a circuit, or of a key
    Export(export::Args),
    /// Deploy a registry with verifiers of circuits
    Deploy(Box<deploy::Args>),
    /// Post an epoch: its market and its state root
    Post(actions::Post),
    /// Register an account
    Register(actions::AccountArgs),
    /// Send proofs: at-least proofs keep an account current, below proofs call it
    Submit(actions::ProofArgs),
    /// Call an account whose proof is overdue
    Call(actions::AccountArgs),
    /// Cure a margin call by a proof
    Cure(actions::ProofArgs),
    /// Record that the deadline of a call has passed
    Liquidate(actions::AccountArgs),
    /// Close an account: it was liquidated, or it leaves
    Close(actions::AccountArgs),
    /// Take a liquidatable account back; it must prove itself again
    Reinstate(actions::AccountArgs),
    /// Accept a margin model
    Accept(actions::ModelArgs),
    /// Accept a margin model no longer
    Revoke(actions::ModelArgs),
    /// Halt: no new calls, and the clock of open ones stops
    Pause(actions::PlainArgs),
    /// End a halt and confirm the latest epoch
    Resume(actions::PlainArgs),
    /// Show accounts; exits with 3 when one is called or liquidatable
    Status(queries::Status),
    /// Show what the registry announced
    History(queries::History),
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    use actions::{AccountAction as Account, PlainAction as Plain};
    match command {
        Command::Export(args) => export::run(args, env),
        Command::Deploy(args) => deploy::run(args, env),
        Command::Post(args) => actions::post(args, env),
        Command::Register(args) => actions::account(args, Account::Register, env),
        Command::Submit(args) => actions::submit(args, false, env),
        Command::Call(args) => actions::account(args, Account::CallOverdue, env),
        Command::Cure(args) => actions::submit(args, true, env),
        Command::Liquidate(args) => actions::account(args, Account::MarkLiquidatable, env),
        Command::Close(args) => actions::account(args, Account::Close, env),
        Command::Reinstate(args) => actions::account(args, Account::Reinstate, env),
        Command::Accept(args) => actions::model(args, true, env),
        Command::Revoke(args) => actions::model(args, false, env),
        Command::Pause(args) => actions::plain(args, Plain::Pause, env),
        Command::Resume(args) => actions::plain(args, Plain::Resume, env),
        Command::Status(args) => queries::status(args, env),
        Command::History(args) => queries::history(args, env),
    }
}

/// The context of a deployment, by its file.
pub(crate) fn context_in(file: &Source) -> Result<ContextId, Error> {
    Ok(deployment::load(file)?.context)
}

/// Moves the clock of a node for tests, and mines a block then.
pub(crate) fn set_time(rpc_url: &str, time: u64) -> Result<(), Error> {
    Ok(chain::RpcArgs::at(rpc_url).view()?.set_time(time)?)
}
