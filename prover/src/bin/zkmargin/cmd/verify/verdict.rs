//! What is told of proofs: whether they are accepted, and what that rests on.

use serde::Serialize;
use zkmargin_margin::claim::Side;
use zkmargin_prover::files::Source;
use zkmargin_verifier::engine::ClaimData;
use zkmargin_verifier::engine::Root;
use zkmargin_verifier::pins::{Assurances, Figure, Pins, Verdict};
use zkmargin_verifier::proof::{NettingData, TransitionData};

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
    /// Of a proof over several venues.
    #[serde(skip_serializing_if = "Option::is_none")]
    netting: Option<NettingData>,
    /// The digest of an escrow, and whether it is to the committee that was demanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    escrow: Option<EscrowReport>,
    /// How well each figure is known.
    #[serde(skip_serializing_if = "Assurances::is_empty")]
    assurance: Assurances,
    #[serde(skip)]
    words: String,
}

#[derive(Serialize)]
struct EscrowReport {
    digest: Root,
    demanded: bool,
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
            netting: None,
            escrow: None,
            assurance: Assurances::new(),
        }
    }

    /// A proof of a transition that is true and about what it should be.
    pub(super) fn transition(source: &Source, data: TransitionData, pins: &Pins) -> Self {
        Self {
            words: pins.words_of_transition(&data),
            file: source.to_string(),
            // It says nothing of the account as it is.
            verdict: pins.verdict(Side::AtLeast),
            reason: None,
            instance: None,
            transition: Some(data),
            netting: None,
            escrow: None,
            assurance: pins.assurances_of_transition(),
        }
    }

    /// A proof that is true and about what it should be.
    pub(super) fn proved(source: &Source, claim: ClaimData, pins: &Pins) -> Self {
        Self {
            words: pins.words(&claim),
            file: source.to_string(),
            verdict: pins.verdict(claim.claim.side()),
            reason: None,
            instance: Some(claim),
            transition: None,
            netting: None,
            escrow: None,
            assurance: pins.assurances(&claim),
        }
    }

    /// The same, of a proof over several venues.
    pub(super) fn netting(source: &Source, data: NettingData, pins: &Pins) -> Self {
        Self {
            words: pins.words_of_netting(&data),
            file: source.to_string(),
            verdict: pins.verdict(data.claim.side()),
            reason: None,
            instance: None,
            transition: None,
            escrow: None,
            assurance: pins.assurances_of_netting(&data),
            netting: Some(data),
        }
    }

    /// The same, of a proof with an escrow.
    pub(super) fn with_escrow(mut self, digest: Root, demanded: bool) -> Self {
        self.words.push_str(match demanded {
            true => ", and the committee can open the portfolio",
            false => ", with an escrow that was not checked (--escrow)",
        });
        self.escrow = Some(EscrowReport { digest, demanded });
        self
    }

    fn is_proved(&self) -> bool {
        self.instance.is_some() || self.transition.is_some() || self.netting.is_some()
    }
}

impl Report {
    pub(super) fn new(proofs: Vec<ProofReport>, pins: &Pins) -> Self {
        Self {
            accepted: proofs.iter().all(|proof| proof.verdict == Verdict::Accepted),
            missing: pins.missing().to_vec(),
            waived: pins.waived().to_vec(),
            rests_on: proofs.iter().any(ProofReport::is_proved).then(|| pins.rests_on()).flatten(),
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
