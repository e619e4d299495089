//! What a lender is told.

use zkmargin_margin::claim::Level::{Initial, Maintenance};
use zkmargin_verifier::engine::{Action, EpochPost};

use super::{Scenario, called, current, expired, look, scenario, silent, step, submit};
use crate::common::*;

fn ages() -> Scenario {
    scenario(
        "standing-ages",
        "Real time since the market's snapshot counts, to the second, and the level that was proved.",
        vec![
            step(1000, posted(1, 1005), "epoch-posted", "1000 unregistered").asks(
                Maintenance,
                100,
                false,
                "- - provable",
            ),
            step(1000, register(1), "registered", "1000 unproven 2000").asks(
                Maintenance,
                100,
                false,
                "- - provable",
            ),
            step(1000, prove(1, 1), "proof-accepted", "1000 current 2000").asks(
                Maintenance,
                0,
                true,
                "1005 0 provable",
            ),
            look(1000, "1000 current 2000").asks(Initial, 100, false, "1005 0 provable"),
            look(1055, "1055 current 2000").asks(Maintenance, 50, true, "1005 50 provable"),
            look(1056, "1056 current 2000").asks(Maintenance, 50, false, "1005 51 provable"),
            look(1105, "1105 current 2000").asks(Maintenance, 100, true, "1005 100 provable"),
            look(1106, "1105 current 2000").asks(Maintenance, u64::MAX, false, "1005 101 stale"),
            step(1150, posted(2, 1150), "epoch-posted", "1105 current 2000").asks(
                Maintenance,
                145,
                true,
                "1005 145 provable",
            ),
            look(1151, "1106 current 2000").asks(Maintenance, 145, false, "1005 146 provable"),
        ],
    )
}

fn blind() -> Scenario {
    scenario(
        "standing-while-the-engine-is-blind",
        "In a pause, after a jump, without circuits and on a stale feed nobody takes more risk.",
        current([
            step(1010, pause(1020), "halted", "1010 current 2000").asks(
                Maintenance,
                100,
                false,
                "1000 10 halted",
            ),
            look(1020, "1010 current 2000").asks(Maintenance, 100, false, "1000 20 halted"),
            look(1021, "1011 current 2000").asks(Maintenance, 100, true, "1000 21 provable"),
            step(1030, jump(2, 1030, 3_000), "epoch-posted+halted", "1020 current 2000").asks(
                Maintenance,
                100,
                false,
                "1000 30 halted",
            ),
            step(1031, resume(2), "resumed", "1020 current 2000").asks(
                Maintenance,
                100,
                true,
                "1000 31 provable",
            ),
            step(1040, circuits(u64::MAX, true), "circuits-changed", "1029 current 2000").asks(
                Maintenance,
                100,
                false,
                "1000 40",
            ),
            step(1041, circuits(1050, false), "circuits-changed", "1029 current 2000").asks(
                Maintenance,
                100,
                true,
                "1000 41 provable",
            ),
            look(1051, "1038 current 2000").asks(Maintenance, 100, false, "1000 51"),
            step(1060, circuits(u64::MAX, false), "circuits-changed", "1038 current 2000").asks(
                Maintenance,
                100,
                true,
                "1000 60 provable",
            ),
            look(9000, "1108 current 2000").asks(Maintenance, 9000, false, "1000 8000 stale"),
        ]),
    )
}

fn models() -> Scenario {
    let other = EpochPost { model: model(2), ..post(2, 1010) };
    scenario(
        "standing-under-a-revoked-model",
        "Neither a proof under a revoked model counts, nor any while the latest epoch's model is revoked.",
        current([
            step(1010, accept(2), "model-accepted", "1010 current 2000").asks(
                Maintenance,
                100,
                true,
                "1000 10 provable",
            ),
            step(1010, Action::PostEpoch(other), "epoch-posted", "1010 current 2000").asks(
                Maintenance,
                100,
                true,
                "1000 10 provable",
            ),
            step(1020, revoke(2), "model-revoked", "1020 current 2000").asks(
                Maintenance,
                100,
                false,
                "1000 20",
            ),
            step(1020, accept(2), "model-accepted", "1020 current 2000").asks(
                Maintenance,
                100,
                true,
                "1000 20 provable",
            ),
            step(1020, revoke(1), "model-revoked", "1020 current 2000").asks(
                Maintenance,
                100,
                false,
                "1000 20 provable",
            ),
        ]),
    )
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        ages(),
        blind(),
        models(),
        scenario(
            "standing-of-a-rejected-epoch",
            "What was proved in a rejected epoch is not proved, and no market stands behind it but that one's.",
            current([
                step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                step(1010, reject(1), "epoch-rejected", "1010 unproven 2010").asks(
                    Maintenance,
                    100,
                    false,
                    "1000 10 provable",
                ),
                step(1010, prove(1, 2), "proof-accepted", "1010 current 2010").asks(
                    Maintenance,
                    100,
                    true,
                    "1010 0 provable",
                ),
            ]),
        ),
        scenario(
            "standing-when-late",
            "A proof that is overdue counts no more, called or not, however much of it a lender would take.",
            silent([
                step(2000, submit(claim(1, 1, SAFE)), "!snapshot-stale", "2000 current 2000").asks(
                    Maintenance,
                    1_000,
                    true,
                    "1000 1000 provable",
                ),
                look(2001, "2001 current 2000").asks(
                    Maintenance,
                    2_000,
                    false,
                    "1000 1001 overdue provable",
                ),
                step(2001, overdue(1), "called", "2001 called 2301").asks(
                    Maintenance,
                    2_000,
                    false,
                    "2000 1 provable",
                ),
            ]),
        ),
        scenario(
            "standing-when-called",
            "A called account takes no more risk, and does again when cured.",
            called([
                look(1060, "1060 called 1450").asks(Maintenance, 100, false, "1050 10 provable"),
                step(1070, posted(3, 1070), "epoch-posted", "1070 called 1450"),
                step(1070, cure(1, 3), "cured", "1070 current 2070").asks(
                    Initial,
                    100,
                    true,
                    "1070 0 provable",
                ),
                step(1080, close(1), "closed", "1080 closed").asks(
                    Maintenance,
                    100,
                    false,
                    "- - provable",
                ),
            ]),
        ),
        scenario(
            "standing-when-liquidatable",
            "A liquidatable account takes no more risk.",
            expired([step(1500, mark(1), "liquidatable", "1500 liquidatable 1450").asks(
                Maintenance,
                1_000,
                false,
                "1050 450 provable",
            )]),
        ),
    ]
}
