//! Figures and tables for people.

/// Puts commas between thousands: `-12,345.60`.
pub fn thousands(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (whole, fraction) = match digits.find('.') {
        Some(point) => digits.split_at(point),
        None => (digits, ""),
    };
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

/// A number with so many decimals and commas; never `-0`.
pub fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    thousands(if is_zero { text.trim_start_matches('-') } else { &text })
}

/// An amount of the quote currency, in hundredths.
pub fn money(value: f64) -> String {
    fixed(value, 2)
}

/// A number in four significant digits, as quantities of options and their
/// sensitivities need.
pub fn significant(value: f64) -> String {
    let size = value.abs();
    if size < 1e-9 {
        return if value == 0.0 { "0".to_owned() } else { format!("{value:.3e}") };
    }
    let mut decimals = 3;
    let mut leading = size;
    while leading < 1.0 {
        (leading, decimals) = (leading * 10.0, decimals + 1);
    }
    while leading >= 10.0 && decimals > 0 {
        (leading, decimals) = (leading / 10.0, decimals - 1);
    }
    fixed(value, decimals)
}

/// A factor as a change: `-66 %`, `+4.5 %`.
pub fn change(factor: f64) -> String {
    let percent = 100.0 * (factor - 1.0);
    let decimals = usize::from((percent - percent.round()).abs() > 0.05);
    match percent.abs() < 0.05 {
        true => "0 %".to_owned(),
        false => format!("{percent:+.decimals$} %"),
    }
}

/// Rows of text in columns: the first so many on the left, the others on the
/// right.
#[derive(Clone, Debug)]
pub struct Table {
    left: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings, so many columns of which are on the left.
    pub fn new<'a>(left: usize, heads: impl IntoIterator<Item = &'a str>) -> Self {
        Self { left, rows: vec![heads.into_iter().map(str::to_owned).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines, columns two spaces apart.
    pub fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let length = |row: &Vec<String>, column: usize| {
            row.get(column).map_or(0, |cell| cell.chars().count())
        };
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().map(|row| length(row, column)).max().unwrap_or(0))
            .collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).enumerate().map(|(index, (cell, width))| {
                if index < self.left {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!(thousands("-1234567.89"), "-1,234,567.89");
        assert_eq!(thousands("123"), "123");
        assert_eq!((money(-0.001), money(-1234.5)), ("0.00".to_owned(), "-1,234.50".to_owned()));
        for (value, text) in [
            (0.0, "0"),
            (12_345.6, "12,346"),
            (-12.3456, "-12.35"),
            (0.123_45, "0.1235"),
            (-0.001_234_5, "-0.001234"),
            (0.000_046_17, "0.00004617"),
            (2e-12, "2.000e-12"),
        ] {
            assert_eq!(significant(value), text);
        }
        assert_eq!([0.34, 1.0, 1.045, 2.0].map(change), ["-66 %", "0 %", "+4.5 %", "+100 %"]);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(1, ["name", "x"]);
        table.row(["a".to_owned(), "-10".to_owned()]);
        assert_eq!(table.lines(), ["name    x", "a     -10"]);
    }
}
