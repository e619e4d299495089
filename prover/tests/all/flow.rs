//! The whole flow, and what no transcript can show: permissions, leaks, full
//! disks.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command as System;

use crate::common::{CONTEXT, TRADER, cache, copy_files, copy_fixtures, fixtures, run, zkmargin};

/// What pins a proof of the fixtures down, but for the age of prices that were
/// recorded.
const SIGNED: &str = "-e epoch.json --signers signers.json --at-least maintenance --any-age";
/// The same of the on-chain proof system.
const SIGNED_KZG: &str =
    "-e epoch-kzg.json --signers signers.json --at-least maintenance --any-age";
/// For proofs of markets that no publisher signed.
const ANY_PLACE: &str = "--any-context --any-state-root";

/// Figures of `portfolio.json` that must stay secret.
const SECRETS: [&str; 3] = ["0.48213", "2.3391", "20417.77"];

fn sandbox() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy_fixtures(dir.path());
    dir
}

/// Fails when a file below a directory holds a secret.
fn assert_no_secret_in(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_secret_in(&path);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in SECRETS {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds {secret}", path.display());
        }
    }
}

/// The epoch file of a market and a state; what comes before it is a number and
/// the market of that epoch.
fn make_epoch(dir: &Path, epoch: u64, market: &str, state: &str, before: Option<&str>) {
    let since = match before {
        Some(confirmed) => format!("--previous epoch-{}.json --confirmed {confirmed}", epoch - 1),
        None => "--first".to_owned(),
    };
    run(dir, &format!("epoch make -q -m {market} -s {state} {since} -o epoch-{epoch}.json"));
}

#[test]
fn from_a_portfolio_to_a_cure() {
    let sandbox = sandbox();
    let dir = sandbox.path();
    let start = 1_679_940_382;
    let ledger = |line: &str, now: u64| format!("call {line} -q -l ledger.redb --now {now}");
    run(dir, &ledger(&format!("init --context {CONTEXT} -m hyperliquid --no-breaker"), start));
    make_epoch(dir, 1, "market.json", "state.json", None);
    run(dir, &ledger("post epoch-1.json", start));
    run(dir, &ledger(&format!("register -a {TRADER}"), start));
    run(dir, &ledger("submit proof.json", start));

    // The proof window passes; anyone calls the account.
    let late = start + 90_000;
    let fresh = fs::read_to_string(dir.join("snapshot-2.json")).unwrap();
    fs::write(dir.join("fresh.json"), fresh.replace("1679943922", &(late - 60).to_string()))
        .unwrap();
    run(dir, "market build -q -s fresh.json -m hyperliquid -e 2 -o fresh-market.json");
    let state = format!("venue root -q accounts.jsonl -m fresh-market.json --context {CONTEXT}");
    run(dir, &format!("{state} -o state-2.json"));
    // The clock stopped while prices were stale: post epochs until it is late.
    make_epoch(dir, 2, "fresh-market.json", "state-2.json", Some("market.json"));
    run(dir, &ledger("post epoch-2.json", late));
    let status = || {
        zkmargin(dir)
            .args(ledger(&format!("status -a {TRADER} --json"), late).split_whitespace())
            .output()
            .unwrap()
    };
    assert_eq!(status().status.code(), Some(0), "the clock stands still while prices are stale");

    // The venue proves a breach of another account; its owner is called.
    let poor = TRADER.replace("a1", "a2");
    run(dir, &ledger(&format!("register -a {poor}"), late));
    run(
        dir,
        "prove -q poor.json --insecure-plaintext -m fresh-market.json -s state-2.json --claim below:maintenance --disclose -o breach.json",
    );
    run(dir, &ledger("submit breach.json", late));
    let called = zkmargin(dir)
        .args(ledger(&format!("status -a {poor} --json"), late).split_whitespace())
        .output()
        .unwrap();
    assert_eq!(called.status.code(), Some(3));
    let report: serde_json::Value = serde_json::from_slice(&called.stdout).unwrap();
    assert_eq!(report["margin_call"], true);
    assert_eq!(report["accounts"][0]["state"], "called");
    assert!(report["accounts"][0]["shortfall"].is_string(), "the shortfall was disclosed");

    // A deposit, a new commitment, a later epoch: the call is cured.
    let rich = fs::read_to_string(dir.join("poor.json")).unwrap().replace("100.25", "90000");
    fs::write(dir.join("rich.json"), rich).unwrap();
    fs::write(dir.join("later.json"), fresh.replace("1679943922", &(late + 540).to_string()))
        .unwrap();
    run(dir, "market build -q -s later.json -m hyperliquid -e 3 -o market-3.json");
    run(
        dir,
        "venue commit portfolio.json rich.json --insecure-plaintext -m market-3.json -o accounts-3.jsonl",
    );
    run(
        dir,
        &format!(
            "venue root -q accounts-3.jsonl -m market-3.json --context {CONTEXT} -o state-3.json"
        ),
    );
    // Several portfolios at once; one of them cures.
    run(
        dir,
        "prove -q rich.json portfolio.json --insecure-plaintext -m market-3.json -s state-3.json --claim at-least:initial -o proofs",
    );
    let now = late + 600;
    make_epoch(dir, 3, "market-3.json", "state-3.json", Some("fresh-market.json"));
    run(dir, &ledger("post epoch-3.json", now));
    let proof = |account: &str| format!("proofs/{account}.proof.json");
    run(
        dir,
        &format!(
            "verify -q {} {} -m market-3.json --at-least initial {ANY_PLACE} --any-age",
            proof(&poor),
            proof(TRADER)
        ),
    );
    run(dir, &ledger(&format!("cure {}", proof(&poor)), now));
    run(dir, &ledger(&format!("submit {}", proof(TRADER)), now));
    let history = run(dir, "call history -l ledger.redb --json");
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    let events: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["events"][0]["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        [
            "epoch-posted",
            "registered",
            "proof-accepted",
            "epoch-posted",
            "registered",
            "called",
            "epoch-posted",
            "cured",
            "proof-accepted"
        ]
    );
    run(dir, "call audit -l ledger.redb");
}

#[test]
fn no_plaintext_reaches_the_disk_and_no_figure_the_logs() {
    let work = tempfile::tempdir().unwrap();
    let temp = tempfile::tempdir().unwrap();
    for name in ["trader.key", "market.json", "path.json"] {
        fs::copy(fixtures().join(name), work.path().join(name)).unwrap();
    }
    let plain = fs::read(fixtures().join("portfolio.json")).unwrap();
    let command = |line: &str| {
        let mut command = zkmargin(work.path());
        command.env("TMPDIR", temp.path()).args(line.split_whitespace());
        command
    };
    let encrypt =
        command("encrypt - -R trader.key -o p.age -v").write_stdin(plain).output().unwrap();
    assert!(encrypt.status.success());
    let mut said = [encrypt.stdout, encrypt.stderr].concat();
    for (line, code) in [
        ("inspect p.age -i trader.key -m market.json -v", 0),
        ("prove p.age -i trader.key -m market.json -p path.json -o proof.json -v", 0),
        (
            "prove p.age -i trader.key -m market.json -p path.json -o x -v --json --shape medium --claim below:maintenance -q",
            2,
        ),
        (
            "prove p.age -i trader.key -m market.json -p path.json -o x --json -q --claim below:maintenance",
            1,
        ),
        (
            "verify proof.json -m market.json -v --any-context --any-state-root --any-claim --any-age",
            0,
        ),
    ] {
        let output = command(line).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}");
        said.extend([output.stdout, output.stderr].concat());
    }
    // The margin itself is shown to its owner, on standard output alone.
    let margin = command("margin p.age -i trader.key -m market.json -v").output().unwrap();
    assert!(String::from_utf8_lossy(&margin.stdout).contains(SECRETS[0]));
    said.extend(margin.stderr);
    let said = String::from_utf8_lossy(&said);
    for secret in SECRETS {
        assert!(!said.contains(secret), "{said}");
    }
    assert!(!said.contains("11411"), "equity was shown: {said}");
    assert_no_secret_in(work.path());
    assert_no_secret_in(temp.path());
    assert_no_secret_in(&cache());
}

#[test]
fn an_overdue_account_is_called() {
    let sandbox = sandbox();
    let dir = sandbox.path();
    let third = fs::read_to_string(dir.join("snapshot-2.json")).unwrap();
    fs::write(dir.join("snapshot-3.json"), third.replace("1679943922", "1679947522")).unwrap();
    run(dir, "market build -q -s snapshot-3.json -m hyperliquid -e 3 -o market-3.json");
    let start = 1_679_940_382;
    let ledger =
        |line: &str, later: u64| format!("call {line} -l ledger.redb --now {}", start + later);
    for epoch in [2, 3] {
        let state = format!("venue root -q accounts.jsonl -e {epoch} --context {CONTEXT}");
        run(dir, &format!("{state} -o state-{epoch}.json"));
    }
    let rules = "--proof-window 7200 --cure-period 7200 --max-snapshot-age 3600 --no-breaker";
    run(dir, &ledger(&format!("init --context {CONTEXT} -m hyperliquid {rules}"), 0));
    make_epoch(dir, 1, "market.json", "state.json", None);
    make_epoch(dir, 2, "market-2.json", "state-2.json", Some("market.json"));
    make_epoch(dir, 3, "market-3.json", "state-3.json", Some("market-2.json"));
    run(dir, &ledger("post epoch-1.json", 0));
    run(dir, &ledger(&format!("register -a {TRADER}"), 0));
    run(dir, &ledger("post epoch-2.json", 3541));
    run(dir, &ledger("post epoch-3.json", 7141));
    assert_eq!(run(dir, &ledger("overdue --json", 7150)), "[]\n");
    assert!(run(dir, &ledger("overdue", 7300)).contains(TRADER));
    assert!(run(dir, &ledger("overdue --call", 7300)).contains("called (overdue, epoch 3)"));
    let line = ledger("status", 7300);
    let status = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
    assert_eq!(status.status.code(), Some(3));
}

/// Several proofs: one line each, and what can be applied is.
#[test]
fn one_refused_proof_does_not_hide_the_others() {
    let sandbox = sandbox();
    let dir = sandbox.path();
    let ledger = |line: &str| format!("call {line} -l ledger.redb --now 1679940382");
    run(dir, &ledger(&format!("init --context {CONTEXT} -m hyperliquid")));
    make_epoch(dir, 1, "market.json", "state.json", None);
    run(dir, &ledger("post epoch-1.json"));
    run(dir, &ledger(&format!("register -a {TRADER}")));
    let submit = |line: &str| {
        let line = ledger(line);
        let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), lines.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let (code, lines) = submit("submit -q proof-flipped.json proof.json");
    assert_eq!((code, lines.len()), (Some(1), 2));
    assert!(lines[0].starts_with("proof-flipped.json: refused: "), "{lines:?}");
    assert_eq!(lines[1], "proof.json: not tried: one before it was refused");
    let (code, lines) = submit("submit -q proof-flipped.json proof.json proof.json --keep-going");
    assert_eq!((code, lines.len()), (Some(1), 3));
    assert!(lines[1].contains("proved maintenance in epoch 1"), "{lines:?}");
    assert_eq!(lines[2], "proof.json: on record already, nothing has changed");
    let audit = run(dir, &ledger("audit"));
    assert!(audit.contains("1 proof verified again"), "{audit}");
}

#[test]
fn the_demo_tells_the_whole_story_and_leaves_no_plaintext() {
    let work = tempfile::tempdir().unwrap();
    let output = zkmargin(work.path()).args(["demo", "--dir", "story"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("\n\n== ") && !said.contains("\\u{"), "{said}");
    // Brief unless asked, and with a summary at the end.
    let lines = said.lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 80, "{lines} lines:\n{said}");
    assert!(said.contains("== In short =="), "{said}");
    assert!(said.contains("The shortfall is all that the proof disclosed: "), "{said}");
    let order = [
        "proved maintenance in epoch 1",
        "the claim is not true of this account (clause M6)",
        "called (breach",
        "cured by initial",
        "the claim is not true of this account (clause M6)",
        "more cash is needed for maintenance",
        "called (breach",
    ];
    let mut rest = said.as_str();
    for part in order {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("{part} is missing: {said}")).1;
    }
    for entry in fs::read_dir(work.path().join("story")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for secret in ["0.00785", "121.2", "86.549602", "586.549602", "\"6500\"", "\"15000\""] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds {secret}", path.display());
        }
    }
    // A directory with files in it is never written to.
    let again = zkmargin(work.path()).args(["demo", "--dir", "story"]).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
}

/// Options, from encrypted portfolios to a margin call: what is true is proved,
/// what is not is called.
#[test]
fn options_are_proved_and_called() {
    let sandbox = sandbox();
    let dir = sandbox.path();
    let context = "options-test";
    run(dir, "venue commit condor.age strangle.age -m options.json -i trader.key -o o.jsonl");
    run(dir, &format!("venue root -q o.jsonl -m options.json --context {context} -o o-state.json"));
    let prove = |book: &str, claim: &str| {
        let line = format!(
            "prove {book}.age -m options.json -s o-state.json -i trader.key -o {book}.proof {claim}"
        );
        zkmargin(dir).args(line.split_whitespace()).output().unwrap()
    };
    assert!(prove("condor", "--claim at-least:initial").status.success());
    let refused = prove("strangle", "--claim at-least:maintenance");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("M6"));
    assert!(prove("strangle", "--claim below:maintenance --disclose").status.success());
    let line = format!(
        "verify condor.proof strangle.proof -m options.json --context {context} --any-state-root --any-claim --any-age"
    );
    let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "one of them is below");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // What is disclosed is what the owner was told.
    let margin = run(dir, "margin strangle.age -m options.json -i trader.key --json");
    let margin: serde_json::Value = serde_json::from_str(&margin).unwrap();
    let needed = margin["cash_needed"]["maintenance"].as_str().unwrap();
    let (whole, part) = needed.split_once('.').unwrap();
    let units = format!("shortfall of {whole}{part:0<8} quote units");
    assert!(said.contains(&units), "{needed}: {said}");

    let at = |line: &str| format!("call {line} -l o.redb --now 1764897112");
    run(dir, &at(&format!("init --context {context} -m deribit-btc-approx")));
    make_epoch(dir, 1, "options.json", "o-state.json", None);
    run(dir, &at("post epoch-1.json"));
    for (book, account) in [("condor", "c2"), ("strangle", "c3")] {
        let account = format!("0x00000000000000000000000000000000000000{account}");
        run(dir, &at(&format!("register -a {account}")));
        run(dir, &at(&format!("submit {book}.proof")));
    }
    let status = at("status -a 0x00000000000000000000000000000000000000c3");
    let status = zkmargin(dir).args(status.split_whitespace()).output().unwrap();
    assert_eq!(status.status.code(), Some(3));
}

#[test]
fn pictures_are_for_their_owner_and_name_no_position() {
    let sandbox = sandbox();
    let dir = sandbox.path();
    let margin = "margin condor.age -m options.json -i trader.key -q --plot";
    for name in ["condor.svg", "condor.png"] {
        run(dir, &format!("{margin} {name}"));
        let path = dir.join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let bytes = fs::read(&path).unwrap();
        let again = format!("{margin} {name}");
        let again = zkmargin(dir).args(again.split_whitespace()).output().unwrap();
        assert_eq!(again.status.code(), Some(2));
        assert_eq!(fs::read(&path).unwrap(), bytes);
        run(dir, &format!("{margin} {name} --force"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let svg = fs::read_to_string(dir.join("condor.svg")).unwrap();
    assert!(svg.contains("deribit-btc-approx") && !svg.contains("26DEC25"));
}

#[test]
fn secrets_are_private_and_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "keygen -o new.key");
    let key = dir.path().join("new.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&key).unwrap();
    let again = zkmargin(dir.path()).args(["keygen", "-o", "new.key"]).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[test]
fn an_identity_may_come_from_the_environment() {
    let identity = fs::read_to_string(fixtures().join("trader.key")).unwrap();
    let args = ["inspect", "trader.age", "-m", "market.json", "--json"];
    let output =
        zkmargin(fixtures()).env("ZKMARGIN_IDENTITY", identity).args(args).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["owner"]["account"], TRADER);
    let output = zkmargin(fixtures()).env("ZKMARGIN_IDENTITY", "hunter2").args(args).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
}

#[test]
fn a_passphrase_opens_what_it_closed() {
    let sandbox = sandbox();
    let with = |passphrase: &str, line: &str| {
        zkmargin(sandbox.path())
            .env("ZKMARGIN_PASSPHRASE", passphrase)
            .args(line.split_whitespace())
            .output()
            .unwrap()
    };
    assert!(with("correct horse", "encrypt portfolio.json -p -o p.age").status.success());
    assert!(with("correct horse", "margin p.age -m market.json").status.success());
    let wrong = with("wrong", "margin p.age -m market.json");
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("the passphrase does not open") && !said.contains("horse"), "{said}");
}

#[test]
fn a_full_disk_in_the_cache_costs_a_warning_and_leaves_no_damaged_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("cache");
    fs::create_dir(&store).unwrap();
    let binary = assert_cmd::cargo::cargo_bin!("zkmargin").display().to_string();
    let verify = format!(
        "exec {binary} verify -m {0}/market.json {0}/proof.json --at-least maintenance {ANY_PLACE} --any-age",
        fixtures().display()
    );
    // A file system of 64 KiB where the system lets us make one; elsewhere a
    // limit on the size of files, which stops the same write.
    let small =
        format!("mount -t tmpfs -o size=64k tmpfs {} 2>/dev/null && {verify}", store.display());
    let limited = format!("ulimit -f 16; trap '' XFSZ; {verify}");
    let environment =
        |mut command: System| command.env("ZKMARGIN_CACHE_DIR", &store).output().unwrap();
    let mut mounted = System::new("unshare");
    mounted.args(["--mount", "--map-root-user", "sh", "-c", &small]);
    let can_mount = System::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c"])
        .arg(format!("mount -t tmpfs -o size=64k tmpfs {}", store.display()))
        .output()
        .is_ok_and(|output| output.status.success());
    let output = if can_mount {
        environment(mounted)
    } else {
        let mut command = System::new("sh");
        command.args(["-c", &limited]);
        environment(command)
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "the run goes on: {said}");
    assert!(said.contains("warning: parameters are not cached: cannot write"), "{said}");
    if can_mount {
        assert!(said.contains("the disk is full"), "{said}");
    }
    let left: Vec<_> = fs::read_dir(&store)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_cache_that_is_not_writable_costs_a_warning() {
    let output = zkmargin(fixtures())
        .env("ZKMARGIN_CACHE_DIR", "/dev/null/cache")
        .args(["verify", "proof.json", "-e", "epoch.json", "--signers", "signers.json"])
        .args(["--at-least", "maintenance", "--any-age"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("warning: parameters are not cached: cannot create"), "{said}");
    assert!(said.contains("set ZKMARGIN_CACHE_DIR to use another directory"), "{said}");
}

#[test]
fn a_damaged_cache_is_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    run(fixtures(), &format!("verify -q proof.json {SIGNED}"));
    copy_files(&cache(), dir.path());
    let file = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "bin"))
        .unwrap();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "bin") {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).unwrap();
        }
    }
    let output = zkmargin(fixtures())
        .env("ZKMARGIN_CACHE_DIR", dir.path())
        .args(["verify", "proof.json"])
        .args(SIGNED.split(' '))
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("made anew, what was cached is not used: the checksum does not match"),
        "{said} ({file:?})"
    );
}

/// Powers of tau of a file need no flag, and keep proofs under others apart.
#[test]
fn imported_powers_of_tau_need_no_flag() {
    use halo2_axiom::halo2curves::bn256::Bn256;
    use halo2_axiom::poly::commitment::Params as _;
    use halo2_axiom::poly::kzg::commitment::ParamsKZG;
    use rand08::SeedableRng as _;

    let sandbox = sandbox();
    let dir = sandbox.path();
    let mut file = fs::File::create(dir.join("ceremony.srs")).unwrap();
    let rng = rand08::rngs::StdRng::seed_from_u64(1);
    ParamsKZG::<Bn256>::setup(13, rng).write(&mut file).unwrap();
    let run = |line: &str, code: i32| {
        let mut command = zkmargin(dir);
        command.env("ZKMARGIN_SRS_DIR", "powers").args(line.split_whitespace());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "zkmargin {line}\n{said}");
        (String::from_utf8_lossy(&output.stdout).into_owned(), said)
    };
    let prove =
        "prove -q trader.age -i trader.key -m market-kzg.json -p path-kzg.json -o sound.json";
    assert!(run(prove, 2).1.contains("there is no SRS"));
    run("srs import -q ceremony.srs -k 13", 0);
    assert!(run("srs info", 0).0.contains("unknown origin"));
    assert_eq!(run(prove, 0).1, "");
    let (_, said) = run(&format!("verify -q sound.json {SIGNED_KZG}"), 0);
    assert_eq!(said, "", "no warning");
    // The proof of the fixtures is under other powers of tau, whatever it says.
    assert!(run("verify -q proof-kzg.json", 1).1.contains("insecure powers of tau"));
    let (_, said) = run("verify -q proof-kzg-pretends.json", 1);
    assert!(said.contains("made under other powers of tau"), "{said}");
    // An insecure SRS does not take its place, nor does another file.
    run("srs dev -q -k 13", 0);
    run(&format!("verify -q sound.json proof-kzg.json --insecure-dev-srs {SIGNED_KZG}"), 0);
    let rng = rand08::rngs::StdRng::seed_from_u64(2);
    let mut file = fs::File::create(dir.join("other.srs")).unwrap();
    ParamsKZG::<Bn256>::setup(13, rng).write(&mut file).unwrap();
    assert!(run("srs import -q other.srs -k 13", 2).1.contains("--force"));
    run("srs import -q other.srs -k 13 --force", 0);
    assert!(run("verify -q sound.json", 1).1.contains("made under other powers of tau"));

    // A damaged file is never used.
    let path = dir.join("powers/kzg-k13-v1.srs");
    let mut bytes = fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(run("verify -q sound.json", 2).1.contains("is damaged"));
    assert!(run("srs info", 1).0.contains("DAMAGED"));
}
