//! Proof files: one spelling per value, typed complaints, no panics.

use ff::Field;
use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::srs::{SrsId, SrsMark};
use zkmargin_verifier::MalformedProof as M;
use zkmargin_verifier::error::JsonProblem;
use zkmargin_verifier::proof::{CircuitId, Family, MAX_BYTES, ProofFile};

const CIRCUIT: CircuitId = CircuitId::usual(Family::Standard, Shape::Small, ProofSystem::Ipa);

fn instance() -> MarginInstance<Fp> {
    MarginInstance {
        context: ContextId::derive("test", 1, [0; 20]),
        epoch: Epoch::new(7),
        account: AccountId::new([0xab; 20]),
        state_root: -Fp::ONE,
        market_root: Fp::from(5),
        model: ModelDigest::of(b"model"),
        claim: Claim::new(Side::AtLeast, Level::Maintenance).unwrap(),
        disclosed: Shortfall::NONE,
        memo: Memo::NONE,
    }
}

fn file() -> ProofFile<Fp> {
    ProofFile::new(CIRCUIT, instance(), vec![1, 2, 3, 4]).unwrap()
}

fn parse(text: &str) -> Result<ProofFile<Fp>, M> {
    ProofFile::parse(text.as_bytes())
}

/// The file with one piece of text replaced, which must be there.
fn with(from: &str, to: &str) -> Result<ProofFile<Fp>, M> {
    let text = file().to_json();
    assert_eq!(text.matches(from).count(), 1, "{from}");
    parse(&text.replace(from, to))
}

fn not_canonical(result: Result<ProofFile<Fp>, M>) -> &'static str {
    match result {
        Err(M::NotCanonical { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn round_trip() {
    assert_eq!(parse(&file().to_json()), Ok(file()));
    // Any JSON writer's layout is read.
    let value: serde_json::Value = serde_json::from_str(&file().to_json()).unwrap();
    assert_eq!(parse(&value.to_string()), Ok(file()));
}

#[test]
fn versions_and_names() {
    assert_eq!(CIRCUIT.to_string(), "standard-small-ipa");
    assert_eq!(with("zkmargin-proof", "zkmargin-prof"), Err(M::Format));
    assert_eq!(with("\"version\": 1", "\"version\": 2"), Err(M::Version { got: 2, allowed: 1 }));
    assert_eq!(
        with("\"statement\": 2", "\"statement\": 1"),
        Err(M::Statement { got: 1, allowed: 2 })
    );
    for (from, to, expected) in [
        ("\"standard\"", "\"Standard\"", "family"),
        ("\"small\"", "\"tiny\"", "shape"),
        ("\"ipa\"", "\"groth16\"", "proof_system"),
        ("at-least:maintenance", "at-least:bankrupt", "claim"),
        ("at-least:maintenance", "at-least: maintenance", "claim"),
        ("at-least:maintenance", "at-least:maintenance,multiplier:1", "claim"),
    ] {
        match with(from, to) {
            Err(M::UnknownName { field, .. }) => assert_eq!(field, expected),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(with("pasta-fp", "pasta-fq"), Err(M::OtherField { allowed: "pasta-fp" }));
}

/// A proof is made for its field, and under powers of tau where there are any.
/// A deep shape is of one family: no file of another names it, read or made.
#[test]
fn a_family_has_its_shapes_alone() {
    let deep = CircuitId { shape: Shape::Deep, ..CIRCUIT };
    let refused = |result| matches!(result, Err(M::UnknownName { field: "shape", .. }));
    assert!(refused(ProofFile::new(deep, instance(), file().proof().to_vec())));
    assert!(refused(with("\"shape\": \"small\"", "\"shape\": \"deep\"")));
    assert!(refused(with("\"shape\": \"small\"", "\"shape\": \"huge\"")));
    let deep = CircuitId { family: Family::Simulation, ..deep };
    let made = ProofFile::new(deep, instance(), file().proof().to_vec()).unwrap();
    assert_eq!(parse(&made.to_json()), Ok(made));
}

#[test]
fn proofs_are_made_for_their_proof_system() {
    let srs = SrsMark { id: SrsId::of_tau_g2(&[7; 128]), insecure: true };
    let under_srs = ProofFile::under_srs(CIRCUIT, srs, instance(), vec![1]);
    assert_eq!(under_srs, Err(M::UnknownField { name: "srs".into() }));
    let kzg = CircuitId::usual(CIRCUIT.family, CIRCUIT.shape, ProofSystem::Kzg);
    let other_field = ProofFile::under_srs(kzg, srs, instance(), vec![1]);
    assert_eq!(other_field, Err(M::OtherField { allowed: "pasta-fp" }));

    let MarginInstance { context, epoch, account, model, claim, disclosed, memo, .. } = instance();
    let instance = MarginInstance {
        context,
        epoch,
        account,
        state_root: Bn254Fr::ZERO,
        market_root: Bn254Fr::ONE,
        model,
        claim,
        disclosed,
        memo,
    };
    let bare = ProofFile::new(kzg, instance, vec![1]);
    assert_eq!(bare, Err(M::MissingField { field: "srs" }));
    let made = ProofFile::under_srs(kzg, srs, instance, vec![1]).unwrap();
    assert_eq!((made.srs(), made.circuit()), (Some(srs), kzg));
    assert_eq!(ProofFile::parse(made.to_json().as_bytes()), Ok(made));
}

#[test]
fn one_spelling_per_value() {
    let root = |root: Fp| format!("0x{}", hex::encode(root.to_be_bytes()));
    // The modulus ends in 1: it is the largest element with another last digit.
    let largest = root(-Fp::ONE);
    let over = format!("{}1", &largest[..largest.len() - 1]);
    assert_eq!(not_canonical(with(&root(-Fp::ONE), &over)), "state_root");
    assert_eq!(not_canonical(with(&root(Fp::from(5)), &over)), "market_root");
    let upper = |text: String| text.to_uppercase().replace("0X", "0x");
    let context = instance().context.to_string();
    let model = instance().model.to_string();
    let account = instance().account.to_string();
    assert_eq!(not_canonical(with(&context, &upper(context.clone()))), "context");
    assert_eq!(not_canonical(with(&model, &upper(model.clone()))), "model");
    assert_eq!(not_canonical(with(&account, &upper(account.clone()))), "account");
    assert_eq!(not_canonical(with(&account, &account[..40])), "account");
    assert_eq!(not_canonical(with(&account, &account[2..])), "account");
    for disclosed in ["00", "01", "+1", "-0", "", "1.0", "20282409603651670423947251286016"] {
        let to = format!("\"disclosed\": \"{disclosed}\"");
        assert_eq!(not_canonical(with("\"disclosed\": \"0\"", &to)), "disclosed");
    }
    // The bytes 1, 2, 3, 4 are AQIDBA==: no padding, stray bits, other alphabet.
    for proof in ["AQIDBA", "AQIDBB==", "AQIDBA=", "AQID BA==", "AQID-A=="] {
        assert_eq!(not_canonical(with("AQIDBA==", proof)), "proof");
    }
}

#[test]
fn fields_once_and_no_others() {
    assert_eq!(
        with("\"family\"", "\"familiy\": 1, \"family\""),
        Err(M::UnknownField { name: "familiy".into() })
    );
    assert_eq!(
        with("\"epoch\"", "\"epoc\": 1, \"epoch\""),
        Err(M::UnknownField { name: "epoc".into() })
    );
    assert_eq!(with("\"epoch\": 7,", ""), Err(M::MissingField { field: "epoch" }));
    assert_eq!(
        with("\"epoch\": 7", "\"epoch\": 7, \"epoch\": 7"),
        Err(M::DuplicateField { field: "epoch" })
    );
    for epoch in ["\"7\"", "{}"] {
        match with("\"epoch\": 7", &format!("\"epoch\": {epoch}")) {
            Err(M::WrongType { field, .. }) => assert_eq!(field, "epoch"),
            other => panic!("{other:?}"),
        }
    }
    // Neither fractions, negative numbers, lists, nulls nor escapes.
    for epoch in ["7.0", "-7", "7e0", "-0", "[7]", "null", "18446744073709551616", "\"\\u0037\""] {
        match with("\"epoch\": 7", &format!("\"epoch\": {epoch}")) {
            Err(M::Json { problem: JsonProblem::Type, line: 11, .. }) => {}
            other => panic!("{epoch}: {other:?}"),
        }
    }
}

#[test]
fn size_is_checked_first() {
    let text = vec![b'{'; MAX_BYTES + 1];
    let size = MAX_BYTES + 1;
    assert_eq!(ProofFile::<Fp>::parse(&text), Err(M::TooLarge { size, limit: MAX_BYTES }));
    // Deep nesting is refused, not recursed into.
    let deep = "{\"a\":".repeat(MAX_BYTES / 5);
    assert!(matches!(parse(&deep), Err(M::Json { .. })));
    assert!(ProofFile::new(CIRCUIT, instance(), vec![0; MAX_BYTES]).is_err());
}

#[test]
fn a_file_may_have_the_size_of_the_limit() {
    let text = file().to_json();
    let white = " ".repeat(MAX_BYTES - text.len());
    assert_eq!(parse(&(text + &white)), Ok(file()));
    // Base64 comes in fours: digits of the epoch make up the rest.
    let sized = |digits: u32, proof: usize| {
        let instance = MarginInstance { epoch: Epoch::new(10_u64.pow(digits)), ..instance() };
        ProofFile::new(CIRCUIT, instance, vec![0; proof])
    };
    let left = |digits| MAX_BYTES - sized(digits, 0).unwrap().to_json().len();
    let digits = (0..4).find(|digits| left(*digits).is_multiple_of(4)).unwrap();
    let most = left(digits) / 4 * 3;
    assert_eq!(sized(digits, most).unwrap().to_json().len(), MAX_BYTES);
    let (size, limit) = (MAX_BYTES + 4, MAX_BYTES);
    assert_eq!(sized(digits, most + 1), Err(M::TooLarge { size, limit }));
}

#[test]
fn every_truncation_is_malformed() {
    let text = file().to_json();
    for length in 0..text.len() - 1 {
        match parse(&text[..length]) {
            Err(M::Json { problem: JsonProblem::CutOff, .. }) => {}
            // Cut right after the closing brace, nothing is missing.
            Ok(_) if length == text.trim_end().len() => {}
            other => panic!("{length}: {other:?}"),
        }
    }
}

#[test]
fn every_bit_flip_is_malformed_or_another_proof() {
    let text = file().to_json().into_bytes();
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut flipped = text.clone();
            flipped[at] ^= 1 << bit;
            if let Ok(parsed) = ProofFile::<Fp>::parse(&flipped) {
                let white = |byte: u8| byte.is_ascii_whitespace();
                assert!(parsed != file() || white(text[at]) && white(flipped[at]));
            }
        }
    }
}

/// Codes of claims with dials; some are none.
fn any_code() -> impl Strategy<Value = u64> {
    let dial = || prop_oneof![Just(0), 0_u64..1 << 24];
    (0_u64..8, dial(), dial()).prop_map(|(plain, m, l)| plain | m << 8 | l << 40)
}

fn arb_instance() -> impl Strategy<Value = MarginInstance<Fp>> {
    let roots = (any::<[u8; 32]>(), any::<[u8; 32]>());
    let ids = (any::<[u8; 20]>(), any::<u64>(), any::<[u8; 8]>());
    (roots, ids, any_code(), 0u128..1 << 104).prop_map(
        |((a, b), (account, epoch, model), code, units)| {
            let element = |bytes: [u8; 32]| Fp::from_be_digest(&bytes) - Fp::from(3);
            MarginInstance {
                context: ContextId::derive("any", epoch, account),
                epoch: Epoch::new(epoch),
                account: AccountId::new(account),
                state_root: element(a),
                market_root: element(b),
                model: ModelDigest::of(&model),
                claim: Claim::from_code(code).unwrap_or(instance().claim),
                disclosed: Shortfall::new(units).unwrap(),
                memo: Memo::of(&account).unwrap(),
            }
        },
    )
}

proptest! {
    #[test]
    fn any_proof_round_trips(
        instance in arb_instance(),
        proof in prop::collection::vec(any::<u8>(), 0..2_000),
        shape in 0usize..3,
    ) {
        let circuit = CircuitId { shape: Shape::ALL[shape], ..CIRCUIT };
        let file = ProofFile::new(circuit, instance, proof).unwrap();
        prop_assert_eq!(parse(&file.to_json()), Ok(file));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        prop_assert!(ProofFile::<Fp>::parse(&bytes).is_err());
    }
}
