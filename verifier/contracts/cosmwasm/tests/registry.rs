//! Roles, epochs, models and the registry's beginning on a simulated chain.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::kzg_vectors::Edit;
use common::{Chain, MAX_PAUSE, circuit, holder, key, read, signing, start, vectors};
use cosmwasm_std::{Api as _, coins};
use cw_multi_test::Executor;
use zkmargin_cosmwasm::msg::{
    Delays, EpochAnswer, ExecuteMsg, ModelAnswer, ModelsAnswer, PolicyAnswer, QueryMsg, Role,
    RolesAnswer, Signers,
};
use zkmargin_cosmwasm::state::LAYOUT;
use zkmargin_margin::ids::{ContextId, ModelDigest};

const HEALTHY: &str = "small-healthy.json";

fn model() -> String {
    "0x".to_owned() + &"7".repeat(62)
}

#[test]
fn only_holders_of_roles() {
    let mut chain = Chain::new(HEALTHY);
    chain.post_next();
    let (account, model, circuit) = (chain.id(), model(), circuit());
    let (epoch, market_root) = (chain.claim.epoch.get(), chain.claim.market_root.to_string());
    let until = chain.now() + 10;
    let cases = [
        ("governor", ExecuteMsg::AnnounceModel { model: model.clone() }),
        ("governor", ExecuteMsg::AcceptModel { model: model.clone() }),
        ("guardian", ExecuteMsg::RevokeModel { model }),
        ("guardian", ExecuteMsg::FreezeCircuit { circuit: circuit.clone() }),
        ("governor", ExecuteMsg::UnfreezeCircuit { circuit: circuit.clone() }),
        ("governor", ExecuteMsg::RetireCircuit { circuit: circuit.clone(), valid_until: until }),
        ("governor", ExecuteMsg::RemoveCircuit { circuit }),
        ("governor", ExecuteMsg::AddCircuit { key: key(), valid_from: None, valid_until: None }),
        ("governor", ExecuteMsg::SetSigners { signers: signing::two_of_three() }),
        ("protocol", ExecuteMsg::Register { account: account.clone(), owner: None }),
        ("protocol", ExecuteMsg::Close { account }),
        ("guardian", ExecuteMsg::Pause { until }),
        ("guardian", ExecuteMsg::Resume { epoch, market_root: market_root.clone() }),
        ("guardian", ExecuteMsg::RejectEpoch { epoch, market_root }),
        ("governor", ExecuteMsg::ProposeRole { role: Role::Guardian, holder: None }),
    ];
    for (role, msg) in cases {
        let allowed = |other: &str| other == role || (role == "guardian" && other == "governor");
        for other in ["governor", "protocol", "guardian", "anyone"] {
            if !allowed(other) {
                let error = chain.execute(other, &msg).unwrap_err();
                assert!(error.contains("only the"), "{error}");
            }
        }
        chain.execute(role, &msg).unwrap();
    }
}

#[test]
fn roles_are_offered_and_taken() {
    let mut chain = Chain::new(HEALTHY);
    let propose = |name: Option<&str>| ExecuteMsg::ProposeRole {
        role: Role::Governor,
        holder: name.map(|name| holder(name).into()),
    };
    let accept = ExecuteMsg::AcceptRole { role: Role::Governor };
    assert!(chain.execute("new", &accept).unwrap_err().contains("was not offered"));
    assert_eq!(chain.execute("governor", &propose(Some("new"))).unwrap(), ["role-proposed"]);
    let roles: RolesAnswer = chain.query(&QueryMsg::Roles {});
    assert_eq!(roles.holders.governor, holder("governor").to_string());
    assert_eq!(roles.next_governor, Some(holder("new").to_string()));
    assert!(chain.execute("guardian", &accept).unwrap_err().contains("was not offered"));
    chain.execute("governor", &propose(None)).unwrap();
    assert!(chain.execute("new", &accept).unwrap_err().contains("was not offered"));
    chain.execute("governor", &propose(Some("new"))).unwrap();
    assert_eq!(chain.execute("new", &accept).unwrap(), ["role-accepted"]);
    let roles: RolesAnswer = chain.query(&QueryMsg::Roles {});
    assert_eq!((roles.holders.governor, roles.next_governor), (holder("new").to_string(), None));
    assert!(chain.execute("new", &accept).unwrap_err().contains("was not offered"), "once");
    assert!(chain.execute("governor", &propose(None)).unwrap_err().contains("only the Governor"));
}

/// A guardian alone halts for a part of the time only.
#[test]
fn a_guardians_pause_ends_unless_the_governor_renews_it() {
    let mut chain = Chain::new(HEALTHY).ready();
    let pause = |chain: &Chain, seconds: u64| ExecuteMsg::Pause { until: chain.now() + seconds };
    let too_long = pause(&chain, MAX_PAUSE + 1);
    assert!(chain.execute("guardian", &too_long).unwrap_err().contains("pause-too-long: "));
    let first = pause(&chain, 60);
    let waits = chain.now() + 60 + MAX_PAUSE;
    assert_eq!(chain.execute("guardian", &first).unwrap(), ["halted"]);
    assert_eq!(chain.state().halted.as_deref(), Some("paused"));
    let renewed = pause(&chain, 90);
    let error = chain.execute("guardian", &renewed).unwrap_err();
    assert!(error.contains(&format!("may pause again from {waits} on")), "{error}");
    assert_eq!(chain.execute("governor", &renewed).unwrap(), ["halted"]);
    chain.wait(91);
    assert_eq!(chain.state().halted, None, "by itself");
    chain.wait(waits - chain.now() - 1);
    let again = pause(&chain, 60);
    assert!(chain.execute("guardian", &again).unwrap_err().contains("may pause again"));
    chain.wait(1);
    let roles: RolesAnswer = chain.query(&QueryMsg::Roles {});
    assert_eq!(roles.guardian_may_pause_from, chain.now());
    assert_eq!(chain.execute("guardian", &again).unwrap(), ["halted"]);
}

#[test]
fn anyone_brings_an_epoch_and_its_signers_attest_it() {
    let mut chain = Chain::new(HEALTHY);
    let (post, context) = (chain.post(), chain.claim.context);
    let refused = |chain: &mut Chain, signatures: Vec<String>| {
        let msg = ExecuteMsg::PostEpoch { post: post.clone(), signatures };
        chain.execute("anyone", &msg).unwrap_err()
    };
    let by = |numbers: &[usize]| signing::sign(context, &post, numbers);
    let cases = [
        (by(&[]), "signed by 0 of 3 signers: 2 are needed"),
        (by(&[1]), "signed by 1 of 3 signers: 2 are needed"),
        (by(&[0, 3]), "who is no signer of this market"),
        (by(&[1, 0]), "is not in strictly ascending order"),
        (by(&[1, 1]), "is not in strictly ascending order"),
        (vec![by(&[0])[0].clone(), signing::with_high_s(&by(&[1])[0])], "upper half"),
        (vec!["0x12".to_owned()], "signatures: "),
    ];
    for (signatures, words) in cases {
        let error = refused(&mut chain, signatures);
        assert!(error.contains(words), "{error}");
    }
    let mut without_v = by(&[0, 2]);
    without_v[1].truncate(130);
    without_v[1].push_str("01");
    assert!(refused(&mut chain, without_v).contains("v is 1: allowed are 27 and 28"));
    // Signed for another market: somebody's signatures, and no signer's.
    let elsewhere = ContextId::derive("other", 1, [0; 20]);
    let error = refused(&mut chain, signing::sign(elsewhere, &post, &[0, 1]));
    assert!(error.contains("or the epoch was changed after it was signed"), "{error}");
    let msg = ExecuteMsg::PostEpoch { post: post.clone(), signatures: by(&[0, 2]) };
    assert_eq!(chain.execute("anyone", &msg).unwrap(), ["epoch-posted"]);
    assert!(chain.execute("anyone", &msg).unwrap_err().contains("epoch-not-next: "));

    let one = Signers { threshold: 1, signers: signing::two_of_three().signers };
    chain.execute("governor", &ExecuteMsg::SetSigners { signers: one.clone() }).unwrap();
    assert_eq!(chain.query::<Signers>(&QueryMsg::Signers {}), one);
    chain.wait(10);
    let next = chain.post();
    let signatures = signing::sign(context, &next, &[2]);
    chain.execute("anyone", &ExecuteMsg::PostEpoch { post: next, signatures }).unwrap();
    let mut none = one;
    none.signers.reverse();
    let error = chain.execute("governor", &ExecuteMsg::SetSigners { signers: none }).unwrap_err();
    assert!(error.contains("signers: signers must be in strictly ascending order"), "{error}");
}

#[test]
fn models_are_announced_first() {
    let mut chain = Chain::with(HEALTHY, |msg| msg.delays = Delays { circuits: 60, models: 600 });
    let (announce, accept, revoke) = (
        ExecuteMsg::AnnounceModel { model: model() },
        ExecuteMsg::AcceptModel { model: model() },
        ExecuteMsg::RevokeModel { model: model() },
    );
    let ask = |chain: &Chain| chain.query::<ModelAnswer>(&QueryMsg::Model { model: model() });
    assert!(chain.execute("governor", &accept).unwrap_err().contains("must be announced first"));
    assert_eq!(chain.execute("governor", &announce).unwrap(), ["model-announced"]);
    let from = chain.now() + 600;
    assert_eq!(ask(&chain), ModelAnswer { accepted: false, acceptable_from: Some(from) });
    chain.wait(599);
    let early = chain.execute("governor", &accept).unwrap_err();
    assert!(early.contains(&format!("can be accepted from {from} on")), "{early}");
    // The guardian withdraws it, and the notice begins anew.
    assert_eq!(chain.execute("guardian", &revoke).unwrap(), ["model-announced"]);
    assert!(chain.execute("guardian", &revoke).unwrap_err().contains("model-not-accepted: "));
    chain.wait(1);
    assert!(chain.execute("governor", &accept).unwrap_err().contains("must be announced first"));
    chain.execute("governor", &announce).unwrap();
    chain.wait(600);
    assert_eq!(chain.execute("governor", &accept).unwrap(), ["model-accepted"]);
    assert_eq!(ask(&chain), ModelAnswer { accepted: true, acceptable_from: None });
    for msg in [&announce, &accept] {
        let error = chain.execute("governor", msg).unwrap_err();
        assert!(error.contains("model-already-accepted: "), "{error}");
    }
    let mut models = vec![model(), chain.claim.model.to_string()];
    models.sort();
    let page = |start_after: Option<String>, limit| -> Vec<String> {
        chain.query::<ModelsAnswer>(&QueryMsg::Models { start_after, limit }).models
    };
    assert_eq!(page(None, None), models);
    assert_eq!(page(Some(models[0].clone()), Some(1)), models[1..]);
    assert_eq!(chain.execute("guardian", &revoke).unwrap(), ["model-revoked"]);
}

/// Chain, address and name make the context: nobody gives it.
#[test]
fn the_context_is_derived() {
    let given = vectors(HEALTHY).given(&Edit::Nothing);
    let msg = start(&read(&given));
    let chain = Chain::begun(read(&given), given.clone(), &msg).unwrap();
    let policy: PolicyAnswer = chain.query(&QueryMsg::Policy {});
    let address = chain.app.api().addr_canonicalize(chain.contract.as_str()).unwrap();
    let id = chain.app.block_info().chain_id;
    let expected = ContextId::derive_cosmwasm("venue", &id, &address);
    // As README has it.
    let mut bytes = b"zkmargin cosmwasm\x00\x02".to_vec();
    for part in [id.as_bytes(), &address] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    bytes.extend(b"venue");
    assert_eq!(expected.as_bytes(), ModelDigest::of(&bytes).as_bytes());
    assert_eq!((policy.context, policy.chain), (expected.to_string(), id));
    assert_eq!((policy.name.as_str(), policy.terms), ("venue", msg.terms));
    // The stored proof is for another one.
    let mut chain = chain;
    let post = chain.post();
    let signatures = signing::sign(expected, &post, &[0, 1]);
    chain.execute("anyone", &ExecuteMsg::PostEpoch { post, signatures }).unwrap();
    chain.execute("protocol", &ExecuteMsg::Register { account: chain.id(), owner: None }).unwrap();
    let msg = ExecuteMsg::SubmitProof(chain.submission());
    assert!(chain.execute("anyone", &msg).unwrap_err().contains("wrong-context: "));
}

#[test]
fn a_registry_that_is_not_for_tests_has_delays_and_secret_powers_of_tau() {
    let given = vectors(HEALTHY).given(&Edit::Nothing);
    let claim = read(&given);
    type Change = fn(&mut zkmargin_cosmwasm::msg::InstantiateMsg);
    let real: Change = |msg| {
        msg.for_tests = false;
        msg.delays = Delays { circuits: 86_400, models: 604_800 };
    };
    let cases: [(Change, &str); 8] = [
        (|_| {}, "for tests, which this registry refuses"),
        (|msg| msg.delays.circuits = 0, "delays.circuits is 0 seconds"),
        (|msg| msg.delays.models = 0, "delays.models is 0 seconds"),
        (|msg| msg.delays.models = u64::MAX, "allowed are 1 to 31622400"),
        (|msg| msg.name.clear(), "name: 0 bytes"),
        (|msg| msg.terms.max_snapshot_age = 0, "max_snapshot_age is 0"),
        (|msg| msg.terms.required_level = "high".to_owned(), "terms: unknown variant `high`"),
        (|msg| msg.signers.threshold = 4, "threshold 4: allowed are 1 to 3"),
    ];
    for (change, words) in cases {
        let mut msg = start(&claim);
        real(&mut msg);
        change(&mut msg);
        let Err(error) = Chain::begun(claim, given.clone(), &msg) else { panic!("{words}") };
        assert!(error.contains(words), "{error}");
    }
    let mut msg = start(&claim);
    real(&mut msg);
    msg.keys.clear();
    assert!(Chain::begun(claim, given, &msg).is_ok());
    // A limit that is not said is a mistake, and no limit.
    let mut terms = serde_json::to_value(&msg.terms).unwrap();
    terms.as_object_mut().unwrap().remove("max_price_move_bps");
    let error = serde_json::from_value::<zkmargin_cosmwasm::msg::Terms>(terms).unwrap_err();
    assert!(error.to_string().contains("missing field `max_price_move_bps`"), "{error}");
}

#[test]
fn answers_migrates_and_takes_no_coins() {
    let mut chain = Chain::new(HEALTHY).ready();
    let state = chain.state();
    assert_eq!((state.meta.latest, state.clock), (chain.claim.epoch.get(), chain.now()));
    let epoch: EpochAnswer = chain.query(&QueryMsg::Epoch { epoch: chain.claim.epoch.get() });
    let epoch = epoch.epoch.unwrap();
    assert_eq!(
        (epoch.state_root, epoch.state),
        (chain.claim.state_root.to_string(), "posted".into())
    );
    let none: EpochAnswer = chain.query(&QueryMsg::Epoch { epoch: 99 });
    assert_eq!(none.epoch, None);

    chain.migrate().unwrap();
    assert_eq!(chain.account().status.state, "unproven");
    // What the engine's version 1 left behind.
    let contract = chain.contract.clone();
    LAYOUT.remove(chain.app.contract_storage_mut(&contract).as_mut());
    let error = chain.migrate().unwrap_err();
    assert!(error.contains("cannot migrate a state of layout 1: this version has"), "{error}");
    assert!(error.contains("instantiate a new registry"), "{error}");

    let until = chain.now() + 1;
    let paid = chain.app.execute_contract(
        holder("rich"),
        chain.contract.clone(),
        &ExecuteMsg::Pause { until },
        &coins(1, "atom"),
    );
    assert!(format!("{:?}", paid.unwrap_err()).contains("no coins"));
    let bad = ExecuteMsg::Register { account: "0x12".to_owned(), owner: None };
    assert!(chain.execute("protocol", &bad).unwrap_err().contains("account: "));
}
