//! `prove-change` and what `verify` says of it.

use std::fs;
use std::path::Path;

use crate::common::{CONTEXT, copy_fixtures, run, zkmargin};
use pasta_curves::Fp;
use zkmargin_margin::claim::{Level, Multiplier};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo};
use zkmargin_margin::portfolio::Blinding;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_margin::statement::transition::Aim;
use zkmargin_params::market::MarketFile;
use zkmargin_params::presets;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::portfolio_file::{PortfolioDocument, PositionEntry};
use zkmargin_prover::proving::ProvingError;
use zkmargin_prover::transition::{PreparedTransition, TransitionError, Wanted};
use zkmargin_prover::venue::{Entry, State};
use zkmargin_verifier::engine::nothing;

/// A command line, its exit code, and what it says.
fn said(dir: &Path, line: &str) -> (i32, String) {
    let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
}

/// The document of the trader after a trade, with a blinding of its own.
fn write_after(dir: &Path, name: &str, change: impl FnOnce(&mut serde_json::Value)) {
    let text = fs::read_to_string(dir.join("portfolio.json")).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    document["blinding"] = format!("0x{}", "6b".repeat(31)).into();
    change(&mut document);
    fs::write(dir.join(name), document.to_string()).unwrap();
}

const PINS: &str = "-m market.json --context zkmargin-test --any-state-root --any-age";

#[test]
fn a_change_is_proved_verified_and_told_from_what_is() {
    assert_eq!(CONTEXT, "zkmargin-test");
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    write_after(dir, "after.json", |document| {
        document["positions"][0]["quantity"] = "-0.25".into();
        document["cash"] = "20000".into();
    });
    run(dir, "encrypt -q after.json -R trader.key -o after.age");
    let told = run(
        dir,
        "prove-change -q trader.age after.age -i trader.key -m market.json -p path.json --opening opening.json -o change.json",
    );
    assert!(told.contains("meets:initial afterwards, proved in change.json"), "{told}");
    let text = fs::read_to_string(dir.join("change.json")).unwrap();
    let proof: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (next, change) = (&proof["instance"]["next"], &proof["instance"]["change"]);
    let (next, change) = (next.as_str().unwrap(), change.as_str().unwrap());
    // The next commitment is the one that the venue will make of the document.
    run(dir, "venue commit after.age -i trader.key -m market.json -o next.jsonl");
    assert!(fs::read_to_string(dir.join("next.jsonl")).unwrap().contains(next));

    let line = format!(
        "verify -q change.json {PINS} --meets initial --next {next} --opening opening.json"
    );
    let (code, told) = said(dir, &line);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("by a change in epoch 1: next commitment"), "{told}");
    assert!(told.contains(next) && told.contains(change), "{told}");

    // It says nothing of the account as it is, nor a margin proof of a change.
    for (proof, claim) in [
        ("change.json", "--at-least initial"),
        ("change.json", "--claim at-least:initial"),
        ("change.json", "--any-claim"),
        ("proof.json", "--meets initial"),
    ] {
        let (code, told) = said(dir, &format!("verify -q {proof} {PINS} {claim}"));
        assert_eq!(code, 1, "{proof} {claim}: {told}");
        assert!(told.contains("claim is"), "{told}");
    }
    let none = format!("verify -q proof.json {PINS} --any-claim --change {change}");
    assert_eq!(said(dir, &none).0, 1);
    // Nobody told what it must claim, or it is about another change or commitment.
    assert_ne!(said(dir, &format!("verify -q change.json {PINS}")).0, 0);
    let other = format!("verify -q change.json {PINS} --meets initial --next {change}");
    assert_eq!(said(dir, &other).0, 1);
    let opening = fs::read_to_string(dir.join("opening.json")).unwrap();
    fs::write(dir.join("other.json"), opening.replacen("\"lots\": \"", "\"lots\": \"1", 1))
        .unwrap();
    let other = format!("verify -q change.json {PINS} --meets initial --opening other.json");
    let (code, told) = said(dir, &other);
    assert!(code == 2 && told.contains("another digest"), "{code} {told}");
    // Public inputs that the proof is not of.
    fs::write(dir.join("forged.json"), text.replace(change, next)).unwrap();
    let (code, told) = said(dir, &format!("verify -q forged.json {PINS} --meets initial"));
    assert!(code == 1 && told.contains("does not prove these public inputs"), "{code} {told}");
    // A change of nothing shows the commitment that the account has.
    let told = run(
        dir,
        "prove-change -q trader.age --unchanged -i trader.key -m market.json -p path.json -o same.json",
    );
    assert!(told.contains("meets:initial afterwards, proved in same.json"), "{told}");
    let same: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(dir.join("same.json")).unwrap()).unwrap();
    run(dir, "venue commit trader.age -i trader.key -m market.json -o now.jsonl");
    let now = fs::read_to_string(dir.join("now.jsonl")).unwrap();
    assert!(now.contains(same["instance"]["next"].as_str().unwrap()));
    assert_eq!(same["instance"]["change"], nothing(ProofSystem::Ipa).to_string());
    let line = "prove-change -q trader.age --unchanged --healthier initial -i trader.key -m market.json -p path.json -o other.proof";
    assert_eq!(said(dir, line).0, 2);

    // As a margin proof it is none, and the reverse.
    let renamed = text.replace("zkmargin-transition", "zkmargin-proof");
    fs::write(dir.join("renamed.json"), renamed).unwrap();
    assert_eq!(said(dir, &format!("verify -q renamed.json {PINS} --at-least initial")).0, 2);
    let reversed = fs::read_to_string(dir.join("proof.json")).unwrap();
    let reversed = reversed.replace("zkmargin-proof", "zkmargin-transition");
    fs::write(dir.join("reversed.json"), reversed).unwrap();
    assert_eq!(said(dir, &format!("verify -q reversed.json {PINS} --meets initial")).0, 2);
}

#[test]
fn a_deleveraging_is_proved_and_told_from_other_changes() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    write_after(dir, "after.json", |document| {
        document["positions"][0]["quantity"] = "-0.25".into();
        document["cash"] = "20000".into();
    });
    let prove = |after: &str, aim: &str, output: &str| {
        let line = format!(
            "prove-change -q portfolio.json {after} --insecure-plaintext -m market.json -p path.json {aim} -o {output}"
        );
        said(dir, &line)
    };
    let (code, told) = prove("after.json", "--healthier maintenance", "change.json");
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("healthier:maintenance afterwards, proved in change.json"), "{told}");
    let (code, told) = said(dir, &format!("verify -q change.json {PINS} --healthier maintenance"));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("healthier:maintenance by a change in epoch 1"), "{told}");
    // Nothing is said of a level afterwards, nor another aim's.
    assert!(!told.contains("at-least"), "{told}");
    for claim in [
        "--healthier initial",
        "--meets maintenance",
        "--cures maintenance:maintenance",
        "--at-least maintenance",
        "--any-claim",
    ] {
        let (code, told) = said(dir, &format!("verify -q change.json {PINS} {claim}"));
        assert_eq!(code, 1, "{claim}: {told}");
        assert!(told.contains("claim is"), "{told}");
    }
    // Told as another aim, it is a proof of other public inputs.
    let text = fs::read_to_string(dir.join("change.json")).unwrap();
    for other in ["healthier:initial", "cures:maintenance:maintenance", "meets:maintenance"] {
        fs::write(dir.join("forged.json"), text.replace("healthier:maintenance", other)).unwrap();
        let aim = other.replacen(':', " ", 1);
        let (code, told) = said(dir, &format!("verify -q forged.json {PINS} --{aim}"));
        assert_eq!(code, 1, "{other}: {told}");
    }

    // What is no deleveraging, in words.
    let refused = |after: &str, aim: &str, words: &str| {
        let (code, told) = prove(after, aim, "new.json");
        assert!(code == 1 && told.contains("(clause T4)") && told.contains(words), "{told}");
        assert!(told.contains("hint: "), "{told}");
        assert!(!dir.join("new.json").exists());
    };
    write_after(dir, "larger.json", |document| {
        document["positions"][0]["quantity"] = "-0.5".into();
    });
    refused("larger.json", "--healthier maintenance", "does not shrink its position");
    write_after(dir, "dear.json", |document| {
        document["positions"][0]["quantity"] = "-0.25".into();
        document["cash"] = "1".into();
    });
    refused("dear.json", "--healthier maintenance", "falls in a bucket");
    refused("after.json", "--cures maintenance:initial", "was not below the level");
    // What no aim takes.
    for aim in [
        "--healthier margin-call",
        "--healthier maintenance --multiplier 2",
        "--healthier maintenance --max-leverage 2",
        "--healthier maintenance --meets initial",
        "--cures initial:maintenance",
        "--cures maintenance",
        "--cures maintenance:initial --max-leverage 2",
    ] {
        assert_eq!(prove("after.json", aim, "new.json").0, 2, "{aim}");
    }
}

/// What cures must be no more than is needed, told by one lot taken back: here one that is in
/// the next tier, so the row is another than the position's.
#[test]
fn the_lot_that_is_taken_back_may_be_of_another_tier() {
    let model = presets::by_name("binance-usdm").unwrap().model().unwrap();
    let snapshot = r#"{"timestamp": 1, "source": "test", "quote": "USDT", "prices": {"ADAUSDT": {"price": "1"}}}"#;
    let snapshot = Snapshot::from_json(snapshot).unwrap();
    let (_, market) = MarketFile::build::<Fp>(&model, &snapshot, Epoch::new(1)).unwrap();
    // The first tier ends at 10,000. Of 12,000 with 50 of equity as many are sold at the mark
    // as leave what the 50 are enough for: the requirement falls from 70 to 50.
    let held = |quantity: &str, cash: &str, blinding: u8| {
        let positions = vec![PositionEntry::new("ADAUSDT".into(), quantity.into())];
        let mut document = PortfolioDocument::new(AccountId::new([1; 20]), cash.into(), positions);
        document.blinding = Some(Blinding::new([blinding; 31]));
        FamilyMarket::<Fp>::listings(&market).portfolio(&document).unwrap()
    };
    let before = held("12000", "-11950", 1);
    let entry = Entry { account: AccountId::new([1; 20]), commitment: before.commitment() };
    let context = ContextId::derive("test", 1, [0; 20]);
    let state = State::<Fp>::build(context, Epoch::new(1), vec![entry]).unwrap();
    let path = state.path(entry.account).unwrap();
    let aim = Aim::Cures { breach: Level::Maintenance, target: Level::Maintenance };
    let (multiplier, memo) = (Multiplier::ONE, Memo::NONE);
    let wanted = Wanted { aim, multiplier, leverage: None, memo, shape: None };
    let to = |quantity: &str, cash: &str| {
        PreparedTransition::new(&market, (&before, &held(quantity, cash, 2)), &path, &wanted)
    };
    assert!(to("10000", "-9950").is_ok());
    // One lot more than is needed, and one less.
    for (quantity, cash, clause) in
        [("9999", "-9949", Violation::ClosesTooMuch), ("10001", "-9951", Violation::FalseClaim)]
    {
        let refused = to(quantity, cash).unwrap_err();
        let is_of = |error: &TransitionError| matches!(error, TransitionError::Proving(ProvingError::False { violation, .. }) if *violation == clause);
        assert!(is_of(&refused), "{quantity}: {refused:?}");
    }
}

/// What follows a call that nobody meets with cash, in eleven proofs: asked for by
/// `ZKMARGIN_STORIES`, for what it takes.
#[test]
fn the_story_goes_on_after_a_call() {
    if std::env::var_os("ZKMARGIN_STORIES").is_none() {
        return;
    }
    let sandbox = tempfile::tempdir().unwrap();
    let line = ["demo", "--liquidation", "--dir", "story"];
    let output = zkmargin(sandbox.path()).args(line).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let lines = told.lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 80, "{lines} lines:\n{told}");
    let mut rest = told.as_str();
    for part in [
        "proved maintenance in epoch 1",
        "called (breach",
        "called (breach",
        "called (breach",
        "will have changed",
        "cures:maintenance:initial",
        "has changed as it said",
        "cured by initial",
        "cured by initial",
        "liquidatable",
        "part of member 1",
        "part of member 3",
        "opened to",
        "meets:initial afterwards",
        "has changed as it said",
        "closed",
        "self-deleveraging",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("{part} is missing: {told}")).1;
    }
    // No portfolio lies open, and the one that was opened is Dave's to read alone.
    for entry in fs::read_dir(sandbox.path().join("story")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = fs::read(&path) else { continue };
        for secret in ["-46987.88", "-40449", "-36869", "-16869"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds {secret}", path.display());
        }
    }
}

#[test]
fn what_cannot_be_proved_is_refused_in_words() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    let prove = |after: &str, more: &str| {
        let line = format!(
            "prove-change -q portfolio.json {after} --insecure-plaintext -m market.json -p path.json {more} -o new.json"
        );
        said(dir, &line)
    };
    let (code, told) = prove("portfolio.json", "");
    assert!(code == 2 && told.contains("the blinding of the one before"), "{told}");
    write_after(dir, "poorer.json", |document| document["cash"] = "-20000".into());
    let (code, told) = prove("poorer.json", "");
    assert!(code == 1 && told.contains("(clause M6)"), "{told}");
    write_after(dir, "other.json", |document| {
        document["account"] = "0x00000000000000000000000000000000000000a2".into();
    });
    let (code, told) = prove("other.json", "");
    assert!(code == 2 && told.contains("is of account"), "{told}");
    assert!(!dir.join("new.json").exists());
}
