//! Whether state, history and what it rested on agree.

use std::vec::Vec;

use super::{HistoryEntry, Ledger, LedgerError, guarded, tables};
use crate::engine::{Action, ActionRecord, ChangeData, ClaimData, Engine, EscrowedData};

/// What an entry's proof proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proved {
    /// A claim of the present.
    Margin(ClaimData),
    /// A change.
    Change(ChangeData),
    /// A claim of the present with its escrow, and the ciphertext.
    Escrowed(EscrowedData, std::string::String),
}

/// The claim of an entry with the proof file that it rested on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvedEntry {
    /// The entry's place in the history.
    pub sequence: u64,
    /// What was claimed.
    pub proved: Proved,
    /// The proof file.
    pub proof: std::string::String,
}

impl Ledger {
    /// Replays the history through the engine in memory and compares every
    /// event and the whole state; checks the signatures of epochs again. Returns
    /// the engine. Proofs are not verified: [`Self::proofs`] lists them.
    ///
    /// # Errors
    /// When they differ, or the database fails or is damaged.
    pub fn audit(&self) -> Result<Engine, LedgerError> {
        guarded(|| {
            let mut engine = Engine::new(self.policy.clone(), self.start);
            let history = self.history(None)?;
            for (expected, entry) in (0..).zip(&history) {
                self.replay(&mut engine, expected, entry)?;
            }
            match tables::equals(&self.database, &engine)? {
                true => Ok(engine),
                false => Err(LedgerError::HistoryMismatch { sequence: history.len() as u64 }),
            }
        })
    }

    fn replay(
        &self,
        engine: &mut Engine,
        expected: u64,
        entry: &HistoryEntry,
    ) -> Result<(), LedgerError> {
        let mismatch = LedgerError::HistoryMismatch { sequence: expected };
        // The claim was verified before it went on record.
        let action: Action = entry.action.clone().assume_verified_unchecked();
        self.check_signatures(&action, &entry.signatures)?;
        let Ok(events) = engine.apply(entry.time, &action) else { return Err(mismatch) };
        if entry.sequence != expected || events != entry.events || events.is_empty() {
            return Err(mismatch);
        }
        Ok(())
    }

    /// Every claim on record with its proof, oldest first, for whoever verifies
    /// them again.
    ///
    /// # Errors
    /// [`LedgerError::ProofMissing`] and [`LedgerError::EscrowMissing`] for a claim
    /// without one, and when the
    /// database fails or is damaged.
    pub fn proofs(&self) -> Result<Vec<ProvedEntry>, LedgerError> {
        let mut proofs = Vec::new();
        for entry in self.history(None)? {
            let sequence = entry.sequence;
            let proved = match entry.action {
                ActionRecord::SubmitProof { claim }
                | ActionRecord::SubmitBreach { claim }
                | ActionRecord::Cure { claim } => Proved::Margin(claim),
                ActionRecord::SubmitChange { change } | ActionRecord::ShowChange { change } => {
                    Proved::Change(change)
                }
                ActionRecord::SubmitEscrowed { escrowed } => {
                    let ciphertext = self.escrow(sequence)?;
                    let missing = LedgerError::EscrowMissing { sequence };
                    Proved::Escrowed(escrowed, ciphertext.ok_or(missing)?)
                }
                _ => continue,
            };
            let proof = self.proof(sequence)?.ok_or(LedgerError::ProofMissing { sequence })?;
            proofs.push(ProvedEntry { sequence, proved, proof });
        }
        Ok(proofs)
    }
}
