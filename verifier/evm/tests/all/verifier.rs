//! Generated verifiers on a real EVM: the sources are what the keys give, true
//! proofs are accepted, and nothing else is.

use crate::fixtures;
use crate::planter;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::stories::{self, CIRCUITS, WIDE};
use crate::common::verifier::{Answer, Verifier, artifact_name, calldata, key_files, load};
use crate::fixtures::scenario::{ScenarioMarket, healthy};
use crate::fixtures::{Market, at_least};
use crate::kzg_vectors::{Edit, Verdict, stored};
use crate::planter::Planter;
use zkmargin_circuits::family::{FamilyCircuit, family_of};
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_circuits::kzg;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_evm::{engine as convert, generate};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::NAMES;
use zkmargin_margin::shape::Shape;
use zkmargin_params::srs::{self, DevSrs};
use zkmargin_verifier::bn254::export::{Origin, export, export_any};

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts")
}

/// `UPDATE_GOLDEN=1` writes them; then `npm run build` compiles them.
#[test]
fn the_sources_are_what_the_keys_give() {
    for file in key_files() {
        let name = artifact_name(&file);
        let source = generate::solidity(&load(&file), &name);
        let path = contracts().join(format!("generated/{name}.sol"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &source).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap();
        assert!(stored == source, "{name} differs: see UPDATE_GOLDEN");
    }
}

/// Of the smallest shapes, whose keys are made in seconds: the key is what the circuit
/// gives (those of all shapes are compared by
/// `cargo run --release -p zkmargin-evm --example regenerate -- --keys`); and a proof
/// with the advice of one statement under the public inputs of another is refused on
/// the chain, for each public input.
fn keys_and_planted_proofs<C: FamilyCircuit<Bn254Fr>>(file: &str, circuit: &C, own: &[Bn254Fr]) {
    let srs = srs::dev(C::k(Shape::Small), 0).unwrap();
    let params = srs.params(DevSrs::AllowInsecure).unwrap();
    let planter = Planter::<C>::new(params, Shape::Small);
    let (family, public_inputs) = (family_of::<Bn254Fr, C>(), own.len());
    let (shape, layout) = (Shape::Small, C::layout());
    let origin = Origin { family, shape, layout, public_inputs, insecure_srs: true };
    assert!(export_any(planter.key.get_vk(), params, origin).unwrap() == load(file));

    let verifier = Verifier::new(file);
    for (row, rows) in planter::statements(own) {
        let Some(proof) = planter.prove(circuit, own, &rows) else {
            assert!(row.is_some(), "the true statement has a proof");
            continue;
        };
        let inputs: Vec<_> = rows.iter().map(MarginField::to_be_bytes).collect();
        let answer = verifier.verify(&calldata(&inputs, &proof));
        let name = row.map_or("the true statement", |row| NAMES[row]);
        assert_eq!(matches!(answer, Answer::Yes { .. }), row.is_none(), "{family}: {name}");
    }
}

#[test]
fn the_key_is_the_circuits_and_planted_proofs_are_refused() {
    let case = Market::over_field().case(&fixtures::healthy(), at_least(Level::Initial), 0);
    keys_and_planted_proofs("standard-small.vk", &case.circuit(), &case.public_rows());
}

#[test]
fn the_key_of_options_is_the_circuits_and_planted_proofs_are_refused() {
    let case = ScenarioMarket::over_field().case(&healthy(), at_least(Level::Initial), 0);
    keys_and_planted_proofs("scenario-small.vk", &case.circuit(), &case.public_rows());
}

#[test]
fn the_wide_key_is_the_circuits() {
    type C = StandardCircuit<Bn254Fr, Wide>;
    let srs = srs::dev(<C as FamilyCircuit<Bn254Fr>>::k(Shape::Small), 0).unwrap();
    let params = srs.params(DevSrs::AllowInsecure).unwrap();
    let key = kzg::VerifyingKey::build::<C>(params, Shape::Small).unwrap();
    assert!(export(&key, params, true).unwrap() == load("standard-small-wide.vk"));
}

/// EIP-170.
const CODE_LIMIT: usize = 24_576;

#[test]
fn verifiers_fit_on_chain() {
    for file in key_files() {
        let size = Verifier::new(&file).size();
        assert!(0 < size && size < CODE_LIMIT, "{file}: {size} bytes");
    }
}

#[test]
fn every_circuit_has_a_true_proof() {
    for circuit in CIRCUITS.into_iter().chain([WIDE]) {
        let story = stories::stored(circuit);
        let verifier = Verifier::new(&story.key);
        for proved in [&story.healthy, &story.breach, &story.cure] {
            let inputs = convert::inputs(&proved.claim).map(|input| input.to_be_bytes::<32>());
            let answer = verifier.verify(&calldata(&inputs, &proved.proof()));
            assert!(matches!(answer, Answer::Yes { .. }), "{circuit}: {answer:?}");
        }
    }
}

/// Before anything else: compilers are known to make verifiers that refuse all.
#[test]
fn true_proofs_are_accepted() {
    for (name, vectors) in stored() {
        let verifier = Verifier::new(&vectors.key);
        let given = vectors.given(&Edit::Nothing);
        let answer = verifier.verify(&calldata(&given.public_inputs, &given.proof));
        let Answer::Yes { gas } = answer else { panic!("{name}: {answer:?}") };
        // A row of the table that `tools/places.mjs` prints.
        if name.contains("healthy") {
            let size = verifier.size();
            println!("{{\"place\":\"EVM\",\"gas\":{gas},\"code_bytes\":{size}}}");
        }
    }
}

#[test]
fn comes_to_every_stored_verdict() {
    for (name, vectors) in stored() {
        for case in &vectors.cases {
            let given = vectors.given(&case.edit);
            // The number of public inputs is in the function's signature.
            if matches!(case.edit, Edit::PublicInputs(_)) {
                continue;
            }
            let verifier = Verifier::new(&given.key);
            let answer = verifier.verify(&calldata(&given.public_inputs, &given.proof));
            let accepted = matches!(answer, Answer::Yes { .. });
            assert_eq!(accepted, case.verdict == Verdict::Valid, "{name}: {}", case.name);
        }
    }
}

/// A chain's verifier takes one layout: the other's proof is not even read.
#[test]
fn a_verifier_takes_the_proofs_of_its_layout_alone() {
    let (tall, wide) = (stories::stored("standard-small"), stories::stored(WIDE));
    assert_eq!(tall.healthy.claim, wide.healthy.claim);
    let inputs = convert::inputs(&tall.healthy.claim).map(|input| input.to_be_bytes::<32>());
    for (of, other) in [(&tall, &wide), (&wide, &tall)] {
        let verifier = Verifier::new(&of.key);
        assert_ne!(of.healthy.proof().len(), other.healthy.proof().len());
        let sent = other.healthy.proof();
        let mut fitted = sent.clone();
        fitted.resize(of.healthy.proof().len(), 0);
        for proof in [sent, fitted] {
            assert_eq!(verifier.verify(&calldata(&inputs, &proof)), Answer::No);
        }
    }
}
