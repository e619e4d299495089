//! The list of venues: nothing counts twice, and its digest is public (N3).

use halo2_proofs::circuit::Layouter;
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::{ACCOUNT, CONTEXT};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::statement::netting::VENUES;

use super::side::SideCells;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::PublicInputs;

/// Constrains the venues that are there to differ in context, state root and
/// commitment from all earlier ones, and the digest of all to be `VENUES`.
pub(super) fn constrain<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    venues: &[SideCells<F>],
) -> Result<(), Error> {
    for (index, venue) in venues.iter().enumerate() {
        for (other, earlier) in venues[..index].iter().enumerate() {
            s.scope(format!("venues {other} and {index}"));
            let present = &venue.present;
            differ(s, "context", present, (&earlier.context, &venue.context))?;
            differ(s, "state root", present, (&earlier.state_root, &venue.state_root))?;
            differ(s, "commitment", present, (&earlier.commitment, &venue.commitment))?;
        }
    }
    s.scope("venues");
    let mut message = vec![inputs[CONTEXT].clone(), inputs[ACCOUNT].clone()];
    for SideCells { context, state_root, account, .. } in venues {
        message.extend([context.clone(), state_root.clone(), account.clone()]);
    }
    let digest = s.hash_chain("N3 venues", (Domain::Venues, Domain::VenuesNext), &message)?;
    s.equal(&digest, &inputs[VENUES])
}

/// Constrains two cells to differ where `present` is one: a difference times its inverse
/// is one, and zero has none.
fn differ<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    present: &Cell<F>,
    (earlier, later): (&Cell<F>, &Cell<F>),
) -> Result<(), Error> {
    let difference = s.sub(&format!("other {name}"), later, earlier)?;
    let inverse = difference
        .value()
        .zip(present.value())
        .map(|(difference, present)| difference.invert().unwrap_or(F::ZERO) * present);
    let inverse = s.witness_unchecked(&format!("N3 {name} inverse"), inverse)?;
    let told = s.mul(&format!("N3 {name} differs"), &difference, &inverse)?;
    s.equal_as(&format!("N3 {name} differs where present"), &told, present)
}
