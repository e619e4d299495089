// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

// The types of the margin-call engine, as in the Rust crate `zkmargin-verifier`.
// Times are whole seconds in 48 bits, periods in 32.

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

/// @notice Why a market halted.
enum HaltReason {
    None,
    Paused, // the guardian or the governor paused it
    PriceMove // prices moved by more than the policy's limit
}

/// @notice Whether an epoch was posted, and counts.
enum EpochState {
    Unknown,
    Posted,
    Quarantined, // its prices jumped and were not confirmed
    Rejected // the guardian rejected it
}

/// @notice What a market demands of its accounts, in one slot. Fixed for the
/// market's lifetime; periods are seconds on the market's clock unless said otherwise.
/// @param requiredLevel The level a proof must claim to keep an account current,
/// and to cure an overdue call.
/// @param breachLevel An account proved below this level is in breach.
/// @param cureLevel The level a proof must claim to cure a breach.
/// @param limitPriceMoves Whether `maxPriceMoveBps` applies.
/// @param maxPriceMoveBps Largest price move since the last confirmed epoch or in
/// the breaker's window, in basis points, that does not halt.
/// @param proofWindow How long a proof keeps an account current, from the
/// posting of its epoch.
/// @param cureOverdue How long an overdue account has to cure.
/// @param cureBelowInitial How long an account proved below initial margin has.
/// @param cureBelowMaintenance How long one proved below maintenance margin has.
/// @param cureBelowMarginCall How long a bankrupt one has.
/// @param maxSnapshotAge How old, in real time, a snapshot may be for a proof
/// against it to count.
struct Terms {
    Level requiredLevel;
    Level breachLevel;
    Level cureLevel;
    bool limitPriceMoves;
    uint32 maxPriceMoveBps;
    uint32 proofWindow;
    uint32 cureOverdue;
    uint32 cureBelowInitial;
    uint32 cureBelowMaintenance;
    uint32 cureBelowMarginCall;
    uint32 maxSnapshotAge;
}

/// @notice The rest of a market's policy, which transitions of accounts rarely need.
/// @param firstEpoch Number of the first epoch, at least one.
/// @param maxClockSkew How far ahead of the block's time a snapshot's may lie.
/// @param gracePeriod How much time, on the market's clock, an account has at
/// least after an outage before a due time or deadline can pass.
/// @param maxPause How long, in real time, one pause may last.
/// @param escapeAfter How long, in real time, the clock must have stood still
/// before an account's owner may leave.
/// @param breakerWindow Over which real time price moves add up; zero for each
/// post alone.
/// @param changeEpochs How many epochs after a change's the venue has to show it; zero
/// where changes are not taken.
/// @param maxLiquidations How many accounts at most become liquidatable within a
/// `breakerWindow`; those beyond stay called. Zero: as many as there are.
struct Limits {
    uint64 firstEpoch;
    uint32 maxClockSkew;
    uint32 gracePeriod;
    uint32 maxPause;
    uint32 escapeAfter;
    uint32 breakerWindow;
    uint16 changeEpochs;
    uint16 maxLiquidations;
}

/// @notice Who attests epochs: `threshold` of `signers`, which ascend.
struct SignerSet {
    uint8 threshold;
    address[] signers;
}

/// @notice A market as it is created.
/// @param name Its name, part of its context: one market per name.
/// @param terms What it demands of its accounts.
/// @param limits The rest of its policy.
/// @param models Margin models accepted from the start.
/// @param attesters Who attests its epochs.
struct MarketParams {
    string name;
    Terms terms;
    Limits limits;
    bytes31[] models;
    SignerSet attesters;
}

/// @notice An epoch as it is posted.
/// @param epoch Its number: the latest and one.
/// @param stateRoot Root of the account tree.
/// @param marketRoot Root of the market.
/// @param model The model both are made under.
/// @param marketTimestamp When the market snapshot was taken.
/// @param priceMoveBps Largest move of a price since the last confirmed epoch.
/// @param measuredFrom The epoch that the move is measured against, zero for the
/// first (`reference` in the typed data: a word Solidity keeps to itself).
/// @param previous Digest of the epoch before, zero for the first.
struct EpochPost {
    uint64 epoch;
    bytes32 stateRoot;
    bytes32 marketRoot;
    bytes31 model;
    uint64 marketTimestamp;
    uint32 priceMoveBps;
    uint64 measuredFrom;
    bytes32 previous;
}

/// @notice An epoch on record.
/// @param stateRoot Root of the account tree.
/// @param marketRoot Root of the market.
/// @param state Whether it was posted, and counts.
/// @param marketTimestamp When the snapshot was taken.
/// @param posted The market's clock when it was posted, or rejected.
/// @param model The model both are made under.
struct EpochRecord {
    bytes32 stateRoot;
    bytes32 marketRoot;
    EpochState state;
    uint48 marketTimestamp;
    uint48 posted;
    bytes31 model;
}

/// @notice What a transition of an account reads of a market, in two slots. The
/// first four fields are as of the last change: in between, they follow from the
/// others (`MarginClock`).
/// @param lastTime Real time of the last change.
/// @param clock The market's clock at `lastTime`.
/// @param lastRan Real time at which the clock last ran.
/// @param freshUntil Until when the latest snapshot is fresh, in real time.
/// @param latest The latest epoch, zero when there is none.
/// @param pausedUntil Until when, inclusive, the market is paused; zero when it is not.
/// @param circuitsUntil Until when proofs can be verified; zero without a circuit.
/// @param graceFrom Due times and deadlines from this clock time on ...
/// @param graceUntil ... pass no earlier than at this one.
/// @param latestState State of the latest epoch.
/// @param modelRevoked Whether the latest epoch's model has been revoked.
/// @param breaker Whether prices jumped and nobody confirmed them yet.
/// @param circuitsFrozen Whether a circuit is frozen.
/// @param limitsLiquidations Whether `maxLiquidations` is not zero: accounts are
/// liquidatable once they are marked.
struct Meta {
    uint48 lastTime;
    uint48 clock;
    uint48 lastRan;
    uint48 freshUntil;
    uint64 latest;
    uint48 pausedUntil;
    uint48 circuitsUntil;
    uint48 graceFrom;
    uint48 graceUntil;
    EpochState latestState;
    bool modelRevoked;
    bool breaker;
    bool circuitsFrozen;
    bool limitsLiquidations;
}

/// @notice What the next epoch is measured against.
/// @param confirmed The last epoch whose prices count, zero when there is none.
/// @param windowStart Real time at which the present bucket of moves began.
/// @param previousBps Moves of the bucket before, compounded.
/// @param currentBps Moves of the present bucket, compounded.
/// @param latestDigest Digest of the latest epoch.
struct Moves {
    uint64 confirmed;
    uint48 windowStart;
    uint32 previousBps;
    uint32 currentBps;
    bytes32 latestDigest;
}

/// @notice What an account's state rests on: the part of an epoch's record that
/// does not say what it commits to.
struct Rest {
    EpochState state;
    uint48 marketTimestamp;
    uint48 posted;
}

/// @notice An account on record, in one slot.
/// @param state Where it stands; a passed deadline may not be recorded yet.
/// @param reason Why it was called (called, liquidatable).
/// @param level The level proved (current), or below which the account was proved
/// (called or liquidatable after a breach).
/// @param disclosed Whether a breach disclosed the breach level's shortfall
/// (called, liquidatable).
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

/// @notice The last path in the state tree that an account asked for, and the change
/// that it said it would make, in one slot.
/// @param epoch Of which epoch; zero when it never asked.
/// @param since What the market's clock showed; while `open` the account's clock
/// stands there.
/// @param asked The real time.
/// @param open Whether it waits for an answer.
/// @param changed The epoch from which it said a change, until an epoch is shown to hold
/// it or it expires; zero when it said none.
struct PathRequest {
    uint64 epoch;
    uint48 since;
    uint48 asked;
    bool open;
    uint64 changed;
}

/// @notice All that there is to know of an account, for a protocol's own decision.
/// @param state Where it stands now.
/// @param level The level proved (current) or proved below (called, liquidatable).
/// @param epoch The epoch its state rests on.
/// @param due When its proof is due or its call must be cured, grace included.
/// @param clock The account's clock now: the market's, unless it waits for a path.
/// @param marketTimestamp When the snapshot of that epoch was taken.
/// @param marketAge Seconds since then.
/// @param halted Whether the market is halted.
/// @param stale Whether its latest snapshot is too old.
/// @param provableNow Whether a proof against its latest epoch could be accepted.
/// @param circuitsFrozen Whether a circuit is frozen.
/// @param waits Whether the account waits for a path that it asked for.
struct Standing {
    State state;
    Level level;
    uint64 epoch;
    uint48 due;
    uint48 clock;
    uint48 marketTimestamp;
    uint48 marketAge;
    bool halted;
    bool stale;
    bool provableNow;
    bool circuitsFrozen;
    bool waits;
}

/// @notice The public inputs of a margin proof.
/// @param context The market the proof is for.
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
    bool multiplied;
    uint128 disclosed;
    bytes31 memo;
}
