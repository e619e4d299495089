//! Random actions, most of which an engine accepts.

use proptest::prelude::*;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::{ContextId, Timestamp};
use zkmargin_margin::instance::Shortfall;
use zkmargin_verifier::engine::{Action, ActionRecord, ClaimData, Engine, EpochPost};

use super::{account, model, post};

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
    let seconds = prop_oneof![4 => 0u64..60, 2 => 90u64..110, 1 => 300u64..1_200];
    let bps = prop_oneof![9 => 0u32..2_000, 1 => 2_000u32..3_000];
    (seconds, 0u8..22, 1..=ACCOUNTS, 0u64..4, 1u8..8, 0u8..40, bps).prop_map(
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
    let mut claim = ClaimData {
        claim: Claim::from_code(plan.claim).unwrap_or(Claim::from_code(3).unwrap()),
        ..super::claim(plan.account, epoch, super::SAFE)
    };
    match plan.stray {
        0 => claim.state_root = super::state_root(epoch + 1),
        1 => claim.market_root = super::market_root(epoch + 1),
        2 => claim.model = model(2),
        3 => claim.context = ContextId::derive("another", 0, [0; 20]),
        20.. => claim.disclosed = Shortfall::new(plan.stray.into()).unwrap(),
        _ => {}
    }
    let model = model(1 + plan.account % 2);
    match plan.kind {
        0..=4 => Action::PostEpoch(EpochPost {
            price_move_bps: (plan.stray != 4).then_some(plan.bps),
            model: if plan.stray < 6 { model } else { super::model(1) },
            market_timestamp: Timestamp::new(now.saturating_sub(plan.back * 20)),
            ..post(latest + 1, 0)
        }),
        5..=6 => Action::Register { account: id },
        7..=9 => Action::SubmitProof { claim },
        10..=11 => Action::SubmitBreach { claim },
        12 => Action::CallOverdue { account: id },
        13..=14 => Action::Cure { claim },
        15 => Action::MarkLiquidatable { account: id },
        16 => Action::Close { account: id },
        17 => Action::Reinstate { account: id },
        18 => Action::Pause,
        20 => Action::AcceptModel { model },
        21 => Action::RevokeModel { model },
        _ => Action::Resume,
    }
}
