//! A circuit's constraints as text: names without numbers, with counts. What an
//! edit loses is a line of a diff.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use zkmargin_margin::field::MarginField;

use crate::check::{Checker, Constraint};
use crate::class;

/// The name of a region without the numbers of slots and the like, but with its
/// clause and the width of its range.
pub fn region_class(name: &str) -> String {
    let (rest, bits) = match name.rsplit_once(": range ") {
        Some((rest, bits)) => (rest, format!(": range {bits}")),
        None => (name, String::new()),
    };
    let without = class(rest);
    let named = ["M", "T"].into_iter().find_map(|statement| {
        let (_, clause) = rest.split_once(&format!(": {statement}"))?;
        let clause = clause.chars().next().filter(char::is_ascii_digit)?;
        let (class, named) = (format!(": {statement}# "), format!(": {statement}{clause} "));
        Some(without.replacen(&class, &named, 1))
    });
    format!("{}{bits}", named.unwrap_or(without))
}

/// All constraints in force by class: rows of each polynomial, bytes looked up
/// by each range check, and where each copied cell comes from.
pub fn text<F: MarginField>(checker: &Checker<'_, F>) -> String {
    let recording = checker.recording();
    let region = |of: Option<usize>| {
        of.map_or("nowhere".to_owned(), |region| region_class(&recording.regions[region]))
    };
    let mut sections: [BTreeMap<String, usize>; 4] = Default::default();
    for name in &recording.regions {
        *sections[0].entry(region_class(name)).or_default() += 1;
    }
    for constraint in checker.constraints() {
        let own = region(checker.region(&constraint));
        let (section, line) = match &constraint {
            Constraint::Gate { index, .. } => {
                let (gate, polynomial) = &recording.gates[*index];
                (1, format!("{own} | {gate}: {polynomial}"))
            }
            Constraint::Lookup { index, .. } => (2, format!("{own} | lookup {index}")),
            Constraint::Copy(index) => {
                let copy = &recording.copies[*index];
                let side = |cell| match checker.named(cell) {
                    Some(named) => {
                        format!("{} / {}", region(Some(named.region)), class(&named.name))
                    }
                    None => format!("{:?} row {}", cell.column.kind, cell.row),
                };
                (3, format!("{own} | {} = {}", side(copy.left), side(copy.right)))
            }
        };
        *sections[section].entry(line).or_default() += 1;
    }
    let mut text = String::new();
    let titles = ["regions", "gates, rows", "lookups, bytes", "copies"];
    for (title, lines) in titles.into_iter().zip(&sections) {
        let all: usize = lines.values().sum();
        _ = writeln!(text, "# {title}: {all}");
        for (line, count) in lines {
            _ = writeln!(text, "{count:>6} {line}");
        }
    }
    text
}
