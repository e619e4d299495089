//! Transitions of an account that is under no call, and how accounts end.

use zkmargin_margin::claim::{Level, Side};
use zkmargin_margin::ids::{AccountId, Epoch};

use super::account::{Account, AccountStatus};
use super::claim::ClaimData;
use super::clock::ClockTime;
use super::epoch_record::EpochRecord;
use super::event::Event;
use super::meta::Liquidations;
use super::refusal::Refusal;
use super::transition::{Decision, Read, Step};
use super::view::StateView;

impl<V: StateView> Step<'_, V> {
    pub(super) fn register(&mut self, id: AccountId) -> Decision<V> {
        // A new account may prove itself in an epoch that is posted already; the
        // epochs of a closed one's past life do not count.
        let account = self.read_account(id)?;
        self.path = account.and_then(|account| account.path);
        let last_epoch = match account.map(|account| account.status) {
            None | Some(AccountStatus::Unregistered) => Epoch::new(0),
            Some(AccountStatus::Closed { .. }) => self.changes.meta.latest,
            Some(_) => return Err(Refusal::AlreadyRegistered.into()),
        };
        let since = self.clock();
        let due = since.after(self.params().proof_window);
        self.put(id, last_epoch, AccountStatus::Unproven { since, due });
        self.events.push(Event::Registered { account: id, due });
        Ok(())
    }

    pub(super) fn submit_proof(&mut self, claim: &ClaimData) -> Decision<V> {
        let account = self.uncalled_account(claim.account)?;
        self.refuse_when_halted()?;
        self.prove(claim, account)
    }

    /// The epoch that an *at-least* claim to a level rests on, if it counts.
    pub(super) fn at_least(&self, claim: &ClaimData, required: Level) -> Read<EpochRecord, V> {
        if claim.claim.side() != Side::AtLeast {
            return Err(Refusal::WrongSide.into());
        }
        if claim.claim.level() < required {
            return Err(Refusal::LevelTooLow { required }.into());
        }
        self.refuse_other_commitments()?;
        self.evidence(claim)
    }

    /// An *at-least* claim of an account that is under no call.
    pub(super) fn prove(&mut self, claim: &ClaimData, account: Account) -> Decision<V> {
        let record = self.at_least(claim, self.params().required_level)?;
        let (level, account_id, epoch) = (claim.claim.level(), claim.account, claim.epoch);
        let due = match account.status {
            AccountStatus::Current { epoch: proved, level: on_record, since, due }
                if epoch == proved && epoch == account.last_epoch =>
            {
                // Whoever sends somebody's proof first cannot make it fail.
                if level <= on_record {
                    return Ok(());
                }
                self.refuse_other_escrow()?;
                self.put(account_id, epoch, AccountStatus::Current { epoch, level, since, due });
                due
            }
            _ if epoch <= account.last_epoch => {
                return Err(Refusal::Replayed { last: account.last_epoch }.into());
            }
            _ => {
                self.refuse_other_escrow()?;
                self.make_current(claim, &record)
            }
        };
        self.events.push(Event::ProofAccepted { account: account_id, epoch, level, due });
        Ok(())
    }

    /// The window counts from the posting of the epoch: holding a proof back
    /// gains nothing. Whoever proves has its path.
    pub(super) fn make_current(&mut self, claim: &ClaimData, record: &EpochRecord) -> ClockTime {
        self.end_hold();
        let due = record.posted.after(self.params().proof_window);
        let (epoch, level, since) = (claim.epoch, claim.claim.level(), self.clock());
        self.put(claim.account, epoch, AccountStatus::Current { epoch, level, since, due });
        due
    }

    /// Announces that the deadline passed, unless that is on record.
    fn materialise(&mut self, id: AccountId, since: ClockTime) -> Read<bool, V> {
        let recorded = self
            .read_account(id)?
            .is_some_and(|account| matches!(account.status, AccountStatus::Liquidatable { .. }));
        if !recorded {
            self.events.push(Event::Liquidatable { account: id, since });
        }
        Ok(!recorded)
    }

    /// The status of an open account, which a limit may have wait to be marked.
    fn past_deadline(&self, status: AccountStatus) -> AccountStatus {
        status.past_deadline(self.account_clock(), self.changes.meta.grace)
    }

    /// Whose deadline has passed neither leaves nor stops its clock, marked or not.
    pub(super) fn refuse_past_deadline(&self, status: AccountStatus) -> Result<(), Refusal> {
        match self.past_deadline(status) {
            AccountStatus::Liquidatable { since, .. } => {
                Err(Refusal::AccountLiquidatable { since })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn mark_liquidatable(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        let status = self.past_deadline(account.status);
        let AccountStatus::Liquidatable { since, .. } = status else {
            return Err(Refusal::NotLiquidatable.into());
        };
        if !self.materialise(id, since)? {
            return Err(Refusal::AccountLiquidatable { since }.into());
        }
        self.count_liquidation()?;
        self.put(id, account.last_epoch, status);
        Ok(())
    }

    /// Counts an account that becomes liquidatable, where there is a limit on how many do.
    fn count_liquidation(&mut self) -> Result<(), Refusal> {
        let (most, length) = (self.params().max_liquidations, self.params().breaker_window);
        if most == 0 {
            return Ok(());
        }
        // A policy with a limit has a window; without one it would be the first and only.
        let window = self.now.checked_div(length).unwrap_or(0);
        let counted = self.changes.meta.liquidations;
        let count = if counted.window == window { counted.count } else { 0 };
        if count >= most {
            let from = window.saturating_add(1).saturating_mul(length);
            return Err(Refusal::LiquidationLimit { from });
        }
        self.meta().liquidations = Liquidations { window, count: count + 1 };
        Ok(())
    }

    /// The protocol's word that the account owes nothing: it may be called.
    pub(super) fn close(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        let liquidated = match account.status {
            AccountStatus::Liquidatable { since, .. } => {
                self.materialise(id, since)?;
                true
            }
            _ => false,
        };
        self.end_hold();
        self.open_change = None;
        self.put(id, account.last_epoch, AccountStatus::Closed { since: self.clock() });
        self.events.push(Event::Closed { account: id, liquidated });
        Ok(())
    }

    /// The account counts as unproven, and has the time of an overdue one to
    /// prove.
    pub(super) fn reinstate(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        let AccountStatus::Liquidatable { since: deadline, .. } = account.status else {
            return Err(Refusal::NotLiquidatable.into());
        };
        self.materialise(id, deadline)?;
        let since = self.clock();
        let due = since.after(self.params().cure_periods.overdue);
        // What was closed of it is not what it said it would close.
        self.open_change = None;
        self.put(id, self.changes.meta.latest, AccountStatus::Unproven { since, due });
        self.events.push(Event::Reinstated { account: id, due });
        Ok(())
    }

    /// No account is locked in for ever: while nothing can be proved, or its path
    /// is withheld, nothing can be called either.
    pub(super) fn escape(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        self.refuse_past_deadline(account.status)?;
        let ran = self.changes.meta.last_ran;
        let held = account.path.filter(|path| path.open).map(|path| path.asked);
        let since = held.map_or(ran, |asked| ran.min(asked));
        if self.now.saturating_sub(since) <= self.params().escape_after {
            return Err(Refusal::NotStuck { since }.into());
        }
        self.end_hold();
        self.open_change = None;
        self.put(id, account.last_epoch, AccountStatus::Closed { since: self.clock() });
        self.events.push(Event::Escaped { account: id });
        Ok(())
    }
}
