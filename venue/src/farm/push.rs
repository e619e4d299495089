//! Statements of stored accounts as jobs.

use std::collections::BTreeMap;

use zeroize::Zeroizing;
use zkmargin_circuits::family::Witness;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::bulk::Outcome;
use zkmargin_prover::crypt::{Recipients, encrypt};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::venue::PathFile;

use crate::portfolio::PortfolioError;
use crate::prove::{PAGE, Proved, Ready, Under, Wanted};
use crate::store::{NewJob, Store, StoreError, now};

/// Priority of a job whose account's next proof is due now; one that is due later
/// has less by the second, and one without a due time has none.
const DUE: i64 = 1 << 40;

/// What was pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Pushed {
    /// Jobs that were not there before.
    pub new: u64,
    /// Statements that have a job or a proof already.
    pub known: u64,
    /// Accounts that the statement is not true of.
    pub untrue: u64,
    /// Accounts that it cannot be said of.
    pub failed: u64,
}

/// Pushes the same statement about every stored account, a page a transaction;
/// `told` hears of accounts that it cannot be said of. Pushing again changes nothing
/// but priorities.
///
/// # Errors
/// When the store refuses; the pages before are pushed.
pub async fn push<B: Backend, M: FamilyMarket<B::Field> + Sync>(
    store: &Store,
    under: &Under<'_, B, M>,
    workers: &Recipients,
    wanted: Wanted,
    mut told: impl FnMut(AccountId, &PortfolioError),
) -> Result<Pushed, StoreError>
where
    Witness<B::Field, M::Circuit>: Send,
{
    let listings = under.market.listings();
    let due: BTreeMap<AccountId, u64> = store.due_times().await?.into_iter().collect();
    let (mut pushed, mut after) = (Pushed::default(), None);
    loop {
        let page = store.portfolios(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(pushed) };
        after = Some(last.account);
        let mut jobs = Vec::new();
        for (stored, outcome) in page.iter().zip(under.ready(&page, &listings, wanted)) {
            let job = match outcome {
                Outcome::Done(ready) => job(&ready, workers, priority(due.get(&stored.account))),
                Outcome::Failed(error) => Err(error),
                Outcome::NotTried => continue,
            };
            match job.map_err(Proved::of) {
                Ok(job) => jobs.push(job),
                Err(Proved::Failed(error)) => {
                    pushed.failed += 1;
                    told(stored.account, &error);
                }
                Err(_) => pushed.untrue += 1,
            }
        }
        let new = store.push_jobs(&jobs).await?;
        pushed.new += new;
        pushed.known += (jobs.len() as u64).saturating_sub(new);
    }
}

/// The sooner it is due, the more urgent; what is overdue most of all.
fn priority(due: Option<&u64>) -> i64 {
    let Some(due) = due else { return 0 };
    let left = i64::try_from(*due).unwrap_or(i64::MAX).saturating_sub(now());
    DUE.saturating_sub(left).max(1)
}

/// The payload is the path on a line of its own, then the portfolio.
fn job<B: Backend, M: FamilyMarket<B::Field>>(
    ready: &Ready<B, M>,
    workers: &Recipients,
    priority: i64,
) -> Result<NewJob, PortfolioError> {
    let path = PathFile::from(&ready.path).to_json();
    let document = ready.document.to_json();
    let mut payload = Zeroizing::new(Vec::with_capacity(path.len() + document.len()));
    payload.extend_from_slice(&path);
    payload.extend_from_slice(&document);
    let payload = encrypt(&payload, workers, false)?;
    Ok(NewJob {
        statement: ready.statement.clone(),
        queue: ready.circuit.clone(),
        account: ready.document.account,
        epoch: ready.path.epoch,
        claim: ready.prepared.instance().claim,
        priority,
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_sooner_is_more_urgent() {
        let now = now().unsigned_abs();
        let at = |due: u64| priority(Some(&due));
        assert!(at(now - 50) > at(now + 60) && at(now + 60) > at(now + 3_600));
        assert!(at(u64::MAX) > priority(None));
    }
}
