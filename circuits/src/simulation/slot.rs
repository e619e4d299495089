//! One slot: a position and its row (M1, M3, M4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::MARKET_DEPTH;
use zkmargin_margin::portfolio::{
    CASH_OFFSET, QUANTITY_OFFSET, WORD_CASH, WORD_PRESENT, WORD_QUANTITY,
};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::simulation::{GAIN_BITS, LIMBS, LOT_BITS, ROW_E0, columns};
use zkmargin_margin::units::NOTIONAL_BITS;

use super::hints::SlotHints;
use crate::figures::{SlotCells, WordCells};
use crate::gadgets::range::Ranged;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::INSTRUMENT_BITS;

/// What the rest of the circuit needs of a slot.
#[derive(Debug)]
pub struct SimulationSlot<F: MarginField> {
    /// What every statement sees of it.
    common: SlotCells<F>,
    /// Signed, and without the sign.
    pub(super) lots: Cell<F>,
    pub(super) size: Cell<F>,
    pub(super) cash: Cell<F>,
    pub(super) row: RowCells<F>,
}

/// The fields of the row; its columns stay packed.
#[derive(Debug)]
pub(super) struct RowCells<F: MarginField> {
    pub(super) maintenance: Cell<F>,
    pub(super) initial: Cell<F>,
    pub(super) columns: Vec<Cell<F>>,
}

impl<F: MarginField> AsRef<SlotCells<F>> for SimulationSlot<F> {
    fn as_ref(&self) -> &SlotCells<F> {
        &self.common
    }
}

impl<F: MarginField> AsMut<SlotCells<F>> for SimulationSlot<F> {
    fn as_mut(&mut self) -> &mut SlotCells<F> {
        &mut self.common
    }
}

type Hints<'a, F> = Value<&'a SlotHints<F>>;

/// Assigns a slot, its row of so many scenarios.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    scenarios: usize,
    hints: Hints<'_, F>,
) -> Result<SimulationSlot<F>, Error> {
    let instrument =
        s.witness_ranged("M4 instrument", hints.map(|h| h.instrument), INSTRUMENT_BITS)?;
    let lots = assign_lots(s, hints)?;
    let cash_plus = s.witness_ranged("M4 cash", hints.map(|h| h.cash), NOTIONAL_BITS)?;
    let cash = s.scale("cash", F::ONE, cash_plus.cell(), -F::from_u128(CASH_OFFSET))?;
    let padding = s.witness_bit("M1 padding", hints.map(|h| h.padding))?;
    s.product_is_zero("M1 padding has no lots", &padding, &lots.size)?;
    s.product_is_zero("M1 padding has no cash", &padding, &cash)?;
    let used = s.not("used", &padding)?;
    // The bucket between instrument and quantity is zero. The quantity plus 2^63 is
    // below 2^64 as the lots are in range.
    let word = s.pack_unchecked(
        "M1 word",
        &[
            (0, instrument.cell()),
            (WORD_QUANTITY, &lots.plus_offset),
            (WORD_CASH, cash_plus.cell()),
        ],
    )?;
    let present = F::from(2).pow_vartime([u64::from(WORD_PRESENT)]);
    let word = s.scale("M1 word of a position", F::ONE, &word, present)?;
    let word = s.mul("used word", &used, &word)?;

    let (row, tree_root) = assign_row(s, scenarios, (&instrument, &lots.short), hints)?;
    let parts = WordCells {
        instrument: instrument.cell().clone(),
        bucket: None,
        lots: lots.plus_offset,
        cash: cash_plus.cell().clone(),
    };
    let (listed, unlisted) = (used.clone(), padding.clone());
    Ok(SimulationSlot {
        common: SlotCells { used, padding, word, listed, unlisted, parts, tree_root },
        lots: lots.signed,
        size: lots.size,
        cash,
        row,
    })
}

struct LotsCells<F: MarginField> {
    signed: Cell<F>,
    size: Cell<F>,
    short: Cell<F>,
    plus_offset: Cell<F>,
}

/// The lots: from `-2^24` to `2^24 - 1`, with one sign for zero.
fn assign_lots<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    hints: Hints<'_, F>,
) -> Result<LotsCells<F>, Error> {
    let short = s.witness_bit("M4 short", hints.map(|h| h.short))?;
    let reduced = hints.map(|h| h.size_less_sign);
    let reduced = s.witness_ranged("M4 size less sign", reduced, LOT_BITS)?;
    let size = s.add("size", reduced.cell(), &short)?;
    let sign = s.scale("sign", -F::from(2), &short, F::ONE)?;
    let signed = s.mul("lots", &sign, &size)?;
    let offset = F::from_u128(QUANTITY_OFFSET);
    let plus_offset = s.scale("lots plus 2^63", F::ONE, &signed, offset)?;
    Ok(LotsCells { signed, size, short, plus_offset })
}

/// The row: the first element unpacked with a range for every field, all of them
/// hashed, opened to the root that is returned.
fn assign_row<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    scenarios: usize,
    (instrument, short): (&Ranged<F>, &Cell<F>),
    hints: Hints<'_, F>,
) -> Result<(RowCells<F>, Cell<F>), Error> {
    let is_long_only = s.witness_bit("M4 long only", hints.map(|h| h.is_long_only))?;
    s.product_is_zero("M5 direction", &is_long_only, short)?;
    let maintenance =
        s.witness_ranged("M4 maintenance charge", hints.map(|h| h.maintenance), GAIN_BITS)?;
    let initial = s.witness_ranged("M4 initial charge", hints.map(|h| h.initial), GAIN_BITS)?;
    let e0 = s.pack_unchecked(
        "M3 row e0",
        &[
            (ROW_E0.bits[0], instrument.cell()),
            (ROW_E0.bits[1], &is_long_only),
            (ROW_E0.bits[2], maintenance.cell()),
            (ROW_E0.bits[3], initial.cell()),
        ],
    )?;
    let columns = (0..columns(scenarios) / LIMBS)
        .map(|i| s.witness_unchecked(&format!("M3 row columns {i}"), hints.map(|h| h.columns[i])))
        .collect::<Result<Vec<_>, _>>()?;
    let mut leaf = vec![e0];
    leaf.extend(columns.iter().cloned());
    let tree_root = s.membership(
        "M3 row",
        (Domain::SimulationRow, Domain::SimulationRowNext, Domain::MarketNode),
        &leaf,
        MARKET_DEPTH,
        hints.map(|h| h.path.as_slice()),
    )?;
    let (maintenance, initial) = (maintenance.cell().clone(), initial.cell().clone());
    Ok((RowCells { maintenance, initial, columns }, tree_root))
}

/// Constrains the order of two neighbours: listed slots strictly ascend by
/// instrument and come first (M4).
pub(super) fn order<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    previous: &SimulationSlot<F>,
    slot: &SimulationSlot<F>,
) -> Result<(), Error> {
    let (earlier, later) = (&previous.common, &slot.common);
    s.product_is_zero("M4 padding is last", &earlier.unlisted, &later.listed)?;
    let (first, second) = (&earlier.parts.instrument, &later.parts.instrument);
    let step = s.add_scaled("instrument step less one", second, (-F::ONE, first), -F::ONE)?;
    let step = s.mul("instrument step where listed", &later.listed, &step)?;
    s.range_check("M4 instrument ascends", &step, INSTRUMENT_BITS)?;
    Ok(())
}
