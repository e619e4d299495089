//! What was agreed on: which oracles, whose signatures, which feeds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha3::{Digest as _, Keccak256};
use zkmargin_params::decimal::parse_decimal;
use zkmargin_params::symbol::Symbol;

use crate::recover::Signer;

/// An oracle whose reports are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oracle {
    /// RedStone.
    Redstone,
    /// Stork.
    Stork,
    /// Chainlink Data Streams.
    Chainlink,
    /// Pyth core.
    Pyth,
    /// Pyth Lazer.
    PythLazer,
}

impl Oracle {
    /// Whether several signers sign one report, and not each its own.
    pub const fn signs_together(self) -> bool {
        matches!(self, Self::Chainlink | Self::Pyth)
    }
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redstone => "redstone",
            Self::Stork => "stork",
            Self::Chainlink => "chainlink",
            Self::Pyth => "pyth",
            Self::PythLazer => "pyth-lazer",
        })
    }
}

/// Whose signatures count, and how many are needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OracleSigners {
    /// Distinct signers that a price needs.
    pub threshold: usize,
    /// Those that count.
    pub signers: BTreeSet<Signer>,
}

/// The file that says where prices come from, in TOML.
///
/// ```
/// let sources: zkmargin_oracle::Sources = r#"
///     version = 1
///     quote = "USD"
///     least_oracles = 1        # that every price needs
///     max_spread = "0.005"     # (largest - least) / least between oracles
///     max_age_seconds = 60     # between the oldest and the newest report used
///
///     [oracles.stork]
///     threshold = 1
///     signers = ["0xC4A02e7D370402F4afC36032076B05e74FF81786"]
///
///     [prices.BTC]
///     stork = "BTCUSD"
/// "#.parse()?;
/// assert_eq!(sources.least_oracles(), 1);
/// # Ok::<(), zkmargin_oracle::SourcesError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    file: SourcesFile,
    max_spread: Decimal,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcesFile {
    version: u32,
    quote: Symbol,
    least_oracles: usize,
    max_spread: String,
    max_age_seconds: u64,
    oracles: BTreeMap<Oracle, OracleSigners>,
    prices: BTreeMap<Symbol, BTreeMap<Oracle, String>>,
}

/// Why a file of sources is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourcesError {
    /// Not TOML, or not the format: the message names line and field.
    #[error("not a file of sources: {0}")]
    Toml(#[from] toml::de::Error),
    /// Another version.
    #[error("version: {0} is refused: read is 1")]
    Version(u32),
    /// A price of no oracle would be anybody's.
    #[error("least_oracles: 0 is refused: a price needs one oracle at least")]
    NoOracle,
    /// Not a decimal from 0 to 1.
    #[error("max_spread: {0:?} is refused: allowed are decimals from 0 to 1, as texts")]
    Spread(String),
    /// A threshold that is zero or that its signers cannot reach.
    #[error(
        "oracles.{oracle}.threshold: {threshold} is refused: allowed are 1 to {signers}, the \
         signers named"
    )]
    Threshold {
        /// The oracle.
        oracle: Oracle,
        /// The threshold given.
        threshold: usize,
        /// Signers named.
        signers: usize,
    },
    /// No price is asked for.
    #[error("prices: at least one is needed")]
    NoPrice,
    /// A price's oracle whose signers are not named.
    #[error("prices.{symbol}.{oracle}: the file names no signers of {oracle}")]
    Unsigned {
        /// The price.
        symbol: Symbol,
        /// The oracle.
        oracle: Oracle,
    },
    /// A price that never has enough oracles.
    #[error("prices.{symbol} names {named} oracles, and least_oracles is {least}")]
    TooFew {
        /// The price.
        symbol: Symbol,
        /// Oracles named.
        named: usize,
        /// Oracles needed.
        least: usize,
    },
}

impl std::str::FromStr for Sources {
    type Err = SourcesError;

    fn from_str(text: &str) -> Result<Self, SourcesError> {
        let file: SourcesFile = toml::from_str(text)?;
        if file.version != 1 {
            return Err(SourcesError::Version(file.version));
        }
        if file.least_oracles == 0 {
            return Err(SourcesError::NoOracle);
        }
        let max_spread = parse_decimal(&file.max_spread)
            .ok()
            .filter(|spread| (Decimal::ZERO..=Decimal::ONE).contains(spread))
            .ok_or_else(|| SourcesError::Spread(file.max_spread.clone()))?;
        for (&oracle, OracleSigners { threshold, signers }) in &file.oracles {
            if !(1..=signers.len()).contains(threshold) {
                let (threshold, signers) = (*threshold, signers.len());
                return Err(SourcesError::Threshold { oracle, threshold, signers });
            }
        }
        if file.prices.is_empty() {
            return Err(SourcesError::NoPrice);
        }
        for (symbol, feeds) in &file.prices {
            let unsigned = feeds.keys().find(|oracle| !file.oracles.contains_key(oracle));
            if let Some(&oracle) = unsigned {
                return Err(SourcesError::Unsigned { symbol: symbol.clone(), oracle });
            }
            if feeds.len() < file.least_oracles {
                let (named, least) = (feeds.len(), file.least_oracles);
                return Err(SourcesError::TooFew { symbol: symbol.clone(), named, least });
            }
        }
        Ok(Self { file, max_spread })
    }
}

impl Sources {
    /// The currency of the prices.
    pub fn quote(&self) -> &Symbol {
        &self.file.quote
    }

    /// Oracles that every price needs.
    pub fn least_oracles(&self) -> usize {
        self.file.least_oracles
    }

    /// How far oracles may be apart: `(largest - least) / least`.
    pub fn max_spread(&self) -> Decimal {
        self.max_spread
    }

    /// Milliseconds that the reports used may lie apart.
    pub fn max_age(&self) -> u64 {
        self.file.max_age_seconds.saturating_mul(1000)
    }

    /// Whose signatures count for an oracle.
    pub fn signers(&self, oracle: Oracle) -> Option<&OracleSigners> {
        self.file.oracles.get(&oracle)
    }

    /// The prices, each with its feed by oracle.
    pub fn prices(&self) -> impl Iterator<Item = (&Symbol, &BTreeMap<Oracle, String>)> {
        self.file.prices.iter()
    }

    /// Keccak-256 of what the file says, whatever its spaces and comments.
    pub fn digest(&self) -> [u8; 32] {
        // Texts, numbers and maps with text keys: nothing here can fail.
        Keccak256::digest(serde_json::to_vec(&self.file).unwrap_or_default()).into()
    }
}
