//! Seeds that nobody chooses: rounds of a drand beacon.
//!
//! A rule that draws may name a beacon by its public key, and which of its rounds an epoch
//! draws from. The snapshot then holds the beacon's signature of that round: whoever has the
//! model checks it, and the seed is its SHA-256, which drand calls the round's randomness.
//! Neither the publisher nor anybody short of a threshold of the beacon's nodes knows or
//! chooses it before the round.
//!
//! Beacons whose signatures are in G1 and hashed as RFC 9380 says, of rounds that are not
//! chained, as drand's *quicknet*: <https://docs.drand.love>.

use drand_verify::{G2PubkeyRfc, Pubkey as _, derive_randomness};
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::Epoch;

use crate::simulation::error::SimulationError;

/// A beacon, and the round of each epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beacon {
    /// Its public key: `0x` and 192 hexadecimal digits.
    pub public_key: Key,
    /// The round of epoch 1.
    pub first_round: u64,
    /// Rounds from one epoch to the next: at least 1.
    pub rounds_per_epoch: u64,
}

/// A point of G2, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key([u8; 96]);

/// A beacon's signature of a round, a point of G1, compressed: `0x` and 96 hexadecimal
/// digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature([u8; 48]);

/// A text that is not bytes in hexadecimal digits, of their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed are 0x and {digits} hexadecimal digits")]
pub struct ParseHexError {
    digits: usize,
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], ParseHexError> {
    let refused = ParseHexError { digits: 2 * N };
    let mut bytes = [0; N];
    let digits = text.strip_prefix("0x").ok_or(refused)?;
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| refused)?;
    Ok(bytes)
}

impl TryFrom<String> for Key {
    type Error = ParseHexError;

    fn try_from(text: String) -> Result<Self, ParseHexError> {
        bytes(&text).map(Self)
    }
}

impl From<Key> for String {
    fn from(Key(bytes): Key) -> Self {
        format!("0x{}", hex::encode(bytes))
    }
}

impl TryFrom<String> for Signature {
    type Error = ParseHexError;

    fn try_from(text: String) -> Result<Self, ParseHexError> {
        bytes(&text).map(Self)
    }
}

impl From<Signature> for String {
    fn from(Signature(bytes): Signature) -> Self {
        format!("0x{}", hex::encode(bytes))
    }
}

impl Beacon {
    /// Checks the key and the rounds.
    ///
    /// # Errors
    /// When the key is no point of the group, or rounds are below 1.
    pub fn check(&self) -> Result<(), SimulationError> {
        if self.first_round == 0 || self.rounds_per_epoch == 0 {
            return Err(SimulationError::BeaconRounds);
        }
        self.key().map(|_| ())
    }

    fn key(&self) -> Result<G2PubkeyRfc, SimulationError> {
        // Under the point at infinity the signature of every round is the same one.
        if self.public_key.0[0] & INFINITY != 0 {
            return Err(SimulationError::BeaconKey);
        }
        G2PubkeyRfc::from_fixed(self.public_key.0).map_err(|_| SimulationError::BeaconKey)
    }

    /// The round that an epoch draws from: later for every later epoch.
    ///
    /// # Errors
    /// When it is epoch 0, or beyond the last round that there is.
    pub fn round(&self, epoch: Epoch) -> Result<u64, SimulationError> {
        let beyond = SimulationError::BeaconEpoch { epoch: epoch.get() };
        let after = epoch.get().checked_sub(1);
        let rounds = after.and_then(|after| after.checked_mul(self.rounds_per_epoch));
        rounds.and_then(|rounds| rounds.checked_add(self.first_round)).ok_or(beyond)
    }

    /// The seed of an epoch, when the signature is the beacon's of its round.
    ///
    /// # Errors
    /// When it is not.
    pub fn seed(&self, epoch: Epoch, signature: Signature) -> Result<[u8; 32], SimulationError> {
        let round = self.round(epoch)?;
        // The empty text: rounds are not chained.
        match self.key()?.verify(round, b"", &signature.0) {
            Ok(true) => Ok(derive_randomness(&signature.0)),
            Ok(false) | Err(_) => Err(SimulationError::BeaconSignature { round }),
        }
    }
}

/// The bit of a compressed point that is no finite one.
const INFINITY: u8 = 0x40;

#[cfg(test)]
mod tests {
    use super::*;

    /// Round 123 of quicknet, <https://api.drand.sh> (in `drand-verify`'s tests too).
    const SIGNATURE: &str = "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482\
        e26cd02df835d3546d23c4b13e0dfc92";
    const QUICKNET: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c\
        8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb\
        5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";

    fn key(digits: &str) -> Key {
        Key::try_from(format!("0x{digits}")).unwrap()
    }

    fn beacon() -> Beacon {
        Beacon { public_key: key(QUICKNET), first_round: 23, rounds_per_epoch: 50 }
    }

    fn signature() -> Signature {
        Signature::try_from(format!("0x{SIGNATURE}")).unwrap()
    }

    #[test]
    fn the_seed_is_the_randomness_of_the_epochs_round() {
        let beacon = beacon();
        beacon.check().unwrap();
        let rounds = [1, 2, 3].map(|epoch| beacon.round(Epoch::new(epoch)).unwrap());
        assert_eq!(rounds, [23, 73, 123]);
        let seed = beacon.seed(Epoch::new(3), signature()).unwrap();
        // SHA-256 of the signature's bytes.
        let expected = "fb8f7bc29bf24db51871ec8c79f3a1e4bd0557bc0dfcee9ed1d924e69d1c60dc";
        assert_eq!(hex::encode(seed), expected);
    }

    #[test]
    fn no_other_round_key_or_signature_makes_a_seed() {
        let refused = |beacon: &Beacon, epoch, signature| {
            beacon.seed(Epoch::new(epoch), signature).unwrap_err().to_string()
        };
        for epoch in [1, 2, 4] {
            let error = refused(&beacon(), epoch, signature());
            assert!(error.contains("is not the beacon's of round"), "{error}");
        }
        assert!(refused(&beacon(), 0, signature()).contains("epoch 0"));
        assert!(refused(&beacon(), u64::MAX, signature()).contains("18446744073709551615"));
        // Flipped in its last bit, of no point, and the point at infinity.
        for (place, bits) in [(47, 1), (0, 0x80), (5, 0xff)] {
            let Signature(mut bytes) = signature();
            bytes[place] ^= bits;
            let error = refused(&beacon(), 3, Signature(bytes));
            assert!(error.contains("round 123"), "{error}");
        }
        let mut infinity = [0; 48];
        infinity[0] = 0xc0;
        assert!(refused(&beacon(), 3, Signature(infinity)).contains("round 123"));
    }

    #[test]
    fn keys_and_rounds_are_checked() {
        let Key(mut other) = key(QUICKNET);
        other[95] ^= 1;
        let mut infinity = [0; 96];
        infinity[0] = 0xc0;
        for wrong in [other, infinity, [0xff; 96]] {
            let beacon = Beacon { public_key: Key(wrong), ..beacon() };
            assert!(matches!(beacon.check(), Err(SimulationError::BeaconKey)));
            assert!(beacon.seed(Epoch::new(3), signature()).is_err());
        }
        for (first_round, rounds_per_epoch) in [(0, 1), (1, 0)] {
            let beacon = Beacon { first_round, rounds_per_epoch, ..beacon() };
            assert!(matches!(beacon.check(), Err(SimulationError::BeaconRounds)));
        }
        assert!(Key::try_from("0x12".to_owned()).unwrap_err().to_string().contains("192"));
        assert!(Signature::try_from("12".to_owned()).unwrap_err().to_string().contains("96"));
        let text = serde_json::to_string(&beacon()).unwrap();
        assert_eq!(serde_json::from_str::<Beacon>(&text).unwrap(), beacon());
    }
}
