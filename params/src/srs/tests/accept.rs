use std::collections::BTreeSet;
use std::io::Write as _;

use blake2::{Blake2b512, Digest as _};
use halo2_axiom::arithmetic::{eval_polynomial, kate_division};
use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_axiom::halo2curves::ff::PrimeField;
use halo2_axiom::halo2curves::pairing::Engine as _;
use halo2_axiom::plonk::{
    Advice, Circuit, Column, ConstraintSystem, Error, Selector, create_proof, keygen_pk, keygen_vk,
    verify_proof,
};
use halo2_axiom::poly::commitment::Blind;
use halo2_axiom::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_axiom::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_axiom::poly::kzg::strategy::SingleStrategy;
use halo2_axiom::poly::{EvaluationDomain, Rotation};
use halo2_axiom::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer as _, TranscriptWriterBuffer as _,
};
use rand08::rngs::OsRng;
use zkmargin_margin::srs::SrsId;

use super::*;

/// Commits to a polynomial in both bases and opens it at a point: whether the
/// opening verifies, and one of a wrong value does not.
fn opens(prover: &KzgParams, verifier: &KzgParams) -> bool {
    let domain = EvaluationDomain::<Fr>::new(1, prover.k());
    let values = (0..1 << prover.k()).map(|i: u64| Fr::from(3 * i * i + 7)).collect();
    let values = domain.lagrange_from_vec(values);
    let poly = domain.lagrange_to_coeff(values.clone());
    let commitment = prover.commit(&poly, Blind::default());
    assert_eq!(commitment, prover.commit_lagrange(&values, Blind::default()));

    let point = Fr::from(0x1234_5678);
    let value = eval_polynomial(&poly, point);
    let mut quotient = kate_division(&poly[..], point);
    quotient.push(Fr::ZERO);
    let quotient = domain.coeff_from_vec(quotient);
    let opening = prover.commit(&quotient, Blind::default()).to_affine();
    let verify = |value: Fr| {
        let left = (commitment - G1::generator() * value).to_affine();
        let right = (verifier.s_g2() - (verifier.g2() * point)).to_affine();
        Bn256::pairing(&left, &verifier.g2()) == Bn256::pairing(&opening, &right)
    };
    assert!(!verify(value + Fr::ONE), "a wrong value is refused");
    verify(value)
}

/// Squares a number again and again.
#[derive(Clone)]
struct Squares(Value<Fr>);

impl Circuit<Fr> for Squares {
    type Config = (Column<Advice>, Selector);
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Self(Value::unknown())
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
        let column = meta.advice_column();
        let selector = meta.selector();
        meta.create_gate("square", |meta| {
            let enabled = meta.query_selector(selector);
            let this = meta.query_advice(column, Rotation::cur());
            let next = meta.query_advice(column, Rotation::next());
            vec![enabled * (this.clone() * this - next)]
        });
        (column, selector)
    }

    fn synthesize(
        &self,
        (column, selector): Self::Config,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        layouter.assign_region(
            || "squares",
            |mut region| {
                let mut value = self.0;
                for row in 0..8 {
                    if row < 7 {
                        selector.enable(&mut region, row)?;
                    }
                    region.assign_advice(column, row, value);
                    value = value.map(|value| value.square());
                }
                Ok(())
            },
        )
    }
}

#[test]
fn a_proof_is_made_and_verified_under_an_imported_srs() {
    let srs = read(POT5_FINAL, 5).unwrap();
    let params = srs.params(DevSrs::Refuse).unwrap();
    let key = keygen_vk(params, &Squares(Value::unknown())).unwrap();
    let proving = keygen_pk(params, key.clone(), &Squares(Value::unknown())).unwrap();
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(Vec::new());
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        params,
        &proving,
        &[Squares(Value::known(Fr::from(3)))],
        &[&[]],
        OsRng,
        &mut transcript,
    )
    .unwrap();
    let proof = transcript.finalize();
    let verify = |params: &KzgParams, proof: &[u8]| {
        let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof);
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
            params,
            &key,
            SingleStrategy::new(params),
            &[&[]],
            &mut transcript,
        )
        .is_ok()
    };
    assert!(verify(params, &proof));
    let mut wrong = proof.clone();
    wrong[100] ^= 1;
    assert!(!verify(params, &wrong));
    assert!(!verify(&dev(5, 1).unwrap().params, &proof));
}

#[test]
fn a_file_of_snarkjs_commits_opens_and_verifies() {
    for file in [POT5, POT5_FINAL] {
        for k in 1..=5 {
            let srs = read(file, k).unwrap();
            assert_eq!(srs.info().kind(), SrsKind::Imported);
            let params = srs.params(DevSrs::Refuse).unwrap();
            assert_eq!((params.k(), srs.k(), params.n()), (k, k, 1 << k));
            assert!(opens(params, params));
            srs.verify().unwrap();
        }
    }
    let (one, other) = (read(POT5, 5).unwrap(), dev(5, 1).unwrap());
    assert!(!opens(&one.params, &other.params), "not under another secret");
    assert_ne!(one.mark(), other.mark());
}

#[test]
fn powers_are_those_of_the_file() {
    let mut parts = Parts::of(POT5);
    let srs = read(POT5, 4).unwrap();
    let expected: Vec<_> = (0..16).map(|index| parts.g1(index)).collect();
    assert_eq!(srs.params.get_g(), expected);
    let g2 = G2Affine::from_raw_bytes(&parts.section(3)[128..256]).unwrap();
    assert_eq!(srs.params.s_g2(), g2);
    // Preparing for phase 2 only adds sections, the Lagrange basis for one:
    // taken from there or computed, it is the same.
    for k in 1..=5 {
        assert_eq!(bare(&read(POT5, k).unwrap()), bare(&read(POT5_FINAL, k).unwrap()));
    }
}

/// snarkjs computes Lagrange bases too (section 12), with another root of
/// unity: the same elements in another order.
#[test]
fn the_lagrange_basis_is_that_of_snarkjs() {
    let mut parts = Parts::of(POT5_FINAL);
    let section = parts.section(12);
    for k in 1..=5u32 {
        let size = 1usize << k;
        let theirs: BTreeSet<_> =
            section[(size - 1) * 64..][..size * 64].chunks(64).map(<[u8]>::to_vec).collect();
        let bytes = bare(&read(POT5, k).unwrap());
        let ours: BTreeSet<_> =
            bytes[4 + size * 64..][..size * 64].chunks(64).map(<[u8]>::to_vec).collect();
        assert_eq!(ours.len(), size);
        assert_eq!(ours, theirs);
    }
}

#[test]
fn the_origin_is_recorded() {
    let srs = import(POT5, 3, "/tmp/some\u{7}/pot5\n.ptau").unwrap();
    let digest: [u8; 64] = Blake2b512::digest(POT5).into();
    let name = "pot5.ptau".to_owned();
    let source = SrsSource::File { name, digest, format: SrsFormat::Ptau, power: 5 };
    assert_eq!(srs.info().source(), &source);
    assert_eq!(srs.info().ceremony(), None);
    assert_eq!(srs.info().id(), read(POT5, 5).unwrap().info().id());
    let long = import(POT5, 3, &"\u{e4}".repeat(500)).unwrap();
    assert!(matches!(long.info().source(), SrsSource::File { name, .. } if name.len() == 200));

    let mut file = tempfile::NamedTempFile::with_suffix(".ptau").unwrap();
    file.write_all(POT5).unwrap();
    assert_eq!(import_file(file.path(), 3).unwrap().info().id(), srs.info().id());
    assert!(matches!(import_file("/no/such/file", 3), Err(SrsError::Io(_))));
}

#[test]
fn sections_may_stand_in_any_order_after_the_header() {
    let mut parts = Parts::of(POT5_FINAL);
    parts.sections[1..].reverse();
    assert_eq!(bare(&read(&parts.file(), 5).unwrap()), bare(&read(POT5, 5).unwrap()));
}

#[test]
fn a_stream_may_come_in_drops() {
    struct Drops<'a>(&'a [u8]);
    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(3);
            self.0.read(&mut buffer[..length])
        }
    }
    let srs = import(Drops(POT5), 5, "").unwrap();
    assert_eq!(bare(&srs), bare(&read(POT5, 5).unwrap()));
}

#[test]
fn a_bare_srs_is_read_back() {
    let srs = read(POT5, 5).unwrap();
    let file = bare(&srs);
    for k in 1..=5 {
        let again = read(&file, k).unwrap();
        assert_eq!(bare(&again), bare(&read(POT5, k).unwrap()));
        assert_eq!(again.info().id(), srs.info().id());
        assert!(matches!(
            again.info().source(),
            SrsSource::File { format: SrsFormat::Halo2, power: 5, .. }
        ));
    }
    // One that halo2 made by itself.
    let params = KzgParams::setup(6, OsRng);
    let mut file = Vec::new();
    params.write(&mut file).unwrap();
    assert!(opens(&read(&file, 6).unwrap().params, &params));
    assert_eq!(bare(&read(&file, 6).unwrap()), file);
    assert!(opens(&read(&file, 4).unwrap().params, &params));
}

#[test]
fn truncating_is_importing_less() {
    let srs = read(POT5, 5).unwrap();
    for k in 1..=5 {
        let small = srs.truncated(k).unwrap();
        assert_eq!(bare(&small), bare(&read(POT5, k).unwrap()));
        assert_eq!(small.info(), read(POT5, k).unwrap().info());
    }
    assert!(matches!(srs.truncated(6), Err(SrsError::TooFewPowers { k: 6, power: 5 })));
    assert!(matches!(srs.truncated(0), Err(SrsError::UnsupportedSize { k: 0 })));
}

#[test]
fn an_srs_of_a_seed_is_marked_and_refused() {
    let srs = dev(6, 42).unwrap();
    assert!(srs.info().is_insecure() && srs.mark().insecure);
    assert!(matches!(srs.params(DevSrs::Refuse), Err(SrsError::InsecureDev)));
    let params = srs.params(DevSrs::AllowInsecure).unwrap();
    assert!(opens(params, params));
    // The secret is known, the powers are computed by other means than FFT.
    assert_eq!(bare(&srs)[4 + 64 * 64..][..64 * 64], {
        let basis = lagrange::basis(params.get_g(), 6);
        basis.iter().flat_map(G1Affine::to_raw_bytes).collect::<Vec<_>>()
    });
    assert_eq!(bare(&srs), bare(&dev(6, 42).unwrap()));
    assert_eq!(bare(&srs.truncated(3).unwrap()), bare(&dev(3, 42).unwrap()));
    assert_ne!(srs.info().id(), dev(6, 43).unwrap().info().id());
    assert_eq!(dev(6, 0).unwrap().info().id(), SrsId::DEV);
    // Written to a file and imported, it is still known for what it is.
    let back = read(&bare(&srs), 5).unwrap();
    assert_eq!(back.info().kind(), SrsKind::InsecureDev);
    assert_eq!(back.mark(), srs.mark());
    assert!(matches!(dev(25, 0), Err(SrsError::UnsupportedSize { k: 25 })));
}

#[test]
fn known_files_are_found_by_their_digest() {
    let files = known_ceremonies();
    let mut digests = BTreeSet::new();
    for file in files {
        let mut digest = [0; 64];
        hex::decode_to_slice(file.digest, &mut digest).unwrap();
        assert_eq!(known_ceremony(&digest), Some(file));
        let number = format!("powersOfTau28_hez_final_{:02}.ptau", file.power);
        assert!(file.name == number || file.power == 28);
        digests.insert(digest);
    }
    assert_eq!(digests.len(), files.len());
    assert_eq!(known_ceremony(&[0; 64]), None);
    assert!(u64::from(Fr::S) >= 28);
}

/// `cargo test --release -p zkmargin-params -- --ignored --nocapture timings`
#[test]
#[ignore = "prints timings"]
fn timings() {
    let start = std::time::Instant::now();
    let srs = dev(15, 0).unwrap();
    println!("dev(15): {:?}", start.elapsed());
    let file = bare(&srs);
    let start = std::time::Instant::now();
    read(&file, 15).unwrap();
    println!("import of a bare SRS, k = 15: {:?}", start.elapsed());
    let (g, g2, seed) = (srs.params.get_g(), srs.params.s_g2(), [7; 64]);
    let start = std::time::Instant::now();
    check::powers(g, &g2, &seed).unwrap();
    println!("check of 2^15 powers: {:?}", start.elapsed());
    let start = std::time::Instant::now();
    let basis = lagrange::basis(g, 15);
    println!("Lagrange basis of 2^15: {:?}", start.elapsed());
    let start = std::time::Instant::now();
    check::lagrange(g, &basis, 15, &seed).unwrap();
    println!("check of it: {:?}", start.elapsed());
    let dir = tempfile::tempdir().unwrap();
    let store = SrsStore::open(dir.path()).unwrap();
    store.put(&srs, store::Replace::Refuse).unwrap();
    let start = std::time::Instant::now();
    store.load_dev(15).unwrap();
    println!("load from the store, k = 15: {:?}", start.elapsed());
}
