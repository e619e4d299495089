//! One slot: a position and its row (M1, M3, M4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::MARKET_DEPTH;
use zkmargin_margin::portfolio::{
    CASH_OFFSET, QUANTITY_OFFSET, WORD_CASH, WORD_PRESENT, WORD_QUANTITY,
};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::settlement::{
    EXPIRY_BITS, LOT_BITS, OPTION_BIT, RANK_BITS, ROW_E0, ROW_E1, UNDERLYING_BITS, VALUE_BITS,
};
use zkmargin_margin::units::NOTIONAL_BITS;

use super::hints::SlotHints;
use crate::figures::{SlotCells, WordCells};
use crate::gadgets::{Cell, Synthesizer};

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

struct LotsCells<F: MarginField> {
    signed: Cell<F>,
    size: Cell<F>,
    short: Cell<F>,
    plus_offset: Cell<F>,
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
            (0, &instrument.number),
            (WORD_QUANTITY, &lots.plus_offset),
            (WORD_CASH, cash_plus.cell()),
        ],
    )?;
    let present = F::from(2).pow_vartime([u64::from(WORD_PRESENT)]);
    let word = s.scale("M1 word of a position", F::ONE, &word, present)?;
    let word = s.mul("used word", &used, &word)?;

    let row = assign_row(s, &instrument, hints)?;
    s.product_is_zero("M5 direction", &row.is_long_only, &lots.short)?;
    let parts = WordCells {
        instrument: instrument.number.clone(),
        bucket: None,
        lots: lots.plus_offset,
        cash: cash_plus.cell().clone(),
    };
    let (listed, unlisted, tree_root) = (used.clone(), padding.clone(), row.tree_root.clone());
    Ok(SettlementSlot {
        common: SlotCells { used, padding, word, listed, unlisted, parts, tree_root },
        lots: lots.signed,
        size: lots.size,
        short: lots.short,
        cash,
        instrument,
        row,
    })
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

/// The lots: from `-2^32` to `2^32 - 1`, with one sign for zero.
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
