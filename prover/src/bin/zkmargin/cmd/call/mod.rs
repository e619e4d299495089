//! `zkmargin call`: margin calls on a ledger.

mod actions;
mod audit;
mod changes;
mod escrowed;
mod halts;
mod hints;
mod init;
mod ledger;
pub(crate) mod policy;
mod proofs;
mod queries;
mod standing;
mod status;

use clap::Subcommand;
use zkmargin_margin::ids::AccountId;
use zkmargin_verifier::engine::{Action, Event};
use zkmargin_verifier::ledger::HistoryEntry;

use crate::env::Env;
use crate::error::{Error, Exit};

pub(crate) use hints::ledger_hint;
#[cfg(feature = "chain")]
pub(crate) use hints::refusal_hint;
use ledger::LedgerArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a ledger with the rules of a deployment
    Init(init::Args),
    /// Post an epoch from its file, as `zkmargin epoch` makes and signs it
    Post(actions::Post),
    /// Reject an epoch: what rests on it is unproven
    Reject(halts::EpochArgs),
    /// Register an account
    Register(AccountArgs),
    /// Verify proofs and apply them: at-least proofs keep an account current,
    /// below proofs call it
    Submit(proofs::Args),
    /// Verify a proof with the escrow that the ledger demands, and apply it: it keeps an
    /// account current, or cures a margin call
    SubmitEscrowed(escrowed::Args),
    /// Show halts, the clock and accounts; exits with 3 when one is called or liquidatable
    Status(status::Status),
    /// Ask whether an account may take more risk; exits with 1 when it may not
    Standing(standing::Standing),
    /// List accounts whose proof is overdue, or call them
    Overdue(queries::Overdue),
    /// Verify a proof and cure a margin call by it
    Cure(proofs::Args),
    /// Verify a change that meets a level, and put on record what the account becomes:
    /// until that is shown, its margin proofs do not count
    Change(changes::Args),
    /// Verify a change of nothing that shows that an epoch holds what a change said: it
    /// counts as a margin proof, or cures
    ShowChange(changes::Args),
    /// Have a change expire that was not shown in time
    ExpireChange(AccountArgs),
    /// Record that the deadline of a call has passed
    Liquidate(AccountArgs),
    /// Close an account: it was liquidated, or it leaves and owes nothing
    Close(AccountArgs),
    /// Take an account out of a ledger whose clock has stood still for too long
    Escape(AccountArgs),
    /// Record that an account asks for its path in the latest epoch: its clock stands
    /// still until it is answered, or proves itself
    RequestPath(AccountArgs),
    /// Record that the venue has answered it
    AnswerPath(AccountArgs),
    /// Take a liquidatable account back; it must prove itself again
    Reinstate(AccountArgs),
    /// Accept a margin model
    Accept(actions::ModelArgs),
    /// Accept a margin model no longer
    Revoke(actions::ModelArgs),
    /// Halt for a time: no proof counts, no call is made, and the clock stops
    Pause(halts::Pause),
    /// End a halt and confirm the latest epoch, which is named
    Resume(halts::EpochArgs),
    /// Show what happened
    History(queries::History),
    /// Verify every proof on record again, replay the history and compare it with the state
    Audit(audit::Audit),
}

/// An account on a ledger.
#[derive(Debug, clap::Args)]
pub(crate) struct AccountArgs {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Init(args) => init::run(args, env),
        Command::Post(args) => actions::post(args, env),
        Command::Reject(args) => halts::reject(args, env),
        Command::Register(args) => on_account(args, |account| Action::Register { account }, env),
        Command::Submit(args) => proofs::submit(args, false, env),
        Command::SubmitEscrowed(args) => escrowed::submit(args, env),
        Command::Status(args) => status::run(args, env),
        Command::Standing(args) => standing::run(args, env),
        Command::Overdue(args) => queries::overdue(args, env),
        Command::Cure(args) => proofs::submit(args, true, env),
        Command::Change(args) => changes::submit(args, false, env),
        Command::ShowChange(args) => changes::submit(args, true, env),
        Command::ExpireChange(args) => {
            on_account(args, |account| Action::ExpireChange { account }, env)
        }
        Command::Liquidate(args) => {
            on_account(args, |account| Action::MarkLiquidatable { account }, env)
        }
        Command::Close(args) => on_account(args, |account| Action::Close { account }, env),
        Command::Escape(args) => on_account(args, |account| Action::Escape { account }, env),
        Command::RequestPath(args) => {
            on_account(args, |account| Action::RequestPath { account }, env)
        }
        Command::AnswerPath(args) => {
            on_account(args, |account| Action::AnswerPath { account }, env)
        }
        Command::Reinstate(args) => on_account(args, |account| Action::Reinstate { account }, env),
        Command::Accept(args) => actions::model(args, true, env),
        Command::Revoke(args) => actions::model(args, false, env),
        Command::Pause(args) => halts::pause(args, env),
        Command::Resume(args) => halts::resume(args, env),
        Command::History(args) => queries::history(args, env),
        Command::Audit(args) => audit::run(args, env),
    }
}

fn on_account(
    args: &AccountArgs,
    action: impl FnOnce(AccountId) -> Action,
    env: Env,
) -> Result<Exit, Error> {
    args.ledger.act(&action(args.account), env)
}

/// Tells what transitions announced.
fn report(entries: &[HistoryEntry], env: Env) -> Result<Exit, Error> {
    env.out.result(&entries, |entries| {
        entries.iter().flat_map(|entry| entry.events.iter().map(Event::to_string)).collect()
    })?;
    Ok(Exit::Done)
}
