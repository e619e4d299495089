//! Breaches of the past, and tests of them.

use super::{assert_close, closes};
use crate::simulation::backtest::book::Book;
use crate::simulation::backtest::coverage::{Breaches, Coverage};
use crate::simulation::backtest::{Backtest, Method, Plan};
use crate::symbol::Symbol;

fn plan(method: Method) -> Plan {
    Plan { method, confidence: 0.975, window: 250, horizon: 1, lambda: 0.94 }
}

fn one_btc(method: Method) -> Backtest {
    let book = Book::unit(Symbol::new("BTC").unwrap());
    plan(method).run(&book, &closes(), Some(300)).unwrap()
}

/// One coin over 300 days, by `reference.py`: counts, likelihood ratios with
/// their tails, and the score of the shortfall.
#[test]
fn breaches_agree_with_another_implementation() {
    let cases = [
        (
            Method::Plain,
            (16, 7),
            [269, 14, 14, 2],
            [7.495379060240026, 0.006185750959748227, 1.2882119386231619, 0.012378483695067125],
            -1.1612333012303528,
        ),
        (
            Method::Age,
            (12, 9),
            [276, 11, 11, 1],
            [2.3496756571816775, 0.1253090769993831, 0.4728238847565125, 0.24383835055349806],
            -1.1043180703665318,
        ),
        (
            Method::Filtered,
            (8, 5),
            [283, 8, 8, 0],
            [0.03347152648159124, 0.8548354836273643, 0.43991796608568734, 0.7892321673032314],
            -0.13419892161619607,
        ),
    ];
    for (method, breaches, pairs, figures, score) in cases {
        let found = one_btc(method);
        assert_eq!((found.total.var, found.total.es), breaches, "{method:?}");
        let Coverage { counts, unconditional, independence, conditional, .. } = found.coverage;
        let counted =
            [counts.calm_calm, counts.calm_breach, counts.breach_calm, counts.breach_breach];
        assert_eq!((counts.days, counted), (300, pairs), "{method:?}");
        let tests = [
            unconditional.statistic,
            unconditional.p_value,
            independence.statistic,
            conditional.p_value,
        ];
        for (found, expected) in tests.into_iter().zip(figures) {
            assert!((found - expected).abs() < 1e-9, "{method:?}: {found} {expected}");
        }
        assert_close(found.shortfall_score.unwrap(), score, "score");
        assert_eq!(unconditional.rejected, method == Method::Plain);
    }
}

#[test]
fn years_add_up() {
    let found = one_btc(Method::Filtered);
    let days: usize = found.years.values().map(|year| year.days).sum();
    let breaches: usize = found.years.values().map(|year| year.var).sum();
    assert_eq!((days, breaches), (found.total.days, found.total.var));
    assert_eq!(found.years.keys().copied().collect::<Vec<_>>(), [2020, 2021]);
}

/// What options lose is not what the coin loses: a short strangle loses both
/// ways, a protective put caps the loss.
#[test]
fn books_of_options_are_revalued() {
    let book = |text: &str| Book::from_json(text).unwrap();
    let strangle = book(
        r#"{ "name": "short strangle", "positions": [
             { "underlying": "BTC", "units": -1,
               "option": { "type": "put", "moneyness": 0.9, "days": 30 } },
             { "underlying": "BTC", "units": -1,
               "option": { "type": "call", "moneyness": 1.1, "days": 30 } } ] }"#,
    );
    let protected = book(
        r#"{ "name": "protected", "positions": [
             { "underlying": "BTC", "units": 1 },
             { "underlying": "BTC", "units": 1,
               "option": { "type": "put", "moneyness": 1, "days": 7 } } ] }"#,
    );
    let history = closes();
    let run = |book: &Book| plan(Method::Filtered).run(book, &history, None).unwrap();
    let (strangle, protected, coin) =
        (run(&strangle), run(&protected), run(&Book::unit(Symbol::new("BTC").unwrap())));
    assert_eq!(strangle.days.len(), coin.days.len());
    let crash = |test: &Backtest| {
        let day = test.days.iter().find(|day| day.day.to_string() == "2020-03-12").unwrap();
        day.loss
    };
    assert!(crash(&coin) > 2_900.0 && crash(&strangle) > 1_000.0, "{}", crash(&strangle));
    assert!(crash(&protected) < 0.3 * crash(&coin), "{}", crash(&protected));
    assert!(protected.days.iter().zip(&coin.days).all(|(a, b)| a.risk.es < b.risk.es));
}

#[test]
fn books_and_plans_are_refused_with_words() {
    for (json, expected) in [
        (r#"{"name":"a","positions":[]}"#, "positions: the book is empty"),
        (
            r#"{"name":"a","positions":[{"underlying":"A","units":1,
                "option":{"type":"put","moneyness":0,"days":1}}]}"#,
            "option.moneyness: 0 is out of range: allowed are 0.01 to 100",
        ),
        (r#"{"name":"a","position":[]}"#, "not a book: position: unknown field"),
    ] {
        let error = Book::from_json(json).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let history = closes();
    let other = Book::unit(Symbol::new("SOL").unwrap());
    let error = plan(Method::Plain).run(&other, &history, None).unwrap_err().to_string();
    assert_eq!(error, "there are no closes of SOL: add its column");
    let coin = Book::unit(Symbol::new("BTC").unwrap());
    let long = Plan { window: 852, ..plan(Method::Plain) };
    let error = long.run(&coin, &history, None).unwrap_err().to_string();
    assert_eq!(error, "854 days of closes are needed, there are 853");
}

/// Counts that nothing can be said of are not rejected.
#[test]
fn no_breaches_at_all_are_too_few_only_after_long() {
    let short = Coverage::new(&Breaches::of(&[false; 50]), 0.025);
    assert!(!short.unconditional.rejected && short.independence.statistic == 0.0);
    let long = Coverage::new(&Breaches::of(&[false; 500]), 0.025);
    assert!(long.unconditional.rejected && long.conditional.rejected);
    let every = Coverage::new(&Breaches::of(&[true; 10]), 0.025);
    assert!(every.unconditional.rejected && every.unconditional.p_value < 1e-9);
}
