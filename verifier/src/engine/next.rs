//! NEXT: what an account said its portfolio would become.
//!
//! A proof of a change (*meets*) says that the portfolio in the venue's tree becomes,
//! by the change, another one that is at a level, and shows the commitment that it
//! has then: `NEXT`. On record it binds both sides: no *at-least* proof of the
//! account counts until it is shown that the tree of a later epoch holds `NEXT`. So a
//! trade that was proved to leave the account healthy is the trade that happened.
//!
//! How the engine can know: a margin proof does not show the commitment that it is
//! about, and a root says nothing by itself. A change *of nothing* does. Where the
//! portfolio before and afterwards are one, under one blinding, `NEXT` is the
//! commitment in the leaf; `CHANGE` is then the digest of no entries, which under a
//! salt of zeros is one known number of a field ([`nothing`]). Such a proof says as
//! well that the account is at the level now: it is accepted as a proof or a cure.
//!
//! The rules:
//! - *Who*. What is on record keeps others' proofs from counting, so a change is the
//!   owner's word: who may bring it is for the caller, as with a registration. Anyone
//!   may show one.
//! - *Latest epoch alone.* A change starts from the tree of the latest epoch, so that no
//!   root that was posted before it can be said to have come from it.
//! - *Two changes in one epoch* start from the same portfolio: the second, which is the
//!   sum of both, takes the place of the first. In a later epoch the first must have been
//!   shown, or have expired.
//! - *It proves nothing of the present.* An account becomes neither current nor cured by
//!   it; due times and deadlines run on. While a change is on record the account may take
//!   no more risk: what it holds is one of two portfolios.
//! - *A breach counts.* Otherwise a change that nobody carries out would be a shield.
//! - *A called account* brings no change: it cures. One that it brought before stays, and
//!   it cures by showing it. The exception is its own *deleveraging*: a change that *cures*
//!   (it was below the breach level, shrinks alone, is at the target afterwards and closes
//!   no lot more than that takes) is taken of an account that is called for a breach, in
//!   the first half of its time to cure, grace included, from a level no higher than the
//!   breach level to one no lower than the cure level. It is on record as any other, so
//!   that protocols and venue know what is being closed, and it cures when it is shown.
//!   A change that is *healthier* is not taken: it says nothing of a level, so it would lift
//!   no call, and while it is on record no proof that cures could count.
//! - *Expiry.* When more than `change_epochs` further epochs were posted, and none was
//!   shown to hold `NEXT`, anyone has the change expire, on record: other commitments
//!   count again. Whether venue or owner broke their word, nothing says. Until then it can
//!   still be shown.
//! - *Escrows.* A change that is shown has none: where the policy demands one it is over,
//!   and an escrowed proof must follow.
//! - *Halts.* Nothing is accepted and nothing shown; epochs that are posted meanwhile
//!   count, since a halt has an end and the account is not called in it.
//! - *Rejected epochs.* A change whose epoch is rejected binds on: what was judged wrong is
//!   the market, not what the portfolio becomes.
//!
//! What remains the venue's to answer for: a second leaf of one account in one tree.

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::{Level, Side};
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_margin::statement::transition::Aim;

use super::account::{Account, AccountStatus, CallReason};
use super::claim::{ClaimData, VerifiedClaim};
use super::event::Event;
use super::refusal::Refusal;
use super::transition::{Decision, Read, Step};
use super::view::StateView;
use crate::proof::{TransitionData, VerifiedTransition};
use crate::root::Root;

/// The public inputs of a change that meets a level.
///
/// As an action of the engine's it is verified: only a [`VerifiedTransition`] becomes
/// one, or what says so in its name. What it claims is of the account *afterwards*, so
/// its claim can not be taken out as one of the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeClaim<C = VerifiedClaim> {
    pub(super) afterwards: C,
    next: Root,
    change: Root,
    /// Of a change that *cures*, the level that the account was below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cures: Option<Level>,
}

/// A change as plain data: its proof is not known to be verified.
pub type ChangeData = ChangeClaim<ClaimData>;

/// A change with another aim than *meets* or *cures*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the engine takes changes that meet a level (`--meets`), and of called accounts that cure (`--cures`), not one that is {aim}"
)]
pub struct NotTaken {
    /// Its aim.
    pub aim: Aim,
}

impl ChangeData {
    /// What is claimed of the account afterwards, the commitment that it has then, and
    /// the digest of the change.
    pub const fn new(afterwards: ClaimData, next: Root, change: Root) -> Self {
        Self { afterwards, next, change, cures: None }
    }

    /// The same as one that cures an account which was below a level.
    #[must_use]
    pub const fn curing(self, below: Level) -> Self {
        Self { cures: Some(below), ..self }
    }

    /// The rows that a margin proof has too.
    pub const fn afterwards(&self) -> &ClaimData {
        &self.afterwards
    }
}

impl<C> ChangeClaim<C> {
    /// Commitment to the portfolio afterwards.
    pub const fn next(&self) -> Root {
        self.next
    }

    /// Digest of the change.
    pub const fn change(&self) -> Root {
        self.change
    }

    /// Of a change that cures, the level that the account was below.
    pub const fn cures(&self) -> Option<Level> {
        self.cures
    }

    pub(super) fn map<D>(self, map: impl FnOnce(C) -> D) -> ChangeClaim<D> {
        let Self { afterwards, next, change, cures } = self;
        ChangeClaim { afterwards: map(afterwards), next, change, cures }
    }
}

impl ChangeClaim {
    /// The public inputs.
    pub fn data(&self) -> ChangeData {
        self.map(ClaimData::from)
    }
}

impl TryFrom<&TransitionData> for ChangeData {
    type Error = NotTaken;

    fn try_from(data: &TransitionData) -> Result<Self, NotTaken> {
        let cures = match data.aim {
            Aim::Meets(_) => None,
            Aim::Cures { breach, .. } => Some(breach),
            aim @ Aim::Healthier(_) => return Err(NotTaken { aim }),
        };
        let afterwards = ClaimData {
            context: data.context,
            epoch: data.epoch,
            account: data.account,
            state_root: data.state_root,
            market_root: data.market_root,
            model: data.model,
            claim: data.afterwards,
            disclosed: Shortfall::NONE,
            memo: data.memo,
        };
        Ok(Self { afterwards, next: data.next, change: data.change, cures })
    }
}

impl TryFrom<VerifiedTransition> for ChangeClaim {
    type Error = NotTaken;

    fn try_from(verified: VerifiedTransition) -> Result<Self, NotTaken> {
        let data = ChangeData::try_from(verified.data())?;
        Ok(data.map(VerifiedClaim::assume_verified_unchecked))
    }
}

/// A change on record that no epoch was shown to hold yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenChange {
    /// The epoch it starts from.
    pub epoch: Epoch,
    /// The level that the account meets afterwards.
    pub level: Level,
    /// The commitment that the account has afterwards.
    pub next: Root,
}

impl OpenChange {
    /// The last epoch that has to be posted before it can expire with the next one.
    pub const fn last(&self, epochs: u16) -> Epoch {
        Epoch::new(self.epoch.get().saturating_add(epochs as u64))
    }
}

/// `CHANGE` of no entries under a salt of zeros, in the field of a proof system.
pub const fn nothing(system: ProofSystem) -> Root {
    Root::new(match system {
        ProofSystem::Ipa => NOTHING_PASTA,
        ProofSystem::Kzg => NOTHING_BN254,
    })
}

const NOTHING_PASTA: [u8; 32] = [
    0x2c, 0x81, 0x06, 0x48, 0xb3, 0xb4, 0x03, 0xbd, 0x65, 0xfe, 0x3e, 0x4f, 0xf7, 0xbf, 0xde, 0xf3,
    0x28, 0xd9, 0x71, 0xc4, 0x39, 0x7f, 0x84, 0x08, 0x71, 0x55, 0x0e, 0xf8, 0x91, 0xa6, 0x36, 0x75,
];

const NOTHING_BN254: [u8; 32] = [
    0x22, 0xe1, 0x9d, 0x4e, 0xed, 0x61, 0x4d, 0x89, 0xe5, 0x3f, 0xd2, 0x43, 0x12, 0x29, 0xe8, 0x31,
    0x35, 0x68, 0xa7, 0x56, 0x68, 0x3f, 0x98, 0x4f, 0x34, 0x45, 0x4a, 0x10, 0xc9, 0xf2, 0x3b, 0x96,
];

impl<V: StateView> Step<'_, V> {
    pub(super) fn submit_change(&mut self, change: &ChangeData) -> Decision<V> {
        let claim = &change.afterwards;
        let (account, required) = match change.cures {
            None => (self.uncalled_account(claim.account)?, self.params().required_level),
            Some(below) => (self.deleveraging(claim.account, below)?, self.params().cure_level),
        };
        self.refuse_when_halted()?;
        let epochs = self.params().change_epochs;
        if epochs == 0 {
            return Err(Refusal::ChangesNotTaken.into());
        }
        if claim.claim.side() != Side::AtLeast {
            return Err(Refusal::WrongSide.into());
        }
        if claim.claim.level() < required {
            return Err(Refusal::LevelTooLow { required }.into());
        }
        self.evidence(claim)?;
        let latest = self.changes.meta.latest;
        if claim.epoch != latest {
            return Err(Refusal::ChangeNotLatest { latest }.into());
        }
        let (epoch, level, next) = (claim.epoch, claim.claim.level(), change.next);
        let recorded = OpenChange { epoch, level, next };
        if self.open_change == Some(recorded) {
            return Ok(());
        }
        if let Some(open) = self.open_change
            && open.epoch != epoch
        {
            return Err(Refusal::ChangeOpen { epoch: open.epoch }.into());
        }
        self.open_change = Some(recorded);
        self.put(claim.account, account.last_epoch, account.status);
        self.events.push(Event::ChangeAccepted { account: claim.account, epoch, level, next });
        Ok(())
    }

    /// The account, which is called for a breach and may still close lots by itself.
    fn deleveraging(&mut self, id: AccountId, below: Level) -> Read<Account, V> {
        let account = self.open_account(id)?;
        let (since, deadline) = match account.status {
            AccountStatus::Called { reason: CallReason::Breach, since, deadline, .. } => {
                (since, deadline)
            }
            AccountStatus::Called { deadline, .. } => {
                return Err(Refusal::CallOpen { deadline: self.effective(deadline) }.into());
            }
            AccountStatus::Liquidatable { since, .. } => {
                return Err(Refusal::AccountLiquidatable { since }.into());
            }
            _ => return Err(Refusal::NotCalled.into()),
        };
        // What was short of a higher level alone is in no breach.
        let breach = self.params().breach_level;
        if below > breach {
            return Err(Refusal::NotABreach { breach }.into());
        }
        // Grace counts: what an outage took of its time is in the half, too.
        let deadline = self.effective(deadline);
        let half = deadline.get().saturating_sub(since.get()) / 2;
        if self.account_clock() > since.after(half) {
            return Err(Refusal::CallOpen { deadline }.into());
        }
        Ok(account)
    }

    /// The tree of an epoch holds `NEXT`: the change is over, and the account is proved
    /// or cured.
    pub(super) fn show_change(&mut self, change: &ChangeData) -> Decision<V> {
        let claim = &change.afterwards;
        let account = self.open_account(claim.account)?;
        if let AccountStatus::Liquidatable { since, .. } = account.status {
            return Err(Refusal::AccountLiquidatable { since }.into());
        }
        self.refuse_when_halted()?;
        let open = self.open_change.ok_or(Refusal::NoChangeOpen)?;
        let nothing = change.change == nothing(self.params().proof_system);
        if !nothing || change.next != open.next || change.cures.is_some() {
            return Err(Refusal::WrongNext { epoch: open.epoch }.into());
        }
        if claim.epoch <= open.epoch {
            return Err(Refusal::Replayed { last: open.epoch }.into());
        }
        // It is of the commitment on record: nothing stands in its way any more.
        self.open_change = None;
        let (id, epoch) = (claim.account, claim.epoch);
        self.put(id, account.last_epoch, account.status);
        self.events.push(Event::ChangeShown { account: id, epoch });
        match account.status {
            _ if self.params().escrow.is_some() => self.end_shown(claim, &account),
            AccountStatus::Called { reason, epoch: call, .. } => self.meet(claim, reason, call),
            _ => self.prove(claim, account),
        }
    }

    /// Under a policy that demands escrows what shows a change ends it alone: it has none.
    fn end_shown(&self, claim: &ClaimData, account: &Account) -> Decision<V> {
        if let AccountStatus::Called { reason, epoch: call, .. } = account.status {
            return self.meets(claim, reason, call).map(|_| ());
        }
        self.at_least(claim, self.params().required_level)?;
        let last = account.last_epoch;
        match claim.epoch > last {
            true => Ok(()),
            false => Err(Refusal::Replayed { last }.into()),
        }
    }

    /// The epochs in which the change could be shown are over.
    pub(super) fn expire_change(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        if let AccountStatus::Liquidatable { since, .. } = account.status {
            return Err(Refusal::AccountLiquidatable { since }.into());
        }
        let open = self.open_change.ok_or(Refusal::NoChangeOpen)?;
        let last = open.last(self.params().change_epochs);
        if self.changes.meta.latest <= last {
            return Err(Refusal::ChangeNotExpired { last }.into());
        }
        self.open_change = None;
        self.put(id, account.last_epoch, account.status);
        self.events.push(Event::ChangeExpired { account: id, epoch: open.epoch });
        Ok(())
    }

    /// While a change is on record, proofs of who knows which portfolio do not count.
    pub(super) fn refuse_other_commitments(&self) -> Result<(), Refusal> {
        match self.open_change {
            Some(open) => Err(Refusal::ChangeOpen { epoch: open.epoch }),
            None => Ok(()),
        }
    }
}
