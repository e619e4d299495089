//! `zkmargin call init`.

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::ContextId;
use zkmargin_verifier::engine::{Policy, PolicyParams};
use zkmargin_verifier::ledger::Ledger;

use crate::cli::Env;
use crate::cmd::call::LedgerArgs;
use crate::cmd::market::load_model;
use crate::error::{Error, Exit};
use crate::input::parse_context;

/// What is said after the help.
const NOTE: &str = "\
Levels must be ordered: breach <= required <= cure. The proof window and the cure period \
are at least twice the snapshot's age.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The deployment: 0x and 62 digits, or PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(short, long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: ContextId,
    /// Margin model that is accepted: the name of a shipped one, or a file
    #[arg(short, long, value_name = "NAME|FILE", required = true)]
    model: Vec<String>,
    /// Level that proofs must show: margin-call, maintenance, initial
    #[arg(long, value_name = "LEVEL", default_value = "maintenance", value_parser = parse_level)]
    required_level: Level,
    /// Level below which an account is called
    #[arg(long, value_name = "LEVEL", default_value = "maintenance", value_parser = parse_level)]
    breach_level: Level,
    /// Level that cures a call
    #[arg(long, value_name = "LEVEL", default_value = "initial", value_parser = parse_level)]
    cure_level: Level,
    /// Time for the next proof
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    proof_window: u64,
    /// Time to cure a call
    #[arg(long, value_name = "SECONDS", default_value_t = 14_400)]
    cure_period: u64,
    /// Age at which prices are stale
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    max_snapshot_age: u64,
    /// Move of a price between epochs that trips the circuit breaker, in basis
    /// points
    #[arg(long, value_name = "BPS")]
    max_price_move_bps: Option<u32>,
}

fn parse_level(text: &str) -> Result<Level, &'static str> {
    (1..=3)
        .filter_map(Level::from_u8)
        .find(|level| level.to_string() == text)
        .ok_or("allowed are margin-call, maintenance, initial")
}

#[derive(Serialize)]
struct Report<'a> {
    ledger: &'a std::path::Path,
    start: u64,
    policy: &'a Policy,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let models = args
        .model
        .iter()
        .map(|name| load_model(name).map(|model| model.digest()))
        .collect::<Result<_, _>>()?;
    let policy = Policy::new(PolicyParams {
        context: args.context,
        models,
        required_level: args.required_level,
        breach_level: args.breach_level,
        cure_level: args.cure_level,
        proof_window: args.proof_window,
        cure_period: args.cure_period,
        max_snapshot_age: args.max_snapshot_age,
        max_price_move_bps: args.max_price_move_bps,
    })?;
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
