//! What a proof takes on this machine, from one that is made for it.
//!
//! All circuits of a proof system and a layout have the same columns and gates, so
//! time and memory grow with the rows: the smallest standard circuit is proved, and
//! its figures scaled by `2^k`. Measured CPU times lie within a fifth of that; memory
//! is less, as part of it does not grow.

use std::fs;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_params::market::MarketFile;
use zkmargin_params::model::AnyModel;
use zkmargin_prover::backend::{Backend, Device, Ipa, Kzg};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::proving::{Prepared, ProvingError, Statement};
use zkmargin_prover::venue::{Entry, State};

use crate::cmd::demo::Example;
use crate::cmd::market::load_model;
use crate::env::Env;
use crate::error::Error;
use crate::input::SrsArgs;
use crate::params;

/// The account that is proved: the bundled example.
const PLACE: &str = "the bundled example";

/// What one proof took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    k: u32,
    /// Seconds until it was there.
    wall: Duration,
    /// Seconds of all cores.
    cpu: Duration,
    /// Most bytes that the process held, where the system tells.
    memory: Option<u64>,
}

impl Sample {
    /// Makes a proof of the smallest circuit, and a second one that is timed.
    pub(super) fn take(
        (system, layout): (ProofSystem, ColumnLayout),
        srs: SrsArgs,
        env: Env,
    ) -> Result<Self, Error> {
        match (system, layout) {
            (ProofSystem::Ipa, _) => take::<Ipa>(srs, env),
            (ProofSystem::Kzg, ColumnLayout::Tall) => take::<Kzg>(srs, env),
            (ProofSystem::Kzg, ColumnLayout::Wide) => take::<Kzg<Wide>>(srs, env),
        }
    }

    /// The same of a circuit of `2^k` rows.
    pub(super) fn scaled(self, k: u32) -> Self {
        let factor = 2f64.powi(k.cast_signed() - self.k.cast_signed());
        let bytes = |bytes: u64| match k >= self.k {
            true => bytes.checked_shl(k - self.k),
            false => Some(bytes >> (self.k - k)),
        };
        Self {
            k,
            wall: self.wall.mul_f64(factor),
            cpu: self.cpu.mul_f64(factor),
            memory: self.memory.and_then(bytes),
        }
    }

    pub(super) fn wall(self) -> f64 {
        self.wall.as_secs_f64()
    }

    pub(super) fn cpu(self) -> f64 {
        self.cpu.as_secs_f64()
    }

    pub(super) fn memory(self) -> Option<u64> {
        self.memory
    }
}

fn take<B: Backend>(srs: SrsArgs, env: Env) -> Result<Sample, Error> {
    type Small<B> = StandardCircuit<<B as Backend>::Field, <B as Backend>::Columns>;
    let failed = |source: ProvingError| Error::Proving { path: PLACE.to_owned(), source };
    let prepared = prepared::<B>()?;
    let prover = params::prover::<B, Small<B>>(Shape::Small, srs.dev(), Device::Cpu, env)?;
    let stage = "two proofs, of which the second is timed";
    env.progress.stage(stage, || {
        prover.prove(&prepared).map_err(failed)?;
        let (wall, cpu) = (Instant::now(), ProcessTime::now());
        prover.prove(&prepared).map_err(failed)?;
        let (wall, cpu) = (wall.elapsed(), cpu.elapsed());
        Ok(Sample { k: Small::<B>::k(Shape::Small), wall, cpu, memory: peak_memory() })
    })
}

type Ready<B> = Prepared<
    <B as Backend>::Field,
    zkmargin_circuits::family::Witness<
        <B as Backend>::Field,
        StandardCircuit<<B as Backend>::Field, <B as Backend>::Columns>,
    >,
>;

/// A true statement of an account with cash alone, in the bundled market: what a proof
/// takes does not depend on the positions.
fn prepared<B: Backend>() -> Result<Ready<B>, Error> {
    let failed = |source: ProvingError| Error::Proving { path: PLACE.to_owned(), source };
    let (example, mut document) = (Example::load()?, Example::other(0));
    let account = document.account;
    let AnyModel::Standard(model) = load_model(Example::MODEL)? else {
        return Err(Error::UnknownModel(Example::MODEL.to_owned()));
    };
    let epoch = Epoch::new(1);
    let (_, market) = MarketFile::build::<B::Field>(&model, &example.recorded(), epoch)
        .map_err(|error| failed(error.into()))?;
    document.ensure_blinding()?;
    let portfolio = FamilyMarket::listings(&market)
        .portfolio(&document)
        .map_err(|source| Error::Portfolio { path: PLACE.to_owned(), source })?;
    let entries = vec![Entry { account, commitment: portfolio.commitment() }];
    let venue = |source| Error::Venue { path: PLACE.to_owned(), source };
    let state = State::build(ContextId::derive("zkmargin-cost", 0, [0; 20]), epoch, entries);
    let path = state.and_then(|state| state.path(account)).map_err(venue)?;
    let claim = Claim::new(Side::AtLeast, Level::MarginCall)
        .map_err(|_| Error::Usage("the example's claim is none"))?;
    let statement = Statement::from(claim);
    let statement = Statement { shape: Some(Shape::Small), ..statement };
    Prepared::new(&market, account, &portfolio, &path, statement).map_err(failed)
}

/// The process's peak resident memory, as Linux counts it.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}
