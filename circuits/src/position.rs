//! A position as the families of one bucket assign it: lots, cash and word (M1, M4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::{
    CASH_OFFSET, QUANTITY_OFFSET, WORD_CASH, WORD_PRESENT, WORD_QUANTITY,
};
use zkmargin_margin::units::NOTIONAL_BITS;

use crate::figures::{SlotCells, WordCells};
use crate::gadgets::{Cell, Synthesizer};

/// What the prover writes into a position.
#[derive(Clone, Copy)]
pub(crate) struct PositionHints<F> {
    pub(crate) short: F,
    /// `|lots|`, less one for a short position.
    pub(crate) size_less_sign: F,
    /// Cash plus its offset.
    pub(crate) cash: F,
    pub(crate) padding: F,
}

/// A position, or padding: no lots, no cash and no word.
#[derive(Debug)]
pub(crate) struct PositionCells<F: MarginField> {
    pub(crate) lots: LotsCells<F>,
    pub(crate) cash: Cell<F>,
    used: Cell<F>,
    padding: Cell<F>,
    word: Cell<F>,
    parts: WordCells<F>,
}

/// Lots with one sign for zero.
#[derive(Debug)]
pub(crate) struct LotsCells<F: MarginField> {
    pub(crate) signed: Cell<F>,
    pub(crate) size: Cell<F>,
    /// One where they are below zero.
    pub(crate) short: Cell<F>,
    plus_offset: Cell<F>,
}

impl<F: MarginField> PositionCells<F> {
    /// Assigns the position in an instrument, its lots from `-2^lot_bits` to
    /// `2^lot_bits - 1`.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub(crate) fn assign<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        instrument: &Cell<F>,
        lot_bits: u32,
        hints: Value<PositionHints<F>>,
    ) -> Result<Self, Error> {
        let lots = LotsCells::assign(s, lot_bits, hints)?;
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
            &[(0, instrument), (WORD_QUANTITY, &lots.plus_offset), (WORD_CASH, cash_plus.cell())],
        )?;
        let present = F::from(2).pow_vartime([u64::from(WORD_PRESENT)]);
        let word = s.scale("M1 word of a position", F::ONE, &word, present)?;
        let word = s.mul("used word", &used, &word)?;
        let parts = WordCells {
            instrument: instrument.clone(),
            bucket: None,
            lots: lots.plus_offset.clone(),
            cash: cash_plus.cell().clone(),
        };
        Ok(Self { lots, cash, used, padding, word, parts })
    }

    /// What every statement sees of it, with the root that its row opens to.
    pub(crate) fn common(&self, tree_root: Cell<F>) -> SlotCells<F> {
        let Self { used, padding, word, parts, .. } = self;
        SlotCells {
            used: used.clone(),
            padding: padding.clone(),
            word: word.clone(),
            listed: used.clone(),
            unlisted: padding.clone(),
            parts: parts.clone(),
            tree_root,
        }
    }
}

impl<F: MarginField> LotsCells<F> {
    fn assign<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        bits: u32,
        hints: Value<PositionHints<F>>,
    ) -> Result<Self, Error> {
        let short = s.witness_bit("M4 short", hints.map(|h| h.short))?;
        let reduced = hints.map(|h| h.size_less_sign);
        let reduced = s.witness_ranged("M4 size less sign", reduced, bits)?;
        let size = s.add("size", reduced.cell(), &short)?;
        let sign = s.scale("sign", -F::from(2), &short, F::ONE)?;
        let signed = s.mul("lots", &sign, &size)?;
        let offset = F::from_u128(QUANTITY_OFFSET);
        let plus_offset = s.scale("lots plus 2^63", F::ONE, &signed, offset)?;
        Ok(Self { signed, size, short, plus_offset })
    }
}
