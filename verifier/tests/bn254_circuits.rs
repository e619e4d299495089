//! Toy circuits.
