//! Prints the benchmark tables of the README.
//!
//! `cargo run --release -p zkmargin-benches --no-default-features --bin report
//! [-- SYSTEM|LAYOUT|FAMILY|SHAPE ...]`
//!
//! Each shape runs in a process of its own, so that peak memory is its own.
#![allow(clippy::print_stdout)] // Printing is what it is for.

mod systems;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pasta_curves::Fp;
use zkmargin_benches::usage::{cpu_time, peak_memory};
use zkmargin_benches::{account, market, scenario, settlement, simulation};
use zkmargin_circuits::family::{FamilyCircuit, Witness, family_of};
use zkmargin_circuits::gadgets::layout::{Columns, Usual, Wide};
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::settlement::SettlementCircuit;
use zkmargin_circuits::simulation::{SCENARIOS, SimulationCircuit};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};

use systems::{Ipa, Kzg, Measured};

const HEADER: &str = "\
| proof system | layout | family | shape | positions | k | rows | parameters | keys | key bytes | prove | prove, CPU | verify | verify one of 8 | proof bytes | peak memory |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

/// The shapes that are measured: those of all families, and the largest of scenarios.
const SHAPES: [Shape; 4] = [Shape::Small, Shape::Medium, Shape::Large, Shape::Huge];

/// What is measured: all, or the proof systems, layouts, families and shapes named.
struct Selection {
    systems: Vec<ProofSystem>,
    layouts: Vec<ColumnLayout>,
    families: Vec<Family>,
    shapes: Vec<Shape>,
}

impl Selection {
    fn parse(arguments: &[String]) -> Result<Self> {
        let (mut systems, mut layouts) = (Vec::new(), Vec::new());
        let (mut families, mut shapes) = (Vec::new(), Vec::new());
        for argument in arguments {
            if let Ok(system) = argument.parse() {
                systems.push(system);
            } else if let Ok(layout) = argument.parse() {
                layouts.push(layout);
            } else if let Ok(family) = argument.parse() {
                families.push(family);
            } else {
                let shape = argument.parse().with_context(|| {
                    format!("{argument:?} is no proof system, layout, family or shape")
                })?;
                ensure!(SHAPES.contains(&shape), "{shape}: allowed are small, medium, large, huge");
                shapes.push(shape);
            }
        }
        if systems.is_empty() {
            systems = vec![ProofSystem::Ipa, ProofSystem::Kzg];
        }
        if layouts.is_empty() {
            layouts = vec![ColumnLayout::Tall, ColumnLayout::Wide];
        }
        if families.is_empty() {
            families =
                vec![Family::Standard, Family::Scenario, Family::Simulation, Family::Settlement];
        }
        if shapes.is_empty() {
            shapes = SHAPES.to_vec();
        }
        let selection = Self { systems, layouts, families, shapes };
        ensure!(selection.circuits().next().is_some(), "no family named has a shape named");
        Ok(selection)
    }

    /// The families with the shapes that they have.
    fn circuits(&self) -> impl Iterator<Item = (Family, Shape)> {
        let pairs = self
            .families
            .iter()
            .flat_map(|family| self.shapes.iter().map(move |shape| (*family, *shape)));
        pairs.filter(|(family, shape)| family.has(*shape))
    }

    /// The proof systems with their layouts: the transparent one has one.
    fn systems(&self) -> impl Iterator<Item = (ProofSystem, ColumnLayout)> {
        let of = |system, layout| system == ProofSystem::Kzg || layout == ColumnLayout::Wide;
        let pairs = self
            .systems
            .iter()
            .flat_map(|system| self.layouts.iter().map(move |layout| (*system, *layout)));
        pairs.filter(move |(system, layout)| of(*system, *layout))
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, system, layout, family, shape] = arguments.as_slice()
        && flag == "--child"
    {
        let (family, shape) = (family.parse()?, shape.parse()?);
        return match (system.parse()?, layout.parse()?) {
            (ProofSystem::Ipa, _) => report_shape::<Ipa, Usual>(family, shape),
            (ProofSystem::Kzg, ColumnLayout::Tall) => report_shape::<Kzg, Usual>(family, shape),
            (ProofSystem::Kzg, ColumnLayout::Wide) => report_shape::<Kzg, Wide>(family, shape),
        };
    }
    let selection = Selection::parse(&arguments)?;
    println!("{} cores\n\n{HEADER}", std::thread::available_parallelism()?);
    for (system, layout) in selection.systems() {
        for (family, shape) in selection.circuits() {
            let what = [system.to_string(), layout.to_string()];
            let status = Command::new(std::env::current_exe()?)
                .arg("--child")
                .args(what)
                .args([family.to_string(), shape.to_string()])
                .status()?;
            ensure!(status.success(), "{family} {shape} failed");
        }
    }
    println!("\n| part | time |\n|---|---|");
    report_parts()
}

/// One row of the table.
fn report_shape<B: Measured, L: Columns>(family: Family, shape: Shape) -> Result<()> {
    match family {
        Family::Standard => {
            let (instance, witness) = account(&market::<B::Field>()?, shape.standard_positions())?;
            measure::<B, StandardCircuit<_, L>>(shape, instance, &witness)
        }
        Family::Scenario => {
            let market = scenario::market(&scenario::model()?, &scenario::snapshot()?)?;
            let (instance, witness) = scenario::account(&market, shape)?;
            drop(market);
            measure::<B, ScenarioCircuit<_, L>>(shape, instance, &witness)
        }
        Family::Simulation => {
            let market = simulation::market::<B::Field>()?;
            let (instance, witness) = simulation::account(&market, shape)?;
            drop(market);
            measure::<B, SimulationCircuit<_, SCENARIOS, L>>(shape, instance, &witness)
        }
        Family::Settlement => {
            let market = settlement::market::<B::Field>()?;
            let (instance, witness) = settlement::account(&market, shape)?;
            drop(market);
            measure::<B, SettlementCircuit<_, L>>(shape, instance, &witness)
        }
    }
}

fn measure<B: Measured, C>(
    shape: Shape,
    instance: MarginInstance<B::Field>,
    witness: &Witness<B::Field, C>,
) -> Result<()>
where
    C: FamilyCircuit<B::Field, Instance = MarginInstance<B::Field>>,
{
    let family = family_of::<B::Field, C>();
    let cost = B::cost::<C>(shape)?;
    let (params, parameters) = timed(|| B::params(C::k(shape)));
    let params = params?;
    let (key, keys) = timed(|| B::key::<C>(&params, shape));
    let key = key?;
    let before = cpu_time()?;
    let (file, proving) = median(PROOFS, || B::prove::<C>(&params, &key, &instance, witness));
    let (file, cpu) = (file?, (cpu_time()? - before) / PROOFS);
    let peak = peak_memory()?;
    let key_bytes = B::key_bytes::<C>(&key);
    drop(key);
    let verifier = B::verifier::<C>(params, shape)?;
    let files = vec![file.clone(); 8];
    let (result, verifying) = median(5, || B::verify(&verifier, &files[..1]));
    result?;
    let (result, batch) = median(3, || B::verify(&verifier, &files));
    result?;
    println!(
        "| {} | {} | {family} | {shape} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {peak} MiB |",
        B::SYSTEM,
        C::layout(),
        cost.positions,
        cost.k,
        cost.rows,
        show(parameters),
        show(keys),
        key_bytes.map_or_else(|| "not stored".to_owned(), |bytes| bytes.to_string()),
        show(proving),
        show(cpu),
        show(verifying),
        show(batch / 8),
        file.proof().len(),
    );
    Ok(())
}

/// Proofs of which the median is told.
const PROOFS: u32 = 3;

/// What else a venue or protocol does at scale.
fn report_parts() -> Result<()> {
    let (built, time) = median(3, market::<Fp>);
    println!("| risk table and root, 1,000 instruments in 4 tiers | {} |", show(time));
    let market = built?;
    let book = zkmargin_benches::portfolio(&market, 128)?;
    let (margin, time) = median(9, || market.margin(book.positions()));
    margin?;
    println!("| native margin, 128 positions | {} |", show(time));
    let (model, snapshot) = (scenario::model()?, scenario::snapshot()?);
    let (built, time) = median(3, || scenario::market::<Fp>(&model, &snapshot));
    println!("| scenario table and root, 1,000 instruments x 40 scenarios | {} |", show(time));
    let scenarios = built?;
    let books = scenario::books(&scenarios, 1_000)?;
    let (margins, time) = median(3, || scenario::margins(&scenarios, &books));
    margins?;
    println!("| native scenario margin, 1,000 portfolios of 64 positions | {} |", show(time));
    let (_, time) = median(9, || book.commitment::<Fp>());
    println!("| commitment, 128 positions | {} |", show(time));

    Ok(())
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed())
}

/// The last result and the median time of several runs.
fn median<T>(runs: u32, mut run: impl FnMut() -> T) -> (T, Duration) {
    let mut times = Vec::new();
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
