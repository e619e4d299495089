//! Encrypted portfolios: age files, opened in memory only.
//!
//! Keys are X25519 identities (`AGE-SECRET-KEY-1...`), SSH keys, those of age's
//! plugins (hardware keys, key services, hybrid keys against quantum computers) or
//! a passphrase. Opened bytes and keys are zeroed when dropped and never shown. Errors tell a wrong
//! key from a damaged file as far as age can: a damaged recipient line looks
//! like one made for somebody else.

mod header;
mod keys;
mod prompt;
mod recipients;

pub use header::{Header, RecipientKind, header};
pub use keys::{IdentityError, Keys, NewIdentity, SharedKeys};
pub use prompt::{Prompt, Prompter};
pub use recipients::{Recipient, RecipientError, Recipients, age_key, age_recipient};

use std::io::{self, Read as _, Write as _};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use zeroize::Zeroizing;

use crate::files::SECRET_LIMIT;

/// Why an age file was not opened or made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptError {
    /// Nothing in it says that it is an age file.
    #[error("not an age file")]
    NotAge,
    /// An age file of another version.
    #[error("an age file of an unknown version")]
    UnknownVersion,
    /// The header or the armor is not well-formed.
    #[error("the age file is damaged: its header is not well-formed")]
    DamagedHeader,
    /// The header was changed after encryption.
    #[error("the age file is damaged: its header was changed")]
    ChangedHeader,
    /// The payload was changed or cut off.
    #[error("the age file is damaged: its content was changed or cut off")]
    DamagedPayload,
    /// None of the identities is a recipient.
    #[error("none of the identities given opens the age file")]
    WrongIdentity,
    /// The passphrase is not the one.
    #[error("the passphrase does not open the age file")]
    WrongPassphrase,
    /// The file wants an identity and none was given.
    #[error("the age file is encrypted to recipients, and no identity was given")]
    IdentityNeeded,
    /// The file wants a passphrase and none was given.
    #[error("the age file is encrypted with a passphrase, and none was given")]
    PassphraseNeeded,
    /// The passphrase's work factor would take too long.
    #[error("the age file asks for too much work to try a passphrase (2^{0} steps)")]
    ExcessiveWork(u8),
    /// More content than a portfolio has.
    #[error("the content is larger than {SECRET_LIMIT} bytes")]
    TooLarge,
    /// Neither recipients nor a passphrase.
    #[error("nobody to encrypt to")]
    NoRecipients,
    /// The passphrase of an identity is not the one.
    #[error("the passphrase does not open the identity")]
    WrongKeyPassphrase,
    /// Recipients that age refuses to mix.
    #[error("these recipients cannot be mixed: one of them wants all to be of its kind")]
    Incompatible,
    /// A plugin's program is not there.
    #[error("the program {0} is not on the PATH")]
    MissingPlugin(String),
    /// What a plugin says.
    #[error("the plugin refused: {0}")]
    Plugin(String),
    /// A failure that age does not explain.
    #[error("the encryption failed")]
    Failed,
}

/// The first bytes of an age file.
const MAGIC: &[u8] = b"age-encryption.org/";
/// The first bytes of an armored one.
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// Work of trying a passphrase, as a power of two: age's own, and not measured on
/// this machine, as a busy one would make weak files and a slow one open none.
const WORK: u8 = 18;
/// Most work that is done for a file.
const MOST_WORK: u8 = 22;

/// Whether bytes look like an age file, armored or not.
pub fn is_age(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || bytes.trim_ascii_start().starts_with(ARMOR)
}

/// Whether the file is encrypted with a passphrase.
///
/// # Errors
/// When it is no age file or its header is damaged.
pub fn needs_passphrase(file: &[u8]) -> Result<bool, CryptError> {
    Ok(open(file)?.is_scrypt())
}

fn open(file: &[u8]) -> Result<age::Decryptor<ArmoredReader<io::BufReader<&[u8]>>>, CryptError> {
    if !is_age(file) {
        return Err(CryptError::NotAge);
    }
    age::Decryptor::new_buffered(ArmoredReader::new(file)).map_err(|error| match error {
        age::DecryptError::UnknownFormat => CryptError::UnknownVersion,
        _ => CryptError::DamagedHeader,
    })
}

/// Opens an age file.
///
/// # Errors
/// When no key given opens it, or it is damaged.
pub fn decrypt(file: &[u8], keys: &Keys) -> Result<Zeroizing<Vec<u8>>, CryptError> {
    let decryptor = open(file)?;
    let scrypt = decryptor.is_scrypt();
    let reader = if scrypt {
        let passphrase = keys.passphrase().ok_or(CryptError::PassphraseNeeded)?;
        let mut identity = age::scrypt::Identity::new(passphrase.clone());
        identity.set_max_work_factor(MOST_WORK);
        decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))
    } else if !keys.has_identities() {
        return Err(CryptError::IdentityNeeded);
    } else {
        decryptor.decrypt(keys.identities())
    }
    .map_err(|error| unopened(error, scrypt))?;
    // The content is shorter than the file: the buffer never grows past its
    // capacity, and no copy is left behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(file.len().min(SECRET_LIMIT) + 64));
    let limit = u64::try_from(SECRET_LIMIT).unwrap_or(u64::MAX);
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|_| CryptError::DamagedPayload)?;
    if plain.len() > SECRET_LIMIT {
        return Err(CryptError::TooLarge);
    }
    Ok(plain)
}

/// Why age did not open a file.
fn unopened(error: age::DecryptError, scrypt: bool) -> CryptError {
    use age::DecryptError as E;
    match error {
        E::NoMatchingKeys => CryptError::WrongIdentity,
        E::DecryptionFailed | E::KeyDecryptionFailed if scrypt => CryptError::WrongPassphrase,
        // Of an SSH key: a file has no say in it.
        E::KeyDecryptionFailed => CryptError::WrongKeyPassphrase,
        E::ExcessiveWork { required, .. } => CryptError::ExcessiveWork(required),
        E::InvalidMac => CryptError::ChangedHeader,
        E::InvalidHeader => CryptError::DamagedHeader,
        E::UnknownFormat => CryptError::UnknownVersion,
        E::MissingPlugin { binary_name } => CryptError::MissingPlugin(binary_name),
        E::Plugin(errors) => CryptError::Plugin(said(&errors)),
        _ => CryptError::DamagedPayload,
    }
}

/// Why age did not encrypt.
fn unmade(error: age::EncryptError) -> CryptError {
    use age::EncryptError as E;
    match error {
        E::MissingRecipients => CryptError::NoRecipients,
        E::IncompatibleRecipients { .. } => CryptError::Incompatible,
        E::MissingPlugin { binary_name } => CryptError::MissingPlugin(binary_name),
        E::Plugin(errors) => CryptError::Plugin(said(&errors)),
        _ => CryptError::Failed,
    }
}

/// The messages of a plugin, on one line.
fn said(errors: &[impl std::fmt::Display]) -> String {
    let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
    messages.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Encrypts bytes, as text when `armor` is set.
///
/// # Errors
/// When there is nobody to encrypt to, the recipients cannot be mixed, or a
/// plugin refuses.
pub fn encrypt(plain: &[u8], to: &Recipients, armor: bool) -> Result<Vec<u8>, CryptError> {
    let encryptor = match to {
        Recipients::Keys(keys) => {
            let keys = keys.iter().map(Recipient::as_age);
            age::Encryptor::with_recipients(keys).map_err(unmade)?
        }
        Recipients::Passphrase(passphrase) => {
            let mut recipient = age::scrypt::Recipient::new(passphrase.clone());
            recipient.set_work_factor(WORK);
            age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
                .map_err(|_| CryptError::Failed)?
        }
    };
    let format = if armor { Format::AsciiArmor } else { Format::Binary };
    let write = || -> io::Result<Vec<u8>> {
        let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(Vec::new(), format)?)?;
        writer.write_all(plain)?;
        writer.finish()?.finish()
    };
    write().map_err(|_| CryptError::Failed)
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;

    use super::*;

    const SECRET: &[u8] = b"thirteen and a half bitcoin";

    fn pair() -> (Keys, Recipients) {
        let identity = NewIdentity::generate();
        let keys = Keys::parse(identity.secret().expose_secret().as_bytes()).unwrap();
        (keys, Recipients::Keys(vec![Recipients::parse_key(&identity.recipient()).unwrap()]))
    }

    #[test]
    fn a_wrong_identity_is_not_a_damaged_file() {
        let (keys, recipients) = pair();
        let (other, _) = pair();
        for armor in [false, true] {
            let file = encrypt(SECRET, &recipients, armor).unwrap();
            assert!(is_age(&file));
            assert_eq!(decrypt(&file, &keys).unwrap().as_slice(), SECRET);
            assert_eq!(decrypt(&file, &other).unwrap_err(), CryptError::WrongIdentity);
            assert_eq!(decrypt(&file, &Keys::default()).unwrap_err(), CryptError::IdentityNeeded);
        }
        let file = encrypt(SECRET, &recipients, false).unwrap();
        let mut flipped = file.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert_eq!(decrypt(&flipped, &keys).unwrap_err(), CryptError::DamagedPayload);
        assert_eq!(
            decrypt(&file[..file.len() - 9], &keys).unwrap_err(),
            CryptError::DamagedPayload
        );
        assert_eq!(decrypt(&file[..60], &keys).unwrap_err(), CryptError::DamagedHeader);
        assert_eq!(decrypt(SECRET, &keys).unwrap_err(), CryptError::NotAge);
    }

    #[test]
    fn no_change_of_any_byte_opens_or_panics() {
        let (keys, recipients) = pair();
        let file = encrypt(SECRET, &recipients, false).unwrap();
        for index in 0..file.len() {
            let mut flipped = file.clone();
            flipped[index] ^= 1;
            assert!(decrypt(&flipped, &keys).is_err(), "byte {index}");
            assert!(decrypt(&file[..index], &keys).is_err(), "first {index} bytes");
        }
    }

    /// A key made for this test by `ssh-keygen -t ed25519`, and the same with the
    /// passphrase "correct horse".
    const SSH: [&str; 2] = [
        include_str!("../../tests/fixtures/ssh.key"),
        include_str!("../../tests/fixtures/ssh-locked.key"),
    ];

    /// Somebody who knows one passphrase.
    struct Knows(&'static str);

    impl Prompt for Knows {
        fn show(&self, _: &str) {}

        fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
            None
        }

        fn text(&self, _: &str) -> Option<String> {
            None
        }

        fn passphrase(&self, _: &str) -> Option<age::secrecy::SecretString> {
            Some(self.0.to_owned().into())
        }
    }

    #[test]
    fn ssh_keys_open_what_is_encrypted_to_them() {
        let public = include_str!("../../tests/fixtures/ssh.key.pub");
        let to = Recipients::Keys(Recipients::parse_file(public.as_bytes()).unwrap());
        let file = encrypt(SECRET, &to, false).unwrap();
        assert_eq!(header(&file).unwrap().recipients, [RecipientKind::Ssh]);
        let open = |key: &str, passphrase| {
            let prompter = Prompter::new(Knows(passphrase));
            decrypt(&file, &Keys::parse_asking(key.as_bytes(), &prompter).unwrap())
        };
        for key in SSH {
            assert_eq!(open(key, "correct horse").unwrap().as_slice(), SECRET);
            // The private key will do where the public one is asked for.
            let to = Recipients::Keys(Recipients::parse_file(key.as_bytes()).unwrap());
            let file = encrypt(SECRET, &to, false).unwrap();
            let keys = Keys::parse(SSH[0].as_bytes()).unwrap();
            assert_eq!(decrypt(&file, &keys).unwrap().as_slice(), SECRET);
        }
        assert_eq!(open(SSH[1], "wrong").unwrap_err(), CryptError::WrongKeyPassphrase);
        assert_eq!(decrypt(&file, &pair().0).unwrap_err(), CryptError::WrongIdentity);
        assert_eq!(Recipients::parse_key("ssh-dss AAAA").err(), Some(RecipientError::Ssh));
        let secret = Recipients::parse_key("-----BEGIN OPENSSH PRIVATE KEY-----");
        assert_eq!(secret.err(), Some(RecipientError::Secret));
    }

    #[test]
    fn passphrases_open_only_their_file() {
        let passphrase = |text: &str| age::secrecy::SecretString::from(text.to_owned());
        let recipient = Recipients::Passphrase(passphrase("correct horse"));
        let file = encrypt(SECRET, &recipient, true).unwrap();
        assert!(needs_passphrase(&file).unwrap());
        let keys = Keys::default().with_passphrase(passphrase("correct horse"));
        assert_eq!(decrypt(&file, &keys).unwrap().as_slice(), SECRET);
        let wrong = Keys::default().with_passphrase(passphrase("wrong"));
        assert_eq!(decrypt(&file, &wrong).unwrap_err(), CryptError::WrongPassphrase);
        assert_eq!(decrypt(&file, &pair().0).unwrap_err(), CryptError::PassphraseNeeded);
    }

    #[test]
    fn shared_keys_open_the_same_and_ask_nobody() {
        let (keys, recipients) = pair();
        let file = encrypt(SECRET, &recipients, false).unwrap();
        let shared = keys.shared().unwrap();
        let opened = std::thread::spawn(move || decrypt(&file, &shared.keys()).unwrap());
        assert_eq!(opened.join().unwrap().as_slice(), SECRET);
        assert!(Keys::default().shared().is_none());
        let ssh = Keys::parse(SSH[0].as_bytes()).unwrap();
        assert!(ssh.shared().is_none() && keys.and(ssh).shared().is_none());
    }

    #[test]
    fn debug_shows_no_key() {
        let identity = NewIdentity::generate();
        let (keys, _) = pair();
        let text = format!("{identity:?} {keys:?} {:?}", keys.shared());
        assert!(!text.contains("AGE-SECRET-KEY"), "{text}");
    }
}
