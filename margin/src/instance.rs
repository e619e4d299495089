//! The public inputs of a margin proof.

use alloc::vec::Vec;

use crate::claim::Claim;
use crate::field::MarginField;
use crate::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};

/// Row of [`MarginInstance::context`].
pub const CONTEXT: usize = 0;
/// Row of [`MarginInstance::epoch`].
pub const EPOCH: usize = 1;
/// Row of [`MarginInstance::account`].
pub const ACCOUNT: usize = 2;
/// Row of [`MarginInstance::state_root`].
pub const STATE_ROOT: usize = 3;
/// Row of [`MarginInstance::market_root`].
pub const MARKET_ROOT: usize = 4;
/// Row of [`MarginInstance::model`].
pub const MODEL: usize = 5;
/// Row of [`MarginInstance::claim`].
pub const CLAIM: usize = 6;
/// Row of [`MarginInstance::disclosed`].
pub const DISCLOSED: usize = 7;
/// Row of [`MarginInstance::memo`].
pub const MEMO: usize = 8;
/// Number of public inputs.
pub const LEN: usize = 9;
/// Names of the rows, in order.
pub const NAMES: [&str; LEN] = [
    "context",
    "epoch",
    "account",
    "state_root",
    "market_root",
    "model",
    "claim",
    "disclosed",
    "memo",
];
/// Length of the byte encoding.
pub const BYTES: usize = 32 * LEN;

/// Bits of a shortfall: 128 positions below `2^82` fall short of 1678.8 times
/// their requirements by less. In the scenario family a shortfall of a
/// multiplied requirement could be more, and is then not proved.
pub const SHORTFALL_BITS: u32 = 104;

/// A shortfall in quote units, below `2^104`: the cash that would lift every
/// bucket to what is claimed, the multiplier included. Zero discloses nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shortfall(u128);

impl Shortfall {
    /// Nothing disclosed.
    pub const NONE: Self = Self(0);

    /// A shortfall in quote units.
    pub const fn new(units: u128) -> Option<Self> {
        if units >> SHORTFALL_BITS == 0 { Some(Self(units)) } else { None }
    }

    /// The number of quote units.
    pub const fn get(self) -> u128 {
        self.0
    }
}

/// The public inputs of a statement, as a proof system takes them.
pub trait PublicInputs<F>: Clone {
    /// The field elements, by row.
    fn to_rows(&self) -> Vec<F>;
}

impl<F: MarginField> PublicInputs<F> for MarginInstance<F> {
    fn to_rows(&self) -> Vec<F> {
        self.to_field_elements().to_vec()
    }
}

/// What everyone sees of a margin proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginInstance<F> {
    /// The deployment the proof is for.
    pub context: ContextId,
    /// The epoch of both roots.
    pub epoch: Epoch,
    /// The account.
    pub account: AccountId,
    /// Root of the account tree the venue posted for the epoch.
    pub state_root: F,
    /// Root of the market the publisher posted for the epoch.
    pub market_root: F,
    /// The margin model.
    pub model: ModelDigest,
    /// What is claimed of the account.
    pub claim: Claim,
    /// The shortfall, or zero.
    pub disclosed: Shortfall,
    /// What else the submitter says.
    pub memo: Memo,
}

/// Public inputs that no honest prover writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidInstance {
    /// Not [`BYTES`] bytes.
    #[error("public inputs are {BYTES} bytes, not {0}")]
    Length(usize),
    /// An element that is not below the field's modulus, or a value out of the
    /// range of its row.
    #[error("public input {name} is not canonical", name = NAMES[*.0])]
    NotCanonical(usize),
}

impl<F: MarginField> MarginInstance<F> {
    /// The field elements, by row.
    pub fn to_field_elements(&self) -> [F; LEN] {
        let mut rows = [F::ZERO; LEN];
        rows[CONTEXT] = self.context.to_field();
        rows[EPOCH] = F::from(self.epoch.get());
        rows[ACCOUNT] = self.account.to_field();
        rows[STATE_ROOT] = self.state_root;
        rows[MARKET_ROOT] = self.market_root;
        rows[MODEL] = self.model.to_field();
        rows[CLAIM] = F::from(self.claim.code());
        rows[DISCLOSED] = F::from_u128(self.disclosed.get());
        rows[MEMO] = self.memo.to_field();
        rows
    }

    /// The rows as 32 big-endian bytes each, as the EVM reads them.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        for (chunk, row) in bytes.chunks_exact_mut(32).zip(self.to_field_elements()) {
            chunk.copy_from_slice(&row.to_be_bytes());
        }
        bytes
    }

    /// Reads the byte encoding.
    ///
    /// # Errors
    /// When the length is wrong or a row is not canonical: every instance has
    /// exactly one encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidInstance> {
        let bytes: &[u8; BYTES] =
            bytes.try_into().map_err(|_| InvalidInstance::Length(bytes.len()))?;
        let bytes = Encoded(bytes);
        let row = |index: usize| bytes.row(index);
        let integer = |index: usize| at(index, bytes.integer(index));
        fn at<T>(index: usize, value: Option<T>) -> Result<T, InvalidInstance> {
            value.ok_or(InvalidInstance::NotCanonical(index))
        }
        Ok(Self {
            context: at(CONTEXT, ContextId::from_be_bytes(&row(CONTEXT)))?,
            epoch: Epoch::new(at(EPOCH, u64::try_from(integer(EPOCH)?).ok())?),
            account: at(ACCOUNT, AccountId::from_be_bytes(&row(ACCOUNT)))?,
            state_root: at(STATE_ROOT, F::from_be_bytes(&row(STATE_ROOT)))?,
            market_root: at(MARKET_ROOT, F::from_be_bytes(&row(MARKET_ROOT)))?,
            model: at(MODEL, ModelDigest::from_be_bytes(&row(MODEL)))?,
            claim: at(CLAIM, u64::try_from(integer(CLAIM)?).ok().and_then(Claim::from_code))?,
            disclosed: at(DISCLOSED, Shortfall::new(integer(DISCLOSED)?))?,
            memo: at(MEMO, Memo::from_be_bytes(&row(MEMO)))?,
        })
    }
}

/// The byte encoding of nine rows.
pub(crate) struct Encoded<'a>(pub(crate) &'a [u8; BYTES]);

impl Encoded<'_> {
    /// The bytes of a row.
    pub(crate) fn row(&self, index: usize) -> [u8; 32] {
        core::array::from_fn(|i| self.0[32 * index + i])
    }

    /// The number of a row; `None` when it is `2^128` or more.
    pub(crate) fn integer(&self, index: usize) -> Option<u128> {
        let row = self.row(index);
        let (high, low) = row.split_at(16);
        let low: [u8; 16] = core::array::from_fn(|i| low[i]);
        high.iter().all(|byte| *byte == 0).then(|| u128::from_be_bytes(low))
    }
}

#[cfg(test)]
mod tests {
    use ff::{Field, PrimeField};
    use pasta_curves::Fp;

    use super::*;
    use crate::claim::{Level, Side};

    fn instance() -> MarginInstance<Fp> {
        MarginInstance {
            context: ContextId::derive("test", 0, [0; 20]),
            epoch: Epoch::new(7),
            account: AccountId::new([3; 20]),
            state_root: -Fp::ONE,
            market_root: Fp::from(5),
            model: ModelDigest::of(b"model"),
            claim: Claim::new(Side::Below, Level::Maintenance).unwrap(),
            disclosed: Shortfall::new((1 << 104) - 1).unwrap(),
            memo: Memo::of(&[5; 31]).unwrap(),
        }
    }

    #[test]
    fn bytes_round_trip() {
        let bytes = instance().to_bytes();
        assert_eq!(MarginInstance::from_bytes(&bytes), Ok(instance()));
    }

    #[test]
    fn every_row_refuses_what_is_not_canonical() {
        let modulus: [u8; 32] = {
            let mut minus_one = (-Fp::ONE).to_repr();
            minus_one[0] += 1;
            minus_one.reverse();
            minus_one
        };
        for row in 0..LEN {
            let mut bytes = instance().to_bytes();
            bytes[32 * row..32 * (row + 1)].copy_from_slice(&modulus);
            assert_eq!(
                MarginInstance::<Fp>::from_bytes(&bytes),
                Err(InvalidInstance::NotCanonical(row))
            );
        }
        let mut bytes = instance().to_bytes();
        bytes[32 * CLAIM + 31] = 4;
        assert_eq!(
            MarginInstance::<Fp>::from_bytes(&bytes),
            Err(InvalidInstance::NotCanonical(CLAIM))
        );
        assert_eq!(MarginInstance::<Fp>::from_bytes(&[0; 256]), Err(InvalidInstance::Length(256)));
    }
}
