//! Transcripts: every command line of `tests/cmd/` and of the book's pages, and
//! what it says.
//!
//! `TRYCMD=overwrite cargo test -p zkmargin-prover --test all transcripts::` writes
//! them anew, after a change that is meant.

use crate::common;
use std::fs;
use std::path::Path;

#[test]
fn transcripts() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = [package.join("tests/cmd"), package.join("../docs/src")];
    let cases = tempfile::tempdir().unwrap();
    let entries = sources.iter().flat_map(|source| fs::read_dir(source).unwrap());
    let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    for path in &paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        fs::copy(path, cases.path().join(path.file_name().unwrap())).unwrap();
        // Every transcript runs in a copy of the fixtures of its own.
        common::copy_fixtures(&cases.path().join(format!("{name}.in")));
    }
    {
        let tests = trycmd::TestCases::new();
        tests
            .env("ZKMARGIN_CACHE_DIR", common::cache().display().to_string())
            .env("ZKMARGIN_SRS_DIR", common::SRS)
            .env("ZKMARGIN_CONFIG", "")
            .default_bin_path(assert_cmd::cargo::cargo_bin!("zkmargin"))
            .case(cases.path().join("*.trycmd"))
            .case(cases.path().join("*.md"));
        tests.run();
    }
    if std::env::var("TRYCMD").is_ok_and(|mode| mode == "overwrite") {
        for path in &paths {
            fs::copy(cases.path().join(path.file_name().unwrap()), path).unwrap();
        }
    }
}
