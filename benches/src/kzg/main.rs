//! How fast proofs of the on-chain proof system are made, on the processor or on
//! a card: one at a time in a warm process, and many accounts.
//!
//! `cargo run --release -p zkmargin-benches --no-default-features [--features cuda]
//! --bin kzg -- [OPTIONS]`
//!
//! | option | says | default |
//! |---|---|---|
//! | `--device` | cpu or gpu | cpu |
//! | `--layout` | tall or wide | tall |
//! | `--family` | standard or scenario | scenario |
//! | `--shape` | small, medium, large | medium |
//! | `--runs` | proofs in a row | 15 |
//! | `--accounts` | accounts proved by several threads and processes | 100 |
//! | `--threads` | threads that check and record accounts | 4 |
//! | `--workers` | processes that share the device | 1 |
//! | `--profile` | where the time of a card goes | |
//!
//! Powers of tau are the insecure ones. Every proof is verified, by the small
//! verifier; a run with one that does not verify fails.
#![allow(clippy::print_stdout)] // Printing is what it is for.

mod options;
#[cfg(feature = "cuda")]
mod profile;
mod proofs;
mod workers;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use zkmargin_benches::{market, one_of, scenario};
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::{Columns, Usual, Wide};
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::Family;

use options::Options;
use proofs::Bench;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = Options::parse(&arguments)?;
    match options.layout {
        ColumnLayout::Tall => run_family::<Usual>(&options),
        ColumnLayout::Wide => run_family::<Wide>(&options),
    }
}

fn run_family<L: Columns>(options: &Options) -> Result<()> {
    match options.family {
        Family::Standard => {
            let market = market::<Bn254Fr>()?;
            let positions = options.shape.standard_positions();
            run::<StandardCircuit<_, L>>(options, |number| one_of(&market, positions, number))
        }
        Family::Scenario => {
            let market = scenario::market::<Bn254Fr>(&scenario::model()?, &scenario::snapshot()?)?;
            run::<ScenarioCircuit<_, L>>(options, |number| {
                scenario::one_of(&market, options.shape, number)
            })
        }
        Family::Simulation | Family::Settlement => {
            anyhow::bail!("--family: allowed are standard, scenario")
        }
    }
}

/// An account's statement and its witness.
type Account<C> = (MarginInstance<Bn254Fr>, Witness<Bn254Fr, C>);

fn run<C>(options: &Options, account: impl Fn(usize) -> Result<Account<C>>) -> Result<()>
where
    C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>> + 'static,
    Witness<Bn254Fr, C>: Sync,
{
    let accounts: Vec<_> = (0..options.accounts.max(1)).map(account).collect::<Result<_>>()?;
    let bench = Bench::<C>::new(options)?;
    if let Some(share) = options.share {
        return workers::work(&bench, options, &accounts, share);
    }
    println!(
        "{} layout, {} {} (k = {}) on {}, {} cores",
        options.layout,
        options.family,
        options.shape,
        C::k(options.shape),
        if options.gpu { "a card" } else { "the processor" },
        std::thread::available_parallelism()?
    );
    one_at_a_time(&bench, options, &accounts)?;
    bench.check_hidden(&accounts[0])?;
    if options.accounts > 0 {
        let start = Instant::now();
        let files = bench.prove_all(&accounts, options.threads)?;
        rate("one process", files.len(), start.elapsed());
        bench.verify(&files)?;
    }
    if options.workers > 1 {
        drop(bench);
        let taken = workers::run(&arguments_of_workers())?;
        rate(&format!("{} processes", options.workers), options.accounts, taken);
    }
    Ok(())
}

/// The median of proofs in a row, the first of which warms the device.
fn one_at_a_time<C>(bench: &Bench<C>, options: &Options, accounts: &[Account<C>]) -> Result<()>
where
    C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>> + 'static,
{
    let (first, warming) = timed(|| bench.prove(&accounts[0]));
    let mut files = vec![first?];
    let (mut times, mut recording) = (Vec::new(), Vec::new());
    for account in accounts.iter().cycle().take(options.runs) {
        let (file, taken) = timed(|| bench.prove(account));
        files.push(file?);
        times.push(taken);
        recording.push(timed(|| bench.record(account)).1);
    }
    bench.verify(&files)?;
    println!("first proof: {}", show(warming));
    println!("one proof, median of {}: {}", options.runs, show(median(times)?));
    println!("of it native check and recording: {}", show(median(recording)?));
    bench.profile(options, &accounts[0])
}

fn rate(what: &str, proofs: usize, taken: Duration) {
    let each = taken.as_secs_f64() / proofs.max(1) as f64;
    println!("{what}: {proofs} accounts in {}, {:.1} proofs a second", show(taken), 1.0 / each);
}

fn arguments_of_workers() -> Vec<String> {
    std::env::args().skip(1).collect()
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Result<Duration> {
    ensure!(!times.is_empty(), "--runs: at least 1");
    times.sort();
    times.get(times.len() / 2).copied().context("no run")
}

fn show(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s >= 10.0 => format!("{s:.1} s"),
        s => format!("{:.1} ms", s * 1e3),
    }
}
