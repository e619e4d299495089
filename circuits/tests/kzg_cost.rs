//! What the on-chain proof system takes, golden: a change is a change of
//! circuit, made with `UPDATE_GOLDEN=1` and noted under **Circuit**.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "common/golden.rs"]
mod golden;

use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_circuits::kzg::cost;
use zkmargin_circuits::lowering::usable_rows;
use zkmargin_circuits::scenario::{ScenarioCircuit, ScenarioFigures};
use zkmargin_circuits::simulation::{SCENARIOS, SimulationCircuit};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_circuits::statement::escrow::EscrowCircuit;
use zkmargin_circuits::statement::transition::TransitionCircuit;
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;

fn costs<C: FamilyCircuit<Bn254Fr>>(file: &str) {
    let line = |shape| format!("{:?}\n", cost::<C>(shape).unwrap());
    let costs: String = Shape::ALL.into_iter().map(line).collect();
    let path = format!("{}/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    golden::assert_golden(&path, &costs);
}

#[test]
fn costs_are_golden() {
    costs::<StandardCircuit<Bn254Fr>>("cost-kzg.txt");
    costs::<ScenarioCircuit<Bn254Fr>>("cost-scenario-kzg.txt");
    costs::<StandardCircuit<Bn254Fr, Wide>>("cost-kzg-wide.txt");
    costs::<ScenarioCircuit<Bn254Fr, Wide>>("cost-scenario-kzg-wide.txt");
    costs::<SimulationCircuit<Bn254Fr, SCENARIOS, Wide>>("cost-simulation-kzg-wide.txt");
}

/// What circuits over two underlyings take: every statement fits its rows, in both
/// layouts.
#[test]
fn shapes_over_two_underlyings_fit_their_rows() {
    type Figures = ScenarioFigures<Bn254Fr>;
    const BOTH: [Shape; 2] = [Shape::Multi, Shape::MultiLarge];
    fn of<C: FamilyCircuit<Bn254Fr>>(name: &str, shapes: &[Shape], text: &mut String) {
        for shape in shapes.iter().copied() {
            let name = format!("{name} {shape} {}, k = {}", C::layout(), C::k(shape));
            match cost::<C>(shape) {
                Ok(found) => {
                    let (rows, k) = (found.rows, found.k);
                    assert!(
                        rows <= usable_rows(k, 5) && rows > usable_rows(k - 1, 5),
                        "{name}: {rows}"
                    );
                    text.push_str(&format!("{name}: {found:?}\n"));
                }
                Err(error) => text.push_str(&format!("{name}: {error}\n")),
            }
        }
    }
    let mut text = String::new();
    of::<ScenarioCircuit<Bn254Fr>>("margin", &BOTH, &mut text);
    of::<ScenarioCircuit<Bn254Fr, Wide>>("margin", &BOTH, &mut text);
    of::<TransitionCircuit<Bn254Fr, Figures>>("transition", &BOTH, &mut text);
    of::<TransitionCircuit<Bn254Fr, Figures, Wide>>("transition", &BOTH, &mut text);
    of::<EscrowCircuit<Bn254Fr, Figures>>("escrow", &BOTH, &mut text);
    of::<EscrowCircuit<Bn254Fr, Figures, Wide>>("escrow", &BOTH, &mut text);
    assert!(text.lines().all(|line| line.contains("Cost {")), "{text}");
    of::<VenueCircuit<Bn254Fr, Figures, 1>>("venue of 4", &[Shape::Multi], &mut text);
    of::<VenueCircuit<Bn254Fr, Figures, 1, Wide>>("venue of 4", &[Shape::Multi], &mut text);
    let path = format!("{}/golden/cost-scenario-multi.txt", env!("CARGO_MANIFEST_DIR"));
    golden::assert_golden(&path, &text);
}
