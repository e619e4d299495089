//! Names of accounts, and the accounts that they are.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use bech32::ToBase32 as _;
use zkmargin_margin::ids::AccountId;
use zkmargin_params::account_name::{AccountName, AccountNameError, NameForm};

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
        // Mistyped: base58 would read it, as another's key.
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
