//! Screening: which accounts are under which level, natively and all of them.

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::bulk::{Outcome, for_each};
use zkmargin_prover::crypt::{Keys, SharedKeys};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::portfolio_file::Listings;

use crate::portfolio::{self, PortfolioError};
use crate::store::{Store, StoreError, StoredPortfolio};

/// Portfolios that are in memory at a time.
const PAGE: u32 = 2000;

/// An account's level and what lifts it to others. For the venue's eyes.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Screened {
    /// The account.
    pub account: AccountId,
    /// Its level: exact, as it would be proved.
    pub level: Level,
    /// Cash that would lift it to maintenance, in decimals of the quote currency.
    pub shortfall_to_maintenance: String,
    /// Cash that would lift it to initial.
    pub shortfall_to_initial: String,
}

/// The figures are secret.
impl std::fmt::Debug for Screened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Screened({}, ..)", self.account)
    }
}

/// Assesses every stored account under a market; `told` hears of each in the order
/// of accounts.
///
/// # Errors
/// When the store refuses.
pub async fn screen<F: MarginField, M: FamilyMarket<F> + Sync>(
    store: &Store,
    market: &M,
    keys: &SharedKeys,
    mut told: impl FnMut(AccountId, Outcome<Screened, PortfolioError>),
) -> Result<(), StoreError> {
    let listings = market.listings();
    each_page(store, |page| {
        let outcomes = for_each(
            page,
            true,
            || keys.keys(),
            |keys, stored| assess(stored, keys, &listings, market),
        );
        page.iter().zip(outcomes).for_each(|(stored, outcome)| told(stored.account, outcome));
    })
    .await
}

/// Works on all stored portfolios, a page at a time, in the order of accounts.
async fn each_page(
    store: &Store,
    mut work: impl FnMut(&[StoredPortfolio]),
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.portfolios(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.account);
        tokio::task::block_in_place(|| work(&page));
    }
}

/// Opens a stored portfolio and checks whose it is.
pub(crate) fn open_stored(
    stored: &StoredPortfolio,
    keys: &Keys,
) -> Result<zkmargin_prover::portfolio_file::PortfolioDocument, PortfolioError> {
    let document = portfolio::open(&stored.portfolio, keys)?;
    match document.account == stored.account {
        true => Ok(document),
        false => {
            Err(PortfolioError::OtherAccount { expected: stored.account, found: document.account })
        }
    }
}

fn assess<F: MarginField, M: FamilyMarket<F>>(
    stored: &StoredPortfolio,
    keys: &Keys,
    listings: &Listings,
    market: &M,
) -> Result<Screened, PortfolioError> {
    let document = open_stored(stored, keys)?;
    let portfolio = listings.portfolio(&document)?;
    let health = market.health(&portfolio)?;
    // Below 2^104 quote units, as they are disclosed.
    let amount = |units: u128| market.format_amount(units.cast_signed());
    Ok(Screened {
        account: stored.account,
        level: health.level,
        shortfall_to_maintenance: amount(health.to_maintenance),
        shortfall_to_initial: amount(health.to_initial),
    })
}
