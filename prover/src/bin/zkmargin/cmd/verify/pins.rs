//! What pins down what a proof is about, and how well.

use std::fmt;

use serde::{Serialize, Serializer};
use zkmargin_margin::claim::{Claim, Level, Leverage, Multiplier, Side};
use zkmargin_margin::statement::transition::Aim;
use zkmargin_prover::files::Source;
use zkmargin_verifier::engine::ClaimData;
use zkmargin_verifier::proof::TransitionData;

use crate::error::Error;

/// What a verdict depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Figure {
    Signers,
    Context,
    StateRoot,
    MarketRoot,
    Model,
    Epoch,
    Account,
    Memo,
    Claim,
    Age,
    Next,
    Change,
}

impl Figure {
    /// Those without which nothing is accepted.
    pub(super) const NEEDED: [Self; 6] =
        [Self::Context, Self::StateRoot, Self::MarketRoot, Self::Model, Self::Claim, Self::Age];

    pub(super) const fn name(self) -> &'static str {
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
        }
    }

    /// The options that say what it must be, and the one that waives it.
    pub(crate) const fn options(self) -> &'static str {
        match self {
            Self::Signers => "--signers, or --any-signers",
            Self::Context => "--epoch, --context, or --any-context",
            Self::StateRoot => "--epoch, --state-root, or --any-state-root",
            Self::MarketRoot => "--epoch, --market, --market-root, or --any-market-root",
            Self::Model => "--epoch, --market, --model, or --any-model",
            Self::Claim => "--at-least, --claim, --meets, --healthier, --cures, or --any-claim",
            Self::Age => "--max-age with --epoch or --market, or --any-age",
            Self::Epoch => "--epoch, --market or --epoch-number",
            Self::Account => "--account",
            Self::Memo => "--memo",
            Self::Next => "--next",
            Self::Change => "--change, --opening",
        }
    }

    /// The name in JSON.
    pub(super) const fn key(self) -> &'static str {
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
            // Only transitions have one: a margin proof is about none.
            Self::Next | Self::Change => "none".to_owned(),
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
            Self::Signers | Self::Claim | Self::Age => return None,
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
pub(super) enum Assurance {
    /// The proof or a file says so.
    Claimed,
    /// It is what an option says.
    Given,
    /// It follows from prices and model of a file.
    Recomputed,
    /// Enough signers signed it.
    Signed { signed: usize, signers: usize },
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
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) figure: Figure,
    pub(super) expected: String,
    pub(super) by: Assurance,
}

/// What must be claimed.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClaimRule {
    AtLeast {
        level: Level,
        times: Multiplier,
        leverage: Option<Leverage>,
    },
    Exactly(Claim),
    /// Of a transition: a level afterwards.
    Meets {
        level: Level,
        times: Multiplier,
        leverage: Option<Leverage>,
    },
    /// Of a transition: this aim exactly, for more of *cures* closes more.
    Reaches {
        aim: Aim,
        times: Multiplier,
    },
    Any,
}

/// All that a proof is held to.
#[derive(Debug)]
pub(super) struct Pins {
    pub(super) rules: Vec<Rule>,
    pub(super) claim: ClaimRule,
    /// Age of the prices in seconds, and how well it is known.
    pub(super) age: Option<(u64, Assurance)>,
    pub(super) waived: Vec<Figure>,
    pub(super) missing: Vec<Figure>,
}

impl Pins {
    /// What is neither told nor waived.
    pub(super) fn missing(&self) -> &[Figure] {
        &self.missing
    }

    /// How well a figure is known.
    pub(super) fn assurance(&self, figure: Figure) -> Assurance {
        let rules = self.rules.iter().filter(|rule| rule.figure == figure);
        rules.map(|rule| rule.by).max().unwrap_or(Assurance::Claimed)
    }

    /// Holds a proof's public inputs to every rule; the side of its claim. A claim
    /// of the other side than the one asked for is told by that, not refused: it
    /// is the answer.
    pub(super) fn matches(&self, claim: &ClaimData, source: &Source) -> Result<Side, Error> {
        let mismatch = |figure: Figure, expected: String, found: String| Error::Mismatch {
            place: source.to_string(),
            what: figure.key(),
            expected,
            found,
        };
        for Rule { figure, expected, .. } in &self.rules {
            match figure.of(claim) {
                Some(found) if found != *expected => {
                    return Err(mismatch(*figure, expected.clone(), found));
                }
                _ => {}
            }
        }
        let (found, side) = (claim.claim, claim.claim.side());
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
        Err(mismatch(Figure::Claim, expected, found.to_string()))
    }

    /// Holds a transition's public inputs to every rule. It says nothing of the
    /// account as it is now: what must be claimed of that, it does not claim.
    pub(super) fn matches_transition(
        &self,
        data: &TransitionData,
        source: &Source,
    ) -> Result<(), Error> {
        let mismatch = |figure: Figure, expected: String, found: String| Error::Mismatch {
            place: source.to_string(),
            what: figure.key(),
            expected,
            found,
        };
        for Rule { figure, expected, .. } in &self.rules {
            match figure.of_transition(data) {
                Some(found) if found != *expected => {
                    return Err(mismatch(*figure, expected.clone(), found));
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
        Err(mismatch(Figure::Claim, expected, data.words()))
    }
}
