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
        } else if let Some(owner) = of_bech32(text) {
            (owner, NameForm::Bech32)
        } else {
            (of_base58(text).ok_or(AccountNameError)?, NameForm::Base58)
        };
        Ok(Self { owner, form })
    }
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

#[cfg(test)]
mod tests {
    use bech32::ToBase32 as _;

    use super::*;

    fn parse(text: &str) -> Result<AccountName, AccountNameError> {
        text.parse()
    }

    #[test]
    fn names_are_read_in_their_three_forms() {
        let hex = parse("0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1").unwrap();
        assert_eq!((hex.owner(), hex.form()), (&[0xa1; 20][..], NameForm::Hex));
        // The address of a Cosmos chain, as bech32's own writer has it.
        let encode =
            |bytes: &[u8], variant| bech32::encode("dydx", bytes.to_base32(), variant).unwrap();
        let address = encode(&[0xa1; 20], bech32::Variant::Bech32);
        let name = parse(&address).unwrap();
        assert_eq!((name.owner(), name.form()), (&[0xa1; 20][..], NameForm::Bech32));
        assert_eq!(name.account(3), hex.account(3));
        // The system program of Solana, and the token program.
        assert_eq!(parse("11111111111111111111111111111111").unwrap().owner(), [0; 32]);
        let token = parse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA").unwrap();
        assert_eq!((token.owner().len(), token.form()), (32, NameForm::Base58));
        for wrong in [
            "",
            "0xa1",
            "trader",
            &encode(&[0xa1; 20], bech32::Variant::Bech32m),
            &encode(&[0xa1; 21], bech32::Variant::Bech32),
            &address.replace("dydx1", "dydy1"),
            "1111111111111111111111111111111",
            "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DAA",
        ] {
            assert_eq!(parse(wrong), Err(AccountNameError), "{wrong}");
        }
    }

    #[test]
    fn subaccounts_are_accounts_of_their_own() {
        let name = parse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA").unwrap();
        assert_ne!(name.account(0), name.account(1));
        assert_eq!(name.account(1).ok(), AccountId::derive(name.owner(), 1));
    }
}
