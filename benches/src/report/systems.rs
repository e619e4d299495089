//! What is measured of a proof system.

use anyhow::{Result, ensure};
use pasta_curves::Fp;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::{FamilyCircuit, Witness, family_of};
use zkmargin_circuits::{ipa, kzg};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::srs::SrsMark;
use zkmargin_params::srs::{self, DevSrs, KzgParams};
use zkmargin_verifier::bn254;
use zkmargin_verifier::proof::{CircuitId, ProofFile};

/// A proof system, as it is measured.
pub(crate) trait Measured {
    type Field: MarginField;
    const SYSTEM: ProofSystem;
    type Params;
    type Key<C: FamilyCircuit<Self::Field>>;
    type Verifier;

    /// What the circuit of a shape takes.
    fn cost<C: FamilyCircuit<Self::Field>>(shape: Shape) -> Result<Cost>;

    /// Parameters: computed, or insecure ones of a known secret.
    fn params(k: u32) -> Result<Self::Params>;

    fn key<C: FamilyCircuit<Self::Field>>(
        params: &Self::Params,
        shape: Shape,
    ) -> Result<Self::Key<C>>;

    /// The size of a stored key, where keys are stored.
    fn key_bytes<C: FamilyCircuit<Self::Field>>(key: &Self::Key<C>) -> Option<usize>;

    fn prove<C>(
        params: &Self::Params,
        key: &Self::Key<C>,
        instance: &MarginInstance<Self::Field>,
        witness: &Witness<Self::Field, C>,
    ) -> Result<ProofFile<Self::Field>>
    where
        C: FamilyCircuit<Self::Field, Instance = MarginInstance<Self::Field>>;

    fn verifier<C: FamilyCircuit<Self::Field>>(
        params: Self::Params,
        shape: Shape,
    ) -> Result<Self::Verifier>;

    /// Verifies all, or fails.
    fn verify(verifier: &Self::Verifier, files: &[ProofFile<Self::Field>]) -> Result<()>;
}

fn circuit_id<M: Measured, C: FamilyCircuit<M::Field>>(shape: Shape) -> CircuitId {
    let (family, layout) = (family_of::<M::Field, C>(), C::layout());
    CircuitId { family, shape, proof_system: M::SYSTEM, layout }
}

fn all_valid<T, E>(results: Vec<Result<T, E>>, files: usize) -> Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    ensure!(results.len() == files, "not every proof was looked at");
    for result in results {
        result?;
    }
    Ok(())
}

/// The transparent one.
pub(crate) enum Ipa {}

impl Measured for Ipa {
    type Field = Fp;
    const SYSTEM: ProofSystem = ProofSystem::Ipa;
    type Params = ipa::IpaParams;
    type Key<C: FamilyCircuit<Fp>> = ipa::ProvingKey<C>;
    type Verifier = zkmargin_verifier::ipa::Verifier;

    fn cost<C: FamilyCircuit<Fp>>(shape: Shape) -> Result<Cost> {
        Ok(Cost::measure::<C>(shape))
    }

    fn params(k: u32) -> Result<Self::Params> {
        Ok(ipa::IpaParams::new(k))
    }

    fn key<C: FamilyCircuit<Fp>>(params: &Self::Params, shape: Shape) -> Result<Self::Key<C>> {
        Ok(ipa::ProvingKey::build(params, shape)?)
    }

    fn key_bytes<C: FamilyCircuit<Fp>>(_: &Self::Key<C>) -> Option<usize> {
        None
    }

    fn prove<C>(
        params: &Self::Params,
        key: &Self::Key<C>,
        instance: &MarginInstance<Fp>,
        witness: &Witness<Fp, C>,
    ) -> Result<ProofFile<Fp>>
    where
        C: FamilyCircuit<Fp, Instance = MarginInstance<Fp>>,
    {
        let proof = ipa::prove(params, key, instance, witness, UnwrapErr(SysRng))?;
        Ok(ProofFile::new(circuit_id::<Self, C>(key.shape()), *instance, proof)?)
    }

    fn verifier<C: FamilyCircuit<Fp>>(
        params: Self::Params,
        shape: Shape,
    ) -> Result<Self::Verifier> {
        Ok(zkmargin_verifier::ipa::Verifier::new::<C>(params, shape)?)
    }

    fn verify(verifier: &Self::Verifier, files: &[ProofFile<Fp>]) -> Result<()> {
        match files {
            [one] => all_valid(vec![verifier.verify(one)], 1),
            several => all_valid(verifier.verify_batch(several), several.len()),
        }
    }
}

/// The on-chain one, verified by the small verifier.
pub(crate) enum Kzg {}

impl Measured for Kzg {
    type Field = Bn254Fr;
    const SYSTEM: ProofSystem = ProofSystem::Kzg;
    type Params = (KzgParams, SrsMark);
    type Key<C: FamilyCircuit<Bn254Fr>> = kzg::ProvingKey<C>;
    type Verifier = bn254::Verifier;

    fn cost<C: FamilyCircuit<Bn254Fr>>(shape: Shape) -> Result<Cost> {
        Ok(kzg::cost::<C>(shape)?)
    }

    fn params(k: u32) -> Result<Self::Params> {
        let srs = srs::dev(k, 0)?;
        Ok((srs.params(DevSrs::AllowInsecure)?.clone(), srs.mark()))
    }

    fn key<C: FamilyCircuit<Bn254Fr>>(
        (params, _): &Self::Params,
        shape: Shape,
    ) -> Result<Self::Key<C>> {
        Ok(kzg::ProvingKey::build(params, shape)?)
    }

    fn key_bytes<C: FamilyCircuit<Bn254Fr>>(key: &Self::Key<C>) -> Option<usize> {
        Some(key.to_bytes().len())
    }

    fn prove<C>(
        (params, mark): &Self::Params,
        key: &Self::Key<C>,
        instance: &MarginInstance<Bn254Fr>,
        witness: &Witness<Bn254Fr, C>,
    ) -> Result<ProofFile<Bn254Fr>>
    where
        C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>>,
    {
        let proof = kzg::prove(params, key, instance, witness)?;
        Ok(ProofFile::under_srs(circuit_id::<Self, C>(key.shape()), *mark, *instance, proof)?)
    }

    fn verifier<C: FamilyCircuit<Bn254Fr>>(
        (params, _): Self::Params,
        shape: Shape,
    ) -> Result<Self::Verifier> {
        let key = kzg::VerifyingKey::build::<C>(&params, shape)?;
        Ok(bn254::Verifier::new(bn254::export::export(&key, &params, true)?))
    }

    fn verify(verifier: &Self::Verifier, files: &[ProofFile<Bn254Fr>]) -> Result<()> {
        match files {
            [one] => all_valid(vec![verifier.verify(one)], 1),
            several => all_valid(verifier.verify_batch(several), several.len()),
        }
    }
}
