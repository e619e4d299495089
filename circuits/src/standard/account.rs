//! Bucket sums and the claim's side (M5, M6).
//!
//! Only the requirement of the claimed level is summed. Per slot the deficit
//! is requirement less equity; a bucket's running sum restarts at a boundary;
//! at the end of a bucket `max(0, sum)` is its gap, and the account's
//! shortfall is the sum of the gaps. *At least* says that the shortfall is
//! zero, *below* that it is at least one.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::SHORTFALL_BITS;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::{Standard, StandardWitness};

use super::hints::{Hints, SlotHints};
use super::order::{self, Boundary};
use super::slot::{self, StandardSlot};
use crate::family::{TooManyPositions, Unprovable};
use crate::figures::{FamilyFigures, Outcome};
use crate::gadgets::layout::ColumnLayout;
use crate::gadgets::range::Ranged;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::{ClaimCells, ClaimHints};
use crate::statement::market::HeaderCells;

/// Bits of a bucket's sum, either way.
const BUCKET_SUM_BITS: u32 = 96;

/// The claim's parts and the sums so far.
#[derive(Debug)]
pub struct StandardFigures<F: MarginField> {
    denominator: Ranged<F>,
    claim: ClaimCells<F>,
    /// The bucket's deficit up to the last slot, and its gap if it ended there.
    open: Option<(Cell<F>, Cell<F>)>,
    /// Gaps of the buckets that have ended.
    shortfall: Cell<F>,
}

impl<F: MarginField> FamilyFigures<F> for StandardFigures<F> {
    type Family = Standard<F>;
    type Hints = Hints<F>;
    type Slot = StandardSlot<F>;

    const VERSION: u16 = 3;

    fn k(shape: Shape) -> u32 {
        match (ColumnLayout::of::<F>(), shape) {
            (ColumnLayout::Wide, Shape::Small) => 12,
            (ColumnLayout::Wide, Shape::Medium) | (ColumnLayout::Tall, Shape::Small) => 13,
            (ColumnLayout::Wide, Shape::Large) | (ColumnLayout::Tall, Shape::Medium) => 15,
            (ColumnLayout::Tall, Shape::Large) => 17,
        }
    }

    fn transition_k(shape: Shape) -> u32 {
        match (ColumnLayout::of::<F>(), shape) {
            (ColumnLayout::Wide, Shape::Medium | Shape::Large) => Self::k(shape) + 1,
            _ => Self::k(shape),
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

    fn hints(shape: Shape, _: &ClaimHints<F>, witness: &StandardWitness<F>) -> Hints<F> {
        let slots = 0..shape.standard_positions();
        Hints { slots: slots.map(|index| SlotHints::new(witness, index)).collect() }
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

    fn begin<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        _: Shape,
        header: &HeaderCells<F>,
        claim: ClaimCells<F>,
        _: Value<&Hints<F>>,
    ) -> Result<Self, Error> {
        let denominator = header.denominator.clone();
        Ok(Self { denominator, claim, open: None, shortfall: s.zero() })
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
    ) -> Result<(), Error> {
        let hints = hints.map(|hints| &hints.slots[index]);
        let boundary = match previous {
            Some(previous) => Some(order::assign(s, previous, slot, hints)?),
            None => None,
        };
        let maintenance =
            s.mul("required maintenance", &self.claim.is_maintenance, &slot.maintenance)?;
        let required = s.mul_add(
            "M5 required",
            (&self.claim.is_initial, &slot.initial),
            (F::ONE, &maintenance),
            F::ZERO,
        )?;
        let deficit = s.sub("M5 deficit", &required, &slot.equity)?;
        let sum = match (self.open.take(), boundary) {
            (Some((sum, gap)), Some(Boundary { new, same })) => {
                self.end_bucket(s, &new, &gap)?;
                s.mul_add("M5 bucket deficit", (&same, &sum), (F::ONE, &deficit), F::ZERO)?
            }
            _ => deficit,
        };
        let gap = positive_part(s, &sum, hints.map(|h| h.deficit_is_positive))?;
        self.open = Some((sum, gap));
        Ok(())
    }

    fn finish<L: Layouter<F>>(
        mut self,
        s: &mut Synthesizer<'_, F, L>,
        _: Value<&Hints<F>>,
    ) -> Result<Outcome<F>, Error> {
        s.scope("outcome");
        if let Some((_, gap)) = self.open.take() {
            let one = s.one();
            self.end_bucket(s, &one, &gap)?;
        }
        let Self { claim, shortfall, .. } = self;

        let at_least = s.not("at least", &claim.is_below)?;
        s.product_is_zero("M6 at least: no shortfall", &at_least, &shortfall)?;
        let excess = s.scale("shortfall less one", F::ONE, &shortfall, -F::ONE)?;
        let excess = s.mul("shortfall less one where below", &claim.is_below, &excess)?;
        s.range_check("M6 below: some shortfall", &excess, SHORTFALL_BITS)?;
        Ok(Outcome { shortfall, terms: s.zero() })
    }
}

impl<F: MarginField> StandardFigures<F> {
    /// Adds a bucket's gap where `ends` is one.
    fn end_bucket<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        ends: &Cell<F>,
        gap: &Cell<F>,
    ) -> Result<(), Error> {
        let so_far = self.shortfall.clone();
        self.shortfall = s.mul_add("M5 shortfall", (ends, gap), (F::ONE, &so_far), F::ZERO)?;
        Ok(())
    }
}

/// `max(0, x)` for `|x| < 2^96`: the sign is witnessed, and `|x|` under that
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
    s.range_check("M5 absolute deficit", &absolute, BUCKET_SUM_BITS)?;
    s.mul("M5 gap", &positive, x)
}

/// One when a value is a non-negative integer of 128 bits.
fn is_small<F: MarginField>(x: &F) -> F {
    let small = x.to_le_bytes()[16..].iter().all(|byte| *byte == 0);
    if small { F::ONE } else { F::ZERO }
}
