//! What a proof must rest on.

use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_verifier::engine::{Action, ClaimData};

use super::{Scenario, called, current, disclosing, scenario, step, submit, submit_breach};
use crate::common::*;

fn stray() -> Scenario {
    let good = claim(1, 2, HEALTHY);
    let with = |change: fn(&mut ClaimData)| {
        let mut claim = good;
        change(&mut claim);
        claim
    };
    let wrong = [
        (with(|claim| claim.context = ContextId::derive("other", 1, [0; 20])), "!wrong-context"),
        (with(|claim| claim.epoch = Epoch::new(3)), "!unknown-epoch"),
        (with(|claim| claim.epoch = Epoch::new(0)), "!unknown-epoch"),
        (with(|claim| claim.state_root = state_root(1)), "!wrong-state-root"),
        (with(|claim| claim.market_root = market_root(1)), "!wrong-market-root"),
        (with(|claim| claim.model = model(2)), "!wrong-model"),
        (with(|claim| claim.account = account(9)), "!not-registered"),
    ];
    let mut steps = current([step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000")]);
    for (claim, refusal) in wrong {
        steps.push(step(1010, submit(claim), refusal, "1010 current 2000"));
        let claim = ClaimData { claim: BREACH.parse().unwrap(), ..claim };
        steps.push(step(1010, submit_breach(claim), refusal, "1010 current 2000"));
    }
    scenario("evidence", "Each public input changed alone is refused for its own reason.", steps)
}

fn cures() -> Scenario {
    let stray = ClaimData { state_root: state_root(2), ..claim(1, 3, SAFE) };
    let refining = ClaimData { market_root: market_root(2), ..claim(1, 3, BANKRUPT) };
    let twice = ClaimData { state_root: state_root(2), ..claim(1, 3, SAFE) };
    scenario(
        "evidence-of-cures",
        "A cure is checked like any proof, sent again too, and so is what refines a call.",
        called([
            step(1060, posted(3, 1060), "epoch-posted", "1060 called 1450"),
            step(1060, Action::Cure { claim: stray }, "!wrong-state-root", "1060 called 1450"),
            step(1060, submit_breach(refining), "!wrong-market-root", "1060 called 1450"),
            step(1060, cure(1, 3), "cured", "1060 current 2060"),
            step(1060, Action::Cure { claim: twice }, "!wrong-state-root", "1060 current 2060"),
        ]),
    )
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        stray(),
        cures(),
        scenario(
            "replay",
            "None for an earlier epoch counts after a proof.",
            current([
                step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                step(1020, posted(3, 1020), "epoch-posted", "1020 current 2000"),
                step(1020, prove(1, 3), "proof-accepted", "1020 current 2020"),
                step(1020, prove(1, 2), "!replayed", "1020 current 2020"),
                step(1020, breach(1, 2), "!replayed", "1020 current 2020"),
                step(1020, prove(1, 3), "", "1020 current 2020"),
            ]),
        ),
        scenario(
            "replayed-breach",
            "A breach that was cured cannot call again; a cure sent twice changes nothing while it counts.",
            called([
                step(1060, posted(3, 1060), "epoch-posted", "1060 called 1450"),
                step(1060, cure(1, 3), "cured", "1060 current 2060"),
                step(1060, breach(1, 2), "!replayed", "1060 current 2060"),
                step(1060, cure(1, 3), "", "1060 current 2060"),
                step(1060, Action::Cure { claim: claim(1, 3, HEALTHY) }, "", "1060 current 2060"),
                step(
                    1060,
                    Action::Cure { claim: claim(1, 3, BREACH) },
                    "!not-called",
                    "1060 current 2060",
                ),
                step(1060, cure(1, 2), "!not-called", "1060 current 2060"),
                step(1060, pause(1080), "halted", "1060 current 2060"),
                step(1070, cure(1, 3), "!halted", "1060 current 2060"),
                step(1161, cure(1, 3), "!snapshot-stale", "1140 current 2060"),
            ]),
        ),
        scenario(
            "same-epoch-breach-wins",
            "At-least and below proofs of one epoch contradict each other: the account is called, in either order.",
            current([
                step(1000, register(2), "registered", "1000 current 2000"),
                step(1000, breach(2, 1), "called", "1000 current 2000"),
                step(1000, prove(2, 1), "!call-open", "1000 current 2000"),
                step(1000, breach(1, 1), "called", "1000 called 1400"),
                step(1000, cure(1, 1), "!too-old-to-cure", "1000 called 1400"),
            ]),
        ),
        scenario(
            "snapshot-age",
            "A proof counts while its snapshot is at most max_snapshot_age old, to the second.",
            current([
                step(1000, register(2), "registered", "1000 current 2000"),
                step(1000, register(3), "registered", "1000 current 2000"),
                step(1100, prove(2, 1), "proof-accepted", "1100 current 2000"),
                step(1101, prove(3, 1), "!snapshot-stale", "1100 current 2000"),
                step(1101, breach(1, 1), "!snapshot-stale", "1100 current 2000"),
            ]),
        ),
        scenario(
            "holding-back-gains-nothing",
            "The window counts from the posting of the proof's epoch, not from its submission.",
            current([
                step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                step(1110, prove(1, 2), "proof-accepted", "1110 current 2010"),
            ]),
        ),
        scenario(
            "breach-levels",
            "Below a lower level implies below the breach level; below a higher one does not.",
            current([
                step(1000, posted(2, 1000), "epoch-posted", "1000 current 2000"),
                step(
                    1000,
                    submit_breach(claim(1, 2, "below:initial")),
                    "!not-a-breach",
                    "1000 current 2000",
                ),
                step(1000, submit_breach(claim(1, 2, HEALTHY)), "!wrong-side", "1000 current 2000"),
                step(1000, submit_breach(claim(1, 2, BANKRUPT)), "called", "1000 called 1200"),
            ]),
        ),
        scenario(
            "claims-with-dials",
            "A multiplied requirement, or a bound on leverage, counts as its level; being short of a multiplied requirement is no breach.",
            current([
                step(1000, posted(2, 1000), "epoch-posted", "1000 current 2000"),
                step(
                    1000,
                    submit_breach(claim(1, 2, "below:maintenance,multiplier:1.0001")),
                    "!not-a-breach",
                    "1000 current 2000",
                ),
                step(
                    1000,
                    submit_breach(claim(1, 2, "below:margin-call,multiplier:2")),
                    "!not-a-breach",
                    "1000 current 2000",
                ),
                step(
                    1000,
                    submit(claim(1, 2, "at-least:margin-call,multiplier:9,leverage:1")),
                    "!level-too-low",
                    "1000 current 2000",
                ),
                step(
                    1000,
                    submit(claim(1, 2, "at-least:maintenance,multiplier:1.25,leverage:10")),
                    "proof-accepted",
                    "1000 current 2000",
                ),
                step(1000, submit_breach(claim(1, 2, BREACH)), "called", "1000 called 1400"),
                step(1010, posted(3, 1010), "epoch-posted", "1010 called 1400"),
                step(
                    1010,
                    Action::Cure { claim: claim(1, 3, "at-least:initial,leverage:2.5") },
                    "cured",
                    "1010 current 2010",
                ),
            ]),
        ),
        scenario(
            "disclosed-shortfall",
            "A breach of the breach level puts its shortfall on record.",
            current([
                step(1000, posted(2, 1000), "epoch-posted", "1000 current 2000"),
                step(1000, disclosing(2, BREACH, 1005), "called", "1000 called 1400"),
            ]),
        ),
        scenario(
            "disclosed-shortfall-of-a-lower-level",
            "A shortfall of a lower level is smaller: it does not stand for that of the breach.",
            current([
                step(1000, posted(2, 1000), "epoch-posted", "1000 current 2000"),
                step(1000, disclosing(2, BANKRUPT, 5), "called", "1000 called 1200"),
            ]),
        ),
    ]
}
