//! Products of points of the field's own curve with a nonce, out of the arithmetic
//! gate alone.
//!
//! A nonce is 252 signs; see [`zkmargin_margin::escrow`] for what it stands for and
//! why no sum below is of equal or opposite points, *whatever signs the prover
//! chooses*. That is what makes each slope the only one: `slope dx = dy` with `dx` not
//! zero. So the gadget needs no complete formulas, no case that falls away, and no
//! comparison of a scalar with the order. It rests on the base being on the curve,
//! which has prime order and no identity in these coordinates:
//! [`PointCells::witness`] constrains it, and constants are.
//!
//! | what | rows of arithmetic |
//! |---|---|
//! | a sign | 1 |
//! | two signs of a fixed base: one of four multiples, and a chord | 4 + 6 |
//! | a sign of any base: `(P +- Q) + P`, without the `y` between | 10 |
//! | products with the generator and with another point, signs included | 4,039 |

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::escrow::{NONCE_BITS, Point, WINDOW_BITS};
use zkmargin_margin::field::MarginField;

use super::{Cell, Synthesizer};

/// The coordinates of a point on the curve.
#[derive(Clone, Debug)]
pub struct PointCells<F: MarginField> {
    /// The first.
    pub x: Cell<F>,
    /// The second.
    pub y: Cell<F>,
}

/// The signs of a nonce, the lowest first: each one or minus one.
#[derive(Clone, Debug)]
pub struct Signs<F: MarginField>(Vec<Cell<F>>);

impl<F: MarginField> Signs<F> {
    /// Signs of the prover's choice, all of which are a nonce's. A value that is
    /// missing is zero, which is no sign.
    ///
    /// # Errors
    /// When the circuit is out of rows; so for every function.
    pub fn witness<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        signs: Value<&[F]>,
    ) -> Result<Self, Error> {
        let sign = |bit: usize| {
            s.scope(format!("nonce sign {bit}"));
            let value = signs.map(|signs| signs.get(bit).copied().unwrap_or(F::ZERO));
            s.witness_sign("E1 sign", value)
        };
        (0..NONCE_BITS).map(sign).collect::<Result<_, Error>>().map(Self)
    }

    /// The product with the generator, from the lowest signs up.
    ///
    /// # Errors
    /// As [`Signs::witness`].
    pub fn times_generator<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
    ) -> Result<PointCells<F>, Error> {
        let curve = F::curve();
        s.scope("generator");
        let mut sum = PointCells {
            x: s.constant("start x", curve.start.x())?,
            y: s.constant("start y", curve.start.y())?,
        };
        for (window, (signs, multiples)) in
            self.0.chunks(WINDOW_BITS).zip(&curve.windows).enumerate()
        {
            let [low, high] = signs else { return Err(Error::Synthesis) };
            s.scope(format!("generator window {window}"));
            let multiple = signed_multiple(s, [low, high], multiples)?;
            sum = chord(s, &sum, &multiple)?;
        }
        Ok(sum)
    }

    /// The product with a point, from the highest sign down.
    ///
    /// # Errors
    /// As [`Signs::witness`].
    pub fn times<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        name: &str,
        point: &PointCells<F>,
    ) -> Result<PointCells<F>, Error> {
        s.scope(format!("{name} twice"));
        let mut sum = doubled(s, point)?;
        for (bit, sign) in self.0.iter().enumerate().rev() {
            s.scope(format!("{name} step {bit}"));
            sum = step(s, &sum, point, sign)?;
        }
        Ok(sum)
    }
}

impl<F: MarginField> PointCells<F> {
    /// A point of the prover's choice, on the curve.
    ///
    /// # Errors
    /// As [`Signs::witness`].
    pub fn witness<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        point: Value<[F; 2]>,
    ) -> Result<Self, Error> {
        let x = s.witness_unchecked("x", point.map(|[x, _]| x))?;
        let y = s.witness_unchecked("y", point.map(|[_, y]| y))?;
        let square = s.mul("x squared", &x, &x)?;
        let zero = s.zero();
        let cube = s.mul_add("x cubed and b", (&square, &x), (F::ZERO, &zero), F::curve().b)?;
        let left = s.mul("y squared", &y, &y)?;
        s.equal(&left, &cube)?;
        Ok(Self { x, y })
    }
}

/// `2 high + low` times the power of a window, by the power and three times it:
/// equal signs make three, and the higher one is the sign of the sum.
fn signed_multiple<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    [low, high]: [&Cell<F>; 2],
    [one, three]: &[Point<F>; 2],
) -> Result<PointCells<F>, Error> {
    let half = F::from(2).invert().unwrap_or(F::ZERO);
    let same = s.mul("same sign", low, high)?;
    let mut between = |name: &str, one: F, three: F| {
        s.scale(name, (three - one) * half, &same, (three + one) * half)
    };
    let x = between("x of multiple", one.x(), three.x())?;
    let magnitude = between("y without sign", one.y(), three.y())?;
    let y = s.mul("y of multiple", &magnitude, high)?;
    Ok(PointCells { x, y })
}

/// `P + Q`, which are neither equal nor opposite.
fn chord<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    p: &PointCells<F>,
    q: &PointCells<F>,
) -> Result<PointCells<F>, Error> {
    let run = s.sub("run", &p.x, &q.x)?;
    let rise = difference(&p.y, &q.y);
    let slope = ratio(rise, run.value().copied());
    let slope = s.quotient("slope", slope, &run, (F::ONE, &q.y), &p.y)?;
    let sum = s.mul_add("sum of x", (&slope, &slope), (-F::ONE, &p.x), F::ZERO)?;
    let x = s.sub("x", &sum, &q.x)?;
    third(s, &slope, p, x)
}

/// `2 P`: no point of the curve has `y = 0`.
fn doubled<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    p: &PointCells<F>,
) -> Result<PointCells<F>, Error> {
    let square = s.mul("x squared", &p.x, &p.x)?;
    let (three, half) = (F::from(3), F::from(2).invert().unwrap_or(F::ZERO));
    let rise = square.value().map(|square| *square * three);
    let run = p.y.value().map(|y| y.double());
    // slope y = 3/2 x^2
    let zero = s.zero();
    let term = (-three * half, &square);
    let slope = s.quotient("slope", ratio(rise, run), &p.y, term, &zero)?;
    let x = s.mul_add("x", (&slope, &slope), (-F::from(2), &p.x), F::ZERO)?;
    third(s, &slope, p, x)
}

/// `(P +- Q) + P`. The point between has `x' = u - x_P`; its `y` is not needed, as
/// the second slope is `-first - 2 y_P / (x' - x_P)`.
fn step<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    p: &PointCells<F>,
    q: &PointCells<F>,
    sign: &Cell<F>,
) -> Result<PointCells<F>, Error> {
    let signed = s.mul("signed y", &q.y, sign)?;
    let run = s.sub("run", &p.x, &q.x)?;
    let rise = difference(&p.y, &signed);
    let first = ratio(rise, run.value().copied());
    let first = s.quotient("first slope", first, &run, (F::ONE, &signed), &p.y)?;
    let two = F::from(2);
    let u = s.mul_add("sum of x", (&first, &first), (-F::ONE, &q.x), F::ZERO)?;
    let run = s.add_scaled("second run", &u, (-two, &p.x), F::ZERO)?;
    let fall = p.y.value().map(|y| -y.double());
    let zero = s.zero();
    let slopes = ratio(fall, run.value().copied());
    let slopes = s.quotient("both slopes", slopes, &run, (two, &p.y), &zero)?;
    let second = s.sub("second slope", &slopes, &first)?;
    let x = s.mul_add("x", (&second, &second), (-F::ONE, &u), F::ZERO)?;
    third(s, &second, p, x)
}

/// The opposite of where a line of this slope through `p` meets the curve at `x`.
fn third<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    slope: &Cell<F>,
    p: &PointCells<F>,
    x: Cell<F>,
) -> Result<PointCells<F>, Error> {
    let back = s.sub("back", &p.x, &x)?;
    let y = s.mul_add("y", (slope, &back), (-F::ONE, &p.y), F::ZERO)?;
    Ok(PointCells { x, y })
}

fn difference<F: MarginField>(a: &Cell<F>, b: &Cell<F>) -> Value<F> {
    a.value().copied() - b.value().copied()
}

/// Zero where the divisor is, which it is under a lie alone.
fn ratio<F: MarginField>(dividend: Value<F>, divisor: Value<F>) -> Value<F> {
    dividend * divisor.map(|divisor| divisor.invert().unwrap_or(F::ZERO))
}
