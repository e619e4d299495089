//! Parameters and keys, loaded once for the life of the process; what that takes
//! is told on the way.

use std::sync::Arc;

use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::simulation::{SCENARIOS, SimulationCircuit};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_params::cache::Origin;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::{Backend, Device, Kzg};
use zkmargin_prover::proving::Prover;
use zkmargin_prover::setup::{Observer, Setup};
use zkmargin_verifier::bn254;

use crate::env::Env;
use crate::error::Error;

static SETUP: Setup = Setup::of_user();

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
    Ok(SETUP.prover_on(shape, dev, device, &env)?)
}

/// The verifier of a shape.
pub(crate) fn verifier<B: Backend, C: FamilyCircuit<B::Field> + 'static>(
    shape: Shape,
    dev: DevSrs,
    env: Env,
) -> Result<Arc<B::Verifier>, Error> {
    Ok(SETUP.verifier::<B, C>(shape, dev, &env)?)
}

/// The verifying key of a circuit of the on-chain proof system, as contracts
/// and pages read it.
pub(crate) fn exported_key(
    (family, shape, layout): (Family, Shape, ColumnLayout),
    dev: DevSrs,
    env: Env,
) -> Result<bn254::VerifyingKey, Error> {
    let verifier = match layout {
        ColumnLayout::Tall => margin_verifier::<Kzg>(family, shape, dev, env),
        ColumnLayout::Wide => margin_verifier::<Kzg<Wide>>(family, shape, dev, env),
    }?;
    verifier.export().map_err(Error::Export)
}

/// The verifier of the margin proofs of a family, in the layout of the proof system.
pub(crate) fn margin_verifier<B: Backend>(
    family: Family,
    shape: Shape,
    dev: DevSrs,
    env: Env,
) -> Result<Arc<B::Verifier>, Error> {
    type Simulated<F, L> = SimulationCircuit<F, SCENARIOS, L>;
    match family {
        Family::Standard => verifier::<B, StandardCircuit<B::Field, B::Columns>>(shape, dev, env),
        Family::Scenario => verifier::<B, ScenarioCircuit<B::Field, B::Columns>>(shape, dev, env),
        Family::Simulation => verifier::<B, Simulated<B::Field, B::Columns>>(shape, dev, env),
    }
}

impl Observer for Env {
    fn stage<T>(&self, name: &str, work: impl FnOnce() -> T) -> T {
        self.progress.stage(name, work)
    }

    /// A cache that does not work costs time and a warning, not the run.
    fn origin(&self, what: &str, origin: &Origin) {
        match origin {
            Origin::Uncached(error) => {
                self.out.note(format!("warning: {what} not cached: {error}"));
                self.out.note("hint: every run makes them again until the cache works");
            }
            Origin::Rebuilt(damage) => {
                self.out.note(format!("{what} made anew, what was cached is not used: {damage}"));
            }
            Origin::Loaded => self.out.detail(format!("{what} loaded from the cache")),
            _ => self.out.detail(format!("{what} made, and cached")),
        }
    }
}
