//! The transparent proof system: inner-product arguments over the Pasta curves.

use pasta_curves::Fp;
use rand::SeedableRng as _;
use rand::rngs::{StdRng, SysRng};
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::Usual;
use zkmargin_circuits::ipa;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::statement::escrow::EscrowInstance;
use zkmargin_margin::statement::haircut::HaircutInstance;
use zkmargin_margin::statement::netting::{NettingInstance, Venues};
use zkmargin_margin::statement::transition::TransitionInstance;
use zkmargin_margin::statement::venue::VenueInstance;
use zkmargin_params::cache::{Origin, compute_ipa_params};
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::VerifiedClaim;
use zkmargin_verifier::proof::Subtree;
use zkmargin_verifier::proof::{
    EscrowFile, HaircutFile, NettingFile, ProofFile, TransitionFile, VenueFile, VerifiedCuts,
    VerifiedEscrow, VerifiedNetting, VerifiedSubtree, VerifiedTransition,
};

use super::{Backend, BackendError, Device, DeviceError, SetupError, Stores, circuit_id};

/// The transparent proof system.
#[derive(Clone, Copy, Debug)]
pub enum Ipa {}

impl Backend for Ipa {
    type Field = Fp;
    const SYSTEM: ProofSystem = ProofSystem::Ipa;
    type Params = ipa::IpaParams;
    type ProvingKey<C: FamilyCircuit<Fp> + 'static> = ipa::ProvingKey<C>;
    type Verifier = zkmargin_verifier::ipa::Verifier;
    type Columns = Usual;
    type Wide = Self;

    fn params(k: u32, stores: &Stores) -> Result<(Self::Params, Option<Origin>), SetupError> {
        if stores.device == Device::Gpu {
            return Err(DeviceError::ProofSystem(Self::SYSTEM).into());
        }
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

    fn prove_subtree<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        (subtree, instance, flagged): (Subtree, &VenueInstance<Fp>, Vec<AccountId>),
        witness: &Witness<Fp, C>,
    ) -> Result<VenueFile<Fp>, BackendError>
    where
        C: FamilyCircuit<Fp, Instance = VenueInstance<Fp>> + 'static,
    {
        let proof = prove_ipa(params, key, instance, witness)?;
        let made_with = (circuit_id::<Self, C>(key.shape()), None);
        Ok(VenueFile::new(made_with, subtree, (*instance, flagged), proof)?)
    }

    fn verify_venue(
        verifier: &Self::Verifier,
        files: &[VenueFile<Fp>],
    ) -> Vec<Result<VerifiedSubtree<Fp>, VerifyError>> {
        verifier.verify_venue(files)
    }

    fn prove_cuts<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        (subtree, instance): (Subtree, &HaircutInstance<Fp>),
        witness: &Witness<Fp, C>,
    ) -> Result<HaircutFile<Fp>, BackendError>
    where
        C: FamilyCircuit<Fp, Instance = HaircutInstance<Fp>> + 'static,
    {
        let proof = prove_ipa(params, key, instance, witness)?;
        let made_with = (circuit_id::<Self, C>(key.shape()), None);
        Ok(HaircutFile::new(made_with, subtree, *instance, proof)?)
    }

    fn verify_haircut(
        verifier: &Self::Verifier,
        files: &[HaircutFile<Fp>],
    ) -> Vec<Result<VerifiedCuts<Fp>, VerifyError>> {
        verifier.verify_haircut(files)
    }

    fn prove_escrow<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        instance: &EscrowInstance<Fp>,
        witness: &Witness<Fp, C>,
    ) -> Result<EscrowFile<Fp>, BackendError>
    where
        C: FamilyCircuit<Fp, Instance = EscrowInstance<Fp>> + 'static,
    {
        let proof = prove_ipa(params, key, instance, witness)?;
        let circuit = circuit_id::<Self, C>(key.shape());
        Ok(EscrowFile::new(circuit, None, *instance, proof)?)
    }

    fn verify_escrow(
        verifier: &Self::Verifier,
        file: &EscrowFile<Fp>,
    ) -> Result<VerifiedEscrow, VerifyError> {
        verifier.verify_escrow(file)
    }

    fn prove_netting<C>(
        params: &Self::Params,
        key: &Self::ProvingKey<C>,
        (instance, venues): (&NettingInstance<Fp>, &Venues<Fp>),
        witness: &Witness<Fp, C>,
    ) -> Result<NettingFile<Fp>, BackendError>
    where
        C: FamilyCircuit<Fp, Instance = NettingInstance<Fp>> + 'static,
    {
        let proof = prove_ipa(params, key, instance, witness)?;
        let circuit = circuit_id::<Self, C>(key.shape());
        Ok(NettingFile::new(circuit, None, (*instance, venues.clone()), proof)?)
    }

    fn verify_netting(
        verifier: &Self::Verifier,
        file: &NettingFile<Fp>,
    ) -> Result<VerifiedNetting, VerifyError> {
        verifier.verify_netting(file)
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
