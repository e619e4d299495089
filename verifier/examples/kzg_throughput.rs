//! How fast proofs of the on-chain proof system are verified, one by one and
//! in batches, on one thread:
//!
//!     cargo run --release -p zkmargin-verifier --example kzg_throughput
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "an example")]

#[path = "../tests/common/kzg_vectors.rs"]
mod kzg_vectors;

use std::time::{Duration, Instant};

use kzg_vectors::Edit;
use zkmargin_verifier::bn254::{Submission, Verifier, VerifyingKey};

fn main() {
    let vectors = kzg_vectors::stored();
    let key_bytes = kzg_vectors::file(&vectors[0].1.key);
    let given: Vec<_> = vectors.iter().map(|(_, vectors)| vectors.given(&Edit::Nothing)).collect();
    let submissions: Vec<_> = given
        .iter()
        .cycle()
        .take(100)
        .map(|given| Submission { public_inputs: &given.public_inputs, proof: &given.proof })
        .collect();
    let mut verifier = None;
    let key = median(|| {
        verifier = Some(Verifier::new(VerifyingKey::from_bytes(&key_bytes).unwrap()));
    });
    let verifier = verifier.unwrap();
    let single = median(|| verifier.verify_raw(submissions[0]).unwrap());
    println!("key of {} bytes read: {key:.1?}", key_bytes.len());
    println!("proof of {} bytes verified: {single:.1?}", verifier.proof_size());
    // For the table of places: a key read and a proof verified, as elsewhere.
    let milliseconds = (key + single).as_secs_f64() * 1e3;
    println!("{{\"place\":\"native, one thread\",\"milliseconds\":{milliseconds}}}");
    for size in [10, 100] {
        let batch = median(|| {
            let results = verifier.verify_raw_batch(&submissions[..size]);
            assert!(results.iter().all(Result::is_ok));
        });
        let each = batch / size.try_into().unwrap();
        let ratio = single.as_secs_f64() / each.as_secs_f64();
        println!("one of {size} in a batch: {each:.1?}, {ratio:.1} times as fast");
    }
}

/// The median time of some runs.
fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}
