//! Fair deleveraging: a loss shared among winners in proportion to their equity, from
//! tables of figures in the clear, and a past one held against the same rule.
//!
//! Amounts are decimals of at most so many digits behind the point, read exactly and kept
//! in units of the last one. The rule is [`zkmargin_margin::haircut`].

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use zkmargin_margin::haircut::{self, Haircut, HaircutError, Unfair};
use zkmargin_params::decimal::parse_decimal;

/// Most digits behind the point.
pub const MAX_DECIMALS: u32 = 18;

/// Why figures cannot be used. None shows an amount of an account.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeleverageError {
    /// Not a table.
    #[error("line {line}: not comma-separated values with a header")]
    Table {
        /// The line, from 1.
        line: u64,
    },
    /// A column that is not there.
    #[error("there is no column {0}: name it in the first line")]
    Column(&'static str),
    /// A field that is no amount.
    #[error("line {line}: {column} is not an amount of at most {decimals} decimals")]
    Amount {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// Digits behind the point that are allowed.
        decimals: u32,
    },
    /// A field that cannot be below zero, and is.
    #[error("line {line}: {column} is below zero")]
    Negative {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: &'static str,
    },
    /// An account of two lines.
    #[error("line {line}: the account has a line before")]
    Doubled {
        /// The line, from 1.
        line: u64,
    },
    /// Nobody can bear the loss.
    #[error(transparent)]
    Haircut(#[from] HaircutError),
    /// A cut that is not the account's share.
    #[error("line {line}: the cut of {account} is not its share of the loss, rounded down or up")]
    Share {
        /// The line, from 1.
        line: u64,
        /// The account.
        account: String,
    },
    /// Cuts of another sum.
    #[error("the cuts do not sum to the loss")]
    Sum,
}

/// An amount in units of the last decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    units: i128,
    decimals: u32,
}

impl Amount {
    /// Reads a decimal exactly; `None` for any other text, for more decimals, and for more
    /// than fits.
    pub fn parse(text: &str, decimals: u32) -> Option<Self> {
        let value = parse_decimal(text).ok()?;
        let shift = decimals.checked_sub(value.scale())?;
        let units = value.mantissa().checked_mul(10_i128.checked_pow(shift)?)?;
        Some(Self { units, decimals })
    }

    fn of(units: u128, decimals: u32) -> Option<Self> {
        Some(Self { units: i128::try_from(units).ok()?, decimals })
    }

    /// The units; `None` below zero.
    pub fn positive(self) -> Option<u128> {
        u128::try_from(self.units).ok()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let one = 10_u128.saturating_pow(self.decimals);
        let (whole, rest) = (self.units.unsigned_abs() / one, self.units.unsigned_abs() % one);
        match usize::try_from(self.decimals) {
            Ok(width @ 1..) => f.pad(&format!("{sign}{whole}.{rest:0width$}")),
            _ => f.pad(&format!("{sign}{whole}")),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An account with its equity, and by how much it is cut.
#[derive(Clone, Serialize)]
pub struct Holding {
    #[serde(skip)]
    line: u64,
    /// The account, as it is named in the table.
    pub account: String,
    /// Its equity.
    pub equity: Amount,
    /// Its cut.
    pub cut: Amount,
}

/// Secret: shows nothing but the account.
impl fmt::Debug for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holding").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Rows of a table, by the names of their columns; lines that begin with `#` are none.
struct Table<'a> {
    reader: csv::Reader<&'a [u8]>,
    columns: Vec<usize>,
    names: &'static [&'static str],
    decimals: u32,
}

impl<'a> Table<'a> {
    fn new(
        bytes: &'a [u8],
        names: &'static [&'static str],
        decimals: u32,
    ) -> Result<Self, DeleverageError> {
        let mut builder = csv::ReaderBuilder::new();
        let builder = builder.comment(Some(b'#')).trim(csv::Trim::All).flexible(true);
        let mut reader = builder.from_reader(bytes);
        let head = reader.headers().map_err(|_| DeleverageError::Table { line: 1 })?.clone();
        let place = |name: &&'static str| {
            let place = head.iter().position(|column| column == *name);
            place.ok_or(DeleverageError::Column(name))
        };
        let columns = names.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { reader, columns, names, decimals })
    }

    /// Every row with its line, or what is wrong with it.
    fn rows(&mut self) -> Vec<Result<Row, DeleverageError>> {
        let Self { reader, columns, names, decimals } = self;
        let rows = reader.records().map(|record| {
            let line = |at: Option<&csv::Position>| at.map_or(0, csv::Position::line);
            let record = record.map_err(|e| DeleverageError::Table { line: line(e.position()) })?;
            let line = line(record.position());
            let field = |column: &usize| record.get(*column).map(str::to_owned);
            let fields: Option<Vec<_>> = columns.iter().map(field).collect();
            let fields = fields.ok_or(DeleverageError::Table { line })?;
            Ok(Row { line, fields, names, decimals: *decimals })
        });
        rows.collect()
    }
}

struct Row {
    line: u64,
    fields: Vec<String>,
    names: &'static [&'static str],
    decimals: u32,
}

impl Row {
    fn amount(&self, place: usize) -> Result<Amount, DeleverageError> {
        let (line, column, decimals) = (self.line, self.names[place], self.decimals);
        Amount::parse(&self.fields[place], decimals).ok_or(DeleverageError::Amount {
            line,
            column,
            decimals,
        })
    }

    fn positive(&self, place: usize) -> Result<u128, DeleverageError> {
        let (line, column) = (self.line, self.names[place]);
        self.amount(place)?.positive().ok_or(DeleverageError::Negative { line, column })
    }
}

/// Reads `account,equity`, or `account,equity,cut`. All of it or nothing: a share is of
/// everybody.
fn holdings(
    bytes: &[u8],
    names: &'static [&'static str],
    decimals: u32,
) -> Result<Vec<Holding>, DeleverageError> {
    let mut seen = BTreeSet::new();
    let holding = |row: Result<Row, DeleverageError>| {
        let row = row?;
        let line = row.line;
        let cut = match names.len() {
            3 => Amount::of(row.positive(2)?, decimals).ok_or(HaircutError::TooLarge)?,
            _ => Amount { units: 0, decimals },
        };
        let (account, equity) = (row.fields[0].clone(), row.amount(1)?);
        match seen.insert(account.clone()) {
            true => Ok(Holding { line, account, equity, cut }),
            false => Err(DeleverageError::Doubled { line }),
        }
    };
    Table::new(bytes, names, decimals)?.rows().into_iter().map(holding).collect()
}

fn equities(holdings: &[Holding]) -> Vec<i128> {
    holdings.iter().map(|holding| holding.equity.units).collect()
}

/// Shares a loss, in units of the last decimal, over the winners of a table with the
/// columns `account` and `equity`, in its order.
///
/// # Errors
/// When a line is wrong, nobody has equity, or less than the loss.
pub fn share(bytes: &[u8], loss: u128, decimals: u32) -> Result<Vec<Holding>, DeleverageError> {
    let mut holdings = holdings(bytes, &["account", "equity"], decimals)?;
    let cuts = haircut::cuts(&equities(&holdings), loss)?;
    for (holding, cut) in holdings.iter_mut().zip(cuts) {
        holding.cut = Amount::of(cut, decimals).ok_or(HaircutError::TooLarge)?;
    }
    Ok(holdings)
}

/// Whether the cuts of a table with the columns `account`, `equity` and `cut` share a loss
/// fairly: how many accounts there are.
///
/// # Errors
/// When a line is wrong, or the first cut that is not its account's share.
pub fn check(bytes: &[u8], loss: u128, decimals: u32) -> Result<usize, DeleverageError> {
    let holdings = holdings(bytes, &["account", "equity", "cut"], decimals)?;
    let cuts: Vec<_> = holdings.iter().filter_map(|holding| holding.cut.positive()).collect();
    haircut::check(&equities(&holdings), &cuts, loss).map_err(|unfair| match unfair {
        Unfair::Haircut(error) => error.into(),
        Unfair::Loser(index) | Unfair::Share { index, .. } => {
            let Holding { line, account, .. } = &holdings[index];
            DeleverageError::Share { line: *line, account: account.clone() }
        }
        _ => DeleverageError::Sum,
    })?;
    Ok(holdings.len())
}

/// A deleveraging as it was, against the rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wave {
    /// Its name.
    pub wave: String,
    /// The loss that was to be covered.
    pub needed: Amount,
    /// What was closed.
    pub closed: Amount,
    /// What was closed beyond the need; below zero where it was less.
    pub overshoot: Amount,
    /// What the rule takes: the loss, to the unit.
    pub pro_rata: Amount,
    /// The proportion by which it cuts every winner, in hundredths of a basis point,
    /// rounded down.
    pub cut_millionths: u128,
}

/// All waves, and their sums.
#[derive(Debug, Serialize)]
pub struct Replay {
    /// Those that could be read.
    pub waves: Vec<Wave>,
    /// The sum of what was needed.
    pub needed: Amount,
    /// Of what was closed.
    pub closed: Amount,
    /// The difference.
    pub overshoot: Amount,
    /// What the rule takes.
    pub pro_rata: Amount,
    /// What is wrong with the others.
    #[serde(skip)]
    pub refused: Vec<DeleverageError>,
}

/// Holds a table with the columns `wave`, `needed`, `closed` and `equity` (of all winners)
/// against the rule. A line that is wrong is told, and stops no other.
///
/// # Errors
/// When it is no table, or a column is missing.
pub fn replay(bytes: &[u8], decimals: u32) -> Result<Replay, DeleverageError> {
    let names = &["wave", "needed", "closed", "equity"];
    let (mut waves, mut refused) = (Vec::new(), Vec::new());
    for row in Table::new(bytes, names, decimals)?.rows() {
        match row.and_then(|row| wave(&row)) {
            Ok(wave) => waves.push(wave),
            Err(error) => refused.push(error),
        }
    }
    let sum = |of: fn(&Wave) -> Amount| {
        let units = waves.iter().map(|wave| of(wave).units).try_fold(0_i128, i128::checked_add);
        units.map(|units| Amount { units, decimals }).ok_or(HaircutError::TooLarge)
    };
    let (needed, closed) = (sum(|wave| wave.needed)?, sum(|wave| wave.closed)?);
    let (overshoot, pro_rata) = (sum(|wave| wave.overshoot)?, sum(|wave| wave.pro_rata)?);
    Ok(Replay { waves, needed, closed, overshoot, pro_rata, refused })
}

fn wave(row: &Row) -> Result<Wave, DeleverageError> {
    let (needed, closed) = (row.positive(1)?, row.positive(2)?);
    let equity = row.amount(3)?;
    let haircut = Haircut::over([equity.units], needed)?;
    let cut = haircut.cut(0, haircut.equity()).ok_or(HaircutError::TooLarge)?;
    let amount = |units: u128| Amount::of(units, row.decimals).ok_or(HaircutError::TooLarge);
    let (needed, closed) = (amount(needed)?, amount(closed)?);
    let units = closed.units.checked_sub(needed.units).ok_or(HaircutError::TooLarge)?;
    let millionths = cut.checked_mul(1_000_000).ok_or(HaircutError::TooLarge)?;
    Ok(Wave {
        wave: row.fields[0].clone(),
        needed,
        closed,
        overshoot: Amount { units, decimals: row.decimals },
        pro_rata: amount(cut)?,
        cut_millionths: millionths / haircut.equity(),
    })
}
