//! An account's margin, in exact integers.

use alloc::vec;
use alloc::vec::Vec;

use ethnum::I256;

use super::row::SimulationRow;
use super::terms::{SimulationTerms, Weights};
use super::{LOT_BITS, SUM_BITS, WEIGHT_ONE};
use crate::claim::{Level, MULTIPLIER_ONE, Multiplier};
use crate::ids::BucketId;
use crate::portfolio::{Position, Reserved};
use crate::relation::Violation;

/// Least lots of a position.
pub const MIN_LOTS: i64 = -(1 << LOT_BITS);
/// Most lots of a position.
pub const MAX_LOTS: i64 = (1 << LOT_BITS) - 1;
/// Most positions: sums of products stay below `2^62`.
const MAX_POSITIONS: usize = 64;

/// An account's margin under a simulation table. Sums are in quote units.
#[derive(Clone, PartialEq, Eq)]
pub struct SimulationMargin {
    /// Profit and loss in each scenario.
    pub pnl: Vec<i64>,
    /// The same in each stress scenario.
    pub stress_pnl: Vec<i64>,
    /// What the positions are worth.
    pub marks: i64,
    /// Cash.
    pub cash: i128,
    /// Charges of both margins.
    pub maintenance_charges: i128,
    /// Charges of initial margin, on top.
    pub initial_charges: i128,
    /// Reserved for open orders: of initial margin, on top.
    pub reserved: u128,
    /// The sum of the largest losses, as many as the tail has; not below zero.
    pub tail_loss: i128,
    /// The least of these; not below zero.
    pub var: i64,
    /// The largest stress loss; not below zero.
    pub stress_loss: i64,
    weights: [Weights; 2],
}

redacted_debug!(SimulationMargin);

impl SimulationMargin {
    /// Assesses positions, each with its row, whatever their order.
    ///
    /// # Errors
    /// When a position is out of range or in another bucket, collateral is owed, a
    /// row is of another number of scenarios, or a sum is out of range.
    pub fn assess<'a>(
        positions: impl IntoIterator<Item = (&'a Position, &'a SimulationRow)>,
        reserved: &Reserved,
        terms: &SimulationTerms,
    ) -> Result<Self, Violation> {
        let mut sums = vec![0_i64; terms.columns()];
        let (mut cash, mut maintenance, mut initial) = (0_i128, 0_i128, 0_i128);
        for (index, (position, row)) in positions.into_iter().enumerate() {
            let lots = lots_of(index, position, row)?;
            if row.columns().len() != sums.len() {
                return Err(Violation::Terms);
            }
            if index >= MAX_POSITIONS {
                return Err(Violation::Sum);
            }
            for (sum, gain) in sums.iter_mut().zip(row.columns()) {
                // Below 2^56, and their sum below 2^62.
                *sum += lots * gain;
            }
            let size = i128::from(lots.unsigned_abs());
            maintenance += size * i128::from(row.charges().maintenance);
            initial += size * i128::from(row.charges().initial);
            cash += position.cash.get();
        }
        if sums.iter().any(|sum| !in_range(*sum)) {
            return Err(Violation::Sum);
        }
        let mut account = Self {
            marks: sums.pop().unwrap_or(0),
            stress_pnl: sums.split_off(terms.scenarios()),
            pnl: sums,
            cash,
            maintenance_charges: maintenance,
            initial_charges: initial,
            reserved: reserved.get(),
            tail_loss: 0,
            var: 0,
            stress_loss: 0,
            weights: [terms.maintenance(), terms.initial()],
        };
        account.finish(terms.tail());
        Ok(account)
    }

    /// The order statistics.
    fn finish(&mut self, tail: usize) {
        let mut pnl = self.pnl.clone();
        // The tail has at least one scenario, and the row has more.
        let (worst, least, _) = pnl.select_nth_unstable(tail - 1);
        let sum: i128 = worst.iter().map(|pnl| i128::from(*pnl)).sum();
        self.tail_loss = (-sum - i128::from(*least)).max(0);
        self.var = (-*least).max(0);
        self.stress_loss = self.stress_pnl.iter().map(|pnl| -pnl).max().unwrap_or(0).max(0);
    }

    /// What the account is worth, in quote units.
    pub fn equity(&self) -> i128 {
        i128::from(self.marks) + self.cash
    }

    /// What a level needs, in quote units times [`WEIGHT_ONE`]; nothing is needed to
    /// be bankrupt.
    pub fn requirement(&self, level: Level) -> Option<i128> {
        let (weights, charges) = match level {
            Level::Bankrupt => return None,
            Level::MarginCall => return Some(0),
            Level::Maintenance => (&self.weights[0], self.maintenance_charges),
            Level::Initial => {
                let charges = self.maintenance_charges + self.initial_charges;
                (&self.weights[1], charges + self.reserved.cast_signed())
            }
        };
        // Below 2^48 times 2^65, 2^55 and 2^55; charges and what is reserved below
        // 2^81 times 2^40.
        let risk = i128::from(weights.shortfall) * self.tail_loss
            + i128::from(weights.var) * i128::from(self.var)
            + i128::from(weights.stress) * i128::from(self.stress_loss);
        Some(risk + charges * i128::from(WEIGHT_ONE))
    }

    /// How far the account is above a level, in quote units times [`WEIGHT_ONE`]:
    /// negative when it is below. Below `2^127`: cash is below `2^86`.
    pub fn balance(&self, level: Level) -> Option<i128> {
        Some(self.equity() * i128::from(WEIGHT_ONE) - self.requirement(level)?)
    }

    /// Cash that would lift the account to a level, in quote units, rounded up;
    /// zero when it is there.
    pub fn shortfall(&self, level: Level) -> u128 {
        self.shortfall_of(level, Multiplier::ONE)
    }

    /// How far the account is above so many times what a level requires, in quote
    /// units times `WEIGHT_ONE * MULTIPLIER_ONE`.
    pub fn balance_of(&self, level: Level, times: Multiplier) -> Option<I256> {
        let one = I256::from(MULTIPLIER_ONE);
        let required = I256::from(self.requirement(level)?);
        let equity = I256::from(self.equity()) * I256::from(WEIGHT_ONE) * one;
        Some(equity - required * (one + I256::from(times.above_one())))
    }

    /// Cash that would lift the account to so many times what a level requires,
    /// rounded up.
    pub fn shortfall_of(&self, level: Level, times: Multiplier) -> u128 {
        let deficit = self.balance_of(level, times).map_or(I256::ZERO, |b| (-b).max(I256::ZERO));
        let unit = I256::from(WEIGHT_ONE) * I256::from(MULTIPLIER_ONE);
        // Below 2^94: a requirement is below 2^122, times 2^25, over 2^53.
        ((deficit + unit - I256::ONE) / unit).as_u128()
    }

    /// What equity must reach for so many times what a level requires, in quote
    /// units, rounded up. Nothing is required to be bankrupt.
    pub fn required_units(&self, level: Level, times: Multiplier) -> i128 {
        let required = I256::from(self.requirement(level).unwrap_or(0));
        let required = required * I256::from(times.get());
        let unit = I256::from(WEIGHT_ONE) * I256::from(MULTIPLIER_ONE);
        // Below 2^94 either way; towards zero is up below zero.
        let up = if required > I256::ZERO { unit - I256::ONE } else { I256::ZERO };
        ((required + up) / unit).as_i128()
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

/// M4: a sum plus `2^55` is from 0 to below `2^56`.
fn in_range(sum: i64) -> bool {
    (-(1 << SUM_BITS)..1 << SUM_BITS).contains(&sum)
}

/// The lots of a position, after the checks on it alone.
fn lots_of(index: usize, position: &Position, row: &SimulationRow) -> Result<i64, Violation> {
    let lots = position.quantity.get();
    if position.bucket != BucketId::CROSS {
        return Err(Violation::Bucket(index));
    }
    if !(MIN_LOTS..=MAX_LOTS).contains(&lots) {
        return Err(Violation::Lots(index));
    }
    if row.is_long_only() && lots < 0 {
        return Err(Violation::WrongDirection(index));
    }
    Ok(lots)
}
