//! What `verify --venue` and `verify --haircut` share: proofs of the subtrees of one
//! state.

use zkmargin_margin::statement::venue::SubtreeDepth;
use zkmargin_prover::bulk;
use zkmargin_prover::files::Source;
use zkmargin_verifier::MalformedProof;
use zkmargin_verifier::coverage::NotOneVenue;
use zkmargin_verifier::proof::{CircuitId, MAX_BYTES};

use super::check::{Expected, check_layout, proof_error};
use crate::env::Env;
use crate::error::Error;

/// What is the same of all proofs of a venue.
pub(super) type Kind = (CircuitId, SubtreeDepth);

/// Proof files, and what they were all made with.
pub(super) struct Files {
    pub(super) sources: Vec<Source>,
    pub(super) bytes: Vec<Vec<u8>>,
    pub(super) kind: Kind,
}

/// Reads the proofs of files and directories; what the first was made with, as `kind_of`
/// reads it, all others must have been too.
pub(super) fn read(
    sources: &[Source],
    kind_of: impl Fn(&[u8]) -> Result<Kind, MalformedProof>,
    (_, layout): Expected,
    env: Env,
) -> Result<Files, Error> {
    let sources = bulk::expand(sources, &[])?;
    let read = |source: &Source| source.read_at_most(MAX_BYTES).map_err(Error::from);
    let bytes = sources.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut first = None;
    for (source, bytes) in sources.iter().zip(&bytes) {
        let malformed = |error: MalformedProof| proof_error(source, error.into());
        let kind = kind_of(bytes).map_err(malformed)?;
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
    let kind = first.ok_or(Error::Usage("no proof is named"))?;
    Ok(Files { sources, bytes, kind })
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
