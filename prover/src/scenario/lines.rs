//! The breakdown as tables.

use zkmargin_params::scenario::parameters::{LossGroup, VolShockDirection};
use zkmargin_params::scenario::report::ScenarioLine;
use zkmargin_params::scenario::{Greeks, MarginReport};

use super::{BothReport, CashNeeded, PositionLine, ScenarioReport};
use crate::figures::{Table, change, money, significant, thousands};
use crate::human;

/// More expiries than this get no column each in the table of scenarios.
const EXPIRY_COLUMNS: usize = 4;

/// The breakdown for people: margins, what they are made of, scenarios,
/// expiries, positions, cures.
pub fn margin_lines(report: &ScenarioReport, quote: &str) -> Vec<String> {
    let mut lines = margins(report, quote);
    let mut add = |title: &str, table: Vec<String>| {
        if table.len() > 1 {
            lines.extend([String::new(), title.to_owned()]);
            lines.extend(table);
        }
    };
    add("Made of", made_of(&report.breakdown));
    add("Scenarios, profit and loss", scenarios(&report.breakdown));
    add("By expiry", expiries(&report.breakdown));
    add("Positions", positions(&report.positions));
    add("Closing one position at its mark raises the balance by", closings(report));
    lines
}

/// The same of an account over two underlyings: its margins, then each underlying.
pub fn both_lines(report: &BothReport, quote: &str) -> Vec<String> {
    let mut lines = vec![
        format!("level         {}", human::level(report.level)),
        format!("equity        {} {quote}", money(report.equity)),
        format!("initial       {} {quote}", money(report.initial_requirement)),
        format!("maintenance   {} {quote}", money(report.maintenance_requirement)),
    ];
    lines.extend(needed(&report.cash_needed, quote));
    for on in &report.underlyings {
        lines.extend([
            String::new(),
            format!("On {}", on.underlying),
            format!("positions     {} {quote}", money(on.equity)),
            format!("initial       {} {quote}", money(on.initial_requirement)),
            format!("maintenance   {} {quote}", money(on.maintenance_requirement)),
            format!("worst loss    {}", worst(&on.breakdown)),
        ]);
        for (title, table) in [
            ("made of", made_of(&on.breakdown)),
            ("scenarios, profit and loss", scenarios(&on.breakdown)),
            ("by expiry", expiries(&on.breakdown)),
            ("positions", positions(&on.positions)),
        ] {
            if table.len() > 1 {
                lines.extend([String::new(), format!("{}: {title}", on.underlying)]);
                lines.extend(table);
            }
        }
    }
    lines
}

fn margins(report: &ScenarioReport, quote: &str) -> Vec<String> {
    let breakdown = &report.breakdown;
    let mut lines = vec![
        format!("level         {}", human::level(report.level)),
        format!("equity        {} {quote}", money(report.equity)),
        format!("initial       {} {quote}", money(report.initial_requirement)),
        format!("maintenance   {} {quote}", money(report.maintenance_requirement)),
        format!("worst loss    {}", worst(breakdown)),
    ];
    lines.extend(needed(&report.cash_needed, quote));
    lines
}

/// What is missing at each level, in a line; none where nothing is.
fn needed(cash: &CashNeeded, quote: &str) -> Option<String> {
    let needed = [
        ("solvency", &cash.solvency),
        ("maintenance", &cash.maintenance),
        ("initial margin", &cash.initial),
    ];
    let needed: Vec<String> = needed
        .iter()
        .filter(|(_, cash)| *cash != "0")
        .map(|(level, cash)| format!("{} {quote} for {level}", thousands(cash)))
        .collect();
    (!needed.is_empty()).then(|| format!("cash needed   {}", needed.join(", ")))
}

/// Where the worst loss comes from.
fn worst(breakdown: &MarginReport) -> String {
    let loss = money(breakdown.worst.pnl);
    let scenario = breakdown.worst.scenario.and_then(|index| breakdown.scenarios.get(index));
    let cause = match (scenario, breakdown.worst.group) {
        (Some(line), _) => {
            format!("scenario {}: spot {}, {}", line.index, change(line.spot_shock), vol(line))
        }
        (None, LossGroup::MinimumCharge) => "the minimum charge".to_owned(),
        (None, _) => "forwards against each other (basis)".to_owned(),
    };
    format!("{loss} in {cause}").replace("in the", "by the").replace("in forwards", "by forwards")
}

fn vol(line: &ScenarioLine) -> &'static str {
    vol_name(line.vol_shock_direction)
}

/// What volatilities do, in words.
pub fn vol_name(direction: VolShockDirection) -> &'static str {
    match direction {
        VolShockDirection::Up => "volatility up",
        VolShockDirection::Down => "volatility down",
        VolShockDirection::None => "volatility unchanged",
        VolShockDirection::Linear => "linear skew",
        VolShockDirection::Abs => "absolute skew",
    }
}

/// What both margins are made of: charges are positive.
fn made_of(breakdown: &MarginReport) -> Vec<String> {
    let charges = &breakdown.contingencies;
    let confidence = charges.im_confidence_perpetual
        + charges.im_confidence_option
        + charges.im_confidence_collateral;
    let rows = [
        ("worst loss", breakdown.maintenance_loss, breakdown.initial_loss),
        ("added to it", breakdown.maintenance_added, breakdown.initial_added),
        ("naked short options", charges.mm_option, charges.mm_option + charges.im_option),
        (
            "perpetuals and futures",
            charges.mm_perpetual,
            charges.mm_perpetual + charges.im_perpetual,
        ),
        (
            "collateral haircuts",
            charges.mm_collateral,
            charges.mm_collateral + charges.im_collateral,
        ),
        ("roll shock of options", charges.mm_roll, charges.mm_roll + charges.im_roll),
        ("low confidence", 0.0, confidence),
    ];
    let mut table = Table::new(1, ["", "maintenance", "initial"]);
    let (mut maintenance, mut initial) = (0.0, 0.0);
    for (name, mm, im) in rows {
        (maintenance, initial) = (maintenance + mm, initial + im);
        if name == "worst loss" || mm != 0.0 || im != 0.0 {
            table.row([name.to_owned(), money(mm), money(im)]);
        }
    }
    table.row(["required".to_owned(), money(maintenance), money(initial)]);
    table.row([
        "equity".to_owned(),
        money(breakdown.mark_to_market.total),
        money(breakdown.mark_to_market.total),
    ]);
    table.row([
        "balance".to_owned(),
        money(breakdown.maintenance_margin),
        money(breakdown.initial_margin),
    ]);
    table.lines()
}

fn scenarios(breakdown: &MarginReport) -> Vec<String> {
    let each = (2..=EXPIRY_COLUMNS).contains(&breakdown.expiries.len());
    let linear = breakdown.scenarios.iter().any(|line| line.linear_pnl != 0.0);
    let names: Vec<String> = breakdown.expiries.iter().map(|e| days(e.expiry_seconds)).collect();
    let mut heads = vec!["no.", "spot", "volatility", "weight", "total"];
    heads.extend(linear.then_some("linear"));
    if each {
        heads.extend(names.iter().map(String::as_str));
    }
    heads.push("");
    let mut table = Table::new(0, heads);
    for line in &breakdown.scenarios {
        let mut cells = vec![
            line.index.to_string(),
            change(line.spot_shock),
            vol(line).trim_start_matches("volatility ").to_owned(),
            significant(line.dampening_factor),
            money(line.pnl),
        ];
        cells.extend(linear.then(|| money(line.linear_pnl)));
        if each {
            cells.extend(line.expiry_pnl.iter().map(|pnl| money(*pnl)));
        }
        cells.push(if line.is_worst { "<- worst".to_owned() } else { String::new() });
        table.row(cells);
    }
    let mut lines = table.lines();
    let charge = breakdown.minimum_charge;
    if breakdown.basis_contingency != 0.0 || charge != 0.0 {
        lines.push(format!(
            "beside them: basis {}, minimum charge {}",
            money(breakdown.basis_contingency),
            money(-charge)
        ));
    }
    lines
}

fn expiries(breakdown: &MarginReport) -> Vec<String> {
    let heads =
        ["expiry", "forward", "value", "delta", "gamma", "vega", "theta", "basis", "naked short"];
    let mut table = Table::new(1, heads);
    for line in &breakdown.expiries {
        let mut cells = vec![days(line.expiry_seconds), money(line.forward), money(line.mark)];
        cells.extend(greeks(&line.greeks));
        cells.extend([money(line.basis_contingency), significant(line.naked_shorts)]);
        table.row(cells);
    }
    let none = || [String::new(), String::new()];
    if breakdown.linear_greeks != Greeks::default() {
        let cells = ["linear".to_owned()].into_iter().chain(none());
        table.row(cells.chain(greeks(&breakdown.linear_greeks)));
    }
    let cells = ["all".to_owned()].into_iter().chain(none());
    table.row(cells.chain(greeks(&breakdown.greeks)));
    table.lines()
}

fn greeks(greeks: &Greeks) -> [String; 4] {
    [significant(greeks.delta), significant(greeks.gamma), money(greeks.vega), money(greeks.theta)]
}

fn positions(positions: &[PositionLine]) -> Vec<String> {
    let heads = ["instrument", "quantity", "mark", "value", "delta", "gamma", "vega", "theta"];
    let mut table = Table::new(1, heads);
    for line in positions {
        let quantity = thousands(&line.quantity.to_string());
        let cells = [line.instrument.clone(), quantity, money(line.mark), money(line.value)];
        table.row(cells.into_iter().chain(greeks(&line.greeks)));
    }
    table.lines()
}

fn closings(report: &ScenarioReport) -> Vec<String> {
    let mut table = Table::new(1, ["instrument", "maintenance", "initial", ""]);
    let needed = &report.cash_needed;
    for closing in &report.closings {
        let cures = match (closing.meets_initial, closing.meets_maintenance) {
            (true, _) if needed.initial != "0" => "meets initial margin",
            (_, true) if needed.maintenance != "0" => "meets maintenance",
            _ => "",
        };
        table.row([
            closing.instrument.to_string(),
            money(closing.maintenance_relief),
            money(closing.initial_relief),
            cures.to_owned(),
        ]);
    }
    table.lines()
}

/// Time to expiry, in days.
pub fn days(seconds: u64) -> String {
    // Exact: below 50 years.
    format!("{:.1} d", seconds as f64 / 86_400.0)
}
