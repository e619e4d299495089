//! Who sends transactions, and on what terms.

use alloy_signer_local::PrivateKeySigner;

use super::chain::Terms;
use crate::error::Error;
use crate::evm_key::EvmKeyArgs;

/// Wei in a gwei.
const WEI_PER_GWEI: u128 = 1_000_000_000;

/// Who sends, and at what cost at most.
#[derive(Debug, clap::Args)]
pub(crate) struct SignerArgs {
    #[command(flatten)]
    key: EvmKeyArgs,
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

    /// The signer.
    pub(super) fn signer(&self) -> Result<PrivateKeySigner, Error> {
        self.key.signer()
    }
}
