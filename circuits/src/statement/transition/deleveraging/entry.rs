//! The entries one by one, with the positions they change as they were (T4).
//!
//! A position as it was is assigned as any is, with a row of its own: where lots
//! shrink, so does the notional, and another tier can apply. What it was, and the
//! entry, are those of the slot by their packed words, see [`gather`].

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::{
    CASH_OFFSET, QUANTITY_OFFSET, WORD_BUCKET, WORD_CASH, WORD_PRESENT, WORD_QUANTITY,
};
use zkmargin_margin::statement::transition::{
    CASH_CHANGE_OFFSET, ENTRY_BUCKET, ENTRY_CASH, ENTRY_LOTS, ENTRY_PRESENT, LOTS_OFFSET,
};

use super::aim::{AimCells, LevelCells};
use crate::figures::{PositionFigures, WordCells};
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::held::{pack, power};

/// Bits of lots, and of what lots differ by, of one sign.
const LOTS_BITS: u32 = 64;
/// Bits of an entry's lots, and of its cash, with their offsets.
const ENTRY_LOTS_BITS: u32 = ENTRY_CASH - ENTRY_LOTS;
const ENTRY_CASH_BITS: u32 = ENTRY_PRESENT - ENTRY_CASH;
/// Bits of cash that is paid in.
const DEPOSIT_BITS: u32 = 80;
/// Where cash begins when lots and cash are looked at as one: an entry's lots are
/// below it either way.
const CASH_ABOVE: u32 = 80;

/// What the prover writes of an entry.
#[derive(Clone, Copy)]
pub struct EntryHints<F> {
    /// One for an entry, zero for none.
    pub present: F,
    /// One for an entry that has lots.
    pub has_lots: F,
    /// Its lots, plus their offset.
    pub lots: F,
    /// Its cash, plus its offset.
    pub cash: F,
    /// One when the next entry is in the same bucket.
    pub goes_on: F,
}

/// Secret: shows nothing.
impl<F> std::fmt::Debug for EntryHints<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EntryHints(..)")
    }
}

/// An entry.
pub(super) struct EntryCells<F: MarginField> {
    /// One for an entry, zero for none.
    pub(super) present: Cell<F>,
    /// One for an entry that has lots.
    pub(super) has_lots: Cell<F>,
    /// Its bucket; `None` in a family that has one.
    bucket: Option<Cell<F>>,
    /// Its cash.
    gain: Cell<F>,
    /// Its word, zero for none.
    pub(super) word: Cell<F>,
    /// The word of the position with one lot taken back, and no cash.
    pub(super) taken_back: Cell<F>,
    /// Equity before, and what the level before required.
    pub(super) before: [Cell<F>; 2],
}

impl<F: MarginField> EntryCells<F> {
    /// Assigns an entry by the position it changes, as that was, and constrains its
    /// lots to shrink the position.
    pub(super) fn assign<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        level: &LevelCells<F>,
        (parts, figures): (&WordCells<F>, PositionFigures<'_, F>),
        hints: Value<&EntryHints<F>>,
    ) -> Result<Self, Error> {
        let present = s.witness_bit("T4 entry", hints.map(|h| h.present))?;
        let lots = s.witness_ranged("T4 entry lots", hints.map(|h| h.lots), ENTRY_LOTS_BITS)?;
        let cash = s.witness_ranged("T4 entry cash", hints.map(|h| h.cash), ENTRY_CASH_BITS)?;
        let (lots, cash) = (lots.cell(), cash.cell());
        let offsets = (ENTRY_BUCKET, ENTRY_LOTS, ENTRY_CASH, power(ENTRY_PRESENT));
        let word = pack(s, "T4 entry word", parts, offsets, (lots, cash))?;
        let word = s.mul("T4 entry word where present", &present, &word)?;
        let more = s.scale("more lots", F::ONE, lots, -F::from_u128(LOTS_OFFSET))?;
        let gain = s.scale("more cash", F::ONE, cash, -F::from_u128(CASH_CHANGE_OFFSET))?;
        let absent = s.not("no entry", &present)?;
        let contents =
            s.add_scaled("entry contents", &more, (power(CASH_ABOVE), &gain), F::ZERO)?;
        s.product_is_zero("T4 no entry has no contents", &absent, &contents)?;

        let has_lots = s.witness_bit("T4 entry has lots", hints.map(|h| h.has_lots))?;
        let left = shrink(s, (parts, figures.sign), &more, &has_lots)?;

        let offset = F::from_u128(QUANTITY_OFFSET);
        let back =
            s.add_scaled("lots with one taken back", &left, (F::ONE, figures.sign), offset)?;
        let constant = power::<F>(WORD_PRESENT) + F::from_u128(CASH_OFFSET) * power::<F>(WORD_CASH);
        let offsets = (WORD_BUCKET, WORD_QUANTITY, WORD_CASH, constant);
        let zero = s.zero();
        let taken_back = pack(s, "T4 taken back", parts, offsets, (&back, &zero))?;
        let required =
            level.required(s, "T4 required before", (figures.maintenance, figures.initial))?;
        let bucket = parts.bucket.clone();
        let before = [figures.equity.clone(), required];
        Ok(Self { present, has_lots, bucket, gain, word, taken_back, before })
    }
}

/// Constrains lots, where there are some, to be against the position and no more
/// than it has; returns what is left of the lots. Every difference is below `2^73`,
/// so that none of the ranges can be met around the field.
fn shrink<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    (parts, sign): (&WordCells<F>, &Cell<F>),
    more: &Cell<F>,
    has_lots: &Cell<F>,
) -> Result<Cell<F>, Error> {
    let no_lots = s.not("no lots changed", has_lots)?;
    s.product_is_zero("T4 no lots are none", &no_lots, more)?;
    let against = s.scale("against the position", -F::ONE, sign, F::ZERO)?;
    let closed = s.mul("lots closed", &against, more)?;
    // One or more where there are some.
    let beyond = s.sub("lots closed less one", &closed, has_lots)?;
    s.range_check("T4 shrinks", &beyond, LOTS_BITS)?;
    let offset = F::from_u128(QUANTITY_OFFSET);
    let left = s.add_scaled("lots left", &parts.lots, (F::ONE, more), -offset)?;
    let rest = s.mul("lots left of its side", sign, &left)?;
    s.range_check("T4 does not flip", &rest, LOTS_BITS)?;
    Ok(left)
}

/// Which of the entries that have lots is the last, one-hot: one of them where
/// *cures*.
pub(super) fn last<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    aim: &AimCells<F>,
    entries: &[EntryCells<F>],
) -> Result<Vec<Cell<F>>, Error> {
    s.scope("last entry");
    let mut last = Vec::with_capacity(entries.len());
    // Whether no later entry has lots.
    let mut none = s.one();
    for (index, entry) in entries.iter().enumerate().rev() {
        let is_last = s.mul(&format!("T4 entry {index} is last"), &none, &entry.has_lots)?;
        none = s.sub(&format!("no lots from entry {index} on"), &none, &is_last)?;
        last.push(is_last);
    }
    s.product_is_zero("T4 cures by some lots", &aim.is_cures, &none)?;
    last.reverse();
    Ok(last)
}

/// Constrains an entry without lots to be the cash of one with lots, in its bucket, or
/// where *healthier* to pay cash in. The entries are in order, so those of a bucket are
/// neighbours: a bit says that a bucket goes on, which it need not say.
pub(super) fn settle<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    aim: &AimCells<F>,
    entries: &[EntryCells<F>],
    hints: Value<&[EntryHints<F>]>,
) -> Result<(), Error> {
    s.scope("settlement");
    let mut goes_on = Vec::with_capacity(entries.len());
    for (index, pair) in entries.windows(2).enumerate() {
        let [entry, next] = pair else { return Err(Error::Synthesis) };
        let bit = hints.map(|hints| hints[index].goes_on);
        let bit = s.witness_bit(&format!("T4 bucket of entry {index} goes on"), bit)?;
        let absent = s.not(&format!("no entry after {index}"), &next.present)?;
        s.product_is_zero(&format!("T4 bucket goes on to entry {index}"), &bit, &absent)?;
        if let (Some(bucket), Some(next)) = (&entry.bucket, &next.bucket) {
            let step = s.sub(&format!("bucket step after entry {index}"), next, bucket)?;
            s.product_is_zero(&format!("T4 same bucket after entry {index}"), &bit, &step)?;
        }
        goes_on.push(bit);
    }
    // Whether an entry of the bucket up to here, and from here on, has lots.
    let up_to = spread(s, "up to entry", entries.iter().enumerate(), |i| {
        i.checked_sub(1).map(|before| &goes_on[before])
    })?;
    let mut from = spread(s, "from entry", entries.iter().enumerate().rev(), |i| goes_on.get(i))?;
    from.reverse();
    for (index, entry) in entries.iter().enumerate() {
        let has_lots = either(s, &format!("bucket of entry {index}"), &up_to[index], &from[index])?;
        let alone = s.sub(&format!("entry {index} by itself"), &entry.present, &has_lots)?;
        s.product_is_zero(&format!("T4 cures by lots, entry {index}"), &aim.is_cures, &alone)?;
        let paid = s.mul(&format!("cash of entry {index} by itself"), &alone, &entry.gain)?;
        s.range_check(&format!("T4 entry {index} by itself pays in"), &paid, DEPOSIT_BITS)?;
    }
    Ok(())
}

/// For each entry, whether it or one before it in the same bucket has lots.
fn spread<'a, F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    entries: impl Iterator<Item = (usize, &'a EntryCells<F>)>,
    goes_on: impl Fn(usize) -> Option<&'a Cell<F>>,
) -> Result<Vec<Cell<F>>, Error> {
    let mut all: Vec<Cell<F>> = Vec::new();
    for (index, entry) in entries {
        all.push(match all.last().zip(goes_on(index)) {
            None => entry.has_lots.clone(),
            Some((so_far, bit)) => {
                let name = format!("lots {name} {index}");
                let so_far = s.mul(&format!("{name} carried"), bit, so_far)?;
                either(s, &name, &so_far, &entry.has_lots)?
            }
        });
    }
    Ok(all)
}

/// One where one of two bits is.
fn either<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    a: &Cell<F>,
    b: &Cell<F>,
) -> Result<Cell<F>, Error> {
    let both = s.mul(&format!("{name} both"), a, b)?;
    let sum = s.add(&format!("{name} sum"), a, b)?;
    s.sub(&format!("{name} either"), &sum, &both)
}

/// The sum of `bit * value` over entries, and one more value to begin with.
pub(super) fn gather<'a, F: MarginField + 'a, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    start: Cell<F>,
    terms: impl Iterator<Item = (&'a Cell<F>, &'a Cell<F>)>,
) -> Result<Cell<F>, Error> {
    let mut sum = start;
    for (index, (bit, value)) in terms.enumerate() {
        sum = s.mul_add(&format!("{name} {index}"), (bit, value), (F::ONE, &sum), F::ZERO)?;
    }
    Ok(sum)
}
