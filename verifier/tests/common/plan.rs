//! Random actions, most of which an engine accepts.

use proptest::prelude::*;
use zkmargin_margin::claim::{Claim, Level, Leverage, Multiplier};
use zkmargin_margin::ids::{ContextId, Epoch, Timestamp};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::engine::{
    Action, ActionRecord, ChangeData, ClaimData, Engine, EpochPost, EscrowedData, Root, nothing,
};
use zkmargin_verifier::epoch::EpochDigest;

use super::{account, linked, model, post};

/// Accounts that plans are about, from one.
pub(crate) const ACCOUNTS: u8 = 3;

/// An action as a plan: epochs and timestamps relative to what there is, so
/// that many of them are accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seconds: u64,
    pub(crate) kind: u8,
    pub(crate) account: u8,
    pub(crate) back: u64,
    pub(crate) claim: u8,
    pub(crate) stray: u8,
    pub(crate) bps: u32,
}

/// Plans of every kind of action.
pub(crate) fn arb_plan() -> impl Strategy<Value = Plan> {
    let seconds = prop_oneof![
        6 => Just(0),
        8 => 0u64..60,
        3 => 90u64..110,
        1 => 300u64..1_200,
        1 => Just(21_000),
    ];
    let bps = prop_oneof![19 => 0u32..50, 1 => 2_000u32..3_000];
    let back = prop_oneof![2 => Just(0), 1 => 0u64..4];
    (seconds, 0u8..36, 1..=ACCOUNTS, back, 1u8..8, 0u8..40, bps).prop_map(
        |(seconds, kind, account, back, claim, stray, bps)| Plan {
            seconds,
            kind,
            account,
            back,
            claim,
            stray,
            bps,
        },
    )
}

/// The action a plan is in the state of an engine.
pub(crate) fn action(plan: Plan, engine: &Engine, now: u64) -> ActionRecord {
    let latest = engine.meta().latest.get();
    let id = account(plan.account);
    let epoch = latest.saturating_sub(plan.back);
    let one_model = model(1 + plan.account % 2);
    match plan.kind {
        // A halt ends soon, so that what follows one is seen too.
        kind if kind % 4 == 1 && engine.meta().breaker => {
            Action::Resume { epoch: Epoch::new(latest), market_root: root_of(engine, latest) }
        }
        0..=6 => linked(Action::PostEpoch(new_epoch(plan, latest + 1, now)), engine.meta()),
        7..=8 => Action::Register { account: id },
        9..=12 | 17..=18 if escrows(engine) != (plan.stray >= 37) => {
            Action::SubmitEscrowed { escrowed: escrowed(plan, claim(plan, engine, epoch)) }
        }
        9..=12 => Action::SubmitProof { claim: claim(plan, engine, epoch) },
        13..=15 => Action::SubmitBreach { claim: claim(plan, engine, epoch) },
        16 => Action::CallOverdue { account: id },
        17..=19 => Action::Cure { claim: claim(plan, engine, epoch) },
        20 => Action::MarkLiquidatable { account: id },
        21 => Action::Close { account: id },
        22 if plan.stray < 20 => Action::Reinstate { account: id },
        22 => Action::RequestPath { account: id },
        23 => Action::Escape { account: id },
        24 => Action::Pause { until: now + 1 + u64::from(plan.stray) * 10 },
        25 => Action::AcceptModel { model: one_model },
        26 => Action::RevokeModel { model: one_model },
        27 => Action::SetCircuits {
            until: if plan.back == 0 { now + 20 } else { u64::MAX },
            frozen: plan.back == 1,
        },
        28 if plan.stray < 20 => {
            Action::RejectEpoch { epoch: Epoch::new(epoch), market_root: root_of(engine, epoch) }
        }
        28 => Action::RequestPath { account: id },
        29 if plan.stray < 25 => Action::AnswerPath { account: id },
        30..=32 => Action::SubmitChange { change: changed(plan, claim(plan, engine, epoch)) },
        33 if plan.stray > 25 => Action::ExpireChange { account: id },
        33..=35 => Action::ShowChange { change: changed(plan, claim(plan, engine, epoch)) },
        _ => Action::Resume { epoch: Epoch::new(latest), market_root: root_of(engine, latest) },
    }
}

/// Whether the engine demands escrows.
fn escrows(engine: &Engine) -> bool {
    engine.policy().params().escrow.is_some()
}

/// Mostly to the committee of the tests' policies.
fn escrowed(plan: Plan, claim: ClaimData) -> EscrowedData {
    super::in_escrow(claim, 1 + u8::from(plan.stray == 14))
}

fn root_of(engine: &Engine, epoch: u64) -> Root {
    if engine.epochs().any(|(number, _)| number.get() == epoch) {
        super::market_root(epoch)
    } else {
        Root::new([0; 32])
    }
}

fn new_epoch(plan: Plan, epoch: u64, now: u64) -> EpochPost {
    let plain = post(epoch, 0);
    // Ahead within the skew, or up to a minute old.
    let timestamp = if plan.back == 3 { now + 5 } else { now.saturating_sub(plan.back * 20) };
    EpochPost {
        price_move_bps: plan.bps,
        model: if plan.stray < 6 { model(1 + plan.account % 2) } else { model(1) },
        market_timestamp: Timestamp::new(timestamp),
        state_root: if plan.stray == 7 { Root::new([0xff; 32]) } else { plain.state_root },
        previous: if plan.stray == 8 { EpochDigest::new([8; 32]) } else { plain.previous },
        reference: if plan.stray == 9 { Epoch::new(0) } else { plain.reference },
        ..plain
    }
}

/// Of two commitments; what is shown is mostly a change of nothing.
fn changed(plan: Plan, afterwards: ClaimData) -> ChangeData {
    let digest = match plan.kind >= 33 && plan.stray != 13 {
        true => nothing(ProofSystem::Kzg),
        false => super::state_root(plan.stray.into()),
    };
    // A change discloses nothing.
    let afterwards = ClaimData { disclosed: Shortfall::NONE, ..afterwards };
    let change = ChangeData::new(afterwards, super::next(u8::from(plan.back == 2)), digest);
    // A third of what is said cures, and now and then what shows it.
    match plan.stray {
        14..=26 if plan.kind < 33 || plan.stray == 14 => {
            let below = Level::from_u8(1 + plan.stray % 3).unwrap();
            change.curing(below.min(change.afterwards().claim.level()))
        }
        _ => change,
    }
}

/// Mostly of the side that the action is for.
fn claimed(plan: Plan) -> Claim {
    let level = 1 + plan.claim % 3;
    // A change that meets a level claims no other side.
    let below = (13..=15).contains(&plan.kind) != (plan.stray == 10 && plan.kind < 30);
    let claim = Claim::from_code(if below { 4 + level } else { level }.into()).unwrap();
    match plan.stray {
        11 => claim.with_multiplier(Multiplier::new(12_500).unwrap()),
        12 if !below => claim.with_leverage(Leverage::new(1_000).unwrap()).unwrap(),
        _ => claim,
    }
}

fn claim(plan: Plan, engine: &Engine, epoch: u64) -> ClaimData {
    let record = engine.epochs().find(|(number, _)| number.get() == epoch);
    let mut claim = ClaimData {
        claim: claimed(plan),
        model: record.map_or(model(1), |(_, record)| record.model),
        ..super::claim(plan.account, epoch, super::SAFE)
    };
    match plan.stray {
        0 => claim.state_root = super::state_root(epoch + 1),
        1 => claim.market_root = super::market_root(epoch + 1),
        2 => claim.model = model(3),
        3 => claim.context = ContextId::derive("another", 0, [0; 20]),
        20.. => claim.disclosed = Shortfall::new(plan.stray.into()).unwrap(),
        _ => {}
    }
    claim
}
