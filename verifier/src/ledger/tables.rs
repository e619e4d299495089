//! The tables and their encodings.

use core::fmt::Display;
use std::path::Path;
use std::string::ToString;
use std::vec::Vec;

use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, Table,
    TableDefinition, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};

use super::{Grounds, HistoryEntry, LedgerError, SCHEMA_VERSION};
use crate::engine::{Account, Changes, Engine, EpochRecord, Meta, Policy, StateView};
use crate::epoch::Signers;

pub(super) const LEDGER: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("ledger");
pub(super) const ACCOUNTS: TableDefinition<'_, [u8; 20], &[u8]> = TableDefinition::new("accounts");
pub(super) const EPOCHS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("epochs");
pub(super) const MODELS: TableDefinition<'_, [u8; 31], ()> = TableDefinition::new("models");
pub(super) const HISTORY: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("history");
pub(super) const BY_ACCOUNT: TableDefinition<'_, ([u8; 20], u64), ()> =
    TableDefinition::new("history_by_account");
pub(super) const PROOFS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("proofs");

/// Made when the first escrow is kept: a ledger without one has no such table.
pub(super) const ESCROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("escrows");

pub(super) fn corrupted(table: &'static str, key: impl Display) -> LedgerError {
    LedgerError::Corrupted { table, key: key.to_string() }
}

pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, LedgerError> {
    serde_json::to_vec(value).map_err(|error| LedgerError::Io(error.into()))
}

pub(super) fn decode<T: DeserializeOwned>(
    table: &'static str,
    key: impl Display,
    bytes: &[u8],
) -> Result<T, LedgerError> {
    serde_json::from_slice(bytes).map_err(|_| corrupted(table, key))
}

pub(super) fn read_setting<T: DeserializeOwned>(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &'static str,
) -> Result<T, LedgerError> {
    let value = table.get(name)?.ok_or_else(|| corrupted("setting", name))?;
    decode("setting", name, value.value())
}

pub(super) fn read_account(
    table: &impl ReadableTable<[u8; 20], &'static [u8]>,
    id: AccountId,
) -> Result<Option<Account>, LedgerError> {
    table.get(id.as_bytes())?.map(|value| decode("account", id, value.value())).transpose()
}

pub(super) fn read_epoch(
    table: &impl ReadableTable<u64, &'static [u8]>,
    epoch: Epoch,
) -> Result<Option<EpochRecord>, LedgerError> {
    let number = epoch.get();
    table.get(number)?.map(|value| decode("epoch", number, value.value())).transpose()
}

/// Opens the file; one that is no database is not a ledger.
pub(super) fn open(path: &Path) -> Result<Database, LedgerError> {
    match Database::open(path) {
        Err(redb::DatabaseError::Storage(redb::StorageError::Io(error)))
            if matches!(
                error.kind(),
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
            ) =>
        {
            Err(LedgerError::NotALedger)
        }
        other => Ok(other?),
    }
}

/// Writes an empty ledger, in one transaction.
pub(super) fn initialise(
    database: &Database,
    policy: &Policy,
    signers: Option<&Signers>,
    now: u64,
) -> Result<(), LedgerError> {
    let write = database.begin_write()?;
    {
        let mut tables = WriteTables::open(&write)?;
        let settings: [(&str, Vec<u8>); 5] = [
            ("schema", encode(&SCHEMA_VERSION)?),
            ("policy", encode(policy)?),
            ("signers", encode(&signers)?),
            ("start", encode(&now)?),
            ("meta", encode(&Meta::start(now))?),
        ];
        for (name, value) in settings {
            tables.ledger.insert(name, value.as_slice())?;
        }
        for model in &policy.params().models {
            tables.models.insert(model.as_bytes(), ())?;
        }
    }
    Ok(write.commit()?)
}

/// Whether the stored state is the engine's.
pub(super) fn equals(database: &Database, engine: &Engine) -> Result<bool, LedgerError> {
    let read = database.begin_read()?;
    let meta: Meta = read_setting(&read.open_table(LEDGER)?, "meta")?;
    let mut accounts = Vec::new();
    for row in read.open_table(ACCOUNTS)?.iter()? {
        let (id, value) = row?;
        let id = AccountId::new(id.value());
        accounts.push((id, decode::<Account>("account", id, value.value())?));
    }
    let mut epochs = Vec::new();
    for row in read.open_table(EPOCHS)?.iter()? {
        let (epoch, value) = row?;
        let number = epoch.value();
        epochs.push((Epoch::new(number), decode::<EpochRecord>("epoch", number, value.value())?));
    }
    let mut models = Vec::new();
    for row in read.open_table(MODELS)?.iter()? {
        models.push(row?.0.value());
    }
    Ok(meta == *engine.meta()
        && accounts.iter().map(|(id, account)| (id, account)).eq(engine.accounts())
        && epochs.iter().map(|(epoch, record)| (epoch, record)).eq(engine.epochs())
        && models.iter().eq(engine.models().map(ModelDigest::as_bytes)))
}

/// The tables of a write transaction: what the engine reads and writes.
pub(super) struct WriteTables<'txn> {
    ledger: Table<'txn, &'static str, &'static [u8]>,
    accounts: Table<'txn, [u8; 20], &'static [u8]>,
    epochs: Table<'txn, u64, &'static [u8]>,
    models: Table<'txn, [u8; 31], ()>,
    history: Table<'txn, u64, &'static [u8]>,
    by_account: Table<'txn, ([u8; 20], u64), ()>,
    proofs: Table<'txn, u64, &'static [u8]>,
    write: &'txn WriteTransaction,
}

impl<'txn> WriteTables<'txn> {
    pub(super) fn open(write: &'txn WriteTransaction) -> Result<Self, LedgerError> {
        Ok(Self {
            ledger: write.open_table(LEDGER)?,
            accounts: write.open_table(ACCOUNTS)?,
            epochs: write.open_table(EPOCHS)?,
            models: write.open_table(MODELS)?,
            history: write.open_table(HISTORY)?,
            by_account: write.open_table(BY_ACCOUNT)?,
            proofs: write.open_table(PROOFS)?,
            write,
        })
    }

    pub(super) fn next_sequence(&self) -> Result<u64, LedgerError> {
        Ok(self.history.last()?.map_or(0, |(sequence, _)| sequence.value().saturating_add(1)))
    }

    pub(super) fn put(&mut self, changes: &Changes) -> Result<(), LedgerError> {
        self.ledger.insert("meta", encode(&changes.meta)?.as_slice())?;
        if let Some((id, account)) = &changes.account {
            self.accounts.insert(id.as_bytes(), encode(account)?.as_slice())?;
        }
        if let Some((epoch, record)) = &changes.epoch {
            self.epochs.insert(epoch.get(), encode(record)?.as_slice())?;
        }
        match &changes.model {
            Some((model, true)) => {
                self.models.insert(model.as_bytes(), ())?;
            }
            Some((model, false)) => {
                self.models.remove(model.as_bytes())?;
            }
            None => {}
        }
        Ok(())
    }

    pub(super) fn append(
        &mut self,
        entry: &HistoryEntry,
        account: Option<AccountId>,
        grounds: Grounds<'_>,
    ) -> Result<(), LedgerError> {
        self.history.insert(entry.sequence, encode(entry)?.as_slice())?;
        if let Some(account) = account {
            self.by_account.insert((*account.as_bytes(), entry.sequence), ())?;
        }
        if let Some(proof) = grounds.proof {
            self.proofs.insert(entry.sequence, proof.as_bytes())?;
        }
        if let Some(escrow) = grounds.escrow {
            self.write.open_table(ESCROWS)?.insert(entry.sequence, escrow.as_bytes())?;
        }
        Ok(())
    }
}

impl StateView for WriteTables<'_> {
    type Error = LedgerError;

    fn meta(&self) -> Result<Meta, LedgerError> {
        read_setting(&self.ledger, "meta")
    }

    fn account(&self, account: AccountId) -> Result<Option<Account>, LedgerError> {
        read_account(&self.accounts, account)
    }

    fn epoch(&self, epoch: Epoch) -> Result<Option<EpochRecord>, LedgerError> {
        read_epoch(&self.epochs, epoch)
    }

    fn is_model_accepted(&self, model: ModelDigest) -> Result<bool, LedgerError> {
        Ok(self.models.get(model.as_bytes())?.is_some())
    }
}

/// The tables of a read transaction: what the engine reads.
pub(super) struct ReadTables {
    ledger: ReadOnlyTable<&'static str, &'static [u8]>,
    accounts: ReadOnlyTable<[u8; 20], &'static [u8]>,
    epochs: ReadOnlyTable<u64, &'static [u8]>,
    models: ReadOnlyTable<[u8; 31], ()>,
}

impl ReadTables {
    pub(super) fn open(read: &ReadTransaction) -> Result<Self, LedgerError> {
        Ok(Self {
            ledger: read.open_table(LEDGER)?,
            accounts: read.open_table(ACCOUNTS)?,
            epochs: read.open_table(EPOCHS)?,
            models: read.open_table(MODELS)?,
        })
    }
}

impl StateView for ReadTables {
    type Error = LedgerError;

    fn meta(&self) -> Result<Meta, LedgerError> {
        read_setting(&self.ledger, "meta")
    }

    fn account(&self, account: AccountId) -> Result<Option<Account>, LedgerError> {
        read_account(&self.accounts, account)
    }

    fn epoch(&self, epoch: Epoch) -> Result<Option<EpochRecord>, LedgerError> {
        read_epoch(&self.epochs, epoch)
    }

    fn is_model_accepted(&self, model: ModelDigest) -> Result<bool, LedgerError> {
        Ok(self.models.get(model.as_bytes())?.is_some())
    }
}
