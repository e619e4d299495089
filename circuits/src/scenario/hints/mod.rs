//! The values a prover is free to choose.
//!
//! Nothing here is trusted and nothing fails: a witness that breaks a clause
//! gives values that break that clause's constraint. All of them are field
//! elements, bits included, so that a test can put any lie in any place. What
//! follows from others is worked out by [`Hints::solve`], so that a test
//! can also lie first and solve for the rest.

mod solve;

pub(crate) use solve::{from_integer, to_integer};

use std::collections::BTreeMap;

use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::{ARITY, Path};
use zkmargin_margin::portfolio::{CASH_OFFSET, Position};
use zkmargin_margin::scenario::{
    DELTA_TIERS, GroupTerms, SCENARIOS, ScenarioRow, ScenarioTerms, ScenarioWitness, TIMES_BITS,
    Underlying, VALUES,
};
use zkmargin_margin::shape::Shape;

use crate::position::PositionHints;
use crate::statement::ClaimHints;

/// What the prover chooses.
#[derive(Clone)]
pub struct Hints<F: MarginField> {
    /// One per underlying of the shape.
    pub underlyings: Vec<UnderlyingHints<F>>,
    /// One per slot of the shape.
    pub slots: Vec<SlotHints<F>>,
    /// One per expiry of the shape.
    pub expiries: Vec<ExpiryHints<F>>,
    /// Of the whole account.
    pub totals: TotalsHints<F>,
}

/// A signed number: its magnitude, and one when it is negative.
#[derive(Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct Signed<F> {
    pub magnitude: F,
    pub negative: F,
}

/// What the prover writes of the terms.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `terms.rs`.
pub struct TermsHints<F> {
    pub dampening: Vec<F>,
    pub maintenance_factor: F,
    pub initial_factor: F,
    pub net: F,
    pub half_hedged: F,
    pub short_fee: F,
    pub naked: F,
    pub basis_is_added: F,
    pub minimum_is_of_all: F,
    /// Four bits for each of the last scenarios, the lowest first.
    pub minimum_times: Vec<F>,
    pub reliefs: Vec<F>,
    /// Threshold and rate of each tier.
    pub delta_tiers: [[F; 2]; DELTA_TIERS],
}

/// What the prover writes of an underlying; all but the terms is solved for.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `account.rs`.
pub struct UnderlyingHints<F: MarginField> {
    /// Its terms.
    pub terms: TermsHints<F>,
    pub linear: Vec<Signed<F>>,
    pub net_delta_is_negative: F,
    /// What is left of the net delta up to each tier's threshold.
    pub tiers_left: [Signed<F>; DELTA_TIERS],
    pub options_fee: F,
    pub worst: F,
}

/// What the prover writes into a slot.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `slot.rs` and `order.rs`.
pub struct SlotHints<F> {
    pub padding: F,
    pub short: F,
    /// `|lots|`, less one for a short position.
    pub size_less_sign: F,
    /// Cash plus its offset.
    pub cash: F,
    /// The strike without its seven lowest bits, and these.
    pub strike_head: F,
    pub strike_tail: F,
    pub low: F,
    pub is_option: F,
    /// One for a row of the second underlying.
    pub second: F,
    pub has_expiry: F,
    pub is_long_only: F,
    pub delta_is_negative: F,
    pub options_fee: F,
    pub delta: F,
    pub group: F,
    pub charges: F,
    pub values: Vec<F>,
    /// Children of the row's path, the lowest first.
    pub path: Vec<[F; ARITY]>,
    /// One for the expiry the slot is in.
    pub members: Vec<F>,
    /// Whether the slot is the put to the previous slot's call.
    pub same_strike: F,
    /// Solved for: the inverse of the size, zero of zero.
    pub size_inverse: F,
    /// Solved for: whether the strike is net short up to this slot.
    pub net_is_negative: F,
}

/// What the prover writes of an expiry.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `expiry.rs` and `loss.rs`.
pub struct ExpiryHints<F> {
    pub key: F,
    /// One for an expiry of the second underlying.
    pub second: F,
    pub long_discount: F,
    pub short_discount: F,
    pub basis_weight: F,
    pub confidence_fee: F,
    /// Solved for: sums of scenarios, mark, basis up and down.
    pub sums: Vec<Signed<F>>,
    /// Solved for, as all that follow.
    pub skew_is_negative: [F; 2],
    pub basis_loss: F,
    pub fee: F,
}

/// What the prover writes of the whole account; all of it is solved for.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `account.rs`.
pub struct TotalsHints<F> {
    pub collateral: Signed<F>,
    pub charges: [Signed<F>; 2],
    pub shortfall: F,
    pub slack: F,
}

/// Secret: shows nothing.
macro_rules! redacted {
    ($($name:ident $(: $bound:ident)?),+) => {$(
        impl<F $(: $bound)?> std::fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
redacted!(
    Hints: MarginField,
    Signed,
    SlotHints,
    TermsHints,
    UnderlyingHints: MarginField,
    ExpiryHints,
    TotalsHints
);

/// The expiries of the positions with their underlying, by key.
pub(super) fn expiries_of<F: MarginField>(
    witness: &ScenarioWitness<F>,
) -> BTreeMap<u16, (Underlying, GroupTerms)> {
    let rows = witness.account.slots.iter().map(|slot| &slot.row);
    let groups = rows.filter_map(|row| Some((row.underlying, row.group()?)));
    groups.map(|(underlying, group)| (group.key.get(), (underlying, *group))).collect()
}

impl<F: MarginField> Hints<F> {
    /// The choices for a witness that fits the shape.
    pub(super) fn new(shape: Shape, of: (&ClaimHints<F>, F), witness: &ScenarioWitness<F>) -> Self {
        let held = expiries_of(witness);
        let spare = shape.scenario_expiries().saturating_sub(held.len());
        // Expiries that no position is in take keys that none has.
        let free = (0..=u16::MAX).filter(|key| !held.contains_key(key)).take(spare);
        let mut keys: Vec<u16> = held.keys().copied().chain(free).collect();
        keys.sort_unstable();
        let expiries = keys.iter().map(|key| ExpiryHints::new(*key, held.get(key))).collect();
        let slots = (0..shape.scenario_positions())
            .map(|index| SlotHints::new(witness, index, &keys))
            .collect();
        let mut hints = Self {
            underlyings: witness.terms.iter().map(UnderlyingHints::new).collect(),
            slots,
            expiries,
            totals: TotalsHints::zero(),
        };
        hints.solve(of);
        hints
    }
}

impl<F: MarginField> TermsHints<F> {
    fn new(terms: &ScenarioTerms) -> Self {
        Self {
            dampening: terms.dampening.iter().map(|fine| F::from(fine.get())).collect(),
            maintenance_factor: F::from(terms.maintenance_factor.get()),
            initial_factor: F::from(terms.initial_factor.get()),
            net: F::from(terms.minimum.net.get()),
            half_hedged: F::from(terms.minimum.half_hedged.get()),
            short_fee: F::from(terms.minimum.short_fee.get()),
            naked: terms.naked.element(),
            basis_is_added: bit(terms.basis_is_added),
            minimum_is_of_all: bit(terms.minimum.is_of_all),
            minimum_times: (terms.minimum_times.iter())
                .flat_map(|times| (0..TIMES_BITS).map(|j| bit(times.get() >> j & 1 == 1)))
                .collect(),
            reliefs: terms.reliefs.iter().map(|relief| F::from(relief.get())).collect(),
            delta_tiers: terms
                .delta_tiers
                .map(|tier| [F::from(tier.from.get()), F::from_i128(tier.rate.get().into())]),
        }
    }
}

impl<F: MarginField> UnderlyingHints<F> {
    fn new(terms: &ScenarioTerms) -> Self {
        Self {
            terms: TermsHints::new(terms),
            linear: vec![Signed::default(); SCENARIOS],
            net_delta_is_negative: F::ZERO,
            tiers_left: [Signed::default(); DELTA_TIERS],
            options_fee: F::ZERO,
            worst: F::ZERO,
        }
    }
}

impl<F: MarginField> ExpiryHints<F> {
    fn new(key: u16, held: Option<&(Underlying, GroupTerms)>) -> Self {
        let of = |part: fn(&GroupTerms) -> u64| F::from(held.map_or(0, |(_, terms)| part(terms)));
        Self {
            key: F::from(u64::from(key)),
            second: F::from(held.map_or(0, |(underlying, _)| underlying.get().into())),
            long_discount: of(|terms| terms.long_discount.get()),
            short_discount: of(|terms| terms.short_discount.get()),
            basis_weight: of(|terms| terms.basis_weight.get()),
            confidence_fee: of(|terms| terms.confidence_fee.get()),
            sums: vec![Signed::default(); VALUES],
            skew_is_negative: [F::ZERO; 2],
            basis_loss: F::ZERO,
            fee: F::ZERO,
        }
    }
}

impl<F: MarginField> TotalsHints<F> {
    fn zero() -> Self {
        Self {
            collateral: Signed::default(),
            charges: [Signed::default(); 2],
            shortfall: F::ZERO,
            slack: F::ZERO,
        }
    }
}

impl<F: MarginField> SlotHints<F> {
    /// Of the position itself.
    pub(super) fn position(&self) -> PositionHints<F> {
        let Self { short, size_less_sign, cash, padding, .. } = *self;
        PositionHints { short, size_less_sign, cash, padding }
    }

    /// The hints of slot `index`: a position's, or padding's behind the last.
    fn new(witness: &ScenarioWitness<F>, index: usize, keys: &[u16]) -> Self {
        let slots = &witness.account.slots;
        let Some(slot) = slots.get(index) else {
            let (row, path) = &witness.account.padding;
            let padding = Self::of_row(row, path);
            return Self { padding: F::ONE, members: vec![F::ZERO; keys.len()], ..padding };
        };
        let previous = index.checked_sub(1).and_then(|i| slots.get(i));
        let strike = |position: &Position| position.instrument.strike();
        let same = previous.is_some_and(|other| strike(&other.position) == strike(&slot.position));
        let key = slot.row.group().map(|group| group.key.get());
        let (lots, instrument) = (slot.position.quantity, slot.position.instrument.get());
        let short = F::from(u64::from(lots.is_short()));
        Self {
            short,
            size_less_sign: F::from(lots.magnitude()) - short,
            cash: F::from_i128(slot.position.cash.get()) + F::from_u128(CASH_OFFSET),
            strike_head: F::from(instrument >> 8),
            strike_tail: F::from(instrument >> 1 & 0x7f),
            low: F::from(instrument & 1),
            members: keys.iter().map(|of| bit(Some(*of) == key)).collect(),
            same_strike: bit(same),
            ..Self::of_row(&slot.row, &slot.path)
        }
    }

    /// A position of no lots and no cash in a row's instrument.
    fn of_row(row: &ScenarioRow, path: &Path<F>) -> Self {
        let instrument = row.instrument.get();
        let [_, group, charges, values @ ..] = row.elements::<F>();
        Self {
            padding: F::ZERO,
            short: F::ZERO,
            size_less_sign: F::ZERO,
            cash: F::from_u128(CASH_OFFSET),
            strike_head: F::from(instrument >> 8),
            strike_tail: F::from(instrument >> 1 & 0x7f),
            low: F::from(instrument & 1),
            is_option: bit(row.is_option()),
            second: F::from(u64::from(row.underlying.get())),
            has_expiry: bit(row.group().is_some()),
            is_long_only: bit(row.is_long_only()),
            delta_is_negative: bit(row.delta.get() < 0),
            options_fee: F::from(row.options_fee().get()),
            delta: F::from(row.delta.get().unsigned_abs()),
            group,
            charges,
            values: values.to_vec(),
            path: path.children().to_vec(),
            members: Vec::new(),
            same_strike: F::ZERO,
            size_inverse: F::ZERO,
            net_is_negative: F::ZERO,
        }
    }
}

fn bit<F: MarginField>(bit: bool) -> F {
    F::from(u64::from(bit))
}
