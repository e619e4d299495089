//! Proofs with the escrow that a policy demands.

use zkmargin_margin::claim::Level::Maintenance;
use zkmargin_verifier::engine::PolicyParams;

use super::{Scenario, Step, scenario, step, submit};
use crate::common::*;

/// Escrows to committee 7, and two further epochs to show a change in.
fn with_escrow(scenario: Scenario) -> Scenario {
    let policy = PolicyParams { escrow: Some(committee(7)), change_epochs: 2, ..scenario.policy };
    Scenario { policy, ..scenario }
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let none = scenario(
        "escrow-not-demanded",
        "A policy without a committee takes proofs without an escrow, and no other.",
        begun([
            step(1000, escrowed(1, 1, HEALTHY, 7), "!escrow-not-demanded", "1000 unproven 2000"),
            step(1000, prove(1, 1), "proof-accepted", "1000 current 2000"),
            // On record already.
            step(1000, escrowed(1, 1, HEALTHY, 7), "", "1000 current 2000"),
            step(1000, escrowed(1, 1, SAFE, 7), "!escrow-not-demanded", "1000 current 2000"),
        ]),
    );
    let mut all = vec![none];
    all.extend(demanded().into_iter().map(with_escrow));
    all
}

fn begun(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let first = [
        step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
        step(1000, register(1), "registered", "1000 unproven 2000"),
    ];
    first.into_iter().chain(steps).collect()
}

/// Account 1 current by an escrowed proof in epoch 1.
fn escrowed_current(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let first =
        step(1000, escrowed(1, 1, HEALTHY, 7), "proof-accepted+escrowed", "1000 current 2000");
    begun([first].into_iter().chain(steps))
}

fn demanded() -> Vec<Scenario> {
    vec![
        scenario(
            "escrow-demanded",
            "Where a committee must be able to open what is proved, no other at-least proof counts.",
            begun([
                step(1000, prove(1, 1), "!escrow-demanded", "1000 unproven 2000"),
                step(1000, escrowed(1, 1, HEALTHY, 8), "!wrong-committee", "1000 unproven 2000"),
                step(1000, escrowed(2, 1, HEALTHY, 7), "!not-registered", "1000 unproven 2000"),
                step(1000, escrowed(1, 1, BREACH, 7), "!wrong-side", "1000 unproven 2000"),
                step(
                    1000,
                    escrowed(1, 1, "at-least:margin-call", 7),
                    "!level-too-low",
                    "1000 unproven 2000",
                ),
                step(1000, escrowed(1, 2, HEALTHY, 7), "!unknown-epoch", "1000 unproven 2000"),
                step(
                    1000,
                    escrowed(1, 1, HEALTHY, 7),
                    "proof-accepted+escrowed",
                    "1000 current 2000",
                )
                .asks(Maintenance, 100, true, "1000 0 provable"),
                // What is on record can be sent again, with an escrow or without.
                step(1010, escrowed(1, 1, HEALTHY, 7), "", "1010 current 2000"),
                step(1010, prove(1, 1), "", "1010 current 2000"),
                step(1010, submit(claim(1, 1, SAFE)), "!escrow-demanded", "1010 current 2000"),
                step(1010, escrowed(1, 1, SAFE, 8), "!wrong-committee", "1010 current 2000"),
                step(1010, escrowed(1, 1, SAFE, 7), "proof-accepted+escrowed", "1010 current 2000"),
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1050, prove(1, 2), "!escrow-demanded", "1050 current 2000"),
                step(1050, pause(1060), "halted", "1050 current 2000"),
                step(1050, escrowed(1, 2, HEALTHY, 7), "!halted", "1050 current 2000"),
            ]),
        ),
        scenario(
            "breach-without-an-escrow",
            "A breach takes no escrow; its cure does.",
            escrowed_current([
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1050, breach(1, 2), "called", "1050 called 1450"),
                step(1060, escrowed(1, 2, SAFE, 7), "!too-old-to-cure", "1060 called 1450"),
                step(1100, posted(3, 1100), "epoch-posted", "1100 called 1450"),
                step(1100, cure(1, 3), "!escrow-demanded", "1100 called 1450"),
                step(1100, escrowed(1, 3, HEALTHY, 7), "!level-too-low", "1100 called 1450"),
                step(1100, escrowed(1, 3, SAFE, 8), "!wrong-committee", "1100 called 1450"),
                step(1100, escrowed(1, 3, SAFE, 7), "cured+escrowed", "1100 current 2100"),
            ]),
        ),
        scenario(
            "change-under-an-escrow",
            "Showing a change ends it and proves nothing: its proof has no escrow.",
            escrowed_current([
                step(1010, change(1, 1, HEALTHY, 1), "change-accepted", "1010 current 2000"),
                step(1010, escrowed(1, 1, SAFE, 7), "!change-open", "1010 current 2000"),
                step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
                step(1050, escrowed(1, 2, HEALTHY, 7), "!change-open", "1050 current 2000"),
                step(
                    1060,
                    show(1, 2, "at-least:margin-call", 1),
                    "!level-too-low",
                    "1060 current 2000",
                ),
                step(1060, show(1, 3, HEALTHY, 1), "!unknown-epoch", "1060 current 2000"),
                step(1060, show(1, 2, HEALTHY, 1), "change-shown", "1060 current 2000"),
                step(1070, prove(1, 2), "!escrow-demanded", "1070 current 2000"),
                step(
                    1070,
                    escrowed(1, 2, HEALTHY, 7),
                    "proof-accepted+escrowed",
                    "1070 current 2050",
                ),
                step(1080, change(1, 2, SAFE, 2), "change-accepted", "1080 current 2050"),
                step(1100, posted(3, 1100), "epoch-posted", "1100 current 2050"),
                step(1100, breach(1, 3), "called", "1100 called 1500"),
                step(1110, show(1, 3, SAFE, 2), "!too-old-to-cure", "1110 called 1500"),
                step(1150, posted(4, 1150), "epoch-posted", "1150 called 1500"),
                step(1150, show(1, 4, HEALTHY, 2), "!level-too-low", "1150 called 1500"),
                step(1150, show(1, 4, SAFE, 2), "change-shown", "1150 called 1500"),
                step(1150, escrowed(1, 4, SAFE, 7), "cured+escrowed", "1150 current 2150"),
            ]),
        ),
    ]
}
