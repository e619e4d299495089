//! The answer, as a table or as JSON.

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_prover::figures::{Table, thousands};

use super::Args;
use super::args::SizeFor;

/// The account on one side of the question.
#[derive(Serialize)]
pub(super) struct Side {
    pub(super) level: Level,
    pub(super) equity: String,
    pub(super) initial_requirement: String,
    pub(super) maintenance_requirement: String,
    /// Cash until maintenance is met, `"0"` when it is.
    pub(super) cash_needed_for_maintenance: String,
    /// Cash until initial margin is met.
    pub(super) cash_needed_for_initial: String,
    pub(super) liquidation: Vec<LiquidationLine>,
}

/// Where an instrument, or the underlying, would bring a margin call.
#[derive(Serialize)]
pub(super) struct LiquidationLine {
    pub(super) instrument: String,
    pub(super) bucket: u16,
    /// Below the price now.
    pub(super) below: Option<String>,
    /// Above it.
    pub(super) above: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) account: AccountId,
    pub(super) epoch: Epoch,
    pub(super) quote: String,
    pub(super) before: Side,
    pub(super) after: Side,
    /// The largest size of the trade that keeps the level asked for, `"0"` when none does;
    /// or the smallest that reaches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<String>,
    /// Cash that puts the liquidation price where it was asked for, after the
    /// trade; negative can be taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cash_for_liquidation: Option<String>,
}

/// The answer in lines.
pub(super) fn lines(args: &Args, report: &Report) -> Vec<String> {
    let Report { before, after, quote, .. } = report;
    let mut lines = vec![
        format!("account       {}", report.account),
        format!("epoch         {}", report.epoch.get()),
    ];
    let mut table = Table::new(1, ["", "before", "after"]);
    let mut row = |name: &str, before: &str, after: &str| {
        table.row([name.to_owned(), before.to_owned(), after.to_owned()]);
    };
    row("level", &before.level.to_string(), &after.level.to_string());
    for (name, figure) in [
        ("equity", (&before.equity, &after.equity)),
        ("initial", (&before.initial_requirement, &after.initial_requirement)),
        ("maintenance", (&before.maintenance_requirement, &after.maintenance_requirement)),
        (
            "cash needed for maintenance",
            (&before.cash_needed_for_maintenance, &after.cash_needed_for_maintenance),
        ),
        (
            "cash needed for initial margin",
            (&before.cash_needed_for_initial, &after.cash_needed_for_initial),
        ),
    ] {
        row(name, &thousands(figure.0), &thousands(figure.1));
    }
    lines.extend(table.lines());
    let mut table = Table::new(2, ["liquidation", "bucket", "before", "after"]);
    let key = |line: &LiquidationLine| (line.bucket, line.instrument.clone());
    let mut keys: Vec<_> = before.liquidation.iter().chain(&after.liquidation).map(key).collect();
    keys.sort();
    keys.dedup();
    let is_told = !keys.is_empty();
    for wanted in keys {
        let place = |side: &Side| {
            let found = side.liquidation.iter().find(|line| key(line) == wanted);
            found.map_or("none".to_owned(), LiquidationLine::text)
        };
        table.row([wanted.1.clone(), wanted.0.to_string(), place(before), place(after)]);
    }
    if is_told {
        lines.push(String::new());
        lines.extend(table.lines());
    }
    if let (Some(size), Some(trade), Some(wanted)) = (&report.size, &args.trade, args.size()) {
        let (which, does) = match wanted {
            SizeFor::Keeps(level) => ("largest size", format!("keeps {level}")),
            SizeFor::Reaches(level) => ("smallest size", format!("reaches {level}")),
        };
        lines.push(format!("{which:13} {} {} {does}", thousands(size), trade.symbol));
    }
    if let (Some(cash), Some((symbol, price))) =
        (&report.cash_for_liquidation, &args.liquidation_at)
    {
        let price = thousands(&price.to_string());
        lines.push(format!(
            "cash          {} {quote} puts the liquidation price of {symbol} at {price}",
            thousands(cash)
        ));
    }
    lines
}

impl LiquidationLine {
    fn text(&self) -> String {
        let sides = [&self.below, &self.above].into_iter().flatten();
        let sides: Vec<String> = sides.map(|price| thousands(price)).collect();
        if sides.is_empty() { "none".to_owned() } else { sides.join(", ") }
    }
}
