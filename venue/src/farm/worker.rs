//! A worker: leases jobs, renews what it holds while it works, finishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::store::{Finished, JobRow, ProofRow, Store, StoreError};

/// Why a job was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkError {
    /// No worker could do it: it is given up, with the reason.
    #[error("{0}")]
    Hopeless(String),
    /// This worker cannot do it, or not now: another one may.
    #[error("{0}")]
    Here(String),
}

/// What a worker does.
pub trait Work: Send + Sync + 'static {
    /// The queues to take jobs from, the first one first.
    fn queues(&self) -> &[String];

    /// Makes the proof of a job. Runs on a thread of its own, for as long as it takes.
    ///
    /// # Errors
    /// When the job cannot be done.
    fn prove(&self, job: &JobRow) -> Result<ProofRow, WorkError>;
}

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// How long a job stays with a worker that is not heard of.
    pub lease: Duration,
    /// How long to wait where there is nothing to do or the database is away.
    pub pause: Duration,
    /// Whether to end when there is nothing to do.
    pub until_empty: bool,
}

impl Default for Lease {
    fn default() -> Self {
        let (lease, pause) = (Duration::from_secs(60), Duration::from_secs(2));
        Self { lease, pause, until_empty: false }
    }
}

impl Lease {
    fn milliseconds(self) -> i64 {
        i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Jobs given back after which a worker that is to end does so.
const ENOUGH: u64 = 3;

/// What a worker did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Jobs finished.
    pub done: u64,
    /// Jobs given up.
    pub failed: u64,
    /// Jobs given back.
    pub released: u64,
    /// Jobs whose lease was lost: somebody else has them.
    pub lost: u64,
}

/// What became of one job.
enum End {
    Done,
    Failed,
    Released,
    Lost,
}

/// Works until `stop` says so, or the queues are empty where that is asked for. A job
/// under way is finished first. While the database is away the worker waits for it,
/// with the proof that it has made.
///
/// # Errors
/// When the store refuses for good.
pub async fn work(
    store: &Store,
    name: &str,
    doing: Arc<dyn Work>,
    lease: Lease,
    stop: &AtomicBool,
    mut told: impl FnMut(&str),
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    while !stop.load(Ordering::Relaxed) {
        match next(store, name, doing.as_ref(), lease).await {
            Ok(Some(job)) => match one(store, &job, &doing, lease, stop, &mut told).await? {
                End::Done => tally.done += 1,
                End::Failed => tally.failed += 1,
                End::Lost => tally.lost += 1,
                End::Released => {
                    tally.released += 1;
                    // What is left is not for this worker.
                    if lease.until_empty && tally.released >= ENOUGH {
                        break;
                    }
                    // Not the same again at once.
                    tokio::time::sleep(lease.pause).await;
                }
            },
            Ok(None) if lease.until_empty => break,
            Ok(None) => tokio::time::sleep(lease.pause).await,
            Err(error) if error.is_passing() => {
                told(&format!("waiting for the database: {error}"));
                tokio::time::sleep(lease.pause).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(tally)
}

async fn next(
    store: &Store,
    name: &str,
    doing: &dyn Work,
    lease: Lease,
) -> Result<Option<JobRow>, StoreError> {
    for queue in doing.queues() {
        if let Some(job) = store.lease(queue, name, lease.milliseconds()).await? {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

/// Does one job, renewing its lease meanwhile.
async fn one(
    store: &Store,
    job: &JobRow,
    doing: &Arc<dyn Work>,
    lease: Lease,
    stop: &AtomicBool,
    told: &mut impl FnMut(&str),
) -> Result<End, StoreError> {
    let beating = tokio::spawn(beat(store.clone(), job.clone(), lease));
    let (doing, given) = (Arc::clone(doing), job.clone());
    let made = tokio::task::spawn_blocking(move || doing.prove(&given)).await;
    // The lease is renewed until the result is stored: the database may be away.
    let made = made.unwrap_or_else(|_| Err(WorkError::Hopeless("the prover stopped".to_owned())));
    let end = loop {
        let settled = match &made {
            Ok(proof) => store.finish(job, proof).await.map(|finished| match finished {
                Finished::Stored => End::Done,
                Finished::LeaseLost => End::Lost,
            }),
            Err(WorkError::Hopeless(problem)) => {
                told(&format!("{}: given up: {problem}", job.account));
                store
                    .fail(job, problem)
                    .await
                    .map(|held| if held { End::Failed } else { End::Lost })
            }
            Err(WorkError::Here(problem)) => {
                told(&format!("{}: given back: {problem}", job.account));
                store.release(job).await.map(|held| if held { End::Released } else { End::Lost })
            }
        };
        match settled {
            Err(error) if error.is_passing() && !stop.load(Ordering::Relaxed) => {
                told(&format!("waiting for the database: {error}"));
                tokio::time::sleep(lease.pause).await;
            }
            settled => break settled,
        }
    };
    beating.abort();
    end
}

/// Renews a lease three times in its time, until it is lost.
async fn beat(store: Store, job: JobRow, lease: Lease) {
    loop {
        tokio::time::sleep(lease.lease / 3).await;
        if let Ok(false) = store.renew(&job, lease.milliseconds()).await {
            return;
        }
    }
}
