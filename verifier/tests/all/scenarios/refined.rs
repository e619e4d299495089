//! Breaches of accounts that are called already.

use zkmargin_verifier::engine::Action;

use super::{Scenario, called, current, disclosing, scenario, silent, step, submit_breach};
use crate::common::*;

fn shortfalls() -> Scenario {
    scenario(
        "refined-shortfall",
        "A shortfall is added to a call; another one of the same epoch is not, that of a later epoch is, and must be cured after it.",
        called([
            step(1060, disclosing(2, BANKRUPT, 3), "call-refined", "1060 called 1260"),
            step(1060, disclosing(2, BREACH, 1005), "call-refined", "1060 called 1260"),
            step(1060, disclosing(2, BREACH, 7), "", "1060 called 1260"),
            step(1070, posted(3, 1070), "epoch-posted", "1070 called 1260"),
            step(1070, disclosing(3, BREACH, 900), "call-refined", "1070 called 1260"),
            step(1070, breach(1, 2), "!replayed", "1070 called 1260"),
            step(1070, cure(1, 3), "!too-old-to-cure", "1070 called 1260"),
            step(1080, posted(4, 1080), "epoch-posted", "1080 called 1260"),
            step(1080, breach(1, 4), "call-refined", "1080 called 1260"),
        ]),
    )
}

fn overdue_refined() -> Vec<Scenario> {
    let proved = Action::Cure { claim: claim(1, 13, HEALTHY) };
    vec![
        scenario(
            "refined-overdue-call",
            "A breach of an account called for silence: the call is for the breach then, and cured as one, not later than before.",
            silent([
                step(2001, posted(12, 2001), "epoch-posted", "2001 current 2000"),
                step(2001, overdue(1), "called", "2001 called 2301"),
                step(2002, breach(1, 12), "call-refined", "2002 called 2301"),
                step(2003, posted(13, 2003), "epoch-posted", "2003 called 2301"),
                step(2003, cure(1, 12), "!too-old-to-cure", "2003 called 2301"),
                step(2003, proved, "!level-too-low", "2003 called 2301"),
                step(2003, cure(1, 13), "cured", "2003 current 3003"),
            ]),
        ),
        scenario(
            "refined-overdue-call-by-an-earlier-epoch",
            "A breach before the epoch of a call for silence refines it, if it is newer than the last proof; the call's epoch stays.",
            silent([
                step(2001, posted(12, 2001), "epoch-posted", "2001 current 2000"),
                step(2001, overdue(1), "called", "2001 called 2301"),
                step(2002, breach(1, 11), "call-refined", "2002 called 2301"),
                step(2002, breach(1, 11), "!replayed", "2002 called 2301"),
                step(2002, breach(1, 12), "call-refined", "2002 called 2301"),
                step(2002, breach(1, 12), "", "2002 called 2301"),
            ]),
        ),
    ]
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = overdue_refined();
    all.extend([
        shortfalls(),
        scenario(
            "refined-by-a-worse-breach",
            "A worse breach shortens the time to cure; a lesser one, or the same again, changes nothing.",
            called([
                step(1060, submit_breach(claim(1, 2, BANKRUPT)), "call-refined", "1060 called 1260"),
                step(1070, breach(1, 2), "", "1070 called 1260"),
                step(1080, submit_breach(claim(1, 2, BANKRUPT)), "", "1080 called 1260"),
                step(1080, submit_breach(claim(1, 2, "below:initial")), "!not-a-breach", "1080 called 1260"),
                step(1080, submit_breach(claim(1, 2, HEALTHY)), "!wrong-side", "1080 called 1260"),
            ]),
        ),
        scenario(
            "refined-late",
            "Time that has run is not given back: the deadline is never later than before.",
            called([
                step(1150, posted(3, 1150), "epoch-posted", "1150 called 1450"),
                step(1250, posted(4, 1250), "epoch-posted", "1250 called 1450"),
                step(1300, submit_breach(claim(1, 4, BANKRUPT)), "call-refined", "1300 called 1450"),
            ]),
        ),
        scenario(
            "refined-after-a-pause",
            "No call is refined during a halt.",
            current([
                step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                step(1010, breach(1, 2), "called", "1010 called 1410"),
                step(1010, pause(1020), "halted", "1010 called 1410"),
                step(1020, submit_breach(claim(1, 2, BANKRUPT)), "!halted", "1010 called 1410"),
                step(1021, submit_breach(claim(1, 2, BANKRUPT)), "call-refined", "1011 called 1211"),
            ]),
        ),
    ]);
    all
}
