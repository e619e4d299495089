//! When the clock runs, and grace after it stood still.

use super::{Scenario, breached, called, current, look, scenario, silent, step};
use crate::common::*;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "clock-at-its-bounds",
            "The clock runs through the last second of a snapshot and of the circuits, and not a second longer.",
            current([
                look(1099, "1099 current 2000"),
                look(1100, "1100 current 2000"),
                look(1101, "1100 current 2000"),
                step(1200, posted(2, 1200), "epoch-posted", "1100 current 2000"),
                look(1201, "1101 current 2000"),
                step(1210, circuits(1250, false), "circuits-changed", "1110 current 2000"),
                look(1250, "1150 current 2000"),
                look(1251, "1150 current 2000"),
                step(1260, circuits(u64::MAX, false), "circuits-changed", "1150 current 2000"),
                look(1270, "1160 current 2000"),
                step(1270, circuits(0, false), "circuits-changed", "1160 current 2000"),
                look(1280, "1160 current 2000"),
                step(1290, circuits(u64::MAX, true), "circuits-changed", "1160 current 2000"),
                look(1295, "1160 current 2000"),
                step(1295, circuits(u64::MAX, false), "circuits-changed", "1160 current 2000"),
                look(1300, "1165 current 2000"),
                look(1301, "1165 current 2000"),
            ]),
        ),
        scenario(
            "no-overdue-call-without-circuits",
            "Nobody is called for silence while no proof can be verified.",
            silent([
                step(2001, posted(12, 2001), "epoch-posted", "2001 current 2000"),
                step(2001, circuits(u64::MAX, true), "circuits-changed", "2001 current 2000"),
                step(2010, overdue(1), "!circuits-frozen", "2001 current 2000"),
                step(2010, circuits(0, false), "circuits-changed", "2001 current 2000"),
                step(2010, overdue(1), "!circuits-frozen", "2001 current 2000"),
                step(2010, circuits(2020, false), "circuits-changed", "2001 current 2000"),
                step(2021, overdue(1), "!circuits-frozen", "2011 current 2000"),
                step(2021, circuits(2021, false), "circuits-changed", "2011 current 2000"),
                step(2021, overdue(1), "called", "2011 called 2311"),
            ]),
        ),
        scenario(
            "stale-feed-stops-the-clock",
            "No account is overdue while the publisher is silent, and none at once when it is back.",
            current([
                step(5000, overdue(1), "!not-overdue", "1100 current 2000"),
                step(5000, posted(2, 5000), "epoch-posted", "1100 current 2000"),
                step(5001, overdue(1), "!not-overdue", "1101 current 2000"),
                step(5100, posted(3, 5100), "epoch-posted", "1200 current 2000"),
                step(5100, prove(1, 3), "proof-accepted", "1200 current 2200"),
            ]),
        ),
        scenario(
            "no-overdue-call-on-a-stale-feed",
            "An account that was overdue before the feed went stale cannot be called before an epoch is posted, and can until that one's last fresh second.",
            silent([
                step(2101, overdue(1), "!snapshot-stale", "2100 current 2000"),
                step(2200, posted(12, 2200), "epoch-posted", "2100 current 2000"),
                step(2300, overdue(1), "called", "2200 called 2500"),
            ]),
        ),
        scenario(
            "grace-after-a-halt",
            "A second was left when the engine halted: afterwards there is the grace period to cure.",
            breached([
                step(1449, pause(2000), "halted", "1449 called 1450"),
                step(1900, posted(7, 1900), "epoch-posted", "1449 called 1450"),
                step(1900, resume(7), "resumed", "1449 called 1499"),
                step(1950, mark(1), "!not-liquidatable", "1499 called 1499"),
                step(1950, cure(1, 7), "cured", "1499 current 2449"),
            ]),
        ),
        scenario(
            "grace-passes",
            "A second after the grace the account is liquidatable; what is set later counts for itself.",
            breached([
                step(1449, pause(2000), "halted", "1449 called 1450"),
                step(1900, posted(7, 1900), "epoch-posted", "1449 called 1450"),
                step(1900, resume(7), "resumed", "1449 called 1499"),
                step(1951, mark(1), "liquidatable", "1500 liquidatable 1499"),
            ]),
        ),
        scenario(
            "grace-is-as-long-as-the-halt",
            "After a halt shorter than the grace period the grace is as long as the halt.",
            breached([
                step(1449, pause(1459), "halted", "1449 called 1450"),
                look(1459, "1449 called 1450"),
                look(1460, "1450 called 1459"),
                look(1469, "1459 called 1459"),
                look(1470, "1460 liquidatable 1459"),
            ]),
        ),
        scenario(
            "grace-is-prolonged",
            "A halt during the grace prolongs it: what it protected stays protected.",
            breached([
                step(1449, pause(2000), "halted", "1449 called 1450"),
                step(1900, posted(7, 1900), "epoch-posted", "1449 called 1450"),
                step(1900, resume(7), "resumed", "1449 called 1499"),
                step(1910, pause(2500), "halted", "1459 called 1499"),
                step(2000, posted(8, 2000), "epoch-posted", "1459 called 1499"),
                step(2000, resume(8), "resumed", "1459 called 1509"),
                step(2050, mark(1), "!not-liquidatable", "1509 called 1509"),
                step(2051, mark(1), "liquidatable", "1510 liquidatable 1509"),
            ]),
        ),
        scenario(
            "grace-of-an-overdue-proof",
            "A proof that was due within the grace is not overdue before its end.",
            silent([
                step(2000, pause(3000), "halted", "2000 current 2000"),
                step(2500, posted(12, 2500), "epoch-posted", "2000 current 2000"),
                step(2500, resume(12), "resumed", "2000 current 2050"),
                step(2550, overdue(1), "!not-overdue", "2050 current 2050"),
                step(2551, overdue(1), "called", "2051 called 2351"),
            ]),
        ),
        scenario(
            "deadline-before-a-halt-stays-passed",
            "A halt does not take back what the clock has decided, nor does its grace.",
            breached([
                step(1451, pause(2000), "halted", "1451 liquidatable 1450"),
                step(1500, posted(7, 1500), "epoch-posted", "1451 liquidatable 1450"),
                step(1500, resume(7), "resumed", "1451 liquidatable 1450"),
                step(1500, mark(1), "liquidatable", "1451 liquidatable 1450"),
            ]),
        ),
    ]
}

pub(super) fn halts() -> Vec<Scenario> {
    vec![
        scenario(
            "pause-stops-the-clock",
            "Deadlines move by the length of a pause; nothing rests on proofs meanwhile.",
            called([
                step(1060, resume(2), "!not-halted", "1060 called 1450"),
                step(1060, pause(4000), "halted", "1060 called 1450"),
                step(1100, register(2), "registered", "1060 called 1450"),
                step(1100, breach(2, 2), "!halted", "1060 called 1450"),
                step(1100, prove(2, 2), "!halted", "1060 called 1450"),
                step(3000, mark(1), "!not-liquidatable", "1060 called 1450"),
                step(3000, posted(3, 3000), "epoch-posted", "1060 called 1450"),
                step(3000, cure(1, 3), "!halted", "1060 called 1450"),
                step(3000, resume(2), "!wrong-confirmation", "1060 called 1450"),
                step(3000, resume(3), "resumed", "1060 called 1450"),
                step(3010, cure(1, 3), "cured", "1070 current 2060"),
            ]),
        ),
        scenario(
            "pause-ends-by-itself",
            "A pause holds through its last second; then the clock runs again without a word.",
            called([
                step(1060, pause(1080), "halted", "1060 called 1450"),
                step(1080, breach(1, 2), "!halted", "1060 called 1450"),
                step(1081, breach(1, 2), "", "1061 called 1450"),
                step(1081, resume(2), "!not-halted", "1061 called 1450"),
                step(1090, pause(1100), "halted", "1070 called 1450"),
                look(1101, "1071 called 1450"),
            ]),
        ),
        scenario(
            "pause-ends-on-a-stale-feed",
            "When a pause ends while the feed is stale, the clock runs from the next epoch.",
            called([
                step(1060, pause(3000), "halted", "1060 called 1450"),
                look(3001, "1060 called 1450"),
                step(5000, posted(3, 5000), "epoch-posted", "1060 called 1450"),
                step(5010, cure(1, 3), "cured", "1070 current 2060"),
            ]),
        ),
        scenario(
            "pause-ends-with-the-snapshot",
            "A pause that ends in the second in which the snapshot goes stale starts nothing: the grace begins with the next epoch, as long as the clock stood still.",
            breached([
                step(1449, pause(1500), "halted", "1449 called 1450"),
                look(1501, "1449 called 1450"),
                step(1530, posted(7, 1530), "epoch-posted", "1449 called 1499"),
                step(1580, mark(1), "!not-liquidatable", "1499 called 1499"),
                step(1581, mark(1), "liquidatable", "1500 liquidatable 1499"),
            ]),
        ),
        scenario(
            "pause-ends-a-second-before-the-snapshot",
            "A pause that ends a second before the snapshot goes stale starts the clock for that second, with its grace.",
            breached([
                step(1449, pause(1499), "halted", "1449 called 1450"),
                look(1500, "1450 called 1499"),
                look(1501, "1450 called 1499"),
            ]),
        ),
        scenario(
            "pause-is-renewed",
            "A pause can be prolonged, not repeated; its end lies ahead and within max_pause.",
            called([
                step(1060, pause(1060), "!pause-too-long", "1060 called 1450"),
                step(1060, pause(1000), "!pause-too-long", "1060 called 1450"),
                step(1060, pause(11_061), "!pause-too-long", "1060 called 1450"),
                step(1060, pause(u64::MAX), "!pause-too-long", "1060 called 1450"),
                step(1060, pause(1100), "halted", "1060 called 1450"),
                step(1070, pause(1100), "!already-halted", "1060 called 1450"),
                step(1070, pause(1090), "!already-halted", "1060 called 1450"),
                step(1070, pause(1200), "halted", "1060 called 1450"),
                step(1200, pause(11_200), "halted", "1060 called 1450"),
                look(11_200, "1060 called 1450"),
            ]),
        ),
        scenario(
            "pause-before-the-first-epoch",
            "Before the first epoch no epoch and no root are confirmed.",
            vec![
                step(1000, pause(2000), "halted", "1000 unregistered"),
                step(1000, resume(1), "!wrong-confirmation", "1000 unregistered"),
                step(1000, resume(0), "resumed", "1000 unregistered"),
            ],
        ),
        scenario(
            "cure-after-a-pause",
            "A call is not cured while the engine is paused; its deadline waits.",
            called([
                step(1060, pause(2000), "halted", "1060 called 1450"),
                step(1070, posted(3, 1070), "epoch-posted", "1060 called 1450"),
                step(1080, cure(1, 3), "!halted", "1060 called 1450"),
                step(1090, resume(3), "resumed", "1060 called 1450"),
                step(1090, cure(1, 3), "cured", "1060 current 2060"),
            ]),
        ),
        scenario(
            "no-overdue-call-during-a-pause",
            "An account cannot be called for silence during a pause.",
            current([
                step(1100, posted(2, 1100), "epoch-posted", "1100 current 2000"),
                step(1100, pause(9999), "halted", "1100 current 2000"),
                step(9000, posted(3, 9000), "epoch-posted", "1100 current 2000"),
                step(9000, overdue(1), "!halted", "1100 current 2000"),
                step(9000, resume(3), "resumed", "1100 current 2000"),
                step(9001, overdue(1), "!not-overdue", "1101 current 2000"),
            ]),
        ),
    ]
}
