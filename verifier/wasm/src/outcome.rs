//! What a verification comes to.

use pasta_curves::Fp;
use serde::Serialize;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_verifier::bn254::{Verifier, VerifyingKey};
use zkmargin_verifier::engine::ClaimData;
use zkmargin_verifier::pins::{Assurances, Figure, Pins, Verdict};
use zkmargin_verifier::proof::ProofFile;
use zkmargin_verifier::{MalformedProof, VerifyError};

use crate::expected::{BadExpected, Expected};

/// What a verification comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Outcome {
    /// Proved, with all that it is about.
    Accepted(Proved),
    /// The same of an account that is below a level.
    Below(Proved),
    /// Proved, about something that was neither told nor waived.
    NotPinned(Proved),
    /// Its equations hold under a key of which everybody can forge proofs: it
    /// does not matter what it is about.
    Insecure {
        /// What it was made with.
        circuit: String,
        /// What it says it proves.
        claim: ClaimData,
        /// The key.
        key: KeyReport,
    },
    /// Proved, about something else than what is expected.
    Mismatch {
        /// What it was made with.
        circuit: String,
        /// What is proved.
        claim: ClaimData,
        /// The key.
        key: KeyReport,
        /// In what it differs.
        figure: Figure,
        /// How.
        reason: String,
    },
    /// The proof does not prove what it says.
    Invalid {
        /// What it says it was made with.
        circuit: String,
        /// What it says it proves.
        claim: ClaimData,
        /// The key.
        key: KeyReport,
        /// Why.
        reason: String,
    },
    /// The file is no proof file, or the proof's bytes are no proof.
    Malformed {
        /// Why.
        reason: String,
    },
    /// A proof of a system or a statement that is not checked here.
    Unsupported {
        /// What it is, and what checks it.
        reason: String,
    },
    /// There is no key, or one of another circuit or other powers of tau.
    UnknownKey {
        /// The proof's circuit.
        circuit: String,
        /// Why, if a key was given.
        reason: String,
    },
    /// The key cannot be read.
    BadKey {
        /// Why.
        reason: String,
    },
    /// What is expected cannot be read, or is itself not to be relied on: an
    /// epoch file that its signers did not sign, prices that are too old.
    BadExpected {
        /// What of it: `epoch`, `signers`, `age` or `expected`.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

/// A proof that holds under its key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proved {
    /// What it was made with.
    pub circuit: String,
    /// What is proved.
    pub claim: ClaimData,
    /// The key.
    pub key: KeyReport,
    /// The verdict in the words of `zkmargin verify`.
    pub words: String,
    /// What the verdict rests on, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rests_on: Option<String>,
    /// What was neither told nor waived.
    pub missing: Vec<Figure>,
    /// What need not be told, by request.
    pub waived: Vec<Figure>,
    /// How well each figure is known.
    pub assurance: Assurances,
}

/// What a verifying key is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyReport {
    /// Its digest.
    pub digest: String,
    /// The circuit it is of.
    pub circuit: String,
    /// The powers of tau it is under, as in proof files.
    pub srs: String,
    /// Whether everybody can forge its proofs.
    pub insecure: bool,
    /// Bytes of a proof.
    pub proof_bytes: usize,
}

impl From<&VerifyingKey> for KeyReport {
    fn from(key: &VerifyingKey) -> Self {
        Self {
            digest: key.digest().to_string(),
            circuit: key.circuit().to_string(),
            srs: key.srs().to_string(),
            insecure: key.is_insecure(),
            proof_bytes: key.proof_size(),
        }
    }
}

impl From<BadExpected> for Outcome {
    fn from(error: BadExpected) -> Self {
        Self::BadExpected { what: error.what(), reason: error.to_string() }
    }
}

/// Verifies a proof file under a key and holds it to what is expected, or reads
/// it alone.
pub fn outcome(proof: &[u8], key: Option<&[u8]>, expected: &Expected) -> Outcome {
    let file = match ProofFile::<Bn254Fr>::parse(proof) {
        Ok(file) => file,
        Err(error) => return unreadable(proof, &error),
    };
    let pins = match expected.pins() {
        Ok(pins) => pins,
        Err(error) => return error.into(),
    };
    let (circuit, claim) = (file.circuit().to_string(), ClaimData::from(file.instance()));
    let key = match key.map(VerifyingKey::from_bytes) {
        None => return Outcome::UnknownKey { circuit, reason: String::new() },
        Some(Err(error)) => return Outcome::BadKey { reason: error.to_string() },
        Some(Ok(key)) => key,
    };
    let report = KeyReport::from(&key);
    match Verifier::new(key).verify(&file) {
        Ok(_) if report.insecure && !expected.insecure_dev_srs => {
            Outcome::Insecure { circuit, claim, key: report }
        }
        Ok(_) => proved(circuit, claim, report, &pins),
        Err(
            error @ (VerifyError::WrongFamily { .. }
            | VerifyError::WrongShape { .. }
            | VerifyError::WrongLayout { .. }
            | VerifyError::WrongProofSystem { .. }
            | VerifyError::WrongSrs { .. }),
        ) => Outcome::UnknownKey { circuit, reason: error.to_string() },
        Err(error @ VerifyError::Invalid) => {
            Outcome::Invalid { circuit, claim, key: report, reason: error.to_string() }
        }
        Err(error) => Outcome::Malformed { reason: error.to_string() },
    }
}

/// What a proof that holds comes to.
fn proved(circuit: String, claim: ClaimData, key: KeyReport, pins: &Pins) -> Outcome {
    let side = match pins.matches(&claim) {
        Ok(side) => side,
        Err(error) => {
            let (figure, reason) = (error.figure, error.to_string());
            return Outcome::Mismatch { circuit, claim, key, figure, reason };
        }
    };
    let proved = Proved {
        circuit,
        words: pins.words(&claim),
        rests_on: pins.rests_on(),
        missing: pins.missing().to_vec(),
        waived: pins.waived().to_vec(),
        assurance: pins.assurances(&claim),
        claim,
        key,
    };
    match pins.verdict(side) {
        Verdict::Accepted => Outcome::Accepted(proved),
        Verdict::Below => Outcome::Below(proved),
        Verdict::NotPinned | Verdict::Refused => Outcome::NotPinned(proved),
    }
}

/// A file that is no proof of this system and statement: perhaps one of another.
fn unreadable(proof: &[u8], error: &MalformedProof) -> Outcome {
    let reason = match error {
        MalformedProof::OtherStatement => {
            "a proof of a transition, of a venue or with an escrow, which `zkmargin verify` checks"
                .to_owned()
        }
        MalformedProof::OtherField { .. } => match ProofFile::<Fp>::parse(proof) {
            Ok(file) => format!(
                "a proof of the transparent system ({}), which `zkmargin verify` checks",
                file.circuit()
            ),
            Err(_) => return Outcome::Malformed { reason: error.to_string() },
        },
        _ => return Outcome::Malformed { reason: error.to_string() },
    };
    Outcome::Unsupported { reason }
}
