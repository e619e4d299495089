//! Field elements as integers.

use num_bigint::{BigInt, Sign};
use zkmargin_margin::field::MarginField;

/// The integer nearest to zero that is this field element.
pub(super) fn integer<F: MarginField>(element: &F) -> BigInt {
    let positive = |element: &F| BigInt::from_bytes_le(Sign::Plus, &element.to_le_bytes());
    let (above, below) = (positive(element), positive(&-*element));
    if above <= below { above } else { -below }
}

/// The field element that an integer is.
pub(super) fn field<F: MarginField>(integer: &BigInt) -> F {
    let (sign, digits) = integer.to_u64_digits();
    let base = F::from(2).pow_vartime([64_u64]);
    let value = digits.iter().rev().fold(F::ZERO, |sum, digit| sum * base + F::from(*digit));
    if sign == Sign::Minus { -value } else { value }
}

/// So many signed digits of an element, the first lowest.
pub(super) fn digits<F: MarginField>(element: &F, count: usize, bits: u32) -> Vec<F> {
    let base: BigInt = BigInt::from(1) << bits;
    let half: BigInt = &base >> 1;
    let mut rest = integer(element);
    (1..=count)
        .map(|i| {
            if i == count {
                return field(&rest);
            }
            // `>>` rounds down, below zero too.
            let above = (&rest + &half) >> bits;
            let digit = &rest - (&above << bits);
            rest = above;
            field(&digit)
        })
        .collect()
}

/// Whether an element is an integer of so many bits.
pub(super) fn is_below<F: MarginField>(value: &F, bits: u32) -> bool {
    let bytes = value.to_le_bytes();
    (bits..256).all(|bit| bytes[bit as usize / 8] >> (bit % 8) & 1 == 0)
}

#[cfg(test)]
mod tests {
    use ff::Field as _;
    use pasta_curves::Fp;

    use super::*;

    #[test]
    fn digits_are_signed_and_sum_up() {
        for parts in [[3_i128, -5, 7], [-(1 << 40), 1 << 41, -1], [0, 0, 0], [-1, -1, -1]] {
            let parts: Vec<Fp> = parts.map(Fp::from_i128).to_vec();
            let base = Fp::from(2).pow_vartime([84_u64]);
            let packed = parts.iter().rev().fold(Fp::from(0), |sum, part| sum * base + part);
            assert_eq!(digits(&packed, 3, 84), parts);
        }
    }
}
