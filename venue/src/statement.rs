//! Statements: what a proof says, as one digest.

use sha3::{Digest as _, Keccak256};
use zkmargin_circuits::family::{FamilyCircuit, family_of};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::Shape;
use zkmargin_prover::backend::Backend;
use zkmargin_verifier::proof::{CircuitId, ProofFile};

use crate::store::ProofRow;

/// The circuit of a shape.
pub fn circuit<B: Backend, C: FamilyCircuit<B::Field>>(shape: Shape) -> CircuitId {
    let (family, layout) = (family_of::<B::Field, C>(), C::layout());
    CircuitId { family, shape, proof_system: B::SYSTEM, layout }
}

/// The digest of a circuit and its public inputs: two proofs of one digest say the
/// same, and one is enough.
pub fn statement<F: MarginField>(circuit: CircuitId, instance: &MarginInstance<F>) -> String {
    let mut hasher = Keccak256::new();
    hasher.update(circuit.to_string());
    hasher.update([0]);
    hasher.update(instance.to_bytes());
    hex::encode(hasher.finalize())
}

/// A proof as the store keeps it.
pub fn proof_row<F: MarginField>(file: &ProofFile<F>) -> ProofRow {
    let instance = file.instance();
    ProofRow {
        statement: statement(file.circuit(), instance),
        account: instance.account,
        epoch: instance.epoch,
        claim: instance.claim,
        circuit: file.circuit().to_string(),
        proof: file.to_json(),
    }
}
