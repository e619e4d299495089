//! `zkmargin watch` over a folder and over HTTP.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tiny_http::{Response, Server};

use super::validator::Validator;
use crate::common::{CONTEXT, TRADER, copy_fixtures, run, zkmargin};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Publishes the first epoch, with prices of a time, in the folder `latest`.
fn publish(dir: &Path, time: u64) {
    fs::create_dir_all(dir.join("latest")).unwrap();
    let snapshot = fs::read_to_string(dir.join("snapshot.json")).unwrap();
    fs::write(dir.join("fresh.json"), snapshot.replace("1679940322", &time.to_string())).unwrap();
    run(dir, "market build -q --force -s fresh.json -m hyperliquid -e 1 -o latest/market.json");
    run(
        dir,
        &format!(
            "venue root -q --force accounts.jsonl -m latest/market.json --context {CONTEXT} -o latest/state.json"
        ),
    );
    run(
        dir,
        "epoch make -q --force -m latest/market.json -s latest/state.json --first -o one.json",
    );
    run(dir, "epoch sign -q --force one.json --key-file signer-1.key -o two.json");
    run(dir, "epoch sign -q --force two.json --key-file signer-2.key -o latest/epoch.json");
}

/// Watches for an epoch; the exit code and the lines of JSON.
fn watch(dir: &Path, more: &str) -> (i32, Vec<Value>) {
    let line = format!(
        "watch -q --json -i trader.key --model hyperliquid --context {CONTEXT} --max-age 15m -o proofs --every 1s --retries 2 --epochs 1 {more}"
    );
    let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let schema = Validator::of("report-watch");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        assert!(schema.is_valid(line) || line["error"].is_object(), "{line}");
    }
    (output.status.code().unwrap(), lines)
}

/// Serves a folder on loopback; what was asked for.
fn serve(folder: &Path) -> (String, Arc<Mutex<Vec<String>>>) {
    let server = Server::http(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}/below/", server.server_addr().to_ip().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (folder, log) = (folder.to_owned(), Arc::clone(&asked));
    thread::spawn(move || {
        for request in server.incoming_requests() {
            let name = request.url().trim_start_matches("/below/").to_owned();
            let answer = match fs::read(folder.join(&name)) {
                Ok(bytes) => Response::from_data(bytes),
                Err(_) => Response::from_data(Vec::new()).with_status_code(404),
            };
            log.lock().unwrap().push(name);
            request.respond(answer).unwrap();
        }
    });
    (address, asked)
}

#[test]
fn a_new_epoch_is_proved_and_submitted_and_only_once() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    publish(dir, now() - 60);
    run(dir, &format!("call init -q -c {CONTEXT} -m hyperliquid --signers signers.json -l l.redb"));
    run(dir, "call post -q latest/epoch.json -l l.redb");
    run(dir, &format!("call register -q -a {TRADER} -l l.redb"));
    let (address, asked) = serve(&dir.join("latest"));

    // A stranger's epoch costs no more than its file.
    let strangers = format!("trader.age --from {address} --signers signers-others.json");
    let (code, lines) = watch(dir, &strangers);
    assert_eq!(code, 1, "{lines:?}");
    assert_eq!(lines.len(), 2, "one line for every attempt: {lines:?}");
    assert_eq!(*asked.lock().unwrap(), ["epoch.json", "epoch.json"]);

    let line = format!("trader.age --from {address} --signers signers.json --ledger l.redb");
    let (code, lines) = watch(dir, &line);
    assert_eq!(code, 0, "{lines:?}");
    assert_eq!(lines[0]["outcome"], "proved");
    assert_eq!((&lines[0]["epoch"], &lines[0]["submitted"]), (&1.into(), &true.into()));
    let standing =
        format!("call standing -q -a {TRADER} --at-least maintenance --max-age 15m -l l.redb");
    run(dir, &standing);

    // Again: the proof that is there is verified, and on record already.
    let made = fs::metadata(dir.join("proofs/epoch-1.proof.json")).unwrap().modified().unwrap();
    let folder = line.replace(&address, "latest");
    assert_eq!(watch(dir, &folder).0, 0);
    let again = fs::metadata(dir.join("proofs/epoch-1.proof.json")).unwrap().modified().unwrap();
    assert_eq!(made, again);
}

/// An epoch of a calibrated market, made of a snapshot and held to `steps`.
fn publish_calibrated(dir: &Path, epoch: u64, snapshot: &str, steps: &str) {
    let of = "-m dynamic --history closes_btc_eth.csv --column BTC=btc_close_usd --column ETH=eth_close_usd";
    publish_rule(dir, epoch, of, (snapshot, steps));
}

/// The same of a rule with its closes.
fn publish_rule(dir: &Path, epoch: u64, of: &str, (snapshot, steps): (&str, &str)) {
    let market = format!("calibrated-{epoch}.json");
    run(dir, &format!("market build -q --force {of} -s {snapshot} {steps} -e {epoch} -o {market}"));
    fs::create_dir_all(dir.join("latest")).unwrap();
    fs::copy(dir.join(&market), dir.join("latest/market.json")).unwrap();
    run(
        dir,
        &format!(
            "venue commit -q --force lone.json --insecure-plaintext -m {market} -o lone-{epoch}.jsonl"
        ),
    );
    run(
        dir,
        &format!(
            "venue root -q --force lone-{epoch}.jsonl -m {market} --context {CONTEXT} -o latest/state.json"
        ),
    );
    // Every epoch is the first that its signers name: the steps of prices are theirs.
    run(
        dir,
        &format!("epoch make -q --force -m {market} -s latest/state.json --first -o one.json"),
    );
    run(dir, "epoch sign -q --force one.json --key-file signer-1.key -o two.json");
    run(dir, "epoch sign -q --force two.json --key-file signer-2.key -o latest/epoch.json");
}

/// An account of one small position.
fn encrypt_lone(dir: &Path, instrument: &str) {
    let lone = format!(
        r#"{{"version": 1, "account": "{TRADER}", "blinding": "0x{}", "cash": "5000",
            "positions": [{{"instrument": "{instrument}", "quantity": "0.01"}}]}}"#,
        "5a".repeat(31)
    );
    fs::write(dir.join("lone.json"), lone).unwrap();
    run(dir, "encrypt -q lone.json -R trader.key -o lone.age");
}

/// The market before is the one that was watched; a publisher cannot start a rule anew.
#[test]
fn calibrated_markets_are_held_to_the_one_that_was_watched() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    encrypt_lone(dir, "BTC");
    let line = |output: &str, steps: &str| {
        let line = format!(
            "watch -q --json lone.age -i trader.key --from latest --signers signers.json --model dynamic --context {CONTEXT} --max-age 999999999s -o {output} --every 1s --retries 1 --epochs 1 {steps}"
        );
        let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code().unwrap(), text)
    };
    publish_calibrated(dir, 1, "dynamic-snapshot.json", "--first");
    let (code, text) = line("proofs", "");
    assert!(code != 0 && text.contains("nothing says that it is the first"), "{text}");
    let (code, text) = line("proofs", "--first");
    assert_eq!(code, 0, "{text}");
    // Looked at again it is no other first epoch.
    assert_eq!(line("proofs", "--first").0, 0);

    publish_calibrated(dir, 2, "dynamic-snapshot-2.json", "--previous calibrated-1.json");
    let (code, text) = line("proofs", "--first");
    assert_eq!(code, 0, "{text}");
    for epoch in [1, 2] {
        assert!(dir.join(format!("proofs/market-of-epoch-{epoch}.json")).exists());
    }
    // Who did not see the first epoch is told it, and takes no other.
    let (code, text) = line("later", "");
    assert!(code != 0 && text.contains("epoch 1"), "{text}");
    let (code, text) = line("later", "--previous calibrated-2.json");
    assert!(code != 0 && text.contains("epoch before"), "{text}");
    let (code, text) = line("later", "--previous calibrated-1.json");
    assert_eq!(code, 0, "{text}");

    publish_calibrated(dir, 3, "dynamic-snapshot-2.json", "--first");
    let (code, text) = line("proofs", "--first");
    assert!(code != 0 && text.contains("nothing says that it is the first"), "{text}");
}

/// A scenario set that is a rule neither.
#[test]
fn calibrated_sets_are_held_to_the_one_that_was_watched() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    encrypt_lone(dir, "BTC-PERPETUAL");
    let of = "-m span-dynamic --history closes_btc_volatility.csv --column BTC=btc_close_usd --column BTC-VOL=btc_realised_volatility_30d";
    let watched = || {
        let line = format!(
            "watch -q --json lone.age -i trader.key --from latest --signers signers.json --model span-dynamic --context {CONTEXT} --max-age 999999999s -o proofs --every 1s --retries 1 --epochs 1 --first"
        );
        let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    publish_rule(dir, 1, of, ("span-snapshot.json", "--first"));
    let (code, text) = watched();
    assert_eq!(code, 0, "{text}");
    assert!(dir.join("proofs/market-of-epoch-1.json").exists());
    publish_rule(dir, 2, of, ("span-snapshot-2.json", "--first"));
    let (code, text) = watched();
    assert!(code != 0 && text.contains("nothing says that it is the first"), "{text}");
    publish_rule(dir, 2, of, ("span-snapshot-2.json", "--previous calibrated-1.json"));
    let (code, text) = watched();
    assert_eq!(code, 0, "{text}");
}

#[test]
fn nothing_is_proved_on_stale_prices_or_of_a_false_claim() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    publish(dir, now() - 3_600);
    let line = "trader.age --from latest --signers signers.json";
    let (code, lines) = watch(dir, line);
    assert_eq!(code, 1, "{lines:?}");
    assert_eq!((lines.len(), &lines[1]["attempt"]), (2, &2.into()));
    assert!(lines[1]["error"].as_str().unwrap().contains("old"), "{lines:?}");
    assert!(!dir.join("proofs/epoch-1.proof.json").exists());
    assert!(!dir.join("proofs/market.json").exists(), "the epoch's age is looked at first");

    publish(dir, now() - 60);
    run(dir, "encrypt -q poor.json -R trader.key -o poor.age");
    let (code, lines) = watch(dir, &line.replace("trader.age", "poor.age"));
    assert_eq!((code, &lines[0]["outcome"]), (1, &"false".into()), "{lines:?}");
    assert!(!lines[0].to_string().contains("more cash"), "no figures in logs: {lines:?}");

    // What will be wrong the next time too ends it at once.
    let (code, lines) = watch(dir, &line.replace("trader.age", "flipped.age"));
    assert_eq!((code, lines.len()), (2, 1), "{lines:?}");
    let (code, lines) = watch(dir, &format!("{line} --claim below:initial"));
    assert_eq!((code, lines.len()), (2, 1), "{lines:?}");
    let (code, lines) = watch(dir, "trader.age --from nowhere --signers signers.json");
    assert_eq!((code, lines.len()), (2, 2), "{lines:?}");
}
