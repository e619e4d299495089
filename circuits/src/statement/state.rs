//! The portfolio commitment and the account tree (M1, M2).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::{ACCOUNT, CONTEXT, STATE_ROOT};
use zkmargin_margin::market::STATE_DEPTH;
use zkmargin_margin::portfolio::{POSITIONS_PER_LINK, RESERVED_BITS};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::witness::AccountWitness;

use super::PublicInputs;
use crate::figures::SlotCells;
use crate::gadgets::{Cell, Synthesizer};

/// What a slot adds to the commitment.
pub(crate) struct Committed<'a, F: MarginField> {
    /// One for a position, zero for padding.
    pub(crate) used: &'a Cell<F>,
    /// The packed position, zero for padding.
    pub(crate) word: &'a Cell<F>,
}

/// The places of a list, for a chain.
pub(crate) fn committed<F: MarginField>(pairs: &[[Place<F>; 2]]) -> Vec<Committed<'_, F>> {
    pairs.iter().flatten().map(|Place { used, word }| Committed { used, word }).collect()
}

/// A word of a list, and one where its pair has words.
pub(crate) struct Place<F: MarginField> {
    pub(crate) used: Cell<F>,
    pub(crate) word: Cell<F>,
}

impl<F: MarginField> SlotCells<F> {
    /// What the slot adds to the commitment.
    pub(crate) fn committed(&self) -> Committed<'_, F> {
        Committed { used: &self.used, word: &self.word }
    }
}

/// What is reserved for open orders: where the chain starts. In range, so that no
/// digest of a chain can be taken for it, and a chain be cut at its head.
pub(crate) fn assign_reserved<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    reserved: Value<F>,
) -> Result<Cell<F>, Error> {
    s.scope("reserved");
    Ok(s.witness_ranged("M4 reserved", reserved, RESERVED_BITS)?.cell().clone())
}

/// What opens a commitment.
pub(crate) struct OpeningCells<F: MarginField> {
    /// What is reserved for open orders.
    pub(crate) reserved: Cell<F>,
    /// The word of every slot, zero for padding.
    pub(crate) words: Vec<Cell<F>>,
    /// The blinding.
    pub(crate) blinding: Cell<F>,
}

/// Constrains the slots, and what is reserved, to open the account's commitment in
/// `STATE_ROOT`, with the blinding that is returned.
pub(crate) fn assign<F: MarginField, L: Layouter<F>, R>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    (reserved, slots): (&Cell<F>, &[Committed<'_, F>]),
    witness: Value<&AccountWitness<F, R>>,
) -> Result<Cell<F>, Error> {
    let chain = assign_chain(s, ("link", "M1", Domain::Positions), reserved, slots)?;

    s.scope("account");
    let blinding = s.witness_unchecked("M1 blinding", witness.map(|w| w.blinding.to_field()))?;
    let message = [chain, blinding.clone(), s.zero(), s.zero()];
    let opened = s.hash("M1 opening", Domain::Portfolio, &message)?;
    let commitment = s.witness_unchecked("M1 commitment", witness.map(|w| w.commitment))?;
    s.equal(&opened, &commitment)?;

    let leaf = [inputs[ACCOUNT].clone(), commitment, inputs[CONTEXT].clone(), s.zero()];
    let root = s.membership(
        "M2 account",
        (Domain::StateLeaf, Domain::StateLeaf, Domain::StateNode),
        &leaf,
        STATE_DEPTH,
        witness.map(|w| w.account_path.children()),
    )?;
    s.equal(&root, &inputs[STATE_ROOT])?;
    Ok(blinding)
}

/// Constrains slots, and what is reserved, to open the commitment to the portfolio
/// afterwards.
pub(crate) fn assign_next<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    next: &Cell<F>,
    (reserved, slots): (&Cell<F>, &[Committed<'_, F>]),
    blinding: Value<F>,
) -> Result<(), Error> {
    let chain = assign_chain(s, ("next link", "T2", Domain::Positions), reserved, slots)?;
    s.scope("next");
    let blinding = s.witness_unchecked("T2 blinding", blinding)?;
    let message = [chain, blinding, s.zero(), s.zero()];
    let opened = s.hash("T2 opening", Domain::Portfolio, &message)?;
    s.equal(&opened, next)
}

/// The chain over pairs of words, from where it starts: what is reserved, or zero. A
/// link of padding only leaves it as it is; padding comes last, so the first slot of
/// a pair tells.
pub(crate) fn assign_chain<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    (scope, clause, domain): (&str, &str, Domain),
    start: &Cell<F>,
    slots: &[Committed<'_, F>],
) -> Result<Cell<F>, Error> {
    let mut chain = start.clone();
    for (index, pair) in slots.chunks(POSITIONS_PER_LINK).enumerate() {
        s.scope(format!("{scope} {index}"));
        let [first, second] = pair else { return Err(Error::Synthesis) };
        let message = [chain.clone(), first.word.clone(), second.word.clone(), s.zero()];
        let next = s.hash(&format!("{clause} link"), domain, &message)?;
        let change = s.sub("change", &next, &chain)?;
        let name = format!("{clause} chain");
        chain = s.mul_add(&name, (first.used, &change), (F::ONE, &chain), F::ZERO)?;
    }
    Ok(chain)
}
