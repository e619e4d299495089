//! Who may do what, and by when.

use crate::common;
use crate::common::actions::{self, START, posted, register};
use crate::common::artifacts::MockVerifier;
use crate::common::attesters::{attesters, keys, sign, signatures};
use crate::common::messages::Message;
use crate::common::registry::{
    ANYONE, DEPLOYER, GOVERNOR, GUARDIAN, MOCK, PROTOCOL, Registry, time,
};
use crate::common::{Chain, Failure, code_with};
use alloy_sol_types::{SolCall, SolConstructor};
use revm::primitives::{Address, B256, Bytes};
use zkmargin_evm::contracts::{
    MarginMarkets as markets, MarginProofGate as gate, MarginRoles as roles,
};
use zkmargin_evm::engine::{self as convert, LAST_TIME};
use zkmargin_verifier::engine::{Action, ActionRecord};
use zkmargin_verifier::epoch::Signers;

/// A market with its first epoch.
fn ready() -> Registry {
    let mut registry = Registry::new(&actions::params(), START);
    registry.apply(START, &posted(1, START)).unwrap();
    registry.apply(START, &register(1)).unwrap();
    registry
}

fn lacks(result: &Result<common::Receipt, Failure>) -> bool {
    matches!(result, Err(failure) if failure.is::<roles::AccessControlUnauthorizedAccount>())
}

/// Who is refused for want of a role.
fn refused(registry: &Registry, to: Address, data: &[u8]) -> Vec<Address> {
    let senders = [GOVERNOR, GUARDIAN, PROTOCOL, ANYONE];
    let sent = |from| registry.chain.clone().send_raw(from, to, data.to_vec());
    senders.into_iter().filter(|from| lacks(&sent(*from))).collect()
}

#[test]
fn every_role_is_needed() {
    let mut registry = ready();
    let accept = Action::AcceptModel { model: actions::model(2) };
    let Message { to, data, .. } = registry.message(&accept, 1);
    assert_eq!(refused(&registry, to, &data), [GUARDIAN, PROTOCOL, ANYONE]);
    let guardians: [ActionRecord; 4] = [
        actions::pause(START + 10),
        actions::resume(1),
        actions::reject(1),
        Action::RevokeModel { model: actions::model(1) },
    ];
    for action in guardians {
        let Message { to, data, .. } = registry.message(&action, 1);
        assert_eq!(refused(&registry, to, &data), [PROTOCOL, ANYONE], "{action:?}");
    }
    let context = registry.context();
    let gate_ = registry.at.gate;
    let verifier = registry.mock(B256::repeat_byte(1), true);
    let code_hash = registry.chain.code_hash(verifier);
    let add = gate::addCircuitCall {
        context,
        verifier,
        codeHash: code_hash,
        gasLimit: 1,
        validUntil: time(LAST_TIME),
    };
    let circuit = MOCK;
    let retire = gate::retireCircuitCall { context, circuit, validUntil: time(START) };
    for data in [
        add.abi_encode(),
        retire.abi_encode(),
        gate::removeCircuitCall { context, circuit }.abi_encode(),
        gate::unfreezeCircuitCall { context, circuit }.abi_encode(),
    ] {
        assert_eq!(refused(&registry, gate_, &data), [GUARDIAN, PROTOCOL, ANYONE]);
    }
    let freeze = gate::freezeCircuitCall { context, circuit }.abi_encode();
    assert_eq!(refused(&registry, gate_, &freeze), [PROTOCOL, ANYONE]);
}

#[test]
fn only_the_gate_says_whether_proofs_can_be_verified() {
    let mut registry = ready();
    let call =
        markets::setCircuitsCall { context: registry.context(), until: time(0), frozen: true };
    for from in [GOVERNOR, GUARDIAN, ANYONE] {
        let failure = registry.chain.send(from, registry.at.markets, &call).unwrap_err();
        assert!(failure.is::<markets::NotTheGate>());
    }
    let again = markets::setGateCall { newGate: registry.at.registry };
    let failure = registry.chain.send(GOVERNOR, registry.at.markets, &again).unwrap_err();
    assert!(failure.is::<markets::InvalidGate>());
}

#[test]
fn a_guardian_pauses_for_a_part_of_the_time_only() {
    let mut registry = ready();
    let context = registry.context();
    let at = registry.at.markets;
    let pause = |registry: &mut Registry, from, until| {
        let call = markets::pauseCall { context, until: time(until) };
        registry.chain.send(from, at, &call)
    };
    // The policy's pauses last 10,000 seconds.
    let max = 10_000;
    let long = pause(&mut registry, GUARDIAN, START + max + 1).unwrap_err();
    assert!(long.is::<markets::PauseTooLong>());
    pause(&mut registry, GUARDIAN, START + max).unwrap();
    registry.chain.now = START + max / 2;
    let renewed = pause(&mut registry, GUARDIAN, START + max + 1).unwrap_err();
    assert!(renewed.is::<markets::GuardianMustWait>());
    pause(&mut registry, GOVERNOR, START + max + 1).unwrap();
    // Ended early, it may not be begun again at once either.
    registry.apply(START + max / 2, &actions::resume(1)).unwrap();
    let again = pause(&mut registry, GUARDIAN, START + max).unwrap_err();
    assert!(again.is::<markets::GuardianMustWait>());
    registry.chain.now = START + 2 * max;
    pause(&mut registry, GUARDIAN, START + 2 * max + 1).unwrap();
}

#[test]
fn a_pause_ends_by_itself() {
    let mut registry = ready();
    registry.apply(START, &actions::pause(START + 50)).unwrap();
    let provable = markets::provableNowCall { context: registry.context() };
    for (now, expected) in [(START + 50, false), (START + 51, true)] {
        registry.chain.now = now;
        assert_eq!(registry.chain.read(registry.at.markets, &provable), expected);
    }
}

#[test]
fn epochs_need_enough_signatures_in_order() {
    let mut registry = Registry::new(&actions::params(), START);
    let Action::PostEpoch(post) = posted(1, START) else { panic!() };
    let post = registry.next(post);
    let digest = post.digest(registry.market);
    let send = |registry: &Registry, signatures: Vec<Bytes>| {
        let call = markets::postEpochCall {
            context: registry.context(),
            post: convert::epoch_post(&post),
            signatures,
        };
        registry.chain.clone().send(ANYONE, registry.at.markets, &call)
    };
    let stranger = k256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap();
    let foreign = sign(&stranger, digest.as_bytes());
    let other = sign(&keys()[1].1, &[1; 32]);
    let mut high = signatures(&digest, &[0])[0].to_vec();
    high[64] ^= 7; // 27 becomes 28, and the other way round: another signer.
    let one = signatures(&digest, &[0]).remove(0);
    let bad: [Vec<Bytes>; 8] = [
        vec![],
        signatures(&digest, &[0]),
        signatures(&digest, &[1, 0]),
        signatures(&digest, &[1, 1]),
        [signatures(&digest, &[0, 1]), vec![foreign]].concat(),
        vec![one.clone(), other],
        vec![high.into(), signatures(&digest, &[1]).remove(0)],
        vec![one.slice(..64), signatures(&digest, &[1]).remove(0)],
    ];
    for signatures in bad {
        let failure = send(&registry, signatures.clone()).unwrap_err();
        assert!(failure.is::<markets::InvalidSignatures>(), "{signatures:?}");
    }
    for good in [[0, 1].as_slice(), &[0, 2], &[1, 2], &[0, 1, 2]] {
        send(&registry, signatures(&digest, good)).unwrap();
    }
    // The same signatures count in every implementation.
    let moves = {
        registry.apply(START, &posted(1, START)).unwrap();
        registry.moves()
    };
    assert_eq!(moves.latestDigest.0, *digest.as_bytes());
}

#[test]
fn signers_are_replaced_by_the_governor() {
    let mut registry = ready();
    let context = registry.context();
    let only = Signers::new(1, vec![attesters().signers()[1]]).unwrap();
    let call = markets::setSignersCall { context, attesters: convert::signers(&only) };
    let failure = registry.chain.send(GUARDIAN, registry.at.markets, &call);
    assert!(lacks(&failure));
    registry.chain.send(GOVERNOR, registry.at.markets, &call).unwrap();
    // Those of the short form are the first and the third.
    assert!(registry.apply(START, &posted(2, START)).is_err());
    let mut bad = convert::signers(&attesters());
    bad.signers.swap(0, 1);
    let call = markets::setSignersCall { context, attesters: bad };
    let failure = registry.chain.send(GOVERNOR, registry.at.markets, &call).unwrap_err();
    assert!(failure.is::<markets::InvalidSigners>());
}

/// Contracts that are no test deployment.
struct Real {
    chain: Chain,
    roles: Address,
    markets: Address,
    gate: Address,
    context: alloy_sol_types::private::FixedBytes<31>,
}

const DELAY: u64 = 3_600;

impl Real {
    fn new() -> Self {
        let mut chain = Chain::new(START);
        let arguments =
            roles::constructorCall { admin: GOVERNOR, adminDelay: time(DELAY) }.abi_encode();
        let (roles, _) = chain.create(DEPLOYER, code_with(&roles::BYTECODE, arguments)).unwrap();
        let markets_with = |notice| {
            let call =
                markets::constructorCall { roles, modelNotice: notice, testDeployment: false };
            code_with(&markets::BYTECODE, call.abi_encode())
        };
        let failure = chain.create(GOVERNOR, markets_with(time(0))).unwrap_err();
        assert!(failure.is::<markets::NoNotice>());
        let (markets, _) = chain.create(GOVERNOR, markets_with(time(DELAY))).unwrap();
        let gate_with = |delay| {
            let call = gate::constructorCall { markets, circuitDelay: delay };
            code_with(&gate::BYTECODE, call.abi_encode())
        };
        let failure = chain.create(GOVERNOR, gate_with(time(0))).unwrap_err();
        assert!(failure.is::<gate::NoDelay>());
        let (gate, _) = chain.create(GOVERNOR, gate_with(time(DELAY))).unwrap();
        chain.send(GOVERNOR, markets, &markets::setGateCall { newGate: gate }).unwrap();
        let params = convert::market(&actions::params(), "real", &attesters());
        let create = markets::createMarketCall { params };
        assert!(lacks(&chain.send(GOVERNOR, markets, &create)));
        let governor = chain.read(roles, &roles::GOVERNOR_ROLECall {});
        let grant = |role| roles::grantRoleCall { role, account: GOVERNOR };
        chain.send(GOVERNOR, roles, &grant(governor)).unwrap();
        let created = chain.send(GOVERNOR, markets, &create).unwrap();
        let context = markets::createMarketCall::abi_decode_returns(&created.output).unwrap();
        for role in [governor, chain.read(roles, &roles::GUARDIAN_ROLECall {})] {
            let role = chain.read(roles, &roles::marketRoleCall { context, role });
            chain.send(GOVERNOR, roles, &grant(role)).unwrap();
        }
        let again = chain.send(GOVERNOR, markets, &create).unwrap_err();
        assert!(again.is::<markets::MarketExists>());
        Self { chain, roles, markets, gate, context }
    }

    fn mock(&mut self, circuit: B256, insecure: bool) -> Address {
        let arguments = MockVerifier::constructorCall { circuit, insecure }.abi_encode();
        self.chain.create(DEPLOYER, code_with(&MockVerifier::BYTECODE, arguments)).unwrap().0
    }

    fn add(&mut self, verifier: Address, code_hash: B256) -> Result<common::Receipt, Failure> {
        let call = gate::addCircuitCall {
            context: self.context,
            verifier,
            codeHash: code_hash,
            gasLimit: 100_000,
            validUntil: time(START + 10 * DELAY),
        };
        self.chain.send(GOVERNOR, self.gate, &call)
    }

    fn gate<C: SolCall>(&mut self, call: &C) -> Result<common::Receipt, Failure> {
        self.chain.send(GOVERNOR, self.gate, call)
    }

    /// What the clock is told: until when, and whether a circuit is frozen.
    fn told(&self) -> (u64, bool) {
        let read = markets::readCall { context: self.context, epoch: 0 };
        let meta = self.chain.read(self.markets, &read).meta;
        (meta.circuitsUntil.to(), meta.circuitsFrozen)
    }
}

#[test]
fn circuits_wait_end_and_are_frozen() {
    let mut real = Real::new();
    let (context, circuit) = (real.context, B256::repeat_byte(1));
    let insecure = real.mock(MOCK, true);
    let hash = real.chain.code_hash(insecure);
    assert!(real.add(insecure, hash).unwrap_err().is::<gate::InsecureSrs>());
    let verifier = real.mock(circuit, false);
    let hash = real.chain.code_hash(verifier);
    assert!(real.add(verifier, B256::ZERO).unwrap_err().is::<gate::WrongCode>());
    real.add(verifier, hash).unwrap();
    assert!(real.add(verifier, hash).unwrap_err().is::<gate::CircuitAlreadyAdded>());

    // Proposed, it counts for nothing yet.
    let activate = gate::activateCircuitCall { context, circuit };
    assert!(real.gate(&activate).unwrap_err().is::<gate::CircuitNotYet>());
    assert_eq!(real.told(), (0, false));
    real.chain.now = START + DELAY;
    real.gate(&gate::freezeCircuitCall { context, circuit }).unwrap();
    assert!(real.gate(&activate).unwrap_err().is::<gate::CircuitFrozen>());
    real.gate(&gate::unfreezeCircuitCall { context, circuit }).unwrap();
    real.chain.send(ANYONE, real.gate, &activate).unwrap();
    assert_eq!(real.told(), (START + 10 * DELAY, false));

    real.gate(&gate::freezeCircuitCall { context, circuit }).unwrap();
    assert_eq!(real.told(), (START + 10 * DELAY, true));
    real.gate(&gate::unfreezeCircuitCall { context, circuit }).unwrap();
    let retire = |until| gate::retireCircuitCall { context, circuit, validUntil: time(until) };
    let later = real.gate(&retire(START + 11 * DELAY)).unwrap_err();
    assert!(later.is::<gate::InvalidCircuit>());
    real.gate(&retire(START + 2 * DELAY)).unwrap();
    assert_eq!(real.told(), (START + 2 * DELAY, false));
    let claim = actions::claim(1, 1, actions::HEALTHY);
    let claim = zkmargin_verifier::engine::ClaimData {
        context: zkmargin_margin::ids::ContextId::derive(
            "real",
            common::CHAIN,
            real.markets.into(),
        ),
        ..claim
    };
    let ask = gate::requireProofCall {
        circuit,
        inputs: convert::inputs(&claim),
        proof: B256::with_last_byte(1).to_vec().into(),
    };
    real.gate(&ask).unwrap();
    real.chain.now = START + 2 * DELAY + 1;
    assert!(real.gate(&ask).unwrap_err().is::<gate::CircuitEnded>());
    let active = |real: &Real| real.chain.read(real.gate, &gate::activeCircuitsCall { context });
    assert_eq!(active(&real), [circuit]);
    real.gate(&gate::removeCircuitCall { context, circuit }).unwrap();
    assert!(active(&real).is_empty());
    assert_eq!(real.told(), (0, false));
    assert!(real.gate(&ask).unwrap_err().is::<gate::UnknownCircuit>());
}

#[test]
fn models_are_announced_before_they_count() {
    let mut real = Real::new();
    let (context, model) = (real.context, convert::model(actions::model(2)));
    let accept = markets::acceptModelCall { context, model };
    let mut send = |now, data: Vec<u8>| {
        real.chain.now = now;
        real.chain.send_raw(GOVERNOR, real.markets, data)
    };
    let announce = markets::announceModelCall { context, model }.abi_encode();
    let failure = send(START, accept.abi_encode()).unwrap_err();
    assert!(failure.is::<markets::NoticeNotGiven>());
    send(START, announce.clone()).unwrap();
    let failure = send(START + DELAY - 1, accept.abi_encode()).unwrap_err();
    assert!(failure.is::<markets::NoticeNotGiven>());
    // Withdrawn, it has to be announced anew.
    send(START + DELAY, markets::revokeModelCall { context, model }.abi_encode()).unwrap();
    assert!(send(START + DELAY, accept.abi_encode()).is_err());
    send(START + DELAY, announce).unwrap();
    send(START + 2 * DELAY, accept.abi_encode()).unwrap();
}

/// Announced, they wait; a guardian can withdraw them, anyone activates them.
#[test]
fn signers_are_announced() {
    let mut real = Real::new();
    let context = real.context;
    let only = convert::signers(&Signers::new(1, vec![attesters().signers()[1]]).unwrap());
    let announce = markets::setSignersCall { context, attesters: only.clone() }.abi_encode();
    let activate = markets::activateSignersCall { context }.abi_encode();
    let cancel = markets::cancelSignersCall { context }.abi_encode();
    let next = |real: &Real| {
        let next = real.chain.read(real.markets, &markets::nextSignersOfCall { context });
        (next.attesters.threshold, next.attesters.signers, next.from.to::<u64>())
    };
    let now = |real: &Real| real.chain.read(real.markets, &markets::signersOfCall { context });
    let send = |real: &mut Real, from, at, data: &[u8]| {
        real.chain.now = at;
        real.chain.send_raw(from, real.markets, data.to_vec())
    };
    let nothing = (0, Vec::new(), 0);
    for data in [&activate, &cancel] {
        let failure = send(&mut real, GOVERNOR, START, data).unwrap_err();
        assert!(failure.is::<markets::NoticeNotGiven>());
    }
    assert!(lacks(&send(&mut real, ANYONE, START, &announce)));
    send(&mut real, GOVERNOR, START, &announce).unwrap();
    assert_eq!(next(&real), (1, only.signers.clone(), START + DELAY));
    assert_eq!(now(&real).threshold, convert::signers(&attesters()).threshold);
    assert!(lacks(&send(&mut real, ANYONE, START, &cancel)));
    send(&mut real, GOVERNOR, START, &cancel).unwrap();
    assert_eq!(next(&real), nothing);
    assert!(send(&mut real, ANYONE, START + DELAY, &activate).is_err());

    send(&mut real, GOVERNOR, START + 1, &announce).unwrap();
    let failure = send(&mut real, ANYONE, START + DELAY, &activate).unwrap_err();
    assert!(failure.is::<markets::NoticeNotGiven>());
    // Announced anew, the notice begins anew.
    send(&mut real, GOVERNOR, START + DELAY, &announce).unwrap();
    assert!(send(&mut real, ANYONE, START + DELAY + 1, &activate).is_err());
    send(&mut real, ANYONE, START + 2 * DELAY, &activate).unwrap();
    let set = now(&real);
    assert_eq!((set.threshold, set.signers), (1, only.signers));
    assert_eq!(next(&real), nothing);
    assert!(send(&mut real, ANYONE, START + 2 * DELAY, &activate).is_err());
}

#[test]
fn the_administrator_is_handed_over_in_two_steps() {
    let mut real = Real::new();
    let begin = roles::beginDefaultAdminTransferCall { newAdmin: ANYONE };
    real.chain.send(GOVERNOR, real.roles, &begin).unwrap();
    let accept = roles::acceptDefaultAdminTransferCall {};
    assert!(real.chain.send(ANYONE, real.roles, &accept).is_err());
    real.chain.now = START + DELAY + 1;
    real.chain.send(ANYONE, real.roles, &accept).unwrap();
    assert_eq!(real.chain.read(real.roles, &roles::defaultAdminCall {}), ANYONE);
}
