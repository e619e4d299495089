//! Signed values and packed sums (M4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::{LIMB_BITS, SUM_BITS};

use super::hints::Signed;
use crate::gadgets::{Cell, Synthesizer};

/// A number and its negative part. Zero has both signs, and either gives these
/// cells: the bit is used in nothing else.
#[derive(Clone)]
pub(super) struct SignedCells<F: MarginField> {
    pub(super) value: Cell<F>,
    /// `max(0, -value)`.
    pub(super) negative: Cell<F>,
}

/// A signed number below `2^bits` either way.
pub(super) fn witness_signed<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    hint: Value<Signed<F>>,
    bits: u32,
) -> Result<SignedCells<F>, Error> {
    let magnitude = s.witness_ranged(&format!("M4 {name}"), hint.map(|h| h.magnitude), bits)?;
    let bit = s.witness_bit(&format!("M5 {name} is negative"), hint.map(|h| h.negative))?;
    let negative = s.mul(&format!("{name} below zero"), &bit, magnitude.cell())?;
    let value = s.add_scaled(name, magnitude.cell(), (-F::from(2), &negative), F::ZERO)?;
    Ok(SignedCells { value, negative })
}

/// The limbs of a packed sum, lowest first, each below `2^72` either way: at
/// most three, and the sum has no more.
pub(super) fn unpack<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    sum: &Cell<F>,
    hints: &[Value<Signed<F>>],
) -> Result<Vec<SignedCells<F>>, Error> {
    let limbs = hints
        .iter()
        .enumerate()
        .map(|(i, hint)| witness_signed(s, &format!("{name} limb {i}"), *hint, SUM_BITS))
        .collect::<Result<Vec<_>, _>>()?;
    let fields: Vec<_> =
        (0_u32..).map(|i| i * LIMB_BITS).zip(limbs.iter().map(|l| &l.value)).collect();
    let packed = s.pack_unchecked(&format!("M5 {name}"), &fields)?;
    s.equal(&packed, sum)?;
    Ok(limbs)
}

/// `|x|` for `|x| < 2^bits`: the sign is witnessed, and `|x|` under that sign
/// must be in range. Returns `|x|` and the sign's bit, which is free at zero.
pub(super) fn absolute<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    x: &Cell<F>,
    is_negative: Value<F>,
    bits: u32,
) -> Result<(Cell<F>, Cell<F>), Error> {
    let negative = s.witness_bit(&format!("M5 {name} is negative"), is_negative)?;
    let sign = s.scale(&format!("{name} sign"), -F::from(2), &negative, F::ONE)?;
    let absolute = s.mul(&format!("M5 absolute {name}"), &sign, x)?;
    s.range_check(&format!("M5 absolute {name}"), &absolute, bits)?;
    Ok((absolute, negative))
}

/// A sum by underlying: of all, or of the first and the second.
pub(super) fn apart<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    all: Cell<F>,
    second: Option<Cell<F>>,
) -> Result<Vec<Cell<F>>, Error> {
    match second {
        None => Ok(vec![all]),
        Some(second) => Ok(vec![s.sub(name, &all, &second)?, second]),
    }
}

/// The largest or smallest of cells: one of them, and none beyond it.
#[derive(Debug)]
pub(crate) struct Extreme<F: MarginField> {
    name: String,
    extreme: Cell<F>,
    /// Product of the differences so far.
    product: Option<Cell<F>>,
    /// One for a maximum, minus one for a minimum.
    direction: F,
    bits: u32,
    /// Candidates so far.
    count: usize,
}

impl<F: MarginField> Extreme<F> {
    /// `extreme` is to be the largest of the cells to come, which are at most
    /// `2^bits` below it.
    pub(crate) fn largest(name: &str, extreme: Cell<F>, bits: u32) -> Self {
        Self { name: name.to_owned(), extreme, product: None, direction: F::ONE, bits, count: 0 }
    }

    /// `extreme` is to be the smallest.
    pub(crate) fn smallest(name: &str, extreme: Cell<F>, bits: u32) -> Self {
        Self { direction: -F::ONE, ..Self::largest(name, extreme, bits) }
    }

    /// Adds a candidate.
    pub(crate) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        candidate: &Cell<F>,
    ) -> Result<(), Error> {
        let (name, index) = (self.name.clone(), self.count);
        self.count += 1;
        let (high, low) = match self.direction == F::ONE {
            true => (&self.extreme, candidate),
            false => (candidate, &self.extreme),
        };
        let gap = s.sub(&format!("{name} gap {index}"), high, low)?;
        s.range_check(&format!("M5 {name} is not beyond {index}"), &gap, self.bits)?;
        self.product = Some(match self.product.take() {
            Some(product) => s.mul(&format!("{name} product {index}"), &product, &gap)?,
            None => gap,
        });
        Ok(())
    }

    /// Constrains it to be one of the candidates.
    pub(crate) fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
    ) -> Result<Cell<F>, Error> {
        let product = self.product.ok_or(Error::Synthesis)?;
        // A row of its own, so that the failing region says which extreme.
        let one = s.one();
        s.product_is_zero(&format!("M5 {} is one of them", self.name), &product, &one)?;
        Ok(self.extreme)
    }
}
