//! What is told of proofs: whether they are accepted, and what that rests on.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Serialize;
use zkmargin_margin::claim::Side;
use zkmargin_prover::files::Source;
use zkmargin_prover::human::duration;
use zkmargin_verifier::engine::ClaimData;
use zkmargin_verifier::proof::TransitionData;

use super::pins::{Assurance, Figure, Pins};

#[derive(Serialize)]
pub(super) struct Report {
    /// Whether every proof is, of an account that is at least at a level.
    accepted: bool,
    /// What nobody told and nobody waived.
    missing: Vec<Figure>,
    /// What was not expected of the proofs, by request.
    waived: Vec<Figure>,
    proofs: Vec<ProofReport>,
    /// What the verdicts rest on, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    rests_on: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// Proved, with all that it is about.
    Accepted,
    /// The same of an account that is below a level.
    Below,
    /// Proved, about something that nobody told.
    NotPinned,
    /// Not proved, or about something else.
    Refused,
}

#[derive(Serialize)]
pub(super) struct ProofReport {
    file: String,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<ClaimData>,
    /// Of a proof that is about the account after a change, not as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    transition: Option<TransitionData>,
    /// How well each figure is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    assurance: BTreeMap<&'static str, Assurance>,
    #[serde(skip)]
    words: String,
}

impl ProofReport {
    pub(super) fn refused(source: &Source, reason: String) -> Self {
        let file = source.to_string();
        Self {
            words: "NOT accepted".to_owned(),
            file,
            verdict: Verdict::Refused,
            reason: Some(reason),
            instance: None,
            transition: None,
            assurance: BTreeMap::new(),
        }
    }

    /// A proof of a transition that is true and about what it should be.
    pub(super) fn transition(source: &Source, data: TransitionData, pins: &Pins) -> Self {
        let verdict = match pins.missing().is_empty() {
            true => Verdict::Accepted,
            false => Verdict::NotPinned,
        };
        let mut assurance = about(pins);
        let proved = ["account", "claim", "next", "change"];
        assurance.extend(proved.map(|key| (key, Assurance::Proved)));
        assurance.extend(pins.age.map(|(_, by)| (Figure::Age.key(), by)));
        let TransitionData { account, next, change, epoch, .. } = data;
        let statement = format!(
            "{account} {} by a change in epoch {}: next commitment {next}, change {change}",
            data.words(),
            epoch.get()
        );
        Self {
            words: in_words(verdict, &statement, pins),
            file: source.to_string(),
            verdict,
            reason: None,
            instance: None,
            transition: Some(data),
            assurance,
        }
    }

    /// A proof that is true and about what it should be.
    pub(super) fn proved(source: &Source, claim: ClaimData, pins: &Pins) -> Self {
        let verdict = match (pins.missing().is_empty(), claim.claim.side()) {
            (false, _) => Verdict::NotPinned,
            (true, Side::AtLeast) => Verdict::Accepted,
            (true, Side::Below) => Verdict::Below,
        };
        let mut assurance = about(pins);
        assurance.extend(["account", "claim", "disclosed"].map(|key| (key, Assurance::Proved)));
        if !claim.memo.is_none() {
            // Bound by the proof, which says nothing about it.
            assurance.insert(Figure::Memo.key(), pins.assurance(Figure::Memo));
        }
        assurance.extend(pins.age.map(|(_, by)| (Figure::Age.key(), by)));
        let words = words(verdict, &claim, pins);
        let (file, instance) = (source.to_string(), Some(claim));
        Self { file, verdict, reason: None, instance, transition: None, assurance, words }
    }

    fn is_proved(&self) -> bool {
        self.instance.is_some() || self.transition.is_some()
    }
}

/// How well what proofs are about is known.
fn about(pins: &Pins) -> BTreeMap<&'static str, Assurance> {
    [Figure::Context, Figure::StateRoot, Figure::MarketRoot, Figure::Model, Figure::Epoch]
        .map(|figure| (figure.key(), pins.assurance(figure)))
        .into()
}

/// A verdict in words: `valid` is said only of what is pinned down whole.
fn words(verdict: Verdict, claim: &ClaimData, pins: &Pins) -> String {
    let disclosed = match claim.disclosed.get() {
        0 => String::new(),
        units => format!(", shortfall of {units} quote units"),
    };
    let (account, epoch) = (claim.account, claim.epoch.get());
    let memo = if claim.memo.is_none() { String::new() } else { format!(", memo {}", claim.memo) };
    let statement = format!("{account} is {} in epoch {epoch}{disclosed}{memo}", claim.claim);
    let below = if verdict == Verdict::Below { "BELOW: " } else { "" };
    in_words(verdict, &format!("{below}{statement}"), pins)
}

fn in_words(verdict: Verdict, statement: &str, pins: &Pins) -> String {
    match verdict {
        Verdict::NotPinned => {
            let missing = list(pins.missing().iter());
            format!("NOT accepted: proved, and nothing says what {missing} must be: {statement}")
        }
        _ if pins.waived.is_empty() => format!("valid: {statement}"),
        _ => format!("proved, {}: {statement}", waived_words(&pins.waived)),
    }
}

/// What a proof was not held to: `under a state root that nobody vouched for`.
fn waived_words(waived: &[Figure]) -> String {
    let under = |figure: &Figure| match figure {
        Figure::Signers => Some("an epoch file"),
        Figure::Context => Some("a context"),
        Figure::StateRoot => Some("a state root"),
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
pub(crate) fn list<T: Display>(items: impl Iterator<Item = T>) -> String {
    let mut items: Vec<_> = items.map(|item| item.to_string()).collect();
    match (items.pop(), items.is_empty()) {
        (None, _) => String::new(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} and {last}", items.join(", ")),
    }
}

/// What the verdicts rest on, by assurance.
fn rests_on(pins: &Pins) -> Option<String> {
    let pinned = [Figure::Context, Figure::StateRoot, Figure::MarketRoot, Figure::Model];
    let mut groups: BTreeMap<Assurance, Vec<Figure>> = BTreeMap::new();
    for figure in pinned {
        groups.entry(pins.assurance(figure)).or_default().push(figure);
    }
    groups.remove(&Assurance::Claimed);
    let mut parts: Vec<_> = groups
        .into_iter()
        .rev()
        .map(|(by, figures)| format!("{} {by}", list(figures.iter())))
        .collect();
    parts.extend(pins.age.map(|(age, by)| format!("prices {} old ({by})", duration(age))));
    (!parts.is_empty()).then(|| parts.join("; "))
}

impl Report {
    pub(super) fn new(proofs: Vec<ProofReport>, pins: &Pins) -> Self {
        Self {
            accepted: proofs.iter().all(|proof| proof.verdict == Verdict::Accepted),
            missing: pins.missing().to_vec(),
            waived: pins.waived.clone(),
            rests_on: proofs.iter().any(ProofReport::is_proved).then(|| rests_on(pins)).flatten(),
            proofs,
        }
    }

    pub(super) fn total(&self) -> usize {
        self.proofs.len()
    }

    pub(super) fn refused_count(&self) -> usize {
        self.proofs.iter().filter(|proof| proof.verdict == Verdict::Refused).count()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let line = |proof: &ProofReport| {
            let ProofReport { file, words, .. } = proof;
            // Of a single one the error says why.
            match &proof.reason {
                Some(reason) if self.proofs.len() > 1 => {
                    let reason = reason.strip_prefix(&format!("{file}: ")).unwrap_or(reason);
                    format!("{file}: {words}: {reason}")
                }
                _ => format!("{file}: {words}"),
            }
        };
        let rests_on = self.rests_on.iter().map(|text| format!("rests on: {text}"));
        self.proofs.iter().map(line).chain(rests_on).collect()
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
