//! An account's margin, in exact integers.

use alloc::vec::Vec;

use super::row::{Charges, SettlementRow};
use super::{LOT_BITS, MAX_POSITIONS, expiry_of};
use crate::claim::{Level, MULTIPLIER_ONE, Multiplier};
use crate::ids::BucketId;
use crate::portfolio::{Position, Reserved};
use crate::relation::Violation;

/// Least lots of a position.
pub const MIN_LOTS: i64 = -(1 << LOT_BITS);
/// Most lots of a position.
pub const MAX_LOTS: i64 = (1 << LOT_BITS) - 1;

/// The options of an expiry, in quote units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExpiryMargin {
    /// The expiry, as [`expiry_of`] gives it.
    pub expiry: u64,
    /// The sums of the charges on its short options.
    pub alone: [u128; 2],
    /// The most that it loses at settlement at zero and at its strikes; not below zero.
    pub loss: u128,
    /// What its calls are charged that are short and covered by none.
    pub naked: [u128; 2],
}

/// An account's margin under a settlement table, in quote units. Pairs are of
/// maintenance and of initial margin.
#[derive(Clone, PartialEq, Eq)]
pub struct SettlementMargin {
    /// The expiries held, ascending.
    pub expiries: Vec<ExpiryMargin>,
    /// Charges on all but options.
    pub linear: [u128; 2],
    /// What initial margin has on top for short options.
    pub extra: u128,
    /// Reserved for open orders, of initial margin.
    pub reserved: u128,
    /// Cash, and what all but options are worth.
    pub worth: i128,
    /// What the options are worth.
    pub options: i128,
}

redacted_debug!(ExpiryMargin, SettlementMargin);

/// What the open expiry has come to.
struct Open {
    expiry: u64,
    strike: u64,
    alone: [u128; 2],
    /// Lots times what a call is charged that none covers.
    unpaired: [i128; 2],
    /// Strike, type and lots of each option.
    held: Vec<(u64, bool, i128)>,
}

impl ExpiryMargin {
    /// What its options are charged.
    pub fn charge(&self) -> [u128; 2] {
        [0, 1].map(|level| self.alone[level].min(self.loss + self.naked[level]))
    }
}

impl Open {
    fn new(expiry: u64) -> Self {
        Self { expiry, strike: 0, alone: [0; 2], unpaired: [0; 2], held: Vec::new() }
    }

    fn add(&mut self, lots: i64, row: &SettlementRow) {
        let short = u128::from(lots.min(0).unsigned_abs());
        let lots = i128::from(lots);
        for (level, (alone, unpaired)) in
            pair(row.charges()).into_iter().zip(pair(row.unpaired())).enumerate()
        {
            self.alone[level] += short * u128::from(alone);
            self.unpaired[level] += lots * i128::from(unpaired);
        }
        self.strike = row.strike();
        // The venue has no option of which there are no lots, and looks at no loss there.
        if lots != 0 {
            self.held.push((row.strike(), row.is_call(), lots));
        }
    }

    /// What the options pay when they settle at a price per lot.
    fn value(&self, price: u64) -> i128 {
        let pays = |(strike, is_call, lots): &(u64, bool, i128)| {
            let pays = match is_call {
                true => price.saturating_sub(*strike),
                false => strike.saturating_sub(price),
            };
            lots * i128::from(pays)
        };
        self.held.iter().map(pays).sum()
    }

    fn finish(self) -> ExpiryMargin {
        let prices = self.held.iter().map(|(strike, ..)| *strike).chain([0]);
        let worst = prices.map(|price| self.value(price)).min().unwrap_or(0).min(0);
        ExpiryMargin {
            expiry: self.expiry,
            alone: self.alone,
            loss: worst.unsigned_abs(),
            naked: self.unpaired.map(|unpaired| unpaired.min(0).unsigned_abs()),
        }
    }
}

impl SettlementMargin {
    /// Assesses positions, each with its row, in canonical order.
    ///
    /// # Errors
    /// When a position is out of range or in another bucket, collateral is owed, there
    /// are more than [`MAX_POSITIONS`], or strikes of an expiry do not ascend as their
    /// identifiers do.
    pub fn assess<'a>(
        positions: impl IntoIterator<Item = (&'a Position, &'a SettlementRow)>,
        reserved: &Reserved,
    ) -> Result<Self, Violation> {
        let mut account = Self {
            expiries: Vec::new(),
            linear: [0; 2],
            extra: 0,
            reserved: reserved.get(),
            worth: 0,
            options: 0,
        };
        let mut open: Option<Open> = None;
        for (index, (position, row)) in positions.into_iter().enumerate() {
            let lots = lots_of(index, position, row)?;
            account.worth += position.cash.get();
            let value = i128::from(lots) * i128::from(row.mark());
            let Some(expiry) = expiry_of(position.instrument) else {
                account.worth += value;
                account.charge(lots, row);
                continue;
            };
            account.options += value;
            let short = u128::from(lots.min(0).unsigned_abs());
            account.extra += short * u128::from(row.extra());
            if let Some(ended) = open.take_if(|open| open.expiry != expiry) {
                account.expiries.push(ended.finish());
            }
            let open = open.get_or_insert_with(|| Open::new(expiry));
            if row.strike() < open.strike {
                return Err(Violation::Strike(index));
            }
            open.add(lots, row);
        }
        account.expiries.extend(open.map(Open::finish));
        Ok(account)
    }

    /// Charges a position that is no option.
    fn charge(&mut self, lots: i64, row: &SettlementRow) {
        let size = u128::from(lots.unsigned_abs());
        for (sum, charge) in self.linear.iter_mut().zip(pair(row.charges())) {
            *sum += size * u128::from(charge);
        }
    }

    /// Values and marks of all positions, and cash: below `2^88` either way.
    pub fn equity(&self) -> i128 {
        self.worth + self.options
    }

    /// What counts for a level: options are worth nothing to margin.
    pub fn counts(&self, level: Level) -> i128 {
        match level {
            Level::Bankrupt | Level::MarginCall => self.equity(),
            Level::Maintenance | Level::Initial => self.worth,
        }
    }

    /// What a level requires; nothing is needed to be bankrupt. Below `2^90`.
    pub fn requirement(&self, level: Level) -> Option<u128> {
        let options = |level: usize| -> u128 {
            self.expiries.iter().map(|expiry| expiry.charge()[level]).sum()
        };
        match level {
            Level::Bankrupt => None,
            Level::MarginCall => Some(0),
            Level::Maintenance => Some(self.linear[0] + options(0)),
            Level::Initial => Some(self.linear[1] + options(1) + self.extra + self.reserved),
        }
    }

    /// How far the account is above so many times what a level requires, over
    /// [`MULTIPLIER_ONE`]; negative when it is below.
    fn balance_of(&self, level: Level, times: Multiplier) -> Option<i128> {
        // Below 2^90 times 2^25, and 2^88 times 2^14.
        let required = self.requirement(level)? * u128::from(times.get());
        Some(self.counts(level) * i128::from(MULTIPLIER_ONE) - required.cast_signed())
    }

    /// Cash that would lift the account to a level, rounded up; zero when it is there.
    pub fn shortfall(&self, level: Level) -> u128 {
        self.shortfall_of(level, Multiplier::ONE)
    }

    /// Cash that would lift the account to so many times what a level requires,
    /// rounded up.
    pub fn shortfall_of(&self, level: Level, times: Multiplier) -> u128 {
        let balance = self.balance_of(level, times).unwrap_or(0);
        balance.min(0).unsigned_abs().div_ceil(u128::from(MULTIPLIER_ONE))
    }

    /// So many times what a level requires, rounded up.
    pub fn required_units(&self, level: Level, times: Multiplier) -> u128 {
        let required = self.requirement(level).unwrap_or(0) * u128::from(times.get());
        required.div_ceil(u128::from(MULTIPLIER_ONE))
    }

    /// The highest level that, with every lower one, the account reaches.
    pub fn level(&self) -> Level {
        [Level::MarginCall, Level::Maintenance, Level::Initial]
            .into_iter()
            .take_while(|level| self.shortfall(*level) == 0)
            .last()
            .unwrap_or(Level::Bankrupt)
    }
}

fn pair(charges: Charges) -> [u64; 2] {
    [charges.maintenance, charges.initial]
}

/// The lots of a position, after the checks on it alone.
fn lots_of(index: usize, position: &Position, row: &SettlementRow) -> Result<i64, Violation> {
    let lots = position.quantity.get();
    if index >= MAX_POSITIONS {
        return Err(Violation::Sum);
    }
    if position.bucket != BucketId::CROSS {
        return Err(Violation::Bucket(index));
    }
    if !(MIN_LOTS..=MAX_LOTS).contains(&lots) {
        return Err(Violation::Quantity(index));
    }
    if row.is_long_only() && lots < 0 {
        return Err(Violation::WrongDirection(index));
    }
    Ok(lots)
}
