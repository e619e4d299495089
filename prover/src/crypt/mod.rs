//! Encrypted portfolios: age files, opened in memory only.
//!
//! Keys are X25519 identities (`AGE-SECRET-KEY-1...`) or a passphrase. Opened
//! bytes and keys are zeroed when dropped and never shown. Errors tell a wrong
//! key from a damaged file as far as age can: a damaged recipient line looks
//! like one made for somebody else.

mod header;
mod keys;

pub use header::{Header, RecipientKind, header};
pub use keys::{IdentityError, Keys, NewIdentity, RecipientError, Recipients};

use std::io::{self, Read as _, Write as _};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use zeroize::Zeroizing;

use crate::files::SECRET_LIMIT;

/// Why an age file was not opened or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// A failure that age does not explain.
    #[error("the encryption failed")]
    Failed,
}

/// The first bytes of an age file.
const MAGIC: &[u8] = b"age-encryption.org/";
/// The first bytes of an armored one.
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

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
        let identity = age::scrypt::Identity::new(passphrase.clone());
        decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))
    } else if keys.identities().is_empty() {
        return Err(CryptError::IdentityNeeded);
    } else {
        decryptor.decrypt(keys.identities().iter().map(|key| key as &dyn age::Identity))
    }
    .map_err(|error| match error {
        age::DecryptError::NoMatchingKeys => CryptError::WrongIdentity,
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed if scrypt => {
            CryptError::WrongPassphrase
        }
        age::DecryptError::ExcessiveWork { required, .. } => CryptError::ExcessiveWork(required),
        age::DecryptError::InvalidMac => CryptError::ChangedHeader,
        age::DecryptError::InvalidHeader => CryptError::DamagedHeader,
        age::DecryptError::UnknownFormat => CryptError::UnknownVersion,
        _ => CryptError::DamagedPayload,
    })?;
    // The buffer never grows past its capacity, so no copy is left behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(SECRET_LIMIT + 64));
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

/// Encrypts bytes, as text when `armor` is set.
///
/// # Errors
/// When there is nobody to encrypt to.
pub fn encrypt(plain: &[u8], to: &Recipients, armor: bool) -> Result<Vec<u8>, CryptError> {
    let encryptor = match to {
        Recipients::Keys(keys) => {
            let keys = keys.iter().map(|key| key as &dyn age::Recipient);
            age::Encryptor::with_recipients(keys).map_err(|error| match error {
                age::EncryptError::MissingRecipients => CryptError::NoRecipients,
                _ => CryptError::Failed,
            })?
        }
        Recipients::Passphrase(passphrase) => {
            let recipient = age::scrypt::Recipient::new(passphrase.clone());
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
        (keys, Recipients::Keys(vec![identity.recipient().parse().unwrap()]))
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
    fn debug_shows_no_key() {
        let identity = NewIdentity::generate();
        let (keys, _) = pair();
        let text = format!("{identity:?} {keys:?}");
        assert!(!text.contains("AGE-SECRET-KEY"), "{text}");
    }
}
