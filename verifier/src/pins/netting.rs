//! What a proof over several venues must be about, and its verdict in words.
//!
//! Every venue must be told: by its epoch file that enough of its own signers signed,
//! with the account there. None is waived, and a proof over more or fewer is refused: a
//! venue that is left out may hold a loss, one that is let in may attest anything. All
//! epochs are of one time, to the second: what is moved from one venue to another in
//! between would count at both.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Display;

use zkmargin_margin::claim::Side;
use zkmargin_margin::ids::{AccountId, ContextId};

use super::rules::{Assurance, Figure, Mismatch, Pins, Rule};
use super::told::{Attester, Told};
use super::words::{Assurances, Verdict};
use crate::epoch::{NotSigned, SignedEpoch, Signers};
use crate::proof::{NettingData, VenueData};

/// Why venues do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VenuesError {
    /// Its epoch is not signed.
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    /// A venue that was told before.
    #[error("{0} is told twice: what is held there would count twice")]
    Twice(ContextId),
    /// Who can attest alone at both of two venues.
    #[error(
        "{0} and {1} are attested by the same signers: they can put one book into both, which would count twice"
    )]
    SameSigners(ContextId, ContextId),
    /// Epochs of two times.
    #[error(
        "the epochs of {0} and {1} are of two times: what was moved from one to the other between them would count twice"
    )]
    Apart(ContextId, ContextId),
}

impl Told {
    /// A venue, as its epoch file says that enough of its signers signed, and the
    /// account there.
    ///
    /// # Errors
    /// When too few of the signers signed it, it was told before, the signers that it
    /// shares with another venue are enough at both, or their epochs are of two times.
    pub fn venue(
        &mut self,
        place: impl Display,
        (epoch, signers): (&SignedEpoch, &Signers),
        account: AccountId,
    ) -> Result<(), VenuesError> {
        let signed = epoch.check(signers)?;
        let context = epoch.context;
        let attester =
            Attester { context, signers: signers.clone(), time: epoch.post.market_timestamp };
        self.attesters.iter().try_for_each(|other| attester.goes_with(other))?;
        self.attesters.push(attester);
        let by = Assurance::Signed { signed, signers: signers.signers().len() };
        let data = VenueData { context, account, state_root: epoch.post.state_root };
        self.rule(Figure::Venues, words_of(&data), by);
        self.time(place.to_string(), epoch.post.market_timestamp, by);
        Ok(())
    }
}

impl Attester {
    /// Whether what is held here and there may be added up.
    fn goes_with(&self, other: &Self) -> Result<(), VenuesError> {
        let (context, of_other) = (self.context, other.context);
        if context == of_other {
            return Err(VenuesError::Twice(context));
        }
        let theirs = other.signers.signers();
        let shared = self.signers.signers().iter().filter(|one| theirs.contains(one)).count();
        if shared >= self.signers.threshold().max(other.signers.threshold()) {
            return Err(VenuesError::SameSigners(of_other, context));
        }
        match self.time == other.time {
            true => Ok(()),
            false => Err(VenuesError::Apart(of_other, context)),
        }
    }
}

/// A venue in one line.
fn words_of(venue: &VenueData) -> String {
    let VenueData { context, account, state_root } = venue;
    format!("account {account} under state root {state_root} of {context}")
}

impl Figure {
    /// The value of a proof over several venues. It has no state root of its own: the
    /// venues have.
    fn of_netting(self, data: &NettingData) -> Option<String> {
        Some(match self {
            Self::Context => data.context.to_string(),
            Self::MarketRoot => data.market_root.to_string(),
            Self::Model => data.model.to_string(),
            Self::Epoch => data.epoch.get().to_string(),
            Self::Account => data.account.to_string(),
            Self::Memo => data.memo.to_string(),
            Self::Next | Self::Change | Self::StateAfter => "none".to_owned(),
            Self::Signers | Self::StateRoot | Self::Claim | Self::Age | Self::Venues => {
                return None;
            }
        })
    }
}

impl Pins {
    /// What a proof over several venues is held to: the venues that are told in place
    /// of a state root, and the account, which no venue attests. Neither can be waived.
    pub fn of_netting(&self) -> Self {
        let mut pins = self.clone();
        pins.rules.retain(|rule| rule.figure != Figure::StateRoot);
        pins.missing.retain(|figure| *figure != Figure::StateRoot);
        pins.waived.retain(|figure| *figure != Figure::StateRoot);
        for figure in [Figure::Venues, Figure::Account] {
            if !self.rules.iter().any(|rule| rule.figure == figure) {
                pins.missing.push(figure);
            }
        }
        pins
    }

    fn told_venues(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.figure == Figure::Venues)
    }

    /// Holds the public inputs to every rule; the side of the claim. The venues must be
    /// those that are told, where some are.
    ///
    /// # Errors
    /// The first figure in which the proof is about something else.
    pub fn matches_netting(&self, data: &NettingData) -> Result<Side, Mismatch> {
        for Rule { figure, expected, .. } in &self.rules {
            match figure.of_netting(data) {
                Some(found) if found != *expected => {
                    return Err(Mismatch { figure: *figure, expected: expected.clone(), found });
                }
                _ => {}
            }
        }
        let found: Vec<_> = data.venues.iter().map(words_of).collect();
        let mut told = self.told_venues().map(|rule| &rule.expected).peekable();
        if told.peek().is_some() {
            let told: Vec<_> = told.collect();
            let more = found.iter().find(|venue| !told.contains(venue));
            let missing = told.iter().find(|venue| !found.contains(venue));
            let none = || "none".to_owned();
            if more.is_some() || missing.is_some() {
                return Err(Mismatch {
                    figure: Figure::Venues,
                    expected: missing.map_or_else(none, |venue| (*venue).clone()),
                    found: more.map_or_else(none, Clone::clone),
                });
            }
        }
        self.matches_claim(data.claim)
    }

    /// The verdict on a proof over several venues in words.
    pub fn words_of_netting(&self, data: &NettingData) -> String {
        let verdict = self.verdict(data.claim.side());
        let disclosed = match data.disclosed.get() {
            0 => String::new(),
            units => format!(", shortfall of {units} quote units"),
        };
        let memo =
            if data.memo.is_none() { String::new() } else { format!(", memo {}", data.memo) };
        let venues = match data.venues.len() {
            1 => "1 venue".to_owned(),
            many => format!("{many} venues"),
        };
        let (account, epoch) = (data.account, data.epoch.get());
        let below = if verdict == Verdict::Below { "BELOW: " } else { "" };
        let statement = format!(
            "{below}{account} is {} over {venues} in epoch {epoch}{disclosed}{memo}",
            data.claim
        );
        self.in_words(verdict, &statement)
    }

    /// How well each figure of a proof over several venues is known.
    pub fn assurances_of_netting(&self, data: &NettingData) -> Assurances {
        let mut all = self.about();
        all.remove(Figure::StateRoot.key());
        // Bound by the proof, which says nothing of whose the account is.
        for figure in [Figure::Venues, Figure::Account] {
            all.insert(figure.key(), self.assurance(figure));
        }
        all.extend(["claim", "disclosed"].map(|key| (key, Assurance::Proved)));
        if !data.memo.is_none() {
            all.insert(Figure::Memo.key(), self.assurance(Figure::Memo));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkmargin_margin::ids::Timestamp;

    fn attester(context: u8, threshold: usize, signers: &[u8], time: u64) -> Attester {
        let bytes = core::array::from_fn(|i| if i == 1 { context } else { 0 });
        let addresses: Vec<_> =
            signers.iter().map(|byte| format!("0x{}", hex::encode([*byte; 20]))).collect();
        let signers = serde_json::json!({ "threshold": threshold, "signers": addresses });
        Attester {
            context: ContextId::from_be_bytes(&bytes).unwrap(),
            signers: serde_json::from_value(signers).unwrap(),
            time: Timestamp::new(time),
        }
    }

    /// Signers of their own, or too few in common; and one time.
    #[test]
    fn venues_go_together_that_cannot_count_twice() {
        let one = attester(1, 2, &[1, 2, 3], 7);
        let other = |threshold, signers: &[u8]| attester(2, threshold, signers, 7);
        assert_eq!(one.goes_with(&other(2, &[4, 5, 6])), Ok(()));
        // One in common signs at neither by itself; nor do two where three are needed.
        assert_eq!(one.goes_with(&other(1, &[3])), Ok(()));
        assert_eq!(one.goes_with(&other(3, &[2, 3, 4])), Ok(()));
        let same = Err(VenuesError::SameSigners(other(1, &[1]).context, one.context));
        assert_eq!(one.goes_with(&other(2, &[2, 3, 4])), same);
        assert_eq!(one.goes_with(&other(1, &[1, 2])), same);
        assert_eq!(one.goes_with(&one), Err(VenuesError::Twice(one.context)));
        let later = attester(2, 1, &[9], 8);
        let apart = Err(VenuesError::Apart(later.context, one.context));
        assert_eq!(one.goes_with(&later), apart);
    }
}
