//! The built contract in `cosmwasm-vm`, with a real proof and gas metered:
//!
//!     ./build.sh && cargo test -p zkmargin-cosmwasm-vm -- --nocapture
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../../../../tests/common/kzg_vectors.rs"]
mod kzg_vectors;

use cosmwasm_std::{Binary, ContractResult, Empty, Response, from_json};
use cosmwasm_vm::testing::{
    MockApi, MockInstanceOptions, MockQuerier, MockStorage, execute, instantiate, mock_env,
    mock_info, mock_instance_with_options, query,
};
use cosmwasm_vm::{Instance, Size};
use kzg_vectors::{Edit, Given};
use zkmargin_cosmwasm::msg::{
    AccountAnswer, EpochPost, ExecuteMsg, InstantiateMsg, Policy, QueryMsg, Roles, Submission,
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

#[test]
fn a_real_proof_in_the_real_machine() {
    let vectors = kzg_vectors::stored();
    let (_, vectors) = vectors.iter().find(|(name, _)| name == "small-healthy.json").unwrap();
    let given = vectors.given(&Edit::Nothing);
    let key = kzg_vectors::file("small.vk");
    let instance = MarginInstance::<Bn254Fr>::from_bytes(&given.public_inputs.concat()).unwrap();
    let claim = ClaimData::from(&instance);

    let wasm = artifact();
    let mut vm = machine(&wasm);
    let api = MockApi::default();
    let holder = api.addr_make("holder");
    let info = mock_info(&holder, &[]);
    let roles = Roles {
        governor: holder.clone(),
        publisher: holder.clone(),
        protocol: holder.clone(),
        guardian: holder.clone(),
    };
    let policy = Policy {
        context: claim.context.to_string(),
        models: vec![claim.model.to_string()],
        required_level: "initial".to_owned(),
        breach_level: "initial".to_owned(),
        cure_level: "initial".to_owned(),
        proof_window: 1_000,
        cure_period: 400,
        max_snapshot_age: 100,
        max_price_move_bps: None,
    };
    let msg = InstantiateMsg {
        policy,
        roles,
        keys: vec![Binary::new(key.clone())],
        insecure_srs_allowed: true,
    };
    let (result, gas) = metered(&mut vm, |vm| -> ContractResult<Response<Empty>> {
        instantiate(vm, mock_env(), info.clone(), msg)
    });
    result.unwrap();
    let mut report = vec![("instantiate", gas)];

    let mut run = |vm: &mut Vm, name, msg: ExecuteMsg| {
        let (result, gas) = metered(vm, |vm| -> ContractResult<Response<Empty>> {
            execute(vm, mock_env(), info.clone(), msg)
        });
        report.push((name, gas));
        result
    };
    let post = EpochPost {
        epoch: claim.epoch.get(),
        state_root: claim.state_root.to_string(),
        market_root: claim.market_root.to_string(),
        model: claim.model.to_string(),
        market_timestamp: mock_env().block.time.seconds(),
        price_move_bps: None,
    };
    run(&mut vm, "post_epoch", ExecuteMsg::PostEpoch(post)).unwrap();
    let account = claim.account.to_string();
    run(&mut vm, "register", ExecuteMsg::Register { account: account.clone() }).unwrap();

    let mut bent = given.clone();
    *bent.proof.last_mut().unwrap() ^= 1;
    let error = run(&mut vm, "refused proof", ExecuteMsg::SubmitProof(submission(&bent, &key)));
    assert!(error.unwrap_err().contains("proof: "));
    let proof = ExecuteMsg::SubmitProof(submission(&given, &key));
    run(&mut vm, "submit_proof", proof).unwrap();

    let answer = query(&mut vm, mock_env(), QueryMsg::Account { account }).unwrap();
    let answer: AccountAnswer = from_json(answer).unwrap();
    assert_eq!(answer.status.state, "current");
    for (name, gas) in &report {
        println!("{name}: {} gas", gas / GAS_MULTIPLIER);
    }
    let verified = report.iter().find(|(name, _)| *name == "submit_proof").unwrap().1;
    println!(
        "{{\"place\":\"CosmWasm VM\",\"gas\":{},\"code_bytes\":{}}}",
        verified / GAS_MULTIPLIER,
        wasm.len()
    );
}
