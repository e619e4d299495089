//! What is charged on one underlying.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::decimal::{parse_decimal, text};
use crate::option_margin;
use crate::settlement::error::SettlementError;
use crate::symbol::Symbol;

/// Most decimals of a parameter.
const MAX_PARAMETER_DECIMALS: u32 = 9;
/// Most decimals of a lot size.
const MAX_LOT_DECIMALS: u32 = 18;
/// Largest lot size.
const MAX_LOT: u64 = 1_000_000_000_000;

/// What is charged on one underlying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnderlyingRule {
    /// What a lot is.
    pub lots: LotSizes,
    /// Of options.
    pub options: OptionCharges,
    /// Of perpetuals.
    pub perpetual: PerpetualCharges,
    /// Of coins.
    pub collateral: CollateralWeights,
    /// Of oracles that are not sure.
    pub contingency: Contingency,
    /// Of a stable coin off its peg.
    pub depeg: Depeg,
}

/// Coins in a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LotSizes {
    /// Of every option.
    #[serde(with = "text")]
    pub options: Decimal,
    /// Of perpetuals.
    #[serde(with = "text")]
    pub perpetuals: Decimal,
    /// Of coins held as collateral.
    #[serde(with = "text")]
    pub collateral: Decimal,
}

/// Charges on short options: fractions of spot but where it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionCharges {
    /// Initial margin at or in the money; it falls by how far out the strike is.
    #[serde(with = "text")]
    pub itm: Decimal,
    /// Below this it does not fall.
    #[serde(with = "text")]
    pub least: Decimal,
    /// Maintenance margin of calls.
    #[serde(with = "text")]
    pub maintenance_call: Decimal,
    /// Maintenance margin of puts.
    #[serde(with = "text")]
    pub maintenance_put: Decimal,
    /// The same as a fraction of the mark: the larger of the two.
    #[serde(with = "text")]
    pub maintenance_put_mark: Decimal,
    /// A put's initial margin is at least this multiple of its maintenance margin.
    #[serde(with = "text")]
    pub put_offset: Decimal,
    /// Maintenance margin of a short call that no call covers, of the forward.
    #[serde(with = "text")]
    pub unpaired_maintenance: Decimal,
    /// Initial margin of the same.
    #[serde(with = "text")]
    pub unpaired_initial: Decimal,
}

/// Charges on perpetuals: fractions of notional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerpetualCharges {
    /// Maintenance margin.
    #[serde(with = "text")]
    pub maintenance: Decimal,
    /// Initial margin.
    #[serde(with = "text")]
    pub initial: Decimal,
}

/// What coins count for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralWeights {
    /// A coin's part of its value.
    #[serde(with = "text")]
    pub counts: Decimal,
    /// What of that counts for initial margin.
    #[serde(with = "text")]
    pub initial: Decimal,
}

/// Below a threshold of confidence, `(1 - confidence) factor S` is charged on each coin,
/// for initial margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contingency {
    /// Threshold for perpetuals.
    #[serde(with = "text")]
    pub perpetual: Decimal,
    /// Threshold for short options.
    #[serde(with = "text")]
    pub option: Decimal,
    /// Threshold for collateral.
    #[serde(with = "text")]
    pub collateral: Decimal,
    /// The factor.
    #[serde(with = "text")]
    pub factor: Decimal,
}

/// Below the threshold, `(threshold - price) factor S` is charged on each coin of
/// perpetuals and short options, for initial margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Depeg {
    /// Of the stable coin's price.
    #[serde(with = "text")]
    pub threshold: Decimal,
    /// The factor.
    #[serde(with = "text")]
    pub factor: Decimal,
}

/// A parameter: its name, its value, and the least and the most that are allowed.
type Parameter = (&'static str, Decimal, [&'static str; 2]);

impl UnderlyingRule {
    /// The same in floating point, for the rule itself.
    pub fn parameters(&self) -> option_margin::Parameters {
        // The nearest number: every decimal has one.
        let number = |decimal: Decimal| decimal.to_string().parse().unwrap_or(f64::NAN);
        let (options, contingency) = (&self.options, &self.contingency);
        option_margin::Parameters {
            options: option_margin::OptionCharges {
                itm: number(options.itm),
                least: number(options.least),
                maintenance_call: number(options.maintenance_call),
                maintenance_put: number(options.maintenance_put),
                maintenance_put_mark: number(options.maintenance_put_mark),
                put_offset: number(options.put_offset),
                bounded: true,
                unpaired_maintenance: number(options.unpaired_maintenance),
                unpaired_initial: number(options.unpaired_initial),
            },
            perpetual: option_margin::PerpetualCharges {
                maintenance: number(self.perpetual.maintenance),
                initial: number(self.perpetual.initial),
            },
            collateral: number(self.collateral.counts),
            collateral_initial: number(self.collateral.initial),
            contingency: option_margin::Contingency {
                perpetual: number(contingency.perpetual),
                option: number(contingency.option),
                collateral: number(contingency.collateral),
                factor: number(contingency.factor),
            },
            depeg: option_margin::Depeg {
                threshold: number(self.depeg.threshold),
                factor: number(self.depeg.factor),
            },
        }
    }

    /// Every parameter with its range.
    fn all(&self) -> [Parameter; 18] {
        const PART: [&str; 2] = ["0", "1"];
        const RATE: [&str; 2] = ["0", "100"];
        let OptionCharges { itm, least, maintenance_call, maintenance_put, .. } = self.options;
        let options = &self.options;
        let contingency = &self.contingency;
        [
            ("options.itm", itm, RATE),
            ("options.least", least, RATE),
            ("options.maintenance_call", maintenance_call, RATE),
            ("options.maintenance_put", maintenance_put, RATE),
            ("options.maintenance_put_mark", options.maintenance_put_mark, RATE),
            ("options.put_offset", options.put_offset, ["1", "100"]),
            ("options.unpaired_maintenance", options.unpaired_maintenance, RATE),
            ("options.unpaired_initial", options.unpaired_initial, RATE),
            ("perpetual.maintenance", self.perpetual.maintenance, RATE),
            ("perpetual.initial", self.perpetual.initial, RATE),
            ("collateral.counts", self.collateral.counts, PART),
            ("collateral.initial", self.collateral.initial, PART),
            ("contingency.perpetual", contingency.perpetual, PART),
            ("contingency.option", contingency.option, PART),
            ("contingency.collateral", contingency.collateral, PART),
            ("contingency.factor", contingency.factor, RATE),
            ("depeg.threshold", self.depeg.threshold, RATE),
            ("depeg.factor", self.depeg.factor, RATE),
        ]
    }

    pub(super) fn check(&self, symbol: &Symbol) -> Result<(), SettlementError> {
        for (name, value, [least, most]) in self.all() {
            let bound = |text| parse_decimal(text).unwrap_or_default();
            let fits = (bound(least)..=bound(most)).contains(&value);
            if !fits || value.normalize().scale() > MAX_PARAMETER_DECIMALS {
                let (field, value) = (format!("underlyings.{symbol}.{name}"), value.to_string());
                return Err(SettlementError::Parameter { field, value, least, most });
            }
        }
        self.check_levels(symbol)?;
        let LotSizes { options, perpetuals, collateral } = self.lots;
        for (name, lot) in
            [("options", options), ("perpetuals", perpetuals), ("collateral", collateral)]
        {
            let fits = lot > Decimal::ZERO && lot <= Decimal::from(MAX_LOT);
            if !fits || lot.normalize().scale() > MAX_LOT_DECIMALS {
                let field = format!("underlyings.{symbol}.lots.{name}");
                return Err(SettlementError::LotSize { field });
            }
        }
        Ok(())
    }

    /// Whoever meets initial margin meets maintenance.
    fn check_levels(&self, symbol: &Symbol) -> Result<(), SettlementError> {
        let OptionCharges { itm, least, maintenance_call, .. } = self.options;
        let OptionCharges { unpaired_maintenance, unpaired_initial, .. } = self.options;
        let PerpetualCharges { maintenance, initial } = self.perpetual;
        let orders = [
            ("options.itm", itm, "options.least", least),
            ("options.least", least, "options.maintenance_call", maintenance_call),
            ("perpetual.initial", initial, "perpetual.maintenance", maintenance),
            (
                "options.unpaired_initial",
                unpaired_initial,
                "options.unpaired_maintenance",
                unpaired_maintenance,
            ),
        ];
        match orders.into_iter().find(|(_, larger, _, lower)| larger < lower) {
            Some((larger, _, lower, _)) => {
                Err(SettlementError::LevelOrder { underlying: symbol.clone(), larger, lower })
            }
            None => Ok(()),
        }
    }
}
