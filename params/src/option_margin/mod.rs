//! Position-based margin of options: strike-dependent charges on shorts, bounded
//! by what an expiry can lose at most.
//!
//! The standard regime of option venues, beside their portfolio margin. Per
//! short option, `S` the spot, `K` the strike and `otm` how far `K` is out of
//! the money over `S`:
//!
//! ```text
//! initial call      (max(itm - otm, least)) S + mark
//! maintenance call  maintenance_call S + mark
//! maintenance put   max(maintenance_put S, maintenance_put_mark mark) + mark
//! initial put       max((max(itm - otm, least)) S + mark, put_offset * maintenance put)
//! ```
//!
//! Long options are charged nothing and are worth nothing to margin. Where the
//! venue bounds the charges of an expiry, the margin of its options is the
//! better of their sum and of the largest loss at settlement, with a charge on
//! the forward for every call that is short and covered by none.
//!
//! Floating point in the order of the formulas; nothing here reaches a root. Source:
//! Derive's `StandardManager` (derivexyz/v2-core, commit 7736900d), held to its 28
//! published cases by `conformance`; Deribit's standard margin has the same form without
//! bounds, and [`bybit`] another. Without bounds charges add up over positions: the
//! standard family proves them ([`OptionRule`](crate::model::OptionRule)), in integers
//! that are held to these. With bounds they are the [settlement family](crate::settlement).

pub mod bybit;
mod charge;
mod parameters;

pub use parameters::{Contingency, Depeg, OptionCharges, Parameters, PerpetualCharges};

use crate::scenario::black76::OptionType;

/// What an account holds, with the prices it is margined at.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Cash, in quote currency.
    pub cash: f64,
    /// Price of the quote currency's stable coin, in the currency itself.
    pub stable_price: f64,
    /// By underlying: margins add up, without offsets.
    pub underlyings: Vec<Underlying>,
}

/// Everything of one underlying.
#[derive(Clone, Debug, PartialEq)]
pub struct Underlying {
    /// Its parameters.
    pub parameters: Parameters,
    /// Index price, in quote currency.
    pub spot: f64,
    /// How sure the oracle is of it, from 0 to 1.
    pub spot_confidence: f64,
    /// The perpetual.
    pub perpetual: Perpetual,
    /// Coins held as collateral.
    pub collateral: f64,
    /// Its expiries.
    pub expiries: Vec<Expiry>,
}

/// A position in a perpetual; none when the quantity is zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Perpetual {
    /// Coins, negative when short.
    pub quantity: f64,
    /// Mark, in quote currency.
    pub price: f64,
    /// How sure the oracle is of it, from 0 to 1.
    pub confidence: f64,
    /// Profit since the entry and funding that is not yet settled.
    pub unrealised: f64,
}

/// The options of one expiry.
#[derive(Clone, Debug, PartialEq)]
pub struct Expiry {
    /// Years of 365 days to expiry.
    pub years: f64,
    /// What the options settle on, as it stands: the forward, and in the last
    /// half hour what of the settlement average is fixed already.
    pub forward: f64,
    /// The least confidence of forward and volatilities, from 0 to 1.
    pub confidence: f64,
    /// The options held.
    pub options: Vec<OptionPosition>,
}

/// A position in an option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionPosition {
    /// Call or put.
    pub option_type: OptionType,
    /// Strike, in quote currency.
    pub strike: f64,
    /// Volatility at the mark, per square root of a year.
    pub vol: f64,
    /// Contracts of one coin, negative when short.
    pub quantity: f64,
}

/// Which of the two requirements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Below it an account is liquidated.
    Maintenance,
    /// Below it an account may not take more risk.
    Initial,
}

/// An account's margin, in quote currency. Parts are signed as they count for
/// the account: charges are negative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Margin {
    /// Cash and all parts: negative is a shortfall.
    pub balance: f64,
    /// Charges on options as far as they count.
    pub options: f64,
    /// Charges on perpetuals.
    pub perpetuals: f64,
    /// What collateral counts for.
    pub collateral: f64,
    /// Profit and funding of perpetuals.
    pub unrealised: f64,
    /// Charges for oracles that are not sure; of initial margin alone.
    pub contingency: f64,
    /// Charges while the stable coin is off its peg; of initial margin alone.
    pub depeg: f64,
}

impl Account {
    /// The balance over a requirement and its parts.
    pub fn margin(&self, requirement: Requirement) -> Margin {
        let mut total = Margin::default();
        for underlying in &self.underlyings {
            let part = underlying.margin(requirement, self.stable_price);
            total.options += part.options;
            total.perpetuals += part.perpetuals;
            total.collateral += part.collateral;
            total.unrealised += part.unrealised;
            total.contingency += part.contingency;
            total.depeg += part.depeg;
            total.balance += part.balance;
        }
        total.balance += self.cash;
        total
    }

    /// Cash, options at their marks, collateral over the stable coin's price,
    /// and profit of perpetuals.
    pub fn mark_to_market(&self) -> f64 {
        let worth = |underlying: &Underlying| {
            let options: f64 = underlying.expiries.iter().map(Expiry::mark_to_market).sum();
            let collateral = underlying.collateral * underlying.spot / self.stable_price;
            options + collateral + underlying.perpetual.unrealised
        };
        self.cash + self.underlyings.iter().map(worth).sum::<f64>()
    }
}

impl Underlying {
    fn margin(&self, requirement: Requirement, stable_price: f64) -> Margin {
        let options = self.expiries.iter().map(|expiry| expiry.margin(self, requirement)).sum();
        let perpetuals = -self.perpetual.notional()
            * match requirement {
                Requirement::Maintenance => self.parameters.perpetual.maintenance,
                Requirement::Initial => self.parameters.perpetual.initial,
            };
        let scale = match requirement {
            Requirement::Maintenance => 1.0,
            Requirement::Initial => self.parameters.collateral_initial,
        };
        let collateral = self.collateral * self.spot * self.parameters.collateral * scale;
        let unrealised = self.perpetual.unrealised;
        let (contingency, depeg) = match requirement {
            Requirement::Maintenance => (0.0, 0.0),
            Requirement::Initial => (-self.contingency(), -self.depeg(stable_price)),
        };
        let balance = options + perpetuals + collateral + unrealised + contingency + depeg;
        Margin { balance, options, perpetuals, collateral, unrealised, contingency, depeg }
    }

    /// What the oracles' doubt costs, at least 0.
    fn contingency(&self) -> f64 {
        let Contingency { perpetual, option, collateral, factor } = self.parameters.contingency;
        let charge = |confidence: f64, threshold: f64, coins: f64| {
            let counts = confidence < threshold;
            if counts { (1.0 - confidence) * factor * self.spot * coins } else { 0.0 }
        };
        let of_perpetual = self.spot_confidence.min(self.perpetual.confidence);
        let of_expiry = |expiry: &Expiry| {
            charge(self.spot_confidence.min(expiry.confidence), option, expiry.short())
        };
        // What counts for nothing is left out.
        let counts = self.parameters.collateral * self.parameters.collateral_initial;
        let collateral_coins = if counts > 0.0 { self.collateral } else { 0.0 };
        charge(of_perpetual, perpetual, self.perpetual.quantity.abs())
            + charge(self.spot_confidence, collateral, collateral_coins)
            + self.expiries.iter().map(of_expiry).sum::<f64>()
    }

    /// What the stable coin's price costs, at least 0.
    fn depeg(&self, stable_price: f64) -> f64 {
        let Depeg { threshold, factor } = self.parameters.depeg;
        let exposed: f64 =
            self.expiries.iter().map(Expiry::short).sum::<f64>() + self.perpetual.quantity.abs();
        (threshold - stable_price).max(0.0) * factor * self.spot * exposed
    }
}

impl Perpetual {
    /// No position.
    pub const NONE: Self = Self { quantity: 0.0, price: 0.0, confidence: 1.0, unrealised: 0.0 };

    fn notional(&self) -> f64 {
        self.quantity.abs() * self.price
    }
}
