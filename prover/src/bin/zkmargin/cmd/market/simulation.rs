//! Markets of the simulation family, shown, and the closes they are made of.

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{ModelDigest, Timestamp};
use zkmargin_margin::shape::{Family, ProofSystem};
use zkmargin_params::market::simulation::{Listing, Market};
use zkmargin_params::market::{SimulationKind, SimulationMarketFile};
use zkmargin_params::simulation::SimulationError;
use zkmargin_params::simulation::model::SimulationModel;
use zkmargin_params::simulation::set::JointMove;
use zkmargin_params::simulation::snapshot::{SimulationSnapshot, SnapshotSpec};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::figures::{Table, change, money};
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::FieldHex;

use super::{Build, CalibrateError, Show, Shown, Summary, listed, summary_lines};
use crate::env::Env;
use crate::error::Error;

/// Worst scenarios that are shown of an instrument.
const WORST: usize = 10;

#[derive(Serialize)]
struct Details {
    #[serde(flatten)]
    summary: Summary,
    scenario_set: ModelDigest,
    underlyings: Vec<Symbol>,
    scenarios: Vec<JointMove>,
    tail: usize,
    listings: Vec<ListingLine>,
}

#[derive(Serialize)]
struct ListingLine {
    symbol: Symbol,
    lot: String,
    /// In units of the underlying, not in lots; so for all that follows.
    mark: f64,
    gains: Vec<f64>,
    stress: Vec<f64>,
    maintenance_charge: f64,
    initial_charge: f64,
}

fn failed(source: &Source, error: SimulationError) -> Error {
    Error::Simulation { path: source.to_string(), source: Box::new(error) }
}

impl Shown for SimulationKind {
    fn summary<F: MarginField>(file: &SimulationMarketFile, market: &Market<F>) -> Summary {
        let spec = file.snapshot().spec();
        Summary {
            family: Family::Simulation,
            proof_system: ProofSystem::of_field(F::NAME).unwrap_or(ProofSystem::Ipa),
            market_root: FieldHex::of(&market.root()),
            epoch: file.epoch(),
            timestamp: spec.timestamp,
            source: spec.source.clone(),
            quote: spec.quote.to_string(),
            model_name: file.model().name().to_owned(),
            model: file.model().digest(),
            instruments: market.listings().count(),
            rows: market.rows().len(),
            unpriced: None,
        }
    }

    fn snapshot(text: &str, source: &Source) -> Result<SimulationSnapshot, Error> {
        SimulationSnapshot::from_json(text).map_err(|error| failed(source, error))
    }

    /// The days that the model reads, the newest last, and no more of them.
    fn with_inputs(
        snapshot: SimulationSnapshot,
        model: &SimulationModel,
        args: &Build,
        env: Env,
    ) -> Result<SimulationSnapshot, Error> {
        if args.inputs.has_steps() {
            return Err(CalibrateError::NoSteps(args.model.clone()).into());
        }
        let Some((history, place)) = args.inputs.closes(env)? else { return Ok(snapshot) };
        let history = match model.spec().set.days() {
            Some(days) => history.last(days),
            None => history,
        };
        let spec = SnapshotSpec { history: Some(history), ..snapshot.spec().clone() };
        SimulationSnapshot::new(spec).map_err(|error| failed(place, error))
    }

    fn timestamp(snapshot: &SimulationSnapshot) -> Timestamp {
        snapshot.spec().timestamp
    }

    fn show<F: MarginField>(
        file: &SimulationMarketFile,
        market: &Market<F>,
        args: &Show,
        env: Env,
    ) -> Result<(), Error> {
        let listings = match &args.instrument {
            Some(symbol) => vec![listed(args, market.listing(symbol.as_str()))?],
            None => market.listings().collect(),
        };
        let table = market.table();
        let line = |listing: &Listing| {
            let row = &table.rows[listing.row()];
            ListingLine {
                symbol: row.symbol.clone(),
                lot: listing.lot_size().to_string(),
                mark: row.mark,
                gains: row.gains.clone(),
                stress: row.stress.clone(),
                maintenance_charge: row.maintenance,
                initial_charge: row.initial,
            }
        };
        let details = Details {
            summary: Self::summary(file, market),
            scenario_set: table.set.digest(),
            underlyings: table.set.symbols().to_vec(),
            scenarios: table.set.scenarios().to_vec(),
            tail: market.terms().tail(),
            listings: listings.into_iter().map(line).collect(),
        };
        env.out.result(&details, |details| match args.instrument {
            Some(_) => one(details),
            None => all(details),
        })
    }
}

fn head(details: &Details) -> Vec<String> {
    let mut lines = summary_lines(&details.summary);
    lines.push(format!(
        "scenarios     {} of {}, the worst {} in the tail, set {}",
        details.scenarios.len(),
        details.underlyings.iter().map(Symbol::as_str).collect::<Vec<_>>().join(", "),
        details.tail,
        details.scenario_set
    ));
    lines.push(String::new());
    lines
}

fn all(details: &Details) -> Vec<String> {
    let mut lines = head(details);
    let heads = ["instrument", "lot", "mark", "lowest", "highest", "stress", "charge"];
    let mut table = Table::new(1, heads);
    for line in &details.listings {
        let lowest = |values: &[f64]| values.iter().copied().fold(0.0, f64::min);
        let highest = line.gains.iter().copied().fold(0.0, f64::max);
        table.row([
            line.symbol.to_string(),
            line.lot.clone(),
            money(line.mark),
            money(lowest(&line.gains)),
            money(highest),
            money(lowest(&line.stress)),
            money(line.maintenance_charge),
        ]);
    }
    lines.extend(table.lines());
    lines.push(
        "figures are per unit; lowest and highest gain over the scenarios, lowest under stress, \
         charge for maintenance"
            .to_owned(),
    );
    lines
}

fn one(details: &Details) -> Vec<String> {
    let Some(line) = details.listings.first() else { return Vec::new() };
    let mut lines = head(details);
    lines.extend([
        format!("instrument    {}", line.symbol),
        format!("lot           {}", line.lot),
        format!("mark          {}", money(line.mark)),
        format!(
            "charges       maintenance {}, initial {} more",
            money(line.maintenance_charge),
            money(line.initial_charge)
        ),
        String::new(),
        format!("the worst {WORST} scenarios of a unit held:"),
    ]);
    let mut order: Vec<_> = details.scenarios.iter().zip(&line.gains).collect();
    order.sort_by(|a, b| a.1.total_cmp(b.1));
    let names = details.underlyings.iter().map(Symbol::as_str);
    let mut table = Table::new(1, ["scenario"].into_iter().chain(names).chain(["gain"]));
    for (scenario, gain) in order.into_iter().take(WORST) {
        let moves = scenario.factors.iter().map(|factor| change(*factor));
        table.row([scenario.name.clone()].into_iter().chain(moves).chain([money(*gain)]));
    }
    lines.extend(table.lines());
    lines
}
