//! What makes proofs of a card hide the account.
//!
//! `halo2-axiom-gpu` 1.0.1 blinds advice columns and grand products as
//! `halo2-axiom` does, and leaves out two things. The last rows of the permuted
//! columns of a lookup are zeros, not random: the commitment to a permuted range
//! check is then a function of the limbs of the account alone, and whoever guesses
//! an account can confirm it. And the random polynomial is the constant one.
//!
//! The first is put back here. The library commits through the traits that
//! [`Hiding`] implements around its own parameters; the permuted columns are known
//! by their place among the commitments, and get their random rows on the card
//! before they are committed. Everything after reads the same memory. The second
//! needs nothing: that polynomial blinds the last message of an inner product
//! argument. The two points of SHPLONK are determined by the commitments and
//! evaluations through the verifier's equation, so they tell no more than those,
//! and no commitment or evaluation of the account depends on that polynomial.
//!
//! The places are those of one version of the library, which is pinned. A proof
//! with another number of commitments, or one that the library began on the CPU
//! for want of memory, is refused.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use halo2_axiom::halo2curves::bn256::{Bn256, Fr, G1, G1Affine};
use halo2_axiom::halo2curves::ff::Field as _;
use halo2_axiom_gpu::cuda::HaloGpuError;
use halo2_axiom_gpu::cuda::funcs::decode_assigned_into_denom_slice_device;
use halo2_axiom_gpu::plonk::GpuAssigned;
use halo2_axiom_gpu::poly::commitment::{
    Blind, CommitmentScheme, Params, ParamsProver, ParamsVerifier, Prover,
};
use halo2_axiom_gpu::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_axiom_gpu::poly::kzg::msm::MSMKZG;
use halo2_axiom_gpu::poly::kzg::multiopen::ProverSHPLONK;
use halo2_axiom_gpu::poly::{
    Coeff, Device, DevicePolyExt as _, LagrangeCoeff, Polynomial, ProverQuery,
};
use halo2_axiom_gpu::transcript::{EncodedChallenge, TranscriptWrite};
use rand08::RngCore;
use rand08::rngs::OsRng;

use super::{CardParams, CudaError};
use crate::lowering::backend::BackendCircuit;
use crate::lowering::usable_rows;

/// The commitments of a proof to columns, in the library's order: advice, permuted
/// inputs and tables, products of the permutation, products of the lookups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    advice: usize,
    permuted: usize,
    products: usize,
    usable: usize,
}

impl Plan {
    pub(super) fn of(circuit: &BackendCircuit) -> Self {
        let shape = circuit.shape();
        let system = shape.system();
        let lookups = system.lookups.len();
        let sets = system.permutation.len().div_ceil(shape.degree() - 2);
        Self {
            advice: system.columns.advice,
            permuted: 2 * lookups,
            products: sets + lookups,
            usable: usable_rows(shape.k(), shape.blinding_factors()),
        }
    }

    fn is_permuted(&self, place: usize) -> bool {
        (self.advice..self.advice + self.permuted).contains(&place)
    }

    fn all(&self) -> usize {
        self.advice + self.permuted + self.products
    }
}

/// The library's parameters for one proof.
pub(super) struct Hiding {
    params: Arc<CardParams>,
    plan: Plan,
    /// Columns committed to so far.
    done: AtomicUsize,
    /// The first column that could not be blinded.
    failed: Mutex<Option<HaloGpuError>>,
}

impl Clone for Hiding {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.params), self.plan)
    }
}

impl Hiding {
    pub(super) fn new(params: Arc<CardParams>, plan: Plan) -> Self {
        Self { params, plan, done: AtomicUsize::new(0), failed: Mutex::new(None) }
    }

    /// Whether all columns were committed to, and those that need it blinded.
    pub(super) fn finish(self) -> Result<(), CudaError> {
        if let Some(error) = self.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(CudaError::Blinding(error));
        }
        let (expected, got) = (self.plan.all(), self.done.into_inner());
        if expected != got {
            return Err(CudaError::Unblinded { expected, got });
        }
        Ok(())
    }

    /// Writes random rows under a column. The library's one function that writes
    /// scalars into the middle of a column writes denominators, so that is what
    /// they are here.
    fn blind(&self, column: &Polynomial<Fr, LagrangeCoeff, Device>) -> Result<(), HaloGpuError> {
        let random = |_| GpuAssigned::Rational(Fr::ONE, Fr::random(OsRng));
        let rows: Vec<_> = (self.plan.usable..column.len()).map(random).collect();
        decode_assigned_into_denom_slice_device(&rows, column.device_buf(), self.plan.usable)?;
        Ok(())
    }

    /// A blank of other parameters, for what the library never calls in a proof.
    fn other(params: CardParams) -> Self {
        Self::new(Arc::new(params), Plan::default())
    }
}

impl<'params> Params<'params, G1Affine> for Hiding {
    type MSM = MSMKZG<Bn256>;

    fn k(&self) -> u32 {
        self.params.k()
    }

    fn n(&self) -> u64 {
        self.params.n()
    }

    fn downsize(&mut self, k: u32) {
        let mut params = CardParams::clone(&self.params);
        params.downsize(k);
        *self = Self::other(params);
    }

    fn empty_msm(&'params self) -> Self::MSM {
        self.params.empty_msm()
    }

    fn commit_lagrange(&self, poly: &Polynomial<Fr, LagrangeCoeff>, blind: Blind<Fr>) -> G1 {
        // A column that the card had no room for. It is out of reach here, and so
        // not counted: the proof is refused at its end.
        self.params.commit_lagrange(poly, blind)
    }

    fn commit_lagrange_device(
        &self,
        poly: &Polynomial<Fr, LagrangeCoeff, Device>,
        blind: Blind<Fr>,
    ) -> G1 {
        let place = self.done.fetch_add(1, Ordering::Relaxed);
        if self.plan.is_permuted(place)
            && let Err(error) = self.blind(poly)
        {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert(error);
        }
        self.params.commit_lagrange_device(poly, blind)
    }

    fn warm_device_caches(&self) {
        self.params.warm_device_caches();
    }

    fn write<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.params.write(writer)
    }

    fn read<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        CardParams::read(reader).map(Self::other)
    }
}

impl ParamsVerifier<'_, G1Affine> for Hiding {}

impl<'params> ParamsProver<'params, G1Affine> for Hiding {
    type ParamsVerifier = Self;

    fn new(k: u32) -> Self {
        Self::other(<CardParams as ParamsProver<'_, G1Affine>>::new(k))
    }

    fn commit(&self, poly: &Polynomial<Fr, Coeff>, blind: Blind<Fr>) -> G1 {
        self.params.commit(poly, blind)
    }

    fn commit_device(&self, poly: &Polynomial<Fr, Coeff, Device>, blind: Blind<Fr>) -> G1 {
        self.params.commit_device(poly, blind)
    }

    fn get_g(&self) -> &[G1Affine] {
        self.params.get_g()
    }

    fn verifier_params(&'params self) -> &'params Self {
        self
    }
}

/// KZG with [`Hiding`] parameters.
#[derive(Debug)]
pub(super) enum HidingScheme {}

impl CommitmentScheme for HidingScheme {
    type Scalar = Fr;
    type Curve = G1Affine;
    type ParamsProver = Hiding;
    type ParamsVerifier = Hiding;

    fn new_params(k: u32) -> Hiding {
        <Hiding as ParamsProver<'_, G1Affine>>::new(k)
    }

    fn read_params<R: io::Read>(reader: &mut R) -> io::Result<Hiding> {
        <Hiding as Params<'_, G1Affine>>::read(reader)
    }
}

/// The library's SHPLONK, which takes its own parameters only.
#[derive(Debug)]
pub(super) struct HidingShplonk<'params>(ProverSHPLONK<'params, Bn256>);

impl<'params> Prover<'params, HidingScheme> for HidingShplonk<'params> {
    const QUERY_INSTANCE: bool = <ProverSHPLONK<'params, Bn256> as Prover<
        'params,
        KZGCommitmentScheme<Bn256>,
    >>::QUERY_INSTANCE;

    fn new(params: &'params Hiding) -> Self {
        Self(ProverSHPLONK::new(&params.params))
    }

    fn create_proof<'com, E, T, R, I>(
        &self,
        rng: R,
        transcript: &mut T,
        queries: I,
    ) -> io::Result<()>
    where
        E: EncodedChallenge<G1Affine>,
        T: TranscriptWrite<G1Affine, E>,
        I: IntoIterator<Item = ProverQuery<'com, G1Affine>> + Clone,
        R: RngCore,
    {
        self.0.create_proof(rng, transcript, queries)
    }
}
