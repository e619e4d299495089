//! What is told of proofs, as it is gathered.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use zkmargin_margin::ids::{ContextId, Timestamp};

use super::freshness::{Freshness, NotFresh};
use super::rules::{Assurance, ClaimRule, Figure, Pins, Rule};
use crate::epoch::{NotSigned, SignedEpoch, Signers};

/// Rules, and times of prices, as they are gathered.
#[derive(Debug, Default)]
pub struct Told {
    rules: Vec<Rule>,
    times: Vec<Taken>,
    /// An epoch file that nobody has to have signed.
    unsigned: bool,
    /// Who attests at each venue that is told.
    pub(super) attesters: Vec<Attester>,
}

/// Who attests at a venue, and of which time its epoch is.
#[derive(Clone, Debug)]
pub(super) struct Attester {
    pub(super) context: ContextId,
    pub(super) signers: Signers,
    pub(super) time: Timestamp,
}

/// A time that prices are said to be of, where, and how well that is known.
#[derive(Debug)]
struct Taken {
    place: String,
    time: Timestamp,
    by: Assurance,
}

/// Prices that do not do, and where their time is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {source}")]
pub struct NotFreshAt {
    /// The file.
    pub place: String,
    /// Why.
    pub source: NotFresh,
}

impl Told {
    /// A figure must have this value.
    pub fn rule(&mut self, figure: Figure, expected: impl ToString, by: Assurance) {
        self.rules.push(Rule { figure, expected: expected.to_string(), by });
    }

    /// Prices are of this time, as `place` says.
    pub fn time(&mut self, place: impl ToString, time: Timestamp, by: Assurance) {
        self.times.push(Taken { place: place.to_string(), time, by });
    }

    /// All that an epoch file says: signed by its signers, or only claimed where
    /// nobody says who they are.
    ///
    /// # Errors
    /// When too few of the signers signed it, or somebody else.
    pub fn epoch(
        &mut self,
        place: impl ToString,
        epoch: &SignedEpoch,
        signers: Option<&Signers>,
    ) -> Result<(), NotSigned> {
        let by = match signers {
            Some(signers) => {
                let signed = epoch.check(signers)?;
                Assurance::Signed { signed, signers: signers.signers().len() }
            }
            None => {
                self.unsigned = true;
                Assurance::Claimed
            }
        };
        let post = &epoch.post;
        self.rule(Figure::Context, epoch.context, by);
        self.rule(Figure::StateRoot, post.state_root, by);
        self.rule(Figure::MarketRoot, post.market_root, by);
        self.rule(Figure::Model, post.model, by);
        self.rule(Figure::Epoch, post.epoch.get(), by);
        self.time(place, post.market_timestamp, by);
        Ok(())
    }

    /// The age of the prices in seconds, once every time told is recent enough;
    /// `None` where none was told.
    ///
    /// # Errors
    /// The first time that is too old or ahead of now.
    pub fn age(&self, rule: Freshness, now: u64) -> Result<Option<(u64, Assurance)>, NotFreshAt> {
        let mut ages = Vec::new();
        for Taken { place, time, by } in &self.times {
            let age = rule
                .check(*time, now)
                .map_err(|source| NotFreshAt { place: place.clone(), source })?;
            ages.push((age, *by));
        }
        Ok(ages.into_iter().max_by_key(|(age, by)| (*by, *age)))
    }

    /// What proofs are held to. What was neither told nor waived is missing.
    pub fn pins(
        self,
        claim: ClaimRule,
        age: Option<(u64, Assurance)>,
        is_waived: impl Fn(Figure) -> bool,
    ) -> Pins {
        self.pins_needing(&Figure::NEEDED, claim, age, is_waived)
    }

    /// The same of proofs that need other figures.
    pub fn pins_needing(
        self,
        needed: &[Figure],
        claim: ClaimRule,
        age: Option<(u64, Assurance)>,
        is_waived: impl Fn(Figure) -> bool,
    ) -> Pins {
        let is_told = |figure: Figure| match figure {
            Figure::Claim => !matches!(claim, ClaimRule::Any),
            Figure::Age => age.is_some(),
            _ => self.rules.iter().any(|rule| rule.figure == figure),
        };
        let mut open: Vec<_> = needed.iter().copied().filter(|figure| !is_told(*figure)).collect();
        if self.unsigned {
            open.insert(0, Figure::Signers);
        }
        let (waived, missing) = open.into_iter().partition(|figure| is_waived(*figure));
        Pins { rules: self.rules, claim, age, waived, missing }
    }
}
