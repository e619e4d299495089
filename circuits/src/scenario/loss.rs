//! What expiries lose (M5): discounts by sign, skews, the basis, fees.
//!
//! Sums run over all expiries, whichever underlying they are of. What of them is the
//! second underlying's follows by summation by parts: with `A_e` the sum up to expiry
//! `e`, nothing before the first, and `b_e` one for an expiry of the second (zero after
//! the last), it is the sum of `(b_e - b_(e+1)) A_e`. That is one row for a sum and an
//! expiry, in whatever order the expiries stand.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::{FINE_ONE, REGULAR_SCENARIOS, SCENARIOS, SUM_BITS};

use super::expiry::Expiry;
use super::hints::{ExpiryHints, Signed};
use super::sums::{Extreme, SignedCells, absolute, unpack};
use super::terms::{FINE_BITS, TermsCells};
use crate::gadgets::{Cell, Synthesizer};

/// Bits of what an expiry's options add to a profit or loss, either way.
const CHANGE_BITS: u32 = 128;

/// Sums over expiries.
pub(super) struct Losses<F: MarginField> {
    /// Profit and loss of each scenario, times `FINE_ONE`.
    pub(super) pnl: Vec<Cell<F>>,
    /// The basis loss, not negative, times `FINE_ONE`.
    pub(super) basis: Cell<F>,
    /// Marks of all options.
    pub(super) mark: Cell<F>,
    /// What low confidence costs, on all underlyings.
    pub(super) confidence: Cell<F>,
}

/// The terms and the fee on options of each underlying.
pub(super) type Rules<'a, F> = (&'a [TermsCells<F>], &'a [Cell<F>]);

impl<F: MarginField> Losses<F> {
    /// No expiry yet: these profits and losses, and nothing else.
    pub(super) fn new<L: Layouter<F>>(s: &Synthesizer<'_, F, L>, pnl: Vec<Cell<F>>) -> Self {
        Self { pnl, basis: s.zero(), mark: s.zero(), confidence: s.zero() }
    }

    /// Adds to what is the second underlying's: by the summation above, after `after`
    /// has been summed up, the bits of it and of the next.
    pub(super) fn add_second<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        after: &Self,
        (second, next): (&Cell<F>, Option<&Cell<F>>),
    ) -> Result<(), Error> {
        let step = match next {
            Some(next) => s.sub("step of the second", second, next)?,
            None => second.clone(),
        };
        let mut add = |name: &str, sum: &mut Cell<F>, of: &Cell<F>| {
            let name = format!("M5 {name} of the second");
            *sum = s.mul_add(&name, (&step, of), (F::ONE, sum), F::ZERO)?;
            Ok::<_, Error>(())
        };
        for (index, (sum, of)) in self.pnl.iter_mut().zip(&after.pnl).enumerate() {
            add(&format!("pnl {index}"), sum, of)?;
        }
        add("basis", &mut self.basis, &after.basis)?;
        add("marks", &mut self.mark, &after.mark)
    }

    /// What of the losses is the first underlying's.
    pub(super) fn less<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        second: &Self,
    ) -> Result<Self, Error> {
        let mut less = |name: &str, all: &Cell<F>, second: &Cell<F>| {
            s.sub(&format!("M5 {name} of the first"), all, second)
        };
        let mut pnl = Vec::with_capacity(self.pnl.len());
        for (index, (all, second)) in self.pnl.iter().zip(&second.pnl).enumerate() {
            pnl.push(less(&format!("pnl {index}"), all, second)?);
        }
        let basis = less("basis", &self.basis, &second.basis)?;
        let mark = less("marks", &self.mark, &second.mark)?;
        Ok(Self { pnl, basis, mark, confidence: self.confidence.clone() })
    }

    /// Adds what an account gains on all but options, times `FINE_ONE`.
    pub(super) fn add_linear<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        linear: &[SignedCells<F>],
    ) -> Result<(), Error> {
        for (index, (pnl, linear)) in self.pnl.iter_mut().zip(linear).enumerate() {
            let fine = (F::from(FINE_ONE), &linear.value);
            *pnl = s.add_scaled(&format!("M5 linear pnl {index}"), pnl, fine, F::ZERO)?;
        }
        Ok(())
    }

    /// Adds an expiry.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        expiry: &Expiry<F>,
        (terms, fees): Rules<'_, F>,
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
                let dampening = terms.iter().map(|terms| &terms.dampening[index]);
                let dampening = expiry.own(s, &format!("dampening {index}"), dampening)?;
                let dampened = (&dampening, &mark.value);
                self.add_skew(s, index, (&value, dampened), is_negative)?;
            }
        }
        self.add_basis(s, expiry, [up, down], hints)?;
        let options_fee = expiry.own(s, "options fee", fees.iter())?;
        self.add_fee(s, expiry, &options_fee, hints)
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
