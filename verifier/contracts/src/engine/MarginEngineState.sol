// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { MarginProofGate } from "../MarginProofGate.sol";
import {
    Account,
    Claim,
    EpochRecord,
    EpochState,
    HaltReason,
    Level,
    Meta,
    PolicyParams,
    State
} from "../MarginTypes.sol";
import { IMarginCallRegistry } from "../interfaces/IMarginCallRegistry.sol";
import { MarginContext } from "../lib/MarginContext.sol";

/// @title What the engine stores, and how it is read at a time
/// @notice `state.rs` and `policy.rs` of the Rust engine.
abstract contract MarginEngineState is MarginProofGate, IMarginCallRegistry {
    /// @notice Without a model no epoch can be posted.
    error NoModel();
    /// @notice A model is listed twice.
    error DuplicateModel();
    /// @notice The level is bankrupt, which says nothing.
    error EmptyLevel();
    /// @notice Not breach level <= required level <= cure level.
    error LevelOrder();
    /// @notice The snapshot age is zero: no proof could ever be in time.
    error NoSnapshotAge();
    /// @notice A period is shorter than twice the snapshot age: an account could
    /// have no time to prove.
    error TooShort();
    /// @notice A period is longer than a century.
    error TooLong();

    /// @notice The deployment that proofs must be made for.
    bytes31 public immutable CONTEXT;
    /// @notice The level a proof must claim to keep an account current.
    Level public immutable REQUIRED_LEVEL;
    /// @notice An account proved below this level is in breach.
    Level public immutable BREACH_LEVEL;
    /// @notice The level a proof must claim to cure a call.
    Level public immutable CURE_LEVEL;
    /// @notice How long a proof keeps an account current.
    uint48 public immutable PROOF_WINDOW;
    /// @notice How long a called account has to cure.
    uint48 public immutable CURE_PERIOD;
    /// @notice How old a snapshot may be, in real time.
    uint48 public immutable MAX_SNAPSHOT_AGE;
    /// @notice Whether price moves are limited.
    bool public immutable PRICE_MOVES_LIMITED;
    /// @notice Largest price move, in basis points, that does not halt.
    uint32 public immutable MAX_PRICE_MOVE_BPS;

    /// @dev The chain that CONTEXT was derived for.
    uint256 private immutable CHAIN_ID;

    /// @dev 100 years of 366 days, in seconds.
    uint48 private constant CENTURY = 100 * 366 days;

    /// @notice The engine's own state, as of its last change.
    Meta public meta;
    /// @notice The epochs on record.
    mapping(uint64 epoch => EpochRecord) public epochs;
    /// @notice Whether a margin model is accepted.
    mapping(bytes31 model => bool) public isModelAccepted;

    mapping(address account => Account) internal _accounts;
    mapping(address account => uint128) internal _shortfalls;

    constructor(PolicyParams memory policy) {
        _validate(policy);
        uint64 chain = SafeCast.toUint64(block.chainid);
        CONTEXT = MarginContext.derive(policy.protocol, chain, address(this));
        CHAIN_ID = block.chainid;
        REQUIRED_LEVEL = policy.requiredLevel;
        BREACH_LEVEL = policy.breachLevel;
        CURE_LEVEL = policy.cureLevel;
        PROOF_WINDOW = policy.proofWindow;
        CURE_PERIOD = policy.curePeriod;
        MAX_SNAPSHOT_AGE = policy.maxSnapshotAge;
        PRICE_MOVES_LIMITED = policy.limitPriceMoves;
        MAX_PRICE_MOVE_BPS = policy.maxPriceMoveBps;
        meta.lastTime = _now();
        meta.clock = _now();
        for (uint256 i = 0; i < policy.models.length; ++i) {
            bytes31 model = policy.models[i];
            if (isModelAccepted[model]) revert DuplicateModel();
            isModelAccepted[model] = true;
            emit ModelAccepted(model);
        }
    }

    function _validate(PolicyParams memory policy) private pure {
        if (policy.models.length == 0) revert NoModel();
        if (
            policy.requiredLevel == Level.Bankrupt ||
            policy.breachLevel == Level.Bankrupt ||
            policy.cureLevel == Level.Bankrupt
        ) revert EmptyLevel();
        if (policy.breachLevel > policy.requiredLevel || policy.requiredLevel > policy.cureLevel) {
            revert LevelOrder();
        }
        uint48 age = policy.maxSnapshotAge;
        if (age == 0) revert NoSnapshotAge();
        if (policy.proofWindow > CENTURY || policy.curePeriod > CENTURY || age > CENTURY) {
            revert TooLong();
        }
        if (policy.proofWindow < 2 * age || policy.curePeriod < 2 * age) revert TooShort();
    }

    // ------------------------------------------------------------------- views

    /// @inheritdoc IMarginCallRegistry
    function statusOf(
        address account
    ) external view returns (Account memory status, uint128 shortfall) {
        status = _statusAt(_accounts[account], _clock());
        if (status.disclosed) shortfall = _shortfalls[account];
    }

    /// @inheritdoc IMarginCallRegistry
    function liquidatable(address account) external view returns (bool) {
        return _statusAt(_accounts[account], _clock()).state == State.Liquidatable;
    }

    /// @inheritdoc IMarginCallRegistry
    function inGoodStanding(address account) external view returns (bool) {
        Account memory record = _accounts[account];
        return record.state == State.Current && _clock() <= record.until;
    }

    /// @inheritdoc IMarginCallRegistry
    function clock() external view returns (uint48) {
        return _clock();
    }

    // ---------------------------------------------------------------- the clock

    function _now() internal view returns (uint48) {
        return SafeCast.toUint48(block.timestamp);
    }

    /// @dev The engine's clock now.
    function _clock() internal view returns (uint48) {
        return _clockOf(meta);
    }

    /// @dev The clock follows from its value at the last change of the meta state.
    /// So transitions of accounts need not write it: bringing the clock up to date
    /// in between, as the Rust engine does, never changes what it shows later.
    function _clockOf(Meta memory state) internal view returns (uint48) {
        bool stopped = state.halt != HaltReason.None || state.modelRevoked || state.latest == 0;
        if (stopped) return state.clock;
        uint256 until = Math.min(_now(), state.freshUntil);
        return _add(state.clock, Math.saturatingSub(until, state.lastTime));
    }

    /// @dev The meta state with the clock brought up to date.
    function _advanced() internal view returns (Meta memory state) {
        state = meta;
        state.clock = _clockOf(state);
        state.lastTime = _now();
    }

    /// @dev The last time there is, if beyond it.
    function _add(uint256 time, uint256 seconds_) internal pure returns (uint48) {
        return uint48(Math.min(time + seconds_, type(uint48).max));
    }

    // ----------------------------------------------------------------- accounts

    /// @dev A call whose deadline has passed is liquidatable, recorded or not.
    function _statusAt(
        Account memory account,
        uint48 clock_
    ) internal pure returns (Account memory) {
        if (account.state == State.Called && clock_ > account.until) {
            account.state = State.Liquidatable;
            account.since = account.until;
            account.until = 0;
            account.disclosed = false;
        }
        return account;
    }

    /// @dev The account with its status at the present clock.
    function _openAccount(
        address id,
        uint48 clock_
    ) internal view returns (Account memory account) {
        account = _statusAt(_accounts[id], clock_);
        if (account.state == State.Unregistered) revert NotRegistered();
        if (account.state == State.Closed) revert AccountClosed();
    }

    /// @dev The account, which must be under no call.
    function _uncalledAccount(
        address id,
        uint48 clock_
    ) internal view returns (Account memory account) {
        account = _openAccount(id, clock_);
        if (account.state == State.Called) revert CallOpen(account.until);
        if (account.state == State.Liquidatable) revert AccountLiquidatable(account.since);
    }

    // ----------------------------------------------------------------- evidence

    /// @dev Until when a snapshot is fresh; it must be.
    function _freshUntil(uint48 timestamp) internal view returns (uint48 freshUntil) {
        freshUntil = _add(timestamp, MAX_SNAPSHOT_AGE);
        if (_now() > freshUntil) revert SnapshotStale(freshUntil);
    }

    /// @notice Reverts unless the claim counts.
    /// @return posted The engine's clock when the claim's epoch was posted.
    function _evidence(Claim memory claim) internal view returns (uint48 posted) {
        // On a chain that split off with another identifier no proof counts.
        if (claim.context != CONTEXT || block.chainid != CHAIN_ID) revert WrongContext();
        EpochRecord storage record = epochs[claim.epoch];
        EpochState state = record.state;
        if (state == EpochState.Unknown) revert UnknownEpoch();
        if (claim.stateRoot != record.stateRoot) revert WrongStateRoot();
        if (claim.marketRoot != record.marketRoot) revert WrongMarketRoot();
        if (claim.model != record.model) revert WrongModel();
        if (!isModelAccepted[claim.model]) revert ModelNotAccepted();
        if (state == EpochState.Quarantined) revert EpochQuarantined();
        _freshUntil(record.marketTimestamp);
        return record.posted;
    }
}
