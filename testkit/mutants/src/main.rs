//! Plants mutants into a copy of a crate, each behind a number that the copy's
//! programs read from `ZKMARGIN_EDIT`: all are built once.
//!
//!     zkmargin-mutants FIRST SKIP FILE...
//!
//! `FIRST` is the first number, `SKIP` a file with the numbers that do not
//! compile, one a line. What is planted is printed: number, file, line, kind
//! and text, separated by tabs.

mod plant;
mod visit;

use std::collections::HashSet;
use std::{env, fs, process};

fn main() {
    let mut arguments = env::args().skip(1);
    let (Some(first), Some(skip)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: zkmargin-mutants FIRST SKIP FILE...");
        process::exit(2);
    };
    let mut number: u32 = first.parse().expect("FIRST is a number");
    let skipped: HashSet<u32> = fs::read_to_string(&skip)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.trim().parse().ok())
        .collect();
    for path in arguments {
        let text = fs::read_to_string(&path).expect("a file of source");
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mutants = visit::mutants(&file, &text);
        let mut numbered = Vec::new();
        for mutant in mutants {
            if !skipped.contains(&number) {
                let (line, kind, what) = (mutant.line, mutant.kind, &mutant.what);
                println!("{number}\t{path}\t{line}\t{kind}\t{what}");
                numbered.push((number, mutant));
            }
            number += 1;
        }
        fs::write(&path, plant::plant(&text, &numbered)).expect("a file to write");
    }
}
