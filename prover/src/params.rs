//! Parameters and keys. Parameters come from the cache, or are made on the spot
//! when there is none; keys are made once a process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::ipa::IpaParams;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::shape::Shape;
use zkmargin_params::cache::{CacheError, Origin, ParamsCache, compute_ipa_params};
use zkmargin_prover::proving::Prover;
use zkmargin_verifier::ipa::Verifier;

use crate::cli::Env;
use crate::error::Error;

/// Keys by shape.
type Keys<K> = Mutex<BTreeMap<Shape, Arc<K>>>;

static PROVERS: Keys<Prover> = Mutex::new(BTreeMap::new());
static VERIFIERS: Keys<Verifier> = Mutex::new(BTreeMap::new());

/// The prover of a shape.
pub(crate) fn prover(shape: Shape, env: Env) -> Result<Arc<Prover>, Error> {
    once(&PROVERS, shape, || {
        let params = ipa_params(shape, env)?;
        let stage = format!("proving key, {shape} shape");
        Ok(env.progress.stage(&stage, || Prover::new(params, shape))?)
    })
}

/// The verifier of a shape.
pub(crate) fn verifier(shape: Shape, env: Env) -> Result<Arc<Verifier>, Error> {
    once(&VERIFIERS, shape, || {
        let params = ipa_params(shape, env)?;
        let stage = format!("verifying key, {shape} shape");
        Ok(env.progress.stage(&stage, || Verifier::new::<StandardCircuit<Fp>>(params, shape))?)
    })
}

fn once<K>(
    keys: &Keys<K>,
    shape: Shape,
    make: impl FnOnce() -> Result<K, Error>,
) -> Result<Arc<K>, Error> {
    let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = keys.get(&shape) {
        return Ok(Arc::clone(key));
    }
    let key = Arc::new(make()?);
    keys.insert(shape, Arc::clone(&key));
    Ok(key)
}

/// The parameters of a shape. A cache that does not work costs time and a
/// warning, not the run.
fn ipa_params(shape: Shape, env: Env) -> Result<IpaParams, Error> {
    let k = <StandardCircuit<Fp> as FamilyCircuit<Fp>>::k(shape);
    let (params, origin) =
        env.progress.stage("public parameters", || match ParamsCache::open_default() {
            Ok(cache) => cache.ipa_params_or_compute(k),
            Err(error) => Ok((compute_ipa_params(k)?, Origin::Uncached(error))),
        })?;
    match &origin {
        Origin::Uncached(error) => warn(error, env),
        Origin::Rebuilt(damage) => {
            env.out
                .note(format!("the cached parameters were not used and are made anew: {damage}"));
        }
        _ => env.out.detail(format!("parameters of size 2^{k}: {origin:?}")),
    }
    Ok(params)
}

fn warn(error: &CacheError, env: Env) {
    env.out.note(format!("warning: parameters are not cached: {error}"));
    env.out.note("hint: every run makes them again until the cache works");
}
