//! Sums over buckets, before and afterwards, and what the aims ask of them (T4).
//!
//! At the end of each bucket, with `E` its equity, `R` what the level requires, `m`
//! the multiplier in ten-thousandths, and primes for the account before:
//!
//! | aim | says |
//! |---|---|
//! | *healthier* | `E R' - E' R >= 0` and `R' - R >= 0`; over all buckets `changes (sum of R' - R) - (entries with lots) >= 0` |
//! | *cures* | `10,000 E - m R >= 0`; in some bucket `R' - E' >= 1`; in some bucket `m R_back - 10,000 E >= 1` |
//!
//! *Some bucket* is a sum over buckets that the prover flags: if it is one or more, so
//! is one of its terms. `R_back` is `R` with the last lot taken back.
//!
//! No sum wraps. `E` sums 128 figures below `2^81`, `R` 128 below `2^81` and one of
//! `2^80`: below `2^88` and `2^89`. So the products of two are below `2^177`, their
//! difference below `2^178`; with a multiplier, below `2^25`, both are below `2^115`;
//! and the sums over 129 buckets below `2^97` and `2^123`.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::claim::MULTIPLIER_ONE;
use zkmargin_margin::field::MarginField;

use super::aim::AimCells;
use crate::gadgets::{Cell, Synthesizer};

/// Bits of what is beyond a bound: the difference of two products.
const ROOM_BITS: u32 = 184;
/// Bits of a requirement, or a difference of two, summed over buckets.
const REQUIRED_BITS: u32 = 104;
/// The same of a multiplied one.
const MULTIPLIED_BITS: u32 = 128;

/// What the prover writes where a bucket ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndHints<F> {
    /// One where the bucket was below the breach level; worked out from its sums when
    /// it is not given.
    pub in_breach: Option<F>,
    /// One where it is below the target with the last lot taken back.
    pub falls_short: Option<F>,
}

/// What a slot, or what is reserved, adds to its bucket.
pub(super) struct Terms<F: MarginField> {
    /// Equity afterwards, and before.
    pub(super) equity: [Cell<F>; 2],
    /// What is required afterwards, before, and with the last lot taken back.
    pub(super) required: [Cell<F>; 3],
}

/// The sums so far.
pub(super) struct Sums<F: MarginField> {
    aim: AimCells<F>,
    /// Ten-thousandths.
    multiplier: Cell<F>,
    bucket: Terms<F>,
    /// Over buckets that ended: how far requirements fell, what flagged ones were
    /// short of, and are with the last lot taken back.
    fallen: Cell<F>,
    in_breach: Cell<F>,
    falls_short: Cell<F>,
}

impl<F: MarginField> Sums<F> {
    /// Begins with the cross bucket and what is reserved of it.
    pub(super) fn begin<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        aim: AimCells<F>,
        above_one: &Cell<F>,
        reserved: [Cell<F>; 2],
    ) -> Result<Self, Error> {
        let one = F::from(u64::from(MULTIPLIER_ONE));
        let multiplier = s.scale("multiplier", F::ONE, above_one, one)?;
        let [now, before] = reserved;
        let zero = || s.zero();
        let bucket = Terms { equity: [zero(), zero()], required: [now.clone(), before, now] };
        let (fallen, in_breach, falls_short) = (zero(), zero(), zero());
        Ok(Self { aim, multiplier, bucket, fallen, in_breach, falls_short })
    }

    /// Adds a slot; `same` is one where it continues the bucket.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        same: &Cell<F>,
        Terms { equity, required }: Terms<F>,
    ) -> Result<(), Error> {
        let mut sum = |name: &str, sum: &mut Cell<F>, term: &Cell<F>| {
            *sum = s.mul_add(name, (same, sum), (F::ONE, term), F::ZERO)?;
            Ok::<_, Error>(())
        };
        let [now, before] = &mut self.bucket.equity;
        sum("T4 bucket equity", now, &equity[0])?;
        sum("T4 bucket equity before", before, &equity[1])?;
        let [now, before, back] = &mut self.bucket.required;
        sum("T4 bucket required", now, &required[0])?;
        sum("T4 bucket required before", before, &required[1])?;
        sum("T4 bucket required with a lot back", back, &required[2])
    }

    /// Holds the bucket to the aim where `ends` is one.
    pub(super) fn end_bucket<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        ends: &Cell<F>,
        hints: Value<EndHints<F>>,
    ) -> Result<(), Error> {
        let ([equity, was], [required, before, back]) =
            (&self.bucket.equity, &self.bucket.required);
        let one = F::from(u64::from(MULTIPLIER_ONE));
        let better = s.mul("equity by required before", equity, before)?;
        let worse = (was, required);
        let worse = s.mul_add("T4 ratio lost", worse, (-F::ONE, &better), F::ZERO)?;
        let product = (&self.multiplier, required);
        let deficit = s.mul_add("T4 deficit", product, (-one, equity), F::ZERO)?;
        let other = s.sub("deficit less ratio", &deficit, &worse)?;
        let product = (&self.aim.is_cures, &other);
        let beyond = s.mul_add("T4 beyond the aim", product, (F::ONE, &worse), F::ZERO)?;
        let beyond = s.mul("beyond the aim at an end", ends, &beyond)?;
        let room = s.scale("room", -F::ONE, &beyond, F::ZERO)?;
        s.range_check("T4 bucket reaches the aim", &room, ROOM_BITS)?;

        let fell = s.sub("required less", before, required)?;
        let fell = s.mul("T4 required less at an end", ends, &fell)?;
        let where_healthier =
            s.mul("required less where healthier", &self.aim.is_healthier, &fell)?;
        s.range_check("T4 required does not grow", &where_healthier, REQUIRED_BITS)?;
        self.fallen = s.add("T4 required less in all", &self.fallen, &fell)?;

        let live = s.mul("ends where cures", &self.aim.is_cures, ends)?;
        let short = s.sub("short before", before, was)?;
        let flag = hints.map(|hints| hints.in_breach);
        self.in_breach = flagged(s, "T4 in breach", (&live, &short, &self.in_breach), flag)?;
        let product = (&self.multiplier, back);
        let short = s.mul_add("T4 short with a lot back", product, (-one, equity), F::ZERO)?;
        let flag = hints.map(|hints| hints.falls_short);
        self.falls_short = flagged(s, "T4 falls short", (&live, &short, &self.falls_short), flag)?;
        Ok(())
    }

    /// Holds the account to the aim: `lots` is how many entries have lots, of at most
    /// `changes`.
    pub(super) fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        lots: &Cell<F>,
        changes: u64,
    ) -> Result<(), Error> {
        let fallen =
            s.scale("required less by changes", F::from(changes), &self.fallen, F::ZERO)?;
        let beyond = s.sub("required less for lots", &fallen, lots)?;
        let beyond =
            s.mul("required less for lots where healthier", &self.aim.is_healthier, &beyond)?;
        s.range_check("T4 lots take requirements down", &beyond, REQUIRED_BITS)?;
        let is_cures = &self.aim.is_cures;
        let mut some = |name: &str, sum: &Cell<F>, bits: u32| {
            let beyond = s.scale(&format!("{name} less one"), F::ONE, sum, -F::ONE)?;
            let beyond = s.mul(&format!("{name} where cures"), is_cures, &beyond)?;
            s.range_check(name, &beyond, bits).map(|_| ())
        };
        some("T4 some bucket was in breach", &self.in_breach, REQUIRED_BITS)?;
        some("T4 some bucket falls short", &self.falls_short, MULTIPLIED_BITS)
    }
}

/// The sum so far, and the value if it is flagged, as it can be where `live` is one.
fn flagged<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    (live, value, sum): (&Cell<F>, &Cell<F>, &Cell<F>),
    hint: Value<Option<F>>,
) -> Result<Cell<F>, Error> {
    let found = live.value().zip(value.value());
    let flag = hint.zip(found).map(|(hint, (live, value))| {
        hint.unwrap_or_else(|| if is_positive(value) { *live } else { F::ZERO })
    });
    let flag = s.witness_bit(name, flag)?;
    let dead = s.not(&format!("{name} cannot be"), live)?;
    s.product_is_zero(&format!("{name} where a bucket ends"), &flag, &dead)?;
    s.mul_add(&format!("{name} in all"), (&flag, value), (F::ONE, sum), F::ZERO)
}

/// Whether a value is a positive integer of 128 bits.
fn is_positive<F: MarginField>(x: &F) -> bool {
    *x != F::ZERO && x.to_le_bytes()[16..].iter().all(|byte| *byte == 0)
}

/// What a slot adds: as it is where no entry is about it, and what the entry says it
/// was.
pub(super) struct SlotTerms<'a, F: MarginField> {
    /// Equity and what the two levels require, afterwards.
    pub(super) equity: &'a Cell<F>,
    pub(super) required: Cell<F>,
    pub(super) required_before: Cell<F>,
    /// One where no entry is about it.
    pub(super) unchanged: &'a Cell<F>,
    /// Which entry is about it, one-hot.
    pub(super) entry: &'a [Cell<F>],
}

impl<F: MarginField> SlotTerms<'_, F> {
    /// The terms, by what the entries were before, which of them is the last, and what
    /// is required with its last lot taken back.
    pub(super) fn terms<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        before: &[[Cell<F>; 2]],
        (last, back): (&[Cell<F>], &Cell<F>),
    ) -> Result<Terms<F>, Error> {
        let Self { equity, required, required_before, unchanged, entry } = self;
        let mut was = Vec::with_capacity(2);
        for (part, name, now) in
            [(0, "T4 equity before", equity), (1, "T4 required before", &required_before)]
        {
            let start = s.mul(&format!("{name} unchanged"), unchanged, now)?;
            let terms = entry.iter().zip(before).map(|(bit, before)| (bit, &before[part]));
            was.push(super::entry::gather(s, name, start, terms)?);
        }
        let zero = s.zero();
        let terms = entry.iter().zip(last);
        let is_last = super::entry::gather(s, "T4 is changed last", zero, terms)?;
        let more = s.sub("required more with a lot back", back, &required)?;
        let product = (&is_last, &more);
        let with_back =
            s.mul_add("T4 required with a lot back", product, (F::ONE, &required), F::ZERO)?;
        let [was, required_was] = <[_; 2]>::try_from(was).map_err(|_| Error::Synthesis)?;
        Ok(Terms { equity: [equity.clone(), was], required: [required, required_was, with_back] })
    }
}
