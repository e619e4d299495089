//! One slot: a position and its row (M1, M3, M4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::MARKET_DEPTH;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::scenario::{ROW_E0, VALUE_ELEMENTS};

use super::hints::SlotHints;
use super::terms::FINE_BITS;
use crate::figures::SlotCells;
use crate::gadgets::range::Ranged;
use crate::gadgets::{Cell, Synthesizer};
use crate::position::PositionCells;

/// Bits of a strike without its seven lowest.
const STRIKE_HEAD_BITS: u32 = 56;
/// Bits of the lots of a position, less one for a short one.
const LOTS_BITS: u32 = 32;

/// What the rest of the circuit needs of a slot.
#[derive(Debug)]
pub struct ScenarioSlot<F: MarginField> {
    /// What every statement sees of it.
    pub(super) common: SlotCells<F>,
    pub(super) instrument: Instrument<F>,
    /// Signed, and without the sign.
    pub(super) lots: Cell<F>,
    pub(super) size: Cell<F>,
    /// The same of an option, zero for all else.
    pub(super) option_lots: Cell<F>,
    pub(super) option_size: Cell<F>,
    pub(super) cash: Cell<F>,
    pub(super) row: RowCells<F>,
}

impl<F: MarginField> AsRef<SlotCells<F>> for ScenarioSlot<F> {
    fn as_ref(&self) -> &SlotCells<F> {
        &self.common
    }
}

impl<F: MarginField> AsMut<SlotCells<F>> for ScenarioSlot<F> {
    fn as_mut(&mut self) -> &mut SlotCells<F> {
        &mut self.common
    }
}

/// The instrument, cut where a call and a put differ.
#[derive(Debug)]
pub(super) struct Instrument<F: MarginField> {
    /// What a call and a put of one strike share.
    pub(super) strike: Cell<F>,
    /// One for a put.
    pub(super) low: Cell<F>,
}

/// The fields of the row; the elements of values and charges stay packed.
#[derive(Debug)]
pub(super) struct RowCells<F: MarginField> {
    is_option: Cell<F>,
    /// One where it is of the second of two underlyings; in a market of one there is no
    /// such cell, and a row of the second opens to nothing.
    pub(super) second: Option<Cell<F>>,
    pub(super) has_expiry: Cell<F>,
    pub(super) delta_is_negative: Cell<F>,
    pub(super) options_fee: Ranged<F>,
    pub(super) delta: Ranged<F>,
    /// The packed terms of the expiry.
    pub(super) group: Cell<F>,
    pub(super) charges: Cell<F>,
    pub(super) values: Vec<Cell<F>>,
}

type Hints<'a, F> = Value<&'a SlotHints<F>>;

/// Assigns a slot of an account over so many underlyings.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    underlyings: usize,
    hints: Hints<'_, F>,
) -> Result<ScenarioSlot<F>, Error> {
    let (instrument, packed) = assign_instrument(s, hints)?;
    let position = hints.map(SlotHints::position);
    let position = PositionCells::assign(s, &packed, LOTS_BITS, position)?;
    let (row, tree_root) = assign_row(s, underlyings, (&packed, &position.lots.short), hints)?;
    let common = position.common(tree_root);
    let PositionCells { lots, cash, .. } = position;
    Ok(ScenarioSlot {
        common,
        instrument,
        option_lots: s.mul("option lots", &row.is_option, &lots.signed)?,
        option_size: s.mul("option size", &row.is_option, &lots.size)?,
        lots: lots.signed,
        size: lots.size,
        cash,
        row,
    })
}

/// The instrument's number, of 64 bits, and its parts.
fn assign_instrument<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    hints: Hints<'_, F>,
) -> Result<(Instrument<F>, Cell<F>), Error> {
    let head = hints.map(|h| h.strike_head);
    let head = s.witness_ranged("M4 strike head", head, STRIKE_HEAD_BITS)?;
    let tail = s.witness_ranged("M4 strike tail", hints.map(|h| h.strike_tail), 8)?;
    let low = s.witness_bit("M4 put", hints.map(|h| h.low))?;
    // The lowest byte of the instrument: so the tail is below 128.
    let byte = s.add_scaled("lowest byte", &low, (F::from(2), tail.cell()), F::ZERO)?;
    let byte = s.range_check("M4 lowest byte", &byte, 8)?;
    let instrument = s.pack("M4 instrument", &[(0, &byte), (8, &head)])?;
    let strike = s.add_scaled("strike", tail.cell(), (F::from(128), head.cell()), F::ZERO)?;
    Ok((Instrument { strike, low }, instrument))
}

/// The row: the first element unpacked with a range for every field, all of
/// them hashed, opened to the root that is returned.
fn assign_row<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    underlyings: usize,
    (instrument, short): (&Cell<F>, &Cell<F>),
    hints: Hints<'_, F>,
) -> Result<(RowCells<F>, Cell<F>), Error> {
    let is_option = s.witness_bit("M4 is option", hints.map(|h| h.is_option))?;
    let has_expiry = s.witness_bit("M4 has expiry", hints.map(|h| h.has_expiry))?;
    let is_long_only = s.witness_bit("M4 long only", hints.map(|h| h.is_long_only))?;
    s.product_is_zero("M5 direction", &is_long_only, short)?;
    let negative = hints.map(|h| h.delta_is_negative);
    let delta_is_negative = s.witness_bit("M4 delta is negative", negative)?;
    let options_fee =
        s.witness_ranged("M4 options fee", hints.map(|h| h.options_fee), FINE_BITS)?;
    let delta = s.witness_ranged("M4 delta", hints.map(|h| h.delta), FINE_BITS)?;
    let second = match underlyings {
        1 => None,
        _ => Some(s.witness_bit("M4 second underlying", hints.map(|h| h.second))?),
    };
    let mut fields = vec![
        (ROW_E0.bits[0], instrument),
        (ROW_E0.bits[1], &is_option),
        (ROW_E0.bits[2], &has_expiry),
        (ROW_E0.bits[3], &is_long_only),
        (ROW_E0.bits[4], &delta_is_negative),
        (ROW_E0.bits[5], options_fee.cell()),
        (ROW_E0.bits[6], delta.cell()),
    ];
    fields.extend(second.as_ref().map(|second| (ROW_E0.bits[7], second)));
    let e0 = s.pack_unchecked("M3 row e0", &fields)?;
    let group = s.witness_unchecked("M3 row expiry", hints.map(|h| h.group))?;
    let charges = s.witness_unchecked("M3 row charges", hints.map(|h| h.charges))?;
    let values = (0..VALUE_ELEMENTS)
        .map(|i| s.witness_unchecked(&format!("M3 row values {i}"), hints.map(|h| h.values[i])))
        .collect::<Result<Vec<_>, _>>()?;
    let mut leaf = vec![e0, group.clone(), charges.clone()];
    leaf.extend(values.iter().cloned());
    let tree_root = s.membership(
        "M3 row",
        (Domain::ScenarioRow, Domain::ScenarioRowNext, Domain::MarketNode),
        &leaf,
        MARKET_DEPTH,
        hints.map(|h| h.path.as_slice()),
    )?;
    let row = RowCells {
        is_option,
        second,
        has_expiry,
        delta_is_negative,
        options_fee,
        delta,
        group,
        charges,
        values,
    };
    Ok((row, tree_root))
}
