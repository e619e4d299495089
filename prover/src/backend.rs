//! The proof systems behind one interface.
//!
//! What a command does is written once over a [`Backend`]; [`with_backend!`]
//! is the one place where a [`ProofSystem`] becomes a type. A family of margin
//! models is the other axis: everything here takes any [`FamilyCircuit`].
//!
//! [`with_backend!`]: crate::with_backend

use std::fmt::Debug;

use pasta_curves::Fp;
use rand::SeedableRng as _;
use rand::rngs::{StdRng, SysRng};
use zkmargin_circuits::family::{FamilyCircuit, Unprovable, Witness, family_of};
use zkmargin_circuits::{ipa, kzg};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::transition::TransitionInstance;
use zkmargin_params::cache::{CacheError, Origin, ParamsCache, compute_ipa_params};
use zkmargin_params::srs::store::StoreError;
use zkmargin_params::srs::{DevSrs, KzgParams, Srs, SrsError, SrsStore};
use zkmargin_verifier::bn254;
use zkmargin_verifier::engine::VerifiedClaim;
use zkmargin_verifier::proof::{CircuitId, ProofFile, TransitionFile, VerifiedTransition};
use zkmargin_verifier::{MalformedProof, VerifyError};

/// Runs code for the [`Backend`] of a [`ProofSystem`]: the one place that
/// dispatches.
///
/// ```
/// use zkmargin_margin::field::MarginField;
/// use zkmargin_margin::shape::ProofSystem;
/// use zkmargin_prover::backend::Backend;
/// use zkmargin_prover::with_backend;
///
/// let field = with_backend!(ProofSystem::Kzg, B => <B as Backend>::Field::NAME);
/// assert_eq!(field, "bn254-fr");
/// ```
#[macro_export]
macro_rules! with_backend {
    ($system:expr, $backend:ident => $body:expr) => {
        match $system {
            ::zkmargin_margin::shape::ProofSystem::Ipa => {
                type $backend = $crate::backend::Ipa;
                $body
            }
            ::zkmargin_margin::shape::ProofSystem::Kzg => {
                type $backend = $crate::backend::Kzg;
                $body
            }
        }
    };
}

/// Why parameters or keys are not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The cache, for a size that is not supported.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// There is no usable SRS in the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The SRS is insecure.
    #[error(transparent)]
    Srs(#[from] SrsError),
    /// No key of the transparent proof system.
    #[error(transparent)]
    Ipa(#[from] ipa::KeyError),
    /// No key of the on-chain proof system.
    #[error(transparent)]
    Kzg(#[from] kzg::KeyError),
}

/// Why no proof was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The statement is false, or the shape too small.
    #[error(transparent)]
    Unprovable(#[from] Unprovable),
    /// The system has no randomness to give.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    /// The transparent proof system failed.
    #[error(transparent)]
    Ipa(ipa::ProveError),
    /// The on-chain proof system failed.
    #[error(transparent)]
    Kzg(kzg::ProveError),
    /// The proof does not fit a proof file.
    #[error(transparent)]
    File(#[from] MalformedProof),
}

/// Where parameters and keys are kept.
#[derive(Debug)]
pub struct Stores {
    /// What can be made again. Without it everything is made on the spot.
    pub cache: Option<ParamsCache>,
    /// Powers of tau; the user's store when `None`.
    pub srs: Option<SrsStore>,
    /// Whether the insecure powers of tau are wanted.
    pub dev: DevSrs,
}

impl Stores {
    fn srs(&self, k: u32) -> Result<Srs, SetupError> {
        let store = match &self.srs {
            Some(store) => store.clone(),
            None => SrsStore::open_default()?,
        };
        Ok(match self.dev {
            DevSrs::Refuse => store.load(k)?,
            DevSrs::AllowInsecure => store.load_dev(k)?,
        })
    }
}

/// A proof system: its field, parameters, keys and proofs, for every family.
pub trait Backend: Sized + 'static {
    /// The field of commitments, roots and circuits.
    type Field: MarginField;
    /// Its name on the command line and in files.
    const SYSTEM: ProofSystem;
    /// Public parameters of one size.
    type Params: Clone + Debug + Send + Sync;
    /// A key to prove with.
    type ProvingKey<C: FamilyCircuit<Self::Field> + 'static>: Debug + Send + Sync;
    /// A key to verify with.
    type Verifier: Debug + Send + Sync;

    /// The parameters of size `2^k`, and where they came from.
    ///
    /// # Errors
    /// When there are none, or they may not be used.
    fn params(k: u32, stores: &Stores) -> Result<(Self::Params, Option<Origin>), SetupError>;

    /// The proving key of a shape, and where it came from.
    ///
    /// # Errors
    /// When the parameters are of another size than the shape's.
    fn proving_key<C: FamilyCircuit<Self::Field> + 'static>(
        params: &Self::Params,
        shape: Shape,
        stores: &Stores,
    ) -> Result<(Self::ProvingKey<C>, Option<Origin>), SetupError>;

    /// A verifier of the proofs of a shape, and where its key came from.
    ///
    /// # Errors
    /// When the parameters are of another size than the shape's.
    fn verifier<C: FamilyCircuit<Self::Field>>(
        params: Self::Params,
        shape: Shape,
        stores: &Stores,
    ) -> Result<(Self::Verifier, Option<Origin>), SetupError>;

    /// Proves a statement.
    ///
    /// # Errors
    /// When it is false, or the proof system fails.
    fn prove<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        instance: &MarginInstance<Self::Field>,
        witness: &Witness<Self::Field, C>,
    ) -> Result<ProofFile<Self::Field>, BackendError>
    where
        C: FamilyCircuit<Self::Field, Instance = MarginInstance<Self::Field>> + 'static;

    /// Proves a transition.
    ///
    /// # Errors
    /// As [`Backend::prove`].
    fn prove_transition<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        instance: &TransitionInstance<Self::Field>,
        witness: &Witness<Self::Field, C>,
    ) -> Result<TransitionFile<Self::Field>, BackendError>
    where
        C: FamilyCircuit<Self::Field, Instance = TransitionInstance<Self::Field>> + 'static;

    /// Verifies proofs; one result for each, in their order.
    fn verify(
        verifier: &Self::Verifier,
        files: &[ProofFile<Self::Field>],
    ) -> Vec<Result<VerifiedClaim, VerifyError>>;

    /// Verifies a proof of a transition.
    ///
    /// # Errors
    /// When it is not one of the verifier's circuit, or false.
    fn verify_transition(
        verifier: &Self::Verifier,
        file: &TransitionFile<Self::Field>,
    ) -> Result<VerifiedTransition, VerifyError>;
}

/// What a proof of a circuit was made with.
fn circuit_id<B: Backend, C: FamilyCircuit<B::Field>>(shape: Shape) -> CircuitId {
    CircuitId { family: family_of::<B::Field, C>(), shape, proof_system: B::SYSTEM }
}

/// The transparent proof system.
#[derive(Clone, Copy, Debug)]
pub enum Ipa {}

impl Backend for Ipa {
    type Field = Fp;
    const SYSTEM: ProofSystem = ProofSystem::Ipa;
    type Params = ipa::IpaParams;
    type ProvingKey<C: FamilyCircuit<Fp> + 'static> = ipa::ProvingKey<C>;
    type Verifier = zkmargin_verifier::ipa::Verifier;

    fn params(k: u32, stores: &Stores) -> Result<(Self::Params, Option<Origin>), SetupError> {
        Ok(match &stores.cache {
            Some(cache) => {
                let (params, origin) = cache.ipa_params_or_compute(k)?;
                (params, Some(origin))
            }
            None => (compute_ipa_params(k)?, None),
        })
    }

    fn proving_key<C: FamilyCircuit<Fp> + 'static>(
        params: &Self::Params,
        shape: Shape,
        _: &Stores,
    ) -> Result<(Self::ProvingKey<C>, Option<Origin>), SetupError> {
        Ok((ipa::ProvingKey::build(params, shape)?, None))
    }

    fn verifier<C: FamilyCircuit<Fp>>(
        params: Self::Params,
        shape: Shape,
        _: &Stores,
    ) -> Result<(Self::Verifier, Option<Origin>), SetupError> {
        Ok((zkmargin_verifier::ipa::Verifier::new::<C>(params, shape)?, None))
    }

    fn prove<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        instance: &MarginInstance<Fp>,
        witness: &Witness<Fp, C>,
    ) -> Result<ProofFile<Fp>, BackendError>
    where
        C: FamilyCircuit<Fp, Instance = MarginInstance<Fp>> + 'static,
    {
        let proof = prove_ipa(params, key, instance, witness)?;
        Ok(ProofFile::new(circuit_id::<Self, C>(key.shape()), *instance, proof)?)
    }

    fn prove_transition<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        instance: &TransitionInstance<Fp>,
        witness: &Witness<Fp, C>,
    ) -> Result<TransitionFile<Fp>, BackendError>
    where
        C: FamilyCircuit<Fp, Instance = TransitionInstance<Fp>> + 'static,
    {
        let proof = prove_ipa(params, key, instance, witness)?;
        let circuit = circuit_id::<Self, C>(key.shape());
        Ok(TransitionFile::new(circuit, None, *instance, proof)?)
    }

    fn verify_transition(
        verifier: &Self::Verifier,
        file: &TransitionFile<Fp>,
    ) -> Result<VerifiedTransition, VerifyError> {
        verifier.verify_transition(file)
    }

    fn verify(
        verifier: &Self::Verifier,
        files: &[ProofFile<Fp>],
    ) -> Vec<Result<VerifiedClaim, VerifyError>> {
        match files {
            [single] => vec![verifier.verify(single)],
            several => verifier.verify_batch(several),
        }
    }
}

/// A proof of any statement.
fn prove_ipa<C: FamilyCircuit<Fp>>(
    params: &ipa::IpaParams,
    key: &ipa::ProvingKey<C>,
    instance: &C::Instance,
    witness: &Witness<Fp, C>,
) -> Result<Vec<u8>, BackendError> {
    let rng = StdRng::try_from_rng(&mut SysRng).map_err(|_| BackendError::NoRandomness)?;
    ipa::prove(params, key, instance, witness, rng).map_err(|error| match error {
        ipa::ProveError::Unprovable(error) => error.into(),
        error => BackendError::Ipa(error),
    })
}

/// The same under powers of tau.
fn prove_kzg<C: FamilyCircuit<Bn254Fr>>(
    params: &KzgParams,
    key: &kzg::ProvingKey<C>,
    instance: &C::Instance,
    witness: &Witness<Bn254Fr, C>,
) -> Result<Vec<u8>, BackendError> {
    kzg::prove(params, key, instance, witness).map_err(|error| match error {
        kzg::ProveError::Unprovable(error) => error.into(),
        error => BackendError::Kzg(error),
    })
}

/// The on-chain proof system.
#[derive(Clone, Copy, Debug)]
pub enum Kzg {}

/// Powers of tau, and what proofs made under them carry.
#[derive(Clone, Debug)]
pub struct MarkedParams {
    params: KzgParams,
    mark: SrsMark,
}

impl MarkedParams {
    /// Takes the powers of tau out of an SRS.
    ///
    /// # Errors
    /// When it is insecure, and those are refused.
    pub fn new(srs: &Srs, dev: DevSrs) -> Result<Self, SrsError> {
        Ok(Self { params: srs.params(dev)?.clone(), mark: srs.mark() })
    }

    /// What proofs made under them carry.
    pub fn mark(&self) -> SrsMark {
        self.mark
    }
}

impl Backend for Kzg {
    type Field = Bn254Fr;
    const SYSTEM: ProofSystem = ProofSystem::Kzg;
    type Params = MarkedParams;
    type ProvingKey<C: FamilyCircuit<Bn254Fr> + 'static> = kzg::ProvingKey<C>;
    type Verifier = zkmargin_verifier::kzg::Verifier;

    fn params(k: u32, stores: &Stores) -> Result<(Self::Params, Option<Origin>), SetupError> {
        Ok((MarkedParams::new(&stores.srs(k)?, stores.dev)?, None))
    }

    fn proving_key<C: FamilyCircuit<Bn254Fr> + 'static>(
        params: &Self::Params,
        shape: Shape,
        stores: &Stores,
    ) -> Result<(Self::ProvingKey<C>, Option<Origin>), SetupError> {
        let setup = kzg::Setup::<C>::new(&params.params, shape)?;
        let make = || setup.proving_key(&params.params);
        let Some(cache) = &stores.cache else { return Ok((make()?, None)) };
        let read = |bytes: &[u8]| setup.read_proving_key(bytes);
        let bytes = kzg::ProvingKey::to_bytes;
        let (key, origin) = cache.key_or_make("proving", &setup.id(), read, make, bytes)?;
        Ok((key, Some(origin)))
    }

    fn verifier<C: FamilyCircuit<Bn254Fr>>(
        params: Self::Params,
        shape: Shape,
        stores: &Stores,
    ) -> Result<(Self::Verifier, Option<Origin>), SetupError> {
        let MarkedParams { params, mark } = params;
        let setup = kzg::Setup::<C>::new(&params, shape)?;
        let make = || setup.verifying_key(&params);
        let (key, origin) = match &stores.cache {
            None => (make()?, None),
            Some(cache) => {
                let read = |bytes: &[u8]| setup.read_verifying_key(bytes);
                let bytes = kzg::VerifyingKey::to_bytes;
                let found = cache.key_or_make("verifying", &setup.id(), read, make, bytes)?;
                (found.0, Some(found.1))
            }
        };
        Ok((zkmargin_verifier::kzg::Verifier::with_key(params, mark, key), origin))
    }

    fn prove<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        instance: &MarginInstance<Bn254Fr>,
        witness: &Witness<Bn254Fr, C>,
    ) -> Result<ProofFile<Bn254Fr>, BackendError>
    where
        C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>> + 'static,
    {
        let MarkedParams { params, mark } = params;
        let proof = prove_kzg(params, key, instance, witness)?;
        let circuit = circuit_id::<Self, C>(key.shape());
        Ok(ProofFile::under_srs(circuit, *mark, *instance, proof)?)
    }

    fn prove_transition<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        instance: &TransitionInstance<Bn254Fr>,
        witness: &Witness<Bn254Fr, C>,
    ) -> Result<TransitionFile<Bn254Fr>, BackendError>
    where
        C: FamilyCircuit<Bn254Fr, Instance = TransitionInstance<Bn254Fr>> + 'static,
    {
        let MarkedParams { params, mark } = params;
        let proof = prove_kzg(params, key, instance, witness)?;
        let circuit = circuit_id::<Self, C>(key.shape());
        Ok(TransitionFile::new(circuit, Some(*mark), *instance, proof)?)
    }

    fn verify_transition(
        verifier: &Self::Verifier,
        file: &TransitionFile<Bn254Fr>,
    ) -> Result<VerifiedTransition, VerifyError> {
        verifier.verify_transition(file)
    }

    fn verify(
        verifier: &Self::Verifier,
        files: &[ProofFile<Bn254Fr>],
    ) -> Vec<Result<VerifiedClaim, VerifyError>> {
        match files {
            [single] => vec![verifier.verify(single)],
            // Many cost one pairing together, and each has a result of its own.
            several => match verifier.export() {
                Ok(key) => bn254::Verifier::new(key).verify_batch(several),
                Err(_) => verifier.verify_batch(several),
            },
        }
    }
}
