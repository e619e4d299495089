//! The on-chain proof system: KZG over BN254, by lowering.
//!
//! The circuits of this crate over [`Bn254Fr`], proved by `halo2-axiom`:
//! SHPLONK openings and the Keccak transcript that an EVM verifier recomputes.
//! A proof is uncompressed points (64 bytes) and scalars (32 bytes), big-endian.
//!
//! A proof is as sound as the powers of tau under the key: whoever knows tau
//! forges at will.

#[cfg(feature = "cuda")]
pub mod cuda;
mod transcript;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use halo2_axiom::SerdeFormat;
use halo2_axiom::halo2curves::bn256::{Bn256, Fr, G1Affine, G2Affine};
use halo2_axiom::halo2curves::group::GroupEncoding as _;
use halo2_axiom::plonk::{self, Circuit as _, create_proof, keygen_pk, keygen_vk, verify_proof};
use halo2_axiom::poly::commitment::{Params, ParamsProver};
use halo2_axiom::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_axiom::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_axiom::poly::kzg::strategy::SingleStrategy;
use halo2_axiom::transcript::{TranscriptReadBuffer, TranscriptWriterBuffer};
use rand08::rngs::OsRng;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::PublicInputs;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_margin::statement::Statement;

use crate::cost::Cost;
use crate::family::{FamilyCircuit, Unprovable, Witness, family_of, names_of};
use crate::lowering::backend::{BackendCircuit, BackendError, to_axiom};
use crate::lowering::{LowerError, advice, lower};

/// Powers of tau.
pub type KzgParams = ParamsKZG<Bn256>;
type Transcript<S> = transcript::KeccakTranscript<S>;

/// Bytes of a point and of a scalar.
const POINT_BYTES: usize = 64;
const SCALAR_BYTES: usize = 32;
/// Points of SHPLONK.
const OPENING_POINTS: usize = 2;

/// Why keys cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Powers of tau of another size.
    #[error("the {shape} shape needs powers of tau of k = {expected}, not {got}")]
    ParamsSize {
        /// The shape.
        shape: Shape,
        /// The size it needs.
        expected: u32,
        /// The size given.
        got: u32,
    },
    /// The family has no such shape.
    #[error("the {family} family has no {shape} shape: allowed are {}", names_of(*family))]
    NoShape {
        /// The family.
        family: Family,
        /// The shape.
        shape: Shape,
    },
    /// The circuit could not be lowered.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The back end would build another constraint system.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The proving library failed.
    #[error("the key could not be made: {0}")]
    Axiom(#[from] plonk::Error),
}

/// A lowered shape of a family under powers of tau: what keys are made of.
pub struct Setup<C> {
    shape: Shape,
    circuit: BackendCircuit,
    lowered: [u8; 32],
    tau_g2: G2Affine,
    family: PhantomData<fn() -> C>,
}

impl<C: FamilyCircuit<Bn254Fr>> Setup<C> {
    /// Lowers the circuit of a shape.
    ///
    /// # Errors
    /// When the powers of tau are of another size.
    pub fn new(params: &KzgParams, shape: Shape) -> Result<Self, KeyError> {
        let family = family_of::<Bn254Fr, C>();
        if !family.has(shape) {
            return Err(KeyError::NoShape { family, shape });
        }
        let (expected, got) = (C::k(shape), params.k());
        if expected != got {
            return Err(KeyError::ParamsSize { shape, expected, got });
        }
        let circuit = backend::<C>(shape)?;
        let lowered = circuit.shape().digest();
        Ok(Self { shape, circuit, lowered, tau_g2: params.s_g2(), family: PhantomData })
    }

    /// Blake2b-256 of all that keys depend on: version of the circuit, lowered
    /// circuit, secret of the powers of tau. Stored keys are found by it.
    pub fn id(&self) -> [u8; 32] {
        let mut hasher = Blake2b::<U32>::new();
        hasher.update(C::VERSION.to_be_bytes());
        hasher.update(self.lowered);
        hasher.update(self.tau_g2.to_bytes());
        hasher.finalize().into()
    }

    /// Makes the verifying key.
    ///
    /// # Errors
    /// When the proving library fails.
    pub fn verifying_key(&self, params: &KzgParams) -> Result<VerifyingKey, KeyError> {
        Ok(self.verifying(keygen_vk(params, &self.circuit)?))
    }

    /// Makes the proving key.
    ///
    /// # Errors
    /// When the proving library fails.
    pub fn proving_key(&self, params: &KzgParams) -> Result<ProvingKey<C>, KeyError> {
        let key = keygen_pk(params, keygen_vk(params, &self.circuit)?, &self.circuit)?;
        Ok(self.proving(key))
    }

    /// Reads [`VerifyingKey::to_bytes`]; `None` when they are no key of this
    /// circuit. Points are checked to be on the curve, not to be the circuit's:
    /// the bytes must come from a place that is trusted as much as this program.
    pub fn read_verifying_key(&self, mut bytes: &[u8]) -> Option<VerifyingKey> {
        let params = self.circuit.params();
        let key = plonk::VerifyingKey::read::<_, BackendCircuit>(
            &mut bytes,
            SerdeFormat::RawBytes,
            params,
        );
        Some(self.verifying(key.ok()?)).filter(|_| bytes.is_empty())
    }

    /// Reads [`ProvingKey::to_bytes`], with the trust that
    /// [`Setup::read_verifying_key`] asks for.
    pub fn read_proving_key(&self, mut bytes: &[u8]) -> Option<ProvingKey<C>> {
        let params = self.circuit.params();
        let key =
            plonk::ProvingKey::read::<_, BackendCircuit>(&mut bytes, SerdeFormat::RawBytes, params);
        Some(self.proving(key.ok()?)).filter(|_| bytes.is_empty())
    }

    fn verifying(&self, key: plonk::VerifyingKey<G1Affine>) -> VerifyingKey {
        VerifyingKey {
            statement: C::STATEMENT,
            family: family_of::<Bn254Fr, C>(),
            shape: self.shape,
            columns: C::layout(),
            lowered: self.lowered,
            digest: self.key_digest(&key),
            layout: Layout::new(&self.circuit),
            key,
        }
    }

    fn proving(&self, key: plonk::ProvingKey<G1Affine>) -> ProvingKey<C> {
        let digest = self.key_digest(key.get_vk());
        let (shape, circuit) = (self.shape, self.circuit.clone());
        ProvingKey { shape, circuit, key, digest, family: PhantomData }
    }

    fn key_digest(&self, key: &plonk::VerifyingKey<G1Affine>) -> [u8; 32] {
        let mut hasher = Blake2b::<U32>::new();
        hasher.update(self.id());
        for points in [key.fixed_commitments(), key.permutation().commitments()] {
            hasher.update((points.len() as u64).to_be_bytes());
            for point in points {
                hasher.update(point.to_bytes());
            }
        }
        hasher.finalize().into()
    }
}

/// What checks the proofs of a shape of a family.
#[derive(Debug)]
pub struct VerifyingKey {
    statement: Statement,
    family: Family,
    shape: Shape,
    columns: ColumnLayout,
    key: plonk::VerifyingKey<G1Affine>,
    lowered: [u8; 32],
    digest: [u8; 32],
    layout: Layout,
}

impl VerifyingKey {
    /// Makes the key of a shape.
    ///
    /// # Errors
    /// When the powers of tau are of another size.
    pub fn build<C: FamilyCircuit<Bn254Fr>>(
        params: &KzgParams,
        shape: Shape,
    ) -> Result<Self, KeyError> {
        Setup::<C>::new(params, shape)?.verifying_key(params)
    }

    /// The key's bytes, for a store; [`Setup::read_verifying_key`] reads them.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.key.to_bytes(SerdeFormat::RawBytes)
    }

    /// The statement that is proved. The library takes public inputs that a circuit
    /// does not know: whoever verifies must compare.
    pub fn statement(&self) -> Statement {
        self.statement
    }

    /// The family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// How its gates are laid out in columns.
    pub fn columns(&self) -> ColumnLayout {
        self.columns
    }

    /// The key, for `halo2-axiom`.
    pub fn inner(&self) -> &plonk::VerifyingKey<G1Affine> {
        &self.key
    }

    /// Digest of the lowered circuit under the key.
    pub fn lowered_digest(&self) -> [u8; 32] {
        self.lowered
    }

    /// Blake2b-256 of the circuit's version, the lowered circuit, the key's
    /// commitments and the secret of the powers of tau, as `tau` in G2: equal
    /// for everyone who runs the same circuit under the same ceremony.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The exact length of a proof, in bytes.
    pub fn proof_size(&self) -> usize {
        self.layout.proof_size()
    }

    /// The points of a proof of the right length, 64 bytes each.
    pub fn points<'a>(&self, proof: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let opening = proof.len().saturating_sub(OPENING_POINTS * POINT_BYTES);
        let leading = proof.chunks_exact(POINT_BYTES).take(self.layout.leading_points);
        leading.chain(proof[opening..].chunks_exact(POINT_BYTES))
    }

    /// Whether `proof` proves the instance. The caller checks its length
    /// against [`VerifyingKey::proof_size`].
    ///
    /// # Errors
    /// When it does not.
    pub fn verify(
        &self,
        params: &KzgParams,
        instance: &impl PublicInputs<Bn254Fr>,
        proof: &[u8],
    ) -> Result<(), plonk::Error> {
        check(params, &self.key, &axiom_rows(instance), proof)
    }
}

fn check(
    params: &KzgParams,
    key: &plonk::VerifyingKey<G1Affine>,
    rows: &[Fr],
    proof: &[u8],
) -> Result<(), plonk::Error> {
    let mut transcript = <Transcript<_> as TranscriptReadBuffer<_, _, _>>::init(proof);
    verify_proof::<
        KZGCommitmentScheme<Bn256>,
        VerifierSHPLONK<'_, Bn256>,
        _,
        _,
        SingleStrategy<'_, Bn256>,
    >(
        params.verifier_params(),
        key,
        SingleStrategy::new(params.verifier_params()),
        &[&[rows]],
        &mut transcript,
    )
}

/// What makes the proofs of a shape of a family, which its circuit names.
pub struct ProvingKey<C> {
    shape: Shape,
    circuit: BackendCircuit,
    key: plonk::ProvingKey<G1Affine>,
    digest: [u8; 32],
    family: PhantomData<fn() -> C>,
}

impl<C> fmt::Debug for ProvingKey<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvingKey").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<C: FamilyCircuit<Bn254Fr>> ProvingKey<C> {
    /// Makes the key of a shape.
    ///
    /// # Errors
    /// When the powers of tau are of another size.
    pub fn build(params: &KzgParams, shape: Shape) -> Result<Self, KeyError> {
        Setup::<C>::new(params, shape)?.proving_key(params)
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Digest of the verifying key inside; see [`VerifyingKey::digest`].
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The key's bytes, for a store; [`Setup::read_proving_key`] reads them.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.key.to_bytes(SerdeFormat::RawBytes)
    }
}

/// The lowered circuit of a shape.
fn backend<C: FamilyCircuit<Bn254Fr>>(shape: Shape) -> Result<BackendCircuit, KeyError> {
    let lowered = lower(C::k(shape), C::blank(shape).laid())?;
    Ok(BackendCircuit::new(Arc::new(lowered))?)
}

/// Measures a shape of a family, by lowering it.
///
/// # Errors
/// When the circuit cannot be lowered.
pub fn cost<C: FamilyCircuit<Bn254Fr>>(shape: Shape) -> Result<Cost, KeyError> {
    let circuit = backend::<C>(shape)?;
    let lowered = circuit.shape();
    let system = lowered.system();
    Ok(Cost {
        shape,
        positions: C::positions(shape),
        k: lowered.k(),
        rows: lowered.rows(),
        advice_columns: system.columns.advice,
        fixed_columns: lowered.fixed().len(),
        permutation_columns: system.permutation.len(),
        lookups: system.lookups.len(),
        degree: lowered.degree(),
        proof_size: Layout::new(&circuit).proof_size(),
    })
}

/// Why no proof was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The statement is false, or the shape too small.
    #[error(transparent)]
    Unprovable(#[from] Unprovable),
    /// The witness could not be lowered.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The proving library failed.
    #[error("the proof could not be made: {0}")]
    Axiom(#[from] plonk::Error),
    /// The card made none.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Cuda(#[from] cuda::CudaError),
}

/// Proves that the witness satisfies the relation for the instance. The native
/// check runs first.
///
/// # Errors
/// When the statement is false or the portfolio too large for the key's shape.
pub fn prove<C: FamilyCircuit<Bn254Fr>>(
    params: &KzgParams,
    key: &ProvingKey<C>,
    instance: &C::Instance,
    witness: &Witness<Bn254Fr, C>,
) -> Result<Vec<u8>, ProveError> {
    let circuit = C::checked(key.shape(), instance, witness)?;
    prove_circuit(params, key, instance, &circuit)
}

/// Proves a circuit as it is given, satisfied or not: the statement is not
/// checked.
///
/// # Errors
/// When the proving library notices.
pub fn prove_circuit<C: FamilyCircuit<Bn254Fr>>(
    params: &KzgParams,
    key: &ProvingKey<C>,
    instance: &C::Instance,
    circuit: &C,
) -> Result<Vec<u8>, ProveError> {
    let columns = advice(key.circuit.shape(), circuit.laid(), &instance.to_rows())?;
    let rows = axiom_rows(instance);
    let mut transcript = <Transcript<_> as TranscriptWriterBuffer<_, _, _>>::init(Vec::new());
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        params,
        &key.key,
        &[key.circuit.with_advice(columns)],
        &[&[&rows]],
        OsRng,
        &mut transcript,
    )?;
    Ok(transcript.finalize())
}

fn axiom_rows(instance: &impl PublicInputs<Bn254Fr>) -> Vec<Fr> {
    instance.to_rows().iter().map(to_axiom).collect()
}

/// Points and scalars of a proof, counted from the constraint system: the
/// order is that of the PLONK transcript of `halo2`. The two points of SHPLONK
/// stand at its end, the others at its start.
#[derive(Clone, Copy, Debug)]
struct Layout {
    leading_points: usize,
    scalars: usize,
}

impl Layout {
    fn new(circuit: &BackendCircuit) -> Self {
        let shape = circuit.shape();
        let system = shape.system();
        let (lookups, permutation) = (system.lookups.len(), system.permutation.len());
        let chunks = permutation.div_ceil(shape.degree() - 2);
        // Permuted inputs and tables and products, the random polynomial, the
        // quotient's pieces.
        let leading_points =
            system.columns.advice + 3 * lookups + chunks + 1 + (shape.degree() - 1);
        let evaluations = system.advice_queries.len() + system.fixed_queries.len() + 1;
        let scalars = evaluations + permutation + (3 * chunks - 1) + 5 * lookups;
        Self { leading_points, scalars }
    }

    fn proof_size(self) -> usize {
        (self.leading_points + OPENING_POINTS) * POINT_BYTES + self.scalars * SCALAR_BYTES
    }
}
