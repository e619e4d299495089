//! What counts for a whole account.

use super::row::Charges;
use super::units::{AccountUnits, Fine, LossFactor, LotFee, Rate, Times};
use super::{DELTA_TIERS, RELIEFS, SCENARIOS};
use crate::field::MarginField;
use crate::poseidon::{Domain, hash, hash_chain};

/// Elements of the terms.
pub const TERMS_ELEMENTS: usize = SCENARIOS + FACTORS + 2 + RELIEFS + 2 * DELTA_TIERS;
/// Loss factors and the parts of the minimum charge.
const FACTORS: usize = 5;
/// Place of the bit for a minimum charge of all, in the element that says how losses are
/// added up: above the bit for the basis loss.
pub const OF_ALL_AT: u32 = 1;
/// Place of the first multiple of the minimum charge in it, each with a byte.
pub const TIMES_AT: u32 = 8;
/// Bits of such a multiple.
pub const TIMES_BITS: usize = 4;

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
    /// Whether it is a floor under all that is lost, with what is added to the worst loss,
    /// and not under the worst loss alone.
    pub is_of_all: bool,
}

/// What is charged on the part of an account's net delta beyond a threshold:
/// `rate * max(0, |long - short| - from)`. Rates of several tiers add up. One below zero
/// gives back, of what the net delta of each expiry is charged, what no other expiry
/// stands against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeltaTier {
    /// The notional from which on it is charged, rounded down.
    pub from: AccountUnits,
    /// Of what is beyond, rounded up; zero for a tier that the model does not use.
    pub rate: Rate,
}

/// The terms of an underlying's market, behind the header.
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
    /// Whether the basis loss is added to the worst loss: a charge for expiries
    /// that move against each other. Otherwise it is one of the losses that the
    /// worst is taken of.
    pub basis_is_added: bool,
    /// What is taken off the loss of the last [`RELIEFS`] regular scenarios, rounded
    /// down: it turns no loss into a profit, as the worst loss is never one.
    pub reliefs: [AccountUnits; RELIEFS],
    /// How often the minimum charge is lost in each of these scenarios. One in which
    /// nothing else is lost is a *tier* of the charge: the account loses at least `times`
    /// of it less the relief. Where the charge is of all, so are these scenarios: what is
    /// added to the worst loss is no more on top of them.
    pub minimum_times: [Times; RELIEFS],
    /// Charges on large net deltas, added to the worst loss.
    pub delta_tiers: [DeltaTier; DELTA_TIERS],
}

impl ScenarioTerms {
    /// The digest that the header of a market of this underlying alone holds.
    pub fn digest<F: MarginField>(&self) -> F {
        hash_chain((Domain::ScenarioTerms, Domain::ScenarioTermsNext), &self.elements::<F>())
    }

    /// The terms, one to an element: dampening, loss factors, the minimum
    /// charge's net, hedged and short parts; the charges on naked shorts, packed;
    /// how losses are added up, the reliefs, and each tier's threshold and rate. They are
    /// hashed once in a proof, and what is not packed needs no range checks to unpack.
    pub fn elements<F: MarginField>(&self) -> [F; TERMS_ELEMENTS] {
        let MinimumCharge { net, half_hedged, short_fee, is_of_all: _ } = self.minimum;
        let factors: [u64; FACTORS] = [
            self.maintenance_factor.get(),
            self.initial_factor.get(),
            net.get(),
            half_hedged.get(),
            short_fee.get(),
        ];
        let reliefs = self.reliefs.iter().map(|relief| F::from(relief.get()));
        let tiers = self.delta_tiers.iter();
        let tiers = tiers.map(|tier| [tier.from.get().into(), tier.rate.get().into()]);
        let mut elements = [F::ZERO; TERMS_ELEMENTS];
        let all = (self.dampening.iter().map(|fine| fine.get()).chain(factors).map(F::from))
            .chain([self.naked.element(), self.adding_element()])
            .chain(reliefs)
            .chain(tiers.flatten().map(F::from_i128));
        elements.iter_mut().zip(all).for_each(|(element, value)| *element = value);
        elements
    }

    /// How losses are added up: whether the basis loss is added to the worst (1), whether
    /// the minimum charge is of all (1), and from [`TIMES_AT`] on how often it is lost in
    /// each of the last scenarios (8 each): 72 bits.
    fn adding_element<F: MarginField>(&self) -> F {
        let bits =
            u128::from(self.basis_is_added) | u128::from(self.minimum.is_of_all) << OF_ALL_AT;
        let times = self.minimum_times.iter().zip((TIMES_AT..).step_by(8));
        let times = times.map(|(times, place)| u128::from(times.get()) << place);
        F::from_u128(bits | times.sum::<u128>())
    }
}

/// The terms of a market: of one underlying, or of two.
///
/// Rows name their underlying by its place: [`Underlying`](super::Underlying).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketTerms {
    /// Of the first underlying.
    pub first: ScenarioTerms,
    /// Of the second, where there is one.
    pub second: Option<ScenarioTerms>,
}

impl MarketTerms {
    /// The terms of each underlying, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &ScenarioTerms> {
        core::iter::once(&self.first).chain(&self.second)
    }

    /// How many underlyings there are.
    pub const fn underlyings(&self) -> usize {
        match self.second {
            None => 1,
            Some(_) => 2,
        }
    }

    /// The digest that the market's header holds: that of the terms of the only
    /// underlying, or one over those of both. A digest of one kind is none of the other.
    pub fn digest<F: MarginField>(&self) -> F {
        let first = self.first.digest();
        match &self.second {
            None => first,
            Some(second) => {
                hash(Domain::ScenarioUnderlyings, [first, second.digest(), F::ZERO, F::ZERO])
            }
        }
    }
}

impl From<ScenarioTerms> for MarketTerms {
    fn from(first: ScenarioTerms) -> Self {
        Self { first, second: None }
    }
}
