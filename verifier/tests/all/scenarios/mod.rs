//! The scenarios behind the vectors. What each step must do is written here by
//! hand, in short; the JSON files hold it in full.

mod accounts;
mod breaker;
mod calls;
mod clock;
mod endings;
mod epochs;
mod escrow;
mod evidence;
mod liquidations;
mod next;
mod paths;
mod refined;
mod rejected;
mod standing;

use zkmargin_margin::claim::Level;
use zkmargin_margin::instance::Shortfall;
use zkmargin_verifier::engine::{Action, ActionRecord, ClaimData, PolicyParams};

use crate::common::*;

/// A step: at a time, an action, what it must announce (`+` between events,
/// nothing when it changes nothing) or `!` and the refusal's code, and
/// afterwards the clock and account 1's status with its due time or deadline.
pub(crate) struct Step {
    pub(crate) now: u64,
    pub(crate) action: ActionRecord,
    pub(crate) outcome: &'static str,
    pub(crate) status: &'static str,
    pub(crate) query: Option<Query>,
}

/// What a lender asks of account 1 after a step: may it take more risk, having
/// proved so much in a market at most so old? And the facts: time and age of
/// the market, then what holds of `overdue halted stale provable`.
pub(crate) struct Query {
    pub(crate) min_level: Level,
    pub(crate) max_age: u64,
    pub(crate) answer: bool,
    pub(crate) facts: &'static str,
}

fn step(now: u64, action: ActionRecord, outcome: &'static str, status: &'static str) -> Step {
    Step { now, action, outcome, status, query: None }
}

/// A step that only looks: nothing is refused more reliably.
fn look(now: u64, status: &'static str) -> Step {
    step(now, register(1), "!already-registered", status)
}

impl Step {
    fn asks(self, min_level: Level, max_age: u64, answer: bool, facts: &'static str) -> Self {
        Self { query: Some(Query { min_level, max_age, answer, facts }), ..self }
    }
}

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) policy: PolicyParams,
    pub(crate) steps: Vec<Step>,
}

fn scenario(name: &'static str, description: &'static str, steps: Vec<Step>) -> Scenario {
    Scenario { name, description, policy: params(), steps }
}

/// Account 1 registered and proved in epoch 1, at 1000: due at 2000.
fn current(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut all = vec![
        step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
        step(1000, register(1), "registered", "1000 unproven 2000"),
        step(1000, prove(1, 1), "proof-accepted", "1000 current 2000"),
    ];
    all.extend(steps);
    all
}

/// Account 1 current, then in breach in epoch 2, at 1050: deadline 1450.
fn called(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut all = current([
        step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
        step(1050, breach(1, 2), "called", "1050 called 1450"),
    ]);
    all.extend(steps);
    all
}

/// Account 1 current and silent, epochs 2 to 11 until 2000: due then.
fn silent(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    const STATUS: [&str; 10] = [
        "1100 current 2000",
        "1200 current 2000",
        "1300 current 2000",
        "1400 current 2000",
        "1500 current 2000",
        "1600 current 2000",
        "1700 current 2000",
        "1800 current 2000",
        "1900 current 2000",
        "2000 current 2000",
    ];
    current(feed(2..=11, 1100, &STATUS).into_iter().chain(steps))
}

/// Account 1 called in epoch 2, epochs 3 to 6 until 1400: deadline 1450.
fn breached(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    const STATUS: [&str; 4] =
        ["1100 called 1450", "1200 called 1450", "1300 called 1450", "1400 called 1450"];
    called(feed(3..=6, 1100, &STATUS).into_iter().chain(steps))
}

/// Account 1 called and silent until 1500, epoch 7.
fn expired(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let last = step(1500, posted(7, 1500), "epoch-posted", "1500 liquidatable 1450");
    breached([last].into_iter().chain(steps))
}

/// Epochs posted every 100 seconds, so that the clock never stops.
fn feed(epochs: std::ops::RangeInclusive<u64>, first: u64, status: &[&'static str]) -> Vec<Step> {
    let times = (0..).map(|i| first + 100 * i);
    epochs
        .zip(times)
        .zip(status)
        .map(|((epoch, time), status)| step(time, posted(epoch, time), "epoch-posted", status))
        .collect()
}

fn submit(claim: ClaimData) -> ActionRecord {
    Action::SubmitProof { claim }
}

fn submit_breach(claim: ClaimData) -> ActionRecord {
    Action::SubmitBreach { claim }
}

/// Account 1's breach in an epoch, with its shortfall.
fn disclosing(epoch: u64, text: &str, units: u128) -> ActionRecord {
    let disclosed = Shortfall::new(units).unwrap();
    submit_breach(ClaimData { disclosed, ..claim(1, epoch, text) })
}

pub(crate) fn all() -> Vec<Scenario> {
    [
        accounts::scenarios(),
        evidence::scenarios(),
        epochs::scenarios(),
        breaker::scenarios(),
        rejected::scenarios(),
        clock::scenarios(),
        clock::halts(),
        calls::scenarios(),
        refined::scenarios(),
        endings::scenarios(),
        liquidations::scenarios(),
        paths::scenarios(),
        next::scenarios(),
        escrow::scenarios(),
        standing::scenarios(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
