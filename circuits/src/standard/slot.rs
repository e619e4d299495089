//! One slot: a position, its row, its figures (M3, M4, M5).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::MARKET_DEPTH;
use zkmargin_margin::portfolio::{
    CASH_OFFSET, QUANTITY_OFFSET, WORD_BUCKET, WORD_CASH, WORD_PRESENT, WORD_QUANTITY,
};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::standard::{Direction, ROW_E0, ROW_E1};
use zkmargin_margin::units::NOTIONAL_BITS;

use super::hints::{Division, SlotHints};
use crate::figures::{SlotCells, WordCells};
use crate::gadgets::range::Ranged;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::{INSTRUMENT_BITS, RATE_BITS};

/// Bits of a quantity, a price, a price unit.
const WORD_BITS: u32 = 64;
/// Bits of a position's lots without the seven highest and the sign.
const TAIL_BITS: u32 = 56;
/// Bits of a bucket.
pub(super) const BUCKET_BITS: u32 = 16;

/// What the rest of the circuit needs of a slot.
#[derive(Debug)]
pub struct StandardSlot<F: MarginField> {
    /// What every statement sees of it.
    pub(super) common: SlotCells<F>,
    pub(super) instrument: Ranged<F>,
    pub(super) bucket: Ranged<F>,
    /// Minus one for a short position, one for any other.
    pub(super) sign: Cell<F>,
    pub(super) notional: Cell<F>,
    /// Signed value plus cash.
    pub(super) equity: Cell<F>,
    pub(super) maintenance: Cell<F>,
    pub(super) initial: Cell<F>,
}

impl<F: MarginField> AsRef<SlotCells<F>> for StandardSlot<F> {
    fn as_ref(&self) -> &SlotCells<F> {
        &self.common
    }
}

impl<F: MarginField> AsMut<SlotCells<F>> for StandardSlot<F> {
    fn as_mut(&mut self) -> &mut SlotCells<F> {
        &mut self.common
    }
}

/// The private side of a slot.
struct PositionCells<F: MarginField> {
    magnitude: Cell<F>,
    short: Cell<F>,
    /// `1 - 2 short`.
    sign: Cell<F>,
    cash: Cell<F>,
    instrument: Ranged<F>,
    bucket: Ranged<F>,
    /// Lots and cash with their offsets.
    shifted: [Cell<F>; 2],
    used: Cell<F>,
    padding: Cell<F>,
    word: Cell<F>,
}

/// The public side: the fields of the row.
struct RowCells<F: MarginField> {
    mantissa: Ranged<F>,
    unit: Ranged<F>,
    lower: Ranged<F>,
    lower_exclusive: Cell<F>,
    upper: Ranged<F>,
    maintenance_rate: Ranged<F>,
    maintenance_fraction: Ranged<F>,
    maintenance_base: Ranged<F>,
    initial_rate: Ranged<F>,
    initial_base: Ranged<F>,
    tree_root: Cell<F>,
}

type Hints<'a, F> = Value<&'a SlotHints<F>>;

/// Assigns a slot.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    denominator: &Ranged<F>,
    hints: Hints<'_, F>,
) -> Result<StandardSlot<F>, Error> {
    let position = assign_position(s, hints)?;
    let row = assign_row(s, &position, hints)?;
    let (notional, excess) = assign_notional(s, &position, &row, hints)?;

    let marginal = scale_up(
        s,
        "M5 maintenance",
        &excess,
        &row.maintenance_rate,
        denominator,
        hints.map(|h| h.maintenance_marginal),
    )?;
    let scaled = scale_up(
        s,
        "M5 maintenance fraction",
        marginal.cell(),
        &row.maintenance_fraction,
        denominator,
        hints.map(|h| h.maintenance_scaled),
    )?;
    let initial = scale_up(
        s,
        "M5 initial",
        &excess,
        &row.initial_rate,
        denominator,
        hints.map(|h| h.initial_marginal),
    )?;
    Ok(StandardSlot {
        equity: s.mul_add(
            "M5 equity",
            (&position.sign, &notional),
            (F::ONE, &position.cash),
            F::ZERO,
        )?,
        // Padding is charged nothing, whatever the base of its row: with no
        // lots the notional is zero, and so are both quotients.
        maintenance: s.mul_add(
            "M5 maintenance margin",
            (&position.used, row.maintenance_base.cell()),
            (F::ONE, scaled.cell()),
            F::ZERO,
        )?,
        initial: s.mul_add(
            "M5 initial margin",
            (&position.used, row.initial_base.cell()),
            (F::ONE, initial.cell()),
            F::ZERO,
        )?,
        notional,
        common: position.common(row.tree_root),
        sign: position.sign,
        instrument: position.instrument,
        bucket: position.bucket,
    })
}

/// The position: canonical sign, ranges, the packed word.
fn assign_position<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    hints: Hints<'_, F>,
) -> Result<PositionCells<F>, Error> {
    let short = s.witness_bit("M4 short", hints.map(|h| h.short))?;
    let quantity = assign_quantity(s, &short, hints)?;
    let sign = s.scale("sign", -F::from(2), &short, F::ONE)?;
    let magnitude = s.mul("magnitude", &sign, &quantity)?;
    let offset = F::from_u128(QUANTITY_OFFSET);
    let shifted = s.scale("quantity plus 2^63", F::ONE, &quantity, offset)?;
    let shifted_cash = s.witness_ranged("M4 cash", hints.map(|h| h.cash), NOTIONAL_BITS)?;
    let cash = s.scale("cash", F::ONE, shifted_cash.cell(), -F::from_u128(CASH_OFFSET))?;

    let instrument = hints.map(|h| h.instrument);
    let instrument = s.witness_ranged("M4 instrument", instrument, INSTRUMENT_BITS)?;
    let bucket = hints.map(|h| h.bucket);
    let bucket = s.witness_ranged("M4 bucket", bucket, BUCKET_BITS)?;
    // The quantity plus 2^63 is below 2^64 by its parts.
    let word = s.pack_unchecked(
        "M1 word",
        &[
            (0, instrument.cell()),
            (WORD_BUCKET, bucket.cell()),
            (WORD_QUANTITY, &shifted),
            (WORD_CASH, shifted_cash.cell()),
        ],
    )?;
    let present = F::from(2).pow_vartime([u64::from(WORD_PRESENT)]);
    let word = s.scale("M1 word of a position", F::ONE, &word, present)?;

    let padding = s.witness_bit("M1 padding", hints.map(|h| h.padding))?;
    s.product_is_zero("M1 padding has no lots", &padding, &magnitude)?;
    s.product_is_zero("M1 padding has no cash", &padding, &cash)?;
    let used = s.not("used", &padding)?;
    let word = s.mul("used word", &used, &word)?;
    let shifted = [shifted, shifted_cash.cell().clone()];
    Ok(PositionCells {
        magnitude,
        short,
        sign,
        cash,
        instrument,
        bucket,
        shifted,
        used,
        padding,
        word,
    })
}

/// The quantity, from `-2^63` to `2^63 - 1`: a number below `2^63`, less `2^63`
/// for a short position. So the sign is canonical, and zero is not short.
fn assign_quantity<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    short: &Cell<F>,
    hints: Hints<'_, F>,
) -> Result<Cell<F>, Error> {
    let tail = hints.map(|h| h.quantity_tail);
    let tail = s.witness_ranged("M4 quantity tail", tail, TAIL_BITS)?;
    let head = s.witness_ranged("M4 quantity head", hints.map(|h| h.quantity_head), 8)?;
    let double = s.scale("quantity head doubled", F::from(2), head.cell(), F::ZERO)?;
    s.range_check("M4 quantity head below 128", &double, 8)?;
    let fields = [(0, &tail), (TAIL_BITS, &head)];
    let number = s.pack("M4 quantity", &fields)?;
    s.add_scaled("quantity", &number, (-F::from_u128(QUANTITY_OFFSET), short), F::ZERO)
}

impl<F: MarginField> PositionCells<F> {
    /// What every statement sees of the slot.
    fn common(&self, tree_root: Cell<F>) -> SlotCells<F> {
        let [lots, cash] = self.shifted.clone();
        let instrument = self.instrument.cell().clone();
        let bucket = Some(self.bucket.cell().clone());
        SlotCells {
            used: self.used.clone(),
            padding: self.padding.clone(),
            word: self.word.clone(),
            listed: self.used.clone(),
            unlisted: self.padding.clone(),
            parts: WordCells { instrument, bucket, lots, cash },
            tree_root,
        }
    }
}

/// The row: unpacked with a range for every field, hashed, opened to a root.
fn assign_row<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    position: &PositionCells<F>,
    hints: Hints<'_, F>,
) -> Result<RowCells<F>, Error> {
    let direction = hints.map(|h| h.direction);
    let direction = s.witness_unchecked("M4 direction", direction)?;
    // The row is for both directions, or for the position's: short is 0 or 1, so
    // the direction is 0, 1 or 2.
    let other = s.sub("direction less short", &direction, &position.short)?;
    let both = -F::from(Direction::Both as u64);
    let not_both = s.scale("direction less both", F::ONE, &direction, both)?;
    s.product_is_zero("M5 direction", &other, &not_both)?;

    let lower_exclusive = s.witness_bit("M5 lower exclusive", hints.map(|h| h.lower_exclusive))?;
    let mut ranged = |name: &str, bits: u32, value: &dyn Fn(&SlotHints<F>) -> F| {
        s.witness_ranged(name, hints.map(value), bits)
    };
    let mantissa = ranged("M4 price", WORD_BITS, &|h| h.mantissa)?;
    let unit = ranged("M4 price unit", WORD_BITS, &|h| h.unit)?;
    let maintenance_rate = ranged("M4 maintenance rate", RATE_BITS, &|h| h.maintenance_rate)?;
    let lower = ranged("M4 lower", NOTIONAL_BITS, &|h| h.lower)?;
    let upper = ranged("M4 upper", NOTIONAL_BITS, &|h| h.upper)?;
    let maintenance_fraction =
        ranged("M4 maintenance fraction", RATE_BITS, &|h| h.maintenance_fraction)?;
    let initial_rate = ranged("M4 initial rate", RATE_BITS, &|h| h.initial_rate)?;
    let maintenance_base = ranged("M4 maintenance base", NOTIONAL_BITS, &|h| h.maintenance_base)?;
    let initial_base = ranged("M4 initial base", NOTIONAL_BITS, &|h| h.initial_base)?;

    let e0 = s.pack_unchecked(
        "M3 row e0",
        &[
            (ROW_E0.bits[0], position.instrument.cell()),
            (ROW_E0.bits[1], &direction),
            (ROW_E0.bits[2], &lower_exclusive),
            (ROW_E0.bits[3], mantissa.cell()),
            (ROW_E0.bits[4], unit.cell()),
            (ROW_E0.bits[5], maintenance_rate.cell()),
        ],
    )?;
    let e1 = s.pack(
        "M3 row e1",
        &[
            (ROW_E1.bits[0], &lower),
            (ROW_E1.bits[1], &upper),
            (ROW_E1.bits[2], &maintenance_fraction),
            (ROW_E1.bits[3], &initial_rate),
        ],
    )?;
    let leaf = [e0, e1, maintenance_base.cell().clone(), initial_base.cell().clone()];
    let tree_root = s.membership(
        "M3 row",
        (Domain::MarketRow, Domain::MarketRow, Domain::MarketNode),
        &leaf,
        MARKET_DEPTH,
        hints.map(|h| h.path.as_slice()),
    )?;
    Ok(RowCells {
        mantissa,
        unit,
        lower,
        lower_exclusive,
        upper,
        maintenance_rate,
        maintenance_fraction,
        maintenance_base,
        initial_rate,
        initial_base,
        tree_root,
    })
}

/// The notional, rounded towards zero, inside the tier; and its excess over
/// the tier's lower bound.
fn assign_notional<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    position: &PositionCells<F>,
    row: &RowCells<F>,
    hints: Hints<'_, F>,
) -> Result<(Cell<F>, Cell<F>), Error> {
    // lower + exclusive <= notional <= upper.
    let above = hints.map(|h| h.above);
    let above = s.witness_ranged("M5 above lower", above, NOTIONAL_BITS)?;
    let excess = s.add("excess", above.cell(), &row.lower_exclusive)?;
    let notional = s.add("notional", &excess, row.lower.cell())?;
    let below = s.sub("upper less notional", row.upper.cell(), &notional)?;
    s.range_check("M5 below upper", &below, NOTIONAL_BITS)?;

    // notional * unit + remainder = magnitude * mantissa, remainder < unit.
    let remainder = hints.map(|h| h.notional_remainder);
    let remainder = s.witness_ranged("M5 notional remainder", remainder, WORD_BITS)?;
    less_than(s, "M5 notional remainder", &remainder, &row.unit)?;
    let scaled = s.mul_add(
        "notional by unit",
        (&notional, row.unit.cell()),
        (F::ONE, remainder.cell()),
        F::ZERO,
    )?;
    let product = s.mul("M5 magnitude by price", &position.magnitude, row.mantissa.cell())?;
    s.equal(&scaled, &product)?;
    Ok((notional, excess))
}

/// `ceil(amount * rate / denominator)`, below 2^80: the quotient and the slack
/// are witnessed, `quotient * denominator = amount * rate + slack` with
/// `slack < denominator`. Both sides stay below 2^113.
fn scale_up<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    amount: &Cell<F>,
    rate: &Ranged<F>,
    denominator: &Ranged<F>,
    division: Value<Division<F>>,
) -> Result<Ranged<F>, Error> {
    let quotient = division.map(|d| d.quotient);
    let quotient = s.witness_ranged(&format!("{name} quotient"), quotient, NOTIONAL_BITS)?;
    let slack = division.map(|d| d.slack);
    let slack = s.witness_ranged(&format!("{name} slack"), slack, RATE_BITS)?;
    less_than(s, &format!("{name} slack"), &slack, denominator)?;
    let left =
        s.mul(&format!("{name} quotient by denominator"), quotient.cell(), denominator.cell())?;
    let right = s.mul_add(
        &format!("{name} amount by rate"),
        (amount, rate.cell()),
        (F::ONE, slack.cell()),
        F::ZERO,
    )?;
    s.equal(&left, &right)?;
    Ok(quotient)
}

/// `small < large`, both in the range of `large`.
fn less_than<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    small: &Ranged<F>,
    large: &Ranged<F>,
) -> Result<(), Error> {
    let gap =
        s.add_scaled(&format!("{name} gap"), large.cell(), (-F::ONE, small.cell()), -F::ONE)?;
    s.range_check(&format!("{name} below its divisor"), &gap, large.bits())?;
    Ok(())
}
