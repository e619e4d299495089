//! The curve of a field as the proving library's curve crate computes it.

use std::fmt::Debug;

use halo2curves_axiom::ff::{FromUniformBytes, PrimeField};
use halo2curves_axiom::group::{Curve, Group, GroupEncoding};
use halo2curves_axiom::{CurveAffine, grumpkin, pasta};
use pasta_curves::Fp;
use zeroize::Zeroizing;
use zkmargin_margin::escrow::Point;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;

/// A field whose curve has scalars too.
pub trait EscrowGroup: MarginField {
    /// A scalar.
    type Scalar: PrimeField + FromUniformBytes<64>;
    /// The group: points, and the identity.
    type Group: Group<Scalar = Self::Scalar> + GroupEncoding + Default + Debug;

    /// A point in the group.
    fn lift(point: &Point<Self>) -> Self::Group;

    /// A point of the group, which the identity is not.
    fn lower(element: &Self::Group) -> Option<Point<Self>>;
}

impl EscrowGroup for Fp {
    type Scalar = pasta::Fq;
    type Group = pasta::Ep;

    fn lift(point: &Point<Self>) -> Self::Group {
        lift::<Self, pasta::EpAffine>(point)
    }

    fn lower(element: &Self::Group) -> Option<Point<Self>> {
        lower::<Self, pasta::EpAffine>(&element.to_affine())
    }
}

impl EscrowGroup for Bn254Fr {
    type Scalar = grumpkin::Fr;
    type Group = grumpkin::G1;

    fn lift(point: &Point<Self>) -> Self::Group {
        lift::<Self, grumpkin::G1Affine>(point)
    }

    fn lower(element: &Self::Group) -> Option<Point<Self>> {
        lower::<Self, grumpkin::G1Affine>(&element.to_affine())
    }
}

/// The identity stands for what the library does not take: nothing, as both check the
/// same equation (a test says so), and the identity is refused wherever it comes up.
fn lift<F: MarginField, C: CurveAffine>(point: &Point<F>) -> C::CurveExt {
    let base = |element: F| {
        let mut repr = <C::Base as PrimeField>::Repr::default();
        repr.as_mut().copy_from_slice(&element.to_le_bytes());
        C::Base::from_repr(repr)
    };
    let coordinates = Option::from(base(point.x())).zip(Option::from(base(point.y())));
    let affine: Option<C> = coordinates.and_then(|(x, y)| C::from_xy(x, y).into());
    affine.map_or_else(C::CurveExt::identity, |point| point.to_curve())
}

fn lower<F: MarginField, C: CurveAffine>(affine: &C) -> Option<Point<F>> {
    let coordinates = Option::from(affine.coordinates());
    let coordinates: halo2curves_axiom::Coordinates<C> = coordinates?;
    let element = |base: &C::Base| {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(base.to_repr().as_ref());
        F::from_le_bytes(&bytes)
    };
    Point::new(element(coordinates.x())?, element(coordinates.y())?).ok()
}

/// A scalar's canonical little-endian bytes, wiped when dropped.
pub(super) fn scalar_bytes<F: EscrowGroup>(scalar: &F::Scalar) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    bytes.copy_from_slice(scalar.to_repr().as_ref());
    bytes
}

/// The scalar of canonical bytes.
pub(super) fn scalar_of<F: EscrowGroup>(bytes: &[u8; 32]) -> Option<F::Scalar> {
    let mut repr = <F::Scalar as PrimeField>::Repr::default();
    repr.as_mut().copy_from_slice(bytes);
    F::Scalar::from_repr(repr).into()
}

#[cfg(test)]
mod tests {
    use halo2curves_axiom::ff::Field as _;
    use zkmargin_margin::escrow::Nonce;

    use super::*;

    /// Points, the generator and products are the library's.
    fn agrees<F: EscrowGroup>() {
        let generator = F::Group::generator();
        assert_eq!(F::lower(&generator), Some(F::curve().generator));
        let two = F::Scalar::ONE.double();
        for signs in [[0; 32], [0xff; 32], [0x6d; 32]] {
            let nonce = Nonce::from_random(signs);
            let start = two.pow_vartime([253_u64]);
            let r = (0..252_u64).fold(start, |sum, bit| {
                let power = two.pow_vartime([bit]);
                let at = usize::try_from(bit).unwrap();
                if nonce.is_plus(at) { sum + power } else { sum - power }
            });
            let key = generator * F::Scalar::from(1_234_567);
            let point = F::lower(&key).unwrap();
            assert_eq!(F::lift(&point), key);
            assert_eq!(F::lower(&(key * r)), Some(point.times(&nonce)));
            assert_eq!(F::lower(&(generator * r)), Some(F::curve().generator.times(&nonce)));
        }
        assert_eq!(F::lower(&F::Group::identity()), None);
        let minus_one = -F::Scalar::ONE;
        assert_eq!(scalar_of::<F>(&scalar_bytes::<F>(&minus_one)), Some(minus_one));
        assert_eq!(scalar_of::<F>(&[0xff; 32]), None);
    }

    #[test]
    fn the_library_computes_what_the_statement_says() {
        agrees::<Fp>();
        agrees::<Bn254Fr>();
    }
}
