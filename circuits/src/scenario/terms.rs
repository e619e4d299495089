//! The market's terms (M3).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::scenario::{DAMPENING_PER_ELEMENT, FACTORS};

use super::hints::TermsHints;
use crate::gadgets::{Cell, Synthesizer};
use zkmargin_margin::scenario::SCENARIOS;

/// Bits of discounts, dampening, weights and fees.
pub(super) const FINE_BITS: u32 = 48;
/// Bits of a loss factor.
const FACTOR_BITS: u32 = 40;

/// The terms' fields.
pub(super) struct TermsCells<F: MarginField> {
    /// One per scenario.
    pub(super) dampening: Vec<Cell<F>>,
    pub(super) maintenance_factor: Cell<F>,
    pub(super) initial_factor: Cell<F>,
    pub(super) net: Cell<F>,
    pub(super) half_hedged: Cell<F>,
    pub(super) short_fee: Cell<F>,
    /// Both charges on naked shorts, packed.
    pub(super) naked: Cell<F>,
    /// What the header holds.
    pub(super) digest: Cell<F>,
}

/// Unpacks and hashes the terms.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    hints: Value<&TermsHints<F>>,
) -> Result<TermsCells<F>, Error> {
    s.scope("terms");
    let mut elements = Vec::new();
    let mut dampening = Vec::new();
    for index in 0..SCENARIOS {
        let hint = hints.map(|h| h.dampening[index]);
        dampening.push(s.witness_ranged(&format!("M4 dampening {index}"), hint, FINE_BITS)?);
    }
    for (index, chunk) in dampening.chunks(DAMPENING_PER_ELEMENT).enumerate() {
        let fields: Vec<_> = (0_u32..).map(|i| i * FINE_BITS).zip(chunk).collect();
        elements.push(s.pack(&format!("M3 dampening {index}"), &fields)?);
    }
    let mut ranged = |name: &str, bits: u32, value: &dyn Fn(&TermsHints<F>) -> F| {
        s.witness_ranged(name, hints.map(value), bits)
    };
    let maintenance_factor =
        ranged("M4 maintenance factor", FACTOR_BITS, &|h| h.maintenance_factor)?;
    let initial_factor = ranged("M4 initial factor", FACTOR_BITS, &|h| h.initial_factor)?;
    let net = ranged("M4 net delta", FINE_BITS, &|h| h.net)?;
    let half_hedged = ranged("M4 hedged delta", FINE_BITS, &|h| h.half_hedged)?;
    let short_fee = ranged("M4 short fee", FINE_BITS, &|h| h.short_fee)?;
    let factors = [&maintenance_factor, &initial_factor, &net, &half_hedged, &short_fee];
    let fields: Vec<_> = FACTORS.bits.into_iter().zip(factors).collect();
    elements.push(s.pack("M3 factors", &fields)?);
    let naked = s.witness_unchecked("M3 naked charges", hints.map(|h| h.naked))?;
    elements.push(naked.clone());
    let digest =
        s.hash_chain("M3 terms", (Domain::ScenarioTerms, Domain::ScenarioTermsNext), &elements)?;
    let cell = |ranged: &crate::gadgets::range::Ranged<F>| ranged.cell().clone();
    Ok(TermsCells {
        dampening: dampening.iter().map(cell).collect(),
        maintenance_factor: cell(&maintenance_factor),
        initial_factor: cell(&initial_factor),
        net: cell(&net),
        half_hedged: cell(&half_hedged),
        short_fee: cell(&short_fee),
        naked,
        digest,
    })
}
