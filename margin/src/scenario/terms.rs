//! What counts for a whole account.

use alloc::vec::Vec;

use super::row::{Charges, pack};
use super::units::{Fine, LossFactor, LotFee};
use super::{SCENARIOS, VALUES};
use crate::field::MarginField;
use crate::poseidon::{Domain, hash_chain};
use crate::standard::RowOffsets;

/// Dampening factors in an element, 48 bits each.
pub const DAMPENING_PER_ELEMENT: usize = 5;
/// Elements of the dampening factors, the last padded with zeros.
const DAMPENING_ELEMENTS: usize = SCENARIOS.div_ceil(DAMPENING_PER_ELEMENT);
/// Elements of the terms: dampening, factors, charges on naked shorts.
pub const TERMS_ELEMENTS: usize = DAMPENING_ELEMENTS + 2;
/// The element of factors: maintenance loss factor (40), initial loss factor
/// (40), net delta (48), hedged delta (48), fee on naked shorts (48).
pub const FACTORS: RowOffsets<5> = RowOffsets { bits: [0, 40, 80, 128, 176] };

// The values of a row are whole elements.
const _: () = assert!(VALUES.is_multiple_of(3));

/// The least that an account is taken to lose:
/// `net * |long - short| + half_hedged * (long + short - |long - short|) + short_fee * naked`,
/// `long` and `short` being the notionals of its deltas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinimumCharge {
    /// Of the net delta, rounded up.
    pub net: Fine,
    /// Of the delta that is hedged, half of it as both sides are counted;
    /// rounded up.
    pub half_hedged: Fine,
    /// Per naked short lot, rounded up.
    pub short_fee: LotFee,
}

/// The terms of a market, behind its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScenarioTerms {
    /// Dampening of each scenario, on the options' marks; zero for a scenario
    /// that the model does not use.
    pub dampening: [Fine; SCENARIOS],
    /// On the worst loss, for maintenance margin, rounded up.
    pub maintenance_factor: LossFactor,
    /// On the worst loss, for initial margin, rounded up.
    pub initial_factor: LossFactor,
    /// The minimum charge, zero in a model without.
    pub minimum: MinimumCharge,
    /// Charged per naked short option lot.
    pub naked: Charges,
}

impl ScenarioTerms {
    /// The digest that the market's header holds.
    pub fn digest<F: MarginField>(&self) -> F {
        hash_chain((Domain::ScenarioTerms, Domain::ScenarioTermsNext), &self.elements::<F>())
    }

    /// The terms packed: dampening, five to an element; [`FACTORS`]; the
    /// charges on naked shorts.
    pub fn elements<F: MarginField>(&self) -> [F; TERMS_ELEMENTS] {
        let dampening: Vec<F> = self
            .dampening
            .chunks(DAMPENING_PER_ELEMENT)
            .map(|chunk| {
                let fields = core::array::from_fn(|i| chunk.get(i).map_or(0, |fine| fine.get()));
                pack::<F, DAMPENING_PER_ELEMENT>([0, 48, 96, 144, 192], fields)
            })
            .collect();
        let factors = [
            self.maintenance_factor.get(),
            self.initial_factor.get(),
            self.minimum.net.get(),
            self.minimum.half_hedged.get(),
            self.minimum.short_fee.get(),
        ];
        core::array::from_fn(|i| match i {
            i if i < DAMPENING_ELEMENTS => dampening[i],
            i if i == DAMPENING_ELEMENTS => pack(FACTORS.bits, factors),
            _ => self.naked.element(),
        })
    }
}
