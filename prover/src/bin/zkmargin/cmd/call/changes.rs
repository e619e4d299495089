//! Proofs of changes on a ledger: verified first, before the ledger is opened.

use zkmargin_prover::files::Source;
use zkmargin_verifier::engine::{Action, ChangeClaim};
use zkmargin_verifier::ledger::Grounds;
use zkmargin_verifier::proof::{MAX_BYTES, transition};

use super::{LedgerArgs, report};
use crate::cmd::verify::check_transition;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source};

/// A proof of a change for a ledger.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    ledger: LedgerArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// The proof file
    #[arg(value_parser = parse_source)]
    proof: Source,
}

pub(super) fn submit(args: &Args, shows: bool, env: Env) -> Result<Exit, Error> {
    let bytes = args.proof.read_at_most(MAX_BYTES)?;
    let verified = check_transition(&args.proof, &bytes, (args.srs, None), env)?;
    let place = || args.proof.to_string();
    let change = ChangeClaim::try_from(verified).map_err(|error| Error::Mismatch {
        place: place(),
        what: "aim",
        expected: "meets:LEVEL or cures:LEVEL:LEVEL".to_owned(),
        found: error.aim.to_string(),
    })?;
    let ledger = args.ledger.open()?;
    let params = ledger.policy().params();
    let malformed = |error: zkmargin_verifier::MalformedProof| Error::Proof {
        path: place(),
        source: error.into(),
    };
    let found = transition::circuit_of(&bytes).map_err(malformed)?.proof_system;
    if found != params.proof_system {
        let expected = params.proof_system;
        return Err(Error::ProofSystem { path: place(), found, expected });
    }
    let (expected, found) = (params.context, change.data().afterwards().context);
    if expected != found {
        return Err(Error::LedgerContext { ledger: expected, proof: found });
    }
    let action = match shows {
        true => Action::ShowChange { change },
        false => Action::SubmitChange { change },
    };
    let text = core::str::from_utf8(&bytes).map_err(|_| Error::NotText(place()))?;
    let entry = args.ledger.apply(&ledger, &action, Grounds::proof(text))?;
    report(entry.as_slice(), env)
}
