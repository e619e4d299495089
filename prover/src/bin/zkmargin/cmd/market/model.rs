//! `zkmargin market model`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::ids::ModelDigest;
use zkmargin_params::leverage::ChosenLeverage;
use zkmargin_params::model::{AnyModel, AnyModelError, Kind, ModelError, StandardModel};
use zkmargin_params::symbol::Symbol;

use super::load_model;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{refuse_existing, write_public};

/// What is said after the help.
const NOTE: &str = "\
Where an account may choose its leverage, its initial margin is notional / leverage. A market lists \
an instrument at a leverage as BTC@10x, with the price and the maintenance margin of BTC: a position \
that says \"leverage\": \"10\" is held in it. Each takes rows of the market, so list those that accounts \
have; at the largest that the rates allow, or above, none is needed. The model is another one, with a \
digest of its own: give the file wherever a model is asked for.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// A standard margin model: the name of a shipped one, or a file in JSON or TOML
    #[arg(value_name = "NAME|FILE")]
    model: String,
    /// Leverages of an instrument, as in BTC=5,10,20, or of all perpetuals and futures, as in
    /// 5,10; may be repeated
    #[arg(short, long = "leverage", value_name = "[SYMBOL=]N,...", required = true,
        value_parser = parse_leverages)]
    leverages: Vec<Leverages>,
    /// Name of the model; its digest depends on it
    #[arg(short, long, value_name = "NAME")]
    name: String,
    /// Where the model goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

/// Leverages of an instrument, or of all.
type Leverages = (Option<Symbol>, BTreeSet<ChosenLeverage>);

fn parse_leverages(text: &str) -> Result<Leverages, String> {
    let (symbol, list) = match text.split_once('=') {
        Some((symbol, list)) => (Some(Symbol::new(symbol).map_err(|e| e.to_string())?), list),
        None => (None, text),
    };
    let leverages = list.split(',').map(|times| times.parse::<ChosenLeverage>());
    leverages
        .collect::<Result<_, _>>()
        .map(|leverages| (symbol, leverages))
        .map_err(|error| error.to_string())
}

#[derive(Serialize)]
struct Report {
    model_name: String,
    model: ModelDigest,
    quote: String,
    instruments: usize,
    /// The leverages that instruments are listed at, below the largest.
    leverages: BTreeMap<String, Vec<ChosenLeverage>>,
    output: PathBuf,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    const FAMILY: &str = "only models of the standard family know a leverage";
    refuse_existing(&args.output, args.force)?;
    let AnyModel::Standard(model) = load_model(&args.model)? else {
        return Err(Error::Usage(FAMILY));
    };
    let model = offering(&model, args).map_err(|source| {
        let source = Box::new(AnyModelError::Standard(source));
        Error::Model { path: args.model.clone(), source }
    })?;
    let mut json = serde_json::to_string_pretty(model.spec()).map_err(|_| Error::Output)?;
    json.push('\n');
    if write_public(&args.output, json.as_bytes(), args.force, env)? {
        return Ok(Exit::Done);
    }
    let listed = model.instruments().iter().filter(|(_, rule)| !rule.leverages.is_empty());
    let report = Report {
        model_name: model.name().to_owned(),
        model: model.digest(),
        quote: model.quote().to_string(),
        instruments: model.instruments().len(),
        leverages: listed.map(|(name, rule)| (name.to_string(), rule.leverages.clone())).collect(),
        output: args.output.clone(),
    };
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

/// The model under its new name, with the leverages.
fn offering(model: &StandardModel, args: &Args) -> Result<StandardModel, ModelError> {
    let mut wanted = BTreeMap::<Symbol, BTreeSet<ChosenLeverage>>::new();
    for (symbol, leverages) in &args.leverages {
        let is_meant = |name: &Symbol, kind: Kind| match symbol {
            Some(symbol) => name == symbol,
            None => matches!(kind, Kind::Perpetual | Kind::Future),
        };
        let meant = model.instruments().iter().filter(|(name, rule)| is_meant(name, rule.kind));
        // One that is not the model's is refused there.
        for name in meant.map(|(name, _)| name).chain(symbol) {
            wanted.entry(name.clone()).or_default().extend(leverages);
        }
    }
    let mut spec = model.spec().clone();
    spec.name = args.name.clone();
    StandardModel::new(spec)?.offering(&wanted)
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("model         {} {}", report.model_name, report.model),
        format!("instruments   {}, in {}", report.instruments, report.quote),
    ];
    for (name, leverages) in &report.leverages {
        let all: Vec<_> = leverages.iter().map(|leverage| format!("{leverage}x")).collect();
        lines.push(format!("{name:13} {}", all.join(", ")));
    }
    lines
}
