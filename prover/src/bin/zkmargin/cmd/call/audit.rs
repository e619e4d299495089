//! `zkmargin call audit`.

use serde::Serialize;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::files::Source;
use zkmargin_verifier::engine::{ChangeClaim, ChangeData, ClaimData};
use zkmargin_verifier::ledger::{Proved, ProvedEntry};

use super::LedgerArgs;
use super::proofs::refuse_other_system;
use crate::cmd::committee::escrowed_claim;
use crate::cmd::verify;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::SrsArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    #[command(flatten)]
    ledger: LedgerArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// Replay only: take the claims on record for proved
    #[arg(long)]
    skip_proofs: bool,
}

#[derive(Serialize)]
struct Report {
    entries: usize,
    consistent: bool,
    proofs_verified: Option<usize>,
    signers: Option<String>,
}

pub(super) fn run(args: &Audit, env: Env) -> Result<Exit, Error> {
    let failed = |error| args.ledger.failed(error);
    let ledger = args.ledger.open()?;
    ledger.audit().map_err(failed)?;
    let entries = ledger.history(None).map_err(failed)?.len();
    let signers = ledger.signers().map(ToString::to_string);
    let proofs = match args.skip_proofs {
        true => None,
        false => Some(ledger.proofs().map_err(failed)?),
    };
    let system = ledger.policy().params().proof_system;
    // Others may use it while the proofs are verified.
    drop(ledger);
    let proofs_verified =
        proofs.map(|proofs| verify_again(&proofs, system, args.srs, env)).transpose()?;
    let report = Report { entries, consistent: true, proofs_verified, signers };
    env.out.result(&report, Report::lines)?;
    Ok(Exit::Done)
}

/// Verifies the proofs on record; each must prove what its entry claims.
fn verify_again(
    proofs: &[ProvedEntry],
    system: ProofSystem,
    srs: SrsArgs,
    env: Env,
) -> Result<usize, Error> {
    let name = |entry: &ProvedEntry| Source::from(&*format!("entry {}", entry.sequence));
    let (mut margins, mut changes): (Vec<(Source, &ProvedEntry, ClaimData)>, Vec<_>) =
        (Vec::new(), Vec::new());
    let mut escrows = Vec::new();
    for entry in proofs {
        match &entry.proved {
            Proved::Margin(claim) => margins.push((name(entry), entry, *claim)),
            Proved::Change(change) => changes.push((name(entry), entry, *change)),
            Proved::Escrowed(escrowed, ciphertext) => {
                escrows.push((name(entry), entry, *escrowed, ciphertext));
            }
        }
    }
    let files = margins
        .iter()
        .map(|(source, entry, _)| (source, Ok(entry.proof.clone().into_bytes())))
        .collect();
    let checked = verify::check_files(files, (srs, None), env)?;
    for ((source, entry, claim), proved) in margins.iter().zip(checked) {
        refuse_other_system(system, source, entry.proof.as_bytes())?;
        require_same(source, claim, proved?.data())?;
    }
    for (source, entry, change) in &changes {
        let bytes = entry.proof.as_bytes();
        let verified = verify::check_transition(source, bytes, (srs, None), env)?;
        let proved = ChangeClaim::try_from(verified).map(|change| change.data());
        require_same::<Option<ChangeData>>(source, &Some(*change), &proved.ok())?;
    }
    for (source, entry, escrowed, ciphertext) in &escrows {
        let files = ((source, entry.proof.as_bytes()), (source, ciphertext.as_bytes()));
        let proved = escrowed_claim(files.0, files.1, srs, env)?;
        require_same(source, escrowed, &proved.data())?;
    }
    Ok(proofs.len())
}

/// A proof on record is of what its entry says.
fn require_same<T: PartialEq + core::fmt::Debug>(
    source: &Source,
    expected: &T,
    proved: &T,
) -> Result<(), Error> {
    match proved == expected {
        true => Ok(()),
        false => Err(Error::Mismatch {
            place: source.to_string(),
            what: "the claim of its proof",
            expected: format!("{expected:?}"),
            found: format!("{proved:?}"),
        }),
    }
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{} entries lead to the state on record", self.entries)];
        lines.push(match self.proofs_verified {
            Some(1) => "1 proof verified again".to_owned(),
            Some(proofs) => format!("{proofs} proofs verified again"),
            None => "proofs not verified again: --skip-proofs".to_owned(),
        });
        lines.push(match &self.signers {
            Some(signers) => format!("every epoch is signed, by {signers}"),
            None => {
                "epochs rest on the word of whoever posted them: there are no signers".to_owned()
            }
        });
        lines
    }
}
