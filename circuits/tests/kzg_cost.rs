//! What the on-chain proof system takes, golden: a change is a change of
//! circuit, made with `UPDATE_GOLDEN=1` and noted under **Circuit**.
#![allow(clippy::unwrap_used, reason = "a test")]

use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::kzg::cost;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;

fn golden<C: FamilyCircuit<Bn254Fr>>(file: &str) {
    let line = |shape| format!("{:?}\n", cost::<C>(shape).unwrap());
    let costs: String = Shape::ALL.into_iter().map(line).collect();
    let path = format!("{}/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &costs).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), costs);
}

#[test]
fn costs_are_golden() {
    golden::<StandardCircuit<Bn254Fr>>("cost-kzg.txt");
    golden::<ScenarioCircuit<Bn254Fr>>("cost-scenario-kzg.txt");
}
