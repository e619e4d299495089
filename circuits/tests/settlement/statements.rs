//! The other statements over the family, on the mock prover.
