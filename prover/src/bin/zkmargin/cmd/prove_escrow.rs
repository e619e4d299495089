//! `zkmargin prove --escrow`: a proof, and the ciphertext that it is about.

use std::path::PathBuf;

use zkmargin_circuits::family::Witness;
use zkmargin_margin::escrow::Binding;
use zkmargin_prover::backend::{Backend, Device};
use zkmargin_prover::escrow::{CiphertextFile, EscrowError, PreparedEscrow, ViewingKeyFile};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::proving::Prepared;
use zkmargin_verifier::proof::EscrowFile;

use super::committee::{EscrowCommandError, load_committee};
use crate::env::Env;
use crate::error::Error;
use crate::input::{SrsArgs, parse_source, refuse_existing, write_private, write_public};
use crate::params::prover;

/// Who is to be able to open the portfolio.
#[derive(Debug, clap::Args)]
pub(super) struct EscrowArgs {
    /// Committee that the portfolio is encrypted to: the proof says that it can open
    /// exactly what is proved
    #[arg(long, value_name = "FILE", value_parser = parse_source, requires = "ciphertext")]
    pub(super) escrow: Option<Source>,
    /// Where the ciphertext for the committee goes: it belongs to the proof
    #[arg(long, value_name = "FILE", requires = "escrow")]
    ciphertext: Option<PathBuf>,
    /// Where the viewing key goes, for your eyes and those you show this portfolio to
    /// (`zkmargin disclose`)
    #[arg(long, value_name = "FILE", requires = "escrow")]
    viewing_key: Option<PathBuf>,
}

impl EscrowArgs {
    /// Refuses places for results early.
    pub(super) fn refuse_existing(&self, several: bool, force: bool) -> Result<(), Error> {
        if self.escrow.is_some() && several {
            return Err(Error::Usage("--escrow is of one portfolio: prove them one by one"));
        }
        for path in self.ciphertext.iter().chain(&self.viewing_key) {
            refuse_existing(path, force)?;
        }
        Ok(())
    }
}

/// How a proof is made.
pub(super) type Making<'a> = (&'a SrsArgs, Device, bool);

/// The proof with its escrow, and the files beside it.
pub(super) fn prove<B: Backend, M: FamilyMarket<B::Field>>(
    (args, committee): (&EscrowArgs, &Source),
    name: &str,
    prepared: &Prepared<B::Field, Witness<B::Field, M::Circuit>>,
    (srs, device, force): Making<'_>,
    env: Env,
) -> Result<EscrowFile<B::Field>, Error> {
    let committee = load_committee::<B::Field>(committee)?;
    let prepared = PreparedEscrow::<B::Field, M>::new(prepared, *committee.key())
        .map_err(EscrowCommandError::from)?;
    let prover = prover::<B, M::EscrowIn<B::Columns>>(prepared.shape(), srs.dev(), device, env)?;
    let stage = format!("proof of {name}");
    let file = env.progress.stage(&stage, || prover.prove_escrow(&prepared));
    let file = file.map_err(|error| EscrowCommandError::from(EscrowError::from(error)))?;
    // These first: a proof whose ciphertext is missing is worth nothing.
    if let Some(path) = &args.viewing_key {
        let text = ViewingKeyFile::of(&prepared.instance().escrow, prepared.nonce()).to_json();
        write_private(path, &text, force, env)?;
    }
    if let Some(path) = &args.ciphertext {
        let binding = Binding::from(&prepared.instance().account);
        let text = CiphertextFile::of(committee.key(), &binding, prepared.ciphertext()).to_json();
        write_public(path, &text, force, env)?;
    }
    Ok(file)
}
