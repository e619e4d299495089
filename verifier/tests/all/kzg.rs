//! Real proofs of the on-chain proof system, true and tampered with.
//!
//! One key and one proof of the smallest shape serve all tests.

use std::sync::LazyLock;

use crate::circuits::common::*;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::kzg::{KeyError, KzgParams, ProvingKey, prove};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, ModelDigest};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::srs::{SrsId, SrsMark};
use zkmargin_verifier::kzg::Verifier;
use zkmargin_verifier::proof::{CircuitId, Family, ProofFile, circuit_of};
use zkmargin_verifier::{MalformedProof, VerifyError};

type Circuit = StandardCircuit<Bn254Fr>;
type File = ProofFile<Bn254Fr>;

const CIRCUIT: CircuitId = CircuitId::usual(Family::Standard, Shape::Small, ProofSystem::Kzg);

struct Fixture {
    params: KzgParams,
    verifier: Verifier,
    /// A proof of a breach, with the shortfall disclosed.
    breach: File,
}

fn mark() -> SrsMark {
    SrsMark { id: SrsId::of_tau_g2(&[1; 128]), insecure: true }
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    // Insecure: the tests know tau.
    let params = ParamsKZG::setup(k::<Bn254Fr>(Shape::Small), StdRng::seed_from_u64(7));
    let key = ProvingKey::<Circuit>::build(&params, Shape::Small).unwrap();
    let verifier = Verifier::new::<Circuit>(params.clone(), mark(), Shape::Small).unwrap();
    assert_eq!(verifier.key().digest(), key.digest());
    let market = Market::<Bn254Fr>::over_field();
    let poor = [position(0, PERP, 10, -9_400)];
    let shortfall = market.margin(&poor).shortfall(Level::Initial);
    let case = market.case(&poor, below(Level::Initial), shortfall);
    let proof = prove(&params, &key, &case.instance, &case.witness).unwrap();
    let breach = File::under_srs(CIRCUIT, mark(), case.instance, proof).unwrap();
    Fixture { params, verifier, breach }
});

fn with_proof(change: impl FnOnce(&mut Vec<u8>)) -> File {
    let breach = &FIXTURE.breach;
    let mut proof = breach.proof().to_vec();
    change(&mut proof);
    File::under_srs(breach.circuit(), mark(), *breach.instance(), proof).unwrap()
}

#[test]
fn accepts_a_true_proof_also_through_its_file() {
    let Fixture { verifier, breach, .. } = &*FIXTURE;
    let text = breach.to_json();
    assert_eq!(circuit_of(text.as_bytes()), Ok(CIRCUIT));
    let read = File::parse(text.as_bytes()).unwrap();
    assert_eq!(read, *breach);
    let claim = verifier.verify(&read).unwrap();
    assert_eq!(claim.data().claim, breach.instance().claim);
    assert_eq!(claim.data().disclosed, breach.instance().disclosed);
    let bad = with_proof(|proof| proof[200] ^= 1);
    let results = verifier.verify_batch(&[bad, read]);
    assert!(results[0].is_err() && results[1].is_ok());
}

#[test]
fn rejects_each_public_input_changed_alone() {
    let Fixture { verifier, breach, .. } = &*FIXTURE;
    type Change = fn(&mut MarginInstance<Bn254Fr>);
    let changes: [(&str, Change); 9] = [
        ("context", |i| i.context = ContextId::derive("other", 0, [0; 20])),
        ("epoch", |i| i.epoch = Epoch::new(i.epoch.get() + 1)),
        ("account", |i| i.account = AccountId::new([0x12; 20])),
        ("state root", |i| i.state_root += Bn254Fr::from(1)),
        ("market root", |i| i.market_root += Bn254Fr::from(1)),
        ("model", |i| i.model = ModelDigest::of(b"other")),
        ("level", |i| i.claim = below(Level::Maintenance)),
        ("side", |i| i.claim = at_least(Level::Initial)),
        ("disclosed", |i| i.disclosed = Shortfall::NONE),
    ];
    for (name, change) in changes {
        let mut instance = *breach.instance();
        change(&mut instance);
        let proof = breach.proof().to_vec();
        let file = File::under_srs(CIRCUIT, mark(), instance, proof).unwrap();
        assert_eq!(verifier.verify(&file), Err(VerifyError::Invalid), "{name}");
    }
}

#[test]
fn rejects_other_lengths() {
    let Fixture { verifier, breach, .. } = &*FIXTURE;
    let expected = breach.proof().len();
    for (length, got) in [(0, 0), (expected - 1, expected - 1), (expected + 1, expected + 1)] {
        let file = with_proof(|proof| proof.resize(length, 0));
        assert_eq!(verifier.verify(&file), Err(VerifyError::Length { expected, got }));
    }
}

/// A second encoding of a value would let anyone make another proof of one.
#[test]
fn rejects_what_is_not_canonical() {
    let verifier = &FIXTURE.verifier;
    // The first point's coordinates, and the last scalar before the two points
    // of the opening, each plus its modulus.
    let base: [u8; 32] = hex("30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47");
    let scalar: [u8; 32] = {
        let mut modulus = (-Bn254Fr::from(1)).to_be_bytes();
        modulus[31] += 1;
        modulus
    };
    let last = FIXTURE.breach.proof().len() - 2 * 64 - 32;
    for (at, modulus) in [(0, base), (32, base), (last, scalar)] {
        let file = with_proof(|proof| add(&mut proof[at..at + 32], &modulus));
        assert_eq!(verifier.verify(&file), Err(VerifyError::Encoding), "at {at}");
    }
    // The identity, which the library reads as zeros: the first point, the last
    // before the scalars, and those of the opening.
    let proof = FIXTURE.breach.proof();
    let (length, points) = (proof.len(), verifier.key().points(proof).count());
    for at in [0, (points - 3) * 64, length - 128, length - 64] {
        let file = with_proof(|proof| proof[at..at + 64].fill(0));
        assert_eq!(verifier.verify(&file), Err(VerifyError::Encoding), "at {at}");
    }
    // A point off the curve.
    let file = with_proof(|proof| proof[63] ^= 1);
    assert_eq!(verifier.verify(&file), Err(VerifyError::Encoding));
}

/// Adds big-endian integers; the sum must fit.
fn add(bytes: &mut [u8], summand: &[u8; 32]) {
    let mut carry = 0;
    for (byte, other) in bytes.iter_mut().zip(summand).rev() {
        let sum = u16::from(*byte) + u16::from(*other) + carry;
        *byte = sum.to_be_bytes()[1];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
}

fn hex(digits: &str) -> [u8; 32] {
    std::array::from_fn(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
}

#[test]
fn rejects_other_keys_and_powers_of_tau() {
    let Fixture { verifier, breach, params } = &*FIXTURE;
    let proof = || breach.proof().to_vec();
    let medium = CircuitId { shape: Shape::Medium, ..CIRCUIT };
    let file = File::under_srs(medium, mark(), *breach.instance(), proof()).unwrap();
    let error = VerifyError::WrongShape { key: Shape::Small, proof: Shape::Medium };
    assert_eq!(verifier.verify(&file), Err(error));

    // A mark says nothing about soundness: what counts is the verifier's own.
    let pretended = SrsMark { insecure: false, ..mark() };
    let other = SrsMark { id: SrsId::of_tau_g2(&[2; 128]), ..mark() };
    for srs in [pretended, other] {
        let file = File::under_srs(CIRCUIT, srs, *breach.instance(), proof()).unwrap();
        let error = VerifyError::WrongSrs { verifier: mark(), proof: Some(srs) };
        assert_eq!(verifier.verify(&file), Err(error));
    }
    // The same key over another secret takes no proof of this one.
    let others = ParamsKZG::setup(k::<Bn254Fr>(Shape::Small), StdRng::seed_from_u64(8));
    let stranger = Verifier::new::<Circuit>(others, mark(), Shape::Small).unwrap();
    assert_ne!(stranger.key().digest(), verifier.key().digest());
    assert_eq!(stranger.key().lowered_digest(), verifier.key().lowered_digest());
    assert_eq!(stranger.verify(breach), Err(VerifyError::Invalid));
    let error = Verifier::new::<Circuit>(params.clone(), mark(), Shape::Medium).unwrap_err();
    assert!(matches!(error, KeyError::ParamsSize { expected: 15, got: 13, .. }));
}

#[test]
fn files_of_the_other_proof_system_are_told_apart() {
    let breach = &FIXTURE.breach;
    let text = breach.to_json();
    let error = ProofFile::<pasta_curves::Fp>::parse(text.as_bytes()).unwrap_err();
    assert_eq!(error, MalformedProof::OtherField { allowed: "pasta-fp" });
    let parse = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        File::parse(text.replacen(from, to, 1).as_bytes())
    };
    let other_field = Err(MalformedProof::OtherField { allowed: "bn254-fr" });
    assert_eq!(parse("\"kzg\"", "\"ipa\""), other_field);
    assert_eq!(parse("\"bn254-fr\"", "\"pasta-fp\""), other_field);
    let srs = format!("\n  \"srs\": \"{}\",", mark());
    assert_eq!(parse(&srs, ""), Err(MalformedProof::MissingField { field: "srs" }));
    for other in ["insecure-dev:", "0x00", "safe:0x"] {
        let read = parse("insecure-dev:0x", other);
        assert!(matches!(read, Err(MalformedProof::NotCanonical { field: "srs", .. })), "{other}");
    }
    let new = File::new(CIRCUIT, *breach.instance(), Vec::new());
    assert_eq!(new, Err(MalformedProof::MissingField { field: "srs" }));
}
