//! `zkmargin committee`: keys that portfolios are encrypted to, and what opens them.

use std::path::Path;

mod error;
mod new;
mod open;
mod part;

use zeroize::Zeroizing;
use zkmargin_margin::escrow::{Binding, Ciphertext};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::crypt::{self, Recipients};
use zkmargin_prover::escrow::{
    CiphertextFile, Committee, CommitteeFile, EscrowFileError, EscrowGroup, escrow_field,
};
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::MalformedProof;
use zkmargin_verifier::engine::{EscrowedClaim, Root};
use zkmargin_verifier::proof::VerifiedEscrow;
use zkmargin_verifier::proof::escrow::circuit_of;

use super::verify::check_escrow;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, SrsArgs, parse_source, write_private};
use crate::keys::RecipientArgs;

pub(crate) use error::EscrowCommandError;

/// Committees that can open what an escrow holds.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Draw a key and deal it to members
    New(new::Args),
    /// A member's part of a decryption
    Share(part::Args),
    /// Open a portfolio by the parts of enough members
    Open(open::Args),
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::New(args) => new::run(args, env),
        Command::Share(args) => part::run(args, env),
        Command::Open(args) => open::run(args, env),
    }
}

pub(crate) use open::{DiscloseArgs, disclose};

/// What is to be opened: only what a proof is about.
#[derive(Debug, clap::Args)]
pub(crate) struct SealedArgs {
    /// The committee's file
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    committee: Source,
    /// The ciphertext
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    ciphertext: Source,
    /// The proof that the ciphertext is of its account's portfolio: it is verified
    /// first, as a part for anything else could open somebody else's
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    proof: Source,
    #[command(flatten)]
    srs: SrsArgs,
}

/// What was verified.
struct Sealed<F> {
    committee: Committee<F>,
    binding: Binding,
    ciphertext: Ciphertext<F>,
}

impl SealedArgs {
    /// The proof system of the committee.
    fn system(&self, env: Env) -> Result<ProofSystem, Error> {
        system_of(&self.committee, env)
    }

    /// Reads everything, and verifies that it belongs together.
    fn load<F: EscrowGroup>(&self, env: Env) -> Result<Sealed<F>, Error> {
        let committee = load_committee::<F>(&self.committee)?;
        let (binding, ciphertext) = load_ciphertext(&self.ciphertext, &committee)?;
        let bytes = self.proof.read()?;
        let verified = check_escrow(&self.proof, &bytes, (self.srs, None), env)?;
        let digest = Root::from_field(&ciphertext.digest(committee.key()));
        if verified.escrow() != digest {
            let (proof, ciphertext) = (self.proof.to_string(), self.ciphertext.to_string());
            return Err(EscrowCommandError::OtherCiphertext { proof, ciphertext }.into());
        }
        check_binding(&self.ciphertext, &binding, verified.claim().data())?;
        Ok(Sealed { committee, binding, ciphertext })
    }
}

/// A verified proof with its escrow, and the committee of its ciphertext's key.
pub(super) fn escrowed_claim(
    (source, bytes): (&Source, &[u8]),
    ciphertext: (&Source, &[u8]),
    srs: SrsArgs,
    env: Env,
) -> Result<EscrowedClaim, Error> {
    let verified = check_escrow(source, bytes, (srs, None), env)?;
    let malformed =
        |error: MalformedProof| Error::Proof { path: source.to_string(), source: error.into() };
    let system = circuit_of(bytes).map_err(malformed)?.proof_system;
    with_backend!(system, B => opened::<<B as Backend>::Field>(&verified, source, ciphertext))
}

/// The committee that a verified proof's ciphertext is to.
fn opened<F: EscrowGroup>(
    verified: &VerifiedEscrow,
    proof: &Source,
    (source, bytes): (&Source, &[u8]),
) -> Result<EscrowedClaim, Error> {
    let (key, binding, ciphertext) =
        CiphertextFile::parse::<F>(bytes).map_err(|error| file_error(source, error))?;
    check_binding(source, &binding, verified.claim().data())?;
    EscrowedClaim::open(verified, &key, &ciphertext).map_err(|_| {
        let (proof, ciphertext) = (proof.to_string(), source.to_string());
        EscrowCommandError::OtherCiphertext { proof, ciphertext }.into()
    })
}

/// A secret file, which may be encrypted.
fn read_sealed(source: &Source, keys: &KeyArgs) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = source.read_secret()?;
    match crypt::is_age(&text) {
        true => keys.open(source, &text),
        false => Ok(text),
    }
}

/// Writes a secret for those it is for: encrypted, so that nobody else reads it and it
/// never lies open, or where nobody is named for who runs the command alone. True when it
/// went to standard output.
fn write_for(
    path: &Path,
    text: &[u8],
    to: Option<&Recipients>,
    force: bool,
    env: Env,
) -> Result<bool, Error> {
    let Some(recipients) = to else { return write_private(path, text, force, env) };
    let sealed = crypt::encrypt(text, recipients, true)
        .map_err(|error| Error::crypt(&Source::Path(path.to_owned()), error))?;
    write_private(path, &sealed, force, env)
}

/// Who is named, if anybody.
fn named(to: &RecipientArgs) -> Result<Option<Recipients>, Error> {
    to.given().then(|| to.recipients()).transpose()
}

/// The proof system of a file of these.
pub(super) fn system_of(source: &Source, env: Env) -> Result<ProofSystem, Error> {
    let found = escrow_field(&source.read_secret()?).map_err(|error| file_error(source, error))?;
    env.proof_system_of(source, found)
}

pub(super) fn load_committee<F: EscrowGroup>(source: &Source) -> Result<Committee<F>, Error> {
    CommitteeFile::parse::<F>(&source.read()?).map_err(|error| file_error(source, error))
}

/// A ciphertext to a committee, with what its stream is bound to.
pub(super) fn load_ciphertext<F: EscrowGroup>(
    source: &Source,
    committee: &Committee<F>,
) -> Result<(Binding, Ciphertext<F>), Error> {
    let (key, binding, ciphertext) =
        CiphertextFile::parse::<F>(&source.read()?).map_err(|error| file_error(source, error))?;
    match key == *committee.key() {
        true => Ok((binding, ciphertext)),
        false => Err(EscrowCommandError::OtherKey(source.to_string()).into()),
    }
}

/// Whether a ciphertext's file says the deployment, epoch and account of the proof: a
/// stream of others would open nothing.
pub(super) fn check_binding(
    source: &Source,
    binding: &Binding,
    proved: &zkmargin_verifier::engine::ClaimData,
) -> Result<(), Error> {
    let expected =
        Binding { context: proved.context, epoch: proved.epoch, account: proved.account };
    match *binding == expected {
        true => Ok(()),
        false => Err(EscrowCommandError::OtherBinding(source.to_string()).into()),
    }
}

pub(super) fn file_error(source: &Source, error: EscrowFileError) -> Error {
    EscrowCommandError::File { path: source.to_string(), source: error }.into()
}

/// The name of a field, of the elements that files hold.
const fn field_name<F: MarginField>() -> &'static str {
    F::NAME
}
