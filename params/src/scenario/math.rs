//! Elementary functions with the same bits on every platform.
//!
//! `f64`'s own `exp`, `ln` and `powf` call the platform's library, whose last
//! bit differs between systems. Here they are [`libm`]'s, in software, and
//! nothing is fused. Additions, products, quotients and square roots are exact
//! to the bit by IEEE 754. `f64::max` and `f64::min` may return either zero of
//! `0.0` and `-0.0`, so [`max`] and [`min`] are written out.

/// `e^x`.
pub(crate) fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// The natural logarithm.
pub(crate) fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// The square root.
pub(crate) fn sqrt(x: f64) -> f64 {
    libm::sqrt(x)
}

/// `x^y`.
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// The standard normal distribution function.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
}

/// The standard normal density.
pub(crate) fn normal_pdf(x: f64) -> f64 {
    // 1 / sqrt(2 pi)
    0.398_942_280_401_432_7 * exp(-0.5 * x * x)
}

/// The larger of two numbers, the first when they are equal.
pub(crate) fn max(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// The smaller of two numbers, the first when they are equal.
pub(crate) fn min(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}
