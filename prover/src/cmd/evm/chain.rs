//! A chain behind an RPC endpoint.
//!
//! Everything waits here: the rest of the command knows no async code.

use std::time::Duration;

use alloy_network::{EthereumWallet, TransactionBuilder as _};
use alloy_provider::{DynProvider, Provider as _, ProviderBuilder};
use alloy_rpc_types_eth::{BlockNumberOrTag, Filter, Log, TransactionReceipt, TransactionRequest};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use alloy_sol_types::private::{Address, Bytes};
use reqwest::Url;
use tokio::runtime::{Builder, Runtime};

use super::error::{EvmError, Failures};

/// How long a transaction may take to be mined.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// Where the chain is.
#[derive(Debug, clap::Args)]
pub(crate) struct RpcArgs {
    /// RPC endpoint of a node
    #[arg(long, value_name = "URL", env = "ZKMARGIN_RPC_URL", hide_env_values = true)]
    rpc_url: String,
}

/// A chain, and on what terms transactions are sent to it.
pub(super) struct Chain {
    runtime: Runtime,
    provider: DynProvider,
    failures: Failures,
    terms: Option<Terms>,
}

/// What a node is not asked, as it could gain by the answer: a signature for
/// another chain, a fee without bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The chain that transactions are signed for.
    pub(super) chain: u64,
    /// The most that a unit of gas may cost, in wei.
    pub(super) max_fee: u128,
}

impl RpcArgs {
    /// An endpoint that no argument names.
    pub(super) fn at(rpc_url: &str) -> Self {
        Self { rpc_url: rpc_url.to_owned() }
    }

    /// The chain, to look at.
    pub(super) fn view(&self) -> Result<Chain, EvmError> {
        let (runtime, url, client) = self.connection()?;
        let failures = Failures::of(&url);
        // What a provider starts, it starts on the runtime.
        let guard = runtime.enter();
        let provider = ProviderBuilder::new().connect_reqwest(client, url).erased();
        drop(guard);
        Ok(Chain { runtime, provider, failures, terms: None })
    }

    /// The chain, to send to.
    pub(super) fn send_as(
        &self,
        signer: PrivateKeySigner,
        terms: Terms,
    ) -> Result<Chain, EvmError> {
        let (runtime, url, client) = self.connection()?;
        let failures = Failures::of(&url);
        let wallet = EthereumWallet::from(signer);
        let guard = runtime.enter();
        let provider = ProviderBuilder::new().wallet(wallet).connect_reqwest(client, url).erased();
        drop(guard);
        Ok(Chain { runtime, provider, failures, terms: Some(terms) })
    }

    fn connection(&self) -> Result<(Runtime, Url, reqwest::Client), EvmError> {
        let url: Url = self.rpc_url.parse().map_err(|_| EvmError::Url)?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(EvmError::Url);
        }
        // There is a provider already when a command of this process ran before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(ANSWER)
            .build()
            .map_err(|error| EvmError::Client(error.without_url()))?;
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(EvmError::Runtime)?;
        Ok((runtime, url, client))
    }
}

impl Chain {
    pub(super) fn id(&self) -> Result<u64, EvmError> {
        let id = self.runtime.block_on(async { self.provider.get_chain_id().await });
        id.map_err(|error| self.failures.rpc("its identifier", error))
    }

    /// Sends code; the contract's address with the receipt.
    pub(super) fn create(&self, code: Vec<u8>) -> Result<(Address, TransactionReceipt), EvmError> {
        let receipt = self.transact(TransactionRequest::default().with_deploy_code(code))?;
        let address = receipt.contract_address.ok_or(EvmError::NotCreated)?;
        Ok((address, receipt))
    }

    /// Sends a call. One that would be refused is not sent.
    pub(super) fn send(
        &self,
        to: Address,
        call: &impl SolCall,
    ) -> Result<TransactionReceipt, EvmError> {
        let input = Bytes::from(call.abi_encode());
        self.transact(TransactionRequest::default().with_to(to).with_input(input))
    }

    fn transact(&self, request: TransactionRequest) -> Result<TransactionReceipt, EvmError> {
        let receipt = self.runtime.block_on(async {
            let request = self.on_terms(request).await?;
            let pending = self.provider.send_transaction(request).await;
            let pending = pending.map_err(|error| self.failures.rpc("the transaction", error))?;
            let hash = *pending.tx_hash();
            let mined = tokio::time::timeout(PATIENCE, pending.get_receipt()).await;
            let mined = mined.map_err(|_| EvmError::NotMined(hash))?;
            mined.map_err(|error| self.failures.pending(hash, &error))
        })?;
        match receipt.status() {
            true => Ok(receipt),
            false => Err(EvmError::Failed(receipt.transaction_hash)),
        }
    }

    /// The request for our chain, at a fee that we would pay.
    async fn on_terms(&self, request: TransactionRequest) -> Result<TransactionRequest, EvmError> {
        let Terms { chain, max_fee } = self.terms.ok_or(EvmError::NoKey)?;
        let fees = self.provider.estimate_eip1559_fees().await;
        let fees = fees.map_err(|error| self.failures.rpc("the fee", error))?;
        if fees.max_fee_per_gas > max_fee {
            return Err(EvmError::Fee { found: fees.max_fee_per_gas, limit: max_fee });
        }
        Ok(request
            .with_chain_id(chain)
            .with_max_fee_per_gas(fees.max_fee_per_gas)
            .with_max_priority_fee_per_gas(fees.max_priority_fee_per_gas))
    }

    /// What a view returns now.
    pub(super) fn read<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, EvmError> {
        let request = TransactionRequest::default().with_to(to).with_input(call.abi_encode());
        let output = self.runtime.block_on(async { self.provider.call(request).await });
        let output = output.map_err(|error| self.failures.rpc(C::SIGNATURE, error))?;
        C::abi_decode_returns(&output).map_err(|_| EvmError::NotARegistry(to))
    }

    /// Logs of a contract since a block.
    pub(super) fn logs(&self, of: Address, since: u64) -> Result<Vec<Log>, EvmError> {
        let filter = Filter::new().address(of).from_block(since).to_block(BlockNumberOrTag::Latest);
        let logs = self.runtime.block_on(async { self.provider.get_logs(&filter).await });
        logs.map_err(|error| self.failures.rpc("its logs", error))
    }

    /// Moves the clock of a node for tests (anvil, Hardhat), and mines a block.
    pub(super) fn set_time(&self, time: u64) -> Result<(), EvmError> {
        let done = self.runtime.block_on(async {
            let set = ("evm_setNextBlockTimestamp", (time,));
            self.provider.raw_request::<_, serde_json::Value>(set.0.into(), set.1).await?;
            self.provider.raw_request::<_, serde_json::Value>("evm_mine".into(), ()).await
        });
        done.map(drop).map_err(|error| self.failures.rpc("another time", error))
    }
}
