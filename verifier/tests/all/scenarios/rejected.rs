//! Epochs that the guardian rejects, and what rested on them.

use zkmargin_margin::ids::Epoch;
use zkmargin_verifier::engine::Action;

use super::{Scenario, called, current, expired, scenario, silent, step};
use crate::common::*;

fn current_falls_back() -> Scenario {
    let other_root = Action::RejectEpoch { epoch: Epoch::new(2), market_root: market_root(1) };
    scenario(
        "rejected-epoch-of-a-proof",
        "Who proved in a rejected epoch is unproven, with a whole window; the clock stands still until another is posted.",
        current([
            step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
            step(1010, prove(1, 2), "proof-accepted", "1010 current 2010"),
            step(1020, reject(3), "!unknown-epoch", "1020 current 2010"),
            step(1020, other_root, "!wrong-market-root", "1020 current 2010"),
            step(1020, reject(2), "epoch-rejected", "1020 unproven 2020"),
            step(1020, reject(2), "!epoch-rejected", "1020 unproven 2020"),
            step(1030, prove(1, 2), "!epoch-rejected", "1020 unproven 2020"),
            step(1030, breach(1, 2), "!epoch-rejected", "1020 unproven 2020"),
            step(1030, prove(1, 1), "!replayed", "1020 unproven 2020"),
            step(1030, overdue(1), "!not-overdue", "1020 unproven 2020"),
            step(1040, posted(3, 1040), "epoch-posted", "1020 unproven 2020"),
            step(1050, prove(1, 3), "proof-accepted", "1030 current 2020"),
        ]),
    )
}

fn calls_fall_back() -> Vec<Scenario> {
    vec![
        scenario(
            "rejected-epoch-of-a-call",
            "A call for a breach in a rejected epoch is no more.",
            called([
                step(1060, reject(2), "epoch-rejected", "1060 unproven 2060"),
                step(1070, cure(1, 2), "!not-called", "1060 unproven 2060"),
                step(1070, posted(3, 1070), "epoch-posted", "1060 unproven 2060"),
                step(1070, prove(1, 3), "proof-accepted", "1060 current 2060"),
            ]),
        ),
        scenario(
            "rejected-epoch-of-an-overdue-call",
            "A call for silence names the epoch that could have been answered in: rejected, it is no more.",
            silent([
                step(2001, overdue(1), "called", "2001 called 2301"),
                step(2002, reject(11), "epoch-rejected", "2002 unproven 3002"),
                step(2002, overdue(1), "!not-overdue", "2002 unproven 3002"),
            ]),
        ),
        scenario(
            "rejected-epoch-of-a-passed-deadline",
            "A passed deadline that is not on record goes with the epoch of its call.",
            expired([
                step(1500, reject(2), "epoch-rejected", "1500 unproven 2500"),
                step(1500, mark(1), "!not-liquidatable", "1500 unproven 2500"),
                step(1510, prove(1, 7), "proof-accepted", "1510 current 2500"),
            ]),
        ),
        scenario(
            "rejected-epoch-of-a-recorded-deadline",
            "A passed deadline on record goes with the epoch of its call too.",
            expired([
                step(1500, mark(1), "liquidatable", "1500 liquidatable 1450"),
                step(1500, reject(2), "epoch-rejected", "1500 unproven 2500"),
                step(1500, reinstate(1), "!not-liquidatable", "1500 unproven 2500"),
                step(1500, close(1), "closed", "1500 closed"),
            ]),
        ),
    ]
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = calls_fall_back();
    all.extend([
        current_falls_back(),
        scenario(
            "rejected-epoch-before-the-latest",
            "An earlier epoch is rejected without stopping the clock.",
            current([
                step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                step(1020, reject(1), "epoch-rejected", "1020 unproven 2020"),
                step(1030, prove(1, 2), "proof-accepted", "1030 current 2010"),
            ]),
        ),
        scenario(
            "rejected-while-quarantined",
            "A quarantined epoch that is rejected cannot be confirmed; the next one can.",
            current([
                step(1020, jump(2, 1020, 9_000), "epoch-posted+halted", "1020 current 2000"),
                step(1030, reject(2), "epoch-rejected", "1020 current 2000"),
                step(1030, resume(1), "!wrong-confirmation", "1020 current 2000"),
                step(1030, resume(2), "!epoch-rejected", "1020 current 2000"),
                step(1040, posted(3, 1040), "epoch-posted", "1020 current 2000"),
                step(1050, resume(3), "resumed", "1020 current 2000"),
                step(1060, prove(1, 3), "proof-accepted", "1030 current 2020"),
            ]),
        ),
        scenario(
            "rejected-during-a-pause",
            "A pause cannot be ended on a rejected epoch.",
            current([
                step(1010, pause(2000), "halted", "1010 current 2000"),
                step(1020, reject(1), "epoch-rejected", "1010 unproven 2010"),
                step(1020, resume(1), "!epoch-rejected", "1010 unproven 2010"),
                step(1030, posted(2, 1030), "epoch-posted", "1010 unproven 2010"),
                step(1030, resume(2), "resumed", "1010 unproven 2010"),
                step(1040, prove(1, 2), "proof-accepted", "1020 current 2010"),
            ]),
        ),
        scenario(
            "rejection-keeps-the-reference",
            "The next epoch's move is measured against the rejected one: it shows the jump back, and waits for the guardian.",
            current([
                step(1010, jump(2, 1010, 1_500), "epoch-posted", "1010 current 2000"),
                step(1020, reject(2), "epoch-rejected", "1020 current 2000"),
                step(1030, jump(3, 1030, 1_500), "epoch-posted+halted", "1020 current 2000"),
                step(1040, resume(3), "resumed", "1020 current 2000"),
            ]),
        ),
        scenario(
            "no-overdue-call-on-a-rejected-epoch",
            "Who could not prove in the latest epoch is not called.",
            silent([
                step(2001, posted(12, 2001), "epoch-posted", "2001 current 2000"),
                step(2001, reject(12), "epoch-rejected", "2001 current 2000"),
                step(2002, overdue(1), "!epoch-rejected", "2001 current 2000"),
                step(2010, posted(13, 2010), "epoch-posted", "2001 current 2000"),
                step(2010, overdue(1), "called", "2001 called 2301"),
            ]),
        ),
    ]);
    all
}
