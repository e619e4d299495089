//! `zkmargin verify --haircut`: that a loss is shared fairly.

use serde::Serialize;
use zkmargin_margin::statement::Statement;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::haircut::{NotOneHaircut, VerifiedHaircut};
use zkmargin_verifier::pins::{Assurances, Figure, Mismatch, Pins, Verdict};
use zkmargin_verifier::proof::{HaircutFile, haircut};

use super::check::{Expected, is_usual};
use super::subtrees::{self, Files, Reading};
use crate::cmd::shapes::Shapes;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::SrsArgs;

#[derive(Serialize)]
struct Report {
    /// Whether the proofs are, and of the whole venue.
    accepted: bool,
    verdict: Verdict,
    missing: Vec<Figure>,
    waived: Vec<Figure>,
    proofs: usize,
    shapes: Shapes,
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
        shapes: files.shapes(),
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

/// Verifies the proofs, those of a shape together, and puts them together.
fn check<B: Backend>(files: &Files, srs: SrsArgs, env: Env) -> Result<VerifiedHaircut, Error> {
    let reading = Reading::<B, _, _> {
        statement: Statement::Haircut(files.kind.1),
        parse: HaircutFile::parse,
        srs: HaircutFile::srs,
        verify: B::verify_haircut,
    };
    let proofs = subtrees::verified(files, &reading, srs, env)?;
    VerifiedHaircut::of(&proofs).map_err(|error| match error {
        NotOneHaircut::Venue(error) => subtrees::not_one_venue(&files.sources, error),
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
