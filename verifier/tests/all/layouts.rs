//! Two layouts of one circuit: each verifier takes the proofs of its own, and says so
//! of the other's. The proofs are stored ones.

use std::fs;
use std::sync::LazyLock;

use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::{Usual, Wide};
use zkmargin_circuits::kzg::VerifyingKey;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_verifier::bn254::export::export;
use zkmargin_verifier::bn254::{KeyError, ProofError, Submission};
use zkmargin_verifier::proof::{CircuitId, ProofFile};
use zkmargin_verifier::{MalformedProof, VerifyError, bn254, kzg};

type File = ProofFile<Bn254Fr>;

/// A layout's verifiers, and a proof for them.
struct Side {
    library: kzg::Verifier,
    own: bn254::Verifier,
    file: File,
}

/// Tall, wide.
static SIDES: LazyLock<[Side; 2]> = LazyLock::new(|| {
    [
        side::<StandardCircuit<Bn254Fr, Usual>>("standard-small-kzg"),
        side::<StandardCircuit<Bn254Fr, Wide>>("standard-small-kzg-wide"),
    ]
});

fn side<C: FamilyCircuit<Bn254Fr>>(circuit: &str) -> Side {
    // Insecure: as the stored proofs were made.
    let params = ParamsKZG::setup(C::k(Shape::Small), StdRng::seed_from_u64(7));
    let key = VerifyingKey::build::<C>(&params, Shape::Small).unwrap();
    let own = bn254::Verifier::new(export(&key, &params, true).unwrap());
    let path = format!("{}/golden/{circuit}.proof.json", env!("CARGO_MANIFEST_DIR"));
    let stored = File::parse(&fs::read(path).unwrap()).unwrap();
    assert_eq!(stored.circuit().to_string(), circuit);
    // Stored with a mark that stands for none.
    let mark = own.key().srs();
    let (instance, proof) = (*stored.instance(), stored.proof().to_vec());
    let file = File::under_srs(stored.circuit(), mark, instance, proof).unwrap();
    Side { library: kzg::Verifier::with_key(params, mark, key), own, file }
}

/// A side's proof said to be of a layout, its powers of tau those of a verifier.
fn said_to_be(side: &Side, layout: ColumnLayout, to: &Side, proof: &[u8]) -> File {
    let circuit = CircuitId { layout, ..side.file.circuit() };
    File::under_srs(circuit, to.own.key().srs(), *side.file.instance(), proof.to_vec()).unwrap()
}

/// What both verifiers of a side say of a file, alone and in a batch.
fn refusal(of: &Side, file: &File) -> VerifyError {
    let error = of.library.verify(file).unwrap_err();
    let good = of.file.clone();
    for results in [
        vec![of.own.verify(file)],
        of.own.verify_batch(&[good.clone(), file.clone()]),
        of.library.verify_batch(&[good, file.clone()]),
    ] {
        let (last, others) = results.split_last().unwrap();
        assert_eq!(last.as_ref().err(), Some(&error));
        assert!(others.iter().all(Result::is_ok));
    }
    error
}

#[test]
fn each_takes_its_own() {
    for side in &*SIDES {
        let read = File::parse(side.file.to_json().as_bytes()).unwrap();
        assert_eq!(read, side.file);
        assert_eq!(side.own.key().circuit(), read.circuit());
        let claim = side.own.verify(&read).unwrap();
        assert_eq!(side.library.verify(&read), Ok(claim));
        assert_eq!(side.own.proof_size(), side.library.key().proof_size());
    }
    let [tall, wide] = &*SIDES;
    assert!(!tall.file.to_json().contains("layout"));
    assert!(wide.file.to_json().contains("\"proof_system\": \"kzg\",\n  \"layout\": \"wide\",\n"));
}

#[test]
fn the_others_is_refused_in_words() {
    let [tall, wide] = &*SIDES;
    for (of, other) in [(tall, wide), (wide, tall)] {
        let (key, proof) = (of.file.circuit().layout, other.file.circuit().layout);
        let honest = said_to_be(other, proof, of, other.file.proof());
        let error = refusal(of, &honest);
        assert_eq!(error, VerifyError::WrongLayout { key, proof });
        assert!(error.to_string().contains(&format!("--layout {key}")), "{error}");
    }
}

/// The field is edited: a proof of the other layout has another length, and with
/// the right one it is none.
#[test]
fn a_file_that_lies_about_its_layout_is_refused() {
    let [tall, wide] = &*SIDES;
    for (of, other) in [(tall, wide), (wide, tall)] {
        let layout = of.file.circuit().layout;
        let (expected, got) = (of.own.proof_size(), other.own.proof_size());
        let edited = said_to_be(other, layout, of, other.file.proof());
        assert_eq!(refusal(of, &edited), VerifyError::Length { expected, got });

        let mut fitted = other.file.proof().to_vec();
        fitted.resize(expected, 0);
        // Malformed or false: they differ in what they look at first.
        let fitted = said_to_be(other, layout, of, &fitted);
        for result in [of.library.verify(&fitted), of.own.verify(&fitted)] {
            assert!(
                matches!(result, Err(VerifyError::Invalid | VerifyError::Encoding)),
                "{result:?}"
            );
        }
        // Its own proof under the other's name is refused for the name.
        let renamed = said_to_be(of, other.file.circuit().layout, of, of.file.proof());
        assert!(matches!(refusal(of, &renamed), VerifyError::WrongLayout { .. }));

        let inputs = other.file.instance().to_field_elements().map(|row| row.to_be_bytes());
        let raw = Submission { public_inputs: &inputs, proof: other.file.proof() };
        assert_eq!(of.own.verify_raw(raw), Err(ProofError::Length { expected, got }));
    }
}

#[test]
fn a_layout_has_one_spelling() {
    let [tall, wide] = &*SIDES;
    let line = "\n  \"layout\": \"wide\",";
    let text = wide.file.to_json();
    let parse = |text: &str| File::parse(text.as_bytes()).unwrap_err();
    for other in ["tall", "Wide", "", "narrow"] {
        let error = parse(&text.replace("\"wide\"", &format!("\"{other}\"")));
        assert!(
            matches!(error, MalformedProof::NotCanonical { field: "layout", .. }),
            "{other}: {error}"
        );
    }
    let twice = text.replace(line, &line.repeat(2));
    assert_eq!(parse(&twice), MalformedProof::DuplicateField { field: "layout" });
    let error = parse(&text.replace("\"wide\"", "2"));
    assert!(matches!(error, MalformedProof::WrongType { field: "layout", .. }), "{error}");
    // Without its name it is said to be tall.
    let unnamed = File::parse(text.replace(line, "").as_bytes()).unwrap();
    assert_eq!(unnamed.circuit(), tall.file.circuit());
    assert!(matches!(refusal(tall, &unnamed), VerifyError::Length { .. }));
}

/// The transparent proof system has one layout: its files have no such field.
#[test]
fn transparent_proofs_name_no_layout() {
    let path = format!("{}/golden/standard-small-ipa.proof.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let parse = |text: &str| ProofFile::<pasta_curves::Fp>::parse(text.as_bytes());
    let file = parse(&text).unwrap();
    assert_eq!(file.circuit().layout, ColumnLayout::Wide);
    let unknown = MalformedProof::UnknownField { name: "layout".into() };
    for layout in ColumnLayout::ALL {
        let named = format!("\"ipa\",\n  \"layout\": \"{layout}\",");
        assert_eq!(parse(&text.replacen("\"ipa\",", &named, 1)), Err(unknown.clone()));
    }
    let circuit = CircuitId::usual(Family::Standard, Shape::Small, ProofSystem::Ipa);
    let tall = CircuitId { layout: ColumnLayout::Tall, ..circuit };
    assert_eq!(ProofFile::new(tall, *file.instance(), vec![1]), Err(unknown));
}

/// Keys of the tall layout do not name it, as before there was another.
#[test]
fn keys_name_their_layout() {
    /// Where the version and the names are.
    const VERSION: usize = 12;
    const NAMES_END: usize = 13 + 9 + 6;
    let [tall, wide] = &*SIDES;
    let (tall, wide) = (tall.own.key().to_bytes(), wide.own.key().to_bytes());
    assert_eq!((tall[VERSION], wide[VERSION]), (1, 2));
    assert_eq!(tall[..VERSION], wide[..VERSION]);
    assert_eq!(&wide[NAMES_END..NAMES_END + 5], b"\x04wide");
    for bytes in [&tall, &wide] {
        let key = bn254::VerifyingKey::from_bytes(bytes).unwrap();
        assert_eq!(&key.to_bytes(), bytes);
    }
    let with_name = |name: &str| {
        let mut bytes = tall.clone();
        bytes[VERSION] = 2;
        let name = [&[u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
        bytes.splice(NAMES_END..NAMES_END, name);
        bn254::VerifyingKey::from_bytes(&bytes)
    };
    for name in ["tall", "Wide", ""] {
        let error = with_name(name).unwrap_err();
        assert!(matches!(error, KeyError::Unknown { what: "layout", .. }), "{name}: {error}");
    }
    // The name is a name: the digest is what a key is known by.
    let renamed = with_name("wide").unwrap();
    assert_eq!(renamed.layout(), ColumnLayout::Wide);
    assert_ne!(renamed.digest(), SIDES[0].own.key().digest());
    assert_ne!(renamed.digest(), SIDES[1].own.key().digest());
}
