//! The standard circuit against the native specification.

mod common;

use common::*;
use halo2_proofs::dev::MockProver;
use zkmargin_circuits::standard::k;
use zkmargin_margin::claim::Level;

fn verdict(case: &Case) -> Result<(), Vec<String>> {
    let prover = MockProver::run(
        k(case.shape),
        &case.circuit(),
        vec![case.instance.to_field_elements().to_vec()],
    )
    .unwrap();
    prover.verify().map_err(|failures| failures.iter().map(ToString::to_string).collect())
}

#[test]
fn accepts_a_healthy_account() {
    let market = Market::new();
    let case = market.case(&healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    assert_eq!(verdict(&case), Ok(()));
}
