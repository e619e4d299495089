//! The same proofs on an NVIDIA card, by `halo2-axiom-gpu`: same keys, same
//! transcript, same verifiers.
//!
//! | step | where | how many at a time |
//! |---|---|---|
//! | native check, recording of the columns | CPU, the caller's thread | as many as callers |
//! | commitments, quotient, openings | card, in [`turn`] | one in a process |
//! | verification of the proof | CPU, the caller's thread | as many as callers |
//!
//! So callers on several threads keep the card busy. That library has zero
//! knowledge switched off; [`hiding`] puts back what it leaves out, and a proof
//! that was not blinded so is refused. No proof leaves unverified: memory of a
//! card may fail, and a proof that is wrong tells nobody why.
//!
//! Memory of the card is not wiped after a proof: whoever shares it is trusted.

mod hiding;
mod turn;

use std::fmt;
use std::sync::Arc;

use halo2_axiom::halo2curves::bn256::Fr;
use halo2_axiom::plonk;
use halo2_axiom::poly::Polynomial;
use halo2_axiom::poly::commitment::Params as _;
use halo2_axiom::transcript::TranscriptWriterBuffer;
use halo2_axiom_gpu::cuda::HaloGpuError;
use halo2_axiom_gpu::cuda::utils::HALO2_GPU_CTX;
use halo2_axiom_gpu::plonk::{GpuError, create_proof_from_advice};
use halo2_axiom_gpu::poly::commitment::Params as _;
use halo2_axiom_gpu::poly::{DevicePolyExt as _, HostPolyExt as _, LagrangeCoeff};
use openvm_cuda_common::error::MemCopyError;
use openvm_cuda_common::stream::GpuDeviceCtx;
use rand08::rngs::OsRng;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::PublicInputs as _;

use self::hiding::{Hiding, HidingScheme, HidingShplonk, Plan};
use super::{KzgParams, ProveError, ProvingKey, Transcript, axiom_rows, check};
use crate::family::{FamilyCircuit, Witness};
use crate::lowering::advice;
use crate::lowering::backend::to_axiom;

/// Below so many rows, as `log2`, the library commits on the CPU, and the CPU's
/// own prover is faster.
pub const SMALLEST_K: u32 = 14;

/// The library's own type of powers of tau.
type CardParams =
    halo2_axiom_gpu::poly::kzg::commitment::ParamsKZG<halo2_axiom::halo2curves::bn256::Bn256>;

/// Why a card made no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CudaError {
    /// No card, or no driver for it.
    #[error("no GPU answers: {0}")]
    NoDevice(openvm_cuda_common::error::CudaError),
    /// The powers of tau could not be handed over.
    #[error("the powers of tau could not be handed to the GPU: {0}")]
    Params(std::io::Error),
    /// The threads that work with the card could not be started.
    #[error("the threads that work with the GPU could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The columns could not be copied to it.
    #[error("the columns could not be copied to the GPU: {0}")]
    Copy(#[from] MemCopyError),
    /// The library failed.
    #[error("the GPU made no proof: {0}")]
    Prove(#[from] GpuError),
    /// The library wrote no random rows under a column.
    #[error("the GPU could not blind a column: {0}")]
    Blinding(HaloGpuError),
    /// It committed to other columns than expected: some may not be hidden.
    #[error(
        "the GPU committed to {got} columns where the circuit has {expected}: the proof might \
         not hide the account, and is thrown away; prove on the CPU"
    )]
    Unblinded {
        /// Columns of a proof of the circuit.
        expected: usize,
        /// Those that were committed to.
        got: usize,
    },
    /// It panicked, as it does when the card is out of memory.
    #[error("the GPU's prover stopped; is its memory full? prove on the CPU, or free some")]
    Stopped,
    /// The proof does not verify.
    #[error("the GPU made a proof that does not verify: its memory or its driver is at fault")]
    Wrong,
}

/// Powers of tau for proofs on a card: copied there once, with the first proof.
#[derive(Clone)]
pub struct CudaParams {
    host: KzgParams,
    card: Arc<CardParams>,
}

impl fmt::Debug for CudaParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CudaParams").field("k", &self.host.k()).finish_non_exhaustive()
    }
}

impl CudaParams {
    /// Hands powers of tau over.
    ///
    /// # Errors
    /// When no card answers.
    pub fn new(params: &KzgParams) -> Result<Self, CudaError> {
        available()?;
        let mut bytes = Vec::new();
        params.write(&mut bytes).map_err(CudaError::Params)?;
        let card = CardParams::read(&mut bytes.as_slice()).map_err(CudaError::Params)?;
        Ok(Self { host: params.clone(), card: Arc::new(card) })
    }
}

/// Whether a card answers.
///
/// # Errors
/// Why none does.
pub fn available() -> Result<(), CudaError> {
    GpuDeviceCtx::for_current_device().map(drop).map_err(CudaError::NoDevice)
}

/// A witness in columns, ready for the card. Secret: it has no form to print.
pub struct Recorded {
    columns: Vec<Vec<Fr>>,
    rows: Vec<Fr>,
}

/// Checks a statement natively and records its columns: what the CPU does
/// before a proof.
///
/// # Errors
/// When the statement is false or the portfolio too large for the key's shape.
pub fn record<C: FamilyCircuit<Bn254Fr>>(
    key: &ProvingKey<C>,
    instance: &C::Instance,
    witness: &Witness<Bn254Fr, C>,
) -> Result<Recorded, ProveError> {
    let circuit = C::checked(key.shape(), instance, witness)?;
    let columns = advice(key.circuit.shape(), circuit.laid(), &instance.to_rows())?;
    let value = |cell: Option<Bn254Fr>| cell.as_ref().map_or(Fr::zero(), to_axiom);
    let column = |cells: Vec<Option<Bn254Fr>>| cells.into_iter().map(value).collect();
    let columns = columns.into_iter().map(column).collect();
    Ok(Recorded { columns, rows: axiom_rows(instance) })
}

/// Proves what was recorded, when the card is free.
///
/// # Errors
/// When the card fails, or what it made does not verify.
pub fn prove_recorded<C: FamilyCircuit<Bn254Fr>>(
    params: &CudaParams,
    key: &ProvingKey<C>,
    recorded: Recorded,
) -> Result<Vec<u8>, ProveError> {
    let Recorded { columns, rows } = recorded;
    let plan = Plan::of(&key.circuit);
    let proof = turn::take(|| on_card(&params.card, &key.key, plan, columns, &rows))??;
    check(&params.host, key.key.get_vk(), &rows, &proof).map_err(|_| CudaError::Wrong)?;
    Ok(proof)
}

/// Proves that the witness satisfies the relation, as [`prove`](super::prove)
/// does on the CPU.
///
/// # Errors
/// As [`record`] and [`prove_recorded`].
pub fn prove<C: FamilyCircuit<Bn254Fr>>(
    params: &CudaParams,
    key: &ProvingKey<C>,
    instance: &C::Instance,
    witness: &Witness<Bn254Fr, C>,
) -> Result<Vec<u8>, ProveError> {
    prove_recorded(params, key, record(key, instance, witness)?)
}

fn on_card(
    params: &Arc<CardParams>,
    key: &plonk::ProvingKey<halo2_axiom::halo2curves::bn256::G1Affine>,
    plan: Plan,
    columns: Vec<Vec<Fr>>,
    rows: &[Fr],
) -> Result<Vec<u8>, CudaError> {
    let copy = |column| {
        let host = Polynomial::<Fr, LagrangeCoeff>::new(column);
        Ok::<_, MemCopyError>(host.to_device_on(&HALO2_GPU_CTX)?.into_device_buf())
    };
    let columns = columns.into_iter().map(copy).collect::<Result<Vec<_>, _>>()?;
    let hiding = Hiding::new(Arc::clone(params), plan);
    let mut transcript = <Transcript<_> as TranscriptWriterBuffer<_, _, _>>::init(Vec::new());
    create_proof_from_advice::<HidingScheme, HidingShplonk<'_>, _, _, _>(
        &hiding,
        key,
        &[rows],
        columns,
        OsRng,
        &mut transcript,
    )?;
    hiding.finish()?;
    Ok(transcript.finalize())
}
