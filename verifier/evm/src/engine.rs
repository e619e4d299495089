//! The contracts' types in terms of the engine's.

use alloy_sol_types::private::{Address, FixedBytes, U256, Uint};
use alloy_sol_types::{SolEventInterface, SolInterface};
use zkmargin_margin::claim::Level;
use zkmargin_margin::escrow::{Ciphertext, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, ModelDigest, Timestamp};
use zkmargin_margin::instance::{CLAIM, LEN, Shortfall};
use zkmargin_margin::statement::transition::Aim;
use zkmargin_margin::statement::venue::SubtreePath;
use zkmargin_margin::statement::{escrow, transition};
use zkmargin_verifier::engine::{
    AccountStatus, CallReason, ChangeData, ClaimData, ClockTime, CommitteeId, EpochPost,
    EscrowedData, Event, HaltReason, PolicyParams, Refusal, Root,
};
use zkmargin_verifier::epoch::Signers;

use crate::contracts::{
    MarginCallRegistry as registry, MarginChanges as changes, MarginEscrows as escrows,
    MarginMarkets as markets, MarginVenueBatches as batches,
};
use changes::MarginChangesEvents as ChangeLog;
use escrows::MarginEscrowsEvents as EscrowLog;
use markets::MarginMarketsEvents as MarketLog;
use registry::{MarginCallRegistryErrors as Error, MarginCallRegistryEvents as Log};

/// A time as the registry stores it.
pub type Time = Uint<48, 1>;

/// The latest time the registry knows, in 9 million years. The engine's times
/// are 64 bits: later ones are this one.
pub const LAST_TIME: u64 = (1 << 48) - 1;

/// A period as a market stores it, in 32 bits: longer ones are longer than any
/// that is allowed.
fn to_period(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
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

/// A market as the contracts name it.
pub fn context(context: ContextId) -> FixedBytes<31> {
    FixedBytes::from(*context.as_bytes())
}

/// What a market demands of its accounts, for `createMarket`.
pub fn terms(params: &PolicyParams) -> markets::Terms {
    markets::Terms {
        requiredLevel: params.required_level as u8,
        breachLevel: params.breach_level as u8,
        cureLevel: params.cure_level as u8,
        limitPriceMoves: params.max_price_move_bps.is_some(),
        maxPriceMoveBps: params.max_price_move_bps.unwrap_or(0),
        proofWindow: to_period(params.proof_window),
        cureOverdue: to_period(params.cure_periods.overdue),
        cureBelowInitial: to_period(params.cure_periods.below_initial),
        cureBelowMaintenance: to_period(params.cure_periods.below_maintenance),
        cureBelowMarginCall: to_period(params.cure_periods.below_margin_call),
        maxSnapshotAge: to_period(params.max_snapshot_age),
    }
}

/// The rest of a market's policy, for `createMarket`.
pub fn limits(params: &PolicyParams) -> markets::Limits {
    markets::Limits {
        firstEpoch: params.first_epoch.get(),
        maxClockSkew: to_period(params.max_clock_skew),
        gracePeriod: to_period(params.grace_period),
        maxPause: to_period(params.max_pause),
        escapeAfter: to_period(params.escape_after),
        breakerWindow: to_period(params.breaker_window),
        changeEpochs: params.change_epochs,
        maxLiquidations: params.max_liquidations,
    }
}

/// Who attests a market's epochs.
pub fn signers(signers: &Signers) -> markets::SignerSet {
    markets::SignerSet {
        // At most 32; anything else the contract refuses.
        threshold: u8::try_from(signers.threshold()).unwrap_or(u8::MAX),
        signers: signers.signers().iter().map(|signer| Address::from(*signer.as_bytes())).collect(),
    }
}

/// A market for `createMarket`. Its context is not taken: the contract derives its
/// own from `name`, the chain and its address.
pub fn market(params: &PolicyParams, name: &str, attesters: &Signers) -> markets::MarketParams {
    markets::MarketParams {
        name: name.to_owned(),
        terms: terms(params),
        limits: limits(params),
        models: params.models.iter().map(|digest| model(*digest)).collect(),
        attesters: signers(attesters),
    }
}

/// An epoch for `postEpoch`.
pub fn epoch_post(post: &EpochPost) -> markets::EpochPost {
    markets::EpochPost {
        epoch: post.epoch.get(),
        stateRoot: FixedBytes::from(*post.state_root.as_bytes()),
        marketRoot: FixedBytes::from(*post.market_root.as_bytes()),
        model: model(post.model),
        marketTimestamp: post.market_timestamp.get(),
        priceMoveBps: post.price_move_bps,
        measuredFrom: post.reference.get(),
        previous: FixedBytes::from(*post.previous.as_bytes()),
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
        U256::from_be_slice(claim.memo.as_bytes()),
    ]
}

/// Public inputs of a change by row, as the contracts take them.
pub fn change_inputs(change: &ChangeData) -> [U256; transition::LEN] {
    let margin = inputs(change.afterwards());
    let word = |root: Root| U256::from_be_slice(root.as_bytes());
    let target = change.afterwards().claim.level();
    let aim = change.cures().map_or(Aim::Meets(target), |breach| Aim::Cures { breach, target });
    core::array::from_fn(|row| match row {
        CLAIM => margin[row] | U256::from(aim.bits()),
        transition::NEXT => word(change.next()),
        transition::CHANGE => word(change.change()),
        row => margin[row],
    })
}

/// Public inputs of a proof with an escrow by row, as the contracts take them.
pub fn escrow_inputs(escrowed: &EscrowedData) -> [U256; escrow::LEN] {
    let margin = inputs(escrowed.claim());
    let digest = U256::from_be_slice(escrowed.escrow().as_bytes());
    core::array::from_fn(|row| margin.get(row).copied().unwrap_or(digest))
}

/// A subtree's place and its flagged accounts, as the contracts take them.
pub fn subtree(path: &SubtreePath<Bn254Fr>, flagged: &[AccountId]) -> batches::Subtree {
    let word = |element: Bn254Fr| U256::from_be_slice(&element.to_be_bytes());
    batches::Subtree {
        index: U256::from(path.index()),
        siblings: path.siblings().iter().map(|three| three.map(word)).collect(),
        flagged: flagged.iter().map(|account| address(*account)).collect(),
    }
}

/// A ciphertext with its key, as the contracts take them.
pub fn ciphertext(key: &Point<Bn254Fr>, sealed: &Ciphertext<Bn254Fr>) -> escrows::Ciphertext {
    let word = |element: &Bn254Fr| U256::from_be_slice(&element.to_be_bytes());
    let point = |point: &Point<Bn254Fr>| [word(&point.x()), word(&point.y())];
    escrows::Ciphertext {
        key: point(key),
        noncePoint: point(sealed.nonce_point()),
        elements: sealed.elements().iter().map(word).collect(),
    }
}

/// A committee as the contracts name it.
pub fn committee(id: CommitteeId) -> FixedBytes<32> {
    FixedBytes::from(*id.as_bytes())
}

/// The engine's event in a log of the markets, the registry, the changes or the escrows; `None` for
/// another log. Which market it is about is left to the caller: the first topic after the
/// signature.
pub fn event(topics: &[FixedBytes<32>], data: &[u8]) -> Option<Event> {
    market_event(topics, data)
        .or_else(|| account_event(topics, data))
        .or_else(|| change_event(topics, data))
        .or_else(|| escrow_event(topics, data))
}

fn escrow_event(topics: &[FixedBytes<32>], data: &[u8]) -> Option<Event> {
    let EscrowLog::Escrowed(log) = EscrowLog::decode_raw_log(topics, data).ok()?;
    Some(Event::Escrowed {
        account: account(log.account),
        epoch: Epoch::new(log.epoch),
        escrow: Root::new(log.escrow.to_be_bytes()),
    })
}

fn change_event(topics: &[FixedBytes<32>], data: &[u8]) -> Option<Event> {
    Some(match ChangeLog::decode_raw_log(topics, data).ok()? {
        ChangeLog::ChangeAccepted(log) => Event::ChangeAccepted {
            account: account(log.account),
            epoch: Epoch::new(log.epoch),
            level: level(log.level)?,
            next: Root::new(log.next.to_be_bytes()),
        },
        ChangeLog::ChangeShown(log) => {
            Event::ChangeShown { account: account(log.account), epoch: Epoch::new(log.epoch) }
        }
        ChangeLog::ChangeExpired(log) => {
            Event::ChangeExpired { account: account(log.account), epoch: Epoch::new(log.epoch) }
        }
    })
}

fn market_event(topics: &[FixedBytes<32>], data: &[u8]) -> Option<Event> {
    Some(match MarketLog::decode_raw_log(topics, data).ok()? {
        MarketLog::ModelAccepted(log) => Event::ModelAccepted { model: digest(log.model)? },
        MarketLog::ModelRevoked(log) => Event::ModelRevoked { model: digest(log.model)? },
        MarketLog::CircuitsChanged(log) => {
            let until = log.until.to::<u64>();
            // The last time that the contracts know stands for no end.
            let until = if until == LAST_TIME { u64::MAX } else { until };
            Event::CircuitsChanged { until, frozen: log.frozen }
        }
        MarketLog::EpochPosted(log) => {
            Event::EpochPosted { epoch: Epoch::new(log.epoch), quarantined: log.quarantined }
        }
        MarketLog::EpochRejection(log) => Event::EpochRejected { epoch: Epoch::new(log.epoch) },
        MarketLog::Halted(log) => Event::Halted { reason: halt(log.reason)? },
        MarketLog::Resumed(log) => Event::Resumed {
            confirmed: Some(Epoch::new(log.confirmed)).filter(|epoch| epoch.get() != 0),
        },
        _ => return None,
    })
}

fn account_event(topics: &[FixedBytes<32>], data: &[u8]) -> Option<Event> {
    Some(match Log::decode_raw_log(topics, data).ok()? {
        Log::Registered(log) => {
            Event::Registered { account: account(log.account), due: clock(log.due) }
        }
        Log::ProofAccepted(log) => Event::ProofAccepted {
            account: account(log.account),
            epoch: Epoch::new(log.epoch),
            level: level(log.level)?,
            due: clock(log.due),
        },
        Log::Called(log) => {
            let reason = reason(log.reason)?;
            Event::Called {
                account: account(log.account),
                reason,
                level: below(reason, log.level),
                epoch: Epoch::new(log.epoch),
                deadline: clock(log.deadline),
                shortfall: shortfall(log.shortfall),
            }
        }
        Log::CallRefined(log) => Event::CallRefined {
            account: account(log.account),
            level: level(log.level)?,
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
        Log::Escaped(log) => Event::Escaped { account: account(log.account) },
        Log::PathRequested(log) => {
            Event::PathRequested { account: account(log.account), epoch: Epoch::new(log.epoch) }
        }
        Log::PathAnswered(log) => {
            Event::PathAnswered { account: account(log.account), epoch: Epoch::new(log.epoch) }
        }
        _ => return None,
    })
}

/// The level below which an account was proved; nothing was when it is overdue.
fn below(reason: CallReason, number: u8) -> Option<Level> {
    match reason {
        CallReason::Breach => level(number),
        CallReason::Overdue => None,
    }
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

/// The engine's refusal in what the markets or the registry reverted with; `None`
/// for another error.
pub fn refusal(data: &[u8]) -> Option<Refusal> {
    Some(match Error::abi_decode(data).ok()? {
        Error::ModelAlreadyAccepted(_) => Refusal::ModelAlreadyAccepted,
        Error::ModelNotAccepted(_) => Refusal::ModelNotAccepted,
        Error::EpochNotNext(error) => {
            Refusal::EpochNotNext { expected: Epoch::new(error.expected) }
        }
        Error::RootNotCanonical(_) => Refusal::RootNotCanonical,
        Error::SnapshotInFuture(_) => Refusal::SnapshotInFuture,
        Error::SnapshotOlderThanLast(error) => {
            Refusal::SnapshotOlderThanLast { last: Timestamp::new(error.last.to()) }
        }
        Error::SnapshotStale(error) => {
            Refusal::SnapshotStale { fresh_until: error.freshUntil.to() }
        }
        Error::WrongPrevious(_) => Refusal::WrongPrevious,
        Error::WrongReference(error) => {
            Refusal::WrongReference { confirmed: Epoch::new(error.confirmed) }
        }
        Error::WrongConfirmation(error) => {
            Refusal::WrongConfirmation { latest: Epoch::new(error.latest) }
        }
        Error::EpochRejected(_) => Refusal::EpochRejected,
        Error::PauseTooLong(error) => Refusal::PauseTooLong { max: error.max.into() },
        Error::CircuitsFrozen(_) => Refusal::CircuitsFrozen,
        Error::LiquidationLimit(error) => Refusal::LiquidationLimit { from: error.from.to() },
        Error::NotStuck(error) => Refusal::NotStuck { since: error.since.to() },
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
        Error::PathOnRequest(error) => Refusal::PathRequested { epoch: Epoch::new(error.epoch) },
        Error::NoPathRequest(_) => Refusal::PathNotRequested,
        Error::ChangesNotTaken(_) => Refusal::ChangesNotTaken,
        Error::ChangeNotLatest(error) => {
            Refusal::ChangeNotLatest { latest: Epoch::new(error.latest) }
        }
        Error::ChangeOpen(error) => Refusal::ChangeOpen { epoch: Epoch::new(error.epoch) },
        Error::NoChangeOpen(_) => Refusal::NoChangeOpen,
        Error::ChangeNotExpired(error) => {
            Refusal::ChangeNotExpired { last: Epoch::new(error.last) }
        }
        Error::WrongNext(error) => Refusal::WrongNext { epoch: Epoch::new(error.epoch) },
        Error::EscrowDemanded(error) => {
            Refusal::EscrowDemanded { committee: CommitteeId::new(error.committee.0) }
        }
        Error::WrongCommittee(error) => {
            Refusal::WrongCommittee { committee: CommitteeId::new(error.committee.0) }
        }
        Error::EscrowNotDemanded(_) => Refusal::EscrowNotDemanded,
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
        3 => {
            let reason = reason(record.reason)?;
            AccountStatus::Called {
                reason,
                level: below(reason, record.level),
                epoch,
                since,
                deadline: until,
                shortfall: shortfall(disclosed),
            }
        }
        4 => {
            let reason = reason(record.reason)?;
            let level = below(reason, record.level);
            let shortfall = shortfall(disclosed);
            AccountStatus::Liquidatable { reason, level, epoch, since, shortfall }
        }
        5 => AccountStatus::Closed { since },
        _ => return None,
    })
}
