//! `zkmargin call init`.

use serde::Serialize;
use zkmargin_margin::ids::ContextId;
use zkmargin_verifier::engine::Policy;
use zkmargin_verifier::ledger::Ledger;

use super::policy::{NOTE, PolicyArgs};
use crate::cli::Env;
use crate::cmd::call::LedgerArgs;
use crate::error::{Error, Exit};
use crate::input::parse_context;

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The deployment: 0x and 62 digits, or PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(short, long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: ContextId,
    #[command(flatten)]
    policy: PolicyArgs,
}

#[derive(Serialize)]
struct Report<'a> {
    ledger: &'a std::path::Path,
    start: u64,
    policy: &'a Policy,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let policy = Policy::new(args.policy.params(args.context)?)?;
    let ledger = Ledger::create(&args.ledger.ledger, policy, args.ledger.now()?)
        .map_err(|error| args.ledger.failed(error))?;
    let report =
        Report { ledger: &args.ledger.ledger, start: ledger.start(), policy: ledger.policy() };
    env.out.result(&report, |report| {
        vec![
            format!("ledger        {}", report.ledger.display()),
            format!("context       {}", report.policy.params().context),
        ]
    })?;
    Ok(Exit::Done)
}
