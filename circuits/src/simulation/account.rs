//! Sums over the slots, and what they come to (M4, M5).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::simulation::{LIMB_BITS, LIMBS, SUM_BITS, columns};

use super::hints::TotalsHints;
use super::outcome::{self, Risks};
use super::slot::SimulationSlot;
use super::tail;
use super::terms::TermsCells;
use crate::gadgets::{Cell, Synthesizer};
use crate::scenario::sums::Extreme;
use crate::statement::claim::ClaimCells;

/// Bits of a sum plus its offset.
pub(super) const PLUS_BITS: u32 = SUM_BITS + 1;

/// What is added to a sum so that it is not negative.
pub(super) fn offset<F: MarginField>() -> F {
    F::from(1 << SUM_BITS)
}

/// Sums over the slots so far.
#[derive(Debug)]
pub(super) struct Account<F: MarginField> {
    /// Packed sums of gains, by element.
    columns: Vec<Cell<F>>,
    cash: Cell<F>,
    maintenance: Cell<F>,
    initial: Cell<F>,
}

impl<F: MarginField> Account<F> {
    /// No slot yet.
    pub(super) fn new<L: Layouter<F>>(s: &Synthesizer<'_, F, L>, scenarios: usize) -> Self {
        let zero = s.zero();
        Self {
            columns: vec![zero.clone(); columns(scenarios) / LIMBS],
            cash: zero.clone(),
            maintenance: zero.clone(),
            initial: zero,
        }
    }

    /// Adds a slot's products.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        slot: &SimulationSlot<F>,
    ) -> Result<(), Error> {
        for (i, (sum, gains)) in self.columns.iter_mut().zip(&slot.row.columns).enumerate() {
            let product = (&slot.lots, gains);
            *sum = s.mul_add(&format!("M5 gains {i}"), product, (F::ONE, sum), F::ZERO)?;
        }
        self.cash = s.add("M5 cash", &self.cash, &slot.cash)?;
        for (name, sum, charge) in [
            ("M5 maintenance charges", &mut self.maintenance, &slot.row.maintenance),
            ("M5 initial charges", &mut self.initial, &slot.row.initial),
        ] {
            *sum = s.mul_add(name, (&slot.size, charge), (F::ONE, sum), F::ZERO)?;
        }
        Ok(())
    }

    /// Constrains all that follows; the shortfall, and the mark to market with cash.
    pub(super) fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        scenarios: usize,
        (terms, claim, reserved): (&TermsCells<F>, &ClaimCells<F>, &Cell<F>),
        totals: Value<&TotalsHints<F>>,
    ) -> Result<(Cell<F>, Cell<F>), Error> {
        s.scope("account");
        let mut sums = Vec::with_capacity(self.columns.len() * LIMBS);
        for (i, packed) in self.columns.iter().enumerate() {
            let hints: [_; LIMBS] =
                std::array::from_fn(|limb| totals.map(|t| t.sums[LIMBS * i + limb]));
            sums.extend(unpack(s, i, packed, hints)?);
        }
        let mark = sums.pop().ok_or(Error::Synthesis)?;
        let (pnl, stress) = sums.split_at_checked(scenarios).ok_or(Error::Synthesis)?;
        let tail = tail::assign(s, pnl, &terms.tail, totals)?;
        let stress = worst_stress(s, stress, totals)?;
        let risks = Risks { shortfall: tail.shortfall, var: tail.var, stress };
        let worth = s.add_scaled("M5 equity", &mark, (F::ONE, &self.cash), -offset::<F>())?;
        let initial = s.add("M5 initial charges and reserved", &self.initial, reserved)?;
        let charges = (&self.maintenance, &initial);
        let balance = outcome::balance(s, (terms, claim), &risks, (&worth, charges))?;
        Ok((outcome::outcome(s, claim, &balance, totals)?, worth))
    }
}

/// The limbs of a packed sum, lowest first, each with its offset and in range: the
/// sum has no other.
fn unpack<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    index: usize,
    packed: &Cell<F>,
    hints: [Value<F>; LIMBS],
) -> Result<Vec<Cell<F>>, Error> {
    let name = |limb: usize| format!("M4 sum {}", LIMBS * index + limb);
    let mut limbs = Vec::with_capacity(LIMBS);
    for (limb, hint) in hints.into_iter().enumerate() {
        limbs.push(s.witness_ranged(&name(limb), hint, PLUS_BITS)?.cell().clone());
    }
    let places: Vec<u32> = (0_u32..).map(|limb| limb * LIMB_BITS).take(LIMBS).collect();
    let fields: Vec<_> = places.iter().copied().zip(&limbs).collect();
    let sum = s.pack_unchecked(&format!("M5 packed sums {index}"), &fields)?;
    let offsets = places.iter().fold(F::ZERO, |all, place| {
        all + offset::<F>() * F::from(2).pow_vartime([u64::from(*place)])
    });
    let sum = s.scale(&format!("M5 sums {index}"), F::ONE, &sum, -offsets)?;
    s.equal(&sum, packed)?;
    Ok(limbs)
}

/// The largest loss of the stress scenarios, not below zero.
fn worst_stress<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    stress: &[Cell<F>],
    totals: Value<&TotalsHints<F>>,
) -> Result<Cell<F>, Error> {
    let worst = s.witness_unchecked("M5 stress loss", totals.map(|t| t.stress_loss))?;
    let mut worst = Extreme::largest("stress loss", worst, PLUS_BITS);
    let zero = s.zero();
    worst.add(s, &zero)?;
    for (index, plus) in stress.iter().enumerate() {
        let loss = s.scale(&format!("stress loss {index}"), -F::ONE, plus, offset())?;
        worst.add(s, &loss)?;
    }
    worst.finish(s)
}
