//! Contracts on a real node, driven by the command.
//!
//! Needs anvil: `npm ci --ignore-scripts` in `verifier/contracts` brings it,
//! `ZKMARGIN_ANVIL` names another. Without it the tests say so and pass, unless
//! `ZKMARGIN_REQUIRE_ANVIL` is set, as it is where everything is checked.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use alloy_sol_types::private::{Address, I256, U256};
use alloy_sol_types::{SolCall as _, sol};
use common::{TRADER, copy_fixtures, run, zkmargin};
use serde_json::{Value, json};
use zkmargin_margin::ids::AccountId;

/// When the fixtures' prices were recorded.
const START: u64 = 1_679_940_322;
const HOUR: u64 = 3_600;
/// The first two accounts that anvil gives funds to; everybody knows their keys.
const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const OTHER_KEY: &str = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

/// The address of the first key. The accounts of the tests are its number 0, which
/// is healthy, and number 1, which is not.
const OWNER: &str = "f39fd6e51aad88f6f4ce6ab8827279cfffb92266";
/// And of the other.
const OTHER: &str = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8";

/// The third account, whose transactions the node signs itself.
const FEEDER: &str = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc";

sol! {
    function say(int256 answer, uint256 startedAt, uint256 updatedAt);
}

/// An account of the owner's.
fn account(sub: u32) -> String {
    AccountId::derive(&hex::decode(OWNER).unwrap(), sub).unwrap().to_string()
}

/// The program, or `None` after saying loudly that nothing is tested.
fn anvil() -> Option<PathBuf> {
    let named = std::env::var_os("ZKMARGIN_ANVIL").map(PathBuf::from);
    let packages = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../verifier/contracts/node_modules/@foundry-rs");
    let installed = || {
        let entries = fs::read_dir(packages).ok()?.map(|entry| entry.unwrap().path());
        let programs = entries.map(|package| package.join("bin/anvil"));
        programs
            .filter(|program| program.is_file())
            .find(|program| !program.parent().unwrap().parent().unwrap().ends_with("anvil"))
    };
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|dir| dir.join("anvil")).find(|name| name.is_file())
    };
    let found = named.or_else(installed).or_else(on_path);
    if found.is_none() {
        let required = std::env::var_os("ZKMARGIN_REQUIRE_ANVIL").is_some();
        assert!(!required, "anvil is not there: `npm ci` in verifier/contracts brings it");
        // Not by a macro, whose output is kept back when a test passes.
        let text = b"\nSKIPPED, NOTHING IS TESTED: anvil is not there; `npm ci --ignore-scripts` in verifier/contracts brings it\n";
        io::stderr().write_all(text).unwrap();
    }
    found
}

struct Node {
    child: Child,
    url: String,
}

impl Node {
    fn start() -> Option<Self> {
        let mut child = Command::new(anvil()?)
            .args(["--port", "0", "--timestamp", &(START + 60).to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = lines.find_map(|line| {
            line.unwrap().strip_prefix("Listening on ").map(|address| format!("http://{address}"))
        });
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, url: listening.unwrap() })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A directory with the fixtures, and a node.
struct Stage {
    dir: tempfile::TempDir,
    node: Node,
}

impl Stage {
    fn new() -> Option<Self> {
        let node = Node::start()?;
        let dir = tempfile::tempdir().unwrap();
        copy_fixtures(dir.path());
        // The fixtures' accounts are nobody's on a chain.
        let poor = TRADER.replace("a1", "a2");
        for name in ["portfolio.json", "poor.json", "accounts-kzg.jsonl"] {
            let text = fs::read_to_string(dir.path().join(name)).unwrap();
            let text = text.replace(TRADER, &account(0)).replace(&poor, &account(1));
            fs::write(dir.path().join(name), text).unwrap();
        }
        fs::write(dir.path().join("sender.key"), KEY).unwrap();
        fs::write(dir.path().join("other.secret"), OTHER_KEY).unwrap();
        Some(Self { dir, node })
    }

    /// Runs `zkmargin evm`; nothing that it says shows a key.
    fn output(&self, line: &str) -> Output {
        let output = zkmargin(self.dir.path())
            .args(["--json", "-q", "evm"])
            .args(line.split_whitespace())
            .env("ZKMARGIN_RPC_URL", &self.node.url)
            .env("ZKMARGIN_DEPLOYMENT", "deployment.json")
            .output()
            .unwrap();
        for bytes in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(bytes).to_lowercase();
            assert!(!text.contains(KEY) && !text.contains(OTHER_KEY), "{text}");
        }
        output
    }

    /// A command that ends like this; its report.
    fn ending(&self, code: i32, line: &str) -> Value {
        let output = self.output(line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "evm {line}\n{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A transaction; the type of what it announced.
    fn send(&self, line: &str) -> String {
        let sent = self.ending(0, &format!("{line} --key-file sender.key"));
        let [sent] = sent.as_array().unwrap().as_slice() else { panic!("{sent}") };
        assert!(sent["gas_used"].as_u64().unwrap() > 21_000);
        sent["events"][0]["type"].as_str().unwrap().to_owned()
    }

    /// What is said of a command that is refused.
    fn refused(&self, code: i32, line: &str) -> String {
        self.ending(code, line)["error"]["message"].as_str().unwrap().to_owned()
    }

    /// The state of an account, and how the command ends.
    fn status(&self, code: i32, account: &str) -> Value {
        self.ending(code, &format!("status -a {account}"))["accounts"][0].clone()
    }

    fn set_time(&self, time: u64) {
        self.rpc("evm_setNextBlockTimestamp", &json!([time]));
        self.rpc("evm_mine", &json!([]));
    }

    /// The least of HTTP that a node understands.
    fn rpc(&self, method: &str, params: &Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let body = body.to_string();
        let address = self.node.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let answer = io::read_to_string(stream).unwrap();
        assert!(answer.contains("200 OK") && !answer.contains("error"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut answered: Value = serde_json::from_str(body).unwrap();
        answered["result"].take()
    }

    /// Sends what the node signs itself, and waits for its block: gas is estimated by
    /// what is there, and code that is still pending is not.
    fn transact(&self, transaction: &Value) {
        let hash = self.rpc("eth_sendTransaction", &json!([transaction]));
        for _ in 0..600 {
            if !self.rpc("eth_getTransactionReceipt", &json!([hash])).is_null() {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("{hash} is not mined");
    }

    /// Deploys, and makes the files of epoch 1 for the deployment.
    fn deploy(&self) {
        let deployed =
            self.ending(0, &format!("{DEPLOY} -o deployment.json --key-file sender.key"));
        assert_eq!(
            (&deployed["insecure_dev_srs"], &deployed["complete"]),
            (&json!(true), &json!(true))
        );
        self.state("market-kzg.json");
        self.sign(1, "market-kzg.json", "--first");
        self.prove("portfolio.json", "market-kzg.json", "at-least:maintenance", "healthy.json");
    }

    /// The venue's state of an epoch.
    fn state(&self, market: &str) {
        let deployment = fs::read(self.dir.path().join("deployment.json")).unwrap();
        let deployment: Value = serde_json::from_slice(&deployment).unwrap();
        let context = deployment["context"].as_str().unwrap();
        run(
            self.dir.path(),
            &format!(
                "venue root -q accounts-kzg.jsonl -m {market} --context {context} -o state-evm.json --force"
            ),
        );
    }

    /// The epoch's file, signed by two of three.
    fn sign(&self, epoch: u64, market: &str, before: &str) {
        let dir = self.dir.path();
        let file = format!("signed-{epoch}.json");
        run(dir, &format!("epoch make -q -m {market} -s state-evm.json {before} -o {file}"));
        for key in ["signer-1.key", "signer-2.key"] {
            run(dir, &format!("epoch sign -q {file} --key-file {key}"));
        }
    }

    fn prove(&self, portfolio: &str, market: &str, claim: &str, output: &str) {
        run(
            self.dir.path(),
            &format!(
                "prove -q {portfolio} --insecure-plaintext -m {market} -s state-evm.json --claim {claim} -o {output} --insecure-dev-srs"
            ),
        );
    }

    /// What the protocol, the guardian and the governor do; the first account is
    /// current, the other was to be liquidated.
    fn what_the_roles_may(&self, other: &str) {
        assert_eq!(self.send(&format!("reinstate -a {other}")), "reinstated");
        assert_eq!(self.status(0, other)["state"], "unproven");
        assert_eq!(self.send(&format!("close -a {other}")), "closed");
        assert_eq!(self.status(0, other)["state"], "closed");

        assert_eq!(self.send("pause --for 10m"), "halted");
        let status = self.ending(0, "status");
        assert_eq!(
            (&status["halted"], &status["standstill"]),
            (&json!("paused"), &json!("paused"))
        );
        let refused = |line: &str, expected: &str| {
            let message = self.refused(1, &format!("{line} --key-file sender.key"));
            assert!(message.contains(expected), "evm {line}: {message}");
        };
        refused(&format!("call -a {}", account(0)), "halt");
        let standing = format!("standing -a {} --at-least initial --max-age 2h", account(0));
        assert_eq!(self.ending(1, &standing)["may_increase_risk"], false);
        let root = status["market_root"].as_str().unwrap();
        refused(&format!("resume -e 2 --market-root {root}"), "3");
        assert_eq!(self.send(&format!("resume -e 3 --market-root {root}")), "resumed");
        assert_eq!(self.ending(0, &standing)["may_increase_risk"], true);

        let circuits = self.ending(0, "circuits list");
        assert_eq!(circuits[0]["name"], "standard-small");
        let circuit = circuits[0]["circuit"].as_str().unwrap();
        assert_eq!(self.send(&format!("circuits freeze -c {circuit}")), "circuits-changed");
        assert_eq!(self.ending(0, "status")["standstill"], "circuits");
        assert_eq!(self.send(&format!("circuits unfreeze -c {circuit}")), "circuits-changed");

        assert_eq!(self.send("models revoke -m hyperliquid"), "model-revoked");
        assert_eq!(self.ending(0, "status")["standstill"], "model-revoked");

        let show = format!("roles show -a {OTHER}");
        assert_eq!(self.ending(0, &show)["roles"], json!([]));
        let sent = |line: &str| self.ending(0, &format!("{line} --key-file sender.key"));
        sent(&format!("roles grant -r guardian -a {OTHER}"));
        assert_eq!(self.ending(0, &show)["roles"], json!(["guardian"]));
        let reject = format!("reject -e 3 --market-root {root} --key-file other.secret");
        let rejected = self.ending(0, &reject);
        assert_eq!(rejected[0]["events"][0]["type"], "epoch-rejected");
        assert_eq!(self.status(0, &account(0))["state"], "unproven");
        sent(&format!("roles hand-over --to {OTHER}"));
        let pending = self.ending(0, "roles show");
        assert_eq!(pending["handed_over_to"].as_str().unwrap().to_lowercase(), OTHER);
        self.accept_roles();
        let admin = self.ending(0, "roles show");
        assert_eq!(admin["admin"].as_str().unwrap().to_lowercase(), OTHER);
    }

    /// The other accepts the administrator's role, after its delay, of no seconds.
    fn accept_roles(&self) {
        let from = self.ending(0, "roles show")["acceptable_from"].as_u64().unwrap();
        self.set_time(from + 60);
        self.ending(0, "roles accept --key-file other.secret");
    }

    /// A market of later prices, posted when it is fresh.
    fn epoch(&self, epoch: u64) {
        let dir = self.dir.path();
        let time = START + (epoch - 1) * HOUR;
        let snapshot = fs::read_to_string(dir.join("snapshot.json")).unwrap();
        let later = snapshot.replace(&START.to_string(), &time.to_string());
        assert_ne!(later, snapshot);
        fs::write(dir.join("later.json"), later).unwrap();
        run(
            dir,
            &format!(
                "market build -q -s later.json -m hyperliquid -e {epoch} -o market-{epoch}-kzg.json --proof-system kzg"
            ),
        );
        let market = format!("market-{epoch}-kzg.json");
        let confirmed = match epoch {
            2 => "market-kzg.json".to_owned(),
            later => format!("market-{}-kzg.json", later - 1),
        };
        self.state(&market);
        let before = epoch - 1;
        self.sign(
            epoch,
            &market,
            &format!("--previous signed-{before}.json --confirmed {confirmed}"),
        );
        self.set_time(time + 60);
        assert_eq!(self.send(&format!("post signed-{epoch}.json")), "epoch-posted");
    }
}

/// Hourly epochs, as the fixtures' are.
const DEPLOY: &str = "deploy --protocol test -m hyperliquid --circuit standard-small --insecure-dev-srs --signers signers.json --max-snapshot-age 3600 --proof-window 7200 --cure-period 7200";
const SUBMIT: &str = "submit healthy.json --insecure-dev-srs";

#[test]
fn from_a_deployment_to_a_cure() {
    let Some(stage) = Stage::new() else { return };
    stage.deploy();
    let (trader, poor) = (account(0), account(1));
    assert_eq!(stage.send("post signed-1.json"), "epoch-posted");
    assert_eq!(stage.send("register"), "registered");
    stage.ending(0, "subscribe --key-file sender.key");
    assert_eq!(stage.status(0, &trader)["state"], "unproven");
    assert_eq!(stage.send(SUBMIT), "proof-accepted");
    let status = stage.status(0, &trader);
    assert_eq!((&status["state"], &status["overdue"]), (&json!("current"), &json!(false)));
    let again = stage.ending(0, &format!("{SUBMIT} --key-file sender.key"));
    assert_eq!(again[0]["outcome"], "unchanged");
    let message = stage.refused(1, &format!("call -a {trader} --key-file sender.key"));
    assert!(message.contains("next proof is due at"), "{message}");

    // A breach of another account, proved by the venue.
    assert_eq!(stage.send("register --sub 1"), "registered");
    stage.ending(0, "subscribe --sub 1 --key-file sender.key");
    stage.prove("poor.json", "market-kzg.json", "below:maintenance --disclose", "breach.json");
    // Several proofs, of which one is of no deployment.
    let several = "submit proof-kzg.json breach.json --insecure-dev-srs --key-file sender.key";
    let lines = stage.ending(1, several);
    assert_eq!(
        (&lines[0]["outcome"], &lines[1]["outcome"]),
        (&json!("refused"), &json!("not-tried"))
    );
    let lines = stage.ending(1, &format!("{several} --keep-going"));
    assert_eq!(
        (&lines[0]["outcome"], &lines[1]["outcome"]),
        (&json!("refused"), &json!("applied"))
    );
    assert_eq!(lines[1]["events"][0]["type"], "called");
    let status = stage.status(3, &poor);
    assert_eq!((&status["state"], &status["reason"]), (&json!("called"), &json!("breach")));
    assert!(status["shortfall"].as_str().unwrap().parse::<u128>().unwrap() > 0, "{status}");

    // Silence, and an answer to the call.
    stage.epoch(2);
    stage.epoch(3);
    stage.set_time(START + 2 * HOUR + 1_800);
    assert_eq!(stage.status(0, &trader)["overdue"], true);
    // A keeper calls who is silent, and records whose deadline has passed.
    let kept = stage.ending(0, "keep --key-file sender.key");
    let done: Vec<_> = kept
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["account"].as_str().unwrap(), line["sent"]["events"][0]["type"].as_str()))
        .collect();
    let expected = [(trader.as_str(), Some("called")), (poor.as_str(), Some("liquidatable"))];
    assert_eq!(done, expected, "{kept}");
    assert_eq!(stage.ending(0, "keep --key-file sender.key"), json!([]));
    assert_eq!(stage.status(3, &trader)["reason"], "overdue");
    stage.prove("portfolio.json", "market-3-kzg.json", "at-least:initial", "cure.json");
    assert_eq!(stage.send("cure cure.json --insecure-dev-srs"), "cured");
    assert_eq!(stage.status(0, &trader)["level"], "initial");

    let types = |history: &Value| -> Vec<String> {
        let events = history.as_array().unwrap().iter();
        events.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let history = stage.ending(0, &format!("history -a {trader}"));
    assert_eq!(types(&history), ["registered", "proof-accepted", "called", "cured"]);
    let history = types(&stage.ending(0, "history"));
    assert_eq!(history.iter().filter(|event| *event == "epoch-posted").count(), 3);
    // Without a name, all accounts.
    let all = stage.ending(3, "status");
    assert_eq!(all["accounts"].as_array().unwrap().len(), 2);

    stage.what_the_roles_may(&poor);
}

/// Signers, approvals, paths and bonds: what the contracts can do beside margin calls.
#[test]
fn what_surrounds_margin_calls() {
    let Some(stage) = Stage::new() else { return };
    stage.deploy();
    stage.send("post signed-1.json");
    stage.send("register");
    stage.replaces_signers();
    stage.approves_by_signature();
    stage.demands_its_path();
    stage.pays_keepers();
    stage.compares_prices();
}

impl Stage {
    fn owner(&self, line: &str) -> Value {
        self.ending(0, &format!("{line} --key-file sender.key"))
    }

    fn other(&self, line: &str) -> Value {
        self.ending(0, &format!("{line} --key-file other.secret"))
    }

    fn owner_is_refused(&self, line: &str, expected: &str) {
        let message = self.refused(1, &format!("{line} --key-file sender.key"));
        assert!(message.contains(expected), "evm {line}: {message}");
    }

    fn replaces_signers(&self) {
        let set = self.ending(0, "signers show");
        assert_eq!((&set["threshold"], &set["announced"]), (&json!(2), &json!(null)));
        let one = json!({"threshold": 1, "signers": [OTHER]}).to_string();
        fs::write(self.dir.path().join("one.json"), one).unwrap();
        self.owner_is_refused("signers activate", "announced first");
        self.owner_is_refused("signers cancel", "announced first");
        // A deployment for tests has no notice.
        self.owner("signers announce one.json");
        let set = self.ending(0, "signers show");
        assert_eq!((&set["threshold"], &set["announced"]), (&json!(1), &json!(null)));
        self.owner("signers announce signers.json");
        assert_eq!(self.ending(0, "signers show")["threshold"], 2);
    }

    fn approves_by_signature(&self) {
        let until = START + 100 * HOUR;
        let sign = format!("approval sign --operator {OTHER} --until {until} --deadline {until}");
        let approval = self.owner(&sign);
        fs::write(self.dir.path().join("approval.json"), approval.to_string()).unwrap();
        let register = format!("register --owner 0x{OWNER} --sub 2");
        let message = self.refused(1, &format!("{register} --key-file other.secret"));
        assert!(message.contains("neither"), "{message}");
        self.other("approval send approval.json");
        assert_eq!(self.other(&register)[0]["events"][0]["type"], "registered");
        self.owner_is_refused("approval send approval.json", "was used");
        // One that was signed and is voided counts no more.
        let approval = self.owner(&sign);
        fs::write(self.dir.path().join("approval.json"), approval.to_string()).unwrap();
        self.owner("approval void");
        self.owner_is_refused("approval send approval.json", "voided");
    }

    fn demands_its_path(&self) {
        let (dir, trader) = (self.dir.path(), account(0));
        let check = self.ending(0, "check healthy.json --insecure-dev-srs");
        assert_eq!((&check["counts"], &check["account"]), (&json!(true), &json!(trader)));
        let check = self.ending(1, "check proof-kzg.json --insecure-dev-srs");
        assert!(check["reason"].as_str().unwrap().contains("another context"), "{check}");

        let message = self.refused(2, &format!("paths show -a {trader}"));
        assert!(message.contains("no contract keeps demands"), "{message}");
        let terms = "--demand-bond 1000 --stake 5000 --answer-period 1h --notice 2h";
        self.owner(&format!("paths deploy {terms} --venue {OTHER}"));
        let again = format!("paths deploy {terms} --key-file sender.key");
        assert!(self.refused(2, &again).contains("has a contract"));
        self.owner("paths deposit --wei 20000");
        run(dir, "keygen -q -o id.key");
        let identity = fs::read_to_string(dir.join("id.key")).unwrap();
        let recipient = identity.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
        assert_eq!(self.send(&format!("paths demand -r {recipient}")), "path-requested");
        assert_eq!(self.status(0, &trader)["waits"], true);
        self.owner_is_refused(&format!("paths demand -r {recipient}"), "already");
        let shown = self.ending(0, &format!("paths show -a {trader}"));
        assert_eq!((&shown["epoch"], &shown["waits"]), (&json!(1), &json!(true)));
        assert_eq!(shown["venue_bond"], 15_000);
        self.owner_is_refused(&format!("paths forfeit -a {trader}"), "may still answer");

        fs::write(dir.join("path.txt"), "the path").unwrap();
        let answer = format!("paths answer path.txt -a {trader}");
        self.owner_is_refused(&answer, "not the market's venue");
        assert_eq!(self.other(&answer)[0]["events"][0]["type"], "path-answered");
        assert_eq!(self.status(0, &trader)["waits"], json!(null));
        self.ending(0, &format!("paths fetch -a {trader} -o got.txt -i id.key"));
        assert_eq!(fs::read_to_string(dir.join("got.txt")).unwrap(), "the path");
        let shown = self.ending(0, &format!("paths show -a {trader}"));
        assert_eq!((&shown["venue_bond"], &shown["answered"]), (&json!(21_000), &json!(true)));
        self.owner_is_refused("paths collect", "nothing is owed");
    }

    /// A feed of the tests' own: its address.
    fn feed(&self, answers: &[(i64, u64)]) -> String {
        let from: Address = FEEDER.parse().unwrap();
        let artifact = include_str!("../../verifier/contracts/artifacts/MockFeed.json");
        let artifact: Value = serde_json::from_str(artifact).unwrap();
        self.transact(&json!({"from": FEEDER, "data": artifact["bytecode"]}));
        let feed = from.create(0).to_string();
        for (answer, at) in answers {
            let call = sayCall {
                answer: I256::try_from(*answer).unwrap(),
                startedAt: U256::from(*at),
                updatedAt: U256::from(*at),
            };
            let data = format!("0x{}", hex::encode(call.abi_encode()));
            self.transact(&json!({"from": FEEDER, "to": feed, "data": data}));
        }
        feed
    }

    /// The last: an epoch whose price is off is rejected.
    fn compares_prices(&self) {
        let market = fs::read_to_string(self.dir.path().join("market-kzg.json")).unwrap();
        let market: Value = serde_json::from_str(&market).unwrap();
        let price = market["snapshot"]["prices"]["ETH"]["price"].as_str().unwrap();
        let price: rust_decimal::Decimal = price.parse().unwrap();
        // Two percent above, in the feed's eight decimals.
        let off =
            i64::try_from((price * rust_decimal::Decimal::from(102_000_000)).trunc().mantissa())
                .unwrap();
        let feed = self.feed(&[(off, START - 30), (off, START + 30)]);
        let deployed = self.owner("prices deploy --notice 1h");
        let contract = deployed["contract"].as_str().unwrap();
        let on = |line: &str| format!("prices {line} --prices {contract}");
        let check = on("check ETH -m market-kzg.json");
        self.owner_is_refused(&check, "no feed is named");
        self.owner(&on(&format!(
            "refer ETH -m market-kzg.json --feed {feed} --deviation 100 --max-age 1h"
        )));
        self.owner(&on("stake --wei 100"));
        self.owner(&on("reward --wei 60"));
        // It can reject nothing yet.
        self.owner_is_refused(&check, "does not have the role");
        self.owner(&format!("roles grant -r guardian -a {contract}"));
        self.owner_is_refused(&format!("{check} --round 2"), "no answer for the time");
        let compared = self.other(&check);
        assert_eq!((&compared["agrees"], &compared["epoch"]), (&json!(false), &json!(1)));
        self.owner_is_refused(&check, "rejected already");
        self.other(&on("collect"));
        self.owner_is_refused(&on("collect"), "nothing is owed");
    }

    fn pays_keepers(&self) {
        let poor = account(1);
        assert_eq!(self.send("register --sub 1"), "registered");
        self.prove("poor.json", "market-kzg.json", "below:maintenance", "breach.json");
        let rules = "--min-reward 1000 --max-reward 9000 --max-gas-price 1 --notice 1h";
        let deployed = self.owner(&format!("bonds deploy {rules}"));
        let on = |line: &str| {
            let bonds = deployed["contract"].as_str().unwrap();
            format!("bonds {line} --bonds {bonds}")
        };
        self.owner(&on(&format!("deposit -a {poor} --wei 5000")));
        let show = on(&format!("show -a {poor} --keeper {OTHER}"));
        let shown = self.ending(0, &show);
        assert_eq!((&shown["wei"], &shown["owed"]), (&json!(5_000), &json!("0")));
        let show_breach =
            |proof: &str| on(&format!("breach {proof} --insecure-dev-srs --key-file other.secret"));
        let nobody = self.refused(1, &show_breach("breach.json"));
        assert!(nobody.contains("names no address to pay"), "{nobody}");
        let said = format!("below:maintenance --memo {OTHER}");
        self.prove("poor.json", "market-kzg.json", &said, "paid.json");
        assert_eq!(self.ending(0, &show_breach("paid.json"))[0]["events"][0]["type"], "called");
        let shown = self.ending(0, &show);
        assert_eq!((&shown["wei"], &shown["owed"]), (&json!(0), &json!("5000")));
        self.other(&on("collect"));
        assert_eq!(self.ending(0, &show)["owed"], "0");
        self.owner(&on("announce --sub 1"));
        self.owner_is_refused(&on("withdraw --sub 1"), "withdrawal must be announced");
        self.set_time(START + HOUR + 1_000);
        self.owner_is_refused(&on("withdraw --sub 1"), "its bond stays");
    }
}

/// An owner says what its account becomes, and a later epoch is shown to hold it.
#[test]
fn a_change_binds_until_it_is_shown() {
    let Some(stage) = Stage::new() else { return };
    let deploy = format!("{DEPLOY} --change-epochs 2 -o deployment.json --key-file sender.key");
    stage.ending(0, &deploy);
    stage.state("market-kzg.json");
    stage.sign(1, "market-kzg.json", "--first");
    stage.send("post signed-1.json");
    stage.send("register");
    let (dir, trader) = (stage.dir.path(), account(0));
    let status = format!("changes status -a {trader}");
    assert!(stage.refused(2, &status).contains("no contract keeps changes"));
    stage.owner("changes deploy");
    assert!(stage.refused(2, "changes deploy --key-file sender.key").contains("has a contract"));

    // What the account becomes: less cash, under another blinding.
    let after = fs::read_to_string(dir.join("portfolio.json")).unwrap();
    let after = after.replace("20417.77", "20000").replace(&"5a".repeat(31), &"6b".repeat(31));
    fs::write(dir.join("after.json"), after).unwrap();
    let prove = "prove-change -q --insecure-plaintext --insecure-dev-srs --meets maintenance -s state-evm.json";
    run(dir, &format!("{prove} portfolio.json after.json -m market-kzg.json -o change.json"));
    let submit = "changes submit change.json --insecure-dev-srs";
    assert!(stage.refused(2, &format!("{submit} --key-file sender.key")).contains("0 active"));
    let artifact = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../verifier/contracts/artifacts/VerifierChangeStandardSmall.json");
    stage.owner(&format!("circuits add --of changes --artifact {}", artifact.display()));
    let circuits = stage.ending(0, "circuits list");
    assert_eq!((&circuits[0]["of"], &circuits[1]["of"]), (&json!("margin"), &json!("changes")));
    let margin = format!("{submit} -c {}", circuits[0]["circuit"].as_str().unwrap());
    stage.owner_is_refused(&margin, "another statement");
    let others = format!("{submit} --key-file other.secret");
    assert!(stage.refused(1, &others).contains("not the owner's"));
    stage.owner_is_refused(&format!("changes expire -a {trader}"), "no change on record");
    assert_eq!(stage.send(submit), "change-accepted");
    let shown = stage.ending(0, &status);
    assert_eq!((&shown["epoch"], &shown["level"]), (&json!(1), &json!("maintenance")));
    stage.prove("portfolio.json", "market-kzg.json", "at-least:maintenance", "healthy.json");
    stage.owner_is_refused(SUBMIT, "what it becomes");
    stage.owner_is_refused(&format!("changes expire -a {trader}"), "can be shown until");

    // The venue's next root holds it.
    run(
        dir,
        "venue commit after.json poor.json --insecure-plaintext -m market-kzg.json -o accounts-kzg.jsonl --force",
    );
    stage.epoch(2);
    run(dir, &format!("{prove} after.json --unchanged -m market-2-kzg.json -o shown.json"));
    let show = "changes show shown.json --insecure-dev-srs";
    let sent = stage.other(show);
    let types: Vec<_> = sent[0]["events"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    assert_eq!(types, ["change-shown", "proof-accepted"]);
    assert_eq!(stage.ending(0, &status)["epoch"], json!(null));
    stage.owner_is_refused(show, "no change on record");
    let history = stage.ending(0, &format!("history -a {trader}"));
    assert!(history.as_array().unwrap().iter().any(|line| line["type"] == "change-shown"));
}

#[test]
fn what_is_refused_says_why() {
    let Some(stage) = Stage::new() else { return };
    stage.deploy();
    let dir = stage.dir.path();
    stage.send("post signed-1.json");
    stage.send("register");
    let refused = |code, line: &str, expected: &str| {
        let message = stage.refused(code, line);
        assert!(message.contains(expected), "evm {line}: {message}");
    };
    let with_key = |line: &str| format!("{line} --key-file sender.key");

    refused(2, SUBMIT, "no key to send");
    refused(2, &format!("{SUBMIT} --key-file trader.key"), "not a private key");
    refused(1, &with_key("submit healthy.json"), "insecure powers of tau");
    refused(1, &with_key("submit proof-kzg.json --insecure-dev-srs"), "another context");
    refused(2, &with_key("submit proof.json --insecure-dev-srs"), "proof system ipa");
    refused(2, &with_key("post epoch-kzg.json"), "the epoch file is for");
    run(dir, "epoch make -q -m market-kzg.json -s state-evm.json --first -o nobodys.json");
    refused(1, &with_key("post nobodys.json"), "too few valid signatures");
    refused(
        1,
        "register --key-file other.secret --owner 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "neither",
    );
    refused(1, &with_key("cure healthy.json --insecure-dev-srs"), "no open margin call");
    refused(1, "pause --for 1h --key-file other.secret", "does not have the role");

    // Another claim than what was proved, well-formed in every other way.
    let proof = fs::read_to_string(dir.join("healthy.json")).unwrap();
    let lie = proof.replace("at-least:maintenance", "at-least:initial");
    fs::write(dir.join("lie.json"), lie).unwrap();
    refused(1, &with_key("submit lie.json --insecure-dev-srs"), "does not prove");
    // Of a circuit, and under powers of tau, that the deployment does not know.
    let other = proof.replace("\"small\"", "\"medium\"");
    fs::write(dir.join("medium.json"), other).unwrap();
    let message = stage.refused(2, &with_key("submit medium.json --insecure-dev-srs"));
    assert!(message.contains("medium"), "{message}");

    let file = fs::read_to_string(dir.join("deployment.json")).unwrap();
    let wrong = [
        ("31337", "1", "the node is of chain 31337"),
        ("\"chain\"", "\"chains\"", "unknown field `chains`"),
    ];
    for (from, to, expected) in wrong {
        fs::write(dir.join("wrong.json"), file.replacen(from, to, 1)).unwrap();
        refused(2, "status -d wrong.json", expected);
    }
    refused(2, "status --rpc-url ftp://127.0.0.1", "not an http");
    // A node has no say in what is signed for which chain, and at what fee.
    let elsewhere = format!("{DEPLOY} --chain 1 -o elsewhere.json");
    refused(2, &with_key(&elsewhere), "is of chain 31337, --chain asks for 1");
    assert!(!stage.dir.path().join("elsewhere.json").exists());
    refused(2, &with_key("pause --for 1h --max-fee 0"), "--max-fee allows 0");
    // The endpoint's access token stays secret.
    let message = stage.refused(2, "status --rpc-url http://127.0.0.1:1/token-of-mine");
    assert!(!message.contains("token-of-mine"), "{message}");
    // Nothing of it reached the account.
    assert_eq!(stage.status(0, &account(0))["state"], "unproven");
}

#[test]
fn a_deployment_is_planned_and_gone_on_with() {
    let Some(stage) = Stage::new() else { return };
    let dir = stage.dir.path();
    let governed = format!("{DEPLOY} --governor {OTHER} --guardian {OTHER} --operator {OTHER}");
    // Nothing is sent, and nothing is written.
    let plan = stage.ending(0, &format!("{governed} -o plan.json --dry-run --from 0x{OWNER}"));
    let planned = plan["planned"].as_array().unwrap();
    assert!(planned.len() > 10 && !dir.join("plan.json").exists());
    assert!(planned[0]["gas"].as_u64().unwrap() > 500_000, "{}", planned[0]["gas"]);
    assert_eq!((&planned[0]["nonce"], &planned[0]["to"]), (&json!(0), &Value::Null));

    // The file of a deployment that stopped after the gate.
    let key = "--key-file sender.key";
    let done = stage.ending(0, &format!("{governed} -o deployment.json {key}"));
    assert_eq!(plan["contracts"], done["contracts"], "what was planned");
    assert_eq!(done["handed_over"].as_str().unwrap().to_lowercase(), OTHER);
    assert_eq!(done["kept"], json!([]));
    let whole = fs::read_to_string(dir.join("deployment.json")).unwrap();
    let mut half: Value = serde_json::from_str(&whole).unwrap();
    half["complete"] = json!(false);
    half["context"] = Value::Null;
    half["verifiers"] = json!([]);
    fs::write(dir.join("half.json"), half.to_string()).unwrap();
    let message = stage.refused(2, "status -d half.json");
    assert!(message.contains("not finished"), "{message}");
    // Another deployment does not go on with it.
    let other = governed.replace("--protocol test", "--protocol other");
    let message = stage.refused(2, &format!("{other} -o half.json {key}"));
    assert!(message.contains("its protocol is test, not other"), "{message}");
    // Neither does one that is complete.
    let message = stage.refused(2, &format!("{governed} -o deployment.json {key}"));
    assert!(message.contains("deployment.json"), "{message}");

    // The governor governs, the deployer does no longer.
    let message = stage.refused(1, &format!("models revoke -m hyperliquid {key}"));
    assert!(message.contains("does not have the role"), "{message}");
    let held = stage.ending(0, &format!("roles show -a {OTHER}"))["roles"].clone();
    assert_eq!(held, json!(["governor", "guardian", "protocol"]));
    stage.accept_roles();

    // One that stopped before its market was there.
    let begun =
        format!("{DEPLOY} -o begun.json {key}").replace("--protocol test", "--protocol two");
    let told = stage.ending(0, &begun);
    assert_eq!(told["kept"], json!(["governor", "guardian", "protocol"]));
    let text = fs::read_to_string(dir.join("begun.json")).unwrap();
    let mut begun_file: Value = serde_json::from_str(&text).unwrap();
    begun_file["complete"] = json!(false);
    begun_file["context"] = Value::Null;
    begun_file["contracts"]["registry"] = Value::Null;
    fs::write(dir.join("begun.json"), begun_file.to_string()).unwrap();
    let again = stage.ending(0, &begun);
    assert_eq!(again["context"], told["context"]);
    assert_eq!(again["contracts"]["markets"], told["contracts"]["markets"]);
    assert_ne!(again["contracts"]["registry"], told["contracts"]["registry"]);
    // Its rules are those that the market was created with.
    begun_file["contracts"] = again["contracts"].clone();
    fs::write(dir.join("begun.json"), begun_file.to_string()).unwrap();
    let other = begun.replace("--proof-window 7200", "--proof-window 9000");
    let message = stage.refused(2, &other);
    assert!(message.contains("other rules"), "{message}");
}

#[test]
fn the_demo_plays_on_a_chain_of_its_own() {
    let Some(program) = anvil() else { return };
    let dir = tempfile::tempdir().unwrap();
    let output = zkmargin(dir.path())
        .args(["demo", "--chain", "--verbose", "--dir", "story"])
        .env("ZKMARGIN_ANVIL", program)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for expected in [
        "proved maintenance in epoch 1",
        "called (overdue",
        "OVERDUE",
        "What the registry announced",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    // The node ended with it.
    let url = text.split("--rpc-url http://").nth(1).unwrap();
    let address = url.split_whitespace().next().unwrap();
    assert!(TcpStream::connect(address).is_err(), "{address} still listens");
}
