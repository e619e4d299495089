//! Identities: what opens age files.

use std::fmt;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519;
use zeroize::Zeroizing;

use super::prompt::Prompter;
use super::recipients::Recipient;
use super::{RecipientError, is_age};

/// Why a text is not an identity file. The text itself is never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not text.
    #[error("not an identity file: it is not text")]
    NotText,
    /// A line that is neither a comment nor an identity.
    #[error("line {line} is not an identity (AGE-SECRET-KEY-1..., AGE-PLUGIN-...)")]
    BadLine {
        /// The line, from one.
        line: usize,
    },
    /// No identity in it.
    #[error("holds no identity (AGE-SECRET-KEY-1...)")]
    Empty,
    /// An SSH key that age cannot use.
    #[error(
        "not an SSH key that opens age files: allowed are ssh-ed25519 and ssh-rsa, as OpenSSH writes them"
    )]
    Ssh,
    /// An encrypted identity file: [`super::decrypt`] opens it first.
    #[error("the identity file is encrypted")]
    Encrypted,
    /// The program of a plugin is not there.
    #[error("line {line} needs the program {program}, which is not on the PATH")]
    MissingPlugin {
        /// The line, from one.
        line: usize,
        /// The program.
        program: String,
    },
}

/// One identity.
struct Identity {
    opens: Box<dyn age::Identity>,
    public: Public,
}

/// Where its recipient comes from.
enum Public {
    Native(x25519::Identity),
    Ssh(Box<age::ssh::Identity>),
    Plugin(age::plugin::Identity, Prompter),
}

/// What may open an age file.
#[derive(Default)]
pub struct Keys {
    identities: Vec<Identity>,
    passphrase: Option<SecretString>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} identities, ..)", self.identities.len())
    }
}

impl Keys {
    /// Reads an identity file: one identity a line, `#` for comments; or a
    /// private SSH key. Where an identity wants to be asked about, there is
    /// nobody to ask.
    ///
    /// # Errors
    /// When a line is anything else, or there is no identity.
    pub fn parse(file: &[u8]) -> Result<Self, IdentityError> {
        Self::parse_asking(file, &Prompter::silent())
    }

    /// The same; passphrases of SSH keys, and what plugins want to know, are asked
    /// for.
    ///
    /// # Errors
    /// When a line is anything else, or there is no identity.
    pub fn parse_asking(file: &[u8], prompter: &Prompter) -> Result<Self, IdentityError> {
        if is_age(file) {
            return Err(IdentityError::Encrypted);
        }
        let text = std::str::from_utf8(file).map_err(|_| IdentityError::NotText)?;
        if text.trim_start().starts_with("-----BEGIN ") {
            let identities = vec![Identity::ssh(text.trim_start(), prompter)?];
            return Ok(Self { identities, passphrase: None });
        }
        let (mut identities, mut missing) = (Vec::new(), None);
        for (index, line) in lines(text) {
            match Identity::parse(line, index + 1, prompter) {
                Ok(identity) => identities.push(identity),
                // A key beside it may open the file all the same.
                Err(error @ IdentityError::MissingPlugin { .. }) => missing = Some(error),
                Err(error) => return Err(error),
            }
        }
        match identities.is_empty() {
            true => Err(missing.unwrap_or(IdentityError::Empty)),
            false => Ok(Self { identities, passphrase: None }),
        }
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

    /// Whether there is nothing to try.
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty() && self.passphrase.is_none()
    }

    /// The recipients that these identities open files of.
    ///
    /// # Errors
    /// When an SSH key or a plugin gives none.
    pub fn recipients(&self) -> Result<Vec<Recipient>, RecipientError> {
        self.identities.iter().map(Identity::recipient).collect()
    }

    /// The identities that need nobody to be asked, for many threads; `None` where
    /// there are others or a passphrase, with which files are opened one by one.
    pub fn shared(&self) -> Option<SharedKeys> {
        let native = |identity: &Identity| match &identity.public {
            Public::Native(key) => Some(key.clone()),
            _ => None,
        };
        let keys: Option<Vec<_>> = self.identities.iter().map(native).collect();
        keys.filter(|keys| !keys.is_empty() && self.passphrase.is_none()).map(SharedKeys)
    }

    pub(super) fn identities(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.identities.iter().map(|identity| identity.opens.as_ref())
    }

    pub(super) fn has_identities(&self) -> bool {
        !self.identities.is_empty()
    }

    /// The passphrase, if there is one.
    pub fn passphrase(&self) -> Option<&SecretString> {
        self.passphrase.as_ref()
    }
}

/// Identities of age alone: unlike [`Keys`] they can be sent to threads.
#[derive(Clone)]
pub struct SharedKeys(Vec<x25519::Identity>);

impl SharedKeys {
    /// A thread's own keys.
    pub fn keys(&self) -> Keys {
        Keys {
            identities: self.0.iter().cloned().map(Identity::native).collect(),
            passphrase: None,
        }
    }
}

impl fmt::Debug for SharedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedKeys({} identities, ..)", self.0.len())
    }
}

impl Identity {
    fn native(identity: x25519::Identity) -> Self {
        Self { opens: Box::new(identity.clone()), public: Public::Native(identity) }
    }

    fn parse(text: &str, line: usize, prompter: &Prompter) -> Result<Self, IdentityError> {
        if let Ok(identity) = text.parse::<x25519::Identity>() {
            return Ok(Self::native(identity));
        }
        let identity: age::plugin::Identity =
            text.parse().map_err(|_| IdentityError::BadLine { line })?;
        let plugin = age::plugin::IdentityPluginV1::new(
            identity.plugin(),
            std::slice::from_ref(&identity),
            prompter.clone(),
        )
        .map_err(|_| IdentityError::MissingPlugin {
            line,
            program: format!("age-plugin-{}", identity.plugin()),
        })?;
        let public = Public::Plugin(identity, prompter.clone());
        Ok(Self { opens: Box::new(plugin), public })
    }

    /// A private SSH key that age can use.
    fn ssh(text: &str, prompter: &Prompter) -> Result<Self, IdentityError> {
        let identity = match age::ssh::Identity::from_buffer(text.as_bytes(), None) {
            Ok(age::ssh::Identity::Unsupported(_)) | Err(_) => return Err(IdentityError::Ssh),
            Ok(identity) => identity,
        };
        let opens = Box::new(identity.clone().with_callbacks(prompter.clone()));
        Ok(Self { opens, public: Public::Ssh(Box::new(identity)) })
    }

    fn recipient(&self) -> Result<Recipient, RecipientError> {
        match &self.public {
            Public::Native(identity) => Ok(Recipient::native(identity.to_public())),
            Public::Ssh(identity) => Recipient::of_ssh_identity(identity),
            Public::Plugin(identity, prompter) => Recipient::of_plugin_identity(identity, prompter),
        }
    }
}

/// Lines with something on them, from zero.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .map(str::trim)
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
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
    use super::super::Recipients;
    use super::*;

    #[test]
    fn identity_files_read_back() {
        let identity = NewIdentity::generate();
        let file = identity.file();
        assert_eq!(Keys::parse(&file).unwrap().identities().count(), 1);
        let recipients = Recipients::parse_file(&file).unwrap();
        assert_eq!(recipients[0].to_string(), identity.recipient());
        let public = format!("# who\n{}\n", identity.recipient());
        assert_eq!(Recipients::parse_file(public.as_bytes()).unwrap().len(), 1);
    }

    #[test]
    fn refusals_name_the_line_and_not_the_text() {
        let bad = |text: &str| Keys::parse(text.as_bytes()).unwrap_err();
        assert_eq!(bad("# nothing\n"), IdentityError::Empty);
        assert_eq!(bad("# c\n\nhunter2\n"), IdentityError::BadLine { line: 3 });
        assert!(!bad("hunter2").to_string().contains("hunter2"));
        assert_eq!(bad("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n"), IdentityError::Ssh);
        assert_eq!(bad("age-encryption.org/v1\n-> scrypt"), IdentityError::Encrypted);
        let secret = NewIdentity::generate().secret();
        assert_eq!(
            Recipients::parse_key(secret.expose_secret()).err(),
            Some(RecipientError::Secret)
        );
        assert_eq!(Recipients::parse_key("age1x").err(), Some(RecipientError::Malformed));
    }

    /// A plugin that nobody has: its identity and recipient are well-formed.
    #[test]
    fn a_plugin_that_is_not_there_is_named() {
        let identity = age::plugin::Identity::default_for_plugin("zkmargin-nowhere").to_string();
        let error = Keys::parse(format!("# mine\n{identity}\n").as_bytes()).unwrap_err();
        let program = "age-plugin-zkmargin-nowhere".to_owned();
        assert_eq!(error, IdentityError::MissingPlugin { line: 2, program });
        assert!(!error.to_string().contains(&identity), "an identity is never shown");
        // It does not refuse the key beside it.
        let own = NewIdentity::generate();
        let both = [identity.as_bytes(), b"\n", &own.file()].concat();
        let recipients = Keys::parse(&both).unwrap().recipients().unwrap();
        assert_eq!(recipients.len(), 1);
    }
}
