//! The registry on a simulated chain, with real proofs.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../../../tests/common/kzg_vectors.rs"]
#[allow(unused_qualifications)]
mod kzg_vectors;

use cosmwasm_std::{Addr, Binary, coins};
use cw_multi_test::{App, AppBuilder, ContractWrapper, Executor, IntoAddr};
use kzg_vectors::{Edit, Given, Verdict};
use zkmargin_cosmwasm::contract::{execute, instantiate, migrate, query};
use zkmargin_cosmwasm::msg::{
    AccountAnswer, CircuitsAnswer, EpochAnswer, EpochPost, ExecuteMsg, InstantiateMsg, MigrateMsg,
    Policy, PolicyAnswer, QueryMsg, Role, Roles, StateAnswer, Submission,
};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::ClaimData;

struct Chain {
    app: App,
    contract: Addr,
    code: u64,
    claim: ClaimData,
    given: Given,
}

fn holder(role: &str) -> Addr {
    role.into_addr()
}

fn key() -> Binary {
    Binary::new(kzg_vectors::file("small.vk"))
}

fn circuit() -> String {
    VerifyingKey::from_bytes(&key()).unwrap().digest().to_string()
}

fn vectors(name: &str) -> kzg_vectors::Vectors {
    let all = kzg_vectors::stored();
    all.into_iter().find(|(file, _)| file == name).unwrap().1
}

fn policy(claim: &ClaimData) -> Policy {
    Policy {
        context: claim.context.to_string(),
        models: vec![claim.model.to_string()],
        required_level: "initial".to_owned(),
        breach_level: "initial".to_owned(),
        cure_level: "initial".to_owned(),
        proof_window: 1_000,
        cure_period: 400,
        max_snapshot_age: 100,
        max_price_move_bps: None,
    }
}

impl Chain {
    /// A registry for the stored proof's epoch and account, not yet posted and
    /// registered.
    fn new(file: &str) -> Self {
        let given = vectors(file).given(&Edit::Nothing);
        let bytes = given.public_inputs.concat();
        let instance = MarginInstance::<Bn254Fr>::from_bytes(&bytes).unwrap();
        let claim = ClaimData::from(&instance);
        let mut app = AppBuilder::new().build(|router, _, storage| {
            router.bank.init_balance(storage, &holder("rich"), coins(9, "atom")).unwrap();
        });
        let wrapper =
            ContractWrapper::new_with_empty(execute, instantiate, query).with_migrate(migrate);
        let code = app.store_code(Box::new(wrapper));
        let msg = InstantiateMsg {
            policy: policy(&claim),
            roles: Roles {
                governor: holder("governor").into(),
                publisher: holder("publisher").into(),
                protocol: holder("protocol").into(),
                guardian: holder("guardian").into(),
            },
            keys: vec![key()],
            insecure_srs_allowed: true,
        };
        let admin = holder("governor");
        let contract = app
            .instantiate_contract(code, admin.clone(), &msg, &[], "registry", Some(admin.into()))
            .unwrap();
        Self { app, contract, code, claim, given }
    }

    fn execute(&mut self, sender: &str, msg: &ExecuteMsg) -> Result<Vec<String>, String> {
        let response = self
            .app
            .execute_contract(holder(sender), self.contract.clone(), msg, &[])
            .map_err(|error| format!("{error:?}"))?;
        let events = response.events.iter().map(|event| event.ty.clone());
        Ok(events.filter_map(|ty| ty.strip_prefix("wasm-zkmargin-").map(str::to_owned)).collect())
    }

    fn query<T: serde::de::DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.contract, msg).unwrap()
    }

    fn account(&self) -> AccountAnswer {
        self.query(&QueryMsg::Account { account: self.claim.account.to_string() })
    }

    fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    fn post(&self) -> EpochPost {
        EpochPost {
            epoch: self.claim.epoch.get(),
            state_root: self.claim.state_root.to_string(),
            market_root: self.claim.market_root.to_string(),
            model: self.claim.model.to_string(),
            market_timestamp: self.now(),
            price_move_bps: None,
        }
    }

    /// Posts the proof's epoch and registers its account.
    fn ready(mut self) -> Self {
        let post = ExecuteMsg::PostEpoch(self.post());
        assert_eq!(self.execute("publisher", &post).unwrap(), ["epoch-posted"]);
        let account = self.claim.account.to_string();
        let register = ExecuteMsg::Register { account };
        assert_eq!(self.execute("protocol", &register).unwrap(), ["registered"]);
        self
    }
}

fn submission(given: &Given) -> Submission {
    Submission {
        circuit: circuit(),
        public_inputs: Binary::new(given.public_inputs.concat()),
        proof: Binary::new(given.proof.clone()),
    }
}

#[test]
fn a_proof_keeps_an_account_current() {
    let mut chain = Chain::new("small-healthy.json").ready();
    assert_eq!(chain.account().status.state, "unproven");
    let msg = ExecuteMsg::SubmitProof(submission(&chain.given));
    assert_eq!(chain.execute("anyone", &msg).unwrap(), ["proof-accepted"]);
    let account = chain.account();
    assert_eq!(account.status.state, "current");
    assert_eq!(account.status.level.as_deref(), Some("initial"));
    assert!(account.in_good_standing && !account.overdue);
    let again = chain.execute("anyone", &msg).unwrap_err();
    assert!(again.contains("replayed"), "{again}");
}

#[test]
fn a_breach_calls_and_the_deadline_passes() {
    let mut chain = Chain::new("small-breach.json").ready();
    let wrong = ExecuteMsg::SubmitProof(submission(&chain.given));
    assert!(chain.execute("anyone", &wrong).unwrap_err().contains("wrong-side"));
    let msg = ExecuteMsg::SubmitBreach(submission(&chain.given));
    assert_eq!(chain.execute("anyone", &msg).unwrap(), ["called"]);
    let status = chain.account().status;
    assert_eq!((status.state.as_str(), status.reason.as_deref()), ("called", Some("breach")));
    assert_eq!(status.shortfall, Some(chain.claim.disclosed.get().to_string()));
    // The clock runs while the snapshot is fresh: a new one every minute.
    for epoch in 8..18 {
        chain.app.update_block(|block| block.time = block.time.plus_seconds(60));
        let post = EpochPost { epoch, ..chain.post() };
        chain.execute("publisher", &ExecuteMsg::PostEpoch(post)).unwrap();
    }
    let account = chain.claim.account.to_string();
    assert_eq!(chain.account().status.state, "liquidatable");
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

#[test]
fn only_holders_of_roles() {
    let mut chain = Chain::new("small-healthy.json");
    let (account, model) = (chain.claim.account.to_string(), "0x".to_owned() + &"7".repeat(62));
    let cases = [
        ("governor", ExecuteMsg::AcceptModel { model: model.clone() }),
        ("governor", ExecuteMsg::RevokeModel { model }),
        ("governor", ExecuteMsg::RemoveCircuit { circuit: circuit() }),
        ("governor", ExecuteMsg::AddCircuit { key: key() }),
        ("publisher", ExecuteMsg::PostEpoch(chain.post())),
        ("protocol", ExecuteMsg::Register { account: account.clone() }),
        ("protocol", ExecuteMsg::Close { account }),
        ("guardian", ExecuteMsg::Pause {}),
        ("guardian", ExecuteMsg::Resume {}),
        ("governor", ExecuteMsg::SetRole { role: Role::Guardian, holder: holder("new").into() }),
    ];
    for (role, msg) in cases {
        for other in ["governor", "publisher", "protocol", "guardian", "anyone"] {
            if other != role {
                let error = chain.execute(other, &msg).unwrap_err();
                assert!(error.contains("NotAllowed") || error.contains("only the"), "{error}");
            }
        }
        chain.execute(role, &msg).unwrap();
    }
    let roles: Roles = chain.query(&QueryMsg::Roles {});
    assert_eq!(roles.guardian, holder("new").to_string());
    assert!(chain.execute("guardian", &ExecuteMsg::Pause {}).is_err());
    chain.execute("new", &ExecuteMsg::Pause {}).unwrap();
}

#[test]
fn circuits_are_named_by_their_keys() {
    let mut chain = Chain::new("small-healthy.json").ready();
    let answer: CircuitsAnswer = chain.query(&QueryMsg::Circuits {});
    let [only] = answer.circuits.as_slice() else { panic!("{answer:?}") };
    assert_eq!((only.circuit.clone(), only.name.as_str()), (circuit(), "standard-small"));
    assert_eq!(only.proof_bytes as usize, chain.given.proof.len());
    let twice = chain.execute("governor", &ExecuteMsg::AddCircuit { key: key() }).unwrap_err();
    assert!(twice.contains("accepted already"), "{twice}");
    let other = Binary::new(kzg_vectors::file("small-other-tau.vk"));
    let other_circuit = VerifyingKey::from_bytes(&other).unwrap().digest().to_string();
    chain.execute("governor", &ExecuteMsg::AddCircuit { key: other }).unwrap();
    let under_other = Submission { circuit: other_circuit, ..submission(&chain.given) };
    assert!(!chain.query::<bool>(&QueryMsg::Verify(under_other)));
    let remove = ExecuteMsg::RemoveCircuit { circuit: circuit() };
    assert_eq!(chain.execute("governor", &remove).unwrap(), ["circuit-removed"]);
    let msg = ExecuteMsg::SubmitProof(submission(&chain.given));
    assert!(chain.execute("anyone", &msg).unwrap_err().contains("is not accepted"));
    let mut parts = VerifyingKey::from_bytes(&key()).unwrap().parts().clone();
    parts.system.public_inputs += 1;
    let wider = Binary::new(VerifyingKey::new(parts).unwrap().to_bytes());
    let refusal = chain.execute("governor", &ExecuteMsg::AddCircuit { key: wider }).unwrap_err();
    assert!(refusal.contains("has 9 public inputs, 8 are needed"), "{refusal}");
    let broken = ExecuteMsg::AddCircuit { key: Binary::new(b"zkmargin-vk".to_vec()) };
    assert!(chain.execute("governor", &broken).unwrap_err().contains("verifying key: "));
}

#[test]
fn keys_for_tests_need_a_registry_for_tests() {
    let mut chain = Chain::new("small-healthy.json");
    let msg = InstantiateMsg {
        policy: policy(&chain.claim),
        roles: chain.query(&QueryMsg::Roles {}),
        keys: vec![key()],
        insecure_srs_allowed: false,
    };
    let admin = holder("governor");
    let error =
        chain.app.instantiate_contract(chain.code, admin, &msg, &[], "r", None).unwrap_err();
    assert!(format!("{error:?}").contains("for tests"), "{error:?}");
}

#[test]
fn answers_migrates_and_takes_no_coins() {
    let mut chain = Chain::new("small-healthy.json").ready();
    let answer: PolicyAnswer = chain.query(&QueryMsg::Policy {});
    assert_eq!(answer.policy, policy(&chain.claim));
    let state: StateAnswer = chain.query(&QueryMsg::State {});
    assert_eq!((state.meta.latest, state.clock), (chain.claim.epoch.get(), chain.now()));
    let epoch: EpochAnswer = chain.query(&QueryMsg::Epoch { epoch: chain.claim.epoch.get() });
    assert_eq!(epoch.epoch.unwrap().state_root, chain.claim.state_root.to_string());
    let none: EpochAnswer = chain.query(&QueryMsg::Epoch { epoch: 99 });
    assert_eq!(none.epoch, None);
    let model = chain.claim.model.to_string();
    assert!(chain.query::<bool>(&QueryMsg::ModelAccepted { model }));

    let (contract, code) = (chain.contract.clone(), chain.code);
    chain.app.migrate_contract(holder("governor"), contract, &MigrateMsg {}, code).unwrap();
    assert_eq!(chain.account().status.state, "unproven");

    let paid = chain.app.execute_contract(
        holder("rich"),
        chain.contract.clone(),
        &ExecuteMsg::Pause {},
        &coins(1, "atom"),
    );
    assert!(format!("{:?}", paid.unwrap_err()).contains("no coins"));
    let bad = ExecuteMsg::Register { account: "0x12".to_owned() };
    assert!(chain.execute("protocol", &bad).unwrap_err().contains("account: "));
}
