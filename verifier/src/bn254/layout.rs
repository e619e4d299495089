//! What a proof holds, in its order.
//!
//! | points | scalars |
//! |---|---|
//! | advice | advice queries |
//! | permuted input and table of each lookup | fixed queries |
//! | permutation products | random polynomial |
//! | lookup products | permutation columns |
//! | random polynomial | each product: here, next row, last row (all but the last product) |
//! | quotient's pieces | each lookup: product here, next row; input here, row before; table |
//! | two of the opening | |

use core::ops::Range;

use super::field::{POINT_BYTES, SCALAR_BYTES};
use super::system::System;

/// The two commitments of SHPLONK, which end a proof.
const OPENING_POINTS: usize = 2;
/// Openings of a permutation product.
const PRODUCT_SCALARS: usize = 3;
/// Openings of a lookup.
const LOOKUP_SCALARS: usize = 5;

/// Indices into a proof's points and scalars.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Commitments of advice columns.
    pub advice: Range<usize>,
    /// Commitments of each lookup's permuted input and table.
    pub permuted: Range<usize>,
    /// Commitments of the permutation's products.
    pub products: Range<usize>,
    /// Commitments of the lookups' products.
    pub lookup_products: Range<usize>,
    /// Commitment of the random polynomial.
    pub random: usize,
    /// Commitments of the quotient's pieces.
    pub quotient: Range<usize>,
    /// Openings of advice, by query.
    pub advice_scalars: Range<usize>,
    /// Openings of fixed columns, by query.
    pub fixed_scalars: Range<usize>,
    /// Opening of the random polynomial.
    pub random_scalar: usize,
    /// Openings of the permutation's columns.
    pub permutation_scalars: Range<usize>,
    product_scalars: usize,
    lookup_scalars: usize,
    /// How many scalars.
    pub scalars: usize,
}

/// Indices of a lookup's openings.
#[derive(Clone, Copy, Debug)]
pub struct LookupScalars {
    /// Product, here.
    pub product: usize,
    /// Product, next row.
    pub product_next: usize,
    /// Permuted input, here.
    pub input: usize,
    /// Permuted input, row before.
    pub input_before: usize,
    /// Permuted table.
    pub table: usize,
}

/// Indices of a permutation product's openings.
#[derive(Clone, Copy, Debug)]
pub struct ProductScalars {
    /// In the present row.
    pub here: usize,
    /// In the next row.
    pub next: usize,
    /// In the last usable row; not opened for the last product.
    pub last: usize,
}

impl Layout {
    /// The layout of a circuit's proofs.
    pub fn new(system: &System) -> Self {
        let after = |range: &Range<usize>, count| range.end..range.end + count;
        let (lookups, products) = (system.lookups.len(), system.products());
        let advice = 0..system.advice_columns;
        let permuted = after(&advice, 2 * lookups);
        let product_points = after(&permuted, products);
        let lookup_products = after(&product_points, lookups);
        let random = lookup_products.end;
        let quotient = random + 1..random + system.degree;
        let advice_scalars = 0..system.advice_queries.len();
        let fixed_scalars = after(&advice_scalars, system.fixed_queries.len());
        let random_scalar = fixed_scalars.end;
        let permutation_scalars = random_scalar + 1..random_scalar + 1 + system.permutation.len();
        let product_scalars = permutation_scalars.end;
        let lookup_scalars = product_scalars + (PRODUCT_SCALARS * products).saturating_sub(1);
        Self {
            advice,
            permuted,
            products: product_points,
            lookup_products,
            random,
            quotient,
            advice_scalars,
            fixed_scalars,
            random_scalar,
            permutation_scalars,
            product_scalars,
            lookup_scalars,
            scalars: lookup_scalars + LOOKUP_SCALARS * lookups,
        }
    }

    /// Openings of a permutation product.
    pub fn product(&self, index: usize) -> ProductScalars {
        let here = self.product_scalars + PRODUCT_SCALARS * index;
        ProductScalars { here, next: here + 1, last: here + 2 }
    }

    /// Openings of a lookup.
    pub fn lookup(&self, index: usize) -> LookupScalars {
        let product = self.lookup_scalars + LOOKUP_SCALARS * index;
        LookupScalars {
            product,
            product_next: product + 1,
            input: product + 2,
            input_before: product + 3,
            table: product + 4,
        }
    }

    /// The exact length of a proof, in bytes.
    pub fn proof_size(&self) -> usize {
        (self.quotient.end + OPENING_POINTS) * POINT_BYTES + self.scalars * SCALAR_BYTES
    }
}
