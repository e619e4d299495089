//! Bucket sums and the claim's side (M5, M6).
//!
//! Only the requirement of the claimed level is summed, as many times as the
//! claim says. Per slot the deficit is that less equity, in ten-thousandths of a
//! quote unit; a bucket's running sum restarts at a boundary; at the end of a
//! bucket `max(0, sum)` is its gap, and the account's shortfall is the sum of the
//! gaps, rounded up. *At least* says that the shortfall is zero, *below* that it
//! is at least one. What is reserved for open orders is a slot of its own before
//! all others: it opens the cross bucket, and only initial margin counts it.
//!
//! A bound on leverage `l`, in hundredths, is `100 notional <= l equity` over all
//! buckets. It is proved as `l (l equity - 100 notional) >= 0`, which without a
//! bound is zero.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::claim::{LEVERAGE_ONE, MULTIPLIER_ONE};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::SHORTFALL_BITS;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::{DEFICIT_BITS, Standard, StandardWitness};
use zkmargin_margin::statement::venue::SubtreeDepth;

use super::hints::{Division, Hints, SlotHints};
use super::order;
use super::slot::{self, StandardSlot};
use crate::family::{TooManyPositions, Unprovable};
use crate::figures::{Boundary, FamilyFigures, Outcome, PositionFigures, SummedFigures};
use crate::gadgets::layout::ColumnLayout;
use crate::gadgets::range::Ranged;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::{ClaimCells, ClaimHints};
use crate::statement::market::HeaderCells;

/// Bits of the slack of a shortfall, which is below [`MULTIPLIER_ONE`].
const SLACK_BITS: u32 = 16;
/// Bits of what a bound on leverage leaves, times the bound: 128 equities below
/// `2^81`, and twice 24 bits.
const LEVERAGE_BITS: u32 = 136;

/// The claim's parts and the sums so far.
#[derive(Debug)]
pub struct StandardFigures<F: MarginField> {
    denominator: Ranged<F>,
    claim: ClaimCells<F>,
    /// Ten-thousandths of the multiplier.
    multiplier: Cell<F>,
    /// The bucket's deficit up to the last slot, and its gap if it ended there.
    open: (Cell<F>, Cell<F>),
    /// Gaps of the buckets that have ended.
    gaps: Cell<F>,
    /// Notional and equity of all slots.
    notional: Cell<F>,
    equity: Cell<F>,
}

impl<F: MarginField> FamilyFigures<F> for StandardFigures<F> {
    type Family = Standard<F>;
    type Hints = Hints<F>;
    type Terms = ();
    type Slot = StandardSlot<F>;

    const VERSION: u16 = 4;
    const HAS_NOTIONAL: bool = true;

    /// There are neither deep shapes nor any of two underlyings: no key is made of one.
    fn k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape) {
            (ColumnLayout::Wide, Shape::Small) => 12,
            (ColumnLayout::Wide, Shape::Medium | Shape::Deep | Shape::Multi)
            | (ColumnLayout::Tall, Shape::Small) => 13,
            (ColumnLayout::Wide, Shape::Large | Shape::Huge | Shape::MultiLarge)
            | (ColumnLayout::Tall, Shape::Medium | Shape::Deep | Shape::Multi) => 15,
            (ColumnLayout::Tall, Shape::Large | Shape::Huge | Shape::MultiLarge) => 17,
        }
    }

    fn transition_k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape) {
            (ColumnLayout::Wide, Shape::Medium | Shape::Large) => Self::k(layout, shape) + 1,
            _ => Self::k(layout, shape),
        }
    }

    /// Without the account's path, four small accounts fit twice the rows of one.
    fn venue_k(layout: ColumnLayout, shape: Shape, depth: SubtreeDepth) -> u32 {
        let k = Self::k(layout, shape) + 2 * u32::from(depth.get());
        match (layout, shape) {
            (ColumnLayout::Wide, Shape::Small) => k - 1,
            _ => k,
        }
    }

    /// With the second commitment four medium accounts miss twice the rows by twenty.
    fn haircut_k(layout: ColumnLayout, shape: Shape, depth: SubtreeDepth) -> u32 {
        let k = Self::k(layout, shape) + 2 * u32::from(depth.get());
        match (layout, shape) {
            (ColumnLayout::Wide, Shape::Medium) => k + 1,
            _ => k,
        }
    }

    fn escrow_k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape) {
            (ColumnLayout::Tall, Shape::Medium | Shape::Large) => Self::k(layout, shape),
            _ => Self::k(layout, shape) + 1,
        }
    }

    fn positions(shape: Shape) -> usize {
        shape.standard_positions()
    }

    fn fits(shape: Shape, witness: &StandardWitness<F>) -> Result<(), Unprovable> {
        let (positions, slots) = (witness.slots.len(), shape.standard_positions());
        match positions > slots {
            true => Err(TooManyPositions { positions, shape, slots }.into()),
            false => Ok(()),
        }
    }

    fn hints(shape: Shape, _: (&ClaimHints<F>, F), witness: &StandardWitness<F>) -> Hints<F> {
        let slots = 0..shape.standard_positions();
        let slots = slots.map(|index| SlotHints::new(witness, index)).collect();
        Hints { slots, shortfall: None }
    }

    fn close(hints: &mut Hints<F>, index: usize) {
        hints.slots[index].padding = F::ONE;
    }

    /// The denominator is the model's.
    fn constrain_header<L: Layouter<F>>(
        _: &mut Synthesizer<'_, F, L>,
        _: &HeaderCells<F>,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// This family has none.
    fn terms<L: Layouter<F>>(
        _: &mut Synthesizer<'_, F, L>,
        _: Shape,
        _: Value<&Hints<F>>,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn begin<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        _: Shape,
        (header, (), claim, reserved): (&HeaderCells<F>, &(), ClaimCells<F>, &Cell<F>),
        _: Value<&Hints<F>>,
    ) -> Result<Self, Error> {
        let denominator = header.denominator.clone();
        let one = F::from(u64::from(MULTIPLIER_ONE));
        let multiplier = s.scale("multiplier", F::ONE, &claim.above_one, one)?;
        let required = s.mul("M5 required of reserved", &claim.is_initial, reserved)?;
        // Not negative: the deficit of an empty bucket is its gap.
        let deficit = s.mul("M5 deficit of reserved", &multiplier, &required)?;
        let open = (deficit.clone(), deficit);
        let (gaps, notional, equity) = (s.zero(), s.zero(), s.zero());
        Ok(Self { denominator, claim, multiplier, open, gaps, notional, equity })
    }

    fn slot<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        hints: Value<&Hints<F>>,
    ) -> Result<StandardSlot<F>, Error> {
        slot::assign(s, &self.denominator, hints.map(|hints| &hints.slots[index]))
    }

    fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        previous: Option<&StandardSlot<F>>,
        slot: &StandardSlot<F>,
        (index, hints): (usize, Value<&Hints<F>>),
    ) -> Result<Option<Boundary<F>>, Error> {
        let hints = hints.map(|hints| &hints.slots[index]);
        let boundary = order::assign(s, previous, slot, hints)?;
        let Boundary { new, same } = &boundary;
        let maintenance =
            s.mul("required maintenance", &self.claim.is_maintenance, &slot.maintenance)?;
        let required = s.mul_add(
            "M5 required",
            (&self.claim.is_initial, &slot.initial),
            (F::ONE, &maintenance),
            F::ZERO,
        )?;
        let one = F::from(u64::from(MULTIPLIER_ONE));
        let product = (&self.multiplier, &required);
        let deficit = s.mul_add("M5 deficit", product, (-one, &slot.equity), F::ZERO)?;
        self.end_bucket(s, new)?;
        let sum = &self.open.0;
        let sum = s.mul_add("M5 bucket deficit", (same, sum), (F::ONE, &deficit), F::ZERO)?;
        let gap = positive_part(s, &sum, hints.map(|h| h.deficit_is_positive))?;
        self.open = (sum, gap);
        self.notional = s.add("M5 gross notional", &self.notional, &slot.notional)?;
        self.equity = s.add("M5 equity of all", &self.equity, &slot.equity)?;
        Ok(Some(boundary))
    }

    fn finish<L: Layouter<F>>(
        mut self,
        s: &mut Synthesizer<'_, F, L>,
        hints: Value<&Hints<F>>,
    ) -> Result<Outcome<F>, Error> {
        s.scope("outcome");
        let one = s.one();
        self.end_bucket(s, &one)?;
        let at_least = s.not("at least", &self.claim.is_below)?;
        s.product_is_zero("M6 at least: no shortfall", &at_least, &self.gaps)?;
        let shortfall = round_up(s, &self.gaps, hints.map(|h| h.shortfall))?;
        // Zero or more, and one or more where below.
        let excess = s.sub("shortfall less below", &shortfall, &self.claim.is_below)?;
        s.range_check("M6 below: some shortfall", &excess, SHORTFALL_BITS)?;
        self.constrain_leverage(s)?;
        Ok(Outcome { shortfall, equity: self.equity, terms: s.zero() })
    }
}

impl<F: MarginField> SummedFigures<F> for StandardFigures<F> {
    fn deleveraging_k(layout: ColumnLayout, shape: Shape) -> u32 {
        match (layout, shape) {
            (ColumnLayout::Tall, Shape::Small) => Self::k(layout, shape) + 1,
            _ => Self::transition_k(layout, shape),
        }
    }

    fn position<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        header: &HeaderCells<F>,
        index: usize,
        hints: Value<&Hints<F>>,
    ) -> Result<StandardSlot<F>, Error> {
        slot::assign(s, &header.denominator, hints.map(|hints| &hints.slots[index]))
    }

    fn order<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        previous: Option<&StandardSlot<F>>,
        slot: &StandardSlot<F>,
        (index, hints): (usize, Value<&Hints<F>>),
    ) -> Result<Boundary<F>, Error> {
        order::assign(s, previous, slot, hints.map(|hints| &hints.slots[index]))
    }

    fn figures(slot: &StandardSlot<F>) -> PositionFigures<'_, F> {
        let StandardSlot { sign, equity, maintenance, initial, .. } = slot;
        PositionFigures { sign, equity, maintenance, initial }
    }
}

impl<F: MarginField> StandardFigures<F> {
    /// Adds the bucket's gap where `ends` is one.
    fn end_bucket<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        ends: &Cell<F>,
    ) -> Result<(), Error> {
        let (so_far, gap) = (&self.gaps, &self.open.1);
        self.gaps = s.mul_add("M5 shortfall", (ends, gap), (F::ONE, so_far), F::ZERO)?;
        Ok(())
    }

    /// Constrains the notional to be within the bound of the claim.
    fn constrain_leverage<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
    ) -> Result<(), Error> {
        let bound = self.claim.leverage.as_ref().ok_or(Error::Synthesis)?;
        let one = F::from(u64::from(LEVERAGE_ONE));
        let product = (bound, &self.equity);
        let room = s.mul_add("M6 room", product, (-one, &self.notional), F::ZERO)?;
        let room = s.mul("M6 room where bounded", bound, &room)?;
        s.range_check("M6 notional within the bound", &room, LEVERAGE_BITS)?;
        Ok(())
    }
}

/// `ceil(gaps / 10,000)`: the quotient is in range by what the caller makes of
/// it, and the slack below its divisor.
fn round_up<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    gaps: &Cell<F>,
    hint: Value<Option<Division<F>>>,
) -> Result<Cell<F>, Error> {
    let one = F::from(u64::from(MULTIPLIER_ONE));
    let division = hint.zip(gaps.value()).map(|(hint, gaps)| hint.unwrap_or_else(|| divide(gaps)));
    let shortfall = s.witness_unchecked("M5 shortfall in units", division.map(|d| d.quotient))?;
    let slack = division.map(|d| d.slack);
    let slack = s.witness_ranged("M5 shortfall slack", slack, SLACK_BITS)?;
    let gap = s.scale("shortfall slack gap", -F::ONE, slack.cell(), one - F::ONE)?;
    s.range_check("M5 shortfall slack below its divisor", &gap, SLACK_BITS)?;
    let sum = s.add("gaps and slack", gaps, slack.cell())?;
    let product = s.scale("M5 shortfall in ten-thousandths", one, &shortfall, F::ZERO)?;
    s.equal(&product, &sum)?;
    Ok(shortfall)
}

/// The division of a number of 128 bits.
fn divide<F: MarginField>(x: &F) -> Division<F> {
    let bytes = x.to_le_bytes();
    let low = u128::from_le_bytes(std::array::from_fn(|i| bytes[i]));
    let quotient = F::from_u128(low.div_ceil(u128::from(MULTIPLIER_ONE)));
    Division { quotient, slack: quotient * F::from(u64::from(MULTIPLIER_ONE)) - x }
}

/// `max(0, x)` for `|x| < 2^112`: the sign is witnessed, and `|x|` under that
/// sign must be in range. Zero has both signs and one result.
fn positive_part<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    x: &Cell<F>,
    hint: Value<Option<F>>,
) -> Result<Cell<F>, Error> {
    let positive = hint.zip(x.value()).map(|(hint, x)| hint.unwrap_or_else(|| is_small(x)));
    let positive = s.witness_bit("M5 deficit is positive", positive)?;
    let sign = s.scale("deficit sign", F::from(2), &positive, -F::ONE)?;
    let absolute = s.mul("absolute deficit", &sign, x)?;
    s.range_check("M5 absolute deficit", &absolute, DEFICIT_BITS)?;
    s.mul("M5 gap", &positive, x)
}

/// One when a value is a non-negative integer of 128 bits.
fn is_small<F: MarginField>(x: &F) -> F {
    let small = x.to_le_bytes()[16..].iter().all(|byte| *byte == 0);
    if small { F::ONE } else { F::ZERO }
}
