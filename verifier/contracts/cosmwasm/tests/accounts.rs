//! Accounts on a simulated chain, with real proofs.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::kzg_vectors::{Edit, Verdict};
use common::{Chain, ESCAPE_AFTER, circuit, holder, read, submission, vectors};
use cosmwasm_std::Binary;
use zkmargin_cosmwasm::msg::{
    AccountsAnswer, BatchedProof, ClaimAnswer, ExecuteMsg, ProofBatch, QueryMsg, StandingAnswer,
};

#[test]
fn a_proof_keeps_an_account_current() {
    let mut chain = Chain::new("small-healthy.json").ready();
    assert_eq!(chain.account().status.state, "unproven");
    assert!(!chain.may_increase_risk("margin-call", 1_000));
    let msg = ExecuteMsg::SubmitProof(chain.submission());
    assert_eq!(chain.execute("anyone", &msg).unwrap(), ["proof-accepted"]);
    let account = chain.account();
    assert_eq!(account.status.state, "current");
    assert_eq!(account.status.level.as_deref(), Some("initial"));
    assert_eq!(account.last_epoch, chain.claim.epoch.get());
    assert_eq!(account.owner, Some(holder("owner").to_string()));
    // Sent again, as by somebody who wants a bundle to fail: nothing happens.
    assert!(chain.execute("anyone", &msg).unwrap().is_empty());
    chain.given = vectors("small-healthy.json").given(&Edit::Cut(64));
    let msg = ExecuteMsg::SubmitProof(chain.submission());
    assert!(chain.execute("anyone", &msg).unwrap().is_empty(), "what it claims is on record");
}

#[test]
fn a_lender_is_told_what_the_engine_sees() {
    let mut chain = Chain::new("small-healthy.json").ready();
    let check = QueryMsg::CheckClaim(chain.submission());
    let claim: ClaimAnswer = chain.query(&check);
    assert_eq!((claim.account, claim.claim.as_str()), (chain.id(), "at-least:initial"));
    chain.execute("anyone", &ExecuteMsg::SubmitProof(chain.submission())).unwrap();
    assert!(chain.may_increase_risk("initial", 0));
    chain.wait(60);
    assert!(!chain.may_increase_risk("initial", 59));
    assert!(chain.may_increase_risk("maintenance", 60));
    let facts: StandingAnswer = chain.query(&QueryMsg::Standing { account: chain.id() });
    assert_eq!((facts.market_age, facts.stale, facts.provable_now), (Some(60), false, true));
    // A silent publisher: nobody is called for it, and nobody may borrow.
    chain.wait(3_600);
    assert!(!chain.may_increase_risk("margin-call", 1_000_000));
    let facts: StandingAnswer = chain.query(&QueryMsg::Standing { account: chain.id() });
    assert_eq!((facts.status.state.as_str(), facts.overdue), ("current", false));
    assert_eq!((facts.stale, facts.standstill.as_deref()), (true, Some("stale")));
    let stale = chain.try_query::<ClaimAnswer>(&check).unwrap_err();
    assert!(stale.contains("snapshot-stale: "), "{stale}");
}

#[test]
fn a_claim_is_checked_with_its_proof() {
    let mut chain = Chain::new("small-healthy.json").ready();
    let vectors = vectors("small-healthy.json");
    let ask = |chain: &Chain, edit: &Edit| {
        let submission = submission(&vectors.given(edit));
        chain.try_query::<ClaimAnswer>(&QueryMsg::CheckClaim(submission))
    };
    assert!(ask(&chain, &Edit::Nothing).is_ok());
    assert!(ask(&chain, &Edit::Cut(64)).unwrap_err().contains("proof: "));
    let pause = ExecuteMsg::Pause { until: chain.now() + 10 };
    chain.execute("guardian", &pause).unwrap();
    assert!(ask(&chain, &Edit::Nothing).unwrap_err().contains("halted: "));
}

#[test]
fn a_breach_calls_and_the_deadline_passes() {
    let mut chain = Chain::new("small-breach.json").ready();
    let wrong = ExecuteMsg::SubmitProof(chain.submission());
    assert!(chain.execute("anyone", &wrong).unwrap_err().contains("wrong-side"));
    let msg = ExecuteMsg::SubmitBreach(chain.submission());
    assert_eq!(chain.execute("anyone", &msg).unwrap(), ["called"]);
    let status = chain.account().status;
    assert_eq!((status.state.as_str(), status.reason.as_deref()), ("called", Some("breach")));
    assert_eq!(status.shortfall, Some(chain.claim.disclosed.get().to_string()));
    assert!(chain.execute("anyone", &msg).unwrap().is_empty(), "nothing new");
    // The clock runs while the snapshot is fresh: a new one every minute.
    for _ in 0..10 {
        chain.wait(60);
        chain.post_next();
    }
    let account = chain.id();
    let status = chain.account().status;
    assert_eq!((status.state.as_str(), status.reason.as_deref()), ("liquidatable", Some("breach")));
    let mark = ExecuteMsg::MarkLiquidatable { account: account.clone() };
    assert_eq!(chain.execute("anyone", &mark).unwrap(), ["liquidatable"]);
    let close = ExecuteMsg::Close { account };
    assert_eq!(chain.execute("protocol", &close).unwrap(), ["closed"]);
}

#[test]
fn every_tampered_proof_is_refused_and_changes_nothing() {
    let vectors = vectors("small-healthy.json");
    let mut chain = Chain::new("small-healthy.json").ready();
    let same_key = vectors.cases.iter().filter(|case| !matches!(case.edit, Edit::Key(_)));
    for case in same_key.filter(|case| case.verdict != Verdict::Valid) {
        let submission = submission(&vectors.given(&case.edit));
        let error = chain.execute("anyone", &ExecuteMsg::SubmitProof(submission)).unwrap_err();
        let changed = matches!(case.edit, Edit::PublicInput { .. } | Edit::PublicInputs(_));
        assert!(changed || error.contains("proof: "), "{}: {error}", case.name);
        assert_eq!(chain.account().status.state, "unproven", "{}", case.name);
    }
    // The proof alone, whatever the registry's state.
    let verify =
        |edit: &Edit| -> bool { chain.query(&QueryMsg::Verify(submission(&vectors.given(edit)))) };
    assert!(verify(&Edit::Nothing));
    assert!(!verify(&Edit::Cut(64)));
}

fn batch(files: &[(&str, Edit)]) -> ExecuteMsg {
    let proof = |(file, edit): &(&str, Edit)| {
        let given = vectors(file).given(edit);
        let public_inputs = Binary::new(given.public_inputs.concat());
        BatchedProof { public_inputs, proof: Binary::new(given.proof) }
    };
    let proofs = files.iter().map(proof).collect();
    ExecuteMsg::SubmitProofs(ProofBatch { circuit: circuit(), proofs })
}

#[test]
fn a_batch_takes_what_it_can_if_all_is_proved() {
    let (healthy, breach) = ("small-healthy.json", "small-breach.json");
    let mut chain = Chain::new(healthy).ready();
    let bent = batch(&[(healthy, Edit::Nothing), (breach, Edit::Cut(64))]);
    let error = chain.execute("anyone", &bent).unwrap_err();
    assert!(error.contains("proof 2 of the batch: "), "{error}");
    assert_eq!(chain.account().status.state, "unproven", "all or nothing is proved");

    let both = batch(&[(breach, Edit::Nothing), (healthy, Edit::Nothing)]);
    let response = chain.response("anyone", &both).unwrap();
    let names: Vec<_> = response.events.iter().map(|event| event.ty.as_str()).collect();
    let refused = "wasm-zkmargin-proof-refused";
    assert!(names.ends_with(&[refused, "wasm-zkmargin-proof-accepted"]), "{names:?}");
    let refused = response.events.iter().find(|event| event.ty == refused).unwrap();
    let told = |name: &str| {
        let attribute = refused.attributes.iter().find(|attribute| attribute.key == name);
        attribute.unwrap().value.clone()
    };
    let breached = read(&vectors(breach).given(&Edit::Nothing));
    assert_eq!(told("account"), breached.account.to_string());
    assert_eq!(told("epoch"), breached.epoch.get().to_string());
    assert_eq!(told("code"), "wrong-side");
    // Now on record: neither verified nor announced again.
    let again = batch(&[(healthy, Edit::Cut(64)), (healthy, Edit::Nothing)]);
    assert!(chain.execute("anyone", &again).unwrap().is_empty());

    let many = vec![(healthy, Edit::Nothing); 17];
    let error = chain.execute("anyone", &batch(&many)).unwrap_err();
    assert!(error.contains("17 proofs in a batch: allowed are 1 to 16"), "{error}");
    assert!(chain.execute("anyone", &batch(&[])).unwrap_err().contains("0 proofs in a batch"));
}

#[test]
fn a_batch_of_sixteen_costs_one_pairing() {
    let mut chain = Chain::new("small-healthy.json").ready();
    let all = batch(&vec![("small-healthy.json", Edit::Nothing); 16]);
    assert_eq!(chain.execute("anyone", &all).unwrap(), ["proof-accepted"]);
}

#[test]
fn an_owner_leaves_a_registry_that_stands_still() {
    let mut chain = Chain::new("small-healthy.json").ready();
    let escape = ExecuteMsg::Escape { account: chain.id() };
    let refused = chain.execute("owner", &escape).unwrap_err();
    assert!(refused.contains("not-stuck: "), "{refused}");
    chain.wait(100 + ESCAPE_AFTER);
    assert!(chain.execute("owner", &escape).unwrap_err().contains("not-stuck: "));
    chain.wait(1);
    assert!(chain.execute("protocol", &escape).unwrap_err().contains("only the owner"));
    assert_eq!(chain.execute("owner", &escape).unwrap(), ["escaped"]);
    assert_eq!(chain.account().status.state, "closed");
    // Registered again, without an owner.
    let register = ExecuteMsg::Register { account: chain.id(), owner: None };
    assert_eq!(chain.execute("protocol", &register).unwrap(), ["registered"]);
    assert_eq!(chain.account().owner, None);
    assert!(chain.execute("owner", &escape).unwrap_err().contains("only the owner"));
}

#[test]
fn accounts_come_in_pages() {
    let mut chain = Chain::new("small-healthy.json");
    let id = |number: u8| format!("0x{}", hex::encode([number; 20]));
    for number in 1..=12 {
        let register = ExecuteMsg::Register { account: id(number), owner: None };
        chain.execute("protocol", &register).unwrap();
    }
    let page = |start_after, limit| -> Vec<String> {
        let answer: AccountsAnswer = chain.query(&QueryMsg::Accounts { start_after, limit });
        answer.accounts.into_iter().map(|account| account.account).collect()
    };
    let numbers = |range: std::ops::RangeInclusive<u8>| range.map(id).collect::<Vec<_>>();
    assert_eq!(page(None, None), numbers(1..=10));
    assert_eq!(page(Some(id(10)), None), numbers(11..=12));
    assert_eq!(page(Some(id(3)), Some(2)), numbers(4..=5));
    assert_eq!(page(None, Some(999)).len(), 12);
    let bad = QueryMsg::Accounts { start_after: Some("0x12".to_owned()), limit: None };
    assert!(chain.try_query::<AccountsAnswer>(&bad).unwrap_err().contains("start_after: "));
}
