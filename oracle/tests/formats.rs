//! Real messages are read, and any change of them is refused or signed by
//! nobody who counts.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Package, node, payload};
use zkmargin_oracle::format::{FormatError, Observation, read};
use zkmargin_oracle::{Oracle, Signer};

const STORK: &str = include_str!("../fixtures/stork.json");
const STORK_NEGATIVE: &str = include_str!("../fixtures/stork_negative.json");
const CHAINLINK: &str = include_str!("../fixtures/chainlink_v3.hex");
const PYTH: &str = include_str!("../fixtures/pyth_hermes.json");
const LAZER: &str = include_str!("../fixtures/pyth_lazer.hex");

fn one(text: &str, expected: Oracle) -> Observation {
    let (oracle, observations) = read(text).unwrap();
    assert_eq!(oracle, expected);
    observations.into_iter().next().unwrap()
}

fn signed_by(observation: &Observation, signer: &str) -> bool {
    observation.signers.contains(&signer.parse::<Signer>().unwrap())
}

#[test]
fn stork() {
    let seen = one(STORK, Oracle::Stork);
    assert_eq!(seen.feed, "POSITIVE_ASSET_1");
    assert_eq!(seen.price.to_string(), "100002");
    assert_eq!(seen.time, 1_757_543_080_509);
    assert!(signed_by(&seen, "0xC4A02e7D370402F4afC36032076B05e74FF81786"));
    // Signed, and no price.
    assert!(matches!(read(STORK_NEGATIVE), Err(FormatError::Price { .. })));
    for (from, to) in [
        ("\"100002000000000000000000\"", "\"100003000000000000000000\""),
        ("1757543080509034593", "1757543080509034594"),
        ("\"POSITIVE_ASSET_1\"", "\"POSITIVE_ASSET_2\""),
        ("0x7dbca747", "0x7dbca748"),
        ("9be7e9f9", "9be7e9f8"),
        ("0x1c", "0x1d"),
        ("0xC4A02e7D", "0xC4A02e7E"),
    ] {
        assert!(STORK.contains(from), "{from}");
        assert!(read(&STORK.replace(from, to)).is_err(), "{from}");
    }
}

#[test]
fn chainlink() {
    let seen = one(CHAINLINK, Oracle::Chainlink);
    assert_eq!(seen.feed, "0x00030ab7d02fbba9c6304f98824524407b1f494741174320cfd17a2c22eec1de");
    assert_eq!(seen.price.to_string(), "0.6954102420437865");
    assert_eq!(seen.time, 1_722_348_998_000);
    assert_eq!(seen.signers.len(), 6);
}

#[test]
fn pyth() {
    let seen = one(PYTH, Oracle::Pyth);
    assert_eq!(seen.feed, "0xe62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43");
    assert_eq!(seen.price.to_string(), "107142.25620151");
    assert_eq!(seen.time, 1_734_371_204_000);
    // Thirteen of the nineteen guardians of set 4; three of them here.
    assert_eq!(seen.signers.len(), 13);
    for guardian in [
        "5893B5A76c3f739645648885bDCcC06cd70a3Cd3",
        "114De8460193bdf3A2fCf81f86a09765F4762fD1",
        "107A0086b32d7A0977926A205131d8731D39cbEB",
    ] {
        assert!(signed_by(&seen, guardian), "{guardian}");
    }
}

#[test]
fn lazer() {
    let (oracle, observations) = read(LAZER).unwrap();
    assert_eq!(oracle, Oracle::PythLazer);
    let [seen] = &observations[..] else { panic!("{observations:?}") };
    assert_eq!((seen.feed.as_str(), seen.time), ("1", 1_771_339_368_200));
    assert_eq!(seen.price.to_string(), "67134.36287632");
    assert!(signed_by(seen, "80efc1f480c5615af3fb673d42287e993da9fbc3506b6e41dfa32950820c2e6c"));
}

#[test]
fn redstone() {
    let packages = [(1, 8_396_206_788_771), (2, 8_396_200_000_000)].map(|(node, value)| Package {
        node,
        feed: "BTC",
        value,
        time: 1_744_829_680_000,
    });
    let (oracle, mut observations) = read(&payload(&packages)).unwrap();
    assert_eq!(oracle, Oracle::Redstone);
    // It is read from its end.
    observations.reverse();
    for (seen, number) in observations.iter().zip(1..) {
        assert_eq!((seen.feed.as_str(), seen.time), ("BTC", 1_744_829_680_000));
        assert_eq!(seen.signers.first(), Some(&node(number).1));
    }
    assert_eq!(observations[0].price.to_string(), "83962.06788771");
}

/// Cut anywhere, or with any byte changed, a report is refused, or what it then
/// says is signed by nobody who signed the whole one.
#[test]
fn no_change_keeps_a_signature() {
    let package = Package { node: 1, feed: "BTC", value: 1, time: 1_744_829_680_000 };
    for whole in [payload(&[package]), CHAINLINK.trim().to_owned(), LAZER.trim().to_owned()] {
        let (oracle, honest) = read(&whole).unwrap();
        let bytes = hex::decode(&whole).unwrap();
        for end in (0..bytes.len()).step_by(3) {
            assert!(read(&hex::encode(&bytes[..end])).is_err(), "{oracle}: cut at {end}");
        }
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            let Ok((_, lies)) = read(&hex::encode(changed)) else { continue };
            for (lie, truth) in lies.iter().zip(&honest) {
                let same =
                    (&lie.feed, lie.price, lie.time) == (&truth.feed, truth.price, truth.time);
                let kept = lie.signers.intersection(&truth.signers).count();
                // A changed signature is one signer less; another message is signed by none.
                let allowed = if same { truth.signers.len() } else { 0 };
                assert!(kept <= allowed, "{oracle}: byte {index}");
            }
        }
    }
}

#[test]
fn other_texts_are_of_no_format() {
    for text in ["", "zz", "0x1234", "{}", "[1]", "\u{feff}{}"] {
        assert!(read(text).is_err(), "{text}");
    }
}
