//! The size of stored keys.

use super::Cost;

/// Bytes of a field element, and of a point.
const ELEMENT: usize = 32;
const POINT: usize = 64;

/// The exact size of a key of the on-chain proof system
/// ([`ProvingKey::to_bytes`](crate::kzg::ProvingKey::to_bytes)): commitments, then
/// fixed columns and those of the permutation as values and as coefficients, and the
/// three polynomials that select rows.
pub fn key_bytes(cost: &Cost) -> usize {
    let (fixed, permuted) = (cost.fixed_columns, cost.permutation_columns);
    let polynomial = 4 + ELEMENT * (1 << cost.k);
    10 + POINT * (fixed + permuted) + 4 * 4 + polynomial * (3 + 2 * fixed + 2 * permuted)
}
