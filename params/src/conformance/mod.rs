//! Published cases, run through the code that markets are made with.
//!
//! A case file is JSON of one of the [`Schema`]s. Each case becomes rules,
//! rows of a risk table and an assessment, exactly as in a market; no figure is
//! computed by a formula of its own.
//!
//! ```
//! use zkmargin_params::conformance::{Options, run_file};
//! let json = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/haircut_tiers.json"));
//! let report = run_file(json, Options::default())?;
//! assert!(report.passed());
//! # Ok::<(), zkmargin_params::conformance::ConformanceError>(())
//! ```

mod derive_standard;
mod dydx;
mod haircut;
pub(crate) mod scenario;
mod span;

use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::settlement::SettlementRow;
use zkmargin_margin::standard::{Assessment, RowError, TierRow};
use zkmargin_margin::units::{Amount, Denominator, Lots, Price};

use crate::market::tier_row;
use crate::model::{InstrumentRule, ModelError, Quotation};
use crate::scenario::{IntegerTable, ScenarioError};
use crate::settlement::SettlementError;

/// Largest accepted case file, in bytes.
pub const MAX_CASE_FILE_BYTES: usize = 8 << 20;

/// What a case file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schema {
    /// Position-based margin of options of Derive: floating point, or integers.
    DeriveStandard,
    /// Margin of dYdX v4 perpetuals: exact integers.
    DydxV4Margin,
    /// Collateral haircut tiers: exact integers.
    HaircutTiers,
    /// Scenario portfolio margin of PMRM_2: floating point.
    Pmrm2,
    /// SPAN's scanning loss over published risk arrays: exact.
    SpanArrays,
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeriveStandard => "derive-standard",
            Self::DydxV4Margin => "dydx-v4-margin",
            Self::HaircutTiers => "haircut-tiers",
            Self::Pmrm2 => "pmrm2",
            Self::SpanArrays => "span-arrays",
        })
    }
}

/// A figure of a case: what was expected and what came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The case.
    pub case: String,
    /// The figure.
    pub figure: &'static str,
    /// The published value.
    pub expected: String,
    /// Ours.
    pub got: String,
    /// `|got - expected|`, for display.
    pub absolute_error: f64,
    /// The absolute error over `|expected|`; the absolute error itself when
    /// zero is expected.
    pub relative_error: f64,
    /// Whether the figure is as close as its schema demands.
    pub pass: bool,
}

impl Figure {
    /// A figure that must be exact.
    fn exact(case: &str, figure: &'static str, expected: i128, got: i128) -> Self {
        // Floating point for display only: `pass` compares the integers.
        let absolute_error = expected.abs_diff(got) as f64;
        let scale = if expected == 0 { 1.0 } else { expected.unsigned_abs() as f64 };
        Self {
            case: case.to_owned(),
            figure,
            expected: expected.to_string(),
            got: got.to_string(),
            absolute_error,
            relative_error: absolute_error / scale,
            pass: expected == got,
        }
    }

    /// A decimal figure that must be exact.
    fn equal(
        case: &str,
        figure: &'static str,
        (expected, got): (rust_decimal::Decimal, rust_decimal::Decimal),
    ) -> Self {
        use rust_decimal::prelude::ToPrimitive as _;
        // Floating point for display only: `pass` compares the decimals.
        let apart = expected.checked_sub(got).and_then(|apart| apart.abs().to_f64());
        let absolute_error = apart.unwrap_or(f64::MAX);
        let scale = expected.abs().to_f64().filter(|scale| *scale > 0.0).unwrap_or(1.0);
        Self {
            case: case.to_owned(),
            figure,
            expected: expected.to_string(),
            got: got.to_string(),
            absolute_error,
            relative_error: absolute_error / scale,
            pass: expected == got,
        }
    }

    /// A figure in floating point: expected and got may differ by `tolerance`.
    fn close(
        case: &str,
        figure: &'static str,
        (expected, got): (f64, f64),
        tolerance: f64,
    ) -> Self {
        let absolute_error = (expected - got).abs();
        let scale = if expected == 0.0 { 1.0 } else { expected.abs() };
        Self {
            case: case.to_owned(),
            figure,
            expected: expected.to_string(),
            got: got.to_string(),
            absolute_error,
            relative_error: absolute_error / scale,
            pass: absolute_error <= tolerance,
        }
    }
}

/// The figures of a case file.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What the file holds.
    pub schema: Schema,
    /// Its figures, in the file's order.
    pub figures: Vec<Figure>,
    /// Cases that could not be run.
    pub not_run: Vec<NotRun>,
}

/// A case that lacks an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRun {
    /// The case.
    pub case: String,
    /// What it lacks.
    pub why: String,
}

impl Report {
    /// Whether there are figures, every one passes and no case was left out.
    pub fn passed(&self) -> bool {
        !self.figures.is_empty() && self.not_run.is_empty() && self.failures().next().is_none()
    }

    /// The figures that do not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(|figure| !figure.pass)
    }

    /// The largest relative error.
    pub fn worst_relative_error(&self) -> f64 {
        self.figures.iter().map(|figure| figure.relative_error).fold(0.0, f64::max)
    }
}

/// Why cases cannot be run; a wrong figure is no error but a failed
/// [`Figure`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConformanceError {
    /// The file is larger than [`MAX_CASE_FILE_BYTES`].
    #[error("the case file has {bytes} bytes: allowed are {MAX_CASE_FILE_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON: the message names line and column.
    #[error("not a case file: {0}")]
    Json(#[from] serde_json::Error),
    /// Not the schema.
    #[error("not a case file: {path}: {source}")]
    Field {
        /// The field, as in `scenario.options[3].strike`.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// No known schema.
    #[error(
        "the file is of no known schema: it has neither `margin_requirements` (dYdX v4), nor \
         `cases` (haircut tiers, Derive's standard margin, and with `risk_arrays` SPAN), nor \
         `scenario` or `scenario_cases` (PMRM_2)"
    )]
    UnknownSchema,
    /// A case of the settlement family that makes no rows.
    #[error("case {case:?}: {source}")]
    Settlement {
        /// The case.
        case: String,
        /// Why.
        source: Box<SettlementError>,
    },
    /// A case that lacks an input.
    #[error("case {case:?}: {why}")]
    NotRun {
        /// The case.
        case: String,
        /// What it lacks.
        why: String,
    },
    /// A contract of a case without a risk array.
    #[error("case {case:?}: {contract:?} has no entry in `risk_arrays`")]
    NoArray {
        /// The case.
        case: String,
        /// The contract, cut to 40 characters.
        contract: String,
    },
    /// A value of a case that does not fit our integers.
    #[error("case {case:?}: {field} is out of range")]
    Range {
        /// The case.
        case: String,
        /// The field.
        field: &'static str,
    },
    /// A case whose rules make no rows.
    #[error("case {case:?}: {source}")]
    Model {
        /// The case.
        case: String,
        /// Why.
        source: ModelError,
    },
    /// A case of the scenario family with an invalid input.
    #[error("case {case:?}: {source}")]
    Scenario {
        /// The case.
        case: String,
        /// Why.
        source: Box<ScenarioError>,
    },
    /// A scenario case that the integers cannot hold.
    #[error("case {case:?}: {problem}")]
    Integer {
        /// The case.
        case: String,
        /// Why.
        problem: IntegerProblem,
    },
    /// More cases than a file may hold.
    #[error("the file has {count} cases: allowed are {most}")]
    TooManyCases {
        /// Cases given.
        count: usize,
        /// The most allowed.
        most: usize,
    },
    /// A case that none of its rows accepts.
    #[error("case {case:?}: {error}")]
    Row {
        /// The case.
        case: String,
        /// Why.
        error: RowError,
    },
}

/// Why the integers that are proved cannot hold a scenario case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntegerProblem {
    /// No lot sizes and decimals fit.
    #[error("its values span too many orders of magnitude for lots of one size")]
    Scale,
    /// A clause of the statement that the account breaks.
    #[error("{0}")]
    Violation(zkmargin_margin::relation::Violation),
}

/// What counts as equal in floating point, relative.
const TOLERANCE: f64 = 1e-8;

/// How cases are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Scenario cases and those of Derive's standard margin with the integers that are
    /// proved instead of floating point. The other schemas have no other numbers.
    pub integer: bool,
}

impl Options {
    /// Cases with the integers that are proved.
    pub const INTEGER: Self = Self { integer: true };
}

/// Runs the cases of a file, whose schema is told by its keys.
///
/// # Errors
/// When the file is of no known schema, or a case cannot be run at all.
pub fn run_file(json: &str, options: Options) -> Result<Report, ConformanceError> {
    if json.len() > MAX_CASE_FILE_BYTES {
        return Err(ConformanceError::TooLarge { bytes: json.len() });
    }
    let probe = serde_json::from_str::<Probe>(json)?;
    let schema = probe.schema()?;
    let mut not_run = Vec::new();
    let figures = match schema {
        Schema::DeriveStandard => {
            let figures;
            (figures, not_run) = derive_standard::run(&read(json)?, options)?;
            figures
        }
        Schema::DydxV4Margin => dydx::run(read(json)?)?,
        Schema::HaircutTiers => haircut::run(read(json)?)?,
        Schema::SpanArrays => span::run(&read(json)?)?,
        Schema::Pmrm2 if probe.scenario_cases.is_some() => {
            scenario::run_collection(&read(json)?, options)?
        }
        Schema::Pmrm2 => read::<scenario::ScenarioCase>(json)?.run(options)?,
    };
    Ok(Report { schema, figures, not_run })
}

/// A case as an account: what a proof can be made about.
#[derive(Clone, Debug)]
pub struct CaseAccount {
    /// The case.
    pub case: String,
    /// Its positions, in canonical order.
    pub positions: Vec<Position>,
    /// The rows of its market.
    pub rows: CaseRows,
}

/// The market of a case.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CaseRows {
    /// Of the standard family: the row of the only position.
    Standard {
        /// The row.
        row: TierRow,
        /// The denominator of its rates.
        denominator: Denominator,
    },
    /// Of the scenario family.
    Scenario {
        /// The table.
        table: Box<IntegerTable>,
        /// The row of each position.
        held: Vec<usize>,
    },
    /// Of the settlement family: the row of each position.
    Settlement {
        /// The rows, in the order of the positions.
        rows: Vec<SettlementRow>,
    },
}

/// The cases of a file as accounts in the integers that are proved.
///
/// # Errors
/// As [`run_file`].
pub fn accounts(json: &str) -> Result<Vec<CaseAccount>, ConformanceError> {
    if json.len() > MAX_CASE_FILE_BYTES {
        return Err(ConformanceError::TooLarge { bytes: json.len() });
    }
    let probe = serde_json::from_str::<Probe>(json)?;
    match probe.schema()? {
        Schema::DeriveStandard => derive_standard::accounts(&read(json)?),
        Schema::SpanArrays => span::accounts(&read(json)?),
        Schema::DydxV4Margin => dydx::accounts(&read(json)?),
        Schema::HaircutTiers => haircut::accounts(&read(json)?),
        Schema::Pmrm2 if probe.scenario_cases.is_some() => scenario::accounts(&read(json)?),
        Schema::Pmrm2 => Ok(vec![read::<scenario::ScenarioCase>(json)?.account()?]),
    }
}

/// Reads a part of a case file; errors name the field.
fn deserialize<'a, T: Deserialize<'a>, D: Deserializer<'a, Error = serde_json::Error>>(
    deserializer: D,
) -> Result<T, ConformanceError> {
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        ConformanceError::Field { path, source: error.into_inner() }
    })
}

/// Reads a case file, which [`Probe`] has found to be JSON.
fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, ConformanceError> {
    deserialize(&mut serde_json::Deserializer::from_str(json))
}

/// Tells schemas apart.
#[derive(Deserialize)]
struct Probe {
    margin_requirements: Option<IgnoredAny>,
    cases: Option<Value>,
    risk_arrays: Option<IgnoredAny>,
    scenario: Option<IgnoredAny>,
    scenario_cases: Option<IgnoredAny>,
}

impl Probe {
    fn schema(&self) -> Result<Schema, ConformanceError> {
        let scenario = self.scenario.as_ref().or(self.scenario_cases.as_ref());
        match (&self.margin_requirements, &self.cases, scenario) {
            (Some(_), None, None) => Ok(Schema::DydxV4Margin),
            (None, Some(_), None) if self.risk_arrays.is_some() => Ok(Schema::SpanArrays),
            // Haircut tiers know no confidence of oracles.
            (None, Some(cases), None) if !cases[0]["spot_perp_confidence"].is_null() => {
                Ok(Schema::DeriveStandard)
            }
            (None, Some(_), None) => Ok(Schema::HaircutTiers),
            (None, None, Some(_)) => Ok(Schema::Pmrm2),
            _ => Err(ConformanceError::UnknownSchema),
        }
    }
}

/// An integer that stands as a text or as a JSON number.
#[derive(Clone, Copy)]
struct Integer(i128);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Number(i64),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(number) => Ok(Self(number.into())),
            Either::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

/// What a case is asked under.
struct Case<'a> {
    name: &'a str,
    rule: InstrumentRule,
    quotation: Quotation,
    price: Price,
    lots: i64,
    open_interest: Option<u128>,
}

impl Case<'_> {
    /// The account of the case: its position and the row for it.
    fn account(&self) -> Result<CaseAccount, ConformanceError> {
        let (row, _) = self.assess()?;
        let position = Position {
            bucket: BucketId::CROSS,
            instrument: row.instrument,
            quantity: Lots::new(self.lots),
            cash: Amount::ZERO,
        };
        let denominator = self.quotation.denominator;
        let rows = CaseRows::Standard { row, denominator };
        Ok(CaseAccount { case: self.name.to_owned(), positions: vec![position], rows })
    }

    /// The row that accepts the position, and the position's figures under it.
    fn assess(&self) -> Result<(TierRow, Assessment), ConformanceError> {
        let case = || self.name.to_owned();
        let specs = self
            .rule
            .rows("case", self.quotation, self.open_interest)
            .map_err(|source| ConformanceError::Model { case: case(), source })?;
        let mut error = RowError::WrongTier;
        for spec in &specs {
            let row = tier_row(InstrumentId::new(0), self.price, spec);
            match row.assess(Lots::new(self.lots), self.quotation.denominator) {
                Ok(assessment) => return Ok((row, assessment)),
                Err(why) => error = why,
            }
        }
        Err(ConformanceError::Row { case: case(), error })
    }
}

/// A charge or notional as a signed integer; all are below `2^82`.
fn signed(units: u128) -> i128 {
    units.cast_signed()
}

#[cfg(test)]
mod tests;
