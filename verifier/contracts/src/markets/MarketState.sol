// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {
    Claim,
    EpochRecord,
    EpochState,
    Limits,
    Meta,
    Moves,
    Rest,
    SignerSet,
    Terms
} from "../MarginTypes.sol";
import { MarginRoles } from "../MarginRoles.sol";
import { IMarginMarkets } from "../interfaces/IMarginMarkets.sol";
import { MarginClock } from "../lib/MarginClock.sol";
import { MarginSigners } from "../lib/MarginSigners.sol";

/// @title What markets store, and how it is read at a time
/// @notice `state.rs` of the Rust engine.
abstract contract MarketState is IMarginMarkets {
    using MarginClock for Meta;
    using MarginSigners for MarginSigners.Stored;

    /// @dev Accounts that became liquidatable in a window: so many lengths since 1970.
    struct Liquidations {
        uint48 window;
        uint16 count;
    }

    /// @dev All of a market but its epochs and models.
    struct Market {
        Meta meta;
        Moves moves;
        Terms terms;
        Limits limits;
        MarginSigners.Stored attesters;
        uint48 guardianWaits;
        uint32 models;
        MarginSigners.Stored nextAttesters;
        uint48 nextFrom;
    }

    /// @dev A model by its number: the market's first one is 1. It keeps its number when
    /// it is revoked.
    struct Model {
        uint32 number;
        bool accepted;
    }

    /// @dev An epoch as it is stored, in three slots: its model by number.
    struct Stored {
        bytes32 stateRoot;
        bytes32 marketRoot;
        EpochState state;
        uint48 marketTimestamp;
        uint48 posted;
        uint32 model;
    }

    /// @notice Who may do what.
    MarginRoles public immutable ROLES;

    /// @dev The chain that the contexts were derived for.
    uint256 internal immutable CHAIN_ID = block.chainid;

    mapping(bytes31 context => Market) internal _markets;
    mapping(bytes31 context => mapping(uint64 epoch => Stored)) internal _epochs;
    mapping(bytes31 context => mapping(bytes31 model => Model)) internal _models;
    mapping(bytes31 context => mapping(uint32 number => bytes31)) internal _modelOf;

    mapping(address registry => mapping(bytes31 context => Liquidations)) private _liquidations;

    constructor(MarginRoles roles) {
        ROLES = roles;
    }

    /// @dev The market; every one demands a level.
    function _market(bytes31 context) internal view returns (Market storage market) {
        market = _markets[context];
        if (uint8(market.terms.requiredLevel) == 0) revert WrongContext();
    }

    function _now() internal view returns (uint48) {
        return SafeCast.toUint48(block.timestamp);
    }

    /// @dev The market's state, brought to the present.
    function _advanced(Market storage market) internal view returns (Meta memory meta) {
        meta = market.meta;
        // On a chain that split off with another identifier no proof counts.
        if (block.chainid != CHAIN_ID) meta.circuitsUntil = 0;
        uint48 time = _now();
        bool pauseEnds = meta.pausedUntil != 0 && meta.pausedUntil < time;
        meta.advance(time, pauseEnds ? market.limits.gracePeriod : 0);
    }

    /// @dev Stores a changed state. Whatever made a proof acceptable again restarts
    /// the clock with its grace.
    function _store(Market storage market, Meta memory meta, bool wasProvable) internal {
        if (!wasProvable && meta.provable(meta.lastTime)) {
            meta.restart(meta.lastTime, market.limits.gracePeriod);
        }
        market.meta = meta;
    }

    /// @inheritdoc IMarginMarkets
    function countLiquidation(bytes31 context) external {
        Limits storage limits = _market(context).limits;
        Liquidations storage counted = _liquidations[msg.sender][context];
        (uint48 length, uint16 most) = (limits.breakerWindow, limits.maxLiquidations);
        // A market with a limit has a window.
        if (most == 0) return;
        uint48 window = _now() / length;
        uint16 count = counted.window == window ? counted.count : 0;
        if (count >= most) revert LiquidationLimit((window + 1) * length);
        (counted.window, counted.count) = (window, count + 1);
    }

    // ------------------------------------------------------------------- views

    /// @inheritdoc IMarginMarkets
    function read(
        bytes31 context,
        uint64 epoch
    ) external view returns (Meta memory meta, Terms memory terms, Rest memory rest) {
        Market storage market = _market(context);
        meta = _advanced(market);
        terms = market.terms;
        if (epoch != 0) {
            Stored storage record = _epochs[context][epoch];
            rest = Rest(record.state, record.marketTimestamp, record.posted);
        }
    }

    /// @inheritdoc IMarginMarkets
    function requireEvidence(Claim calldata claim) external view returns (uint48 posted) {
        Market storage market = _market(claim.context);
        if (block.chainid != CHAIN_ID) revert WrongContext();
        Stored storage record = _epochs[claim.context][claim.epoch];
        EpochState state = record.state;
        if (state == EpochState.Unknown) revert UnknownEpoch();
        if (claim.stateRoot != record.stateRoot) revert WrongStateRoot();
        if (claim.marketRoot != record.marketRoot) revert WrongMarketRoot();
        // A model that was never accepted has no number, and every epoch's model has one.
        Model memory model = _models[claim.context][claim.model];
        if (model.number != record.model) revert WrongModel();
        if (!model.accepted) revert ModelNotAccepted();
        if (state == EpochState.Quarantined) revert EpochQuarantined();
        if (state == EpochState.Rejected) revert EpochRejected();
        uint48 freshUntil = MarginClock.add(record.marketTimestamp, market.terms.maxSnapshotAge);
        if (_now() > freshUntil) revert SnapshotStale(freshUntil);
        return record.posted;
    }

    /// @inheritdoc IMarginMarkets
    function vouchesFor(bytes31 context, uint64 epoch, uint48 maxAge) external view returns (bool) {
        Market storage market = _market(context);
        // Provable: no halt, nothing frozen, and the latest epoch usable and fresh.
        if (!_advanced(market).provable(_now())) return false;
        Stored storage record = _epochs[context][epoch];
        if (record.state != EpochState.Posted) return false;
        if (!_models[context][_modelOf[context][record.model]].accepted) return false;
        uint48 taken = record.marketTimestamp;
        uint48 time = _now();
        if (taken > time) return taken - time <= market.limits.maxClockSkew;
        return time - taken <= maxAge;
    }

    /// @inheritdoc IMarginMarkets
    function escapeAfter(bytes31 context) external view returns (uint32) {
        return _market(context).limits.escapeAfter;
    }

    /// @inheritdoc IMarginMarkets
    function clock(bytes31 context) external view returns (uint48) {
        return _advanced(_market(context)).clock;
    }

    /// @inheritdoc IMarginMarkets
    function provableNow(bytes31 context) external view returns (bool) {
        return _advanced(_market(context)).provable(_now());
    }

    /// @inheritdoc IMarginMarkets
    function movesOf(bytes31 context) external view returns (Moves memory) {
        return _market(context).moves;
    }

    /// @inheritdoc IMarginMarkets
    function policyOf(bytes31 context) external view returns (Terms memory, Limits memory) {
        Market storage market = _market(context);
        return (market.terms, market.limits);
    }

    /// @inheritdoc IMarginMarkets
    function signersOf(bytes31 context) external view returns (SignerSet memory) {
        return _market(context).attesters.all();
    }

    /// @inheritdoc IMarginMarkets
    function nextSignersOf(
        bytes31 context
    ) external view returns (SignerSet memory attesters, uint48 from) {
        Market storage market = _market(context);
        return (market.nextAttesters.all(), market.nextFrom);
    }

    /// @inheritdoc IMarginMarkets
    function epochOf(bytes31 context, uint64 epoch) external view returns (EpochRecord memory) {
        Stored memory record = _epochs[context][epoch];
        return
            EpochRecord({
                stateRoot: record.stateRoot,
                marketRoot: record.marketRoot,
                state: record.state,
                marketTimestamp: record.marketTimestamp,
                posted: record.posted,
                model: _modelOf[context][record.model]
            });
    }

    /// @inheritdoc IMarginMarkets
    function isModelAccepted(bytes31 context, bytes31 model) external view returns (bool) {
        return _models[context][model].accepted;
    }
}
