//! What the leaves come to beside the subtree's root: the chain, the numbers (V3, V4).

use halo2_proofs::circuit::Layouter;
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::statement::venue::FLAGGED_COUNT;

use super::leaf::LeafCells;
use crate::gadgets::{Cell, Synthesizer};

/// The chain and the numbers up to a leaf.
pub(super) struct Sums<F: MarginField> {
    pub(super) chain: Cell<F>,
    accounts: Cell<F>,
    flagged: Cell<F>,
}

impl<F: MarginField> Sums<F> {
    /// No leaf yet.
    pub(super) fn new<L: Layouter<F>>(s: &Synthesizer<'_, F, L>) -> Self {
        Self { chain: s.zero(), accounts: s.zero(), flagged: s.zero() }
    }

    /// Adds a leaf: only a flagged one changes the chain.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        leaf: &LeafCells<F>,
    ) -> Result<(), Error> {
        s.scope("sums");
        let message = [self.chain.clone(), leaf.account.clone(), s.zero(), s.zero()];
        let link = s.hash("V3 link", Domain::Flagged, &message)?;
        let change = s.sub("change", &link, &self.chain)?;
        let product = (&leaf.flagged, &change);
        self.chain = s.mul_add("V3 chain", product, (F::ONE, &self.chain), F::ZERO)?;
        self.accounts = s.add("V4 accounts", &self.accounts, &leaf.present)?;
        self.flagged = s.add("V4 flagged", &self.flagged, &leaf.flagged)?;
        Ok(())
    }

    /// `COUNTS`: at most 256 of each.
    pub(super) fn counts<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
    ) -> Result<Cell<F>, Error> {
        s.pack_unchecked("V4 counts", &[(0, &self.accounts), (FLAGGED_COUNT, &self.flagged)])
    }
}
