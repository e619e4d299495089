//! Three signers of epochs, two of whom must sign.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "every test uses a part of it")]

use k256::ecdsa::SigningKey;
use zkmargin_cosmwasm::msg::{self, convert};
use zkmargin_margin::ids::ContextId;
use zkmargin_verifier::engine::EpochPost;
use zkmargin_verifier::epoch::Signer;

fn address(key: &SigningKey) -> Signer {
    Signer::of_key(key.verifying_key().to_encoded_point(false).as_bytes()).unwrap()
}

/// Three keys by ascending address, and one of a stranger.
pub fn keys() -> Vec<SigningKey> {
    let key = |number: u8| SigningKey::from_slice(&[number; 32]).unwrap();
    let mut keys: Vec<_> = [1, 2, 3].map(key).into();
    keys.sort_by_key(address);
    keys.push(key(4));
    keys
}

pub fn two_of_three() -> msg::Signers {
    let signers = keys()[..3].iter().map(|key| address(key).to_string()).collect();
    msg::Signers { threshold: 2, signers }
}

/// Signatures of an epoch by the keys with these numbers.
pub fn sign(context: ContextId, post: &msg::EpochPost, by: &[usize]) -> Vec<String> {
    let post: EpochPost = convert("post", post).unwrap();
    let digest = post.digest(context);
    let keys = keys();
    let sign = |number: &usize| {
        let (signature, recovery) =
            keys[*number].sign_prehash_recoverable(digest.as_bytes()).unwrap();
        format!("0x{}{:02x}", hex::encode(signature.to_bytes()), 27 + recovery.to_byte())
    };
    by.iter().map(sign).collect()
}

/// The other signature of the same key and digest, whose `s` is high.
pub fn with_high_s(signature: &str) -> String {
    let bytes = hex::decode(&signature[2..]).unwrap();
    let low = k256::ecdsa::Signature::from_slice(&bytes[..64]).unwrap();
    let (r, s) = low.split_scalars();
    let high = k256::ecdsa::Signature::from_scalars(r, -s).unwrap();
    format!("0x{}{:02x}", hex::encode(high.to_bytes()), 27 + 28 - bytes[64])
}
