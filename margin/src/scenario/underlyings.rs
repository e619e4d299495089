//! An account over the underlyings of its market.

use alloc::vec::Vec;

use ethnum::I256;

use super::account::{ScenarioMargin, assess_each};
use super::levels;
use super::row::ScenarioRow;
use super::terms::MarketTerms;
use crate::claim::{Level, Multiplier};
use crate::portfolio::{Position, Reserved};
use crate::relation::Violation;

/// An account's margin: what it is asked for is the sum of what it is asked for on
/// each underlying, and what it is worth counts for all of them.
///
/// A profit on one underlying does not count against a loss on another: the worst loss
/// of each is never a profit. Credits among the charges count over the whole account.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountMargin {
    parts: Vec<ScenarioMargin>,
}

redacted_debug!(AccountMargin);

impl AccountMargin {
    /// Assesses positions, each with its row, in canonical order: the call and
    /// the put of a strike are neighbours.
    ///
    /// # Errors
    /// As [`ScenarioMargin::assess`]; and when a row is of an underlying that the
    /// terms do not have, or two rows of different underlyings share an expiry.
    pub fn assess<'a>(
        positions: impl IntoIterator<Item = (&'a Position, &'a ScenarioRow)>,
        reserved: &Reserved,
        terms: &MarketTerms,
    ) -> Result<Self, Violation> {
        Ok(Self { parts: assess_each(positions, reserved, terms)? })
    }

    /// The figures on each underlying, in the market's order. What is reserved for open
    /// orders counts with the first.
    pub fn parts(&self) -> &[ScenarioMargin] {
        &self.parts
    }

    /// Expiries held, on all underlyings.
    pub fn expiries(&self) -> usize {
        self.parts.iter().map(|part| part.expiries.len()).sum()
    }

    /// What the account is worth, in quote units.
    pub fn mark_to_market(&self) -> i128 {
        levels::mark_to_market(&self.parts)
    }

    /// What a level requires, in quote units times `FINE_ONE * FACTOR_ONE`;
    /// negative where credits exceed losses. Nothing is needed to be bankrupt.
    pub fn requirement(&self, level: Level) -> Option<I256> {
        levels::requirement(&self.parts, level)
    }

    /// How far the account is above a level, on the same scale.
    pub fn balance(&self, level: Level) -> Option<I256> {
        levels::balance(&self.parts, level)
    }

    /// As [`ScenarioMargin::required_units`].
    pub fn required_units(&self, level: Level, times: Multiplier) -> i128 {
        levels::required_units(&self.parts, level, times)
    }

    /// Cash that would lift the account to a level, in quote units, rounded
    /// up; zero when it is there.
    pub fn shortfall(&self, level: Level) -> u128 {
        self.shortfall_of(level, Multiplier::ONE)
    }

    /// As [`ScenarioMargin::balance_of`].
    pub fn balance_of(&self, level: Level, times: Multiplier) -> Option<I256> {
        levels::balance_of(&self.parts, level, times)
    }

    /// As [`ScenarioMargin::shortfall_of`].
    pub fn shortfall_of(&self, level: Level, times: Multiplier) -> u128 {
        levels::shortfall_of(&self.parts, level, times)
    }

    /// The highest level that, with every lower one, the account reaches.
    pub fn level(&self) -> Level {
        levels::level(&self.parts)
    }
}
