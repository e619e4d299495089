//! `zkmargin market moves`.

use serde::Serialize;
use zkmargin_margin::ids::Epoch;
use zkmargin_params::market::moves::{Move, UNBOUNDED, largest, moves};
use zkmargin_prover::files::Source;

use crate::cmd::epoch::{Reference, announced, limits};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::parse_source;

/// What is said after the help.
const NOTE: &str = "\
A move is the larger price over the smaller, less one, in basis points, rounded up. New \
and gone instruments, and prices from or to zero, move without bound; strikes of an \
expiry that was listed before do not count. Volatility at the money of an expiry counts a \
quarter, that of a single option an eighth.

A new instrument that was announced moves from the price announced, while it is no further \
from it than was announced too: {\"announced\": [{\"instrument\": \"SUI\", \"not_before\": \
1700000000, \"price\": \"1.35\", \"max_price_move_bps\": 5000}]}. Whoever signs the epoch \
checks its move with the same list.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The market before: of the last confirmed epoch
    #[arg(value_parser = parse_source)]
    before: Source,
    /// The market after
    #[arg(value_parser = parse_source)]
    after: Source,
    /// Limits of single instruments: {"max_price_move_bps": 2000, "instruments":
    /// {"USDC": 200}}
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    limits: Option<Source>,
    /// Listings that were announced
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    announced: Option<Source>,
    /// Show so many, the largest first
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    top: usize,
}

#[derive(Serialize)]
struct Report {
    before: Epoch,
    after: Epoch,
    price_move_bps: u32,
    moves: Vec<Move>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let (before, after) = (Reference::load(&args.before, env)?, Reference::load(&args.after, env)?);
    let limits = args.limits.as_ref().map(limits).transpose()?;
    let announced = announced(args.announced.as_ref())?;
    let mut moves = moves(&before.marks, &after.marks, limits.as_ref(), &announced);
    let price_move_bps = largest(&moves);
    let all = moves.len();
    moves.truncate(args.top);
    let report = Report { before: before.epoch, after: after.epoch, price_move_bps, moves };
    env.out.result(&report, |report| lines(report, all))?;
    Ok(Exit::Done)
}

fn lines(report: &Report, all: usize) -> Vec<String> {
    let (before, after) = (report.before.get(), report.after.get());
    let mut lines = vec![format!(
        "price move    {} from epoch {before} to {after}",
        bps(report.price_move_bps)
    )];
    for moved in &report.moves {
        let price = |price: Option<_>, none: &str| {
            price.map_or_else(|| none.to_owned(), |price: rust_decimal::Decimal| price.to_string())
        };
        lines.push(format!(
            "{:<24} {:<14} {:>14} {:>14}  {:>12}  counts {}{}",
            moved.name,
            moved.kind.name(),
            price(moved.before, "new"),
            price(moved.after, "gone"),
            bps(moved.bps),
            bps(moved.counted_bps),
            if moved.announced { ", announced" } else { "" },
        ));
    }
    if all > report.moves.len() {
        lines.push(format!("... and {} more: --top {all} shows all", all - report.moves.len()));
    }
    lines
}

fn bps(bps: u32) -> String {
    match bps {
        UNBOUNDED => "no bound".to_owned(),
        bps => format!("{bps} bps"),
    }
}
