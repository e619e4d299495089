//! What a publisher posts of a simulation market for an epoch: marks of every
//! underlying, the closes that scenarios are made of, the seed that they are
//! drawn from.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{Epoch, Timestamp};

use crate::model::MAX_QUOTE_DECIMALS;
use crate::scenario::shock::Expiry;
use crate::scenario::{Instrument, LotSize, LotSizes, MarketSpec, ScenarioError, ScenarioMarket};
use crate::simulation::beacon::Signature;
use crate::simulation::error::SimulationError;
use crate::simulation::history::History;
use crate::simulation::model::SimulationModel;
use crate::simulation::rule::SetRule;
use crate::simulation::set::ScenarioSet;
use crate::symbol::Symbol;

/// Most underlyings of a market.
pub const MAX_UNDERLYINGS: usize = 64;

/// The fields of a snapshot's JSON, not yet checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSpec {
    /// When the marks were taken.
    pub timestamp: Timestamp,
    /// Where they are from: up to 512 characters.
    #[serde(default)]
    pub source: String,
    /// The currency that prices and cash are in.
    pub quote: Symbol,
    /// Decimals of a quote unit: it is `10^-quote_decimals` of the currency.
    #[serde(default = "default_quote_decimals")]
    pub quote_decimals: u32,
    /// What a lot is.
    pub lots: LotSizes,
    /// The marks, an entry for each underlying.
    pub markets: Vec<ScenarioMarket>,
    /// Closes of all underlyings, for a rule that looks at the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// The seed, for a rule that draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,
    /// The beacon's signature of the epoch's round, for a rule that draws from a beacon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon: Option<Signature>,
}

fn default_quote_decimals() -> u32 {
    6
}

/// 32 bytes, as `0x` and 64 hexadecimal digits: fixed before the epoch, such as
/// the randomness of a beacon's round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seed(pub [u8; 32]);

/// A text that is not a [`Seed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a seed: allowed are 0x and 64 hexadecimal digits")]
pub struct ParseSeedError;

impl TryFrom<String> for Seed {
    type Error = ParseSeedError;

    fn try_from(text: String) -> Result<Self, ParseSeedError> {
        let mut bytes = [0; 32];
        let digits = text.strip_prefix("0x").ok_or(ParseSeedError)?;
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| ParseSeedError)?;
        Ok(Self(bytes))
    }
}

impl From<Seed> for String {
    fn from(Seed(bytes): Seed) -> Self {
        format!("0x{}", hex::encode(bytes))
    }
}

/// A checked snapshot of the simulation family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SnapshotSpec", into = "SnapshotSpec")]
pub struct SimulationSnapshot {
    spec: SnapshotSpec,
}

impl SimulationSnapshot {
    /// Reads and checks a snapshot.
    ///
    /// # Errors
    /// When the text is not the format, or a field breaks a rule.
    pub fn from_json(json: &str) -> Result<Self, SimulationError> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let what = "simulation snapshot";
        let spec = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            SimulationError::Json { what, path, source: error.into_inner() }
        })?;
        let end = |source| SimulationError::Json { what, path: "end of file".to_owned(), source };
        reader.end().map_err(end)?;
        Self::new(spec)
    }

    /// Checks a snapshot.
    ///
    /// # Errors
    /// With the first field that breaks a rule.
    pub fn new(spec: SnapshotSpec) -> Result<Self, SimulationError> {
        if spec.source.chars().count() > 512 || spec.source.chars().any(char::is_control) {
            return Err(SimulationError::Source);
        }
        if spec.quote_decimals > MAX_QUOTE_DECIMALS {
            return Err(SimulationError::QuoteDecimals);
        }
        if spec.markets.is_empty() || spec.markets.len() > MAX_UNDERLYINGS {
            return Err(SimulationError::Underlyings { found: spec.markets.len() });
        }
        let (mut underlyings, mut symbols) = (BTreeSet::new(), BTreeSet::new());
        for market in &spec.markets {
            let market = market.spec();
            if !underlyings.insert(&market.underlying) {
                return Err(SimulationError::Duplicate(market.underlying.clone()));
            }
            if let Some(twice) = market.instruments.keys().find(|symbol| !symbols.insert(*symbol)) {
                return Err(SimulationError::ListedTwice(twice.clone()));
            }
        }
        check_lots(&spec)?;
        Ok(Self { spec })
    }

    /// The fields.
    pub fn spec(&self) -> &SnapshotSpec {
        &self.spec
    }

    /// The underlyings, in the order of their marks.
    pub fn underlyings(&self) -> Vec<Symbol> {
        self.spec.markets.iter().map(|market| market.spec().underlying.clone()).collect()
    }

    /// Units in a lot of an instrument.
    pub fn lot_size(&self, symbol: &Symbol, instrument: &Instrument) -> Decimal {
        let lots = &self.spec.lots;
        match instrument {
            Instrument::Option { .. } => lots.options,
            _ => lots.instruments.get(symbol).map_or(lots.others, |LotSize(lot)| *lot),
        }
    }

    /// The snapshot as it would be if all prices moved by a factor and all
    /// volatilities by another; the closes stay, and so does collateral that is no
    /// underlying of the market.
    ///
    /// # Errors
    /// When a price or volatility leaves its range.
    pub fn shocked(&self, spot: f64, vol: f64) -> Result<Self, ScenarioError> {
        let shocked = |market: &ScenarioMarket| {
            let mut spec = market.spec().clone();
            spec.spot *= spot;
            for feed in &mut spec.feeds {
                feed.forward = Expiry::new(feed, false).shocked_forward(spot);
            }
            for (symbol, instrument) in &mut spec.instruments {
                match instrument {
                    Instrument::Option { mark_vol, .. } => *mark_vol *= vol,
                    Instrument::Perpetual { price, .. } => *price *= spot,
                    Instrument::Collateral { price, .. } if self.is_underlying(symbol) => {
                        *price *= spot;
                    }
                    Instrument::Collateral { .. }
                    | Instrument::Future { .. }
                    | Instrument::Array { .. } => {}
                }
            }
            ScenarioMarket::new(spec)
        };
        let markets = self.spec.markets.iter().map(shocked).collect::<Result<_, _>>()?;
        Ok(Self { spec: SnapshotSpec { markets, ..self.spec.clone() } })
    }

    fn is_underlying(&self, symbol: &Symbol) -> bool {
        self.spec.markets.iter().any(|market| market.spec().underlying == *symbol)
    }

    /// What moves with spot of each perpetual and future, by symbol.
    pub fn contract_prices(&self) -> BTreeMap<Symbol, f64> {
        let markets = self.spec.markets.iter().map(ScenarioMarket::spec);
        let of = |market: &MarketSpec| {
            let feeds: BTreeMap<u64, f64> = market
                .feeds
                .iter()
                .map(|feed| (feed.expiry_seconds, Expiry::new(feed, false).variable))
                .collect();
            let price = |(symbol, instrument): (&Symbol, &Instrument)| match instrument {
                Instrument::Perpetual { price, .. } => Some((symbol.clone(), *price)),
                Instrument::Future { expiry_seconds } => {
                    feeds.get(expiry_seconds).map(|price| (symbol.clone(), *price))
                }
                _ => None,
            };
            market.instruments.iter().filter_map(price).collect::<Vec<_>>()
        };
        markets.flat_map(of).collect()
    }

    /// The scenario set of a model in an epoch: made of the closes here, or drawn from the
    /// seed here, or from the round of a beacon.
    ///
    /// # Errors
    /// When closes, seed or signature that the rule needs are missing, the signature is
    /// not the beacon's of the epoch's round, or as [`ScenarioSet::from_history`].
    pub fn scenarios(
        &self,
        model: &SimulationModel,
        epoch: Epoch,
    ) -> Result<ScenarioSet, SimulationError> {
        let rule = &model.spec().set;
        if rule.needs_seed() {
            let seed = self.seed(rule, epoch)?;
            return ScenarioSet::from_seed(rule, &self.underlyings(), seed);
        }
        let history = self.spec.history.as_ref().ok_or(SimulationError::NoHistory)?;
        let set = ScenarioSet::from_history(rule, history)?;
        set.of(&self.underlyings())
    }
}

impl SimulationSnapshot {
    /// The seed of a rule that draws.
    fn seed(&self, rule: &SetRule, epoch: Epoch) -> Result<[u8; 32], SimulationError> {
        let Some(beacon) = rule.beacon() else {
            let Seed(seed) = self.spec.seed.ok_or(SimulationError::NoSeed)?;
            return Ok(seed);
        };
        if self.spec.seed.is_some() {
            return Err(SimulationError::SeedGiven);
        }
        match self.spec.beacon {
            Some(signature) => beacon.seed(epoch, signature),
            None => Err(SimulationError::NoBeacon { round: beacon.round(epoch)? }),
        }
    }
}

fn check_lots(spec: &SnapshotSpec) -> Result<(), SimulationError> {
    let LotSizes { options, others, instruments } = &spec.lots;
    let single = instruments.values().map(|LotSize(lot)| lot);
    let most = Decimal::from(1_000_000_000_000_u64);
    match [options, others]
        .into_iter()
        .chain(single)
        .find(|lot| **lot <= Decimal::ZERO || **lot > most || lot.scale() > 18)
    {
        Some(lot) => Err(SimulationError::LotSize(*lot)),
        None => Ok(()),
    }
}

impl TryFrom<SnapshotSpec> for SimulationSnapshot {
    type Error = SimulationError;

    fn try_from(spec: SnapshotSpec) -> Result<Self, SimulationError> {
        Self::new(spec)
    }
}

impl From<SimulationSnapshot> for SnapshotSpec {
    fn from(snapshot: SimulationSnapshot) -> Self {
        snapshot.spec
    }
}
