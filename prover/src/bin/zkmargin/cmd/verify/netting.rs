//! Proofs over several venues: the venues that are expected, and verification.

use zkmargin_margin::ids::AccountId;
use zkmargin_margin::statement::Statement;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::MalformedProof;
use zkmargin_verifier::pins::Told;
use zkmargin_verifier::proof::netting::circuit_of;
use zkmargin_verifier::proof::{CircuitId, NettingFile, VerifiedNetting};

use super::check::{Expected, check_layout, dev_srs, is_usual, proof_error};
use crate::cmd::epoch::{load_epoch, load_signers};
use crate::env::Env;
use crate::error::Error;
use crate::input::SrsArgs;
use crate::params::verifier_of;

/// A venue that a proof must be over: its epoch file, who must have signed that, and
/// the account there.
#[derive(Clone, Debug)]
pub(super) struct At {
    epoch: Source,
    signers: Source,
    account: AccountId,
}

/// Reads `EPOCH,SIGNERS,ACCOUNT`.
pub(super) fn parse_at(text: &str) -> Result<At, String> {
    const ALLOWED: &str = "allowed are an epoch file, a file of its signers and the account there, with commas between them";
    match text.split(',').collect::<Vec<_>>().as_slice() {
        [epoch, signers, account] if !epoch.is_empty() && !signers.is_empty() => Ok(At {
            epoch: Source::from(*epoch),
            signers: Source::from(*signers),
            account: account.parse().map_err(|error| format!("{error}"))?,
        }),
        _ => Err(ALLOWED.to_owned()),
    }
}

impl At {
    /// Tells what the venue says.
    pub(super) fn tell(&self, told: &mut Told) -> Result<(), Error> {
        let (epoch, signers) = (load_epoch(&self.epoch)?, load_signers(&self.signers)?);
        told.venue(&self.epoch, (&epoch, &signers), self.account)
            .map_err(|source| Error::Venues { path: self.epoch.to_string(), source })
    }
}

/// Verifies a proof over several venues.
pub(crate) fn check_netting(
    source: &Source,
    bytes: &[u8],
    (srs, layout): Expected,
    env: Env,
) -> Result<VerifiedNetting, Error> {
    let malformed = |error: MalformedProof| proof_error(source, error.into());
    let circuit = circuit_of(bytes).map_err(malformed)?;
    env.proof_system_of(source, circuit.proof_system)?;
    check_layout(source, circuit, layout)?;
    with_backend!(circuit.proof_system, B => match is_usual(circuit) {
        true => check_of::<B>(source, bytes, circuit, srs, env),
        false => check_of::<<B as Backend>::Wide>(source, bytes, circuit, srs, env),
    })
}

/// The same in the layout of the proof system.
fn check_of<B: Backend>(
    source: &Source,
    bytes: &[u8],
    circuit: CircuitId,
    srs: SrsArgs,
    env: Env,
) -> Result<VerifiedNetting, Error> {
    let file =
        NettingFile::<B::Field>::parse(bytes).map_err(|error| proof_error(source, error.into()))?;
    let dev = dev_srs(std::slice::from_ref(source), [file.srs()].into_iter(), srs)?;
    let of = (Statement::Netting, circuit.family, circuit.shape);
    let verifier = verifier_of::<B>(of, dev, env)?;
    env.progress
        .stage("verification of 1 proof", || B::verify_netting(&verifier, &file))
        .map_err(|error| proof_error(source, error))
}
