//! What is said of backtests.

use serde::Serialize;
use zkmargin_params::simulation::backtest::coverage::Test;
use zkmargin_params::simulation::backtest::{Backtest, Method, Year};
use zkmargin_params::simulation::day::Day;
use zkmargin_params::simulation::history::OddRow;
use zkmargin_prover::figures::{Table, fixed};
use zkmargin_prover::files::Source;

use crate::env::Env;

/// Most odd rows that are named one by one.
const NAMED: usize = 5;

/// Backtests of one book.
#[derive(Serialize)]
pub(super) struct Report {
    book: String,
    first: Option<Day>,
    last: Option<Day>,
    /// Rows of the closes that were left out.
    left_out: Vec<OddRow>,
    tests: Vec<Backtest>,
}

/// Says which rows of a public file were left out.
pub(crate) fn note_odd(place: &Source, odd: &[OddRow], env: Env) {
    for row in odd.iter().take(NAMED) {
        env.out.note(format!("note: {place}: line {} is left out: {}", row.line, row.why));
    }
    if let Some(more) = odd.len().checked_sub(NAMED).filter(|more| *more > 0) {
        env.out.note(format!("note: {place}: and {more} more lines are left out"));
    }
}

impl Report {
    pub(super) fn new(
        book: &zkmargin_params::simulation::backtest::book::Book,
        tests: &[Backtest],
        left_out: Vec<OddRow>,
    ) -> Self {
        let days = tests.first().map(|test| test.days.as_slice()).unwrap_or_default();
        Self {
            book: book.name.clone(),
            first: days.first().map(|day| day.day),
            last: days.last().map(|day| day.day),
            left_out,
            tests: tests.to_vec(),
        }
    }

    pub(super) fn book(&self) -> &str {
        &self.book
    }

    /// What each test is called.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.tests.iter().map(|test| match test.plan.method {
            Method::Plain => "plain".to_owned(),
            Method::Age => format!("age-weighted, {} a day", test.plan.lambda),
            Method::Filtered => format!("volatility-filtered, {} a day", test.plan.lambda),
        })
    }

    /// Confidence, window, days.
    pub(super) fn subtitle(&self) -> String {
        let Some(test) = self.tests.first() else { return String::new() };
        let plan = &test.plan;
        let days = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        format!(
            "confidence {} %, window {} days, horizon {}, {} days from {} to {}",
            fixed(100.0 * plan.confidence, 1),
            plan.window,
            plan.horizon,
            test.total.days,
            days(self.first),
            days(self.last)
        )
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("book  {}", self.book), format!("over  {}", self.subtitle())];
        for (name, test) in self.names().zip(&self.tests) {
            lines.extend([String::new(), name]);
            lines.extend(breaches(test));
            lines.extend(tests(test));
        }
        lines
    }
}

fn breaches(test: &Backtest) -> Vec<String> {
    let mut table = Table::new(1, ["year", "days", "VaR breaches", "of them ES", "expected"]);
    let mut row = |name: String, year: &Year| {
        let expected = year.days as f64 * test.coverage.expected;
        let counts = [year.days, year.var, year.es].map(|count| count.to_string());
        table.row(std::iter::once(name).chain(counts).chain([fixed(expected, 1)]));
    };
    for (number, year) in &test.years {
        row(number.to_string(), year);
    }
    row("all".to_owned(), &test.total);
    table.lines()
}

fn tests(test: &Backtest) -> Vec<String> {
    let mut table = Table::new(1, ["test", "statistic", "p-value", ""]);
    let coverage = &test.coverage;
    for (name, Test { statistic, p_value, rejected }) in [
        ("Kupiec, as many as expected", coverage.unconditional),
        ("Christoffersen, independent", coverage.independence),
        ("both", coverage.conditional),
    ] {
        let verdict = if rejected { "rejected" } else { "not rejected" };
        let row = [name.to_owned(), fixed(statistic, 3), probability(p_value), verdict.to_owned()];
        table.row(row);
    }
    if let Some(score) = test.shortfall_score {
        table.row(["score of the shortfall".to_owned(), fixed(score, 3)]);
    }
    table.lines()
}

/// A probability in four decimals; never one that reads as zero.
fn probability(p_value: f64) -> String {
    if p_value < 1e-4 { "< 0.0001".to_owned() } else { fixed(p_value, 4) }
}
