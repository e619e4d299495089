//! Encrypted portfolios over their life: `decrypt`, `edit`, `rekey`, and the keys
//! that open them.

#![cfg(target_os = "linux")]

use crate::common;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::common::{run, zkmargin};
use serde_json::Value;

const PORTFOLIO: &str = r#"{"version":1,"account":"0x00000000000000000000000000000000000000a1",
    "balance":"1000","positions":[{"instrument":"BTC","quantity":"-0.005","entry_price":"26000"}]}"#;

/// A directory with a key and a portfolio encrypted to it, whose plain text is
/// gone.
fn encrypted() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "keygen -q -o trader.key");
    run(dir.path(), "keygen -q -o venue.key");
    fs::write(dir.path().join("plain.json"), PORTFOLIO).unwrap();
    run(dir.path(), "encrypt -q plain.json -R trader.key -o a.age");
    fs::remove_file(dir.path().join("plain.json")).unwrap();
    dir
}

fn plain(dir: &Path, portfolio: &str, key: &str) -> Value {
    serde_json::from_str(&run(dir, &format!("decrypt {portfolio} -i {key} -o -"))).unwrap()
}

/// Runs `edit` with a shell script as the editor: the file is its `$1`.
fn edit(dir: &Path, script: &str, line: &str) -> (i32, String) {
    let path = dir.join("editor.sh");
    fs::write(&path, format!("#!/bin/sh\nset -e\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let output = zkmargin(dir)
        .args(line.split_whitespace())
        .env("EDITOR", &path)
        .env_remove("VISUAL")
        .env("ZKMARGIN_EVM_KEY", "not for editors")
        .env("TMPDIR", dir)
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_decrypted_portfolio_is_its_owners_alone_and_encrypts_again() {
    let dir = encrypted();
    run(dir.path(), "decrypt -q a.age -i trader.key -o plain.json");
    let file = dir.path().join("plain.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let first = plain(dir.path(), "a.age", "trader.key");
    assert!(first["blinding"].is_string());
    run(dir.path(), "encrypt -q plain.json -R trader.key -o b.age");
    assert_eq!(plain(dir.path(), "b.age", "trader.key"), first, "the blinding is kept");
    zkmargin(dir.path())
        .args(["decrypt", "a.age", "-i", "trader.key", "-o", "plain.json"])
        .assert()
        .code(2);
}

#[test]
fn an_edit_keeps_the_blinding_and_leaves_nothing_behind() {
    let dir = encrypted();
    let before = plain(dir.path(), "a.age", "trader.key");
    // The editor sees no blinding and no secret of the environment, in a directory
    // that nobody else can look into, and makes a copy of its own.
    let script = r#"
        test "$(stat -c %a "$(dirname "$1")")" = 700
        ! grep -q blinding "$1"
        test -z "$ZKMARGIN_EVM_KEY"
        dirname "$1" > where
        cp "$1" "$1~"
        sed -i s/-0.005/-0.007/ "$1""#;
    let (code, stderr) = edit(dir.path(), script, "edit a.age -i trader.key --allow-disk");
    assert_eq!(code, 0, "{stderr}");
    let after = plain(dir.path(), "a.age", "trader.key");
    assert_eq!(after["positions"][0]["quantity"], "-0.007");
    assert_eq!(after["blinding"], before["blinding"]);
    let place = fs::read_to_string(dir.path().join("where")).unwrap();
    assert!(!Path::new(place.trim()).exists(), "{place}");
}

#[test]
fn an_edit_that_cannot_be_taken_changes_nothing() {
    let dir = encrypted();
    let file = fs::read(dir.path().join("a.age")).unwrap();
    // Between this program and the script there may be a shell.
    let terminate = r#"dirname "$1" > where; p=$PPID
        while test "$(cat /proc/$p/comm)" != zkmargin; do p=$(cut -d ' ' -f 4 /proc/$p/stat); done
        kill -TERM $p"#;
    let cases = [
        (r#"dirname "$1" > where; sed -i s/-0.005/NaN/ "$1""#, 2, "quantity: not a decimal"),
        (r#"dirname "$1" > where; exit 3"#, 2, "failed; nothing was changed"),
        (r#"dirname "$1" > where; : > "$1""#, 2, "ends in the middle"),
        (terminate, 2, "interrupted; nothing was changed"),
        (r#"dirname "$1" > where"#, 0, "code --wait"),
    ];
    for (script, expected, said) in cases {
        let (code, stderr) = edit(dir.path(), script, "edit a.age -i trader.key --allow-disk");
        assert_eq!(code, expected, "{script}: {stderr}");
        assert!(stderr.contains(said), "{script}: {stderr}");
        assert_eq!(fs::read(dir.path().join("a.age")).unwrap(), file, "{script}");
        let place = fs::read_to_string(dir.path().join("where")).unwrap();
        assert!(!Path::new(place.trim()).exists(), "{script}: {place}");
    }
}

#[test]
fn several_recipients_are_named_again_and_can_be_changed() {
    let dir = encrypted();
    let dir = dir.path();
    let before = plain(dir, "a.age", "trader.key");
    run(dir, "rekey -q a.age -i trader.key -R trader.key -R venue.key");
    assert_eq!(plain(dir, "a.age", "venue.key"), before);
    let (code, stderr) = edit(dir, "exit 0", "edit a.age -i trader.key --allow-disk");
    assert_eq!(code, 2);
    assert!(stderr.contains("a.age has 2 recipients"), "{stderr}");
    run(dir, "rekey -q a.age -i venue.key -R venue.key -o b.age");
    assert_eq!(plain(dir, "b.age", "venue.key"), before);
    zkmargin(dir).args(["decrypt", "b.age", "-i", "trader.key", "-o", "-"]).assert().code(2);
    // No recipients, no key: nothing is written.
    zkmargin(dir).args(["rekey", "a.age", "-i", "trader.key"]).assert().code(2);
    zkmargin(dir).args(["rekey", "b.age", "-i", "trader.key", "-R", "trader.key"]).assert().code(2);
    assert_eq!(plain(dir, "b.age", "venue.key"), before);
}

#[test]
fn locked_identities_and_ssh_keys_open_portfolios() {
    let dir = encrypted();
    let dir = dir.path();
    let locked = |line: &str| {
        let mut command = zkmargin(dir);
        command.args(line.split_whitespace()).env("ZKMARGIN_PASSPHRASE", "correct horse");
        command
    };
    locked("keygen -q -p -o locked.key").assert().success();
    let file = fs::read_to_string(dir.join("locked.key")).unwrap();
    assert!(file.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    assert_eq!(fs::metadata(dir.join("locked.key")).unwrap().permissions().mode() & 0o777, 0o600);
    locked("rekey -q a.age -i trader.key -R locked.key -o locked.age").assert().success();
    locked("decrypt locked.age -i locked.key -o -").assert().success();
    zkmargin(dir)
        .args(["decrypt", "locked.age", "-i", "locked.key", "-o", "-"])
        .env("ZKMARGIN_PASSPHRASE", "wrong")
        .assert()
        .code(2);
    for name in ["ssh.key", "ssh.key.pub", "ssh-locked.key"] {
        fs::copy(common::static_fixtures().join(name), dir.join(name)).unwrap();
    }
    locked("rekey -q a.age -i trader.key -R ssh.key.pub -o ssh.age").assert().success();
    for key in ["ssh.key", "ssh-locked.key"] {
        locked(&format!("decrypt ssh.age -i {key} -o -")).assert().success();
    }
}

/// age's plugins are programs; this one answers in the plugin protocol as little
/// as it must, and shows that what it says is told.
#[test]
fn what_a_plugin_says_is_told() {
    let dir = encrypted();
    let dir = dir.path();
    let plugin = dir.join("age-plugin-refuses");
    let script = "#!/bin/sh\nwhile read -r line; do test \"$line\" = '-> done' && break; done\n\
        read -r _\nprintf -- '-> error internal\\nbm8gc21hcnRjYXJk\\n'\n\
        read -r _; read -r _\nprintf -- '-> done\\n\\n'\n";
    fs::write(&plugin, script).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    // An identity of a plugin of this name, in its default mode.
    let identity = age::plugin::Identity::default_for_plugin("refuses").to_string();
    fs::write(dir.join("plugin.key"), identity).unwrap();
    let line = ["decrypt", "a.age", "-i", "plugin.key", "-o", "-"];
    let absent = zkmargin(dir).args(line).output().unwrap();
    let stderr = String::from_utf8_lossy(&absent.stderr).into_owned();
    assert!(stderr.contains("needs the program age-plugin-refuses"), "{stderr}");
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap());
    let refused = zkmargin(dir)
        .args(line)
        .env("PATH", path)
        .timeout(std::time::Duration::from_secs(60))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr.contains("no smartcard"), "{stderr}");
}
