//! The registry's types in terms of the engine's.

use alloy_sol_types::private::{Address, FixedBytes, U256, Uint};
use alloy_sol_types::{SolEventInterface, SolInterface};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest, Timestamp};
use zkmargin_margin::instance::{LEN, Shortfall};
use zkmargin_verifier::engine::{
    AccountStatus, CallReason, ClaimData, ClockTime, EpochPost, Event, HaltReason, PolicyParams,
    Refusal,
};

use crate::contracts::MarginCallRegistry as registry;
use registry::{MarginCallRegistryErrors as Error, MarginCallRegistryEvents as Log};

/// A time as the registry stores it.
pub type Time = Uint<48, 1>;

/// The latest time the registry knows, in 9 million years. The engine's times
/// are 64 bits: later ones are this one.
pub const LAST_TIME: u64 = (1 << 48) - 1;

fn to_time(seconds: u64) -> Time {
    Time::from(seconds.min(LAST_TIME))
}

fn clock(time: Time) -> ClockTime {
    ClockTime::new(time.to())
}

fn level(number: u8) -> Option<Level> {
    Level::from_u8(number)
}

fn reason(number: u8) -> Option<CallReason> {
    match number {
        0 => Some(CallReason::Breach),
        1 => Some(CallReason::Overdue),
        _ => None,
    }
}

fn shortfall(units: u128) -> Option<Shortfall> {
    Shortfall::new(units).filter(|shortfall| shortfall.get() != 0)
}

/// An account as the contracts name it.
pub fn address(account: AccountId) -> Address {
    Address::from(*account.as_bytes())
}

/// The account of an address.
pub fn account(address: Address) -> AccountId {
    AccountId::new(address.into_array())
}

/// A model as the contracts name it.
pub fn model(digest: ModelDigest) -> FixedBytes<31> {
    FixedBytes::from(*digest.as_bytes())
}

fn digest(model: FixedBytes<31>) -> Option<ModelDigest> {
    let mut bytes = [0; 32];
    bytes[1..].copy_from_slice(model.as_slice());
    ModelDigest::from_be_bytes(&bytes)
}

/// A policy for the registry's constructor. Its context is not taken: the
/// registry derives its own from `protocol`, the chain and its address.
pub fn policy(params: &PolicyParams, protocol: &str) -> registry::PolicyParams {
    registry::PolicyParams {
        protocol: protocol.to_owned(),
        models: params.models.iter().map(|digest| model(*digest)).collect(),
        requiredLevel: params.required_level as u8,
        breachLevel: params.breach_level as u8,
        cureLevel: params.cure_level as u8,
        proofWindow: to_time(params.proof_window),
        curePeriod: to_time(params.cure_period),
        maxSnapshotAge: to_time(params.max_snapshot_age),
        limitPriceMoves: params.max_price_move_bps.is_some(),
        maxPriceMoveBps: params.max_price_move_bps.unwrap_or(0),
    }
}

/// An epoch for `postEpoch`.
pub fn epoch_post(post: &EpochPost) -> registry::EpochPost {
    registry::EpochPost {
        epoch: post.epoch.get(),
        stateRoot: FixedBytes::from(*post.state_root.as_bytes()),
        marketRoot: FixedBytes::from(*post.market_root.as_bytes()),
        model: model(post.model),
        marketTimestamp: post.market_timestamp.get(),
        priceMoveGiven: true,
        priceMoveBps: post.price_move_bps,
    }
}

/// Public inputs by row, as the contracts take them. Of the roots, nothing is
/// said about being canonical.
pub fn inputs(claim: &ClaimData) -> [U256; LEN] {
    [
        U256::from_be_slice(claim.context.as_bytes()),
        U256::from(claim.epoch.get()),
        U256::from_be_slice(claim.account.as_bytes()),
        U256::from_be_slice(claim.state_root.as_bytes()),
        U256::from_be_slice(claim.market_root.as_bytes()),
        U256::from_be_slice(claim.model.as_bytes()),
        U256::from(claim.claim.code()),
        U256::from(claim.disclosed.get()),
    ]
}

/// The engine's event in a log of the registry; `None` for another log.
pub fn event(topics: &[FixedBytes<32>], data: &[u8]) -> Option<Event> {
    Some(match Log::decode_raw_log(topics, data).ok()? {
        Log::ModelAccepted(log) => Event::ModelAccepted { model: digest(log.model)? },
        Log::ModelRevoked(log) => Event::ModelRevoked { model: digest(log.model)? },
        Log::EpochPosted(log) => {
            Event::EpochPosted { epoch: Epoch::new(log.epoch), quarantined: log.quarantined }
        }
        Log::Registered(log) => {
            Event::Registered { account: account(log.account), due: clock(log.due) }
        }
        Log::ProofAccepted(log) => Event::ProofAccepted {
            account: account(log.account),
            epoch: Epoch::new(log.epoch),
            level: level(log.level)?,
            due: clock(log.due),
        },
        Log::Called(log) => Event::Called {
            account: account(log.account),
            reason: reason(log.reason)?,
            epoch: Epoch::new(log.epoch),
            deadline: clock(log.deadline),
            shortfall: shortfall(log.shortfall),
        },
        Log::Cured(log) => Event::Cured {
            account: account(log.account),
            epoch: Epoch::new(log.epoch),
            level: level(log.level)?,
            due: clock(log.due),
        },
        Log::Liquidatable(log) => {
            Event::Liquidatable { account: account(log.account), since: clock(log.since) }
        }
        Log::Closed(log) => {
            Event::Closed { account: account(log.account), liquidated: log.liquidated }
        }
        Log::Reinstated(log) => {
            Event::Reinstated { account: account(log.account), due: clock(log.due) }
        }
        Log::Halted(log) => Event::Halted { reason: halt(log.reason)? },
        Log::Resumed(log) => Event::Resumed {
            confirmed: Some(Epoch::new(log.confirmed)).filter(|epoch| epoch.get() != 0),
        },
        _ => return None,
    })
}

/// The halt's reason of a number of the registry's enumeration; `None` when it
/// is not halted.
pub fn halt(number: u8) -> Option<HaltReason> {
    match number {
        1 => Some(HaltReason::Paused),
        2 => Some(HaltReason::PriceMove),
        _ => None,
    }
}

/// The engine's refusal in what the registry reverted with; `None` for another
/// error.
pub fn refusal(data: &[u8]) -> Option<Refusal> {
    Some(match Error::abi_decode(data).ok()? {
        Error::ModelAlreadyAccepted(_) => Refusal::ModelAlreadyAccepted,
        Error::ModelNotAccepted(_) => Refusal::ModelNotAccepted,
        Error::EpochNotNewer(error) => Refusal::EpochNotNewer { latest: Epoch::new(error.latest) },
        Error::SnapshotInFuture(_) => Refusal::SnapshotInFuture,
        Error::SnapshotOlderThanLast(error) => {
            Refusal::SnapshotOlderThanLast { last: Timestamp::new(error.last.to()) }
        }
        Error::SnapshotStale(error) => {
            Refusal::SnapshotStale { fresh_until: error.freshUntil.to() }
        }
        Error::PriceMoveMissing(_) => Refusal::PriceMoveMissing,
        Error::AlreadyRegistered(_) => Refusal::AlreadyRegistered,
        Error::NotRegistered(_) => Refusal::NotRegistered,
        Error::AccountClosed(_) => Refusal::AccountClosed,
        Error::CallOpen(error) => Refusal::CallOpen { deadline: clock(error.deadline) },
        Error::NotCalled(_) => Refusal::NotCalled,
        Error::AccountLiquidatable(error) => {
            Refusal::AccountLiquidatable { since: clock(error.since) }
        }
        Error::NotLiquidatable(_) => Refusal::NotLiquidatable,
        Error::NotOverdue(error) => Refusal::NotOverdue { due: clock(error.due) },
        Error::EngineHalted(_) => Refusal::Halted,
        Error::AlreadyHalted(_) => Refusal::AlreadyHalted,
        Error::NotHalted(_) => Refusal::NotHalted,
        Error::WrongSide(_) => Refusal::WrongSide,
        Error::LevelTooLow(error) => Refusal::LevelTooLow { required: level(error.required)? },
        Error::NotABreach(error) => Refusal::NotABreach { breach: level(error.breach)? },
        Error::WrongContext(_) => Refusal::WrongContext,
        Error::UnknownEpoch(_) => Refusal::UnknownEpoch,
        Error::WrongStateRoot(_) => Refusal::WrongStateRoot,
        Error::WrongMarketRoot(_) => Refusal::WrongMarketRoot,
        Error::WrongModel(_) => Refusal::WrongModel,
        Error::EpochQuarantined(_) => Refusal::EpochQuarantined,
        Error::Replayed(error) => Refusal::Replayed { last: Epoch::new(error.last) },
        Error::TooOldToCure(error) => Refusal::TooOldToCure { call: Epoch::new(error.call) },
        _ => return None,
    })
}

/// An account's status as `statusOf` returns it; `None` when the registry says
/// what no engine says.
pub fn status(record: &registry::Account, disclosed: u128) -> Option<AccountStatus> {
    let (since, until) = (clock(record.since), clock(record.until));
    let epoch = Epoch::new(record.epoch);
    Some(match record.state {
        0 => AccountStatus::Unregistered,
        1 => AccountStatus::Unproven { since, due: until },
        2 => AccountStatus::Current { epoch, level: level(record.level)?, since, due: until },
        3 => AccountStatus::Called {
            reason: reason(record.reason)?,
            epoch,
            since,
            deadline: until,
            shortfall: shortfall(disclosed),
        },
        4 => AccountStatus::Liquidatable { reason: reason(record.reason)?, epoch, since },
        5 => AccountStatus::Closed { since },
        _ => return None,
    })
}
