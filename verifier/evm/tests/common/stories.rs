//! Proofs of real accounts, made for the registry that the tests deploy.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{AccountId, ContextId, Memo};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::engine::{ChangeData, ClaimData, EscrowedData, PolicyParams};

/// Where the markets of the tests are: the first contract that their governor
/// deploys. The stored proofs are for one of them.
pub const REGISTRY: [u8; 20] =
    [162, 77, 201, 108, 124, 253, 158, 28, 68, 212, 130, 245, 251, 120, 209, 24, 255, 12, 83, 243];

/// The deployment that the proofs are for.
pub fn context() -> ContextId {
    ContextId::derive(super::registry::NAME, super::CHAIN, REGISTRY)
}

/// Common settings, for the market of a story.
pub fn policy(story: &Story) -> PolicyParams {
    PolicyParams::standard(context(), ProofSystem::Kzg, story.healthy.claim.model)
}

/// A proof with its public inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proved {
    pub claim: ClaimData,
    /// Hexadecimal.
    pub proof: String,
}

impl Proved {
    pub fn proof(&self) -> Vec<u8> {
        hex::decode(&self.proof).unwrap()
    }
}

/// What happens to an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// File of the key.
    pub key: String,
    /// In epoch 1 it is healthy.
    pub healthy: Proved,
    /// In epoch 2 it is not, and its shortfall is disclosed.
    pub breach: Proved,
    /// In epoch 3 it meets its initial margin again.
    pub cure: Proved,
}

pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// The circuits that contracts verify.
pub const CIRCUITS: [&str; 7] = [
    "standard-small",
    "standard-medium",
    "standard-large",
    "scenario-small",
    "scenario-medium",
    "scenario-large",
    "simulation-small",
];

/// The same in the wide layout, for chains where gas is cheap: of one circuit.
pub const WIDE: &str = "standard-small-wide";

/// The stored story of a circuit.
pub fn stored(circuit: &str) -> Story {
    let text = fs::read(directory().join(format!("{circuit}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The circuit of changes whose verifier is stored.
pub const CHANGES: &str = "change-standard-small";

/// Its key, beside those of margin proofs.
pub fn change_key() -> PathBuf {
    directory().join(format!("{CHANGES}.vk"))
}

/// The circuit of deleveragings whose verifier is stored.
pub const DELEVERAGINGS: &str = "deleveraging-standard-small";

/// Its key, beside those of margin proofs.
pub fn deleveraging_key() -> PathBuf {
    directory().join(format!("{DELEVERAGINGS}.vk"))
}

/// Whom the stored breach names to be paid.
pub const KEEPER: [u8; 20] = [0x22; 20];

/// The same as a memo.
pub fn keeper() -> Memo {
    Memo::of(&KEEPER).unwrap()
}

/// A breach in epoch 1, the deleveraging that cures it, and that epoch 2 holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeleveragingStory {
    pub breach: Proved,
    pub change: ProvedChange,
    pub shown: ProvedChange,
}

/// The stored one.
pub fn deleveraging_story() -> DeleveragingStory {
    let text = fs::read(directory().join(format!("{DELEVERAGINGS}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The circuit of escrows whose verifier is stored.
pub const ESCROWS: &str = "escrow-standard-small";

/// Its key, beside those of margin proofs.
pub fn escrow_key() -> PathBuf {
    directory().join(format!("{ESCROWS}.vk"))
}

/// A proof with an escrow from epoch 1, and what its committee opens: points and elements
/// in hexadecimal, big-endian.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EscrowStory {
    pub escrowed: EscrowedData,
    pub proof: String,
    pub key: String,
    pub nonce_point: String,
    pub elements: Vec<String>,
}

/// The stored one.
pub fn escrow_story() -> EscrowStory {
    let text = fs::read(directory().join(format!("{ESCROWS}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The circuit of venues' proofs over four accounts whose verifier is stored.
pub const VENUES: &str = "venue-standard-small";

/// Where the stored proof's subtree is, among those of its size: all else is empty.
pub const SUBTREE: usize = 27;

/// Its key, beside those of margin proofs.
pub fn venue_key() -> PathBuf {
    directory().join(format!("{VENUES}.vk"))
}

/// Owners of the accounts of the stored venue's proof, in the order of leaves.
pub const VENUE_OWNERS: [[u8; 20]; 3] = [[0x21; 20], [0x22; 20], [0x23; 20]];

/// The first account of one of them.
pub fn venue_account(owner: u8) -> AccountId {
    AccountId::derive(&VENUE_OWNERS[usize::from(owner)], 0).unwrap()
}

/// A venue's proof in epoch 1: the public inputs and the proof in hexadecimal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VenueStory {
    pub instance: String,
    pub flagged: Vec<AccountId>,
    pub index: usize,
    pub proof: String,
}

/// The stored one.
pub fn venue_story() -> VenueStory {
    let text = fs::read(directory().join(format!("{VENUES}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Who changes: owner of the account of the stored proofs.
pub const CHANGER: [u8; 20] = [0x11; 20];

/// The changer's first account.
pub fn changing_account() -> AccountId {
    AccountId::derive(&CHANGER, 0).unwrap()
}

/// A proof of a change with its public inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProvedChange {
    pub change: ChangeData,
    /// Hexadecimal.
    pub proof: String,
}

/// A change from epoch 1, and that epoch 2 holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeStory {
    pub change: ProvedChange,
    pub shown: ProvedChange,
}

/// The stored one.
pub fn change_story() -> ChangeStory {
    let text = fs::read(directory().join(format!("{CHANGES}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}
