//! How old prices may be, and periods as they are written.

use zkmargin_margin::ids::Timestamp;
use zkmargin_prover::freshness::{Freshness, NotFresh, parse_period};

const NOW: u64 = 1_764_000_000;
const RULE: Freshness = Freshness { max_age: 900, max_ahead: 15 };

fn check(taken: u64) -> Result<u64, NotFresh> {
    RULE.check(Timestamp::new(taken), NOW)
}

#[test]
fn ages_count_up_to_the_largest() {
    assert_eq!(check(NOW), Ok(0));
    assert_eq!(check(NOW - 900), Ok(900));
    let stale = |taken, age| Err(NotFresh::Stale { taken, age, max_age: 900 });
    assert_eq!(check(NOW - 901), stale(NOW - 901, 901));
    assert_eq!(check(0), stale(0, NOW));
}

#[test]
fn the_future_is_not_fresh_beyond_the_tolerance() {
    assert_eq!(check(NOW + 15), Ok(0));
    let future = |taken, ahead| Err(NotFresh::Future { taken, ahead, max_ahead: 15 });
    assert_eq!(check(NOW + 16), future(NOW + 16, 16));
    // A time in milliseconds, and the largest.
    assert_eq!(check(NOW * 1_000), future(NOW * 1_000, NOW * 999));
    assert_eq!(check(u64::MAX), future(u64::MAX, u64::MAX - NOW));
}

#[test]
fn periods_have_units_and_whole_seconds() {
    for (text, seconds) in [("15m", 900), ("900s", 900), ("1h 30m", 5_400), ("2000ms", 2)] {
        assert_eq!(parse_period(text), Ok(seconds), "{text}");
    }
    for text in ["", "900", "0", "-1s", "1.5s", "1500ms", "soon", "99999999999999999999s"] {
        assert!(parse_period(text).is_err(), "{text}");
    }
}
