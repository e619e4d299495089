//! The expiries: which slots are in which, and their sums (M3, M4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::{GROUP, VALUE_ELEMENTS};

use super::hints::{ExpiryHints, SlotHints};
use super::slot::ScenarioSlot;
use super::terms::FINE_BITS;
use crate::gadgets::range::Ranged;
use crate::gadgets::{Cell, Synthesizer};

/// Bits of an expiry's key.
const KEY_BITS: u32 = 16;

/// An expiry: its terms, and sums over the slots in it so far.
#[derive(Debug)]
pub(super) struct Expiry<F: MarginField> {
    key: Ranged<F>,
    /// One where it is of the second of two underlyings.
    pub(super) second: Option<Cell<F>>,
    pub(super) long_discount: Ranged<F>,
    pub(super) short_discount: Ranged<F>,
    pub(super) basis_weight: Ranged<F>,
    pub(super) confidence_fee: Ranged<F>,
    /// The terms, packed as a row holds them.
    packed: Cell<F>,
    /// Packed sums of values: of options, the last element of futures too.
    pub(super) values: Vec<Cell<F>>,
    /// Option lots, long and short.
    pub(super) gross: Cell<F>,
}

impl<F: MarginField> Expiry<F> {
    /// An expiry without slots, its key above the previous one's: no two are
    /// the same, so no position's sum can be split. Over two underlyings it is of
    /// one of them, the prover says which; every slot in it must be of the same.
    pub(super) fn new<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        underlyings: usize,
        previous: Option<&Self>,
        hints: Value<&ExpiryHints<F>>,
    ) -> Result<Self, Error> {
        let mut ranged = |name: &str, bits: u32, value: &dyn Fn(&ExpiryHints<F>) -> F| {
            s.witness_ranged(name, hints.map(value), bits)
        };
        let key = ranged("M4 key", KEY_BITS, &|h| h.key)?;
        let long_discount = ranged("M4 long discount", FINE_BITS, &|h| h.long_discount)?;
        let short_discount = ranged("M4 short discount", FINE_BITS, &|h| h.short_discount)?;
        let basis_weight = ranged("M4 basis weight", FINE_BITS, &|h| h.basis_weight)?;
        let confidence_fee = ranged("M4 confidence fee", FINE_BITS, &|h| h.confidence_fee)?;
        let parts = [&key, &long_discount, &short_discount, &basis_weight, &confidence_fee];
        let fields: Vec<_> = GROUP.bits.into_iter().zip(parts).collect();
        let packed = s.pack("M3 expiry", &fields)?;
        if let Some(previous) = previous {
            let step =
                s.add_scaled("key step", key.cell(), (-F::ONE, previous.key.cell()), -F::ONE)?;
            s.range_check("M3 expiries ascend", &step, KEY_BITS)?;
        }
        let second = match underlyings {
            1 => None,
            _ => Some(s.witness_bit("M4 second underlying", hints.map(|h| h.second))?),
        };
        let (values, gross) = (vec![s.zero(); VALUE_ELEMENTS], s.zero());
        Ok(Self {
            key,
            second,
            long_discount,
            short_discount,
            basis_weight,
            confidence_fee,
            packed,
            values,
            gross,
        })
    }

    /// Of a value for each underlying, the one of this expiry's.
    pub(super) fn own<'a, L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        name: &str,
        mut each: impl Iterator<Item = &'a Cell<F>>,
    ) -> Result<Cell<F>, Error>
    where
        F: 'a,
    {
        let first = each.next().ok_or(Error::Synthesis)?;
        match (&self.second, each.next()) {
            (None, None) => Ok(first.clone()),
            (Some(bit), Some(second)) => {
                let step = s.sub(&format!("{name} of the second less the first"), second, first)?;
                s.mul_add(&format!("M5 {name}"), (bit, &step), (F::ONE, first), F::ZERO)
            }
            _ => Err(Error::Synthesis),
        }
    }

    /// Adds a slot's products where `member` is one. The last element holds
    /// the mark, zero for a future, and the basis moves.
    fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        member: &Cell<F>,
        slot: &ScenarioSlot<F>,
        name: &str,
    ) -> Result<(), Error> {
        let options = s.mul(&format!("option lots {name}"), member, &slot.option_lots)?;
        let all = s.mul(&format!("lots {name}"), member, &slot.lots)?;
        for (i, (sum, value)) in self.values.iter_mut().zip(&slot.row.values).enumerate() {
            let lots = if i + 1 == VALUE_ELEMENTS { &all } else { &options };
            let name = format!("M5 values {i} {name}");
            *sum = s.mul_add(&name, (lots, value), (F::ONE, sum), F::ZERO)?;
        }
        let name = format!("M5 gross {name}");
        self.gross =
            s.mul_add(&name, (member, &slot.option_size), (F::ONE, &self.gross), F::ZERO)?;
        Ok(())
    }
}

/// Constrains a slot to be in the one expiry whose terms its row holds, or in
/// none when it is padding or its row has none; and adds it there.
pub(super) fn assign_membership<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    expiries: &mut [Expiry<F>],
    slot: &ScenarioSlot<F>,
    hints: Value<&SlotHints<F>>,
) -> Result<(), Error> {
    let is_member = s.mul("is in an expiry", &slot.row.has_expiry, &slot.common.used)?;
    let (mut count, mut terms) = (s.zero(), s.zero());
    for (index, expiry) in expiries.iter_mut().enumerate() {
        let name = format!("of expiry {index}");
        let hint = hints.map(|h| h.members[index]);
        let member = s.witness_bit(&format!("M3 member {name}"), hint)?;
        count = s.add(&format!("count {name}"), &count, &member)?;
        let product = (&member, &expiry.packed);
        terms = s.mul_add(&format!("terms {name}"), product, (F::ONE, &terms), F::ZERO)?;
        if let (Some(expiry), Some(slot)) = (&expiry.second, &slot.row.second) {
            let other = s.sub(&format!("other underlying {name}"), expiry, slot)?;
            s.product_is_zero(&format!("M3 underlying {name}"), &member, &other)?;
        }
        expiry.add(s, &member, slot, &name)?;
    }
    let difference = s.sub("M3 in one expiry", &count, &is_member)?;
    let zero = s.zero();
    s.equal(&difference, &zero)?;
    let held = s.mul("expiry terms of the row", &is_member, &slot.row.group)?;
    let difference = s.sub("M3 terms of the expiry", &terms, &held)?;
    s.equal(&difference, &zero)
}
