//! What the options of an expiry are charged (M5).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::settlement::SUM_BITS;

use super::hints::Hints;
use crate::gadgets::{Cell, Synthesizer};

/// What a slot adds to its expiry: nothing where it is no option.
#[derive(Debug)]
pub(super) struct Point<F: MarginField> {
    /// One where the slot continues the expiry of the one before.
    pub(super) same: Cell<F>,
    /// One for an option of which there are lots.
    pub(super) held: Cell<F>,
    pub(super) strike: Cell<F>,
    /// Signed; of all options, and of puts.
    pub(super) lots: Cell<F>,
    pub(super) puts: Cell<F>,
    /// The level's charge on short lots.
    pub(super) alone: Cell<F>,
    /// Signed call lots times what the level charges where none covers them.
    pub(super) unpaired: Cell<F>,
}

/// Sums over an expiry up to a slot.
struct Sums<F: MarginField> {
    lots: Cell<F>,
    /// Lots times strikes.
    cost: Cell<F>,
    puts: Cell<F>,
    puts_cost: Cell<F>,
    alone: Cell<F>,
    unpaired: Cell<F>,
}

/// Puts of a whole expiry: lots, and lots times strikes.
type Puts<F> = (Cell<F>, Cell<F>);

/// What all expiries are charged, of the slots in their order.
pub(super) fn charge<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    points: &[Point<F>],
    hints: Value<&Hints<F>>,
) -> Result<Cell<F>, Error> {
    let sums = sums(s, points)?;
    let puts = puts_of_all(s, points, &sums)?;
    let (mut total, mut loss) = (s.zero(), s.zero());
    for (index, (point, sums)) in points.iter().zip(&sums).enumerate() {
        s.scope(format!("slot {index} settled"));
        let hint = |of: fn(&super::SlotHints<F>) -> Option<F>| hints.map(|h| of(&h.slots[index]));
        let start = loss_at_zero(s, (point, &puts[index]), hint(|h| h.loses_at_zero))?;
        let before =
            s.mul_add("M5 loss before", (&point.same, &loss), (F::ONE, &start), F::ZERO)?;
        loss = loss_at(s, (point, sums, &puts[index]), &before, hint(|h| h.is_worse))?;

        let owed = s.scale("unpaired calls short", -F::ONE, &sums.unpaired, F::ZERO)?;
        let naked = positive_part(s, "naked calls", &owed, hint(|h| h.is_naked))?;
        let most = s.add("M5 most that is lost", &loss, &naked)?;
        let excess = s.sub("charged beyond the most", &sums.alone, &most)?;
        let excess = positive_part(s, "excess", &excess, hint(|h| h.is_bounded))?;
        let charge = s.sub("M5 charge of the expiry", &sums.alone, &excess)?;
        total = match points.get(index + 1) {
            Some(next) => {
                let ends = s.not("expiry ends", &next.same)?;
                s.mul_add("M5 options charged", (&ends, &charge), (F::ONE, &total), F::ZERO)?
            }
            None => s.add("M5 options charged", &charge, &total)?,
        };
    }
    Ok(total)
}

/// The sums up to each slot, which begin anew with every expiry.
fn sums<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    points: &[Point<F>],
) -> Result<Vec<Sums<F>>, Error> {
    let mut all: Vec<Sums<F>> = Vec::with_capacity(points.len());
    for (index, point) in points.iter().enumerate() {
        s.scope(format!("slot {index} so far"));
        let cost = s.mul("lots by strike", &point.lots, &point.strike)?;
        let puts_cost = s.mul("puts by strike", &point.puts, &point.strike)?;
        let last = all.last();
        let mut add = |name: &str, last: Option<&Cell<F>>, more: &Cell<F>| match last {
            Some(last) => s.mul_add(name, (&point.same, last), (F::ONE, more), F::ZERO),
            None => Ok(more.clone()),
        };
        let sums = Sums {
            lots: add("M5 lots", last.map(|l| &l.lots), &point.lots)?,
            cost: add("M5 lots by strikes", last.map(|l| &l.cost), &cost)?,
            puts: add("M5 puts", last.map(|l| &l.puts), &point.puts)?,
            puts_cost: add("M5 puts by strikes", last.map(|l| &l.puts_cost), &puts_cost)?,
            alone: add("M5 charged alone", last.map(|l| &l.alone), &point.alone)?,
            unpaired: add("M5 unpaired", last.map(|l| &l.unpaired), &point.unpaired)?,
        };
        all.push(sums);
    }
    Ok(all)
}

/// The puts of the whole expiry of each slot, which the last of its slots has: from the
/// last slot to the first.
fn puts_of_all<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    points: &[Point<F>],
    sums: &[Sums<F>],
) -> Result<Vec<Puts<F>>, Error> {
    let mut all: Vec<Puts<F>> = Vec::with_capacity(points.len());
    let mut next: Option<&Point<F>> = None;
    for (index, (point, sums)) in points.iter().zip(sums).enumerate().rev() {
        s.scope(format!("slot {index} and to come"));
        let mut whole = |name: &str, so_far: &Cell<F>, later: Option<&Cell<F>>| {
            let (Some(next), Some(later)) = (next, later) else { return Ok(so_far.clone()) };
            let more = s.sub(&format!("{name} to come"), later, so_far)?;
            s.mul_add(&format!("M5 {name}"), (&next.same, &more), (F::ONE, so_far), F::ZERO)
        };
        let later = all.last();
        let puts = whole("puts of all", &sums.puts, later.map(|l| &l.0))?;
        let cost = whole("puts by strikes of all", &sums.puts_cost, later.map(|l| &l.1))?;
        all.push((puts, cost));
        next = Some(point);
    }
    all.reverse();
    Ok(all)
}

/// What an expiry that begins with a slot loses at zero, where its puts are worth what
/// their strikes are; nothing in any other slot.
fn loss_at_zero<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    (point, (_, cost)): (&Point<F>, &Puts<F>),
    hint: Value<Option<F>>,
) -> Result<Cell<F>, Error> {
    let begins = s.not("expiry begins", &point.same)?;
    let value = s.mul("M5 value at zero", &begins, cost)?;
    let owed = s.scale("owed at zero", -F::ONE, &value, F::ZERO)?;
    positive_part(s, "loss at zero", &owed, hint)
}

/// The largest loss up to a slot, after those before it.
fn loss_at<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    (point, sums, (puts, cost)): (&Point<F>, &Sums<F>, &Puts<F>),
    before: &Cell<F>,
    hint: Value<Option<F>>,
) -> Result<Cell<F>, Error> {
    let slope = s.sub("M5 lots that gain", &sums.lots, puts)?;
    let constant = s.sub("M5 value less gains", cost, &sums.cost)?;
    let product = (&point.strike, &slope);
    let value = s.mul_add("M5 value at the strike", product, (F::ONE, &constant), F::ZERO)?;
    let owed = s.add("value and loss before", &value, before)?;
    let more = s.scale("loss beyond those before", -F::ONE, &owed, F::ZERO)?;
    let more = s.mul("M5 where held", &point.held, &more)?;
    let more = positive_part(s, "further loss", &more, hint)?;
    s.add("M5 loss", before, &more)
}

/// One for an option of which there are lots, and else zero, by its size: what is zero has
/// no inverse, and what is not is as large where it is held.
pub(super) fn held<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    size: &Cell<F>,
    hint: Value<Option<F>>,
) -> Result<Cell<F>, Error> {
    let has_lots = |size: &F| if *size == F::ZERO { F::ZERO } else { F::ONE };
    let held = hint.zip(size.value()).map(|(hint, size)| hint.unwrap_or_else(|| has_lots(size)));
    let held = s.witness_unchecked("M5 option held", held)?;
    let inverse = held.value().zip(size.value());
    let inverse = inverse.map(|(held, size)| *held * size.invert().unwrap_or(F::ZERO));
    let zero = s.zero();
    s.quotient("M5 what is held has lots", inverse, size, (F::ZERO, &zero), &held)?;
    let counted = s.mul("size where held", &held, size)?;
    s.equal_as("M5 what has lots is held", &counted, size)?;
    Ok(held)
}

/// `max(0, x)` for `|x| < 2^88`: the sign is witnessed, and `|x|` under that sign must
/// be in range. Zero has both signs and one result.
fn positive_part<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    x: &Cell<F>,
    hint: Value<Option<F>>,
) -> Result<Cell<F>, Error> {
    let positive = hint.zip(x.value()).map(|(hint, x)| hint.unwrap_or_else(|| is_positive(x)));
    let positive = s.witness_bit(&format!("M5 {name} is positive"), positive)?;
    let sign = s.scale(&format!("{name} sign"), F::from(2), &positive, -F::ONE)?;
    let absolute = s.mul(&format!("absolute {name}"), &sign, x)?;
    s.range_check(&format!("M5 absolute {name}"), &absolute, SUM_BITS)?;
    s.mul(&format!("M5 {name}"), &positive, x)
}

/// One for a number from 1 to below `2^128`.
fn is_positive<F: MarginField>(x: &F) -> F {
    let is_small = x.to_le_bytes()[16..].iter().all(|byte| *byte == 0);
    F::from(u64::from(is_small && *x != F::ZERO))
}
