//! From a circuit to a prover or a verifier.
//!
//! Parameters and keys come from the cache and the store of powers of tau, or are
//! made on the spot when there is no cache; what was loaded stays as long as the
//! [`Setup`].

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use zkmargin_circuits::family::{FamilyCircuit, family_of};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_params::cache::{Origin, ParamsCache};
use zkmargin_params::srs::{DevSrs, SrsStore};
use zkmargin_verifier::proof::CircuitId;

use crate::backend::{Backend, Device, SetupError, Stores};
use crate::proving::Prover;

/// Sees what a [`Setup`] is at, and where things came from.
pub trait Observer {
    /// Runs a stage that may take seconds.
    fn stage<T>(&self, _name: &str, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// Is told where parameters or a key came from; `what` is a subject with its
    /// verb.
    fn origin(&self, _what: &str, _origin: &Origin) {}
}

/// Nobody looks.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// What was loaded: provers by device and verifiers, secure and not.
type Kept =
    BTreeMap<(&'static str, Statement, CircuitId, bool, Device), Arc<dyn Any + Send + Sync>>;

/// Where what can be made again is kept.
#[derive(Debug)]
enum Cache {
    /// Where the user's is, looked for whenever it is needed.
    User,
    /// Nowhere: everything is made on the spot.
    Nowhere,
    /// In a directory.
    At(ParamsCache),
}

/// Makes provers and verifiers, each once.
#[derive(Debug)]
pub struct Setup {
    cache: Cache,
    srs: Option<SrsStore>,
    kept: Mutex<Kept>,
}

impl Setup {
    /// With the user's cache (`ZKMARGIN_CACHE_DIR`) and the user's powers of tau
    /// (`ZKMARGIN_SRS_DIR`). A cache that does not work costs time, not the run.
    pub const fn of_user() -> Self {
        Self { cache: Cache::User, srs: None, kept: Mutex::new(BTreeMap::new()) }
    }

    /// With a cache of the caller's.
    pub const fn with_cache(cache: ParamsCache) -> Self {
        Self { cache: Cache::At(cache), srs: None, kept: Mutex::new(BTreeMap::new()) }
    }

    /// Without a cache: nothing is read or written but powers of tau.
    pub const fn without_cache() -> Self {
        Self { cache: Cache::Nowhere, srs: None, kept: Mutex::new(BTreeMap::new()) }
    }

    /// The same with powers of tau from a store of the caller's.
    pub fn and_srs(self, srs: SrsStore) -> Self {
        Self { srs: Some(srs), ..self }
    }

    /// The prover of a shape, on the processor.
    ///
    /// # Errors
    /// When parameters or keys are not there and cannot be made, or may not be used.
    pub fn prover<B, C>(
        &self,
        shape: Shape,
        dev: DevSrs,
        observer: &impl Observer,
    ) -> Result<Arc<Prover<B, C>>, SetupError>
    where
        B: Backend,
        C: FamilyCircuit<B::Field> + 'static,
    {
        self.prover_on(shape, dev, Device::Cpu, observer)
    }

    /// The prover of a shape, on a device.
    ///
    /// # Errors
    /// As for [`Self::prover`], and when a card is asked for that cannot be used.
    pub fn prover_on<B, C>(
        &self,
        shape: Shape,
        dev: DevSrs,
        device: Device,
        observer: &impl Observer,
    ) -> Result<Arc<Prover<B, C>>, SetupError>
    where
        B: Backend,
        C: FamilyCircuit<B::Field> + 'static,
    {
        self.once::<B, C, _>("prover", shape, dev, device, || {
            let (params, stores) = self.params::<B, C>(shape, dev, device, observer)?;
            let stage = format!("proving key, {shape} shape");
            let (key, origin) =
                observer.stage(&stage, || B::proving_key::<C>(&params, shape, &stores))?;
            tell("the proving key is", origin, observer);
            Ok(Prover::new(params, key))
        })
    }

    /// The verifier of a shape.
    ///
    /// # Errors
    /// As for [`Self::prover`].
    pub fn verifier<B, C>(
        &self,
        shape: Shape,
        dev: DevSrs,
        observer: &impl Observer,
    ) -> Result<Arc<B::Verifier>, SetupError>
    where
        B: Backend,
        C: FamilyCircuit<B::Field> + 'static,
    {
        self.once::<B, C, _>("verifier", shape, dev, Device::Cpu, || {
            let (params, stores) = self.params::<B, C>(shape, dev, Device::Cpu, observer)?;
            let stage = format!("verifying key, {shape} shape");
            let (verifier, origin) =
                observer.stage(&stage, || B::verifier::<C>(params, shape, &stores))?;
            tell("the verifying key is", origin, observer);
            Ok(verifier)
        })
    }

    /// The parameters of a shape.
    fn params<B: Backend, C: FamilyCircuit<B::Field>>(
        &self,
        shape: Shape,
        dev: DevSrs,
        device: Device,
        observer: &impl Observer,
    ) -> Result<(B::Params, Stores), SetupError> {
        let (cache, broken) = match &self.cache {
            Cache::Nowhere => (None, None),
            Cache::At(cache) => (Some(cache.clone()), None),
            Cache::User => match ParamsCache::open_default() {
                Ok(cache) => (Some(cache), None),
                Err(error) => (None, Some(Origin::Uncached(error))),
            },
        };
        let stores = Stores { cache, srs: self.srs.clone(), dev, device };
        let (params, origin) =
            observer.stage("public parameters", || B::params(C::k(shape), &stores))?;
        tell("parameters are", origin.or(broken), observer);
        Ok((params, stores))
    }

    fn once<B: Backend, C: FamilyCircuit<B::Field>, T: Any + Send + Sync>(
        &self,
        what: &'static str,
        shape: Shape,
        dev: DevSrs,
        device: Device,
        make: impl FnOnce() -> Result<T, SetupError>,
    ) -> Result<Arc<T>, SetupError> {
        let (family, layout) = (family_of::<B::Field, C>(), C::layout());
        let circuit = CircuitId { family, shape, proof_system: B::SYSTEM, layout };
        let name = (what, C::STATEMENT, circuit, dev == DevSrs::AllowInsecure, device);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(&name).cloned().and_then(|any| any.downcast().ok()) {
            return Ok(found);
        }
        let made = Arc::new(make()?);
        kept.insert(name, Arc::<T>::clone(&made));
        Ok(made)
    }
}

fn tell(what: &str, origin: Option<Origin>, observer: &impl Observer) {
    if let Some(origin) = origin {
        observer.origin(what, &origin);
    }
}
