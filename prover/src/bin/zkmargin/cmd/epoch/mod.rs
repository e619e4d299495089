//! `zkmargin epoch`: what publishers say of an epoch, and sign.

mod make;
mod sign;
mod verify;

use clap::Subcommand;
use serde::Serialize;
use zkmargin_margin::ids::ContextId;
use zkmargin_prover::files::Source;
use zkmargin_prover::human::time;
use zkmargin_prover::json;
use zkmargin_verifier::engine::EpochPost;
use zkmargin_verifier::epoch::{EpochDigest, MAX_BYTES, SignedEpoch, Signers};

use crate::env::Env;
use crate::error::{Error, Exit};

pub(crate) use make::{Reference, announced, limits};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the file of an epoch from its market and state, and from the epoch before
    Make(make::Args),
    /// Sign an epoch file: a signature is added to those that it has
    Sign(sign::Args),
    /// Check who signed an epoch file, and what it says
    Verify(verify::Args),
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Make(args) => make::run(args, env),
        Command::Sign(args) => sign::run(args, env),
        Command::Verify(args) => verify::run(args, env),
    }
}

/// Reads an epoch file; its signatures are not checked.
pub(crate) fn load_epoch(source: &Source) -> Result<SignedEpoch, Error> {
    SignedEpoch::parse(&source.read_at_most(MAX_BYTES)?)
        .map_err(|error| Error::EpochFile { path: source.to_string(), source: error })
}

/// Reads who must have signed.
pub(crate) fn load_signers(source: &Source) -> Result<Signers, Error> {
    json::parse(&source.read()?)
        .map_err(|error| Error::Signers { path: source.to_string(), source: Box::new(error) })
}

/// An epoch as it is told.
#[derive(Serialize)]
struct EpochReport {
    context: ContextId,
    #[serde(flatten)]
    post: EpochPost,
    digest: EpochDigest,
}

impl From<&SignedEpoch> for EpochReport {
    fn from(epoch: &SignedEpoch) -> Self {
        Self { context: epoch.context, post: epoch.post, digest: epoch.digest() }
    }
}

impl EpochReport {
    fn lines(&self) -> Vec<String> {
        let EpochPost { epoch, state_root, market_root, model, .. } = &self.post;
        let moved = match (self.post.reference.get(), self.post.price_move_bps) {
            (0, _) => "none: the first epoch".to_owned(),
            (reference, u32::MAX) => format!("without bound, since epoch {reference}"),
            (reference, bps) => format!("{bps} bps, since epoch {reference}"),
        };
        vec![
            format!("epoch         {}", epoch.get()),
            format!("context       {}", self.context),
            format!("state root    {state_root}"),
            format!("market root   {market_root}"),
            format!("model         {model}"),
            format!("prices of     {}", time(self.post.market_timestamp.get())),
            format!("price move    {moved}"),
            format!("digest        {}", self.digest),
        ]
    }
}
