//! Lot sizes, which brackets do not tell.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zkmargin_params::decimal::parse_decimal;
use zkmargin_params::import::ImportError;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::files::Source;
use zkmargin_prover::json;

use crate::error::Error;
use crate::input::parse_source;

/// Where lot sizes come from.
#[derive(Debug, clap::Args)]
pub(crate) struct LotArgs {
    /// Lot size of a symbol, as in BTCUSDT=0.001; may be repeated
    #[arg(short, long, value_name = "SYMBOL=SIZE", value_parser = parse_lot)]
    lot: Vec<(Symbol, Decimal)>,
    /// Lot sizes as JSON, as in {"BTCUSDT": "0.001"}
    #[arg(short = 'L', long, value_name = "FILE", value_parser = parse_source)]
    lots: Option<Source>,
}

fn parse_lot(text: &str) -> Result<(Symbol, Decimal), String> {
    let (symbol, size) = text.split_once('=').ok_or("allowed is SYMBOL=SIZE")?;
    let symbol = Symbol::new(symbol).map_err(|error| error.to_string())?;
    let size = parse_decimal(size).map_err(|error| format!("{symbol}: {error}"))?;
    Ok((symbol, size))
}

impl LotArgs {
    /// All lot sizes; a symbol that stands twice is refused.
    pub(crate) fn load(&self) -> Result<BTreeMap<Symbol, Decimal>, Error> {
        let mut sizes = match &self.lots {
            Some(source) => {
                json::parse::<Lots>(&source.read()?)
                    .map_err(|error| Error::Lots {
                        path: source.to_string(),
                        source: Box::new(error),
                    })?
                    .0
            }
            None => BTreeMap::new(),
        };
        for (symbol, size) in &self.lot {
            if sizes.insert(symbol.clone(), *size).is_some() {
                let symbol = symbol.clone();
                return Err(Error::import("--lot", ImportError::Duplicate { symbol }));
            }
        }
        Ok(sizes)
    }
}

/// A lots file.
struct Lots(BTreeMap<Symbol, Decimal>);

/// A size in quotes.
struct Size(Decimal);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_decimal(&text).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Lots {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LotsVisitor;
        impl<'de> Visitor<'de> for LotsVisitor {
            type Value = Lots;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of lot sizes by symbol")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Lots, A::Error> {
                let mut sizes = BTreeMap::new();
                while let Some((symbol, Size(size))) = access.next_entry::<Symbol, Size>()? {
                    if sizes.insert(symbol.clone(), size).is_some() {
                        return Err(A::Error::custom(format_args!("{symbol} stands twice")));
                    }
                }
                Ok(Lots(sizes))
            }
        }
        deserializer.deserialize_map(LotsVisitor)
    }
}
