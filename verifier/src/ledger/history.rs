//! What happened, and what it rested on.

use std::string::String;
use std::vec::Vec;

use redb::{ReadableDatabase, ReadableTable};
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::AccountId;

use super::tables::{self, BY_ACCOUNT, ESCROWS, HISTORY, PROOFS, decode};
use super::{Ledger, LedgerError, guarded};
use crate::engine::{ActionRecord, Event};
use crate::epoch::Signature;

/// A transition on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryEntry {
    /// Its place in the history, from 0.
    pub sequence: u64,
    /// When it happened, in real time.
    pub time: u64,
    /// What was asked.
    pub action: ActionRecord,
    /// What happened.
    pub events: Vec<Event>,
    /// The signatures of the epoch that was posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
}

/// What an action rests on, to be kept with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grounds<'a> {
    /// The proof file of the action's claim, which must have been verified.
    pub proof: Option<&'a str>,
    /// The ciphertext of the claim's escrow, opened to the committee.
    pub escrow: Option<&'a str>,
    /// The signatures of the epoch that is posted.
    pub signatures: &'a [Signature],
}

impl<'a> Grounds<'a> {
    /// A verified proof.
    pub const fn proof(text: &'a str) -> Self {
        Self { proof: Some(text), escrow: None, signatures: &[] }
    }

    /// A verified proof with its ciphertext.
    pub const fn escrowed(proof: &'a str, ciphertext: &'a str) -> Self {
        Self { proof: Some(proof), escrow: Some(ciphertext), signatures: &[] }
    }

    /// An epoch's signatures.
    pub const fn signatures(signatures: &'a [Signature]) -> Self {
        Self { proof: None, escrow: None, signatures }
    }
}

impl Ledger {
    /// The history, oldest first: of one account, or all of it.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn history(&self, account: Option<AccountId>) -> Result<Vec<HistoryEntry>, LedgerError> {
        guarded(|| {
            let read = self.database.begin_read()?;
            let history = read.open_table(HISTORY)?;
            let mut entries = Vec::new();
            let Some(account) = account else {
                for row in history.iter()? {
                    let (sequence, value) = row?;
                    entries.push(decode("history entry", sequence.value(), value.value())?);
                }
                return Ok(entries);
            };
            let id = *account.as_bytes();
            for row in read.open_table(BY_ACCOUNT)?.range((id, 0)..=(id, u64::MAX))? {
                let (_, sequence) = row?.0.value();
                let entry = history.get(sequence)?;
                let entry = entry.ok_or_else(|| tables::corrupted("history entry", sequence))?;
                entries.push(decode("history entry", sequence, entry.value())?);
            }
            Ok(entries)
        })
    }

    /// The proof file of an entry's claim, if one was kept.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn proof(&self, sequence: u64) -> Result<Option<String>, LedgerError> {
        guarded(|| {
            let read = self.database.begin_read()?;
            let stored = read.open_table(PROOFS)?.get(sequence)?;
            let text = stored.map(|bytes| String::from_utf8(bytes.value().to_vec()));
            text.transpose().map_err(|_| tables::corrupted("proof", sequence))
        })
    }

    /// The ciphertext of an entry's escrow, if there is one: what its committee opens.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn escrow(&self, sequence: u64) -> Result<Option<String>, LedgerError> {
        guarded(|| {
            let read = self.database.begin_read()?;
            let table = match read.open_table(ESCROWS) {
                Ok(table) => table,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let text = table.get(sequence)?.map(|bytes| String::from_utf8(bytes.value().to_vec()));
            text.transpose().map_err(|_| tables::corrupted("escrow", sequence))
        })
    }
}
