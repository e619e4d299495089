//! Recipients: whom age files are encrypted to.

use std::fmt;

use age::secrecy::SecretString;
use age::{plugin, ssh, x25519};
use bech32::{FromBase32 as _, ToBase32 as _, Variant};

use super::keys::{Keys, lines};
use super::prompt::Prompter;

/// Why a text names no recipient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipientError {
    /// Not a recipient.
    #[error("not a recipient (age1..., ssh-ed25519 ..., ssh-rsa ...)")]
    Malformed,
    /// A secret where a public key belongs.
    #[error("this is a secret identity: give its public recipient (age1...) instead")]
    Secret,
    /// A line of a recipients file that is not a recipient.
    #[error("line {line}: {source}")]
    BadLine {
        /// The line, from one.
        line: usize,
        /// What is wrong with it.
        source: Box<RecipientError>,
    },
    /// No recipient in it.
    #[error("holds no recipient (age1...)")]
    Empty,
    /// An SSH key of another kind or size.
    #[error(
        "an SSH key that age cannot encrypt to: allowed are ssh-ed25519, and ssh-rsa of 2048 to 4096 bits"
    )]
    Ssh,
    /// The program of a plugin is not there.
    #[error("it needs the program {0}, which is not on the PATH")]
    MissingPlugin(String),
}

/// Somebody to encrypt to.
pub struct Recipient {
    name: String,
    key: Key,
}

enum Key {
    Native(x25519::Recipient),
    Ssh(Box<ssh::Recipient>),
    Plugin(Box<plugin::RecipientPluginV1<Prompter>>),
}

/// The public key; of a plugin's identity, the plugin.
impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

impl Recipient {
    pub(super) fn native(key: x25519::Recipient) -> Self {
        Self { name: key.to_string(), key: Key::Native(key) }
    }

    fn ssh(key: ssh::Recipient) -> Self {
        Self { name: key.to_string(), key: Key::Ssh(Box::new(key)) }
    }

    /// The recipient that an SSH key's file holds beside the secret.
    pub(super) fn of_ssh_identity(identity: &ssh::Identity) -> Result<Self, RecipientError> {
        ssh::Recipient::try_from(identity.clone()).map(Self::ssh).map_err(|_| RecipientError::Ssh)
    }

    /// What a plugin makes of one of its identities.
    pub(super) fn of_plugin_identity(
        identity: &plugin::Identity,
        prompter: &Prompter,
    ) -> Result<Self, RecipientError> {
        let name = identity.plugin();
        let identities = std::slice::from_ref(identity);
        Self::plugin(name, format!("(age-plugin-{name})"), &[], identities, prompter)
    }

    fn plugin(
        plugin: &str,
        name: String,
        recipients: &[plugin::Recipient],
        identities: &[plugin::Identity],
        prompter: &Prompter,
    ) -> Result<Self, RecipientError> {
        plugin::RecipientPluginV1::new(plugin, recipients, identities, prompter.clone())
            .map(|key| Self { name, key: Key::Plugin(Box::new(key)) })
            .map_err(|_| RecipientError::MissingPlugin(format!("age-plugin-{plugin}")))
    }

    pub(super) fn as_age(&self) -> &dyn age::Recipient {
        match &self.key {
            Key::Native(key) => key,
            Key::Ssh(key) => key.as_ref(),
            Key::Plugin(key) => key.as_ref(),
        }
    }
}

/// The human-readable part of age's own recipients.
const HRP: &str = "age";

/// The X25519 public key in an `age1...` recipient.
///
/// # Errors
/// When it is no recipient of age's own kind.
pub fn age_key(recipient: &str) -> Result<[u8; 32], RecipientError> {
    let known: x25519::Recipient = recipient.parse().map_err(|_| RecipientError::Malformed)?;
    let decoded = bech32::decode(&known.to_string()).map_err(|_| RecipientError::Malformed)?;
    let bytes = Vec::from_base32(&decoded.1).map_err(|_| RecipientError::Malformed)?;
    bytes.try_into().map_err(|_| RecipientError::Malformed)
}

/// The `age1...` recipient of an X25519 public key.
///
/// # Errors
/// When age takes the key for none.
pub fn age_recipient(key: &[u8; 32]) -> Result<String, RecipientError> {
    let text = bech32::encode(HRP, key.to_base32(), Variant::Bech32)
        .map_err(|_| RecipientError::Malformed)?;
    let known: Result<x25519::Recipient, _> = text.parse();
    known.map(|known| known.to_string()).map_err(|_| RecipientError::Malformed)
}

/// Whom to encrypt to.
pub enum Recipients {
    /// Public keys.
    Keys(Vec<Recipient>),
    /// A passphrase.
    Passphrase(SecretString),
}

impl fmt::Debug for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(keys) => write!(f, "Recipients({} keys)", keys.len()),
            Self::Passphrase(_) => f.write_str("Recipients(passphrase)"),
        }
    }
}

impl Recipients {
    /// How many they are; a passphrase is one.
    pub fn count(&self) -> usize {
        match self {
            Self::Keys(keys) => keys.len(),
            Self::Passphrase(_) => 1,
        }
    }

    /// Reads one recipient: of age, of SSH or of a plugin, which is not asked
    /// anything yet.
    ///
    /// # Errors
    /// When it is none, or is a secret identity.
    pub fn parse_key(text: &str) -> Result<Recipient, RecipientError> {
        Self::parse_key_asking(text, &Prompter::silent())
    }

    /// The same; what a plugin wants to know while it encrypts is asked for.
    ///
    /// # Errors
    /// When it is none, or is a secret identity.
    pub fn parse_key_asking(text: &str, prompter: &Prompter) -> Result<Recipient, RecipientError> {
        let starts = |prefix: &str| {
            text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        if starts("AGE-SECRET-KEY") || starts("AGE-PLUGIN-") || starts("-----BEGIN ") {
            return Err(RecipientError::Secret);
        }
        if starts("ssh-") || starts("ecdsa-") || starts("sk-") {
            return text.parse().map(Recipient::ssh).map_err(|_| RecipientError::Ssh);
        }
        if let Ok(key) = text.parse() {
            return Ok(Recipient::native(key));
        }
        let key: plugin::Recipient = text.parse().map_err(|_| RecipientError::Malformed)?;
        Recipient::plugin(key.plugin(), text.to_owned(), std::slice::from_ref(&key), &[], prompter)
    }

    /// Reads a recipients file: one recipient a line, `#` for comments. An
    /// identity file as [`super::NewIdentity::file`] writes it, or a private SSH
    /// key, is accepted for its public keys.
    ///
    /// # Errors
    /// When a line is anything else, or there is no recipient.
    pub fn parse_file(file: &[u8]) -> Result<Vec<Recipient>, RecipientError> {
        Self::parse_file_asking(file, &Prompter::silent())
    }

    /// The same; what a plugin wants to know while it encrypts is asked for.
    ///
    /// # Errors
    /// When a line is anything else, or there is no recipient.
    pub fn parse_file_asking(
        file: &[u8],
        prompter: &Prompter,
    ) -> Result<Vec<Recipient>, RecipientError> {
        if let Ok(keys) = Keys::parse_asking(file, prompter) {
            return keys.recipients();
        }
        let text = std::str::from_utf8(file).map_err(|_| RecipientError::Malformed)?;
        let keys: Vec<_> = lines(text)
            .map(|(index, line)| {
                Self::parse_key_asking(line, prompter).map_err(|source| RecipientError::BadLine {
                    line: index + 1,
                    source: Box::new(source),
                })
            })
            .collect::<Result<_, _>>()?;
        match keys.is_empty() {
            true => Err(RecipientError::Empty),
            false => Ok(keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewIdentity;
    use super::*;

    #[test]
    fn a_recipient_is_its_public_key() {
        let recipient = NewIdentity::generate().recipient();
        let key = age_key(&recipient).unwrap();
        assert_eq!(age_recipient(&key).as_ref(), Ok(&recipient));
        let other = age_recipient(&[7; 32]).unwrap();
        assert_ne!(other, recipient);
        assert_eq!(age_key(&other), Ok([7; 32]));
        let ssh =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";
        let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        for text in ["", "age1", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ssh, secret] {
            assert_eq!(age_key(text), Err(RecipientError::Malformed), "{text}");
        }
    }
}
