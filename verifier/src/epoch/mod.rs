//! Epochs as they are published: what a publisher says of one, the digest that
//! it signs, and who must have signed.
//!
//! An epoch is signed as EIP-712 typed data, in a domain without a chain or a
//! contract: the *context* binds those already, so the same signatures count in
//! the `verify` command, in a ledger and in a contract on any chain. Who brings
//! them does not matter.
//!
//! ```text
//! domain  EIP712Domain(string name,string version) of "zk-margin", "1"
//! type    Epoch(bytes31 context,uint64 epoch,bytes32 stateRoot,
//!               bytes32 marketRoot,bytes31 model,uint64 marketTimestamp,
//!               uint32 priceMoveBps,uint64 reference,bytes32 previous)
//! digest  keccak256(0x1901 || domain separator || hash of the struct)
//! ```
//!
//! `previous` is the digest of the epoch posted before, so that signatures of
//! one epoch stand for all before it.

mod digest;
mod file;
mod post;
mod signature;
mod signers;

pub use digest::{EpochDigest, InvalidDigest};
pub use file::{FORMAT, MAX_BYTES, MalformedEpoch, SignedEpoch, VERSION};
pub use post::EpochPost;
pub use signature::{InvalidSignature, Signature, SignatureError, Signer};
pub use signers::{InvalidSigners, MAX_SIGNERS, NotSigned, Signers};
