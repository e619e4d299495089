//! A limit on accounts that become liquidatable within a window: 1500 to 1799, 1800 to 2099.

use zkmargin_verifier::engine::PolicyParams;

use super::{Scenario, Step, breached, scenario, step};
use crate::common::*;

/// One account in 300 seconds.
fn limited(scenario: Scenario) -> Scenario {
    let policy = PolicyParams { max_liquidations: 1, ..scenario.policy };
    Scenario { policy, ..scenario }
}

/// Account 1 past its deadline at 1500, and called still.
fn waiting(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let last = step(1500, posted(7, 1500), "epoch-posted", "1500 called 1450");
    breached([last].into_iter().chain(steps))
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let all = [
        scenario(
            "liquidation-when-marked",
            "Under a limit an account is liquidatable once it is marked.",
            waiting([
                step(1500, reinstate(1), "!not-liquidatable", "1500 called 1450"),
                step(1500, mark(1), "liquidatable", "1500 liquidatable 1450"),
                step(1500, mark(1), "!account-liquidatable", "1500 liquidatable 1450"),
                step(1510, reinstate(1), "reinstated", "1510 unproven 1810"),
            ]),
        ),
        scenario(
            "liquidation-limit",
            "What exceeds the limit stays called until the next window.",
            waiting([
                step(1500, register(2), "registered", "1500 called 1450"),
                step(1500, breach(2, 7), "called", "1500 called 1450"),
                step(1600, posted(8, 1600), "epoch-posted", "1600 called 1450"),
                step(1700, posted(9, 1700), "epoch-posted", "1700 called 1450"),
                step(1800, posted(10, 1800), "epoch-posted", "1800 called 1450"),
                step(1900, posted(11, 1900), "epoch-posted", "1900 called 1450"),
                step(1900, mark(2), "!not-liquidatable", "1900 called 1450"),
                step(1901, mark(1), "liquidatable", "1901 liquidatable 1450"),
                step(1901, mark(2), "!liquidation-limit", "1901 liquidatable 1450"),
                step(2000, posted(12, 2000), "epoch-posted", "2000 liquidatable 1450"),
                step(2099, mark(2), "!liquidation-limit", "2099 liquidatable 1450"),
                step(2100, posted(13, 2100), "epoch-posted", "2100 liquidatable 1450"),
                step(2100, mark(2), "liquidatable", "2100 liquidatable 1450"),
            ]),
        ),
        scenario(
            "no-escape-while-it-waits",
            "Whose deadline passed neither escapes nor stops its clock, marked or not.",
            waiting([
                step(1500, request_path(1), "!account-liquidatable", "1500 called 1450"),
                step(50_000, escape(1), "!account-liquidatable", "1600 called 1450"),
                step(50_000, mark(1), "liquidatable", "1600 liquidatable 1450"),
            ]),
        ),
        scenario(
            "worse-while-it-waits",
            "A breach of an account that waits is on record, and its deadline has passed still.",
            waiting([
                step(1500, breach(1, 7), "call-refined", "1500 called 1450"),
                step(1500, cure(1, 7), "!too-old-to-cure", "1500 called 1450"),
                step(1500, mark(1), "liquidatable", "1500 liquidatable 1450"),
            ]),
        ),
        scenario(
            "closed-while-it-waits",
            "What closes an account that waits is no liquidation.",
            waiting([
                step(1500, close(1), "closed", "1500 closed"),
                step(1500, mark(1), "!account-closed", "1500 closed"),
            ]),
        ),
        scenario(
            "cured-while-it-waits",
            "An account that waits to be marked can still be cured.",
            waiting([step(1500, cure(1, 7), "cured", "1500 current 2500")]),
        ),
    ];
    all.into_iter().map(limited).collect()
}
