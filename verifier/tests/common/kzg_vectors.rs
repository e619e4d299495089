//! The vectors of the on-chain proof system: `vectors/kzg/*.json`, one file
//! per valid proof, with every way it is tampered with and the verdict that
//! every verifier must come to.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "every test uses a part of it")]

use std::fs;
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

use serde::{Deserialize, Serialize};

/// A valid proof and its tampered versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vectors {
    pub description: String,
    /// The key's file, in the same directory.
    pub key: String,
    /// By row, 32 bytes each.
    pub public_inputs: Vec<Hex>,
    pub proof: Hex,
    pub cases: Vec<Case>,
}

/// One version of the proof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub verdict: Verdict,
    pub edit: Edit,
}

/// What a verifier must say. A contract may say *no* alike to the last two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Valid,
    /// The bytes are no proof.
    Malformed,
    /// The proof is false.
    Invalid,
}

/// What is changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    Nothing,
    /// Bytes of the proof.
    Replace {
        at: usize,
        with: Hex,
    },
    /// Bytes after the proof.
    Append(Hex),
    /// The proof's first bytes alone.
    Cut(usize),
    PublicInput {
        row: usize,
        value: Hex,
    },
    /// The first public inputs alone, or with zeros after them.
    PublicInputs(usize),
    /// Another key's file.
    Key(String),
}

/// False proofs whose errors cancel under factors that a verifier of batches
/// might take, but must not: `vectors/kzg/batch/forged.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forgeries {
    pub description: String,
    /// The key's file, in the directory above.
    pub key: String,
    pub batches: Vec<Batch>,
}

/// A batch that no verifier may accept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The factors under which the errors cancel.
    pub factors: String,
    /// Which of the proofs are false.
    pub invalid: Vec<usize>,
    pub proofs: Vec<Forged>,
}

/// A proof of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forged {
    /// The file of the true proof.
    pub of: String,
    pub edit: Edit,
}

/// Where [`Forgeries`] are, in the directory.
pub const FORGERIES: &str = "batch/forged.json";

/// Bytes as `0x` and lowercase digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl std::fmt::Debug for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{}", hex::encode(&self.0))
    }
}

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").ok_or_else(|| serde::de::Error::custom("no 0x"))?;
        hex::decode(digits).map(Self).map_err(serde::de::Error::custom)
    }
}

/// What a verifier is given in a case.
#[derive(Clone, Debug)]
pub struct Given {
    /// The key's file.
    pub key: String,
    pub public_inputs: Vec<[u8; 32]>,
    pub proof: Vec<u8>,
}

pub fn row(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().unwrap()
}

impl Vectors {
    /// The valid proof, edited.
    pub fn given(&self, edit: &Edit) -> Given {
        let mut given = Given {
            key: self.key.clone(),
            public_inputs: self.public_inputs.iter().map(|hex| row(&hex.0)).collect(),
            proof: self.proof.0.clone(),
        };
        match edit {
            Edit::Nothing => {}
            Edit::Replace { at, with } => {
                given.proof[*at..at + with.0.len()].copy_from_slice(&with.0);
            }
            Edit::Append(bytes) => given.proof.extend_from_slice(&bytes.0),
            Edit::Cut(length) => given.proof.truncate(*length),
            Edit::PublicInput { row: index, value } => {
                given.public_inputs[*index] = row(&value.0);
            }
            Edit::PublicInputs(count) => given.public_inputs.resize(*count, [0; 32]),
            Edit::Key(file) => given.key.clone_from(file),
        }
        given
    }
}

/// Where the vectors are: of this package, or of one that it is in.
pub fn directory() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = own.ancestors().map(|above| above.join("vectors/kzg")).find(|path| path.is_dir());
    found.unwrap_or_else(|| own.join("vectors/kzg"))
}

/// A file of the directory.
pub fn file(name: &str) -> Vec<u8> {
    fs::read(directory().join(name)).unwrap()
}

/// All vectors, by their file's name.
pub fn stored() -> Vec<(String, Vectors)> {
    let names = fs::read_dir(directory()).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".json"));
    names.sort();
    let read = |name: String| {
        let vectors = serde_json::from_slice(&file(&name)).unwrap();
        (name, vectors)
    };
    names.into_iter().map(read).collect()
}

/// The stored forgeries.
pub fn forgeries() -> Forgeries {
    serde_json::from_slice(&file(FORGERIES)).unwrap()
}

impl Batch {
    /// What a verifier is given.
    pub fn given(&self) -> Vec<Given> {
        let proofs = stored();
        let vectors = |name: &str| &proofs.iter().find(|(file, _)| file == name).unwrap().1;
        self.proofs.iter().map(|proof| vectors(&proof.of).given(&proof.edit)).collect()
    }
}
