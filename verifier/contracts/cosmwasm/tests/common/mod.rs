//! A registry on a simulated chain, for the epoch and account of a stored proof.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "every test uses a part of it")]

#[path = "../../../../tests/common/kzg_vectors.rs"]
#[allow(unused_qualifications)]
pub mod kzg_vectors;
pub mod signing;

use cosmwasm_std::{Addr, Binary, coins};
use cw_multi_test::{App, AppBuilder, AppResponse, ContractWrapper, Executor, IntoAddr};
use kzg_vectors::{Edit, Given};
use serde::de::DeserializeOwned;
use zkmargin_cosmwasm::contract::{execute, instantiate, migrate, query};
use zkmargin_cosmwasm::msg::{
    AccountAnswer, CurePeriods, Delays, EpochPost, ExecuteMsg, InstantiateMsg, QueryMsg, Roles,
    StateAnswer, Submission, Terms,
};
use zkmargin_cosmwasm::state::CONFIG;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::{ClaimData, Policy, PolicyParams};

/// The longest pause.
pub const MAX_PAUSE: u64 = 500;
/// For how long the clock must stand still.
pub const ESCAPE_AFTER: u64 = 1_000;

pub struct Chain {
    pub app: App,
    pub contract: Addr,
    pub code: u64,
    pub claim: ClaimData,
    pub given: Given,
}

pub fn holder(role: &str) -> Addr {
    role.into_addr()
}

pub fn key() -> Binary {
    Binary::new(kzg_vectors::file("small.vk"))
}

pub fn other_key() -> Binary {
    Binary::new(kzg_vectors::file("small-other-tau.vk"))
}

pub fn digest(key: &Binary) -> String {
    VerifyingKey::from_bytes(key).unwrap().digest().to_string()
}

pub fn circuit() -> String {
    digest(&key())
}

pub fn vectors(name: &str) -> kzg_vectors::Vectors {
    let all = kzg_vectors::stored();
    all.into_iter().find(|(file, _)| file == name).unwrap().1
}

pub fn terms(claim: &ClaimData) -> Terms {
    Terms {
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
            below_margin_call: 200,
        },
        max_snapshot_age: 100,
        max_clock_skew: 5,
        grace_period: 50,
        max_pause: MAX_PAUSE,
        escape_after: ESCAPE_AFTER,
        max_price_move_bps: None,
        breaker_window: 0,
        change_epochs: 0,
        escrow: None,
        max_liquidations: 0,
    }
}

/// A registry for tests, without delays and with the proof's circuit.
pub fn start(claim: &ClaimData) -> InstantiateMsg {
    InstantiateMsg {
        name: "venue".to_owned(),
        terms: terms(claim),
        signers: signing::two_of_three(),
        roles: Roles {
            governor: holder("governor").into(),
            protocol: holder("protocol").into(),
            guardian: holder("guardian").into(),
        },
        keys: vec![key()],
        delays: Delays { circuits: 0, models: 0 },
        paths: None,
        for_tests: true,
    }
}

pub fn read(given: &Given) -> ClaimData {
    let instance = MarginInstance::<Bn254Fr>::from_bytes(&given.public_inputs.concat());
    ClaimData::from(&instance.unwrap())
}

impl Chain {
    /// A registry for the stored proof's epoch and account, not yet posted and
    /// registered.
    pub fn new(file: &str) -> Self {
        Self::with(file, |_| {})
    }

    /// The same, begun otherwise. The stored proof is for another context than the
    /// one that the registry derives, which is therefore written over.
    pub fn with(file: &str, change: impl FnOnce(&mut InstantiateMsg)) -> Self {
        let given = vectors(file).given(&Edit::Nothing);
        let claim = read(&given);
        let mut msg = start(&claim);
        change(&mut msg);
        let mut chain = Self::begun(claim, given, &msg).unwrap();
        chain.set_context();
        chain
    }

    /// The registry as it derives its context.
    pub fn begun(claim: ClaimData, given: Given, msg: &InstantiateMsg) -> Result<Self, String> {
        let mut app = AppBuilder::new().build(|router, _, storage| {
            router.bank.init_balance(storage, &holder("rich"), coins(9, "atom")).unwrap();
        });
        let wrapper =
            ContractWrapper::new_with_empty(execute, instantiate, query).with_migrate(migrate);
        let code = app.store_code(Box::new(wrapper));
        let admin = holder("governor");
        let contract = app
            .instantiate_contract(code, admin.clone(), msg, &[], "registry", Some(admin.into()))
            .map_err(|error| format!("{error:?}"))?;
        Ok(Self { app, contract, code, claim, given })
    }

    fn set_context(&mut self) {
        let context = self.claim.context;
        let mut storage = self.app.contract_storage_mut(&self.contract);
        let mut config = CONFIG.load(storage.as_ref()).unwrap();
        let params = PolicyParams { context, ..config.policy.params().clone() };
        config.policy = Policy::new(params).unwrap();
        CONFIG.save(storage.as_mut(), &config).unwrap();
    }

    /// What a message does, as the chain answers.
    pub fn response(&mut self, sender: &str, msg: &ExecuteMsg) -> Result<AppResponse, String> {
        self.app
            .execute_contract(holder(sender), self.contract.clone(), msg, &[])
            .map_err(|error| format!("{error:?}"))
    }

    /// The names of the events.
    pub fn execute(&mut self, sender: &str, msg: &ExecuteMsg) -> Result<Vec<String>, String> {
        let response = self.response(sender, msg)?;
        let events = response.events.iter().map(|event| event.ty.clone());
        Ok(events.filter_map(|ty| ty.strip_prefix("wasm-zkmargin-").map(str::to_owned)).collect())
    }

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.try_query(msg).unwrap()
    }

    pub fn try_query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> Result<T, String> {
        let answer = self.app.wrap().query_wasm_smart(&self.contract, msg);
        answer.map_err(|error| format!("{error:?}"))
    }

    pub fn state(&self) -> StateAnswer {
        self.query(&QueryMsg::State {})
    }

    pub fn id(&self) -> String {
        self.claim.account.to_string()
    }

    pub fn account(&self) -> AccountAnswer {
        self.query(&QueryMsg::Account { account: self.id() })
    }

    pub fn may_increase_risk(&self, min_level: &str, max_age: u64) -> bool {
        let (account, min_level) = (self.id(), min_level.to_owned());
        self.query(&QueryMsg::MayIncreaseRisk { account, min_level, max_age })
    }

    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    pub fn wait(&mut self, seconds: u64) {
        self.app.update_block(|block| block.time = block.time.plus_seconds(seconds));
    }

    /// The next epoch, with the proof's roots.
    pub fn post(&self) -> EpochPost {
        let meta = self.state().meta;
        EpochPost {
            epoch: if meta.latest == 0 { self.claim.epoch.get() } else { meta.latest + 1 },
            state_root: self.claim.state_root.to_string(),
            market_root: self.claim.market_root.to_string(),
            model: self.claim.model.to_string(),
            market_timestamp: self.now(),
            price_move_bps: 0,
            reference: meta.confirmed,
            previous: meta.latest_digest,
        }
    }

    /// The message that posts an epoch, signed by two of the three.
    pub fn signed(&self, post: EpochPost) -> ExecuteMsg {
        let signatures = signing::sign(self.claim.context, &post, &[0, 1]);
        ExecuteMsg::PostEpoch { post, signatures }
    }

    pub fn post_next(&mut self) {
        let msg = self.signed(self.post());
        assert_eq!(self.execute("anyone", &msg).unwrap(), ["epoch-posted"]);
    }

    /// Posts the proof's epoch and registers its account.
    pub fn ready(mut self) -> Self {
        self.post_next();
        let register =
            ExecuteMsg::Register { account: self.id(), owner: Some(holder("owner").into()) };
        assert_eq!(self.execute("protocol", &register).unwrap(), ["registered"]);
        self
    }

    pub fn submission(&self) -> Submission {
        submission(&self.given)
    }

    pub fn migrate(&mut self) -> Result<(), String> {
        let (contract, code) = (self.contract.clone(), self.code);
        let msg = zkmargin_cosmwasm::msg::MigrateMsg {};
        let result = self.app.migrate_contract(holder("governor"), contract, &msg, code);
        result.map(|_| ()).map_err(|error| format!("{error:?}"))
    }
}

pub fn submission(given: &Given) -> Submission {
    Submission {
        circuit: circuit(),
        public_inputs: Binary::new(given.public_inputs.concat()),
        proof: Binary::new(given.proof.clone()),
    }
}
