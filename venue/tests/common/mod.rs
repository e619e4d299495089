//! What several tests need: stores on both databases, a market, portfolios.
#![allow(dead_code)]

pub(crate) mod postgres;

use std::fs;
use std::path::{Path, PathBuf};

use pasta_curves::Fp;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::market::MarketFile;
use zkmargin_params::presets;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_prover::crypt::NewIdentity;
use zkmargin_venue::store::{Place, Settings, Store};

/// The deployment of the tests, as arguments name it.
pub(crate) const PROTOCOL: &str = "zkmargin-venue-test";

pub(crate) fn context() -> ContextId {
    ContextId::derive(PROTOCOL, 0, [0; 20])
}

pub(crate) fn settings() -> Settings {
    Settings { context: context(), proof_system: ProofSystem::Ipa }
}

/// An account by a number.
pub(crate) fn account(number: u64) -> AccountId {
    let mut bytes = [0; 20];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    AccountId::new(bytes)
}

/// A new venue in a file.
pub(crate) async fn sqlite(directory: &Path) -> Store {
    let place = Place::File(directory.join("venue.db"));
    Store::create(&place, settings()).await.unwrap()
}

/// A market of an epoch, as its file's text.
pub(crate) fn market(epoch: u64) -> String {
    let model = presets::by_name("hyperliquid").unwrap().model().unwrap();
    let snapshot = Snapshot::from_json(
        r#"{"timestamp": 1679940322, "source": "test", "quote": "USDC",
            "prices": {"BTC": {"price": "26961.2"}, "ETH": {"price": "1706.71"}}}"#,
    );
    MarketFile::build::<Fp>(&model, &snapshot.unwrap(), Epoch::new(epoch)).unwrap().0.to_json()
}

/// A portfolio in plain text: so much cash and a little ether.
pub(crate) fn portfolio(account: AccountId, cash: i64) -> String {
    format!(
        r#"{{"version":1,"account":"{account}","cash":"{cash}",
            "positions":[{{"instrument":"ETH","quantity":"0.5"}}]}}"#
    )
}

/// A directory with an identity, the market of epoch 1, and so many plain portfolios:
/// every tenth, from the first, is bankrupt.
pub(crate) fn files(directory: &Path, portfolios: u64) {
    fs::write(directory.join("venue.key"), NewIdentity::generate().file()).unwrap();
    fs::write(directory.join("market.json"), market(1)).unwrap();
    fs::create_dir(directory.join("plain")).unwrap();
    for number in 0..portfolios {
        let cash = if number.is_multiple_of(10) { -2_000 } else { 100 };
        let name = directory.join(format!("plain/{number:05}.json"));
        fs::write(name, portfolio(account(number + 1), cash)).unwrap();
    }
}

/// Parameters are kept between runs of the tests.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("params-cache")
}

/// The command in a directory, with no secrets from outside.
pub(crate) fn command(directory: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("zkmargin-venue"));
    command
        .current_dir(directory)
        .env("ZKMARGIN_CACHE_DIR", cache())
        .env("ZKMARGIN_SRS_DIR", "srs");
    for name in ["ZKMARGIN_IDENTITY", "ZKMARGIN_PASSPHRASE", "ZKMARGIN_CONTEXT"] {
        command.env_remove(name);
    }
    command.env_remove("ZKMARGIN_VENUE_STORE").env_remove("ZKMARGIN_LEDGER");
    command
}

/// Runs a command line: how it ended, its output and its errors.
pub(crate) fn run(directory: &Path, line: &str) -> (i32, String, String) {
    let output = command(directory).args(line.split_whitespace()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// Runs a command line that must succeed; its standard output.
pub(crate) fn done(directory: &Path, line: &str) -> String {
    let (code, output, errors) = run(directory, line);
    assert_eq!(code, 0, "zkmargin-venue {line}\n{errors}");
    output
}
