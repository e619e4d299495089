//! Proofs on a ledger: verified first, before the ledger is opened.

use serde::Serialize;
use zkmargin_margin::claim::Side;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::files::Source;
use zkmargin_verifier::MalformedProof;
use zkmargin_verifier::engine::{Action, Event, VerifiedClaim};
use zkmargin_verifier::ledger::{Grounds, HistoryEntry, Ledger};
use zkmargin_verifier::proof::circuit_of;

use super::LedgerArgs;
use crate::cmd::verify;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source};

/// Proofs for a ledger.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    ledger: LedgerArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// Go on after a proof that is refused, and apply what can be applied
    #[arg(long)]
    keep_going: bool,
    /// The proof files
    #[arg(required = true, value_parser = parse_source)]
    proof: Vec<Source>,
}

/// What became of a proof.
#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
enum Outcome {
    Applied {
        entry: Box<HistoryEntry>,
    },
    /// On record already: nothing has changed.
    Unchanged,
    Refused {
        error: String,
    },
    /// One before it was refused.
    NotTried,
}

#[derive(Serialize)]
struct Line {
    proof: String,
    #[serde(flatten)]
    outcome: Outcome,
}

pub(super) fn submit(args: &Args, cure: bool, env: Env) -> Result<Exit, Error> {
    let files = verify::read_files(&args.proof);
    let texts: Vec<_> =
        files.iter().map(|(_, bytes)| bytes.as_ref().map_or(Vec::new(), Vec::clone)).collect();
    let checked = verify::check_files(files, (args.srs, None), env)?;
    let ledger = args.ledger.open()?;
    let (mut lines, mut first_error, mut refused) = (Vec::new(), None, 0);
    for ((source, text), claim) in args.proof.iter().zip(&texts).zip(checked) {
        let outcome = if first_error.is_some() && !args.keep_going {
            Outcome::NotTried
        } else {
            match claim.and_then(|claim| args.apply(&ledger, claim, source, text, cure)) {
                Ok(Some(entry)) => Outcome::Applied { entry: Box::new(entry) },
                Ok(None) => Outcome::Unchanged,
                Err(error) => {
                    refused += 1;
                    let told = Outcome::Refused { error: error.message(false) };
                    first_error = first_error.or(Some(error));
                    told
                }
            }
        };
        lines.push(Line { proof: source.to_string(), outcome });
    }
    tell(&lines, first_error, refused, env)
}

impl Args {
    fn apply(
        &self,
        ledger: &Ledger,
        claim: VerifiedClaim,
        source: &Source,
        text: &[u8],
        cure: bool,
    ) -> Result<Option<HistoryEntry>, Error> {
        refuse_other_system(ledger.policy().params().proof_system, source, text)?;
        let (expected, found) = (ledger.policy().params().context, claim.data().context);
        if expected != found {
            return Err(Error::LedgerContext { ledger: expected, proof: found });
        }
        let action = match (cure, claim.data().claim.side()) {
            (true, _) => Action::Cure { claim },
            (false, Side::AtLeast) => Action::SubmitProof { claim },
            (false, Side::Below) => Action::SubmitBreach { claim },
        };
        let proof = core::str::from_utf8(text).map_err(|_| Error::NotText(source.to_string()))?;
        self.ledger.apply(ledger, &action, Grounds::proof(proof))
    }
}

/// A ledger takes proofs of one proof system: that of its roots.
pub(super) fn refuse_other_system(
    expected: ProofSystem,
    source: &Source,
    text: &[u8],
) -> Result<(), Error> {
    let malformed =
        |error: MalformedProof| Error::Proof { path: source.to_string(), source: error.into() };
    let found = circuit_of(text).map_err(malformed)?.proof_system;
    match found == expected {
        true => Ok(()),
        false => Err(Error::ProofSystem { path: source.to_string(), found, expected }),
    }
}

/// Tells what became of every proof. The error of a single one is told as ever.
fn tell(
    lines: &[Line],
    first_error: Option<Error>,
    refused: usize,
    env: Env,
) -> Result<Exit, Error> {
    match (first_error, lines.len()) {
        (Some(error), 1) if !env.out.is_json() => Err(error),
        (error, total) => {
            env.out
                .result(&lines, |lines| lines.iter().map(|line| line.told(total > 1)).collect())?;
            match error {
                None => Ok(Exit::Done),
                Some(error) if env.out.is_json() => Ok(error.exit()),
                Some(_) => Err(Error::ProofsRefused { refused, total }),
            }
        }
    }
}

impl Line {
    /// One line, with the proof's name where there are several.
    fn told(&self, named: bool) -> String {
        let text = match &self.outcome {
            Outcome::Applied { entry } => {
                entry.events.iter().map(Event::to_string).collect::<Vec<_>>().join("; ")
            }
            Outcome::Unchanged => "on record already, nothing has changed".to_owned(),
            // The error begins with the name of the proof or of the ledger.
            Outcome::Refused { error } => format!("refused: {error}"),
            Outcome::NotTried => "not tried: one before it was refused".to_owned(),
        };
        if named { format!("{}: {text}", self.proof) } else { text }
    }
}
