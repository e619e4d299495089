//! Who attests the epochs of the tests' market.

use k256::ecdsa::SigningKey;
use revm::primitives::{Address, Bytes, keccak256};
use zkmargin_verifier::epoch::{EpochDigest, Signer, Signers};

/// The three keys that attest, by ascending address.
pub fn keys() -> Vec<(Address, SigningKey)> {
    let key = |byte| SigningKey::from_slice(&[byte; 32]).unwrap();
    let mut keys: Vec<_> = [7, 8, 9].map(|byte| (address_of(&key(byte)), key(byte))).into();
    keys.sort_by_key(|(address, _)| *address);
    keys
}

pub fn address_of(key: &SigningKey) -> Address {
    let point = key.verifying_key().to_encoded_point(false);
    Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..])
}

/// Two of the three must have signed.
pub fn attesters() -> Signers {
    let signers = keys().into_iter().map(|(address, _)| Signer::new(address.into_array()).unwrap());
    Signers::new(2, signers.collect()).unwrap()
}

/// A key's signature of a digest: r, s, v.
pub fn sign(key: &SigningKey, digest: &[u8; 32]) -> Bytes {
    let (signature, recovery) = key.sign_prehash_recoverable(digest).unwrap();
    [signature.to_bytes().as_slice(), &[27 + recovery.to_byte()]].concat().into()
}

/// Signatures of some of the attesters' keys.
pub fn signatures(digest: &EpochDigest, of: &[usize]) -> Vec<Bytes> {
    let keys = keys();
    of.iter().map(|index| sign(&keys[*index].1, digest.as_bytes())).collect()
}
