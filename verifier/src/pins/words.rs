//! A verdict in words: whether a proof is accepted, and what that rests on.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Display;

use serde::Serialize;
use zkmargin_margin::claim::Side;

use super::freshness::duration;
use super::rules::{Assurance, Figure, Pins};
use crate::engine::ClaimData;
use crate::proof::TransitionData;

/// What a proof that holds comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Proved, with all that it is about.
    Accepted,
    /// The same of an account that is below a level.
    Below,
    /// Proved, about something that nobody told.
    NotPinned,
    /// Not proved, or about something else.
    Refused,
}

/// How well each figure is known, by its name in JSON.
pub type Assurances = BTreeMap<&'static str, Assurance>;

impl Pins {
    /// The verdict on a proof that holds and matches.
    pub fn verdict(&self, side: Side) -> Verdict {
        match (self.missing.is_empty(), side) {
            (false, _) => Verdict::NotPinned,
            (true, Side::AtLeast) => Verdict::Accepted,
            (true, Side::Below) => Verdict::Below,
        }
    }

    /// The verdict on a margin proof in words: `valid` is said only of what is
    /// pinned down whole.
    pub fn words(&self, claim: &ClaimData) -> String {
        let verdict = self.verdict(claim.claim.side());
        let disclosed = match claim.disclosed.get() {
            0 => String::new(),
            units => format!(", shortfall of {units} quote units"),
        };
        let (account, epoch) = (claim.account, claim.epoch.get());
        let memo =
            if claim.memo.is_none() { String::new() } else { format!(", memo {}", claim.memo) };
        let statement = format!("{account} is {} in epoch {epoch}{disclosed}{memo}", claim.claim);
        let below = if verdict == Verdict::Below { "BELOW: " } else { "" };
        self.in_words(verdict, &format!("{below}{statement}"))
    }

    /// The verdict on a transition in words.
    pub fn words_of_transition(&self, data: &TransitionData) -> String {
        let TransitionData { account, next, change, epoch, .. } = data;
        let statement = format!(
            "{account} {} by a change in epoch {}: next commitment {next}, change {change}",
            data.words(),
            epoch.get()
        );
        self.in_words(self.verdict(Side::AtLeast), &statement)
    }

    pub(super) fn in_words(&self, verdict: Verdict, statement: &str) -> String {
        match verdict {
            Verdict::NotPinned => {
                let missing = list(self.missing.iter());
                format!(
                    "NOT accepted: proved, and nothing says what {missing} must be: {statement}"
                )
            }
            _ if self.waived.is_empty() => format!("valid: {statement}"),
            _ => format!("proved, {}: {statement}", waived_words(&self.waived)),
        }
    }

    /// How well each figure of a margin proof is known.
    pub fn assurances(&self, claim: &ClaimData) -> Assurances {
        let mut all = self.about();
        all.extend(["account", "claim", "disclosed"].map(|key| (key, Assurance::Proved)));
        if !claim.memo.is_none() {
            // Bound by the proof, which says nothing about it.
            all.insert(Figure::Memo.key(), self.assurance(Figure::Memo));
        }
        all
    }

    /// How well each figure of a transition is known.
    pub fn assurances_of_transition(&self) -> Assurances {
        let mut all = self.about();
        all.extend(["account", "claim", "next", "change"].map(|key| (key, Assurance::Proved)));
        all
    }

    /// How well what proofs are about is known.
    pub(super) fn about(&self) -> Assurances {
        let figures =
            [Figure::Context, Figure::StateRoot, Figure::MarketRoot, Figure::Model, Figure::Epoch];
        let figures = figures.map(|figure| (figure.key(), self.assurance(figure)));
        figures.into_iter().chain(self.age.map(|(_, by)| (Figure::Age.key(), by))).collect()
    }

    /// What verdicts rest on, by assurance; `None` for nothing.
    pub fn rests_on(&self) -> Option<String> {
        let pinned = [
            Figure::Context,
            Figure::StateRoot,
            Figure::StateAfter,
            Figure::Venues,
            Figure::MarketRoot,
            Figure::Model,
        ];
        let mut groups: BTreeMap<Assurance, Vec<Figure>> = BTreeMap::new();
        for figure in pinned {
            groups.entry(self.assurance(figure)).or_default().push(figure);
        }
        groups.remove(&Assurance::Claimed);
        let mut parts: Vec<_> = groups
            .into_iter()
            .rev()
            .map(|(by, figures)| format!("{} {by}", list(figures.iter())))
            .collect();
        parts.extend(self.age.map(|(age, by)| format!("prices {} old ({by})", duration(age))));
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// What a proof was not held to: `under a state root that nobody vouched for`.
fn waived_words(waived: &[Figure]) -> String {
    let under = |figure: &Figure| match figure {
        Figure::Signers => Some("an epoch file"),
        Figure::Context => Some("a context"),
        Figure::StateRoot => Some("a state root"),
        Figure::StateAfter => Some("a state root afterwards"),
        Figure::MarketRoot => Some("a market root"),
        Figure::Model => Some("a model"),
        _ => None,
    };
    let under: Vec<_> = waived.iter().filter_map(under).collect();
    let mut parts = Vec::new();
    if !under.is_empty() {
        parts.push(format!("under {} that nobody vouched for", list(under.iter())));
    }
    if waived.contains(&Figure::Age) {
        parts.push("with prices of whatever age".to_owned());
    }
    if waived.contains(&Figure::Claim) {
        parts.push("whatever it claims".to_owned());
    }
    parts.join(", ")
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<T: Display>(items: impl Iterator<Item = T>) -> String {
    let mut items: Vec<_> = items.map(|item| item.to_string()).collect();
    match (items.pop(), items.is_empty()) {
        (None, _) => String::new(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} and {last}", items.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_waived_is_told_in_words() {
        let say = |figures: &[Figure]| waived_words(figures);
        assert_eq!(say(&[Figure::StateRoot]), "under a state root that nobody vouched for");
        assert_eq!(
            say(&[Figure::Context, Figure::StateRoot, Figure::Model, Figure::Claim, Figure::Age]),
            "under a context, a state root and a model that nobody vouched for, with prices of \
             whatever age, whatever it claims"
        );
        assert_eq!(say(&[Figure::Age]), "with prices of whatever age");
    }
}
