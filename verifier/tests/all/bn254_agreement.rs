//! Two verifiers that share no code, the proving library's and this crate's,
//! come to the same verdict on every vector. Here the vectors and their keys
//! are made:
//!
//!     UPDATE_GOLDEN=1 cargo test -p zkmargin-verifier --features export --test bn254_agreement

use crate::kzg_vectors;
use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use crate::circuits::common::*;
use crate::kzg_vectors::{Case as Tampered, Edit, Given, Hex, Vectors, Verdict};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::kzg::{KzgParams, ProvingKey, VerifyingKey, prove};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::bn254::export::export;
use zkmargin_verifier::bn254::{Submission, Verifier};
use zkmargin_verifier::engine::ClaimData;
use zkmargin_verifier::proof::{CircuitId, ProofFile};

type Key = ProvingKey<StandardCircuit<Bn254Fr>>;

fn params_k() -> u32 {
    <StandardCircuit<Bn254Fr> as FamilyCircuit<Bn254Fr>>::k(Shape::Small)
}

/// Files of keys: of the same circuit under powers of tau of two secrets.
const KEYS: [(&str, u64); 2] = [("small.vk", 7), ("small-other-tau.vk", 8)];

struct Fixture {
    params: Vec<KzgParams>,
    /// Keys of the proving library, by file.
    keys: BTreeMap<&'static str, (KzgParams, VerifyingKey)>,
    vectors: Vec<(String, Vectors)>,
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    // Insecure: the tests know tau.
    let params = |seed| ParamsKZG::setup(params_k(), StdRng::seed_from_u64(seed));
    let params: Vec<KzgParams> = KEYS.iter().map(|(_, seed)| params(*seed)).collect();
    let keys: BTreeMap<_, _> = KEYS
        .iter()
        .zip(&params)
        .map(|((name, _), params)| {
            (
                *name,
                (
                    params.clone(),
                    VerifyingKey::build::<StandardCircuit<Bn254Fr>>(params, Shape::Small).unwrap(),
                ),
            )
        })
        .collect();
    if updating() {
        fs::create_dir_all(kzg_vectors::directory()).unwrap();
        for (name, (params, key)) in &keys {
            let bytes = export(key, params, true).unwrap().to_bytes();
            fs::write(kzg_vectors::directory().join(name), bytes).unwrap();
        }
        update_proofs(&params[0]);
    }
    Fixture { params, keys, vectors: kzg_vectors::stored() }
});

/// Proves two statements anew, and tampers with the proofs.
fn update_proofs(params: &KzgParams) {
    let key = Key::build(params, Shape::Small).unwrap();
    let market = Market::<Bn254Fr>::over_field();
    let poor = [position(0, PERP, 10, -9_400)];
    let shortfall = market.margin(&poor).shortfall(Level::Initial);
    let cases = [
        ("healthy", "a healthy account", market.case(&healthy(), at_least(Level::Initial), 0)),
        (
            "breach",
            "an account below its initial margin, its shortfall disclosed",
            market.case(&poor, below(Level::Initial), shortfall),
        ),
    ];
    for (name, description, case) in cases {
        let proof = prove(params, &key, &case.instance, &case.witness).unwrap();
        let vectors = tampered(description, &case.instance, proof, name == "healthy");
        let mut text = serde_json::to_string_pretty(&vectors).unwrap();
        text.push('\n');
        let path = kzg_vectors::directory().join(format!("small-{name}.json"));
        fs::write(path, text).unwrap();
    }
}

/// The modulus of the scalars, and of the coordinates.
const SCALARS: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
const COORDINATES: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

/// A number plus a modulus, when it fits 32 bytes.
fn plus(bytes: &[u8], modulus: &str) -> Option<Vec<u8>> {
    let modulus = hex::decode(modulus).unwrap();
    let mut carry = 0;
    let mut sum: Vec<u8> = bytes
        .iter()
        .zip(&modulus)
        .rev()
        .map(|(a, b)| {
            let sum = u16::from(*a) + u16::from(*b) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        })
        .collect();
    sum.reverse();
    (carry == 0).then_some(sum)
}

/// Every way to tamper with a proof; of the second one only a sample.
fn tampered(
    description: &str,
    instance: &MarginInstance<Bn254Fr>,
    proof: Vec<u8>,
    all: bool,
) -> Vectors {
    let rows: Vec<Hex> =
        (instance.to_field_elements().iter()).map(|row| Hex(row.to_be_bytes().to_vec())).collect();
    let mut cases = vec![case("as it was made", Verdict::Valid, Edit::Nothing)];
    let other_key = Edit::Key(KEYS[1].0.to_owned());
    cases.push(case("under a key of other powers of tau", Verdict::Invalid, other_key));
    lengths(&proof, &mut cases);
    public_inputs(&rows, &mut cases);
    elements(&proof, all, &mut cases);
    Vectors {
        description: description.to_owned(),
        key: KEYS[0].0.to_owned(),
        public_inputs: rows,
        proof: Hex(proof),
        cases,
    }
}

fn case(name: impl Into<String>, verdict: Verdict, edit: Edit) -> Tampered {
    Tampered { name: name.into(), verdict, edit }
}

fn lengths(proof: &[u8], cases: &mut Vec<Tampered>) {
    for length in [0, 1, 32, 64, proof.len() - 64, proof.len() - 32, proof.len() - 1] {
        let name = format!("cut off after {length} bytes");
        cases.push(case(name, Verdict::Malformed, Edit::Cut(length)));
    }
    for extra in [vec![0], vec![0; 32], proof.to_vec()] {
        let name = format!("{} bytes longer", extra.len());
        cases.push(case(name, Verdict::Malformed, Edit::Append(Hex(extra))));
    }
}

fn public_inputs(rows: &[Hex], cases: &mut Vec<Tampered>) {
    for (row, value) in rows.iter().enumerate() {
        let mut flipped = value.0.clone();
        flipped[31] ^= 1;
        let edit = |value| Edit::PublicInput { row, value: Hex(value) };
        let name = format!("public input {row} with its last bit flipped");
        cases.push(case(name, Verdict::Invalid, edit(flipped)));
        if let Some(sum) = plus(&value.0, SCALARS) {
            let name = format!("public input {row} plus the modulus");
            cases.push(case(name, Verdict::Malformed, edit(sum)));
        }
    }
    for count in [0, rows.len() - 1, rows.len() + 1] {
        let name = format!("{count} public inputs");
        cases.push(case(name, Verdict::Malformed, Edit::PublicInputs(count)));
    }
}

/// Points come first, then scalars, then two points: by length, since points
/// are told from scalars by what a verifier reads.
fn elements(proof: &[u8], all: bool, cases: &mut Vec<Tampered>) {
    let verifier = Verifier::new(stored_key(KEYS[0].0));
    let scalars = scalar_count(&verifier);
    let points = (proof.len() - 32 * scalars) / 64;
    let step = if all { 1 } else { 9 };
    let mut push = |name: String, verdict, at, with: Vec<u8>| {
        cases.push(case(name, verdict, Edit::Replace { at, with: Hex(with) }));
    };
    let point_at = |index| 64 * index + if index < points - 2 { 0 } else { 32 * scalars };
    for index in (0..points).step_by(step) {
        let at = point_at(index);
        let (x, y) = proof[at..at + 64].split_at(32);
        let mut off = y.to_vec();
        off[31] ^= 1;
        push(format!("point {index} off the curve"), Verdict::Malformed, at + 32, off);
        let other = point_at((index + 1) % points);
        let swapped = proof[other..other + 64].to_vec();
        push(format!("point {index} replaced by the next"), Verdict::Invalid, at, swapped);
        let mut generator = vec![0; 64];
        (generator[31], generator[63]) = (1, 2);
        push(format!("point {index} replaced by the generator"), Verdict::Invalid, at, generator);
        push(format!("point {index} replaced by zeros"), Verdict::Malformed, at, vec![0; 64]);
        for (name, coordinate, at) in [("x", x, at), ("y", y, at + 32)] {
            if let Some(sum) = plus(coordinate, COORDINATES) {
                let name = format!("{name} of point {index} plus the modulus");
                push(name, Verdict::Malformed, at, sum);
            }
        }
    }
    for index in (0..scalars).step_by(step) {
        let at = 64 * (points - 2) + 32 * index;
        let scalar = &proof[at..at + 32];
        let mut flipped = scalar.to_vec();
        flipped[31] ^= 1;
        push(format!("scalar {index} with a bit flipped"), Verdict::Invalid, at, flipped);
        push(format!("scalar {index} replaced by zero"), Verdict::Invalid, at, vec![0; 32]);
        if let Some(sum) = plus(scalar, SCALARS) {
            push(format!("scalar {index} plus the modulus"), Verdict::Malformed, at, sum);
        }
    }
}

fn stored_key(name: &str) -> zkmargin_verifier::bn254::VerifyingKey {
    zkmargin_verifier::bn254::VerifyingKey::from_bytes(&kzg_vectors::file(name)).unwrap()
}

fn scalar_count(verifier: &Verifier) -> usize {
    let system = verifier.key().system();
    let queries = system.advice_queries.len() + system.fixed_queries.len() + 1;
    let permutation = system.permutation.len();
    let products = permutation.div_ceil(system.degree - 2);
    queries + permutation + 3 * products - 1 + 5 * system.lookups.len()
}

/// What the proving library says, with the rules that it leaves to its caller:
/// the exact length, and no identity.
fn reference(given: &Given) -> Verdict {
    let (params, key) = &FIXTURE.keys[given.key.as_str()];
    let rows: Option<Vec<Bn254Fr>> =
        given.public_inputs.iter().map(Bn254Fr::from_be_bytes).collect();
    let bytes: Vec<u8> = given.public_inputs.concat();
    let (Some(_), Ok(instance)) = (rows, MarginInstance::<Bn254Fr>::from_bytes(&bytes)) else {
        return Verdict::Malformed;
    };
    if given.proof.len() != key.proof_size() {
        return Verdict::Malformed;
    }
    match key.verify(params, &instance, &given.proof) {
        Ok(()) => Verdict::Valid,
        Err(halo2_axiom::plonk::Error::Transcript(_) | halo2_axiom::plonk::Error::Opening) => {
            Verdict::Malformed
        }
        Err(_) => Verdict::Invalid,
    }
}

#[test]
fn both_verifiers_agree() {
    // The stored keys are of the circuit as it was.
    if golden::is_off() {
        return;
    }
    for (file, vectors) in &FIXTURE.vectors {
        for case in &vectors.cases {
            let given = vectors.given(&case.edit);
            let said = reference(&given);
            // Public inputs that no margin statement has are malformed here,
            // and zeros for a point are read: both are refused all the same.
            let same =
                said == case.verdict || (said != Verdict::Valid && case.verdict != Verdict::Valid);
            assert!(same, "{file}: {}: {said:?}", case.name);
        }
    }
}

#[test]
fn stored_keys_are_those_of_the_circuit() {
    if golden::is_off() {
        return;
    }
    for (name, (params, key)) in &FIXTURE.keys {
        let exported = export(key, params, true).unwrap();
        assert_eq!(exported.proof_size(), key.proof_size());
        assert!(
            exported == stored_key(name),
            "the circuit has changed: run again with UPDATE_GOLDEN=1"
        );
    }
}

#[test]
fn fresh_proofs_verify() {
    let params = &FIXTURE.params[0];
    let key = Key::build(params, Shape::Small).unwrap();
    let case = Market::<Bn254Fr>::over_field().case(&healthy(), at_least(Level::Maintenance), 0);
    let proof = prove(params, &key, &case.instance, &case.witness).unwrap();
    let stored = stored_key(KEYS[0].0);
    let srs = stored.srs();
    let verifier = Verifier::new(stored);
    let circuit = CircuitId::usual(Family::Standard, Shape::Small, ProofSystem::Kzg);
    let file = ProofFile::under_srs(circuit, srs, case.instance, proof.clone()).unwrap();
    let file = ProofFile::<Bn254Fr>::parse(file.to_json().as_bytes()).unwrap();
    let claim = verifier.verify(&file).unwrap();
    assert_eq!(claim.data(), &ClaimData::from(&case.instance));
    let other = CircuitId { shape: Shape::Medium, ..circuit };
    let other = ProofFile::under_srs(other, srs, case.instance, proof.clone()).unwrap();
    let wrong = VerifyError::WrongShape { key: Shape::Small, proof: Shape::Medium };
    assert_eq!(verifier.verify(&other), Err(wrong.clone()));
    assert_eq!(verifier.verify_batch(&[file, other]), [Ok(claim), Err(wrong)]);
    let public_inputs = case.instance.to_field_elements().map(|row| row.to_be_bytes());
    let submission = Submission { public_inputs: &public_inputs, proof: &proof };
    assert_eq!(verifier.verify_raw_batch(&[submission; 3]), vec![Ok(()); 3]);
}
