//! What a proof must be about, as JavaScript tells it.

use serde::Deserialize;
use zkmargin_margin::claim::{Claim, Level, Leverage, Multiplier};
use zkmargin_margin::ids::{AccountId, ContextId, Memo, ModelDigest};
use zkmargin_verifier::engine::Root;
use zkmargin_verifier::epoch::{MalformedEpoch, NotSigned, SignedEpoch, Signers};
use zkmargin_verifier::pins::{
    Assurance, ClaimRule, Figure, Freshness, NotFresh, Pins, Told, parse_period,
};

/// How far ahead of the caller's clock prices may be, in seconds, unless told.
const MAX_CLOCK_SKEW: u64 = 15;

/// What a proof must be about. Everything may be left out; the verdict then says
/// what nobody told. Names and values are those of the options of `zkmargin
/// verify`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expected {
    /// Text of an epoch file.
    pub epoch: Option<String>,
    /// Text of a list of signers: who must have signed that file.
    pub signers: Option<String>,
    /// Level it must claim at least.
    pub at_least: Option<Level>,
    /// How many times that level's requirement: `"1.25"`.
    pub multiplier: Option<String>,
    /// Leverage it must claim at most: `"10"`.
    pub max_leverage: Option<String>,
    /// Claim it must make, exactly: `"below:maintenance"`.
    pub claim: Option<String>,
    /// Largest age of the prices: `"15m"`.
    pub max_age: Option<String>,
    /// How far ahead of the clock they may be; 15 seconds unless told.
    pub max_clock_skew: Option<String>,
    /// What the clock shows, in seconds since 1970. Wasm has none.
    pub now: Option<u64>,
    /// The deployment.
    pub context: Option<ContextId>,
    /// The state root.
    pub state_root: Option<Root>,
    /// The market root.
    pub market_root: Option<Root>,
    /// The margin model's digest.
    pub model: Option<ModelDigest>,
    /// The epoch's number.
    pub epoch_number: Option<u64>,
    /// The account.
    pub account: Option<AccountId>,
    /// The memo.
    pub memo: Option<Memo>,
    /// What need not be told.
    pub waived: Vec<Waivable>,
    /// Whether keys of which everybody can forge proofs count: in tests alone.
    pub insecure_dev_srs: bool,
}

/// What need not be told, when it is said so by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waivable {
    /// Whoever signed the epoch file, or nobody.
    Signers,
    /// Of whatever deployment.
    Context,
    /// Under whatever state root: whoever made the proof may have made that up.
    StateRoot,
    /// Under whatever market root: whatever prices.
    MarketRoot,
    /// Under whatever margin model.
    Model,
    /// Whatever is claimed.
    Claim,
    /// With prices of whatever age.
    Age,
}

impl Waivable {
    const fn figure(self) -> Figure {
        match self {
            Self::Signers => Figure::Signers,
            Self::Context => Figure::Context,
            Self::StateRoot => Figure::StateRoot,
            Self::MarketRoot => Figure::MarketRoot,
            Self::Model => Figure::Model,
            Self::Claim => Figure::Claim,
            Self::Age => Figure::Age,
        }
    }
}

/// Why nothing can be held to what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadExpected {
    /// Not the JSON of an [`Expected`].
    #[error("what is expected cannot be read: {problem}")]
    Json {
        /// What the parser says.
        problem: String,
    },
    /// A value that is none.
    #[error("{field}: {allowed}")]
    Value {
        /// The field's name.
        field: &'static str,
        /// What is allowed.
        allowed: String,
    },
    /// Two fields that exclude each other, or one that needs another.
    #[error("{0}")]
    Together(&'static str),
    /// No epoch file.
    #[error("the epoch file: {0}")]
    Epoch(MalformedEpoch),
    /// No list of signers.
    #[error("the list of signers: {problem}")]
    Signers {
        /// What the parser says.
        problem: String,
    },
    /// The signers did not sign the epoch file.
    #[error("the epoch file: {0}")]
    NotSigned(NotSigned),
    /// Its prices are too old, or of a time that has not come.
    #[error("the epoch file: {0}")]
    NotFresh(NotFresh),
}

impl BadExpected {
    pub(crate) const fn what(&self) -> &'static str {
        match self {
            Self::Json { .. } | Self::Value { .. } | Self::Together(_) => "expected",
            Self::Epoch(_) | Self::NotSigned(_) => "epoch",
            Self::Signers { .. } => "signers",
            Self::NotFresh(_) => "age",
        }
    }
}

impl Expected {
    /// Reads what is expected.
    ///
    /// # Errors
    /// The first field that is unknown or wrong.
    pub fn parse(json: &str) -> Result<Self, BadExpected> {
        serde_json::from_str(json).map_err(|error| BadExpected::Json { problem: error.to_string() })
    }

    /// What a proof is held to.
    ///
    /// # Errors
    /// When a file cannot be read, the epoch file is not signed as it must be or
    /// its prices are not fresh, or fields do not go together.
    pub fn pins(&self) -> Result<Pins, BadExpected> {
        let claim = self.claim_rule()?;
        let mut told = Told::default();
        self.tell_epoch(&mut told)?;
        self.tell_single(&mut told);
        let age = self.age(&told)?;
        let is_waived = |figure| self.waived.iter().any(|waived| waived.figure() == figure);
        Ok(told.pins(claim, age, is_waived))
    }

    fn tell_epoch(&self, told: &mut Told) -> Result<(), BadExpected> {
        let Some(epoch) = &self.epoch else {
            return match self.signers {
                Some(_) => {
                    Err(BadExpected::Together("signers are those of an epoch file: give it"))
                }
                None => Ok(()),
            };
        };
        let epoch = SignedEpoch::parse(epoch.as_bytes()).map_err(BadExpected::Epoch)?;
        let read = |text: &String| {
            serde_json::from_str::<Signers>(text)
                .map_err(|error| BadExpected::Signers { problem: error.to_string() })
        };
        let signers = self.signers.as_ref().map(read).transpose()?;
        told.epoch("the epoch file", &epoch, signers.as_ref()).map_err(BadExpected::NotSigned)
    }

    fn tell_single(&self, told: &mut Told) {
        let texts = [
            (Figure::Context, self.context.map(|context| context.to_string())),
            (Figure::StateRoot, self.state_root.map(|root| root.to_string())),
            (Figure::MarketRoot, self.market_root.map(|root| root.to_string())),
            (Figure::Model, self.model.map(|model| model.to_string())),
            (Figure::Epoch, self.epoch_number.map(|epoch| epoch.to_string())),
            (Figure::Account, self.account.map(|account| account.to_string())),
            (Figure::Memo, self.memo.map(|memo| memo.to_string())),
        ];
        for (figure, text) in texts {
            if let Some(text) = text {
                told.rule(figure, text, Assurance::Given);
            }
        }
    }

    fn claim_rule(&self) -> Result<ClaimRule, BadExpected> {
        let times = match &self.multiplier {
            Some(text) => text.parse().map_err(|error| value("multiplier", error))?,
            None => Multiplier::ONE,
        };
        let leverage: Option<Leverage> = match &self.max_leverage {
            Some(text) => Some(text.parse().map_err(|error| value("max_leverage", error))?),
            None => None,
        };
        let dials = self.multiplier.is_some() || self.max_leverage.is_some();
        match (self.at_least, &self.claim) {
            (Some(_), Some(_)) => Err(BadExpected::Together("give at_least or claim, not both")),
            (None, _) if dials => {
                Err(BadExpected::Together("multiplier and max_leverage are of at_least: give it"))
            }
            (Some(Level::Bankrupt), None) => Err(BadExpected::Value {
                field: "at_least",
                allowed: "allowed are margin-call, maintenance, initial".to_owned(),
            }),
            (Some(level), None) => Ok(ClaimRule::AtLeast { level, times, leverage }),
            (None, Some(claim)) => {
                let claim: Claim = claim.parse().map_err(|error| value("claim", error))?;
                Ok(ClaimRule::Exactly(claim))
            }
            (None, None) => Ok(ClaimRule::Any),
        }
    }

    /// The age of the prices, once it is no more than allowed.
    fn age(&self, told: &Told) -> Result<Option<(u64, Assurance)>, BadExpected> {
        let period =
            |field, text: &String| parse_period(text).map_err(|allowed| value(field, allowed));
        let skew = self.max_clock_skew.as_ref().map(|text| period("max_clock_skew", text));
        let skew = skew.transpose()?;
        let Some(max_age) = &self.max_age else { return Ok(None) };
        let rule = Freshness {
            max_age: period("max_age", max_age)?,
            max_ahead: skew.unwrap_or(MAX_CLOCK_SKEW),
        };
        let now = self.now.ok_or(BadExpected::Together("max_age needs now, in seconds"))?;
        let age = told.age(rule, now).map_err(|error| BadExpected::NotFresh(error.source))?;
        age.map(Some).ok_or(BadExpected::Together(
            "max_age needs an epoch file: a proof does not say the time of its prices",
        ))
    }
}

fn value(field: &'static str, allowed: impl ToString) -> BadExpected {
    BadExpected::Value { field, allowed: allowed.to_string() }
}
