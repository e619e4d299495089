//! The built contract in `cosmwasm-vm`, with a real proof and gas metered:
//!
//!     ./build.sh && cargo test -p zkmargin-cosmwasm-vm -- --nocapture
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../../../../tests/common/kzg_vectors.rs"]
mod kzg_vectors;
#[path = "../../tests/common/signing.rs"]
mod signing;

use cosmwasm_std::{Binary, ContractResult, Empty, Response, from_json};
use cosmwasm_vm::testing::{
    MockApi, MockInstanceOptions, MockQuerier, MockStorage, execute, instantiate, mock_env,
    mock_info, mock_instance_with_options, query,
};
use cosmwasm_vm::{Instance, Size, Storage as _};
use kzg_vectors::{Edit, Given};
use zkmargin_cosmwasm::msg::{
    AccountAnswer, BatchedProof, ClaimAnswer, CurePeriods, Delays, EpochPost, ExecuteMsg,
    InstantiateMsg, ProofBatch, QueryMsg, Roles, Submission, Terms,
};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::ClaimData;

type Vm = Instance<MockApi, MockStorage, MockQuerier>;

/// The virtual machine's gas per unit of a chain's gas, as wasmd has it.
const GAS_MULTIPLIER: u64 = 140_000;

fn artifact() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../artifacts/zkmargin_cosmwasm.wasm");
    std::fs::read(path).expect("run ./build.sh first")
}

fn machine(wasm: &[u8]) -> Vm {
    let options = MockInstanceOptions {
        gas_limit: 1_000_000_000_000_000,
        memory_limit: Some(Size::mebi(32)),
        ..MockInstanceOptions::default()
    };
    mock_instance_with_options(wasm, options)
}

/// What a call returns, and the gas it took.
fn metered<T>(vm: &mut Vm, call: impl FnOnce(&mut Vm) -> T) -> (T, u64) {
    let before = vm.get_gas_left();
    let result = call(vm);
    (result, before - vm.get_gas_left())
}

fn submission(given: &Given, key: &[u8]) -> Submission {
    Submission {
        circuit: VerifyingKey::from_bytes(key).unwrap().digest().to_string(),
        public_inputs: Binary::new(given.public_inputs.concat()),
        proof: Binary::new(given.proof.clone()),
    }
}

fn start(holder: &str, claim: &ClaimData, key: &[u8]) -> InstantiateMsg {
    let terms = Terms {
        models: vec![claim.model.to_string()],
        first_epoch: claim.epoch.get(),
        required_level: "initial".to_owned(),
        breach_level: "initial".to_owned(),
        cure_level: "initial".to_owned(),
        proof_window: 1_000,
        cure_periods: CurePeriods {
            overdue: 400,
            below_initial: 400,
            below_maintenance: 400,
            below_margin_call: 400,
        },
        max_snapshot_age: 100,
        max_clock_skew: 5,
        grace_period: 50,
        max_pause: 500,
        escape_after: 1_000,
        max_price_move_bps: None,
        breaker_window: 0,
        change_epochs: 0,
        escrow: None,
        max_liquidations: 0,
    };
    let (governor, protocol, guardian) = (holder.into(), holder.into(), holder.into());
    InstantiateMsg {
        name: "venue".to_owned(),
        terms,
        signers: signing::two_of_three(),
        roles: Roles { governor, protocol, guardian },
        keys: vec![Binary::new(key.to_vec())],
        delays: Delays { circuits: 0, models: 0 },
        paths: None,
        for_tests: true,
    }
}

/// The stored proof is for another context than the one that the registry
/// derives, which is therefore written over.
fn set_context(vm: &mut Vm, claim: &ClaimData) {
    vm.with_storage(|storage| {
        let config = storage.get(b"config").0?.unwrap();
        let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
        config["policy"]["context"] = claim.context.to_string().into();
        storage.set(b"config", &serde_json::to_vec(&config).unwrap()).0?;
        Ok(())
    })
    .unwrap();
}

/// An instance that has run `instantiate`, and what has cost how much gas.
struct Measured {
    vm: Vm,
    holder: String,
    report: Vec<(String, u64)>,
}

impl Measured {
    fn new(wasm: &[u8], claim: &ClaimData, key: &[u8]) -> Self {
        let mut vm = machine(wasm);
        let holder = MockApi::default().addr_make("holder");
        let info = mock_info(&holder, &[]);
        let msg = start(&holder, claim, key);
        let (result, gas) = metered(&mut vm, |vm| -> ContractResult<Response<Empty>> {
            instantiate(vm, mock_env(), info, msg)
        });
        result.unwrap();
        set_context(&mut vm, claim);
        Self { vm, holder, report: vec![("instantiate".to_owned(), gas)] }
    }

    fn run(&mut self, name: &str, msg: ExecuteMsg) -> ContractResult<Response<Empty>> {
        let info = mock_info(&self.holder, &[]);
        let (result, gas) = metered(&mut self.vm, |vm| execute(vm, mock_env(), info, msg));
        self.report.push((name.to_owned(), gas));
        result
    }

    fn gas(&self, name: &str) -> u64 {
        let (_, gas) = self.report.iter().find(|(found, _)| found == name).unwrap();
        gas / GAS_MULTIPLIER
    }
}

fn post(claim: &ClaimData) -> ExecuteMsg {
    let post = EpochPost {
        epoch: claim.epoch.get(),
        state_root: claim.state_root.to_string(),
        market_root: claim.market_root.to_string(),
        model: claim.model.to_string(),
        market_timestamp: mock_env().block.time.seconds(),
        price_move_bps: 0,
        reference: 0,
        previous: format!("0x{}", "00".repeat(32)),
    };
    let signatures = signing::sign(claim.context, &post, &[0, 1]);
    ExecuteMsg::PostEpoch { post, signatures }
}

fn batch(given: &Given, key: &[u8], size: usize) -> ExecuteMsg {
    let Submission { circuit, public_inputs, proof } = submission(given, key);
    let proofs = vec![BatchedProof { public_inputs, proof }; size];
    ExecuteMsg::SubmitProofs(ProofBatch { circuit, proofs })
}

#[test]
fn a_real_proof_in_the_real_machine() {
    let vectors = kzg_vectors::stored();
    let (_, vectors) = vectors.iter().find(|(name, _)| name == "small-healthy.json").unwrap();
    let given = vectors.given(&Edit::Nothing);
    let key = kzg_vectors::file("small.vk");
    let instance = MarginInstance::<Bn254Fr>::from_bytes(&given.public_inputs.concat()).unwrap();
    let claim = ClaimData::from(&instance);

    let wasm = artifact();
    let mut measured = Measured::new(&wasm, &claim, &key);
    measured.run("post_epoch, 2 signatures", post(&claim)).unwrap();
    let account = claim.account.to_string();
    let register = ExecuteMsg::Register { account: account.clone(), owner: None };
    measured.run("register", register).unwrap();

    let mut bent = given.clone();
    *bent.proof.last_mut().unwrap() ^= 1;
    let refused = ExecuteMsg::SubmitProof(submission(&bent, &key));
    let error = measured.run("refused proof", refused);
    assert!(error.unwrap_err().contains("proof: "));
    // The same proof N times: all are verified, since none is on record before.
    for size in [2, 4, 8, 16] {
        let mut fresh = Measured::new(&wasm, &claim, &key);
        fresh.run("post_epoch", post(&claim)).unwrap();
        let register = ExecuteMsg::Register { account: account.clone(), owner: None };
        fresh.run("register", register).unwrap();
        let name = format!("submit_proofs of {size}");
        fresh.run(&name, batch(&given, &key, size)).unwrap();
        measured.report.extend(fresh.report.pop());
    }
    let check = QueryMsg::CheckClaim(submission(&given, &key));
    let (answer, gas) = metered(&mut measured.vm, |vm| query(vm, mock_env(), check));
    let answer: ClaimAnswer = from_json(answer.unwrap()).unwrap();
    assert_eq!(answer.account, account);
    measured.report.push(("check_claim".to_owned(), gas));
    let proof = ExecuteMsg::SubmitProof(submission(&given, &key));
    measured.run("submit_proof", proof.clone()).unwrap();
    measured.run("the same again", proof).unwrap();

    let answer = query(&mut measured.vm, mock_env(), QueryMsg::Account { account }).unwrap();
    let answer: AccountAnswer = from_json(answer).unwrap();
    assert_eq!(answer.status.state, "current");
    for (name, gas) in &measured.report {
        println!("{name}: {} gas", gas / GAS_MULTIPLIER);
    }
    println!(
        "{{\"place\":\"CosmWasm VM\",\"gas\":{},\"code_bytes\":{}}}",
        measured.gas("submit_proof"),
        wasm.len()
    );
}
