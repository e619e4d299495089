//! Parameters and keys, loaded once for the life of the process; what that takes
//! is told on the way.

use std::marker::PhantomData;
use std::sync::Arc;

use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_margin::statement::Statement;
use zkmargin_params::cache::Origin;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::{Backend, Device, Kzg};
use zkmargin_prover::proving::Prover;
use zkmargin_prover::setup::{Observer, Setup};
use zkmargin_verifier::{bn254, kzg};

use crate::circuit::{OnCircuit, on_circuit};
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

/// The prover of a shape, gone with its last user: of who is done with one shape before
/// the next, and need not hold the keys of both.
pub(crate) fn passing_prover<B, C>(
    shape: Shape,
    dev: DevSrs,
    device: Device,
    env: Env,
) -> Result<Arc<Prover<B, C>>, Error>
where
    B: Backend,
    C: FamilyCircuit<B::Field> + 'static,
{
    Ok(Setup::of_user().prover_on(shape, dev, device, &env)?)
}

/// The verifier of a shape.
pub(crate) fn verifier<B: Backend, C: FamilyCircuit<B::Field> + 'static>(
    shape: Shape,
    dev: DevSrs,
    env: Env,
) -> Result<Arc<B::Verifier>, Error> {
    Ok(SETUP.verifier::<B, C>(shape, dev, &env)?)
}

/// The verifying key of the margin proofs of a circuit of the on-chain proof system, as
/// contracts and pages read it.
pub(crate) fn exported_key(
    circuit: (Family, Shape, ColumnLayout),
    dev: DevSrs,
    env: Env,
) -> Result<bn254::VerifyingKey, Error> {
    on_chain(Statement::Margin, circuit, dev, env)?.export().map_err(Error::Export)
}

/// The same of any statement, which the key does not say.
#[cfg(feature = "chain")]
pub(crate) fn exported_key_of(
    statement: Statement,
    circuit: (Family, Shape, ColumnLayout),
    dev: DevSrs,
    env: Env,
) -> Result<bn254::VerifyingKey, Error> {
    on_chain(statement, circuit, dev, env)?.export_any().map_err(Error::Export)
}

fn on_chain(
    statement: Statement,
    (family, shape, layout): (Family, Shape, ColumnLayout),
    dev: DevSrs,
    env: Env,
) -> Result<Arc<kzg::Verifier>, Error> {
    let of = (statement, family, shape);
    match layout {
        ColumnLayout::Tall => verifier_of::<Kzg>(of, dev, env),
        ColumnLayout::Wide => verifier_of::<Kzg<Wide>>(of, dev, env),
    }
}

/// The verifier of a statement's proofs in a family, in the layout of the proof system.
pub(crate) fn verifier_of<B: Backend>(
    (statement, family, shape): (Statement, Family, Shape),
    dev: DevSrs,
    env: Env,
) -> Result<Arc<B::Verifier>, Error> {
    let wanted = WantedVerifier::<B> { shape, dev, env, backend: PhantomData };
    on_circuit::<B::Field, B::Columns, _>(statement, family, wanted)
}

struct WantedVerifier<B> {
    shape: Shape,
    dev: DevSrs,
    env: Env,
    backend: PhantomData<B>,
}

impl<B: Backend> OnCircuit<B::Field> for WantedVerifier<B> {
    type Output = Result<Arc<B::Verifier>, Error>;

    fn on<C: FamilyCircuit<B::Field> + 'static>(self) -> Self::Output {
        verifier::<B, C>(self.shape, self.dev, self.env)
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
