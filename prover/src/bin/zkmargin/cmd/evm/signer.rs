//! Who sends transactions, and on what terms.

use alloy_sol_types::private::Address;

use super::chain::{Chain, RpcArgs, Terms};
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
    /// Send nothing: print the unsigned transactions, for a multisig or a wallet,
    /// and what gas the node estimates
    #[arg(long)]
    dry_run: bool,
    /// Who would send them; the key's account unless given
    #[arg(long, value_name = "0x...", requires = "dry_run")]
    from: Option<Address>,
}

impl SignerArgs {
    /// The terms to send on to a chain.
    fn terms(&self, chain: u64) -> Terms {
        Terms { chain, max_fee: u128::from(self.max_fee) * WEI_PER_GWEI }
    }

    /// The chain, to send to, and who sends.
    pub(super) fn connect(&self, rpc: &RpcArgs, chain: u64) -> Result<(Chain, Address), Error> {
        if let (true, Some(from)) = (self.dry_run, self.from) {
            return Ok((rpc.plan_as(from, self.terms(chain))?, from));
        }
        let signer = self.key.key()?.into_signer();
        let from = signer.address();
        let chain = match self.dry_run {
            true => rpc.plan_as(from, self.terms(chain))?,
            false => rpc.send_as(signer, self.terms(chain))?,
        };
        Ok((chain, from))
    }

    /// Whether nothing is to be sent.
    pub(super) fn is_dry(&self) -> bool {
        self.dry_run
    }
}
