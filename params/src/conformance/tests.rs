use super::*;

#[test]
fn dydx_cases_are_exact() {
    let report =
        run_file(include_str!("../../fixtures/dydx_v4_margin.json"), Options::default()).unwrap();
    assert_eq!(report.schema, Schema::DydxV4Margin);
    assert_eq!(report.failures().collect::<Vec<_>>(), Vec::<&Figure>::new());
    // 12 cases of two figures, 8 with open interest, 4 rates, 2 notionals.
    assert_eq!(report.figures.len(), 24 + 8 + 4 + 2);
    assert!(report.passed() && report.worst_relative_error() == 0.0);
}

#[test]
fn haircut_cases_are_exact() {
    let report =
        run_file(include_str!("../../fixtures/haircut_tiers.json"), Options::default()).unwrap();
    assert_eq!(report.schema, Schema::HaircutTiers);
    assert_eq!(report.failures().collect::<Vec<_>>(), Vec::<&Figure>::new());
    assert_eq!(report.figures.len(), 8);
}

#[test]
fn derive_standard_cases_are_close() {
    let json = include_str!("../../fixtures/derive_standard.json");
    let report = run_file(json, Options::default()).unwrap();
    assert_eq!(report.schema, Schema::DeriveStandard);
    assert_eq!(report.failures().collect::<Vec<_>>(), Vec::<&Figure>::new());
    // 28 cases: maintenance, initial, mark to market.
    assert_eq!(report.figures.len(), 28 * 3);
    assert!(report.passed());
    // The same in the integers that are proved.
    let integers = run_file(json, Options::INTEGER).unwrap();
    assert_eq!(integers.failures().collect::<Vec<_>>(), Vec::<&Figure>::new());
    assert_eq!(integers.figures.len(), 28 * 3);
    assert!(integers.passed() && accounts(json).unwrap().len() == 28);
}

#[test]
fn span_cases_are_exact() {
    let json = include_str!("../../fixtures/span_arrays.json");
    let report = run_file(json, Options::default()).unwrap();
    assert_eq!(report.schema, Schema::SpanArrays);
    // Three requirements, and the sixteen sums of the covered write.
    assert_eq!(report.figures.len(), 3 + 16);
    assert!(report.passed() && report.worst_relative_error() == 0.0);
    let wrong = json.replace("\"6620\"", "\"6619.99\"");
    let missed = run_file(&wrong, Options::default()).unwrap();
    assert_eq!(missed.failures().count(), 1);
    let unknown = json.replace("\"future\": \"1\", \"call\"", "\"futures\": \"1\", \"call\"");
    let unknown = run_file(&unknown, Options::default()).unwrap_err().to_string();
    assert_eq!(unknown, "case \"covered write\": \"futures\" has no entry in `risk_arrays`");
    let short = json.replacen("\"460\", ", "", 1);
    assert!(matches!(run_file(&short, Options::default()), Err(ConformanceError::Field { .. })));
    // Each with its requirement in cash, and a cent short of it.
    let accounts = accounts(json).unwrap();
    assert_eq!(accounts.len(), 2 * 3);
    let names: Vec<_> = accounts.iter().map(|account| account.case.as_str()).collect();
    assert_eq!(names[..2], ["long future", "long future, a cent short"]);
}

#[test]
fn a_case_without_its_settlement_average_is_named_and_nothing_has_passed() {
    let json = include_str!("../../fixtures/derive_standard.json");
    let json = json.replace("\"settled_average\"", "\"something\"");
    let report = run_file(&json, Options::default()).unwrap();
    let named: Vec<_> = report.not_run.iter().map(|case| case.case.as_str()).collect();
    assert_eq!(named, ["test24", "test25", "test28"]);
    assert!(report.failures().next().is_none() && !report.passed());
    assert!(matches!(accounts(&json), Err(ConformanceError::NotRun { .. })));
}

#[test]
fn wrong_figures_fail_and_do_not_err() {
    let json = include_str!("../../fixtures/haircut_tiers.json").replace("\"116\"", "\"117\"");
    let report = run_file(&json, Options::default()).unwrap();
    assert!(!report.passed());
    let failure = report.failures().next().unwrap();
    assert_eq!((failure.expected.as_str(), failure.got.as_str()), ("117", "116"));
    assert!(failure.absolute_error == 1.0 && failure.relative_error > 0.0);
}

#[test]
fn other_files_are_refused() {
    assert!(matches!(run_file("{}", Options::default()), Err(ConformanceError::UnknownSchema)));
    assert!(matches!(run_file("[", Options::default()), Err(ConformanceError::Json(_))));
    assert!(matches!(
        run_file(r#"{"cases": [{}]}"#, Options::default()),
        Err(ConformanceError::Field { path, .. }) if path == "cases[0]"
    ));
    let absurd = include_str!("../../fixtures/dydx_v4_margin.json")
        .replace("\"price_exponent\": -5", "\"price_exponent\": 900");
    assert!(matches!(run_file(&absurd, Options::default()), Err(ConformanceError::Range { .. })));
}
