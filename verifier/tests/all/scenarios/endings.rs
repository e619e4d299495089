//! How calls and accounts end.

use super::{Scenario, called, current, expired, scenario, step};
use crate::common::*;

fn liquidated() -> Scenario {
    let closed = "1500 closed";
    scenario(
        "liquidated",
        "The protocol reports a liquidation; the deadline is recorded with it.",
        expired([
            step(1500, close(1), "liquidatable+closed", closed),
            step(1500, close(1), "!account-closed", closed),
            step(1500, prove(1, 7), "!account-closed", closed),
            step(1500, breach(1, 7), "!account-closed", closed),
            step(1500, cure(1, 7), "!account-closed", closed),
            step(1500, overdue(1), "!account-closed", closed),
            step(1500, mark(1), "!account-closed", closed),
            step(1500, reinstate(1), "!account-closed", closed),
            step(1500, escape(1), "!account-closed", closed),
        ]),
    )
}

fn escapes() -> Vec<Scenario> {
    vec![
        scenario(
            "escape",
            "When the clock has stood still for longer than escape_after, an account may leave, to the second.",
            current([
                step(1050, escape(1), "!not-stuck", "1050 current 2000"),
                step(21_100, escape(1), "!not-stuck", "1100 current 2000"),
                step(21_101, escape(1), "escaped", "1100 closed"),
                step(21_101, escape(1), "!account-closed", "1100 closed"),
            ]),
        ),
        scenario(
            "escape-of-a-called-account",
            "A called account may escape too: its deadline could never pass.",
            called([
                step(21_150, escape(1), "!not-stuck", "1150 called 1450"),
                step(21_151, escape(1), "escaped", "1150 closed"),
            ]),
        ),
        scenario(
            "escape-before-the-first-epoch",
            "An engine that never ran lets accounts go as well.",
            vec![
                step(1000, register(1), "registered", "1000 unproven 2000"),
                step(21_000, escape(1), "!not-stuck", "1000 unproven 2000"),
                step(21_001, escape(1), "escaped", "1000 closed"),
            ],
        ),
        scenario(
            "no-escape-of-a-liquidatable-account",
            "Whose deadline passed does not escape.",
            expired([step(50_000, escape(1), "!account-liquidatable", "1600 liquidatable 1450")]),
        ),
        scenario(
            "no-escape-when-the-clock-ran",
            "An epoch within the time ends the wait.",
            current([
                step(21_000, posted(2, 21_000), "epoch-posted", "1100 current 2000"),
                step(21_101, escape(1), "!not-stuck", "1200 current 2000"),
                step(41_100, escape(1), "!not-stuck", "1200 current 2000"),
                step(41_101, escape(1), "escaped", "1200 closed"),
            ]),
        ),
    ]
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = escapes();
    all.extend([
        liquidated(),
        scenario(
            "liquidated-after-marking",
            "A deadline on record is not announced again.",
            expired([
                step(1500, mark(1), "liquidatable", "1500 liquidatable 1450"),
                step(1510, close(1), "closed", "1510 closed"),
            ]),
        ),
        scenario(
            "reinstated",
            "A reinstated account must prove within the time of an overdue one, in an epoch that is posted afterwards.",
            expired([
                step(1500, reinstate(1), "liquidatable+reinstated", "1500 unproven 1800"),
                step(1500, prove(1, 7), "!replayed", "1500 unproven 1800"),
                step(1500, breach(1, 7), "!replayed", "1500 unproven 1800"),
                step(1510, posted(8, 1510), "epoch-posted", "1510 unproven 1800"),
                step(1510, prove(1, 8), "proof-accepted", "1510 current 2510"),
            ]),
        ),
        scenario(
            "reinstated-after-marking",
            "Reinstating works from a recorded deadline too.",
            expired([
                step(1500, mark(1), "liquidatable", "1500 liquidatable 1450"),
                step(1500, reinstate(1), "reinstated", "1500 unproven 1800"),
            ]),
        ),
        scenario(
            "close-and-register-again",
            "An account may leave and come back; proofs of its past life do not count.",
            current([
                step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                step(1010, close(1), "closed", "1010 closed"),
                step(1020, posted(3, 1020), "epoch-posted", "1020 closed"),
                step(1020, register(1), "registered", "1020 unproven 2020"),
                step(1020, prove(1, 2), "!replayed", "1020 unproven 2020"),
                step(1020, prove(1, 3), "!replayed", "1020 unproven 2020"),
                step(1020, breach(1, 3), "!replayed", "1020 unproven 2020"),
                step(1030, posted(4, 1030), "epoch-posted", "1030 unproven 2020"),
                step(1030, prove(1, 4), "proof-accepted", "1030 current 2030"),
            ]),
        ),
        scenario(
            "close-called",
            "The protocol closes a called account that owes nothing.",
            called([
                step(1060, close(1), "closed", "1060 closed"),
                step(1060, register(1), "registered", "1060 unproven 2060"),
            ]),
        ),
        scenario(
            "close-unproven",
            "An account may leave before its first proof.",
            vec![
                step(1000, register(1), "registered", "1000 unproven 2000"),
                step(1000, close(1), "closed", "1000 closed"),
            ],
        ),
    ]);
    all
}
