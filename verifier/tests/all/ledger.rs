//! The ledger: what is stored is what the engine says.

use crate::common::*;
use redb::ReadableTable;
use tempfile::TempDir;
use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, Engine, EpochState, Policy, PolicyParams, Refusal,
};
use zkmargin_verifier::epoch::{NotSigned, Signature, Signer, Signers};
use zkmargin_verifier::ledger::{Grounds, HistoryEntry, Proved};
use zkmargin_verifier::{Ledger, LedgerError};

fn story() -> Vec<(u64, Action)> {
    let mut engine = Engine::new(policy(), START);
    [
        (1000, posted(1, 1000)),
        (1000, register(1)),
        (1000, register(2)),
        (1000, prove(1, 1)),
        (1050, posted(2, 1050)),
        (1050, breach(1, 2)),
        (1060, posted(3, 1060)),
        (1060, cure(1, 3)),
        (1070, pause(1085)),
        (1080, resume(3)),
        (1090, accept(2)),
        (1090, revoke(2)),
        (1090, close(2)),
    ]
    .map(|(now, action)| {
        let action = verified(&linked(action, engine.meta()));
        engine.apply(now, &action).unwrap();
        (now, action)
    })
    .to_vec()
}

/// Applies an action that follows what was posted, and must change something.
fn apply(ledger: &Ledger, now: u64, action: ActionRecord) -> HistoryEntry {
    let action = verified(&linked(action, &ledger.meta().unwrap()));
    ledger.apply(now, &action).unwrap().unwrap()
}

fn ledger() -> (TempDir, std::path::PathBuf, Ledger) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calls.redb");
    let ledger = Ledger::create(&path, policy(), None, START).unwrap();
    (directory, path, ledger)
}

#[test]
fn the_ledger_is_the_engine_on_disk() {
    let (_directory, path, mut ledger) = ledger();
    let mut engine = Engine::new(policy(), START);
    for (number, (now, action)) in story().into_iter().enumerate() {
        let entry = ledger.apply(now, &action).unwrap().unwrap();
        assert_eq!(entry.sequence, number as u64);
        assert_eq!(entry.events, engine.apply(now, &action).unwrap());
        for account in [1, 2, 3].map(account) {
            assert_eq!(ledger.standing(account, now).unwrap(), engine.standing(account, now));
        }
        drop(ledger);
        ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.audit().unwrap(), engine);
    }
    assert_eq!(ledger.meta().unwrap(), *engine.meta());
    assert_eq!(ledger.policy(), engine.policy());
    assert_eq!(ledger.start(), START);
    assert_eq!(ledger.history(None).unwrap().len(), story().len());
    let of_one: Vec<_> =
        ledger.history(Some(account(1))).unwrap().iter().map(|entry| entry.sequence).collect();
    assert_eq!(of_one, [1, 3, 5, 7]);
    assert_eq!(ledger.history(Some(account(9))).unwrap(), []);
    assert_eq!(ledger.accounts(1090).unwrap().len(), 2);
    assert!(ledger.is_model_accepted(model(1)).unwrap());
    assert!(!ledger.is_model_accepted(model(2)).unwrap());
    let latest = ledger.meta().unwrap().latest;
    assert_eq!(ledger.epoch(latest).unwrap().unwrap().market_root, market_root(3));
}

#[test]
fn a_refusal_leaves_no_trace() {
    let (_directory, _, ledger) = ledger();
    let action = verified(&prove(1, 1));
    match ledger.apply(1000, &action) {
        Err(LedgerError::Refused(Refusal::NotRegistered)) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(ledger.history(None).unwrap(), []);
    assert_eq!(ledger.status(account(1), 1000).unwrap(), AccountStatus::Unregistered);
}

#[test]
fn what_is_on_record_already_leaves_no_trace() {
    let (_directory, _, ledger) = ledger();
    apply(&ledger, 1000, posted(1, 1000));
    apply(&ledger, 1000, register(1));
    apply(&ledger, 1000, prove(1, 1));
    let before = (ledger.history(None).unwrap(), ledger.meta().unwrap());
    assert_eq!(ledger.apply(1050, &verified(&prove(1, 1))).unwrap(), None);
    assert_eq!((ledger.history(None).unwrap(), ledger.meta().unwrap()), before);
}

/// A claim's proof is kept with it; a claim without one cannot be verified again.
#[test]
fn proofs_are_kept() {
    let (_directory, path, ledger) = ledger();
    apply(&ledger, 1000, posted(1, 1000));
    apply(&ledger, 1000, register(1));
    let action = verified(&prove(1, 1));
    ledger.apply_with(1000, &action, Grounds::proof("a proof")).unwrap().unwrap();
    drop(ledger);
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.proof(2).unwrap().as_deref(), Some("a proof"));
    assert_eq!(ledger.proof(1).unwrap(), None);
    let proofs = ledger.proofs().unwrap();
    assert_eq!(proofs.len(), 1);
    assert_eq!(proofs[0].sequence, 2);
    assert_eq!(proofs[0].proved, Proved::Margin(claim(1, 1, HEALTHY)));
    apply(&ledger, 1000, breach(1, 1));
    assert!(matches!(ledger.proofs(), Err(LedgerError::ProofMissing { sequence: 3 })));
}

/// An escrow is put on record with its ciphertext alone: nobody could open it otherwise.
#[test]
fn ciphertexts_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calls.redb");
    let escrow = Some(committee(7));
    let policy = Policy::new(PolicyParams { escrow, ..params() }).unwrap();
    let ledger = Ledger::create(&path, policy, None, START).unwrap();
    apply(&ledger, 1000, posted(1, 1000));
    apply(&ledger, 1000, register(1));
    let refused = ledger.apply(1000, &verified(&prove(1, 1))).unwrap_err();
    let demanded = Refusal::EscrowDemanded { committee: committee(7) };
    assert!(matches!(refused, LedgerError::Refused(refusal) if refusal == demanded));
    let action = escrowed(1, 1, HEALTHY, 7);
    let refused = ledger.apply_with(1000, &verified(&action), Grounds::proof("a proof"));
    assert!(matches!(refused, Err(LedgerError::EscrowNotGiven)));
    assert_eq!(ledger.escrow(2).unwrap(), None);
    let grounds = Grounds::escrowed("a proof", "a ciphertext");
    ledger.apply_with(1000, &verified(&action), grounds).unwrap().unwrap();
    drop(ledger);
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.escrow(2).unwrap().as_deref(), Some("a ciphertext"));
    let proofs = ledger.proofs().unwrap();
    let data = in_escrow(claim(1, 1, HEALTHY), 7);
    assert_eq!(proofs[0].proved, Proved::Escrowed(data, "a ciphertext".to_owned()));
    ledger.audit().unwrap();
}

/// A signature of secp256k1 by the key 1, as everybody can make one.
fn signed(digest: &[u8; 32]) -> (Signer, Signature) {
    let key = k256::ecdsa::SigningKey::from_slice(&{
        let mut key = [0; 32];
        key[31] = 1;
        key
    })
    .unwrap();
    let (signature, recovery) = key.sign_prehash_recoverable(digest).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = 27 + recovery.to_byte();
    let signature = Signature::new(bytes);
    let digest = zkmargin_verifier::epoch::EpochDigest::new(*digest);
    (signature.signer(&digest).unwrap(), signature)
}

#[test]
fn epochs_are_posted_as_signed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger");
    let signers = Signers::new(1, vec![signed(&[7; 32]).0]).unwrap();
    let ledger = Ledger::create(&path, policy(), Some(signers.clone()), START).unwrap();
    assert_eq!(ledger.signers(), Some(&signers));
    let action = verified(&linked(posted(1, 1000), &ledger.meta().unwrap()));
    let Action::PostEpoch(post) = &action else { panic!() };
    assert!(matches!(
        ledger.apply(START, &action),
        Err(LedgerError::NotSigned(NotSigned::TooFew { signed: 0, .. }))
    ));
    let (_, of_another) = signed(&[7; 32]);
    let grounds = Grounds::signatures(core::slice::from_ref(&of_another));
    assert!(matches!(
        ledger.apply_with(START, &action, grounds),
        Err(LedgerError::NotSigned(NotSigned::Stranger { place: 1, .. }))
    ));
    assert_eq!(ledger.history(None).unwrap(), []);
    let (_, signature) = signed(post.digest(context()).as_bytes());
    let grounds = Grounds::signatures(core::slice::from_ref(&signature));
    let entry = ledger.apply_with(START, &action, grounds).unwrap().unwrap();
    assert_eq!(entry.signatures, [signature]);
    ledger.audit().unwrap();
    drop(ledger);

    // The audit finds a signature that was taken away.
    let history = redb::TableDefinition::<u64, &[u8]>::new("history");
    let database = redb::Database::open(&path).unwrap();
    let write = database.begin_write().unwrap();
    let unsigned = HistoryEntry { signatures: vec![], ..entry };
    let value = serde_json::to_vec(&unsigned).unwrap();
    write.open_table(history).unwrap().insert(0, &*value).unwrap();
    write.commit().unwrap();
    drop(database);
    let audit = Ledger::open(&path).unwrap().audit();
    assert!(matches!(audit, Err(LedgerError::NotSigned(NotSigned::TooFew { .. }))));
}

#[test]
fn overdue_accounts_are_listed_the_latest_last() {
    let (_directory, _, ledger) = ledger();
    for number in [3, 1, 2] {
        apply(&ledger, 1000, register(number));
    }
    for epoch in 1..=11 {
        let now = 1000 + 100 * (epoch - 1);
        apply(&ledger, now, posted(epoch, now));
        if epoch == 2 {
            apply(&ledger, now, prove(1, 2));
        }
    }
    assert_eq!(ledger.overdue(2000).unwrap(), []);
    let numbers: Vec<_> = ledger.overdue(2001).unwrap().iter().map(|entry| entry.account).collect();
    assert_eq!(numbers, [account(2), account(3)]);
    apply(&ledger, 2001, overdue(2));
    assert_eq!(ledger.overdue(2001).unwrap().len(), 1);
    // A stale feed stops the clock: account 1, due at 2100, is never listed.
    assert_eq!(ledger.overdue(90_000).unwrap().len(), 1);
}

#[test]
fn opening_refuses_what_is_not_the_ledger() {
    let (directory, path, ledger) = ledger();
    assert!(matches!(Ledger::open(&path), Err(LedgerError::Locked)));
    assert!(matches!(
        Ledger::create(&path, policy(), None, START),
        Err(LedgerError::AlreadyExists { .. })
    ));
    drop(ledger);
    let other = ContextId::derive("other", 1, [0; 20]);
    assert!(matches!(Ledger::open_for(&path, other), Err(LedgerError::WrongContext { .. })));
    assert!(Ledger::open_for(&path, context()).is_ok());

    let missing = directory.path().join("missing");
    assert!(matches!(Ledger::open(&missing), Err(LedgerError::NotFound { .. })));
    for bytes in [&b""[..], b"not a database", &[0; 8192]] {
        let garbage = directory.path().join("garbage");
        std::fs::write(&garbage, bytes).unwrap();
        assert!(matches!(Ledger::open(&garbage), Err(LedgerError::NotALedger)), "{bytes:?}");
        assert_eq!(std::fs::read(&garbage).unwrap(), bytes, "opening leaves the file alone");
    }
    // What cannot be read may be a ledger.
    assert!(matches!(Ledger::open(directory.path()), Err(LedgerError::Io(_))));
    let foreign = directory.path().join("foreign");
    drop(redb::Database::create(&foreign).unwrap());
    assert!(matches!(Ledger::open(&foreign), Err(LedgerError::NotALedger)));
    // A link to nowhere is a file already.
    #[cfg(unix)]
    {
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let created = Ledger::create(&link, policy(), None, START);
        assert!(matches!(created, Err(LedgerError::AlreadyExists { .. })));
        std::fs::remove_file(&link).unwrap();
    }
    // Nothing but the files made here: no temporary file is left behind.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
}

/// Changes a stored record behind the ledger's back.
fn tamper(path: &std::path::Path, table: &str, key: &str, value: &[u8]) {
    let database = redb::Database::open(path).unwrap();
    let write = database.begin_write().unwrap();
    {
        let definition = redb::TableDefinition::<&str, &[u8]>::new(table);
        write.open_table(definition).unwrap().insert(key, value).unwrap();
    }
    write.commit().unwrap();
}

#[test]
fn damage_and_other_versions_are_told_apart() {
    let (_directory, path, ledger) = ledger();
    drop(ledger);
    tamper(&path, "ledger", "schema", b"1");
    assert!(matches!(Ledger::open(&path), Err(LedgerError::SchemaVersion { got: 1, allowed: 2 })));
    tamper(&path, "ledger", "schema", b"2");
    assert!(Ledger::open(&path).is_ok());
    tamper(&path, "ledger", "policy", b"{}");
    assert!(matches!(
        Ledger::open(&path),
        Err(LedgerError::Corrupted { table: "setting", key }) if key == "policy"
    ));
}

#[test]
fn audit_finds_state_that_the_history_does_not_lead_to() {
    let (_directory, path, ledger) = ledger();
    for (now, action) in story() {
        ledger.apply(now, &action).unwrap();
    }
    let mut meta = ledger.meta().unwrap();
    drop(ledger);
    meta.fresh_until += 1;
    tamper(&path, "ledger", "meta", &serde_json::to_vec(&meta).unwrap());
    let ledger = Ledger::open(&path).unwrap();
    assert!(matches!(ledger.audit(), Err(LedgerError::HistoryMismatch { .. })));
}

/// What an audit says after a change of a whole story's database.
fn audit_after(change: impl FnOnce(&redb::WriteTransaction)) -> Result<Engine, LedgerError> {
    let (_directory, path, ledger) = ledger();
    for (now, action) in story() {
        ledger.apply(now, &action).unwrap();
    }
    drop(ledger);
    let database = redb::Database::open(&path).unwrap();
    let write = database.begin_write().unwrap();
    change(&write);
    write.commit().unwrap();
    drop(database);
    Ledger::open(&path).unwrap().audit()
}

/// State and history are compared record by record.
#[test]
fn audit_compares_every_kind_of_record() {
    let mut engine = Engine::new(policy(), START);
    for (now, action) in story() {
        engine.apply(now, &action).unwrap();
    }
    assert_eq!(audit_after(|_| ()).unwrap(), engine);

    let (id, mut account) = engine.accounts().next().map(|(id, found)| (*id, *found)).unwrap();
    account.last_epoch = Epoch::new(9);
    let (number, mut epoch) = engine.epochs().next().map(|(id, found)| (*id, *found)).unwrap();
    epoch.state = EpochState::Quarantined;
    let accounts = redb::TableDefinition::<[u8; 20], &[u8]>::new("accounts");
    let epochs = redb::TableDefinition::<u64, &[u8]>::new("epochs");
    let models = redb::TableDefinition::<[u8; 31], ()>::new("models");
    let state: [&dyn Fn(&redb::WriteTransaction); 3] = [
        &|write| {
            let value = serde_json::to_vec(&account).unwrap();
            write.open_table(accounts).unwrap().insert(id.as_bytes(), &*value).unwrap();
        },
        &|write| {
            let value = serde_json::to_vec(&epoch).unwrap();
            write.open_table(epochs).unwrap().insert(number.get(), &*value).unwrap();
        },
        &|write| {
            write.open_table(models).unwrap().insert(model(9).as_bytes(), ()).unwrap();
        },
    ];
    let end = story().len() as u64;
    for change in state {
        let Err(LedgerError::HistoryMismatch { sequence }) = audit_after(change) else { panic!() };
        assert_eq!(sequence, end);
    }

    // An entry under another number, and one with other events.
    let history = redb::TableDefinition::<u64, &[u8]>::new("history");
    let entry = |field: &'static str, value: serde_json::Value| {
        audit_after(|write| {
            let mut table = write.open_table(history).unwrap();
            let stored = table.get(2).unwrap().unwrap().value().to_vec();
            let mut entry: serde_json::Value = serde_json::from_slice(&stored).unwrap();
            entry[field] = value;
            table.insert(2, &*serde_json::to_vec(&entry).unwrap()).unwrap();
        })
    };
    for changed in [entry("sequence", 3.into()), entry("events", serde_json::json!([]))] {
        assert!(matches!(changed, Err(LedgerError::HistoryMismatch { sequence: 2 })));
    }
}

#[test]
fn every_vector_runs_on_the_ledger() {
    let vectors = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/engine");
    for path in std::fs::read_dir(vectors).unwrap() {
        let text = std::fs::read(path.unwrap().path()).unwrap();
        let vector: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let name = &vector["name"];
        let policy = serde_json::from_value(vector["policy"].clone()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        let ledger =
            Ledger::create(&path, policy, None, vector["start"].as_u64().unwrap()).unwrap();
        for step in vector["steps"].as_array().unwrap() {
            let action: ActionRecord = serde_json::from_value(step["action"].clone()).unwrap();
            let (now, grounds) = (step["now"].as_u64().unwrap(), Grounds::escrowed("", ""));
            let got = match ledger.apply_with(now, &verified(&action), grounds) {
                Ok(Some(entry)) => serde_json::json!({ "events": entry.events }),
                Ok(None) => serde_json::json!({ "events": [] }),
                Err(LedgerError::Refused(refusal)) => {
                    serde_json::json!({ "refusal": refusal.code() })
                }
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(got, step["expect"], "{name}");
        }
        ledger.audit().unwrap();
    }
}

/// A generator of its own: the damage is the same in every run.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

#[test]
fn a_damaged_file_never_panics() {
    let (directory, path, ledger) = ledger();
    for number in 1..=40 {
        ledger.apply(1000, &verified(&register(number))).unwrap();
    }
    drop(ledger);
    let good = std::fs::read(&path).unwrap();
    let written: Vec<_> = (0..good.len()).filter(|at| good[*at] != 0).collect();
    let mut state = 1;
    let mut found = 0;
    for _ in 0..150 {
        let mut bad = good.clone();
        let at = written[next(&mut state) % written.len()];
        bad[at] ^= 1 << (next(&mut state) % 8);
        let path = directory.path().join("damaged");
        std::fs::write(&path, bad).unwrap();
        let result = Ledger::open(&path).and_then(|ledger| {
            ledger.audit()?;
            ledger.apply(1000, &verified(&register(99)))?;
            ledger.history(Some(account(99)))
        });
        found += u32::from(result.is_err());
    }
    // Most of the file is space that earlier transactions left behind.
    assert!(found > 10, "{found}");
}
