//! The charges of one expiry.

use super::{Expiry, OptionCharges, OptionPosition, Requirement, Underlying};
use crate::scenario::black76::{Black76, OptionType};

impl Expiry {
    /// Margin of its options, at most 0.
    pub(super) fn margin(&self, of: &Underlying, requirement: Requirement) -> f64 {
        let alone = self.alone(of, requirement);
        let charges = &of.parameters.options;
        if charges.bounded { alone.max(self.largest_loss(charges, requirement)) } else { alone }
    }

    /// The sum of the charges on each short option, at most 0.
    pub(super) fn alone(&self, of: &Underlying, requirement: Requirement) -> f64 {
        let charges = &of.parameters.options;
        let short = self.options.iter().filter(|option| option.quantity < 0.0);
        short.map(|option| option.charge(self, charges, of.spot, requirement)).sum()
    }

    /// The worst outcome at settlement, at zero or at a strike: between them it
    /// is linear, and above the last strike it falls only with short calls that
    /// nothing covers, which are charged on the forward.
    fn largest_loss(&self, charges: &OptionCharges, requirement: Requirement) -> f64 {
        // An account has no option of which it has none.
        let held = self.options.iter().filter(|option| option.quantity != 0.0);
        let prices = held.map(|option| option.strike);
        let worst = prices.chain([0.0]).map(|price| self.payoff(price)).fold(0.0, f64::min);
        let calls = self.options.iter().filter(|option| option.option_type == OptionType::Call);
        let net: f64 = calls.map(|option| option.quantity).sum();
        let scale = match requirement {
            Requirement::Maintenance => charges.unpaired_maintenance,
            Requirement::Initial => charges.unpaired_initial,
        };
        worst + scale * self.forward * net.min(0.0)
    }

    /// What the options pay when they settle at a price.
    fn payoff(&self, price: f64) -> f64 {
        let pays = |option: &OptionPosition| {
            let intrinsic = match option.option_type {
                OptionType::Call => price - option.strike,
                OptionType::Put => option.strike - price,
            };
            intrinsic.max(0.0) * option.quantity
        };
        self.options.iter().map(pays).sum()
    }

    /// Options at their marks.
    pub(super) fn mark_to_market(&self) -> f64 {
        self.options.iter().map(|option| option.mark(self)).sum()
    }

    /// Contracts short, at least 0.
    pub(super) fn short(&self) -> f64 {
        self.options.iter().map(|option| (-option.quantity).max(0.0)).sum()
    }
}

impl OptionPosition {
    /// Its worth at the mark, negative when short.
    fn mark(&self, expiry: &Expiry) -> f64 {
        let option = Black76 {
            option_type: self.option_type,
            forward: expiry.forward,
            strike: self.strike,
            vol: self.vol,
            years: expiry.years,
            discount: 1.0,
        };
        option.value() * self.quantity
    }

    /// The charge on a short option, its mark in it: at most 0.
    fn charge(
        &self,
        expiry: &Expiry,
        charges: &OptionCharges,
        spot: f64,
        requirement: Requirement,
    ) -> f64 {
        let (mark, quantity) = (self.mark(expiry), self.quantity);
        let out_of_the_money = match self.option_type {
            OptionType::Call => self.strike - spot,
            OptionType::Put => spot - self.strike,
        };
        let rate = (charges.itm - out_of_the_money.max(0.0) / spot).max(charges.least);
        let initial = rate * spot * quantity + mark;
        match (self.option_type, requirement) {
            (OptionType::Call, Requirement::Initial) => initial,
            (OptionType::Call, Requirement::Maintenance) => {
                charges.maintenance_call * spot * quantity + mark
            }
            (OptionType::Put, _) => {
                let of_spot = charges.maintenance_put * spot * quantity;
                let maintenance = of_spot.min(charges.maintenance_put_mark * mark) + mark;
                match requirement {
                    Requirement::Maintenance => maintenance,
                    Requirement::Initial => initial.min(maintenance * charges.put_offset),
                }
            }
        }
    }
}
