//! An account's margin: buckets, levels, shortfall.

use alloc::vec::Vec;

use crate::claim::{Level, MULTIPLIER_ONE, Multiplier};
use crate::ids::BucketId;
use crate::portfolio::{Position, Reserved};
use crate::standard::{Assessment, RowError, TierRow};
use crate::units::Denominator;

/// Bits of a bucket's deficit over [`MULTIPLIER_ONE`], either way: sums of 128
/// figures below `2^82` and one of `2^80` have 104.
pub const DEFICIT_BITS: u32 = 112;

/// Quote units of an amount over [`MULTIPLIER_ONE`], rounded up.
fn in_units(amount: u128) -> u128 {
    amount.div_ceil(u128::from(MULTIPLIER_ONE))
}

/// The figures of one bucket, in quote units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BucketMargin {
    /// The bucket.
    pub bucket: BucketId,
    /// Sum of values and cash.
    pub equity: i128,
    /// Sum of initial margins, and in the cross bucket what is reserved.
    pub initial: u128,
    /// Sum of maintenance margins.
    pub maintenance: u128,
}

redacted_debug!(BucketMargin, AccountMargin);

impl BucketMargin {
    /// What equity must reach for a level; nothing is needed to be bankrupt.
    pub fn requirement(&self, level: Level) -> Option<u128> {
        match level {
            Level::Bankrupt => None,
            Level::MarginCall => Some(0),
            Level::Maintenance => Some(self.maintenance),
            Level::Initial => Some(self.initial),
        }
    }

    /// Cash that would lift the bucket to a level, zero when it is there.
    pub fn shortfall(&self, level: Level) -> u128 {
        in_units(self.deficit(level, Multiplier::ONE).max(0).unsigned_abs())
    }

    /// What the bucket is short of so many times what a level requires, over
    /// [`MULTIPLIER_ONE`]; negative where it has more.
    fn deficit(&self, level: Level, times: Multiplier) -> i128 {
        self.requirement(level).map_or(0, |requirement| {
            // Sums of at most 128 figures below 2^82, and a figure below 2^80.
            let required = requirement * u128::from(times.get());
            required.cast_signed() - self.equity * i128::from(MULTIPLIER_ONE)
        })
    }

    /// Whether a circuit can count the bucket's deficit: below `2^`
    /// [`DEFICIT_BITS`] either way, as it always is of a requirement that counts
    /// once.
    pub(super) fn is_in_range(&self, level: Level, times: Multiplier) -> bool {
        self.deficit(level, times).unsigned_abs() >> DEFICIT_BITS == 0
    }

    /// The highest level whose requirement, and every lower one, is met.
    pub fn level(&self) -> Level {
        [Level::MarginCall, Level::Maintenance, Level::Initial]
            .into_iter()
            .take_while(|level| self.shortfall(*level) == 0)
            .last()
            .unwrap_or(Level::Bankrupt)
    }
}

/// An account's margin under a risk table.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountMargin {
    /// The buckets, ascending.
    pub buckets: Vec<BucketMargin>,
    /// The figures per position, in the portfolio's order.
    pub positions: Vec<Assessment>,
}

impl AccountMargin {
    /// Assesses positions, each with its row, in canonical order, and what is
    /// reserved for open orders. Where something is, there is a cross bucket.
    ///
    /// # Errors
    /// The first position whose row does not apply, by index.
    pub fn assess<'a>(
        positions: impl IntoIterator<Item = (&'a Position, &'a TierRow)>,
        reserved: &Reserved,
        denominator: Denominator,
    ) -> Result<Self, (usize, RowError)> {
        let mut account = Self { buckets: Vec::new(), positions: Vec::new() };
        if *reserved != Reserved::NONE {
            account.bucket_mut(BucketId::CROSS).initial = reserved.get();
        }
        for (index, (position, row)) in positions.into_iter().enumerate() {
            let figures =
                row.assess(position.quantity, denominator).map_err(|error| (index, error))?;
            let bucket = account.bucket_mut(position.bucket);
            bucket.equity += figures.value + position.cash.get();
            bucket.initial += figures.initial;
            bucket.maintenance += figures.maintenance;
            account.positions.push(figures);
        }
        Ok(account)
    }

    /// The bucket of this id, which is the last one or new.
    fn bucket_mut(&mut self, bucket: BucketId) -> &mut BucketMargin {
        if self.buckets.last().is_none_or(|last| last.bucket != bucket) {
            self.buckets.push(BucketMargin { bucket, equity: 0, initial: 0, maintenance: 0 });
        }
        let last = self.buckets.len() - 1;
        &mut self.buckets[last]
    }

    /// The account's level: its worst bucket's. An empty account meets every
    /// requirement.
    pub fn level(&self) -> Level {
        self.buckets.iter().map(BucketMargin::level).min().unwrap_or(Level::Initial)
    }

    /// Cash that would lift every bucket to a level.
    pub fn shortfall(&self, level: Level) -> u128 {
        self.shortfall_of(level, Multiplier::ONE)
    }

    /// Cash that would lift every bucket to so many times what a level requires,
    /// rounded up once for the account.
    pub fn shortfall_of(&self, level: Level, times: Multiplier) -> u128 {
        let gap = |bucket: &BucketMargin| bucket.deficit(level, times).max(0).unsigned_abs();
        in_units(self.buckets.iter().map(gap).sum())
    }

    /// Notional of all positions, long and short, collateral and loans included.
    pub fn gross_notional(&self) -> u128 {
        self.positions.iter().map(|position| position.notional.get()).sum()
    }

    /// Equity of all buckets.
    pub fn equity(&self) -> i128 {
        self.buckets.iter().map(|bucket| bucket.equity).sum()
    }

    /// Initial margin of all buckets.
    pub fn initial(&self) -> u128 {
        self.buckets.iter().map(|bucket| bucket.initial).sum()
    }

    /// Maintenance margin of all buckets.
    pub fn maintenance(&self) -> u128 {
        self.buckets.iter().map(|bucket| bucket.maintenance).sum()
    }
}
