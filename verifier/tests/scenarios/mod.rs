//! The scenarios behind the vectors. What each step must do is written here by
//! hand, in short; the JSON files hold it in full.

mod calls;

use zkmargin_margin::instance::Shortfall;
use zkmargin_verifier::engine::{Action, ActionRecord, ClaimData, EpochPost, PolicyParams};

use crate::common::*;

/// A step: at a time, an action, what it must announce (`+` between events) or
/// `!` and the refusal's code, and afterwards the clock and account 1's status
/// with its due time or deadline.
pub(crate) struct Step(
    pub(crate) u64,
    pub(crate) ActionRecord,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) policy: PolicyParams,
    pub(crate) steps: Vec<Step>,
}

fn scenario(name: &'static str, description: &'static str, steps: Vec<Step>) -> Scenario {
    Scenario { name, description, policy: params(), steps }
}

/// Account 1 registered and proved in epoch 1, at 1000: due at 2000.
fn current(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut all = vec![
        Step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
        Step(1000, register(1), "registered", "1000 unproven 2000"),
        Step(1000, prove(1, 1), "proof-accepted", "1000 current 2000"),
    ];
    all.extend(steps);
    all
}

/// Account 1 current, then in breach in epoch 2, at 1050: deadline 1450.
fn called(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut all = current([
        Step(1050, posted(2, 1050), "epoch-posted", "1050 current 2000"),
        Step(1050, breach(1, 2), "called", "1050 called 1450"),
    ]);
    all.extend(steps);
    all
}

/// Epochs posted every 100 seconds, so that the clock never stops.
fn feed(epochs: std::ops::RangeInclusive<u64>, first: u64, status: &[&'static str]) -> Vec<Step> {
    let times = (0..).map(|i| first + 100 * i);
    epochs
        .zip(times)
        .zip(status)
        .map(|((epoch, time), status)| Step(time, posted(epoch, time), "epoch-posted", status))
        .collect()
}

fn claiming(number: u8, epoch: u64, text: &str) -> ClaimData {
    claim(number, epoch, text)
}

fn submit(claim: ClaimData) -> ActionRecord {
    Action::SubmitProof { claim }
}

fn submit_breach(claim: ClaimData) -> ActionRecord {
    Action::SubmitBreach { claim }
}

/// Account 1's breach in epoch 2, with its shortfall.
fn disclosing(text: &str, units: u128) -> ActionRecord {
    let disclosed = Shortfall::new(units).unwrap();
    submit_breach(ClaimData { disclosed, ..claiming(1, 2, text) })
}

fn jump(epoch: u64, timestamp: u64, bps: u32) -> ActionRecord {
    Action::PostEpoch(EpochPost { price_move_bps: Some(bps), ..post(epoch, timestamp) })
}

pub(crate) fn all() -> Vec<Scenario> {
    let mut all = accounts();
    all.extend(evidence());
    all.extend(epochs());
    all.extend(calls::calls());
    all.extend(calls::endings());
    all.extend(calls::halts());
    all
}

fn accounts() -> Vec<Scenario> {
    vec![
        scenario(
            "register-and-prove",
            "A new account is unproven until its first proof; later proofs renew the window.",
            current([
                Step(1100, posted(2, 1100), "epoch-posted", "1100 current 2000"),
                Step(1150, prove(1, 2), "proof-accepted", "1150 current 2100"),
            ]),
        ),
        scenario(
            "register-before-the-first-epoch",
            "The clock stands still until there is an epoch to prove in.",
            vec![
                Step(1000, register(1), "registered", "1000 unproven 2000"),
                Step(9000, overdue(1), "!not-overdue", "1000 unproven 2000"),
                Step(9000, posted(1, 9000), "epoch-posted", "1000 unproven 2000"),
                Step(9010, prove(1, 1), "proof-accepted", "1010 current 2000"),
            ],
        ),
        scenario(
            "register-twice",
            "An open account cannot be registered, whatever its state.",
            called([
                Step(1060, register(1), "!already-registered", "1060 called 1450"),
                Step(1060, register(2), "registered", "1060 called 1450"),
                Step(1060, register(2), "!already-registered", "1060 called 1450"),
            ]),
        ),
        scenario(
            "not-registered",
            "Every action on an unknown account is refused.",
            vec![
                Step(1000, posted(1, 1000), "epoch-posted", "1000 unregistered"),
                Step(1000, prove(1, 1), "!not-registered", "1000 unregistered"),
                Step(1000, breach(1, 1), "!not-registered", "1000 unregistered"),
                Step(1000, cure(1, 1), "!not-registered", "1000 unregistered"),
                Step(1000, overdue(1), "!not-registered", "1000 unregistered"),
                Step(1000, mark(1), "!not-registered", "1000 unregistered"),
                Step(1000, close(1), "!not-registered", "1000 unregistered"),
                Step(1000, reinstate(1), "!not-registered", "1000 unregistered"),
            ],
        ),
        scenario(
            "time-backwards",
            "Time may stand still and not run backwards; a refused action does not move it.",
            current([
                Step(1050, register(2), "registered", "1050 current 2000"),
                Step(1049, register(3), "!time-backwards", "1050 current 2000"),
                Step(1090, register(2), "!already-registered", "1090 current 2000"),
                Step(1050, register(3), "registered", "1050 current 2000"),
            ]),
        ),
        scenario(
            "levels-of-proofs",
            "A proof must claim the required level or a higher one, on the right side.",
            current([
                Step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                Step(
                    1010,
                    submit(claiming(1, 2, "at-least:margin-call")),
                    "!level-too-low",
                    "1010 current 2000",
                ),
                Step(
                    1010,
                    submit(claiming(1, 2, "below:maintenance")),
                    "!wrong-side",
                    "1010 current 2000",
                ),
                Step(
                    1010,
                    submit(claiming(1, 2, "at-least:initial")),
                    "proof-accepted",
                    "1010 current 2010",
                ),
            ]),
        ),
        scenario(
            "accounts-are-independent",
            "A call of one account does not touch another.",
            current([
                Step(1000, register(2), "registered", "1000 current 2000"),
                Step(1000, breach(2, 1), "called", "1000 current 2000"),
                Step(1000, prove(2, 1), "!call-open", "1000 current 2000"),
            ]),
        ),
    ]
}

fn evidence() -> Vec<Scenario> {
    let good = claiming(1, 2, HEALTHY);
    let with = |change: fn(&mut ClaimData)| {
        let mut claim = good;
        change(&mut claim);
        claim
    };
    let wrong = [
        (
            with(|claim| {
                claim.context = zkmargin_margin::ids::ContextId::derive("other", 1, [0; 20])
            }),
            "!wrong-context",
        ),
        (with(|claim| claim.epoch = zkmargin_margin::ids::Epoch::new(3)), "!unknown-epoch"),
        (with(|claim| claim.epoch = zkmargin_margin::ids::Epoch::new(0)), "!unknown-epoch"),
        (with(|claim| claim.state_root = state_root(1)), "!wrong-state-root"),
        (with(|claim| claim.market_root = market_root(1)), "!wrong-market-root"),
        (with(|claim| claim.model = model(2)), "!wrong-model"),
        (with(|claim| claim.account = account(9)), "!not-registered"),
    ];
    let mut steps = current([Step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000")]);
    for (claim, refusal) in wrong {
        steps.push(Step(1010, submit(claim), refusal, "1010 current 2000"));
        let claim = ClaimData { claim: BREACH.parse().unwrap(), ..claim };
        steps.push(Step(1010, submit_breach(claim), refusal, "1010 current 2000"));
    }
    let mut cures = called([Step(1060, posted(3, 1060), "epoch-posted", "1060 called 1450")]);
    let stray = ClaimData { state_root: state_root(2), ..claiming(1, 3, SAFE) };
    cures.push(Step(1060, Action::Cure { claim: stray }, "!wrong-state-root", "1060 called 1450"));
    vec![
        scenario(
            "evidence",
            "Each public input changed alone is refused for its own reason.",
            steps,
        ),
        scenario("evidence-of-cures", "A cure is checked like any proof.", cures),
        scenario(
            "replay",
            "A proof counts once, and none for an earlier epoch counts after it.",
            current([
                Step(1000, prove(1, 1), "!replayed", "1000 current 2000"),
                Step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                Step(1020, posted(3, 1020), "epoch-posted", "1020 current 2000"),
                Step(1020, prove(1, 3), "proof-accepted", "1020 current 2020"),
                Step(1020, prove(1, 2), "!replayed", "1020 current 2020"),
                Step(1020, breach(1, 2), "!replayed", "1020 current 2020"),
                Step(1020, prove(1, 3), "!replayed", "1020 current 2020"),
            ]),
        ),
        scenario(
            "replayed-breach",
            "A breach that was cured cannot call again.",
            called([
                Step(1060, posted(3, 1060), "epoch-posted", "1060 called 1450"),
                Step(1060, cure(1, 3), "cured", "1060 current 2060"),
                Step(1060, breach(1, 2), "!replayed", "1060 current 2060"),
                Step(1060, cure(1, 3), "!not-called", "1060 current 2060"),
            ]),
        ),
        scenario(
            "same-epoch-breach-wins",
            "At-least and below proofs of one epoch contradict each other: the account is called, in either order.",
            current([
                Step(1000, register(2), "registered", "1000 current 2000"),
                Step(1000, breach(2, 1), "called", "1000 current 2000"),
                Step(1000, prove(2, 1), "!call-open", "1000 current 2000"),
                Step(1000, breach(1, 1), "called", "1000 called 1400"),
                Step(1000, cure(1, 1), "!too-old-to-cure", "1000 called 1400"),
            ]),
        ),
        scenario(
            "snapshot-age",
            "A proof counts while its snapshot is at most max_snapshot_age old, to the second.",
            current([
                Step(1000, register(2), "registered", "1000 current 2000"),
                Step(1000, register(3), "registered", "1000 current 2000"),
                Step(1100, prove(2, 1), "proof-accepted", "1100 current 2000"),
                Step(1101, prove(3, 1), "!snapshot-stale", "1100 current 2000"),
                Step(1101, breach(1, 1), "!snapshot-stale", "1100 current 2000"),
            ]),
        ),
        scenario(
            "holding-back-gains-nothing",
            "The window counts from the posting of the proof's epoch, not from its submission.",
            current([
                Step(1010, posted(2, 1010), "epoch-posted", "1010 current 2000"),
                Step(1110, prove(1, 2), "proof-accepted", "1110 current 2010"),
            ]),
        ),
        scenario(
            "breach-levels",
            "Below a lower level implies below the breach level; below a higher one does not.",
            current([
                Step(1000, posted(2, 1000), "epoch-posted", "1000 current 2000"),
                Step(
                    1000,
                    submit_breach(claiming(1, 2, "below:initial")),
                    "!not-a-breach",
                    "1000 current 2000",
                ),
                Step(
                    1000,
                    submit_breach(claiming(1, 2, "at-least:maintenance")),
                    "!wrong-side",
                    "1000 current 2000",
                ),
                Step(
                    1000,
                    submit_breach(claiming(1, 2, "below:margin-call")),
                    "called",
                    "1000 called 1400",
                ),
            ]),
        ),
        scenario(
            "disclosed-shortfall",
            "A breach of the breach level puts its shortfall on record.",
            current([
                Step(1000, posted(2, 1000), "epoch-posted", "1000 current 2000"),
                Step(1000, disclosing(BREACH, 1005), "called", "1000 called 1400"),
            ]),
        ),
        scenario(
            "disclosed-shortfall-of-a-lower-level",
            "A shortfall of a lower level is smaller: it does not stand for that of the breach.",
            current([
                Step(1000, posted(2, 1000), "epoch-posted", "1000 current 2000"),
                Step(1000, disclosing("below:margin-call", 5), "called", "1000 called 1400"),
            ]),
        ),
    ]
}

fn epochs() -> Vec<Scenario> {
    let post_with = |post: EpochPost| -> ActionRecord { Action::PostEpoch(post) };
    let no_move = EpochPost { price_move_bps: None, ..post(2, 1010) };
    let other_model = EpochPost { model: model(2), ..post(2, 1010) };
    let newer_model = EpochPost { model: model(2), ..post(3, 1020) };
    let accept = |number| -> ActionRecord { Action::AcceptModel { model: model(number) } };
    let revoke = |number| -> ActionRecord { Action::RevokeModel { model: model(number) } };
    let proof =
        |epoch, number| submit(ClaimData { model: model(number), ..claiming(1, epoch, HEALTHY) });
    let mut unlimited = scenario(
        "no-price-limit",
        "Without a limit an epoch need not say its move, and none halts.",
        current([
            Step(1010, post_with(no_move), "epoch-posted", "1010 current 2000"),
            Step(1020, jump(3, 1020, u32::MAX), "epoch-posted", "1020 current 2000"),
            Step(1030, prove(1, 3), "proof-accepted", "1030 current 2020"),
        ]),
    );
    unlimited.policy.max_price_move_bps = None;
    vec![
        scenario(
            "epoch-order",
            "Epochs rise, gaps are allowed, zero is none; snapshots are neither future, older nor stale.",
            vec![
                Step(1000, posted(0, 1000), "!epoch-not-newer", "1000 unregistered"),
                Step(1000, posted(5, 1001), "!snapshot-in-future", "1000 unregistered"),
                Step(1000, posted(5, 899), "!snapshot-stale", "1000 unregistered"),
                Step(1000, posted(5, 900), "epoch-posted", "1000 unregistered"),
                Step(1010, posted(5, 1010), "!epoch-not-newer", "1000 unregistered"),
                Step(1010, posted(4, 1010), "!epoch-not-newer", "1000 unregistered"),
                Step(1000, posted(9, 899), "!snapshot-older-than-last", "1000 unregistered"),
                Step(1000, posted(9, 900), "epoch-posted", "1000 unregistered"),
                Step(1010, posted(u64::from(u32::MAX), 1010), "epoch-posted", "1000 unregistered"),
            ],
        ),
        scenario(
            "first-epoch-has-no-move",
            "The first epoch needs no price move; later ones do.",
            vec![
                Step(
                    1000,
                    post_with(EpochPost { price_move_bps: None, ..post(1, 1000) }),
                    "epoch-posted",
                    "1000 unregistered",
                ),
                Step(1010, post_with(no_move), "!price-move-missing", "1010 unregistered"),
                Step(1010, posted(2, 1010), "epoch-posted", "1010 unregistered"),
            ],
        ),
        unlimited,
        scenario(
            "models",
            "A model is accepted before epochs are posted under it, and its proofs stop counting when it is revoked.",
            current([
                Step(1010, post_with(other_model), "!model-not-accepted", "1010 current 2000"),
                Step(1010, accept(1), "!model-already-accepted", "1010 current 2000"),
                Step(1010, revoke(2), "!model-not-accepted", "1010 current 2000"),
                Step(1010, accept(2), "model-accepted", "1010 current 2000"),
                Step(1010, post_with(other_model), "epoch-posted", "1010 current 2000"),
                Step(1020, post_with(newer_model), "epoch-posted", "1020 current 2000"),
                Step(1020, proof(2, 1), "!wrong-model", "1020 current 2000"),
                Step(1020, proof(2, 2), "proof-accepted", "1020 current 2010"),
                Step(1020, revoke(2), "model-revoked", "1020 current 2010"),
                Step(1030, proof(3, 2), "!model-not-accepted", "1020 current 2010"),
                Step(1040, accept(2), "model-accepted", "1020 current 2010"),
                Step(1050, proof(3, 2), "proof-accepted", "1030 current 2020"),
            ]),
        ),
        scenario(
            "revoked-model-stops-the-clock",
            "While the latest epoch's model is revoked nobody can prove, so nobody becomes overdue.",
            current(
                feed(
                    2..=10,
                    1100,
                    &[
                        "1100 current 2000",
                        "1200 current 2000",
                        "1300 current 2000",
                        "1400 current 2000",
                        "1500 current 2000",
                        "1600 current 2000",
                        "1700 current 2000",
                        "1800 current 2000",
                        "1900 current 2000",
                    ],
                )
                .into_iter()
                .chain([
                    Step(2000, posted(11, 2000), "epoch-posted", "2000 current 2000"),
                    Step(2001, accept(2), "model-accepted", "2001 current 2000"),
                    Step(2001, revoke(1), "model-revoked", "2001 current 2000"),
                    Step(2050, overdue(1), "!model-not-accepted", "2001 current 2000"),
                    Step(
                        2060,
                        post_with(EpochPost { model: model(2), ..post(12, 2060) }),
                        "epoch-posted",
                        "2001 current 2000",
                    ),
                    Step(2061, overdue(1), "called", "2002 called 2402"),
                ]),
            ),
        ),
    ]
}
