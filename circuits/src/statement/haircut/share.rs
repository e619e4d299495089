//! The loss over the equity of all winners (F2), and an account's share (F3).
//!
//! With `E+` the equity of a winner and zero of any other leaf, `d = h D - E+ N` is to be
//! above `-D` and below `D`: `d + D - 1` and `D - 1 - d` are both in range. They sum to
//! `2 D - 2`, so neither is larger than that; were `D` zero they would sum to `-2`, which
//! two numbers in range do not. `h` is the difference of two cashes, so below `2^80`
//! either way, `D` and `N` are below `2^104`, and `E+` is at most `2^80`: both products
//! stay below `2^185`, far from the modulus, so what is true in the field is true of whole
//! numbers. That `h` is not negative follows: `h D > E+ N - D >= -D`.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::statement::haircut::{EQUITY_BITS, RATIO, RATIO_EQUITY, TOTAL_BITS};

use super::hints::Assignment;
use crate::figures::FamilyFigures;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::PublicInputs;

/// Bits of what is left up to either bound: at most `2 D - 2`.
const APART_BITS: u32 = TOTAL_BITS + 8;

/// The loss and the equity of all winners, in quote units: below `2^104` each.
pub(super) struct RatioCells<F: MarginField> {
    loss: Cell<F>,
    equity: Cell<F>,
}

/// What an account has and is cut by, in quote units.
pub(super) struct ShareCells<F: MarginField> {
    /// One for a winner, zero for any other account and an empty leaf.
    pub(super) winner: Cell<F>,
    /// Equity of a winner, zero for any other leaf.
    pub(super) equity: Cell<F>,
    /// Below `2^80`; zero for any leaf but a winner's.
    pub(super) cut: Cell<F>,
}

/// Decodes the ratio, whose loss must be covered.
pub(super) fn assign_ratio<F: MarginField, G: FamilyFigures<F>, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    hints: Value<&Assignment<F, G>>,
) -> Result<RatioCells<F>, Error> {
    s.scope("ratio");
    let loss = s.witness_ranged("F2 loss", hints.map(|a| a.loss), TOTAL_BITS)?;
    let equity = s.witness_ranged("F2 equity", hints.map(|a| a.equity), TOTAL_BITS)?;
    let code = s.pack("F2 ratio", &[(0, &loss), (RATIO_EQUITY, &equity)])?;
    s.equal(&code, &inputs[RATIO])?;
    let left = s.sub("equity less loss", equity.cell(), loss.cell())?;
    s.range_check("F2 loss is covered", &left, TOTAL_BITS)?;
    Ok(RatioCells { loss: loss.cell().clone(), equity: equity.cell().clone() })
}

/// Constrains a cut, below `2^80` either way, to be the share of an account's equity,
/// which must be below `2^80` either way.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    ratio: &RatioCells<F>,
    (equity, present): (&Cell<F>, &Cell<F>),
    (winner, cut): (Value<F>, Cell<F>),
) -> Result<ShareCells<F>, Error> {
    s.scope("share");
    let winner = assign_winner(s, (equity, present), winner)?;
    let equity = s.mul("F3 equity of a winner", &winner, equity)?;

    let due = s.mul("F3 due", &equity, &ratio.loss)?;
    let taken = (&cut, &ratio.equity);
    let apart = s.mul_add("F3 apart", taken, (-F::ONE, &due), F::ZERO)?;
    let above = s.add_scaled("above the least", &apart, (F::ONE, &ratio.equity), -F::ONE)?;
    s.range_check("F3 no less than the share", &above, APART_BITS)?;
    let below = s.add_scaled("below the most", &ratio.equity, (-F::ONE, &apart), -F::ONE)?;
    s.range_check("F3 no more than the share", &below, APART_BITS)?;
    Ok(ShareCells { winner, equity, cut })
}

/// Whether there is an account with equity: `E - 1` is in range of a winner, and `-E` of
/// any other leaf, so that of no equity the bit is the same for every account.
fn assign_winner<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    (equity, present): (&Cell<F>, &Cell<F>),
    winner: Value<F>,
) -> Result<Cell<F>, Error> {
    let winner = s.witness_bit("F3 winner", winner)?;
    let absent = s.not("absent", present)?;
    s.product_is_zero("F3 winner is present", &winner, &absent)?;
    let sign = s.scale("winner sign", F::from(2), &winner, -F::ONE)?;
    let magnitude = s.mul("equity under its sign", &sign, equity)?;
    let excess = s.sub("equity less one of a winner", &magnitude, &winner)?;
    s.range_check("F3 winner has equity", &excess, EQUITY_BITS)?;
    Ok(winner)
}
