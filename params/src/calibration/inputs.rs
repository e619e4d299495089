//! What a rule is applied to: the `calibration` of a snapshot.
//!
//! ```json
//! {
//!   "history": { "symbols": ["BTC"], "days": ["2020-03-11"], "closes": [[7911.43]] },
//!   "observations": {
//!     "BTC": { "implied_volatility": "0.62", "spread": "0.0001",
//!              "depth": "40000000", "daily_volume": "9000000000" }
//!   },
//!   "previous": {
//!     "epoch": 6, "market_root": "0x...",
//!     "numbers": { "BTC": { "capacity": "80000000", "rates": ["0.095", "0.17"] } }
//!   }
//! }
//! ```

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{Epoch, Timestamp};

use crate::calibration::breakers::Record;
use crate::calibration::error::CalibrationError;
use crate::calibration::rule::{Calibration, whole};
use crate::decimal::{text, text_option};
use crate::fraction::Fraction;
use crate::simulation::day::{DAY_SECONDS, Day};
use crate::simulation::history::History;
use crate::symbol::{Symbol, unique_map};

/// What a rule is applied to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Closes of all underlyings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// What was seen of each instrument's market.
    #[serde(default, deserialize_with = "unique_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub observations: BTreeMap<Symbol, Observation>,
    /// The epoch before; absent in the first epoch of a rule, whose numbers nothing
    /// holds back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
}

/// What was seen of an instrument's market.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Implied volatility at the money at about 30 days, per square root of a year:
    /// above 0, at most 20.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub implied_volatility: Option<Decimal>,
    /// Best ask less best bid over their mean: from 0 to 1.
    #[serde(with = "text")]
    pub spread: Decimal,
    /// Money on the thinner side of the book, in the quote currency: from 0 to 10^18.
    /// How far from the middle is counted is for whoever sets the rule's multiple.
    #[serde(with = "text")]
    pub depth: Decimal,
    /// Average daily volume, in the quote currency: from 0 to 10^18.
    #[serde(with = "text")]
    pub daily_volume: Decimal,
}

/// The epoch before, and its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// The epoch.
    pub epoch: Epoch,
    /// Its `MARKET_ROOT`: `0x` and 64 hexadecimal digits.
    pub market_root: String,
    /// What it had of each instrument.
    #[serde(deserialize_with = "unique_map")]
    pub numbers: BTreeMap<Symbol, Numbers>,
    /// What its breakers remember; absent where its rule had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakers: Option<Record>,
}

/// Rates and capacity of an instrument in one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// What the market takes, in whole units of the quote currency.
    #[serde(with = "text")]
    pub capacity: Decimal,
    /// The initial rate of each tier.
    pub rates: Vec<Fraction>,
}

impl Inputs {
    /// Checks what was observed, and the epoch before.
    ///
    /// # Errors
    /// With the first field that is out of range.
    pub fn check(&self) -> Result<(), CalibrationError> {
        for (symbol, seen) in &self.observations {
            seen.check(symbol)?;
        }
        let Some(previous) = &self.previous else { return Ok(()) };
        let digits = previous.market_root.strip_prefix("0x").unwrap_or_default();
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(CalibrationError::PreviousRoot);
        }
        let is_rate = |rate: &Fraction| {
            *rate != Fraction::ZERO
                && rate.is_at_most_one()
                && u32::try_from(rate.denominator()).is_ok()
        };
        for (symbol, numbers) in &previous.numbers {
            if whole(numbers.capacity).is_none() || !numbers.rates.iter().all(is_rate) {
                return Err(CalibrationError::Previous(symbol.clone()));
            }
        }
        previous.breakers.as_ref().map_or(Ok(()), Record::check)
    }

    /// The closes, when they are those that a rule reads at a time: of days that are
    /// over, up to a recent one, without gaps.
    ///
    /// # Errors
    /// When there are none, or they are not.
    pub fn closes(&self, rule: &Calibration, at: Timestamp) -> Result<&History, CalibrationError> {
        let history = self.history.as_ref().ok_or(CalibrationError::NoHistory)?;
        let newest = *history.days().last().ok_or(CalibrationError::NoHistory)?;
        let today = at.get() / DAY_SECONDS;
        // 0 is a day that was not over.
        let age = today.saturating_sub(newest.number().into());
        if age == 0 {
            return Err(CalibrationError::Ahead { day: newest });
        }
        let allowed = rule.volatility.most_age_days;
        if age > allowed.into() {
            return Err(CalibrationError::Stale { newest, age, allowed });
        }
        let allowed = rule.volatility.most_gap_days;
        let read = history.days();
        let read = &read[read.len().saturating_sub(rule.returns() + 1)..];
        let is_wide = |pair: &&[Day]| pair[1].number() - pair[0].number() > allowed;
        match read.windows(2).find(is_wide) {
            Some(pair) => Err(CalibrationError::Gap { before: pair[0], after: pair[1], allowed }),
            None => Ok(history),
        }
    }
}

impl Observation {
    fn check(&self, symbol: &Symbol) -> Result<(), CalibrationError> {
        const MONEY: &str = "decimals from 0 to 10^18, with at most 6 decimals";
        let most = Decimal::from(1_000_000_000_000_000_000_u64);
        let volatility = self.implied_volatility.unwrap_or(Decimal::ONE);
        for (field, value, least, most, allowed) in [
            (
                "implied_volatility",
                volatility,
                Decimal::new(1, 6),
                Decimal::from(20),
                "decimals from 0.000001 to 20: 0.62 is 62 % a year",
            ),
            ("spread", self.spread, Decimal::ZERO, Decimal::ONE, "decimals from 0 to 1"),
            ("depth", self.depth, Decimal::ZERO, most, MONEY),
            ("daily_volume", self.daily_volume, Decimal::ZERO, most, MONEY),
        ] {
            let is_precise = allowed == MONEY && crate::decimal::canonical(value).scale() > 6;
            if !(least..=most).contains(&value) || is_precise {
                let field = format!("calibration.observations.{symbol}.{field}");
                return Err(CalibrationError::Decimal { field, value, allowed });
            }
        }
        Ok(())
    }
}
