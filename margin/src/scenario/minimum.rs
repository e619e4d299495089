//! The least that an account is taken to lose.

use super::FINE_ONE;
use super::units::{AccountUnits, Fine, LotFee, Times};
use crate::field::MarginField;
use ethnum::I256;

/// Tiers of the minimum charge beyond the first, in which it counts once.
pub const MINIMUM_TIERS: usize = 6;
/// Tiers that share an element of the terms with something else.
const TIERS_IN_ELEMENT: usize = MINIMUM_TIERS / 2;
/// Bits between tiers of an element: what is taken off (60), the multiple (8).
const TIER_BITS: u32 = 68;
/// Place of the multiple in a tier.
pub const TIMES_AT: u32 = 60;

/// Places of tiers in the element that says how losses are added up, above its bits: whether
/// the basis loss is added (0), whether the minimum charge is of all (1).
pub const TIERS_OF_ADDING: [u32; TIERS_IN_ELEMENT] = [8, 76, 144];
/// Places of the other tiers in the element of the fee on naked shorts, above it.
pub const TIERS_OF_FEE: [u32; TIERS_IN_ELEMENT] = [48, 116, 184];

// Both elements stay below 2^252: they are elements of either field, and of one form.
const _: () = assert!(TIERS_OF_FEE[2] + TIER_BITS == 252 && TIERS_OF_ADDING[2] + TIER_BITS == 212);

/// The least that an account is taken to lose: the largest of
/// `M = net * |long - short| + half_hedged * (long + short - |long - short|) + short_fee * naked`,
/// `long` and `short` being the notionals of its deltas, and each tier's `times * M - less`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinimumCharge {
    /// Of the net delta, rounded up.
    pub net: Fine,
    /// Of the delta that is hedged, half of it as both sides are counted;
    /// rounded up.
    pub half_hedged: Fine,
    /// Per naked short lot, rounded up.
    pub short_fee: LotFee,
    /// What more of it counts for.
    pub tiers: [MinimumTier; MINIMUM_TIERS],
    /// Whether it is a floor under all that is lost, with what is added to the worst loss,
    /// and not under the worst loss alone.
    pub is_of_all: bool,
}

/// A tier of the minimum charge: `times * M - less`, of which the largest counts. Where
/// `M` beyond a threshold counts so many times, `less` is what that would count too much
/// below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinimumTier {
    /// How often it counts; zero for a tier that the model does not use.
    pub times: Times,
    /// What is taken off, in quote units, rounded down.
    pub less: AccountUnits,
}

impl MinimumCharge {
    /// The charge, times [`FINE_ONE`], on the notionals of long and short deltas and on
    /// naked short lots.
    pub(super) fn on(&self, [long, short]: [u128; 2], naked: u128) -> I256 {
        let net = long.abs_diff(short);
        let once = I256::from(self.net.get()) * I256::from(net)
            + I256::from(self.half_hedged.get()) * I256::from(long + short - net)
            + I256::from(FINE_ONE) * I256::from(self.short_fee.get()) * I256::from(naked);
        let tiered = self.tiers.iter().map(|tier| {
            let less = I256::from(FINE_ONE) * I256::from(tier.less.get());
            I256::from(tier.times.get()) * once - less
        });
        tiered.fold(once, I256::max)
    }

    /// The element of the fee on naked shorts: it (48), and the last tiers.
    pub(super) fn fee_element<F: MarginField>(&self) -> F {
        F::from(self.short_fee.get()) + tiers::<F>(&self.tiers[TIERS_IN_ELEMENT..], TIERS_OF_FEE)
    }

    /// The element that says how losses are added up: whether the basis loss is added to
    /// the worst (1), whether this is of all (1), and the first tiers from 8 on.
    pub(super) fn adding_element<F: MarginField>(&self, basis_is_added: bool) -> F {
        let bits = u64::from(basis_is_added) + 2 * u64::from(self.is_of_all);
        F::from(bits) + tiers::<F>(&self.tiers[..TIERS_IN_ELEMENT], TIERS_OF_ADDING)
    }
}

fn tiers<F: MarginField>(tiers: &[MinimumTier], places: [u32; TIERS_IN_ELEMENT]) -> F {
    let at = |place: u32| F::from(2).pow_vartime([u64::from(place)]);
    let of = |(tier, place): (&MinimumTier, u32)| {
        F::from(tier.less.get()) * at(place)
            + F::from(u64::from(tier.times.get())) * at(place + TIMES_AT)
    };
    tiers.iter().zip(places).map(of).sum()
}
