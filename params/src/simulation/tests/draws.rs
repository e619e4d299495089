//! Numbers from a seed.

use super::assert_close;
use crate::scenario::math::normal_cdf;
use crate::simulation::draws::{Draws, inverse_normal};

/// The seed of `reference.py`: 0 to 31.
pub(super) fn seed() -> [u8; 32] {
    std::array::from_fn(|i| u8::try_from(i).unwrap())
}

#[test]
fn draws_are_those_of_another_implementation() {
    let mut draws = Draws::new(seed());
    for expected in
        [-0.21609778664313523, -0.5642307359343502, 0.836295677066729, 0.17860435906309377]
    {
        assert_close(draws.normal(), expected, "normal");
    }
}

#[test]
fn the_inverse_undoes_the_distribution() {
    for step in 1..2_000 {
        let probability = f64::from(step) / 2_000.0;
        assert_close(normal_cdf(inverse_normal(probability)), probability, "probability");
    }
    // Far in the tails, to the precision of the tail itself.
    for exponent in 1..300 {
        let probability = 10_f64.powi(-exponent);
        let back = normal_cdf(inverse_normal(probability));
        assert!((back / probability - 1.0).abs() < 1e-11, "{exponent}: {back:e}");
    }
    assert_close(inverse_normal(0.975), 1.959963984540054, "the usual one");
    assert_eq!(inverse_normal(0.5), 0.0);
}

/// Mean, variance and excess kurtosis of many: of Student's t with five degrees
/// of freedom the last is 6.
#[test]
fn moments_are_those_of_the_distributions() {
    let moments = |numbers: &[f64]| {
        let mean =
            |power: i32| numbers.iter().map(|x| x.powi(power)).sum::<f64>() / numbers.len() as f64;
        (mean(1), mean(2), mean(4) / (mean(2) * mean(2)) - 3.0)
    };
    let mut draws = Draws::new([7; 32]);
    let normals: Vec<f64> = (0..200_000).map(|_| draws.normal()).collect();
    let (mean, variance, kurtosis) = moments(&normals);
    assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.01 && kurtosis.abs() < 0.05);
    let heavy: Vec<f64> = (0..200_000).map(|_| draws.normal() * draws.heavy_tail(5)).collect();
    let (mean, variance, kurtosis) = moments(&heavy);
    assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    assert!((2.5..12.0).contains(&kurtosis), "{kurtosis}");
}
