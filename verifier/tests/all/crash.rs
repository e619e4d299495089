//! Kills a process that writes to a ledger, many times, and looks at what is
//! left: every transition is there in full or not at all.
//!
//! The writer is this test binary itself, started again with `WRITER` set.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::common::*;
use zkmargin_verifier::engine::ActionRecord;
use zkmargin_verifier::{Ledger, LedgerError};

const WRITER: &str = "ZKMARGIN_CRASH_TEST_LEDGER";

/// Transitions after which the writer waits to be killed: where disks are fast it would
/// run out of accounts.
const LAST: u64 = 1_000;

/// The action that follows so many transitions: ten per round, two accounts in each.
fn action(sequence: u64) -> (u64, ActionRecord) {
    let (round, step) = (sequence / 10, sequence % 10);
    let (now, epoch) = (START + 20 * round, 2 * round + 1);
    let number = u8::try_from(round).unwrap() + 1;
    let action = match step {
        0 => posted(epoch, now),
        1 => register(number),
        2 => prove(number, epoch),
        3 => posted(epoch + 1, now),
        4 => breach(number, epoch + 1),
        5 => pause(now + 1),
        6 => resume(epoch + 1),
        7 => ActionRecord::AcceptModel { model: model(2) },
        8 => ActionRecord::RevokeModel { model: model(2) },
        _ => register(number + 100),
    };
    (now, action)
}

/// Not a test of its own: applies actions until it is killed, and says which
/// transitions it was told are on disk.
#[test]
fn writer() {
    let Some(path) = std::env::var_os(WRITER) else { return };
    let ledger = Ledger::open(Path::new(&path)).unwrap();
    let start = ledger.history(None).unwrap().len() as u64;
    println!("ready");
    for sequence in start..LAST {
        let (now, action) = action(sequence);
        let action = linked(action, &ledger.meta().unwrap());
        let entry = match ledger.apply(now, &verified(&action)) {
            Ok(Some(entry)) => entry,
            other => panic!("{sequence}: {other:?}"),
        };
        assert_eq!(entry.sequence, sequence);
        println!("done {sequence}");
    }
    sleep(Duration::from_secs(60));
}

#[test]
fn a_kill_leaves_whole_transitions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger");
    drop(Ledger::create(&path, policy(), None, START).unwrap());
    let mut length = 0;
    for round in 0..25u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::writer", "--nocapture"])
            .env(WRITER, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.by_ref().any(|line| line.unwrap().contains("ready")), "round {round}");
        // Another process cannot have it meanwhile.
        assert!(matches!(Ledger::open(&path), Err(LedgerError::Locked)));
        // A time that differs per round and falls anywhere in a transaction.
        sleep(Duration::from_micros(5_000 + round * 7_919 % 40_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let confirmed = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("done ").and_then(|n| n.parse::<u64>().ok()))
            .last()
            .map_or(length, |last| last + 1);

        // The state is exactly what the history leads to, nothing that was
        // confirmed is lost, and at most the one action under way came on top.
        let ledger = Ledger::open(&path).unwrap();
        ledger.audit().unwrap();
        let history = ledger.history(None).unwrap();
        let now_length = history.len() as u64;
        assert!(now_length == confirmed || now_length == confirmed + 1, "round {round}");
        for entry in &history {
            let expected = action(entry.sequence).1;
            match (&entry.action, &expected) {
                // The replay above has followed its links.
                (ActionRecord::PostEpoch(post), ActionRecord::PostEpoch(expected)) => {
                    assert_eq!(post.epoch, expected.epoch);
                    assert_eq!(post.market_timestamp, expected.market_timestamp);
                }
                (action, expected) => assert_eq!(action, expected),
            }
        }
        length = now_length;
    }
    assert!(length > 25, "the writer got something done: {length}");
}
