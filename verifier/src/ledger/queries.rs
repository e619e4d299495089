//! What a ledger tells of accounts, epochs and models.

use std::vec::Vec;

use redb::{ReadableDatabase, ReadableTable};
use serde::Serialize;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};

use super::tables::{ACCOUNTS, EPOCHS, LEDGER, MODELS, ReadTables, read_epoch, read_setting};
use super::{Ledger, LedgerError, guarded};
use crate::engine::{AccountStatus, ClockTime, EpochRecord, Meta, Standing, standing};

/// An account whose proof is overdue and that is not called yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OverdueAccount {
    /// The account.
    pub account: AccountId,
    /// When its proof was due.
    pub due: ClockTime,
}

impl Ledger {
    /// The engine's own state, as of the last transition.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn meta(&self) -> Result<Meta, LedgerError> {
        guarded(|| read_setting(&self.database.begin_read()?.open_table(LEDGER)?, "meta"))
    }

    /// The engine's own state at a time.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn meta_at(&self, now: u64) -> Result<Meta, LedgerError> {
        Ok(self.meta()?.advanced(now, self.policy.params().grace_period))
    }

    /// The engine's clock at a time.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn clock(&self, now: u64) -> Result<ClockTime, LedgerError> {
        Ok(self.meta_at(now)?.clock)
    }

    /// Where an account stands at a time, and on what that rests.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn standing(&self, account: AccountId, now: u64) -> Result<Standing, LedgerError> {
        guarded(|| {
            let tables = ReadTables::open(&self.database.begin_read()?)?;
            standing(&self.policy, &tables, account, now)
        })
    }

    /// An account's status at a time.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn status(&self, account: AccountId, now: u64) -> Result<AccountStatus, LedgerError> {
        Ok(self.standing(account, now)?.status)
    }

    /// Where every account on record stands at a time, ascending.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn accounts(&self, now: u64) -> Result<Vec<(AccountId, Standing)>, LedgerError> {
        guarded(|| {
            let read = self.database.begin_read()?;
            let tables = ReadTables::open(&read)?;
            let mut accounts = Vec::new();
            for row in read.open_table(ACCOUNTS)?.iter()? {
                let id = AccountId::new(row?.0.value());
                accounts.push((id, standing(&self.policy, &tables, id, now)?));
            }
            Ok(accounts)
        })
    }

    /// The accounts that [`Action::CallOverdue`] is for at a time, the longest
    /// overdue first.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    ///
    /// [`Action::CallOverdue`]: crate::engine::Action::CallOverdue
    pub fn overdue(&self, now: u64) -> Result<Vec<OverdueAccount>, LedgerError> {
        let mut overdue: Vec<_> = self
            .accounts(now)?
            .into_iter()
            .filter(|(_, standing)| standing.overdue)
            .filter_map(|(account, standing)| {
                Some(OverdueAccount { account, due: standing.status.due()? })
            })
            .collect();
        overdue.sort_by_key(|entry| (entry.due, entry.account));
        Ok(overdue)
    }

    /// An epoch on record.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn epoch(&self, epoch: Epoch) -> Result<Option<EpochRecord>, LedgerError> {
        guarded(|| read_epoch(&self.database.begin_read()?.open_table(EPOCHS)?, epoch))
    }

    /// Whether a model is accepted.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_model_accepted(&self, model: ModelDigest) -> Result<bool, LedgerError> {
        guarded(|| {
            let read = self.database.begin_read()?;
            Ok(read.open_table(MODELS)?.get(model.as_bytes())?.is_some())
        })
    }
}
