//! Canonical order (M4): listed slots strictly ascend by bucket and instrument,
//! padding comes last.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;

use super::hints::SlotHints;
use super::slot::{BUCKET_BITS, StandardSlot};
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::INSTRUMENT_BITS;

/// Whether a slot continues the previous one's bucket.
pub(super) struct Boundary<F: MarginField> {
    /// One when the slot starts a new bucket.
    pub(super) new: Cell<F>,
    /// One when it continues the bucket.
    pub(super) same: Cell<F>,
}

/// Constrains the order of two neighbours.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    previous: &StandardSlot<F>,
    slot: &StandardSlot<F>,
    hints: Value<&SlotHints<F>>,
) -> Result<Boundary<F>, Error> {
    let (first, second) = (&previous.common, &slot.common);
    s.product_is_zero("M4 padding is last", &first.unlisted, &second.listed)?;

    // A new bucket has a larger number, the same bucket the same.
    let new = s.witness_bit("M4 new bucket", hints.map(|h| h.new_bucket))?;
    let same = s.not("same bucket", &new)?;
    let step = s.sub("bucket step", slot.bucket.cell(), previous.bucket.cell())?;
    s.product_is_zero("M4 same bucket has no step", &same, &step)?;
    let step = s.sub("bucket step less new", &step, &new)?;
    s.range_check("M4 bucket ascends", &step, BUCKET_BITS)?;

    // Inside a bucket the instrument of a listed slot is larger.
    let step = s.add_scaled(
        "instrument step",
        slot.instrument.cell(),
        (-F::ONE, previous.instrument.cell()),
        -F::ONE,
    )?;
    let compared = s.mul("used in the same bucket", &second.listed, &same)?;
    let step = s.mul("instrument step where compared", &compared, &step)?;
    s.range_check("M4 instrument ascends", &step, INSTRUMENT_BITS)?;
    Ok(Boundary { new, same })
}
