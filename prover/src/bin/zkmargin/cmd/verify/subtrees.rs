//! What `verify --venue` and `verify --haircut` share: proofs of the subtrees of one
//! state.

use std::collections::BTreeMap;

use zkmargin_margin::shape::Shape;
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::venue::SubtreeDepth;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::bulk;
use zkmargin_prover::files::Source;
use zkmargin_verifier::coverage::NotOneVenue;
use zkmargin_verifier::proof::{CircuitId, MAX_BYTES};
use zkmargin_verifier::{MalformedProof, VerifyError};

use super::check::{Expected, check_layout, dev_srs, proof_error};
use crate::cmd::shapes::Shapes;
use crate::env::Env;
use crate::error::Error;
use crate::input::SrsArgs;
use crate::params::verifier_of;

/// What a proof was made with: the same of all proofs of a venue, but for the shape.
pub(super) type Kind = (CircuitId, SubtreeDepth);

/// Proof files, and what they were made with.
pub(super) struct Files {
    pub(super) sources: Vec<Source>,
    bytes: Vec<Vec<u8>>,
    /// Of the first; others have other shapes, and all else the same.
    pub(super) kind: Kind,
    /// Of each.
    shapes: Vec<Shape>,
}

impl Files {
    /// How many there are of each shape.
    pub(super) fn shapes(&self) -> Shapes {
        Shapes::of(&self.shapes)
    }
}

/// Reads the proofs of files and directories; what the first was made with, as `kind_of`
/// reads it, all others must have been too, in whatever shape: a proof says as much of its
/// subtree under one shape as under another.
pub(super) fn read(
    sources: &[Source],
    kind_of: impl Fn(&[u8]) -> Result<Kind, MalformedProof>,
    (_, layout): Expected,
    env: Env,
) -> Result<Files, Error> {
    let sources = bulk::expand(sources, &[])?;
    let read = |source: &Source| source.read_at_most(MAX_BYTES).map_err(Error::from);
    let bytes = sources.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let (mut first, mut shapes) = (None, Vec::with_capacity(bytes.len()));
    for (source, bytes) in sources.iter().zip(&bytes) {
        let malformed = |error: MalformedProof| proof_error(source, error.into());
        let (circuit, depth) = kind_of(bytes).map_err(malformed)?;
        env.proof_system_of(source, circuit.proof_system)?;
        check_layout(source, circuit, layout)?;
        let expected: Kind = *first.get_or_insert((circuit, depth));
        let of_any_shape =
            |(circuit, depth): Kind| (circuit.family, circuit.proof_system, circuit.layout, depth);
        if of_any_shape(expected) != of_any_shape((circuit, depth)) {
            let name = |(circuit, depth): Kind| format!("{circuit}, {depth} leaves");
            return Err(Error::Mismatch {
                place: source.to_string(),
                what: "circuit",
                expected: format!("{}, or that in another shape", name(expected)),
                found: name((circuit, depth)),
            });
        }
        shapes.push(circuit.shape);
    }
    let kind = first.ok_or(Error::Usage("no proof is named"))?;
    Ok(Files { sources, bytes, kind, shapes })
}

/// How the proofs of a statement are read and verified.
pub(super) struct Reading<B: Backend, T, V> {
    pub(super) statement: Statement,
    pub(super) parse: fn(&[u8]) -> Result<T, MalformedProof>,
    pub(super) srs: fn(&T) -> Option<SrsMark>,
    pub(super) verify: fn(&B::Verifier, &[T]) -> Verified<V>,
}

/// What became of proofs, one by one.
type Verified<V> = Vec<Result<V, VerifyError>>;

/// Verifies proofs, those of a shape together and by their shape's own verifier; all of
/// them, in the order of their files.
pub(super) fn verified<B: Backend, T, V>(
    files: &Files,
    reading: &Reading<B, T, V>,
    srs: SrsArgs,
    env: Env,
) -> Result<Vec<V>, Error> {
    let Files { sources, bytes, kind: (circuit, _), shapes } = files;
    let mut parsed = Vec::with_capacity(bytes.len());
    for (source, bytes) in sources.iter().zip(bytes) {
        let file = (reading.parse)(bytes);
        parsed.push(file.map_err(|error| proof_error(source, error.into()))?);
    }
    let marks: Vec<_> = parsed.iter().map(reading.srs).collect();
    let dev = dev_srs(sources, marks.iter().copied(), srs)?;
    same_powers(sources, &marks)?;
    let mut groups: BTreeMap<Shape, (Vec<usize>, Vec<T>)> = BTreeMap::new();
    for (index, (shape, file)) in shapes.iter().zip(parsed).enumerate() {
        let (indices, files) = groups.entry(*shape).or_default();
        indices.push(index);
        files.push(file);
    }
    let mut results = BTreeMap::new();
    for (shape, (indices, files)) in groups {
        let of = (reading.statement, circuit.family, shape);
        let verifier = verifier_of::<B>(of, dev, env)?;
        let name = format!("verification of {} proofs", files.len());
        let verified = env.progress.stage(&name, || (reading.verify)(&verifier, &files));
        results.extend(indices.into_iter().zip(verified));
    }
    let in_order = sources.iter().enumerate().map(|(index, source)| {
        // What no verifier answered for is not verified.
        let result = results.remove(&index).unwrap_or(Err(VerifyError::Invalid));
        result.map_err(|error| proof_error(source, error))
    });
    in_order.collect()
}

/// Refuses proofs under powers of tau of several ceremonies: of which of them a venue's
/// proofs are good would depend on the shape.
fn same_powers(sources: &[Source], marks: &[Option<SrsMark>]) -> Result<(), Error> {
    let name = |mark: Option<SrsMark>| mark.map_or("none".to_owned(), |mark| mark.to_string());
    let first = marks.first().copied().flatten();
    match marks.iter().position(|mark| *mark != first) {
        None => Ok(()),
        Some(other) => Err(Error::Mismatch {
            place: sources[other].to_string(),
            what: "srs",
            expected: name(first),
            found: name(marks[other]),
        }),
    }
}

/// Proofs that are not of one venue.
pub(crate) fn not_one_venue(sources: &[Source], error: NotOneVenue) -> Error {
    let place = match error {
        NotOneVenue::Doubled { second, .. } => sources.get(second),
        NotOneVenue::Foreign { proof, .. } => sources.get(proof),
        _ => None,
    };
    let path = place.map_or_else(|| "the venue's proofs".to_owned(), Source::to_string);
    Error::NotOneVenue { path, source: error }
}

/// Numbers of subtrees without a proof that an error names.
const GAPS_NAMED: usize = 8;

/// What to say of numbers of subtrees, ascending, that there is no proof of.
pub(super) fn gaps(subtrees: &[usize]) -> String {
    let last = subtrees.last().copied().unwrap_or(0);
    let gaps: Vec<_> = (0..last).filter(|index| subtrees.binary_search(index).is_err()).collect();
    let named: Vec<_> = gaps.iter().take(GAPS_NAMED).map(usize::to_string).collect();
    match gaps.len() {
        0 => String::new(),
        some if some > GAPS_NAMED => format!(" (of {some} numbers below {last} there is none)"),
        _ => format!(" (below number {last} there is none of {})", named.join(", ")),
    }
}
