//! What the on-chain proof system takes, golden: a change is a change of
//! circuit, made with `UPDATE_GOLDEN=1` and noted under **Circuit**.

use crate::common::golden;
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

type Figures = ScenarioFigures<Bn254Fr>;

/// Adds what a statement takes: it fits its rows, and not half of them.
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

/// Margin, transition and escrow in both layouts.
fn statements(shapes: &[Shape]) -> String {
    let mut text = String::new();
    of::<ScenarioCircuit<Bn254Fr>>("margin", shapes, &mut text);
    of::<ScenarioCircuit<Bn254Fr, Wide>>("margin", shapes, &mut text);
    of::<TransitionCircuit<Bn254Fr, Figures>>("transition", shapes, &mut text);
    of::<TransitionCircuit<Bn254Fr, Figures, Wide>>("transition", shapes, &mut text);
    of::<EscrowCircuit<Bn254Fr, Figures>>("escrow", shapes, &mut text);
    of::<EscrowCircuit<Bn254Fr, Figures, Wide>>("escrow", shapes, &mut text);
    assert!(text.lines().all(|line| line.contains("Cost {")), "{text}");
    text
}

/// What circuits of 128 positions take: every statement fits its rows, in both layouts.
#[test]
fn the_shape_of_128_positions_fits_its_rows() {
    let path = format!("{}/golden/cost-scenario-huge.txt", env!("CARGO_MANIFEST_DIR"));
    golden::assert_golden(&path, &statements(&[Shape::Huge]));
}

/// What circuits over two underlyings take: every statement fits its rows, in both
/// layouts.
#[test]
fn shapes_over_two_underlyings_fit_their_rows() {
    let mut text = statements(&[Shape::Multi, Shape::MultiLarge]);
    of::<VenueCircuit<Bn254Fr, Figures, 1>>("venue of 4", &[Shape::Multi], &mut text);
    of::<VenueCircuit<Bn254Fr, Figures, 1, Wide>>("venue of 4", &[Shape::Multi], &mut text);
    let path = format!("{}/golden/cost-scenario-multi.txt", env!("CARGO_MANIFEST_DIR"));
    golden::assert_golden(&path, &text);
}
