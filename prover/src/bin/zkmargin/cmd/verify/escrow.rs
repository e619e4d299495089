//! Proofs with an escrow, and the committee that is to be able to open them.

use zkmargin_margin::escrow::Binding;
use zkmargin_margin::statement::Statement;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::escrow::EscrowGroup;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::MalformedProof;
use zkmargin_verifier::engine::Root;
use zkmargin_verifier::proof::escrow::circuit_of;
use zkmargin_verifier::proof::{CircuitId, EscrowFile, VerifiedEscrow};

use super::check::{Expected, check_layout, dev_srs, is_usual, proof_error};
use crate::cmd::committee::{
    EscrowCommandError, check_binding, load_ciphertext, load_committee, system_of,
};
use crate::env::Env;
use crate::error::Error;
use crate::input::{SrsArgs, parse_source};
use crate::params::verifier_of;

/// What is demanded of escrows.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Expected of every proof")]
pub(super) struct EscrowArgs {
    /// Committee that must be able to open the account's portfolio: proofs without an
    /// escrow to it are refused
    #[arg(long, value_name = "FILE", value_parser = parse_source, requires = "ciphertext")]
    escrow: Option<Source>,
    /// The ciphertext that came with a proof; one for each proof
    #[arg(long, value_name = "FILE", value_parser = parse_source, requires = "escrow")]
    ciphertext: Vec<Source>,
}

/// Ciphertexts to the committee that is demanded.
pub(super) struct Demanded {
    ciphertexts: Vec<(Source, Root, Binding)>,
}

impl EscrowArgs {
    /// What is demanded; `None` when nothing is.
    pub(super) fn demanded(&self, env: Env) -> Result<Option<Demanded>, Error> {
        let Some(committee) = &self.escrow else { return Ok(None) };
        with_backend!(system_of(committee, env)?, B => {
            self.load::<<B as Backend>::Field>(committee).map(Some)
        })
    }

    fn load<F: EscrowGroup>(&self, committee: &Source) -> Result<Demanded, Error> {
        let committee = load_committee::<F>(committee)?;
        let load = |source: &Source| {
            let (binding, ciphertext) = load_ciphertext(source, &committee)?;
            let digest = Root::from_field(&ciphertext.digest(committee.key()));
            Ok((source.clone(), digest, binding))
        };
        let ciphertexts = self.ciphertext.iter().map(load).collect::<Result<_, Error>>()?;
        Ok(Demanded { ciphertexts })
    }
}

impl Demanded {
    /// Whether a proof's escrow is of one of the ciphertexts; `None` is no escrow.
    pub(super) fn holds(
        &self,
        source: &Source,
        escrow: Option<&VerifiedEscrow>,
    ) -> Result<(), Error> {
        let escrow = escrow.ok_or_else(|| EscrowCommandError::NoEscrow(source.to_string()))?;
        let mut known = self.ciphertexts.iter();
        let (file, _, binding) = known
            .find(|(_, digest, _)| *digest == escrow.escrow())
            .ok_or_else(|| EscrowCommandError::NoCiphertext(source.to_string()))?;
        check_binding(file, binding, escrow.claim().data())
    }
}

/// Verifies a margin proof with an escrow.
pub(crate) fn check_escrow(
    source: &Source,
    bytes: &[u8],
    (srs, layout): Expected,
    env: Env,
) -> Result<VerifiedEscrow, Error> {
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
) -> Result<VerifiedEscrow, Error> {
    let file =
        EscrowFile::<B::Field>::parse(bytes).map_err(|error| proof_error(source, error.into()))?;
    let dev = dev_srs(std::slice::from_ref(source), [file.srs()].into_iter(), srs)?;
    let of = (Statement::Escrow, circuit.family, circuit.shape);
    let verifier = verifier_of::<B>(of, dev, env)?;
    env.progress
        .stage("verification of 1 proof", || B::verify_escrow(&verifier, &file))
        .map_err(|error| proof_error(source, error))
}
