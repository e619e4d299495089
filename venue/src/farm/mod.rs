//! The farm: proofs for many accounts on many machines, with the store as the queue.
//!
//! A job is a statement: circuit, context, epoch, account, roots and claim. Its
//! result is the proof of that statement, stored under its digest, so that doing a
//! job again changes nothing. A queue is a circuit: a worker takes from the queues of
//! the keys that it has loaded. Portfolios travel as age files to the workers' keys,
//! and are gone from the queue when the job is done.

mod prover;
mod push;
mod worker;

pub use prover::FarmProver;
pub use push::{Pushed, push};
pub use worker::{Lease, Tally, Work, WorkError, work};
