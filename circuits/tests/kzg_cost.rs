//! What the on-chain proof system takes, golden: a change is a change of
//! circuit, made with `UPDATE_GOLDEN=1` and noted under **Circuit**.
#![allow(clippy::unwrap_used, reason = "a test")]

use ff::Field as _;
use zkmargin_circuits::family::{FamilyCircuit, family_of};
use zkmargin_circuits::kzg::proof_size;
use zkmargin_circuits::lowering::lower;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;

fn cost<C: FamilyCircuit<Bn254Fr>>(shape: Shape) -> String {
    let lowered = lower(C::k(shape), &C::blank(shape)).unwrap();
    let used = |column: &Vec<Bn254Fr>| column.iter().rposition(|cell| !bool::from(cell.is_zero()));
    let rows = lowered.fixed().iter().filter_map(used).max().map_or(0, |last| last + 1);
    let columns = lowered.columns();
    format!(
        "{} {shape}: k {}, rows {rows}, advice {}, fixed {}, selectors {}, degree {}, proof {} B\n",
        family_of::<Bn254Fr, C>(),
        lowered.k(),
        columns.advice,
        columns.fixed,
        columns.selectors,
        lowered.degree(),
        proof_size(&lowered),
    )
}

#[test]
fn costs_are_golden() {
    let costs: String = Shape::ALL.into_iter().map(cost::<StandardCircuit<Bn254Fr>>).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/cost-kzg.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &costs).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), costs);
}
