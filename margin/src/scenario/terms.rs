//! What counts for a whole account.

use super::SCENARIOS;
use super::row::Charges;
use super::units::{Fine, LossFactor, LotFee};
use crate::field::MarginField;
use crate::poseidon::{Domain, hash_chain};

/// Elements of the terms.
pub const TERMS_ELEMENTS: usize = SCENARIOS + 6;

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

    /// The terms, one to an element: dampening, loss factors, the minimum
    /// charge's net, hedged and short parts; at last the charges on naked
    /// shorts, packed. They are hashed once in a proof, and what is not packed
    /// needs no range checks to unpack.
    pub fn elements<F: MarginField>(&self) -> [F; TERMS_ELEMENTS] {
        let MinimumCharge { net, half_hedged, short_fee } = self.minimum;
        let factors = [
            self.maintenance_factor.get(),
            self.initial_factor.get(),
            net.get(),
            half_hedged.get(),
            short_fee.get(),
        ];
        core::array::from_fn(|i| match i.checked_sub(SCENARIOS) {
            None => F::from(self.dampening[i].get()),
            Some(i) => factors.get(i).map_or_else(|| self.naked.element(), |f| F::from(*f)),
        })
    }
}
