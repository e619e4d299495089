//! Parameters and keys. They come from the cache and the store of powers of
//! tau, or are made on the spot when there is no cache; what was loaded stays
//! for the life of the process.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use zkmargin_circuits::family::{FamilyCircuit, family_of};
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::simulation::SimulationCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_margin::statement::Statement;
use zkmargin_params::cache::{CacheError, Origin, ParamsCache};
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::{Backend, Device, Kzg, Stores};
use zkmargin_prover::proving::Prover;
use zkmargin_verifier::bn254;
use zkmargin_verifier::proof::CircuitId;

use crate::env::Env;
use crate::error::Error;

/// What a process has loaded: provers by device and verifiers, secure and not.
type Kept =
    BTreeMap<(&'static str, Statement, CircuitId, bool, Device), Arc<dyn Any + Send + Sync>>;

static KEPT: Mutex<Kept> = Mutex::new(BTreeMap::new());

/// The prover of a shape.
pub(crate) fn prover<B, C>(
    shape: Shape,
    dev: DevSrs,
    device: Device,
    env: Env,
) -> Result<Arc<Prover<B, C>>, Error>
where
    B: Backend,
    C: FamilyCircuit<B::Field> + 'static,
{
    once::<B, C, _>("prover", shape, dev, device, || {
        let (params, stores) = params::<B, C>(shape, dev, device, env)?;
        let stage = format!("proving key, {shape} shape");
        let (key, origin) =
            env.progress.stage(&stage, || B::proving_key::<C>(&params, shape, &stores))?;
        tell("the proving key is", origin, env);
        Ok(Prover::new(params, key))
    })
}

/// The verifier of a shape.
pub(crate) fn verifier<B: Backend, C: FamilyCircuit<B::Field> + 'static>(
    shape: Shape,
    dev: DevSrs,
    env: Env,
) -> Result<Arc<B::Verifier>, Error> {
    once::<B, C, _>("verifier", shape, dev, Device::Cpu, || {
        let (params, stores) = params::<B, C>(shape, dev, Device::Cpu, env)?;
        let stage = format!("verifying key, {shape} shape");
        let (verifier, origin) =
            env.progress.stage(&stage, || B::verifier::<C>(params, shape, &stores))?;
        tell("the verifying key is", origin, env);
        Ok(verifier)
    })
}

/// The verifying key of a circuit of the on-chain proof system, as contracts
/// and pages read it.
pub(crate) fn exported_key(
    family: Family,
    shape: Shape,
    dev: DevSrs,
    env: Env,
) -> Result<bn254::VerifyingKey, Error> {
    let verifier = match family {
        Family::Standard => verifier::<Kzg, StandardCircuit<_>>(shape, dev, env),
        Family::Scenario => verifier::<Kzg, ScenarioCircuit<_>>(shape, dev, env),
        Family::Simulation => verifier::<Kzg, SimulationCircuit<_>>(shape, dev, env),
    }?;
    verifier.export().map_err(Error::Export)
}

fn once<B: Backend, C: FamilyCircuit<B::Field>, T: Any + Send + Sync>(
    what: &'static str,
    shape: Shape,
    dev: DevSrs,
    device: Device,
    make: impl FnOnce() -> Result<T, Error>,
) -> Result<Arc<T>, Error> {
    let family = family_of::<B::Field, C>();
    let circuit = CircuitId { family, shape, proof_system: B::SYSTEM };
    let name = (what, C::STATEMENT, circuit, dev == DevSrs::AllowInsecure, device);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept.get(&name).cloned().and_then(|any| any.downcast().ok()) {
        return Ok(found);
    }
    let made = Arc::new(make()?);
    kept.insert(name, Arc::<T>::clone(&made));
    Ok(made)
}

/// The parameters of a shape. A cache that does not work costs time and a
/// warning, not the run.
fn params<B: Backend, C: FamilyCircuit<B::Field>>(
    shape: Shape,
    dev: DevSrs,
    device: Device,
    env: Env,
) -> Result<(B::Params, Stores), Error> {
    let (cache, broken) = match ParamsCache::open_default() {
        Ok(cache) => (Some(cache), None),
        Err(error) => (None, Some(Origin::Uncached(error))),
    };
    let stores = Stores { cache, srs: None, dev, device };
    let (params, origin) =
        env.progress.stage("public parameters", || B::params(C::k(shape), &stores))?;
    tell("parameters are", origin.or(broken), env);
    Ok((params, stores))
}

fn tell(what: &str, origin: Option<Origin>, env: Env) {
    match origin {
        Some(Origin::Uncached(error)) => warn(what, &error, env),
        Some(Origin::Rebuilt(damage)) => {
            env.out.note(format!("{what} made anew, what was cached is not used: {damage}"));
        }
        Some(origin) => env.out.detail(format!("{what} {}", origin_word(&origin))),
        None => {}
    }
}

fn origin_word(origin: &Origin) -> &'static str {
    match origin {
        Origin::Loaded => "loaded from the cache",
        _ => "made, and cached",
    }
}

fn warn(what: &str, error: &CacheError, env: Env) {
    env.out.note(format!("warning: {what} not cached: {error}"));
    env.out.note("hint: every run makes them again until the cache works");
}
