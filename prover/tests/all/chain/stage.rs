//! The files of a venue and its traders, a node, and the command that drives contracts
//! on it.

use std::fs;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::process::Output;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use zkmargin_margin::ids::AccountId;

use super::node::Node;
use crate::common::{TRADER, copy_fixtures, run, zkmargin};

/// When the fixtures' prices were recorded.
pub(crate) const START: u64 = 1_679_940_322;
pub(crate) const HOUR: u64 = 3_600;
/// The first two accounts that anvil gives funds to; everybody knows their keys.
pub(crate) const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
pub(crate) const OTHER_KEY: &str =
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

/// The address of the first key. The accounts of the tests are its number 0, which
/// is healthy, and number 1, which is not.
pub(crate) const OWNER: &str = "f39fd6e51aad88f6f4ce6ab8827279cfffb92266";
/// And of the other.
pub(crate) const OTHER: &str = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8";

/// An account of the owner's.
pub(crate) fn account(sub: u32) -> String {
    AccountId::derive(&hex::decode(OWNER).unwrap(), sub).unwrap().to_string()
}

/// Hourly epochs, as the fixtures' are.
pub(crate) const DEPLOY: &str = "deploy --protocol test -m hyperliquid --circuit standard-small --insecure-dev-srs --signers signers.json --max-snapshot-age 3600 --proof-window 7200 --cure-period 7200";
pub(crate) const SUBMIT: &str = "submit healthy.json --insecure-dev-srs";

/// A directory with the fixtures, and a node.
pub(crate) struct Stage {
    pub(crate) dir: tempfile::TempDir,
    node: Node,
}

impl Stage {
    pub(crate) fn new() -> Option<Self> {
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
    pub(crate) fn output(&self, line: &str) -> Output {
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
    pub(crate) fn ending(&self, code: i32, line: &str) -> Value {
        let output = self.output(line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "evm {line}\n{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A transaction; the type of what it announced.
    pub(crate) fn send(&self, line: &str) -> String {
        let sent = self.ending(0, &format!("{line} --key-file sender.key"));
        let [sent] = sent.as_array().unwrap().as_slice() else { panic!("{sent}") };
        assert!(sent["gas_used"].as_u64().unwrap() > 21_000);
        sent["events"][0]["type"].as_str().unwrap().to_owned()
    }

    /// What is said of a command that is refused.
    pub(crate) fn refused(&self, code: i32, line: &str) -> String {
        self.ending(code, line)["error"]["message"].as_str().unwrap().to_owned()
    }

    /// The state of an account, and how the command ends.
    pub(crate) fn status(&self, code: i32, account: &str) -> Value {
        self.ending(code, &format!("status -a {account}"))["accounts"][0].clone()
    }

    pub(crate) fn set_time(&self, time: u64) {
        self.rpc("evm_setNextBlockTimestamp", &json!([time]));
        self.rpc("evm_mine", &json!([]));
    }

    /// The least of HTTP that a node understands.
    pub(crate) fn rpc(&self, method: &str, params: &Value) -> Value {
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
    pub(crate) fn transact(&self, transaction: &Value) {
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
    pub(crate) fn deploy(&self) {
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
    pub(crate) fn state(&self, market: &str) {
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
    pub(crate) fn sign(&self, epoch: u64, market: &str, before: &str) {
        let dir = self.dir.path();
        let file = format!("signed-{epoch}.json");
        run(dir, &format!("epoch make -q -m {market} -s state-evm.json {before} -o {file}"));
        for key in ["signer-1.key", "signer-2.key"] {
            run(dir, &format!("epoch sign -q {file} --key-file {key}"));
        }
    }

    pub(crate) fn prove(&self, portfolio: &str, market: &str, claim: &str, output: &str) {
        run(
            self.dir.path(),
            &format!(
                "prove -q {portfolio} --insecure-plaintext -m {market} -s state-evm.json --claim {claim} -o {output} --insecure-dev-srs"
            ),
        );
    }

    /// The other accepts the administrator's role, after its delay, of no seconds.
    pub(crate) fn accept_roles(&self) {
        let from = self.ending(0, "roles show")["acceptable_from"].as_u64().unwrap();
        self.set_time(from + 60);
        self.ending(0, "roles accept --key-file other.secret");
    }

    /// A market of later prices, posted when it is fresh.
    pub(crate) fn epoch(&self, epoch: u64) {
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

    pub(crate) fn owner(&self, line: &str) -> Value {
        self.ending(0, &format!("{line} --key-file sender.key"))
    }

    pub(crate) fn other(&self, line: &str) -> Value {
        self.ending(0, &format!("{line} --key-file other.secret"))
    }

    pub(crate) fn owner_is_refused(&self, line: &str, expected: &str) {
        let message = self.refused(1, &format!("{line} --key-file sender.key"));
        assert!(message.contains(expected), "evm {line}: {message}");
    }
}
