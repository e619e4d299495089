//! The work of a farm's worker: a proof of a statement.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use zkmargin_margin::ids::Epoch;
use zkmargin_params::market::{AnyMarketFile, MarketFileError};
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::{Backend, Device};
use zkmargin_prover::crypt::{SharedKeys, decrypt};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::venue::PathFile;
use zkmargin_verifier::proof::CircuitId;

use super::worker::{Work, WorkError};
use crate::portfolio::PortfolioError;
use crate::prove::{Wanted, ready};
use crate::provers::Provers;
use crate::statement::proof_row;
use crate::store::{JobRow, ProofRow, Store};

/// Proves the jobs of one circuit under the markets of the store.
pub struct FarmProver<B: Backend, M: FamilyMarket<B::Field>> {
    circuit: CircuitId,
    queues: Vec<String>,
    keys: SharedKeys,
    store: Store,
    runtime: Handle,
    provers: Provers<B, M::CircuitIn<B::Columns>>,
    build: fn(AnyMarketFile) -> Result<Option<M>, MarketFileError>,
    /// The last market: jobs of an epoch come together.
    market: Mutex<BTreeMap<Epoch, Arc<M>>>,
}

impl<B: Backend, M: FamilyMarket<B::Field>> std::fmt::Debug for FarmProver<B, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FarmProver({})", self.circuit)
    }
}

impl<B: Backend, M: FamilyMarket<B::Field>> FarmProver<B, M> {
    /// A prover of a circuit, under these powers of tau and on this device. `build` makes the family's market of a market file, or
    /// says that it is of another family.
    pub fn new(
        circuit: CircuitId,
        keys: SharedKeys,
        store: Store,
        (dev, device): (DevSrs, Device),
        build: fn(AnyMarketFile) -> Result<Option<M>, MarketFileError>,
    ) -> Self {
        Self {
            circuit,
            queues: vec![circuit.to_string()],
            keys,
            store,
            runtime: Handle::current(),
            provers: Provers::new(dev, device),
            build,
            market: Mutex::default(),
        }
    }

    fn market(&self, epoch: Epoch) -> Result<Arc<M>, WorkError> {
        let mut kept = self.market.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(market) = kept.get(&epoch) {
            return Ok(Arc::clone(market));
        }
        let here = |error: &dyn std::fmt::Display| WorkError::Here(error.to_string());
        let text = self.runtime.block_on(self.store.market(epoch)).map_err(|e| here(&e))?;
        let text = text.ok_or_else(|| hopeless("the store has no market of the job's epoch"))?;
        let file = AnyMarketFile::from_json(&text).map_err(hopeless)?;
        let market = (self.build)(file).map_err(hopeless)?;
        let market = Arc::new(market.ok_or_else(|| hopeless("the market is of another family"))?);
        kept.clear();
        kept.insert(epoch, Arc::clone(&market));
        Ok(market)
    }
}

/// What no other worker could do either.
fn hopeless(problem: impl std::fmt::Display) -> WorkError {
    WorkError::Hopeless(problem.to_string())
}

impl<B: Backend, M: FamilyMarket<B::Field> + Send + Sync + 'static> Work for FarmProver<B, M> {
    fn queues(&self) -> &[String] {
        &self.queues
    }

    fn prove(&self, job: &JobRow) -> Result<ProofRow, WorkError> {
        let told = |error: PortfolioError| WorkError::Hopeless(error.told());
        let market = self.market(job.epoch)?;
        // Another worker may have the key that opens it.
        let plain = decrypt(&job.payload, &self.keys.keys())
            .map_err(|error| WorkError::Here(error.to_string()))?;
        let end = plain.iter().position(|byte| *byte == b'\n');
        let (path, document) = plain.split_at(end.ok_or_else(|| hopeless("a damaged job"))? + 1);
        let document = PortfolioDocument::parse(document).map_err(|error| told(error.into()))?;
        let path = PathFile::parse(path)
            .and_then(|file| file.membership())
            .map_err(|error| told(error.into()))?;
        let wanted = Wanted { claim: job.claim, disclose: false, shape: Some(self.circuit.shape) };
        let ready = ready::<B, M>(document, path, &market.listings(), market.as_ref(), wanted)
            .map_err(told)?;
        // What was pushed under this name is what is proved, or nothing.
        if ready.statement != job.statement {
            return Err(hopeless("the job holds another statement than its name says"));
        }
        let prover = self
            .provers
            .of(ready.prepared.shape())
            .map_err(|error| WorkError::Here(error.to_string()))?;
        let file = prover.prove(&ready.prepared).map_err(|error| told(error.into()))?;
        Ok(proof_row(&file))
    }
}
