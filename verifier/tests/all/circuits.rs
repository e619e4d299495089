//! What the circuits' own tests share.

#[path = "../../../circuits/tests/common/mod.rs"]
pub mod common;
#[path = "../../../circuits/tests/common/strategy.rs"]
pub mod strategy;
