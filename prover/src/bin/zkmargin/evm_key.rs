//! Keys of secp256k1: what signs epochs and sends transactions. From a file, a
//! keystore or the environment, never from an argument.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use eth_keystore::KeystoreError;
use k256::ecdsa::SigningKey;
use zeroize::Zeroizing;
use zkmargin_prover::files::Source;
use zkmargin_verifier::epoch::{Signature, Signer};

use crate::error::Error;
use crate::input::{EVM_KEY_ENV, EVM_PASSWORD_ENV, parse_source};

/// Where the key comes from.
#[derive(Debug, clap::Args)]
pub(crate) struct EvmKeyArgs {
    /// File with the private key, as 64 hexadecimal digits; ZKMARGIN_EVM_KEY works
    /// too
    #[arg(long, value_name = "FILE", value_parser = parse_source, conflicts_with = "keystore")]
    key_file: Option<Source>,
    /// Keystore with the private key (JSON, version 3, as geth and foundry write
    /// it); its password is asked for or taken from ZKMARGIN_EVM_PASSWORD
    #[arg(long, value_name = "FILE")]
    keystore: Option<PathBuf>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvmKeyError {
    #[error("no key to send or sign with")]
    Missing,
    #[error("{place}: not a private key of 64 hexadecimal digits")]
    Key { place: String },
    #[error("{path}: {source}")]
    Keystore { path: String, source: KeystoreError },
    #[error("no password: there is no terminal to ask on and ZKMARGIN_EVM_PASSWORD is not set")]
    NoPassword,
    #[error("the key makes no signature")]
    NoSignature,
}

impl EvmKeyError {
    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Missing => {
                "set ZKMARGIN_EVM_KEY from a secret store, or give --key-file FILE or --keystore FILE"
            }
            Self::Key { .. } => "give 64 hexadecimal digits, after 0x or not",
            Self::Keystore { .. } => {
                "check the password, and that the file is a JSON keystore of version 3"
            }
            Self::NoSignature => "please report it",
            Self::NoPassword => "set ZKMARGIN_EVM_PASSWORD from a secret store",
        }
    }
}

/// A private key, whose holder an address names.
pub(crate) struct EvmKey(SigningKey);

impl EvmKey {
    /// A key by its 32 bytes; `None` for what is no scalar of the curve.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// Whose it is.
    pub(crate) fn address(&self) -> Result<Signer, EvmKeyError> {
        let point = self.0.verifying_key().to_encoded_point(false);
        Signer::of_key(point.as_bytes()).ok_or(EvmKeyError::NoSignature)
    }

    /// The signature of a digest, in its one spelling: the lower half.
    pub(crate) fn sign(&self, digest: &[u8; 32]) -> Result<Signature, EvmKeyError> {
        let (signature, recovery) =
            self.0.sign_prehash_recoverable(digest).map_err(|_| EvmKeyError::NoSignature)?;
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + u8::from(recovery.is_y_odd());
        Ok(Signature::new(bytes))
    }

    /// What sends transactions.
    #[cfg(feature = "chain")]
    pub(crate) fn into_signer(self) -> alloy_signer_local::PrivateKeySigner {
        self.0.into()
    }
}

impl EvmKeyArgs {
    /// The key: of the file or keystore where one is given, else of the
    /// environment.
    pub(crate) fn key(&self) -> Result<EvmKey, Error> {
        if let Some(path) = &self.keystore {
            let place = path.display().to_string();
            let password = password(&place)?;
            let bytes = match eth_keystore::decrypt_key(path, &*password) {
                Ok(bytes) => Zeroizing::new(bytes),
                Err(source) => return Err(EvmKeyError::Keystore { path: place, source }.into()),
            };
            return Ok(EvmKey::from_bytes(&bytes).ok_or(EvmKeyError::Key { place })?);
        }
        let (place, text) = match &self.key_file {
            Some(source) => (source.to_string(), source.read_secret()?),
            None => {
                let text = std::env::var(EVM_KEY_ENV).ok().filter(|text| !text.is_empty());
                let text = text.ok_or(EvmKeyError::Missing)?;
                (EVM_KEY_ENV.to_owned(), Zeroizing::new(text.into_bytes()))
            }
        };
        Ok(parse(&text).ok_or(EvmKeyError::Key { place })?)
    }
}

/// The password of a keystore.
fn password(path: &str) -> Result<Zeroizing<String>, EvmKeyError> {
    if let Some(password) = std::env::var(EVM_PASSWORD_ENV).ok().filter(|text| !text.is_empty()) {
        return Ok(Zeroizing::new(password));
    }
    if !io::stdin().is_terminal() && !io::stderr().is_terminal() {
        return Err(EvmKeyError::NoPassword);
    }
    rpassword::prompt_password(format!("Password of {path}: "))
        .map(Zeroizing::new)
        .map_err(|_| EvmKeyError::NoPassword)
}

/// 64 hexadecimal digits, with or without `0x`, and white space around them.
fn parse(text: &[u8]) -> Option<EvmKey> {
    let digits = text.trim_ascii();
    let digits = digits.strip_prefix(b"0x").unwrap_or(digits);
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, &mut *key).ok()?;
    EvmKey::from_bytes(&*key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_digits() {
        let digits = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
        let address = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
        for text in [digits.to_owned(), format!("0x{digits}\n"), format!("  {digits}  ")] {
            assert_eq!(parse(text.as_bytes()).unwrap().address().unwrap().to_string(), address);
        }
        let zero = "0".repeat(64);
        for text in ["", "0x", &digits[1..], &format!("{digits}00"), &zero, "not digits"] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
