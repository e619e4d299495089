//! Proofs of haircuts: files, both proof systems, and what covers two state roots.

use std::collections::BTreeMap;

use crate::circuits::common::haircut::{StandardHaircut, ratio, standard_mix};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use pasta_curves::Fp;
use rand::rand_core::UnwrapErr;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::{Usual, Wide};
use zkmargin_circuits::ipa::{self, IpaParams};
use zkmargin_circuits::kzg::{self, VerifyingKey};
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::haircut::HaircutCircuit;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_margin::srs::{SrsId, SrsMark};
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::venue::{SubtreeDepth, state_root_over};
use zkmargin_verifier::bn254::export::{ExportError, export};
use zkmargin_verifier::coverage::NotOneVenue;
use zkmargin_verifier::haircut::{NotOneHaircut, VerifiedHaircut};
use zkmargin_verifier::proof::Subtree;
use zkmargin_verifier::proof::haircut::{circuit_of, is_haircut};
use zkmargin_verifier::proof::{CircuitId, HaircutFile, ProofFile, VenueFile};
use zkmargin_verifier::{MalformedProof, VerifyError};

type File = HaircutFile<Bn254Fr>;
type Circuit = HaircutCircuit<Bn254Fr, StandardFigures<Bn254Fr>, 1, Wide>;

const DEPTH: SubtreeDepth = SubtreeDepth::ALL[0];

fn circuit(proof_system: ProofSystem) -> CircuitId {
    let (family, shape) = (Family::Standard, Shape::Small);
    CircuitId { family, shape, proof_system, layout: ColumnLayout::Wide }
}

fn mark() -> SrsMark {
    SrsMark { id: SrsId::of_tau_g2(&[7; 128]), insecure: true }
}

fn file_of<F: MarginField>(
    index: usize,
    case: &StandardHaircut<F>,
    made_with: (CircuitId, Option<SrsMark>),
    proof: Vec<u8>,
) -> HaircutFile<F> {
    let subtree = Subtree { depth: DEPTH, index };
    HaircutFile::new(made_with, subtree, case.instance, proof).unwrap()
}

/// One subtree of a venue of one, and of a venue that has as much again elsewhere.
#[test]
#[ignore = "half a minute; `prover/tests/cmd/haircut.trycmd` has a proof, and `haircut.rs` the sums"]
fn a_haircut_is_verified_as_one_and_covers_two_state_roots() {
    let params = ParamsKZG::setup(Circuit::k(Shape::Small), StdRng::seed_from_u64(7));
    let proving = kzg::ProvingKey::<Circuit>::build(&params, Shape::Small).unwrap();
    let made_with = (circuit(ProofSystem::Kzg), Some(mark()));
    let case = standard_mix::<Bn254Fr>();
    let proof = kzg::prove(&params, &proving, &case.instance, &case.witness).unwrap();
    let file = file_of(2, &case, made_with, proof);
    let haircut = case.instance.ratio.haircut();
    let (loss, equity) = (haircut.loss(), haircut.equity());
    let larger = StandardHaircut::of(ratio(2 * loss, 2 * equity), case.witness.clone());
    let proof = kzg::prove(&params, &proving, &larger.instance, &larger.witness).unwrap();
    let of_larger = file_of(0, &larger, made_with, proof);
    let key = VerifyingKey::build::<Circuit>(&params, Shape::Small).unwrap();
    assert_eq!(key.statement(), Statement::Haircut(DEPTH));
    let refused = export(&key, &params, true).unwrap_err();
    assert_eq!(refused, ExportError::Statement(Statement::Haircut(DEPTH)));
    let verifier = zkmargin_verifier::kzg::Verifier::with_key(params, mark(), key);
    let verify = |file: &File| verifier.verify_haircut(std::slice::from_ref(file)).remove(0);

    assert_eq!(File::parse(file.to_json().as_bytes()).as_ref(), Ok(&file));
    let cuts = verify(&file).unwrap();
    let whole = VerifiedHaircut::of(std::slice::from_ref(&cuts)).unwrap();
    assert_eq!((whole.loss, whole.equity, whole.winners), (loss, equity, 2));
    let root = |subtree: Bn254Fr| state_root_over(DEPTH, BTreeMap::from([(2, subtree)]));
    let bytes = |root: Bn254Fr| root.to_be_bytes();
    assert_eq!(whole.state_root.as_bytes(), &bytes(root(case.instance.subtree_root)));
    assert_eq!(whole.state_after.as_bytes(), &bytes(root(case.instance.subtree_after)));
    // Doubled, and none.
    let doubled = NotOneVenue::Doubled { index: 2, first: 0, second: 1 };
    let twice = VerifiedHaircut::of(&[cuts.clone(), cuts.clone()]);
    assert_eq!(twice, Err(NotOneHaircut::Venue(doubled)));
    let nothing = VerifiedHaircut::of::<Bn254Fr>(&[]);
    assert_eq!(nothing, Err(NotOneHaircut::Venue(NotOneVenue::Nothing)));
    // Moved to another place it is of another state.
    let moved = file.to_json().replace("\"subtree\": 2", "\"subtree\": 1");
    let moved = verify(&File::parse(moved.as_bytes()).unwrap()).unwrap();
    let other = VerifiedHaircut::of(&[moved]).unwrap();
    assert_ne!((other.state_root, other.state_after), (whole.state_root, whole.state_after));

    // Public inputs that the proof is not of.
    for (from, to) in [
        ("\"epoch\": 7".to_owned(), "\"epoch\": 8".to_owned()),
        (format!("\"loss\": \"{loss}\""), format!("\"loss\": \"{}\"", loss - 1)),
        (format!("\"equity\": \"{equity}\""), format!("\"equity\": \"{}\"", equity + 1)),
        (format!("\"cuts\": \"{loss}\""), format!("\"cuts\": \"{}\"", loss - 1)),
        ("\"winners\": 2".to_owned(), "\"winners\": 3".to_owned()),
        ("\"memo\": \"0x00".to_owned(), "\"memo\": \"0x01".to_owned()),
    ] {
        let text = file.to_json();
        assert!(text.contains(&from), "{from}");
        let forged = File::parse(text.replacen(&from, &to, 1).as_bytes()).unwrap();
        assert_eq!(verify(&forged), Err(VerifyError::Invalid), "{to}");
    }
    // Another key's, and other powers of tau.
    let text = file.to_json().replace("\"leaves\": 4", "\"leaves\": 16");
    let (key, proof) = (Statement::Haircut(DEPTH), Statement::Haircut(SubtreeDepth::ALL[1]));
    let result = verify(&File::parse(text.as_bytes()).unwrap());
    assert_eq!(result, Err(VerifyError::WrongStatement { key, proof }));
    let text = file.to_json().replace("insecure-dev:", "");
    let result = verify(&File::parse(text.as_bytes()).unwrap());
    assert!(matches!(result, Err(VerifyError::WrongSrs { .. })));
    // Of a larger venue the same cuts are fair; another subtree is missing.
    let found = NotOneHaircut::Equity { found: equity, expected: 2 * equity };
    let missing = verify(&of_larger).unwrap();
    assert_eq!(VerifiedHaircut::of(std::slice::from_ref(&missing)), Err(found));
    let foreign = NotOneVenue::Foreign { proof: 1, what: "loss or equity of all winners" };
    assert_eq!(VerifiedHaircut::of(&[cuts, missing]), Err(NotOneHaircut::Venue(foreign)));
}

/// What is read and what is not.
#[test]
fn files_have_one_form() {
    let made_with = (circuit(ProofSystem::Kzg), Some(mark()));
    let case = standard_mix::<Bn254Fr>();
    let file = file_of(0, &case, made_with, vec![1; 64]);
    let text = file.to_json();
    assert_eq!(File::parse(text.as_bytes()).as_ref(), Ok(&file));
    assert!(is_haircut(text.as_bytes()));
    assert_eq!(circuit_of(text.as_bytes()), Ok((made_with.0, DEPTH)));
    // As a margin proof or a venue's it is none, nor the reverse.
    let other = ProofFile::<Bn254Fr>::parse(text.as_bytes());
    assert_eq!(other.unwrap_err(), MalformedProof::OtherStatement);
    let other = VenueFile::<Bn254Fr>::parse(text.as_bytes());
    assert_eq!(other.unwrap_err(), MalformedProof::OtherStatement);
    let renamed = text.replace("zkmargin-haircut", "zkmargin-venue");
    assert_eq!(File::parse(renamed.as_bytes()), Err(MalformedProof::OtherStatement));
    assert!(!is_haircut(renamed.as_bytes()));
    let sums = case.instance.sums;
    let (cuts, equity) =
        (format!("\"cuts\": \"{}\"", sums.cuts), format!("\"equity\": \"{}\"", sums.equity));
    for (from, to, field) in [
        ("\"leaves\": 4", "\"leaves\": 8".to_owned(), "leaves"),
        ("\"subtree\": 0", format!("\"subtree\": {}", DEPTH.subtrees()), "subtree"),
        ("\"winners\": 2", "\"winners\": 5".to_owned(), "winners"),
        (&cuts, format!("\"cuts\": \"{}\"", sums.equity + 1), "cuts"),
        (&cuts, format!("\"cuts\": \"0{}\"", sums.cuts), "cuts"),
        (&cuts, format!("\"cuts\": \"{}\"", 1_u128 << 96), "cuts"),
        (&equity, "\"equity\": \"0\"".to_owned(), "equity"),
        (&equity, format!("\"equity\": \"{}\"", sums.cuts - 1), "equity"),
        (&equity, format!("\"equity\": \"+{}\"", sums.equity), "equity"),
        (&equity, format!("\"equity\": \"{}\"", 1_u128 << 104), "equity"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = File::parse(text.replacen(from, &to, 1).as_bytes()).unwrap_err();
        let is_named = matches!(error, MalformedProof::NotCanonical { field: f, .. } if f == field);
        assert!(is_named, "{to}: {error}");
    }
    let far = Subtree { depth: DEPTH, index: DEPTH.subtrees() };
    assert!(HaircutFile::new(made_with, far, case.instance, Vec::new()).is_err());
}

#[test]
#[ignore = "half a minute; the code is that of a venue's proofs, which are proved in every run"]
fn the_transparent_system_verifies_haircuts() {
    type Circuit = HaircutCircuit<Fp, StandardFigures<Fp>, 1, Usual>;
    let case = standard_mix::<Fp>();
    let params = IpaParams::new(Circuit::k(Shape::Small));
    let proving = ipa::ProvingKey::<Circuit>::build(&params, Shape::Small).unwrap();
    let rng = UnwrapErr(rand::rngs::SysRng);
    let proof = ipa::prove(&params, &proving, &case.instance, &case.witness, rng).unwrap();
    let made_with = (circuit(ProofSystem::Ipa), None);
    let mut other = case.clone();
    other.instance.sums.winners = 3;
    let files = [file_of(0, &case, made_with, proof.clone()), file_of(0, &other, made_with, proof)];
    let verifier = zkmargin_verifier::ipa::Verifier::new::<Circuit>(params, Shape::Small).unwrap();
    let results = verifier.verify_haircut(&files);
    assert!(results[0].is_ok());
    assert_eq!(results[1], Err(VerifyError::Invalid));
}
