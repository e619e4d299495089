//! Statements about stored accounts, put together and proved.

use std::sync::Arc;

use rayon::prelude::*;
use zkmargin_circuits::family::Witness;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::{AccountId, Memo};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_prover::backend::{Backend, Device, SetupError};
use zkmargin_prover::bulk::{Outcome, for_each};
use zkmargin_prover::crypt::{Keys, SharedKeys};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::portfolio_file::{Listings, PortfolioDocument};
use zkmargin_prover::proving::{Prepared, Prover, ProvingError, Statement};
use zkmargin_prover::venue::{LiveState, Membership};

use crate::portfolio::PortfolioError;
use crate::provers::Provers;
use crate::screen::open_stored;
use crate::statement::{circuit, proof_row, statement};
use crate::store::{Store, StoreError, StoredPortfolio};

/// Statements, with their witnesses, that are in memory at a time.
pub(crate) const PAGE: u32 = 256;

/// What to say of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The claim.
    pub claim: Claim,
    /// Whether a *below* claim tells the shortfall.
    pub disclose: bool,
    /// The shape; the smallest that fits each account when `None`.
    pub shape: Option<Shape>,
}

/// A true statement about an account, with all that proves it.
pub struct Ready<B: Backend, M: FamilyMarket<B::Field>> {
    /// Digest of circuit and public inputs.
    pub statement: String,
    /// The circuit's name.
    pub circuit: String,
    /// The portfolio.
    pub document: PortfolioDocument,
    /// Its membership.
    pub path: Membership<B::Field>,
    /// The statement and its witness.
    pub prepared: Prepared<B::Field, Witness<B::Field, M::Circuit>>,
}

impl<B: Backend, M: FamilyMarket<B::Field>> std::fmt::Debug for Ready<B, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ready({}, ..)", self.circuit)
    }
}

/// Puts a statement together from a portfolio and its path, and checks it natively.
///
/// # Errors
/// When it is false, or the inputs do not fit each other.
pub fn ready<B: Backend, M: FamilyMarket<B::Field>>(
    document: PortfolioDocument,
    path: Membership<B::Field>,
    listings: &Listings,
    market: &M,
    wanted: Wanted,
) -> Result<Ready<B, M>, PortfolioError> {
    let portfolio = listings.portfolio(&document)?;
    let Wanted { claim, disclose, shape } = wanted;
    let said = Statement { claim, disclose, memo: Memo::NONE, shape };
    let prepared = Prepared::new(market, document.account, &portfolio, &path, said)?;
    let circuit = circuit::<B, M::CircuitIn<B::Columns>>(prepared.shape());
    Ok(Ready {
        statement: statement(circuit, prepared.instance()),
        circuit: circuit.to_string(),
        document,
        path,
        prepared,
    })
}

/// What became of an account's statement.
#[derive(Debug)]
pub enum Proved {
    /// It was proved, and is stored.
    New,
    /// It had been proved before.
    Unchanged,
    /// It is not true of the account.
    Untrue,
    /// It could not be said or proved.
    Failed(PortfolioError),
}

impl Proved {
    pub(crate) fn of(error: PortfolioError) -> Self {
        match error {
            PortfolioError::Proving(ProvingError::False {
                violation: Violation::FalseClaim,
                ..
            }) => Self::Untrue,
            error => Self::Failed(error),
        }
    }
}

/// The tree and market that statements are under.
#[derive(Debug)]
pub struct Under<'a, B: Backend, M> {
    /// The tree of the market's epoch.
    pub tree: &'a LiveState<B::Field>,
    /// The market.
    pub market: &'a M,
    /// What portfolios are opened with.
    pub keys: &'a SharedKeys,
}

impl<B: Backend, M: FamilyMarket<B::Field> + Sync> Under<'_, B, M> {
    /// Says the same of stored accounts, with all cores: the statements, in order.
    pub fn ready(
        &self,
        page: &[StoredPortfolio],
        listings: &Listings,
        wanted: Wanted,
    ) -> Vec<Outcome<Ready<B, M>, PortfolioError>>
    where
        Witness<B::Field, M::Circuit>: Send,
    {
        let epoch = self.market.header().epoch;
        let one = |keys: &mut Keys, stored: &StoredPortfolio| {
            let document = open_stored(stored, keys)?;
            let path = self.tree.path(stored.account, epoch)?;
            ready(document, path, listings, self.market, wanted)
        };
        tokio::task::block_in_place(|| for_each(page, true, || self.keys.keys(), one))
    }
}

/// Why nothing could be proved at all.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are no parameters or keys.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// Proves the same of every stored account; `told` hears of each in the order of
/// accounts. A statement that has a proof is not proved again, so that a run that was
/// killed goes on where it was; of what is not true no proof is tried.
///
/// # Errors
/// When the store refuses or keys are missing; what was told is stored.
pub async fn prove<B: Backend, M: FamilyMarket<B::Field> + Sync>(
    store: &Store,
    under: &Under<'_, B, M>,
    provers: &Provers<B, M::CircuitIn<B::Columns>>,
    wanted: Wanted,
    mut told: impl FnMut(AccountId, &Proved),
) -> Result<(), ProveError>
where
    Witness<B::Field, M::Circuit>: Send + Sync,
{
    let listings = under.market.listings();
    let mut after = None;
    loop {
        let page = store.portfolios(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.account);
        let outcomes = under.ready(&page, &listings, wanted);
        let together = together(provers, &outcomes)?;
        let mut rest = page.iter().map(|stored| stored.account).zip(outcomes);
        loop {
            let some: Vec<_> = rest.by_ref().take(together).collect();
            if some.is_empty() {
                break;
            }
            for (account, proved) in several(store, provers, some).await? {
                told(account, &proved);
            }
        }
    }
}

/// Proofs made at once on a card, which is kept busy by what the CPU prepares
/// meanwhile.
const ON_CARD: usize = 32;

/// What became of an account until its proof.
type Checked<B, M> = Outcome<Ready<B, M>, PortfolioError>;

/// A proof to be made: the place of its account, who makes it, and of what.
type Job<B, M> = (usize, Arc<Prover<B, MarketCircuit<B, M>>>, Ready<B, M>);

/// The circuit of a market's family, in the layout of the proof system.
type MarketCircuit<B, M> =
    <M as FamilyMarket<<B as Backend>::Field>>::CircuitIn<<B as Backend>::Columns>;

/// How many proofs to make at once. The processor makes each with all its cores.
fn together<B: Backend, M: FamilyMarket<B::Field>>(
    provers: &Provers<B, M::CircuitIn<B::Columns>>,
    outcomes: &[Checked<B, M>],
) -> Result<usize, SetupError> {
    let ready = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Done(ready) => Some(ready),
        _ => None,
    });
    let (Some(ready), true) = (ready, provers.device() != Device::Cpu) else { return Ok(1) };
    let prover = tokio::task::block_in_place(|| provers.of(ready.prepared.shape()))?;
    Ok(if prover.on_card() { ON_CARD } else { 1 })
}

/// Proves and stores what is not proved yet; what became of each, in order.
async fn several<B: Backend, M: FamilyMarket<B::Field> + Sync>(
    store: &Store,
    provers: &Provers<B, M::CircuitIn<B::Columns>>,
    some: Vec<(AccountId, Checked<B, M>)>,
) -> Result<Vec<(AccountId, Proved)>, ProveError>
where
    Witness<B::Field, M::Circuit>: Send + Sync,
{
    let (mut proved, mut jobs) = (Vec::new(), Vec::new());
    for (account, outcome) in some {
        let is = match outcome {
            Outcome::Done(ready) if store.proof(&ready.statement).await?.is_some() => {
                Proved::Unchanged
            }
            Outcome::Done(ready) => {
                let prover = tokio::task::block_in_place(|| provers.of(ready.prepared.shape()))?;
                jobs.push((proved.len(), prover, ready));
                Proved::New
            }
            Outcome::Failed(error) => Proved::of(error),
            Outcome::NotTried => continue,
        };
        proved.push((account, is));
    }
    let make = |(_, prover, ready): &Job<B, M>| prover.prove(&ready.prepared);
    let made: Vec<_> = tokio::task::block_in_place(|| jobs.par_iter().map(make).collect());
    for ((index, ..), made) in jobs.iter().zip(made) {
        match made {
            Ok(file) => {
                store.put_proof(&proof_row(&file)).await?;
            }
            Err(error) => proved[*index].1 = Proved::of(error.into()),
        }
    }
    Ok(proved)
}
