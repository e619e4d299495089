//! `submitProofs`: proofs of many accounts in one transaction. All proofs are true
//! or nothing happens; then every account is for itself.

mod venue;
mod venue_proof;

use crate::common::actions::{self, START, account, breach, posted, prove, register};
use crate::common::messages::Kind;
use crate::common::registry::{ANYONE, DEPLOYER, MOCK, Registry};
use crate::common::stories::{self, Story};
use crate::common::verifier::{code, load};
use crate::common::{Chain, Failure, GAS_LIMIT, Receipt};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use revm::primitives::{B256, Bytes, U256};
use zkmargin_evm::contracts::{MarginCallRegistry as registry, MarginProofGate as gate};
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Timestamp};
use zkmargin_verifier::engine::{AccountStatus, Action, ActionRecord, ClaimData, EpochPost, Event};
use zkmargin_verifier::epoch::EpochDigest;

const MOST: u8 = 16;

/// A registry with epoch 1 posted and accounts 1 to `count` registered.
fn ready(count: u8) -> Registry {
    let mut registry = Registry::new(&actions::params(), START);
    registry.apply(START, &posted(1, START)).unwrap();
    for number in 1..=count {
        registry.apply(START, &register(number)).unwrap();
    }
    registry
}

/// The claim of an action, for the registry's market and accounts.
fn claim(on: &mut Registry, action: ActionRecord) -> ClaimData {
    let (Action::SubmitProof { claim } | Action::SubmitBreach { claim }) = action else { panic!() };
    ClaimData { context: on.market, account: convert::account(on.account(claim.account)), ..claim }
}

/// Claims that the accounts are healthy in epoch 1.
fn claims(on: &mut Registry, numbers: impl IntoIterator<Item = u8>) -> Vec<ClaimData> {
    numbers.into_iter().map(|number| claim(on, prove(number, 1))).collect()
}

fn calldata(circuit: B256, claims: &[ClaimData], proofs: &[Bytes]) -> Vec<u8> {
    let inputs = claims.iter().map(convert::inputs).collect();
    registry::submitProofsCall { circuit, inputs, proofs: proofs.to_vec() }.abi_encode()
}

/// Sends the claims with mock proofs of these verdicts.
fn submit(on: &mut Registry, claims: &[ClaimData], verdicts: &[u8]) -> Result<Receipt, Failure> {
    let proof = |verdict: &u8| U256::from(*verdict).to_be_bytes_vec().into();
    let proofs: Vec<Bytes> = verdicts.iter().map(proof).collect();
    let data = calldata(MOCK, claims, &proofs);
    let to = on.at.registry;
    on.chain.send_raw(ANYONE, to, data)
}

/// What was refused: the account, and the error's selector.
fn refused(receipt: &Receipt) -> Vec<(AccountId, [u8; 4])> {
    let logs = receipt.logs.iter();
    let decoded = logs.filter_map(|log| {
        registry::ProofRefused::decode_raw_log(log.topics(), &log.data.data).ok()
    });
    let selector = |reason: &Bytes| reason[..4].try_into().unwrap();
    decoded.map(|log| (convert::account(log.account), selector(&log.reason))).collect()
}

fn is_current(on: &mut Registry, number: u8) -> bool {
    matches!(on.status(account(number), START), AccountStatus::Current { .. })
}

#[test]
fn every_account_becomes_current() {
    for count in [1, 2, 5, MOST] {
        let mut on = ready(count);
        let claims = claims(&mut on, 1..=count);
        let receipt = submit(&mut on, &claims, &vec![1; usize::from(count)]).unwrap();
        assert!(refused(&receipt).is_empty());
        let events = on.events(&receipt);
        assert_eq!(events.len(), usize::from(count));
        for (event, number) in events.iter().zip(1..) {
            let Event::ProofAccepted { account: accepted, .. } = event else { panic!("{event:?}") };
            assert_eq!(*accepted, account(number));
            assert!(is_current(&mut on, number), "{number} of {count}");
        }
    }
}

#[test]
fn events_say_who_sent_them() {
    let mut on = ready(2);
    let claims = claims(&mut on, 1..=2);
    let receipt = submit(&mut on, &claims, &[1, 1]).unwrap();
    let senders = receipt.logs.iter().filter_map(|log| {
        registry::ProofAccepted::decode_raw_log(log.topics(), &log.data.data).ok()
    });
    assert_eq!(senders.map(|log| log.sender).collect::<Vec<_>>(), [ANYONE; 2]);
}

#[test]
fn one_false_proof_is_none_at_all() {
    for at in 0..4 {
        for verdict in [0, 2, 3, 4, 5] {
            let mut on = ready(4);
            let claims = claims(&mut on, 1..=4);
            let mut verdicts = [1; 4];
            verdicts[at] = verdict;
            let failure = submit(&mut on, &claims, &verdicts).unwrap_err();
            assert!(failure.is::<gate::InvalidProof>(), "{at}, {verdict}: {failure:?}");
            assert!((1..=4).all(|number| !is_current(&mut on, number)));
        }
    }
}

/// A refusal is told of its account, and what is on record already is skipped.
#[test]
fn a_refusal_does_not_stop_the_others() {
    let mut on = ready(4);
    let first = claims(&mut on, [1]);
    submit(&mut on, &first, &[1]).unwrap();
    let called = claim(&mut on, breach(2, 1));
    let data = Kind::Breach.calldata(MOCK, &called, U256::from(1).to_be_bytes_vec());
    let to = on.at.registry;
    on.chain.send_raw(ANYONE, to, data).unwrap();
    // On record, called, current, a stranger, of an unknown epoch.
    let mut claims = claims(&mut on, [1, 2, 3, 9, 4]);
    claims[4].epoch = Epoch::new(7);
    let receipt = submit(&mut on, &claims, &[1; 5]).unwrap();
    let expected = [
        (claims[1].account, registry::CallOpen::SELECTOR),
        (claims[3].account, registry::NotRegistered::SELECTOR),
        (claims[4].account, registry::UnknownEpoch::SELECTOR),
    ];
    assert_eq!(refused(&receipt), expected);
    assert_eq!(on.events(&receipt).len(), 1);
    assert!(is_current(&mut on, 1) && is_current(&mut on, 3) && !is_current(&mut on, 4));
    assert!(matches!(on.status(account(2), START), AccountStatus::Called { .. }));
}

/// The same account twice: the second time it is on record.
#[test]
fn twice_the_same_is_once() {
    let mut on = ready(1);
    let claims = claims(&mut on, [1, 1]);
    let receipt = submit(&mut on, &claims, &[1, 1]).unwrap();
    assert_eq!(on.events(&receipt).len(), 1);
    assert!(refused(&receipt).is_empty());
}

#[test]
fn below_proofs_are_refused_one_by_one() {
    let mut on = ready(2);
    let claims = vec![claim(&mut on, prove(1, 1)), claim(&mut on, breach(2, 1))];
    let receipt = submit(&mut on, &claims, &[1, 1]).unwrap();
    assert_eq!(refused(&receipt), [(claims[1].account, registry::WrongSide::SELECTOR)]);
    assert!(is_current(&mut on, 1));
}

#[test]
fn what_is_no_batch_is_refused() {
    let mut on = ready(3);
    let all = claims(&mut on, 1..=3);
    let failure = submit(&mut on, &[], &[]).unwrap_err();
    assert!(failure.is::<gate::WrongBatch>(), "{failure:?}");
    let many = vec![all[0]; usize::from(MOST) + 1];
    let failure = submit(&mut on, &many, &[1; MOST as usize + 1]).unwrap_err();
    assert!(failure.is::<gate::WrongBatch>(), "{failure:?}");
    for (claims, verdicts) in [(&all[..2], &[1, 1, 1][..]), (&all[..], &[1, 1][..])] {
        let failure = submit(&mut on, claims, verdicts).unwrap_err();
        assert!(failure.is::<registry::MalformedCalldata>(), "{failure:?}");
    }
    let mut elsewhere = all.clone();
    elsewhere[1].context = ContextId::derive("elsewhere", 1, [0; 20]);
    let failure = submit(&mut on, &elsewhere, &[1; 3]).unwrap_err();
    assert!(failure.is::<gate::OtherContext>(), "{failure:?}");
    // Bytes behind, a proof of another length, one proof for two.
    let word = Bytes::from(U256::from(1).to_be_bytes_vec());
    let good = calldata(MOCK, &all, &[word.clone(), word.clone(), word.clone()]);
    let to = on.at.registry;
    let tried = |data: Vec<u8>| on.chain.clone().send_raw(ANYONE, to, data).map(|_| ());
    tried(good.clone()).unwrap();
    let failure = tried([good.clone(), vec![0; 32]].concat()).unwrap_err();
    assert!(failure.is::<registry::MalformedCalldata>(), "{failure:?}");
    let long = Bytes::from(vec![0; 64]);
    let failure = tried(calldata(MOCK, &all, &[word.clone(), long, word])).unwrap_err();
    assert!(failure.is::<gate::ProofLength>(), "{failure:?}");
    let offsets = 4 + 96 + 32 + 3 * 288 + 32;
    let mut shared = good;
    shared.copy_within(offsets..offsets + 32, offsets + 32);
    let failure = tried(shared).unwrap_err();
    assert!(failure.is::<registry::MalformedCalldata>(), "{failure:?}");
}

#[test]
fn only_the_registry_says_what_was_proved() {
    let mut on = ready(1);
    let [claim] = claims(&mut on, [1]).try_into().unwrap();
    let (circuit, inputs) = (MOCK, convert::inputs(&claim));
    let call = registry::acceptProvedCall { circuit, inputs, sender: ANYONE };
    for from in [ANYONE, DEPLOYER] {
        let failure = on.send(from, &call).unwrap_err();
        assert!(failure.is::<registry::NotTheRegistry>(), "{failure:?}");
    }
    assert!(!is_current(&mut on, 1));
}

/// With too little gas all or nothing happens: no account is taken for refused.
#[test]
fn too_little_gas_is_no_refusal() {
    let mut on = ready(4);
    let claims = claims(&mut on, 1..=4);
    let proof = Bytes::from(U256::from(1).to_be_bytes_vec());
    let data = calldata(MOCK, &claims, &vec![proof; 4]);
    let to = on.at.registry;
    let (mut succeeded, mut failed) = (0, 0);
    for gas in (100_000..GAS_LIMIT / 8).step_by(9_973) {
        let mut chain = on.chain.clone();
        match chain.send_with_gas(ANYONE, to, data.clone(), gas) {
            Ok(receipt) => {
                succeeded += 1;
                assert!(refused(&receipt).is_empty(), "{gas}");
                assert_eq!(on.events(&receipt).len(), 4, "{gas}");
            }
            Err(_) => failed += 1,
        }
    }
    assert!(succeeded > 0 && failed > 0, "{succeeded} and {failed}");
}

/// Gas of `submitProofs` of so many proofs by one real verifier, each of an account
/// of its own: as one account's proof many times, and, by the mock verifier, what it
/// adds that the accounts are different ones.
fn gas_each(story: &Story, count: u8) -> u64 {
    let chain = Chain::new(START);
    let policy = stories::policy(story);
    let mut real = Registry::deploy(chain, &policy, true).unwrap();
    let (verifier, _) = real.chain.create(DEPLOYER, code(&story.key)).unwrap();
    real.add_circuit(verifier, 600_000).unwrap();
    let claim = story.healthy.claim;
    let post = real.next(EpochPost {
        epoch: claim.epoch,
        state_root: claim.state_root,
        market_root: claim.market_root,
        model: claim.model,
        market_timestamp: Timestamp::new(START),
        price_move_bps: 10,
        reference: Epoch::new(0),
        previous: EpochDigest::NONE,
    });
    real.apply(START, &Action::PostEpoch(post)).unwrap();
    real.apply(START, &Action::Register { account: claim.account }).unwrap();
    let circuit = B256::from(*load(&story.key).digest().as_bytes());
    let copies = vec![claim; count.into()];
    let proofs = vec![Bytes::from(story.healthy.proof()); count.into()];
    let to = real.at.registry;
    let same = real.chain.send_raw(ANYONE, to, calldata(circuit, &copies, &proofs)).unwrap();

    let verdicts = vec![1; count.into()];
    let mut on = ready(count);
    let all = claims(&mut on, 1..=count);
    let different = submit(&mut on.clone(), &all, &verdicts).unwrap().gas;
    let copied = submit(&mut on, &vec![all[0]; count.into()], &verdicts).unwrap().gas;
    (same.gas + different - copied) / u64::from(count)
}

/// The figures of the README's table.
#[test]
fn what_a_proof_of_a_batch_costs() {
    for circuit in ["standard-small", "scenario-medium"] {
        let story = stories::stored(circuit);
        for (count, most) in [(1, 500_000), (2, 375_000), (4, 320_000), (8, 290_000)] {
            let each = gas_each(&story, count);
            println!("{circuit}: submitProofs of {count}: {each} gas each");
            assert!(each < most, "{circuit}: {each} gas each of {count}");
        }
    }
}
