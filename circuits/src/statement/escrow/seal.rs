//! Encrypts what opens the commitment (E1 to E3).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::{ACCOUNT, CONTEXT, EPOCH};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::statement::escrow::ESCROW;

use super::super::PublicInputs;
use super::super::state::OpeningCells;
use crate::gadgets::curve::{PointCells, Signs};
use crate::gadgets::{Cell, Synthesizer};

/// Constrains `ESCROW` to be the digest of the opening's ciphertext under a key of the
/// prover's choice.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    opening: &OpeningCells<F>,
    (key, signs): (Value<[F; 2]>, Value<&[F]>),
) -> Result<(), Error> {
    s.scope("escrow key");
    let key = PointCells::witness(s, key)?;
    let signs = Signs::witness(s, signs)?;
    let nonce_point = signs.times_generator(s)?;
    let shared = signs.times(s, "shared", &key)?;

    s.scope("escrow");
    let [context, epoch, account] = [CONTEXT, EPOCH, ACCOUNT].map(|row| inputs[row].clone());
    let (x, y) = (nonce_point.x.clone(), nonce_point.y.clone());
    let message = [shared.x, shared.y, x, y, context, epoch, account];
    let domains = (Domain::EscrowKey, Domain::EscrowKeyNext);
    let stream_key = s.hash_chain("E2 stream key", domains, &message)?;
    let elements = encrypt(s, &stream_key, opening)?;

    s.scope("escrow");
    let count = s.constant("E3 elements", F::from_u128(elements.len() as u128))?;
    let mut message = vec![key.x, key.y, nonce_point.x, nonce_point.y, count];
    message.extend(elements);
    let digest = s.hash_chain("E3 digest", (Domain::Escrow, Domain::EscrowNext), &message)?;
    s.equal(&digest, &inputs[ESCROW])
}

/// Each cell of the opening plus its part of the stream.
fn encrypt<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    stream_key: &Cell<F>,
    opening: &OpeningCells<F>,
) -> Result<Vec<Cell<F>>, Error> {
    let ends = (&opening.reserved, &opening.blinding);
    let cells = [ends.0].into_iter().chain(&opening.words).chain([ends.1]);
    let seal = |(index, cell): (u64, &Cell<F>)| {
        s.scope(format!("escrow element {index}"));
        let zero = s.zero();
        let counter = s.constant("counter", F::from(index))?;
        let message = [stream_key.clone(), counter, zero.clone(), zero];
        let stream = s.hash("E2 stream", Domain::EscrowStream, &message)?;
        s.add("E2 element", cell, &stream)
    };
    (0..).zip(cells).map(seal).collect()
}
