//! Transcripts: every command line of `tests/cmd/` and what it says.
//!
//! `TRYCMD=overwrite cargo test -p zkmargin-prover --test transcripts` writes
//! them anew, after a change that is meant.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

#[test]
fn transcripts() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    let cases = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        fs::copy(&path, cases.path().join(path.file_name().unwrap())).unwrap();
        // Every transcript runs in a copy of the fixtures of its own.
        common::copy_fixtures(&cases.path().join(format!("{name}.in")));
    }
    {
        let tests = trycmd::TestCases::new();
        tests
            .env("ZKMARGIN_CACHE_DIR", common::cache().display().to_string())
            .env("ZKMARGIN_SRS_DIR", common::SRS)
            .default_bin_path(assert_cmd::cargo::cargo_bin!("zkmargin"))
            .case(cases.path().join("*.trycmd"));
        tests.run();
    }
    if std::env::var("TRYCMD").is_ok_and(|mode| mode == "overwrite") {
        for entry in fs::read_dir(cases.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "trycmd") {
                fs::copy(&path, source.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
}
