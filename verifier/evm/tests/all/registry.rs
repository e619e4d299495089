//! What the registry and its gate add to the engine: roles, circuits, calldata,
//! the hook, the context.

use crate::common;
use crate::common::actions::{
    self, START, account, breach, cure, overdue, posted, prove, register,
};
use crate::common::artifacts::HostileHook;
use crate::common::attesters::attesters;
use crate::common::messages::{Kind, Message};
use crate::common::registry::{
    ANYONE, DEPLOYER, GOVERNOR, MOCK, NAME, PROTOCOL, Refused, Registry,
};
use crate::common::{CHAIN, Chain, Failure, GAS_LIMIT};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use revm::primitives::{Address, B256, U256};
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginMarkets as markets, MarginProofGate as gate,
    MarginRoles as roles,
};
use zkmargin_evm::engine as convert;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{ContextId, Epoch};
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
    let context = registry.market;
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

/// Under a limit of one account in a window: whoever counts at the markets counts for
/// itself, a mark counts once, and who waits is liquidatable for nobody.
#[test]
fn nobody_uses_up_the_limit_of_another() {
    let params = PolicyParams { max_liquidations: 1, ..actions::params() };
    let mut registry = Registry::new(&params, START);
    registry.apply(START, &posted(1, START)).unwrap();
    for number in [1, 2] {
        registry.apply(START, &register(number)).unwrap();
        let action = localised(&registry, breach(number, 1));
        registry.apply(START, &action).unwrap();
    }
    for (epoch, now) in (2..8).zip((START + 90..).step_by(90)) {
        registry.apply(now, &posted(epoch, now)).unwrap();
    }
    let (context, at) = (registry.context(), registry.at);
    let count = markets::countLiquidationCall { context };
    registry.chain.send(ANYONE, at.markets, &count).unwrap();
    let again = registry.chain.send(ANYONE, at.markets, &count).unwrap_err();
    assert!(again.is::<markets::LiquidationLimit>());
    let unknown = markets::countLiquidationCall { context: Default::default() };
    let unknown = registry.chain.send(ANYONE, at.markets, &unknown).unwrap_err();
    assert!(unknown.is::<markets::WrongContext>());
    let ids = [1, 2].map(|number| registry.account(account(number)));
    let of = |number: usize| (context, ids[number - 1]);
    let mark = |registry: &mut Registry, number| {
        let call = registry::markLiquidatableCall::from(of(number));
        registry.chain.send(ANYONE, at.registry, &call)
    };
    let is_liquidatable =
        |registry: &Registry, number| registry.view(&registry::liquidatableCall::from(of(number)));
    assert!(!is_liquidatable(&registry, 1));
    let receipt = mark(&mut registry, 1).unwrap();
    println!("a mark under a limit: {} gas", receipt.gas);
    assert!(is_liquidatable(&registry, 1));
    assert!(mark(&mut registry, 1).unwrap_err().is::<registry::AccountLiquidatable>());
    assert!(mark(&mut registry, 2).unwrap_err().is::<registry::LiquidationLimit>());
    assert!(!is_liquidatable(&registry, 2));
    // The window of 300 seconds is over, and the market's clock stands still.
    registry.chain.now += 300;
    mark(&mut registry, 2).unwrap();
    assert!(is_liquidatable(&registry, 2));
}

/// What sending a message on a copy of the chain does.
fn tried(registry: &Registry, message: &Message, data: Vec<u8>) -> Result<(), Failure> {
    registry.chain.clone().send_raw(message.from, message.to, data).map(|_| ())
}

#[test]
fn its_context_is_what_provers_derive() {
    let registry = Registry::new(&actions::params(), START);
    let expected = ContextId::derive(NAME, CHAIN, registry.at.markets.into_array());
    let call = markets::contextOfCall { name: NAME.to_owned() };
    let got = registry.chain.read(registry.at.markets, &call);
    assert_eq!(got, convert::context(expected));
}

#[test]
fn the_policy_is_validated_as_in_rust() {
    use Level::{Bankrupt, Initial, MarginCall};
    type Change = fn(&mut PolicyParams);
    let cases: [(Change, [u8; 4]); 21] = [
        (|p| p.models.clear(), markets::NoModel::SELECTOR),
        (|p| p.models.push(p.models[0]), markets::DuplicateModel::SELECTOR),
        (|p| p.first_epoch = Epoch::new(0), markets::NoFirstEpoch::SELECTOR),
        (|p| p.breach_level = Bankrupt, markets::EmptyLevel::SELECTOR),
        (|p| p.breach_level = Initial, markets::LevelOrder::SELECTOR),
        (|p| p.cure_level = MarginCall, markets::LevelOrder::SELECTOR),
        (|p| p.max_snapshot_age = 0, markets::NoPeriod::SELECTOR),
        (|p| p.max_pause = 0, markets::NoPeriod::SELECTOR),
        (|p| (p.max_liquidations, p.breaker_window) = (1, 0), markets::NoPeriod::SELECTOR),
        (|p| p.proof_window = 2 * p.max_snapshot_age - 1, markets::TooShort::SELECTOR),
        (|p| p.cure_periods.overdue = 2 * p.max_snapshot_age - 1, markets::TooShort::SELECTOR),
        (
            |p| p.cure_periods.below_margin_call = 2 * p.max_snapshot_age - 1,
            markets::TooShort::SELECTOR,
        ),
        (
            |p| p.cure_periods.below_margin_call = p.cure_periods.below_maintenance + 1,
            markets::PeriodOrder::SELECTOR,
        ),
        (
            |p| p.cure_periods.below_maintenance = p.cure_periods.below_initial + 1,
            markets::PeriodOrder::SELECTOR,
        ),
        (|p| p.escape_after = p.max_pause - 1, markets::TooShort::SELECTOR),
        (|p| p.proof_window = 100 * 366 * 86_400 + 1, markets::TooLong::SELECTOR),
        (|p| p.cure_periods.below_initial = u64::MAX, markets::TooLong::SELECTOR),
        (|p| p.max_snapshot_age = u64::MAX, markets::TooLong::SELECTOR),
        (|p| p.grace_period = p.max_snapshot_age + 1, markets::TooLong::SELECTOR),
        (|p| p.max_clock_skew = p.max_snapshot_age, markets::TooLong::SELECTOR),
        (|p| p.breaker_window = u64::MAX, markets::TooLong::SELECTOR),
    ];
    for (change, selector) in cases {
        let mut params = actions::params();
        change(&mut params);
        assert!(Policy::new(params.clone()).is_err());
        let failure = Registry::deploy(Chain::new(START), &params, false).err().unwrap();
        let Failure::Revert(data) = failure else { panic!("{failure:?}") };
        assert_eq!(data[..4], selector, "{params:?}");
    }
}

#[test]
fn the_calldata_is_the_one_encoding_of_its_arguments() {
    let mut registry = ready();
    for action in [prove(1, 1), breach(1, 1), cure(1, 1)] {
        let action = localised(&registry, action);
        let message = registry.message(&action, 1);
        let data = message.data.clone();
        let send = |data: Vec<u8>| tried(&registry, &message, data);
        let mut trailing = data.clone();
        trailing.push(0);
        let failure = send(trailing).unwrap_err();
        assert!(failure.is::<registry::MalformedCalldata>(), "{failure:?}");
        // The proof further back, a gap before it.
        let mut moved = data.clone();
        moved[4 + 10 * 32 + 31] += 32;
        moved.splice(4 + 11 * 32..4 + 11 * 32, [0; 32]);
        assert!(send(moved).unwrap_err().is::<registry::MalformedCalldata>());
        // A byte of the proof is missing: the ABI decoder already refuses.
        assert!(send(data[..data.len() - 1].to_vec()).is_err());
    }
}

/// Others than the registry ask the gate: their calldata has one encoding too.
#[test]
fn the_gate_takes_one_encoding_of_its_arguments() {
    let registry = ready();
    let claim = actions::claim(1, 1, actions::HEALTHY);
    let claim = ClaimData { context: registry.market, ..claim };
    let proof = B256::with_last_byte(1).to_vec().into();
    let ask = gate::requireProofCall { circuit: MOCK, inputs: convert::inputs(&claim), proof };
    let ask = ask.abi_encode();
    let sent = |data| registry.chain.clone().send_raw(ANYONE, registry.at.gate, data);
    sent(ask.clone()).unwrap();
    let trailing = [ask.as_slice(), &[0]].concat();
    assert!(sent(trailing).unwrap_err().is::<registry::MalformedCalldata>());
}

#[test]
fn proofs_are_of_the_exact_length() {
    let mut registry = ready();
    let action = localised(&registry, prove(1, 1));
    let message = registry.message(&action, 1);
    for length in [0, 31, 33, 64] {
        let mut data = message.data[..4 + 11 * 32].to_vec();
        data.extend(U256::from(length).to_be_bytes_vec());
        data.extend(vec![0; length]);
        let failure = tried(&registry, &message, data).unwrap_err();
        let expected = gate::ProofLength { expected: U256::from(32), got: U256::from(length) };
        assert_eq!(failure, Failure::Revert(expected.abi_encode().into()), "{length}");
    }
}

#[test]
fn public_inputs_are_canonical() {
    let mut registry = ready();
    let action = localised(&registry, prove(1, 1));
    let message = registry.message(&action, 1);
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
        U256::ONE << 64,
        U256::ONE << 104,
        U256::ONE << 248,
    ];
    for (row, bound) in bounds.into_iter().enumerate() {
        let mut values = vec![bound, good[row] + modulus, U256::MAX];
        if NAMES[row] == "claim" {
            // No level, bits between the parts, leverage below a level.
            let codes: [u64; 5] = [0, 4, 8, 1 << 32 | 1, 1 << 40 | 5];
            values.extend(codes.map(U256::from));
        }
        for value in values {
            let mut inputs = good;
            inputs[row] = value;
            let call = registry::submitProofCall {
                circuit: MOCK,
                inputs,
                proof: U256::ONE.to_be_bytes_vec().into(),
            };
            let failure = tried(&registry, &message, call.abi_encode()).unwrap_err();
            let expected = registry::NotCanonical { row: U256::from(row) };
            assert_eq!(failure, Failure::Revert(expected.abi_encode().into()), "{row} {value}");
        }
    }
}

#[test]
fn a_proof_that_burns_gas_burns_its_limit_only() {
    let mut registry = ready();
    let action = localised(&registry, prove(1, 1));
    let Message { from, to, data } = registry.message(&action, 5);
    // The verifier's limit is 100,000.
    let send = |gas| registry.chain.clone().send_with_gas(from, to, data.clone(), gas);
    let failure = send(300_000).unwrap_err();
    assert!(failure.is::<gate::InvalidProof>(), "{failure:?}");
    // With less gas than the verifier's limit nothing is said about a proof.
    let failure = send(160_000).unwrap_err();
    assert!(failure.is::<gate::TooLittleGas>(), "{failure:?}");
}

/// A registry whose only protocol has a hostile hook, and an account about to be
/// liquidatable.
fn with_hook(mode: u8, callback: Vec<u8>) -> (Registry, Address) {
    let mut registry = past_deadline();
    let (hook, _) = registry.chain.create(DEPLOYER, HostileHook::BYTECODE.to_vec()).unwrap();
    registry.send(PROTOCOL, &registry::setHookCall { hook }).unwrap();
    let role = registry.role(&roles::PROTOCOL_ROLECall {});
    let grant = roles::grantRoleCall { role, account: hook };
    registry.chain.send(GOVERNOR, registry.at.roles, &grant).unwrap();
    let set = HostileHook::setCall { newMode: mode, newMessage: callback.into() };
    registry.chain.send(ANYONE, hook, &set).unwrap();
    (registry, hook)
}

const MARKED: u64 = START + 90 * 6;

#[test]
fn the_hook_cannot_come_back_in() {
    let mut registry = past_deadline();
    let actions = [
        actions::close(1),
        actions::reinstate(1),
        actions::mark(1),
        actions::escape(1),
        register(2),
        overdue(1),
        prove(1, 7),
        breach(1, 7),
        cure(1, 7),
    ];
    for action in actions {
        let action = localised(&registry, action);
        let (mut registry, hook) = with_hook(0, registry.message(&action, 1).data);
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
    let mut registry = past_deadline();
    let account = registry.account(account(1));
    let call = registry::liquidatableCall { context: registry.context(), account };
    let (mut registry, hook) = with_hook(0, call.abi_encode());
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
        let Message { from, to, data } = registry.message(&actions::mark(1), 1);
        // Too little gas to give the hook its share: nothing happens.
        let failure =
            registry.chain.clone().send_with_gas(from, to, data.clone(), 220_000).unwrap_err();
        assert!(failure.is::<registry::TooLittleGasForHook>(), "{failure:?}");
        let receipt = registry.chain.send_raw(from, to, data).unwrap();
        let mut topics = receipt.logs.iter().map(|log| log.topics()[0]);
        let failed = topics.any(|topic| topic == registry::HookFailed::SIGNATURE_HASH);
        assert!(failed, "{receipt:?}");
        assert!(receipt.gas < GAS_LIMIT / 10);
        assert_eq!(registry.chain.read(hook, &HostileHook::callsCall {}), U256::ZERO);
    }
}

#[test]
fn a_hook_that_failed_can_be_told_again() {
    let (mut registry, hook) = with_hook(1, Vec::new());
    let context = registry.context();
    let account = registry.account(account(1));
    let retry = registry::retryHookCall { context, id: account, protocol: PROTOCOL };
    registry.chain.now = MARKED;
    let early = registry.send(ANYONE, &retry).unwrap_err();
    assert!(early.is::<registry::NothingToRetry>());
    registry.apply(MARKED, &actions::mark(1)).unwrap();
    let set = HostileHook::setCall { newMode: 0, newMessage: Vec::new().into() };
    registry.chain.send(ANYONE, hook, &set).unwrap();
    registry.send(ANYONE, &retry).unwrap();
    let told = registry.chain.read(hook, &HostileHook::toldCall {});
    assert_eq!(told.0, HostileHook::onLiquidatableCall::SELECTOR);
    let twice = registry.send(ANYONE, &retry).unwrap_err();
    assert!(twice.is::<registry::NothingToRetry>());
}

#[test]
fn the_hook_is_told_of_calls_and_cures() {
    let (mut registry, hook) = with_hook(0, Vec::new());
    registry.apply(MARKED, &register(2)).unwrap();
    let told = |registry: &Registry| registry.chain.read(hook, &HostileHook::toldCall {}).0;
    let action = localised(&registry, breach(2, 7));
    registry.apply(MARKED, &action).unwrap();
    assert_eq!(told(&registry), HostileHook::onCalledCall::SELECTOR);
    registry.apply(MARKED + 90, &posted(8, MARKED + 90)).unwrap();
    let action = localised(&registry, cure(2, 8));
    registry.apply(MARKED + 90, &action).unwrap();
    assert_eq!(told(&registry), HostileHook::onCuredCall::SELECTOR);
}

#[test]
fn a_split_chain_accepts_no_proof() {
    let mut registry = ready();
    let action = localised(&registry, prove(1, 1));
    let message = registry.message(&action, 1);
    let mut split = registry.chain.clone();
    split.chain_id += 1;
    let failure = split.send_raw(message.from, message.to, message.data.clone()).unwrap_err();
    assert!(failure.is::<registry::WrongContext>(), "{failure:?}");
    // Its clock stands still, and nothing is vouched for.
    split.now += 50;
    let context = registry.context();
    let at = registry.at.markets;
    assert!(!split.read(at, &markets::provableNowCall { context }));
    assert_eq!(split.read(at, &markets::clockCall { context }).to::<u64>(), START);
    tried(&registry, &message, message.data.clone()).unwrap();
}

fn refused(registry: &mut Registry, action: &ActionRecord) -> &'static str {
    match registry.apply(START, action).unwrap_err() {
        Refused::Engine(refusal) => refusal.code(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_proof_counts_in_one_market() {
    let mut registry = ready();
    let proof = localised(&registry, prove(1, 1));
    registry.apply(START, &proof).unwrap();
    // Sent again it changes nothing, and fails nobody's bundle.
    assert_eq!(registry.apply(START, &proof).unwrap(), []);
    let mut other = Registry::new(&actions::params(), START);
    other.apply(START, &register(1)).unwrap();
    let unposted = localised(&other, prove(1, 1));
    assert_eq!(refused(&mut other, &unposted), "unknown-epoch");
    assert_eq!(refused(&mut other, &prove(1, 1)), "wrong-context");
    // Another market of the same contracts has another context.
    let params = convert::market(&actions::params(), "another", &attesters());
    let second = registry
        .chain
        .send(GOVERNOR, registry.at.markets, &markets::createMarketCall { params })
        .unwrap();
    let context = markets::createMarketCall::abi_decode_returns(&second.output).unwrap();
    assert_ne!(context, registry.context());
    let mut bytes = [0; 32];
    bytes[1..].copy_from_slice(context.as_slice());
    let foreign = ContextId::from_be_bytes(&bytes).unwrap();
    let there = prove(1, 1).map_claim(|claim| ClaimData { context: foreign, ..claim });
    assert_eq!(refused(&mut registry, &there), "not-registered");
    let stale = unposted.map_claim(|claim| ClaimData {
        state_root: actions::state_root(2),
        context: registry.market,
        ..claim
    });
    assert_eq!(refused(&mut registry, &stale), "wrong-state-root");
}

#[test]
fn a_claim_can_be_asked_for() {
    let mut registry = ready();
    let action = localised(&registry, prove(7, 1));
    let Action::SubmitProof { claim } = &action else { panic!() };
    let ask = |verdict: u8| {
        let data = Kind::Proof.calldata(MOCK, claim, U256::from(verdict).to_be_bytes_vec());
        [registry::checkClaimCall::SELECTOR.as_slice(), &data[4..]].concat()
    };
    let to = registry.at.registry;
    let answer = registry.chain.try_raw(to, ask(1), GAS_LIMIT).unwrap();
    let said = registry::checkClaimCall::abi_decode_returns(&answer.output).unwrap();
    assert_eq!(said.account, convert::address(claim.account));
    assert_eq!((said.epoch, said.below), (1, false));
    let failure = registry.chain.try_raw(to, ask(0), GAS_LIMIT).unwrap_err();
    assert!(failure.is::<gate::InvalidProof>());
    registry.apply(START, &actions::pause(START + 10)).unwrap();
    let failure = registry.chain.try_raw(to, ask(1), GAS_LIMIT).unwrap_err();
    assert!(failure.is::<registry::EngineHalted>());
}

#[test]
fn the_stored_proofs_are_for_it() {
    let registry = Registry::new(&actions::params(), START);
    assert_eq!(registry.at.markets.into_array(), common::stories::REGISTRY);
}
