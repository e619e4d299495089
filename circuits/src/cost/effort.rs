//! What a proof takes of a machine: an estimate from what the circuit has, and from
//! what this machine does in a moment.
//!
//! Nearly all time of a proof grows with rows times committed columns: the
//! commitments themselves, the transforms of the same columns, the quotient. So one
//! figure for a proof system, fitted to measured proofs, says how many scalar
//! multiplications each committed cell is worth, and the time of those is measured.

use std::hint::black_box;
use std::time::{Duration, Instant};

use ff::Field;
use halo2_axiom::halo2curves::bn256;
use halo2_axiom::halo2curves::ff::Field as _;
use pasta_curves::group::Group as _;
use pasta_curves::{Fp, vesta};
use zkmargin_margin::shape::ProofSystem;

use super::Cost;

/// Scalar multiplications that the measurement takes: some tens of milliseconds.
const MULTIPLICATIONS: u32 = 200;

/// Bytes of a field element, and of a point.
const ELEMENT: usize = 32;
const POINT: usize = 64;

/// The time of a scalar multiplication on one core of this machine, by curve.
#[derive(Clone, Copy, Debug)]
pub struct Calibration {
    vesta: Duration,
    bn254: Duration,
}

impl Calibration {
    /// Measures it.
    pub fn measure() -> Self {
        let vesta =
            timed(vesta::Point::generator(), -Fp::ONE.double(), |point, scalar| point * scalar);
        let bn254 =
            timed(bn256::G1::generator(), -bn256::Fr::ONE.double(), |point, scalar| point * scalar);
        Self { vesta, bn254 }
    }

    /// One scalar multiplication on the curve of a proof system.
    pub fn multiplication(&self, system: ProofSystem) -> Duration {
        match system {
            ProofSystem::Ipa => self.vesta,
            ProofSystem::Kzg => self.bn254,
        }
    }
}

fn timed<P: Copy, S: Copy>(point: P, scalar: S, multiply: impl Fn(P, S) -> P) -> Duration {
    let start = Instant::now();
    let mut point = point;
    for _ in 0..MULTIPLICATIONS {
        point = black_box(multiply(point, scalar));
    }
    start.elapsed() / MULTIPLICATIONS
}

/// What a proof of a shape takes, estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Seconds of one core; a proof uses all cores there are.
    pub cpu: Duration,
    /// Bytes of memory at the peak, keys and parameters included.
    pub memory: usize,
    /// Bytes of a stored proving key; `None` where keys are not stored.
    pub key: Option<usize>,
}

impl Effort {
    /// Estimates a shape under a proof system.
    pub fn estimate(cost: &Cost, system: ProofSystem, calibration: &Calibration) -> Self {
        let fit = Fit::of(system);
        let rows = f64::from(1_u32 << cost.k.min(31));
        let cells = rows * committed(cost) as f64;
        Self {
            cpu: calibration.multiplication(system).mul_f64(cells * fit.multiplications),
            memory: ELEMENT * (1 << cost.k) * fit.columns * columns(cost),
            key: (system == ProofSystem::Kzg).then(|| key_bytes(cost)),
        }
    }
}

/// What was fitted to measured proofs of the small and medium shapes.
struct Fit {
    /// Scalar multiplications that a committed cell is worth.
    multiplications: f64,
    /// Columns in memory for each of the circuit's.
    columns: usize,
}

impl Fit {
    fn of(system: ProofSystem) -> Self {
        match system {
            ProofSystem::Ipa => Self { multiplications: 0.06, columns: 10 },
            ProofSystem::Kzg => Self { multiplications: 0.06, columns: 10 },
        }
    }
}

/// Columns of the circuit.
fn columns(cost: &Cost) -> usize {
    cost.advice_columns + cost.fixed_columns + cost.permutation_columns + 3 * cost.lookups
}

/// Columns that a proof commits to: advice, permuted inputs and tables and products of
/// lookups, products of the permutation, a random one, the quotient's pieces.
fn committed(cost: &Cost) -> usize {
    let products = cost.permutation_columns.div_ceil(cost.degree.saturating_sub(2).max(1));
    cost.advice_columns + 3 * cost.lookups + products + 1 + (cost.degree - 1)
}

/// The exact size of a key of the on-chain proof system
/// ([`ProvingKey::to_bytes`](crate::kzg::ProvingKey::to_bytes)): commitments, then
/// fixed columns and those of the permutation as values and as coefficients, and the
/// three polynomials that select rows.
pub fn key_bytes(cost: &Cost) -> usize {
    let (fixed, permuted) = (cost.fixed_columns, cost.permutation_columns);
    let polynomial = 4 + ELEMENT * (1 << cost.k);
    10 + POINT * (fixed + permuted) + 4 * 4 + polynomial * (3 + 2 * fixed + 2 * permuted)
}
