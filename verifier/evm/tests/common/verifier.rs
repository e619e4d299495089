//! Generated verifiers on a chain.

use std::fs;
use std::path::{Path, PathBuf};

use revm::primitives::{Address, U256, keccak256};
use zkmargin_verifier::bn254::VerifyingKey;

use super::{Chain, Failure, GAS_LIMIT};

fn verifier_crate() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The stored keys' files.
pub fn key_files() -> Vec<String> {
    let names = fs::read_dir(verifier_crate().join("vectors/kzg")).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".vk"));
    names.sort();
    names
}

pub fn load(key: &str) -> VerifyingKey {
    let bytes = fs::read(verifier_crate().join("vectors/kzg").join(key)).unwrap();
    VerifyingKey::from_bytes(&bytes).unwrap()
}

/// The contract of a key's file: `small.vk` is `VerifierSmall`.
pub fn artifact_name(key: &str) -> String {
    let words = key.trim_end_matches(".vk").split('-');
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    format!("Verifier{}", words.map(capital).collect::<String>())
}

/// The compiled contract of a key's file.
pub fn code(key: &str) -> Vec<u8> {
    compiled(&artifact_name(key))
}

/// A compiled contract.
pub fn compiled(name: &str) -> Vec<u8> {
    let file = format!("contracts/artifacts/{name}.json");
    let text = fs::read_to_string(verifier_crate().join(file)).unwrap();
    let artifact: serde_json::Value = serde_json::from_str(&text).unwrap();
    hex::decode(artifact["bytecode"].as_str().unwrap().trim_start_matches("0x")).unwrap()
}

/// What a verifier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes { gas: u64 },
    No,
}

pub struct Verifier {
    pub chain: Chain,
    pub address: Address,
    /// Gas of its deployment.
    pub deployment: u64,
}

impl Verifier {
    pub fn new(key: &str) -> Self {
        let mut chain = Chain::new(1);
        let (address, deployment) = chain.create(Address::ZERO, code(key)).unwrap();
        Self { chain, address, deployment }
    }

    /// Bytes of its code.
    pub fn size(&self) -> usize {
        self.chain.code_size(self.address)
    }

    /// Sends calldata. False and a failure are the same: no.
    pub fn verify(&self, calldata: &[u8]) -> Answer {
        match self.chain.try_raw(self.address, calldata.to_vec(), GAS_LIMIT / 4) {
            Ok(receipt) => match receipt.output.as_ref() {
                [.., 1] if U256::from_be_slice(&receipt.output) == U256::ONE => {
                    assert_eq!(receipt.output.len(), 32);
                    Answer::Yes { gas: receipt.gas }
                }
                _ => Answer::No,
            },
            Err(Failure::Revert(_) | Failure::Halt(_)) => Answer::No,
        }
    }
}

/// The calldata of `verify(uint256[N],bytes)`.
pub fn calldata(inputs: &[[u8; 32]], proof: &[u8]) -> Vec<u8> {
    let signature = format!("verify(uint256[{}],bytes)", inputs.len());
    let selector = &keccak256(signature)[..4];
    let word = |value: usize| U256::from(value).to_be_bytes::<32>();
    let mut data = selector.to_vec();
    inputs.iter().for_each(|input| data.extend(input));
    data.extend(word(32 * (inputs.len() + 1)));
    data.extend(word(proof.len()));
    data.extend(proof);
    data
}

/// Public inputs and a proof.
pub type Proved = (Vec<[u8; 32]>, Vec<u8>);

/// The calldata of `verifyBatch(uint256[N][],bytes[])`.
pub fn batch_calldata(inputs: &[Vec<[u8; 32]>], proofs: &[Vec<u8>]) -> Vec<u8> {
    let rows = inputs.first().map_or(8, Vec::len);
    let selector = &keccak256(format!("verifyBatch(uint256[{rows}][],bytes[])"))[..4];
    let word = |value: usize| U256::from(value).to_be_bytes::<32>();
    let mut data = selector.to_vec();
    data.extend(word(64));
    data.extend(word(64 + 32 + 32 * rows * inputs.len()));
    data.extend(word(inputs.len()));
    inputs.iter().flatten().for_each(|row| data.extend(row));
    data.extend(word(proofs.len()));
    let mut offset = 32 * proofs.len();
    for proof in proofs {
        data.extend(word(offset));
        offset += 32 + proof.len();
    }
    for proof in proofs {
        data.extend(word(proof.len()));
        data.extend(proof);
    }
    data
}

/// The same of pairs.
pub fn batch_of(proofs: &[Proved]) -> Vec<u8> {
    let (inputs, proofs): (Vec<_>, Vec<_>) = proofs.iter().cloned().unzip();
    batch_calldata(&inputs, &proofs)
}
