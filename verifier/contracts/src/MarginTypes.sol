// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

// The types of the margin-call engine, as in the Rust crate `zkmargin-verifier`.
// Times are whole seconds in 48 bits.

/// @notice Health of an account; the account's level is its worst bucket's.
enum Level {
    Bankrupt, // equity is negative
    MarginCall, // equity is below the maintenance margin
    Maintenance, // equity covers the maintenance margin
    Initial // equity covers the initial margin
}

/// @notice Where an account stands.
enum State {
    Unregistered,
    Unproven,
    Current,
    Called,
    Liquidatable,
    Closed
}

/// @notice Why an account was called.
enum CallReason {
    Breach, // a proof showed it below the breach level
    Overdue // it gave no proof in time
}

/// @notice Whether the engine is halted, and why.
enum HaltReason {
    None,
    Paused, // the guardian paused it
    PriceMove // an epoch's prices moved by more than the policy's limit
}

/// @notice Whether an epoch was posted, and counts.
enum EpochState {
    Unknown,
    Posted,
    Quarantined // its prices jumped and were not confirmed
}

/// @notice What a deployment demands of its accounts. Fixed for its lifetime;
/// periods are seconds on the engine's clock unless said otherwise.
/// @param protocol Name of the protocol, part of the context.
/// @param models Margin models accepted from the start.
/// @param requiredLevel The level a proof must claim to keep an account current.
/// @param breachLevel An account proved below this level is in breach.
/// @param cureLevel The level a proof must claim to cure a call.
/// @param proofWindow How long a proof keeps an account current, from the
/// posting of its epoch.
/// @param curePeriod How long a called account has to cure.
/// @param maxSnapshotAge How old, in real time, a snapshot may be for a proof
/// against it to count.
/// @param limitPriceMoves Whether `maxPriceMoveBps` applies.
/// @param maxPriceMoveBps Largest price move, in basis points, that does not halt.
struct PolicyParams {
    string protocol;
    bytes31[] models;
    Level requiredLevel;
    Level breachLevel;
    Level cureLevel;
    uint48 proofWindow;
    uint48 curePeriod;
    uint48 maxSnapshotAge;
    bool limitPriceMoves;
    uint32 maxPriceMoveBps;
}

/// @notice An epoch as it is posted.
/// @param epoch Its number, larger than any before; zero is never posted.
/// @param stateRoot Root of the account tree.
/// @param marketRoot Root of the market.
/// @param model The model both are made under.
/// @param marketTimestamp When the market snapshot was taken.
/// @param priceMoveGiven Whether `priceMoveBps` is given; it must be after the
/// first epoch when the policy limits price moves.
/// @param priceMoveBps Largest move of a price since the last snapshot.
struct EpochPost {
    uint64 epoch;
    bytes32 stateRoot;
    bytes32 marketRoot;
    bytes31 model;
    uint64 marketTimestamp;
    bool priceMoveGiven;
    uint32 priceMoveBps;
}

/// @notice An epoch on record.
/// @param stateRoot Root of the account tree.
/// @param marketRoot Root of the market.
/// @param model The model both are made under.
/// @param state Whether it was posted, and counts.
/// @param marketTimestamp When the snapshot was taken.
/// @param posted The engine's clock when it was posted.
struct EpochRecord {
    bytes32 stateRoot;
    bytes32 marketRoot;
    bytes31 model;
    EpochState state;
    uint48 marketTimestamp;
    uint48 posted;
}

/// @notice The engine's own state. `lastTime` and `clock` are as of the last
/// change of the others: in between, the clock follows from them.
/// @param lastTime Real time of that change.
/// @param clock The engine's clock at `lastTime`.
/// @param freshUntil Until when the latest snapshot is fresh, in real time.
/// @param latest The latest epoch, zero when there is none.
/// @param modelRevoked Whether the latest epoch's model has been revoked.
/// @param halt Whether the engine is halted, and why.
struct Meta {
    uint48 lastTime;
    uint48 clock;
    uint48 freshUntil;
    uint64 latest;
    bool modelRevoked;
    HaltReason halt;
}

/// @notice An account on record, in one slot.
/// @param state Where it stands; a passed deadline may not be recorded yet.
/// @param reason Why it was called (called, liquidatable).
/// @param level The level proved (current).
/// @param disclosed Whether the breach disclosed the breach level's shortfall (called).
/// @param since Since when; of a liquidatable account the deadline that passed.
/// @param until When its proof is due (unproven, current), or until when,
/// inclusive, its call can be cured (called).
/// @param lastEpoch The last epoch its state rests on: proofs must be newer.
/// @param epoch Epoch of the proof (current) or of the call (called, liquidatable).
struct Account {
    State state;
    CallReason reason;
    Level level;
    bool disclosed;
    uint48 since;
    uint48 until;
    uint64 lastEpoch;
    uint64 epoch;
}

/// @notice The public inputs of a margin proof.
/// @param context The deployment the proof is for.
/// @param epoch The epoch of both roots.
/// @param account The account.
/// @param stateRoot Root of the account tree.
/// @param marketRoot Root of the market.
/// @param model The margin model.
/// @param below Whether the claim is *below* `level`; otherwise *at least*.
/// @param level The level of the claim.
/// @param disclosed The shortfall in quote units, or zero.
struct Claim {
    bytes31 context;
    uint64 epoch;
    address account;
    bytes32 stateRoot;
    bytes32 marketRoot;
    bytes31 model;
    bool below;
    Level level;
    uint128 disclosed;
}
