//! What a statement's circuit asks of a family: slots in, figures out.
//!
//! A statement lays out its public inputs, the market header and the claim, and
//! then lets the family assign slot after slot and sum them up. What a slot adds
//! to the commitment, where its row opens to, and how it is ordered is the same
//! in every family: [`SlotCells`].

use std::fmt::Debug;

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::relation::MarginFamily;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::SubtreeDepth;

use crate::family::Unprovable;
use crate::gadgets::layout::ColumnLayout;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::{ClaimCells, ClaimHints};
use crate::statement::market::HeaderCells;

/// The sums of a family over the slots so far.
///
/// The order of the calls is [`FamilyFigures::terms`], once; then for each account
/// [`FamilyFigures::begin`], [`FamilyFigures::slot`] and [`FamilyFigures::add`] for
/// each slot, and [`FamilyFigures::finish`].
pub trait FamilyFigures<F: MarginField>: Sized {
    /// The family, whose native figures specify these.
    type Family: MarginFamily<Field = F>;
    /// What the prover chooses, beside the claim and the witness itself.
    type Hints: Clone + Debug;
    /// What counts for every account of a market, the sums of one aside.
    type Terms: Clone;
    /// A slot.
    type Slot: AsRef<SlotCells<F>> + AsMut<SlotCells<F>>;

    /// Version of the margin circuit of this family.
    const VERSION: u16;

    /// Whether the family knows the notional of positions, so that a claim can
    /// bound leverage.
    const HAS_NOTIONAL: bool;

    /// `log2` of the rows of the margin circuit of a shape in a layout.
    fn k(layout: ColumnLayout, shape: Shape) -> u32;

    /// The same of the transition circuit.
    fn transition_k(layout: ColumnLayout, shape: Shape) -> u32;

    /// The same of the circuit of a venue's subtree: four accounts take no more than
    /// four times the rows of one, for they have no paths.
    fn venue_k(layout: ColumnLayout, shape: Shape, depth: SubtreeDepth) -> u32 {
        Self::k(layout, shape) + 2 * u32::from(depth.get())
    }

    /// The same of the circuit of haircuts over a subtree: each account has a second
    /// commitment, and no path.
    fn haircut_k(layout: ColumnLayout, shape: Shape, depth: SubtreeDepth) -> u32 {
        Self::k(layout, shape) + 2 * u32::from(depth.get())
    }

    /// The same of the margin circuit with an escrow.
    fn escrow_k(layout: ColumnLayout, shape: Shape) -> u32;

    /// The same of the netting circuit.
    fn netting_k(layout: ColumnLayout, shape: Shape) -> u32 {
        Self::k(layout, shape) + 1
    }

    /// Positions that a shape holds.
    fn positions(shape: Shape) -> usize;

    /// Whether so many slots, with what they need beside, fit a shape.
    ///
    /// # Errors
    /// When they do not.
    fn fits(shape: Shape, witness: &Witness<F, Self>) -> Result<(), Unprovable>;

    /// The prover's choices for a witness that fits the shape, by the claim and
    /// what is reserved.
    fn hints(shape: Shape, of: (&ClaimHints<F>, F), witness: &Witness<F, Self>) -> Self::Hints;

    /// Makes a slot that is no position of the commitment padding, which keeps its
    /// instrument.
    fn close(hints: &mut Self::Hints, index: usize);

    /// Constrains what the family fixes of the header (M3).
    ///
    /// # Errors
    /// When the circuit is out of rows; so for every method.
    fn constrain_header<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        header: &HeaderCells<F>,
    ) -> Result<(), Error>;

    /// Assigns the market's terms, once for all accounts of a circuit (M3).
    fn terms<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        shape: Shape,
        hints: Value<&Self::Hints>,
    ) -> Result<Self::Terms, Error>;

    /// No slot yet: assigns what counts for all of them, by the header, the terms, the
    /// claim and what is reserved for open orders.
    fn begin<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        shape: Shape,
        of: (&HeaderCells<F>, &Self::Terms, ClaimCells<F>, &Cell<F>),
        hints: Value<&Self::Hints>,
    ) -> Result<Self, Error>;

    /// Assigns a slot: the position and its row (M1, M3, M4).
    fn slot<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        hints: Value<&Self::Hints>,
    ) -> Result<Self::Slot, Error>;

    /// Orders a slot after the previous one, which the first does not have, and
    /// adds it to the sums (M4, M5); `at` is its index, with the hints. Says whether
    /// the slot continues the bucket; `None` in a family that has one.
    fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        previous: Option<&Self::Slot>,
        slot: &Self::Slot,
        at: (usize, Value<&Self::Hints>),
    ) -> Result<Option<Boundary<F>>, Error>;

    /// Constrains all that follows from the sums, and the side of the claim (M5,
    /// M6).
    fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        hints: Value<&Self::Hints>,
    ) -> Result<Outcome<F>, Error>;
}

/// A family whose figures are sums over positions, bucket by bucket: a change of a
/// few positions then changes a few summands, and what was before costs no more
/// than they do. Such a family has no terms.
///
/// Equity of a position is below `2^81` either way, what it requires below `2^81`.
pub trait SummedFigures<F: MarginField>: FamilyFigures<F> {
    /// `log2` of the rows of the deleveraging circuit.
    fn deleveraging_k(layout: ColumnLayout, shape: Shape) -> u32;

    /// Assigns a position and its row, of whatever portfolio (M1, M3, M4, M5).
    ///
    /// # Errors
    /// When the circuit is out of rows; so for every method.
    fn position<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        header: &HeaderCells<F>,
        index: usize,
        hints: Value<&Self::Hints>,
    ) -> Result<Self::Slot, Error>;

    /// Orders a slot after the previous one, which the first does not have (M4);
    /// `at` is its index, with the hints.
    fn order<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        previous: Option<&Self::Slot>,
        slot: &Self::Slot,
        at: (usize, Value<&Self::Hints>),
    ) -> Result<Boundary<F>, Error>;

    /// What a position adds to the sums: nothing where it is padding.
    fn figures(slot: &Self::Slot) -> PositionFigures<'_, F>;
}

/// Whether a slot continues the previous one's bucket. Before the first stands the
/// cross bucket, number 0.
#[derive(Debug)]
pub struct Boundary<F: MarginField> {
    /// One when the slot starts a new bucket.
    pub new: Cell<F>,
    /// One when it continues the bucket.
    pub same: Cell<F>,
}

/// What a position adds to the sums of its bucket, in quote units.
#[derive(Debug)]
pub struct PositionFigures<'a, F: MarginField> {
    /// Minus one for a short position, one for any other.
    pub sign: &'a Cell<F>,
    /// Signed value plus cash.
    pub equity: &'a Cell<F>,
    /// Maintenance margin.
    pub maintenance: &'a Cell<F>,
    /// Initial margin.
    pub initial: &'a Cell<F>,
}

/// The private inputs of a family.
pub type Witness<F, G> = <<G as FamilyFigures<F>>::Family as MarginFamily>::Witness;

/// What an account comes to.
#[derive(Debug)]
pub struct Outcome<F: MarginField> {
    /// Cash that would lift the account to what is claimed, in quote units: exact
    /// under a *below* claim, zero under an *at-least* claim.
    pub shortfall: Cell<F>,
    /// Equity of the whole account, in quote units: values or marks, and cash; below
    /// `2^88` either way.
    pub equity: Cell<F>,
    /// Digest of the terms, which the market's header holds.
    pub terms: Cell<F>,
}

/// A slot, as every statement sees it.
#[derive(Clone, Debug)]
pub struct SlotCells<F: MarginField> {
    /// One for a position of the commitment, zero for padding.
    pub used: Cell<F>,
    /// One for padding.
    pub padding: Cell<F>,
    /// The packed position, zero for padding.
    pub word: Cell<F>,
    /// Whether the slot stands in the order, and whether it does not: as `used`
    /// and `padding` where a statement is about one portfolio.
    pub listed: Cell<F>,
    /// One for a slot that stands behind all others.
    pub unlisted: Cell<F>,
    /// The parts of the word, in range: instrument, bucket, lots and cash with
    /// their offsets.
    pub parts: WordCells<F>,
    /// Root that the row opens to.
    pub tree_root: Cell<F>,
}

/// The parts of a position's word.
#[derive(Clone, Debug)]
pub struct WordCells<F: MarginField> {
    /// The instrument.
    pub instrument: Cell<F>,
    /// The bucket; `None` in a family that has one.
    pub bucket: Option<Cell<F>>,
    /// Lots plus `2^63`.
    pub lots: Cell<F>,
    /// Cash plus `2^79`.
    pub cash: Cell<F>,
}
