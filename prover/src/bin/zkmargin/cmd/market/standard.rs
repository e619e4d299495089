//! Markets of the standard family, shown.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Timestamp;
use zkmargin_margin::shape::{Family, ProofSystem};
use zkmargin_params::market::{Listing, Market, MarketFile, ScenarioKind, StandardKind};
use zkmargin_params::model::StandardModel;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::FieldHex;

use super::inputs::check_steps;
use super::{Build, Show, Shown, Summary, Verify, listed, summary_lines};
use crate::env::Env;
use crate::error::Error;

#[derive(Serialize)]
struct Details {
    #[serde(flatten)]
    summary: Summary,
    listings: Vec<ListingLine>,
}

#[derive(Serialize)]
struct ListingLine {
    instrument: String,
    id: String,
    mark: String,
    lot: String,
    tiers: usize,
}

/// What tells an option chain from prices.
#[derive(Deserialize)]
struct Chain {
    #[serde(rename = "market")]
    _market: IgnoredAny,
}

impl Shown for StandardKind {
    fn summary<F: MarginField>(file: &MarketFile, market: &Market<F>) -> Summary {
        Summary {
            family: Family::Standard,
            proof_system: ProofSystem::of_field(F::NAME).unwrap_or(ProofSystem::Ipa),
            market_root: FieldHex::of(&market.root()),
            epoch: file.epoch(),
            timestamp: file.snapshot().timestamp(),
            source: file.snapshot().source().to_owned(),
            quote: file.snapshot().quote().to_string(),
            model_name: file.model().name().to_owned(),
            model: file.model().digest(),
            // What is listed at a leverage is none of its own.
            instruments: market.listings().filter(|listed| listed.leverage().is_none()).count(),
            rows: market.rows().len(),
            unpriced: Some(market.unpriced().iter().map(ToString::to_string).collect()),
        }
    }

    fn snapshot(text: &str, source: &Source) -> Result<Snapshot, Error> {
        let failed = |error| Error::Snapshot { path: source.to_string(), source: error };
        // Options with a forward and volatilities are a chain, whose marks are values.
        match serde_json::from_str::<Chain>(text) {
            Ok(_) => Snapshot::of_chain(&ScenarioKind::snapshot(text, source)?).map_err(failed),
            Err(_) => Snapshot::from_json(text).map_err(failed),
        }
    }

    fn with_second(first: Snapshot, second: Snapshot, source: &Source) -> Result<Snapshot, Error> {
        let failed = |error| Error::Snapshot { path: source.to_string(), source: error };
        first.with_second(second).map_err(failed)
    }

    fn reported(snapshot: &Snapshot) -> Option<&Snapshot> {
        Some(snapshot)
    }

    fn with_inputs(
        snapshot: Snapshot,
        model: &StandardModel,
        args: &Build,
        env: Env,
    ) -> Result<Snapshot, Error> {
        args.inputs.complete(snapshot, model, &args.snapshot, env)
    }

    fn check_steps(file: &MarketFile, args: &Verify, env: Env) -> Result<(), Error> {
        let inputs = file.model().calibration().map(|_| file.snapshot().calibration());
        check_steps(file, inputs, args, env)
    }

    fn timestamp(snapshot: &Snapshot) -> Timestamp {
        snapshot.timestamp()
    }

    fn show<F: MarginField>(
        file: &MarketFile,
        market: &Market<F>,
        args: &Show,
        env: Env,
    ) -> Result<(), Error> {
        let listings = match &args.instrument {
            Some(symbol) => vec![listed(args, market.listing(symbol.as_str()))?],
            None => market.listings().collect(),
        };
        let line = |listing: &Listing| ListingLine {
            instrument: listing.symbol().to_string(),
            id: listing.id().to_string(),
            mark: listing.mark().to_string(),
            lot: listing.lot_size().to_string(),
            tiers: listing.rows().len(),
        };
        let listings = listings.into_iter().map(line).collect();
        let details = Details { summary: Self::summary(file, market), listings };
        env.out.result(&details, lines)
    }
}

fn lines(details: &Details) -> Vec<String> {
    let mut lines = summary_lines(&details.summary);
    lines.push(format!("{:<12} {:>18} {:>12} {:>6}", "instrument", "mark", "lot", "tiers"));
    lines.extend(details.listings.iter().map(|line| {
        format!("{:<12} {:>18} {:>12} {:>6}", line.instrument, line.mark, line.lot, line.tiers)
    }));
    lines
}
