//! Portfolios that a story is about.

use zkmargin_margin::ids::AccountId;
use zkmargin_prover::portfolio_file::{PortfolioDocument, PositionEntry};

use super::example::account;

/// A portfolio of the chapters.
pub(super) struct Book {
    /// Name of its files.
    pub(super) name: &'static str,
    /// What it is, for whoever reads along.
    pub(super) about: &'static str,
    /// Last byte of its account.
    pub(super) account: u8,
    /// In the quote currency.
    pub(super) cash: &'static str,
    /// Symbols and quantities.
    pub(super) positions: &'static [(&'static str, &'static str)],
}

impl Book {
    /// Whose it is.
    pub(super) fn account(&self) -> AccountId {
        account(self.account)
    }

    /// As its owner writes it.
    pub(super) fn document(&self) -> PortfolioDocument {
        let entry = |(instrument, quantity): &(&str, &str)| {
            PositionEntry::new((*instrument).to_owned(), (*quantity).to_owned())
        };
        let positions = self.positions.iter().map(entry).collect();
        PortfolioDocument::new(self.account(), self.cash.to_owned(), positions)
    }
}
