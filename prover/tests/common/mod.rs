//! What several tests need: the binary, and files made with it once.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use assert_cmd::Command;

/// The deployment of the tests.
pub(crate) const CONTEXT: &str = "zkmargin-test";
/// The account of `portfolio.json`.
pub(crate) const TRADER: &str = "0x00000000000000000000000000000000000000a1";

/// Parameters are kept between runs of the tests.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("params-cache")
}

/// Powers of tau, below the directory that a command runs in.
pub(crate) const SRS: &str = "srs";

/// Files that are committed with the tests.
pub(crate) fn static_fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The command, in a directory, with no secrets from outside.
pub(crate) fn zkmargin(dir: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("zkmargin"));
    command.current_dir(dir).env("ZKMARGIN_CACHE_DIR", cache()).env("ZKMARGIN_SRS_DIR", SRS);
    // The user's profiles are none of the tests'.
    command.env("ZKMARGIN_CONFIG", "").env_remove("ZKMARGIN_PROFILE");
    for name in ["ZKMARGIN_IDENTITY", "ZKMARGIN_PASSPHRASE", "ZKMARGIN_CONTEXT", "ZKMARGIN_LEDGER"]
    {
        command.env_remove(name);
    }
    command
}

/// Runs a command line that must succeed; its standard output.
pub(crate) fn run(dir: &Path, line: &str) -> String {
    let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "zkmargin {line}\n{}", text(&output.stderr));
    text(&output.stdout)
}

/// Copies the files of a directory.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Copies the fixtures with their powers of tau.
pub(crate) fn copy_fixtures(to: &Path) {
    copy_files(fixtures(), to);
    copy_files(&fixtures().join(SRS), &to.join(SRS));
}

/// A directory with all that a proof of `portfolio.json` needs, the proof, and
/// damaged copies of some files. Made once.
pub(crate) fn fixtures() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap().keep();
        copy_files(&static_fixtures(), &dir);
        make(&dir);
        dir
    })
}

fn make(dir: &Path) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../params/fixtures/haircut_tiers.json");
    let cases = fs::read_to_string(cases).unwrap();
    fs::write(dir.join("cases-wrong.json"), cases.replacen("\"80\"", "\"81\"", 1)).unwrap();
    fs::write(dir.join("cases.json"), cases).unwrap();
    let venues = Path::new(env!("CARGO_MANIFEST_DIR")).join("../params/fixtures");
    copy_files(&venues, dir);
    copy_files(&venues.join("srs"), dir);
    copy_files(&venues.join("accounts"), dir);
    let oracles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../oracle/fixtures");
    copy_files(&oracles, dir);
    let powers = fs::read(dir.join("pot5.ptau")).unwrap();
    fs::write(dir.join("pot5-cut-off.ptau"), &powers[..powers.len() / 2]).unwrap();
    let mut flipped = powers;
    // The second point of the second section.
    flipped[200] ^= 1;
    fs::write(dir.join("pot5-flipped.ptau"), flipped).unwrap();
    one_scenario_case(dir);
    run(dir, "market build -q -s snapshot.json -m hyperliquid -e 1 -o market.json");
    run(dir, "market build -q -s snapshot-2.json -m hyperliquid -e 2 -o market-2.json");
    run(dir, "encrypt -q portfolio.json -R trader.key -o trader.age");
    run(dir, "encrypt -q portfolio.json -R trader.key --armor -o armored.age");
    run(
        dir,
        "venue commit portfolio.json poor.json isolated.json --insecure-plaintext -m market.json -o accounts.jsonl",
    );
    run(
        dir,
        &format!("venue root -q accounts.jsonl -m market.json --context {CONTEXT} -o state.json"),
    );
    run(dir, &format!("venue path -q state.json -a {TRADER} -o path.json"));
    run(dir, "venue commit nine.json --insecure-plaintext -m market.json -o nine.jsonl");
    run(dir, &format!("venue root -q nine.jsonl -e 1 --context {CONTEXT} -o state-nine.json"));
    run(dir, "prove -q trader.age -i trader.key -m market.json -p path.json -o proof.json");
    epoch(dir, "");
    make_kzg(dir);

    options(dir);

    let age = fs::read(dir.join("trader.age")).unwrap();
    fs::write(dir.join("truncated.age"), &age[..age.len() - 20]).unwrap();
    let mut flipped = age.clone();
    *flipped.last_mut().unwrap() ^= 1;
    fs::write(dir.join("flipped.age"), flipped).unwrap();

    let proof = fs::read_to_string(dir.join("proof.json")).unwrap();
    fs::write(dir.join("proof-cut-off.json"), &proof[..proof.len() / 2]).unwrap();
    let (head, tail) = proof.split_once("\"proof\": \"").unwrap();
    let body = tail.split('"').next().unwrap();
    let replace = |name: &str, body: &str| {
        fs::write(dir.join(name), format!("{head}\"proof\": \"{body}\"\n}}\n")).unwrap();
    };
    // 16 base64 digits are 12 bytes.
    replace("proof-short.json", &body[16..]);
    let digit = if &body[400..401] == "A" { "B" } else { "A" };
    replace("proof-flipped.json", &format!("{}{digit}{}", &body[..400], &body[401..]));
    fs::write(dir.join("proof-other-epoch.json"), proof.replace("\"epoch\": 1", "\"epoch\": 2"))
        .unwrap();
    fs::write(
        dir.join("proof-unknown-field.json"),
        proof.replacen("\"version\": 1,", "\"version\": 1,\n  \"note\": 1,", 1),
    )
    .unwrap();

    let state = fs::read_to_string(dir.join("state.json")).unwrap();
    let first = fs::read_to_string(dir.join("accounts.jsonl")).unwrap();
    let first = first.lines().next().unwrap();
    fs::write(dir.join("accounts-twice.jsonl"), format!("{first}\n{first}\n")).unwrap();
    fs::write(dir.join("state-unknown-field.json"), state.replacen('{', "{\"note\":1,", 1))
        .unwrap();
    let old = state.replace("\"version\":2", "\"version\":1").replace("\"epoch\":1,", "");
    fs::write(dir.join("state-old.json"), old).unwrap();
    let path = fs::read_to_string(dir.join("path.json")).unwrap();
    fs::write(
        dir.join("path-damaged.json"),
        path.replace(&commitment_of(first), &format!("0x{}", "01".repeat(32))),
    )
    .unwrap();
    let market = fs::read_to_string(dir.join("market.json")).unwrap();
    fs::write(dir.join("market-tampered.json"), market.replace("26961.2", "36961.2")).unwrap();
}

/// What a verifier trusts of a market and state: the epoch's file, signed by two
/// of three, and what every proof of the fixtures is held to by it.
pub(crate) fn epoch(dir: &Path, suffix: &str) {
    let make = format!("epoch make -q -m market{suffix}.json -s state{suffix}.json --first");
    run(dir, &format!("{make} -o epoch{suffix}-unsigned.json"));
    let sign = format!("epoch sign -q epoch{suffix}-unsigned.json --key-file signer-1.key");
    run(dir, &format!("{sign} -o epoch{suffix}-signed-once.json"));
    let sign = format!("epoch sign -q epoch{suffix}-signed-once.json --key-file signer-2.key");
    run(dir, &format!("{sign} -o epoch{suffix}.json"));
}

/// The same account under the on-chain proof system.
fn make_kzg(dir: &Path) {
    run(dir, "srs dev -k 13");
    run(
        dir,
        "market build -q -s snapshot.json -m hyperliquid -e 1 -o market-kzg.json --proof-system kzg",
    );
    run(
        dir,
        "venue commit portfolio.json poor.json --insecure-plaintext -m market-kzg.json -o accounts-kzg.jsonl",
    );
    run(
        dir,
        &format!(
            "venue root -q accounts-kzg.jsonl -m market-kzg.json --context {CONTEXT} -o state-kzg.json"
        ),
    );
    run(dir, &format!("venue path -q state-kzg.json -a {TRADER} -o path-kzg.json"));
    run(
        dir,
        "prove -q trader.age -i trader.key -m market-kzg.json -p path-kzg.json -o proof-kzg.json --insecure-dev-srs",
    );
    epoch(dir, "-kzg");
    let proof = fs::read_to_string(dir.join("proof-kzg.json")).unwrap();
    fs::write(dir.join("proof-kzg-pretends.json"), proof.replace("insecure-dev:", "")).unwrap();
    fs::write(
        dir.join("proof-kzg-short.json"),
        proof.replacen("\"proof\": \"", "\"proof\": \"AAAA", 1),
    )
    .unwrap();
    fs::write(
        dir.join("proof-kzg-other-epoch.json"),
        proof.replace("\"epoch\": 1", "\"epoch\": 2"),
    )
    .unwrap();
    let list = fs::read_to_string(dir.join("accounts-kzg.jsonl")).unwrap();
    let ipa = fs::read_to_string(dir.join("accounts.jsonl")).unwrap();
    let mixed = format!("{}\n{}\n", list.lines().next().unwrap(), ipa.lines().nth(1).unwrap());
    fs::write(dir.join("accounts-mixed.jsonl"), mixed).unwrap();
}

/// A market of a real option chain, and two portfolios in it.
fn options(dir: &Path) {
    let chain = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/deribit/btc-20251205.csv");
    // An expiry of three: the others would take time.
    let chain = fs::read_to_string(chain).unwrap();
    let rows = chain.lines().filter(|row| row.contains("26DEC25") || row.starts_with("as_of"));
    fs::write(dir.join("chain.csv"), rows.collect::<Vec<_>>().join("\n")).unwrap();
    run(dir, "import deribit options -q chain.csv -o chain.json");
    run(dir, "market build -q -s chain.json -m deribit-btc-approx -e 1 -o options.json");
    // The same chain as if it were of another coin: a market of both.
    let chain = fs::read_to_string(dir.join("chain.json")).unwrap();
    fs::write(dir.join("chain-eth.json"), chain.replace("BTC", "ETH")).unwrap();
    run(
        dir,
        "market build -q -s chain.json --second chain-eth.json -m deribit-cross-approx -e 1 -o both.json",
    );
    run(dir, "encrypt -q strangle.json -R trader.key -o strangle.age");
    run(dir, "encrypt -q condor.json -R trader.key -o condor.age");
}

/// The file of a market of two coins and options on both that simulates. Made once.
pub(crate) fn simulated() -> &'static str {
    static FILE: OnceLock<String> = OnceLock::new();
    FILE.get_or_init(|| {
        let sandbox = tempfile::tempdir().unwrap();
        let dir = sandbox.path();
        for name in ["joint-snapshot.json", "closes_btc_eth.csv"] {
            fs::copy(fixtures().join(name), dir.join(name)).unwrap();
        }
        let line =
            "market build -q -m filtered-es -s joint-snapshot.json --history closes_btc_eth.csv";
        let columns = "--column BTC=btc_close_usd --column ETH=eth_close_usd";
        run(dir, &format!("{line} {columns} -e 1 -o joint-market.json"));
        fs::read_to_string(dir.join("joint-market.json")).unwrap()
    })
}

/// One of the published scenario cases, and the same with another result.
fn one_scenario_case(dir: &Path) {
    let cases = fs::read_to_string(dir.join("pmrm2_cases.json")).unwrap();
    let mut cases: serde_json::Value = serde_json::from_str(&cases).unwrap();
    let case = cases["scenario_cases"]["case_042"].take();
    cases["scenario_cases"] = serde_json::json!({ "case_042": case });
    fs::write(dir.join("scenario.json"), cases.to_string()).unwrap();
    let changed = |name: &str, change: &dyn Fn(&mut serde_json::Value)| {
        let mut cases = cases.clone();
        change(&mut cases);
        fs::write(dir.join(name), cases.to_string()).unwrap();
    };
    let case = "/scenario_cases/case_042";
    changed("scenario-wrong.json", &|cases| {
        *cases.pointer_mut(&format!("{case}/expected/mm")).unwrap() = (-1).into();
    });
    changed("scenario-skew.json", &|cases| {
        let scenarios = cases.pointer_mut(&format!("{case}/parameters/scenarios")).unwrap();
        let scenarios = scenarios.as_array_mut().unwrap();
        let skew = scenarios.iter_mut().find(|s| s["vol_shock_direction"] == "abs").unwrap();
        skew["spot_shock"] = 1.1.into();
    });
    changed("scenario-field.json", &|cases| {
        *cases.pointer_mut(&format!("{case}/scenario/feeds/0/forward")).unwrap() = "high".into();
    });
}

fn commitment_of(line: &str) -> String {
    let entry: serde_json::Value = serde_json::from_str(line).unwrap();
    entry["commitment"].as_str().unwrap().to_owned()
}
