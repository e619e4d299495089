//! A real EVM in memory, and a registry on it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "every test uses a part")]

#[path = "../../../tests/common/mod.rs"]
pub mod actions;
pub mod artifacts;
pub mod attesters;
pub mod messages;
pub mod registry;
pub mod stories;
pub mod trace;
pub mod verifier;

use alloy_sol_types::{Revert, SolCall, SolError};
use revm::context::TxEnv;
use revm::context::result::{ExecutionResult, Output, ResultAndState};
use revm::database::{InMemoryDB, WrapDatabaseRef};
use revm::handler::{MainnetContext, MainnetEvm};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, B256, Bytes, Log, TxKind, U256};
use revm::state::AccountInfo;
use revm::{
    Context, Database, DatabaseCommit, DatabaseRef as _, ExecuteEvm, MainBuilder, MainContext,
};

/// The chain's identifier.
pub const CHAIN: u64 = 31_337;
/// Gas of every transaction.
pub const GAS_LIMIT: u64 = 16_000_000;

/// A chain with one transaction per block.
#[derive(Clone)]
pub struct Chain {
    database: InMemoryDB,
    nonce: u64,
    /// The chain's identifier.
    pub chain_id: u64,
    /// Time of the next block.
    pub now: u64,
    /// Gas of all transactions so far.
    pub spent: u64,
}

/// A transaction that succeeded.
#[derive(Debug)]
pub struct Receipt {
    pub output: Bytes,
    pub logs: Vec<Log>,
    pub gas: u64,
    pub created: Option<Address>,
}

/// A transaction that did not.
#[derive(Debug, PartialEq)]
pub enum Failure {
    Revert(Bytes),
    Halt(String),
}

impl Failure {
    /// Whether it is this error.
    pub fn is<E: SolError>(&self) -> bool {
        matches!(self, Self::Revert(data) if E::abi_decode(data).is_ok())
    }

    pub fn reason(&self) -> String {
        match self {
            Self::Revert(data) => {
                Revert::abi_decode(data).map_or_else(|_| data.to_string(), |r| r.reason)
            }
            Self::Halt(reason) => reason.clone(),
        }
    }
}

impl Chain {
    pub fn new(now: u64) -> Self {
        Self { database: InMemoryDB::default(), nonce: 0, chain_id: CHAIN, now, spent: 0 }
    }

    fn run(
        &mut self,
        from: Address,
        kind: TxKind,
        data: Vec<u8>,
        gas_limit: u64,
    ) -> Result<Receipt, Failure> {
        let transaction = self.transaction(from, kind, data, gas_limit);
        self.nonce += 1;
        let mut evm = self.evm(WrapDatabaseRef(&self.database));
        let ResultAndState { result, state } = evm.transact(transaction).unwrap();
        self.database.commit(state);
        self.spent += result.tx_gas_used();
        receipt(result)
    }

    fn transaction(&self, from: Address, kind: TxKind, data: Vec<u8>, gas_limit: u64) -> TxEnv {
        TxEnv {
            caller: from,
            gas_limit,
            kind,
            data: data.into(),
            nonce: self.nonce,
            chain_id: Some(self.chain_id),
            ..Default::default()
        }
    }

    fn evm<D: Database>(&self, database: D) -> MainnetEvm<MainnetContext<D>> {
        self.context(database).build_mainnet()
    }

    fn context<D: Database>(&self, database: D) -> MainnetContext<D> {
        Context::mainnet()
            .with_db(database)
            .modify_cfg_chained(|config| {
                config.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                config.chain_id = self.chain_id;
                config.disable_nonce_check = true;
            })
            .modify_block_chained(|block| block.timestamp = U256::from(self.now))
    }

    /// Deploys a contract.
    pub fn create(&mut self, from: Address, code: Vec<u8>) -> Result<(Address, u64), Failure> {
        let receipt = self.run(from, TxKind::Create, code, GAS_LIMIT)?;
        Ok((receipt.created.unwrap(), receipt.gas))
    }

    /// Bytes of a contract's code.
    pub fn code_size(&self, of: Address) -> usize {
        let account = self.database.basic_ref(of).unwrap().unwrap();
        account.code.map_or(0, |code| code.original_byte_slice().len())
    }

    /// Hash of a contract's code.
    pub fn code_hash(&self, of: Address) -> B256 {
        self.database.basic_ref(of).unwrap().unwrap().code_hash
    }

    /// Sends raw calldata.
    pub fn send_raw(
        &mut self,
        from: Address,
        to: Address,
        data: Vec<u8>,
    ) -> Result<Receipt, Failure> {
        self.run(from, TxKind::Call(to), data, GAS_LIMIT)
    }

    /// What raw calldata would do, with so much gas.
    pub fn try_raw(&self, to: Address, data: Vec<u8>, gas_limit: u64) -> Result<Receipt, Failure> {
        let transaction = self.transaction(Address::ZERO, TxKind::Call(to), data, gas_limit);
        let mut evm = self.evm(WrapDatabaseRef(&self.database));
        receipt(evm.transact(transaction).unwrap().result)
    }

    /// Sends raw calldata with little gas.
    pub fn send_with_gas(
        &mut self,
        from: Address,
        to: Address,
        data: Vec<u8>,
        gas_limit: u64,
    ) -> Result<Receipt, Failure> {
        self.run(from, TxKind::Call(to), data, gas_limit)
    }

    /// Sends a call.
    pub fn send<C: SolCall>(
        &mut self,
        from: Address,
        to: Address,
        call: &C,
    ) -> Result<Receipt, Failure> {
        self.send_raw(from, to, call.abi_encode())
    }

    /// Sends a call with so much of the chain's coin, which the sender is given first.
    pub fn pay<C: SolCall>(
        &mut self,
        from: Address,
        to: Address,
        call: &C,
        wei: u64,
    ) -> Result<Receipt, Failure> {
        let balance = U256::from(wei);
        self.database.insert_account_info(from, AccountInfo { balance, ..Default::default() });
        let mut transaction =
            self.transaction(from, TxKind::Call(to), call.abi_encode(), GAS_LIMIT);
        transaction.value = balance;
        self.nonce += 1;
        let mut evm = self.evm(WrapDatabaseRef(&self.database));
        let ResultAndState { result, state } = evm.transact(transaction).unwrap();
        self.database.commit(state);
        receipt(result)
    }

    /// What an account has of the chain's coin.
    pub fn balance(&self, of: Address) -> U256 {
        self.database.basic_ref(of).unwrap().map_or(U256::ZERO, |account| account.balance)
    }

    /// Reads a view.
    pub fn read<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let data = call.abi_encode();
        let transaction = self.transaction(Address::ZERO, TxKind::Call(to), data, GAS_LIMIT);
        let mut evm = self.evm(WrapDatabaseRef(&self.database));
        let receipt = receipt(evm.transact(transaction).unwrap().result).unwrap();
        C::abi_decode_returns(&receipt.output).unwrap()
    }
}

fn receipt(result: ExecutionResult) -> Result<Receipt, Failure> {
    let gas = result.tx_gas_used();
    match result {
        ExecutionResult::Success { output, logs, .. } => {
            let (output, created) = match output {
                Output::Call(output) => (output, None),
                Output::Create(output, created) => (output, created),
            };
            Ok(Receipt { output, logs, gas, created })
        }
        ExecutionResult::Revert { output, .. } => Err(Failure::Revert(output)),
        ExecutionResult::Halt { reason, .. } => Err(Failure::Halt(format!("{reason:?}"))),
    }
}

/// A constructor's code and arguments.
pub fn code_with(bytecode: &Bytes, arguments: impl AsRef<[u8]>) -> Vec<u8> {
    [bytecode.as_ref(), arguments.as_ref()].concat()
}
