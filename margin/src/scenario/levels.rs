//! What levels require of an account, and how far it is from them.
//!
//! An account is given by its figures on each underlying: what it is worth and what is
//! asked of it are sums over them.

use core::slice::from_ref;

use ethnum::I256;

use super::account::{ChargeSums, ScenarioMargin};
use super::{FACTOR_ONE, FINE_ONE};
use crate::claim::{Level, MULTIPLIER_ONE, Multiplier};

type Parts = [ScenarioMargin];

impl ScenarioMargin {
    /// What the account is worth, in quote units.
    pub fn mark_to_market(&self) -> i128 {
        mark_to_market(from_ref(self))
    }

    /// What a level requires, in quote units times `FINE_ONE * FACTOR_ONE`;
    /// negative where credits exceed losses. Nothing is needed to be bankrupt.
    pub fn requirement(&self, level: Level) -> Option<I256> {
        let ChargeSums { maintenance, initial, confidence } = self.charges;
        let initial = maintenance + initial + (confidence + self.reserved).cast_signed();
        let (factor, charges) = match level {
            Level::Bankrupt => return None,
            Level::MarginCall => (0, 0),
            Level::Maintenance => (self.maintenance_factor, maintenance),
            Level::Initial => (self.initial_factor, initial),
        };
        let lost = self.worst - self.added;
        Some(I256::from(charges) * balance_one() - lost * I256::from(factor))
    }

    /// How far the account is above a level, in quote units times
    /// `FINE_ONE * FACTOR_ONE`: negative when it is below. Nothing is needed to
    /// be bankrupt.
    pub fn balance(&self, level: Level) -> Option<I256> {
        balance(from_ref(self), level)
    }

    /// What equity must reach for so many times what a level requires, in quote
    /// units, rounded up. Nothing is required to be bankrupt.
    pub fn required_units(&self, level: Level, times: Multiplier) -> i128 {
        required_units(from_ref(self), level, times)
    }

    /// Cash that would lift the account to a level, in quote units, rounded
    /// up; zero when it is there.
    pub fn shortfall(&self, level: Level) -> u128 {
        self.shortfall_of(level, Multiplier::ONE)
    }

    /// How far the account is above so many times what a level requires, in
    /// quote units times `FINE_ONE * FACTOR_ONE * MULTIPLIER_ONE`. A sum of
    /// charges that is a credit counts once: a multiplier never asks for less.
    pub fn balance_of(&self, level: Level, times: Multiplier) -> Option<I256> {
        balance_of(from_ref(self), level, times)
    }

    /// Cash that would lift the account to so many times what a level requires,
    /// rounded up.
    pub fn shortfall_of(&self, level: Level, times: Multiplier) -> u128 {
        shortfall_of(from_ref(self), level, times)
    }

    /// The highest level that, with every lower one, the account reaches.
    pub fn level(&self) -> Level {
        level(from_ref(self))
    }
}

pub(super) fn mark_to_market(parts: &Parts) -> i128 {
    let marks =
        |part: &ScenarioMargin| part.expiries.iter().map(|expiry| expiry.mark).sum::<i128>();
    parts.iter().map(|part| marks(part) + part.collateral + part.cash).sum()
}

pub(super) fn requirement(parts: &Parts, level: Level) -> Option<I256> {
    parts.iter().try_fold(I256::ZERO, |sum, part| Some(sum + part.requirement(level)?))
}

pub(super) fn balance(parts: &Parts, level: Level) -> Option<I256> {
    let worth = I256::from(mark_to_market(parts)) * balance_one();
    Some(worth - requirement(parts, level)?)
}

pub(super) fn required_units(parts: &Parts, level: Level, times: Multiplier) -> i128 {
    let Some(balance) = balance_of(parts, level, times) else { return 0 };
    let unit = balance_one() * I256::from(MULTIPLIER_ONE);
    let required = I256::from(mark_to_market(parts)) * unit - balance;
    // Below 2^110 either way; towards zero is up below zero.
    let up = if required > I256::ZERO { unit - I256::ONE } else { I256::ZERO };
    ((required + up) / unit).as_i128()
}

pub(super) fn balance_of(parts: &Parts, level: Level, times: Multiplier) -> Option<I256> {
    let sum = |of: fn(&ChargeSums) -> i128| parts.iter().map(|part| of(&part.charges)).sum();
    let credit = |sum: i128| (-sum).max(0);
    let maintenance = credit(sum(|charges| charges.maintenance));
    let credits = match level {
        Level::Bankrupt | Level::MarginCall => 0,
        Level::Maintenance => maintenance,
        Level::Initial => maintenance + credit(sum(|charges| charges.initial)),
    };
    let charged = requirement(parts, level)? + I256::from(credits) * balance_one();
    let more = charged * I256::from(times.above_one());
    Some(balance(parts, level)? * I256::from(MULTIPLIER_ONE) - more)
}

pub(super) fn shortfall_of(parts: &Parts, level: Level, times: Multiplier) -> u128 {
    let deficit = balance_of(parts, level, times).map_or(I256::ZERO, |b| (-b).max(I256::ZERO));
    let unit = balance_one() * I256::from(MULTIPLIER_ONE);
    // Below 2^110: see the bounds in the circuit's documentation.
    ((deficit + unit - I256::ONE) / unit).as_u128()
}

pub(super) fn level(parts: &Parts) -> Level {
    [Level::MarginCall, Level::Maintenance, Level::Initial]
        .into_iter()
        .take_while(|level| shortfall_of(parts, *level, Multiplier::ONE) == 0)
        .last()
        .unwrap_or(Level::Bankrupt)
}

/// One quote unit on the scale of balances.
fn balance_one() -> I256 {
    I256::from(FINE_ONE) * I256::from(FACTOR_ONE)
}
