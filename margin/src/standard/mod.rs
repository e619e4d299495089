//! Standard (position-based) margin.
//!
//! Perpetuals, futures, spot collateral, borrowings and cash, each with tiered
//! initial and maintenance charges. Everything a venue's rules say about a
//! position is one [`TierRow`] of the public risk table, chosen by the
//! position's direction and notional; the row is authenticated, and the
//! arithmetic on it is exact up to the roundings named in [`TierRow::assess`].
//!
//! Haircuts are charges: collateral worth `v` that counts for `v - h` is value
//! `v` with a charge `h`. Lending is the same family: loan-to-value is the
//! initial charge on collateral, the liquidation threshold the maintenance
//! charge, and the health factor is at least one when equity covers it.

mod account;
mod relation;
mod row;

pub use account::{AccountMargin, BucketMargin, DEFICIT_BITS};
pub use relation::{Slot, Standard, StandardWitness};
pub use row::{
    Assessment, CeilDiv, Charge, Direction, ROW_E0, ROW_E1, RowError, RowOffsets, TierRow,
};
