//! Prices that jump.

use zkmargin_margin::ids::Epoch;
use zkmargin_verifier::engine::{Action, EpochPost};

use super::{Scenario, Step, current, scenario, step};
use crate::common::*;

fn confirmed() -> Scenario {
    let other_root = Action::Resume { epoch: Epoch::new(3), market_root: market_root(2) };
    scenario(
        "price-jump-confirmed",
        "Moves above the limit halt and quarantine the epoch; whoever resumes names the latest epoch and confirms it.",
        current([
            step(1010, jump(2, 1010, 2_000), "epoch-posted", "1010 current 2000"),
            step(1020, jump(3, 1020, 2_000), "epoch-posted+halted", "1020 current 2000"),
            step(1030, breach(1, 3), "!halted", "1020 current 2000"),
            step(1030, prove(1, 3), "!halted", "1020 current 2000"),
            step(1030, prove(1, 2), "!halted", "1020 current 2000"),
            step(1040, resume(2), "!wrong-confirmation", "1020 current 2000"),
            step(1040, other_root, "!wrong-confirmation", "1020 current 2000"),
            step(1040, resume(3), "resumed", "1020 current 2000"),
            step(1040, resume(3), "!not-halted", "1020 current 2000"),
            step(1040, breach(1, 3), "called", "1020 called 1420"),
            step(1050, jump(4, 1050, 2_000), "epoch-posted", "1030 called 1420"),
        ]),
    )
}

fn follows() -> Scenario {
    let against_quarantined = EpochPost { reference: Epoch::new(2), ..post(3, 1030) };
    scenario(
        "quarantine-follows-quarantine",
        "After a jump every epoch waits for the guardian, however small its move; only the latest is confirmed.",
        current([
            step(1020, jump(2, 1020, 9_000), "epoch-posted+halted", "1020 current 2000"),
            step(
                1030,
                Action::PostEpoch(against_quarantined),
                "!wrong-reference",
                "1020 current 2000",
            ),
            step(1030, posted(3, 1030), "epoch-posted", "1020 current 2000"),
            step(1040, prove(1, 3), "!halted", "1020 current 2000"),
            step(1040, resume(3), "resumed", "1020 current 2000"),
            step(1040, prove(1, 2), "!epoch-quarantined", "1020 current 2000"),
            step(1040, breach(1, 2), "!epoch-quarantined", "1020 current 2000"),
            step(1050, prove(1, 3), "proof-accepted", "1030 current 2020"),
        ]),
    )
}

/// Twelve posts that each fall by a fifth, a second apart.
fn twelve_drops() -> Scenario {
    let mut steps: Vec<Step> = current([
        step(1001, jump(2, 1001, 2_000), "epoch-posted", "1001 current 2000"),
        step(1002, jump(3, 1002, 2_000), "epoch-posted+halted", "1002 current 2000"),
    ]);
    steps.extend((4..=13).map(|epoch| {
        let now = 999 + epoch;
        step(now, jump(epoch, now, 2_000), "epoch-posted", "1002 current 2000")
    }));
    steps.push(step(1012, breach(1, 13), "!halted", "1002 current 2000"));
    scenario(
        "twelve-drops-in-twelve-seconds",
        "Moves that are each within the limit halt together: the second one is above it.",
        steps,
    )
}

fn rolling() -> Scenario {
    scenario(
        "breaker-window",
        "Moves compound over the buckets of the window, which roll by whole lengths; what is older than two of them is forgotten.",
        vec![
            step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
            step(1010, jump(2, 1010, 1_500), "epoch-posted", "1010 unregistered"),
            step(1299, jump(3, 1299, 400), "epoch-posted", "1110 unregistered"),
            step(1300, jump(4, 1300, 30), "epoch-posted", "1111 unregistered"),
            step(1600, jump(5, 1600, 1_900), "epoch-posted", "1211 unregistered"),
            step(2200, jump(6, 2200, 2_000), "epoch-posted", "1311 unregistered"),
            step(2201, jump(7, 2201, 1), "epoch-posted+halted", "1312 unregistered"),
        ],
    )
}

fn bucket_before() -> Scenario {
    scenario(
        "breaker-window-before",
        "A move of the bucket before counts to the last second of the present one.",
        vec![
            step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
            step(1010, jump(2, 1010, 1_500), "epoch-posted", "1010 unregistered"),
            step(1599, jump(3, 1599, 1_000), "epoch-posted+halted", "1110 unregistered"),
        ],
    )
}

fn per_post() -> Scenario {
    let mut scenario = scenario(
        "breaker-without-a-window",
        "With a window of 0 every epoch counts for itself.",
        current([
            step(1010, jump(2, 1010, 2_000), "epoch-posted", "1010 current 2000"),
            step(1010, jump(3, 1010, 2_000), "epoch-posted", "1010 current 2000"),
            step(1011, jump(4, 1011, 2_001), "epoch-posted+halted", "1011 current 2000"),
        ]),
    );
    scenario.policy.breaker_window = 0;
    scenario
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        confirmed(),
        follows(),
        twelve_drops(),
        rolling(),
        bucket_before(),
        per_post(),
        scenario(
            "first-epoch-needs-no-confirmation",
            "There is nothing that the first epoch's move could be measured against.",
            vec![step(1000, jump(1, 1000, u32::MAX), "epoch-posted", "1000 unregistered")],
        ),
        scenario(
            "price-jump-during-a-pause",
            "A jump while paused is quarantined like any other; one resume ends both.",
            current([
                step(1010, pause(2000), "halted", "1010 current 2000"),
                step(1020, jump(2, 1020, 5_000), "epoch-posted+halted", "1010 current 2000"),
                step(1020, prove(1, 2), "!halted", "1010 current 2000"),
                step(1030, resume(2), "resumed", "1010 current 2000"),
                step(1030, prove(1, 2), "proof-accepted", "1010 current 2010"),
            ]),
        ),
        scenario(
            "price-jump-outlives-a-pause",
            "The end of a pause does not confirm prices.",
            current([
                step(1010, pause(1100), "halted", "1010 current 2000"),
                step(1020, jump(2, 1020, 5_000), "epoch-posted+halted", "1010 current 2000"),
                step(1101, prove(1, 2), "!halted", "1010 current 2000"),
                step(1101, resume(2), "resumed", "1010 current 2000"),
                step(1102, prove(1, 2), "proof-accepted", "1011 current 2010"),
            ]),
        ),
    ]
}
