//! Paths that the venue withholds: an account's own clock.

use zkmargin_margin::claim::Level::Maintenance;
use zkmargin_verifier::engine::PolicyParams;

use super::{
    Scenario, breached, called, current, feed, look, scenario, silent, step, submit_breach,
};
use crate::common::*;

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = holds();
    all.extend(calls());
    all.extend(ends());
    all
}

fn holds() -> Vec<Scenario> {
    vec![
        scenario(
            "path-answered",
            "What an account waited for its path is added to its due time; it asks once an epoch, and not in one that it proved itself in.",
            current([
                step(1000, request_path(1), "!replayed", "1000 current 2000"),
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1060, request_path(1), "path-requested", "1060 current 2000"),
                step(1060, request_path(1), "!path-requested", "1060 current 2000"),
                step(1150, posted(3, 1150), "epoch-posted", "1150 current 2000"),
                step(1150, request_path(1), "!path-requested", "1150 current 2000"),
                step(1160, answer_path(1), "path-answered", "1160 current 2100"),
                step(1160, answer_path(1), "!path-not-requested", "1160 current 2100"),
                step(1160, request_path(1), "path-requested", "1160 current 2100"),
                step(1160, answer_path(1), "path-answered", "1160 current 2100"),
                step(1170, request_path(1), "!path-requested", "1170 current 2100"),
            ]),
        ),
        scenario(
            "path-not-needed-any-more",
            "Whoever proves itself has its path: it waits no longer.",
            current([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1060, request_path(1), "path-requested", "1060 current 2000"),
                step(1100, prove(1, 2), "proof-accepted", "1100 current 2050"),
                step(1100, answer_path(1), "!path-not-requested", "1100 current 2050"),
                step(1150, posted(3, 1150), "epoch-posted", "1150 current 2050"),
            ]),
        ),
        scenario(
            "path-refusals",
            "Who may ask: a registered account that can prove itself in the latest epoch.",
            vec![
                step(1000, request_path(1), "!not-registered", "1000 unregistered"),
                step(1000, answer_path(1), "!not-registered", "1000 unregistered"),
                step(1000, register(1), "registered", "1000 unproven 2000"),
                step(1000, answer_path(1), "!path-not-requested", "1000 unproven 2000"),
                step(1000, request_path(1), "!unknown-epoch", "1000 unproven 2000"),
                step(1000, posted(1, 1000), "epoch-posted", "1000 unproven 2000"),
                step(1000, pause(1100), "halted", "1000 unproven 2000"),
                step(1000, request_path(1), "!halted", "1000 unproven 2000"),
                step(1000, resume(1), "resumed", "1000 unproven 2000"),
                step(1000, circuits(u64::MAX, true), "circuits-changed", "1000 unproven 2000"),
                step(1000, request_path(1), "!circuits-frozen", "1000 unproven 2000"),
                step(1000, circuits(u64::MAX, false), "circuits-changed", "1000 unproven 2000"),
                step(1101, request_path(1), "!snapshot-stale", "1100 unproven 2000"),
                step(1110, posted(2, 1110), "epoch-posted", "1100 unproven 2000"),
                step(1110, request_path(1), "path-requested", "1100 unproven 2000"),
                step(1120, close(1), "closed", "1110 closed"),
                step(1120, request_path(1), "!account-closed", "1110 closed"),
                step(1120, answer_path(1), "!account-closed", "1110 closed"),
                step(1120, register(1), "registered", "1110 unproven 2110"),
                step(1130, request_path(1), "!path-requested", "1120 unproven 2110"),
            ],
        ),
        scenario(
            "no-risk-while-waiting",
            "An account that waits for its path takes no more risk, whatever it has proved.",
            current([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000").asks(
                    Maintenance,
                    100,
                    true,
                    "1000 50 provable",
                ),
                step(1050, request_path(1), "path-requested", "1050 current 2000").asks(
                    Maintenance,
                    100,
                    false,
                    "1000 50 provable",
                ),
                step(1060, answer_path(1), "path-answered", "1060 current 2010").asks(
                    Maintenance,
                    100,
                    true,
                    "1000 60 provable",
                ),
            ]),
        ),
    ]
}

fn calls() -> Vec<Scenario> {
    const HELD: [&str; 6] = [
        "1200 called 1450",
        "1300 called 1450",
        "1400 called 1450",
        "1500 called 1450",
        "1600 called 1450",
        "1700 called 1450",
    ];
    const AFTER: [&str; 4] =
        ["1800 called 2100", "1900 called 2100", "2000 called 2100", "2100 called 2100"];
    let mut withheld = called([
        step(1100, posted(3, 1100), "epoch-posted", "1100 called 1450"),
        step(1100, request_path(1), "path-requested", "1100 called 1450"),
    ]);
    withheld.extend(feed(4..=9, 1200, &HELD));
    withheld.extend([
        step(1750, mark(1), "!not-liquidatable", "1750 called 1450"),
        step(1750, answer_path(1), "path-answered", "1750 called 2100"),
    ]);
    withheld.extend(feed(10..=13, 1800, &AFTER));
    withheld.extend([
        step(2100, mark(1), "!not-liquidatable", "2100 called 2100"),
        step(2101, request_path(1), "!account-liquidatable", "2101 liquidatable 2100"),
        step(2101, mark(1), "liquidatable", "2101 liquidatable 2100"),
    ]);
    vec![
        scenario(
            "path-withheld-from-a-called-account",
            "Nobody is liquidatable for a path that is withheld; afterwards there is as much time to cure as was left.",
            withheld,
        ),
        scenario(
            "cure-while-waiting",
            "A call is cured though the venue has not answered on record.",
            called([
                step(1100, posted(3, 1100), "epoch-posted", "1100 called 1450"),
                step(1100, request_path(1), "path-requested", "1100 called 1450"),
                step(1150, cure(1, 3), "cured", "1150 current 2100"),
                step(1150, answer_path(1), "!path-not-requested", "1150 current 2100"),
            ]),
        ),
        scenario(
            "breach-while-waiting",
            "An account that waits can be proved to be in breach; its time to cure begins with the answer.",
            current([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1060, request_path(1), "path-requested", "1060 current 2000"),
                step(1100, breach(1, 2), "called", "1100 called 1460"),
                step(1150, posted(3, 1150), "epoch-posted", "1150 called 1460"),
                step(
                    1150,
                    submit_breach(claim(1, 3, BANKRUPT)),
                    "call-refined",
                    "1150 called 1260",
                ),
                step(1250, posted(4, 1250), "epoch-posted", "1250 called 1260"),
                step(1350, posted(5, 1350), "epoch-posted", "1350 called 1260"),
                step(1400, answer_path(1), "path-answered", "1400 called 1600"),
            ]),
        ),
        scenario(
            "overdue-when-it-asked",
            "Whoever was late when it asked can be called; its time to cure begins with the answer.",
            silent([
                step(2001, posted(12, 2001), "epoch-posted", "2001 current 2000"),
                step(2001, request_path(1), "path-requested", "2001 current 2000"),
                step(2050, overdue(1), "called", "2050 called 2301"),
                step(2100, posted(13, 2100), "epoch-posted", "2100 called 2301"),
                step(2150, answer_path(1), "path-answered", "2150 called 2450"),
            ]),
        ),
        scenario(
            "what-had-passed-when-it-asked-stays-passed",
            "The answer adds nothing to a due time that had passed.",
            silent([
                step(2001, posted(12, 2001), "epoch-posted", "2001 current 2000"),
                step(2001, request_path(1), "path-requested", "2001 current 2000"),
                step(2100, posted(13, 2100), "epoch-posted", "2100 current 2000"),
                step(2150, answer_path(1), "path-answered", "2150 current 2000"),
                step(2150, overdue(1), "called", "2150 called 2450"),
            ]),
        ),
        scenario(
            "not-overdue-while-waiting",
            "An account that waits does not become overdue.",
            silent([
                step(2000, request_path(1), "path-requested", "2000 current 2000"),
                step(2050, overdue(1), "!not-overdue", "2050 current 2000"),
                step(2060, answer_path(1), "path-answered", "2060 current 2060"),
                step(2060, overdue(1), "!not-overdue", "2060 current 2060"),
                step(2061, overdue(1), "called", "2061 called 2361"),
            ]),
        ),
    ]
}

fn ends() -> Vec<Scenario> {
    const WAITS: [&str; 3] = ["1150 current 2000", "1250 current 2000", "1350 current 2000"];
    let mut escapes = current([
        step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
        step(1060, request_path(1), "path-requested", "1060 current 2000"),
    ]);
    escapes.extend(feed(3..=5, 1150, &WAITS));
    escapes.extend([
        step(1360, escape(1), "!not-stuck", "1360 current 2000"),
        step(1361, escape(1), "escaped", "1361 closed"),
    ]);
    vec![
        scenario(
            "path-request-keeps-the-grace",
            "A grace that counted when the account asked still does when another one has begun since.",
            breached([
                step(1449, pause(2000), "halted", "1449 called 1450"),
                step(1900, posted(7, 1900), "epoch-posted", "1449 called 1450"),
                step(1900, resume(7), "resumed", "1449 called 1499"),
                step(1910, request_path(1), "path-requested", "1459 called 1499"),
                step(2000, posted(8, 2000), "epoch-posted", "1549 called 1499"),
                step(2300, posted(9, 2300), "epoch-posted", "1649 called 1499"),
                step(2310, answer_path(1), "path-answered", "1659 called 1699"),
            ]),
        ),
        scenario(
            "rejected-while-waiting",
            "When what an account's state rests on is rejected while it waits, its window begins with the answer.",
            current([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1060, request_path(1), "path-requested", "1060 current 2000"),
                step(1100, reject(1), "epoch-rejected", "1100 unproven 2100"),
                step(1140, answer_path(1), "path-answered", "1140 unproven 2140"),
            ]),
        ),
        scenario(
            "path-answered-in-a-halt",
            "An answer counts in a halt, which stops the clock of all.",
            current([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1060, request_path(1), "path-requested", "1060 current 2000"),
                step(1070, pause(1200), "halted", "1070 current 2000"),
                step(1090, answer_path(1), "path-answered", "1070 current 2010"),
                look(1100, "1070 current 2010"),
            ]),
        ),
        Scenario {
            policy: PolicyParams { max_pause: 300, escape_after: 300, ..params() },
            ..scenario(
                "escape-when-the-path-is-withheld",
                "Whose path is withheld for too long may leave, though the clock of all others runs.",
                escapes,
            )
        },
    ]
}
