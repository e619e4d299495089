//! The proof systems behind one interface.
//!
//! What a command does is written once over a [`Backend`]; [`with_backend!`]
//! is the one place where a [`ProofSystem`] becomes a type. A family of margin
//! models is the other axis: everything here takes any [`FamilyCircuit`].
//!
//! [`with_backend!`]: crate::with_backend

mod device;
mod ipa;
mod kzg;

use std::fmt::Debug;

use zkmargin_circuits::family::{FamilyCircuit, Unprovable, Witness, family_of};
use zkmargin_circuits::gadgets::layout::Columns;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::statement::escrow::EscrowInstance;
use zkmargin_margin::statement::haircut::HaircutInstance;
use zkmargin_margin::statement::netting::{NettingInstance, Venues};
use zkmargin_margin::statement::transition::TransitionInstance;
use zkmargin_margin::statement::venue::VenueInstance;
use zkmargin_params::cache::{CacheError, Origin, ParamsCache};
use zkmargin_params::srs::store::StoreError;
use zkmargin_params::srs::{DevSrs, Srs, SrsError, SrsStore};
use zkmargin_verifier::engine::VerifiedClaim;
use zkmargin_verifier::proof::Subtree;
use zkmargin_verifier::proof::{
    CircuitId, EscrowFile, HaircutFile, NettingFile, ProofFile, TransitionFile, VenueFile,
    VerifiedCuts, VerifiedEscrow, VerifiedNetting, VerifiedSubtree, VerifiedTransition,
};
use zkmargin_verifier::{MalformedProof, VerifyError};

use crate::escrow::EscrowGroup;

pub use device::{Device, DeviceError, NoDevice};
pub use ipa::Ipa;
pub use kzg::{Kzg, MarkedParams};

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
    /// The card that was asked for is not used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// No key of the transparent proof system.
    #[error(transparent)]
    Ipa(#[from] zkmargin_circuits::ipa::KeyError),
    /// No key of the on-chain proof system.
    #[error(transparent)]
    Kzg(#[from] zkmargin_circuits::kzg::KeyError),
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
    Ipa(zkmargin_circuits::ipa::ProveError),
    /// The on-chain proof system failed.
    #[error(transparent)]
    Kzg(zkmargin_circuits::kzg::ProveError),
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
    /// What computes proofs under the parameters.
    pub device: Device,
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
    type Field: EscrowGroup;
    /// Its name on the command line and in files.
    const SYSTEM: ProofSystem;
    /// Public parameters of one size.
    type Params: Clone + Debug + Send + Sync;
    /// A key to prove with.
    type ProvingKey<C: FamilyCircuit<Self::Field> + 'static>: Debug + Send + Sync;
    /// A key to verify with.
    type Verifier: Debug + Send + Sync;
    /// How its circuits' gates are laid out in columns.
    type Columns: Columns;
    /// The same proof system with wide circuits.
    type Wide: Backend<Field = Self::Field, Params = Self::Params, Verifier = Self::Verifier>;

    /// The parameters of size `2^k`, and where they came from.
    ///
    /// # Errors
    /// When there are none, or they may not be used.
    fn params(k: u32, stores: &Stores) -> Result<(Self::Params, Option<Origin>), SetupError>;

    /// Whether proofs under the parameters are made on a card, which is kept busy by
    /// more than one thread that proves.
    fn on_card(_: &Self::Params) -> bool {
        false
    }

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

    /// Proves a subtree of a venue, of which these accounts are flagged.
    ///
    /// # Errors
    /// As [`Backend::prove`].
    fn prove_subtree<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        statement: (Subtree, &VenueInstance<Self::Field>, Vec<AccountId>),
        witness: &Witness<Self::Field, C>,
    ) -> Result<VenueFile<Self::Field>, BackendError>
    where
        C: FamilyCircuit<Self::Field, Instance = VenueInstance<Self::Field>> + 'static;

    /// Proves a subtree of a haircut.
    ///
    /// # Errors
    /// As [`Backend::prove`].
    fn prove_cuts<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        statement: (Subtree, &HaircutInstance<Self::Field>),
        witness: &Witness<Self::Field, C>,
    ) -> Result<HaircutFile<Self::Field>, BackendError>
    where
        C: FamilyCircuit<Self::Field, Instance = HaircutInstance<Self::Field>> + 'static;

    /// Proves an account's margin with an escrow.
    ///
    /// # Errors
    /// As [`Backend::prove`].
    fn prove_escrow<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        instance: &EscrowInstance<Self::Field>,
        witness: &Witness<Self::Field, C>,
    ) -> Result<EscrowFile<Self::Field>, BackendError>
    where
        C: FamilyCircuit<Self::Field, Instance = EscrowInstance<Self::Field>> + 'static;

    /// Proves what an account holds at several venues, which the list names.
    ///
    /// # Errors
    /// As [`Backend::prove`].
    fn prove_netting<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        statement: (&NettingInstance<Self::Field>, &Venues<Self::Field>),
        witness: &Witness<Self::Field, C>,
    ) -> Result<NettingFile<Self::Field>, BackendError>
    where
        C: FamilyCircuit<Self::Field, Instance = NettingInstance<Self::Field>> + 'static;

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

    /// Verifies proofs of a venue's subtrees; one result for each, in their order.
    fn verify_venue(
        verifier: &Self::Verifier,
        files: &[VenueFile<Self::Field>],
    ) -> Vec<Result<VerifiedSubtree<Self::Field>, VerifyError>>;

    /// Verifies proofs of a haircut's subtrees; one result for each, in their order.
    fn verify_haircut(
        verifier: &Self::Verifier,
        files: &[HaircutFile<Self::Field>],
    ) -> Vec<Result<VerifiedCuts<Self::Field>, VerifyError>>;

    /// Verifies a margin proof with an escrow.
    ///
    /// # Errors
    /// When it is not one of the verifier's circuit, or false.
    fn verify_escrow(
        verifier: &Self::Verifier,
        file: &EscrowFile<Self::Field>,
    ) -> Result<VerifiedEscrow, VerifyError>;

    /// Verifies a proof over several venues.
    ///
    /// # Errors
    /// When it is not one of the verifier's circuit, or false.
    fn verify_netting(
        verifier: &Self::Verifier,
        file: &NettingFile<Self::Field>,
    ) -> Result<VerifiedNetting, VerifyError>;
}

/// What a proof of a circuit was made with.
pub fn circuit_id<B: Backend, C: FamilyCircuit<B::Field>>(shape: Shape) -> CircuitId {
    let (family, layout) = (family_of::<B::Field, C>(), C::layout());
    CircuitId { family, shape, proof_system: B::SYSTEM, layout }
}
