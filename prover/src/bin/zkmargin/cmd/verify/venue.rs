//! `zkmargin verify --venue`: that nobody is spared.

use serde::Serialize;
use zkmargin_margin::statement::Statement;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::coverage::Coverage;
use zkmargin_verifier::pins::{Assurances, Figure, Mismatch, Pins, Verdict};
use zkmargin_verifier::proof::{VenueFile, venue};

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
    /// A larger shape says that an account of the subtree may be larger, and nothing else.
    shapes: Shapes,
    venue: Coverage,
    assurance: Assurances,
    #[serde(skip_serializing_if = "Option::is_none")]
    rests_on: Option<String>,
    #[serde(skip)]
    words: String,
}

/// Verifies the proofs of a venue, together, and holds them to what is expected.
pub(super) fn report(
    sources: &[Source],
    pins: &Pins,
    expected: Expected,
    env: Env,
) -> Result<Exit, Error> {
    let files = subtrees::read(sources, venue::circuit_of, expected, env)?;
    let circuit = files.kind.0;
    let coverage = with_backend!(circuit.proof_system, B => match is_usual(circuit) {
        true => check::<B>(&files, expected.0, env),
        false => check::<<B as Backend>::Wide>(&files, expected.0, env),
    })?;
    pins.matches_venue(&coverage).map_err(|error| mismatch(&coverage, error))?;
    let report = Report {
        accepted: pins.verdict_of_venue() == Verdict::Accepted,
        verdict: pins.verdict_of_venue(),
        missing: pins.missing().to_vec(),
        waived: pins.waived().to_vec(),
        proofs: files.sources.len(),
        shapes: files.shapes(),
        assurance: pins.assurances_of_venue(&coverage),
        rests_on: pins.rests_on(),
        words: pins.words_of_venue(&coverage),
        venue: coverage,
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
        let flagged = self.venue.flagged.iter().map(|account| format!("flagged {account}"));
        let rests_on = self.rests_on.iter().map(|text| format!("rests on: {text}"));
        [self.words.clone()].into_iter().chain(flagged).chain(rests_on).collect()
    }
}

/// Verifies the proofs, those of a shape as a batch, and puts them together.
fn check<B: Backend>(files: &Files, srs: SrsArgs, env: Env) -> Result<Coverage, Error> {
    let reading = Reading::<B, _, _> {
        statement: Statement::Venue(files.kind.1),
        parse: VenueFile::parse,
        srs: VenueFile::srs,
        verify: B::verify_venue,
    };
    let proofs = subtrees::verified(files, &reading, srs, env)?;
    Coverage::of(&proofs).map_err(|error| subtrees::not_one_venue(&files.sources, error))
}

/// A state root that is not the one told says that subtrees are missing or foreign.
fn mismatch(coverage: &Coverage, error: Mismatch) -> Error {
    let Mismatch { figure, expected, found } = error;
    if figure != Figure::StateRoot {
        let place = "the venue's proofs".to_owned();
        return Error::Mismatch { place, what: figure.key(), expected, found };
    }
    not_covered(coverage, expected, found)
}

/// Says which subtrees may be the missing ones.
pub(crate) fn not_covered(coverage: &Coverage, expected: String, found: String) -> Error {
    let gaps = subtrees::gaps(&coverage.subtrees);
    Error::NotCovered { proofs: coverage.subtrees.len(), found, expected, gaps }
}
