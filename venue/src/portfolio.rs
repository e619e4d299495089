//! One encrypted portfolio: opened in memory, committed to, assessed.

use sha3::{Digest as _, Keccak256};
use zeroize::Zeroizing;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::MarketError;
use zkmargin_prover::crypt::{self, CryptError, Keys};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::FileError;
use zkmargin_prover::portfolio_file::{
    Listings, NoRandomness, PortfolioDocument, PortfolioFileError,
};
use zkmargin_prover::proving::ProvingError;
use zkmargin_prover::venue::VenueError;

/// Why a portfolio is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortfolioError {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It cannot be opened.
    #[error(transparent)]
    Crypt(#[from] CryptError),
    /// It is plain text.
    #[error("it is not encrypted: `zkmargin-venue encrypt` encrypts portfolios")]
    Plain,
    /// It is an age file where plain text is wanted.
    #[error("it is an age file already")]
    Encrypted,
    /// It is no portfolio, or none of this market.
    #[error(transparent)]
    Document(#[from] PortfolioFileError),
    /// The market does not take it.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// No circuit takes it, or a statement about it is false.
    #[error(transparent)]
    Proving(#[from] ProvingError),
    /// It is in no tree, or the tree is damaged.
    #[error(transparent)]
    Venue(#[from] VenueError),
    /// No blinding can be drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Two files of one account.
    #[error("account {0} has a portfolio in another file too: keep the one that counts")]
    Twice(AccountId),
    /// A stored portfolio of another account than its row's.
    #[error("it is a portfolio of {found}, stored for {expected}: the database is damaged")]
    OtherAccount {
        /// The row's account.
        expected: AccountId,
        /// The portfolio's.
        found: AccountId,
    },
}

impl PortfolioError {
    /// What is told of it: nothing of instruments, directions or their number, for
    /// a venue's logs are read by many.
    pub fn told(&self) -> String {
        let discreet = match self {
            Self::Document(error) => error.discreet(),
            Self::Proving(error) => error.discreet(),
            Self::Market(error) => error.discreet().map(str::to_owned),
            _ => None,
        };
        discreet.unwrap_or_else(|| match std::error::Error::source(self) {
            // The system's own words stand behind a file's.
            Some(cause) if matches!(self, Self::File(_)) => format!("{self}: {cause}"),
            _ => self.to_string(),
        })
    }
}

/// A digest of bytes, as hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Keccak256::digest(bytes))
}

/// A digest of what commitments in a market depend on.
pub fn lots_digest(listings: &Listings) -> String {
    let mut hasher = Keccak256::new();
    for line in listings.lots() {
        hasher.update(line);
        hasher.update("\n");
    }
    hex::encode(hasher.finalize())
}

/// Opens an age file in memory.
///
/// # Errors
/// When it is none, no key opens it, or it holds no portfolio.
pub fn open(file: &[u8], keys: &Keys) -> Result<PortfolioDocument, PortfolioError> {
    if !crypt::is_age(file) && file.trim_ascii_start().starts_with(b"{") {
        return Err(PortfolioError::Plain);
    }
    let plain: Zeroizing<Vec<u8>> = crypt::decrypt(file, keys)?;
    Ok(PortfolioDocument::parse(&plain)?)
}

/// A portfolio as a market reads it, if some circuit holds it: what is committed to
/// and fits none could never be proved.
///
/// # Errors
/// When the market or every circuit refuses it.
pub fn read<F: MarginField, M: FamilyMarket<F>>(
    document: &PortfolioDocument,
    listings: &Listings,
    market: &M,
) -> Result<Portfolio, PortfolioError> {
    let portfolio = listings.portfolio(document)?;
    market.fit(portfolio.positions(), None)?;
    Ok(portfolio)
}
