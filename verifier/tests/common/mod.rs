//! What the engine's tests share: a policy, and short forms of actions.
#![allow(dead_code, reason = "every test uses a part of it")]

pub(crate) mod ghost;
pub(crate) mod plan;

use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::escrow::{Ciphertext, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest, Timestamp};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::engine::{
    Action, ActionRecord, ChangeData, ClaimData, CommitteeId, CurePeriods, EpochPost, EscrowedData,
    Meta, Policy, PolicyParams, Root, VerifiedClaim, nothing,
};
use zkmargin_verifier::epoch::EpochDigest;

/// When every scenario starts.
pub(crate) const START: u64 = 1_000;

pub(crate) fn context() -> ContextId {
    // Of its own, whatever the statement's version: the vectors outlive it.
    "0x5ebc4d9274fd811384573c2437ca9db85c7072c0b87f97da3afb14daaf46db".parse().unwrap()
}

pub(crate) fn model(number: u8) -> ModelDigest {
    ModelDigest::of(&[number])
}

pub(crate) fn account(number: u8) -> AccountId {
    AccountId::new([number; 20])
}

/// Maintenance keeps current, initial cures; proofs hold 1,000 seconds,
/// snapshots 100; moves above 20 % within 300 seconds halt.
pub(crate) fn params() -> PolicyParams {
    PolicyParams {
        proof_window: 1_000,
        cure_periods: CurePeriods {
            overdue: 300,
            below_initial: 500,
            below_maintenance: 400,
            below_margin_call: 200,
        },
        max_snapshot_age: 100,
        max_clock_skew: 5,
        grace_period: 50,
        max_pause: 10_000,
        escape_after: 20_000,
        breaker_window: 300,
        ..PolicyParams::standard(context(), ProofSystem::Kzg, model(1))
    }
}

pub(crate) fn policy() -> Policy {
    Policy::new(params()).unwrap()
}

fn root(kind: u8, epoch: u64) -> Root {
    let mut bytes = [0; 32];
    bytes[1] = kind;
    bytes[24..].copy_from_slice(&epoch.to_be_bytes());
    Root::new(bytes)
}

pub(crate) fn state_root(epoch: u64) -> Root {
    root(1, epoch)
}

pub(crate) fn market_root(epoch: u64) -> Root {
    root(2, epoch)
}

/// A reference that [`linked`] replaces.
const REFERENCE: Epoch = Epoch::new(u64::MAX);
/// A previous digest that [`linked`] replaces.
const PREVIOUS: EpochDigest = EpochDigest::new([0xff; 32]);

/// An epoch that follows whatever was posted, once it is [`linked`].
pub(crate) fn post(epoch: u64, timestamp: u64) -> EpochPost {
    EpochPost {
        epoch: Epoch::new(epoch),
        state_root: state_root(epoch),
        market_root: market_root(epoch),
        model: model(1),
        market_timestamp: Timestamp::new(timestamp),
        price_move_bps: if epoch == 1 { 0 } else { 10 },
        reference: REFERENCE,
        previous: PREVIOUS,
    }
}

pub(crate) fn posted(epoch: u64, timestamp: u64) -> ActionRecord {
    Action::PostEpoch(post(epoch, timestamp))
}

/// An epoch whose prices moved.
pub(crate) fn jump(epoch: u64, timestamp: u64, bps: u32) -> ActionRecord {
    Action::PostEpoch(EpochPost { price_move_bps: bps, ..post(epoch, timestamp) })
}

/// The action with its epoch, if it posts one, made the one after the latest.
pub(crate) fn linked(action: ActionRecord, meta: &Meta) -> ActionRecord {
    let Action::PostEpoch(mut post) = action else { return action };
    if post.reference == REFERENCE {
        post.reference = meta.confirmed;
    }
    if post.previous == PREVIOUS {
        post.previous = meta.latest_digest;
    }
    Action::PostEpoch(post)
}

pub(crate) fn claim(number: u8, epoch: u64, claim: &str) -> ClaimData {
    ClaimData {
        context: context(),
        epoch: Epoch::new(epoch),
        account: account(number),
        state_root: state_root(epoch),
        market_root: market_root(epoch),
        model: model(1),
        claim: claim.parse::<Claim>().unwrap(),
        disclosed: Shortfall::NONE,
        memo: Memo::NONE,
    }
}

pub(crate) const HEALTHY: &str = "at-least:maintenance";
pub(crate) const SAFE: &str = "at-least:initial";
pub(crate) const BREACH: &str = "below:maintenance";
pub(crate) const BANKRUPT: &str = "below:margin-call";

pub(crate) fn register(number: u8) -> ActionRecord {
    Action::Register { account: account(number) }
}

pub(crate) fn prove(number: u8, epoch: u64) -> ActionRecord {
    Action::SubmitProof { claim: claim(number, epoch, HEALTHY) }
}

pub(crate) fn breach(number: u8, epoch: u64) -> ActionRecord {
    Action::SubmitBreach { claim: claim(number, epoch, BREACH) }
}

pub(crate) fn cure(number: u8, epoch: u64) -> ActionRecord {
    Action::Cure { claim: claim(number, epoch, SAFE) }
}

/// A commitment that an account says it will have.
pub(crate) fn next(number: u8) -> Root {
    root(3, number.into())
}

/// The account's change from an epoch, after which it is at a level.
pub(crate) fn change(account: u8, epoch: u64, text: &str, commitment: u8) -> ActionRecord {
    let digest = root(4, commitment.into());
    let change = ChangeData::new(claim(account, epoch, text), next(commitment), digest);
    Action::SubmitChange { change }
}

/// The change by which a called account, which was below a level, reaches another.
pub(crate) fn curing(
    account: u8,
    epoch: u64,
    below: Level,
    text: &str,
    commitment: u8,
) -> ActionRecord {
    let digest = root(4, commitment.into());
    let change = ChangeData::new(claim(account, epoch, text), next(commitment), digest);
    Action::SubmitChange { change: change.curing(below) }
}

/// A change of nothing, which shows the account's commitment in an epoch.
pub(crate) fn show(account: u8, epoch: u64, text: &str, commitment: u8) -> ActionRecord {
    let afterwards = claim(account, epoch, text);
    let nothing = nothing(ProofSystem::Kzg);
    Action::ShowChange { change: ChangeData::new(afterwards, next(commitment), nothing) }
}

/// The key of a committee that escrows are to.
pub(crate) fn committee_key(number: u8) -> Point<Bn254Fr> {
    (0..number).fold(Bn254Fr::curve().generator, |key, _| key.doubled())
}

pub(crate) fn committee(number: u8) -> CommitteeId {
    CommitteeId::of(&committee_key(number))
}

/// What stands for a ciphertext: nobody opens it.
pub(crate) fn ciphertext(epoch: u64) -> Ciphertext<Bn254Fr> {
    let elements = vec![Bn254Fr::from(epoch), Bn254Fr::from(2), Bn254Fr::from(3)];
    Ciphertext::new(Bn254Fr::curve().generator, elements).unwrap()
}

/// A claim with an escrow to a committee.
pub(crate) fn in_escrow(claim: ClaimData, to: u8) -> EscrowedData {
    let escrow = ciphertext(claim.epoch.get()).digest(&committee_key(to));
    EscrowedData::new(claim, Root::from_field(&escrow), committee(to))
}

/// A proof with an escrow to a committee.
pub(crate) fn escrowed(account: u8, epoch: u64, text: &str, to: u8) -> ActionRecord {
    Action::SubmitEscrowed { escrowed: in_escrow(claim(account, epoch, text), to) }
}

pub(crate) fn expire(number: u8) -> ActionRecord {
    Action::ExpireChange { account: account(number) }
}

pub(crate) fn overdue(number: u8) -> ActionRecord {
    Action::CallOverdue { account: account(number) }
}

pub(crate) fn mark(number: u8) -> ActionRecord {
    Action::MarkLiquidatable { account: account(number) }
}

pub(crate) fn close(number: u8) -> ActionRecord {
    Action::Close { account: account(number) }
}

pub(crate) fn reinstate(number: u8) -> ActionRecord {
    Action::Reinstate { account: account(number) }
}

pub(crate) fn escape(number: u8) -> ActionRecord {
    Action::Escape { account: account(number) }
}

pub(crate) fn request_path(number: u8) -> ActionRecord {
    Action::RequestPath { account: account(number) }
}

pub(crate) fn answer_path(number: u8) -> ActionRecord {
    Action::AnswerPath { account: account(number) }
}

pub(crate) fn accept(number: u8) -> ActionRecord {
    Action::AcceptModel { model: model(number) }
}

pub(crate) fn revoke(number: u8) -> ActionRecord {
    Action::RevokeModel { model: model(number) }
}

pub(crate) fn pause(until: u64) -> ActionRecord {
    Action::Pause { until }
}

/// Confirms an epoch of [`post`]; 0 is none.
pub(crate) fn resume(epoch: u64) -> ActionRecord {
    let market_root = if epoch == 0 { Root::new([0; 32]) } else { market_root(epoch) };
    Action::Resume { epoch: Epoch::new(epoch), market_root }
}

pub(crate) fn reject(epoch: u64) -> ActionRecord {
    Action::RejectEpoch { epoch: Epoch::new(epoch), market_root: market_root(epoch) }
}

pub(crate) fn circuits(until: u64, frozen: bool) -> ActionRecord {
    Action::SetCircuits { until, frozen }
}

/// An action for the engine, its claim taken for verified.
pub(crate) fn verified(action: &ActionRecord) -> Action {
    action.clone().map_claim(VerifiedClaim::assume_verified_unchecked)
}
