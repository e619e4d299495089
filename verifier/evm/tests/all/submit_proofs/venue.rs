//! Venues' proofs batch by batch: who is flagged is called, and what is covered is counted.

mod chain;
mod coverage;

use alloy_sol_types::{SolCall, SolConstructor, SolError, SolEvent};
use revm::primitives::{Address, B256, Bytes, U256};
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginMarkets as markets, MarginProofGate as gate,
    MarginVenueBatches as batches,
};
use zkmargin_evm::engine as convert;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_margin::statement::venue::{SubtreeDepth, SubtreePath};
use zkmargin_verifier::engine::{Action, Engine, EpochPost, Root, VerifiedClaim};
use zkmargin_verifier::flagged::breaches_of;

use crate::common::actions::{
    self, START, account, linked, market_root, model, pause, post, register,
};
use crate::common::artifacts::{HostileHook, MockVenueVerifier};
use crate::common::registry::{ANYONE, DEPLOYER, GOVERNOR, MOCK, PROTOCOL};
use crate::common::{Failure, code_with};

use self::chain::{Batch, Venue, circuit};

/// Accounts in subtrees of 4 leaves 0, 1, 4 and 6, and far away: 2, 3, 5 and 7 flagged, of
/// which 5 is not registered.
fn venue() -> Venue {
    let mut venue = Venue::new(&[
        (0, 1, false),
        (1, 2, true),
        (3, 3, true),
        (5, 4, false),
        (17, 5, true),
        (25, 6, false),
        (10_000_000, 7, true),
    ]);
    for number in [1, 2, 3, 4, 6, 7] {
        venue.on.apply(START, &register(number)).unwrap();
    }
    venue
}

const FOUR: SubtreeDepth = SubtreeDepth::ALL[0];
const SIXTEEN: SubtreeDepth = SubtreeDepth::ALL[1];
const MANY: SubtreeDepth = SubtreeDepth::ALL[3];
const FAR: usize = 10_000_000 / 256;

#[test]
fn who_is_flagged_is_called_and_nobody_is_left_out() {
    let mut venue = venue();
    let first = venue.honest(FOUR, 0).unwrap();
    assert_eq!((venue.coverage(), first.logs.len()), ((3, 2, false), 3));
    assert!(venue.is_called(2) && venue.is_called(3) && !venue.is_called(1));
    println!("gas: submitBatch, two of three flagged, mock verifier: {}", first.gas);
    // Sizes mix, in any order; an account that is not registered stops nobody.
    let far = venue.honest(MANY, FAR).unwrap();
    assert!(venue.is_called(7));
    println!("gas: submitBatch of 256 leaves, one flagged: {}", far.gas);
    let refused = venue.honest(SIXTEEN, 1).unwrap();
    let log = refused
        .logs
        .iter()
        .find_map(|log| batches::FlagRefused::decode_raw_log(log.topics(), &log.data.data).ok());
    let log = log.unwrap();
    assert_eq!(log.account, convert::address(account(5)));
    assert_eq!(log.reason[..4], registry::NotRegistered::SELECTOR);
    assert_eq!(venue.coverage(), (6, 4, false));
    let last = venue.honest(FOUR, 1).unwrap();
    assert_eq!(venue.coverage(), (7, 4, true));
    let log = last.logs.last().unwrap();
    let log = batches::EpochCovered::decode_raw_log(log.topics(), &log.data.data).unwrap();
    assert_eq!((log.epoch, log.accounts, log.flagged), (1, 7, 4));
    // The refused one is called as soon as it is there.
    assert_eq!(venue.refused(5), circuit(SIXTEEN));
    assert!(matches!(venue.retry(5), Err(Failure::Revert(_))));
    venue.on.apply(START, &register(5)).unwrap();
    venue.retry(5).unwrap();
    assert!(venue.is_called(5));
    assert!(venue.retry(5).unwrap_err().is::<batches::NotRefused>());
    assert!(venue.retry(2).unwrap_err().is::<batches::NotRefused>());
    // What a guardian rejects covers nothing.
    let reject = Action::RejectEpoch { epoch: Epoch::new(1), market_root: market_root(1) };
    venue.on.apply(START, &reject).unwrap();
    let (context, at) = (venue.on.context(), venue.on.at.batches);
    assert!(!venue.on.chain.read(at, &batches::coveredCall { context, epoch: 1 }));
    assert!(!venue.on.chain.read(at, &batches::coveredCall { context, epoch: 2 }));
}

/// The accounts stand as the engine has them after a breach of each.
#[test]
fn the_engine_says_the_same() {
    let mut venue = venue();
    let mut engine = Engine::new(actions::policy(), START);
    for action in [Action::SetCircuits { until: u64::MAX, frozen: false }]
        .into_iter()
        .chain([1, 2, 3, 4, 6, 7].map(register))
    {
        engine.apply(START, &action.assume_verified_unchecked()).unwrap();
    }
    let root = Root::from_field(&venue.root());
    let post = Action::PostEpoch(EpochPost { state_root: root, ..post(1, START) });
    let post = linked(post, engine.meta()).assume_verified_unchecked();
    engine.apply(START, &post).unwrap();
    for (depth, index) in [(FOUR, 0), (FOUR, 1), (SIXTEEN, 1), (MANY, FAR)] {
        let mut batch = venue.batch(depth, index);
        venue.submit(&batch).unwrap();
        batch.instance.context = actions::context();
        let path = SubtreePath::among(depth, index, venue.roots(depth)).unwrap();
        let whole = path.state_root(batch.instance.subtree_root);
        let flagged: Vec<_> =
            batch.subtree.flagged.iter().map(|at| convert::account(*at)).collect();
        for claim in breaches_of(&batch.instance, whole, &flagged) {
            let claim = VerifiedClaim::assume_verified_unchecked(claim);
            let said = engine.apply(START, &Action::SubmitBreach { claim });
            assert_eq!(said.is_err(), claim.data().account == account(5), "{said:?}");
        }
    }
    for number in 1..=7 {
        let status = engine.status(account(number), START);
        assert_eq!(venue.on.status(account(number), START), status, "{number}");
    }
}

#[test]
fn every_lie_is_refused() {
    type Lie = fn(&mut Batch);
    let engine: [(&str, Lie, [u8; 4]); 9] = [
        (
            "another level",
            |b| b.instance.claim = claim("at-least:initial"),
            registry::NotABreach::SELECTOR,
        ),
        (
            "a lower level",
            |b| b.instance.claim = claim("at-least:margin-call"),
            registry::NotABreach::SELECTOR,
        ),
        (
            "a multiplier",
            |b| b.instance.claim = claim("at-least:maintenance,multiplier:2"),
            registry::NotABreach::SELECTOR,
        ),
        (
            "an epoch that is none",
            |b| b.instance.epoch = Epoch::new(2),
            markets::UnknownEpoch::SELECTOR,
        ),
        (
            "another market root",
            |b| b.instance.market_root += Bn254Fr::from(1),
            markets::WrongMarketRoot::SELECTOR,
        ),
        ("another model", |b| b.instance.model = model(2), markets::WrongModel::SELECTOR),
        (
            "another subtree",
            |b| b.instance.subtree_root += Bn254Fr::from(1),
            markets::WrongStateRoot::SELECTOR,
        ),
        ("another place", |b| b.subtree.index = U256::from(1), markets::WrongStateRoot::SELECTOR),
        (
            "another sibling",
            |b| b.subtree.siblings[3][0] += U256::from(1),
            markets::WrongStateRoot::SELECTOR,
        ),
    ];
    let own: [(&str, Lie, [u8; 4]); 13] = [
        (
            "a level missing",
            |b| {
                b.subtree.siblings.pop();
            },
            batches::NotInTree::SELECTOR,
        ),
        (
            "a level more",
            |b| b.subtree.siblings.push([U256::ZERO; 3]),
            batches::NotInTree::SELECTOR,
        ),
        (
            "a number beyond",
            |b| b.subtree.index = U256::from(1) << 22,
            batches::NotInTree::SELECTOR,
        ),
        (
            "a circuit of another size",
            |b| b.circuit = circuit(SIXTEEN),
            batches::NotInTree::SELECTOR,
        ),
        (
            "one spared",
            |b| {
                b.subtree.flagged.pop();
            },
            batches::WrongList::SELECTOR,
        ),
        (
            "one more",
            |b| b.subtree.flagged.push(convert::address(account(1))),
            batches::WrongList::SELECTOR,
        ),
        ("padding", |b| b.subtree.flagged.push(Address::ZERO), batches::WrongList::SELECTOR),
        ("another order", |b| b.subtree.flagged.reverse(), batches::WrongList::SELECTOR),
        (
            "another account",
            |b| b.subtree.flagged[0] = convert::address(account(1)),
            batches::WrongList::SELECTOR,
        ),
        ("another number", |b| b.instance.counts.flagged = 1, batches::WrongList::SELECTOR),
        (
            "more flagged than there are",
            |b| b.instance.counts.accounts = 1,
            batches::NotCanonical::SELECTOR,
        ),
        ("another circuit", |b| b.circuit = B256::repeat_byte(9), gate::UnknownCircuit::SELECTOR),
        ("a circuit of margin proofs", |b| b.circuit = MOCK, gate::WrongStatement::SELECTOR),
    ];
    let mut venue = venue();
    for (what, lie, selector) in engine.into_iter().chain(own) {
        let mut batch = venue.batch(FOUR, 0);
        lie(&mut batch);
        let Err(Failure::Revert(data)) = venue.submit(&batch) else { panic!("{what}") };
        assert_eq!(data[..4], selector, "{what}: {data}");
    }
    // Another list with the chain and the number of its own is not what is proved.
    for verdict in [0, 2] {
        let mut batch = venue.batch(FOUR, 0);
        batch.list(&[account(3), account(2)]);
        batch.verdict = verdict;
        assert!(venue.submit(&batch).unwrap_err().is::<gate::InvalidProof>());
    }
    let mut foreign = venue.batch(FOUR, 0);
    foreign.instance.context = ContextId::derive("another", 0, [0; 20]);
    assert!(venue.submit(&foreign).unwrap_err().is::<markets::WrongContext>());
    assert_eq!(venue.coverage(), (0, 0, false));
    assert!(!(1..=7).any(|number| venue.is_called(number)));
}

/// A number too large for its row, and a claim that is none.
#[test]
fn every_row_has_one_encoding() {
    let mut venue = venue();
    let call = venue.batch(FOUR, 0).call();
    let bit = |at: usize| U256::from(1) << at;
    let claim = call.inputs[6];
    let rows = [(0, bit(248)), (1, bit(64)), (5, bit(248)), (7, bit(64)), (8, bit(248))];
    let claims = [U256::ZERO, claim | bit(2), claim | bit(7), claim | bit(32)].map(|row| (6, row));
    for (row, value) in rows.into_iter().chain(claims).chain([2, 3, 4].map(|row| (row, U256::MAX)))
    {
        let mut lie = call.clone();
        lie.inputs[row] = value;
        let refused = venue.on.chain.send(ANYONE, venue.on.at.batches, &lie).unwrap_err();
        assert!(refused.is::<batches::NotCanonical>(), "{row}: {value}");
    }
    venue.on.chain.send(ANYONE, venue.on.at.batches, &call).unwrap();
}

fn claim(text: &str) -> Claim {
    text.parse().unwrap()
}

#[test]
fn a_market_that_stands_still_calls_nobody() {
    let mut halted = venue();
    halted.on.apply(START, &pause(START + 100)).unwrap();
    let batch = halted.batch(FOUR, 0);
    assert!(halted.submit(&batch).unwrap_err().is::<registry::EngineHalted>());
    let mut stale = venue();
    stale.on.chain.now = START + 101;
    assert!(stale.submit(&batch).unwrap_err().is::<markets::SnapshotStale>());
    let mut frozen = venue();
    frozen.honest(SIXTEEN, 1).unwrap();
    let (context, at) = (frozen.on.context(), frozen.on.at.gate);
    let call = gate::freezeCircuitCall { context, circuit: circuit(SIXTEEN) };
    frozen.on.chain.send(crate::common::registry::GUARDIAN, at, &call).unwrap();
    frozen.on.apply(START, &register(5)).unwrap();
    assert!(frozen.retry(5).unwrap_err().is::<gate::CircuitFrozen>());
    assert!(frozen.honest(SIXTEEN, 0).unwrap_err().is::<gate::CircuitFrozen>());
}

/// What each flagged account costs on top of a batch of 16 leaves without any.
#[test]
fn a_flagged_account_costs_less_than_a_proof() {
    let gas = |flagged: u8| {
        let leaves: Vec<_> =
            (0..16).map(|leaf| (usize::from(leaf), leaf + 1, leaf < flagged)).collect();
        let mut venue = Venue::new(&leaves);
        for number in 1..=flagged {
            venue.on.apply(START, &register(number)).unwrap();
        }
        venue.honest(SIXTEEN, 0).unwrap().gas
    };
    let (none, first, tenth) = (gas(0), gas(1), gas(10));
    let each = (tenth - first) / 9;
    println!("gas: 16 leaves, none flagged: {none}; each flagged one: {each}");
    // The permutation of its link, and its call.
    assert!(each < 150_000, "{each}");
}

/// Too little gas is nobody's way out: a batch is accepted with all its calls or not at all,
/// and with all that a protocol is told of them.
#[test]
fn who_gives_too_little_gas_spares_nobody() {
    let leaves = [(0, 1, false), (1, 2, true), (3, 3, true), (25, 6, false)];
    let mut told = Venue::subscribed(&leaves);
    let hook = told.on.chain.create(DEPLOYER, HostileHook::BYTECODE.to_vec()).unwrap().0;
    told.on.send(PROTOCOL, &registry::setHookCall { hook }).unwrap();
    let mut whole = Venue { on: told.on.clone(), leaves: told.leaves.clone() };
    whole.honest(FOUR, 0).unwrap();
    assert_eq!(whole.on.chain.read(hook, &HostileHook::callsCall {}), U256::from(2));
    for venue in [venue(), told] {
        let data = venue.batch(FOUR, 0).call().abi_encode();
        let (chain, at) = (&venue.on.chain, venue.on.at.batches);
        let mut least = 0;
        for gas in (300_000..2_000_000).step_by(7_919) {
            let Ok(receipt) = chain.try_raw(at, data.clone(), gas) else { continue };
            let refused = |log: &revm::primitives::Log| {
                batches::FlagRefused::decode_raw_log(log.topics(), &log.data.data).is_ok()
            };
            assert!(!receipt.logs.iter().any(refused), "{gas}");
            assert_eq!(receipt.logs.len(), 3);
            least = if least == 0 { gas } else { least };
        }
        assert!(least > 0);
    }
}

#[test]
fn the_entry_is_the_contracts_alone() {
    let mut venue = venue();
    let inputs = [U256::ZERO; 9];
    let call = registry::acceptBreachCall { circuit: MOCK, inputs, sender: ANYONE };
    for sender in [ANYONE, GOVERNOR, DEPLOYER] {
        let refused = venue.on.send(sender, &call).unwrap_err();
        assert!(refused.is::<registry::NotTheBatches>(), "{refused:?}");
    }
    // It proves nobody healthy, and is named once, by the administrator.
    let (at, keeper) = (venue.on.at.gate, venue.on.at.batches);
    assert!(!venue.on.chain.read(at, &gate::keepsCall { who: keeper }));
    let set = gate::setBatchesCall { keeper };
    assert!(venue.on.chain.send(GOVERNOR, at, &set).unwrap_err().is::<gate::InvalidBatches>());
    assert!(venue.on.chain.send(ANYONE, at, &set).is_err());
    // A verifier of venues' proofs is none of margin proofs, nor the reverse.
    let arguments =
        MockVenueVerifier::constructorCall { circuit: B256::repeat_byte(8), depth: U256::from(1) };
    let code = code_with(&MockVenueVerifier::BYTECODE, arguments.abi_encode());
    let verifier = venue.on.chain.create(DEPLOYER, code).unwrap().0;
    venue.on.add_circuit(verifier, 100_000).unwrap();
    let honest = super::claim(&mut venue.on, super::breach(1, 1));
    let state_root = Root::from_field(&venue.root());
    let honest = super::ClaimData { state_root, ..honest };
    let proof = Bytes::from(U256::from(1).to_be_bytes_vec());
    let data = super::Kind::Breach.calldata(B256::repeat_byte(8), &honest, proof.to_vec());
    let to = venue.on.at.registry;
    let refused = venue.on.chain.send_raw(ANYONE, to, data).unwrap_err();
    assert!(refused.is::<gate::InvalidProof>(), "{refused:?}");
    let data = super::Kind::Breach.calldata(circuit(FOUR), &honest, proof.to_vec());
    let refused = venue.on.chain.send_raw(ANYONE, to, data).unwrap_err();
    assert!(refused.is::<gate::WrongStatement>(), "{refused:?}");
    let margin = venue.on.mock(B256::repeat_byte(7), true);
    assert!(venue.on.add_venue_circuit(margin, 100_000).is_err());
    for depth in [0, 5] {
        let (circuit, depth) = (B256::repeat_byte(6), U256::from(depth));
        let arguments = MockVenueVerifier::constructorCall { circuit, depth };
        let code = code_with(&MockVenueVerifier::BYTECODE, arguments.abi_encode());
        let verifier = venue.on.chain.create(DEPLOYER, code).unwrap().0;
        let refused = venue.on.add_venue_circuit(verifier, 100_000).unwrap_err();
        assert!(refused.is::<gate::InvalidCircuit>());
    }
}
