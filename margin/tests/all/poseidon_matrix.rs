//! The Poseidon matrices resist infinitely long subspace trails.
//!
//! Grassi, Rechberger and Schofnegger (ePrint 2020/500) ask of the matrix `M`
//! of the partial rounds, whose one S-box is on lane 0, that no proper subspace
//! is mapped around by `M^r` while the S-box stays inactive, or lies in it,
//! for periods `r` up to `4 t`. It suffices that for each `r` the vectors
//! `e0 (M^r)^j` span the space (nothing but zero keeps lane 0 at zero for ever)
//! and so do `(M^r)^j e0` (an invariant subspace with the S-box is the space).

use pasta_curves::Fp;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::poseidon::{WIDTH, mat_mul};

type Matrix<F> = [[F; WIDTH]; WIDTH];

fn transpose<F: MarginField>(matrix: &Matrix<F>) -> Matrix<F> {
    std::array::from_fn(|i| std::array::from_fn(|j| matrix[j][i]))
}

fn product<F: MarginField>(left: &Matrix<F>, right: &Matrix<F>) -> Matrix<F> {
    transpose(&transpose(right).map(|column| mat_mul(left, column)))
}

/// The rows `e0, M e0, M^2 e0, ...`.
fn orbit<F: MarginField>(matrix: &Matrix<F>) -> Matrix<F> {
    let mut vector = std::array::from_fn(|i| if i == 0 { F::ONE } else { F::ZERO });
    std::array::from_fn(|_| {
        let row = vector;
        vector = mat_mul(matrix, vector);
        row
    })
}

fn rank<F: MarginField>(mut rows: Matrix<F>) -> usize {
    let mut rank = 0;
    for column in 0..WIDTH {
        let Some(pivot) = (rank..WIDTH).find(|row| rows[*row][column] != F::ZERO) else {
            continue;
        };
        rows.swap(rank, pivot);
        let pivot = rows[rank];
        let inverse = pivot[column].invert().unwrap();
        for row in rows.iter_mut().skip(rank + 1) {
            let factor = row[column] * inverse;
            for (entry, of_pivot) in row.iter_mut().zip(&pivot) {
                *entry -= factor * of_pivot;
            }
        }
        rank += 1;
    }
    rank
}

fn resists_subspace_trails<F: MarginField>() {
    let mds = F::poseidon().mds;
    let mut power = mds;
    for period in 1..=4 * WIDTH {
        assert_eq!(rank(orbit(&power)), WIDTH, "{} active, period {period}", F::NAME);
        assert_eq!(rank(orbit(&transpose(&power))), WIDTH, "{} inactive, period {period}", F::NAME);
        power = product(&power, &mds);
    }
}

#[test]
fn over_pasta() {
    resists_subspace_trails::<Fp>();
}

#[test]
fn over_bn254() {
    resists_subspace_trails::<Bn254Fr>();
}

/// The test can fail: a matrix that leaves lane 0 alone has such trails.
#[test]
fn a_weak_matrix_is_found() {
    let diagonal: Matrix<Fp> = std::array::from_fn(|i| {
        std::array::from_fn(|j| if i == j { Fp::from(i as u64 + 2) } else { Fp::from(0) })
    });
    assert_eq!(rank(orbit(&diagonal)), 1);
}
