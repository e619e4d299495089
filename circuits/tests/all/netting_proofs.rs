//! Real proofs over several venues; and, on Linux and only when asked to, what one takes
//! against the account's own.
//!
//! ```sh
//! cargo test -p zkmargin-circuits --test all netting_proofs:: -- --ignored --nocapture
//! ```

use crate::common::netting::{StandardNetting, hedge, standard};
use crate::common::{Market, claim, healthy};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::{Columns, Usual, Wide};
use zkmargin_circuits::kzg;
use zkmargin_circuits::standard::{StandardCircuit, StandardFigures};
use zkmargin_circuits::statement::netting::NettingCircuit;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::netting::NettingInstance;

const LEVEL: &str = "at-least:initial";

/// The instance, and one that differs in the list, in whose it is, and in the claim.
fn others<F: MarginField>(instance: &NettingInstance<F>) -> Vec<NettingInstance<F>> {
    vec![
        NettingInstance { venues: instance.venues + F::ONE, ..*instance },
        NettingInstance { account: crate::common::netting::at(0).1, ..*instance },
        NettingInstance { context: crate::common::netting::at(0).0, ..*instance },
        NettingInstance { claim: claim("at-least:maintenance"), ..*instance },
    ]
}

/// A proof verifies under its own public inputs and no others, and a book that counts
/// twice has none.
#[test]
fn a_proof_is_of_its_venues() {
    type Circuit = NettingCircuit<Bn254Fr, StandardFigures<Bn254Fr>, Wide>;
    let case: StandardNetting<Bn254Fr> = standard(&hedge(), LEVEL, 0);
    // Insecure: the test knows tau.
    let params = ParamsKZG::setup(Circuit::k(case.shape), StdRng::seed_from_u64(7));
    let proving = kzg::ProvingKey::<Circuit>::build(&params, case.shape).unwrap();
    let verifying = kzg::VerifyingKey::build::<Circuit>(&params, case.shape).unwrap();
    let proof = kzg::prove(&params, &proving, &case.instance, &case.witness).unwrap();
    assert_eq!(proof.len(), verifying.proof_size());
    verifying.verify(&params, &case.instance, &proof).unwrap();
    let refused = |other: &NettingInstance<_>| verifying.verify(&params, other, &proof).is_err();
    assert!(others(&case.instance).iter().all(refused));

    let mut twice = case;
    twice.witness.sides[1] = twice.witness.sides[0].clone();
    twice.publish();
    assert!(kzg::prove(&params, &proving, &twice.instance, &twice.witness).is_err());
    let circuit = Circuit::new(twice.shape, twice.instance, twice.witness.clone()).unwrap();
    let proof = kzg::prove_circuit(&params, &proving, &twice.instance, &circuit);
    let refused = |proof: Vec<u8>| verifying.verify(&params, &twice.instance, &proof).is_err();
    assert!(proof.map_or(true, refused));
}

/// CPU time of this process so far, in seconds; of a clock of 100 Hz.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name in parentheses: state, then eleven fields, then user and system.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(11).take(2).map(|field| field.parse::<f64>().unwrap());
    ticks.sum::<f64>() / 100.0
}

/// Rows, their `log2`, and the CPU seconds of a proof under insecure powers of tau.
fn measured<C: FamilyCircuit<Bn254Fr>>(
    instance: &C::Instance,
    witness: &Witness<Bn254Fr, C>,
) -> (usize, u32, f64) {
    let cost = kzg::cost::<C>(Shape::Small).unwrap();
    let params = ParamsKZG::setup(cost.k, StdRng::seed_from_u64(7));
    let proving = kzg::ProvingKey::<C>::build(&params, Shape::Small).unwrap();
    let begin = cpu_seconds();
    kzg::prove(&params, &proving, instance, witness).unwrap();
    (cost.rows, cost.k, cpu_seconds() - begin)
}

#[test]
#[ignore = "a measurement, of a minute"]
fn what_netting_takes_against_the_margin_statement() {
    fn both<L: Columns>(layout: &str) {
        let own = Market::<Bn254Fr>::over_field().case(&healthy(), claim(LEVEL), 0);
        type Own<L> = StandardCircuit<Bn254Fr, L>;
        let own = measured::<Own<L>>(&own.instance, &own.witness);
        let case: StandardNetting<Bn254Fr> = standard(&hedge(), LEVEL, 0);
        type Netted<L> = NettingCircuit<Bn254Fr, StandardFigures<Bn254Fr>, L>;
        let netted = measured::<Netted<L>>(&case.instance, &case.witness);
        println!("{layout}: rows, k, CPU s: margin {own:?}, netting {netted:?}");
        assert!(netted.0 < 2 * own.0);
    }
    both::<Usual>("tall");
    both::<Wide>("wide");
}
