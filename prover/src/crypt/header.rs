//! What everyone sees of an age file.

use std::io::Read as _;

use age::armor::ArmoredReader;
use serde::Serialize;

use super::{ARMOR, CryptError, is_age};

/// Longest header that is looked at.
const HEADER_LIMIT: u64 = 1 << 20;

/// How a recipient can open the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RecipientKind {
    /// With an X25519 identity.
    X25519,
    /// With a passphrase.
    Passphrase,
    /// With an SSH key, of which the header shows 32 bits of a digest: whoever
    /// has the public key sees that it is a recipient.
    Ssh,
    /// With something else: a plugin's.
    Other,
}

/// The visible part of an age file. age's own recipients are not linkable: only
/// their number and kind show. What a plugin's show is the plugin's affair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// Whether the file is text.
    pub armored: bool,
    /// Bytes of the file.
    pub bytes: usize,
    /// One entry a recipient.
    pub recipients: Vec<RecipientKind>,
}

/// Reads the visible part of an age file, with no key.
///
/// # Errors
/// When it is no age file or its header is not well-formed.
pub fn header(file: &[u8]) -> Result<Header, CryptError> {
    if !is_age(file) {
        return Err(CryptError::NotAge);
    }
    let mut plain = Vec::new();
    // A damaged end of the armor does not matter here.
    let read = ArmoredReader::new(file).take(HEADER_LIMIT).read_to_end(&mut plain);
    if read.is_err() && plain.is_empty() {
        return Err(CryptError::DamagedHeader);
    }
    let mut recipients = Vec::new();
    let mut closed = false;
    for (index, line) in plain.split(|byte| *byte == b'\n').enumerate() {
        if index == 0 {
            if line != b"age-encryption.org/v1" {
                return Err(CryptError::UnknownVersion);
            }
        } else if let Some(stanza) = line.strip_prefix(b"-> ") {
            recipients.push(match stanza.split(|byte| *byte == b' ').next() {
                Some(b"X25519") => RecipientKind::X25519,
                Some(b"scrypt") => RecipientKind::Passphrase,
                Some(b"ssh-ed25519" | b"ssh-rsa") => RecipientKind::Ssh,
                // Random stanzas keep readers honest and open nothing.
                Some(tag) if tag.ends_with(b"-grease") => continue,
                _ => RecipientKind::Other,
            });
        } else if line.starts_with(b"--- ") {
            closed = true;
            break;
        }
    }
    match closed {
        true => Ok(Header {
            armored: file.trim_ascii_start().starts_with(ARMOR),
            bytes: file.len(),
            recipients,
        }),
        false => Err(CryptError::DamagedHeader),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NewIdentity, Recipients, encrypt};
    use super::*;

    #[test]
    fn shows_number_and_kind_of_recipients() {
        let key = || Recipients::parse_key(&NewIdentity::generate().recipient()).unwrap();
        let to = Recipients::Keys(vec![key(), key()]);
        for armored in [false, true] {
            let file = encrypt(b"x", &to, armored).unwrap();
            let header = header(&file).unwrap();
            assert_eq!(header.armored, armored);
            assert_eq!(header.recipients, [RecipientKind::X25519, RecipientKind::X25519]);
            assert_eq!(header.bytes, file.len());
        }
        assert_eq!(header(b"hello"), Err(CryptError::NotAge));
        assert_eq!(header(b"age-encryption.org/v1\n-> X25519 "), Err(CryptError::DamagedHeader));
    }
}
