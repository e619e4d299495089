//! KZG proofs with the advice of one statement under the public inputs of another: the
//! prover of the library checks nothing, so that a verifier has to.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "shared by tests")]

use std::marker::PhantomData;
use std::sync::Arc;

use halo2_axiom::halo2curves::bn256::{Fr, G1Affine};
use halo2_axiom::plonk::{ProvingKey, create_proof, keygen_pk, keygen_vk};
use halo2_axiom::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_axiom::poly::kzg::multiopen::ProverSHPLONK;
use halo2_axiom::transcript::TranscriptWriterBuffer;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use snark_verifier::loader::native::NativeLoader;
use snark_verifier::system::halo2::transcript::evm::EvmTranscript;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::kzg::KzgParams;
use zkmargin_circuits::lowering::backend::{BackendCircuit, to_axiom};
use zkmargin_circuits::lowering::shape::LoweredShape;
use zkmargin_circuits::lowering::{advice, lower};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::CLAIM;
use zkmargin_margin::shape::Shape;

pub type Transcript<S> = EvmTranscript<G1Affine, NativeLoader, S, Vec<u8>>;

/// The key of a shape.
pub struct Planter<'a, C> {
    pub params: &'a KzgParams,
    pub key: ProvingKey<G1Affine>,
    shape: Arc<LoweredShape>,
    blank: BackendCircuit,
    circuit: PhantomData<fn() -> C>,
}

impl<'a, C: FamilyCircuit<Bn254Fr>> Planter<'a, C> {
    pub fn new(params: &'a KzgParams, shape: Shape) -> Self {
        let shape = Arc::new(lower(C::k(shape), &C::blank(shape)).unwrap());
        let blank = BackendCircuit::new(shape.clone()).unwrap();
        let key = keygen_pk(params, keygen_vk(params, &blank).unwrap(), &blank).unwrap();
        Self { params, key, shape, blank, circuit: PhantomData }
    }

    /// A proof with the circuit's advice under its `own` public inputs, that is told
    /// to be of others; nothing when the library notices.
    pub fn prove(&self, circuit: &C, own: &[Bn254Fr], told: &[Bn254Fr]) -> Option<Vec<u8>> {
        let circuit = self.blank.with_advice(advice(&self.shape, circuit, own).unwrap());
        let told = public(told);
        let mut transcript = <Transcript<_> as TranscriptWriterBuffer<_, _, _>>::init(Vec::new());
        create_proof::<KZGCommitmentScheme<_>, ProverSHPLONK<'_, _>, _, _, _, _>(
            self.params,
            &self.key,
            std::slice::from_ref(&circuit),
            &[&[&told]],
            StdRng::seed_from_u64(9),
            &mut transcript,
        )
        .ok()?;
        Some(transcript.finalize())
    }
}

/// Public inputs, for the library.
pub fn public(rows: &[Bn254Fr]) -> Vec<Fr> {
    rows.iter().map(to_axiom).collect()
}

/// The public inputs, and those with another number in one row: another statement,
/// of whose other rows nothing is different.
pub fn statements<F: zkmargin_margin::field::MarginField>(
    own: &[F],
) -> Vec<(Option<usize>, Vec<F>)> {
    let mut statements = vec![(None, own.to_vec())];
    for row in 0..own.len() {
        let mut rows = own.to_vec();
        // The claim stays one.
        rows[row] += if row == CLAIM { -F::ONE } else { F::ONE };
        statements.push((Some(row), rows));
    }
    statements
}
