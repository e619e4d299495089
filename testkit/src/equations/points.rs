//! Points of the field's own curve in projective coordinates: one formula for every sum
//! (Renes, Costello and Batina, "Complete addition formulas for prime order elliptic
//! curves", algorithm 7), where the circuit adds by chords that must not degenerate.

use num_bigint::{BigInt, Sign};
use zkmargin_margin::field::MarginField;

/// `X : Y : Z`; the identity is `0 : 1 : 0`.
#[derive(Clone, Copy)]
struct Projective<F>([F; 3]);

impl<F: MarginField> Projective<F> {
    const IDENTITY: Self = Self([F::ZERO, F::ONE, F::ZERO]);

    fn plus(&self, other: &Self) -> Self {
        let (Self([x1, y1, z1]), Self([x2, y2, z2])) = (*self, *other);
        let b3 = F::curve().b * F::from(3);
        let (xx, yy, zz) = (F::from(3) * x1 * x2, y1 * y2, b3 * z1 * z2);
        let (xy, yz, xz) = (x1 * y2 + x2 * y1, y1 * z2 + y2 * z1, b3 * (x1 * z2 + x2 * z1));
        Self([xy * (yy - zz) - yz * xz, (yy + zz) * (yy - zz) + xx * xz, yz * (yy + zz) + xx * xy])
    }

    /// Both coordinates; zeros for the identity, which has none.
    fn affine(&self) -> [F; 2] {
        let Self([x, y, z]) = *self;
        let inverse = z.invert().unwrap_or(F::ZERO);
        [x * inverse, y * inverse]
    }
}

/// The number that signs stand for: the power of two above the highest sign's, twice, and
/// each power with its sign. What is no sign counts for minus one.
fn number<F: MarginField>(signs: &[F]) -> BigInt {
    let one = || BigInt::from(1);
    signs.iter().enumerate().fold(one() << (signs.len() + 1), |sum, (bit, sign)| {
        if *sign == F::ONE { sum + (one() << bit) } else { sum - (one() << bit) }
    })
}

/// The coordinates of a point's product with the number of these signs.
pub(super) fn times<F: MarginField>([x, y]: [F; 2], signs: &[F]) -> [F; 2] {
    let (sign, digits) = number(signs).to_radix_be(2);
    assert_eq!(sign, Sign::Plus, "the power is larger than all below it");
    let base = Projective([x, y, F::ONE]);
    let product = digits.iter().fold(Projective::IDENTITY, |sum, digit| {
        let twice = sum.plus(&sum);
        if *digit == 1 { twice.plus(&base) } else { twice }
    });
    product.affine()
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;
    use zkmargin_margin::field::bn254::Bn254Fr;

    use super::*;

    #[test]
    fn signs_are_a_number() {
        let number = |signs: &[i128]| {
            number(&signs.iter().map(|sign| Fp::from_i128(*sign)).collect::<Vec<_>>())
        };
        assert_eq!(number(&[1, 1]), BigInt::from(11));
        assert_eq!(number(&[-1, 1, -1]), BigInt::from(16 - 1 + 2 - 4));
    }

    /// One formula for the opposite, the same and the identity too.
    #[test]
    fn sums_are_complete() {
        fn on<F: MarginField>() {
            let generator = F::curve().generator;
            let [x, y] = [generator.x(), generator.y()];
            let (point, opposite) = (Projective([x, y, F::ONE]), Projective([x, -y, F::ONE]));
            let twice = point.plus(&point);
            let native = generator.doubled();
            assert_eq!(twice.affine(), [native.x(), native.y()]);
            assert_eq!(point.plus(&opposite).affine(), [F::ZERO; 2]);
            assert_eq!(twice.plus(&opposite).affine(), [x, y]);
            assert_eq!(point.plus(&Projective::IDENTITY).affine(), [x, y]);
        }
        on::<Fp>();
        on::<Bn254Fr>();
    }
}
