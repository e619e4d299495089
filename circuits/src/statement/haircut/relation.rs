//! The whole relation, for whatever depth: what is compiled once for all of them.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::CONTEXT;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::haircut::{
    NAMES, SUBTREE_AFTER, SUBTREE_ROOT, SUMS, SUMS_CUTS, SUMS_WINNERS,
};
use zkmargin_margin::statement::venue::SubtreeDepth;

use super::hints::Assignment;
use super::leaf::{self, LeafCells};
use super::share;
use crate::figures::FamilyFigures;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::ClaimCells;
use crate::statement::subtree::{Common, assign_root};
use crate::statement::{assign_public, market};

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
    let ratio = share::assign_ratio(s, &inputs, known)?;
    let terms = G::terms(s, shape, known.map(|a| &a.leaves[0].figures))?;
    let (claim, context) = (requires_nothing(s, G::HAS_NOTIONAL), &inputs[CONTEXT]);
    let common = Common { header: &header, terms: &terms, claim: &claim, context };

    let mut sums = Sums::new(s);
    let mut leaves = Vec::with_capacity(depth.leaves());
    for index in 0..depth.leaves() {
        s.prefix(format!("leaf {index} "));
        let hints = known.map(|a| &a.leaves[index]);
        let leaf = leaf::assign::<F, G, _>(s, shape, (&common, &ratio), hints)?;
        sums.add(s, &leaf)?;
        leaves.push(leaf);
    }
    s.prefix("");
    let digests = leaves.iter().map(|leaf| leaf.before.clone()).collect();
    let before = assign_root(s, ("height", "F1"), digests)?;
    let digests = leaves.iter().map(|leaf| leaf.after.clone()).collect();
    let after = assign_root(s, ("height after", "F4"), digests)?;
    s.scope("haircut");
    s.equal(&before, &inputs[SUBTREE_ROOT])?;
    s.equal(&after, &inputs[SUBTREE_AFTER])?;
    let sums = sums.pack(s)?;
    s.equal(&sums, &inputs[SUMS])?;

    let terms = leaves.first().map(|leaf| leaf.terms.clone()).ok_or(Error::Synthesis)?;
    let roots = leaves.iter().flat_map(|leaf| &leaf.tree_roots);
    market::constrain_root(s, &inputs, &header, &terms, roots)
}

/// The level *margin-call*, which requires nothing, once: no claim is made of an account,
/// but its figures are on one side or the other.
fn requires_nothing<F: MarginField, L: Layouter<F>>(
    s: &Synthesizer<'_, F, L>,
    has_notional: bool,
) -> ClaimCells<F> {
    ClaimCells {
        is_maintenance: s.zero(),
        is_initial: s.zero(),
        is_below: s.zero(),
        above_one: s.zero(),
        leverage: has_notional.then(|| s.zero()),
    }
}

/// What the winners have and are cut by, and how many there are (F5).
struct Sums<F: MarginField> {
    equity: Cell<F>,
    cuts: Cell<F>,
    winners: Cell<F>,
}

impl<F: MarginField> Sums<F> {
    /// No leaf yet.
    fn new<L: Layouter<F>>(s: &Synthesizer<'_, F, L>) -> Self {
        Self { equity: s.zero(), cuts: s.zero(), winners: s.zero() }
    }

    /// Adds a leaf.
    fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        leaf: &LeafCells<F>,
    ) -> Result<(), Error> {
        s.scope("sums");
        let share = &leaf.share;
        self.equity = s.add("F5 equity", &self.equity, &share.equity)?;
        self.cuts = s.add("F5 cuts", &self.cuts, &share.cut)?;
        self.winners = s.add("F5 winners", &self.winners, &share.winner)?;
        Ok(())
    }

    /// `SUMS`: of at most 256 leaves, so each sum is at most `2^88`. A cut is not below
    /// zero, nor is a winner's equity.
    fn pack<L: Layouter<F>>(&self, s: &mut Synthesizer<'_, F, L>) -> Result<Cell<F>, Error> {
        let parts = [(0, &self.equity), (SUMS_CUTS, &self.cuts), (SUMS_WINNERS, &self.winners)];
        s.pack_unchecked("F5 sums", &parts)
    }
}
