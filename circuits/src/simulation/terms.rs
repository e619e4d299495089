//! The market's terms (M3).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;

use super::hints::TermsHints;
use crate::gadgets::{Cell, Synthesizer};

/// The terms' fields.
#[derive(Clone, Debug)]
pub struct TermsCells<F: MarginField> {
    /// Scenarios that are in the tail.
    pub(super) tail: Cell<F>,
    /// Weights of maintenance margin: shortfall, value at risk, stress.
    pub(super) maintenance: [Cell<F>; 3],
    /// The same of initial margin.
    pub(super) initial: [Cell<F>; 3],
    /// What the header holds.
    pub(super) digest: Cell<F>,
}

/// Hashes the terms. They stand one to an element, so that the digest alone binds
/// them: nothing is unpacked. They are of this circuit's number of scenarios.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    scenarios: usize,
    hints: Value<&TermsHints<F>>,
) -> Result<TermsCells<F>, Error> {
    s.scope("terms");
    // Exact: a circuit has far fewer.
    let count = s.constant("M3 scenarios", F::from(scenarios as u64))?;
    let tail = s.witness_unchecked("M3 tail", hints.map(|h| h.tail))?;
    let mut weights = |level: &str, of: &dyn Fn(&TermsHints<F>) -> [F; 3]| {
        let weight = |s: &mut Synthesizer<'_, F, L>, i: usize, name: &str| {
            s.witness_unchecked(&format!("M3 {level} {name}"), hints.map(|h| of(h)[i]))
        };
        Ok::<_, Error>([
            weight(s, 0, "shortfall weight")?,
            weight(s, 1, "var weight")?,
            weight(s, 2, "stress weight")?,
        ])
    };
    let maintenance = weights("maintenance", &|h| h.maintenance)?;
    let initial = weights("initial", &|h| h.initial)?;
    let set = s.witness_unchecked("M3 set", hints.map(|h| h.set))?;
    let mut elements = vec![count, tail.clone()];
    elements.extend(maintenance.iter().chain(&initial).cloned());
    elements.push(set);
    let domains = (Domain::SimulationTerms, Domain::SimulationTermsNext);
    let digest = s.hash_chain("M3 terms", domains, &elements)?;
    Ok(TermsCells { tail, maintenance, initial, digest })
}
