//! The chain of a commitment over the slots that one venue has (N1).
//!
//! A commitment takes two words at a time and has no gaps; a venue's slots have as many
//! as the other venues please. So the chain is walked slot by slot: a word waits until
//! the next one comes, and then both are a link. Nothing is told by a prover, and rows
//! grow with the slots: to move words up to their places by one-hot bits, as a
//! transition does whose gaps are few, would take bits as many as the square of the
//! slots.

use halo2_proofs::circuit::Layouter;
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;

use crate::gadgets::{Cell, Synthesizer};

/// The chain so far.
pub(super) struct Chain<F: MarginField> {
    chain: Cell<F>,
    /// One when a word waits for the next.
    waits: Cell<F>,
    /// That word, zero when none does.
    word: Cell<F>,
    /// Whether a slot has come.
    begun: bool,
}

impl<F: MarginField> Chain<F> {
    /// No slot yet: where the chain starts, and zero.
    pub(super) fn new(start: &Cell<F>, zero: &Cell<F>) -> Self {
        let [waits, word] = [zero.clone(), zero.clone()];
        Self { chain: start.clone(), waits, word, begun: false }
    }

    /// Adds a slot: whether it is held, and its word, zero where it is not.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        held: &Cell<F>,
        word: &Cell<F>,
    ) -> Result<(), Error> {
        if !std::mem::replace(&mut self.begun, true) {
            (self.waits, self.word) = (held.clone(), word.clone());
            return Ok(());
        }
        let pair = s.mul("N1 pair", &self.waits, held)?;
        self.link(s, &pair, word)?;
        let words = s.add("one word waits or comes", &self.waits, held)?;
        self.waits = s.add_scaled("N1 waits", &words, (-F::from(2), &pair), F::ZERO)?;
        let sum = s.add("word that waits or comes", &self.word, word)?;
        let no_pair = s.not("no pair", &pair)?;
        self.word = s.mul("N1 word that waits", &no_pair, &sum)?;
        Ok(())
    }

    /// The end of the chain: a word that still waits is a link with none.
    pub(super) fn finish<L: Layouter<F>>(
        mut self,
        s: &mut Synthesizer<'_, F, L>,
    ) -> Result<Cell<F>, Error> {
        let (waits, none) = (self.waits.clone(), s.zero());
        self.link(s, &waits, &none)?;
        Ok(self.chain)
    }

    /// A link of the word that waits and another, where there is one.
    fn link<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        linked: &Cell<F>,
        word: &Cell<F>,
    ) -> Result<(), Error> {
        let message = [self.chain.clone(), self.word.clone(), word.clone(), s.zero()];
        let next = s.hash("N1 link", Domain::Positions, &message)?;
        let change = s.sub("change", &next, &self.chain)?;
        self.chain = s.mul_add("N1 chain", (linked, &change), (F::ONE, &self.chain), F::ZERO)?;
        Ok(())
    }
}
