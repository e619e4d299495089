//! The store on both databases: what is written is there after a crash, epochs are
//! the trees that their roots say, keys rotate.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod common;

use common::postgres::Postgres;
use common::{account, context, market, settings, sqlite};
use pasta_curves::Fp;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::Epoch;
use zkmargin_prover::venue::{FieldHex, LiveState};
use zkmargin_venue::store::{Finished, NewAccount, NewJob, Place, ProofRow, Store, StoreError};
use zkmargin_venue::tree::next;

fn new_account(number: u64, commitment: u64) -> NewAccount {
    NewAccount {
        account: account(number),
        portfolio: vec![0, 159, 146, 150],
        source: format!("source {number} {commitment}"),
        lots: "lots".to_owned(),
        commitment: FieldHex::of(&Fp::from(commitment)),
        recipients: "old".to_owned(),
    }
}

fn job(number: u64, priority: i64) -> NewJob {
    NewJob {
        statement: format!("statement {number:03}"),
        queue: "mock".to_owned(),
        account: account(number),
        epoch: Epoch::new(1),
        claim: claim(),
        priority,
        payload: vec![7; 9],
    }
}

fn claim() -> Claim {
    "at-least:maintenance".parse().unwrap()
}

fn proof(number: u64, text: &str) -> ProofRow {
    ProofRow {
        statement: format!("statement {number:03}"),
        account: account(number),
        epoch: Epoch::new(1),
        claim: claim(),
        circuit: "mock".to_owned(),
        proof: text.to_owned(),
    }
}

async fn accounts_and_epochs(store: &Store) {
    assert!(matches!(store.last_epoch().await, Ok(None)));
    store.put_accounts(&[new_account(3, 30), new_account(1, 10)]).await.unwrap();
    let mut tree = LiveState::<Fp>::new(context(), Vec::new()).unwrap();
    let root = FieldHex::of(&Fp::from(5));
    let (first, changes) = next(store, &mut tree, Epoch::new(1), root, &market(1)).await.unwrap();
    assert_eq!((changes.added, first.accounts), (2, 2));
    // One changed, one new; the others' leaves are not written again.
    store.put_accounts(&[new_account(3, 31), new_account(2, 20)]).await.unwrap();
    let (second, changes) = next(store, &mut tree, Epoch::new(2), root, "{}").await.unwrap();
    assert_eq!((changes.changed, changes.added), (1, 1));
    assert_ne!(first.state_root, second.state_root);
    for row in [first, second] {
        let read = store.tree::<Fp>(row.epoch).await.unwrap();
        assert_eq!(FieldHex::of(&read.root()), row.state_root);
        assert_eq!(store.epoch(row.epoch).await.unwrap().unwrap().state_root, row.state_root);
    }
    let mut followed = store.tree::<Fp>(Epoch::new(1)).await.unwrap();
    for changes in store.changes(Epoch::new(1), Epoch::new(2)).await.unwrap() {
        followed.update(changes).unwrap();
    }
    assert_eq!(FieldHex::of(&followed.root()), second.state_root);
    let again = next(store, &mut tree, Epoch::new(2), root, "{}").await;
    assert!(matches!(again, Err(StoreError::NotLater { new: 2, last: 2 })));
    assert_eq!(store.market(Epoch::new(2)).await.unwrap().as_deref(), Some("{}"));
    assert_eq!(store.market(Epoch::new(9)).await.unwrap(), None);
    let page = store.portfolios(Some(account(1)), 1).await.unwrap();
    assert_eq!((page.len(), page[0].account), (1, account(2)));
    assert_eq!(page[0].portfolio, [0, 159, 146, 150]);
    assert!(store.portfolio(account(9)).await.unwrap().is_none());
}

async fn keys_rotate(store: &Store) {
    store.use_keys(&["age1old".to_owned()]).await.unwrap();
    store.use_keys(&["age1new".to_owned()]).await.unwrap();
    assert_eq!(store.recipients().await.unwrap(), ["age1new"]);
    assert_eq!(store.keys().await.unwrap().len(), 2);
    let stored = store.portfolio(account(1)).await.unwrap().unwrap();
    assert_eq!(store.not_under("new").await.unwrap(), 3);
    assert!(store.rekey(&stored, b"other", "new").await.unwrap());
    assert_eq!(store.not_under("new").await.unwrap(), 2);
    // It is under the new keys already; and what changed meanwhile stays.
    assert!(!store.rekey(&stored, b"twice", "newer").await.unwrap());
    assert_eq!(store.portfolio(account(1)).await.unwrap().unwrap().portfolio, b"other");
}

async fn jobs(store: &Store) {
    assert_eq!(store.push_jobs(&[job(1, 0), job(2, 5), job(3, 0)]).await.unwrap(), 3);
    // The same again changes nothing but a priority.
    assert_eq!(store.push_jobs(&[job(1, 0), job(3, 9)]).await.unwrap(), 0);
    let lease = async |ms| store.lease("mock", "worker", ms).await.unwrap();
    let order: Vec<_> = [lease(60_000).await, lease(60_000).await, lease(1).await]
        .into_iter()
        .map(|job| job.unwrap())
        .collect();
    let names: Vec<_> = order.iter().map(|job| job.statement.as_str()).collect();
    assert_eq!(names, ["statement 003", "statement 002", "statement 001"]);
    assert_eq!(order[0].payload, [7; 9]);
    // The last lease is over: another worker gets the job, and the first cannot finish.
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    assert_eq!(store.job_counts().await.unwrap()[0].expired, 1);
    let again = lease(60_000).await.unwrap();
    assert_eq!((again.statement.as_str(), again.token), ("statement 001", order[2].token + 1));
    assert!(lease(1).await.is_none());
    assert!(!store.renew(&order[2], 1_000).await.unwrap());
    assert!(store.renew(&again, 60_000).await.unwrap());
    let late = store.finish(&order[2], &proof(1, "late")).await.unwrap();
    assert_eq!(late, Finished::LeaseLost);
    assert!(store.proof("statement 001").await.unwrap().is_none());
    assert_eq!(store.finish(&again, &proof(1, "proof")).await.unwrap(), Finished::Stored);
    assert_eq!(store.finish(&again, &proof(1, "twice")).await.unwrap(), Finished::LeaseLost);
    assert_eq!(store.proof("statement 001").await.unwrap().unwrap().proof, "proof");
    // One given back, one given up and pushed again.
    assert!(store.release(&order[1]).await.unwrap());
    assert!(store.fail(&order[0], "no").await.unwrap());
    let counts = store.job_counts().await.unwrap().remove(0);
    assert_eq!((counts.ready, counts.leased, counts.done, counts.failed), (1, 0, 1, 1));
    assert_eq!(store.failed_jobs(9).await.unwrap(), [(account(3), "no".to_owned())]);
    // What has a proof is no job any more.
    assert_eq!(store.push_jobs(&[job(1, 0), job(3, 0)]).await.unwrap(), 0);
    let counts = store.job_counts().await.unwrap().remove(0);
    assert_eq!((counts.ready, counts.done, counts.failed), (2, 1, 0));
    assert_eq!(store.finished_counts().await.unwrap(), [(0, 2), (1, 1)]);
    assert!(!store.put_proof(&proof(1, "other")).await.unwrap());
    assert_eq!(store.proofs_of(account(1), 9).await.unwrap().len(), 1);
    assert_eq!(store.proofs_in(Epoch::new(1), "", 9).await.unwrap().len(), 1);
    assert_eq!(store.count_proofs().await.unwrap(), 1);
}

async fn standings(store: &Store) {
    let rows = [(account(1), "{}".to_owned(), Some(99)), (account(2), "{}".to_owned(), None)];
    store.put_standings(&rows).await.unwrap();
    store.put_standings(&rows[..1]).await.unwrap();
    assert_eq!(store.due_times().await.unwrap(), [(account(1), 99)]);
    assert_eq!(store.standing(account(2)).await.unwrap().unwrap().0, "{}");
    assert!(store.standing(account(7)).await.unwrap().is_none());
}

async fn all(store: &Store) {
    accounts_and_epochs(store).await;
    keys_rotate(store).await;
    jobs(store).await;
    standings(store).await;
    store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = sqlite(directory.path()).await;
    all(&store).await;
    let place = store.place().clone();
    assert!(matches!(Store::create(&place, settings()).await, Err(StoreError::Exists(_))));
    drop(store);
    let again = Store::open(&place).await.unwrap();
    assert_eq!((again.settings(), again.count_accounts().await.unwrap()), (settings(), 3));
    let missing = Place::File(directory.path().join("none.db"));
    assert!(matches!(Store::open(&missing).await, Err(StoreError::Missing(_))));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(directory.path().join("venue.db")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_store_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in [("empty.db", b"".as_slice()), ("text.db", b"not a database at all")] {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert!(Store::open(&Place::File(path)).await.is_err(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_a_store() {
    let Some(mut server) = Postgres::start().await else { return };
    let empty = Store::open(&server.place()).await;
    assert!(matches!(empty, Err(StoreError::Missing(_))));
    let store = server.store().await;
    all(&store).await;
    let twice = Store::create(&server.place(), settings()).await;
    assert!(matches!(twice, Err(StoreError::Exists(_))));
    // What was answered for is there after a power cut.
    server.kill();
    let away = store.ping().await.unwrap_err();
    assert!(away.is_passing(), "{away}");
    server.run().await;
    assert_eq!(store.count_accounts().await.unwrap(), 3);
    assert_eq!(store.finished_counts().await.unwrap(), [(0, 2), (1, 1)]);
}
