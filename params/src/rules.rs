//! Which venues' rules are here: exactly, approximately or not.
//!
//! The table says nothing that a test does not bear out: a rule is exact only where
//! published figures of the venue come out, each shipped model is one, and each case
//! file passes with as many figures as it says. `rules.md` beside `Cargo.toml` is this
//! table.

use std::fmt;

/// How a rule is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Published figures of the venue come out.
    Exact,
    /// At least what the venue asks for, tested against its own rule.
    Conservative,
    /// The venue's formula and numbers; it publishes no figures to hold them to.
    Unchecked,
    /// Known to differ from the venue, as the note says.
    Approximate,
    /// Not here.
    Missing,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::Conservative => "conservative",
            Self::Unchecked => "unchecked",
            Self::Approximate => "approximate",
            Self::Missing => "missing",
        })
    }
}

/// What a rule is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// Published cases: a file of `fixtures` that `zkmargin conformance` runs, and its
    /// figures.
    Cases {
        /// The file.
        file: &'static str,
        /// Its figures.
        figures: usize,
    },
    /// A test of this crate.
    Test {
        /// Its file.
        file: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// Nothing.
    None,
}

/// A rule of a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The venue.
    pub venue: &'static str,
    /// Its rule.
    pub rule: &'static str,
    /// How it is computed natively.
    pub natively: Standing,
    /// How it is proved.
    pub proved: Standing,
    /// What it is held to.
    pub evidence: Evidence,
    /// Shipped models.
    pub models: &'static [&'static str],
    /// What `zkmargin import VENUE` reads.
    pub imports: &'static [&'static str],
    /// What to know of it.
    pub note: &'static str,
}

use Evidence::{Cases, Test};
use Standing::{Approximate, Conservative, Exact, Missing, Unchecked};

/// Nothing of a rule is here.
const fn missing(venue: &'static str, rule: &'static str, note: &'static str) -> Rule {
    let (natively, proved, evidence) = (Missing, Missing, Evidence::None);
    Rule { venue, rule, natively, proved, evidence, models: &[], imports: &[], note }
}

/// Tests of accounts with margins of the venue's own.
const MARGINS: &str = "src/import/tests/margins.rs";

/// The rules, by venue.
pub const RULES: [Rule; 25] = [
    Rule {
        venue: "Hyperliquid",
        rule: "perpetuals, cross and isolated",
        natively: Exact,
        proved: Exact,
        evidence: Test { file: MARGINS, name: "hyperliquids_own_margins_come_out" },
        models: &["hyperliquid"],
        imports: &["account", "margin-tables", "prices"],
        note: "leverages that accounts chose are listed by the model (`market model`); without, \
               initial margin is at the largest",
    },
    Rule {
        venue: "Binance USD-M",
        rule: "single-asset mode, one-way and hedge",
        natively: Exact,
        proved: Exact,
        evidence: Test { file: MARGINS, name: "binances_own_margins_come_out" },
        models: &["binance-usdm"],
        imports: &["account", "brackets", "premium-index"],
        note: "leverages that accounts chose are listed by the model (`market model`); without, \
               initial margin is at the largest",
    },
    Rule {
        venue: "Binance",
        rule: "haircut tiers of collateral",
        natively: Exact,
        proved: Exact,
        evidence: Cases { file: "haircut_tiers.json", figures: 8 },
        models: &["binance-usdm"],
        imports: &[],
        note: "the shipped tiers have the venue's form, not its numbers",
    },
    missing("Binance USD-M", "multi-assets mode", "its accounts are refused"),
    missing("Binance", "portfolio margin", ""),
    Rule {
        venue: "dYdX v4",
        rule: "perpetuals, initial margin that grows with open interest",
        natively: Exact,
        proved: Exact,
        evidence: Cases { file: "dydx_v4_margin.json", figures: 38 },
        models: &["dydx-v4"],
        imports: &["account", "prices"],
        note: "",
    },
    Rule {
        venue: "Aave v3",
        rule: "loan to value and liquidation threshold",
        natively: Conservative,
        proved: Conservative,
        evidence: Test {
            file: "src/market/aave_tests.rs",
            name: "maintenance_here_is_health_there",
        },
        models: &["aave-like"],
        imports: &[],
        note: "up to a basis point more: the venue rounds an average down",
    },
    Rule {
        venue: "Derive",
        rule: "portfolio margin (PMRM_2), one underlying",
        natively: Exact,
        proved: Exact,
        evidence: Cases { file: "pmrm2_cases.json", figures: 880 },
        models: &["derive", "derive-test"],
        imports: &["account"],
        note: "`derive` has the deploy script's numbers, and asks for 22 % of a perpetual where a \
               recorded account is asked for 17.5 %",
    },
    Rule {
        venue: "Derive",
        rule: "portfolio margin over two underlyings",
        natively: Unchecked,
        proved: Unchecked,
        evidence: Evidence::None,
        models: &[],
        imports: &["account"],
        note: "the sum of both, by a set of two underlyings of one's own",
    },
    Rule {
        venue: "Derive",
        rule: "standard margin",
        natively: Exact,
        proved: Exact,
        evidence: Cases { file: "derive_standard.json", figures: 84 },
        models: &["derive-standard"],
        imports: &["account", "markets"],
        note: "`derive-standard` has the deploy script's numbers; strikes of up to five digits and \
               expiries on the hour",
    },
    Rule {
        venue: "Deribit",
        rule: "segregated portfolio margin (S:PM), in coins",
        natively: Exact,
        proved: Exact,
        evidence: Test {
            file: "src/scenario/tests/deribit.rs",
            name: "the_venues_example_comes_out_in_coins",
        },
        models: &["deribit-btc", "deribit-eth"],
        imports: &[],
        note: "up to a net delta of 20 million USD, beyond which the venue adds a charge that is \
               not here; cash and equity are coins",
    },
    Rule {
        venue: "Deribit",
        rule: "segregated portfolio margin (S:PM), in USD",
        natively: Conservative,
        proved: Conservative,
        evidence: Test {
            file: "src/scenario/tests/deribit.rs",
            name: "an_account_that_meets_a_level_here_meets_it_at_the_venue",
        },
        models: &["deribit-btc-approx", "deribit-eth-approx"],
        imports: &["account", "options"],
        note: "without the charge on net deltas beyond 20 million USD",
    },
    Rule {
        venue: "Deribit",
        rule: "cross portfolio margin (X:PM): BTC and ETH in one account",
        natively: Approximate,
        proved: Approximate,
        evidence: Test {
            file: "src/market/scenario/tests/both.rs",
            name: "a_market_of_both_asks_for_the_sum",
        },
        models: &["deribit-cross-approx"],
        imports: &["account"],
        note: "the sum of S:PM of both: the venue lets part of one's profits pay for the other's \
               losses and has a correlation contingency, by rules that are not published",
    },
    Rule {
        venue: "Deribit",
        rule: "standard margin of options",
        natively: Unchecked,
        proved: Unchecked,
        evidence: Test {
            file: "src/market/options/tests.rs",
            name: "integers_are_never_above_the_rule",
        },
        models: &["deribit-standard-approx"],
        imports: &["options"],
        note: "in USD; the form and its numbers, of which another venue that has both publishes an \
               example that comes out; futures are not in it",
    },
    Rule {
        venue: "Paradex",
        rule: "SCAN",
        natively: Unchecked,
        proved: Unchecked,
        evidence: Evidence::None,
        models: &["scan"],
        imports: &[],
        note: "without the provisions for funding and fees",
    },
    Rule {
        venue: "CME",
        rule: "SPAN: scanning loss over published risk arrays",
        natively: Exact,
        proved: Exact,
        evidence: Cases { file: "span_arrays.json", figures: 19 },
        models: &["span-arrays"],
        imports: &[],
        note: "",
    },
    Rule {
        venue: "CME",
        rule: "SPAN: the 16 scenarios by Black's formula",
        natively: Approximate,
        proved: Approximate,
        evidence: Evidence::None,
        models: &["span-16"],
        imports: &[],
        note: "scan ranges are illustrative",
    },
    Rule {
        venue: "CME",
        rule: "SPAN: charge on spreads between months",
        natively: Exact,
        proved: Exact,
        evidence: Cases { file: "span_spreads.json", figures: 6 },
        models: &["span-arrays"],
        imports: &[],
        note: "one charge for all spreads, by composite deltas; not tiers of months with charges of \
               their own",
    },
    Rule {
        venue: "CME",
        rule: "SPAN: short option minimum",
        natively: Unchecked,
        proved: Unchecked,
        evidence: Test {
            file: "src/span.rs",
            name: "short_options_are_asked_for_the_least_charge_where_it_is_more",
        },
        models: &["span-arrays"],
        imports: &[],
        note: "",
    },
    missing("CME", "SPAN: tiers of months, charges for delivery, credits between commodities", ""),
    Rule {
        venue: "Bybit",
        rule: "linear perpetuals in cross margin",
        natively: Approximate,
        proved: Approximate,
        evidence: Test { file: MARGINS, name: "bybits_margin_has_a_fee_in_it" },
        models: &[],
        imports: &["account"],
        note: "the venue's margins have the fee of closing in them; leverages as for Binance",
    },
    Rule {
        venue: "Bybit",
        rule: "short options in cross margin",
        natively: Exact,
        proved: Approximate,
        evidence: Test {
            file: "src/option_margin/bybit.rs",
            name: "the_venues_own_example_comes_out",
        },
        models: &["bybit-options-approx"],
        imports: &[],
        note: "proved at the mark: what an option was sold for beyond it is in the venue's initial \
               margin, and goes into what a portfolio has `reserved`",
    },
    Rule {
        venue: "Bybit",
        rule: "portfolio margin",
        natively: Approximate,
        proved: Approximate,
        evidence: Test {
            file: "src/scenario/tests/venues.rs",
            name: "bybits_grid_and_charge_by_hand",
        },
        models: &["bybit-pm-approx"],
        imports: &[],
        note: "the grid and a charge on short options, with numbers of our own where the venue's \
               are by coin; no spread charges; its accounts are refused",
    },
    Rule {
        venue: "OKX",
        rule: "linear swaps and futures, futures and multi-currency modes",
        natively: Unchecked,
        proved: Unchecked,
        evidence: Test { file: MARGINS, name: "okxs_margins_are_over_the_leverage_chosen" },
        models: &[],
        imports: &["account"],
        note: "tiers of one's own, with the leverages that accounts chose (`market model`)",
    },
    Rule {
        venue: "OKX",
        rule: "portfolio margin (risk units)",
        natively: Approximate,
        proved: Approximate,
        evidence: Test { file: "src/scenario/tests/venues.rs", name: "okxs_moves_by_hand" },
        models: &["okx-pm-approx"],
        imports: &["account"],
        note: "MR1, MR6 and the tiers of MR7 as published, MR4 in another form; what MR7 is of and \
               how far volatilities move is our own; none of the others, of which no formula was \
               found",
    },
];

/// What the words mean, in Markdown.
const LEGEND: &str = "\
*exact*: published figures of the venue come out, and a test holds them. *conservative*: never less \
than the venue, tested against its own rule. *unchecked*: the venue's formula and numbers, of which it \
publishes no figures. *approximate*: known to differ, as said. *missing*: not here.";

/// The rules as a Markdown table, with what its words mean.
pub fn table() -> String {
    let mut text = String::from(
        "| venue | rule | natively | proved | held to | shipped models | `import` reads | note |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for rule in &RULES {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            rule.venue,
            rule.rule,
            rule.natively,
            rule.proved,
            rule.evidence,
            code(rule.models),
            code(rule.imports),
            rule.note,
        ));
    }
    format!("{text}\n{LEGEND}\n")
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cases { file, figures } => write!(f, "{figures} figures, `{file}`"),
            Self::Test { name, .. } => write!(f, "test `{name}`"),
            Self::None => Ok(()),
        }
    }
}

fn code(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::conformance::{Options, accounts, run_file};
    use crate::model::AnyModel;

    fn file(path: &str) -> String {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    }

    #[test]
    fn what_is_exact_is_held_to_published_figures() {
        for rule in &RULES {
            let tested = [rule.natively, rule.proved]
                .iter()
                .any(|standing| matches!(standing, Exact | Conservative));
            match rule.evidence {
                Cases { file: name, figures } => {
                    let json = file(&format!("fixtures/{name}"));
                    let report = run_file(&json, Options::default()).unwrap();
                    assert!(report.passed(), "{name}");
                    assert_eq!(report.figures.len(), figures, "{name}");
                    // What is proved has accounts for the circuit, and only that.
                    assert_eq!(accounts(&json).is_ok(), rule.proved == Exact, "{name}");
                }
                Test { file: path, name } => {
                    let source = file(path);
                    assert!(source.contains(&format!("fn {name}(")), "{path}: {name}");
                }
                Evidence::None => assert!(!tested, "{}: {}", rule.venue, rule.rule),
            }
            // Nothing is proved that is not computed.
            assert!(rule.natively != Missing || rule.proved == Missing, "{}", rule.rule);
        }
    }

    #[test]
    fn every_model_with_a_venues_name_is_in_the_table() {
        let listed: BTreeSet<_> = RULES.iter().flat_map(|rule| rule.models).copied().collect();
        let shipped: BTreeSet<_> = AnyModel::names().collect();
        assert!(listed.is_subset(&shipped), "{:?}", listed.difference(&shipped));
        // Models of nobody's: rules of our own.
        let own =
            ["dynamic", "filtered-es", "historical-es", "monte-carlo-es", "span-dynamic", "var-99"];
        let left: Vec<_> = shipped.difference(&listed).copied().collect();
        assert_eq!(left, own);
        // A venue's name alone is for what is exact.
        for rule in RULES.iter().filter(|rule| rule.proved == Conservative) {
            let marked = |name: &&str| name.ends_with("-approx") || name.ends_with("-like");
            assert!(rule.models.iter().all(marked), "{}", rule.venue);
        }
    }

    #[test]
    fn the_page_is_the_table() {
        let page = file("rules.md");
        let (before, rest) = page.split_once("<!-- rules -->\n").unwrap();
        let (written, after) = rest.split_once("<!-- /rules -->").unwrap();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules.md");
            let text = format!("{before}<!-- rules -->\n{}<!-- /rules -->{after}", table());
            return fs::write(path, text).unwrap();
        }
        assert_eq!(written, table(), "run again with UPDATE_GOLDEN=1");
    }
}
