//! Identities, recipients, passphrases.

use std::fmt;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519;
use zeroize::Zeroizing;

use super::{CryptError, decrypt};

/// Why a text is not an identity file. The text itself is never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not text.
    #[error("not an identity file: it is not text")]
    NotText,
    /// A line that is neither a comment nor an identity.
    #[error("line {line} is not an X25519 identity (AGE-SECRET-KEY-1...)")]
    BadLine {
        /// The line, from one.
        line: usize,
    },
    /// No identity in it.
    #[error("holds no identity (AGE-SECRET-KEY-1...)")]
    Empty,
    /// Identities of plugins alone.
    #[error("holds identities of age plugins alone (AGE-PLUGIN-...), which are not supported")]
    PluginsOnly,
    /// An age file that is not encrypted with a passphrase, or does not open.
    #[error("the identity file is encrypted: {0}")]
    Encrypted(CryptError),
}

/// Why a text names no recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipientError {
    /// Not a recipient.
    #[error("not an X25519 recipient (age1...)")]
    Malformed,
    /// A secret where a public key belongs.
    #[error("this is a secret identity: give its public recipient (age1...) instead")]
    Secret,
    /// A line of a recipients file that is not a recipient.
    #[error("line {line} is not an X25519 recipient (age1...)")]
    BadLine {
        /// The line, from one.
        line: usize,
    },
    /// No recipient in it.
    #[error("holds no recipient (age1...)")]
    Empty,
}

/// How the identity of a plugin begins.
const PLUGIN: &str = "AGE-PLUGIN-";

/// What may open an age file.
#[derive(Default)]
pub struct Keys {
    identities: Vec<x25519::Identity>,
    passphrase: Option<SecretString>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} identities, ..)", self.identities.len())
    }
}

impl Keys {
    /// Reads an identity file: one identity a line, `#` for comments. Identities of
    /// plugins are passed over, as long as there is another.
    ///
    /// # Errors
    /// When a line is anything else, or there is no identity.
    pub fn parse(file: &[u8]) -> Result<Self, IdentityError> {
        let text = std::str::from_utf8(file).map_err(|_| IdentityError::NotText)?;
        let (mut identities, mut plugins) = (Vec::new(), false);
        for (index, line) in lines(text) {
            if line.get(..PLUGIN.len()).is_some_and(|head| head.eq_ignore_ascii_case(PLUGIN)) {
                plugins = true;
                continue;
            }
            let identity = line.parse().map_err(|_| IdentityError::BadLine { line: index + 1 })?;
            identities.push(identity);
        }
        match (identities.is_empty(), plugins) {
            (true, true) => Err(IdentityError::PluginsOnly),
            (true, false) => Err(IdentityError::Empty),
            _ => Ok(Self { identities, passphrase: None }),
        }
    }

    /// Reads an identity file that is encrypted with a passphrase, in memory.
    ///
    /// # Errors
    /// When the passphrase does not open it, or it is none when opened.
    pub fn parse_encrypted(file: &[u8], passphrase: SecretString) -> Result<Self, IdentityError> {
        let keys = Self::default().with_passphrase(passphrase);
        Self::parse(&decrypt(file, &keys).map_err(IdentityError::Encrypted)?)
    }

    /// These keys and others.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.identities.extend(other.identities);
        self.passphrase = self.passphrase.or(other.passphrase);
        self
    }

    /// These keys and a passphrase.
    #[must_use]
    pub fn with_passphrase(mut self, passphrase: SecretString) -> Self {
        self.passphrase = Some(passphrase);
        self
    }

    /// The public keys of the identities.
    pub fn to_public(&self) -> Vec<x25519::Recipient> {
        self.identities.iter().map(x25519::Identity::to_public).collect()
    }

    /// Whether there is nothing to try.
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty() && self.passphrase.is_none()
    }

    pub(super) fn identities(&self) -> &[x25519::Identity] {
        &self.identities
    }

    pub(super) fn passphrase(&self) -> Option<&SecretString> {
        self.passphrase.as_ref()
    }
}

/// Lines with something on them, from zero.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .map(str::trim)
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Whom to encrypt to.
pub enum Recipients {
    /// Public keys.
    Keys(Vec<x25519::Recipient>),
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

    /// Reads one recipient.
    ///
    /// # Errors
    /// When it is none, or is a secret identity.
    pub fn parse_key(text: &str) -> Result<x25519::Recipient, RecipientError> {
        text.parse().map_err(|_| {
            match text.get(..14).is_some_and(|head| head.eq_ignore_ascii_case("AGE-SECRET-KEY")) {
                true => RecipientError::Secret,
                false => RecipientError::Malformed,
            }
        })
    }

    /// Reads a recipients file: one recipient a line, `#` for comments. An
    /// identity file as [`NewIdentity::file`] writes it is accepted for its
    /// public key.
    ///
    /// # Errors
    /// When a line is anything else, or there is no recipient.
    pub fn parse_file(file: &[u8]) -> Result<Vec<x25519::Recipient>, RecipientError> {
        if let Ok(keys) = Keys::parse(file) {
            return Ok(keys.to_public());
        }
        let text = std::str::from_utf8(file).map_err(|_| RecipientError::Malformed)?;
        let keys: Vec<_> = lines(text)
            .map(|(index, line)| {
                Self::parse_key(line).map_err(|_| RecipientError::BadLine { line: index + 1 })
            })
            .collect::<Result<_, _>>()?;
        match keys.is_empty() {
            true => Err(RecipientError::Empty),
            false => Ok(keys),
        }
    }
}

/// A freshly drawn identity.
pub struct NewIdentity(x25519::Identity);

impl fmt::Debug for NewIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewIdentity({})", self.recipient())
    }
}

impl NewIdentity {
    /// Draws an identity from the system.
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// The public key, `age1...`.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The secret key.
    pub fn secret(&self) -> SecretString {
        self.0.to_string()
    }

    /// The identity file: the public key as a comment, then the secret key.
    pub fn file(&self) -> Zeroizing<Vec<u8>> {
        let mut file = Zeroizing::new(Vec::with_capacity(512));
        file.extend_from_slice(b"# public key: ");
        file.extend_from_slice(self.recipient().as_bytes());
        file.push(b'\n');
        file.extend_from_slice(self.0.to_string().expose_secret().as_bytes());
        file.push(b'\n');
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_files_read_back() {
        let identity = NewIdentity::generate();
        let file = identity.file();
        assert_eq!(Keys::parse(&file).unwrap().identities().len(), 1);
        let recipients = Recipients::parse_file(&file).unwrap();
        assert_eq!(recipients[0].to_string(), identity.recipient());
        let public = format!("# who\n{}\n", identity.recipient());
        assert_eq!(Recipients::parse_file(public.as_bytes()).unwrap().len(), 1);
    }

    #[test]
    fn an_encrypted_identity_file_opens_and_a_plugin_is_passed_over() {
        let identity = NewIdentity::generate();
        let secret = |text: &str| SecretString::from(text.to_owned());
        // Little work: how much a machine can do is measured while others use it.
        let mut recipient = age::scrypt::Recipient::new(secret("hip-roast"));
        recipient.set_work_factor(8);
        let file = age::encrypt(&recipient, &identity.file()).unwrap();
        let keys = Keys::parse_encrypted(&file, secret("hip-roast")).unwrap();
        assert_eq!(keys.to_public()[0].to_string(), identity.recipient());
        let wrong = Keys::parse_encrypted(&file, secret("hop-roast")).unwrap_err();
        assert_eq!(wrong, IdentityError::Encrypted(CryptError::WrongPassphrase));
        let plugin = "age-plugin-yubikey-1qqqq\n";
        let both = [plugin.as_bytes(), &identity.file()].concat();
        assert_eq!(Keys::parse(&both).unwrap().identities().len(), 1);
        assert_eq!(Keys::parse(plugin.as_bytes()).unwrap_err(), IdentityError::PluginsOnly);
    }

    #[test]
    fn refusals_name_the_line_and_not_the_text() {
        let bad = |text: &str| Keys::parse(text.as_bytes()).unwrap_err();
        assert_eq!(bad("# nothing\n"), IdentityError::Empty);
        assert_eq!(bad("# c\n\nhunter2\n"), IdentityError::BadLine { line: 3 });
        assert!(!bad("hunter2").to_string().contains("hunter2"));
        let secret = NewIdentity::generate().secret();
        assert_eq!(
            Recipients::parse_key(secret.expose_secret()).err(),
            Some(RecipientError::Secret)
        );
        assert_eq!(Recipients::parse_key("age1x").err(), Some(RecipientError::Malformed));
    }
}
