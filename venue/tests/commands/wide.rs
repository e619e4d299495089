//! A venue of the on-chain proof system, whose proofs are laid out as asked.

use std::fs;
use std::path::Path;

use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::Epoch;
use zkmargin_params::market::{AnyMarketFile, MarketFile};
use zkmargin_params::srs::store::Replace;
use zkmargin_params::srs::{SrsStore, dev};
use zkmargin_prover::crypt::NewIdentity;

use super::common::{PROTOCOL, done, files, market, run};
use super::{copy_store, json, service};

/// The market of `files`, for proofs of the other system.
fn kzg_market() -> String {
    let AnyMarketFile::Standard(file) = AnyMarketFile::from_json(&market(1)).unwrap() else {
        unreachable!("it is a standard market")
    };
    let built = MarketFile::build::<Bn254Fr>(file.model(), file.snapshot(), Epoch::new(1));
    built.unwrap().0.to_json()
}

fn proofs(dir: &Path, from: &str) -> Vec<String> {
    let entries = fs::read_dir(dir.join(from)).unwrap();
    entries.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
}

/// Alone and by the farm. A worker of another layout leaves the jobs to others, and
/// the service takes the proofs.
#[test]
fn proofs_are_laid_out_as_asked() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    files(dir, 2);
    fs::write(dir.join("market.json"), kzg_market()).unwrap();
    fs::write(dir.join("worker.key"), NewIdentity::generate().file()).unwrap();
    let store = SrsStore::open(dir.join("srs")).unwrap();
    store.put(&dev(12, 0).unwrap(), Replace::Refuse).unwrap();
    done(dir, &format!("init -c {PROTOCOL} -R venue.key --proof-system kzg"));
    done(dir, "encrypt plain -o sealed");
    done(dir, "commit sealed -m market.json -i venue.key");
    done(dir, "root -m market.json");
    copy_store(dir);

    let wide = "--layout wide --insecure-dev-srs --json";
    let line = format!("prove -i venue.key -c at-least:maintenance -o proofs {wide}");
    assert_eq!(json(&done(dir, &line))["proved"], 1);
    let again = json(&done(dir, &line));
    assert_eq!((&again["proved"], &again["unchanged"]), (&0.into(), &1.into()));
    assert!(proofs(dir, "proofs")[0].contains(r#""layout": "wide""#));
    // There are powers of tau for the wide circuit alone: nothing else was proved with.
    let (code, _, errors) = run(dir, "prove -i venue.key --insecure-dev-srs");
    assert!(code == 2 && errors.contains("no SRS of size 2^13"), "{errors}");

    let push = "farm push -i venue.key -W worker.key -c below:maintenance --layout wide --json";
    assert_eq!(json(&done(dir, push))["new"], 1);
    let work = "farm work -i worker.key --until-empty --insecure-dev-srs --json";
    assert_eq!(json(&done(dir, work))["done"], 0, "the job is in another queue");
    assert_eq!(json(&done(dir, &format!("{work} --layout wide")))["done"], 1);
    let status = json(&done(dir, "farm status --json"));
    assert_eq!(status["queues"][0]["queue"], "standard-small-kzg-wide");

    service(dir, " --insecure-dev-srs");
}

#[test]
fn the_transparent_proof_system_has_one_layout() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    files(dir, 1);
    done(dir, &format!("init -c {PROTOCOL} -R venue.key"));
    done(dir, "encrypt plain -o sealed");
    done(dir, "commit sealed -m market.json -i venue.key");
    done(dir, "root -m market.json");
    for line in
        ["prove -i venue.key", "farm push -i venue.key -W venue.key", "farm work -i venue.key"]
    {
        let (code, _, errors) = run(dir, &format!("{line} --layout tall"));
        assert!(
            code == 2 && errors.contains("proofs of ipa have the wide layout alone"),
            "{errors}"
        );
    }
}
