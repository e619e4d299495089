//! One slot: a position and its row (M1, M3, M4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::MARKET_DEPTH;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::simulation::{GAIN_BITS, LIMBS, LOT_BITS, ROW_E0, columns};

use super::hints::SlotHints;
use crate::figures::SlotCells;
use crate::gadgets::range::Ranged;
use crate::gadgets::{Cell, Synthesizer};
use crate::position::PositionCells;
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
    let position = hints.map(SlotHints::position);
    let position = PositionCells::assign(s, instrument.cell(), LOT_BITS, position)?;
    let (row, tree_root) = assign_row(s, scenarios, (&instrument, &position.lots.short), hints)?;
    let common = position.common(tree_root);
    let PositionCells { lots, cash, .. } = position;
    Ok(SimulationSlot { common, lots: lots.signed, size: lots.size, cash, row })
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
