//! Proofs of a venue's subtrees: files, both proof systems, the batch, and what covers
//! a state root.

use std::collections::BTreeMap;

use crate::circuits::common::venue::{StandardVenue, of_equity, standard, standard_mix};
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
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, Memo};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_margin::srs::{SrsId, SrsMark};
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::venue::{
    SubtreeDepth, SubtreePath, VenueInstance, state_root_over,
};
use zkmargin_verifier::bn254::export::{ExportError, export};
use zkmargin_verifier::coverage::{Coverage, NotOneVenue};
use zkmargin_verifier::engine::VerifiedClaim;
use zkmargin_verifier::flagged::OtherSubtree;
use zkmargin_verifier::proof::Subtree;
use zkmargin_verifier::proof::venue::{circuit_of, is_venue};
use zkmargin_verifier::proof::{CircuitId, ProofFile, VenueFile, VerifiedSubtree};
use zkmargin_verifier::{MalformedProof, VerifyError};

type File = VenueFile<Bn254Fr>;
type Circuit = VenueCircuit<Bn254Fr, StandardFigures<Bn254Fr>, 1, Wide>;

const DEPTH: SubtreeDepth = SubtreeDepth::ALL[0];

fn circuit(proof_system: ProofSystem) -> CircuitId {
    let (family, shape) = (Family::Standard, Shape::Small);
    CircuitId { family, shape, proof_system, layout: ColumnLayout::Wide }
}

/// Three accounts with one flagged, and two others with both, in subtrees 0 and 2.
fn cases<F: MarginField>() -> [(usize, StandardVenue<F>); 2] {
    let poor = || Some(of_equity(1_000));
    let mut second = standard("at-least:maintenance", &[poor(), None, None, poor()]);
    for (leaf, number) in second.witness.leaves.iter_mut().zip(0x60..) {
        leaf.iter_mut().for_each(|leaf| leaf.account = AccountId::new([number; 20]));
    }
    let VenueInstance { context, claim, .. } = second.instance;
    second.instance = VenueInstance::new(context, claim, Memo::NONE, &second.witness).unwrap();
    [(0, standard_mix()), (2, second)]
}

fn file_of<F: MarginField>(
    (index, case): &(usize, StandardVenue<F>),
    made_with: (CircuitId, Option<SrsMark>),
    proof: Vec<u8>,
) -> VenueFile<F> {
    let flagged = case.witness.flagged().collect();
    let subtree = Subtree { depth: DEPTH, index: *index };
    VenueFile::new(made_with, subtree, (case.instance, flagged), proof).unwrap()
}

fn verified(
    results: Vec<Result<VerifiedSubtree<Bn254Fr>, VerifyError>>,
) -> Vec<VerifiedSubtree<Bn254Fr>> {
    results.into_iter().map(Result::unwrap).collect()
}

/// The verifier of the wide circuit under insecure powers of tau, and both proofs.
fn proved() -> (zkmargin_verifier::kzg::Verifier, Vec<File>) {
    let params = ParamsKZG::setup(Circuit::k(Shape::Small), StdRng::seed_from_u64(7));
    let mark = SrsMark { id: SrsId::of_tau_g2(&[7; 128]), insecure: true };
    let proving = kzg::ProvingKey::<Circuit>::build(&params, Shape::Small).unwrap();
    let made_with = (circuit(ProofSystem::Kzg), Some(mark));
    let files = cases::<Bn254Fr>().map(|case| {
        let (instance, witness) = (&case.1.instance, &case.1.witness);
        let proof = kzg::prove(&params, &proving, instance, witness).unwrap();
        file_of(&case, made_with, proof)
    });
    let key = VerifyingKey::build::<Circuit>(&params, Shape::Small).unwrap();
    assert_eq!(key.statement(), Statement::Venue(DEPTH));
    let refused = export(&key, &params, true).unwrap_err();
    assert_eq!(refused, ExportError::Statement(Statement::Venue(DEPTH)));
    (zkmargin_verifier::kzg::Verifier::with_key(params, mark, key), files.to_vec())
}

#[test]
fn a_venue_is_verified_as_one_and_covers_a_state_root() {
    let (verifier, files) = proved();
    let read: Vec<_> =
        files.iter().map(|file| File::parse(file.to_json().as_bytes()).unwrap()).collect();
    assert_eq!(read, files);
    let all = verified(verifier.verify_venue(&files));
    assert_eq!(all, verified(verifier.verify_venue_batch(&files).unwrap()));
    let coverage = Coverage::of(&all).unwrap();
    assert_eq!((coverage.accounts, coverage.flagged.len()), (5, 3));
    let flagged: Vec<_> = files.iter().flat_map(|file| file.flagged().to_vec()).collect();
    assert_eq!((coverage.flagged.clone(), &coverage.subtrees), (flagged, &vec![0, 2]));
    let roots: BTreeMap<_, _> =
        [0, 2].into_iter().zip(&files).map(|(i, file)| (i, file.instance().subtree_root)).collect();
    let root: Bn254Fr = state_root_over(DEPTH, roots);
    assert_eq!(coverage.state_root.as_bytes(), &root.to_be_bytes());
    // What the engine takes of the second: two breaches of the whole tree's root.
    let of = |index| {
        let roots = [0, 2].into_iter().zip(&files);
        let roots = roots.map(|(i, file)| (i, file.instance().subtree_root)).collect();
        SubtreePath::among(DEPTH, index, roots).unwrap()
    };
    let claims = all[1].breaches(&of(2)).unwrap();
    let claims: Vec<_> = claims.iter().map(VerifiedClaim::data).collect();
    let accounts: Vec<_> = claims.iter().map(|claim| claim.account).collect();
    assert_eq!(accounts, files[1].flagged());
    assert!(claims.iter().all(|claim| claim.state_root == coverage.state_root
        && claim.claim.to_string() == "below:maintenance"
        && claim.epoch == coverage.epoch));
    assert_eq!(all[1].breaches(&of(0)), Err(OtherSubtree));
    let larger = SubtreePath::among(SubtreeDepth::ALL[1], 2, BTreeMap::new()).unwrap();
    assert_eq!(all[1].breaches(&larger), Err(OtherSubtree));
    // Missing, moved, doubled, none; the order does not matter.
    let other = Coverage::of(&all[..1]).unwrap();
    assert_ne!(other.state_root, coverage.state_root);
    let reversed: Vec<_> = all.iter().rev().cloned().collect();
    assert_eq!(Coverage::of(&reversed), Ok(coverage.clone()));
    let twice = [all[0].clone(), all[1].clone(), all[0].clone()];
    let doubled = NotOneVenue::Doubled { index: 0, first: 0, second: 2 };
    assert_eq!(Coverage::of(&twice), Err(doubled));
    assert_eq!(Coverage::of::<Bn254Fr>(&[]), Err(NotOneVenue::Nothing));
    let text = files[0].to_json().replace("\"subtree\": 0", "\"subtree\": 1");
    let moved = File::parse(text.as_bytes()).unwrap();
    let moved = verified(verifier.verify_venue(&[moved, files[1].clone()]));
    assert_ne!(Coverage::of(&moved).unwrap().state_root, coverage.state_root);

    // Public inputs that the proof is not of, alone and in a batch.
    for (from, to) in [
        ("\"accounts\": 3", "\"accounts\": 2"),
        ("\"epoch\": 7", "\"epoch\": 8"),
        ("at-least:maintenance", "at-least:initial"),
        ("\"memo\": \"0x00", "\"memo\": \"0x01"),
        ("\"subtree_root\": \"0x0", "\"subtree_root\": \"0x00"),
    ] {
        let text = files[0].to_json();
        let forged = text.replacen(from, to, 1);
        let Ok(forged) = File::parse(forged.as_bytes()) else { continue };
        if forged == files[0] {
            continue;
        }
        let both = [forged, files[1].clone()];
        for results in [verifier.verify_venue(&both), verifier.verify_venue_batch(&both).unwrap()] {
            assert_eq!(results[0], Err(VerifyError::Invalid), "{to}");
            assert!(results[1].is_ok());
        }
    }
    // Another key's, and other powers of tau.
    let other = SubtreeDepth::ALL[1];
    let text = files[0].to_json().replace("\"leaves\": 4", "\"leaves\": 16");
    let results = verifier.verify_venue(&[File::parse(text.as_bytes()).unwrap()]);
    let (key, proof) = (Statement::Venue(DEPTH), Statement::Venue(other));
    assert_eq!(results, [Err(VerifyError::WrongStatement { key, proof })]);
    let text = files[0].to_json().replace("insecure-dev:", "");
    let results = verifier.verify_venue(&[File::parse(text.as_bytes()).unwrap()]);
    assert!(matches!(results[..], [Err(VerifyError::WrongSrs { .. })]));
}

/// What is read and what is not.
#[test]
fn files_have_one_form() {
    let mark = SrsMark { id: SrsId::of_tau_g2(&[7; 128]), insecure: true };
    let made_with = (circuit(ProofSystem::Kzg), Some(mark));
    let [case, _] = cases::<Bn254Fr>();
    let file = file_of(&case, made_with, vec![1; 64]);
    let text = file.to_json();
    assert_eq!(File::parse(text.as_bytes()).as_ref(), Ok(&file));
    assert!(is_venue(text.as_bytes()));
    assert_eq!(circuit_of(text.as_bytes()), Ok((made_with.0, DEPTH)));
    // A second proof of a subtree is one too many in whatever shape, and a venue's may be
    // of several.
    let in_medium = text.replace("\"shape\": \"small\"", "\"shape\": \"medium\"");
    let in_medium = File::parse(in_medium.as_bytes()).unwrap();
    assert_eq!(in_medium.circuit().shape, Shape::Medium);
    let doubled = NotOneVenue::Doubled { index: 0, first: 0, second: 1 };
    assert_eq!(Coverage::claimed_by(&[&file, &in_medium]), Err(doubled));
    let other = text.replace("\"subtree\": 0", "\"subtree\": 1");
    let other = File::parse(other.as_bytes()).unwrap();
    let both = [[&file, &other], [&in_medium, &other]].map(|both| Coverage::claimed_by(&both));
    assert!(both[0].is_ok() && both[0] == both[1]);
    // As a margin proof it is none, nor the reverse.
    let other = ProofFile::<Bn254Fr>::parse(text.as_bytes());
    assert_eq!(other.unwrap_err(), MalformedProof::OtherStatement);
    let renamed = text.replace("zkmargin-venue", "zkmargin-proof");
    assert_eq!(File::parse(renamed.as_bytes()), Err(MalformedProof::OtherStatement));
    assert!(!is_venue(renamed.as_bytes()));
    let account = file.flagged()[0];
    let listed = format!("\"flagged\": \"{account}\"");
    for (from, to, field) in [
        (listed.as_str(), "\"flagged\": \"\"".to_owned(), "flagged"),
        (&listed, format!("\"flagged\": \"{account} {account}\""), "flagged"),
        (&listed, format!("\"flagged\": \"{account} \""), "flagged"),
        (&listed, listed.replace("0x22", "0x23"), "flagged"),
        ("\"leaves\": 4", "\"leaves\": 8".to_owned(), "leaves"),
        ("\"subtree\": 0", format!("\"subtree\": {}", DEPTH.subtrees()), "subtree"),
        ("\"accounts\": 3", "\"accounts\": 5".to_owned(), "accounts"),
        ("\"flagged_accounts\": 1", "\"flagged_accounts\": 4".to_owned(), "flagged_accounts"),
        ("\"flagged_accounts\": 1", "\"flagged_accounts\": 2".to_owned(), "flagged"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = File::parse(text.replacen(from, &to, 1).as_bytes()).unwrap_err();
        let is_named = matches!(error, MalformedProof::NotCanonical { field: f, .. } if f == field);
        assert!(is_named, "{to}: {error}");
    }
    for claim in ["below:maintenance", "at-least:maintenance,leverage:5"] {
        let text = text.replace("at-least:maintenance", claim);
        let error = File::parse(text.as_bytes()).unwrap_err();
        assert!(matches!(error, MalformedProof::UnknownName { field: "claim", .. }), "{error}");
    }
    assert!(
        VenueFile::new(
            made_with,
            Subtree { depth: DEPTH, index: DEPTH.subtrees() },
            (case.1.instance, vec![account]),
            Vec::new(),
        )
        .is_err()
    );
}

#[test]
fn the_transparent_system_verifies_subtrees() {
    type Circuit = VenueCircuit<Fp, StandardFigures<Fp>, 1, Usual>;
    let [case, other] = cases::<Fp>();
    let params = IpaParams::new(Circuit::k(Shape::Small));
    let proving = ipa::ProvingKey::<Circuit>::build(&params, Shape::Small).unwrap();
    let rng = UnwrapErr(rand::rngs::SysRng);
    let (instance, witness) = (&case.1.instance, &case.1.witness);
    let proof = ipa::prove(&params, &proving, instance, witness, rng).unwrap();
    let made_with = (circuit(ProofSystem::Ipa), None);
    let files = [file_of(&case, made_with, proof.clone()), file_of(&other, made_with, proof)];
    let verifier = zkmargin_verifier::ipa::Verifier::new::<Circuit>(params, Shape::Small).unwrap();
    let results = verifier.verify_venue(&files);
    assert!(results[0].is_ok());
    assert_eq!(results[1], Err(VerifyError::Invalid));
}
