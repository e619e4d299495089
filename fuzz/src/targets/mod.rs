//! What the fuzzers call, one function per decoder of bytes that somebody else
//! wrote. None may panic, and what is accepted must survive a round trip.
//!
//! The functions know no fuzzer: a stable test replays the corpus through them.

mod account;
mod statements;

pub use statements::{
    escrow_file, opening, oracle_report, public_inputs, simulation, statement_file,
};

use serde::Deserialize;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{BYTES, LEN};
use zkmargin_params::import;
use zkmargin_params::market::AnyMarketFile;
use zkmargin_params::model::StandardModel;
use zkmargin_params::scenario::{
    RiskTable, ScenarioMarket, ScenarioModel, ScenarioPortfolio, ScenarioSnapshot, assess,
};
use zkmargin_params::snapshot::Snapshot;
use zkmargin_params::srs;
use zkmargin_prover::crypt::{Keys, Recipients};
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::venue::{AccountList, PathFile, StateFile};
use zkmargin_verifier::ProofFile;
use zkmargin_verifier::bn254::{Submission, Verifier, VerifyingKey};
use zkmargin_verifier::engine::{ActionRecord, Engine, Event, Policy, PolicyParams, VerifiedClaim};
use zkmargin_verifier::epoch::{SignedEpoch, Signers};

/// A decoder under test.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its corpus.
pub const ALL: [(&str, Target); 21] = [
    ("proof_file", proof_file),
    ("epoch_file", epoch_file),
    ("portfolio", portfolio),
    ("snapshot", snapshot),
    ("market_file", market_file),
    ("state_path", state_path),
    ("state_file", state_file),
    ("ptau", ptau),
    ("engine_events", engine_events),
    ("verifying_key", verifying_key),
    ("kzg_proof", kzg_proof),
    ("public_inputs", public_inputs),
    ("model", model),
    ("scenario_market", scenario_market),
    ("import", import),
    ("age_keys", age_keys),
    ("statement_file", statement_file),
    ("escrow_file", escrow_file),
    ("opening", opening),
    ("oracle_report", oracle_report),
    ("simulation", simulation),
];

/// A proof file of either proof system.
pub fn proof_file(bytes: &[u8]) {
    if let Ok(file) = ProofFile::<pasta_curves::Fp>::parse(bytes) {
        let text = file.to_json();
        assert_eq!(ProofFile::parse(text.as_bytes()).as_ref(), Ok(&file));
    }
    if let Ok(file) = ProofFile::<Bn254Fr>::parse(bytes) {
        let text = file.to_json();
        assert_eq!(ProofFile::parse(text.as_bytes()).as_ref(), Ok(&file));
    }
}

/// An epoch as publishers sign it, and who must have signed.
pub fn epoch_file(bytes: &[u8]) {
    if let Ok(epoch) = SignedEpoch::parse(bytes) {
        assert_eq!(SignedEpoch::parse(epoch.to_json().as_bytes()).as_ref(), Ok(&epoch));
        // Whoever signed in ascending order is a signer of some market.
        if let Ok(signers) = epoch.signed_by().map(|signers| Signers::new(1, signers)) {
            assert!(signers.is_err() || epoch.check(&signers.expect("just so")).is_ok());
        }
    }
    let _ = serde_json::from_slice::<Signers>(bytes);
}

/// A decrypted portfolio.
pub fn portfolio(bytes: &[u8]) {
    if let Ok(document) = PortfolioDocument::parse(bytes) {
        assert!(PortfolioDocument::parse(&document.to_json()).is_ok());
    }
}

/// A snapshot of prices, of either family.
pub fn snapshot(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(snapshot) = ScenarioSnapshot::from_json(text) {
        let again = ScenarioSnapshot::from_json(&snapshot.to_json());
        assert_eq!(again.expect("a snapshot of our own"), snapshot);
    }
    if let Ok(snapshot) = Snapshot::from_json(text) {
        let again = Snapshot::from_json(&snapshot.to_json());
        assert_eq!(again.expect("a snapshot of our own"), snapshot);
    }
}

/// A market of either family: snapshot, model and root.
pub fn market_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(file) = AnyMarketFile::from_json(text) else { return };
    let again = match file {
        AnyMarketFile::Standard(file) => file.to_json(),
        AnyMarketFile::Scenario(file) => file.to_json(),
        AnyMarketFile::Simulation(file) => file.to_json(),
        AnyMarketFile::Settlement(file) => file.to_json(),
    };
    assert!(AnyMarketFile::from_json(&again).is_ok());
}

/// A model of either family, in JSON or TOML.
pub fn model(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(model) = StandardModel::from_text(text) {
        let again = StandardModel::from_json(&model.to_canonical_json());
        assert_eq!(again.expect("a model of our own").digest(), model.digest());
    }
    if let Ok(model) = ScenarioModel::from_text(text) {
        let again = ScenarioModel::from_json(&model.to_canonical_json());
        assert_eq!(again.expect("a model of our own").digest(), model.digest());
    }
}

/// A market of options and a portfolio in it: what is read is also assessed.
pub fn scenario_market(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (market, portfolio) = text.split_once("\n---\n").unwrap_or((text, "{}"));
    let portfolio = ScenarioPortfolio::from_json(portfolio);
    let Ok(market) = ScenarioMarket::from_json(market) else { return };
    let preset = zkmargin_params::scenario::parameters::by_name("derive-test").expect("a preset");
    let Ok(table) = RiskTable::new(&preset.model().expect("a model"), &market) else { return };
    if let Ok(Ok(holdings)) = portfolio.map(|portfolio| portfolio.resolve(&table)) {
        assert!(!assess(&table, &holdings).contingencies.initial().is_nan());
    }
}

/// What venues serve: brackets, accounts, margin tables, option chains.
pub fn import(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = import::binance::leverage_brackets(text);
    let _ = import::hyperliquid::account(text);
    let _ = import::hyperliquid::margin_tables(text, "fuzz", None);
    if let Ok(chain) = import::deribit::option_chain(text) {
        let _ = chain.market();
    }
    if let Ok(read) = import::derive::markets([text], &[]) {
        let _ = read.value.to_json();
    }
}

/// Identities and recipients of encrypted portfolios.
pub fn age_keys(bytes: &[u8]) {
    let _ = Keys::parse(bytes);
    let _ = Recipients::parse_file(bytes);
}

/// An account's path, as the venue hands it out.
pub fn state_path(bytes: &[u8]) {
    if let Ok(path) = PathFile::parse(bytes) {
        let _ = path.membership::<pasta_curves::Fp>();
        let _ = path.membership::<Bn254Fr>();
        assert_eq!(PathFile::parse(&path.to_json()).expect("a path of our own"), path);
    }
}

/// A venue's state and its list of accounts.
pub fn state_file(bytes: &[u8]) {
    if let Ok(file) = StateFile::parse(bytes) {
        let _ = file.state::<pasta_curves::Fp>();
        let _ = file.state::<Bn254Fr>();
    }
    if let Ok(list) = AccountList::parse(bytes) {
        let _ = list.entries::<pasta_curves::Fp>();
        let _ = list.entries::<Bn254Fr>();
    }
}

/// Powers of tau, at the smallest size.
pub fn ptau(bytes: &[u8]) {
    let _ = srs::import(bytes, srs::MIN_K, "fuzz");
}

/// A policy and actions, as the ledger's history and the vectors hold them.
/// Refusals change nothing, and events survive a round trip.
pub fn engine_events(bytes: &[u8]) {
    #[derive(Deserialize)]
    struct History {
        policy: PolicyParams,
        start: u64,
        steps: Vec<Step>,
    }
    #[derive(Deserialize)]
    struct Step {
        now: u64,
        action: ActionRecord,
    }
    if let Ok(events) = serde_json::from_slice::<Vec<Event>>(bytes) {
        let text = serde_json::to_vec(&events).expect("events are JSON");
        let again: Vec<Event> = serde_json::from_slice(&text).expect("events of our own");
        assert_eq!(again, events);
    }
    let Ok(history) = serde_json::from_slice::<History>(bytes) else { return };
    let Ok(policy) = Policy::new(history.policy) else { return };
    let mut engine = Engine::new(policy, history.start);
    for Step { now, action } in history.steps {
        let before = engine.clone();
        let action = action.map_claim(VerifiedClaim::assume_verified_unchecked);
        if engine.apply(now, &action).is_err() {
            assert_eq!(engine, before);
        }
    }
}

/// A self-contained key of the on-chain proof system: one encoding each.
pub fn verifying_key(bytes: &[u8]) {
    if let Ok(key) = VerifyingKey::from_bytes(bytes) {
        assert_eq!(key.to_bytes(), bytes);
        let public_inputs = [[0; 32]; LEN];
        let proof = vec![0; key.proof_size().min(1 << 16)];
        let submission = Submission { public_inputs: &public_inputs, proof: &proof };
        assert!(Verifier::new(key).verify_raw(submission).is_err());
    }
}

/// A proof of the on-chain system under a true key: the public inputs, then
/// the proof.
pub fn kzg_proof(bytes: &[u8]) {
    is_kzg_proof(bytes);
}

/// Whether it is one, and true.
pub fn is_kzg_proof(bytes: &[u8]) -> bool {
    const KEY: &[u8] = include_bytes!("../../../verifier/vectors/kzg/small.vk");
    static VERIFIER: std::sync::LazyLock<Verifier> = std::sync::LazyLock::new(|| {
        Verifier::new(VerifyingKey::from_bytes(KEY).expect("the stored key"))
    });
    let (inputs, proof) = bytes.split_at(bytes.len().min(BYTES));
    let mut public_inputs = [[0; 32]; LEN];
    for (row, chunk) in public_inputs.iter_mut().zip(inputs.chunks_exact(32)) {
        row.copy_from_slice(chunk);
    }
    VERIFIER.verify_raw(Submission { public_inputs: &public_inputs, proof }).is_ok()
}
