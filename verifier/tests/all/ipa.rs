//! Real proofs of the transparent proof system, true and tampered with.
//!
//! One key and two proofs of the smallest shape serve all tests.

use std::sync::LazyLock;

use crate::circuits::common::*;
use ff::PrimeField as _;
use halo2_proofs::plonk::create_proof;
use halo2_proofs::transcript::{Blake2bWrite, Challenge255};
use pasta_curves::{Fp, vesta};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zkmargin_circuits::family::Unprovable;
use zkmargin_circuits::ipa::{IpaParams, KeyError, ProveError, ProvingKey, prove};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, ModelDigest};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::portfolio::Blinding;
use zkmargin_margin::relation::{Clause, Violation};
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::units::Price;
use zkmargin_verifier::ipa::Verifier;
use zkmargin_verifier::proof::{CircuitId, Family, ProofFile};
use zkmargin_verifier::{MalformedProof, VerifyError};

type Key = ProvingKey<StandardCircuit<Fp>>;

struct Fixture {
    params: IpaParams,
    key: Key,
    verifier: Verifier,
    /// A healthy account's proof.
    healthy: ProofFile<Fp>,
    /// A proof of a breach, with the shortfall disclosed.
    breach: ProofFile<Fp>,
}

fn circuit_id(shape: Shape) -> CircuitId {
    CircuitId::usual(Family::Standard, shape, ProofSystem::Ipa)
}

fn proof_file(params: &IpaParams, key: &Key, case: &Case) -> ProofFile<Fp> {
    let proof = prove(params, key, &case.instance, &case.witness, UnwrapErr(SysRng)).unwrap();
    ProofFile::new(circuit_id(key.shape()), case.instance, proof).unwrap()
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let params = IpaParams::new(k::<Fp>(Shape::Small));
    let key = Key::build(&params, Shape::Small).unwrap();
    let verifier = Verifier::new::<StandardCircuit<Fp>>(params.clone(), Shape::Small).unwrap();
    let market = Market::new();
    let healthy = market.case(&healthy(), at_least(Level::Initial), 0);
    let poor = [position(0, PERP, 10, -9_400)];
    let shortfall = market.margin(&poor).shortfall(Level::Initial);
    let breach = market.case(&poor, below(Level::Initial), shortfall);
    Fixture {
        healthy: proof_file(&params, &key, &healthy),
        breach: proof_file(&params, &key, &breach),
        verifier,
        params,
        key,
    }
});

fn with_instance(
    file: &ProofFile<Fp>,
    change: impl FnOnce(&mut MarginInstance<Fp>),
) -> ProofFile<Fp> {
    let mut instance = *file.instance();
    change(&mut instance);
    ProofFile::new(file.circuit(), instance, file.proof().to_vec()).unwrap()
}

fn with_proof(file: &ProofFile<Fp>, change: impl FnOnce(&mut Vec<u8>)) -> ProofFile<Fp> {
    let mut proof = file.proof().to_vec();
    change(&mut proof);
    ProofFile::new(file.circuit(), *file.instance(), proof).unwrap()
}

#[test]
fn accepts_true_proofs_also_through_their_files() {
    let Fixture { verifier, healthy, breach, .. } = &*FIXTURE;
    for file in [healthy, breach] {
        let read = ProofFile::parse(file.to_json().as_bytes()).unwrap();
        let claim = verifier.verify(&read).unwrap();
        assert_eq!(claim.data().claim, file.instance().claim);
        assert_eq!(claim.data().disclosed, file.instance().disclosed);
    }
}

#[test]
fn rejects_each_public_input_changed_alone() {
    let Fixture { verifier, breach, .. } = &*FIXTURE;
    type Change = fn(&mut MarginInstance<Fp>);
    let changes: [(&str, Change); 9] = [
        ("context", |i| i.context = ContextId::derive("other", 0, [0; 20])),
        ("epoch", |i| i.epoch = Epoch::new(i.epoch.get() + 1)),
        ("account", |i| i.account = AccountId::new([0x12; 20])),
        ("state root", |i| i.state_root += Fp::from(1)),
        ("market root", |i| i.market_root += Fp::from(1)),
        ("model", |i| i.model = ModelDigest::of(b"other")),
        ("level", |i| i.claim = below(Level::Maintenance)),
        ("side", |i| i.claim = at_least(Level::Initial)),
        ("disclosed", |i| i.disclosed = Shortfall::new(i.disclosed.get() - 1).unwrap()),
    ];
    for (name, change) in changes {
        let file = with_instance(breach, change);
        assert_eq!(verifier.verify(&file), Err(VerifyError::Invalid), "{name}");
    }
    // Nothing disclosed is another statement than the one proved.
    let silent = with_instance(breach, |i| i.disclosed = Shortfall::NONE);
    assert_eq!(verifier.verify(&silent), Err(VerifyError::Invalid));
}

#[test]
fn rejects_other_lengths() {
    let Fixture { verifier, healthy, .. } = &*FIXTURE;
    let expected = healthy.proof().len();
    let longer = with_proof(healthy, |proof| proof.push(0));
    let got = expected + 1;
    assert_eq!(verifier.verify(&longer), Err(VerifyError::Length { expected, got }));
    let got = expected - 1;
    let shorter = with_proof(healthy, |proof| proof.truncate(got));
    assert_eq!(verifier.verify(&shorter), Err(VerifyError::Length { expected, got }));
    let empty = with_proof(healthy, Vec::clear);
    assert_eq!(verifier.verify(&empty), Err(VerifyError::Length { expected, got: 0 }));
}

/// Every 32-byte element flipped in its lowest and highest bit, zeroed, and
/// set to the modulus or above: what is no element is told apart from what is
/// false, but in the opening argument, of which the library does not say.
#[test]
fn rejects_every_element_tampered_with() {
    let Fixture { verifier, healthy, .. } = &*FIXTURE;
    let elements = healthy.proof().len() / 32;
    // A commitment, two points a round, two scalars.
    let opening = elements - (1 + 2 * k::<Fp>(Shape::Small) as usize + 2);
    for element in 0..elements {
        let at = 32 * element;
        type Change = fn(&mut [u8]);
        // Cheap ones on all, the whole set on a sample: each takes a verification.
        let changes: &[Change] = match element % 8 {
            0 => &[|e| e[0] ^= 1, |e| e[31] ^= 0x80, |e| e.fill(0), |e| e.fill(0xff)],
            _ => &[|e| e[0] ^= 1],
        };
        for change in changes {
            let file = with_proof(healthy, |proof| change(&mut proof[at..at + 32]));
            if file == *healthy {
                continue;
            }
            let error = verifier.verify(&file).unwrap_err();
            assert!(matches!(error, VerifyError::Invalid | VerifyError::Encoding), "{element}");
            if file.proof()[at..at + 32] == [0xff; 32] {
                let of_opening = element >= opening;
                assert_eq!(error == VerifyError::Invalid, of_opening, "{element} of {elements}");
            }
        }
    }
}

#[test]
fn a_batch_points_at_the_bad_ones() {
    let Fixture { verifier, healthy, breach, .. } = &*FIXTURE;
    let good = [healthy.clone(), breach.clone(), healthy.clone()];
    assert!(verifier.verify_batch(&good).iter().all(Result::is_ok));
    let false_one = with_instance(healthy, |i| i.epoch = Epoch::new(99));
    let padded = with_proof(healthy, |proof| proof.push(0));
    let mixed = [healthy.clone(), false_one, padded, breach.clone()];
    let results = verifier.verify_batch(&mixed);
    assert!(results[0].is_ok() && results[3].is_ok());
    assert_eq!(results[1], Err(VerifyError::Invalid));
    assert!(matches!(results[2], Err(VerifyError::Length { .. })));
    assert!(verifier.verify_batch(&[]).is_empty());
}

/// Wherever the false ones are, and however many.
#[test]
fn halving_finds_every_false_one() {
    let Fixture { verifier, healthy, breach, .. } = &*FIXTURE;
    let false_one = with_instance(healthy, |i| i.epoch = Epoch::new(99));
    let no_proof = with_proof(breach, |proof| proof[..32].fill(0xff));
    let truth = [healthy, breach, healthy, breach, healthy];
    let places: [&[(usize, &ProofFile<Fp>)]; 6] = [
        &[(0, &false_one)],
        &[(4, &false_one)],
        &[(1, &false_one), (3, &false_one)],
        &[(2, &no_proof)],
        &[(0, &no_proof), (4, &false_one)],
        &[0, 1, 2, 3, 4].map(|at| (at, &false_one)),
    ];
    for bad in places {
        let mut files = truth.map(Clone::clone);
        bad.iter().for_each(|(at, file)| files[*at] = (*file).clone());
        let results = verifier.verify_batch(&files);
        for (at, result) in results.into_iter().enumerate() {
            let expected = bad.iter().find(|(place, _)| *place == at).map(|(_, file)| {
                if file.proof() == no_proof.proof() {
                    VerifyError::Encoding
                } else {
                    VerifyError::Invalid
                }
            });
            assert_eq!(result.err(), expected, "{at} of {bad:?}", bad = bad.len());
        }
    }
}

/// An error that cancels another's: the last scalars of the same proof, one
/// more and one less. Without factors of each the sum would hold.
#[test]
fn errors_of_a_batch_do_not_cancel() {
    let Fixture { verifier, healthy, .. } = &*FIXTURE;
    let at = healthy.proof().len() - 32;
    let last: [u8; 32] = healthy.proof()[at..].try_into().unwrap();
    let last = Option::<Fp>::from(Fp::from_repr(last)).unwrap();
    let moved = |to: Fp| with_proof(healthy, |proof| proof[at..].copy_from_slice(&to.to_repr()));
    let files = [moved(last + Fp::from(1)), moved(last - Fp::from(1))];
    assert_eq!(
        verifier.verify_batch(&files),
        [Err(VerifyError::Invalid), Err(VerifyError::Invalid)]
    );
}

#[test]
fn rejects_another_shapes_key() {
    let Fixture { verifier, healthy, .. } = &*FIXTURE;
    let id = circuit_id(Shape::Medium);
    let file = ProofFile::new(id, *healthy.instance(), healthy.proof().to_vec()).unwrap();
    let error = VerifyError::WrongShape { key: Shape::Small, proof: Shape::Medium };
    assert_eq!(verifier.verify(&file), Err(error));
    let error = Key::build(&FIXTURE.params, Shape::Medium).unwrap_err();
    assert!(matches!(error, KeyError::ParamsSize { expected: 13, got: 12, .. }));
}

/// The prover checks natively first: a false statement is no proof.
#[test]
fn does_not_prove_what_is_false() {
    let Fixture { params, key, .. } = &*FIXTURE;
    let case = Market::new().case(&healthy(), below(Level::Initial), 0);
    let error = prove(params, key, &case.instance, &case.witness, UnwrapErr(SysRng)).unwrap_err();
    assert!(matches!(error, ProveError::Unprovable(Unprovable::Violation(Violation::FalseClaim))));
    let mut case = Market::new().case(&healthy(), at_least(Level::Initial), 0);
    case.witness.padding.0 = rows()[1];
    let error = prove(params, key, &case.instance, &case.witness, UnwrapErr(SysRng)).unwrap_err();
    assert!(matches!(error, ProveError::Unprovable(Unprovable::Padding)));
    let many: Vec<_> = (0..9).map(|bucket| position(bucket, PERP, 0, 1)).collect();
    let case = Market::new().case(&many, at_least(Level::Initial), 0);
    let error = prove(params, key, &case.instance, &case.witness, UnwrapErr(SysRng)).unwrap_err();
    assert!(matches!(error, ProveError::Unprovable(Unprovable::TooManyPositions(_))));
}

/// One lie per clause, proved all the same: the prover fails, or the proof does.
#[test]
fn lies_do_not_verify() {
    let Fixture { params, key, verifier, .. } = &*FIXTURE;
    let market = Market::new();
    let truth = || market.case(&healthy(), at_least(Level::Initial), 0);
    let poor = [position(0, PERP, 10, -9_400)];
    let lie = |change: &dyn Fn(&mut Case)| {
        let mut case = truth();
        change(&mut case);
        case
    };
    let lies = [
        (Clause::M1, lie(&|case| case.witness.blinding = Blinding::new([1; 31]))),
        (Clause::M2, lie(&|case| case.instance.account = AccountId::new([0x33; 20]))),
        (
            Clause::M3,
            lie(&|case| {
                case.witness.slots[1] = {
                    let mut dearer = rows();
                    dearer[3].price = Price::new(7_770, 1).unwrap();
                    let position = &case.witness.slots[1].position;
                    Market::from_rows(dearer, DENOMINATOR).slot_with_row(position, 3)
                }
            }),
        ),
        (Clause::M4, {
            let twice = [position(0, PERP, 900, 0), position(0, PERP, 900, 900_000)];
            market.case(&twice, at_least(Level::MarginCall), 0)
        }),
        (Clause::M5, {
            let large = [position(0, PERP, 1_500, 0)];
            let mut case = market.case(&large, at_least(Level::Initial), 0);
            case.witness.slots[0] = market.slot_with_row(&large[0], 0);
            case
        }),
        (Clause::M6, market.case(&poor, at_least(Level::Initial), 0)),
        (Clause::M7, market.case(&poor, below(Level::Initial), 1)),
    ];
    for (clause, case) in lies {
        assert_eq!(case.check().map_err(|violation| violation.clause()), Err(clause));
        let rows = case.instance.to_field_elements();
        let mut transcript = Blake2bWrite::<_, vesta::Affine, Challenge255<_>>::init(vec![]);
        let proved = create_proof(
            params,
            key.inner(),
            &[case.circuit()],
            &[&[&rows]],
            UnwrapErr(SysRng),
            &mut transcript,
        );
        if proved.is_ok() {
            let id = circuit_id(Shape::Small);
            let file = ProofFile::new(id, case.instance, transcript.finalize()).unwrap();
            assert_eq!(verifier.verify(&file), Err(VerifyError::Invalid), "{clause}");
        }
    }
}

#[test]
fn other_fields_and_statements_are_malformed() {
    let text = FIXTURE.healthy.to_json();
    let other = text.replace("pasta-fp", "bn254-fr");
    let error = ProofFile::<Fp>::parse(other.as_bytes()).unwrap_err();
    assert_eq!(error, MalformedProof::OtherField { allowed: Fp::NAME });
}
