//! Who must have signed an epoch.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::digest::EpochDigest;
use super::signature::{Signature, SignatureError, Signer};

/// The most signers there may be.
pub const MAX_SIGNERS: usize = 32;

/// The signers of a market and how many of them must have signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Listed", into = "Listed")]
pub struct Signers {
    threshold: usize,
    signers: Vec<Signer>,
}

/// What the file has, before it is checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    threshold: usize,
    signers: Vec<Signer>,
}

/// Why a list of signers is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSigners {
    /// Too few or many.
    #[error("{got} signers: allowed are 1 to {MAX_SIGNERS}")]
    Number {
        /// How many there are.
        got: usize,
    },
    /// Not strictly ascending.
    #[error("signers must be in strictly ascending order of their addresses: see {signer}")]
    Order {
        /// The one that is not above the one before it.
        signer: Signer,
    },
    /// A threshold that nobody or nothing meets.
    #[error("threshold {threshold}: allowed are 1 to {signers}, the number of signers")]
    Threshold {
        /// The threshold.
        threshold: usize,
        /// How many signers there are.
        signers: usize,
    },
}

/// Why an epoch is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotSigned {
    /// A signature that is none, by its place from 1.
    #[error("signature {place} is none: {source}")]
    Signature {
        /// Its place.
        place: usize,
        /// What is wrong with it.
        source: SignatureError,
    },
    /// Somebody who is no signer; or the epoch was changed after it was signed.
    #[error(
        "signature {place} is of {signer}, who is no signer of this market, or the epoch was changed after it was signed"
    )]
    Stranger {
        /// The signature's place.
        place: usize,
        /// Whose it is.
        signer: Signer,
    },
    /// Not strictly ascending: a signer counts once.
    #[error("signature {place}, of {signer}, is not in strictly ascending order of signers")]
    Order {
        /// The signature's place.
        place: usize,
        /// Whose it is.
        signer: Signer,
    },
    /// Too few.
    #[error("signed by {signed} of {signers} signers: {threshold} are needed")]
    TooFew {
        /// How many signed.
        signed: usize,
        /// How many must.
        threshold: usize,
        /// How many could.
        signers: usize,
    },
}

impl Signers {
    /// Signers, in strictly ascending order, of whom `threshold` must sign.
    ///
    /// # Errors
    /// When there are none or too many, they are out of order, or the threshold
    /// cannot be met or needs nobody.
    pub fn new(threshold: usize, signers: Vec<Signer>) -> Result<Self, InvalidSigners> {
        if !(1..=MAX_SIGNERS).contains(&signers.len()) {
            return Err(InvalidSigners::Number { got: signers.len() });
        }
        if let Some(pair) = signers.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(InvalidSigners::Order { signer: pair[1] });
        }
        match (1..=signers.len()).contains(&threshold) {
            true => Ok(Self { threshold, signers }),
            false => Err(InvalidSigners::Threshold { threshold, signers: signers.len() }),
        }
    }

    /// How many must sign.
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The signers, in ascending order.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// How many of them signed a digest: at least the threshold.
    ///
    /// # Errors
    /// When they are too few, or one signature is none, a stranger's or out of
    /// order: then all are refused.
    pub fn check(
        &self,
        digest: &EpochDigest,
        signatures: &[Signature],
    ) -> Result<usize, NotSigned> {
        self.check_with(signatures, |signature| signature.signer(digest))
    }

    /// The same, with the host's own recovery of a signature's signer: contracts
    /// have a cheaper one. It must refuse what [`Signature::signer`] refuses.
    ///
    /// # Errors
    /// As for [`Self::check`].
    pub fn check_with(
        &self,
        signatures: &[Signature],
        recover: impl Fn(&Signature) -> Result<Signer, SignatureError>,
    ) -> Result<usize, NotSigned> {
        let mut last = None;
        for (index, signature) in signatures.iter().enumerate() {
            let place = index + 1;
            let signer =
                recover(signature).map_err(|source| NotSigned::Signature { place, source })?;
            if self.signers.binary_search(&signer).is_err() {
                return Err(NotSigned::Stranger { place, signer });
            }
            if last.is_some_and(|last| signer <= last) {
                return Err(NotSigned::Order { place, signer });
            }
            last = Some(signer);
        }
        let (signed, threshold) = (signatures.len(), self.threshold);
        match signed >= threshold {
            true => Ok(signed),
            false => Err(NotSigned::TooFew { signed, threshold, signers: self.signers.len() }),
        }
    }
}

impl fmt::Display for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} signers", self.threshold, self.signers.len())
    }
}

impl TryFrom<Listed> for Signers {
    type Error = InvalidSigners;

    fn try_from(listed: Listed) -> Result<Self, InvalidSigners> {
        Self::new(listed.threshold, listed.signers)
    }
}

impl From<Signers> for Listed {
    fn from(signers: Signers) -> Self {
        Self { threshold: signers.threshold, signers: signers.signers }
    }
}
