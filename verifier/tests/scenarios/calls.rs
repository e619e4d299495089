//! Scenarios about calls, how they end, and halts.

use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::Timestamp;
use zkmargin_margin::instance::Shortfall;
use zkmargin_verifier::engine::{Action, ClaimData, EpochPost};

use super::{
    Scenario, Step, called, claiming, current, feed, jump, scenario, submit, submit_breach,
};
use crate::common::*;

pub(super) fn calls() -> Vec<Scenario> {
    let to_due = [
        "1100 current 2000",
        "1200 current 2000",
        "1300 current 2000",
        "1400 current 2000",
        "1500 current 2000",
        "1600 current 2000",
        "1700 current 2000",
        "1800 current 2000",
        "1900 current 2000",
        "2000 current 2000",
    ];
    let to_deadline =
        ["1100 called 1450", "1200 called 1450", "1300 called 1450", "1400 called 1450"];
    let silent = |steps: Vec<Step>| current(feed(2..=11, 1100, &to_due).into_iter().chain(steps));
    let breached =
        |steps: Vec<Step>| called(feed(3..=6, 1100, &to_deadline).into_iter().chain(steps));
    let disclosing =
        ClaimData { disclosed: Shortfall::new((1 << 104) - 1).unwrap(), ..claiming(1, 2, BREACH) };
    vec![
        scenario(
            "overdue-to-the-second",
            "A proof is due inclusively: a second later anyone may call. Whoever was silent may answer in the latest epoch.",
            silent(vec![
                Step(2000, overdue(1), "!not-overdue", "2000 current 2000"),
                Step(2001, posted(12, 2001), "epoch-posted", "2001 current 2000"),
                Step(2001, overdue(1), "called", "2001 called 2401"),
                Step(2001, overdue(1), "!call-open", "2001 called 2401"),
                Step(2002, cure(1, 11), "!too-old-to-cure", "2002 called 2401"),
                Step(2002, cure(1, 12), "cured", "2002 current 3001"),
            ]),
        ),
        scenario(
            "late-but-not-called",
            "An overdue account that nobody called proves as ever.",
            silent(vec![Step(2001, prove(1, 11), "proof-accepted", "2001 current 3000")]),
        ),
        scenario(
            "overdue-unproven",
            "A registered account that never proves is overdue after the window.",
            [
                Step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
                Step(1000, register(1), "registered", "1000 unproven 2000"),
            ]
            .into_iter()
            .chain(feed(
                2..=11,
                1100,
                &to_due.map(|status| status.replace("current", "unproven").leak() as &'static str),
            ))
            .chain([
                Step(2000, overdue(1), "!not-overdue", "2000 unproven 2000"),
                Step(2001, overdue(1), "called", "2001 called 2401"),
                Step(2001, close(1), "!call-open", "2001 called 2401"),
            ])
            .collect(),
        ),
        scenario(
            "stale-feed-stops-the-clock",
            "No account is overdue while the publisher is silent, and none at once when it is back.",
            current([
                Step(5000, overdue(1), "!not-overdue", "1100 current 2000"),
                Step(5000, posted(2, 5000), "epoch-posted", "1100 current 2000"),
                Step(5001, overdue(1), "!not-overdue", "1101 current 2000"),
                Step(5100, posted(3, 5100), "epoch-posted", "1200 current 2000"),
                Step(5100, prove(1, 3), "proof-accepted", "1200 current 2200"),
            ]),
        ),
        scenario(
            "no-overdue-call-on-a-stale-feed",
            "An account that was overdue before the feed went stale cannot be called before an epoch is posted, and can until that one's last fresh second.",
            silent(vec![
                Step(2101, overdue(1), "!snapshot-stale", "2100 current 2000"),
                Step(2200, posted(12, 2200), "epoch-posted", "2100 current 2000"),
                Step(2300, overdue(1), "called", "2200 called 2600"),
            ]),
        ),
        scenario(
            "breach-and-cure",
            "A breach calls; a proof of the cure level for a later epoch cures.",
            called([
                Step(1060, breach(1, 2), "!call-open", "1060 called 1450"),
                Step(1060, prove(1, 2), "!call-open", "1060 called 1450"),
                Step(1060, cure(1, 2), "!too-old-to-cure", "1060 called 1450"),
                Step(1070, posted(3, 1070), "epoch-posted", "1070 called 1450"),
                Step(
                    1070,
                    Action::Cure { claim: claiming(1, 3, HEALTHY) },
                    "!level-too-low",
                    "1070 called 1450",
                ),
                Step(
                    1070,
                    Action::Cure { claim: claiming(1, 3, BREACH) },
                    "!wrong-side",
                    "1070 called 1450",
                ),
                Step(1070, cure(1, 3), "cured", "1070 current 2070"),
            ]),
        ),
        scenario(
            "breach-of-an-unproven-account",
            "An account in breach is called before its first proof; a disclosed shortfall is on record.",
            vec![
                Step(1000, register(1), "registered", "1000 unproven 2000"),
                Step(1000, posted(2, 1000), "epoch-posted", "1000 unproven 2000"),
                Step(1000, submit_breach(disclosing), "called", "1000 called 1400"),
            ],
        ),
        scenario(
            "cure-at-the-deadline",
            "The deadline is inclusive.",
            breached(vec![
                Step(1450, mark(1), "!not-liquidatable", "1450 called 1450"),
                Step(1450, cure(1, 6), "cured", "1450 current 2400"),
            ]),
        ),
        scenario(
            "cure-after-the-deadline",
            "A second after the deadline the account is liquidatable, recorded or not.",
            breached(vec![
                Step(1449, mark(1), "!not-liquidatable", "1449 called 1450"),
                Step(1451, cure(1, 6), "!account-liquidatable", "1451 liquidatable 1450"),
                Step(1451, prove(1, 6), "!account-liquidatable", "1451 liquidatable 1450"),
                Step(1451, breach(1, 6), "!account-liquidatable", "1451 liquidatable 1450"),
                Step(1451, overdue(1), "!account-liquidatable", "1451 liquidatable 1450"),
                Step(1451, register(1), "!already-registered", "1451 liquidatable 1450"),
                Step(1451, mark(1), "liquidatable", "1451 liquidatable 1450"),
                Step(1460, mark(1), "!account-liquidatable", "1460 liquidatable 1450"),
                Step(1460, cure(1, 6), "!account-liquidatable", "1460 liquidatable 1450"),
            ]),
        ),
        scenario(
            "not-called",
            "There is nothing to cure, mark or reinstate on an account under no call.",
            current([
                Step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                Step(1010, cure(1, 2), "!not-called", "1010 current 2000"),
                Step(1010, mark(1), "!not-liquidatable", "1010 current 2000"),
                Step(1010, reinstate(1), "!not-liquidatable", "1010 current 2000"),
            ]),
        ),
    ]
}

pub(super) fn endings() -> Vec<Scenario> {
    let to_deadline =
        ["1100 called 1450", "1200 called 1450", "1300 called 1450", "1400 called 1450"];
    let expired = |steps: Vec<Step>| {
        called(
            feed(3..=6, 1100, &to_deadline)
                .into_iter()
                .chain([Step(1500, posted(7, 1500), "epoch-posted", "1500 liquidatable 1450")])
                .chain(steps),
        )
    };
    vec![
        scenario(
            "liquidated",
            "The protocol reports a liquidation; the deadline is recorded with it.",
            expired(vec![
                Step(1500, close(1), "liquidatable+closed", "1500 closed"),
                Step(1500, close(1), "!account-closed", "1500 closed"),
                Step(1500, prove(1, 7), "!account-closed", "1500 closed"),
                Step(1500, breach(1, 7), "!account-closed", "1500 closed"),
                Step(1500, cure(1, 7), "!account-closed", "1500 closed"),
                Step(1500, overdue(1), "!account-closed", "1500 closed"),
                Step(1500, mark(1), "!account-closed", "1500 closed"),
                Step(1500, reinstate(1), "!account-closed", "1500 closed"),
            ]),
        ),
        scenario(
            "liquidated-after-marking",
            "A deadline on record is not announced again.",
            expired(vec![
                Step(1500, mark(1), "liquidatable", "1500 liquidatable 1450"),
                Step(1510, close(1), "closed", "1510 closed"),
            ]),
        ),
        scenario(
            "reinstated",
            "A reinstated account must prove within the cure period, in an epoch that is posted afterwards.",
            expired(vec![
                Step(1500, reinstate(1), "liquidatable+reinstated", "1500 unproven 1900"),
                Step(1500, prove(1, 7), "!replayed", "1500 unproven 1900"),
                Step(1500, breach(1, 7), "!replayed", "1500 unproven 1900"),
                Step(1510, posted(8, 1510), "epoch-posted", "1510 unproven 1900"),
                Step(1510, prove(1, 8), "proof-accepted", "1510 current 2510"),
            ]),
        ),
        scenario(
            "reinstated-after-marking",
            "Reinstating works from a recorded deadline too.",
            expired(vec![
                Step(1500, mark(1), "liquidatable", "1500 liquidatable 1450"),
                Step(1500, reinstate(1), "reinstated", "1500 unproven 1900"),
            ]),
        ),
        scenario(
            "close-and-register-again",
            "An account may leave when under no call, and come back; proofs of its past life do not count.",
            current([
                Step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                Step(1010, close(1), "closed", "1010 closed"),
                Step(1020, posted(3, 1020), "epoch-posted", "1020 closed"),
                Step(1020, register(1), "registered", "1020 unproven 2020"),
                Step(1020, prove(1, 2), "!replayed", "1020 unproven 2020"),
                Step(1020, prove(1, 3), "!replayed", "1020 unproven 2020"),
                Step(1020, breach(1, 3), "!replayed", "1020 unproven 2020"),
                Step(1030, posted(4, 1030), "epoch-posted", "1030 unproven 2020"),
                Step(1030, prove(1, 4), "proof-accepted", "1030 current 2030"),
            ]),
        ),
        scenario(
            "close-unproven",
            "An account may leave before its first proof.",
            vec![
                Step(1000, register(1), "registered", "1000 unproven 2000"),
                Step(1000, close(1), "closed", "1000 closed"),
            ],
        ),
    ]
}

pub(super) fn halts() -> Vec<Scenario> {
    vec![
        scenario(
            "pause-stops-the-clock",
            "Deadlines move by the length of a pause; health still counts, new calls do not.",
            called([
                Step(1060, Action::Resume, "!not-halted", "1060 called 1450"),
                Step(1060, Action::Pause, "halted", "1060 called 1450"),
                Step(1070, Action::Pause, "!already-halted", "1060 called 1450"),
                Step(1100, register(2), "registered", "1060 called 1450"),
                Step(1100, breach(2, 2), "!halted", "1060 called 1450"),
                Step(
                    1100,
                    Action::SubmitProof { claim: claiming(2, 2, HEALTHY) },
                    "proof-accepted",
                    "1060 called 1450",
                ),
                Step(3000, mark(1), "!not-liquidatable", "1060 called 1450"),
                Step(3000, posted(3, 3000), "epoch-posted", "1060 called 1450"),
                Step(3000, Action::Resume, "resumed", "1060 called 1450"),
                Step(3010, cure(1, 3), "cured", "1070 current 2060"),
            ]),
        ),
        scenario(
            "cure-during-a-pause",
            "A call can be cured while the engine is paused.",
            called([
                Step(1060, Action::Pause, "halted", "1060 called 1450"),
                Step(1070, posted(3, 1070), "epoch-posted", "1060 called 1450"),
                Step(1080, cure(1, 3), "cured", "1060 current 2060"),
            ]),
        ),
        scenario(
            "no-overdue-call-during-a-pause",
            "An account already overdue cannot be called during a pause.",
            current([
                Step(1100, posted(2, 1100), "epoch-posted", "1100 current 2000"),
                Step(1100, Action::Pause, "halted", "1100 current 2000"),
                Step(9000, posted(3, 9000), "epoch-posted", "1100 current 2000"),
                Step(9000, overdue(1), "!halted", "1100 current 2000"),
                Step(9000, Action::Resume, "resumed", "1100 current 2000"),
                Step(9001, overdue(1), "!not-overdue", "1101 current 2000"),
            ]),
        ),
        scenario(
            "deadline-before-a-halt-stays-passed",
            "A halt does not take back what the clock has decided.",
            called([
                Step(1150, posted(3, 1150), "epoch-posted", "1150 called 1450"),
                Step(1250, posted(4, 1250), "epoch-posted", "1250 called 1450"),
                Step(1350, posted(5, 1350), "epoch-posted", "1350 called 1450"),
                Step(1450, posted(6, 1450), "epoch-posted", "1450 called 1450"),
                Step(1451, Action::Pause, "halted", "1451 liquidatable 1450"),
                Step(1500, mark(1), "liquidatable", "1451 liquidatable 1450"),
            ]),
        ),
        scenario(
            "price-jump-confirmed",
            "A move above the limit halts and quarantines the epoch; resuming confirms it.",
            current([
                Step(1010, jump(2, 1010, 2_000), "epoch-posted", "1010 current 2000"),
                Step(1020, jump(3, 1020, 2_001), "epoch-posted+halted", "1020 current 2000"),
                Step(1030, breach(1, 3), "!halted", "1020 current 2000"),
                Step(1030, prove(1, 3), "!epoch-quarantined", "1020 current 2000"),
                Step(1030, prove(1, 2), "proof-accepted", "1020 current 2010"),
                Step(1040, Action::Resume, "resumed", "1020 current 2010"),
                Step(1040, breach(1, 3), "called", "1020 called 1420"),
            ]),
        ),
        scenario(
            "price-jump-rejected",
            "A wrong epoch is rejected by posting a corrected one before resuming: it stays quarantined.",
            current([
                Step(1020, jump(2, 1020, 9_000), "epoch-posted+halted", "1020 current 2000"),
                Step(1030, jump(3, 1030, 9_000), "epoch-posted", "1020 current 2000"),
                Step(1030, Action::Pause, "!already-halted", "1020 current 2000"),
                Step(1040, Action::Resume, "resumed", "1020 current 2000"),
                Step(1040, prove(1, 2), "!epoch-quarantined", "1020 current 2000"),
                Step(1040, breach(1, 2), "!epoch-quarantined", "1020 current 2000"),
                Step(1050, prove(1, 3), "proof-accepted", "1030 current 2020"),
            ]),
        ),
        scenario(
            "price-jump-during-a-pause",
            "A jump while paused is quarantined like any other and does not halt twice.",
            current([
                Step(1010, Action::Pause, "halted", "1010 current 2000"),
                Step(1020, jump(2, 1020, 5_000), "epoch-posted", "1010 current 2000"),
                Step(1020, prove(1, 2), "!epoch-quarantined", "1010 current 2000"),
                Step(1030, Action::Resume, "resumed", "1010 current 2000"),
                Step(1030, prove(1, 2), "proof-accepted", "1010 current 2010"),
            ]),
        ),
        {
            let mut strict = scenario(
                "required-above-breach",
                "With breach below required, an account between the levels can be neither proved nor called.",
                current([
                    Step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                    Step(1010, prove(1, 2), "!level-too-low", "1010 current 2000"),
                    Step(1010, breach(1, 2), "called", "1010 called 1410"),
                ]),
            );
            strict.policy.required_level = Level::Initial;
            strict.steps[2] =
                Step(1000, submit(claiming(1, 1, SAFE)), "proof-accepted", "1000 current 2000");
            strict
        },
        scenario(
            "timestamps-of-the-far-future",
            "The largest times neither wrap around nor fail.",
            vec![
                Step(1000, register(1), "registered", "1000 unproven 2000"),
                Step(
                    u64::MAX,
                    Action::PostEpoch(EpochPost {
                        market_timestamp: Timestamp::new(u64::MAX),
                        ..post(1, 0)
                    }),
                    "epoch-posted",
                    "1000 unproven 2000",
                ),
                Step(u64::MAX, prove(1, 1), "proof-accepted", "1000 current 2000"),
            ],
        ),
    ]
}
