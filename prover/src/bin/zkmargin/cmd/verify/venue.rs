//! `zkmargin verify --venue`: that nobody is spared.

use std::collections::BTreeSet;

use serde::Serialize;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::venue::SubtreeDepth;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::bulk;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::coverage::{Coverage, NotOneVenue};
use zkmargin_verifier::pins::{Assurances, Figure, Mismatch, Pins, Verdict};
use zkmargin_verifier::proof::{CircuitId, MAX_BYTES, VenueFile, VerifiedSubtree, venue};
use zkmargin_verifier::{MalformedProof, VerifyError};

use super::check::{Expected, check_layout, is_usual, proof_error};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, warn_of_insecure_srs};
use crate::params::verifier_of;

#[derive(Serialize)]
struct Report {
    /// Whether the proofs are, and of the whole venue.
    accepted: bool,
    verdict: Verdict,
    missing: Vec<Figure>,
    waived: Vec<Figure>,
    proofs: usize,
    venue: Coverage,
    assurance: Assurances,
    #[serde(skip_serializing_if = "Option::is_none")]
    rests_on: Option<String>,
    #[serde(skip)]
    words: String,
}

/// Numbers of subtrees without a proof that an error names.
const GAPS_NAMED: usize = 8;

/// What is the same of all proofs of a venue.
type Kind = (CircuitId, SubtreeDepth);

/// Verifies the proofs of a venue, together, and holds them to what is expected.
pub(super) fn report(
    sources: &[Source],
    pins: &Pins,
    expected: Expected,
    env: Env,
) -> Result<Exit, Error> {
    let sources = bulk::expand(sources, &[])?;
    let read = |source: &Source| source.read_at_most(MAX_BYTES).map_err(Error::from);
    let files = sources.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let kind = kind_of_all(&sources, &files, expected, env)?;
    let circuit = kind.0;
    let coverage = with_backend!(circuit.proof_system, B => match is_usual(circuit) {
        true => check::<B>(kind, &sources, &files, expected.0, env),
        false => check::<<B as Backend>::Wide>(kind, &sources, &files, expected.0, env),
    })?;
    pins.matches_venue(&coverage).map_err(|error| mismatch(&coverage, error))?;
    let report = Report {
        accepted: pins.verdict_of_venue() == Verdict::Accepted,
        verdict: pins.verdict_of_venue(),
        missing: pins.missing().to_vec(),
        waived: pins.waived().to_vec(),
        proofs: sources.len(),
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

/// What the first proof was made with, which all others must have been too.
fn kind_of_all(
    sources: &[Source],
    files: &[Vec<u8>],
    (_, layout): Expected,
    env: Env,
) -> Result<Kind, Error> {
    let mut first = None;
    for (source, bytes) in sources.iter().zip(files) {
        let malformed = |error: MalformedProof| proof_error(source, error.into());
        let kind = venue::circuit_of(bytes).map_err(malformed)?;
        env.proof_system_of(source, kind.0.proof_system)?;
        check_layout(source, kind.0, layout)?;
        let (circuit, depth) = *first.get_or_insert(kind);
        let name = |(circuit, depth): Kind| format!("{circuit}, {depth} leaves");
        if (circuit, depth) != kind {
            return Err(Error::Mismatch {
                place: source.to_string(),
                what: "circuit",
                expected: name((circuit, depth)),
                found: name(kind),
            });
        }
    }
    first.ok_or(Error::Usage("no proof is named"))
}

/// Verifies the proofs of one circuit as a batch and puts them together.
fn check<B: Backend>(
    (circuit, depth): Kind,
    sources: &[Source],
    files: &[Vec<u8>],
    srs: SrsArgs,
    env: Env,
) -> Result<Coverage, Error> {
    let mut parsed = Vec::with_capacity(files.len());
    for (source, bytes) in sources.iter().zip(files) {
        let file = VenueFile::<B::Field>::parse(bytes);
        parsed.push(file.map_err(|error| proof_error(source, error.into()))?);
    }
    let is_insecure = |file: &VenueFile<B::Field>| file.srs().is_some_and(|srs| srs.insecure);
    let dev = match sources.iter().zip(&parsed).find(|(_, file)| is_insecure(file)) {
        None => DevSrs::Refuse,
        Some(_) if srs.insecure_dev_srs => {
            warn_of_insecure_srs();
            DevSrs::AllowInsecure
        }
        Some((source, _)) => return Err(Error::InsecureSrs(source.to_string())),
    };
    let of = (Statement::Venue(depth), circuit.family, circuit.shape);
    let verifier = verifier_of::<B>(of, dev, env)?;
    let name = format!("verification of {} proofs", parsed.len());
    let results = env.progress.stage(&name, || B::verify_venue(&verifier, &parsed));
    let proofs = sources
        .iter()
        .zip(results)
        .map(|(source, result)| result.map_err(|error: VerifyError| proof_error(source, error)));
    let proofs: Vec<VerifiedSubtree<B::Field>> = proofs.collect::<Result<_, _>>()?;
    Coverage::of(&proofs).map_err(|error| not_one_venue(sources, error))
}

/// Names the file that does not belong to the others.
pub(crate) fn not_one_venue(sources: &[Source], error: NotOneVenue) -> Error {
    let place = match error {
        NotOneVenue::Doubled { second, .. } => sources.get(second),
        NotOneVenue::Foreign { proof, .. } => sources.get(proof),
        _ => None,
    };
    let path = place.map_or_else(|| "the venue's proofs".to_owned(), Source::to_string);
    Error::NotOneVenue { path, source: error }
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
    let given: BTreeSet<usize> = coverage.subtrees.iter().copied().collect();
    let last = given.last().copied().unwrap_or(0);
    let gaps: Vec<_> = (0..last).filter(|index| !given.contains(index)).collect();
    let named: Vec<_> = gaps.iter().take(GAPS_NAMED).map(usize::to_string).collect();
    let gaps = match gaps.len() {
        0 => String::new(),
        some if some > GAPS_NAMED => format!(" (of {some} numbers below {last} there is none)"),
        _ => format!(" (below number {last} there is none of {})", named.join(", ")),
    };
    Error::NotCovered { proofs: given.len(), found, expected, gaps }
}
