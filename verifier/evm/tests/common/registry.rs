//! The contracts on a chain, driven by the engine's actions.

use std::collections::BTreeMap;

use alloy_sol_types::{SolCall, SolConstructor};
use revm::primitives::{Address, B256};
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginChanges as changes, MarginEscrows as escrows,
    MarginMarkets as markets, MarginOperators as operators, MarginProofGate as gate,
    MarginRoles as roles, MarginVenueBatches as batches,
};
use zkmargin_evm::engine::{self as convert, LAST_TIME, Time};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, ClockTime, EpochPost, Event, PolicyParams, Refusal,
};
use zkmargin_verifier::epoch::EpochDigest;

use super::artifacts::{MockVerifier, OpenGate, OpenRegistry};
use super::attesters::attesters;
use super::messages::Message;
use super::{Chain, Failure, Receipt, code_with};

/// Administrator of the roles, and governor.
pub const GOVERNOR: Address = Address::repeat_byte(0xa1);
pub const GUARDIAN: Address = Address::repeat_byte(0xa3);
pub const PROTOCOL: Address = Address::repeat_byte(0xa4);
pub const ANYONE: Address = Address::repeat_byte(0xa5);
/// Deploys what the governor does not.
pub const DEPLOYER: Address = Address::repeat_byte(0xa6);
/// What keeps requests for paths, where no `MarginPaths` does.
pub const PATHS: Address = Address::repeat_byte(0xa7);
/// The market's name in the context.
pub const NAME: &str = "revm";
/// Digest of the mock circuit.
pub const MOCK: B256 = B256::repeat_byte(0xc0);
/// Digest of the mock circuit of changes.
pub const MOCK_CHANGES: B256 = B256::repeat_byte(0xc1);
/// Digest of the mock circuit of escrows.
pub const MOCK_ESCROWS: B256 = B256::repeat_byte(0xc2);
/// Seconds that an administrator's handover takes.
const ADMIN_DELAY: u64 = 86_400;

/// Why an action failed.
#[derive(Debug, PartialEq)]
pub enum Refused {
    Engine(Refusal),
    Other(Failure),
}

/// Where the contracts are.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub roles: Address,
    pub markets: Address,
    pub gate: Address,
    pub operators: Address,
    pub registry: Address,
    pub changes: Address,
    pub escrows: Address,
    pub batches: Address,
}

/// One market, with an account of every engine's account: number zero of the owner
/// whose address its bytes are.
#[derive(Clone)]
pub struct Registry {
    pub chain: Chain,
    pub at: Addresses,
    pub market: ContextId,
    /// Whether accounts are registered by their own names.
    pub open: bool,
    accounts: BTreeMap<Address, AccountId>,
    /// Digests of epochs under other contexts, and what they are under the market's.
    pub digests: BTreeMap<EpochDigest, EpochDigest>,
    /// The context that epochs come for.
    pub foreign: Option<ContextId>,
}

impl Registry {
    /// A market with every role granted and the mock circuit accepted without end.
    pub fn new(params: &PolicyParams, now: u64) -> Self {
        let mut this = Self::deploy(Chain::new(now), params, false).unwrap();
        this.with_mock();
        this.with_paths(PATHS);
        this
    }

    fn with_mock(&mut self) {
        let verifier = self.mock(MOCK, true);
        self.add_circuit(verifier, 100_000).unwrap();
        let verifier = self.mock(MOCK_CHANGES, true);
        self.add_change_circuit(verifier, 100_000).unwrap();
        let verifier = self.mock(MOCK_ESCROWS, true);
        self.add_escrow_circuit(verifier, 100_000).unwrap();
    }

    /// Says what keeps requests for paths.
    pub fn with_paths(&mut self, keeper: Address) {
        self.send(GOVERNOR, &registry::setPathsCall { keeper }).unwrap();
    }

    /// The contracts and a market, with roles but no circuit; `open` ones register
    /// accounts of any name.
    pub fn deploy(mut chain: Chain, params: &PolicyParams, open: bool) -> Result<Self, Failure> {
        let at = deploy(&mut chain, open)?;
        let market = ContextId::derive(NAME, super::CHAIN, at.markets.into_array());
        let (accounts, digests) = (BTreeMap::new(), BTreeMap::new());
        let mut this = Self { chain, at, market, open, accounts, digests, foreign: None };
        let escrow = params.escrow;
        let params = convert::market(params, NAME, &attesters());
        this.chain.send(GOVERNOR, at.markets, &markets::createMarketCall { params })?;
        for (role, holder) in [
            (this.role(&roles::GOVERNOR_ROLECall {}), GOVERNOR),
            (this.role(&roles::GUARDIAN_ROLECall {}), GUARDIAN),
            (this.role(&roles::PROTOCOL_ROLECall {}), PROTOCOL),
        ] {
            let grant = roles::grantRoleCall { role, account: holder };
            this.chain.send(GOVERNOR, at.roles, &grant)?;
        }
        if let Some(committee) = escrow {
            let (context, committee) = (this.context(), convert::committee(committee));
            let call = gate::demandEscrowCall { context, committee };
            this.chain.send(GOVERNOR, at.gate, &call)?;
        }
        Ok(this)
    }

    /// A role of the market.
    pub fn role<C: SolCall<Return = B256>>(&self, role: &C) -> B256 {
        let role = self.chain.read(self.at.roles, role);
        let call = roles::marketRoleCall { context: self.context(), role };
        self.chain.read(self.at.roles, &call)
    }

    /// The market, as the contracts name it.
    pub fn context(&self) -> alloy_sol_types::private::FixedBytes<31> {
        convert::context(self.market)
    }

    pub fn mock(&mut self, circuit: B256, insecure: bool) -> Address {
        let arguments = MockVerifier::constructorCall { circuit, insecure }.abi_encode();
        let code = code_with(&MockVerifier::BYTECODE, arguments);
        self.chain.create(DEPLOYER, code).unwrap().0
    }

    /// The governor's `addCircuit` without an end.
    pub fn add_circuit(&mut self, verifier: Address, gas: u32) -> Result<Receipt, Failure> {
        let call = gate::addCircuitCall {
            context: self.context(),
            verifier,
            codeHash: self.chain.code_hash(verifier),
            gasLimit: gas,
            validUntil: time(LAST_TIME),
        };
        self.chain.send(GOVERNOR, self.at.gate, &call)
    }

    /// The governor's `addChangeCircuit` without an end.
    pub fn add_change_circuit(&mut self, verifier: Address, gas: u32) -> Result<Receipt, Failure> {
        let call = gate::addChangeCircuitCall {
            context: self.context(),
            verifier,
            codeHash: self.chain.code_hash(verifier),
            gasLimit: gas,
            validUntil: time(LAST_TIME),
        };
        self.chain.send(GOVERNOR, self.at.gate, &call)
    }

    /// The governor's `addEscrowCircuit` without an end.
    pub fn add_escrow_circuit(&mut self, verifier: Address, gas: u32) -> Result<Receipt, Failure> {
        let call = gate::addEscrowCircuitCall {
            context: self.context(),
            verifier,
            codeHash: self.chain.code_hash(verifier),
            gasLimit: gas,
            validUntil: time(LAST_TIME),
        };
        self.chain.send(GOVERNOR, self.at.gate, &call)
    }

    /// The governor's `addVenueCircuit` without an end.
    pub fn add_venue_circuit(&mut self, verifier: Address, gas: u32) -> Result<Receipt, Failure> {
        let call = gate::addVenueCircuitCall {
            context: self.context(),
            verifier,
            codeHash: self.chain.code_hash(verifier),
            gasLimit: gas,
            validUntil: time(LAST_TIME),
        };
        self.chain.send(GOVERNOR, self.at.gate, &call)
    }

    /// Sends to the registry.
    pub fn send<C: SolCall>(&mut self, from: Address, call: &C) -> Result<Receipt, Failure> {
        self.chain.send(from, self.at.registry, call)
    }

    /// Reads the registry.
    pub fn view<C: SolCall>(&self, call: &C) -> C::Return {
        self.chain.read(self.at.registry, call)
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
        let Message { from, to, data } = self.message(action, verdict);
        match self.chain.send_raw(from, to, data) {
            Ok(receipt) => {
                if let Action::Register { account } = action {
                    self.subscribe(*account);
                }
                Ok(self.events(&receipt))
            }
            Err(Failure::Revert(data)) => Err(convert::refusal(&data)
                .map_or(Refused::Other(Failure::Revert(data)), Refused::Engine)),
            Err(halt) => Err(Refused::Other(halt)),
        }
    }

    /// The protocol subscribes to a new account.
    fn subscribe(&mut self, account: AccountId) {
        if self.open {
            return;
        }
        let owner = convert::address(account);
        let set = operators::setOperatorCall { operator: PROTOCOL, until: time(LAST_TIME) };
        self.chain.send(owner, self.at.operators, &set).unwrap();
        let call = registry::subscribeCall { context: self.context(), owner, sub: 0 };
        self.send(PROTOCOL, &call).unwrap();
    }

    /// An account of the engine's, as the registry names it.
    pub fn account(&mut self, account: AccountId) -> Address {
        let owner = convert::address(account);
        let id =
            if self.open { owner } else { self.view(&registry::accountOfCall { owner, sub: 0 }) };
        self.accounts.insert(id, account);
        id
    }

    pub fn status(&mut self, account: AccountId, now: u64) -> AccountStatus {
        self.chain.now = now.min(LAST_TIME);
        let account = self.account(account);
        let call = registry::statusOfCall { context: self.context(), account };
        let answer = self.view(&call);
        convert::status(&answer.status, answer.shortfall).unwrap()
    }

    pub fn clock(&mut self, now: u64) -> ClockTime {
        self.chain.now = now.min(LAST_TIME);
        let call = markets::clockCall { context: self.context() };
        ClockTime::new(self.chain.read(self.at.markets, &call).to())
    }

    /// What the next epoch is measured against.
    pub fn moves(&self) -> markets::Moves {
        self.chain.read(self.at.markets, &markets::movesOfCall { context: self.context() })
    }

    /// The market's state now, and what an epoch is worth.
    pub fn read(&self, epoch: u64) -> markets::readReturn {
        self.chain.read(self.at.markets, &markets::readCall { context: self.context(), epoch })
    }

    /// The next epoch, as the market expects it.
    pub fn next(&self, post: EpochPost) -> EpochPost {
        let moves = self.moves();
        EpochPost {
            reference: Epoch::new(moves.confirmed),
            previous: EpochDigest::new(moves.latestDigest.0),
            ..post
        }
    }

    /// The engine's events in a receipt, about the engine's accounts.
    pub fn events(&self, receipt: &Receipt) -> Vec<Event> {
        let ours = [self.at.markets, self.at.registry, self.at.changes, self.at.escrows];
        let logs = receipt.logs.iter().filter(|log| ours.contains(&log.address));
        let known = logs.filter_map(|log| convert::event(log.topics(), &log.data.data));
        known.map(|event| self.renamed(event)).collect()
    }

    fn renamed(&self, mut event: Event) -> Event {
        if let Event::Registered { account, .. }
        | Event::ProofAccepted { account, .. }
        | Event::Called { account, .. }
        | Event::CallRefined { account, .. }
        | Event::Cured { account, .. }
        | Event::Liquidatable { account, .. }
        | Event::Closed { account, .. }
        | Event::Reinstated { account, .. }
        | Event::PathRequested { account, .. }
        | Event::PathAnswered { account, .. }
        | Event::ChangeAccepted { account, .. }
        | Event::ChangeShown { account, .. }
        | Event::ChangeExpired { account, .. }
        | Event::Escrowed { account, .. }
        | Event::Escaped { account } = &mut event
        {
            *account = self.accounts[&convert::address(*account)];
        }
        event
    }
}

/// Deploys the contracts. The markets, whose address is in the context, are the first
/// that the governor deploys.
pub fn deploy(chain: &mut Chain, open: bool) -> Result<Addresses, Failure> {
    let arguments =
        roles::constructorCall { admin: GOVERNOR, adminDelay: time(ADMIN_DELAY) }.abi_encode();
    let (roles, _) = chain.create(DEPLOYER, code_with(&roles::BYTECODE, arguments))?;
    let arguments = markets::constructorCall { roles, modelNotice: time(0), testDeployment: true };
    let code = code_with(&markets::BYTECODE, arguments.abi_encode());
    let (markets, _) = chain.create(GOVERNOR, code)?;
    let arguments = OpenGate::constructorCall { markets }.abi_encode();
    let (gate, _) = chain.create(DEPLOYER, code_with(&OpenGate::BYTECODE, arguments))?;
    chain.send(GOVERNOR, markets, &markets::setGateCall { newGate: gate })?;
    let (operators, _) = chain.create(DEPLOYER, operators::BYTECODE.to_vec())?;
    let arguments = registry::constructorCall { markets, gate, operators }.abi_encode();
    let code = if open { &OpenRegistry::BYTECODE } else { &registry::BYTECODE };
    let (registry, _) = chain.create(DEPLOYER, code_with(code, arguments))?;
    let role = chain.read(roles, &roles::GOVERNOR_ROLECall {});
    chain.send(GOVERNOR, roles, &roles::grantRoleCall { role, account: GOVERNOR })?;
    let arguments = changes::constructorCall { registry, markets, gate, operators }.abi_encode();
    let (changes, _) = chain.create(DEPLOYER, code_with(&changes::BYTECODE, arguments))?;
    chain.send(GOVERNOR, gate, &gate::setChangesCall { keeper: changes })?;
    let arguments = escrows::constructorCall { registry, markets, gate }.abi_encode();
    let (escrows, _) = chain.create(DEPLOYER, code_with(&escrows::BYTECODE, arguments))?;
    chain.send(GOVERNOR, gate, &gate::setEscrowsCall { keeper: escrows })?;
    let arguments = batches::constructorCall { registry, markets, gate }.abi_encode();
    let (batches, _) = chain.create(DEPLOYER, code_with(&batches::BYTECODE, arguments))?;
    chain.send(GOVERNOR, gate, &gate::setBatchesCall { keeper: batches })?;
    Ok(Addresses { roles, markets, gate, operators, registry, changes, escrows, batches })
}

/// A time as the contracts show it.
pub fn time(seconds: u64) -> Time {
    Time::from(seconds.min(LAST_TIME))
}
