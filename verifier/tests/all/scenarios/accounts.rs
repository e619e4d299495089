//! Accounts and their proofs.

use zkmargin_margin::claim::Level;

use super::{Scenario, called, current, scenario, step, submit};
use crate::common::*;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "register-and-prove",
            "A new account is unproven until its first proof; later proofs renew the window.",
            current([
                step(1100, posted(2, 1100), "epoch-posted", "1100 current 2000"),
                step(1150, prove(1, 2), "proof-accepted", "1150 current 2100"),
            ]),
        ),
        scenario(
            "register-before-the-first-epoch",
            "The clock stands still until there is an epoch to prove in.",
            vec![
                step(1000, register(1), "registered", "1000 unproven 2000"),
                step(9000, overdue(1), "!not-overdue", "1000 unproven 2000"),
                step(9000, posted(1, 9000), "epoch-posted", "1000 unproven 2000"),
                step(9010, prove(1, 1), "proof-accepted", "1010 current 2000"),
            ],
        ),
        scenario(
            "register-twice",
            "An open account cannot be registered, whatever its state.",
            called([
                step(1060, register(1), "!already-registered", "1060 called 1450"),
                step(1060, register(2), "registered", "1060 called 1450"),
                step(1060, register(2), "!already-registered", "1060 called 1450"),
            ]),
        ),
        scenario(
            "not-registered",
            "Every action on an unknown account is refused.",
            vec![
                step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
                step(1000, prove(1, 1), "!not-registered", "1000 unregistered"),
                step(1000, breach(1, 1), "!not-registered", "1000 unregistered"),
                step(1000, cure(1, 1), "!not-registered", "1000 unregistered"),
                step(1000, overdue(1), "!not-registered", "1000 unregistered"),
                step(1000, mark(1), "!not-registered", "1000 unregistered"),
                step(1000, close(1), "!not-registered", "1000 unregistered"),
                step(1000, reinstate(1), "!not-registered", "1000 unregistered"),
                step(1000, escape(1), "!not-registered", "1000 unregistered"),
            ],
        ),
        scenario(
            "time-backwards",
            "Time may stand still and not run backwards; what is refused or changes nothing does not move it.",
            current([
                step(1050, register(2), "registered", "1050 current 2000"),
                step(1049, register(3), "!time-backwards", "1050 current 2000"),
                step(1090, register(2), "!already-registered", "1090 current 2000"),
                step(1095, prove(1, 1), "", "1095 current 2000"),
                step(1050, register(3), "registered", "1050 current 2000"),
            ]),
        ),
        scenario(
            "levels-of-proofs",
            "A proof must claim the required level or a higher one, on the right side.",
            current([
                step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                step(
                    1010,
                    submit(claim(1, 2, "at-least:margin-call")),
                    "!level-too-low",
                    "1010 current 2000",
                ),
                step(1010, submit(claim(1, 2, BREACH)), "!wrong-side", "1010 current 2000"),
                step(1010, submit(claim(1, 2, SAFE)), "proof-accepted", "1010 current 2010"),
            ]),
        ),
        scenario(
            "same-proof-again",
            "A proof sent again in its epoch changes nothing, as long as it counts.",
            current([
                step(1000, prove(1, 1), "", "1000 current 2000"),
                step(1050, prove(1, 1), "", "1050 current 2000"),
                step(1060, submit(claim(1, 1, BREACH)), "!wrong-side", "1060 current 2000"),
                step(1060, pause(1070), "halted", "1060 current 2000"),
                step(1070, prove(1, 1), "!halted", "1060 current 2000"),
                step(1100, prove(1, 1), "", "1090 current 2000"),
                step(1101, prove(1, 1), "!snapshot-stale", "1090 current 2000"),
            ]),
        ),
        scenario(
            "higher-level-in-the-same-epoch",
            "A higher level is accepted in the epoch that is on record, and renews nothing; a lower one takes nothing back.",
            current([
                step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                step(1010, prove(1, 2), "proof-accepted", "1010 current 2010").asks(
                    Level::Initial,
                    100,
                    false,
                    "1010 0 provable",
                ),
                step(1060, submit(claim(1, 2, SAFE)), "proof-accepted", "1060 current 2010").asks(
                    Level::Initial,
                    100,
                    true,
                    "1010 50 provable",
                ),
                step(1070, prove(1, 2), "", "1070 current 2010").asks(
                    Level::Initial,
                    100,
                    true,
                    "1010 60 provable",
                ),
                step(1070, submit(claim(1, 1, SAFE)), "!replayed", "1070 current 2010"),
            ]),
        ),
        scenario(
            "accounts-are-independent",
            "A call of one account does not touch another.",
            current([
                step(1000, register(2), "registered", "1000 current 2000"),
                step(1000, breach(2, 1), "called", "1000 current 2000"),
                step(1000, prove(2, 1), "!call-open", "1000 current 2000"),
            ]),
        ),
    ]
}
