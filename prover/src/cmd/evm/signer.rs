//! The key of the account that sends transactions: from the environment or a
//! file, never from an argument.

use alloy_signer_local::PrivateKeySigner;
use zeroize::Zeroizing;
use zkmargin_prover::files::Source;

use super::chain::Terms;
use super::error::EvmError;
use crate::error::Error;
use crate::input::{EVM_KEY_ENV, parse_source};

/// Wei in a gwei.
const WEI_PER_GWEI: u128 = 1_000_000_000;

/// Who sends, and at what cost at most.
#[derive(Debug, clap::Args)]
pub(crate) struct SignerArgs {
    /// File with the private key of the account that sends, as 64 hexadecimal
    /// digits; ZKMARGIN_EVM_KEY works too
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    key_file: Option<Source>,
    /// The most that a unit of gas may cost, in gwei: a node that asks for more is
    /// sent nothing
    #[arg(long, value_name = "GWEI", default_value_t = 500)]
    max_fee: u32,
}

impl SignerArgs {
    /// The terms to send on to a chain.
    pub(super) fn terms(&self, chain: u64) -> Terms {
        Terms { chain, max_fee: u128::from(self.max_fee) * WEI_PER_GWEI }
    }

    /// The signer: of the file where one is given, else of the environment.
    pub(super) fn signer(&self) -> Result<PrivateKeySigner, Error> {
        let (place, text) = match &self.key_file {
            Some(source) => (source.to_string(), source.read_secret()?),
            None => {
                let text = std::env::var(EVM_KEY_ENV).ok().filter(|text| !text.is_empty());
                let text = text.ok_or(EvmError::NoKey)?;
                (EVM_KEY_ENV.to_owned(), Zeroizing::new(text.into_bytes()))
            }
        };
        Ok(parse(&text).ok_or(EvmError::Key { place })?)
    }
}

/// 64 hexadecimal digits, with or without `0x`, and white space around them.
fn parse(text: &[u8]) -> Option<PrivateKeySigner> {
    let digits = text.trim_ascii();
    let digits = digits.strip_prefix(b"0x").unwrap_or(digits);
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, &mut *key).ok()?;
    PrivateKeySigner::from_slice(&*key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_digits() {
        let digits = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
        let address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        for text in [digits.to_owned(), format!("0x{digits}\n"), format!("  {digits}  ")] {
            assert_eq!(parse(text.as_bytes()).unwrap().address().to_string(), address);
        }
        let zero = "0".repeat(64);
        for text in ["", "0x", &digits[1..], &format!("{digits}00"), &zero, "not digits"] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
