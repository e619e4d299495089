//! Polynomials of the rows' domain at a point outside of it.

use alloc::vec::Vec;

use ark_bn254::Fr;
use ark_ff::{Field as _, One as _, Zero as _, batch_inversion};

use super::system::System;

/// The Lagrange polynomials that a verifier needs, at `x`.
pub(super) struct Lagrange {
    /// `x^n`.
    pub(super) x_n: Fr,
    /// `1 / (x^n - 1)`.
    pub(super) vanishing_inverse: Fr,
    /// Of each row of the instance column.
    instance: Vec<Fr>,
    /// Of the first row.
    pub(super) first: Fr,
    /// Of the row after the last usable one.
    pub(super) last: Fr,
    /// The sum of those of the rows that blind.
    pub(super) blind: Fr,
}

impl Lagrange {
    /// `None` when `x` is in the domain, which no challenge ever is.
    pub(super) fn at(system: &System, root: Fr, x: Fr) -> Option<Self> {
        let rows = 1u64 << system.k;
        let x_n = x.pow([rows]);
        let mut inverses = Vec::new();
        inverses.push(x_n - Fr::one());
        inverses.push(Fr::from(rows));
        // Rows from the last usable one to the end, then from the first on.
        let before = system.blinding_factors + 1;
        let after = system.public_inputs.max(1);
        let mut power = root.inverse()?.pow([before as u64]);
        let mut powers = Vec::with_capacity(before + after);
        for _ in 0..before + after {
            powers.push(power);
            inverses.push(x - power);
            power *= root;
        }
        if inverses.iter().any(|value| value.is_zero()) {
            return None;
        }
        batch_inversion(&mut inverses);
        let [vanishing_inverse, rows_inverse, inverses @ ..] = inverses.as_slice() else {
            return None;
        };
        // L_i(x) = w^i (x^n - 1) / (n (x - w^i))
        let factor = (x_n - Fr::one()) * rows_inverse;
        let values: Vec<Fr> =
            powers.iter().zip(inverses).map(|(power, inverse)| factor * power * inverse).collect();
        let (tail, head) = values.split_at(before);
        let (last, blind) = tail.split_first()?;
        Some(Self {
            x_n,
            vanishing_inverse: *vanishing_inverse,
            instance: head[..system.public_inputs].to_vec(),
            first: *head.first()?,
            last: *last,
            blind: blind.iter().sum(),
        })
    }

    /// The instance column.
    pub(super) fn instance(&self, rows: &[Fr]) -> Fr {
        rows.iter().zip(&self.instance).map(|(row, lagrange)| *row * lagrange).sum()
    }
}
