//! What a transition achieves (T4).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use ethnum::I256;

use super::{Aim, Entry, TransitionInstance, TransitionWitness};
use crate::claim::{Level, Multiplier};
use crate::ids::BucketId;
use crate::relation::{BucketFigures, Figures, MarginFamily, Violation};
use crate::statement::margin::check_claim;

/// Equity against a requirement, in quote units.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Ratio {
    /// Equity.
    pub equity: i128,
    /// What it must reach.
    pub requirement: i128,
}

redacted_debug!(Ratio);

impl Ratio {
    /// Whether equity over requirement is at least what it was before, and the
    /// requirement no larger: cross-multiplied, so that nothing is rounded and a
    /// requirement of zero has its place.
    pub fn is_no_worse_than(self, before: Self) -> bool {
        let product = |equity: i128, requirement: i128| {
            // Below 2^104 times 2^104.
            I256::from(equity) * I256::from(requirement)
        };
        self.requirement <= before.requirement
            && product(self.equity, before.requirement) >= product(before.equity, self.requirement)
    }

    /// StarkEx's rule for accounts below their requirement: the ratio does not
    /// fall, and the requirement does.
    pub fn is_healthier_than(self, before: Self) -> bool {
        self.is_no_worse_than(before) && self.requirement < before.requirement
    }
}

/// Whether the aim is reached.
pub(super) fn check<M: MarginFamily>(
    instance: &TransitionInstance<M::Field>,
    witness: &TransitionWitness<M>,
) -> Result<(), Violation> {
    let reserved = &M::account(&witness.before).reserved;
    let after = M::assess(&witness.before, witness.kept(), reserved)?;
    match instance.aim() {
        Aim::Meets(_) => check_claim(instance.account(), &after),
        Aim::Healthier(level) => {
            check_entries(witness, is_deposit)?;
            check_said(witness)?;
            is_healthier(&before(witness)?, &after, level, shrinks_some(witness))
        }
        Aim::Cures { breach, target } => {
            if before(witness)?.shortfall(breach, Multiplier::ONE) == Some(0) {
                return Err(Violation::NotInBreach);
            }
            check_entries(witness, |_| false)?;
            check_said(witness)?;
            let times = instance.account().claim.multiplier();
            check_claim(instance.account(), &after)?;
            is_least(witness, &after, (target, times))
        }
    }
}

/// The figures before, whose rows only some aims ask for.
fn before<M: MarginFamily>(witness: &TransitionWitness<M>) -> Result<M::Figures, Violation> {
    let account = M::account(&witness.before);
    account.check_rows(account.slots.iter(), M::leaf)?;
    M::assess(&witness.before, account.slots.iter(), &account.reserved)
}

/// Cash in, and no lots.
fn is_deposit(entry: &Entry) -> bool {
    entry.lots() == 0 && entry.cash() >= 0
}

fn shrinks_some<M: MarginFamily>(witness: &TransitionWitness<M>) -> bool {
    witness.change.entries().iter().any(|entry| entry.lots() != 0)
}

/// Every entry that has lots shrinks its position: fewer lots of the same sign, or
/// none. One without lots is the cash of such a one in its bucket, where a portfolio
/// may keep the cash of all with one position; or it is `allowed` by itself.
fn check_entries<M: MarginFamily>(
    witness: &TransitionWitness<M>,
    allowed: impl Fn(&Entry) -> bool,
) -> Result<(), Violation> {
    let entries = witness.change.entries();
    let settles = |entry: &Entry| {
        entries.iter().any(|other| other.key().0 == entry.key().0 && other.lots() != 0)
    };
    for (index, entry) in entries.iter().enumerate() {
        let position = M::account(&witness.before).slots.iter().map(|slot| &slot.position);
        let before = position.into_iter().find(|position| position.key() == entry.key());
        let before = before.map_or(0, |position| i128::from(position.quantity.get()));
        let after = before + entry.lots();
        let shrinks = entry.lots() != 0
            && (after == 0 || after.signum() == before.signum())
            && after.abs() < before.abs();
        let is_cash = entry.lots() == 0 && (settles(entry) || allowed(entry));
        if !shrinks && !is_cash {
            return Err(Violation::Grows(index));
        }
    }
    Ok(())
}

/// What is opened or left out has an entry, be it of nothing: a position of nothing
/// can still be charged for, so the figures before must be told apart from those
/// afterwards.
fn check_said<M: MarginFamily>(witness: &TransitionWitness<M>) -> Result<(), Violation> {
    let entries = witness.change.entries();
    for (index, slot) in witness.slots.iter().enumerate() {
        let key = slot.slot.position.key();
        let is_same = slot.kept == witness.before_at(index).is_some();
        if !is_same && entries.binary_search_by_key(&key, Entry::key).is_err() {
            return Err(Violation::Unsaid(index));
        }
    }
    Ok(())
}

/// In no bucket does the ratio fall or the requirement rise; and where lots
/// change, the requirement of the account falls: otherwise the lots went for
/// nothing.
fn is_healthier(
    before: &impl Figures,
    after: &impl Figures,
    level: Level,
    lots_change: bool,
) -> Result<(), Violation> {
    let [before, after] =
        [before.buckets(level, Multiplier::ONE), after.buckets(level, Multiplier::ONE)];
    let mut buckets: BTreeMap<BucketId, [Ratio; 2]> = BTreeMap::new();
    for (when, figures) in [before, after].into_iter().enumerate() {
        for BucketFigures { bucket, equity, requirement } in figures {
            buckets.entry(bucket).or_default()[when] = Ratio { equity, requirement };
        }
    }
    let mut total = [0_i128; 2];
    for [before, after] in buckets.into_values() {
        if before.requirement < 0 || after.requirement < 0 || !after.is_no_worse_than(before) {
            return Err(Violation::LessHealthy);
        }
        total[0] += before.requirement;
        total[1] += after.requirement;
    }
    if lots_change && total[1] >= total[0] { Err(Violation::LessHealthy) } else { Ok(()) }
}

/// With one lot of the last entry that has lots taken back at its mark, equity as
/// it is, the account would not meet so many times the level.
fn is_least<M: MarginFamily>(
    witness: &TransitionWitness<M>,
    after: &M::Figures,
    (level, times): (Level, Multiplier),
) -> Result<(), Violation> {
    let last = witness.change.entries().iter().rev().find(|entry| entry.lots() != 0);
    let (Some(last), Some(back)) = (last, &witness.taken_back) else {
        return Err(Violation::TakenBack);
    };
    let now = witness.slots.iter().find(|slot| slot.slot.position.key() == last.key());
    let lots = now.map_or(0, |slot| i128::from(slot.slot.position.quantity.get()));
    let is_one_back = back.position.key() == last.key()
        && i128::from(back.position.quantity.get()) == lots - last.lots().signum();
    let account = M::account(&witness.before);
    if !is_one_back || account.check_rows(core::iter::once(back), M::leaf).is_err() {
        return Err(Violation::TakenBack);
    }
    let listed =
        witness.slots.iter().filter_map(|slot| match slot.slot.position.key() == last.key() {
            true => Some(back),
            false => slot.kept.then_some(&slot.slot),
        });
    let required = M::assess(&witness.before, listed, &account.reserved)?;
    let (required, equity): (Vec<_>, Vec<_>) =
        (required.buckets(level, times), after.buckets(level, times));
    let equity_of = |bucket: BucketId| {
        equity.iter().find(|figures| figures.bucket == bucket).map_or(0, |figures| figures.equity)
    };
    match required.iter().any(|figures| figures.requirement > equity_of(figures.bucket)) {
        true => Ok(()),
        false => Err(Violation::ClosesTooMuch),
    }
}
