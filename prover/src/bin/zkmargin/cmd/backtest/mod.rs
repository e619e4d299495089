//! `zkmargin backtest`.

mod report;

pub(crate) use report::note_odd;

use zkmargin_params::simulation::SimulationError;
use zkmargin_params::simulation::backtest::book::{Book, BookPosition};
use zkmargin_params::simulation::backtest::{Backtest, Method, Plan};
use zkmargin_params::simulation::history::{Column, History};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::files::Source;
use zkmargin_prover::plot::Panels;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{load_text, parse_source};
use crate::picture::TargetArgs;
use report::Report;

/// What is said after the help.
const NOTE: &str = "\
On each day after the window the book is valued under the scenarios that the window gives, \
value at risk and expected shortfall are estimated, and the loss that followed is held against \
them. Kupiec's test asks whether there are as many breaches as the confidence says, \
Christoffersen's whether they come alone; a p-value below 5 % rejects. The score of the \
shortfall is 0 where it is right and below where it is too small.

A book of options, as JSON: {\"name\": \"short put\", \"positions\": [{\"underlying\": \"BTC\", \
\"units\": -1, \"option\": {\"type\": \"put\", \"moneyness\": 0.9, \"days\": 30}}]}. Options are \
struck anew each day, marked at the exponentially weighted volatility of the underlying \
(`vol_markup` times that), and time stands still.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// Daily closes as comma-separated values, the day in the first column
    #[arg(value_parser = parse_source)]
    closes: Source,
    /// An underlying and the column of its closes, as in BTC=btc_close_usd; may be
    /// repeated. Without, every column but the first is one
    #[arg(short, long = "column", value_name = "SYMBOL=NAME", value_parser = Column::parse)]
    columns: Vec<Column>,
    /// The book; without it and --hold, one unit of the first underlying
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, conflicts_with = "hold")]
    book: Option<Source>,
    /// Units of an underlying, as in ETH=-10; may be repeated
    #[arg(long, value_name = "SYMBOL=UNITS", value_parser = parse_hold, allow_hyphen_values = true)]
    hold: Vec<(Symbol, f64)>,
    /// How a window becomes scenarios
    #[arg(long, value_name = "METHOD", value_delimiter = ',',
        default_values = ["plain", "age", "filtered"])]
    method: Vec<MethodName>,
    /// Confidence of value at risk and expected shortfall
    #[arg(long, value_name = "PART", default_value = "0.975")]
    confidence: f64,
    /// Days of a window
    #[arg(long, value_name = "DAYS", default_value = "250")]
    window: usize,
    /// Days that a loss is over
    #[arg(long, value_name = "DAYS", default_value = "1")]
    horizon: usize,
    /// Decay per day; without, 0.98 of the weights by age and 0.94 of the filter
    #[arg(long, value_name = "PART")]
    lambda: Option<f64>,
    /// Test the last days alone
    #[arg(long, value_name = "DAYS")]
    last: Option<usize>,
    #[command(flatten)]
    picture: TargetArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum MethodName {
    /// All days alike
    Plain,
    /// The recent days weigh more
    Age,
    /// Scaled by volatility
    Filtered,
}

impl MethodName {
    /// The method and its usual decay.
    fn method(self) -> (Method, f64) {
        match self {
            Self::Plain => (Method::Plain, 0.94),
            Self::Age => (Method::Age, 0.98),
            Self::Filtered => (Method::Filtered, 0.94),
        }
    }
}

fn parse_hold(text: &str) -> Result<(Symbol, f64), &'static str> {
    const ALLOWED: &str = "write SYMBOL=UNITS, as in BTC=1.5";
    let (symbol, units) = text.split_once('=').ok_or(ALLOWED)?;
    let units: f64 = units.parse().map_err(|_| ALLOWED)?;
    Ok((Symbol::new(symbol).map_err(|_| ALLOWED)?, units))
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    args.picture.check()?;
    let failed = |place: &Source| {
        let path = place.to_string();
        move |source: SimulationError| Error::Simulation { path, source: Box::new(source) }
    };
    let text = load_text(&args.closes)?;
    let (history, odd) = History::from_csv(&text, &args.columns).map_err(failed(&args.closes))?;
    note_odd(&args.closes, &odd, env);
    let book = book(args, &history)?;
    let run = || {
        let test = |name: &MethodName| plan(args, *name).run(&book, &history, args.last);
        args.method.iter().map(test).collect::<Result<Vec<_>, _>>()
    };
    let tests = env.progress.stage("backtest", run).map_err(failed(&args.closes))?;
    let report = Report::new(&book, &tests, odd);
    draw(args, &report, &tests, env)?;
    env.out.result(&report, Report::lines)?;
    Ok(Exit::Done)
}

fn plan(args: &Args, name: MethodName) -> Plan {
    let (method, lambda) = name.method();
    Plan {
        method,
        confidence: args.confidence,
        window: args.window,
        horizon: args.horizon,
        lambda: args.lambda.unwrap_or(lambda),
    }
}

fn book(args: &Args, history: &History) -> Result<Book, Error> {
    if let Some(place) = &args.book {
        return Book::from_json(&load_text(place)?).map_err(|source| Error::Simulation {
            path: place.to_string(),
            source: Box::new(source),
        });
    }
    if args.hold.is_empty() {
        let first = history.symbols().first().cloned();
        return first.map(Book::unit).ok_or(Error::Usage("the closes have no underlying"));
    }
    let held = |(underlying, units): &(Symbol, f64)| BookPosition {
        underlying: underlying.clone(),
        units: *units,
        option: None,
    };
    let name: Vec<_> =
        args.hold.iter().map(|(symbol, units)| format!("{units} {symbol}")).collect();
    Ok(Book {
        name: name.join(", "),
        positions: args.hold.iter().map(held).collect(),
        vol_markup: 1.0,
    })
}

fn draw(args: &Args, report: &Report, tests: &[Backtest], env: Env) -> Result<(), Error> {
    let named: Vec<_> = report.names().zip(tests).collect();
    let title = format!("Backtest of {}", report.book());
    let subtitle = report.subtitle();
    let panels = Panels { title: &title, subtitle: &subtitle, tests: &named };
    args.picture.draw(|format| panels.render(format), env)
}
