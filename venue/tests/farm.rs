//! The farm when workers and the database are killed: no job is lost, none is
//! finished twice. The workers are processes of this test's own program.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use common::postgres::Postgres;
use common::{account, sqlite};
use zkmargin_margin::ids::Epoch;
use zkmargin_venue::farm::{Lease, Work, WorkError, work};
use zkmargin_venue::store::{JobRow, NewJob, Place, ProofRow, Store};

/// Says to a process of this program that it is a worker, and where the store is.
const STORE: &str = "ZKMARGIN_TEST_FARM_STORE";
const QUEUE: &str = "mock";

/// Takes a moment, and proves nothing.
struct Mock {
    queues: Vec<String>,
    takes: Duration,
}

impl Work for Mock {
    fn queues(&self) -> &[String] {
        &self.queues
    }

    fn prove(&self, job: &JobRow) -> Result<ProofRow, WorkError> {
        std::thread::sleep(self.takes);
        match job.payload.as_slice() {
            b"hopeless" => return Err(WorkError::Hopeless("it is hopeless".to_owned())),
            b"panic" => panic!("a bug"),
            _ => {}
        }
        Ok(ProofRow {
            statement: job.statement.clone(),
            account: job.account,
            epoch: job.epoch,
            claim: job.claim,
            circuit: QUEUE.to_owned(),
            proof: format!("by {}", std::process::id()),
        })
    }
}

fn mock(milliseconds: u64) -> Arc<dyn Work> {
    let takes = Duration::from_millis(milliseconds);
    Arc::new(Mock { queues: vec![QUEUE.to_owned()], takes })
}

fn lease() -> Lease {
    Lease { lease: Duration::from_secs(2), pause: Duration::from_millis(100), until_empty: false }
}

fn job(number: u64, payload: &[u8]) -> NewJob {
    NewJob {
        statement: format!("statement {number:05}"),
        queue: QUEUE.to_owned(),
        account: account(number),
        epoch: Epoch::new(1),
        claim: "at-least:maintenance".parse().unwrap(),
        priority: i64::from(number.is_multiple_of(7)),
        payload: payload.to_vec(),
    }
}

/// What a worker's process runs; killed from outside.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a worker, started by the other tests"]
async fn worker_process() {
    let Ok(store) = std::env::var(STORE) else { return };
    let place: Place = store.parse().unwrap();
    let name = format!("process {}", std::process::id());
    loop {
        if let Ok(store) = Store::open(&place).await {
            let stop = AtomicBool::new(false);
            work(&store, &name, mock(5), lease(), &stop, |_| {}).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn start_worker(place: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["worker_process", "--exact", "--ignored"])
        .env(STORE, place)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills workers, and what `disturb` kills, until all jobs are done.
async fn until_done(
    place: &str,
    jobs: u64,
    workers: usize,
    mut disturb: impl AsyncFnMut(u32),
) -> Store {
    let parsed: Place = place.parse().unwrap();
    let store = Store::open(&parsed).await.unwrap();
    let all: Vec<_> = (0..jobs).map(|number| job(number, b"payload")).collect();
    assert_eq!(store.push_jobs(&all).await.unwrap(), jobs);
    let mut running: Vec<Child> = (0..workers).map(|_| start_worker(place)).collect();
    let deadline = Instant::now() + Duration::from_secs(240);
    for round in 0.. {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let victim = round as usize % workers;
        running[victim].kill().unwrap();
        running[victim].wait().unwrap();
        disturb(round).await;
        running[victim] = start_worker(place);
        let done = store.job_counts().await.map_or(0, |queues| queues[0].done);
        if done == jobs {
            break;
        }
        assert!(Instant::now() < deadline, "{done} of {jobs} jobs done");
    }
    for worker in &mut running {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    store
}

async fn none_lost_none_twice(store: &Store, jobs: u64) {
    assert_eq!(store.finished_counts().await.unwrap(), [(1, jobs)]);
    assert_eq!(store.count_proofs().await.unwrap(), jobs);
    let counts = store.job_counts().await.unwrap().remove(0);
    assert_eq!((counts.ready, counts.leased, counts.failed), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_workers_and_a_killed_database_lose_nothing() {
    const JOBS: u64 = 1_000;
    let Some(mut server) = Postgres::start().await else { return };
    drop(server.store().await);
    let url = server.url();
    let store = until_done(&url, JOBS, 4, async |round| {
        if round % 3 == 1 {
            server.kill();
            server.run().await;
        }
    })
    .await;
    none_lost_none_twice(&store, JOBS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_workers_on_a_file_lose_nothing() {
    const JOBS: u64 = 200;
    let directory = tempfile::tempdir().unwrap();
    drop(sqlite(directory.path()).await);
    let place = directory.path().join("venue.db").display().to_string();
    let store = until_done(&place, JOBS, 2, async |_| {}).await;
    none_lost_none_twice(&store, JOBS).await;
}

/// A job that takes longer than its lease stays with its worker, for the lease is
/// renewed; one that cannot be done, or whose prover panics, is given up with words.
#[tokio::test(flavor = "multi_thread")]
async fn leases_are_renewed_and_hopeless_jobs_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = sqlite(directory.path()).await;
    let jobs = [job(1, b"payload"), job(2, b"hopeless"), job(3, b"panic")];
    store.push_jobs(&jobs).await.unwrap();
    let stop = AtomicBool::new(false);
    let lease = Lease {
        lease: Duration::from_millis(600),
        pause: Duration::from_millis(20),
        until_empty: true,
    };
    let other = {
        let store = store.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(1_000)).await;
            store.lease(QUEUE, "thief", 1).await.unwrap().map(|job| job.statement)
        })
    };
    let tally = work(&store, "one", mock(1_200), lease, &stop, |_| {}).await.unwrap();
    // The second worker found another job than the one that is worked on.
    assert_ne!(other.await.unwrap().as_deref(), Some("statement 00001"));
    assert_eq!((tally.done, tally.failed, tally.lost), (1, 2, 0));
    let problems: Vec<_> = store.failed_jobs(9).await.unwrap().into_iter().map(|p| p.1).collect();
    assert_eq!(problems, ["it is hopeless", "the prover stopped"]);
}
