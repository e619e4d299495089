//! What changes a ledger: epochs and models.

use zkmargin_margin::ids::ModelDigest;
use zkmargin_prover::files::Source;
use zkmargin_verifier::engine::Action;
use zkmargin_verifier::ledger::Grounds;

use super::{LedgerArgs, report};
use crate::cmd::epoch::load_epoch;
use crate::cmd::market::load_model;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::parse_source;

#[derive(Debug, clap::Args)]
pub(crate) struct Post {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The epoch file, signed where the ledger has signers
    #[arg(value_name = "EPOCH", value_parser = parse_source)]
    epoch: Source,
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
    let epoch = load_epoch(&args.epoch)?;
    let ledger = args.ledger.open()?;
    let context = ledger.policy().params().context;
    if epoch.context != context {
        return Err(Error::Mismatch {
            place: args.epoch.to_string(),
            what: "context",
            expected: context.to_string(),
            found: epoch.context.to_string(),
        });
    }
    let grounds = Grounds::signatures(&epoch.signatures);
    let entry = args.ledger.apply(&ledger, &Action::PostEpoch(epoch.post), grounds)?;
    report(entry.as_slice(), env)
}

pub(super) fn model(args: &ModelArgs, accept: bool, env: Env) -> Result<Exit, Error> {
    let model: ModelDigest = load_model(&args.model)?.digest();
    let action = if accept { Action::AcceptModel { model } } else { Action::RevokeModel { model } };
    args.ledger.act(&action, env)
}
