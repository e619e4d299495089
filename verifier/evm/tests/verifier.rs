//! Generated verifiers on a real EVM: the sources are what the keys give, true
//! proofs are accepted, and nothing else is.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;
#[path = "../../tests/common/kzg_vectors.rs"]
mod kzg_vectors;

use std::fs;
use std::path::{Path, PathBuf};

use common::verifier::{Answer, Verifier, artifact_name, calldata, key_files, load};
use kzg_vectors::{Edit, Verdict, stored};
use zkmargin_evm::generate;

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts")
}

/// `UPDATE_GOLDEN=1` writes them; then `npm run build` compiles them.
#[test]
fn the_sources_are_what_the_keys_give() {
    for file in key_files() {
        let name = artifact_name(&file);
        let source = generate::solidity(&load(&file), &name);
        let path = contracts().join(format!("generated/{name}.sol"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &source).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap();
        assert!(stored == source, "{name} differs: see UPDATE_GOLDEN");
    }
}

/// Before anything else: compilers are known to make verifiers that refuse all.
#[test]
fn true_proofs_are_accepted() {
    for (name, vectors) in stored() {
        let verifier = Verifier::new(&vectors.key);
        let given = vectors.given(&Edit::Nothing);
        let answer = verifier.verify(&calldata(&given.public_inputs, &given.proof));
        assert!(matches!(answer, Answer::Yes { .. }), "{name}: {answer:?}");
    }
}

#[test]
fn comes_to_every_stored_verdict() {
    for (name, vectors) in stored() {
        for case in &vectors.cases {
            let given = vectors.given(&case.edit);
            // The number of public inputs is in the function's signature.
            if matches!(case.edit, Edit::PublicInputs(_)) {
                continue;
            }
            let verifier = Verifier::new(&given.key);
            let answer = verifier.verify(&calldata(&given.public_inputs, &given.proof));
            let accepted = matches!(answer, Answer::Yes { .. });
            assert_eq!(accepted, case.verdict == Verdict::Valid, "{name}: {}", case.name);
        }
    }
}
