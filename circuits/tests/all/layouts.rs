//! What the two layouts of columns take to prove under KZG. It takes minutes, and is
//! asked for:
//!
//! ```sh
//! ZKMARGIN_MEASURE=1 cargo test --release -p zkmargin-circuits --test all layouts:: -- --nocapture
//! ```

use std::fs;

use crate::common::scenario::ScenarioMarket;
use crate::common::*;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::{Usual, Wide};
use zkmargin_circuits::kzg::{ProvingKey, VerifyingKey, cost, prove};
use zkmargin_circuits::lowering::usable_rows;
use zkmargin_circuits::scenario::{ScenarioCircuit, ScenarioFigures};
use zkmargin_circuits::simulation::{SCENARIOS, SimulationCircuit, SimulationFigures};
use zkmargin_circuits::standard::{StandardCircuit, StandardFigures};
use zkmargin_circuits::statement::transition::TransitionCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::Shape;

/// CPU seconds of this process, on Linux, to a hundredth.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name, which may hold spaces: user and system time are the 12th and
    // 13th field.
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

/// Keys and a proof, verified; the CPU seconds of the proof.
fn measure<C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>>>(
    name: &str,
    shape: Shape,
    instance: &MarginInstance<Bn254Fr>,
    witness: &Witness<Bn254Fr, C>,
) -> f64 {
    let (k, layout) = (C::k(shape), C::layout());
    // Insecure: the test knows tau.
    let params = ParamsKZG::setup(k, StdRng::seed_from_u64(7));
    let key = ProvingKey::<C>::build(&params, shape).unwrap();
    let bytes = key.to_bytes().len();
    let before = cpu_seconds();
    let proof = prove(&params, &key, instance, witness).unwrap();
    let seconds = cpu_seconds() - before;
    drop(key);
    let verifying = VerifyingKey::build::<C>(&params, shape).unwrap();
    verifying.verify(&params, instance, &proof).unwrap();
    println!(
        "{name} {shape} {layout}: k = {k}, {seconds:.2} CPU s, proving key {bytes} B, proof {} B",
        proof.len()
    );
    seconds
}

#[test]
fn wide_circuits_are_proved_in_less_time() {
    if std::env::var_os("ZKMARGIN_MEASURE").is_none() {
        return;
    }
    type Standard<L> = StandardCircuit<Bn254Fr, L>;
    type Scenario<L> = ScenarioCircuit<Bn254Fr, L>;
    let case = Market::<Bn254Fr>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    let options = ScenarioMarket::<Bn254Fr>::over_field();
    let options = options.case(&scenario::healthy(), at_least(Level::Initial), 0);
    let standard = |shape| {
        let (instance, witness) = (&case.instance, &case.witness);
        let tall = measure::<Standard<Usual>>("standard", shape, instance, witness);
        tall / measure::<Standard<Wide>>("standard", shape, instance, witness)
    };
    let scenario = |shape| {
        let (instance, witness) = (&options.instance, &options.witness);
        let tall = measure::<Scenario<Usual>>("scenario", shape, instance, witness);
        tall / measure::<Scenario<Wide>>("scenario", shape, instance, witness)
    };
    let times = [
        ("standard small", standard(Shape::Small)),
        ("scenario medium", scenario(Shape::Medium)),
        ("standard medium", standard(Shape::Medium)),
    ];
    for (name, times) in times {
        println!("{name}: tall takes {times:.2} times what wide takes");
        assert!(times > 1.0, "{name}");
    }
}

/// Rows that blind a column.
const BLINDING_FACTORS: usize = 5;

/// No circuit has twice the rows it needs; and how far each is from half of them, in
/// rows and in levels of the market's tree.
#[test]
fn no_circuit_fits_half_its_rows() {
    fn of<C: FamilyCircuit<Bn254Fr>>(name: &str) {
        for shape in Shape::ALL {
            let found = cost::<C>(shape).unwrap();
            let half = usable_rows(found.k - 1, BLINDING_FACTORS);
            let per_level = found.positions * if found.advice_columns == 5 { 56 } else { 28 };
            let (rows, k, layout) = (found.rows, found.k, C::layout());
            let too_many = rows.saturating_sub(half);
            println!(
                "{name} {shape} {layout}: k = {k}, {rows} rows, {too_many} too many for half: {:.1} levels",
                too_many as f64 / per_level as f64
            );
            assert!(rows > half, "{name} {shape} {layout}");
        }
    }
    of::<StandardCircuit<Bn254Fr>>("margin standard");
    of::<StandardCircuit<Bn254Fr, Wide>>("margin standard");
    of::<ScenarioCircuit<Bn254Fr>>("margin scenario");
    of::<ScenarioCircuit<Bn254Fr, Wide>>("margin scenario");
    of::<SimulationCircuit<Bn254Fr>>("margin simulation");
    of::<SimulationCircuit<Bn254Fr, SCENARIOS, Wide>>("margin simulation");
    type Transition<G, L> = TransitionCircuit<Bn254Fr, G, L>;
    type Standard = StandardFigures<Bn254Fr>;
    type Scenario = ScenarioFigures<Bn254Fr>;
    type Simulation = SimulationFigures<Bn254Fr, SCENARIOS>;
    of::<Transition<Standard, Usual>>("transition standard");
    of::<Transition<Standard, Wide>>("transition standard");
    of::<Transition<Scenario, Usual>>("transition scenario");
    of::<Transition<Scenario, Wide>>("transition scenario");
    of::<Transition<Simulation, Usual>>("transition simulation");
    of::<Transition<Simulation, Wide>>("transition simulation");
}
