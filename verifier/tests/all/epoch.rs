//! Epochs: their digest against an independent EIP-712, signatures and signers.

use alloy_sol_types::private::{FixedBytes, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct as _, sol};
use k256::ecdsa::SigningKey;
use proptest::prelude::*;
use zkmargin_margin::ids::{ContextId, Epoch as EpochNumber, ModelDigest, Timestamp};
use zkmargin_verifier::engine::Root;
use zkmargin_verifier::epoch::{
    EpochDigest, EpochPost, InvalidSigners, MalformedEpoch, NotSigned, Signature, SignatureError,
    SignedEpoch, Signer, Signers,
};

sol! {
    struct Epoch {
        bytes31 context;
        uint64 epoch;
        bytes32 stateRoot;
        bytes32 marketRoot;
        bytes31 model;
        uint64 marketTimestamp;
        uint32 priceMoveBps;
        uint64 reference;
        bytes32 previous;
    }
}

/// The digest by alloy's EIP-712.
fn alloy_digest(context: ContextId, post: &EpochPost) -> EpochDigest {
    let domain = Eip712Domain::new(Some("zk-margin".into()), Some("1".into()), None, None, None);
    let epoch = Epoch {
        context: FixedBytes::new(*context.as_bytes()),
        epoch: post.epoch.get(),
        stateRoot: FixedBytes::new(*post.state_root.as_bytes()),
        marketRoot: FixedBytes::new(*post.market_root.as_bytes()),
        model: FixedBytes::new(*post.model.as_bytes()),
        marketTimestamp: post.market_timestamp.get(),
        priceMoveBps: post.price_move_bps,
        reference: post.reference.get(),
        previous: FixedBytes::new(*post.previous.as_bytes()),
    };
    EpochDigest::new(epoch.eip712_signing_hash(&domain).0)
}

fn context() -> ContextId {
    ContextId::derive("my-protocol", 0, [0; 20])
}

fn post() -> EpochPost {
    EpochPost {
        epoch: EpochNumber::new(7),
        state_root: Root::new([0x11; 32]),
        market_root: Root::new([0x22; 32]),
        model: ModelDigest::of(b"a model"),
        market_timestamp: Timestamp::new(1_700_000_000),
        price_move_bps: 120,
        reference: EpochNumber::new(6),
        previous: EpochDigest::new([0x33; 32]),
    }
}

fn epoch() -> SignedEpoch {
    SignedEpoch { context: context(), post: post(), signatures: Vec::new() }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

fn sign(key: &SigningKey, digest: &EpochDigest) -> Signature {
    let (signature, recovery) = key.sign_prehash_recoverable(digest.as_bytes()).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = 27 + recovery.to_byte();
    Signature::new(bytes)
}

/// The address, computed anew.
fn address(key: &SigningKey) -> Signer {
    let point = key.verifying_key().to_encoded_point(false);
    let hash = keccak256(&point.as_bytes()[1..]);
    Signer::new(hash[12..].try_into().unwrap()).unwrap()
}

/// What contracts and other languages are held to.
#[test]
fn the_digest_of_a_known_epoch_is_known() {
    assert_eq!(
        post().digest(context()).to_string(),
        "0x707186dc724488cd4fd44948af2b6336878878825c0fa5be00ab614026866adb"
    );
}

proptest! {
    #[test]
    fn digests_are_those_of_eip_712(
        numbers: [u64; 3], bps: u32, roots: [[u8; 32]; 3], model: [u8; 8], protocol in "[a-z]{1,9}",
    ) {
        let context = ContextId::derive(&protocol, numbers[0], [0; 20]);
        let post = EpochPost {
            epoch: EpochNumber::new(numbers[0]),
            state_root: Root::new(roots[0]),
            market_root: Root::new(roots[1]),
            model: ModelDigest::of(&model),
            market_timestamp: Timestamp::new(numbers[1]),
            price_move_bps: bps,
            reference: EpochNumber::new(numbers[2]),
            previous: EpochDigest::new(roots[2]),
        };
        prop_assert_eq!(post.digest(context), alloy_digest(context, &post));
    }
}

#[test]
fn a_signature_is_of_the_key_that_made_it() {
    let digest = post().digest(context());
    // The first account of every local node.
    let known = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    let known = SigningKey::from_slice(&hex::decode(known).unwrap()).unwrap();
    let signer = sign(&known, &digest).signer(&digest).unwrap();
    assert_eq!(signer.to_string(), "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    assert_eq!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266".parse(), Ok(signer));
    for number in 1..=20 {
        let key = key(number);
        assert_eq!(sign(&key, &digest).signer(&digest), Ok(address(&key)));
    }
}

/// Order of the group, less one signature's `s`: the other spelling.
fn high(signature: Signature) -> Signature {
    let mut bytes = *signature.as_bytes();
    let s = k256::ecdsa::Signature::from_slice(&bytes[..64]).unwrap().s();
    bytes[32..64].copy_from_slice(&(-*s).to_bytes());
    bytes[64] = 27 + 28 - bytes[64];
    Signature::new(bytes)
}

#[test]
fn a_signature_has_one_spelling() {
    let digest = post().digest(context());
    let good = sign(&key(1), &digest);
    let with = |at: usize, byte: u8| {
        let mut bytes = *good.as_bytes();
        bytes[at] = byte;
        Signature::new(bytes).signer(&digest)
    };
    assert_eq!(high(good).signer(&digest), Err(SignatureError::HighS));
    for v in [0, 1, 26, 29, 255] {
        assert_eq!(with(64, v), Err(SignatureError::Recovery { got: v }));
    }
    let mut zero = *good.as_bytes();
    zero[32..64].fill(0);
    assert_eq!(Signature::new(zero).signer(&digest), Err(SignatureError::Range));
    let mut above = *good.as_bytes();
    above[..32].fill(0xff);
    assert_eq!(Signature::new(above).signer(&digest), Err(SignatureError::Range));
    // In range, and of another key or of none.
    assert_ne!(with(0, good.as_bytes()[0] ^ 1), Ok(address(&key(1))));
    assert!("0x00".parse::<Signature>().is_err());
    assert!(good.to_string().to_uppercase().parse::<Signature>().is_err());
    assert!(Signer::new([0; 20]).is_none());
}

#[test]
fn signers_are_few_ascending_and_enough() {
    let mut all: Vec<_> = (1..=33).map(|number| address(&key(number))).collect();
    all.sort();
    let (few, first) = (all[..3].to_vec(), all[0]);
    assert!(Signers::new(3, few.clone()).is_ok());
    assert!(Signers::new(32, all[..32].to_vec()).is_ok());
    assert_eq!(Signers::new(1, all), Err(InvalidSigners::Number { got: 33 }));
    assert_eq!(Signers::new(1, Vec::new()), Err(InvalidSigners::Number { got: 0 }));
    for threshold in [0, 4] {
        let error = InvalidSigners::Threshold { threshold, signers: 3 };
        assert_eq!(Signers::new(threshold, few.clone()), Err(error));
    }
    let twice = vec![first, first];
    assert_eq!(Signers::new(1, twice), Err(InvalidSigners::Order { signer: first }));
    let parse = |text: &str| serde_json::from_str::<Signers>(text);
    assert!(parse(&format!(r#"{{"threshold": 1, "signers": ["{first}"]}}"#)).is_ok());
    for wrong in [
        format!(r#"{{"threshold": 2, "signers": ["{first}"]}}"#),
        format!(r#"{{"threshold": 1, "signers": ["{first}", "{first}"]}}"#),
        format!(r#"{{"threshold": 1, "signers": ["{first}"], "more": 1}}"#),
        format!(r#"{{"threshold": 1, "signers": ["0x{}"]}}"#, "0".repeat(40)),
        format!(r#"{{"signers": ["{first}"]}}"#),
    ] {
        assert!(parse(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn m_of_n_must_have_signed_and_nobody_else() {
    let mut keys: Vec<_> = (1..=4).map(key).collect();
    keys.sort_by_key(address);
    let stranger = address(&keys[3]);
    let signers = Signers::new(2, keys[..3].iter().map(address).collect()).unwrap();
    let digest = epoch().digest();
    let signed =
        |by: &[usize]| -> Vec<_> { by.iter().map(|at| sign(&keys[*at], &digest)).collect() };
    for (by, count) in [(&[0, 1][..], 2), (&[0, 2], 2), (&[0, 1, 2], 3)] {
        assert_eq!(signers.check(&digest, &signed(by)), Ok(count));
    }
    let few = |signed| Err(NotSigned::TooFew { signed, threshold: 2, signers: 3 });
    assert_eq!(signers.check(&digest, &[]), few(0));
    assert_eq!(signers.check(&digest, &signed(&[2])), few(1));
    let order = |at: usize| Err(NotSigned::Order { place: 2, signer: address(&keys[at]) });
    assert_eq!(signers.check(&digest, &signed(&[1, 0])), order(0));
    assert_eq!(signers.check(&digest, &signed(&[1, 1])), order(1));
    let error = Err(NotSigned::Stranger { place: 3, signer: stranger });
    assert_eq!(signers.check(&digest, &signed(&[0, 1, 3])), error);
    // Signatures of another context, or of another epoch, are strangers' here.
    for other in [
        post().digest(ContextId::derive("another", 0, [0; 20])),
        EpochPost { epoch: EpochNumber::new(8), ..post() }.digest(context()),
    ] {
        let result = signers.check(&other, &signed(&[0, 1]));
        assert!(matches!(result, Err(NotSigned::Stranger { place: 1, .. })), "{result:?}");
    }
}

#[test]
fn signatures_are_added_in_order_and_once() {
    let mut epoch = epoch();
    let mut keys: Vec<_> = (1..=3).map(key).collect();
    keys.sort_by_key(address);
    for at in [2, 0, 1, 2] {
        let signature = sign(&keys[at], &epoch.digest());
        assert_eq!(epoch.add(signature), Ok(address(&keys[at])));
    }
    let all: Vec<_> = keys.iter().map(address).collect();
    assert_eq!(epoch.signed_by(), Ok(all.clone()));
    assert_eq!(epoch.check(&Signers::new(3, all).unwrap()), Ok(3));
    assert_eq!(SignedEpoch::parse(epoch.to_json().as_bytes()), Ok(epoch));
}

#[test]
fn files_are_read_strictly() {
    let mut epoch = epoch();
    let signature = sign(&key(1), &epoch.digest());
    epoch.add(signature).unwrap();
    let text = epoch.to_json();
    let parse = |text: &str| SignedEpoch::parse(text.as_bytes());
    assert_eq!(parse(&text), Ok(epoch.clone()));
    let field = |name: &str, value: &str| {
        let line = text.lines().find(|line| line.contains(&format!("\"{name}\":"))).unwrap();
        let end = if line.ends_with(',') { "," } else { "" };
        text.replace(line, &format!("  \"{name}\": {value}{end}"))
    };
    assert_eq!(parse(&field("format", "\"zkmargin-proof\"")), Err(MalformedEpoch::Format));
    assert_eq!(parse(&field("version", "2")), Err(MalformedEpoch::Version { got: 2 }));
    let upper = format!("\"0x{}\"", "AB".repeat(31));
    for name in ["context", "model"] {
        let error = Err(MalformedEpoch::NotCanonical { field: name });
        assert_eq!(parse(&field(name, &upper)), error);
    }
    for (name, value) in [
        ("epoch", "-1"),
        ("epoch", "18446744073709551616"),
        ("epoch", "1.0"),
        ("epoch", "\"7\""),
        ("market_timestamp", "null"),
        ("price_move_bps", "4294967296"),
        ("price_move_bps", "null"),
        ("state_root", "\"0x11\""),
        ("market_root", &format!("\"0x{}\"", "AB".repeat(32))),
        ("previous", "\"\""),
        ("context", "\"0x11\""),
        ("model", "7"),
    ] {
        let result = parse(&field(name, value));
        assert!(matches!(result, Err(MalformedEpoch::Json { .. })), "{name} {value}: {result:?}");
    }
    for name in ["epoch", "price_move_bps", "reference", "previous", "signatures"] {
        let renamed = text.replace(&format!("\"{name}\":"), "\"another\":");
        assert!(matches!(parse(&renamed), Err(MalformedEpoch::Json { .. })), "{name}");
    }
    let twice = text.replace("\"epoch\": 7,", "\"epoch\": 7,\n  \"epoch\": 7,");
    assert!(matches!(parse(&twice), Err(MalformedEpoch::Json { .. })));
    let long = format!("{text}{}", " ".repeat(16 * 1024));
    assert!(matches!(parse(&long), Err(MalformedEpoch::TooLarge { .. })));
    epoch.signatures = vec![signature; 33];
    let many = MalformedEpoch::TooManySignatures { got: 33 };
    assert_eq!(parse(&epoch.to_json()), Err(many));
}
