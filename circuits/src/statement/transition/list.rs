//! Slots moved to the places of a list: see the head of the folder.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;

use crate::gadgets::{Cell, Synthesizer};
use crate::statement::state::Place;

/// Keeps the sum of the bits apart from that of their numbers: both are below.
const APART: u32 = 16;

/// Words at their places, the sums so far.
pub(super) struct List<F: MarginField> {
    name: &'static str,
    kind: Kind,
    /// Most that the number of a slot can be, and one.
    bits: usize,
    places: Vec<Cell<F>>,
    /// Slots of the shape.
    slots: usize,
    /// Slots so far that count towards the number of the next.
    count: Cell<F>,
}

#[derive(Clone, Copy)]
enum Kind {
    /// A slot moves up by the number of listed slots before it that are not its
    /// side's.
    Compacted,
    /// A slot goes to the place that is the number of flagged slots before it.
    Gathered,
}

impl<F: MarginField> List<F> {
    /// Of the flagged ones among so many slots, with at most `gaps` gaps.
    pub(super) fn compacted(name: &'static str, slots: usize, gaps: usize, zero: &Cell<F>) -> Self {
        let places = vec![zero.clone(); slots];
        Self { name, kind: Kind::Compacted, bits: gaps + 1, places, slots, count: zero.clone() }
    }

    /// Of at most `most` flagged ones among so many slots.
    pub(super) fn gathered(name: &'static str, slots: usize, most: usize, zero: &Cell<F>) -> Self {
        let places = vec![zero.clone(); most];
        Self { name, kind: Kind::Gathered, bits: most, places, slots, count: zero.clone() }
    }

    /// Adds slot `index`: a flag that is zero or one, its word, and whether the slot
    /// is listed, which every flagged one is.
    ///
    /// The bits say the slot's number where it is flagged, and are all zero where it
    /// is not: `sum of bit_i (1 + 2^16 i) = flag (1 + 2^16 number)`. Both sides are
    /// below `2^32`, so the sums of bits and of numbers are equal each. A number
    /// that has no bit cannot be told: there is no such witness.
    ///
    /// Returns the bits, by number.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        listed: &Cell<F>,
        (flag, word): (&Cell<F>, &Cell<F>),
        hints: Value<&[F]>,
    ) -> Result<Vec<Cell<F>>, Error> {
        let name = self.name;
        let mut bits = Vec::new();
        let apart = |number: usize| F::ONE + F::from((number as u64) << APART);
        let mut told = s.zero();
        // The number of a slot is at most its index.
        for number in 0..self.bits.min(index + 1) {
            let bit = s.witness_bit(&format!("{name} is {number}"), hints.map(|h| h[number]))?;
            let term = (apart(number), &bit);
            told = s.add_scaled(&format!("{name} told {number}"), &told, term, F::ZERO)?;
            let place = match self.kind {
                Kind::Compacted => index - number,
                Kind::Gathered => number,
            };
            let so_far = self.places[place].clone();
            let label = format!("{name} word by {number}");
            self.places[place] = s.mul_add(&label, (&bit, word), (F::ONE, &so_far), F::ZERO)?;
            bits.push(bit);
        }
        let step = F::from(1 << APART);
        let number = s.scale(&format!("{name} number"), step, &self.count, F::ONE)?;
        let due = s.mul(&format!("{name} number where flagged"), flag, &number)?;
        let difference = s.sub(&format!("{name} number is told"), &told, &due)?;
        let zero = s.zero();
        s.equal(&difference, &zero)?;
        // Nothing follows the last slot.
        if index + 1 == self.slots {
            return Ok(bits);
        }
        self.count = match self.kind {
            Kind::Gathered => s.add(&format!("{name} count"), &self.count, flag)?,
            Kind::Compacted => {
                let count = s.add(&format!("{name} listed"), &self.count, listed)?;
                s.sub(&format!("{name} gaps"), &count, flag)?
            }
        };
        Ok(bits)
    }

    /// The words, each second one with whether it is there: as links of a chain ask.
    /// A word that is there is not zero.
    pub(super) fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
    ) -> Result<Vec<[Place<F>; 2]>, Error> {
        s.scope(format!("{} list", self.name));
        let (pairs, []) = self.places.as_chunks::<2>() else { return Err(Error::Synthesis) };
        pairs
            .iter()
            .enumerate()
            .map(|(pair, [first, second])| {
                // `word * inverse` is one for a word that is not zero: no other
                // inverse passes; and zero for zero, whatever the inverse.
                let inverse = first.value().map(|word| word.invert().unwrap_or(F::ZERO));
                let inverse = s.witness_unchecked(&format!("word inverse {pair}"), inverse)?;
                let used = s.mul(&format!("word used {pair}"), first, &inverse)?;
                let kept = s.mul(&format!("word where used {pair}"), first, &used)?;
                s.equal(&kept, first)?;
                let place = |word: &Cell<F>| Place { used: used.clone(), word: word.clone() };
                Ok([place(first), place(second)])
            })
            .collect()
    }
}
