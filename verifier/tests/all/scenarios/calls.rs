//! Calls, and how they are met.

use zkmargin_margin::claim::Level;
use zkmargin_margin::instance::Shortfall;
use zkmargin_verifier::engine::{Action, ClaimData};

use super::{
    Scenario, breached, called, current, feed, scenario, silent, step, submit, submit_breach,
};
use crate::common::*;

fn overdue_unproven() -> Scenario {
    const STATUS: [&str; 10] = [
        "1100 unproven 2000",
        "1200 unproven 2000",
        "1300 unproven 2000",
        "1400 unproven 2000",
        "1500 unproven 2000",
        "1600 unproven 2000",
        "1700 unproven 2000",
        "1800 unproven 2000",
        "1900 unproven 2000",
        "2000 unproven 2000",
    ];
    let mut steps = vec![
        step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
        step(1000, register(1), "registered", "1000 unproven 2000"),
    ];
    steps.extend(feed(2..=11, 1100, &STATUS));
    steps.push(step(2000, overdue(1), "!not-overdue", "2000 unproven 2000"));
    steps.push(step(2001, overdue(1), "called", "2001 called 2301"));
    scenario(
        "overdue-unproven",
        "A registered account that never proves is overdue after the window.",
        steps,
    )
}

fn overdue_to_the_second() -> Scenario {
    let with = |text| Action::Cure { claim: claim(1, 12, text) };
    scenario(
        "overdue-to-the-second",
        "A proof is due inclusively: a second later anyone may call. Whoever was silent may answer in the latest epoch, at the required level.",
        silent([
            step(2000, overdue(1), "!not-overdue", "2000 current 2000"),
            step(2001, posted(12, 2001), "epoch-posted", "2001 current 2000"),
            step(2001, overdue(1), "called", "2001 called 2301"),
            step(2001, overdue(1), "!call-open", "2001 called 2301"),
            step(2002, cure(1, 11), "!too-old-to-cure", "2002 called 2301"),
            step(2002, with("at-least:margin-call"), "!level-too-low", "2002 called 2301"),
            step(2002, with(HEALTHY), "cured", "2002 current 3001"),
        ]),
    )
}

fn severity() -> Scenario {
    let mut all = scenario(
        "cure-periods-by-severity",
        "The further below, the shorter the time to cure.",
        vec![
            step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
            step(1000, register(1), "registered", "1000 unproven 2000"),
            step(1000, submit_breach(claim(1, 1, "below:initial")), "called", "1000 called 1500"),
            step(1000, submit_breach(claim(1, 1, BREACH)), "call-refined", "1000 called 1400"),
            step(1000, submit_breach(claim(1, 1, BANKRUPT)), "call-refined", "1000 called 1200"),
        ],
    );
    all.policy.breach_level = Level::Initial;
    all.policy.required_level = Level::Initial;
    all
}

fn required_above_breach() -> Scenario {
    let mut strict = scenario(
        "required-above-breach",
        "With breach below required, an account between the levels can be neither proved nor called.",
        vec![
            step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
            step(1000, register(1), "registered", "1000 unproven 2000"),
            step(1000, submit(claim(1, 1, SAFE)), "proof-accepted", "1000 current 2000"),
            step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
            step(1010, prove(1, 2), "!level-too-low", "1010 current 2000"),
            step(1010, breach(1, 2), "called", "1010 called 1410"),
        ],
    );
    strict.policy.required_level = Level::Initial;
    strict
}

fn breach_and_cure() -> Scenario {
    let with = |text| Action::Cure { claim: claim(1, 3, text) };
    scenario(
        "breach-and-cure",
        "A breach calls; a proof of the cure level for a later epoch cures.",
        called([
            step(1060, breach(1, 2), "", "1060 called 1450"),
            step(1060, prove(1, 2), "!call-open", "1060 called 1450"),
            step(1060, cure(1, 2), "!too-old-to-cure", "1060 called 1450"),
            step(1070, posted(3, 1070), "epoch-posted", "1070 called 1450"),
            step(1070, with(HEALTHY), "!level-too-low", "1070 called 1450"),
            step(1070, with(BREACH), "!wrong-side", "1070 called 1450"),
            step(1070, cure(1, 3), "cured", "1070 current 2070"),
        ]),
    )
}

fn after_the_deadline() -> Scenario {
    let late = "1451 liquidatable 1450";
    scenario(
        "cure-after-the-deadline",
        "A second after the deadline the account is liquidatable, recorded or not.",
        breached([
            step(1449, mark(1), "!not-liquidatable", "1449 called 1450"),
            step(1451, cure(1, 6), "!account-liquidatable", late),
            step(1451, prove(1, 6), "!account-liquidatable", late),
            step(1451, breach(1, 6), "!account-liquidatable", late),
            step(1451, overdue(1), "!account-liquidatable", late),
            step(1451, escape(1), "!account-liquidatable", late),
            step(1451, register(1), "!already-registered", late),
            step(1451, mark(1), "liquidatable", late),
            step(1460, mark(1), "!account-liquidatable", "1460 liquidatable 1450"),
            step(1460, cure(1, 6), "!account-liquidatable", "1460 liquidatable 1450"),
        ]),
    )
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let disclosing =
        ClaimData { disclosed: Shortfall::new((1 << 104) - 1).unwrap(), ..claim(1, 1, BREACH) };
    vec![
        overdue_to_the_second(),
        overdue_unproven(),
        severity(),
        required_above_breach(),
        breach_and_cure(),
        after_the_deadline(),
        scenario(
            "late-but-not-called",
            "An overdue account that nobody called proves as ever.",
            silent([step(2001, prove(1, 11), "proof-accepted", "2001 current 3000")]),
        ),
        scenario(
            "breach-of-an-unproven-account",
            "An account in breach is called before its first proof; a disclosed shortfall is on record.",
            vec![
                step(1000, register(1), "registered", "1000 unproven 2000"),
                step(1000, posted(1, 1000), "epoch-posted", "1000 unproven 2000"),
                step(1000, submit_breach(disclosing), "called", "1000 called 1400"),
            ],
        ),
        scenario(
            "cure-at-the-deadline",
            "The deadline is inclusive.",
            breached([
                step(1450, mark(1), "!not-liquidatable", "1450 called 1450"),
                step(1450, cure(1, 6), "cured", "1450 current 2400"),
            ]),
        ),
        scenario(
            "not-called",
            "There is nothing to cure, mark or reinstate on an account under no call.",
            current([
                step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                step(1010, cure(1, 2), "!not-called", "1010 current 2000"),
                step(1010, mark(1), "!not-liquidatable", "1010 current 2000"),
                step(1010, reinstate(1), "!not-liquidatable", "1010 current 2000"),
            ]),
        ),
    ]
}
