//! The curve whose coordinates are in a proof system's field: Grumpkin over BN254's
//! scalar field, Pallas over Pasta's `Fp`. Both are `y^2 = x^3 + b` of prime order,
//! without cofactor: every point but the identity has that order, no point has
//! `y = 0`, and the identity has no affine coordinates, so a [`Point`] is never it.
//!
//! **Nonces** are the odd numbers between `2^252` and `3 * 2^252`, below the order of
//! both curves: `2^253` and 252 signed powers of two, `r = 2^253 + sum of +-2^i`. Every
//! choice of signs is a nonce and no two are the same, so a circuit needs to check
//! nothing of them but that they are signs. The powers are added from the top:
//! `m -> 2 m +- 1` from `m = 2`, so before a step `2 <= m < 3 * 2^251`. Sums by chords
//! are wrong where the points are equal or opposite; here they never are, whatever the
//! signs: `m P = +-P` needs `m -+ 1`, and `(m +- 1) P = +-m P` needs `1` or `2 m +- 1`,
//! to be a multiple of the order, and all of these are above zero and below it.
//!
//! The arithmetic is not constant in time, as that of proving is not.

use alloc::vec::Vec;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::field::MarginField;

/// Signs of a nonce.
pub const NONCE_BITS: usize = 252;
/// Signs that are added at once where the base is fixed.
pub const WINDOW_BITS: usize = 2;
/// Windows of a nonce.
pub const WINDOWS: usize = NONCE_BITS / WINDOW_BITS;
/// Length of a point's encoding.
pub const POINT_BYTES: usize = 64;

/// A point of the field's curve, which is not the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point<F> {
    x: F,
    y: F,
}

/// Why coordinates are no point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAPoint {
    /// A coordinate that is not below the field's modulus.
    #[error("a coordinate of the point is not below the field's modulus")]
    NotCanonical,
    /// Not on the curve. The identity has no coordinates, so this is said of what
    /// stands for it elsewhere: zeros.
    #[error("the point is not on the curve, or is the identity")]
    NotOnCurve,
}

impl<F: MarginField> Point<F> {
    /// A point by its coordinates.
    ///
    /// # Errors
    /// When it is not on the curve.
    pub fn new(x: F, y: F) -> Result<Self, NotAPoint> {
        match y.square() == x.square() * x + F::curve().b {
            true => Ok(Self { x, y }),
            false => Err(NotAPoint::NotOnCurve),
        }
    }

    /// The first coordinate.
    pub const fn x(&self) -> F {
        self.x
    }

    /// The second coordinate.
    pub const fn y(&self) -> F {
        self.y
    }

    /// Both coordinates, big-endian.
    pub fn to_bytes(&self) -> [u8; POINT_BYTES] {
        let (x, y) = (self.x.to_be_bytes(), self.y.to_be_bytes());
        core::array::from_fn(|i| if i < 32 { x[i] } else { y[i - 32] })
    }

    /// Reads [`Point::to_bytes`]: every point has one encoding.
    ///
    /// # Errors
    /// When they are not a point's.
    pub fn from_bytes(bytes: &[u8; POINT_BYTES]) -> Result<Self, NotAPoint> {
        let at = |start: usize| {
            let bytes = core::array::from_fn(|i| bytes[start + i]);
            F::from_be_bytes(&bytes).ok_or(NotAPoint::NotCanonical)
        };
        Self::new(at(0)?, at(32)?)
    }

    /// The opposite point.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self { x: self.x, y: -self.y }
    }

    /// Twice the point: never the identity, as the order is odd.
    #[must_use]
    pub fn doubled(&self) -> Self {
        let slope = self.x.square() * F::from(3) * inverse(self.y.double());
        self.third(self, slope)
    }

    /// The sum of two points that are neither equal nor opposite; of others it is
    /// no point. Private: callers say why theirs are neither.
    fn chord(&self, other: &Self) -> Self {
        let slope = (self.y - other.y) * inverse(self.x - other.x);
        self.third(other, slope)
    }

    fn third(&self, other: &Self, slope: F) -> Self {
        let x = slope.square() - self.x - other.x;
        Self { x, y: slope * (self.x - x) - self.y }
    }

    /// `r` times the point.
    #[must_use]
    pub fn times(&self, nonce: &Nonce) -> Self {
        let opposite = self.negated();
        let mut sum = self.doubled();
        for bit in (0..NONCE_BITS).rev() {
            let step = if nonce.is_plus(bit) { self } else { &opposite };
            // Neither chord is of equal or opposite points, see the module.
            sum = sum.chord(step).chord(&sum);
        }
        sum
    }
}

/// Zero for zero, which no caller divides by.
fn inverse<F: MarginField>(x: F) -> F {
    x.invert().unwrap_or(F::ZERO)
}

/// The curve of a field, with multiples of its generator for circuits.
#[derive(Clone, Debug)]
pub struct Curve<F> {
    /// The equation's constant.
    pub b: F,
    /// The generator `G`.
    pub generator: Point<F>,
    /// `2^253 G`, which every nonce's product starts from.
    pub start: Point<F>,
    /// `4^w G` and `3 * 4^w G` for each window.
    pub windows: Vec<[Point<F>; 2]>,
}

impl<F: MarginField> Curve<F> {
    /// The curve `y^2 = x^3 + b` with the generator of these coordinates.
    /// [`MarginField::curve`] caches it.
    pub(crate) fn generate(b: F, x: F, y: F) -> Self {
        let generator = Point { x, y };
        let mut power = generator;
        let mut windows = Vec::with_capacity(WINDOWS);
        for _ in 0..WINDOWS {
            let double = power.doubled();
            windows.push([power, power.chord(&double)]);
            power = double.doubled();
        }
        Self { b, generator, start: power.doubled(), windows }
    }
}

/// What a ciphertext's `R` is made from: 252 signs, uniformly random and secret.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Nonce([u8; 32]);

redacted_debug!(Nonce);

impl Nonce {
    /// A nonce by its signs, little-endian, one bit each: a set bit is plus. `None`
    /// when a bit beyond the 252nd is set.
    pub const fn new(signs: [u8; 32]) -> Option<Self> {
        if signs[31] >> 4 == 0 { Some(Self(signs)) } else { None }
    }

    /// A nonce from uniformly random bytes, of which four bits are not used.
    pub const fn from_random(mut bytes: [u8; 32]) -> Self {
        bytes[31] &= 0x0f;
        Self(bytes)
    }

    /// The signs, for storage under encryption.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether `2^bit` is added, not subtracted.
    pub fn is_plus(&self, bit: usize) -> bool {
        self.0.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use ff::{Field, PrimeField};
    use pasta_curves::Fp;
    use proptest::prelude::*;

    use super::*;
    use crate::field::bn254::Bn254Fr;

    fn is_a_point<F: MarginField>(point: &Point<F>) -> bool {
        Point::new(point.x, point.y).is_ok()
    }

    fn constants<F: MarginField>() {
        let curve = F::curve();
        assert!(is_a_point(&curve.generator) && is_a_point(&curve.start));
        assert_eq!(curve.windows.len(), WINDOWS);
        for [one, three] in &curve.windows {
            assert!(is_a_point(one) && is_a_point(three));
            assert_eq!(*three, one.doubled().chord(one));
        }
        for pair in curve.windows.windows(2) {
            assert_eq!(pair[1][0], pair[0][0].doubled().doubled());
        }
        let last = curve.windows[WINDOWS - 1][0];
        assert_eq!(curve.start, last.doubled().doubled().doubled());
    }

    /// The order of the curve, from the other field of the cycle, times a point is
    /// the identity: `order - 1` times the point is its opposite.
    fn order<F: MarginField>(order_minus_one: [u8; 32]) {
        let point = F::curve().generator.doubled();
        let mut product: Option<Point<F>> = None;
        for bit in (0..256).rev() {
            product = product.map(|point| point.doubled());
            if order_minus_one[bit / 8] >> (bit % 8) & 1 == 1 {
                product = Some(match product {
                    None => point,
                    Some(product) if product == point => product.doubled(),
                    Some(product) => product.chord(&point),
                });
            }
        }
        assert_eq!(product, Some(point.negated()));
    }

    #[test]
    fn curves_are_of_the_order_of_the_other_field() {
        constants::<Fp>();
        constants::<Bn254Fr>();
        order::<Fp>((-pasta_curves::Fq::ONE).to_repr());
        let mut bytes = [0; 32];
        hex::decode_to_slice(
            "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd46",
            &mut bytes,
        )
        .unwrap();
        bytes.reverse();
        order::<Bn254Fr>(bytes);
    }

    /// Pallas as its own library computes it: `r` by the signs' definition.
    #[test]
    fn products_are_those_of_the_library() {
        use pasta_curves::arithmetic::CurveAffine as _;
        use pasta_curves::group::{Curve as _, Group as _};
        use pasta_curves::{Fq, pallas};

        for signs in [[0; 32], [0x55; 32], [0xff; 32], [0x9c; 32]] {
            let nonce = Nonce::from_random(signs);
            let two = |power: u64| Fq::from(2).pow_vartime([power]);
            let r = (0..NONCE_BITS as u64).fold(two(253), |sum, bit| {
                let bit_at = usize::try_from(bit).unwrap();
                if nonce.is_plus(bit_at) { sum + two(bit) } else { sum - two(bit) }
            });
            let of_library = |point: pallas::Point| {
                let coordinates = point.to_affine().coordinates().unwrap();
                Point::new(*coordinates.x(), *coordinates.y()).unwrap()
            };
            let generator = pallas::Point::generator();
            assert_eq!(Fp::curve().generator, of_library(generator));
            assert_eq!(Fp::curve().generator.times(&nonce), of_library(generator * r));
            let key = generator * Fq::from(77);
            assert_eq!(of_library(key).times(&nonce), of_library(key * r));
        }
    }

    fn encodings<F: MarginField>() {
        let point = F::curve().generator;
        let bytes = point.to_bytes();
        assert_eq!(Point::from_bytes(&bytes), Ok(point));
        assert_eq!(Point::<F>::from_bytes(&[0; 64]), Err(NotAPoint::NotOnCurve));
        assert_eq!(Point::<F>::from_bytes(&[0xff; 64]), Err(NotAPoint::NotCanonical));
        assert_eq!(Point::new(point.x, point.y + F::ONE), Err(NotAPoint::NotOnCurve));
        // A point of the twist, or of a curve with another constant.
        assert_eq!(Point::new(point.x + F::ONE, point.y), Err(NotAPoint::NotOnCurve));
    }

    #[test]
    fn what_is_not_on_the_curve_is_no_point() {
        encodings::<Fp>();
        encodings::<Bn254Fr>();
    }

    #[test]
    fn nonces_have_252_signs() {
        let mut bytes = [0xff; 32];
        assert!(Nonce::new(bytes).is_none());
        bytes[31] = 0x0f;
        let nonce = Nonce::new(bytes).unwrap();
        assert!(nonce == Nonce::from_random([0xff; 32]));
        assert!(nonce.is_plus(251) && !nonce.is_plus(252) && !nonce.is_plus(1_000));
        assert_eq!(alloc::format!("{nonce:?}"), "Nonce(..)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        /// `r (s G) = s (r G)`: what prover and holder share.
        #[test]
        fn products_commute(a in any::<[u8; 32]>(), b in any::<[u8; 32]>()) {
            let (a, b) = (Nonce::from_random(a), Nonce::from_random(b));
            let g = Bn254Fr::curve().generator;
            prop_assert!(is_a_point(&g.times(&a)));
            prop_assert_eq!(g.times(&a).times(&b), g.times(&b).times(&a));
        }
    }
}
