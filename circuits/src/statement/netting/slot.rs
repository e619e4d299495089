//! What each venue has of a slot, and the slot as their sum (N1, N2).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::{CASH_OFFSET, QUANTITY_OFFSET};

use super::hints::{HeldHints, Slot};
use super::side::OpenSide;
use crate::figures::SlotCells;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::held::{self, Contents, Names};

/// What a venue has.
const HELD: Names = Names {
    lots: "M4 lots held",
    cash: "M4 cash held",
    contents: "contents held",
    nothing: "N1 not held is nothing",
    word: "N1 word",
    word_where_held: "N1 word where held",
};

/// Assigns what each venue has of slot `index`, adds it to the venues' chains, and
/// constrains the slot to be the sum: padding where no venue has it. Returns the bits
/// that say which venues have it.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    index: usize,
    slot: &SlotCells<F>,
    venues: &mut [OpenSide<F>],
    hints: Value<&Slot<F>>,
) -> Result<Vec<Cell<F>>, Error> {
    let (mut held, mut lots, mut cash, mut nowhere) = (Vec::new(), None, None, None);
    for (venue, side) in venues.iter_mut().enumerate() {
        s.scope(format!("slot {index} venue {venue}"));
        let hints: Value<&HeldHints<F>> = hints.map(|slot| &slot[venue]);
        let has = s.witness_bit("N1 held", hints.map(|h| h.held))?;
        let not = s.not("not held", &has)?;
        let told = (hints.map(|h| h.lots), hints.map(|h| h.cash));
        let contents = held::assign(s, &HELD, &slot.parts, (&has, &not), told)?;
        side.chain.add(s, &has, &contents.word)?;
        // Four sums of 64 and of 80 bits: nothing wraps, and the slot's are in range.
        let Contents { lots: own_lots, cash: own_cash, .. } = contents;
        lots = Some(sum(s, "N2 lots", lots, own_lots, QUANTITY_OFFSET)?);
        cash = Some(sum(s, "N2 cash", cash, own_cash, CASH_OFFSET)?);
        nowhere = Some(match nowhere {
            None => not,
            Some(nowhere) => s.mul("N2 held nowhere", &nowhere, &not)?,
        });
        held.push(has);
    }
    s.scope(format!("slot {index}"));
    let (Some(lots), Some(cash), Some(nowhere)) = (lots, cash, nowhere) else {
        return Err(Error::Synthesis);
    };
    s.equal_as("N2 lots are the sum", &lots, &slot.parts.lots)?;
    s.equal_as("N2 cash is the sum", &cash, &slot.parts.cash)?;
    s.equal_as("N2 padding is held nowhere", &nowhere, &slot.padding)?;
    Ok(held)
}

/// A sum of numbers that have an offset each, with one offset.
fn sum<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    so_far: Option<Cell<F>>,
    next: Cell<F>,
    offset: u128,
) -> Result<Cell<F>, Error> {
    match so_far {
        None => Ok(next),
        Some(so_far) => s.add_scaled(name, &so_far, (F::ONE, &next), -F::from_u128(offset)),
    }
}
