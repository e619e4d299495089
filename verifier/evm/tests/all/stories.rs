//! Real proofs through the registry, and what they cost.
//!
//! The golden table is made anew by `UPDATE_GOLDEN=1`; the README shows it.

use crate::common;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::common::messages::Kind;
use crate::common::registry::{self as fixture, ANYONE, DEPLOYER, Refused, Registry};
use crate::common::stories::{self, CIRCUITS, Proved, Story, WIDE};
use crate::common::trace::Trace;
use crate::common::verifier::code;
use crate::common::{Chain, Failure, Receipt};
use revm::primitives::Address;
use zkmargin_evm::contracts::{MarginCallRegistry as calls, MarginProofGate as gate};
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::{AccountId, Epoch, Timestamp};
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::{AccountStatus, Action, ActionRecord, ClaimData, EpochPost, Event};
use zkmargin_verifier::epoch::EpochDigest;

/// When the registry is deployed.
const START: u64 = 1_700_000_000;
/// Gas given to a verifier.
const VERIFIER_GAS: u32 = 600_000;

/// A registry with a real verifier.
struct Stage {
    registry: Registry,
    key: VerifyingKey,
    verifier_gas: u64,
    now: u64,
}

impl Stage {
    fn new(story: &Story) -> Self {
        let chain = Chain::new(START);
        let mut registry = Registry::deploy(chain, &stories::policy(story), true).unwrap();
        assert_eq!(registry.at.markets.into_array(), stories::REGISTRY);
        let (verifier, verifier_gas) = registry.chain.create(DEPLOYER, code(&story.key)).unwrap();
        registry.add_circuit(verifier, VERIFIER_GAS).unwrap();
        let key = common::verifier::load(&story.key);
        Self { registry, key, verifier_gas, now: START }
    }

    fn apply(&mut self, action: &ActionRecord) -> Result<Vec<Event>, Refused> {
        self.registry.apply(self.now, action)
    }

    /// Posts the epoch that a proof is for.
    fn post(&mut self, proved: &Proved) {
        let post = self.registry.next(epoch(&proved.claim, self.now));
        self.apply(&Action::PostEpoch(post)).unwrap();
    }

    fn message(&self, what: Kind, claim: &ClaimData, proof: Vec<u8>) -> Vec<u8> {
        what.calldata((*self.key.digest().as_bytes()).into(), claim, proof)
    }

    fn submit(&mut self, what: Kind, proved: &Proved) -> Result<Receipt, Failure> {
        let data = self.message(what, &proved.claim, proved.proof());
        self.registry.chain.now = self.now;
        self.registry.chain.send_raw(ANYONE, self.registry.at.registry, data)
    }
}

fn epoch(claim: &ClaimData, now: u64) -> EpochPost {
    EpochPost {
        epoch: claim.epoch,
        state_root: claim.state_root,
        market_root: claim.market_root,
        model: claim.model,
        market_timestamp: Timestamp::new(now),
        price_move_bps: 10,
        reference: Epoch::new(0),
        previous: EpochDigest::NONE,
    }
}

/// Gas of a story's transactions, by what they do.
fn gas(story: &Story) -> BTreeMap<&'static str, u64> {
    let mut gas = BTreeMap::new();
    let mut stage = Stage::new(story);
    gas.insert("deploy contracts", deployment_gas());
    gas.insert("deploy verifier", stage.verifier_gas);

    let account = story.healthy.claim.account;
    stage.post(&story.healthy);
    stage.apply(&Action::Register { account }).unwrap();
    gas.insert("submitProof", stage.submit(Kind::Proof, &story.healthy).unwrap().gas);
    stage.now += 600;
    stage.post(&story.breach);
    let overdue = stage.overdue_gas(story);
    gas.insert("submitBreach", stage.submit(Kind::Breach, &story.breach).unwrap().gas);
    stage.now += 600;
    stage.post(&story.cure);
    gas.insert("cure", stage.submit(Kind::Cure, &story.cure).unwrap().gas);
    gas.insert("callOverdue", overdue);
    let status = stage.registry.status(account, stage.now);
    assert!(matches!(status, AccountStatus::Current { .. }), "{status}");
    gas
}

impl Stage {
    /// Of an account whose proof's window passes, on a copy of the chain.
    fn overdue_gas(&self, story: &Story) -> u64 {
        let mut registry = self.registry.clone();
        let (account, now) = late(&mut registry, story, self.now);
        spent(&mut registry, now, &Action::CallOverdue { account })
    }
}

/// An account that is overdue after a day, and when.
fn late(registry: &mut Registry, story: &Story, now: u64) -> (AccountId, u64) {
    let account = convert::account(Address::repeat_byte(0x77));
    registry.apply(now, &Action::Register { account }).unwrap();
    (account, go_on(registry, story, now))
}

/// Posts a day's epochs; when the last is posted.
fn go_on(registry: &mut Registry, story: &Story, mut now: u64) -> u64 {
    for _ in 0..100 {
        now += 900;
        let epoch_ = Epoch::new(registry.read(0).meta.latest + 1);
        let claim = ClaimData { epoch: epoch_, ..story.healthy.claim };
        let post = registry.next(epoch(&claim, now));
        registry.apply(now, &Action::PostEpoch(post)).unwrap();
    }
    now
}

/// Gas of an action.
fn spent(registry: &mut Registry, now: u64, action: &ActionRecord) -> u64 {
    let before = registry.chain.spent;
    registry.apply(now, action).unwrap();
    registry.chain.spent - before
}

/// Gas of what needs no proof, whatever the circuit.
fn engine_gas(story: &Story) -> BTreeMap<&'static str, u64> {
    let mut registry = Registry::new(&stories::policy(story), START);
    let first = registry.next(epoch(&story.healthy.claim, START));
    registry.apply(START, &Action::PostEpoch(first)).unwrap();
    let (account, now) = late(&mut registry, story, START);
    registry.apply(now, &Action::CallOverdue { account }).unwrap();
    let now = go_on(&mut registry, story, now);
    let next = Epoch::new(registry.read(0).meta.latest + 1);
    let post = registry.next(epoch(&ClaimData { epoch: next, ..story.healthy.claim }, now));
    let owner = Address::repeat_byte(0x78);
    let register = calls::registerCall { context: registry.context(), owner, sub: 0 };
    let registered = registry.send(owner, &register).unwrap().gas;
    let mut of = |action: &ActionRecord| spent(&mut registry, now, action);
    BTreeMap::from([
        ("register", registered),
        ("postEpoch, 2 of 3 signed", of(&Action::PostEpoch(post))),
        ("markLiquidatable", of(&Action::MarkLiquidatable { account })),
        ("close", of(&Action::Close { account })),
    ])
}

/// Prints where the gas of a proof and of an epoch goes: by `--nocapture`.
#[test]
fn where_the_gas_goes() {
    let story = small();
    let mut stage = ready(&story);
    let at = stage.registry.at;
    let data = stage.message(Kind::Proof, &story.healthy.claim, story.healthy.proof());
    let names = [(at.registry, "registry"), (at.markets, "markets"), (at.gate, "gate")];
    let submit = stage.registry.chain.trace(ANYONE, at.registry, data.clone());
    show("submitProof", &data, &names, &submit);
    stage.now += 600;
    let post = stage.registry.next(epoch(&story.breach.claim, stage.now));
    let message = stage.registry.message(&Action::PostEpoch(post), 1);
    stage.registry.chain.now = stage.now;
    let posted = stage.registry.chain.trace(ANYONE, at.markets, message.data.clone());
    show("postEpoch", &message.data, &names, &posted);
}

/// Prints a trace; what is of no named contract is of verifiers and precompiles. The parts
/// are all of the gas.
#[allow(clippy::print_stdout, reason = "printing is what it is for")]
fn show(what: &str, data: &[u8], names: &[(Address, &str)], (gas, trace): &(u64, Trace)) {
    let calldata: u64 = data.iter().map(|byte| if *byte == 0 { 4 } else { 16 }).sum();
    println!("{what}: {gas} gas, of it 21000 for a transaction, {calldata} calldata");
    let mut parts: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    for ((of, kind), (gas, count)) in trace {
        let name = names.iter().find(|(address, _)| address == of).map_or("others", |(_, n)| n);
        let part = parts.entry((name, kind)).or_default();
        *part = (part.0 + gas, part.1 + count);
    }
    for ((name, kind), (gas, count)) in &parts {
        println!("  {name:10}{kind:24}{gas:8}{count:8} times");
    }
    let traced: u64 = parts.values().map(|(gas, _)| gas).sum();
    assert_eq!(traced + 21_000 + calldata, *gas, "{what}");
}

/// Of all contracts but the verifiers, and the market.
fn deployment_gas() -> u64 {
    let mut chain = Chain::new(START);
    fixture::deploy(&mut chain, false).unwrap();
    chain.spent
}

const COLUMNS: [&str; 6] =
    ["deploy contracts", "deploy verifier", "submitProof", "submitBreach", "callOverdue", "cure"];

/// Of the engine alone.
const ENGINE: [&str; 4] = ["postEpoch, 2 of 3 signed", "register", "markLiquidatable", "close"];

type Table = BTreeMap<String, BTreeMap<String, u64>>;

fn markdown(table: &Table) -> String {
    let mut text = String::new();
    writeln!(text, "| circuit | {} |", COLUMNS.join(" | ")).unwrap();
    writeln!(text, "|---|{}", "---|".repeat(COLUMNS.len())).unwrap();
    for circuit in CIRCUITS {
        let row = COLUMNS.map(|column| thousands(table[circuit][column]));
        writeln!(text, "| {circuit} | {} |", row.join(" | ")).unwrap();
    }
    text
}

fn engine_markdown(table: &Table) -> String {
    let row = ENGINE.map(|column| thousands(table["engine"][column]));
    let line = "---|".repeat(ENGINE.len());
    format!("| {} |\n|{line}\n| {} |\n", ENGINE.join(" | "), row.join(" | "))
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
    groups.join(",")
}

/// Of both layouts; the README's table is of the one for contracts.
fn all() -> impl Iterator<Item = &'static str> {
    CIRCUITS.into_iter().chain([WIDE])
}

#[test]
fn gas_is_what_the_readme_says() {
    let named = |circuit: &str, gas: BTreeMap<&'static str, u64>| {
        let gas = gas.into_iter().map(|(what, gas)| (what.to_owned(), gas)).collect();
        (circuit.to_owned(), gas)
    };
    let measured: Table = all()
        .map(|circuit| named(circuit, gas(&stories::stored(circuit))))
        .chain([named("engine", engine_gas(&small()))])
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("golden/gas.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&measured).unwrap() + "\n";
        fs::write(&golden, text).unwrap();
    }
    let stored: Table = serde_json::from_slice(&fs::read(&golden).unwrap()).unwrap();
    for (circuit, columns) in
        all().map(|circuit| (circuit, &COLUMNS[..])).chain([("engine", &ENGINE[..])])
    {
        for column in columns {
            let (was, is) = (stored[circuit][*column], measured[circuit][*column]);
            // Two percent: the zero bytes of a proof vary.
            assert!(is.abs_diff(was) * 50 <= was, "{circuit} {column}: {was} before, {is} now");
        }
    }
    let readme = fs::read_to_string(root.join("../../README.md")).unwrap();
    for table in [markdown(&stored), engine_markdown(&stored)] {
        assert!(readme.contains(&table), "the README's table is:\n{table}");
    }
}

fn small() -> Story {
    stories::stored("standard-small")
}

#[test]
fn a_real_account_is_proved_called_and_cured() {
    let story = small();
    let mut stage = Stage::new(&story);
    let account = story.healthy.claim.account;
    stage.post(&story.healthy);
    stage.apply(&Action::Register { account }).unwrap();
    stage.submit(Kind::Proof, &story.healthy).unwrap();
    stage.now += 600;
    stage.post(&story.breach);
    let receipt = stage.submit(Kind::Breach, &story.breach).unwrap();
    let events = stage.registry.events(&receipt);
    let [Event::Called { shortfall, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(shortfall.unwrap(), story.breach.claim.disclosed);
    assert!(story.breach.claim.disclosed.get() > 0);
    stage.now += 600;
    stage.post(&story.cure);
    stage.submit(Kind::Cure, &story.cure).unwrap();
}

/// A stage on which the first proof would be accepted.
fn ready(story: &Story) -> Stage {
    let mut stage = Stage::new(story);
    stage.post(&story.healthy);
    stage.apply(&Action::Register { account: story.healthy.claim.account }).unwrap();
    stage
}

#[test]
fn proofs_are_for_what_they_say() {
    let story = small();
    let stage = ready(&story);
    let claim = story.healthy.claim;
    let good = stage.message(Kind::Proof, &claim, story.healthy.proof());
    let send = |data: Vec<u8>| {
        stage.registry.chain.try_raw(stage.registry.at.registry, data, common::GAS_LIMIT)
    };
    assert!(send(good).is_ok());

    // The engine would take another level of the claim; the proof does not say it.
    let other = ClaimData { claim: "at-least:initial".parse().unwrap(), ..claim };
    let failure = send(stage.message(Kind::Proof, &other, story.healthy.proof())).unwrap_err();
    assert!(failure.is::<gate::InvalidProof>(), "{failure:?}");
    // Another account's proof.
    let other = ClaimData { account: convert::account(Address::repeat_byte(9)), ..claim };
    let mut second = ready(&story);
    second.apply(&Action::Register { account: other.account }).unwrap();
    let data = second.message(Kind::Proof, &other, story.healthy.proof());
    let failure = second.registry.chain.send_raw(ANYONE, second.registry.at.registry, data);
    assert!(failure.unwrap_err().is::<gate::InvalidProof>());
    // A proof of another statement altogether.
    let failure = send(stage.message(Kind::Proof, &claim, story.cure.proof())).unwrap_err();
    assert!(failure.is::<gate::InvalidProof>());
}

#[test]
fn flipped_calldata_changes_nothing() {
    let story = small();
    let stage = ready(&story);
    let good = stage.message(Kind::Proof, &story.healthy.claim, story.healthy.proof());
    for at in 0..good.len() {
        let mut data = good.clone();
        data[at] ^= 1;
        let address = stage.registry.at.registry;
        // A flipped selector is another function or none; nothing else succeeds.
        let result = stage.registry.chain.try_raw(address, data, common::GAS_LIMIT / 8);
        assert!(result.is_err(), "byte {at}");
    }
}

#[test]
fn a_wrong_key_refuses_a_true_proof() {
    let story = small();
    let mut stage = ready(&story);
    let other = common::verifier::load("small.vk");
    let (verifier, _) = stage.registry.chain.create(DEPLOYER, code("small.vk")).unwrap();
    stage.registry.add_circuit(verifier, VERIFIER_GAS).unwrap();
    let right = std::mem::replace(&mut stage.key, other);
    let failure = stage.submit(Kind::Proof, &story.healthy).unwrap_err();
    assert!(failure.is::<gate::InvalidProof>(), "{failure:?}");
    stage.key = right;
    stage.submit(Kind::Proof, &story.healthy).unwrap();
    // A second time it says nothing new, and is not verified.
    let again = stage.submit(Kind::Proof, &story.healthy).unwrap();
    assert!(again.logs.is_empty());
}
