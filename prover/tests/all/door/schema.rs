//! Schemas against the readers of the files, by mutations of examples: whatever a
//! reader takes, its schema takes; a field that is missing, unknown or of another type
//! neither does.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::validator::Validator;
use crate::common::{copy_fixtures, fixtures, run, zkmargin};
use pasta_curves::Fp;
use serde_json::{Value, json};
use zkmargin_margin::escrow::{Binding, Words, encrypt};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::portfolio::{Blinding, Portfolio};
use zkmargin_params::market::AnyMarketFile;
use zkmargin_params::market::moves::{Announced, Limits};
use zkmargin_params::model::StandardModel;
use zkmargin_params::scenario::{ScenarioModel, ScenarioSnapshot};
use zkmargin_params::simulation::model::SimulationModel;
use zkmargin_params::simulation::snapshot::SimulationSnapshot;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_prover::escrow::{CiphertextFile, CommitteeFile, Part, PartFile, deal, draw_nonce};
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::schema;
use zkmargin_prover::venue::{AccountList, FieldHex, PathFile, StateFile};
use zkmargin_verifier::epoch::{SignedEpoch, Signers};
use zkmargin_verifier::proof::escrow::EscrowFile;
use zkmargin_verifier::proof::haircut::HaircutFile;
use zkmargin_verifier::proof::venue::VenueFile;
use zkmargin_verifier::proof::{ProofFile, transition};

/// Whether a reader takes a file.
type Reader = fn(&str) -> bool;

/// Every place in a document, as a pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{at}/{key}"), found);
            }
        }
        // What is in a long list is all alike.
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate().take(2) {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A document with a place changed; none where nothing changes.
fn with(document: &Value, place: &str, change: impl FnOnce(&mut Value)) -> Option<Value> {
    let mut changed = document.clone();
    change(changed.pointer_mut(place)?);
    (changed != *document).then_some(changed)
}

/// A document without a field.
fn without(document: &Value, place: &str) -> Option<Value> {
    let (parent, key) = place.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    let mut changed = document.clone();
    changed.pointer_mut(parent)?.as_object_mut()?.remove(&key)?;
    Some(changed)
}

/// Mutations that change what a file is, by what they are.
fn mutations(document: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    places(document, "", &mut found);
    let mut mutated = Vec::new();
    for place in &found {
        let mut put = |what: &str, changed: Option<Value>| {
            mutated.extend(changed.map(|changed| (format!("{what} at `{place}`"), changed)));
        };
        put("missing", without(document, place));
        put("null", with(document, place, |value| *value = Value::Null));
        // Of a boolean or a number, another one is a matter of what is allowed.
        if !document.pointer(place).is_some_and(Value::is_boolean) {
            put("boolean", with(document, place, |value| *value = json!(true)));
        }
        if !document.pointer(place).is_some_and(Value::is_number) {
            put("number", with(document, place, |value| *value = json!(-1.5)));
        }
        put("text", with(document, place, |value| *value = json!("?!")));
        put("object", with(document, place, |value| *value = json!({})));
        put(
            "unknown field",
            with(document, place, |value| {
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("? unknown".to_owned(), json!(1));
                }
            }),
        );
    }
    mutated
}

/// Holds a schema to the reader over an example and its mutations; how many mutations
/// the reader refused.
fn hold(name: &str, example: &str, reads: Reader) -> usize {
    let validator = Validator::of(name);
    let document: Value = serde_json::from_str(example).unwrap();
    assert!(reads(example), "{name}: the reader takes its example");
    if let Some(fault) = validator.fault(&document) {
        panic!("{name}: the example: {fault}");
    }
    let mut refused = 0;
    for (what, mutated) in mutations(&document) {
        let (reader, schema) = (reads(&mutated.to_string()), validator.is_valid(&mutated));
        assert!(schema || !reader, "{name}: {what}: the reader takes it, the schema does not");
        // What else a file must satisfy is the reader's alone to say; but never its form.
        let form = ["unknown field", "boolean", "number"].iter().any(|form| what.starts_with(form));
        assert!(reader || !schema || !form, "{name}: {what}: the schema takes it, the reader not");
        refused += usize::from(!reader);
    }
    refused
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Up to what the root is recomputed from.
fn market(text: &str) -> bool {
    let (system, root) = match AnyMarketFile::from_json(text) {
        Ok(AnyMarketFile::Standard(file)) => (file.proof_system(), file.market_root().to_owned()),
        Ok(AnyMarketFile::Scenario(file)) => (file.proof_system(), file.market_root().to_owned()),
        Ok(AnyMarketFile::Simulation(file)) => (file.proof_system(), file.market_root().to_owned()),
        Ok(AnyMarketFile::Settlement(file)) => (file.proof_system(), file.market_root().to_owned()),
        Err(_) => return false,
    };
    system.is_ok() && root.parse::<FieldHex>().is_ok()
}

fn account(text: &str) -> bool {
    AccountList::parse(text.as_bytes()).is_ok_and(|list| list.proof_system().is_ok())
}

fn state(text: &str) -> bool {
    StateFile::parse(text.as_bytes()).is_ok_and(|file| file.proof_system().is_ok())
}

fn path(text: &str) -> bool {
    PathFile::parse(text.as_bytes()).is_ok_and(|file| file.proof_system().is_ok())
}

fn scenario_snapshot(text: &str) -> bool {
    ScenarioSnapshot::from_json(text).is_ok()
}

fn simulation_snapshot(text: &str) -> bool {
    SimulationSnapshot::from_json(text).is_ok()
}

fn portfolio(text: &str) -> bool {
    PortfolioDocument::parse(text.as_bytes()).is_ok_and(|document| document.check().is_ok())
}

#[test]
fn schemas_of_public_files_take_what_their_readers_take() {
    let dir = fixtures();
    let preset = |file: &str| {
        read(Path::new(env!("CARGO_MANIFEST_DIR")), &format!("../params/models/{file}"))
    };
    let model: Reader = |text| StandardModel::from_json(text).is_ok();
    let scenario: Reader = |text| ScenarioModel::from_json(text).is_ok();
    let simulation: Reader = |text| SimulationModel::from_text(text).is_ok();
    let parse: BTreeMap<&str, (String, Reader)> = BTreeMap::from([
        ("account", (first_line(&read(dir, "accounts.jsonl")), account as Reader)),
        ("epoch", (read(dir, "epoch.json"), |text| SignedEpoch::parse(text.as_bytes()).is_ok())),
        ("limits", (read(dir, "limits.json"), |text| serde_json::from_str::<Limits>(text).is_ok())),
        (
            "announced",
            (ANNOUNCED.to_owned(), |text| serde_json::from_str::<Announced>(text).is_ok()),
        ),
        ("path", (read(dir, "path.json"), path)),
        ("portfolio", (read(dir, "balance.json"), portfolio)),
        (
            "proof",
            (read(dir, "proof.json"), |text| ProofFile::<Fp>::parse(text.as_bytes()).is_ok()),
        ),
        (
            "signers",
            (read(dir, "signers.json"), |text| serde_json::from_str::<Signers>(text).is_ok()),
        ),
        ("snapshot", (read(dir, "snapshot.json"), |text| Snapshot::from_json(text).is_ok())),
        ("state", (read(dir, "state.json"), state)),
        ("model", (preset("aave-like.json"), model)),
        ("model-scenario", (preset("scenario/derive.json"), scenario)),
        ("model-simulation", (preset("simulation/filtered-es.json"), simulation)),
    ]);
    for (name, (example, reads)) in &parse {
        assert!(hold(name, example, *reads) > 3, "{name}: mutations are refused");
    }
    // Options in standard markets, and risk arrays.
    assert!(hold("model", &preset("deribit-standard-approx.json"), model) > 3);
    assert!(hold("snapshot", CHARGED, |text| Snapshot::from_json(text).is_ok()) > 3);
    assert!(hold("model-scenario", &preset("scenario/span-arrays.json"), scenario) > 3);
    assert!(hold("model-scenario", &preset("scenario/okx-pm-approx.json"), scenario) > 3);
    assert!(hold("snapshot-options", ARRAYS, scenario_snapshot) > 3);
    assert!(hold("snapshot-options", MONTHS, scenario_snapshot) > 3);
}

const CHARGED: &str = r#"{"timestamp": 1, "source": "x", "quote": "USD",
    "prices": {"BTC": {"price": "92500"}},
    "options": {"BTC-1-C": {"underlying": "BTC", "option_type": "call", "expiry": 1700000000,
                            "strike": "90000", "mark": "5395.21"}}}"#;
const ARRAYS: &str = r#"{"timestamp": 1764921600, "quote": "USD",
    "lots": {"options": "1", "others": "1"},
    "market": {"underlying": "SP500", "spot": 417.5, "instruments": {"future": {"kind": "array",
        "values": [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 2, -2], "mark": 12.5}}}}"#;
const MONTHS: &str = r#"{"timestamp": 1764921600, "quote": "USD",
    "lots": {"options": "1", "others": "1"},
    "market": {"underlying": "C", "spot": 417.5, "array_charges": {"spread": 7, "short_option": 9},
        "feeds": [{"expiry_seconds": 60, "forward": 418}],
        "instruments": {"call": {"kind": "array", "expiry_seconds": 60, "delta": 0.5,
            "is_option": true,
            "values": [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 2, -2], "mark": 12.5}}}}"#;

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// A listing that was announced.
const ANNOUNCED: &str = r#"{"announced": [
  {"instrument": "NEW", "not_before": 1, "price": "2.5", "max_price_move_bps": 2000}]}"#;

/// A snapshot of options, small: every kind of instrument once.
const OPTIONS: &str = r#"{"timestamp": 1700000000, "source": "a test", "quote": "USDC", "quote_decimals": 6,
  "lots": {"options": "0.1", "others": "0.001", "instruments": {"USDC": "0.01"}},
  "market": {"underlying": "BTC", "spot": 90000, "spot_confidence": 1, "stable_price": 1,
    "feeds": [{"expiry_seconds": 864000, "forward": 90100, "forward_confidence": 1, "rate": 0.04,
      "rate_confidence": 1, "vol_confidence": 1}],
    "instruments": {
      "BTC-C": {"kind": "option", "expiry_seconds": 864000, "strike": 95000, "option_type": "call", "mark_vol": 0.5},
      "BTC-F": {"kind": "future", "expiry_seconds": 864000},
      "BTC-P": {"kind": "perpetual", "price": 90010, "confidence": 1},
      "USDC": {"kind": "collateral", "price": 1, "confidence": 1}}}}"#;

#[test]
fn schemas_of_snapshots_of_options_take_what_their_readers_take() {
    assert!(hold("snapshot-options", OPTIONS, scenario_snapshot) > 20);
    let joint = read(fixtures(), "joint-snapshot.json");
    assert!(hold("snapshot-joint", &joint, simulation_snapshot) > 20);
}

#[test]
fn schemas_of_markets_and_proofs_of_either_proof_system() {
    let dir = fixtures();
    for name in ["market.json", "market-kzg.json"] {
        let mut small: Value = serde_json::from_str(&read(dir, name)).unwrap();
        small["model"] =
            serde_json::from_str(include_str!("../../../../params/models/aave-like.json")).unwrap();
        assert!(hold("market", &small.to_string(), market) > 20);
    }
    assert!(
        Validator::of("market")
            .is_valid(&serde_json::from_str(&read(dir, "options.json")).unwrap())
    );
    let kzg: Reader = |text| ProofFile::<Bn254Fr>::parse(text.as_bytes()).is_ok();
    hold("proof", &read(dir, "proof-kzg.json"), kzg);
    for (name, fault) in
        [("proof-unknown-field.json", "unknown"), ("snapshot-negative.json", "sign")]
    {
        let schema = if name.starts_with("proof") { "proof" } else { "snapshot" };
        let document = serde_json::from_str(&read(dir, name)).unwrap();
        assert!(!Validator::of(schema).is_valid(&document), "{name}: {fault}");
    }
    let wide = with(&serde_json::from_str(&read(dir, "proof-kzg.json")).unwrap(), "", |proof| {
        proof["layout"] = json!("wide");
    });
    hold("proof", &wide.unwrap().to_string(), kzg);
    let change: Reader = |text| transition::circuit_of(text.as_bytes()).is_ok();
    let proof: Value = serde_json::from_str(&read(dir, "proof.json")).unwrap();
    let as_change = with(&proof, "", |proof| {
        proof["format"] = json!("zkmargin-transition");
        let fields = proof["instance"].as_object_mut().unwrap();
        fields.remove("disclosed");
        fields.insert("claim".to_owned(), json!("meets:initial"));
        fields.insert("next".to_owned(), json!(format!("0x{}", "01".repeat(32))));
        fields.insert("change".to_owned(), json!(format!("0x{}", "02".repeat(32))));
    });
    let text = as_change.unwrap().to_string();
    assert!(change(&text) && transition::TransitionFile::<Fp>::parse(text.as_bytes()).is_ok());
    let reads: Reader = |text| transition::TransitionFile::<Fp>::parse(text.as_bytes()).is_ok();
    assert!(hold("proof-of-change", &text, reads) > 20);
}

#[test]
fn schemas_of_the_other_statements_proofs() {
    let proof: Value = serde_json::from_str(&read(fixtures(), "proof.json")).unwrap();
    let root = |byte: &str| json!(format!("0x{}", byte.repeat(32)));
    let escrow = with(&proof, "", |proof| {
        proof["format"] = json!("zkmargin-escrow-proof");
        proof["instance"]["escrow"] = root("01");
    });
    let reads: Reader = |text| EscrowFile::<Fp>::parse(text.as_bytes()).is_ok();
    assert!(hold("proof-with-escrow", &escrow.unwrap().to_string(), reads) > 20);
    let venue = with(&proof, "", |proof| {
        proof["format"] = json!("zkmargin-venue");
        (proof["leaves"], proof["subtree"], proof["flagged"]) = (json!(16), json!(3), json!(""));
        let fields = proof["instance"].as_object_mut().unwrap();
        for margin in ["account", "state_root", "disclosed"] {
            fields.remove(margin);
        }
        fields.insert("claim".to_owned(), json!("at-least:maintenance"));
        fields.insert("flagged".to_owned(), root("00"));
        fields.insert("subtree_root".to_owned(), root("02"));
        fields.insert("accounts".to_owned(), json!(2));
        fields.insert("flagged_accounts".to_owned(), json!(0));
    });
    let reads: Reader = |text| VenueFile::<Fp>::parse(text.as_bytes()).is_ok();
    assert!(hold("proof-of-venue", &venue.unwrap().to_string(), reads) > 20);
    let haircut = with(&proof, "", |proof| {
        proof["format"] = json!("zkmargin-haircut");
        (proof["leaves"], proof["subtree"]) = (json!(16), json!(3));
        let fields = proof["instance"].as_object_mut().unwrap();
        for margin in ["account", "state_root", "claim", "disclosed"] {
            fields.remove(margin);
        }
        fields.insert("subtree_after".to_owned(), root("01"));
        fields.insert("subtree_root".to_owned(), root("02"));
        fields.insert("loss".to_owned(), json!("10"));
        fields.insert("equity".to_owned(), json!("30"));
        fields.insert("winners".to_owned(), json!(2));
        fields.insert("winners_equity".to_owned(), json!("20"));
        fields.insert("cuts".to_owned(), json!("7"));
    });
    let reads: Reader = |text| HaircutFile::<Fp>::parse(text.as_bytes()).is_ok();
    assert!(hold("proof-of-haircut", &haircut.unwrap().to_string(), reads) > 20);
}

#[test]
fn schemas_of_what_a_committee_opens() {
    let (committee, members) = deal::<Fp>(2, 3).unwrap();
    let portfolio = Portfolio::new(vec![], Blinding::new([9; 31])).unwrap();
    let words = Words::new(&[], (portfolio.reserved(), portfolio.blinding()), 2).unwrap();
    let binding = Binding {
        context: ContextId::derive("test", 1, [0; 20]),
        epoch: Epoch::new(7),
        account: AccountId::new([3; 20]),
    };
    let ciphertext = encrypt(committee.key(), &draw_nonce().unwrap(), &binding, &words);
    let part = Part::new(&committee, &members[0], &ciphertext).unwrap();
    let files: [(_, _, Reader); 3] = [
        ("committee", CommitteeFile::of(&committee).to_json(), |text| {
            CommitteeFile::parse::<Fp>(text.as_bytes()).is_ok()
        }),
        ("escrow", CiphertextFile::of(committee.key(), &binding, &ciphertext).to_json(), |text| {
            CiphertextFile::parse::<Fp>(text.as_bytes()).is_ok()
        }),
        ("escrow-part", PartFile::of(&part).to_json(), |text| {
            PartFile::parse::<Fp>(text.as_bytes()).is_ok()
        }),
    ];
    for (name, example, reads) in files {
        assert!(hold(name, std::str::from_utf8(&example).unwrap(), reads) > 10, "{name}");
    }
}

#[test]
fn reports_are_what_their_schemas_say() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    let report = |schema: &str, line: &str| {
        let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let document: Value =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{line}: {text}"));
        if let Some(fault) = Validator::of(schema).fault(&document) {
            panic!("{line}: {fault}\n{document:#}");
        }
    };
    report("report-margin", "margin -q --json trader.age -i trader.key -m market.json");
    report("report-margin", "margin -q --json strangle.age -i trader.key -m options.json");
    report("report-error", "margin -q --json nothing.age -i trader.key -m market.json");
    report("report-error", "margin --json --nothing");
    report("report-verify", "verify -q --json proof.json --any-age");
    report(
        "report-verify",
        "verify -q --json proof.json proof-flipped.json --epoch epoch.json --signers signers.json --at-least maintenance --any-age",
    );
    report(
        "report-prove",
        "prove -q --json --force trader.age -i trader.key -m market.json -p path.json -o again.json",
    );
}

#[test]
fn the_command_writes_schemas() {
    let dir = tempfile::tempdir().unwrap();
    let names = run(dir.path(), "schema");
    for schema in schema::ALL {
        assert!(names.lines().any(|line| line.starts_with(schema.name)), "{}", schema.name);
        assert_eq!(run(dir.path(), &format!("schema {}", schema.name)), schema.document());
    }
    assert_eq!(
        run(dir.path(), "encrypt --schema"),
        schema::by_name("portfolio").unwrap().document()
    );
    let wrong = zkmargin(dir.path()).args(["schema", "nothing"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("allowed are account, announced"));
}
