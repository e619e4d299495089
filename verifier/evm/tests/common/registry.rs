//! A registry on a chain, driven by the engine's actions.

use alloy_sol_types::{SolConstructor, sol};
use revm::primitives::{Address, B256, U256};
use zkmargin_evm::contracts::MarginCallRegistry as registry;
use zkmargin_evm::engine::{self as convert, LAST_TIME, Time};
use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, ClaimData, ClockTime, Event, PolicyParams, Refusal,
};

use super::{Chain, Failure, Receipt, code_with};

sol!(MockVerifier, "../contracts/artifacts/MockVerifier.json");
sol!(HostileHook, "../contracts/artifacts/HostileHook.json");
sol!(TestToken, "../contracts/artifacts/TestToken.json");

pub const GOVERNOR: Address = Address::repeat_byte(0xa1);
pub const PUBLISHER: Address = Address::repeat_byte(0xa2);
pub const GUARDIAN: Address = Address::repeat_byte(0xa3);
pub const PROTOCOL: Address = Address::repeat_byte(0xa4);
pub const ANYONE: Address = Address::repeat_byte(0xa5);
/// The protocol's name in the context.
pub const NAME: &str = "revm";
/// Digest of the mock circuit.
pub const MOCK: B256 = B256::repeat_byte(0xc0);

/// Why an action failed.
#[derive(Debug, PartialEq)]
pub enum Refused {
    Engine(Refusal),
    Other(Failure),
}

#[derive(Clone)]
pub struct Registry {
    pub chain: Chain,
    pub address: Address,
}

impl Registry {
    /// A registry with every role granted and the mock circuit accepted.
    pub fn new(params: &PolicyParams, now: u64) -> Self {
        let mut this = Self::bare(params, now);
        let verifier = this.mock(MOCK, true);
        let add = registry::addCircuitCall { verifier, gasLimit: 100_000 };
        this.send(GOVERNOR, &add).unwrap();
        this
    }

    /// A registry with roles but no circuit.
    pub fn bare(params: &PolicyParams, now: u64) -> Self {
        let mut chain = Chain::new(now);
        let address = deploy(&mut chain, params).unwrap().0;
        let mut this = Self { chain, address };
        let roles = [
            (this.view(&registry::PUBLISHER_ROLECall {}), PUBLISHER),
            (this.view(&registry::GUARDIAN_ROLECall {}), GUARDIAN),
            (this.view(&registry::PROTOCOL_ROLECall {}), PROTOCOL),
        ];
        for (role, account) in roles {
            this.send(GOVERNOR, &registry::grantRoleCall { role, account }).unwrap();
        }
        this
    }

    pub fn mock(&mut self, circuit: B256, insecure: bool) -> Address {
        let arguments = MockVerifier::constructorCall { circuit, insecure }.abi_encode();
        let code = code_with(&MockVerifier::BYTECODE, arguments);
        self.chain.create(GOVERNOR, code).unwrap().0
    }

    pub fn send<C: alloy_sol_types::SolCall>(
        &mut self,
        from: Address,
        call: &C,
    ) -> Result<Receipt, Failure> {
        self.chain.send(from, self.address, call)
    }

    pub fn view<C: alloy_sol_types::SolCall>(&self, call: &C) -> C::Return {
        self.chain.read(self.address, call)
    }

    pub fn context(&self) -> ContextId {
        let context = self.view(&registry::CONTEXTCall {});
        let mut bytes = [0; 32];
        bytes[1..].copy_from_slice(context.as_slice());
        ContextId::from_be_bytes(&bytes).unwrap()
    }

    /// Applies an action with a valid proof, as who may.
    pub fn apply(&mut self, now: u64, action: &ActionRecord) -> Result<Vec<Event>, Refused> {
        self.apply_with(now, action, 1)
    }

    /// Applies an action; a proof of `verdict` other than 1 is invalid.
    pub fn apply_with(
        &mut self,
        now: u64,
        action: &ActionRecord,
        verdict: u8,
    ) -> Result<Vec<Event>, Refused> {
        self.chain.now = now.min(LAST_TIME);
        let (from, data) = message(action, verdict);
        match self.chain.send_raw(from, self.address, data) {
            Ok(receipt) => Ok(events(&receipt)),
            Err(Failure::Revert(data)) => Err(convert::refusal(&data)
                .map_or(Refused::Other(Failure::Revert(data)), Refused::Engine)),
            Err(halt) => Err(Refused::Other(halt)),
        }
    }

    pub fn status(&mut self, account: AccountId, now: u64) -> AccountStatus {
        self.chain.now = now.min(LAST_TIME);
        let call = registry::statusOfCall { account: convert::address(account) };
        let answer = self.view(&call);
        convert::status(&answer.status, answer.shortfall).unwrap()
    }

    pub fn clock(&mut self, now: u64) -> ClockTime {
        self.chain.now = now.min(LAST_TIME);
        ClockTime::new(self.view(&registry::clockCall {}).to())
    }
}

/// Deploys a registry.
pub fn deploy(chain: &mut Chain, params: &PolicyParams) -> Result<(Address, u64), Failure> {
    let arguments = registry::constructorCall {
        policy: convert::policy(params, NAME),
        governor: GOVERNOR,
        insecureSrsAllowed: true,
    };
    chain.create(GOVERNOR, code_with(&registry::BYTECODE, arguments.abi_encode()))
}

/// The engine's events in a receipt: every log of the registry is one.
pub fn events(receipt: &Receipt) -> Vec<Event> {
    let logs = receipt.logs.iter();
    logs.map(|log| convert::event(log.topics(), &log.data.data).unwrap()).collect()
}

fn call(action: impl alloy_sol_types::SolCall) -> Vec<u8> {
    action.abi_encode()
}

/// Who sends what for an action.
pub fn message(action: &ActionRecord, verdict: u8) -> (Address, Vec<u8>) {
    let proof = U256::from(verdict).to_be_bytes_vec();
    let parts = |claim: &ClaimData| (MOCK, convert::inputs(claim), proof.clone().into());
    let at = convert::address;
    match action {
        Action::AcceptModel { model } => {
            (GOVERNOR, call(registry::acceptModelCall { model: (*model.as_bytes()).into() }))
        }
        Action::RevokeModel { model } => {
            (GOVERNOR, call(registry::revokeModelCall { model: (*model.as_bytes()).into() }))
        }
        Action::PostEpoch(post) => {
            (PUBLISHER, call(registry::postEpochCall { post: convert::epoch_post(post) }))
        }
        Action::Register { account } => {
            (PROTOCOL, call(registry::registerCall { id: at(*account) }))
        }
        Action::SubmitProof { claim } => {
            let (circuit, inputs, proof) = parts(claim);
            (ANYONE, call(registry::submitProofCall { circuit, inputs, proof }))
        }
        Action::SubmitBreach { claim } => {
            let (circuit, inputs, proof) = parts(claim);
            (ANYONE, call(registry::submitBreachCall { circuit, inputs, proof }))
        }
        Action::CallOverdue { account } => {
            (ANYONE, call(registry::callOverdueCall { id: at(*account) }))
        }
        Action::Cure { claim } => {
            let (circuit, inputs, proof) = parts(claim);
            (ANYONE, call(registry::cureCall { circuit, inputs, proof }))
        }
        Action::MarkLiquidatable { account } => {
            (ANYONE, call(registry::markLiquidatableCall { id: at(*account) }))
        }
        Action::Close { account } => (PROTOCOL, call(registry::closeCall { id: at(*account) })),
        Action::Reinstate { account } => {
            (PROTOCOL, call(registry::reinstateCall { id: at(*account) }))
        }
        Action::Pause => (GUARDIAN, call(registry::pauseCall {})),
        Action::Resume => (GUARDIAN, call(registry::resumeCall {})),
    }
}

/// A time as the registry shows it.
pub fn time(seconds: u64) -> Time {
    Time::from(seconds.min(LAST_TIME))
}
