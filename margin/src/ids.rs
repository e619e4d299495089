//! Who and what: accounts, epochs, instruments, digests.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha3::{Digest, Keccak256};
use zeroize::Zeroize;

use crate::field::MarginField;

/// A text that is not the hexadecimal form of an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be 0x and {digits} hexadecimal digits{}", if *.digits == ACCOUNT_DIGITS { ACCOUNT_NOTE } else { "" })]
pub struct ParseIdError {
    what: &'static str,
    digits: usize,
}

/// Digits of an account.
const ACCOUNT_DIGITS: usize = 40;
/// What to do with another name of an account.
const ACCOUNT_NOTE: &str =
    "; of an owner named otherwise (dydx1..., a Solana key) `zkmargin account` derives it";

/// Implements the `0x...` text form, serde and the field embedding of a
/// byte-array identifier.
macro_rules! hex_id {
    ($name:ident, $len:literal, $what:literal) => {
        impl $name {
            /// The bytes, most significant first.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The field element: the bytes as a big-endian integer.
            pub fn to_field<F: MarginField>(&self) -> F {
                F::from_be_digest(&self.0)
            }

            /// Reads the identifier back from 32 big-endian bytes; `None` when
            /// the value is too large.
            pub fn from_be_bytes(bytes: &[u8; 32]) -> Option<Self> {
                let (zero, tail) = bytes.split_at(32 - $len);
                let mut id = [0; $len];
                id.copy_from_slice(tail);
                zero.iter().all(|byte| *byte == 0).then_some(Self(id))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let mut id = [0; $len];
                text.strip_prefix("0x")
                    .and_then(|digits| hex::decode_to_slice(digits, &mut id).ok())
                    .map(|()| Self(id))
                    .ok_or(ParseIdError { what: $what, digits: 2 * $len })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// An account: 20 bytes, on the EVM its address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 20]);
hex_id!(AccountId, 20, "an account");

impl AccountId {
    /// An account by its bytes.
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The account of an owner's subaccount: the last 20 bytes of the Keccak-256 of
    /// `"zkmargin account" || 0x01 || length of owner (1) || owner || sub (4)`, the
    /// number big-endian. The owner is the 20 bytes of an EVM address, those that a
    /// bech32 address holds, or the 32 of a base58 key. Contracts compute the same.
    ///
    /// `None` for an owner of no or of more than 255 bytes.
    ///
    /// ```
    /// use zkmargin_margin::ids::AccountId;
    ///
    /// let owner = [0xa1; 20];
    /// let account = AccountId::derive(&owner, 0).unwrap();
    /// assert_ne!(account, AccountId::derive(&owner, 1).unwrap());
    /// assert_ne!(account, AccountId::new(owner));
    /// ```
    pub fn derive(owner: &[u8], sub: u32) -> Option<Self> {
        let length = u8::try_from(owner.len()).ok().filter(|length| *length > 0)?;
        let mut hasher = Keccak256::new();
        hasher.update(b"zkmargin account");
        hasher.update([ACCOUNT_DERIVATION, length]);
        hasher.update(owner);
        hasher.update(sub.to_be_bytes());
        let hash: [u8; 32] = hasher.finalize().into();
        Some(Self(core::array::from_fn(|i| hash[12 + i])))
    }
}

/// Version of [`AccountId::derive`].
const ACCOUNT_DERIVATION: u8 = 1;

/// Domain separation of a deployment: a proof made for one protocol, chain,
/// contract or statement version says nothing to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextId([u8; 31]);
hex_id!(ContextId, 31, "a context");

impl ContextId {
    /// The context of a deployment: the first 31 bytes of the Keccak-256 of
    /// `"zkmargin" || version (2) || chain (8) || verifier (20) || protocol`,
    /// integers big-endian. `verifier` is the contract's address, or zero for a
    /// protocol that verifies natively.
    pub fn derive(protocol: &str, chain: u64, verifier: [u8; 20]) -> Self {
        let mut hasher = Keccak256::new();
        hasher.update(b"zkmargin");
        hasher.update(crate::STATEMENT_VERSION.to_be_bytes());
        hasher.update(chain.to_be_bytes());
        hasher.update(verifier);
        hasher.update(protocol.as_bytes());
        Self(truncate(hasher.finalize().into()))
    }

    /// The context of a deployment on a chain whose identifier is a text and whose
    /// addresses are longer than the EVM's, as those of CosmWasm are: the first 31
    /// bytes of the Keccak-256 of `"zkmargin cosmwasm" || version (2) || length of
    /// chain (8) || chain || length of contract (8) || contract || protocol`,
    /// integers big-endian. `contract` is the contract's canonical address.
    pub fn derive_cosmwasm(protocol: &str, chain: &str, contract: &[u8]) -> Self {
        let mut hasher = Keccak256::new();
        hasher.update(b"zkmargin cosmwasm");
        hasher.update(crate::STATEMENT_VERSION.to_be_bytes());
        for part in [chain.as_bytes(), contract] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.update(protocol.as_bytes());
        Self(truncate(hasher.finalize().into()))
    }
}

/// Digest of a margin model and all its parameters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelDigest([u8; 31]);
hex_id!(ModelDigest, 31, "a model digest");

impl ModelDigest {
    /// The first 31 bytes of the Keccak-256 of a model's canonical encoding.
    pub fn of(canonical: &[u8]) -> Self {
        Self(truncate(Keccak256::digest(canonical).into()))
    }
}

/// 31 bytes of a hash: they fit every supported field without reduction.
fn truncate(digest: [u8; 32]) -> [u8; 31] {
    core::array::from_fn(|i| digest[i])
}

/// What else the submitter of a proof says: free in the statement and bound by
/// the proof, so that nobody can change it on the way. Zero means nothing. A
/// protocol may read it as who is paid for the proof, or as the hash of what
/// the proof goes with.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Memo([u8; 31]);
hex_id!(Memo, 31, "a memo");

impl Memo {
    /// Nothing.
    pub const NONE: Self = Self([0; 31]);

    /// A memo whose last bytes these are; `None` when there are more than 31.
    ///
    /// ```
    /// use zkmargin_margin::ids::{AccountId, Memo};
    ///
    /// let keeper = AccountId::new([0xa1; 20]);
    /// let memo = Memo::of(keeper.as_bytes()).unwrap();
    /// assert_eq!(memo.as_bytes()[11..], [0xa1; 20]);
    /// ```
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut memo = [0; 31];
        let start = memo.len().checked_sub(bytes.len())?;
        memo[start..].copy_from_slice(bytes);
        Some(Self(memo))
    }

    /// Whether it says nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

/// An instrument: the first eight bytes of the Keccak-256 of its symbol, so
/// that commitments survive a change of the market's list. A market refuses
/// two symbols with one identifier; whoever may list instruments would have to
/// try some 2^32 symbols for two that collide, and some 2^64 for one that
/// collides with a symbol that is listed.
///
/// The call and the put of one strike, symbols that differ in a last `-C` or
/// `-P` only, are neighbours: 63 bits of the hash of what they share, and a
/// last bit that is 0 for the call and 1 for the put. Netting by strike is then
/// between neighbours in a portfolio's canonical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct InstrumentId(u64);

impl InstrumentId {
    /// The instrument of a symbol.
    pub fn from_symbol(symbol: &str) -> Self {
        let hash = |text: &str| {
            let digest: [u8; 32] = Keccak256::digest(text.as_bytes()).into();
            u64::from_be_bytes(core::array::from_fn(|i| digest[i]))
        };
        match (symbol.strip_suffix(CALL_SUFFIX), symbol.strip_suffix(PUT_SUFFIX)) {
            (Some(strike), _) => Self(hash(strike) & !1),
            (_, Some(strike)) => Self(hash(strike) | 1),
            _ => Self(hash(symbol)),
        }
    }

    /// An instrument by its number.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// What the call and the put of a strike share.
    pub const fn strike(self) -> u64 {
        self.0 >> 1
    }
}

/// As 16 hexadecimal digits: the number does not fit a JavaScript number.
impl fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}

/// End of a call's symbol.
pub const CALL_SUFFIX: &str = "-C";
/// End of a put's symbol.
pub const PUT_SUFFIX: &str = "-P";

/// A margin bucket: positions in one bucket share collateral. One bucket is
/// cross margin, a bucket per position is isolated margin.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Zeroize,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct BucketId(u16);

impl BucketId {
    /// The first bucket: where cross margin lives.
    pub const CROSS: Self = Self(0);

    /// A bucket by its number.
    pub const fn new(id: u16) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// A round of publication: the venue posts a state root and the publisher a
/// market root per epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(u64);

impl Epoch {
    /// An epoch by its number.
    pub const fn new(epoch: u64) -> Self {
        Self(epoch)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Seconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// A time by its seconds.
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The seconds.
    pub const fn get(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use pasta_curves::Fp;

    use super::*;

    #[test]
    fn ids_round_trip_as_text_and_bytes() {
        let account = AccountId::new([0xab; 20]);
        assert_eq!(account.to_string().parse(), Ok(account));
        let bytes = account.to_field::<Fp>().to_be_bytes();
        assert_eq!(AccountId::from_be_bytes(&bytes), Some(account));
        assert_eq!(AccountId::from_be_bytes(&[1; 32]), None);
        assert!("abab".parse::<AccountId>().is_err());
    }

    /// What contracts are held to.
    #[test]
    fn accounts_derive_from_owners_and_subaccounts() {
        let derive = |owner: &[u8], sub| AccountId::derive(owner, sub).map(|id| id.to_string());
        let owner = [0xa1; 20];
        assert_eq!(
            derive(&owner, 0).as_deref(),
            Some("0x60a39ecbca7197cd83a182d54d0f1e2d62014222")
        );
        assert_eq!(
            derive(&owner, 7).as_deref(),
            Some("0x94a0fe0527d52f2a45059a59c217b701f04f3419")
        );
        assert_eq!(
            derive(&[0xa1; 32], 0).as_deref(),
            Some("0x1df54a528a6e32ea1a8d2f67d49bb8dabb1e9c77")
        );
        assert_eq!(derive(&[], 0), None);
        assert_eq!(derive(&[1; 256], 0), None);
        // A byte of the owner is none of the number.
        assert_ne!(derive(&[1, 0], 0), derive(&[1], 0));
    }

    #[test]
    fn calls_and_puts_of_a_strike_are_neighbours() {
        let id = InstrumentId::from_symbol;
        // Whatever the last bit of the hash of what they share.
        const STRIKES: [&str; 2] = ["BTC-26DEC25-90000", "BTC-26DEC25-91000"];
        for strike in STRIKES {
            let (call, put) = (id(&(strike.to_string() + "-C")), id(&(strike.to_string() + "-P")));
            assert_eq!((call.get() & 1, put.get()), (0, call.get() + 1));
            assert_eq!((call.strike(), put.strike()), (id(strike).strike(), call.get() >> 1));
        }
        let ends = STRIKES.map(|strike| id(strike).get() & 1);
        assert_ne!(ends[0], ends[1]);
        let call = id("BTC-26DEC25-90000-C");
        assert_ne!(call.strike(), id("BTC-26DEC25-91000-C").strike());
        assert_ne!(call.strike(), id("BTC-26DEC25-90000-c").strike());
    }

    /// The Keccak-256 of nothing, its first bytes.
    #[test]
    fn instruments_are_the_first_eight_bytes_of_the_hash() {
        let none = InstrumentId::from_symbol("");
        assert_eq!(none.to_string(), "0xc5d2460186f7233c");
        assert_eq!(InstrumentId::new(1).to_string(), "0x0000000000000001");
    }

    #[test]
    fn memos_are_right_aligned_and_short_enough() {
        assert_eq!(Memo::of(&[]), Some(Memo::NONE));
        assert!(Memo::NONE.is_none() && !Memo::of(&[1]).unwrap().is_none());
        assert_eq!(Memo::of(&[1, 2]).unwrap().to_field::<Fp>(), Fp::from(0x102));
        assert_eq!(Memo::of(&[1; 31]).map(|memo| *memo.as_bytes()), Some([1; 31]));
        assert_eq!(Memo::of(&[1; 32]), None);
        let memo = Memo::of(&[7; 20]).unwrap();
        assert_eq!(memo.to_string().parse(), Ok(memo));
    }

    /// The Keccak-256 of nothing, without its last byte.
    #[test]
    fn digests_are_the_first_31_bytes_of_keccak() {
        assert_eq!(
            ModelDigest::of(b"").to_string(),
            "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a4"
        );
    }

    #[test]
    fn contexts_differ_by_every_part() {
        let base = ContextId::derive("venue", 1, [0; 20]);
        assert_ne!(base, ContextId::derive("venue2", 1, [0; 20]));
        assert_ne!(base, ContextId::derive("venue", 2, [0; 20]));
        assert_ne!(base, ContextId::derive("venue", 1, [1; 20]));
    }

    #[test]
    fn contexts_of_cosmwasm_are_the_hash_of_all_parts() {
        let derive = ContextId::derive_cosmwasm;
        let base = derive("venue", "osmosis-1", &[9; 32]);
        let mut bytes = b"zkmargin cosmwasm".to_vec();
        bytes.extend([0, 2]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 9]);
        bytes.extend(b"osmosis-1");
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 32]);
        bytes.extend([9; 32]);
        bytes.extend(b"venue");
        assert_eq!(base.as_bytes(), ModelDigest::of(&bytes).as_bytes());
        assert_ne!(base, derive("venue2", "osmosis-1", &[9; 32]));
        assert_ne!(base, derive("venue", "osmosis-2", &[9; 32]));
        assert_ne!(base, derive("venue", "osmosis-1", &[8; 32]));
        // Where one part ends and the next begins is a part of it.
        assert_ne!(derive("c", "a", b"b"), derive("c", "ab", b""));
        assert_ne!(derive("c", "a", b"b"), derive("bc", "a", b""));
    }
}
