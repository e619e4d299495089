//! Canonical order (M4): listed slots strictly ascend by bucket and instrument,
//! padding comes last.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;

use super::hints::SlotHints;
use super::slot::{BUCKET_BITS, StandardSlot};
use crate::figures::Boundary;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::INSTRUMENT_BITS;

/// Constrains the order of two neighbours, and says where buckets end. Before the
/// first slot stands the cross bucket, number 0, with what is reserved.
///
/// Bucket and instrument are one number of 80 bits that ascends strictly from
/// listed slot to listed slot; so no bucket comes again, and none is split.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    previous: Option<&StandardSlot<F>>,
    slot: &StandardSlot<F>,
    hints: Value<&SlotHints<F>>,
) -> Result<Boundary<F>, Error> {
    let bucket = slot.bucket.cell();
    let step = match previous {
        Some(previous) => s.sub("bucket step", bucket, previous.bucket.cell())?,
        None => bucket.clone(),
    };
    // `step * inverse` is one for a step, with one inverse; without one, both
    // are zero.
    let inverse =
        s.witness_unchecked("M4 bucket step inverse", hints.map(|h| h.bucket_step_inverse))?;
    let new = s.mul("M4 new bucket", &step, &inverse)?;
    let same = s.not("same bucket", &new)?;
    s.product_is_zero("M4 same bucket has no step", &same, &step)?;
    s.product_is_zero("M4 no step has no inverse", &same, &inverse)?;
    if let Some(previous) = previous {
        ascends(s, previous, slot, &step)?;
    }
    Ok(Boundary { new, same })
}

fn ascends<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    previous: &StandardSlot<F>,
    slot: &StandardSlot<F>,
    bucket_step: &Cell<F>,
) -> Result<(), Error> {
    let (first, second) = (&previous.common, &slot.common);
    s.product_is_zero("M4 padding is last", &first.unlisted, &second.listed)?;
    let (instrument, before) = (slot.instrument.cell(), previous.instrument.cell());
    let step = s.add_scaled("instrument step", instrument, (-F::ONE, before), -F::ONE)?;
    let bucket_unit = F::from(2).pow_vartime([u64::from(INSTRUMENT_BITS)]);
    let step = s.add_scaled("order step", &step, (bucket_unit, bucket_step), F::ZERO)?;
    let step = s.mul("order step where listed", &second.listed, &step)?;
    s.range_check("M4 order ascends", &step, BUCKET_BITS + INSTRUMENT_BITS)?;
    Ok(())
}
