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
            check_entries(witness, |shrinks, entry| shrinks || is_deposit(entry))?;
            is_healthier(&before(witness)?, &after, level, shrinks_some(witness))
        }
        Aim::Cures { breach, target } => {
            if before(witness)?.shortfall(breach, Multiplier::ONE) == Some(0) {
                return Err(Violation::NotInBreach);
            }
            check_entries(witness, |shrinks, _| shrinks)?;
            met(&after, target)?;
            is_least(witness, &after, target)
        }
    }
}

fn met(after: &impl Figures, level: Level) -> Result<(), Violation> {
    match after.shortfall(level, Multiplier::ONE) {
        Some(0) => Ok(()),
        _ => Err(Violation::FalseClaim),
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

/// Every entry is allowed; `allowed` is told whether it shrinks its position:
/// fewer lots of the same sign, or none.
fn check_entries<M: MarginFamily>(
    witness: &TransitionWitness<M>,
    allowed: impl Fn(bool, &Entry) -> bool,
) -> Result<(), Violation> {
    for (index, entry) in witness.change.entries().iter().enumerate() {
        let position = M::account(&witness.before).slots.iter().map(|slot| &slot.position);
        let before = position.into_iter().find(|position| position.key() == entry.key());
        let before = before.map_or(0, |position| i128::from(position.quantity.get()));
        let after = before + entry.lots();
        let shrinks = entry.lots() != 0
            && (after == 0 || after.signum() == before.signum())
            && after.abs() < before.abs();
        if !allowed(shrinks, entry) {
            return Err(Violation::Grows(index));
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
    let mut buckets: BTreeMap<BucketId, [Ratio; 2]> = BTreeMap::new();
    for (when, figures) in [before.buckets(level), after.buckets(level)].into_iter().enumerate() {
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
/// it is, the account would not meet the level.
fn is_least<M: MarginFamily>(
    witness: &TransitionWitness<M>,
    after: &M::Figures,
    level: Level,
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
    let required = M::assess(&witness.before, listed, &account.reserved)?.buckets(level);
    let equity: Vec<_> = after.buckets(level);
    let equity_of = |bucket: BucketId| {
        equity.iter().find(|figures| figures.bucket == bucket).map_or(0, |figures| figures.equity)
    };
    match required.iter().any(|figures| figures.requirement > equity_of(figures.bucket)) {
        true => Ok(()),
        false => Err(Violation::ClosesTooMuch),
    }
}
