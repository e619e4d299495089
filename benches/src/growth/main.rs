//! How what a venue does grows: with the positions of an account, with listed
//! instruments, with accounts.
//!
//! `cargo run --release -p zkmargin-benches --bin growth [-- [--full] [FOLDER]]`
//!
//! Prints a table and writes it, with a chart, into the folder. Scales of the chart are
//! both logarithmic: a straight line at 45 degrees is proportional, a level one does not
//! grow. Without `--full` the largest sizes of portfolios are left out.
#![allow(clippy::print_stdout)] // Printing is what it is for.

mod chart;
mod measure;
mod proofs;
mod venue;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use pasta_curves::Fp;
use zkmargin_benches::usage::{cpu_time, peak_memory};
use zkmargin_benches::{market, portfolio, scenario};

use chart::{Panel, Series};
use measure::per_run;

/// Positions of accounts; the scenario family's hold half as many.
const POSITIONS: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
/// Strikes in each of ten expiries, a call and a put each: 100 to 16,380 instruments.
const STRIKES: [u32; 6] = [4, 14, 49, 149, 499, 818];

/// How far it goes.
struct Sizes {
    /// Accounts in the state tree.
    accounts: &'static [usize],
    /// At most so many whose portfolios are computed as well.
    portfolios: usize,
}

const ACCOUNTS: [usize; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
const USUAL: Sizes = Sizes { accounts: &ACCOUNTS, portfolios: 100_000 };
const FULL: Sizes = Sizes { accounts: &ACCOUNTS, portfolios: 1_000_000 };

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let full = arguments.next_if(|argument| argument == "--full").is_some();
    let sizes = if full { FULL } else { USUAL };
    let [accounts, each] = venue::accounts(&sizes)?;
    let panels = [positions()?, instruments()?, proofs::verification()?, accounts, each];
    let mut text = String::new();
    for panel in &panels {
        write_tables(panel, &mut text)?;
    }
    print!("{text}");
    println!("{:.0} CPU seconds in all, {} MiB at most", cpu_time()?.as_secs_f64(), peak_memory()?);
    if let Some(folder) = arguments.next() {
        let folder = Path::new(&folder);
        for (name, text) in [("growth.md", text), ("growth.svg", chart::draw(&panels)?)] {
            let path = folder.join(name);
            std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
        println!("written into {}", folder.display());
    }
    Ok(())
}

fn write_tables(panel: &Panel, text: &mut String) -> Result<()> {
    for series in &panel.series {
        writeln!(text, "| {} | {}, CPU | wall |\n|---|---|---|", panel.axis, series.name)?;
        for (count, time) in &series.points {
            writeln!(text, "| {count} | {} | {} |", show(time.cpu), show(time.wall))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// What an account costs natively.
fn positions() -> Result<Panel> {
    let venue = market::<Fp>()?;
    let (mut margin, mut commitment) = (Vec::new(), Vec::new());
    for count in POSITIONS {
        let book = portfolio(&venue, count)?;
        margin.push((count, per_run(|| Ok(venue.margin(book.positions())?))?));
        commitment.push((count, per_run(|| Ok(book.commitment::<Fp>()))?));
    }
    let series = vec![
        Series { name: "margin, standard family", points: margin },
        Series { name: "commitment", points: commitment },
    ];
    Ok(Panel { axis: "positions", series })
}

/// What a market costs: valuation under every scenario, table, root.
fn instruments() -> Result<Panel> {
    let model = scenario::model()?;
    let mut points = Vec::new();
    for strikes in STRIKES {
        let snapshot = scenario::snapshot_of(strikes)?;
        let count = scenario::market::<Fp>(&model, &snapshot)?.rows().len();
        points.push((count, per_run(|| scenario::market::<Fp>(&model, &snapshot))?));
    }
    let name = "scenario table of 40 scenarios, and root";
    Ok(Panel { axis: "instruments", series: vec![Series { name, points }] })
}

fn show(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.1} ms", s * 1e3),
        s => format!("{:.1} µs", s * 1e6),
    }
}
