//! The digest of the change (T3).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::statement::transition::CHANGE;

use crate::gadgets::Synthesizer;
use crate::statement::PublicInputs;
use crate::statement::state::{self, Place};

/// Constrains the entries, with the salt, to be `CHANGE`.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    entries: &[[Place<F>; 2]],
    salt: Value<F>,
) -> Result<(), Error> {
    let names = ("change link", "T3", Domain::ChangeEntries);
    let zero = s.zero();
    let chain = state::assign_chain(s, names, &zero, &state::committed(entries))?;
    s.scope("change");
    let salt = s.witness_unchecked("T3 salt", salt)?;
    let message = [chain, salt, s.zero(), s.zero()];
    let digest = s.hash("T3 digest", Domain::Change, &message)?;
    s.equal(&digest, &inputs[CHANGE])
}
