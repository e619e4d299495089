//! When circuits are accepted, and what their ends do to the clock.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::{Chain, circuit, digest, key, other_key};
use cosmwasm_std::Binary;
use zkmargin_cosmwasm::msg::{
    CircuitAnswer, CircuitsAnswer, Delays, ExecuteMsg, QueryMsg, Submission,
};
use zkmargin_verifier::bn254::VerifyingKey;

const HEALTHY: &str = "small-healthy.json";

fn add(key: Binary, valid_from: Option<u64>, valid_until: Option<u64>) -> ExecuteMsg {
    ExecuteMsg::AddCircuit { key, valid_from, valid_until }
}

fn page(chain: &Chain, start_after: Option<String>, limit: Option<u32>) -> Vec<CircuitAnswer> {
    chain.query::<CircuitsAnswer>(&QueryMsg::Circuits { start_after, limit }).circuits
}

#[test]
fn circuits_are_named_by_their_keys() {
    let mut chain = Chain::new(HEALTHY).ready();
    let all = page(&chain, None, None);
    let [only] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((only.circuit.clone(), only.name.as_str()), (circuit(), "standard-small"));
    assert_eq!(only.proof_bytes as usize, chain.given.proof.len());
    assert_eq!((only.valid_until, only.frozen_since), (None, None));
    let twice = chain.execute("governor", &add(key(), None, None)).unwrap_err();
    assert!(twice.contains("accepted already"), "{twice}");
    let other = digest(&other_key());
    let events = chain.execute("governor", &add(other_key(), None, None)).unwrap();
    assert_eq!(events, ["circuit-added"], "there was one without an end");
    let mut digests = [circuit(), other.clone()];
    digests.sort();
    assert_eq!(page(&chain, None, None).len(), 2);
    let second = page(&chain, Some(digests[0].clone()), Some(1));
    assert_eq!(second[0].circuit, digests[1]);
    let under_other = Submission { circuit: other, ..chain.submission() };
    assert!(!chain.query::<bool>(&QueryMsg::Verify(under_other)));
    let mut parts = VerifyingKey::from_bytes(&key()).unwrap().parts().clone();
    parts.system.public_inputs += 3;
    let wider = Binary::new(VerifyingKey::new(parts).unwrap().to_bytes());
    let refusal = chain.execute("governor", &add(wider, None, None)).unwrap_err();
    assert!(refusal.contains("has 12 public inputs, 9 are needed"), "{refusal}");
    let broken = add(Binary::new(b"zkmargin-vk".to_vec()), None, None);
    assert!(chain.execute("governor", &broken).unwrap_err().contains("verifying key: "));
}

#[test]
fn without_a_circuit_the_clock_stands_still() {
    let mut chain = Chain::new(HEALTHY).ready();
    let remove = ExecuteMsg::RemoveCircuit { circuit: circuit() };
    let events = chain.execute("governor", &remove).unwrap();
    assert_eq!(events, ["circuit-removed", "circuits-changed"]);
    let (clock, state) = (chain.state().clock, chain.state());
    assert_eq!((state.provable_now, state.standstill.as_deref()), (false, Some("circuits")));
    let msg = ExecuteMsg::SubmitProof(chain.submission());
    assert!(chain.execute("anyone", &msg).unwrap_err().contains("is not accepted"));
    chain.wait(50);
    assert_eq!(chain.state().clock, clock);
    let events = chain.execute("governor", &add(key(), None, None)).unwrap();
    assert_eq!(events, ["circuit-added", "circuits-changed"]);
    chain.wait(10);
    assert_eq!(chain.state().clock, clock + 10);
    assert_eq!(chain.execute("anyone", &msg).unwrap(), ["proof-accepted"]);
}

#[test]
fn a_frozen_circuit_stops_the_clock_until_the_governor_unfreezes_it() {
    let mut chain = Chain::new(HEALTHY).ready();
    let proof = ExecuteMsg::SubmitProof(chain.submission());
    let freeze = ExecuteMsg::FreezeCircuit { circuit: circuit() };
    let unfreeze = ExecuteMsg::UnfreezeCircuit { circuit: circuit() };
    assert!(chain.execute("governor", &unfreeze).unwrap_err().contains("is not frozen"));
    let events = chain.execute("guardian", &freeze).unwrap();
    assert_eq!(events, ["circuit-frozen", "circuits-changed"]);
    assert!(chain.execute("guardian", &freeze).unwrap_err().contains("is frozen"));
    assert!(chain.execute("anyone", &proof).unwrap_err().contains("is frozen"));
    let clock = chain.state().clock;
    assert_eq!(page(&chain, None, None)[0].frozen_since, Some(chain.now()));
    chain.wait(50);
    assert_eq!(chain.state().clock, clock);
    let events = chain.execute("governor", &unfreeze).unwrap();
    assert_eq!(events, ["circuit-unfrozen", "circuits-changed"]);
    assert_eq!(chain.execute("anyone", &proof).unwrap(), ["proof-accepted"]);
}

#[test]
fn circuits_begin_after_the_delay_and_end() {
    let mut chain = Chain::with(HEALTHY, |msg| {
        msg.delays = Delays { circuits: 60, models: 60 };
        msg.keys.clear();
    });
    chain.post_next();
    chain.execute("protocol", &ExecuteMsg::Register { account: chain.id(), owner: None }).unwrap();
    let (from, proof) = (chain.now() + 60, ExecuteMsg::SubmitProof(chain.submission()));
    for (valid_from, valid_until) in
        [(Some(from - 1), None), (None, Some(from)), (Some(from + 1), Some(from))]
    {
        let error = chain.execute("governor", &add(key(), valid_from, valid_until)).unwrap_err();
        assert!(error.contains(&format!("valid_from must be {from} or later")), "{error}");
    }
    let events = chain.execute("governor", &add(key(), None, Some(from + 30))).unwrap();
    assert_eq!(events, ["circuit-added"], "nothing can be verified yet");
    chain.wait(59);
    let early = chain.execute("anyone", &proof).unwrap_err();
    assert!(early.contains(&format!("is not accepted before {from}")), "{early}");
    let clock = chain.state().clock;
    chain.wait(1);
    assert!(chain.state().provable_now, "nobody had to say so");
    let retire = |valid_until| ExecuteMsg::RetireCircuit { circuit: circuit(), valid_until };
    for until in [from - 1, from + 30, from + 31] {
        let error = chain.execute("governor", &retire(until)).unwrap_err();
        assert!(error.contains("valid_until must be"), "{error}");
    }
    let events = chain.execute("governor", &retire(from + 20)).unwrap();
    assert_eq!(events, ["circuit-retired", "circuits-changed"]);
    chain.wait(20);
    assert_eq!(chain.execute("anyone", &proof).unwrap(), ["proof-accepted"]);
    chain.wait(1);
    assert_eq!(chain.state().clock, clock + 20);
    assert_eq!(chain.state().standstill.as_deref(), Some("circuits"));
    let mut again = chain;
    again.post_next();
    let late = ExecuteMsg::SubmitBreach(again.submission());
    assert!(again.execute("anyone", &late).unwrap_err().contains("wrong-side: "));
    let check = again.try_query::<bool>(&QueryMsg::CheckClaim(again.submission())).unwrap_err();
    assert!(check.contains(&format!("is not accepted since {}", from + 20)), "{check}");
}

/// One that the guardian froze while it waited begins when the governor says so.
#[test]
fn a_circuit_frozen_while_it_waits_does_not_begin() {
    let mut chain =
        Chain::with(HEALTHY, |msg| msg.delays = Delays { circuits: 60, models: 60 }).ready();
    let other = digest(&other_key());
    chain.execute("governor", &add(other_key(), None, None)).unwrap();
    let freeze = ExecuteMsg::FreezeCircuit { circuit: other.clone() };
    let events = chain.execute("guardian", &freeze).unwrap();
    assert_eq!(events, ["circuit-frozen"], "nobody relies on it");
    chain.wait(80);
    assert!(chain.state().provable_now);
    chain.execute("governor", &ExecuteMsg::UnfreezeCircuit { circuit: other.clone() }).unwrap();
    let begun = page(&chain, None, None).into_iter().find(|answer| answer.circuit == other);
    assert_eq!(begun.unwrap().valid_from, chain.now());
}
