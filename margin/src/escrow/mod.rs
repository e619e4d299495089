//! A portfolio's opening, encrypted to a key: what a committee can open and nobody
//! else.
//!
//! The curve's coordinates are in the circuit's own field, and the stream is made by
//! the statement's own hash, so a circuit shows that the ciphertext is of exactly the
//! committed portfolio: [`crate::statement::escrow`].
//!
//! | what | is |
//! |---|---|
//! | `K` | the public key, a point of the [`Curve`] |
//! | `r` | the [`Nonce`], drawn for one proof |
//! | `R = r G`, `S = r K` | what the ciphertext shows of it, and what holder and prover share |
//! | `key` | `Poseidon(S, R, CONTEXT, EPOCH, ACCOUNT)`, both coordinates of the points |
//! | `c_i` | `word_i + Poseidon(key, i)`, over what is reserved, the word of every slot, and the blinding |
//! | `ESCROW` | a chain over `K`, `R`, the number of elements and `c` |
//!
//! Slots without a position are encrypted as zeros, so the number of positions stays
//! hidden from all but the holder.
//!
//! **A nonce is for one proof.** Context, epoch and account are in the stream's key:
//! the same `r` in another epoch, or of another account, is another stream, and shows
//! that `R` is the same and nothing more. Within one epoch of one account it is the
//! same stream: two ciphertexts then differ by what their words differ by.
//!
//! **Nothing here keeps a ciphertext from being changed.** It is the proof that shows
//! that who made `R` knows `r`. A holder must decrypt only what a verified proof is
//! about: else whoever sends `R + d G` learns `S`.

mod cipher;
mod curve;

pub use cipher::{
    Binding, Ciphertext, CiphertextError, OpenedPortfolio, Words, WordsError, decrypt, encrypt,
};
pub use curve::{Curve, NONCE_BITS, Nonce, NotAPoint, POINT_BYTES, Point, WINDOW_BITS, WINDOWS};
