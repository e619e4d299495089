//! The lowered circuit under the back end's mock prover.

use std::sync::Arc;

use halo2_axiom::dev::MockProver;
use halo2_axiom::halo2curves::bn256::Fr;
use halo2_proofs::plonk::Circuit;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::lowering::backend::{BackendCircuit, to_axiom};
use zkmargin_circuits::lowering::shape::LoweredShape;
use zkmargin_circuits::lowering::{advice, lower};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;

/// The lowered circuit of a shape.
pub fn lowered<C: FamilyCircuit<Bn254Fr>>(shape: Shape) -> Arc<LoweredShape> {
    Arc::new(lower(C::k(shape), &C::blank(shape)).unwrap())
}

/// What the back end's mock prover says of a circuit.
pub fn satisfied(
    shape: &Arc<LoweredShape>,
    circuit: &impl Circuit<Bn254Fr>,
    rows: &[Bn254Fr],
) -> bool {
    let columns = advice(shape, circuit, rows).unwrap();
    let backend = BackendCircuit::new(shape.clone()).unwrap().with_advice(columns);
    let rows: Vec<Fr> = rows.iter().map(to_axiom).collect();
    MockProver::run(shape.k(), &backend, vec![rows]).unwrap().verify().is_ok()
}
