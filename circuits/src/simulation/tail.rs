//! The worst scenarios, without a sort (M5).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;

use super::account::{PLUS_BITS, offset};
use super::hints::TotalsHints;
use crate::gadgets::{Cell, Synthesizer};

/// Bits of the sum of a tail, either way: fewer than 512 sums.
const TAIL_BITS: u32 = 64;

/// Figures of the tail.
pub(super) struct Tail<F: MarginField> {
    /// The sum of its losses, not below zero.
    pub(super) shortfall: Cell<F>,
    /// The least of them, not below zero.
    pub(super) var: Cell<F>,
}

/// Marks as many profits and losses as the tail has, all with the offset: none of
/// the marked is above the threshold, none of the others below it, and it is one of
/// the marked.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    pnl: &[Cell<F>],
    tail: &Cell<F>,
    totals: Value<&TotalsHints<F>>,
) -> Result<Tail<F>, Error> {
    let threshold = s.witness_unchecked("M5 threshold", totals.map(|t| t.threshold))?;
    let (mut count, mut sum, mut product) = (s.zero(), s.zero(), s.one());
    for (i, pnl) in pnl.iter().enumerate() {
        let marked = s.witness_bit(&format!("M5 in tail {i}"), totals.map(|t| t.in_tail[i]))?;
        let above = s.sub(&format!("above threshold {i}"), pnl, &threshold)?;
        let marked_above = s.mul(&format!("marked above {i}"), &marked, &above)?;
        let minus_two = (-F::from(2), &marked_above);
        let gap = s.add_scaled(&format!("gap {i}"), &above, minus_two, F::ZERO)?;
        s.range_check(&format!("M5 side of the threshold {i}"), &gap, PLUS_BITS)?;
        // One of what is not marked, the gap of what is.
        let other = s.not(&format!("not in tail {i}"), &marked)?;
        let factor = s.sub(&format!("gap of the marked {i}"), &other, &marked_above)?;
        product = s.mul(&format!("product of gaps {i}"), &product, &factor)?;
        count = s.add(&format!("M5 tail count {i}"), &count, &marked)?;
        let name = format!("M5 tail sum {i}");
        sum = s.mul_add(&name, (&marked, pnl), (F::ONE, &sum), F::ZERO)?;
    }
    let difference = s.sub("M5 tail count", &count, tail)?;
    let zero = s.zero();
    s.equal(&difference, &zero)?;
    let one = s.one();
    s.product_is_zero("M5 threshold is in the tail", &product, &one)?;

    let minus = s.scale("tail sum below zero", -F::ONE, &sum, F::ZERO)?;
    let loss = s.add_scaled("M5 tail loss", &minus, (offset(), tail), F::ZERO)?;
    let negative = totals.map(|t| t.tail_is_profit);
    let shortfall = positive(s, "tail loss", &loss, (negative, TAIL_BITS))?;
    let loss = s.scale("M5 var", -F::ONE, &threshold, offset())?;
    let var = positive(s, "var", &loss, (totals.map(|t| t.var_is_profit), PLUS_BITS))?;
    Ok(Tail { shortfall, var })
}

/// `max(0, x)` for `|x| < 2^bits`: the sign is witnessed, free at zero, and `|x|`
/// under it must be in range.
fn positive<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    x: &Cell<F>,
    (is_negative, bits): (Value<F>, u32),
) -> Result<Cell<F>, Error> {
    let negative = s.witness_bit(&format!("M5 {name} is negative"), is_negative)?;
    let below = s.mul(&format!("{name} below zero"), &negative, x)?;
    let magnitude =
        s.add_scaled(&format!("{name} magnitude"), x, (-F::from(2), &below), F::ZERO)?;
    s.range_check(&format!("M5 {name} magnitude"), &magnitude, bits)?;
    s.sub(&format!("M5 {name} not below zero"), x, &below)
}
