//! Identities and recipients of a venue.

use zkmargin_prover::crypt::{
    CryptError, IdentityError, Keys, Recipient, RecipientError, Recipients, SharedKeys, decrypt,
    is_age,
};
use zkmargin_prover::files::{FileError, Source};

use crate::portfolio::digest;

/// Environment variable with an identity.
pub const IDENTITY_ENV: &str = "ZKMARGIN_IDENTITY";
/// Environment variable with the passphrase of an identity file.
pub const PASSPHRASE_ENV: &str = "ZKMARGIN_PASSPHRASE";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A file that cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that holds no identity.
    #[error("{place}: {source}")]
    Identity {
        /// Where.
        place: String,
        /// What is wrong.
        source: IdentityError,
    },
    /// An encrypted identity file that is not opened.
    #[error("{place}: {source}")]
    Locked {
        /// Where.
        place: String,
        /// What is wrong.
        source: CryptError,
    },
    /// A text that names nobody to encrypt to.
    #[error("{place}: {source}")]
    Recipient {
        /// Where.
        place: String,
        /// What is wrong.
        source: RecipientError,
    },
    /// No identity at all.
    #[error("no identity: give -i FILE, or set {IDENTITY_ENV}")]
    NoIdentity,
    /// Nobody to encrypt to.
    #[error("nobody to encrypt to: give -r age1... or -R FILE")]
    NoRecipient,
    /// An identity that only one thread and one person can use.
    #[error(
        "SSH keys and plugins ask for something at every file: a venue needs keys of age alone (AGE-SECRET-KEY-1...)"
    )]
    NotShared,
}

/// The identities of files and of the environment, for many threads.
///
/// # Errors
/// When there is none, or one that is not age's own.
pub fn identities(files: &[Source]) -> Result<SharedKeys, KeyError> {
    let mut keys = Keys::default();
    for source in files {
        let file = source.read_secret()?;
        let place = || source.to_string();
        let opened = match (is_age(&file), secret(PASSPHRASE_ENV)) {
            (true, Some(passphrase)) => {
                let keys = Keys::default().with_passphrase(passphrase.into());
                decrypt(&file, &keys)
                    .map_err(|source| KeyError::Locked { place: place(), source })?
            }
            _ => file,
        };
        keys = keys.and(parse(&opened, place())?);
    }
    if let Some(text) = secret(IDENTITY_ENV) {
        keys = keys.and(parse(text.as_bytes(), IDENTITY_ENV.to_owned())?);
    }
    match keys.is_empty() {
        true => Err(KeyError::NoIdentity),
        false => keys.shared().ok_or(KeyError::NotShared),
    }
}

fn parse(text: &[u8], place: String) -> Result<Keys, KeyError> {
    Keys::parse(text).map_err(|source| KeyError::Identity { place, source })
}

/// A secret of the environment; an empty one is none.
fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// Recipients by their texts and by files.
///
/// # Errors
/// When one is none, or there is none.
pub fn recipients(texts: &[String], files: &[Source]) -> Result<Vec<Recipient>, KeyError> {
    let mut found = Vec::new();
    for text in texts {
        let failed = |source| KeyError::Recipient { place: "--recipient".to_owned(), source };
        found.push(Recipients::parse_key(text).map_err(failed)?);
    }
    for source in files {
        let failed = |error| KeyError::Recipient { place: source.to_string(), source: error };
        found.extend(Recipients::parse_file(&source.read_secret()?).map_err(failed)?);
    }
    match found.is_empty() {
        true => Err(KeyError::NoRecipient),
        false => Ok(found),
    }
}

/// Which keys a file is under: a digest of their names, in any order.
pub fn label(recipients: &[String]) -> String {
    let mut names: Vec<&str> = recipients.iter().map(String::as_str).collect();
    names.sort_unstable();
    digest(names.join("\n").as_bytes())
}

/// The label of a file that came from outside: whom else it is encrypted to, it
/// does not say.
pub const IMPORTED: &str = "imported";
