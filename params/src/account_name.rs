//! Names of accounts at venues and on chains, and the account that each is.
//!
//! An account is 20 bytes. Where its owner has another name, the bytes that the
//! name encodes, and the number of the subaccount, make them:
//! [`AccountId::derive`].

use std::str::FromStr;

use bech32::FromBase32 as _;
use zkmargin_margin::ids::AccountId;

/// An owner of accounts, by the bytes that the name encodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountName {
    owner: Vec<u8>,
    form: NameForm,
}

/// How an owner's name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameForm {
    /// `0x` and 40 digits: an address of the EVM.
    Hex,
    /// `dydx1...`, `cosmos1...`: an address of a Cosmos chain.
    Bech32,
    /// A public key of 32 bytes: an account of Solana.
    Base58,
}

impl NameForm {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Bech32 => "bech32",
            Self::Base58 => "base58",
        }
    }
}

/// A text that names no owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no account's name: allowed are 0x and 40 hexadecimal digits, a bech32 address (dydx1...) of \
     20 or 32 bytes and a base58 key of 32 bytes"
)]
pub struct AccountNameError;

impl AccountName {
    /// The bytes that the name encodes.
    pub fn owner(&self) -> &[u8] {
        &self.owner
    }

    /// How it was written.
    pub const fn form(&self) -> NameForm {
        self.form
    }

    /// The account of a subaccount; the first is 0.
    ///
    /// # Errors
    /// Never for a name that was read: its owner has 20 or 32 bytes.
    pub fn account(&self, sub: u32) -> Result<AccountId, AccountNameError> {
        AccountId::derive(&self.owner, sub).ok_or(AccountNameError)
    }
}

impl FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(text: &str) -> Result<Self, AccountNameError> {
        let (owner, form) = if text.starts_with("0x") {
            let account: AccountId = text.parse().map_err(|_| AccountNameError)?;
            (account.as_bytes().to_vec(), NameForm::Hex)
        } else if has_one_case(text) {
            (of_bech32(text).ok_or(AccountNameError)?, NameForm::Bech32)
        } else {
            (of_base58(text).ok_or(AccountNameError)?, NameForm::Base58)
        };
        Ok(Self { owner, form })
    }
}

/// Whether letters are all of one case, as in every bech32 address and, by chance,
/// in no base58 key: base58 has no checksum, so a mistyped address could be read
/// as a key.
fn has_one_case(text: &str) -> bool {
    let has_lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
    has_lower != text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// The bytes of a bech32 address. Upper and lower case mean the same there, the
/// checksum is the older one.
fn of_bech32(text: &str) -> Option<Vec<u8>> {
    let (_, data, variant) = bech32::decode(text).ok()?;
    let bytes = Vec::from_base32(&data).ok()?;
    let plain = variant == bech32::Variant::Bech32 && matches!(bytes.len(), 20 | 32);
    plain.then_some(bytes)
}

fn of_base58(text: &str) -> Option<Vec<u8>> {
    let mut key = [0; 32];
    let length = bs58::decode(text).onto(&mut key).ok()?;
    (length == key.len()).then(|| key.to_vec())
}
