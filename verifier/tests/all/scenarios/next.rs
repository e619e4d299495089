//! Changes that an account said, and how they are shown.

use zkmargin_margin::claim::Level::{Initial, Maintenance, MarginCall};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::engine::{Action, ChangeData, PolicyParams, nothing};

use super::{Scenario, Step, called, current, look, scenario, silent, step, submit};
use crate::common::*;

/// Two further epochs to show a change in.
fn with_changes(scenario: Scenario) -> Scenario {
    let policy = PolicyParams { change_epochs: 2, ..scenario.policy };
    Scenario { policy, ..scenario }
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = vec![scenario(
        "changes-not-taken",
        "A policy without change_epochs takes no changes.",
        current([
            step(1010, change(1, 1, HEALTHY, 1), "!changes-not-taken", "1010 current 2000"),
            step(1010, show(1, 1, HEALTHY, 1), "!no-change-open", "1010 current 2000"),
        ]),
    )];
    let taken = shown().into_iter().chain(refused()).chain(calls()).chain(own());
    all.extend(taken.map(with_changes));
    all
}

/// Account 1 current, and a change from epoch 1 on record.
fn changed(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let first = step(1010, change(1, 1, HEALTHY, 1), "change-accepted", "1010 current 2000");
    current([first].into_iter().chain(steps))
}

fn shown() -> Vec<Scenario> {
    vec![
        scenario(
            "change-shown",
            "Until a later epoch is shown to hold what the change said, no proof counts and no risk is taken; then the account is proved.",
            changed([
                step(1010, change(1, 1, HEALTHY, 1), "", "1010 current 2000"),
                step(1010, prove(1, 1), "!change-open", "1010 current 2000"),
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000").asks(
                    Maintenance,
                    100,
                    false,
                    "1000 50 provable",
                ),
                step(1050, prove(1, 2), "!change-open", "1050 current 2000"),
                step(1050, submit(claim(1, 2, SAFE)), "!change-open", "1050 current 2000"),
                step(1060, show(1, 2, HEALTHY, 2), "!wrong-next", "1060 current 2000"),
                step(1060, show(1, 1, HEALTHY, 1), "!replayed", "1060 current 2000"),
                step(
                    1060,
                    show(1, 2, HEALTHY, 1),
                    "change-shown+proof-accepted",
                    "1060 current 2050",
                )
                .asks(Maintenance, 100, true, "1050 10 provable"),
                step(1060, show(1, 2, HEALTHY, 1), "!no-change-open", "1060 current 2050"),
                step(1060, prove(1, 2), "", "1060 current 2050"),
                step(1070, submit(claim(1, 2, SAFE)), "proof-accepted", "1070 current 2050"),
            ]),
        ),
        scenario(
            "change-of-something-shows-nothing",
            "Only a change of nothing shows which commitment is in the tree.",
            changed([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(
                    1060,
                    Action::ShowChange {
                        change: ChangeData::new(claim(1, 2, HEALTHY), next(1), state_root(9)),
                    },
                    "!wrong-next",
                    "1060 current 2000",
                ),
            ]),
        ),
        scenario(
            "two-changes-in-an-epoch",
            "Both start from one portfolio: the second takes the place of the first. In a later epoch the first must be shown before.",
            changed([
                step(1020, change(1, 1, SAFE, 2), "change-accepted", "1020 current 2000"),
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1050, change(1, 2, HEALTHY, 3), "!change-open", "1050 current 2000"),
                step(1060, show(1, 2, HEALTHY, 1), "!wrong-next", "1060 current 2000"),
                step(
                    1060,
                    show(1, 2, HEALTHY, 2),
                    "change-shown+proof-accepted",
                    "1060 current 2050",
                ),
                step(1070, change(1, 2, HEALTHY, 3), "change-accepted", "1070 current 2050"),
                step(1100, posted(3, 1100), "epoch-posted", "1100 current 2050"),
                step(1100, show(1, 3, SAFE, 3), "change-shown+proof-accepted", "1100 current 2100"),
            ]),
        ),
        scenario(
            "change-expires",
            "When more than two further epochs were posted and none was shown to hold the change, it expires on record, and other commitments count again.",
            changed([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1100, posted(3, 1100), "epoch-posted", "1100 current 2000"),
                step(1100, expire(1), "!change-not-expired", "1100 current 2000"),
                step(1150, posted(4, 1150), "epoch-posted", "1150 current 2000"),
                step(1150, prove(1, 4), "!change-open", "1150 current 2000"),
                step(1150, change(1, 4, SAFE, 2), "!change-open", "1150 current 2000").asks(
                    Maintenance,
                    200,
                    false,
                    "1000 150 provable",
                ),
                step(1150, expire(1), "change-expired", "1150 current 2000").asks(
                    Maintenance,
                    200,
                    true,
                    "1000 150 provable",
                ),
                step(1150, expire(1), "!no-change-open", "1150 current 2000"),
                step(1150, show(1, 4, HEALTHY, 1), "!no-change-open", "1150 current 2000"),
                step(1150, prove(1, 4), "proof-accepted", "1150 current 2150"),
            ]),
        ),
        scenario(
            "change-shown-late",
            "What could expire and did not can be shown; an unproven account may change.",
            vec![
                step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
                step(1000, expire(1), "!not-registered", "1000 unregistered"),
                step(1000, register(1), "registered", "1000 unproven 2000"),
                step(1000, expire(1), "!no-change-open", "1000 unproven 2000"),
                step(1010, change(1, 1, SAFE, 1), "change-accepted", "1010 unproven 2000"),
                step(1050, posted(2, 1050), "epoch-posted", "1050 unproven 2000"),
                step(1100, posted(3, 1100), "epoch-posted", "1100 unproven 2000"),
                step(1150, posted(4, 1150), "epoch-posted", "1150 unproven 2000"),
                step(1150, show(1, 4, SAFE, 1), "change-shown+proof-accepted", "1150 current 2150"),
            ],
        ),
    ]
}

fn refused() -> Vec<Scenario> {
    vec![
        scenario(
            "change-refusals",
            "Who may change: a registered account under no call, from the latest epoch, to the level that is required.",
            vec![
                step(1000, change(1, 1, HEALTHY, 1), "!not-registered", "1000 unregistered"),
                step(1000, show(1, 1, HEALTHY, 1), "!not-registered", "1000 unregistered"),
                step(1000, register(1), "registered", "1000 unproven 2000"),
                step(1000, change(1, 1, HEALTHY, 1), "!unknown-epoch", "1000 unproven 2000"),
                step(1000, posted(1, 1000), "epoch-posted", "1000 unproven 2000"),
                step(1050, posted(2, 1050), "epoch-posted", "1050 unproven 2000"),
                step(1050, change(1, 1, HEALTHY, 1), "!change-not-latest", "1050 unproven 2000"),
                step(1050, change(1, 2, BREACH, 1), "!wrong-side", "1050 unproven 2000"),
                step(
                    1050,
                    change(1, 2, "at-least:margin-call", 1),
                    "!level-too-low",
                    "1050 unproven 2000",
                ),
                step(1050, pause(1100), "halted", "1050 unproven 2000"),
                step(1060, change(1, 2, HEALTHY, 1), "!halted", "1050 unproven 2000"),
                step(1060, resume(2), "resumed", "1050 unproven 2000"),
                step(1060, change(1, 2, HEALTHY, 1), "change-accepted", "1050 unproven 2000"),
                step(1070, pause(1100), "halted", "1060 unproven 2000"),
                step(1080, posted(3, 1080), "epoch-posted", "1060 unproven 2000"),
                step(1080, show(1, 3, HEALTHY, 1), "!halted", "1060 unproven 2000"),
                step(1080, resume(3), "resumed", "1060 unproven 2000"),
                step(
                    1080,
                    show(1, 3, "at-least:margin-call", 1),
                    "!level-too-low",
                    "1060 unproven 2000",
                ),
                step(1080, show(1, 4, HEALTHY, 1), "!unknown-epoch", "1060 unproven 2000"),
                step(1090, close(1), "closed", "1070 closed"),
                step(1090, change(1, 3, HEALTHY, 1), "!account-closed", "1070 closed"),
                step(1090, show(1, 3, HEALTHY, 1), "!account-closed", "1070 closed"),
                step(1090, register(1), "registered", "1070 unproven 2070"),
                step(1090, show(1, 3, HEALTHY, 1), "!no-change-open", "1070 unproven 2070"),
            ],
        ),
        scenario(
            "change-of-a-rejected-epoch",
            "What was rejected is the market: what the account said it becomes binds on.",
            changed([
                step(1020, reject(1), "epoch-rejected", "1020 unproven 2020"),
                step(1050, posted(2, 1050), "epoch-posted", "1020 unproven 2020"),
                step(1060, prove(1, 2), "!change-open", "1030 unproven 2020"),
                step(
                    1060,
                    show(1, 2, HEALTHY, 1),
                    "change-shown+proof-accepted",
                    "1030 current 2020",
                ),
            ]),
        ),
    ]
}

fn calls() -> Vec<Scenario> {
    let mut late = silent([
        step(2000, change(1, 11, HEALTHY, 1), "change-accepted", "2000 current 2000"),
        step(2050, posted(12, 2050), "epoch-posted", "2050 current 2000"),
        step(2050, overdue(1), "called", "2050 called 2350"),
        step(2060, change(1, 12, HEALTHY, 2), "!call-open", "2060 called 2350"),
    ]);
    late.push(step(2060, cure(1, 12), "!change-open", "2060 called 2350"));
    late.push(step(2060, show(1, 12, HEALTHY, 1), "change-shown+cured", "2060 current 3050"));
    vec![
        scenario(
            "breach-in-spite-of-a-change",
            "A change is no shield: a breach counts, and is cured by showing the change, at the level that cures and in a later epoch.",
            changed([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1050, breach(1, 2), "called", "1050 called 1450"),
                step(1050, change(1, 2, SAFE, 2), "!call-open", "1050 called 1450"),
                step(1060, show(1, 2, SAFE, 1), "!too-old-to-cure", "1060 called 1450"),
                step(1100, posted(3, 1100), "epoch-posted", "1100 called 1450"),
                step(1100, show(1, 3, HEALTHY, 1), "!level-too-low", "1100 called 1450"),
                step(1100, cure(1, 3), "!change-open", "1100 called 1450"),
                step(1100, show(1, 3, SAFE, 1), "change-shown+cured", "1100 current 2100"),
            ]),
        ),
        scenario(
            "cure-after-a-change-expired",
            "Whoever's change was left out cures by any proof when it has expired.",
            changed([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1050, breach(1, 2), "called", "1050 called 1450"),
                step(1100, posted(3, 1100), "epoch-posted", "1100 called 1450"),
                step(1150, posted(4, 1150), "epoch-posted", "1150 called 1450"),
                step(1150, cure(1, 4), "!change-open", "1150 called 1450"),
                step(1150, expire(1), "change-expired", "1150 called 1450"),
                step(1150, cure(1, 4), "cured", "1150 current 2150"),
            ]),
        ),
        scenario(
            "overdue-in-spite-of-a-change",
            "A change gains no time; a silent account that is called shows it in the epoch of the call.",
            late,
        ),
        scenario(
            "change-of-a-liquidatable-account",
            "What was liquidated is not what it said: reinstated, it has no change on record.",
            called([
                step(1100, posted(3, 1100), "epoch-posted", "1100 called 1450"),
                step(1150, cure(1, 3), "cured", "1150 current 2100"),
                step(1150, change(1, 3, SAFE, 1), "change-accepted", "1150 current 2100"),
                step(1200, posted(4, 1200), "epoch-posted", "1200 current 2100"),
                step(1200, breach(1, 4), "called", "1200 called 1600"),
                step(1250, posted(5, 1250), "epoch-posted", "1250 called 1600"),
                step(1340, posted(6, 1340), "epoch-posted", "1340 called 1600"),
                step(1430, posted(7, 1430), "epoch-posted", "1430 called 1600"),
                step(1520, posted(8, 1520), "epoch-posted", "1520 called 1600"),
                step(1610, posted(9, 1610), "epoch-posted", "1610 liquidatable 1600"),
                step(
                    1610,
                    change(1, 9, SAFE, 2),
                    "!account-liquidatable",
                    "1610 liquidatable 1600",
                ),
                step(1610, show(1, 9, SAFE, 1), "!account-liquidatable", "1610 liquidatable 1600"),
                step(1610, expire(1), "!account-liquidatable", "1610 liquidatable 1600"),
                step(1610, reinstate(1), "liquidatable+reinstated", "1610 unproven 1910"),
                step(1650, posted(10, 1650), "epoch-posted", "1650 unproven 1910"),
                step(1650, prove(1, 10), "proof-accepted", "1650 current 2650"),
                look(1660, "1660 current 2650"),
            ]),
        ),
    ]
}

/// A called account's own deleveraging.
fn own() -> Vec<Scenario> {
    let cures = |epoch, commitment| curing(1, epoch, Maintenance, SAFE, commitment);
    let curing_nothing = {
        let shown = ChangeData::new(claim(1, 3, SAFE), next(1), nothing(ProofSystem::Kzg));
        Action::ShowChange { change: shown.curing(Maintenance) }
    };
    vec![
        scenario(
            "deleveraging-of-a-called-account",
            "Called for a breach, an account says by a change that cures which lots it closes; it is cured when that is shown.",
            current([
                step(1010, cures(1, 1), "!not-called", "1010 current 2000"),
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1050, breach(1, 2), "called", "1050 called 1450"),
                step(1060, change(1, 2, SAFE, 1), "!call-open", "1060 called 1450"),
                step(1060, curing(1, 2, Initial, SAFE, 1), "!not-a-breach", "1060 called 1450"),
                step(
                    1060,
                    curing(1, 2, Maintenance, HEALTHY, 1),
                    "!level-too-low",
                    "1060 called 1450",
                ),
                step(1060, cures(1, 1), "!change-not-latest", "1060 called 1450"),
                step(1060, pause(1065), "halted", "1060 called 1450"),
                step(1061, cures(2, 1), "!halted", "1060 called 1450"),
                step(1062, resume(2), "resumed", "1060 called 1450"),
                // From a lower level as well; a second one takes the first one's place.
                step(
                    1070,
                    curing(1, 2, MarginCall, SAFE, 1),
                    "change-accepted",
                    "1068 called 1450",
                ),
                step(1070, cures(2, 1), "", "1068 called 1450"),
                step(1080, cures(2, 2), "change-accepted", "1078 called 1450"),
                step(1080, cure(1, 2), "!change-open", "1078 called 1450"),
                step(1100, posted(3, 1100), "epoch-posted", "1098 called 1450"),
                step(1100, cures(3, 1), "!change-open", "1098 called 1450"),
                step(1100, curing_nothing, "!wrong-next", "1098 called 1450"),
                step(1100, show(1, 3, SAFE, 1), "!wrong-next", "1098 called 1450"),
                step(1100, show(1, 3, SAFE, 2), "change-shown+cured", "1098 current 2098"),
            ]),
        ),
        scenario(
            "deleveraging-in-the-first-half",
            "Until the middle of its time, inclusive; afterwards others may act for it.",
            called([
                step(1100, posted(3, 1100), "epoch-posted", "1100 called 1450"),
                step(1190, posted(4, 1190), "epoch-posted", "1190 called 1450"),
                step(1250, cures(4, 1), "change-accepted", "1250 called 1450"),
                step(1251, cures(4, 2), "!call-open", "1251 called 1450"),
                // It is no cure: what is not shown in time is no excuse.
                step(1280, posted(5, 1280), "epoch-posted", "1280 called 1450"),
                step(1370, posted(6, 1370), "epoch-posted", "1370 called 1450"),
                step(1460, posted(7, 1460), "epoch-posted", "1460 liquidatable 1450"),
                step(1460, cures(7, 1), "!account-liquidatable", "1460 liquidatable 1450"),
                step(1460, show(1, 7, SAFE, 1), "!account-liquidatable", "1460 liquidatable 1450"),
            ]),
        ),
        scenario(
            "deleveraging-of-the-silent",
            "Whoever was called for silence proves itself: it is in no breach.",
            silent([
                step(2050, posted(12, 2050), "epoch-posted", "2050 current 2000"),
                step(2050, overdue(1), "called", "2050 called 2350"),
                step(2060, cures(12, 1), "!call-open", "2060 called 2350"),
                step(2060, cure(1, 12), "cured", "2060 current 3050"),
            ]),
        ),
    ]
}
