//! Proofs with an escrow on a ledger: verified first, before the ledger is opened.

use zkmargin_prover::files::Source;
use zkmargin_verifier::engine::Action;
use zkmargin_verifier::ledger::Grounds;
use zkmargin_verifier::proof::{MAX_BYTES, escrow};

use super::{LedgerArgs, report};
use crate::cmd::committee::escrowed_claim;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source};

/// A proof with an escrow for a ledger.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    ledger: LedgerArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// The ciphertext that came with the proof: it is kept on record
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    ciphertext: Source,
    /// The proof file, as `zkmargin prove --escrow` made it
    #[arg(value_parser = parse_source)]
    proof: Source,
}

pub(super) fn submit(args: &Args, env: Env) -> Result<Exit, Error> {
    let place = || args.proof.to_string();
    let (bytes, ciphertext) = (args.proof.read_at_most(MAX_BYTES)?, args.ciphertext.read()?);
    let escrowed =
        escrowed_claim((&args.proof, &bytes), (&args.ciphertext, &ciphertext), args.srs, env)?;
    let ledger = args.ledger.open()?;
    let params = ledger.policy().params();
    let malformed = |error: zkmargin_verifier::MalformedProof| Error::Proof {
        path: place(),
        source: error.into(),
    };
    let found = escrow::circuit_of(&bytes).map_err(malformed)?.proof_system;
    if found != params.proof_system {
        let expected = params.proof_system;
        return Err(Error::ProofSystem { path: place(), found, expected });
    }
    let (expected, found) = (params.context, escrowed.data().claim().context);
    if expected != found {
        return Err(Error::LedgerContext { ledger: expected, proof: found });
    }
    let text = core::str::from_utf8(&bytes).map_err(|_| Error::NotText(place()))?;
    let kept = core::str::from_utf8(&ciphertext)
        .map_err(|_| Error::NotText(args.ciphertext.to_string()))?;
    let action = Action::SubmitEscrowed { escrowed };
    let entry = args.ledger.apply(&ledger, &action, Grounds::escrowed(text, kept))?;
    report(entry.as_slice(), env)
}
