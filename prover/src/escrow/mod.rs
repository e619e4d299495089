//! A committee that can open what a proof's escrow holds, when enough of it agree.
//!
//! | file | holds |
//! |---|---|
//! | `group.rs` | the curve as its library computes it: the group and its scalars |
//! | `committee.rs` | a key in shares: who deals, and how a member checks what they got |
//! | `share.rs` | a member's part of a decryption, with a proof that it is theirs |
//! | `open.rs` | what enough parts open, and whose part is false |
//! | `files.rs` | the files of all of these |
//! | `prepare.rs` | a statement with an escrow, ready to prove |
//!
//! The key's secret is `f(0)` of a polynomial of degree `t - 1`, member `i` has
//! `s_i = f(i)`, and the committee's file has the commitments to its coefficients
//! (Feldman): anybody computes `s_i G` from them, so neither a dealer nor a member can
//! say another share than what was dealt. To decrypt a member gives `s_i R`, with a
//! proof that its logarithm to `R` is that of `s_i G` to `G` (Chaum and Pedersen,
//! CRYPTO '92). `t` of them interpolate to `S = s R`; fewer say nothing
//! of it.
//!
//! **What a member gives a part for must be a ciphertext of a verified proof.** The
//! proof shows that who made `R` knows its logarithm. Without one, who gives a member
//! `R + d G` for somebody else's `R` learns `s_i R`: the command therefore verifies.
//!
//! The dealer knows the secret while dealing. Who does not want that has the members
//! run a distributed key generation, and writes its result as the same files.

mod committee;
mod files;
mod group;
mod open;
mod prepare;
mod share;

pub use committee::{Committee, CommitteeError, MAX_MEMBERS, Member, deal};
pub use files::{
    CiphertextFile, CommitteeFile, EscrowFileError, MemberFile, OpenedFile, PartFile,
    ViewingKeyFile, escrow_field,
};
pub use group::EscrowGroup;
pub use open::{OpenError, Opened, open, open_with_nonce};
pub use prepare::{EscrowError, PreparedEscrow, draw_nonce};
pub use share::{Part, PartError};
