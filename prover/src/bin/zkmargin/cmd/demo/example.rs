//! The bundled example: a real account and its real marks, a hypothetical move
//! of prices, and a deposit.

use rust_decimal::Decimal;
use zkmargin_margin::ids::{AccountId, Timestamp};
use zkmargin_params::import::{AccountProblem, Funds, ImportError, VenueAccount, hyperliquid};
use zkmargin_params::snapshot::Snapshot;
use zkmargin_prover::portfolio_file::PortfolioDocument;

use crate::cmd::import::document;
use crate::error::Error;

/// A real account of Hyperliquid, its address removed.
const ACCOUNT: &str = zkmargin_examples::ACCOUNT;
/// The same coins after a hypothetical move against the account.
const DROP: &str = zkmargin_examples::SNAPSHOT_DROP;
/// The parameter set of its venue.
pub(super) const MODEL: &str = "hyperliquid";
/// The deployment.
pub(super) const CONTEXT: &str = "zkmargin-demo";
/// Seconds between epochs.
pub(super) const EPOCH_SECONDS: u64 = 3_600;
/// Decimals of the venue's money.
const CASH_DECIMALS: u32 = 6;
/// What the trader pays in, in the quote currency.
pub(super) const DEPOSIT: u32 = 500;

/// The trader's address on a chain for tests: the second account that anvil funds.
const TRADER_OWNER: [u8; 20] = [
    0x70, 0x99, 0x79, 0x70, 0xc5, 0x18, 0x12, 0xdc, 0x3a, 0x01, 0x0c, 0x7d, 0x01, 0xb5, 0x0e, 0x0d,
    0x17, 0xdc, 0x79, 0xc8,
];

/// The example.
pub(in crate::cmd) struct Example {
    account: VenueAccount,
    marks: Snapshot,
}

impl Example {
    /// The parameter set of its venue.
    pub(in crate::cmd) const MODEL: &str = MODEL;

    pub(in crate::cmd) fn load() -> Result<Self, Error> {
        let account = hyperliquid::account(ACCOUNT).map_err(Box::new)?;
        let account = account.venue_account().map_err(Box::new)?;
        let flat = || Box::new(ImportError::Account(AccountProblem::Flat));
        let marks = account.snapshot(None).map_err(Box::new)?.ok_or_else(flat)?;
        Ok(Self { account, marks })
    }

    /// The trader: account number 0 of an owner on a chain.
    pub(super) fn trader() -> AccountId {
        // An address is an owner; the other name is nobody's.
        AccountId::derive(&TRADER_OWNER, 0).unwrap_or_else(|| account(0xa1))
    }

    /// When the prices were recorded.
    pub(super) fn start(&self) -> u64 {
        self.marks.timestamp().get()
    }

    /// Positions held.
    pub(super) fn positions(&self) -> usize {
        self.account.positions.len()
    }

    /// The recorded prices.
    pub(in crate::cmd) fn recorded(&self) -> Snapshot {
        self.marks.clone()
    }

    /// The recorded prices again, so many epochs later.
    #[cfg(feature = "chain")]
    pub(super) fn later(&self, epochs: u64) -> Result<Snapshot, Error> {
        let time = Timestamp::new(self.start() + epochs * EPOCH_SECONDS);
        let same = &self.marks;
        Snapshot::new(time, same.source(), same.quote().clone(), same.prices().clone())
            .map_err(|source| Error::Snapshot { path: "the bundled example".to_owned(), source })
    }

    /// The prices after the move, so many epochs later.
    pub(super) fn moved(&self, epochs: u64) -> Result<Snapshot, Error> {
        let time = Timestamp::new(self.start() + epochs * EPOCH_SECONDS);
        Snapshot::from_json(DROP)
            .and_then(|drop| {
                Snapshot::new(time, drop.source(), drop.quote().clone(), drop.prices().clone())
            })
            .map_err(|source| Error::Snapshot { path: "the bundled example".to_owned(), source })
    }

    /// The portfolio, after paying in so much.
    pub(super) fn portfolio(&self, deposit: u32) -> PortfolioDocument {
        let cash = self.account.funds.amount() + Decimal::from(deposit);
        let mut account = self.account.clone();
        account.funds = Funds::Cash(cash);
        document(Self::trader(), &account, CASH_DECIMALS)
    }

    /// Another trader of the venue, with cash alone.
    pub(in crate::cmd) fn other(number: u8) -> PortfolioDocument {
        PortfolioDocument::new(
            account(0xb0 + number),
            (u32::from(number) * 1_000).to_string(),
            Vec::new(),
        )
    }
}

/// An account of the story.
pub(super) fn account(last: u8) -> AccountId {
    let mut bytes = [0; 20];
    bytes[19] = last;
    AccountId::new(bytes)
}
