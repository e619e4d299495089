//! Rules, and the sets they make.

use super::draws::seed;
use super::{assert_close, assert_golden, closes};
use crate::simulation::filter::filtered;
use crate::simulation::history::{Column, History, OddRow, Oddity};
use crate::simulation::rule::SetRule;
use crate::simulation::set::ScenarioSet;
use crate::symbol::Symbol;

fn symbols() -> Vec<Symbol> {
    ["BTC", "ETH"].map(|text| Symbol::new(text).unwrap()).to_vec()
}

fn monte_carlo(degrees: Option<u32>) -> SetRule {
    let cholesky = vec![vec![0.03], vec![0.035, 0.02]];
    SetRule::MonteCarlo { scenarios: 3, horizon: 2, cholesky, degrees, beacon: None }
}

#[test]
fn draws_make_the_moves_of_another_implementation() {
    let normal = [
        [0.9908736476594109, 0.9736969631246694],
        [1.0361179831058167, 1.0475417389160417],
        [1.018661355130743, 1.0139567269980627],
    ];
    let heavy = [
        [0.9870891200452055, 0.9629241571409224],
        [0.9627828947056092, 0.9139895024126969],
        [0.9879339290549901, 0.9694277911532392],
    ];
    for (degrees, expected) in [(None, normal), (Some(4), heavy)] {
        let set = ScenarioSet::from_seed(&monte_carlo(degrees), &symbols(), seed()).unwrap();
        for (scenario, expected) in set.scenarios().iter().zip(expected) {
            for (found, expected) in scenario.factors.iter().zip(expected) {
                assert_close(*found, expected, &scenario.name);
            }
        }
    }
}

#[test]
fn historical_scenarios_are_the_last_changes() {
    let history = closes();
    let rule = SetRule::Historical { scenarios: 250, horizon: 2 };
    let set = ScenarioSet::from_history(&rule, &history).unwrap();
    let last = set.scenarios().last().unwrap();
    assert_eq!((set.scenarios().len(), last.name.as_str()), (250, "2021-06-30"));
    let rows = history.closes();
    let (now, then) = (&rows[rows.len() - 1], &rows[rows.len() - 3]);
    assert_eq!(last.factors, [now[0] / then[0], now[1] / then[1]]);
}

#[test]
fn filtered_scenarios_are_scaled_each_underlying_by_itself() {
    let history = closes();
    let rule = SetRule::Filtered { scenarios: 250, horizon: 1, lambda: 0.94 };
    let set = ScenarioSet::from_history(&rule, &history).unwrap();
    for place in 0..2 {
        let rows = &history.closes()[history.closes().len() - 251..];
        let returns: Vec<f64> =
            rows.windows(2).map(|pair| (pair[1][place] / pair[0][place]).ln()).collect();
        let scaled = filtered(&returns, 0.94).unwrap().unwrap();
        for (scenario, scaled) in set.scenarios().iter().zip(scaled) {
            assert_close(scenario.factors[place], scaled.exp(), &scenario.name);
        }
    }
}

/// Where cumulated weights pass (i + 1/2) / N: ages by `reference.py`.
#[test]
fn age_weighted_scenarios_repeat_the_newest() {
    let history = closes();
    let rule = SetRule::AgeWeighted { scenarios: 10, horizon: 1, lookback: 40, lambda: 0.9 };
    let set = ScenarioSet::from_history(&rule, &history).unwrap();
    let days = history.days();
    let ages: Vec<usize> = set
        .scenarios()
        .iter()
        .rev()
        .map(|scenario| days.iter().rev().position(|day| day.to_string() == scenario.name).unwrap())
        .collect();
    assert_eq!(ages, [0, 1, 2, 4, 5, 7, 9, 12, 17, 26]);
}

#[test]
fn stress_dates_are_found_by_name() {
    let history = closes();
    let days = ["2020-03-12", "2021-05-19"].map(|day| day.parse().unwrap()).to_vec();
    let set = ScenarioSet::from_history(&SetRule::Dates { days, horizon: 1 }, &history).unwrap();
    // The fall of March 2020: a log return of -0.465.
    assert!((set.scenarios()[0].factors[0].ln() + 0.465).abs() < 0.001);
    let missing = SetRule::Dates { days: vec!["2015-01-01".parse().unwrap()], horizon: 1 };
    let error = ScenarioSet::from_history(&missing, &history).unwrap_err().to_string();
    assert!(error.starts_with("2015-01-01 is not in the closes"), "{error}");
}

/// The digests bind every bit of every factor: they are the same on every
/// platform, or this fails there.
#[test]
fn digests_are_golden() {
    let history = closes();
    let rules = [
        SetRule::Historical { scenarios: 250, horizon: 1 },
        SetRule::AgeWeighted { scenarios: 250, horizon: 1, lookback: 500, lambda: 0.98 },
        SetRule::Filtered { scenarios: 500, horizon: 2, lambda: 0.94 },
        SetRule::Dates { days: vec!["2020-03-12".parse().unwrap()], horizon: 1 },
    ];
    let sets = rules.iter().map(|rule| ScenarioSet::from_history(rule, &history).unwrap());
    let drawn = [None, Some(4)]
        .map(|degrees| ScenarioSet::from_seed(&monte_carlo(degrees), &symbols(), seed()).unwrap());
    let found: String = sets.chain(drawn).map(|set| format!("{}\n", set.digest())).collect();
    assert_golden("scenario-set-digests.txt", &found);
}

#[test]
fn odd_rows_are_told_and_refuse_nothing_else() {
    let csv = "day,close\n2024-01-01,100\n2024-01-02,\n2024-01-03,x\nsoon,1\n\
               2024-01-04,0\n2024-01-04,101\n2024-01-04,102\n2024-01-05\n2024-01-06,1e3,\n";
    let (history, odd) = History::from_csv(csv, &[]).unwrap();
    let days: Vec<String> = history.days().iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2024-01-01", "2024-01-04", "2024-01-06"]);
    let odd: Vec<_> = odd.into_iter().map(|OddRow { line, why }| (line, why)).collect();
    use Oddity::{Close, Day, Order};
    assert_eq!(odd, [(3, Close), (4, Close), (5, Day), (6, Close), (8, Order), (9, Close)]);
    let missing = History::from_csv(csv, &[Column::parse("A=b").unwrap()]).unwrap_err();
    assert_eq!(missing.to_string(), "no column is named \"b\": there are day, close");
}

#[test]
fn rules_and_histories_are_refused_with_their_field() {
    let history = closes();
    let refused =
        |rule: SetRule| ScenarioSet::from_history(&rule, &history).unwrap_err().to_string();
    let long = refused(SetRule::Historical { scenarios: 853, horizon: 1 });
    assert_eq!(long, "854 days of closes are needed, there are 853");
    let horizon = refused(SetRule::Historical { scenarios: 10, horizon: 0 });
    assert_eq!(horizon, "horizon: 0 is out of range: allowed are 1 to 30");
    let lambda = refused(SetRule::Filtered { scenarios: 10, horizon: 1, lambda: 1.0 });
    assert!(lambda.starts_with("lambda: 1 is out of range"), "{lambda}");
    assert!(refused(monte_carlo(None)).starts_with("the rule draws from a seed"));
    let wrong = SetRule::MonteCarlo {
        scenarios: 1,
        horizon: 1,
        cholesky: vec![vec![0.03], vec![0.02, 0.0]],
        degrees: None,
        beacon: None,
    };
    let error = ScenarioSet::from_seed(&wrong, &symbols(), seed()).unwrap_err().to_string();
    assert!(error.starts_with("cholesky[1]: row 1 needs 2 numbers"), "{error}");
    let still = "day,A\n1,5\n2,5\n3,5\n4,5\n";
    let (still, _) = History::from_csv(still, &[]).unwrap();
    let rule = SetRule::Filtered { scenarios: 3, horizon: 1, lambda: 0.94 };
    let error = ScenarioSet::from_history(&rule, &still).unwrap_err().to_string();
    assert!(error.starts_with("the closes of A do not move"), "{error}");
}

#[test]
fn rules_read_as_they_are_written() {
    let rule = SetRule::Filtered { scenarios: 250, horizon: 1, lambda: 0.97 };
    let json = serde_json::to_string(&rule).unwrap();
    assert_eq!(json, r#"{"rule":"filtered","scenarios":250,"horizon":1,"lambda":0.97}"#);
    assert_eq!(serde_json::from_str::<SetRule>(&json).unwrap(), rule);
    let unknown = r#"{"rule":"historical","scenarios":1,"horizon":1,"lambda":0.9}"#;
    assert!(serde_json::from_str::<SetRule>(unknown).is_err());
}
