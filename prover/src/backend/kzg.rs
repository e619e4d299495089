//! The on-chain proof system: KZG over BN254, under powers of tau.

use std::marker::PhantomData;

use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::{Columns, Usual, Wide};
use zkmargin_circuits::kzg;
#[cfg(feature = "cuda")]
use zkmargin_circuits::kzg::cuda;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::escrow::EscrowInstance;
use zkmargin_margin::statement::haircut::HaircutInstance;
use zkmargin_margin::statement::netting::{NettingInstance, Venues};
use zkmargin_margin::statement::transition::TransitionInstance;
use zkmargin_margin::statement::venue::VenueInstance;
use zkmargin_params::cache::Origin;
use zkmargin_params::srs::{DevSrs, KzgParams, Srs, SrsError};
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::bn254;
use zkmargin_verifier::engine::VerifiedClaim;
use zkmargin_verifier::proof::Subtree;
use zkmargin_verifier::proof::{
    EscrowFile, HaircutFile, NettingFile, ProofFile, TransitionFile, VenueFile, VerifiedCuts,
    VerifiedEscrow, VerifiedNetting, VerifiedSubtree, VerifiedTransition,
};

use super::{Backend, BackendError, Device, DeviceError, SetupError, Stores, circuit_id};

/// The on-chain proof system, with circuits of a layout.
#[derive(Clone, Copy, Debug)]
pub struct Kzg<L = Usual>(PhantomData<L>);

/// Powers of tau, and what proofs made under them carry.
#[derive(Clone, Debug)]
pub struct MarkedParams {
    params: KzgParams,
    mark: SrsMark,
    /// The same for a card, where proofs are made on one.
    #[cfg(feature = "cuda")]
    card: Option<cuda::CudaParams>,
}

impl MarkedParams {
    /// Takes the powers of tau out of an SRS.
    ///
    /// # Errors
    /// When it is insecure, and those are refused.
    pub fn new(srs: &Srs, dev: DevSrs) -> Result<Self, SrsError> {
        Ok(Self {
            params: srs.params(dev)?.clone(),
            mark: srs.mark(),
            #[cfg(feature = "cuda")]
            card: None,
        })
    }

    /// The same, for proofs that a device makes.
    ///
    /// # Errors
    /// When a card is asked for and none answers, or this build knows none.
    #[cfg(feature = "cuda")]
    pub fn on(mut self, device: Device) -> Result<Self, DeviceError> {
        let large = self.params.k() >= cuda::SMALLEST_K;
        self.card = match device {
            Device::Gpu => Some(cuda::CudaParams::new(&self.params)?),
            Device::Auto if large && cuda::available().is_ok() => {
                Some(cuda::CudaParams::new(&self.params)?)
            }
            Device::Auto | Device::Cpu => None,
        };
        Ok(self)
    }

    /// The same, for proofs that a device makes.
    ///
    /// # Errors
    /// When a card is asked for: this build knows none.
    #[cfg(not(feature = "cuda"))]
    pub fn on(self, device: Device) -> Result<Self, DeviceError> {
        match device {
            Device::Gpu => Err(DeviceError::NotBuilt),
            Device::Cpu | Device::Auto => Ok(self),
        }
    }

    /// What proofs made under them carry.
    pub fn mark(&self) -> SrsMark {
        self.mark
    }
}

impl<L: Columns> Backend for Kzg<L> {
    type Field = Bn254Fr;
    const SYSTEM: ProofSystem = ProofSystem::Kzg;
    type Params = MarkedParams;
    type ProvingKey<C: FamilyCircuit<Bn254Fr> + 'static> = kzg::ProvingKey<C>;
    type Verifier = zkmargin_verifier::kzg::Verifier;
    type Columns = L;
    type Wide = Kzg<Wide>;

    fn params(k: u32, stores: &Stores) -> Result<(Self::Params, Option<Origin>), SetupError> {
        let params = MarkedParams::new(&stores.srs(k)?, stores.dev)?;
        Ok((params.on(stores.device)?, None))
    }

    #[cfg(feature = "cuda")]
    fn on_card(params: &Self::Params) -> bool {
        params.card.is_some()
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
        let MarkedParams { params, mark, .. } = params;
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
        let proof = prove_kzg(params, key, instance, witness)?;
        let circuit = circuit_id::<Self, C>(key.shape());
        Ok(ProofFile::under_srs(circuit, params.mark, *instance, proof)?)
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
        let proof = prove_kzg(params, key, instance, witness)?;
        let circuit = circuit_id::<Self, C>(key.shape());
        Ok(TransitionFile::new(circuit, Some(params.mark), *instance, proof)?)
    }

    fn prove_subtree<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        (subtree, instance, flagged): (Subtree, &VenueInstance<Bn254Fr>, Vec<AccountId>),
        witness: &Witness<Bn254Fr, C>,
    ) -> Result<VenueFile<Bn254Fr>, BackendError>
    where
        C: FamilyCircuit<Bn254Fr, Instance = VenueInstance<Bn254Fr>> + 'static,
    {
        let proof = prove_kzg(params, key, instance, witness)?;
        let made_with = (circuit_id::<Self, C>(key.shape()), Some(params.mark));
        Ok(VenueFile::new(made_with, subtree, (*instance, flagged), proof)?)
    }

    fn verify_venue(
        verifier: &Self::Verifier,
        files: &[VenueFile<Bn254Fr>],
    ) -> Vec<Result<VerifiedSubtree<Bn254Fr>, VerifyError>> {
        match files {
            [_] => verifier.verify_venue(files),
            // Many cost one pairing together, and each has a result of its own.
            several => match verifier.verify_venue_batch(several) {
                Ok(results) => results,
                Err(_) => verifier.verify_venue(several),
            },
        }
    }

    fn prove_cuts<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        (subtree, instance): (Subtree, &HaircutInstance<Bn254Fr>),
        witness: &Witness<Bn254Fr, C>,
    ) -> Result<HaircutFile<Bn254Fr>, BackendError>
    where
        C: FamilyCircuit<Bn254Fr, Instance = HaircutInstance<Bn254Fr>> + 'static,
    {
        let proof = prove_kzg(params, key, instance, witness)?;
        let made_with = (circuit_id::<Self, C>(key.shape()), Some(params.mark));
        Ok(HaircutFile::new(made_with, subtree, *instance, proof)?)
    }

    fn verify_haircut(
        verifier: &Self::Verifier,
        files: &[HaircutFile<Bn254Fr>],
    ) -> Vec<Result<VerifiedCuts<Bn254Fr>, VerifyError>> {
        verifier.verify_haircut(files)
    }

    fn prove_escrow<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        instance: &EscrowInstance<Bn254Fr>,
        witness: &Witness<Bn254Fr, C>,
    ) -> Result<EscrowFile<Bn254Fr>, BackendError>
    where
        C: FamilyCircuit<Bn254Fr, Instance = EscrowInstance<Bn254Fr>> + 'static,
    {
        let proof = prove_kzg(params, key, instance, witness)?;
        let circuit = circuit_id::<Self, C>(key.shape());
        Ok(EscrowFile::new(circuit, Some(params.mark), *instance, proof)?)
    }

    fn verify_escrow(
        verifier: &Self::Verifier,
        file: &EscrowFile<Bn254Fr>,
    ) -> Result<VerifiedEscrow, VerifyError> {
        verifier.verify_escrow(file)
    }

    fn prove_netting<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        (instance, venues): (&NettingInstance<Bn254Fr>, &Venues<Bn254Fr>),
        witness: &Witness<Bn254Fr, C>,
    ) -> Result<NettingFile<Bn254Fr>, BackendError>
    where
        C: FamilyCircuit<Bn254Fr, Instance = NettingInstance<Bn254Fr>> + 'static,
    {
        let proof = prove_kzg(params, key, instance, witness)?;
        let circuit = circuit_id::<Self, C>(key.shape());
        Ok(NettingFile::new(circuit, Some(params.mark), (*instance, venues.clone()), proof)?)
    }

    fn verify_netting(
        verifier: &Self::Verifier,
        file: &NettingFile<Bn254Fr>,
    ) -> Result<VerifiedNetting, VerifyError> {
        verifier.verify_netting(file)
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

/// A proof of any statement.
fn prove_kzg<C: FamilyCircuit<Bn254Fr>>(
    params: &MarkedParams,
    key: &kzg::ProvingKey<C>,
    instance: &C::Instance,
    witness: &Witness<Bn254Fr, C>,
) -> Result<Vec<u8>, BackendError> {
    #[cfg(feature = "cuda")]
    if let Some(card) = &params.card {
        return cuda::prove(card, key, instance, witness).map_err(unproved);
    }
    kzg::prove(&params.params, key, instance, witness).map_err(unproved)
}

fn unproved(error: kzg::ProveError) -> BackendError {
    match error {
        kzg::ProveError::Unprovable(error) => error.into(),
        error => BackendError::Kzg(error),
    }
}
