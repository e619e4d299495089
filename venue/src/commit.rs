//! Commitments in bulk: encrypted portfolios become accounts of the store.

use std::collections::BTreeMap;

use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::bulk::{Outcome, for_each};
use zkmargin_prover::crypt::{Keys, SharedKeys};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::Listings;
use zkmargin_prover::venue::FieldHex;

use crate::keys::IMPORTED;
use crate::portfolio::{self, PortfolioError};
use crate::store::{NewAccount, Store, StoreError, Stored};

/// Portfolios of one transaction: what a kill can undo.
const CHUNK: usize = 500;

/// What became of a portfolio's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It was committed to.
    New(AccountId),
    /// The very same file was committed to before, in the same lots.
    Unchanged(AccountId),
}

/// One file's outcome.
pub type FileOutcome = Outcome<Committed, PortfolioError>;

/// Work that a market and keys are needed for.
struct Work<'a, M> {
    market: &'a M,
    listings: Listings,
    lots: String,
    known: BTreeMap<String, Stored>,
}

/// A file read and committed to, or found in the store.
enum Read {
    New(Box<NewAccount>),
    Unchanged(AccountId),
}

/// Commits to the portfolios in files and stores them, some hundreds a
/// transaction; `told` hears of each as soon as it is stored. Files that are stored
/// already are not opened again, so that a run that was killed goes on where it was.
/// With `keep_going` a file that is refused stops no other.
///
/// # Errors
/// When the store refuses; what was told is stored.
pub async fn commit<F: MarginField, M: FamilyMarket<F> + Sync>(
    store: &Store,
    sources: &[Source],
    market: &M,
    keys: &SharedKeys,
    keep_going: bool,
    mut told: impl FnMut(&Source, &FileOutcome),
) -> Result<(), StoreError> {
    let listings = market.listings();
    let lots = portfolio::lots_digest(&listings);
    let work = Work { market, listings, lots, known: store.sources().await? };
    let mut seen: BTreeMap<AccountId, usize> = BTreeMap::new();
    let mut stopped = false;
    for chunk in sources.chunks(CHUNK) {
        if stopped {
            chunk.iter().for_each(|source| told(source, &Outcome::NotTried));
            continue;
        }
        let read = tokio::task::block_in_place(|| {
            for_each(chunk, keep_going, || keys.keys(), |keys, source| work.read::<F>(source, keys))
        });
        let mut accounts = Vec::new();
        let outcomes: Vec<FileOutcome> =
            read.into_iter().map(|outcome| settle(outcome, &mut seen, &mut accounts)).collect();
        store.put_accounts(&accounts).await?;
        stopped = !keep_going && outcomes.iter().any(|outcome| outcome.error().is_some());
        for (source, outcome) in chunk.iter().zip(&outcomes) {
            told(source, outcome);
        }
    }
    Ok(())
}

/// An account may be in one file: which of two counts, nobody knows.
fn settle(
    outcome: Outcome<Read, PortfolioError>,
    seen: &mut BTreeMap<AccountId, usize>,
    accounts: &mut Vec<NewAccount>,
) -> FileOutcome {
    let read = match outcome {
        Outcome::Done(read) => read,
        Outcome::Failed(error) => return Outcome::Failed(error),
        Outcome::NotTried => return Outcome::NotTried,
    };
    let account = match &read {
        Read::New(new) => new.account,
        Read::Unchanged(account) => *account,
    };
    let times = seen.entry(account).or_default();
    *times += 1;
    if *times > 1 {
        return Outcome::Failed(PortfolioError::Twice(account));
    }
    Outcome::Done(match read {
        Read::New(new) => {
            accounts.push(*new);
            Committed::New(account)
        }
        Read::Unchanged(_) => Committed::Unchanged(account),
    })
}

impl<M> Work<'_, M> {
    fn read<F: MarginField>(&self, source: &Source, keys: &Keys) -> Result<Read, PortfolioError>
    where
        M: FamilyMarket<F>,
    {
        let file = source.read_secret()?;
        let digest = portfolio::digest(&file);
        if let Some(stored) = self.known.get(&digest)
            && stored.lots == self.lots
        {
            return Ok(Read::Unchanged(stored.account));
        }
        let document = portfolio::open(&file, keys)?;
        let portfolio = portfolio::read(&document, &self.listings, self.market)?;
        Ok(Read::New(Box::new(NewAccount {
            account: document.account,
            portfolio: file.to_vec(),
            source: digest,
            lots: self.lots.clone(),
            commitment: FieldHex::of(&portfolio.commitment::<F>()),
            recipients: IMPORTED.to_owned(),
        })))
    }
}
