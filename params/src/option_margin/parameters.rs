//! What the venues charge.

/// The parameters of one underlying.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Of options.
    pub options: OptionCharges,
    /// Of the perpetual.
    pub perpetual: PerpetualCharges,
    /// What a coin of collateral counts for, over its value.
    pub collateral: f64,
    /// What of that counts for initial margin.
    pub collateral_initial: f64,
    /// Of oracles that are not sure.
    pub contingency: Contingency,
    /// Of a stable coin off its peg.
    pub depeg: Depeg,
}

/// Charges on short options: fractions of spot but where it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionCharges {
    /// Initial margin at or in the money; it falls by how far out the strike is.
    pub itm: f64,
    /// Below this it does not fall.
    pub least: f64,
    /// Maintenance margin of calls.
    pub maintenance_call: f64,
    /// Maintenance margin of puts.
    pub maintenance_put: f64,
    /// The same as a fraction of the mark: the larger of the two.
    pub maintenance_put_mark: f64,
    /// A put's initial margin is at least this multiple of its maintenance margin.
    pub put_offset: f64,
    /// Whether an expiry is charged no more than it can lose at settlement.
    pub bounded: bool,
    /// Maintenance margin of a short call that no call covers, of the forward.
    pub unpaired_maintenance: f64,
    /// Initial margin of the same.
    pub unpaired_initial: f64,
}

/// Charges on perpetuals: fractions of notional.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerpetualCharges {
    /// Maintenance margin.
    pub maintenance: f64,
    /// Initial margin.
    pub initial: f64,
}

/// Below a threshold of confidence, `(1 - confidence) factor S` is charged on
/// each coin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contingency {
    /// Threshold for perpetuals.
    pub perpetual: f64,
    /// Threshold for short options.
    pub option: f64,
    /// Threshold for collateral.
    pub collateral: f64,
    /// The factor.
    pub factor: f64,
}

/// Below the threshold, `(threshold - price) factor S` is charged on each coin
/// of perpetuals and short options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depeg {
    /// Of the stable coin's price.
    pub threshold: f64,
    /// The factor.
    pub factor: f64,
}

impl Parameters {
    /// Derive's deployed parameters of ETH: `scripts/config-mainnet.sol` of
    /// derivexyz/v2-core, commit 7736900d.
    pub const DERIVE_ETH: Self = Self {
        options: OptionCharges {
            itm: 0.15,
            least: 0.13,
            maintenance_call: 0.09,
            maintenance_put: 0.09,
            maintenance_put_mark: 0.09,
            put_offset: 1.05,
            bounded: true,
            unpaired_maintenance: 1.1,
            unpaired_initial: 1.2,
        },
        perpetual: PerpetualCharges { maintenance: 0.065, initial: 0.1 },
        collateral: 0.8,
        collateral_initial: 0.9375,
        contingency: Contingency { perpetual: 0.55, option: 0.55, collateral: 0.55, factor: 1.0 },
        depeg: Depeg { threshold: 0.99, factor: 2.0 },
    };

    /// Derive's deployed parameters of BTC, from the same place.
    pub const DERIVE_BTC: Self =
        Self { collateral: 0.75, collateral_initial: 0.93, ..Self::DERIVE_ETH };

    /// What Derive's published test cases are under: `test/config-test.sol` and
    /// the cases' own set-up, the same commit.
    pub const DERIVE_TEST: Self = Self {
        options: OptionCharges {
            least: 0.1,
            maintenance_call: 0.075,
            maintenance_put: 0.075,
            maintenance_put_mark: 0.075,
            ..Self::DERIVE_ETH.options
        },
        perpetual: PerpetualCharges { maintenance: 0.05, initial: 0.065 },
        collateral: 0.1,
        collateral_initial: 1.0,
        contingency: Contingency { perpetual: 0.4, option: 0.4, collateral: 0.4, factor: 0.4 },
        depeg: Depeg { threshold: 0.98, factor: 1.2 },
    };

    /// Options under Deribit's standard margin, in USD: the venue's knowledge
    /// base. Nothing bounds an expiry; perpetuals and collateral are not in it.
    pub const DERIBIT_OPTIONS: Self = Self {
        options: OptionCharges { put_offset: 1.0, bounded: false, ..Self::DERIVE_TEST.options },
        perpetual: PerpetualCharges { maintenance: 0.0, initial: 0.0 },
        collateral: 0.0,
        collateral_initial: 0.0,
        contingency: Contingency { perpetual: 0.0, option: 0.0, collateral: 0.0, factor: 0.0 },
        depeg: Depeg { threshold: 0.0, factor: 0.0 },
    };
}
