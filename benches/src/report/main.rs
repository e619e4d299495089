//! Prints the benchmark tables of the README.
//!
//! `cargo run --release -p zkmargin-benches --bin report [-- FAMILY|SHAPE ...]`
//!
//! Each shape runs in a process of its own, so that peak memory is its own.
#![allow(clippy::print_stdout)] // Printing is what it is for.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pasta_curves::Fp;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zkmargin_benches::{account, market, scenario, simulation};
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::{FamilyCircuit, Witness, family_of};
use zkmargin_circuits::ipa::{IpaParams, ProvingKey, prove};
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::simulation::SimulationCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_prover::venue::{Entry, State};
use zkmargin_verifier::ipa::Verifier;
use zkmargin_verifier::proof::{CircuitId, ProofFile};

const HEADER: &str = "\
| family | shape | positions | k | rows | rows per position | parameters | keys | prove | verify | verify one of 8 | proof bytes | peak memory |
|---|---|---|---|---|---|---|---|---|---|---|---|---|";

/// What is measured: all, or the families and shapes named.
struct Selection {
    families: Vec<Family>,
    shapes: Vec<Shape>,
}

impl Selection {
    fn parse(arguments: &[String]) -> Result<Self> {
        let (mut families, mut shapes) = (Vec::new(), Vec::new());
        for argument in arguments {
            match argument.parse() {
                Ok(family) => families.push(family),
                Err(_) => shapes.push(argument.parse()?),
            }
        }
        if families.is_empty() {
            families = vec![Family::Standard, Family::Scenario, Family::Simulation];
        }
        if shapes.is_empty() {
            shapes = Shape::ALL.to_vec();
        }
        Ok(Self { families, shapes })
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, family, shape] = arguments.as_slice()
        && flag == "--child"
    {
        return report_shape(family.parse()?, shape.parse()?);
    }
    let Selection { families, shapes } = Selection::parse(&arguments)?;
    println!("{} cores\n\n{HEADER}", std::thread::available_parallelism()?);
    for family in families {
        for shape in &shapes {
            let status = Command::new(std::env::current_exe()?)
                .args(["--child", &family.to_string(), &shape.to_string()])
                .status()?;
            ensure!(status.success(), "the {shape} shape failed");
        }
    }
    println!("\n| part | time |\n|---|---|");
    report_parts()
}

/// One row of the table.
fn report_shape(family: Family, shape: Shape) -> Result<()> {
    match family {
        Family::Standard => {
            let (instance, witness) = account(&market()?, shape.standard_positions())?;
            measure::<StandardCircuit<Fp>>(shape, instance, &witness)
        }
        Family::Scenario => {
            let market = scenario::market(&scenario::model()?, &scenario::snapshot()?)?;
            let (instance, witness) = scenario::account(&market, shape)?;
            drop(market);
            measure::<ScenarioCircuit<Fp>>(shape, instance, &witness)
        }
        Family::Simulation => {
            let (instance, witness) = simulation::account(&simulation::market()?, shape)?;
            measure::<SimulationCircuit<Fp>>(shape, instance, &witness)
        }
    }
}

fn measure<C: FamilyCircuit<Fp, Instance = MarginInstance<Fp>>>(
    shape: Shape,
    instance: MarginInstance<Fp>,
    witness: &Witness<Fp, C>,
) -> Result<()> {
    let family = family_of::<Fp, C>();
    let cost = Cost::measure::<C>(shape);
    let (params, parameters) = timed(|| IpaParams::new(C::k(shape)));
    let (key, keys) = timed(|| ProvingKey::<C>::build(&params, shape));
    let key = key?;
    let (proof, proving) =
        median(3, || prove(&params, &key, &instance, witness, UnwrapErr(SysRng)));
    let circuit = CircuitId::usual(family, shape, ProofSystem::Ipa);
    let file = ProofFile::new(circuit, instance, proof?)?;
    drop(key);
    let peak = peak_memory()?;
    let verifier = Verifier::new::<C>(params, shape)?;
    let (result, verifying) = median(5, || verifier.verify(&file));
    result?;
    let files = vec![file.clone(); 8];
    let (results, batch) = median(3, || verifier.verify_batch(&files));
    ensure!(results.iter().all(Result::is_ok), "the batch does not verify");
    println!(
        "| {family} | {shape} | {} | {} | {} | {:.0} | {} | {} | {} | {} | {} | {} | {peak} MiB |",
        cost.positions,
        cost.k,
        cost.rows,
        cost.rows as f64 / cost.positions as f64,
        show(parameters),
        show(keys),
        show(proving),
        show(verifying),
        show(batch / 8),
        file.proof().len(),
    );
    Ok(())
}

/// What else a venue or protocol does at scale.
fn report_parts() -> Result<()> {
    let (built, time) = median(3, market);
    println!("| risk table and root, 1,000 instruments in 4 tiers | {} |", show(time));
    let market = built?;
    let book = zkmargin_benches::portfolio(&market, 128)?;
    let (margin, time) = median(9, || market.margin(book.positions()));
    margin?;
    println!("| native margin, 128 positions | {} |", show(time));
    let (model, snapshot) = (scenario::model()?, scenario::snapshot()?);
    let (built, time) = median(3, || scenario::market(&model, &snapshot));
    println!("| scenario table and root, 1,000 instruments x 40 scenarios | {} |", show(time));
    let scenarios = built?;
    let books = scenario::books(&scenarios, 1_000)?;
    let (margins, time) = median(3, || scenario::margins(&scenarios, &books));
    margins?;
    println!("| native scenario margin, 1,000 portfolios of 64 positions | {} |", show(time));
    let (_, time) = median(9, || book.commitment::<Fp>());
    println!("| commitment, 128 positions | {} |", show(time));

    let context = ContextId::derive("bench", 0, [0; 20]);
    let entries: Vec<Entry<Fp>> = (0..100_000_u32)
        .map(|index| {
            let mut account = [0; 20];
            account[16..].copy_from_slice(&index.to_be_bytes());
            let commitment = Fp::from(u64::from(index)).square();
            Entry { account: AccountId::new(account), commitment }
        })
        .collect();
    let (state, time) = median(3, || State::build(context, Epoch::new(1), entries.clone()));
    state?;
    println!("| state root, 100,000 accounts | {} |", show(time));
    Ok(())
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed())
}

/// The last result and the median time of several runs.
fn median<T>(runs: usize, mut run: impl FnMut() -> T) -> (T, Duration) {
    let mut times = Vec::with_capacity(runs);
    for _ in 1..runs {
        times.push(timed(&mut run).1);
    }
    let (result, time) = timed(run);
    times.push(time);
    times.sort();
    (result, times[times.len() / 2])
}

fn show(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.1} ms", s * 1e3),
        s => format!("{:.0} µs", s * 1e6),
    }
}

/// The process's peak resident memory in MiB, as Linux counts it.
fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmHWM in /proc/self/status")?
        .parse()?;
    Ok(kib / 1024)
}
