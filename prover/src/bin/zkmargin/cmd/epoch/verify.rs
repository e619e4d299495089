//! `zkmargin epoch verify`.

use serde::Serialize;
use zkmargin_margin::ids::ContextId;
use zkmargin_prover::files::Source;
use zkmargin_prover::freshness::{Freshness, parse_period};
use zkmargin_verifier::engine::Root;
use zkmargin_verifier::epoch::{SignedEpoch, Signer};

use super::{EpochReport, Reference, load_epoch, load_signers};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{now, parse_context, parse_source};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The epoch file
    #[arg(value_parser = parse_source)]
    epoch: Source,
    /// Who must have signed it: {"threshold": 2, "signers": ["0x...", ...]}
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    signers: Source,
    /// The deployment it must be for: 0x and 62 digits, or
    /// PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: Option<ContextId>,
    /// The market it must be of; its root is recomputed
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Option<Source>,
    /// The file of the epoch before, which it must follow
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    previous: Option<Source>,
    /// Largest age of its prices: 15m, 900s
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    max_age: Option<u64>,
    /// How far ahead of this machine's clock the time of its prices may lie
    #[arg(long, value_name = "PERIOD", value_parser = parse_period, default_value = "15s")]
    max_clock_skew: u64,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    epoch: EpochReport,
    signed_by: Vec<Signer>,
    signed: usize,
    threshold: usize,
    signers: usize,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let epoch = load_epoch(&args.epoch)?;
    let signers = load_signers(&args.signers)?;
    let failed = |error| Error::not_signed(&args.epoch, error);
    let signed = epoch.check(&signers).map_err(failed)?;
    args.check(&epoch, env)?;
    let report = Report {
        epoch: EpochReport::from(&epoch),
        signed_by: epoch.signed_by().map_err(failed)?,
        signed,
        threshold: signers.threshold(),
        signers: signers.signers().len(),
    };
    env.out.result(&report, |report| {
        let mut lines = report.epoch.lines();
        let Report { signed, threshold, signers, .. } = report;
        lines.push(format!("signed by     {signed} of {signers} signers, {threshold} are needed"));
        lines.extend(report.signed_by.iter().map(|signer| format!("              {signer}")));
        lines
    })?;
    Ok(Exit::Done)
}

impl Args {
    /// Holds the epoch to what else is told.
    fn check(&self, epoch: &SignedEpoch, env: Env) -> Result<(), Error> {
        let same = |what, expected: String, found: String| match expected == found {
            true => Ok(()),
            false => Err(Error::Mismatch { place: self.epoch.to_string(), what, expected, found }),
        };
        let post = &epoch.post;
        if let Some(context) = self.context {
            same("context", context.to_string(), epoch.context.to_string())?;
        }
        if let Some(source) = &self.market {
            let Reference { epoch: number, root, .. } = Reference::load(source, env)?;
            let found: Root = post.market_root;
            same("market_root", root.to_string(), found.to_string())?;
            same("epoch", number.get().to_string(), post.epoch.get().to_string())?;
        }
        if let Some(source) = &self.previous {
            let before = load_epoch(source)?;
            same("previous", before.digest().to_string(), post.previous.to_string())?;
        }
        let Some(max_age) = self.max_age else { return Ok(()) };
        let rule = Freshness { max_age, max_ahead: self.max_clock_skew };
        let failed = |source| Error::NotFresh { path: self.epoch.to_string(), source };
        rule.check(post.market_timestamp, now()?).map_err(failed)?;
        Ok(())
    }
}
