//! Who may see an account's path: who signs for it.
//!
//! The owner signs a text of the request with the key of its address, as wallets
//! sign messages (EIP-191): the deployment, the account and when the signature
//! ends. An account is the address itself, or derived from it and a number.

use sha3::{Digest as _, Keccak256};
use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_verifier::epoch::{EpochDigest, Signature, SignatureError, Signer};

/// The longest a signature may last, in seconds: who finds one later has no use of
/// it.
pub const LONGEST: u64 = 600;

/// Why a request is not the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// No signature.
    #[error("the path of an account is for its owner alone: a signature is missing")]
    Missing,
    /// A text that is no signature.
    #[error("x-zkmargin-signature must be 0x and 130 lowercase hexadecimal digits: r, s and v")]
    Malformed,
    /// A signature that nobody makes.
    #[error("the signature is nobody's: {0}")]
    Nobody(SignatureError),
    /// Its time is over.
    #[error("the signature ended: sign again, with a later `expires`")]
    Expired,
    /// It lasts too long.
    #[error("the signature lasts too long: allowed are {LONGEST} seconds from now")]
    TooLong,
    /// Somebody else's.
    #[error("the account is not of who signed")]
    NotOwner,
}

/// What an account's owner signs. `expires` is in seconds since 1970.
pub fn challenge(context: ContextId, account: AccountId, expires: u64) -> String {
    format!(
        "Show me the membership path of my account.\ncontext: {context}\naccount: {account}\nexpires: {expires}"
    )
}

/// The digest that wallets sign of a text.
fn eip191(text: &str) -> EpochDigest {
    let mut hasher = Keccak256::new();
    hasher.update(format!("\x19Ethereum Signed Message:\n{}", text.len()));
    hasher.update(text);
    EpochDigest::new(hasher.finalize().into())
}

/// A request for a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) account: AccountId,
    /// The number that the account is derived with; the account is the address where
    /// there is none.
    pub(super) subaccount: Option<u32>,
    pub(super) expires: u64,
    pub(super) signature: Option<&'a str>,
}

/// Checks that a request is its account's owner's, at a time.
pub(super) fn check(context: ContextId, request: Request<'_>, now: u64) -> Result<(), AuthError> {
    let signature: Signature =
        request.signature.ok_or(AuthError::Missing)?.parse().map_err(|_| AuthError::Malformed)?;
    if request.expires <= now {
        return Err(AuthError::Expired);
    }
    if request.expires > now.saturating_add(LONGEST) {
        return Err(AuthError::TooLong);
    }
    let text = challenge(context, request.account, request.expires);
    let signer = signature.signer(&eip191(&text)).map_err(AuthError::Nobody)?;
    match owned(signer, request.subaccount) == Some(request.account) {
        true => Ok(()),
        false => Err(AuthError::NotOwner),
    }
}

/// The account of an address.
fn owned(signer: Signer, subaccount: Option<u32>) -> Option<AccountId> {
    match subaccount {
        None => Some(AccountId::new(*signer.as_bytes())),
        Some(number) => AccountId::derive(signer.as_bytes(), number),
    }
}

#[cfg(test)]
mod tests {
    use k256::ecdsa::SigningKey;

    use super::*;

    fn sign(key: &SigningKey, text: &str) -> String {
        let (signature, recovery) = key.sign_prehash_recoverable(eip191(text).as_bytes()).unwrap();
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + recovery.to_byte();
        Signature::new(bytes).to_string()
    }

    fn address(key: &SigningKey) -> Signer {
        Signer::of_key(key.verifying_key().to_encoded_point(false).as_bytes()).unwrap()
    }

    #[test]
    fn only_the_owner_of_an_address_or_of_what_derives_from_it() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let other = SigningKey::from_slice(&[8; 32]).unwrap();
        let context = ContextId::derive("test", 1, [0; 20]);
        let signer = address(&key);
        for subaccount in [None, Some(0), Some(9)] {
            let account = owned(signer, subaccount).unwrap();
            let text = challenge(context, account, 1_000);
            let signature = sign(&key, &text);
            let request =
                Request { account, subaccount, expires: 1_000, signature: Some(&signature) };
            let at = |request, now| check(context, request, now);
            assert_eq!(at(request, 999), Ok(()));
            assert_eq!(at(request, 1_000), Err(AuthError::Expired));
            assert_eq!(at(request, 399), Err(AuthError::TooLong));
            assert_eq!(at(Request { signature: None, ..request }, 999), Err(AuthError::Missing));
            let malformed = Request { signature: Some("0x12"), ..request };
            assert_eq!(at(malformed, 999), Err(AuthError::Malformed));
            // Whatever else is asked for than what was signed is somebody else's.
            assert_eq!(at(Request { expires: 1_001, ..request }, 999), Err(AuthError::NotOwner));
            let number = Request { subaccount: Some(1), ..request };
            assert_eq!(at(number, 999), Err(AuthError::NotOwner));
            let elsewhere = ContextId::derive("test", 2, [0; 20]);
            assert_eq!(check(elsewhere, request, 999), Err(AuthError::NotOwner));
            let theirs = sign(&other, &text);
            let theirs = Request { signature: Some(&theirs), ..request };
            assert_eq!(at(theirs, 999), Err(AuthError::NotOwner));
        }
    }

    /// What wallets and alloy make of the same text.
    #[test]
    fn the_digest_is_that_of_wallets() {
        let digest = eip191("hello world");
        let expected = "0xd9eba16ed0ecae432b71fe008c98cc872bb4cc214d3220a36f365326cf807d68";
        assert_eq!(digest.to_string(), expected);
    }
}
