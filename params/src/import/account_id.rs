//! Accounts of venues whose names are not addresses.
//!
//! An account is 20 bytes. Where a venue names it otherwise (`dydx1...`, a
//! Solana key, a number), everybody derives the same bytes from the venue, the
//! name and the subaccount: the first 20 of the Keccak-256 of
//!
//! ```text
//! "zkmargin-account-1" || len(venue) || venue || len(name) || name || subaccount
//! ```
//!
//! with lengths of one byte and the subaccount as four, most significant first.

use zkmargin_margin::ids::{AccountId, ModelDigest};

/// A text that names no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed are 1 to 255 printable ASCII characters without spaces")]
pub struct AccountNameError;

/// The account of a name at a venue. An address (`0x` and 40 digits) of
/// subaccount 0 is the account itself: it needs no derivation and gets none.
///
/// # Errors
/// When venue or name is empty, too long or not printable ASCII.
///
/// ```
/// use zkmargin_params::import::account_id::derive;
/// let name = "dydx1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";
/// let account = derive("dydx", name, 0)?;
/// assert_ne!(account, derive("dydx", name, 1)?);
/// let address = "0x00000000000000000000000000000000000000a1";
/// assert_eq!(derive("hyperliquid", address, 0)?.to_string(), address);
/// # Ok::<(), zkmargin_params::import::account_id::AccountNameError>(())
/// ```
pub fn derive(venue: &str, name: &str, subaccount: u32) -> Result<AccountId, AccountNameError> {
    if let (Ok(account), 0) = (name.parse(), subaccount) {
        return Ok(account);
    }
    let mut text = b"zkmargin-account-1".to_vec();
    for part in [venue, name] {
        let length = u8::try_from(part.len()).map_err(|_| AccountNameError)?;
        if length == 0 || !part.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AccountNameError);
        }
        text.push(length);
        text.extend_from_slice(part.as_bytes());
    }
    text.extend_from_slice(&subaccount.to_be_bytes());
    // Its bytes are those of the hash.
    let digest = ModelDigest::of(&text);
    Ok(AccountId::new(std::array::from_fn(|index| digest.as_bytes()[index])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts_and_bad_names_are_refused() {
        let all = [("a", "bc", 0), ("ab", "c", 0), ("a", "bc", 1), ("a", "bd", 0)];
        let derived = all.map(|(venue, name, sub)| derive(venue, name, sub).unwrap());
        for (index, account) in derived.iter().enumerate() {
            assert!(!derived[..index].contains(account));
        }
        // Fixed for good: accounts are committed under it.
        assert_eq!(derived[0].to_string(), "0xe9b86a0993e532d9729db3ae7b53afa1e8f746bf");
        for name in ["", "a b", "é", &"x".repeat(256)] {
            assert_eq!(derive("v", name, 0), Err(AccountNameError));
        }
    }
}
