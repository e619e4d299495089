//! What expiries lose (M5): discounts by sign, skews, the basis, fees.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::{REGULAR_SCENARIOS, SCENARIOS, SUM_BITS};

use super::expiry::Expiry;
use super::hints::{ExpiryHints, Signed};
use super::sums::{Extreme, SignedCells, absolute, unpack};
use super::terms::{FINE_BITS, TermsCells};
use crate::gadgets::{Cell, Synthesizer};

/// Bits of what an expiry's options add to a profit or loss, either way.
const CHANGE_BITS: u32 = 128;

/// Sums over the expiries.
pub(super) struct Losses<F: MarginField> {
    /// Profit and loss of each scenario, times `FINE_ONE`.
    pub(super) pnl: Vec<Cell<F>>,
    /// The basis loss, not negative, times `FINE_ONE`.
    pub(super) basis: Cell<F>,
    /// Marks of all options.
    pub(super) mark: Cell<F>,
    /// What low confidence costs.
    pub(super) confidence: Cell<F>,
}

impl<F: MarginField> Losses<F> {
    /// Adds an expiry.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        expiry: &Expiry<F>,
        (terms, options_fee): (&TermsCells<F>, &Cell<F>),
        hints: Value<&ExpiryHints<F>>,
    ) -> Result<(), Error> {
        let values = unpack_all(s, &expiry.values, hints.map(|h| h.sums.as_slice()))?;
        let [scenarios @ .., mark, up, down] = values.as_slice() else {
            return Err(Error::Synthesis);
        };
        self.mark = s.add("M5 marks", &self.mark, &mark.value)?;
        let spread =
            s.sub("discount spread", expiry.long_discount.cell(), expiry.short_discount.cell())?;
        for (index, sum) in scenarios.iter().enumerate() {
            if index < REGULAR_SCENARIOS {
                let pnl = self.pnl[index].clone();
                self.pnl[index] = discounted(s, index, sum, (expiry, &spread), &pnl)?;
            } else {
                let zero = s.zero();
                let value = discounted(s, index, sum, (expiry, &spread), &zero)?;
                let is_negative = hints.map(|h| h.skew_is_negative[index - REGULAR_SCENARIOS]);
                let dampened = (&terms.dampening[index], &mark.value);
                self.add_skew(s, index, (&value, dampened), is_negative)?;
            }
        }
        self.add_basis(s, expiry, [up, down], hints)?;
        self.add_fee(s, expiry, options_fee, hints)
    }

    /// Takes off `|dampening * mark - value|`.
    fn add_skew<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        (value, dampened): (&Cell<F>, (&Cell<F>, &Cell<F>)),
        is_negative: Value<F>,
    ) -> Result<(), Error> {
        let name = format!("skew {index}");
        let change = s.mul_add(&format!("M5 {name}"), dampened, (-F::ONE, value), F::ZERO)?;
        let (loss, _) = absolute(s, &name, &change, is_negative, CHANGE_BITS)?;
        self.pnl[index] = s.sub(&format!("M5 pnl {index} less skew"), &self.pnl[index], &loss)?;
        Ok(())
    }

    /// Adds `max(0, -up, -down)` by the expiry's weight: the larger of what the two
    /// moves are below zero.
    fn add_basis<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        expiry: &Expiry<F>,
        moves: [&SignedCells<F>; 2],
        hints: Value<&ExpiryHints<F>>,
    ) -> Result<(), Error> {
        let loss = s.witness_unchecked("M5 basis loss", hints.map(|h| h.basis_loss))?;
        let mut loss = Extreme::largest("basis loss", loss, SUM_BITS);
        for profit in moves {
            loss.add(s, &profit.negative)?;
        }
        let loss = loss.finish(s)?;
        let product = (expiry.basis_weight.cell(), &loss);
        self.basis = s.mul_add("M5 basis", product, (F::ONE, &self.basis), F::ZERO)?;
        Ok(())
    }

    /// Adds the larger of the expiry's own fee and that of the perpetuals, by
    /// option lot.
    fn add_fee<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        expiry: &Expiry<F>,
        options_fee: &Cell<F>,
        hints: Value<&ExpiryHints<F>>,
    ) -> Result<(), Error> {
        let fee = s.witness_unchecked("M5 fee", hints.map(|h| h.fee))?;
        let mut fee = Extreme::largest("fee", fee, FINE_BITS);
        fee.add(s, expiry.confidence_fee.cell())?;
        fee.add(s, options_fee)?;
        let fee = fee.finish(s)?;
        let product = (&expiry.gross, &fee);
        self.confidence =
            s.mul_add("M5 confidence", product, (F::ONE, &self.confidence), F::ZERO)?;
        Ok(())
    }
}

/// `long * value` or `short * value` by the sign of the value, added to a cell:
/// `long * value + (long - short) * max(0, -value)`.
fn discounted<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    index: usize,
    sum: &SignedCells<F>,
    (expiry, spread): (&Expiry<F>, &Cell<F>),
    to: &Cell<F>,
) -> Result<Cell<F>, Error> {
    let long = (expiry.long_discount.cell(), &sum.value);
    let long = s.mul_add(&format!("long value {index}"), long, (F::ONE, to), F::ZERO)?;
    let spread = (spread, &sum.negative);
    s.mul_add(&format!("M5 pnl {index}"), spread, (F::ONE, &long), F::ZERO)
}

/// All limbs of packed sums.
pub(super) fn unpack_all<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    sums: &[Cell<F>],
    hints: Value<&[Signed<F>]>,
) -> Result<Vec<SignedCells<F>>, Error> {
    const LIMBS: usize = 3;
    let mut all = Vec::with_capacity(SCENARIOS + LIMBS);
    for (index, sum) in sums.iter().enumerate() {
        let hints: [_; LIMBS] = std::array::from_fn(|i| hints.map(|h| h[LIMBS * index + i]));
        all.extend(unpack(s, &format!("sum {index}"), sum, &hints)?);
    }
    Ok(all)
}
