use super::*;
use crate::conformance::{Options, Schema, run_file};

const CASES: &str = include_str!("../../../fixtures/pmrm2_cases.json");

#[test]
fn published_cases_are_met() {
    let report = run_file(CASES, Options::default()).unwrap();
    assert_eq!(report.schema, Schema::Pmrm2);
    assert_eq!(report.failures().collect::<Vec<_>>(), Vec::<&Figure>::new());
    assert_eq!(report.figures.len(), 88 * 10);
    let margins = report.figures.iter().filter(|figure| ["im", "mm"].contains(&figure.figure));
    let worst = margins.map(|figure| figure.relative_error).fold(0.0, f64::max);
    println!("largest relative error of the margins: {worst:e}");
    assert!(worst < 1e-13, "{worst:e}");
}

/// The text of one case, in the schema of a file of its own.
fn single(number: &str) -> Value {
    let collection: Collection = serde_json::from_str(CASES).unwrap();
    let mut whole = collection.scenario_base.clone();
    merge(&mut whole, &collection.scenario_cases[number]);
    whole
}

#[test]
fn single_cases_and_collections_agree() {
    let report = run_file(&single("case_042").to_string(), Options::default()).unwrap();
    assert!(report.passed() && report.schema == Schema::Pmrm2);
    let group = report.figures.iter().find(|f| f.figure == "worst_scenario_group").unwrap();
    assert_eq!((group.expected.as_str(), group.got.as_str()), ("skew", "skew"));
    // Without a perpetual.
    let mut case = single("case_042");
    case["scenario"].as_object_mut().unwrap().remove("perp");
    assert!(run_file(&case.to_string(), Options::default()).unwrap().passed());
}

#[test]
fn wrong_margins_and_groups_fail_and_do_not_err() {
    let mut case = single("case_061");
    let mm = case["expected"]["mm"].as_f64().unwrap();
    case["expected"]["mm"] = (mm * (1.0 + 1.1e-8)).into();
    case["expected"]["worst_scenario_group"] = "tail".into();
    let report = run_file(&case.to_string(), Options::default()).unwrap();
    let failed: Vec<_> = report.failures().map(|figure| figure.figure).collect();
    assert_eq!(failed, ["mm", "worst_scenario_group"]);
    case["expected"]["mm"] = (mm * (1.0 + 0.9e-8)).into();
    assert_eq!(run_file(&case.to_string(), Options::default()).unwrap().failures().count(), 1);
}

#[test]
fn with_ties_any_group_may_be_named() {
    // Cash only: every scenario and the basis lose nothing.
    let mut case = single("case_001");
    for group in ["regular", "tail", "skew", "fwd_contingency"] {
        case["expected"]["worst_scenario_group"] = group.into();
        assert!(run_file(&case.to_string(), Options::default()).unwrap().passed(), "{group}");
    }
}

#[test]
fn invalid_cases_are_refused_with_the_field() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut case = single("case_061");
        change(&mut case);
        run_file(&case.to_string(), Options::default()).unwrap_err().to_string()
    };
    let scenarios = |case: &mut Value, f: &dyn Fn(&mut Vec<Value>)| {
        f(case["parameters"]["scenarios"].as_array_mut().unwrap());
    };
    let moved = refused(&|case| scenarios(case, &|list| list[28]["spot_shock"] = 1.05.into()));
    let expected = "scenarios[28].spot_shock: a linear or abs skew scenario must have a spot shock \
        of 1, not 1.05";
    assert!(moved.ends_with(expected), "{moved}");
    let twice = refused(&|case| scenarios(case, &|list| list.push(list[28].clone())));
    assert!(twice.contains("allowed is one"), "{twice}");
    assert!(refused(&|case| scenarios(case, &Vec::clear)).contains("allowed are 1 to 40"));
    let many = refused(&|case| scenarios(case, &|list| list.resize(41, list[0].clone())));
    assert!(many.contains("41 entries"), "{many}");
    let feed = refused(&|case| drop(case["scenario"]["feeds"].as_array_mut().unwrap().pop()));
    assert!(feed.contains("no feed has an expiry_seconds"), "{feed}");
    let text = refused(&|case| case["scenario"]["spot"] = "12".into());
    assert!(text.contains("expected f64"), "{text}");
}

/// A risk team's own book: the margins alone are expected, and there is no charge
/// for the basis.
#[test]
fn what_is_not_expected_is_not_compared() {
    let mut case = single("case_061");
    let expected = &case["expected"];
    case["expected"] = serde_json::json!({ "im": expected["im"], "mm": expected["mm"] });
    let report = run_file(&case.to_string(), Options::default()).unwrap();
    let figures: Vec<_> = report.figures.iter().map(|figure| figure.figure).collect();
    assert!(figures == ["im", "mm"] && report.passed());
    case["parameters"].as_object_mut().unwrap().remove("basis_contingency");
    assert!(run_file(&case.to_string(), Options::INTEGER).unwrap().passed());
    let mm = case["expected"].as_object_mut().unwrap().remove("mm").unwrap();
    let error = run_file(&case.to_string(), Options::default()).unwrap_err().to_string();
    assert!(error.starts_with("not a case file: expected: missing field `mm`"), "{error}");
    case["expected"]["mm"] = mm;
    case["scenario"]["options"][2]["strike"] = "high".into();
    let error = run_file(&case.to_string(), Options::default()).unwrap_err().to_string();
    assert!(error.starts_with("not a case file: scenario.options[2].strike: "), "{error}");
}

/// Quantities of 16 digits from thousandths to thousands in one book.
#[test]
fn quantities_of_many_magnitudes_are_counted() {
    for number in ["case_072", "case_112", "case_138"] {
        let mut case = single(number);
        let options = case["scenario"]["options"].as_array_mut().unwrap();
        for (option, scale) in options.iter_mut().zip([1.0, 1e-3, 31.7, 1e2, 0.1].iter().cycle()) {
            option["amount"] = (option["amount"].as_f64().unwrap() * scale).into();
        }
        let float = run_file(&case.to_string(), Options::default()).unwrap();
        for figure in float.figures.iter().filter(|figure| figure.figure != "worst_scenario_group")
        {
            case["expected"][figure.figure] = figure.got.parse::<f64>().unwrap().into();
        }
        case["expected"].as_object_mut().unwrap().remove("worst_scenario_group");
        let integers = run_file(&case.to_string(), Options::INTEGER).unwrap();
        assert_eq!(integers.failures().collect::<Vec<_>>(), Vec::<&Figure>::new(), "{number}");
    }
}

#[test]
fn too_many_cases_are_refused() {
    let patches: serde_json::Map<_, _> =
        (0..=MAX_CASES).map(|n| (n.to_string(), serde_json::json!({}))).collect();
    let file = serde_json::json!({ "scenario_base": {}, "scenario_cases": patches });
    let error = run_file(&file.to_string(), Options::default()).unwrap_err();
    assert!(matches!(error, ConformanceError::TooManyCases { count: 1001, .. }));
}

#[test]
fn published_cases_are_met_in_integers() {
    let report = run_file(CASES, Options::INTEGER).unwrap();
    let misses: Vec<_> = report.failures().map(|f| (&f.case, f.figure, f.relative_error)).collect();
    assert_eq!(misses, []);
    assert_eq!(report.figures.len(), 88 * 10);
    let margins = report.figures.iter().filter(|figure| ["im", "mm"].contains(&figure.figure));
    let worst = margins.max_by(|a, b| a.relative_error.total_cmp(&b.relative_error)).unwrap();
    println!("largest relative error of the margins: {worst:?}");
    assert!(worst.relative_error < 1e-8, "{worst:?}");
}
