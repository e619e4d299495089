//! `zkmargin-venue commit`.

use serde::Serialize;
use zkmargin_prover::bulk::{Outcome, expand};
use zkmargin_prover::files::Source;
use zkmargin_venue::commit::{Committed, commit};
use zkmargin_venue::with_market;

use crate::error::{Error, Exit};
use crate::input::{Env, IdentityArgs, Inputs, load_market, parse_source};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    identity: IdentityArgs,
    /// The market whose lots the commitments count in
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
}

#[derive(Default, Serialize)]
struct Report {
    committed: u64,
    unchanged: u64,
    refused: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refusals: Vec<Refused>,
}

#[derive(Serialize)]
struct Refused {
    file: String,
    problem: String,
}

pub(crate) async fn run(args: &Args, env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    let sources = expand(&args.inputs.portfolio, &args.inputs.list)?;
    let keys = args.identity.keys()?;
    let (_, market) = load_market(&args.market)?;
    let total = sources.len() as u64;
    let mut report = Report::default();
    let mut progress = env.out.progress("committed", Some(total));
    let told = |source: &Source, outcome: &Outcome<Committed, _>| {
        progress.step();
        match outcome {
            Outcome::Done(Committed::New(_)) => report.committed += 1,
            Outcome::Done(Committed::Unchanged(_)) => report.unchanged += 1,
            Outcome::Failed(error) => {
                let error: &zkmargin_venue::portfolio::PortfolioError = error;
                report.refused += 1;
                env.out.refused(source, error.told());
                report.refusals.push(Refused { file: source.to_string(), problem: error.told() });
            }
            Outcome::NotTried => {}
        }
    };
    let keep_going = args.inputs.keep_going;
    let done: Result<(), Error> = with_market!(store.settings().proof_system, market, B, market => {
        commit::<<B as zkmargin_prover::backend::Backend>::Field, _>(
            &store, &sources, &market, &keys, keep_going, told,
        )
        .await
        .map_err(Error::from)
    });
    done?;
    progress.end();
    env.out.result(&report, |r| {
        vec![format!("{} committed, {} unchanged, {} refused", r.committed, r.unchanged, r.refused)]
    })?;
    match report.refused {
        0 => Ok(Exit::Done),
        refused => Err(Error::Some { refused, total, what: "portfolios" }),
    }
}
