//! `zkmargin evm`: margin calls by contracts on an EVM chain.

mod actions;
mod approval;
mod bonds;
mod chain;
mod changes;
mod check;
mod circuits;
mod deploy;
mod deployment;
mod error;
mod escrow_proof;
mod escrows;
mod export;
mod halts;
mod keeper;
mod paths;
mod prices;
mod proofs;
mod queries;
mod roles;
mod rows;
mod signer;
mod signers;
mod steps;
mod venue;

use clap::Subcommand;
use zkmargin_margin::ids::ContextId;
use zkmargin_prover::files::Source;

use crate::env::Env;
use crate::error::{Error, Exit};

pub(crate) use deployment::layout_of;
pub(crate) use error::EvmError;

/// What is said after the help of the whole.
const NOTE: &str = "\
The same engine as `zkmargin call`, in contracts: a deployment is a market with its \
registry, and verifiers of circuits. Proofs are of --proof-system kzg.

The key of the account that sends is never an argument: it is read from \
ZKMARGIN_EVM_KEY, from --key-file, as 64 hexadecimal digits, or from --keystore. With \
--dry-run nothing is sent: the unsigned transactions are printed.";

#[derive(Debug, Subcommand)]
#[command(after_help = NOTE)]
pub(crate) enum Command {
    /// Write the Solidity verifier of a circuit, or of a key
    Export(export::Args),
    /// Deploy the contracts and a market, with verifiers of circuits
    Deploy(Box<deploy::Args>),
    /// Post an epoch from its file, as `zkmargin epoch` makes and signs it
    Post(halts::Post),
    /// Reject an epoch: what rests on it is unproven
    Reject(halts::EpochArgs),
    /// Register an account of the sender, or of who approved it
    Register(actions::OwnerArgs),
    /// Have somebody act for the sender's accounts until a time
    Approve(actions::Approve),
    /// Subscribe to an account, as a protocol that its owner approved
    Subscribe(actions::OwnerArgs),
    /// Send proofs: at-least proofs keep an account current, below proofs call it
    Submit(proofs::Args),
    /// Send 1 to 16 at-least proofs of one circuit in one transaction
    Batch(proofs::BatchArgs),
    /// Call an account whose proof is overdue
    Call(actions::AccountArgs),
    /// Cure margin calls by proofs
    Cure(proofs::Args),
    /// Record that the deadline of a call has passed
    Liquidate(actions::AccountArgs),
    /// Call all overdue accounts, and record all deadlines that have passed
    Keep(keeper::Args),
    /// Close an account for a subscribed protocol: nothing is owed to it any more
    Close(actions::AccountArgs),
    /// Take a liquidatable account back; it must prove itself again
    Reinstate(actions::AccountArgs),
    /// Close an account of the sender that no protocol subscribes to
    Depart(actions::OwnerArgs),
    /// Take an account out of a market whose clock has stood still for too long
    Escape(actions::OwnerArgs),
    /// Set what is told of the accounts that the sender subscribes to
    Hook(actions::Hook),
    /// Tell a hook that failed again
    RetryHook(actions::RetryHook),
    /// Sign, send and void approvals of operators that anyone may send
    #[command(subcommand)]
    Approval(approval::Command),
    /// Ask whether a proof counts now, registered or not; exits with 1 when it does not
    Check(check::Args),
    /// Bonds of accounts, and keepers' rewards from them
    Bonds(bonds::Args),
    /// Paths that the venue withholds: demand them on record, answer demands
    Paths(paths::Args),
    /// What accounts said they become: send changes, show them, have them expire
    Changes(changes::Args),
    /// Proofs that the market's committee can open: send them, fetch what it opens
    Escrows(escrows::Args),
    /// Proofs that nobody is spared: send a venue's, see what they cover
    Venue(venue::Args),
    /// Posted prices against a feed: who shows that one is off has its epoch rejected
    Prices(prices::Args),
    /// Show, announce and replace who signs epochs
    #[command(subcommand)]
    Signers(signers::Command),
    /// Announce, accept and revoke margin models
    #[command(subcommand)]
    Models(halts::ModelCommand),
    /// Show, add, freeze and retire circuits
    #[command(subcommand)]
    Circuits(circuits::Command),
    /// Show, grant, revoke and hand over roles
    #[command(subcommand)]
    Roles(roles::Command),
    /// Halt for a time: no proof counts, no call is made, and the clock stops
    Pause(halts::Pause),
    /// End a halt and confirm the latest epoch, which is named
    Resume(halts::EpochArgs),
    /// Show halts, the clock and accounts; exits with 3 when one is called or liquidatable
    Status(queries::Status),
    /// Ask whether an account may take more risk; exits with 1 when it may not
    Standing(queries::Standing),
    /// Show what the contracts announced
    History(queries::History),
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    use actions::{AccountAction as Account, OwnerAction as Owner};
    match command {
        Command::Export(args) => export::run(args, env),
        Command::Deploy(args) => deploy::run(args, env),
        Command::Post(args) => halts::post(args, env),
        Command::Reject(args) => halts::reject(args, env),
        Command::Register(args) => actions::owner(args, Owner::Register, env),
        Command::Approve(args) => actions::approve(args, env),
        Command::Subscribe(args) => actions::owner(args, Owner::Subscribe, env),
        Command::Submit(args) => proofs::submit(args, false, env),
        Command::Batch(args) => proofs::batch(args, env),
        Command::Call(args) => actions::account(args, Account::CallOverdue, env),
        Command::Cure(args) => proofs::submit(args, true, env),
        Command::Liquidate(args) => actions::account(args, Account::MarkLiquidatable, env),
        Command::Keep(args) => keeper::run(args, env),
        Command::Close(args) => actions::account(args, Account::Close, env),
        Command::Reinstate(args) => actions::account(args, Account::Reinstate, env),
        Command::Depart(args) => actions::owner(args, Owner::Depart, env),
        Command::Escape(args) => actions::owner(args, Owner::Escape, env),
        Command::Hook(args) => actions::hook(args, env),
        Command::RetryHook(args) => actions::retry_hook(args, env),
        Command::Approval(command) => approval::run(command, env),
        Command::Check(args) => check::run(args, env),
        Command::Bonds(args) => bonds::run(args, env),
        Command::Paths(args) => paths::run(args, env),
        Command::Changes(args) => changes::run(args, env),
        Command::Escrows(args) => escrows::run(args, env),
        Command::Venue(args) => venue::run(args, env),
        Command::Prices(args) => prices::run(args, env),
        Command::Signers(command) => signers::run(command, env),
        Command::Models(command) => halts::model(command, env),
        Command::Circuits(command) => circuits::run(command, env),
        Command::Roles(command) => roles::run(command, env),
        Command::Pause(args) => halts::pause(args, env),
        Command::Resume(args) => halts::resume(args, env),
        Command::Status(args) => queries::status(args, env),
        Command::Standing(args) => queries::standing(args, env),
        Command::History(args) => queries::history(args, env),
    }
}

/// The context of a deployment, by its file.
pub(crate) fn context_in(file: &Source) -> Result<ContextId, Error> {
    Ok(deployment::load(file)?.1.context)
}

/// Moves the clock of a node for tests, and mines a block then.
pub(crate) fn set_time(rpc_url: &str, time: u64) -> Result<(), Error> {
    Ok(chain::RpcArgs::at(rpc_url).view()?.set_time(time)?)
}
