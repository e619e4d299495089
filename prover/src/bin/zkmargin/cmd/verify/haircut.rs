//! `zkmargin verify --haircut`: that a loss is shared fairly.

use serde::Serialize;
use zkmargin_margin::statement::Statement;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::haircut::{NotOneHaircut, VerifiedHaircut};
use zkmargin_verifier::pins::{Assurances, Figure, Mismatch, Pins, Verdict};
use zkmargin_verifier::proof::{HaircutFile, VerifiedCuts, haircut};

use super::check::{Expected, dev_srs, is_usual, proof_error};
use super::subtrees::{self, Files};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::SrsArgs;
use crate::params::verifier_of;

#[derive(Serialize)]
struct Report {
    /// Whether the proofs are, and of the whole venue.
    accepted: bool,
    verdict: Verdict,
    missing: Vec<Figure>,
    waived: Vec<Figure>,
    proofs: usize,
    haircut: VerifiedHaircut,
    assurance: Assurances,
    #[serde(skip_serializing_if = "Option::is_none")]
    rests_on: Option<String>,
    #[serde(skip)]
    words: String,
}

/// Verifies the proofs of a haircut, together, and holds them to what is expected.
pub(super) fn report(
    sources: &[Source],
    pins: &Pins,
    expected: Expected,
    env: Env,
) -> Result<Exit, Error> {
    let files = subtrees::read(sources, haircut::circuit_of, expected, env)?;
    let circuit = files.kind.0;
    let whole = with_backend!(circuit.proof_system, B => match is_usual(circuit) {
        true => check::<B>(&files, expected.0, env),
        false => check::<<B as Backend>::Wide>(&files, expected.0, env),
    })?;
    pins.matches_haircut(&whole).map_err(|error| mismatch(&whole, error))?;
    let report = Report {
        accepted: pins.verdict_of_haircut() == Verdict::Accepted,
        verdict: pins.verdict_of_haircut(),
        missing: pins.missing().to_vec(),
        waived: pins.waived().to_vec(),
        proofs: files.sources.len(),
        assurance: pins.assurances_of_haircut(&whole),
        rests_on: pins.rests_on(),
        words: pins.words_of_haircut(&whole),
        haircut: whole,
    };
    env.out.result(&report, Report::lines)?;
    match pins.missing() {
        [] => Ok(Exit::Done),
        missing if env.out.is_json() => Ok(Error::NotPinned(missing.to_vec()).exit()),
        missing => Err(Error::NotPinned(missing.to_vec())),
    }
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let rests_on = self.rests_on.iter().map(|text| format!("rests on: {text}"));
        [self.words.clone()].into_iter().chain(rests_on).collect()
    }
}

/// Verifies the proofs of one circuit and puts them together.
fn check<B: Backend>(files: &Files, srs: SrsArgs, env: Env) -> Result<VerifiedHaircut, Error> {
    let Files { sources, bytes, kind: (circuit, depth) } = files;
    let mut parsed = Vec::with_capacity(bytes.len());
    for (source, bytes) in sources.iter().zip(bytes) {
        let file = HaircutFile::<B::Field>::parse(bytes);
        parsed.push(file.map_err(|error| proof_error(source, error.into()))?);
    }
    let dev = dev_srs(sources, parsed.iter().map(HaircutFile::srs), srs)?;
    let of = (Statement::Haircut(*depth), circuit.family, circuit.shape);
    let verifier = verifier_of::<B>(of, dev, env)?;
    let name = format!("verification of {} proofs", parsed.len());
    let results = env.progress.stage(&name, || B::verify_haircut(&verifier, &parsed));
    let proofs = sources
        .iter()
        .zip(results)
        .map(|(source, result)| result.map_err(|error: VerifyError| proof_error(source, error)));
    let proofs: Vec<VerifiedCuts<B::Field>> = proofs.collect::<Result<_, _>>()?;
    VerifiedHaircut::of(&proofs).map_err(|error| match error {
        NotOneHaircut::Venue(error) => subtrees::not_one_venue(sources, error),
        error => Error::NotOneHaircut(error),
    })
}

/// A state root that is not the one told says that subtrees are missing or foreign.
fn mismatch(whole: &VerifiedHaircut, error: Mismatch) -> Error {
    let Mismatch { figure, expected, found } = error;
    match figure {
        Figure::StateRoot | Figure::StateAfter => {
            let gaps = subtrees::gaps(&whole.subtrees);
            Error::NotCovered { proofs: whole.subtrees.len(), found, expected, gaps }
        }
        _ => {
            let place = "the haircut's proofs".to_owned();
            Error::Mismatch { place, what: figure.key(), expected, found }
        }
    }
}
