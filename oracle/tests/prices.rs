//! What counts towards a price, and what refuses it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Package, node, payload};
use zkmargin_oracle::{PriceError, Sources, snapshot, verify};

const TIME: u64 = 1_744_829_680_000;
const STORK: &str = include_str!("../fixtures/stork.json");

fn sources(least: usize, rest: &str) -> Sources {
    let nodes: Vec<_> = (1..=3).map(|number| format!("\"{}\"", node(number).1)).collect();
    format!(
        "version = 1\nquote = \"USD\"\nleast_oracles = {least}\nmax_spread = \"0.01\"\n\
         max_age_seconds = 60\n[oracles.redstone]\nthreshold = 2\nsigners = [{}]\n\
         [oracles.stork]\nthreshold = 1\n\
         signers = [\"0xC4A02e7D370402F4afC36032076B05e74FF81786\"]\n{rest}",
        nodes.join(", ")
    )
    .parse()
    .unwrap()
}

fn package(node: u8, value: u64, time: u64) -> Package {
    Package { node, feed: "BTC", value, time }
}

const ALONE: &str = "[prices.BTC]\nredstone = \"BTC\"";
const BOTH: &str = "[prices.BTC]\nredstone = \"BTC\"\nstork = \"POSITIVE_ASSET_1\"";

#[test]
fn the_median_of_those_who_count_is_kept_with_its_reports_and_made_again() {
    let sources = sources(1, ALONE);
    // A stranger's price does not count, whatever it is.
    let packages = [
        package(1, 10_000_000_000, TIME),
        package(2, 10_400_000_000, TIME + 5),
        package(9, 1, TIME),
        package(3, 10_100_000_000, TIME + 9),
    ];
    let (made, priced) = snapshot(&sources, &[payload(&packages)]).unwrap();
    assert_eq!(made.prices().values().next().unwrap().price.to_string(), "101");
    assert_eq!(priced[0].readings[0].signers, 3);
    // The oldest report's time.
    assert_eq!(made.timestamp().get(), TIME / 1000);
    let kept = zkmargin_params::snapshot::Snapshot::from_json(&made.to_json()).unwrap();
    assert_eq!(verify(&sources, &kept).unwrap(), priced);

    for (from, to) in [
        ("\"price\": \"101\"", "\"price\": \"102\""),
        ("\"timestamp\": 1744829680", "\"timestamp\": 1744829681"),
        ("\"quote\": \"USD\"", "\"quote\": \"USDC\""),
    ] {
        assert!(made.to_json().contains(from), "{from}");
        let changed = made.to_json().replace(from, to);
        let changed = zkmargin_params::snapshot::Snapshot::from_json(&changed).unwrap();
        let error = verify(&sources, &changed).unwrap_err();
        assert!(matches!(error, PriceError::Differs { .. } | PriceError::Head { .. }), "{error}");
    }
    let bare = kept.with_reports(Vec::new());
    assert!(matches!(verify(&sources, &bare), Err(PriceError::NoReports)));
}

#[test]
fn too_few_signers_or_oracles_are_named() {
    let reports = [payload(&[package(1, 10_000_000_000, TIME)])];
    let error = snapshot(&sources(1, ALONE), &reports).unwrap_err().to_string();
    assert_eq!(
        error,
        "BTC: 0 of the 1 oracles that a price needs: redstone has 1 of 2 signers for BTC"
    );
    // The same signer twice is one.
    let reports = [payload(&[package(1, 10_000_000_000, TIME), package(1, 10_000_000_000, TIME)])];
    assert!(matches!(snapshot(&sources(1, ALONE), &reports), Err(PriceError::TooFew { .. })));
    let reports = [STORK.to_owned()];
    let error = snapshot(&sources(2, BOTH), &reports).unwrap_err().to_string();
    assert!(error.starts_with("BTC: 1 of the 2 oracles"), "{error}");
}

#[test]
fn oracles_apart_in_price_or_time_are_refused() {
    let at = |value, time| {
        [payload(&[package(1, value, time), package(2, value, time)]), STORK.to_owned()]
    };
    let sources = sources(2, BOTH);
    let time = 1_757_543_080_000;
    let (made, _) = snapshot(&sources, &at(10_001_000_000_000, time)).unwrap();
    // Stork's newest of two is 100,004.
    assert_eq!(made.prices().values().next().unwrap().price.to_string(), "100007");
    let apart = snapshot(&sources, &at(10_200_000_000_000, time));
    assert!(matches!(apart, Err(PriceError::Spread { .. })));
    for time in [time - 70_000, time + 70_000] {
        let apart = snapshot(&sources, &at(10_001_000_000_000, time));
        assert!(matches!(apart, Err(PriceError::Stale { .. })));
    }
}

/// A signer who counts can say what it likes: it refuses the price, and no more.
#[test]
fn prices_far_apart_are_refused() {
    let far = |value, time| [payload(&[package(1, value, time), package(2, value, time)])];
    let sources = sources(2, BOTH);
    let time = 1_757_543_080_000;
    for value in [1, u64::MAX] {
        let reports = [far(value, time)[0].clone(), STORK.to_owned()];
        assert!(matches!(snapshot(&sources, &reports), Err(PriceError::Spread { .. })));
    }
}

#[test]
fn a_newer_report_of_a_signer_counts_and_two_of_one_time_do_not() {
    let older = payload(&[package(1, 9_000_000_000, TIME), package(2, 9_000_000_000, TIME)]);
    let newer =
        payload(&[package(1, 9_100_000_000, TIME + 1), package(2, 9_100_000_000, TIME + 1)]);
    for reports in [[older.clone(), newer.clone()], [newer.clone(), older.clone()]] {
        let (made, _) = snapshot(&sources(1, ALONE), &reports).unwrap();
        assert_eq!(made.prices().values().next().unwrap().price.to_string(), "91");
    }
    let other = payload(&[package(1, 8_900_000_000, TIME)]);
    let error = snapshot(&sources(1, ALONE), &[older, other]).unwrap_err();
    assert!(matches!(error, PriceError::Equivocation { .. }));
}

#[test]
fn files_of_sources_that_ask_for_nothing_are_refused() {
    let good = "version = 1\nquote = \"USD\"\nleast_oracles = 1\nmax_spread = \"0\"\n\
        max_age_seconds = 1\n[oracles.stork]\nthreshold = 1\n\
        signers = [\"0xC4A02e7D370402F4afC36032076B05e74FF81786\"]\n[prices.BTC]\nstork = \"X\"";
    assert!(good.parse::<Sources>().is_ok());
    for (from, to, told) in [
        ("version = 1", "version = 2", "version: 2"),
        ("least_oracles = 1", "least_oracles = 0", "least_oracles: 0"),
        ("least_oracles = 1", "least_oracles = 2", "prices.BTC names 1 oracles"),
        ("\"0\"", "\"1.1\"", "max_spread: \"1.1\""),
        ("threshold = 1", "threshold = 0", "oracles.stork.threshold: 0"),
        ("threshold = 1", "threshold = 2", "oracles.stork.threshold: 2"),
        ("stork = \"X\"", "pyth = \"X\"", "prices.BTC.pyth"),
        ("[prices.BTC]\nstork = \"X\"", "[prices]", "prices: at least one"),
        ("0xC4A0", "0xC4", "a signer is an address"),
        ("max_age_seconds = 1", "max_age = 1", "unknown field"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = good.replace(from, to).parse::<Sources>().unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    }
}
