//! What pins down what a proof is about, and how well.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use serde::{Serialize, Serializer};
use zkmargin_margin::claim::{Claim, Level, Leverage, Multiplier, Side};
use zkmargin_margin::statement::transition::Aim;

use crate::engine::ClaimData;
use crate::proof::TransitionData;

/// What a verdict depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// Who signed the epoch file.
    Signers,
    /// The deployment.
    Context,
    /// Root of the account tree.
    StateRoot,
    /// Root of the market.
    MarketRoot,
    /// The margin model.
    Model,
    /// The epoch's number.
    Epoch,
    /// The account.
    Account,
    /// What the submitter says besides.
    Memo,
    /// What is claimed.
    Claim,
    /// How old the prices are.
    Age,
    /// A transition's next commitment.
    Next,
    /// Digest of a transition's change.
    Change,
    /// Root of the account tree after a haircut.
    StateAfter,
    /// The venues that a proof nets over, with the account and the state root at each.
    Venues,
}

impl Figure {
    /// Those without which nothing is accepted.
    pub const NEEDED: [Self; 6] =
        [Self::Context, Self::StateRoot, Self::MarketRoot, Self::Model, Self::Claim, Self::Age];

    /// The name in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signers => "the epoch file's signers",
            Self::Context => "the context",
            Self::StateRoot => "the state root",
            Self::MarketRoot => "the market root",
            Self::Model => "the model",
            Self::Epoch => "the epoch",
            Self::Account => "the account",
            Self::Memo => "the memo",
            Self::Claim => "the claim",
            Self::Age => "the age of the prices",
            Self::Next => "the next commitment",
            Self::Change => "the change",
            Self::StateAfter => "the state root afterwards",
            Self::Venues => "the venues",
        }
    }

    /// The name in JSON.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Signers => "signers",
            Self::Context => "context",
            Self::StateRoot => "state_root",
            Self::MarketRoot => "market_root",
            Self::Model => "model",
            Self::Epoch => "epoch",
            Self::Account => "account",
            Self::Memo => "memo",
            Self::Claim => "claim",
            Self::Age => "age",
            Self::Next => "next",
            Self::Change => "change",
            Self::StateAfter => "state_after",
            Self::Venues => "venues",
        }
    }

    /// A proof's value.
    fn of(self, claim: &ClaimData) -> Option<String> {
        Some(match self {
            Self::Context => claim.context.to_string(),
            Self::StateRoot => claim.state_root.to_string(),
            Self::MarketRoot => claim.market_root.to_string(),
            Self::Model => claim.model.to_string(),
            Self::Epoch => claim.epoch.get().to_string(),
            Self::Account => claim.account.to_string(),
            Self::Memo => claim.memo.to_string(),
            Self::Signers | Self::Claim | Self::Age => return None,
            // Only transitions, haircuts and proofs over venues have one: a margin proof is
            // about none.
            Self::Next | Self::Change | Self::StateAfter | Self::Venues => "none".to_owned(),
        })
    }

    /// A transition's value.
    fn of_transition(self, data: &TransitionData) -> Option<String> {
        Some(match self {
            Self::Context => data.context.to_string(),
            Self::StateRoot => data.state_root.to_string(),
            Self::MarketRoot => data.market_root.to_string(),
            Self::Model => data.model.to_string(),
            Self::Epoch => data.epoch.get().to_string(),
            Self::Account => data.account.to_string(),
            Self::Next => data.next.to_string(),
            Self::Change => data.change.to_string(),
            Self::Memo => data.memo.to_string(),
            Self::StateAfter => "none".to_owned(),
            Self::Signers | Self::Claim | Self::Age => return None,
            Self::Venues => "none".to_owned(),
        })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

/// How well a figure is known, from the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// The proof or a file says so.
    Claimed,
    /// It is what an option says.
    Given,
    /// It follows from prices and model of a file.
    Recomputed,
    /// Enough signers signed it.
    Signed {
        /// How many did.
        signed: usize,
        /// Of how many.
        signers: usize,
    },
    /// The proof proves it.
    Proved,
}

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed => f.write_str("claimed"),
            Self::Given => f.write_str("given"),
            Self::Recomputed => f.write_str("recomputed"),
            Self::Signed { signed, signers } => write!(f, "signed by {signed} of {signers}"),
            Self::Proved => f.write_str("proved"),
        }
    }
}

impl Serialize for Assurance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A figure with the value it must have.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which.
    pub figure: Figure,
    /// The value, as proof files spell it.
    pub expected: String,
    /// Who says so.
    pub by: Assurance,
}

/// What must be claimed.
#[derive(Clone, Copy, Debug)]
pub enum ClaimRule {
    /// A level or a higher one.
    AtLeast {
        /// The level.
        level: Level,
        /// So many times its requirement at least.
        times: Multiplier,
        /// The largest leverage, if one is asked for.
        leverage: Option<Leverage>,
    },
    /// This claim and no other.
    Exactly(Claim),
    /// Of a transition: a level afterwards.
    Meets {
        /// The level.
        level: Level,
        /// So many times its requirement at least.
        times: Multiplier,
        /// The largest leverage, if one is asked for.
        leverage: Option<Leverage>,
    },
    /// Of a transition: this aim exactly, for more of *cures* closes more.
    Reaches {
        /// The aim.
        aim: Aim,
        /// So many times the requirement of its target, exactly.
        times: Multiplier,
    },
    /// Whatever is claimed.
    Any,
}

/// All that a proof is held to.
#[derive(Clone, Debug)]
pub struct Pins {
    pub(super) rules: Vec<Rule>,
    pub(super) claim: ClaimRule,
    /// Age of the prices in seconds, and how well it is known.
    pub(super) age: Option<(u64, Assurance)>,
    pub(super) waived: Vec<Figure>,
    pub(super) missing: Vec<Figure>,
}

/// A proof that is about something else than it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is {found}, expected {expected}", figure.key())]
pub struct Mismatch {
    /// In what.
    pub figure: Figure,
    /// What it must be.
    pub expected: String,
    /// What the proof says.
    pub found: String,
}

impl Pins {
    /// What is neither told nor waived.
    pub fn missing(&self) -> &[Figure] {
        &self.missing
    }

    /// What need not be told, by request.
    pub fn waived(&self) -> &[Figure] {
        &self.waived
    }

    /// How well a figure is known; of several venues, the one that is known least.
    pub fn assurance(&self, figure: Figure) -> Assurance {
        let rules = self.rules.iter().filter(|rule| rule.figure == figure);
        let known = rules.map(|rule| rule.by);
        let known = if figure == Figure::Venues { known.min() } else { known.max() };
        known.unwrap_or(Assurance::Claimed)
    }

    /// Holds a proof's public inputs to every rule; the side of its claim. A claim
    /// of the other side than the one asked for is told by that, not refused: it
    /// is the answer.
    ///
    /// # Errors
    /// The first figure in which the proof is about something else.
    pub fn matches(&self, claim: &ClaimData) -> Result<Side, Mismatch> {
        for Rule { figure, expected, .. } in &self.rules {
            match figure.of(claim) {
                Some(found) if found != *expected => {
                    return Err(Mismatch { figure: *figure, expected: expected.clone(), found });
                }
                _ => {}
            }
        }
        self.matches_claim(claim.claim)
    }

    /// Holds a claim of an account as it is to what must be claimed; its side.
    pub(super) fn matches_claim(&self, found: Claim) -> Result<Side, Mismatch> {
        let side = found.side();
        let expected = match self.claim {
            ClaimRule::AtLeast { level, times, leverage }
                if side == Side::AtLeast && !found.is_at_least(level, times, leverage) =>
            {
                let expected = Claim::new(side, level).map(|claim| claim.with_multiplier(times));
                let bounded = |claim: Claim| match leverage {
                    Some(leverage) => claim.with_leverage(leverage),
                    None => Ok(claim),
                };
                let expected = expected.and_then(bounded);
                expected.map_or_else(|_| format!("at-least:{level}"), |claim| claim.to_string())
            }
            ClaimRule::Exactly(exact) if found != exact => exact.to_string(),
            ClaimRule::Meets { level, .. } => Aim::Meets(level).to_string(),
            ClaimRule::Reaches { aim, .. } => aim.to_string(),
            _ => return Ok(side),
        };
        Err(Mismatch { figure: Figure::Claim, expected, found: found.to_string() })
    }

    /// Holds a transition's public inputs to every rule. It says nothing of the
    /// account as it is now: what must be claimed of that, it does not claim.
    ///
    /// # Errors
    /// The first figure in which the proof is about something else.
    pub fn matches_transition(&self, data: &TransitionData) -> Result<(), Mismatch> {
        for Rule { figure, expected, .. } in &self.rules {
            match figure.of_transition(data) {
                Some(found) if found != *expected => {
                    return Err(Mismatch { figure: *figure, expected: expected.clone(), found });
                }
                _ => {}
            }
        }
        let expected = match (self.claim, data.aim) {
            (ClaimRule::Meets { level, times, leverage }, Aim::Meets(_))
                if data.afterwards.is_at_least(level, times, leverage) =>
            {
                return Ok(());
            }
            (ClaimRule::Meets { level, .. }, _) => Aim::Meets(level).to_string(),
            (ClaimRule::Reaches { aim, times }, found)
                if found == aim && data.afterwards.multiplier() == times =>
            {
                return Ok(());
            }
            (ClaimRule::Reaches { aim, times: Multiplier::ONE }, _) => aim.to_string(),
            (ClaimRule::Reaches { aim, times }, _) => format!("{aim},multiplier:{times}"),
            (ClaimRule::AtLeast { level, .. }, _) => format!("at-least:{level}"),
            (ClaimRule::Exactly(claim), _) => claim.to_string(),
            // Whatever is claimed, of the account as it is.
            (ClaimRule::Any, _) => {
                "one of the account as it is (of a change: --meets, --healthier, --cures)"
                    .to_owned()
            }
        };
        Err(Mismatch { figure: Figure::Claim, expected, found: data.words() })
    }
}
