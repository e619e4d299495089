//! A proof by the wasm that is kept in the repository, verified by this source: it
//! fails when a circuit changed and `tools/wasm/build-prover.sh` was not run again.
//! Where there is no node it says so and passes; `ZKMARGIN_REQUIRE_NODE` makes that a
//! failure. `ZKMARGIN_BROWSER_PROOFS` adds the other circuits.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use zkmargin_params::srs::store::Replace;
use zkmargin_params::srs::{SrsStore, dev};
use zkmargin_prover::{Setup, Verifier};
use zkmargin_verifier::proof::circuit_of;

const PROVE: &str = r#"
import { prove } from "./node.js";
import { inputs } from "./test/inputs.mjs";
const [system, layout] = process.argv.slice(1);
const more = layout ? { layout } : {};
console.log((await prove({ ...inputs(system), ...more })).proof);
"#;

/// A proof by node; nothing where there is none.
fn proof(system: &str, layout: Option<&str>) -> Option<String> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    let mut node = Command::new("node");
    node.current_dir(web).args(["--input-type=module", "-e", PROVE, system]).args(layout);
    let Ok(output) = node.output() else {
        assert!(std::env::var_os("ZKMARGIN_REQUIRE_NODE").is_none(), "there is no node");
        eprintln!("skipped: there is no node to run the wasm");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn proofs_of_the_kept_wasm_are_those_of_this_source() {
    let directory = tempfile::tempdir().unwrap();
    let store = SrsStore::open(directory.path()).unwrap();
    store.put(&dev(13, 0).unwrap(), Replace::Refuse).unwrap();
    store.put(&dev(12, 0).unwrap(), Replace::Refuse).unwrap();
    let setup = Arc::new(Setup::without_cache().and_srs(store));
    let verifier = Verifier::new(setup).insecure_dev_srs();
    let all = std::env::var_os("ZKMARGIN_BROWSER_PROOFS").is_some();
    let more = [("kzg", Some("tall"), "standard-small-kzg"), ("ipa", None, "standard-small-ipa")];
    let mut circuits = vec![("kzg", Some("wide"), "standard-small-kzg-wide")];
    circuits.extend(more.into_iter().filter(|_| all));
    for (system, layout, circuit) in circuits {
        let Some(proof) = proof(system, layout) else { return };
        let claim = verifier.check(&proof).unwrap();
        assert_eq!(circuit_of(proof.as_bytes()).unwrap().to_string(), circuit);
        assert_eq!(claim.data().claim.to_string(), "at-least:initial");
    }
}
