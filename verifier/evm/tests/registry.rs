//! What the registry and its gate add to the engine: roles, circuits, calldata,
//! the hook, the context.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use alloy_sol_types::{SolCall, SolConstructor, SolError, SolEvent};
use common::actions::{self, START, account, breach, cure, overdue, posted, prove, register};
use common::registry::{
    ANYONE, GOVERNOR, GUARDIAN, HostileHook, MOCK, NAME, PROTOCOL, PUBLISHER, Registry, deploy,
    message,
};
use common::{CHAIN, Chain, Failure, GAS_LIMIT, code_with};
use revm::primitives::{Address, B256, U256};
use zkmargin_evm::contracts::MarginCallRegistry as registry;
use zkmargin_evm::contracts::MarginProofGate as gate;
use zkmargin_evm::engine as convert;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::ContextId;
use zkmargin_margin::instance::NAMES;
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, ClaimData, Policy, PolicyParams,
};

/// A registry with epoch 1 posted and account 1 registered.
fn ready() -> Registry {
    let mut registry = Registry::new(&actions::params(), START);
    registry.apply(START, &posted(1, START)).unwrap();
    registry.apply(START, &register(1)).unwrap();
    registry
}

fn localised(registry: &Registry, action: ActionRecord) -> ActionRecord {
    let context = registry.context();
    action.map_claim(|claim| ClaimData { context, ..claim })
}

/// A registry whose account 1 missed a deadline.
fn past_deadline() -> Registry {
    let mut registry = ready();
    let action = localised(&registry, breach(1, 1));
    registry.apply(START, &action).unwrap();
    for (epoch, now) in (2..8).zip((START + 90..).step_by(90)) {
        registry.apply(now, &posted(epoch, now)).unwrap();
    }
    registry
}

#[test]
fn its_context_is_what_provers_derive() {
    let registry = Registry::new(&actions::params(), START);
    let expected = ContextId::derive(NAME, CHAIN, registry.address.into_array());
    assert_eq!(registry.context(), expected);
}

#[test]
fn every_role_is_needed() {
    let mut registry = past_deadline();
    let actions = [
        (actions::posted(9, START), PUBLISHER),
        (register(2), PROTOCOL),
        (actions::close(1), PROTOCOL),
        (actions::reinstate(1), PROTOCOL),
        (Action::Pause, GUARDIAN),
        (Action::Resume, GUARDIAN),
        (Action::AcceptModel { model: actions::model(2) }, GOVERNOR),
        (Action::RevokeModel { model: actions::model(1) }, GOVERNOR),
    ];
    let mut messages: Vec<_> =
        actions.iter().map(|(action, role)| (*role, message(action, 1).1)).collect();
    let add = registry::addCircuitCall { verifier: Address::ZERO, gasLimit: 1 };
    messages.push((GOVERNOR, add.abi_encode()));
    messages.push((GOVERNOR, registry::removeCircuitCall { circuit: MOCK }.abi_encode()));
    messages.push((PROTOCOL, registry::setHookCall { newHook: Address::ZERO }.abi_encode()));
    for (holder, data) in messages {
        for sender in [GOVERNOR, PUBLISHER, GUARDIAN, PROTOCOL, ANYONE] {
            let result = registry.chain.clone().send_raw(sender, registry.address, data.clone());
            let lacks = matches!(&result, Err(failure)
                if failure.is::<registry::AccessControlUnauthorizedAccount>());
            assert_eq!(lacks, sender != holder, "{sender} {result:?}");
        }
    }
    // Only the governor, as administrator, gives roles.
    let role = registry.view(&registry::GUARDIAN_ROLECall {});
    let grant = registry::grantRoleCall { role, account: ANYONE };
    for sender in [PUBLISHER, GUARDIAN, PROTOCOL, ANYONE] {
        assert!(registry.send(sender, &grant).is_err());
    }
    registry.send(GOVERNOR, &grant).unwrap();
    registry.send(ANYONE, &registry::pauseCall {}).unwrap();
}

#[test]
fn the_policy_is_validated_as_in_rust() {
    type Change = fn(&mut PolicyParams);
    let cases: [(Change, [u8; 4]); 11] = [
        (|p| p.models.clear(), registry::NoModel::SELECTOR),
        (|p| p.models.push(p.models[0]), registry::DuplicateModel::SELECTOR),
        (|p| p.breach_level = Level::Bankrupt, registry::EmptyLevel::SELECTOR),
        (|p| p.breach_level = Level::Initial, registry::LevelOrder::SELECTOR),
        (|p| p.cure_level = Level::MarginCall, registry::LevelOrder::SELECTOR),
        (|p| p.max_snapshot_age = 0, registry::NoSnapshotAge::SELECTOR),
        (|p| p.proof_window = 2 * p.max_snapshot_age - 1, registry::TooShort::SELECTOR),
        (|p| p.cure_period = 2 * p.max_snapshot_age - 1, registry::TooShort::SELECTOR),
        (|p| p.proof_window = 100 * 366 * 86_400 + 1, registry::TooLong::SELECTOR),
        (|p| p.cure_period = 100 * 366 * 86_400 + 1, registry::TooLong::SELECTOR),
        (|p| p.max_snapshot_age = u64::MAX, registry::TooLong::SELECTOR),
    ];
    for (change, selector) in cases {
        let mut params = actions::params();
        change(&mut params);
        assert!(Policy::new(params.clone()).is_err());
        let failure = deploy(&mut Chain::new(START), &params).unwrap_err();
        let Failure::Revert(data) = failure else { panic!("{failure:?}") };
        assert_eq!(data[..4], selector);
    }
}

#[test]
fn the_calldata_is_the_one_encoding_of_its_arguments() {
    let registry = ready();
    for action in [prove(1, 1), breach(1, 1), cure(1, 1)] {
        let (_, data) = message(&localised(&registry, action), 1);
        let send = |data: Vec<u8>| registry.chain.clone().send_raw(ANYONE, registry.address, data);
        let mut trailing = data.clone();
        trailing.push(0);
        let failure = send(trailing).unwrap_err();
        assert!(failure.is::<registry::MalformedCalldata>(), "{failure:?}");
        // The proof further back, a gap before it.
        let mut moved = data.clone();
        moved[4 + 9 * 32 + 31] += 32;
        moved.splice(4 + 10 * 32..4 + 10 * 32, [0; 32]);
        assert!(send(moved).unwrap_err().is::<registry::MalformedCalldata>());
        // A byte of the proof is missing: the ABI decoder already refuses.
        assert!(send(data[..data.len() - 1].to_vec()).is_err());
    }
}

#[test]
fn proofs_are_of_the_exact_length() {
    let registry = ready();
    let action = localised(&registry, prove(1, 1));
    let Action::SubmitProof { claim } = action else { panic!() };
    for length in [0, 31, 33, 64] {
        let mut proof = vec![0; length];
        if length >= 32 {
            proof[31] = 1;
        }
        let call = registry::submitProofCall {
            circuit: MOCK,
            inputs: convert::inputs(&claim),
            proof: proof.into(),
        };
        // Padded to whole words by the encoder, which is not the exact length either.
        let mut data = call.abi_encode();
        data.truncate(4 + 11 * 32 + length);
        let failure = registry.chain.clone().send_raw(ANYONE, registry.address, data).unwrap_err();
        let expected = registry::ProofLength { expected: U256::from(32), got: U256::from(length) };
        assert_eq!(failure, Failure::Revert(expected.abi_encode().into()), "{length}");
    }
}

#[test]
fn public_inputs_are_canonical() {
    let registry = ready();
    let action = localised(&registry, prove(1, 1));
    let Action::SubmitProof { claim } = action else { panic!() };
    let good = convert::inputs(&claim);
    let modulus = U256::from_str_radix(
        "21888242871839275222246405745257275088548364400416034343698204186575808495617",
        10,
    )
    .unwrap();
    let bounds = [
        U256::ONE << 248,
        U256::ONE << 64,
        U256::ONE << 160,
        modulus,
        modulus,
        U256::ONE << 248,
        U256::from(8),
        U256::ONE << 104,
    ];
    for (row, bound) in bounds.into_iter().enumerate() {
        let mut values = vec![bound, good[row] + modulus, U256::MAX];
        if NAMES[row] == "claim" {
            values.extend([U256::ZERO, U256::from(4)]);
        }
        for value in values {
            let mut inputs = good;
            inputs[row] = value;
            let call = registry::submitProofCall {
                circuit: MOCK,
                inputs,
                proof: U256::ONE.to_be_bytes_vec().into(),
            };
            let failure = registry.chain.clone().send(ANYONE, registry.address, &call).unwrap_err();
            let expected = registry::NotCanonical { row: U256::from(row) };
            assert_eq!(failure, Failure::Revert(expected.abi_encode().into()), "{row} {value}");
        }
    }
}

#[test]
fn circuits_are_added_and_removed() {
    let mut registry = ready();
    let proof = localised(&registry, prove(1, 1));
    registry.send(GOVERNOR, &registry::removeCircuitCall { circuit: MOCK }).unwrap();
    let again = registry.send(GOVERNOR, &registry::removeCircuitCall { circuit: MOCK });
    assert!(again.unwrap_err().is::<registry::UnknownCircuit>());
    let (from, data) = message(&proof, 1);
    let failure = registry.chain.send_raw(from, registry.address, data).unwrap_err();
    assert!(failure.is::<registry::UnknownCircuit>());

    let verifier = registry.mock(MOCK, false);
    let add = |gas| registry::addCircuitCall { verifier, gasLimit: gas };
    let none = registry.send(GOVERNOR, &add(0)).unwrap_err();
    assert!(none.is::<registry::InvalidCircuit>());
    registry.send(GOVERNOR, &add(100_000)).unwrap();
    let twice = registry.send(GOVERNOR, &add(100_000)).unwrap_err();
    assert!(twice.is::<registry::CircuitAlreadyAdded>());
    registry.apply(START, &proof).unwrap();
}

#[test]
fn insecure_verifiers_are_for_test_deployments() {
    let mut chain = Chain::new(START);
    let arguments =
        gate::constructorCall { governor: GOVERNOR, insecureSrsAllowed: false }.abi_encode();
    let (address, _) = chain.create(GOVERNOR, code_with(&gate::BYTECODE, arguments)).unwrap();
    let mut gate_ = Registry { chain, address };
    let insecure = gate_.mock(MOCK, true);
    let add = gate::addCircuitCall { verifier: insecure, gasLimit: 100_000 };
    assert!(gate_.send(GOVERNOR, &add).unwrap_err().is::<gate::InsecureSrs>());
    let circuit = B256::repeat_byte(1);
    let secure = gate_.mock(circuit, false);
    let add = gate::addCircuitCall { verifier: secure, gasLimit: 100_000 };
    gate_.send(GOVERNOR, &add).unwrap();

    // The gate alone, for a protocol without a registry.
    let claim = actions::claim(1, 1, actions::HEALTHY);
    let call = |verdict: u8| gate::requireProofCall {
        circuit,
        inputs: convert::inputs(&claim),
        proof: U256::from(verdict).to_be_bytes_vec().into(),
    };
    gate_.send(ANYONE, &call(1)).unwrap();
    assert!(gate_.send(ANYONE, &call(0)).unwrap_err().is::<gate::InvalidProof>());
}

#[test]
fn a_proof_that_burns_gas_burns_its_limit_only() {
    let registry = ready();
    let (from, data) = message(&localised(&registry, prove(1, 1)), 5);
    // The verifier's limit is 100,000.
    let failure = registry
        .chain
        .clone()
        .send_with_gas(from, registry.address, data.clone(), 300_000)
        .unwrap_err();
    assert!(failure.is::<registry::InvalidProof>(), "{failure:?}");
    // With less gas than the verifier's limit nothing is said about a proof.
    let failure =
        registry.chain.clone().send_with_gas(from, registry.address, data, 140_000).unwrap_err();
    assert!(failure.is::<registry::TooLittleGas>(), "{failure:?}");
}

fn with_hook(mode: u8, callback: Vec<u8>) -> (Registry, Address) {
    let mut registry = past_deadline();
    let (hook, _) = registry.chain.create(GOVERNOR, HostileHook::BYTECODE.to_vec()).unwrap();
    registry.send(PROTOCOL, &registry::setHookCall { newHook: hook }).unwrap();
    let role = registry.view(&registry::PROTOCOL_ROLECall {});
    registry.send(GOVERNOR, &registry::grantRoleCall { role, account: hook }).unwrap();
    let set = HostileHook::setCall { newMode: mode, newMessage: callback.into() };
    registry.chain.send(ANYONE, hook, &set).unwrap();
    (registry, hook)
}

const MARKED: u64 = START + 90 * 6;

#[test]
fn the_hook_cannot_come_back_in() {
    let registry = past_deadline();
    let late = |action| message(&localised(&registry, action), 1).1;
    let callbacks = [
        late(actions::close(1)),
        late(actions::reinstate(1)),
        late(actions::mark(1)),
        late(register(2)),
        late(overdue(1)),
        late(prove(1, 7)),
        late(breach(1, 7)),
        late(cure(1, 7)),
    ];
    for callback in callbacks {
        let (mut registry, hook) = with_hook(0, callback);
        let events = registry.apply(MARKED, &actions::mark(1)).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(registry.chain.read(hook, &HostileHook::callsCall {}), U256::ONE);
        assert!(!registry.chain.read(hook, &HostileHook::succeededCall {}));
        let answer = registry.chain.read(hook, &HostileHook::answerCall {});
        assert!(registry::ReentrancyGuardReentrantCall::abi_decode(&answer).is_ok());
        let status = registry.status(account(1), MARKED);
        assert!(matches!(status, AccountStatus::Liquidatable { .. }));
        // After the call the lock is open again.
        registry.apply(MARKED, &actions::close(1)).unwrap();
    }
}

#[test]
fn the_hook_can_read() {
    let address = convert::address(account(1));
    let (mut registry, hook) =
        with_hook(0, registry::liquidatableCall { account: address }.abi_encode());
    registry.apply(MARKED, &actions::mark(1)).unwrap();
    assert!(registry.chain.read(hook, &HostileHook::succeededCall {}));
    let answer = registry.chain.read(hook, &HostileHook::answerCall {});
    assert!(registry::liquidatableCall::abi_decode_returns(&answer).unwrap());
}

#[test]
fn a_failing_hook_holds_nothing_up() {
    for mode in [1, 2] {
        let (mut registry, hook) = with_hook(mode, Vec::new());
        registry.chain.now = MARKED;
        let mark = registry::markLiquidatableCall { id: convert::address(account(1)) };
        // Too little gas to give the hook its share: nothing happens.
        let failure = registry
            .chain
            .clone()
            .send_with_gas(ANYONE, registry.address, mark.abi_encode(), 200_000)
            .unwrap_err();
        assert!(failure.is::<registry::TooLittleGas>(), "{failure:?}");
        let receipt = registry.send(ANYONE, &mark).unwrap();
        let mut topics = receipt.logs.iter().map(|log| log.topics()[0]);
        let failed = topics.any(|topic| topic == registry::HookFailed::SIGNATURE_HASH);
        assert!(failed, "{receipt:?}");
        assert!(receipt.gas < GAS_LIMIT / 10);
        assert_eq!(registry.chain.read(hook, &HostileHook::callsCall {}), U256::ZERO);
    }
}

#[test]
fn a_split_chain_accepts_no_proof() {
    let registry = ready();
    let (from, data) = message(&localised(&registry, prove(1, 1)), 1);
    let mut split = registry.chain.clone();
    split.chain_id += 1;
    let failure = split.send_raw(from, registry.address, data.clone()).unwrap_err();
    assert!(failure.is::<registry::WrongContext>(), "{failure:?}");
    registry.chain.clone().send_raw(from, registry.address, data).unwrap();
}

#[test]
fn a_proof_counts_once_in_one_epoch_at_one_registry() {
    let mut registry = ready();
    let mut other = registry.clone();
    let proof = localised(&registry, prove(1, 1));
    registry.apply(START, &proof).unwrap();
    let refused = |registry: &mut Registry, action: &ActionRecord| match registry
        .apply(START, action)
        .unwrap_err()
    {
        common::registry::Refused::Engine(refusal) => refusal.code(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&mut registry, &proof), "replayed");
    assert_eq!(refused(&mut other, &localised(&registry, prove(1, 2))), "unknown-epoch");
    assert_eq!(refused(&mut other, &prove(1, 1)), "wrong-context");
    // Another registry on the same chain has another context.
    let (address, _) = deploy(&mut other.chain, &actions::params()).unwrap();
    let second = Registry { chain: other.chain.clone(), address };
    assert_ne!(second.context(), registry.context());
    let stale = localised(&registry, prove(1, 1))
        .map_claim(|claim| ClaimData { state_root: actions::state_root(2), ..claim });
    assert_eq!(refused(&mut other, &stale), "wrong-state-root");
}

#[test]
fn the_stored_proofs_are_for_it() {
    let registry = Registry::new(&actions::params(), START);
    assert_eq!(registry.address.into_array(), common::stories::REGISTRY);
}
