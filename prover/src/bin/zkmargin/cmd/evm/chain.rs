//! A chain behind an RPC endpoint.
//!
//! Everything waits here: the rest of the command knows no async code.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use alloy_network::{EthereumWallet, TransactionBuilder as _};
use alloy_provider::{DynProvider, Provider as _, ProviderBuilder};
use alloy_rpc_types_eth::{
    BlockNumberOrTag, Filter, Log, TransactionReceipt, TransactionRequest, TransactionTrait as _,
};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use alloy_sol_types::private::{Address, B256, Bytes, U256, keccak256};
use reqwest::Url;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

use super::error::{EvmError, Failures};

/// How long a transaction may take to be mined.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// One part in so many of the estimated gas goes on top.
const GAS_MARGIN: u64 = 8;

/// Blocks whose logs are asked for at once; fewer where a node wants fewer.
const PAGE: u64 = 10_000;

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
    /// Who sends.
    sender: Option<Address>,
    plan: Option<Plan>,
}

/// What became of a transaction.
#[derive(Debug)]
pub(super) enum Outcome {
    Mined(Box<TransactionReceipt>),
    /// It was only asked for.
    Planned(Box<Planned>),
}

/// An unsigned transaction.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Planned {
    chain_id: u64,
    from: Address,
    /// Nothing for a contract's creation.
    to: Option<Address>,
    nonce: u64,
    /// Wei.
    #[serde(skip_serializing_if = "U256::is_zero")]
    value: U256,
    data: Bytes,
    /// What the node estimates; nothing where a transaction before must be mined
    /// first.
    gas: Option<u64>,
}

impl Planned {
    /// One line of text; JSON has it all.
    pub(super) fn told(&self) -> String {
        let to = self.to.map_or_else(|| "a new contract".to_owned(), |to| to.to_string());
        let gas = match self.gas {
            Some(gas) => format!("{gas} gas"),
            None => "gas not known before the ones before it are mined".to_owned(),
        };
        let bytes = self.data.len();
        let value = match self.value.is_zero() {
            true => String::new(),
            false => format!(" with {} wei", self.value),
        };
        let (nonce, data) = (self.nonce, &self.data);
        format!("unsigned: nonce {nonce}, to {to}{value}, {bytes} bytes, {gas}\n  {data}")
    }
}

/// Transactions that are not sent.
struct Plan {
    from: Address,
    nonce: Cell<u64>,
    planned: RefCell<Vec<Planned>>,
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
        Ok(Chain { runtime, provider, failures, terms: None, sender: None, plan: None })
    }

    /// The chain, to say what would be sent to it.
    pub(super) fn plan_as(&self, from: Address, terms: Terms) -> Result<Chain, EvmError> {
        let mut chain = self.view()?;
        let nonce =
            chain.runtime.block_on(async { chain.provider.get_transaction_count(from).await });
        let nonce = nonce.map_err(|error| chain.failures.rpc("a nonce", error))?;
        chain.terms = Some(terms);
        chain.plan =
            Some(Plan { from, nonce: Cell::new(nonce), planned: RefCell::new(Vec::new()) });
        Ok(chain)
    }

    /// The chain, to send to.
    pub(super) fn send_as(
        &self,
        signer: PrivateKeySigner,
        terms: Terms,
    ) -> Result<Chain, EvmError> {
        let (runtime, url, client) = self.connection()?;
        let failures = Failures::of(&url);
        let sender = Some(signer.address());
        let wallet = EthereumWallet::from(signer);
        let guard = runtime.enter();
        // The node is asked for the nonce each time: one that is counted here would be
        // used up by a transaction that is refused before it is sent, and what comes
        // after it would wait for ever.
        let provider = ProviderBuilder::new()
            .disable_recommended_fillers()
            .with_simple_nonce_management()
            .fetch_chain_id()
            .wallet(wallet)
            .connect_reqwest(client, url)
            .erased();
        drop(guard);
        Ok(Chain { runtime, provider, failures, terms: Some(terms), sender, plan: None })
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

    /// Whether transactions are only planned.
    pub(super) fn is_plan(&self) -> bool {
        self.plan.is_some()
    }

    /// The transactions planned so far.
    pub(super) fn planned(&self) -> Vec<Planned> {
        self.plan.as_ref().map(|plan| plan.planned.borrow().clone()).unwrap_or_default()
    }

    /// Sends code; the contract's address, and the block that it is in.
    pub(super) fn create(&self, code: Vec<u8>) -> Result<(Address, u64), EvmError> {
        let next = self.plan.as_ref().map(|plan| plan.from.create(plan.nonce.get()));
        match (self.transact(TransactionRequest::default().with_deploy_code(code))?, next) {
            (Outcome::Mined(receipt), _) => {
                let address = receipt.contract_address.ok_or(EvmError::NotCreated)?;
                Ok((address, receipt.block_number.unwrap_or_default()))
            }
            (Outcome::Planned(_), Some(address)) => Ok((address, 0)),
            (Outcome::Planned(_), None) => Err(EvmError::NotCreated),
        }
    }

    /// Sends a call. One that would be refused is not sent.
    pub(super) fn send(&self, to: Address, call: &impl SolCall) -> Result<Outcome, EvmError> {
        let input = Bytes::from(call.abi_encode());
        self.transact(TransactionRequest::default().with_to(to).with_input(input))
    }

    /// The same, with wei.
    pub(super) fn pay(
        &self,
        to: Address,
        call: &impl SolCall,
        value: U256,
    ) -> Result<Outcome, EvmError> {
        let input = Bytes::from(call.abi_encode());
        let request = TransactionRequest::default().with_to(to).with_input(input);
        self.transact(request.with_value(value))
    }

    fn transact(&self, request: TransactionRequest) -> Result<Outcome, EvmError> {
        if let Some(plan) = &self.plan {
            return self.add(plan, request);
        }
        let receipt = self.runtime.block_on(async {
            let request = self.with_gas(self.on_terms(request).await?).await?;
            let pending = self.provider.send_transaction(request).await;
            let pending = pending.map_err(|error| self.failures.rpc("the transaction", error))?;
            let hash = *pending.tx_hash();
            let mined = tokio::time::timeout(PATIENCE, pending.get_receipt()).await;
            let mined = mined.map_err(|_| EvmError::NotMined(hash))?;
            mined.map_err(|error| self.failures.pending(hash, &error))
        })?;
        match receipt.status() {
            true => Ok(Outcome::Mined(Box::new(receipt))),
            false => Err(EvmError::Failed(receipt.transaction_hash)),
        }
    }

    /// Plans a transaction. A first one that would be refused is an error; the
    /// others may rest on what those before do.
    fn add(&self, plan: &Plan, request: TransactionRequest) -> Result<Outcome, EvmError> {
        let Terms { chain, .. } = self.terms.ok_or(EvmError::NoTerms)?;
        let to = request.to.and_then(|to| to.to().copied());
        let data = request.input.input().cloned().unwrap_or_default();
        let value = request.value.unwrap_or_default();
        let asked = request.with_from(plan.from);
        let gas = self.runtime.block_on(async { self.provider.estimate_gas(asked).await });
        let first = plan.planned.borrow().is_empty();
        let gas = match gas {
            Ok(gas) => Some(gas),
            Err(error) if first => return Err(self.failures.rpc("the gas", error)),
            Err(_) => None,
        };
        let nonce = plan.nonce.get();
        plan.nonce.set(nonce + 1);
        let planned = Planned { chain_id: chain, from: plan.from, to, nonce, value, data, gas };
        plan.planned.borrow_mut().push(planned.clone());
        Ok(Outcome::Planned(Box::new(planned)))
    }

    /// The request with gas for what it needs now, and some more: until it is mined a
    /// deadline can pass, or another transaction change what it writes. One that would
    /// be refused is an error.
    async fn with_gas(&self, request: TransactionRequest) -> Result<TransactionRequest, EvmError> {
        let request = request.with_from(self.sender.ok_or(EvmError::NoTerms)?);
        let gas = self.provider.estimate_gas(request.clone()).await;
        let gas = gas.map_err(|error| self.failures.rpc("the transaction", error))?;
        Ok(request.with_gas_limit(gas.saturating_add(gas / GAS_MARGIN)))
    }

    /// The request for our chain, at a fee that we would pay.
    async fn on_terms(&self, request: TransactionRequest) -> Result<TransactionRequest, EvmError> {
        let Terms { chain, max_fee } = self.terms.ok_or(EvmError::NoTerms)?;
        let affordable = |fee: u128| match fee > max_fee {
            true => Err(EvmError::Fee { found: fee, limit: max_fee }),
            false => Ok(fee),
        };
        let request = request.with_chain_id(chain);
        match self.provider.estimate_eip1559_fees().await {
            Ok(fees) => Ok(request
                .with_max_fee_per_gas(affordable(fees.max_fee_per_gas)?)
                .with_max_priority_fee_per_gas(fees.max_priority_fee_per_gas)),
            // An answer, and not one: the node knows no market of fees.
            Err(error) if error.as_error_resp().is_some() => {
                let price = self.provider.get_gas_price().await;
                let price = price.map_err(|error| self.failures.rpc("the fee", error))?;
                Ok(request.with_gas_price(affordable(price)?))
            }
            Err(error) => Err(self.failures.rpc("the fee", error)),
        }
    }

    /// What a view returns now.
    pub(super) fn read<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, EvmError> {
        let request = TransactionRequest::default().with_to(to).with_input(call.abi_encode());
        let output = self.runtime.block_on(async { self.provider.call(request).await });
        let output = output.map_err(|error| self.failures.rpc(C::SIGNATURE, error))?;
        C::abi_decode_returns(&output).map_err(|_| EvmError::NotOurs(to))
    }

    /// Hash of the code at an address.
    pub(super) fn code_hash(&self, of: Address) -> Result<B256, EvmError> {
        let code = self.runtime.block_on(async { self.provider.get_code_at(of).await });
        let code = code.map_err(|error| self.failures.rpc("a contract's code", error))?;
        Ok(keccak256(&code))
    }

    /// Time of the latest block.
    pub(super) fn time(&self) -> Result<u64, EvmError> {
        let block = self
            .runtime
            .block_on(async { self.provider.get_block(BlockNumberOrTag::Latest.into()).await });
        let block = block.map_err(|error| self.failures.rpc("its latest block", error))?;
        Ok(block.ok_or(EvmError::NoBlock)?.header.timestamp)
    }

    /// Logs of contracts since a block, in their order: page by page, as nodes look
    /// through so many blocks at once and no more.
    pub(super) fn logs(&self, of: &[Address], since: u64) -> Result<Vec<Log>, EvmError> {
        let latest = self.runtime.block_on(async { self.provider.get_block_number().await });
        let latest = latest.map_err(|error| self.failures.rpc("its latest block", error))?;
        let (mut from, mut page, mut logs) = (since, PAGE, Vec::new());
        while from <= latest {
            let to = latest.min(from.saturating_add(page - 1));
            let filter = Filter::new().address(of.to_vec()).from_block(from).to_block(to);
            match self.runtime.block_on(async { self.provider.get_logs(&filter).await }) {
                Ok(found) => {
                    logs.extend(found);
                    from = to + 1;
                }
                // Too many for this node, as far as anybody can tell.
                Err(error) if page > 1 && error.as_error_resp().is_some() => page /= 2,
                Err(error) => return Err(self.failures.rpc("its logs", error)),
            }
        }
        Ok(logs)
    }

    /// What a transaction was sent with.
    pub(super) fn input(&self, hash: B256) -> Result<Bytes, EvmError> {
        let found =
            self.runtime.block_on(async { self.provider.get_transaction_by_hash(hash).await });
        let found = found.map_err(|error| self.failures.rpc("a transaction", error))?;
        Ok(found.ok_or(EvmError::NotSentDirectly(hash))?.input().clone())
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
