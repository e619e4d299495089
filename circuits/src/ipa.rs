//! The transparent proof system: IPA over Pasta, no set-up.
//!
//! Circuits over `Fp`, commitments on Vesta, a Blake2b transcript: the prover
//! and verifier of `halo2_proofs` itself. Keys are a pure function of the
//! shape and of the public parameters; `halo2_proofs` cannot store them, so
//! each process makes them once.

use std::fmt;
use std::marker::PhantomData;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use halo2_proofs::plonk::{self, create_proof, keygen_pk, keygen_vk};
use halo2_proofs::poly::commitment::Params;
use halo2_proofs::transcript::{Blake2bWrite, Challenge255};
use pasta_curves::{Fp, vesta};
use rand::rand_core::CryptoRng;
use zkmargin_margin::instance::PublicInputs;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_margin::statement::Statement;

use crate::cost::Cost;
use crate::family::{FamilyCircuit, Unprovable, Witness, family_of, names_of};

/// Public parameters of the transparent proof system: generators hashed to the
/// curve, the same for everyone.
pub type IpaParams = Params<vesta::Affine>;

/// Why keys cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Parameters of another size.
    #[error("the {shape} shape needs parameters of k = {expected}, not {got}")]
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
    /// The circuit could not be laid out.
    #[error("the circuit could not be laid out: {0}")]
    Synthesis(#[from] plonk::Error),
}

/// What checks the proofs of a shape of a family.
#[derive(Debug)]
pub struct VerifyingKey {
    statement: Statement,
    family: Family,
    shape: Shape,
    columns: ColumnLayout,
    version: u16,
    key: plonk::VerifyingKey<vesta::Affine>,
    proof_size: usize,
}

impl VerifyingKey {
    /// Makes the key of a shape.
    ///
    /// # Errors
    /// When the parameters are of another size.
    pub fn build<C: FamilyCircuit<Fp>>(params: &IpaParams, shape: Shape) -> Result<Self, KeyError> {
        check_size::<C>(params, shape)?;
        let key = keygen_vk(params, C::blank(shape).laid())?;
        let (family, version) = (family_of::<Fp, C>(), C::VERSION);
        let proof_size = Cost::measure::<C>(shape).proof_size;
        let (statement, columns) = (C::STATEMENT, C::layout());
        Ok(Self { statement, family, version, shape, columns, key, proof_size })
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

    /// The key, for `halo2_proofs`.
    pub fn inner(&self) -> &plonk::VerifyingKey<vesta::Affine> {
        &self.key
    }

    /// The exact length of a proof, in bytes. `halo2_proofs` does not check
    /// it: a verifier must, or padded proofs pass.
    pub fn proof_size(&self) -> usize {
        self.proof_size
    }

    /// Blake2b-256 of the circuit's version and the pinned form of the key:
    /// equal for everyone who runs the same circuit.
    pub fn digest(&self) -> [u8; 32] {
        key_digest(self.version, &self.key)
    }
}

/// What makes the proofs of a shape of a family, which its circuit names.
pub struct ProvingKey<C> {
    shape: Shape,
    key: plonk::ProvingKey<vesta::Affine>,
    circuit: PhantomData<fn() -> C>,
}

impl<C> fmt::Debug for ProvingKey<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvingKey").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<C: FamilyCircuit<Fp>> ProvingKey<C> {
    /// Makes the key of a shape.
    ///
    /// # Errors
    /// When the parameters are of another size.
    pub fn build(params: &IpaParams, shape: Shape) -> Result<Self, KeyError> {
        check_size::<C>(params, shape)?;
        let circuit = C::blank(shape);
        let key = keygen_pk(params, keygen_vk(params, circuit.laid())?, circuit.laid())?;
        Ok(Self { shape, key, circuit: PhantomData })
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The key, for `halo2_proofs`: it proves whatever it is given, true or not.
    pub fn inner(&self) -> &plonk::ProvingKey<vesta::Affine> {
        &self.key
    }

    /// Digest of the verifying key inside; see [`VerifyingKey::digest`].
    pub fn digest(&self) -> [u8; 32] {
        key_digest(C::VERSION, self.key.get_vk())
    }
}

fn check_size<C: FamilyCircuit<Fp>>(params: &IpaParams, shape: Shape) -> Result<(), KeyError> {
    let family = family_of::<Fp, C>();
    if !family.has(shape) {
        return Err(KeyError::NoShape { family, shape });
    }
    let (expected, got) = (C::k(shape), params.k());
    if expected == got { Ok(()) } else { Err(KeyError::ParamsSize { shape, expected, got }) }
}

fn key_digest(version: u16, key: &plonk::VerifyingKey<vesta::Affine>) -> [u8; 32] {
    let mut hasher = Blake2b::<U32>::new();
    hasher.update(version.to_be_bytes());
    hasher.update(format!("{:?}", key.pinned()).as_bytes());
    hasher.finalize().into()
}

/// Why no proof was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The statement is false, or the shape too small.
    #[error(transparent)]
    Unprovable(#[from] Unprovable),
    /// The proof system failed.
    #[error("the proof could not be made: {0}")]
    Halo2(#[from] plonk::Error),
}

/// Proves that the witness satisfies the relation for the instance.
///
/// The native check runs first, so a false statement costs no proving time and
/// the error names the clause.
///
/// # Errors
/// When the statement is false or the portfolio too large for the key's shape.
pub fn prove<C: FamilyCircuit<Fp>>(
    params: &IpaParams,
    key: &ProvingKey<C>,
    instance: &C::Instance,
    witness: &Witness<Fp, C>,
    rng: impl CryptoRng,
) -> Result<Vec<u8>, ProveError> {
    let circuit = C::checked(key.shape, instance, witness)?;
    let rows = instance.to_rows();
    let mut transcript = Blake2bWrite::<_, _, Challenge255<_>>::init(vec![]);
    let circuits = std::slice::from_ref(circuit.laid());
    create_proof(params, &key.key, circuits, &[&[&rows]], rng, &mut transcript)?;
    Ok(transcript.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ScenarioCircuit;
    use crate::standard::StandardCircuit;

    /// The version is a number that somebody has to think of: a digest is of the circuit
    /// whatever it says.
    #[test]
    fn a_digest_is_of_the_circuit_and_its_version() {
        let k = StandardCircuit::<Fp>::k(Shape::Small).max(ScenarioCircuit::<Fp>::k(Shape::Small));
        let params = IpaParams::new(k);
        let standard = keygen_vk(&params, &StandardCircuit::<Fp>::blank(Shape::Small)).unwrap();
        let scenario = keygen_vk(&params, &ScenarioCircuit::<Fp>::blank(Shape::Small)).unwrap();
        assert_ne!(key_digest(1, &standard), key_digest(1, &scenario));
        assert_ne!(key_digest(1, &standard), key_digest(2, &standard));
    }
}
