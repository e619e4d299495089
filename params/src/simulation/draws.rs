//! Random numbers that anyone draws again: ChaCha20 from a seed, the inverse of
//! the normal distribution, Student's t.
//!
//! A uniform number is `(k + 1/2) / 2^52` with the upper 52 bits of 64, so it is
//! never 0 or 1 and exact. Normal numbers are its image under algorithm AS 241
//! (Wichura 1988), which errs by less than `1e-15` of the number; logarithm and
//! root are `libm`'s. Student's t with `n` degrees of freedom and unit variance
//! is a vector of normals over the root of the mean of `n` squared ones, scaled.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::scenario::math::{ln, sqrt};

/// Numbers from a seed of 32 bytes: the key of ChaCha20, nonce and counter zero.
#[derive(Clone, Debug)]
pub struct Draws(ChaCha20Rng);

impl Draws {
    /// The numbers of a seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// A number between 0 and 1, both excluded.
    pub fn uniform(&mut self) -> f64 {
        // Exact: below 2^52, and a half more.
        let bits = (self.0.next_u64() >> 12) as f64;
        (bits + 0.5) / (1_u64 << 52) as f64
    }

    /// A standard normal number.
    pub fn normal(&mut self) -> f64 {
        inverse_normal(self.uniform())
    }

    /// What normal numbers are multiplied with to be Student's t of unit
    /// variance: one factor for all numbers of a scenario, so that large moves
    /// come together. `degrees` is above 2.
    pub fn heavy_tail(&mut self, degrees: u32) -> f64 {
        let squares: f64 = (0..degrees)
            .map(|_| {
                let normal = self.normal();
                normal * normal
            })
            .sum();
        sqrt(f64::from(degrees - 2) / squares)
    }
}

/// Coefficients of a rational function: those of the numerator, then of the
/// denominator, the highest first; the last of the denominator is 1.
type Rational = [[f64; 8]; 2];

#[expect(clippy::excessive_precision, reason = "as published")]
const CENTRE: Rational = [
    [
        2.509_080_928_730_122_672_7e3,
        3.343_057_558_358_812_810_5e4,
        6.726_577_092_700_870_085_3e4,
        4.592_195_393_154_987_145_7e4,
        1.373_169_376_550_946_112_5e4,
        1.971_590_950_306_551_442_7e3,
        1.331_416_678_917_843_774_5e2,
        3.387_132_872_796_366_608,
    ],
    [
        5.226_495_278_852_854_561e3,
        2.872_908_573_572_194_267_4e4,
        3.930_789_580_009_271_061e4,
        2.121_379_430_158_659_586_7e4,
        5.394_196_021_424_751_107_7e3,
        6.871_870_074_920_579_083e2,
        4.231_333_070_160_091_125_2e1,
        1.0,
    ],
];
#[expect(clippy::excessive_precision, reason = "as published")]
const FLANK: Rational = [
    [
        7.745_450_142_783_414_076_4e-4,
        2.272_384_498_926_918_458_33e-2,
        2.417_807_251_774_506_117_7e-1,
        1.270_458_252_452_368_382_58,
        3.647_848_324_763_204_605_04,
        5.769_497_221_460_691_405_5,
        4.630_337_846_156_545_295_9,
        1.423_437_110_749_683_577_34,
    ],
    [
        1.050_750_071_644_416_843_24e-9,
        5.475_938_084_995_344_946e-4,
        1.519_866_656_361_645_719_66e-2,
        1.481_039_764_274_800_745_9e-1,
        6.897_673_349_851_000_045_5e-1,
        1.676_384_830_183_803_849_4,
        2.053_191_626_637_758_821_87,
        1.0,
    ],
];
#[expect(clippy::excessive_precision, reason = "as published")]
const TAIL: Rational = [
    [
        2.010_334_399_292_288_132_65e-7,
        2.711_555_568_743_487_578_15e-5,
        1.242_660_947_388_078_438_6e-3,
        2.653_218_952_657_612_309_3e-2,
        2.965_605_718_285_048_912_3e-1,
        1.784_826_539_917_291_335_8,
        5.463_784_911_164_114_369_9,
        6.657_904_643_501_103_777_2,
    ],
    [
        2.044_263_103_389_939_785_64e-15,
        1.421_511_758_316_445_888_7e-7,
        1.846_318_317_510_054_681_8e-5,
        7.868_691_311_456_132_591e-4,
        1.487_536_129_085_061_485_25e-2,
        1.369_298_809_227_358_053_1e-1,
        5.998_322_065_558_879_376_9e-1,
        1.0,
    ],
];

/// The number that a standard normal one is below with a probability between 0
/// and 1; at 0 and 1 and beyond it is no finite number.
pub fn inverse_normal(probability: f64) -> f64 {
    let centred = probability - 0.5;
    if centred.abs() <= 0.425 {
        return centred * ratio(&CENTRE, 0.180_625 - centred * centred);
    }
    let tail = if centred < 0.0 { probability } else { 1.0 - probability };
    let root = sqrt(-ln(tail));
    let magnitude = match root <= 5.0 {
        true => ratio(&FLANK, root - 1.6),
        false => ratio(&TAIL, root - 5.0),
    };
    if centred < 0.0 { -magnitude } else { magnitude }
}

fn ratio([above, below]: &Rational, x: f64) -> f64 {
    let horner = |coefficients: &[f64; 8]| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    horner(above) / horner(below)
}
