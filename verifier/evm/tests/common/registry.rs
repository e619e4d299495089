//! The contracts on a chain, driven by the engine's actions.

use std::collections::BTreeMap;

use alloy_sol_types::{SolCall, SolConstructor, sol};
use k256::ecdsa::SigningKey;
use revm::primitives::{Address, B256, Bytes, U256, keccak256};
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginMarkets as markets, MarginOperators as operators,
    MarginProofGate as gate, MarginRoles as roles,
};
use zkmargin_evm::engine::{self as convert, LAST_TIME, Time};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, ClaimData, ClockTime, EpochPost, Event, PolicyParams,
    Refusal, Root,
};
use zkmargin_verifier::epoch::{EpochDigest, Signer, Signers};

use super::{Chain, Failure, Receipt, code_with};

sol!(MockVerifier, "../contracts/artifacts/MockVerifier.json");
sol!(HostileHook, "../contracts/artifacts/HostileHook.json");
sol!(OpenGate, "../contracts/artifacts/OpenGate.json");
sol!(OpenRegistry, "../contracts/artifacts/OpenRegistry.json");
sol!(TestToken, "../contracts/artifacts/TestToken.json");

/// Administrator of the roles, and governor.
pub const GOVERNOR: Address = Address::repeat_byte(0xa1);
pub const GUARDIAN: Address = Address::repeat_byte(0xa3);
pub const PROTOCOL: Address = Address::repeat_byte(0xa4);
pub const ANYONE: Address = Address::repeat_byte(0xa5);
/// Deploys what the governor does not.
pub const DEPLOYER: Address = Address::repeat_byte(0xa6);
/// The market's name in the context.
pub const NAME: &str = "revm";
/// Digest of the mock circuit.
pub const MOCK: B256 = B256::repeat_byte(0xc0);
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
}

/// One market, with an account of every engine's account: number zero of the owner
/// whose address its bytes are.
#[derive(Clone)]
pub struct Registry {
    pub chain: Chain,
    pub at: Addresses,
    pub market: ContextId,
    /// Whether accounts are registered by their own names.
    open: bool,
    accounts: BTreeMap<Address, AccountId>,
    /// Digests of epochs under other contexts, and what they are under the market's.
    digests: BTreeMap<EpochDigest, EpochDigest>,
    /// The context that epochs come for.
    pub foreign: Option<ContextId>,
}

impl Registry {
    /// A market with every role granted and the mock circuit accepted without end.
    pub fn new(params: &PolicyParams, now: u64) -> Self {
        let mut this = Self::deploy(Chain::new(now), params, false).unwrap();
        this.with_mock();
        this
    }

    fn with_mock(&mut self) {
        let verifier = self.mock(MOCK, true);
        self.add_circuit(verifier, 100_000).unwrap();
    }

    /// The contracts and a market, with roles but no circuit; `open` ones register
    /// accounts of any name.
    pub fn deploy(mut chain: Chain, params: &PolicyParams, open: bool) -> Result<Self, Failure> {
        let at = deploy(&mut chain, open)?;
        let market = ContextId::derive(NAME, super::CHAIN, at.markets.into_array());
        let (accounts, digests) = (BTreeMap::new(), BTreeMap::new());
        let mut this = Self { chain, at, market, open, accounts, digests, foreign: None };
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
        let ours = [self.at.markets, self.at.registry];
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
        | Event::Escaped { account } = &mut event
        {
            *account = self.accounts[&convert::address(*account)];
        }
        event
    }
}

/// Who sends what to whom.
#[derive(Clone, Debug)]
pub struct Message {
    pub from: Address,
    pub to: Address,
    pub data: Vec<u8>,
}

impl Registry {
    /// What an action is on the chain.
    pub fn message(&mut self, action: &ActionRecord, verdict: u8) -> Message {
        let action = action.clone().map_claim(|claim| ClaimData {
            account: convert::account(self.account(claim.account)),
            ..claim
        });
        match &action {
            Action::SubmitProof { claim } => self.proof(claim, verdict, Kind::Proof),
            Action::SubmitBreach { claim } => self.proof(claim, verdict, Kind::Breach),
            Action::Cure { claim } => self.proof(claim, verdict, Kind::Cure),
            Action::SetCircuits { .. }
            | Action::AcceptModel { .. }
            | Action::RevokeModel { .. }
            | Action::PostEpoch(_)
            | Action::RejectEpoch { .. }
            | Action::Pause { .. }
            | Action::Resume { .. } => self.market_message(&action),
            _ => self.account_message(&action),
        }
    }

    fn proof(&self, claim: &ClaimData, verdict: u8, kind: Kind) -> Message {
        let proof = U256::from(verdict).to_be_bytes_vec();
        let data = kind.calldata(MOCK, claim, proof);
        Message { from: ANYONE, to: self.at.registry, data }
    }

    fn market_message(&mut self, action: &ActionRecord) -> Message {
        let context = self.context();
        let root = |root: &Root| B256::from(*root.as_bytes());
        let (from, data) = match action {
            Action::SetCircuits { until, frozen } => {
                let call = OpenGate::sayCall { context, until: time(*until), frozen: *frozen };
                return Message { from: ANYONE, to: self.at.gate, data: call.abi_encode() };
            }
            Action::AcceptModel { model } => {
                let model = convert::model(*model);
                (GOVERNOR, markets::acceptModelCall { context, model }.abi_encode())
            }
            Action::RevokeModel { model } => {
                let model = convert::model(*model);
                (GOVERNOR, markets::revokeModelCall { context, model }.abi_encode())
            }
            Action::PostEpoch(post) => (ANYONE, self.post_message(post)),
            Action::RejectEpoch { epoch, market_root } => {
                let (epoch, market_root) = (epoch.get(), root(market_root));
                let call = markets::rejectEpochCall { context, epoch, marketRoot: market_root };
                (GUARDIAN, call.abi_encode())
            }
            // The governor's: a guardian may not pause twice in a row.
            Action::Pause { until } => {
                (GOVERNOR, markets::pauseCall { context, until: time(*until) }.abi_encode())
            }
            Action::Resume { epoch, market_root } => {
                let (epoch, market_root) = (epoch.get(), root(market_root));
                (
                    GUARDIAN,
                    markets::resumeCall { context, epoch, marketRoot: market_root }.abi_encode(),
                )
            }
            other => panic!("{} is no action of the market's", other.name()),
        };
        Message { from, to: self.at.markets, data }
    }

    /// Signed by two of three, under the market's own context.
    fn post_message(&mut self, post: &EpochPost) -> Vec<u8> {
        let previous = self.digests.get(&post.previous).copied().unwrap_or(post.previous);
        let mut ours = EpochPost { previous, ..*post };
        // Short forms of the engine's tests, which follow whatever was posted.
        if post.reference.get() == u64::MAX {
            ours = self.next(ours);
        }
        let digest = ours.digest(self.market);
        if let Some(foreign) = self.foreign {
            self.digests.insert(post.digest(foreign), digest);
        }
        let post = convert::epoch_post(&ours);
        let signatures = signatures(&digest, &[0, 2]);
        markets::postEpochCall { context: self.context(), post, signatures }.abi_encode()
    }

    fn account_message(&mut self, action: &ActionRecord) -> Message {
        let context = self.context();
        let id = |account: &AccountId, this: &mut Self| this.account(*account);
        let (from, data) = match action {
            Action::Register { account } if self.open => {
                let id = id(account, self);
                (ANYONE, OpenRegistry::registerAnyCall { context, id }.abi_encode())
            }
            Action::Register { account } => {
                id(account, self);
                let owner = convert::address(*account);
                (owner, registry::registerCall { context, owner, sub: 0 }.abi_encode())
            }
            Action::CallOverdue { account } => {
                let account = id(account, self);
                (ANYONE, registry::callOverdueCall { context, id: account }.abi_encode())
            }
            Action::MarkLiquidatable { account } => {
                let account = id(account, self);
                (ANYONE, registry::markLiquidatableCall { context, id: account }.abi_encode())
            }
            Action::Close { account } => {
                let account = id(account, self);
                (PROTOCOL, registry::closeCall { context, id: account }.abi_encode())
            }
            Action::Reinstate { account } => {
                let account = id(account, self);
                (PROTOCOL, registry::reinstateCall { context, id: account }.abi_encode())
            }
            Action::Escape { account } => {
                let owner = convert::address(*account);
                id(account, self);
                (owner, registry::escapeCall { context, owner, sub: 0 }.abi_encode())
            }
            other => panic!("{} is no action of an account's", other.name()),
        };
        Message { from, to: self.at.registry, data }
    }
}

/// What a proof is submitted as.
#[derive(Clone, Copy)]
pub enum Kind {
    Proof,
    Breach,
    Cure,
}

impl Kind {
    pub fn calldata(self, circuit: B256, claim: &ClaimData, proof: Vec<u8>) -> Vec<u8> {
        let (inputs, proof) = (convert::inputs(claim), Bytes::from(proof));
        match self {
            Self::Proof => registry::submitProofCall { circuit, inputs, proof }.abi_encode(),
            Self::Breach => registry::submitBreachCall { circuit, inputs, proof }.abi_encode(),
            Self::Cure => registry::cureCall { circuit, inputs, proof }.abi_encode(),
        }
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
    Ok(Addresses { roles, markets, gate, operators, registry })
}

/// The three keys that attest, by ascending address.
pub fn keys() -> Vec<(Address, SigningKey)> {
    let key = |byte| SigningKey::from_slice(&[byte; 32]).unwrap();
    let mut keys: Vec<_> = [7, 8, 9].map(|byte| (address_of(&key(byte)), key(byte))).into();
    keys.sort_by_key(|(address, _)| *address);
    keys
}

pub fn address_of(key: &SigningKey) -> Address {
    let point = key.verifying_key().to_encoded_point(false);
    Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..])
}

/// Two of the three must have signed.
pub fn attesters() -> Signers {
    let signers = keys().into_iter().map(|(address, _)| Signer::new(address.into_array()).unwrap());
    Signers::new(2, signers.collect()).unwrap()
}

/// A key's signature of a digest: r, s, v.
pub fn sign(key: &SigningKey, digest: &[u8; 32]) -> Bytes {
    let (signature, recovery) = key.sign_prehash_recoverable(digest).unwrap();
    [signature.to_bytes().as_slice(), &[27 + recovery.to_byte()]].concat().into()
}

/// Signatures of some of the attesters' keys.
pub fn signatures(digest: &EpochDigest, of: &[usize]) -> Vec<Bytes> {
    let keys = keys();
    of.iter().map(|index| sign(&keys[*index].1, digest.as_bytes())).collect()
}

/// A time as the contracts show it.
pub fn time(seconds: u64) -> Time {
    Time::from(seconds.min(LAST_TIME))
}
