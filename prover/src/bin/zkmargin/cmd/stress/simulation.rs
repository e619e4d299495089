//! Stress of an account of the simulation family: the market is made anew at moved
//! prices and volatilities, and the account assessed in it, exactly.

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_params::market::SimulationMarketFile;
use zkmargin_params::market::simulation::Market;
use zkmargin_prover::figures::{Table, change};
use zkmargin_prover::simulation::{Stressed, stressed};

use super::Args;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::load_portfolio;

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: Epoch,
    model: String,
    quote: String,
    grid: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    /// Factor on all prices.
    spot: f64,
    /// Factor on all volatilities.
    vol: f64,
    level: Level,
    #[serde(flatten)]
    figures: Stressed,
}

pub(super) fn run<F: MarginField>(
    args: &Args,
    file: &SimulationMarketFile,
    market: &Market<F>,
    env: Env,
) -> Result<Exit, Error> {
    if args.picture.wanted() {
        return Err(Error::Usage("--plot: not for accounts of markets that simulate"));
    }
    if !args.hold.is_empty() {
        return Err(Error::Usage("--hold: in a market that simulates all prices move together"));
    }
    let (account, portfolio) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, market)?;
    let cell = |spot: f64, vol: f64| {
        let figures = stressed(file, market, &portfolio, (spot, vol))
            .map_err(|error| Error::market(&args.portfolio, error))?;
        Ok(Cell { spot, vol, level: figures.level, figures })
    };
    let cells = || {
        let all = args.spot.iter().flat_map(|spot| args.vol.iter().map(|vol| (*spot, *vol)));
        all.map(|(spot, vol)| cell(spot, vol)).collect::<Result<Vec<_>, Error>>()
    };
    let report = Report {
        account,
        epoch: file.epoch(),
        model: file.model().name().to_owned(),
        quote: file.snapshot().spec().quote.to_string(),
        grid: env.progress.stage("stress test", cells)?,
    };
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("account       {}", report.account),
        format!("epoch         {}, model {}", report.epoch.get(), report.model),
        format!("in {}, all prices and volatilities moving together:", report.quote),
        String::new(),
    ];
    let heads = ["prices", "volatility", "level", "equity", "initial", "maintenance"];
    let mut table = Table::new(2, heads);
    for cell in &report.grid {
        table.row([
            change(cell.spot),
            change(cell.vol),
            cell.level.to_string(),
            cell.figures.equity.clone(),
            cell.figures.initial.clone(),
            cell.figures.maintenance.clone(),
        ]);
    }
    lines.extend(table.lines());
    lines
}
