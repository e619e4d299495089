//! Whether a proof counts now, of a registered account or not.

use serde::Serialize;
use zkmargin_evm::contracts::MarginCallRegistry as registry;
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::files::Source;
use zkmargin_verifier::engine::ClaimData;

use super::deployment::DeploymentArgs;
use super::proofs;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source, warn_of_insecure_srs};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    deployment: DeploymentArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// The proof file
    #[arg(value_parser = parse_source)]
    proof: Source,
}

#[derive(Serialize)]
struct Report {
    counts: bool,
    account: AccountId,
    epoch: u64,
    claim: String,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The contracts are asked, as a protocol asks them at the moment of an action.
pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    if args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    let proof = proofs::read(&args.proof, &on.deployment, args.srs, env)?;
    let claim = ClaimData::from(proof.file.instance());
    let call = registry::checkClaimCall {
        circuit: proof.circuit,
        inputs: convert::inputs(&claim),
        proof: proof.file.proof().to_vec().into(),
    };
    let reason = match on.read(&call) {
        Ok(_) => None,
        Err(error) if error.is_refusal() => Some(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let report = Report {
        counts: reason.is_none(),
        account: claim.account,
        epoch: claim.epoch.get(),
        claim: claim.claim.to_string(),
        reason,
    };
    env.out.result(&report, Report::lines)?;
    Ok(if report.counts { Exit::Done } else { Exit::False })
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let Self { account, epoch, claim, .. } = self;
        let what = format!("{account} {claim} in epoch {epoch}");
        match &self.reason {
            None => vec![format!("counts now: {what}")],
            Some(reason) => vec![format!("does not count: {what}"), format!("  {reason}")],
        }
    }
}
