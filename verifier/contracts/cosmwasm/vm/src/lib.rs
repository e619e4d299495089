//! The contract in the virtual machine that chains run: see `tests/registry.rs`.
