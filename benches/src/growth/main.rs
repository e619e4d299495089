//! How what a venue does grows: with the positions of an account, with listed
//! instruments, with accounts.
//!
//! `cargo run --release -p zkmargin-benches --bin growth [-- [--most N] CHART.svg]`
//!
//! Prints tables, and draws them on scales that are both logarithmic, where a
//! straight line at 45 degrees is proportional. `--most` leaves out what is larger,
//! for a first look.
#![allow(clippy::print_stdout)] // Printing is what it is for.

mod chart;

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pasta_curves::Fp;
use zkmargin_benches::{market, portfolio, scenario};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_prover::venue::{Entry, State};

use chart::{Panel, Series};

/// Positions of accounts; the scenario family's hold half as many.
const POSITIONS: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
/// Strikes in each of ten expiries, a call and a put each: 100 to 16,380 instruments.
const STRIKES: [u32; 6] = [4, 14, 49, 149, 499, 818];
/// Accounts.
const ACCOUNTS: [u32; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut most = usize::MAX;
    if arguments.next_if(|argument| argument == "--most").is_some() {
        most = arguments.next().context("--most needs a number")?.parse().context("--most")?;
    }
    let panels = [positions(most)?, instruments(most)?, accounts(most)?];
    for panel in &panels {
        print(panel);
    }
    if let Some(path) = arguments.next() {
        std::fs::write(&path, chart::draw(&panels)?).with_context(|| path.clone())?;
        println!("drawn in {path}");
    }
    Ok(())
}

fn print(panel: &Panel) {
    for series in &panel.series {
        println!("| {} | {} |\n|---|---|", panel.axis, series.name);
        for (count, time) in &series.points {
            println!("| {count} | {} |", show(*time));
        }
        println!();
    }
}

/// What an account costs natively.
fn positions(most: usize) -> Result<Panel> {
    let venue = market::<Fp>()?;
    let (mut margin, mut commitment) = (Vec::new(), Vec::new());
    for count in POSITIONS.into_iter().filter(|count| *count <= most) {
        let book = portfolio(&venue, count)?;
        margin.push((count, per_run(|| venue.margin(book.positions()))));
        commitment.push((count, per_run(|| book.commitment::<Fp>())));
    }
    let series = vec![
        Series { name: "margin, standard family", points: margin },
        Series { name: "commitment", points: commitment },
    ];
    Ok(Panel { axis: "positions", series })
}

/// What a market costs: valuation under every scenario, table, root.
fn instruments(most: usize) -> Result<Panel> {
    let model = scenario::model()?;
    let mut points = Vec::new();
    for strikes in STRIKES {
        let snapshot = scenario::snapshot_of(strikes)?;
        let start = Instant::now();
        let market = scenario::market::<Fp>(&model, &snapshot)?;
        let time = start.elapsed();
        let count = market.rows().len();
        if count > most {
            break;
        }
        points.push((count, time));
    }
    let name = "scenario table of 40 scenarios, and root";
    Ok(Panel { axis: "instruments", series: vec![Series { name, points }] })
}

/// What an epoch costs: the tree of all accounts.
fn accounts(most: usize) -> Result<Panel> {
    let context = ContextId::derive("bench", 0, [0; 20]);
    let entry = |index: u32| {
        let mut account = [0; 20];
        account[16..].copy_from_slice(&index.to_be_bytes());
        let commitment = Fp::from(u64::from(index)).square();
        Entry { account: AccountId::new(account), commitment }
    };
    let mut points = Vec::new();
    for count in ACCOUNTS {
        let size = usize::try_from(count)?;
        if size > most {
            break;
        }
        let entries: Vec<_> = (0..count).map(entry).collect();
        let start = Instant::now();
        let state = State::build(context, Epoch::new(1), entries)?;
        points.push((size, start.elapsed()));
        drop(state);
    }
    Ok(Panel { axis: "accounts", series: vec![Series { name: "state root", points }] })
}

/// The time of one run, over as many as take a tenth of a second.
fn per_run<T>(run: impl Fn() -> T) -> Duration {
    let start = Instant::now();
    let mut runs = 0;
    while runs < 3 || start.elapsed() < Duration::from_millis(100) {
        black_box(run());
        runs += 1;
    }
    start.elapsed() / runs
}

fn show(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.1} ms", s * 1e3),
        s => format!("{:.1} µs", s * 1e6),
    }
}
