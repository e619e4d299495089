//! Margin of the scenario family: portfolio margin with options.
//!
//! | module | holds |
//! |---|---|
//! | [`parameters`] | scenario grids, shocks, contingencies; the shipped sets |
//! | [`market`] | feeds and listed instruments |
//! | [`snapshot`] | a market with its time, its currency and its lots |
//! | [`table`] | the risk table: every instrument under every scenario |
//! | [`integer`] | the same table in the integers that are proved |
//! | [`portfolio`], [`account`] | positions, and their margin from the table |
//! | [`report`](mod@report) | the breakdown, with greeks per expiry |
//! | [`cure`](mod@cure) | what would cure a shortfall: cash, or closing a position |
//! | [`stress`] | margin under a shocked market, and where the margin call would come |
//! | [`deribit`] | Deribit's own rule in coins, to measure sets against |
//! | [`black76`] | option values and greeks |
//!
//! The instruments are European options on a forward, perpetuals, futures,
//! collateral and cash. The formulas are those of Derive's PMRM_2, with a
//! minimum charge beside them; Deribit's portfolio margin, Paradex SCAN and SPAN
//! are parameter sets. A set, and with it a market, is of one underlying or two; these
//! modules know one, and [`market::scenario`](crate::market::scenario) puts both
//! together. Valuation ([`table`]) is apart from what an account
//! sums up ([`account`]), which is piecewise linear in the quantities.
//!
//! This is the specification in floating point. It gives the same bits on every
//! platform: elementary functions are [`libm`]'s, in software, sums are taken in
//! the order of rows, and nothing is fused. Stored digests are tested.
//!
//! ```
//! use zkmargin_params::scenario::{RiskTable, ScenarioMarket, ScenarioPortfolio, assess};
//! use zkmargin_params::scenario::parameters;
//! let model = parameters::by_name("derive-test").unwrap().model()?;
//! let market = ScenarioMarket::from_json(r#"{
//!   "underlying": "BTC", "spot": 100000,
//!   "feeds": [{ "expiry_seconds": 2592000, "forward": 100500 }],
//!   "instruments": {
//!     "PUT": { "kind": "option", "expiry_seconds": 2592000, "strike": 90000,
//!              "option_type": "put", "mark_vol": 0.5 }
//!   }
//! }"#)?;
//! let table = RiskTable::new(&model, &market)?;
//! let portfolio = ScenarioPortfolio::from_json(
//!     r#"{ "cash": 20000, "positions": [{ "instrument": "PUT", "quantity": -1 }] }"#,
//! )?;
//! let account = assess(&table, &portfolio.resolve(&table)?);
//! assert!(account.initial_margin < account.maintenance_margin);
//! assert!(account.worst.pnl < 0.0 && account.maintenance_margin > 0.0);
//! # Ok::<(), zkmargin_params::scenario::ScenarioError>(())
//! ```

pub mod account;
pub mod black76;
pub mod cure;
pub mod deribit;
pub(crate) mod error;
pub mod integer;
pub mod market;
pub(crate) mod math;
pub mod parameters;
pub mod portfolio;
pub mod report;
pub(crate) mod shock;
pub mod snapshot;
pub mod stress;
pub mod table;

pub use account::{Assessment, assess, assess_all};
pub use black76::{Black76, Greeks, OptionType};
pub use cure::{Closing, Cure, cure};
pub use error::{Problem, ScenarioError};
pub use integer::{IntegerTable, Place};
pub use market::{ExpiryFeed, Instrument, MarketSpec, ScenarioMarket};
pub use parameters::{ParameterSpec, ScenarioModel};
pub use portfolio::{Holdings, Position, ScenarioPortfolio};
pub use report::{MarginReport, report};
pub use snapshot::{LotSize, LotSizes, ScenarioSnapshot, SecondMarket, SnapshotSpec};
pub use stress::levels::{Crossing, Scan, Threshold};
pub use stress::{Shock, StressPoint, StressTest, Stressable};
pub use table::{GroupRow, RiskRow, RiskTable, RowKind, Terms};

/// Largest accepted JSON file, in bytes.
pub const MAX_FILE_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests;
