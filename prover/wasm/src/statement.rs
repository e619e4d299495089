//! A statement of whatever family and proof system, step by step to its proof.

use zkmargin_circuits::family::{FamilyCircuit as _, Witness};
use zkmargin_circuits::gadgets::layout::{Usual, Wide};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::market::{AnyMarketFile, MarketKind, PublishedMarket};
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::{Backend, Device, Ipa, Kzg, Stores, circuit_id};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::proving::{Prepared, Prover};
use zkmargin_prover::venue::{Membership, PathFile, StateFile};
use zkmargin_verifier::proof::CircuitId;

use crate::parameters::Parameters;
use crate::request::{Request, Unprepared};

/// What is told of a statement before it is proved.
pub(crate) struct Ready {
    pub(crate) k: u32,
    pub(crate) proof_system: ProofSystem,
    pub(crate) circuit: CircuitId,
    pub(crate) account: String,
    pub(crate) claim: String,
}

/// A statement on its way to a proof.
pub(crate) trait Steps {
    /// What it says.
    fn said(&self) -> Ready;
    /// Takes parameters of its size.
    fn take_params(&mut self, bytes: &[u8]) -> Result<(), Unprepared>;
    /// Makes them; bytes to keep, if that is worth it.
    fn make_params(&mut self) -> Result<Option<Vec<u8>>, Unprepared>;
    /// Makes the key.
    fn make_key(&mut self) -> Result<(), Unprepared>;
    /// Makes the proof file.
    fn prove(&mut self) -> Result<String, Unprepared>;
}

/// What a statement is about.
pub(crate) struct Inputs<'a> {
    pub(crate) document: &'a PortfolioDocument,
    /// A state file or a path file.
    pub(crate) place: &'a [u8],
    pub(crate) request: &'a Request,
}

/// Reads a statement and checks it natively.
pub(crate) fn open(market: &str, inputs: &Inputs<'_>) -> Result<Box<dyn Steps>, Unprepared> {
    match AnyMarketFile::from_json(market).map_err(Unprepared::Market)? {
        AnyMarketFile::Standard(file) => open_file(&file, inputs),
        AnyMarketFile::Scenario(file) => open_file(&file, inputs),
        AnyMarketFile::Settlement(file) => open_file(&file, inputs),
        // Its smallest circuit is past a browser's patience.
        AnyMarketFile::Simulation(_) => Err(Unprepared::Simulation),
    }
}

fn open_file<K: MarketKind>(
    file: &PublishedMarket<K>,
    inputs: &Inputs<'_>,
) -> Result<Box<dyn Steps>, Unprepared>
where
    K::Market<<Ipa as Backend>::Field>: FamilyMarket<<Ipa as Backend>::Field> + 'static,
    K::Market<<Kzg as Backend>::Field>: FamilyMarket<<Kzg as Backend>::Field> + 'static,
{
    let system = file.proof_system().map_err(Unprepared::Market)?;
    let layout = inputs.request.layout(system)?;
    match system {
        ProofSystem::Ipa => open_in::<Ipa, K>(file, inputs),
        ProofSystem::Kzg if layout == system.usual_layout() => {
            open_in::<Kzg<Usual>, K>(file, inputs)
        }
        ProofSystem::Kzg => open_in::<Kzg<Wide>, K>(file, inputs),
    }
}

fn open_in<B: Parameters, K: MarketKind>(
    file: &PublishedMarket<K>,
    inputs: &Inputs<'_>,
) -> Result<Box<dyn Steps>, Unprepared>
where
    K::Market<B::Field>: FamilyMarket<B::Field> + 'static,
{
    let market = file.market::<B::Field>().map_err(Unprepared::Market)?;
    let account = inputs.document.account;
    let portfolio = market.listings().portfolio(inputs.document).map_err(Unprepared::Portfolio)?;
    let path = membership::<B>(inputs)?;
    let statement = inputs.request.statement()?;
    let prepared = Prepared::new(&market, account, &portfolio, &path, statement)
        .map_err(Unprepared::Proving)?;
    let dev = inputs.request.dev();
    Ok(Box::new(Statement::<B, K::Market<B::Field>> { prepared, dev, params: None, prover: None }))
}

/// The account's path: out of the venue's state, or in a file of its own.
fn membership<B: Parameters>(inputs: &Inputs<'_>) -> Result<Membership<B::Field>, Unprepared> {
    match StateFile::parse(inputs.place) {
        Ok(file) => file.state().and_then(|state| state.path(inputs.document.account)),
        // What is neither is refused as a path, which has fewer fields.
        Err(_) => PathFile::parse(inputs.place).and_then(|file| file.membership()),
    }
    .map_err(Unprepared::Venue)
}

type Circuit<B, M> = <M as FamilyMarket<<B as Backend>::Field>>::CircuitIn<<B as Backend>::Columns>;

struct Statement<B: Parameters, M: FamilyMarket<B::Field>> {
    prepared: Prepared<B::Field, Witness<B::Field, M::Circuit>>,
    dev: DevSrs,
    params: Option<B::Params>,
    prover: Option<Prover<B, Circuit<B, M>>>,
}

impl<B: Parameters, M: FamilyMarket<B::Field>> Statement<B, M> {
    fn k(&self) -> u32 {
        Circuit::<B, M>::k(self.prepared.shape())
    }
}

impl<B: Parameters, M: FamilyMarket<B::Field>> Steps for Statement<B, M> {
    fn said(&self) -> Ready {
        let instance = self.prepared.instance();
        Ready {
            k: self.k(),
            proof_system: B::SYSTEM,
            circuit: circuit_id::<B, Circuit<B, M>>(self.prepared.shape()),
            account: instance.account.to_string(),
            claim: instance.claim.to_string(),
        }
    }

    fn take_params(&mut self, bytes: &[u8]) -> Result<(), Unprepared> {
        self.params = None;
        self.params = Some(B::read(bytes, self.k(), self.dev)?);
        Ok(())
    }

    fn make_params(&mut self) -> Result<Option<Vec<u8>>, Unprepared> {
        let (params, bytes) = B::make(self.k(), self.dev)?;
        self.params = Some(params);
        Ok(bytes)
    }

    fn make_key(&mut self) -> Result<(), Unprepared> {
        let params = self.params.clone().ok_or(Unprepared::Order)?;
        let stores = Stores { cache: None, srs: None, dev: self.dev, device: Device::Cpu };
        let (key, _) = B::proving_key::<Circuit<B, M>>(&params, self.prepared.shape(), &stores)
            .map_err(Unprepared::Setup)?;
        self.prover = Some(Prover::new(params, key));
        Ok(())
    }

    fn prove(&mut self) -> Result<String, Unprepared> {
        let prover = self.prover.as_ref().ok_or(Unprepared::Order)?;
        let file = prover.prove(&self.prepared).map_err(Unprepared::Proving)?;
        Ok(file.to_json())
    }
}
