//! The verifier of the on-chain proof system, on stored proofs and keys: no
//! proof is made here.

use crate::kzg_vectors;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::kzg_vectors::{Edit, Given, Vectors, Verdict};
use ark_bn254::{Fq2, G2Affine};
use ark_ec::AffineRepr as _;
use proptest::prelude::*;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::srs::SrsMark;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::bn254::field::second_point_bytes;
use zkmargin_verifier::bn254::key::MAX_KEY_BYTES;
use zkmargin_verifier::bn254::system::{Lookup, Query, Step, System};
use zkmargin_verifier::bn254::{KeyError, ProofError, Submission, Verifier, VerifyingKey};
use zkmargin_verifier::proof::{CircuitId, Family, ProofFile};

static VECTORS: LazyLock<Vec<(String, Vectors)>> = LazyLock::new(kzg_vectors::stored);

static VERIFIERS: LazyLock<BTreeMap<String, Verifier>> = LazyLock::new(|| {
    let names = VECTORS.iter().flat_map(|(_, vectors)| {
        let others = vectors.cases.iter().filter_map(|case| match &case.edit {
            Edit::Key(name) => Some(name),
            _ => None,
        });
        others.chain([&vectors.key])
    });
    let verifier =
        |name: &String| Verifier::new(VerifyingKey::from_bytes(&kzg_vectors::file(name)).unwrap());
    names.map(|name| (name.clone(), verifier(name))).collect()
});

fn submission(given: &Given) -> Submission<'_> {
    Submission { public_inputs: &given.public_inputs, proof: &given.proof }
}

fn verify(given: &Given) -> Result<(), ProofError> {
    VERIFIERS[&given.key].verify_raw(submission(given))
}

fn verdict(result: Result<(), ProofError>) -> Verdict {
    match result {
        Ok(()) => Verdict::Valid,
        Err(ProofError::Invalid) => Verdict::Invalid,
        Err(_) => Verdict::Malformed,
    }
}

#[test]
fn comes_to_every_stored_verdict() {
    for (file, vectors) in &*VECTORS {
        for case in &vectors.cases {
            let result = verify(&vectors.given(&case.edit));
            assert_eq!(verdict(result), case.verdict, "{file}: {}: {result:?}", case.name);
        }
    }
}

#[test]
fn errors_say_where() {
    let (_, vectors) = &VECTORS[0];
    let size = vectors.proof.0.len();
    let error = |edit: Edit| verify(&vectors.given(&edit)).unwrap_err();
    let ones = |count| kzg_vectors::Hex(vec![0xff; count]);
    assert_eq!(error(Edit::Cut(9)), ProofError::Length { expected: size, got: 9 });
    assert_eq!(error(Edit::Append(ones(1))), ProofError::Length { expected: size, got: size + 1 });
    assert_eq!(error(Edit::Replace { at: 64, with: ones(64) }), ProofError::Point { offset: 64 },);
    let last_scalar = size - 2 * 64 - 32;
    assert_eq!(
        error(Edit::Replace { at: last_scalar, with: ones(32) }),
        ProofError::Scalar { offset: last_scalar },
    );
    let row = Edit::PublicInput { row: 3, value: ones(32) };
    assert_eq!(error(row), ProofError::PublicInput { row: 3 });
    assert_eq!(error(Edit::PublicInputs(7)), ProofError::PublicInputs { expected: 9, got: 7 });
}

#[test]
fn a_batch_points_at_each_bad_one() {
    for (_, vectors) in &*VECTORS {
        let verifier = &VERIFIERS[&vectors.key];
        let same_key = vectors.cases.iter().filter(|case| !matches!(case.edit, Edit::Key(_)));
        // Every seventh, and the valid one thrice.
        let mut cases: Vec<_> = same_key.step_by(7).map(|case| vectors.given(&case.edit)).collect();
        for at in [0, cases.len() / 2, cases.len()] {
            cases.insert(at, vectors.given(&Edit::Nothing));
        }
        let submissions: Vec<_> = cases.iter().map(submission).collect();
        let alone: Vec<_> = submissions.iter().map(|one| verifier.verify_raw(*one)).collect();
        assert!(alone.iter().filter(|result| result.is_ok()).count() >= 3);
        assert_eq!(verifier.verify_raw_batch(&submissions), alone);
        let good = vec![submissions[0]; 5];
        assert_eq!(verifier.verify_raw_batch(&good), vec![Ok(()); 5]);
        assert!(verifier.verify_raw_batch(&[]).is_empty());
    }
}

#[test]
fn keys_have_one_encoding() {
    for verifier in VERIFIERS.values() {
        let bytes = verifier.key().to_bytes();
        let key = VerifyingKey::from_bytes(&bytes).unwrap();
        assert_eq!(&key, verifier.key());
        assert_eq!(key.digest(), verifier.key().digest());
        assert_eq!(key.proof_size(), verifier.proof_size());
        let digest = format!("0x{}", hex::encode(key.digest().as_bytes()));
        assert_eq!(key.digest().to_string(), digest);
        assert_eq!(format!("{:?}", key.digest()), format!("KeyDigest({digest})"));
    }
    let mut digests: Vec<_> = VERIFIERS.values().map(|v| v.key().digest()).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), VERIFIERS.len());
}

#[test]
fn a_file_is_of_the_keys_circuit_and_powers_of_tau() {
    let given = VECTORS[0].1.given(&Edit::Nothing);
    let verifier = &VERIFIERS[&given.key];
    let instance = MarginInstance::from_bytes(&given.public_inputs.concat()).unwrap();
    let error = |circuit: CircuitId, srs: SrsMark, proof: &[u8]| {
        let file = ProofFile::under_srs(circuit, srs, instance, proof.to_vec()).unwrap();
        verifier.verify(&file).err()
    };
    let (circuit, srs) = (verifier.key().circuit(), verifier.key().srs());
    assert_eq!(error(circuit, srs, &given.proof), None);
    let (family, shape) = (Family::Scenario, Shape::Large);
    assert_eq!(
        error(CircuitId { family, ..circuit }, srs, &given.proof),
        Some(VerifyError::WrongFamily { key: circuit.family, proof: family })
    );
    assert_eq!(
        error(CircuitId { shape, ..circuit }, srs, &given.proof),
        Some(VerifyError::WrongShape { key: circuit.shape, proof: shape })
    );
    let other = SrsMark { insecure: !srs.insecure, ..srs };
    assert_eq!(
        error(circuit, other, &given.proof),
        Some(VerifyError::WrongSrs { verifier: srs, proof: Some(other) })
    );
    let (expected, got) = (given.proof.len(), given.proof.len() - 1);
    assert_eq!(error(circuit, srs, &given.proof[1..]), Some(VerifyError::Length { expected, got }));
}

/// Of a file's bytes, what is no proof is told apart from what is false.
#[test]
fn files_of_no_proof_and_of_a_false_one_are_told_apart() {
    let given = VECTORS[0].1.given(&Edit::Nothing);
    let verifier = &VERIFIERS[&given.key];
    let instance = MarginInstance::from_bytes(&given.public_inputs.concat()).unwrap();
    let last_scalar = given.proof.len() - 2 * 64 - 32;
    let error = |at: usize, byte: u8| {
        let mut proof = given.proof.clone();
        proof[at] ^= byte;
        let (circuit, srs) = (verifier.key().circuit(), verifier.key().srs());
        let file = ProofFile::under_srs(circuit, srs, instance, proof).unwrap();
        let alone = verifier.verify(&file).unwrap_err();
        assert_eq!(verifier.verify_batch(&[file]), [Err(alone.clone())]);
        alone
    };
    assert_eq!(error(63, 1), VerifyError::Encoding, "a point off the curve");
    assert_eq!(error(last_scalar, 0xc0), VerifyError::Encoding, "a scalar above the modulus");
    assert_eq!(error(last_scalar + 31, 1), VerifyError::Invalid);
    let length = ProofError::Length { expected: 2, got: 1 };
    assert_eq!(VerifyError::from(length), VerifyError::Length { expected: 2, got: 1 });
}

/// Whether everybody can compute the secret of its powers of tau stands in a
/// key after its names.
#[test]
fn keys_mark_insecure_powers_of_tau() {
    let mut bytes = kzg_vectors::file("small.vk");
    let at = 13 + 1 + "standard".len() + 1 + "small".len();
    assert!(VerifyingKey::from_bytes(&bytes).unwrap().is_insecure());
    bytes[at] = 0;
    let secure = VerifyingKey::from_bytes(&bytes).unwrap();
    assert!(!secure.is_insecure() && !secure.srs().insecure);
    assert_eq!(secure.to_bytes(), bytes);
    bytes[at] = 2;
    let unknown = KeyError::Unknown { what: "mark of the powers of tau", offset: at };
    assert_eq!(VerifyingKey::from_bytes(&bytes), Err(unknown));
}

/// A key's constraint system is checked before anything is computed by it: no
/// index is out of bounds, no value is used before it is there.
#[test]
fn a_constraint_system_is_checked_whole() {
    let key = VerifyingKey::from_bytes(&kzg_vectors::file("small.vk")).unwrap();
    let error = |change: &dyn Fn(&mut System)| {
        let mut parts = key.parts().clone();
        change(&mut parts.system);
        VerifyingKey::new(parts).err()
    };
    let system = key.system();
    let number = |number: usize| u16::try_from(number).unwrap();
    let value = |what| Some(KeyError::Value { what });
    assert_eq!(error(&|_| ()), None);

    let (first, steps) = (system.step_value(), system.program.steps.len());
    let (all, last) = (number(first + steps), steps - 1);
    let step = |index: usize, step: Step| error(&|s| s.program.steps[index] = step);
    assert_eq!(step(0, Step::Negate(number(first - 1))), None);
    assert_eq!(step(0, Step::Negate(number(first))), value("steps"));
    assert_eq!(step(0, Step::Add(number(first), 0)), value("steps"));
    assert_eq!(step(0, Step::Multiply(0, number(first))), value("steps"));
    assert_eq!(step(last, Step::Negate(all - 2)), None);
    assert_eq!(step(last, Step::Negate(all - 1)), value("steps"));
    assert_eq!(error(&|s| s.gates.push(all - 1)), None);
    assert_eq!(error(&|s| s.gates.push(all)), value("gates"));
    assert_eq!(error(&|s| s.lookups[0].inputs[0] = all - 1), None);
    assert_eq!(error(&|s| s.lookups[0].inputs[0] = all), value("lookups"));
    assert_eq!(error(&|s| s.lookups[0].table[0] = all), value("lookups"));
    assert_eq!(error(&|s| s.lookups[0].inputs.push(0)), Some(KeyError::Lookup));
    assert_eq!(error(&|s| s.lookups[0] = Lookup::default()), Some(KeyError::Lookup));
    // Columns in the present row are permuted: nothing constant or computed.
    for wrong in [0, all - 1, u16::MAX] {
        assert_eq!(error(&|s| s.permutation[0] = wrong), value("permutation"));
    }
    assert_eq!(error(&|s| s.permutation[0] = number(s.instance_value())), None);
    for query in 0..system.advice_queries.len() {
        let rotated = system.advice_queries[query].rotation != 0;
        let got = error(&|s| s.permutation[0] = number(s.advice_value() + query));
        assert_eq!(got, rotated.then_some(KeyError::Value { what: "permutation" }));
    }

    let half = 1_i16 << (system.k - 1);
    let columns = number(system.advice_columns);
    let query = |query: Query| error(&|s| s.advice_queries[0] = query);
    let bad = Some(KeyError::Query { what: "advice_queries", index: 0 });
    for rotation in [half - 1, 1 - half] {
        assert_ne!(query(Query { column: columns - 1, rotation }), bad);
    }
    for rotation in [half, -half, i16::MIN] {
        assert_eq!(query(Query { column: 0, rotation }), bad);
    }
    assert_eq!(query(Query { column: columns, rotation: 0 }), bad);
    let twice = error(&|s| s.fixed_queries[1] = s.fixed_queries[0]);
    assert_eq!(twice, Some(KeyError::Query { what: "fixed_queries", index: 1 }));

    let range = |what, least, most, got| Some(KeyError::Range { what, least, most, got });
    assert_eq!(error(&|s| s.k = 3), range("k", 4, 28, 3));
    assert_eq!(error(&|s| s.k = 29), range("k", 4, 28, 29));
    assert_eq!(error(&|s| s.degree = 2), range("degree", 3, 32, 2));
    assert_eq!(error(&|s| s.degree = 33), range("degree", 3, 32, 33));
    assert_eq!(error(&|s| s.blinding_factors = 0), range("blinding_factors", 1, 1_024, 0));
    assert_eq!(error(&|s| s.public_inputs = 1_025), range("public_inputs", 0, 1_024, 1_025));
    let few = error(&|s| (s.k, s.blinding_factors) = (4, 7));
    assert_eq!(few, range("blinding_factors", 1, 6, 7));
}

#[test]
fn damaged_keys_are_refused() {
    let bytes = kzg_vectors::file(&VECTORS[0].1.key);
    let error = |bytes: &[u8]| VerifyingKey::from_bytes(bytes).unwrap_err();
    assert_eq!(error(b""), KeyError::Magic);
    assert_eq!(error(&bytes[1..]), KeyError::Magic);
    let changed = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        error(&bytes)
    };
    assert_eq!(changed(12, 9), KeyError::Version { got: 9, allowed: 2 });
    assert!(matches!(changed(14, b'x'), KeyError::Unknown { what: "family", .. }));
    let cut = error(&bytes[..bytes.len() - 1]);
    assert_eq!(cut, KeyError::CutOff { offset: bytes.len() - 1 });
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(error(&longer), KeyError::Trailing { offset: bytes.len() });
    let (got, limit) = (MAX_KEY_BYTES + 1, MAX_KEY_BYTES);
    assert_eq!(error(&vec![0; got]), KeyError::TooLarge { got, limit });
    // The first list is of advice queries: its length is bounded before it is
    // read.
    let list = 13 + 1 + "standard".len() + 1 + "small".len() + 1 + 6 * 2;
    let queries = |count: u16| {
        let mut bytes = bytes.clone();
        bytes[list..list + 2].copy_from_slice(&count.to_be_bytes());
        error(&bytes)
    };
    let too_long = |got: u16| {
        let (what, least, most, got) = ("advice_queries", 0, 1_024, got.into());
        KeyError::Range { what, least, most, got }
    };
    assert_ne!(queries(1_024), too_long(1_024));
    for count in [1_025, u16::MAX] {
        assert_eq!(queries(count), too_long(count));
    }
    // tau: an imaginary part that is not below the modulus.
    let tau = changed(bytes.len() - 128, 0xff);
    assert_eq!(tau, KeyError::Element { what: "point", offset: bytes.len() - 128 });
}

#[test]
fn an_insecure_key_without_its_mark_is_refused() {
    let key = VerifyingKey::from_bytes(&kzg_vectors::file("standard-small.vk")).unwrap();
    let mut parts = key.parts().clone();
    assert!(parts.insecure_srs);
    parts.insecure_srs = false;
    assert_eq!(VerifyingKey::new(parts).err(), Some(KeyError::Unmarked));
}

#[test]
fn a_key_may_have_the_size_of_the_limit() {
    let small = VerifyingKey::from_bytes(&kzg_vectors::file("small.vk")).unwrap();
    let sized = |bytes: usize| {
        let mut parts = small.parts().clone();
        let mut left = bytes - small.to_bytes().len();
        while !left.is_multiple_of(4) {
            parts.system.program.steps.push(Step::Negate(0));
            left -= 3;
        }
        while left > 0 {
            let values = vec![0; (left / 4 - 1).min(1_000)];
            left -= 4 + 4 * values.len();
            parts.system.lookups.push(Lookup { inputs: values.clone(), table: values });
        }
        VerifyingKey::new(parts)
    };
    let (got, limit) = (MAX_KEY_BYTES + 1, MAX_KEY_BYTES);
    assert_eq!(sized(got), Err(KeyError::TooLarge { got, limit }));
    let largest = sized(limit).unwrap();
    let bytes = largest.to_bytes();
    assert_eq!(bytes.len(), limit);
    assert_eq!(VerifyingKey::from_bytes(&bytes), Ok(largest));
}

/// The curve of tau has points of other orders, of which pairings say nothing.
#[test]
fn tau_is_of_the_second_group() {
    let bytes = kzg_vectors::file("small.vk");
    let at = bytes.len() - 128;
    let read = |tau: &G2Affine| {
        let bytes = [&bytes[..at], &second_point_bytes(tau)].concat();
        VerifyingKey::from_bytes(&bytes).map(|key| key.parts().tau)
    };
    let wrong = Err(KeyError::Element { what: "point", offset: at });
    let generator = G2Affine::generator();
    assert_eq!(read(&generator), Ok(generator));
    let off_curve = G2Affine::new_unchecked(generator.x, generator.x);
    assert_eq!(read(&off_curve), wrong);
    let on_curve = (1_u64..).find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::from(x), true));
    let on_curve = on_curve.unwrap();
    assert!(on_curve.is_on_curve() && !on_curve.is_in_correct_subgroup_assuming_on_curve());
    assert_eq!(read(&on_curve), wrong);
    assert_eq!(read(&on_curve.clear_cofactor()), Ok(on_curve.clear_cofactor()));
    // No secret is zero: the identity has no coordinates.
    assert_eq!(read(&G2Affine::identity()), wrong);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No bytes make the reader fail otherwise than by an error, and what is
    /// read is written the same.
    #[test]
    fn changed_keys_never_panic(at: prop::sample::Index, byte: u8, length: prop::sample::Index) {
        let mut bytes = kzg_vectors::file(&VECTORS[0].1.key);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(key) = VerifyingKey::from_bytes(&bytes) {
            prop_assert_eq!(key.to_bytes(), &*bytes);
            let given = VECTORS[0].1.given(&Edit::Nothing);
            let _ = Verifier::new(key).verify_raw(submission(&given));
        }
        bytes.truncate(length.index(bytes.len()));
        prop_assert!(VerifyingKey::from_bytes(&bytes).is_err());
    }

    #[test]
    fn changed_proofs_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let (_, vectors) = &VECTORS[0];
        let mut given = vectors.given(&Edit::Nothing);
        for (at, byte) in edits {
            let at = at.index(given.proof.len());
            given.proof[at] = byte;
        }
        let unchanged = given.proof == vectors.proof.0;
        prop_assert_eq!(verify(&given).is_ok(), unchanged);
    }

    #[test]
    fn any_bytes_are_no_proof(bytes in prop::collection::vec(any::<u8>(), 0..8_000)) {
        let mut given = VECTORS[0].1.given(&Edit::Nothing);
        given.proof = bytes;
        prop_assert!(verify(&given).is_err());
    }
}
