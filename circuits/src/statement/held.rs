//! What one portfolio holds of a slot that more than one portfolio may have.
//!
//! A slot is in the market once, and stands for the positions of one instrument in one
//! bucket of several portfolios: before and after a change, or at several venues. What
//! one of them holds is lots and cash in range, nothing where it does not have the
//! position, and the word that its commitment has.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::{
    CASH_OFFSET, QUANTITY_OFFSET, WORD_BUCKET, WORD_CASH, WORD_PRESENT, WORD_QUANTITY,
};
use zkmargin_margin::units::NOTIONAL_BITS;

use crate::figures::WordCells;
use crate::gadgets::{Cell, Synthesizer};

/// Bits of lots plus their offset.
const LOTS_BITS: u32 = 64;
/// Where cash begins when lots and cash are looked at as one: lots, and what they
/// differ by, are below it either way.
pub(crate) const CASH_ABOVE: u32 = 72;

/// What its cells are called.
pub(crate) struct Names {
    pub(crate) lots: &'static str,
    pub(crate) cash: &'static str,
    pub(crate) contents: &'static str,
    pub(crate) nothing: &'static str,
    pub(crate) word: &'static str,
    pub(crate) word_where_held: &'static str,
}

/// What is held: lots and cash with their offsets, and the word, zero where nothing is.
pub(crate) struct Contents<F: MarginField> {
    pub(crate) lots: Cell<F>,
    pub(crate) cash: Cell<F>,
    pub(crate) word: Cell<F>,
}

/// Assigns lots and cash, with their offsets, of a position that is held or is not: a
/// bit, and the bit's complement. Bucket and instrument are the slot's.
pub(crate) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    names: &Names,
    parts: &WordCells<F>,
    (held, not_held): (&Cell<F>, &Cell<F>),
    (lots, cash): (Value<F>, Value<F>),
) -> Result<Contents<F>, Error> {
    let lots = s.witness_ranged(names.lots, lots, LOTS_BITS)?.cell().clone();
    let cash = s.witness_ranged(names.cash, cash, NOTIONAL_BITS)?.cell().clone();
    // No lots and no cash, in one: the offsets and nothing else.
    let above = power::<F>(CASH_ABOVE);
    let nothing = -F::from_u128(QUANTITY_OFFSET) - above * F::from_u128(CASH_OFFSET);
    let contents = s.add_scaled(names.contents, &lots, (above, &cash), nothing)?;
    s.product_is_zero(names.nothing, not_held, &contents)?;
    let offsets = (WORD_BUCKET, WORD_QUANTITY, WORD_CASH, power(WORD_PRESENT));
    let word = pack(s, names.word, parts, offsets, (&lots, &cash))?;
    let word = s.mul(names.word_where_held, held, &word)?;
    Ok(Contents { lots, cash, word })
}

pub(crate) fn power<F: MarginField>(bits: u32) -> F {
    F::from(2).pow_vartime([u64::from(bits)])
}

/// Instrument, bucket, lots, cash and a constant in one element. The first two are
/// in range by the slot; the last two must fit their places with the constant.
pub(crate) fn pack<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    parts: &WordCells<F>,
    (bucket, lots, cash, constant): (u32, u32, u32, F),
    (lots_cell, cash_cell): (&Cell<F>, &Cell<F>),
) -> Result<Cell<F>, Error> {
    let key = match &parts.bucket {
        Some(cell) => {
            let term = (power(bucket), cell);
            s.add_scaled(&format!("{name} key"), &parts.instrument, term, F::ZERO)?
        }
        None => parts.instrument.clone(),
    };
    let term = (power(lots), lots_cell);
    let packed = s.add_scaled(&format!("{name} lots"), &key, term, F::ZERO)?;
    s.add_scaled(&format!("{name} cash"), &packed, (power(cash), cash_cell), constant)
}
