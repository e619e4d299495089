//! One slot: a position and its row (M1, M3, M4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::MARKET_DEPTH;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::settlement::{
    EXPIRY_BITS, LOT_BITS, OPTION_BIT, RANK_BITS, ROW_E0, ROW_E1, UNDERLYING_BITS, VALUE_BITS,
};

use super::hints::SlotHints;
use crate::figures::SlotCells;
use crate::gadgets::{Cell, Synthesizer};
use crate::position::{LotsCells, PositionCells};

/// Bits of what identifiers of an expiry have in common, the option's bit among them.
pub(super) const EXPIRY_KEY_BITS: u32 = 1 + UNDERLYING_BITS + EXPIRY_BITS;

/// What the rest of the circuit needs of a slot.
#[derive(Debug)]
pub struct SettlementSlot<F: MarginField> {
    /// What every statement sees of it.
    pub(super) common: SlotCells<F>,
    /// Signed, and without the sign.
    pub(super) lots: Cell<F>,
    pub(super) size: Cell<F>,
    pub(super) short: Cell<F>,
    pub(super) cash: Cell<F>,
    pub(super) instrument: InstrumentCells<F>,
    pub(super) row: RowCells<F>,
}

/// The parts of an instrument's number.
#[derive(Debug)]
pub(super) struct InstrumentCells<F: MarginField> {
    pub(super) number: Cell<F>,
    pub(super) is_option: Cell<F>,
    /// The highest bits: for options, whether the expiry is the same.
    pub(super) expiry: Cell<F>,
}

/// The fields of the row.
#[derive(Debug)]
pub(super) struct RowCells<F: MarginField> {
    is_long_only: Cell<F>,
    pub(super) is_call: Cell<F>,
    pub(super) mark: Cell<F>,
    pub(super) strike: Cell<F>,
    pub(super) extra: Cell<F>,
    /// Of maintenance and of initial margin.
    pub(super) charges: [Cell<F>; 2],
    pub(super) unpaired: [Cell<F>; 2],
    tree_root: Cell<F>,
}

impl<F: MarginField> AsRef<SlotCells<F>> for SettlementSlot<F> {
    fn as_ref(&self) -> &SlotCells<F> {
        &self.common
    }
}

impl<F: MarginField> AsMut<SlotCells<F>> for SettlementSlot<F> {
    fn as_mut(&mut self) -> &mut SlotCells<F> {
        &mut self.common
    }
}

type Hints<'a, F> = Value<&'a SlotHints<F>>;

/// Assigns a slot.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    hints: Hints<'_, F>,
) -> Result<SettlementSlot<F>, Error> {
    let instrument = assign_instrument(s, hints)?;
    let position = hints.map(SlotHints::position);
    let position = PositionCells::assign(s, &instrument.number, LOT_BITS, position)?;
    let row = assign_row(s, &instrument, hints)?;
    s.product_is_zero("M5 direction", &row.is_long_only, &position.lots.short)?;
    let common = position.common(row.tree_root.clone());
    let PositionCells { lots, cash, .. } = position;
    let LotsCells { signed, size, short, .. } = lots;
    Ok(SettlementSlot { common, lots: signed, size, short, cash, instrument, row })
}

/// The instrument's number, below `2^64`, in parts that it has one of each.
fn assign_instrument<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    hints: Hints<'_, F>,
) -> Result<InstrumentCells<F>, Error> {
    let is_option = s.witness_bit("M4 option", hints.map(|h| h.is_option))?;
    let code = s.witness_ranged("M4 expiry", hints.map(|h| h.expiry), EXPIRY_KEY_BITS)?;
    let double = s.scale("expiry doubled", F::from(2), code.cell(), F::ZERO)?;
    s.range_check("M4 expiry without the option's bit", &double, EXPIRY_KEY_BITS)?;
    let rank = s.witness_ranged("M4 rank", hints.map(|h| h.rank), RANK_BITS)?;
    let bit = F::from(1 << (OPTION_BIT - RANK_BITS));
    let expiry = s.add_scaled("option and expiry", code.cell(), (bit, &is_option), F::ZERO)?;
    let number = s.pack_unchecked("M4 instrument", &[(0, rank.cell()), (RANK_BITS, &expiry)])?;
    Ok(InstrumentCells { number, is_option, expiry })
}

/// The row: unpacked with a range for every field, hashed, opened to a root.
fn assign_row<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    instrument: &InstrumentCells<F>,
    hints: Hints<'_, F>,
) -> Result<RowCells<F>, Error> {
    let is_long_only = s.witness_bit("M4 long only", hints.map(|h| h.is_long_only))?;
    let is_call = s.witness_bit("M4 call", hints.map(|h| h.is_call))?;
    let other = s.not("no option", &instrument.is_option)?;
    s.product_is_zero("M3 calls are options", &is_call, &other)?;
    let mut ranged = |name: &str, value: &dyn Fn(&SlotHints<F>) -> F| {
        s.witness_ranged(name, hints.map(value), VALUE_BITS)
    };
    let mark = ranged("M4 mark", &|h| h.mark)?;
    let strike = ranged("M4 strike", &|h| h.strike)?;
    let extra = ranged("M4 extra charge", &|h| h.extra)?;
    let maintenance = ranged("M4 maintenance charge", &|h| h.maintenance)?;
    let initial = ranged("M4 initial charge", &|h| h.initial)?;
    let of_unpaired = [
        ranged("M4 maintenance charge unpaired", &|h| h.unpaired_maintenance)?,
        ranged("M4 initial charge unpaired", &|h| h.unpaired_initial)?,
    ];
    let e0 = s.pack_unchecked(
        "M3 row e0",
        &[
            (ROW_E0.bits[0], &instrument.number),
            (ROW_E0.bits[1], &is_long_only),
            (ROW_E0.bits[2], &is_call),
            (ROW_E0.bits[3], mark.cell()),
            (ROW_E0.bits[4], strike.cell()),
            (ROW_E0.bits[5], extra.cell()),
        ],
    )?;
    let e1 = s.pack(
        "M3 row e1",
        &[
            (ROW_E1.bits[0], &maintenance),
            (ROW_E1.bits[1], &initial),
            (ROW_E1.bits[2], &of_unpaired[0]),
            (ROW_E1.bits[3], &of_unpaired[1]),
        ],
    )?;
    let leaf = [e0, e1, s.zero(), s.zero()];
    let tree_root = s.membership(
        "M3 row",
        (Domain::SettlementRow, Domain::SettlementRow, Domain::MarketNode),
        &leaf,
        MARKET_DEPTH,
        hints.map(|h| h.path.as_slice()),
    )?;
    Ok(RowCells {
        is_long_only,
        is_call,
        mark: mark.cell().clone(),
        strike: strike.cell().clone(),
        extra: extra.cell().clone(),
        charges: [maintenance.cell().clone(), initial.cell().clone()],
        unpaired: of_unpaired.map(|charge| charge.cell().clone()),
        tree_root,
    })
}
