//! What changes a ledger: epochs, models, proofs.

use zkmargin_margin::claim::Side;
use zkmargin_margin::ids::ModelDigest;
use zkmargin_verifier::engine::{Action, VerifiedClaim};

use super::epoch::EpochArgs;
use super::{LedgerArgs, ProofArgs, report};
use crate::cli::Env;
use crate::cmd::market::load_model;
use crate::cmd::verify;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Post {
    #[command(flatten)]
    ledger: LedgerArgs,
    #[command(flatten)]
    epoch: EpochArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The model: the name of a shipped one, or a JSON file
    #[arg(short, long, value_name = "NAME|FILE")]
    model: String,
}

pub(super) fn post(args: &Post, env: Env) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let post = args.epoch.post(ledger.policy().params().context, env)?;
    let entry = args.ledger.apply(&ledger, &Action::PostEpoch(post))?;
    report(&[entry], env)
}

pub(super) fn model(args: &ModelArgs, accept: bool, env: Env) -> Result<Exit, Error> {
    let model: ModelDigest = load_model(&args.model)?.digest();
    let action = if accept { Action::AcceptModel { model } } else { Action::RevokeModel { model } };
    let entry = args.ledger.apply(&args.ledger.open()?, &action)?;
    report(&[entry], env)
}

/// Verifies every proof before the first is applied.
pub(super) fn submit(args: &ProofArgs, cure: bool, env: Env) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let claims = verify::check(&args.proof, args.srs, env)?
        .into_iter()
        .collect::<Result<Vec<VerifiedClaim>, _>>()?;
    let mut entries = Vec::new();
    for claim in claims {
        let (expected, found) = (ledger.policy().params().context, claim.data().context);
        if expected != found {
            return Err(Error::LedgerContext { ledger: expected, proof: found });
        }
        let action = match (cure, claim.data().claim.side()) {
            (true, _) => Action::Cure { claim },
            (false, Side::AtLeast) => Action::SubmitProof { claim },
            (false, Side::Below) => Action::SubmitBreach { claim },
        };
        entries.push(args.ledger.apply(&ledger, &action)?);
    }
    report(&entries, env)
}
