use super::*;
use crate::conformance::{Schema, run_file};

const CASES: &str = include_str!("../../../fixtures/pmrm2_cases.json");

#[test]
fn published_cases_are_met() {
    let report = run_file(CASES).unwrap();
    assert_eq!(report.schema, Schema::Pmrm2);
    assert_eq!(report.failures().collect::<Vec<_>>(), Vec::<&Figure>::new());
    assert_eq!(report.figures.len(), 88 * 10);
    let margins = report.figures.iter().filter(|figure| ["im", "mm"].contains(&figure.figure));
    let worst = margins.map(|figure| figure.relative_error).fold(0.0, f64::max);
    println!("largest relative error of the margins: {worst:e}");
    assert!(worst < 1e-13, "{worst:e}");
}
