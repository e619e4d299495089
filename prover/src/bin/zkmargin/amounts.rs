//! In what amounts are told: an engine knows models and markets by their digests, and
//! amounts in their smallest units.

use std::fmt::Display;

use zkmargin_prover::files::Source;

use crate::env::Env;
use crate::error::Error;
use crate::input::{PublishedMarket, parse_source, with_market};

/// The market whose currency amounts are told in.
#[derive(Debug, clap::Args)]
pub(crate) struct AmountArgs {
    /// A market, to tell shortfalls in its currency and not in its smallest units
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Option<Source>,
}

/// The decimals that amounts are told with, if they are known.
#[derive(Clone, Copy)]
pub(crate) struct Amounts(Option<usize>);

impl AmountArgs {
    pub(crate) fn load(&self, env: Env) -> Result<Amounts, Error> {
        let Some(place) = &self.market else { return Ok(Amounts(None)) };
        let published = PublishedMarket::load(place)?;
        let decimals = with_market!(&published, env, B, market => market.quote_decimals());
        Ok(Amounts(usize::try_from(decimals).ok()))
    }
}

impl Amounts {
    /// The words of an engine.
    pub(crate) fn told(self, words: &impl Display) -> String {
        match self.0 {
            Some(decimals) => format!("{words:.decimals$}"),
            None => words.to_string(),
        }
    }
}
