//! The command: from plain portfolios to proofs, killed and started again.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod common;
#[path = "commands/deleverage.rs"]
mod deleverage;
#[path = "commands/wide.rs"]
mod wide;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{PROTOCOL, account, command, done, files, market, run};
use pasta_curves::Fp;
use zkmargin_margin::ids::{Epoch, Timestamp};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::market::MarketFile;
use zkmargin_prover::crypt::NewIdentity;
use zkmargin_prover::venue::{FieldHex, PathFile};
use zkmargin_verifier::engine::{AccountStatus, Action, Policy, PolicyParams, Root};
use zkmargin_verifier::epoch::{EpochDigest, EpochPost};
use zkmargin_verifier::ledger::Ledger;

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_venue_from_nothing_to_paths() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    files(dir, 30);
    done(dir, &format!("init -c {PROTOCOL} -R venue.key"));
    let (code, _, errors) = run(dir, &format!("init -c {PROTOCOL} -R venue.key"));
    assert!(code == 2 && errors.contains("holds a venue already"), "{errors}");
    let encrypted = json(&done(dir, "encrypt plain -o sealed --json"));
    assert_eq!(encrypted["encrypted"], 30);
    assert_eq!(json(&done(dir, "encrypt plain -o sealed --json"))["there"], 30);

    // Half of them by a list, then all; the first half is not read again.
    let names = (0..15).map(|n| format!("sealed/{n:05}.age\n")).collect::<String>();
    fs::write(dir.join("half"), names).unwrap();
    let half = done(dir, "commit --list half -m market.json -i venue.key --json");
    assert_eq!(json(&half)["committed"], 15);
    // One that is damaged, one that is plain, one of an account that has a file.
    fs::write(dir.join("sealed/damaged.age"), b"age-encryption.org/v1\n?").unwrap();
    fs::copy(dir.join("plain/00001.json"), dir.join("sealed/plain.json")).unwrap();
    fs::copy(dir.join("sealed/00002.age"), dir.join("sealed/twice.age")).unwrap();
    let line = "commit sealed -m market.json -i venue.key --json --keep-going";
    let (code, output, errors) = run(dir, line);
    let report = json(output.lines().next().unwrap());
    assert_eq!((code, &report["committed"], &report["unchanged"]), (1, &15.into(), &15.into()));
    let problems: Vec<_> = report["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refused| refused["problem"].as_str().unwrap())
        .collect();
    assert_eq!(problems.len(), 3, "{errors}");
    assert!(problems[0].contains("header") && problems[1].contains("not encrypted"));
    assert!(problems[2].contains("another file"), "{problems:?}");
    let (code, _, errors) = run(dir, "commit sealed -m market.json -i venue.key");
    assert!(code == 1 && errors.contains("portfolios were refused"), "{errors}");
    for name in ["damaged.age", "plain.json", "twice.age"] {
        fs::remove_file(dir.join("sealed").join(name)).unwrap();
    }

    let (code, _, errors) = run(dir, "paths -o paths");
    assert!(code == 2 && errors.contains("no epoch yet"), "{errors}");
    let root = json(&done(dir, "root -m market.json --json"));
    assert_eq!((&root["accounts"], &root["added"]), (&30.into(), &30.into()));
    done(dir, "paths -o paths");
    assert_eq!(fs::read_dir(dir.join("paths")).unwrap().count(), 30);
    let path = fs::read(dir.join(format!("paths/{}.json", account(1)))).unwrap();
    let path = PathFile::parse(&path).unwrap().membership::<Fp>().unwrap();
    let of_path = FieldHex::of(&path.state_root).to_string();
    assert_eq!(root["state_root"], of_path);

    let screened = done(dir, "screen -i venue.key -b maintenance --format csv");
    let lines: Vec<_> = screened.lines().collect();
    assert_eq!(lines[0], "account,level,shortfall_to_maintenance,shortfall_to_initial");
    assert_eq!(lines.len(), 1 + 3, "{screened}");
    assert!(lines[1].starts_with(&format!("{},bankrupt,", account(1))), "{screened}");

    // One account changed: its leaf alone is new. The same epoch again is refused.
    fs::remove_file(dir.join("sealed/00004.age")).unwrap();
    fs::write(dir.join("plain/00004.json"), common::portfolio(account(5), 5_000)).unwrap();
    done(dir, "encrypt plain -o sealed");
    let again = json(&done(dir, "commit sealed -m market.json -i venue.key --json"));
    assert_eq!((&again["committed"], &again["unchanged"]), (&1.into(), &29.into()));
    let (code, _, errors) = run(dir, "root -m market.json");
    assert!(code == 2 && errors.contains("does not come after epoch 1"), "{errors}");
    fs::write(dir.join("market-2.json"), market(2)).unwrap();
    let root = json(&done(dir, "root -m market-2.json --json"));
    assert_eq!((&root["changed"], &root["added"]), (&1.into(), &0.into()));

    // New keys: the old identity opens nothing of the store any more.
    fs::write(dir.join("new.key"), NewIdentity::generate().file()).unwrap();
    assert_eq!(json(&done(dir, "keys rotate -R new.key -i venue.key --json"))["rekeyed"], 30);
    assert_eq!(json(&done(dir, "keys rotate -R new.key -i new.key --json"))["rekeyed"], 0);
    assert_eq!(done(dir, "screen -i new.key --format json -q").lines().count(), 30);
    let (code, _, errors) = run(dir, "screen -i venue.key -q");
    assert!(code == 1 && errors.contains("30 of 30 accounts were refused"), "{errors}");
    assert!(done(dir, "keys list").contains("retired at"));
}

#[test]
fn a_commit_that_is_killed_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    files(dir, 1_600);
    done(dir, &format!("init -c {PROTOCOL} -R venue.key"));
    done(dir, "encrypt plain -o sealed");
    let line = "commit sealed -m market.json -i venue.key --json";
    let mut killed = command(dir).args(line.split(' ')).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let count = || {
        let status = json(&done(dir, "status --json"));
        status["accounts"].as_u64().unwrap()
    };
    while count() == 0 && killed.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline);
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let stored = count();
    let report = json(&done(dir, line));
    let number = |name: &str| report[name].as_u64().unwrap();
    assert_eq!((number("unchanged"), number("committed")), (stored, 1_600 - stored));
    assert_eq!(json(&done(dir, "root -m market.json --json"))["accounts"], 1_600);
}

#[test]
fn secrets_are_no_arguments_and_mistakes_have_words() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let (code, _, errors) = run(dir, "status --store postgres://me:hunter2@localhost/venue");
    assert!(code == 2 && errors.contains("ZKMARGIN_VENUE_STORE"), "{errors}");
    assert!(!errors.contains("hunter2"));
    let (code, _, errors) = run(dir, "status");
    assert!(code == 2 && errors.contains("venue.db holds no venue"), "{errors}");
    let (code, _, errors) = run(dir, "status --store mysql://localhost/venue");
    assert!(code == 2 && errors.contains("allowed are"), "{errors}");
    files(dir, 1);
    done(dir, &format!("init -c {PROTOCOL} -R venue.key"));
    let (code, _, errors) = run(dir, "commit plain -m market.json");
    assert!(code == 2 && errors.contains("no identity"), "{errors}");
    let (code, _, errors) = run(dir, "root -m market.json");
    assert!(code == 2 && errors.contains("no account yet"), "{errors}");
    let (code, _, errors) = run(dir, "root -m venue.key");
    assert!(code == 2 && errors.contains("not a market file"), "{errors}");
}

/// Proofs, alone and by the farm, to the ledger; a run that is started again proves
/// nothing twice.
#[test]
fn proofs_are_made_once_and_reach_the_ledger() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    files(dir, 2);
    fs::write(dir.join("worker.key"), NewIdentity::generate().file()).unwrap();
    done(dir, &format!("init -c {PROTOCOL} -R venue.key"));
    done(dir, "encrypt plain -o sealed");
    done(dir, "commit sealed -m market.json -i venue.key");
    done(dir, "root -m market.json");
    copy_store(dir);
    let first = json(&done(dir, "prove -i venue.key -c at-least:maintenance --json"));
    assert_eq!((&first["proved"], &first["untrue"]), (&1.into(), &1.into()));
    let again = json(&done(dir, "prove -i venue.key -c at-least:maintenance --json -o proofs"));
    assert_eq!((&again["proved"], &again["unchanged"]), (&0.into(), &1.into()));
    assert_eq!(fs::read_dir(dir.join("proofs")).unwrap().count(), 1);

    let push = "farm push -i venue.key -W worker.key -c below:maintenance --json";
    assert_eq!(json(&done(dir, push))["new"], 1);
    assert_eq!(json(&done(dir, push))["known"], 1);
    // A worker that is not meant gives the job back, and learns nothing of it.
    let (code, output, errors) = run(dir, "farm work -i venue.key --until-empty --json");
    let tally = json(&output);
    assert_eq!((code, &tally["done"], &tally["released"]), (0, &0.into(), &3.into()), "{errors}");
    assert!(errors.contains("given back: none of the identities"), "{errors}");
    let tally = json(&done(dir, "farm work -i worker.key --until-empty --json"));
    assert_eq!((&tally["done"], &tally["failed"]), (&1.into(), &0.into()));
    let status = json(&done(dir, "farm status --json"));
    assert_eq!((&status["proofs"], &status["queues"][0]["done"]), (&2.into(), &1.into()));
    assert_eq!(json(&done(dir, push))["known"], 1);

    ledger(dir);
    service(dir, "");
}

/// With what is not in the file yet, as a backup of one in use needs it.
fn copy_store(dir: &Path) {
    for end in ["", "-wal"] {
        let [from, to] = ["venue", "copy"].map(|name| dir.join(format!("{name}.db{end}")));
        if from.exists() {
            fs::copy(from, to).unwrap();
        }
    }
}

/// The proof reaches a service that does not have it; it is kept once, and another one
/// in its place is refused. The service ends when it is asked to.
#[cfg(unix)]
fn service(dir: &Path, more: &str) {
    let serving = format!("serve --store copy.db --listen 127.0.0.1:0{more}");
    let mut command = command(dir);
    command.args(serving.split(' ')).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut served = Killed(command.spawn().unwrap());
    let mut said = BufReader::new(served.0.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
    let post = |body: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        let length = body.len();
        let head = format!(
            "POST /v1/proofs HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let entry = fs::read_dir(dir.join("proofs")).unwrap().next().unwrap().unwrap();
    let proof = fs::read_to_string(entry.path()).unwrap();
    let claimed = proof.replace("at-least:maintenance", "at-least:initial");
    let elsewhere = proof.replace("\"epoch\": 1", "\"epoch\": 2");
    for (body, expected) in
        [(&claimed, " 422 "), (&elsewhere, " 422 "), (&proof, " 201 "), (&proof, " 200 ")]
    {
        let answer = post(body);
        let first = answer.lines().next().unwrap_or_default();
        assert!(first.contains(expected), "{answer}");
    }
    let asked = Command::new("kill").args(["-TERM", &served.0.id().to_string()]).status();
    assert!(asked.unwrap().success());
    assert_eq!(served.0.wait().unwrap().code(), Some(0));
}

/// A process that does not outlive its test.
#[cfg(unix)]
struct Killed(std::process::Child);

#[cfg(unix)]
impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[cfg(not(unix))]
fn service(_: &Path, _: &str) {}

/// The venue's accounts and proofs on a ledger: one proved, one called.
fn ledger(dir: &Path) {
    let start = now();
    let file = MarketFile::from_json(&market(1)).unwrap();
    let market = file.market::<Fp>().unwrap();
    let model = market.header().model;
    let rules = PolicyParams::standard(common::context(), ProofSystem::Ipa, model);
    let path = dir.join("ledger.redb");
    drop(Ledger::create(&path, Policy::new(rules).unwrap(), None, start).unwrap());
    let applied = |line: &str| {
        let report = json(&done(dir, line));
        (report["applied"].as_u64().unwrap(), report["unchanged"].as_u64().unwrap())
    };
    assert_eq!(applied("ledger register -l ledger.redb --json"), (2, 0));
    assert_eq!(applied("ledger register -l ledger.redb --json"), (0, 2));
    let (code, _, errors) = run(dir, "ledger submit -l ledger.redb --keep-going");
    assert!(code == 1 && errors.contains("2 of 2 proofs were refused"), "{errors}");
    let state = json(&done(dir, "status --json"))["state_root"].as_str().unwrap().to_owned();
    let state: Fp = state.parse::<FieldHex>().unwrap().element().unwrap();
    let post = EpochPost {
        epoch: Epoch::new(1),
        state_root: Root::from_field(&state),
        market_root: Root::from_field(&market.root()),
        model,
        market_timestamp: Timestamp::new(now()),
        price_move_bps: 0,
        reference: Epoch::new(0),
        previous: EpochDigest::NONE,
    };
    Ledger::open(&path).unwrap().apply(now(), &Action::PostEpoch(post)).unwrap();
    assert_eq!(applied("ledger submit -l ledger.redb --json"), (2, 0));
    assert_eq!(applied("ledger submit -l ledger.redb --json"), (0, 2));
    assert_eq!(done(dir, "ledger sync -l ledger.redb --json"), "2\n");
    let status = |number| {
        let ledger = Ledger::open(&path).unwrap();
        ledger.status(account(number), now()).unwrap()
    };
    assert!(matches!(status(1), AccountStatus::Called { .. }), "{:?}", status(1));
    assert!(matches!(status(2), AccountStatus::Current { .. }), "{:?}", status(2));
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
