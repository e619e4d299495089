//! The whole relation, for whatever depth: what is compiled once for all of them.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::CONTEXT;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::{COUNTS, FLAGGED, NAMES, SUBTREE_ROOT, SubtreeDepth};

use super::hints::Assignment;
use super::leaf;
use super::sums::Sums;
use crate::figures::FamilyFigures;
use crate::gadgets::Synthesizer;
use crate::statement::claim::{self, ClaimCells, ClaimHints};
use crate::statement::subtree::{self, Common};
use crate::statement::{PublicInputs, assign_public, market};

/// Lays out the relation over the leaves of a subtree.
pub(super) fn lay_out<F: MarginField, G: FamilyFigures<F>, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    depth: SubtreeDepth,
    shape: Shape,
    assignment: Option<&Assignment<F, G>>,
) -> Result<(), Error> {
    let known = assignment.map_or_else(Value::unknown, Value::known);
    let inputs = assign_public(s, &NAMES)?;
    let header = market::assign_header(s, &inputs, known.map(|a| a.header))?;
    G::constrain_header(s, &header)?;
    let claim = assign_claim(s, &inputs, G::HAS_NOTIONAL, known.map(|a| &a.claim))?;
    let terms = G::terms(s, shape, known.map(|a| &a.leaves[0].figures))?;
    let context = &inputs[CONTEXT];
    let common = Common { header: &header, terms: &terms, claim: &claim, context };

    let mut sums = Sums::new(s);
    let mut leaves = Vec::with_capacity(depth.leaves());
    for index in 0..depth.leaves() {
        s.prefix(format!("leaf {index} "));
        let leaf = leaf::assign::<F, G, _>(s, shape, &common, known.map(|a| &a.leaves[index]))?;
        sums.add(s, &leaf)?;
        leaves.push(leaf);
    }
    s.prefix("");
    let digests = leaves.iter().map(|leaf| leaf.digest.clone()).collect();
    let root = subtree::assign_root(s, ("height", "V1"), digests)?;
    s.scope("venue");
    s.equal(&root, &inputs[SUBTREE_ROOT])?;
    s.equal(&sums.chain, &inputs[FLAGGED])?;
    let counts = sums.counts(s)?;
    s.equal(&counts, &inputs[COUNTS])?;

    let terms = leaves.first().map(|leaf| leaf.terms.clone()).ok_or(Error::Synthesis)?;
    let roots = leaves.iter().flat_map(|leaf| &leaf.tree_roots);
    market::constrain_root(s, &inputs, &header, &terms, roots)
}

/// Decodes the level and its multiplier, which are every leaf's; the side is each
/// leaf's own.
fn assign_claim<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    has_notional: bool,
    hints: Value<&ClaimHints<F>>,
) -> Result<ClaimCells<F>, Error> {
    let claim = claim::assign(s, inputs, false, hints)?;
    s.product_is_zero("V2 at least", &s.one(), &claim.is_below)?;
    // No bound, where the family has one.
    Ok(ClaimCells { leverage: has_notional.then(|| s.zero()), ..claim })
}
