//! Derive's `StandardManager` cases: position-based margin of options,
//! perpetuals and collateral on two underlyings, in floating point and in the integers
//! that are proved.

mod integer;

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{CaseAccount, ConformanceError, Figure, NotRun, Options, TOLERANCE};
use crate::option_margin::{
    Account, Expiry, OptionPosition, Parameters, Perpetual, Requirement, Underlying,
};
use crate::scenario::black76::{OptionType, YEAR_SECONDS};
use crate::settlement::snapshot::AVERAGING_SECONDS;

/// A case file.
#[derive(Deserialize)]
pub(super) struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    cash: Number,
    spot: Pair,
    /// Of spot and perpetual: ETH, then BTC.
    spot_perp_confidence: [[Number; 2]; 2],
    perp_price: [Number; 2],
    stable_price: Number,
    perps: Pair,
    base: Wrapped,
    entry_price: Entries,
    funding_index: Funding,
    options: Vec<CaseOption>,
    /// One for each option.
    feeds: Vec<Feed>,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Pair {
    eth: Number,
    btc: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Wrapped {
    weth: Number,
    wbtc: Number,
}

/// Where a perpetual was entered; none where there is no position.
#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Entries {
    eth: Option<Number>,
    btc: Option<Number>,
}

/// Funding by coin since the beginning, now and when the account last paid.
#[derive(Deserialize)]
struct Funding {
    #[serde(rename = "ETH")]
    eth: Number,
    #[serde(rename = "BTC")]
    btc: Number,
    #[serde(rename = "account_ETH")]
    account_eth: Option<Number>,
    #[serde(rename = "account_BTC")]
    account_btc: Option<Number>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Coin {
    #[serde(rename = "ETH")]
    Eth,
    #[serde(rename = "BTC")]
    Btc,
}

#[derive(Deserialize)]
struct CaseOption {
    underlying: Coin,
    expiry_seconds: u64,
    strike: Number,
    #[serde(rename = "type")]
    option_type: OptionType,
    amount: Number,
    vol: Number,
    vol_confidence: Number,
}

#[derive(Deserialize)]
struct Feed {
    expiry_seconds: u64,
    forward: Number,
    forward_confidence: Number,
    /// What part of the settlement average is fixed, and at what price.
    settled_fraction: Option<Number>,
    settled_average: Option<Number>,
}

#[derive(Deserialize)]
struct Expected {
    maintenance: Number,
    initial: Number,
    mark_to_market: Number,
    unrealised_pnl: Option<Number>,
    base_margin: Option<Number>,
    oracle_contingency: Option<Number>,
}

/// A finite number that stands as a text or as a JSON number.
#[derive(Clone, Copy)]
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Number(f64),
        }
        let number = match Either::deserialize(deserializer)? {
            Either::Number(number) => number,
            Either::Text(text) => f64::from_str(&text).map_err(D::Error::custom)?,
        };
        if number.is_finite() { Ok(Self(number)) } else { Err(D::Error::custom("not finite")) }
    }
}

/// Why a case is not run.
#[derive(Clone, Copy)]
enum Missing {
    /// As many feeds as options, of the same expiries.
    Feed,
    /// What of the settlement average is fixed.
    Settlement,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Feed => "`feeds` must hold one entry for each option, of its expiry",
            Self::Settlement => {
                "within half an hour of expiry a feed needs `settled_fraction` and \
                 `settled_average`: the forward alone is not what options settle on"
            }
        })
    }
}

/// Runs the cases; those whose inputs are not all there are named.
pub(super) fn run(
    file: &File,
    options: Options,
) -> Result<(Vec<Figure>, Vec<NotRun>), ConformanceError> {
    let (mut figures, mut not_run) = (Vec::new(), Vec::new());
    let model = options.integer.then(integer::model).transpose()?;
    for case in &file.cases {
        match (case.account(), &model) {
            (Ok(account), None) => figures.extend(case.compare(&account)),
            (Ok(account), Some(model)) => {
                figures.extend(case.book(model, &account)?.compare(case)?)
            }
            (Err(why), _) => {
                not_run.push(NotRun { case: case.name.clone(), why: why.to_string() });
            }
        }
    }
    Ok((figures, not_run))
}

/// The cases as accounts.
pub(super) fn accounts(file: &File) -> Result<Vec<CaseAccount>, ConformanceError> {
    let model = integer::model()?;
    let account = |case: &Case| {
        let lacks = |why: Missing| ConformanceError::NotRun {
            case: case.name.clone(),
            why: why.to_string(),
        };
        let account = case.account().map_err(lacks)?;
        Ok::<_, ConformanceError>(case.book(&model, &account)?.account(&case.name))
    };
    file.cases.iter().map(account).collect()
}

impl Case {
    fn account(&self) -> Result<Account, Missing> {
        let same =
            |(option, feed): (&CaseOption, &Feed)| option.expiry_seconds == feed.expiry_seconds;
        if self.options.len() != self.feeds.len() || !self.options.iter().zip(&self.feeds).all(same)
        {
            return Err(Missing::Feed);
        }
        let funding = &self.funding_index;
        let eth = Perpetual {
            quantity: self.perps.eth.0,
            price: self.perp_price[0].0,
            confidence: self.spot_perp_confidence[0][1].0,
            unrealised: 0.0,
        };
        let btc = Perpetual {
            quantity: self.perps.btc.0,
            price: self.perp_price[1].0,
            confidence: self.spot_perp_confidence[1][1].0,
            unrealised: 0.0,
        };
        let eth = unrealised(eth, self.entry_price.eth, (funding.eth, funding.account_eth));
        let btc = unrealised(btc, self.entry_price.btc, (funding.btc, funding.account_btc));
        let underlyings = vec![
            self.underlying(Coin::Eth, (self.spot.eth, 0), eth, self.base.weth)?,
            self.underlying(Coin::Btc, (self.spot.btc, 1), btc, self.base.wbtc)?,
        ];
        Ok(Account { cash: self.cash.0, stable_price: self.stable_price.0, underlyings })
    }

    fn underlying(
        &self,
        coin: Coin,
        (spot, row): (Number, usize),
        perpetual: Perpetual,
        collateral: Number,
    ) -> Result<Underlying, Missing> {
        Ok(Underlying {
            parameters: Parameters::DERIVE_TEST,
            spot: spot.0,
            spot_confidence: self.spot_perp_confidence[row][0].0,
            perpetual,
            collateral: collateral.0,
            expiries: self.expiries(coin)?,
        })
    }

    fn expiries(&self, coin: Coin) -> Result<Vec<Expiry>, Missing> {
        let mut expiries: Vec<(u64, Expiry)> = Vec::new();
        let held = self.options.iter().zip(&self.feeds);
        for (option, feed) in held.filter(|(option, _)| option.underlying == coin) {
            let seconds = option.expiry_seconds;
            let place = match expiries.iter().position(|(key, _)| *key == seconds) {
                Some(place) => place,
                None => {
                    expiries.push((seconds, feed.expiry()?));
                    expiries.len() - 1
                }
            };
            let expiry = &mut expiries[place].1;
            expiry.confidence =
                expiry.confidence.min(option.vol_confidence.0).min(feed.forward_confidence.0);
            expiry.options.push(OptionPosition {
                option_type: option.option_type,
                strike: option.strike.0,
                vol: option.vol.0,
                quantity: option.amount.0,
            });
        }
        Ok(expiries.into_iter().map(|(_, expiry)| expiry).collect())
    }

    fn compare(&self, account: &Account) -> Vec<Figure> {
        let maintenance = account.margin(Requirement::Maintenance);
        let initial = account.margin(Requirement::Initial);
        let Expected { unrealised_pnl, base_margin, oracle_contingency, .. } = &self.expected;
        let figures = [
            ("maintenance", Some(&self.expected.maintenance), maintenance.balance),
            ("initial", Some(&self.expected.initial), initial.balance),
            ("mark_to_market", Some(&self.expected.mark_to_market), account.mark_to_market()),
            ("unrealised_pnl", unrealised_pnl.as_ref(), self.profit(account)),
            ("base_margin", base_margin.as_ref(), maintenance.collateral),
            ("oracle_contingency", oracle_contingency.as_ref(), initial.contingency),
        ];
        let given =
            figures.into_iter().filter_map(|(name, expected, got)| Some((name, expected?.0, got)));
        let close = |(name, expected, got): (&'static str, f64, f64)| {
            let tolerance = TOLERANCE * if expected == 0.0 { 1.0 } else { expected.abs() };
            Figure::close(&self.name, name, (expected, got), tolerance)
        };
        given.map(close).collect()
    }

    /// Profit of the perpetuals without funding.
    fn profit(&self, account: &Account) -> f64 {
        let entries = [self.entry_price.eth, self.entry_price.btc];
        let perpetuals = account.underlyings.iter().map(|underlying| underlying.perpetual);
        perpetuals.zip(entries).map(|(perpetual, entry)| profit(perpetual, entry)).sum()
    }
}

impl Feed {
    /// The expiry, with no options yet.
    fn expiry(&self) -> Result<Expiry, Missing> {
        let forward = match (self.settled_fraction, self.settled_average) {
            (Some(fraction), Some(average)) => {
                fraction.0 * average.0 + (1.0 - fraction.0) * self.forward.0
            }
            _ if self.expiry_seconds < AVERAGING_SECONDS => return Err(Missing::Settlement),
            _ => self.forward.0,
        };
        // Exact: seconds are far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        let years = self.expiry_seconds as f64 / YEAR_SECONDS;
        Ok(Expiry { years, forward, confidence: 1.0, options: Vec::new() })
    }
}

/// Profit since the entry.
fn profit(perpetual: Perpetual, entry: Option<Number>) -> f64 {
    entry.map_or(0.0, |entry| perpetual.quantity * (perpetual.price - entry.0))
}

/// The perpetual with its profit and the funding that is due.
fn unrealised(
    perpetual: Perpetual,
    entry: Option<Number>,
    (now, paid): (Number, Option<Number>),
) -> Perpetual {
    let funding = paid.map_or(0.0, |paid| -perpetual.quantity * (now.0 - paid.0));
    Perpetual { unrealised: profit(perpetual, entry) + funding, ..perpetual }
}
