//! Keys to prove and to verify with, loaded once for a process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::Columns;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::settlement::SettlementCircuit;
use zkmargin_circuits::simulation::{SCENARIOS, SimulationCircuit};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::shape::Shape;
use zkmargin_params::cache::ParamsCache;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::{Backend, Device, SetupError, Stores};
use zkmargin_prover::proving::Prover;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::VerifiedClaim;
use zkmargin_verifier::proof::{CircuitId, Family, ProofFile};

/// The user's stores of parameters and keys. A cache that does not work costs time,
/// not the run.
fn stores(dev: DevSrs, device: Device) -> Stores {
    Stores { cache: ParamsCache::open_default().ok(), srs: None, dev, device }
}

/// Provers of a family, by shape.
#[derive(Debug)]
pub struct Provers<B: Backend, C: FamilyCircuit<B::Field> + 'static> {
    dev: DevSrs,
    device: Device,
    made: Mutex<BTreeMap<Shape, Arc<Prover<B, C>>>>,
}

impl<B: Backend, C: FamilyCircuit<B::Field> + 'static> Provers<B, C> {
    /// None is loaded yet.
    pub fn new(dev: DevSrs, device: Device) -> Self {
        Self { dev, device, made: Mutex::default() }
    }

    /// What computes proofs.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The prover of a shape.
    ///
    /// # Errors
    /// When its parameters or keys are not there.
    pub fn of(&self, shape: Shape) -> Result<Arc<Prover<B, C>>, SetupError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prover) = made.get(&shape) {
            return Ok(Arc::clone(prover));
        }
        let stores = stores(self.dev, self.device);
        let (params, _) = B::params(C::k(shape), &stores)?;
        let (key, _) = B::proving_key::<C>(&params, shape, &stores)?;
        let prover = Arc::new(Prover::new(params, key));
        made.insert(shape, Arc::clone(&prover));
        Ok(prover)
    }
}

/// Why a proof was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It is not valid.
    #[error(transparent)]
    Invalid(#[from] VerifyError),
    /// Nothing here can verify it.
    #[error("the key of the proof's circuit is not there: {0}")]
    Setup(#[from] SetupError),
    /// The same, of the next proof of a circuit.
    #[error("the key of circuit {0} is not there")]
    Unverifiable(CircuitId),
}

/// Verifiers of a proof system, by circuit.
#[derive(Debug)]
pub struct Verifiers<B: Backend> {
    dev: DevSrs,
    made: Mutex<BTreeMap<CircuitId, Arc<B::Verifier>>>,
}

impl<B: Backend> Verifiers<B> {
    /// None is loaded yet.
    pub fn new(dev: DevSrs) -> Self {
        Self { dev, made: Mutex::default() }
    }

    /// Verifies a proof.
    ///
    /// # Errors
    /// When it is not valid, or there is no key to verify it with.
    pub fn check(&self, file: &ProofFile<B::Field>) -> Result<VerifiedClaim, CheckError> {
        let verifier = self.of(file.circuit())?;
        let mut results = B::verify(&verifier, std::slice::from_ref(file)).into_iter();
        Ok(results.next().unwrap_or(Err(VerifyError::Invalid))?)
    }

    /// Verifies proofs, those of a circuit together; one result for each, in their
    /// order.
    pub fn check_all(
        &self,
        files: &[ProofFile<B::Field>],
    ) -> Vec<Result<VerifiedClaim, CheckError>> {
        let mut groups: BTreeMap<CircuitId, Vec<usize>> = BTreeMap::new();
        for (index, file) in files.iter().enumerate() {
            groups.entry(file.circuit()).or_default().push(index);
        }
        let mut results = BTreeMap::new();
        for (circuit, indices) in groups {
            let group: Vec<_> = indices.iter().map(|index| files[*index].clone()).collect();
            match self.of(circuit) {
                Ok(verifier) => {
                    let checked = B::verify(&verifier, &group).into_iter();
                    let checked = checked.map(|result| result.map_err(CheckError::from));
                    results.extend(indices.into_iter().zip(checked));
                }
                // Each is told so, and the first in full.
                Err(error) => {
                    let mut error = Some(CheckError::from(error));
                    let told = |index| {
                        (index, Err(error.take().unwrap_or(CheckError::Unverifiable(circuit))))
                    };
                    results.extend(indices.into_iter().map(told));
                }
            }
        }
        results.into_values().collect()
    }

    fn of(&self, circuit: CircuitId) -> Result<Arc<B::Verifier>, SetupError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verifier) = made.get(&circuit) {
            return Ok(Arc::clone(verifier));
        }
        // A file names no layout that its proof system does not have.
        let verifier = Arc::new(match circuit.layout == B::SYSTEM.usual_layout() {
            true => make::<B, B::Columns>(circuit, self.dev),
            false => make::<B::Wide, <B::Wide as Backend>::Columns>(circuit, self.dev),
        }?);
        made.insert(circuit, Arc::clone(&verifier));
        Ok(verifier)
    }
}

/// The verifier of a circuit in a layout.
fn make<B: Backend, L: Columns>(
    circuit: CircuitId,
    dev: DevSrs,
) -> Result<B::Verifier, SetupError> {
    let shape = circuit.shape;
    match circuit.family {
        Family::Standard => make_of::<B, StandardCircuit<B::Field, L>>(shape, dev),
        Family::Scenario => make_of::<B, ScenarioCircuit<B::Field, L>>(shape, dev),
        Family::Simulation => make_of::<B, SimulationCircuit<B::Field, SCENARIOS, L>>(shape, dev),
        Family::Settlement => make_of::<B, SettlementCircuit<B::Field, L>>(shape, dev),
    }
}

fn make_of<B: Backend, C: FamilyCircuit<B::Field>>(
    shape: Shape,
    dev: DevSrs,
) -> Result<B::Verifier, SetupError> {
    let stores = stores(dev, Device::Cpu);
    let (params, _) = B::params(C::k(shape), &stores)?;
    Ok(B::verifier::<C>(params, shape, &stores)?.0)
}
