//! `zkmargin call init`.

use serde::Serialize;
use zkmargin_margin::ids::ContextId;
use zkmargin_prover::files::Source;
use zkmargin_prover::human::duration;
use zkmargin_verifier::engine::{Policy, PolicyParams};
use zkmargin_verifier::epoch::Signers;
use zkmargin_verifier::ledger::Ledger;

use super::LedgerArgs;
use super::policy::{NOTE, PolicyArgs};
use crate::cmd::epoch::load_signers;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{parse_context, parse_source};

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The deployment: 0x and 62 digits, or PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(short, long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: ContextId,
    /// Who must sign epochs; without, they rest on the word of whoever posts them
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    signers: Option<Source>,
    #[command(flatten)]
    policy: PolicyArgs,
}

#[derive(Serialize)]
struct Report<'a> {
    ledger: &'a std::path::Path,
    start: u64,
    policy: &'a Policy,
    signers: Option<&'a Signers>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let policy = Policy::new(args.policy.params(args.context, env.new_proof_system())?)?;
    let signers = args.signers.as_ref().map(load_signers).transpose()?;
    let ledger = Ledger::create(&args.ledger.ledger, policy, signers, args.ledger.now()?)
        .map_err(|error| args.ledger.failed(error))?;
    let report = Report {
        ledger: &args.ledger.ledger,
        start: ledger.start(),
        policy: ledger.policy(),
        signers: ledger.signers(),
    };
    env.out.result(&report, Report::lines)?;
    Ok(Exit::Done)
}

impl Report<'_> {
    fn lines(&self) -> Vec<String> {
        let params = self.policy.params();
        let signers = match self.signers {
            Some(signers) => signers.to_string(),
            None => "none: epochs rest on the word of whoever posts them".to_owned(),
        };
        let mut lines = vec![
            format!("ledger        {}", self.ledger.display()),
            format!("context       {}", params.context),
            format!("signers       {signers}"),
            format!("breaker       {}", breaker(params)),
        ];
        if let Some(committee) = params.escrow {
            lines.push(format!("escrow        {committee}"));
        }
        lines
    }
}

fn breaker(params: &PolicyParams) -> String {
    match (params.max_price_move_bps, params.breaker_window) {
        (None, _) => "none: no move of prices halts".to_owned(),
        (Some(bps), 0) => format!("{bps} bps between epochs"),
        (Some(bps), window) => format!("{bps} bps within {}", duration(window)),
    }
}
