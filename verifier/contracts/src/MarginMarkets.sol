// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { EpochState, HaltReason, MarketParams, Meta, Moves, SignerSet } from "./MarginTypes.sol";
import { MarginRoles } from "./MarginRoles.sol";
import { IMarginMarkets } from "./interfaces/IMarginMarkets.sol";
import { MarginClock } from "./lib/MarginClock.sol";
import { MarginContext } from "./lib/MarginContext.sol";
import { MarginPolicy } from "./lib/MarginPolicy.sol";
import { MarginSigners } from "./lib/MarginSigners.sol";
import { MarketEpochs } from "./markets/MarketEpochs.sol";
import { MarketState } from "./markets/MarketState.sol";

/// @title Markets
/// @notice Many markets in one contract, each with its own policy, epochs, clock,
/// signers, governor and guardian. The contract's address is part of every
/// market's context. A guardian can only reduce what counts, and its pause ends
/// by itself: only the governor can renew it.
contract MarginMarkets is MarketEpochs {
    using MarginClock for Meta;
    using MarginSigners for MarginSigners.Stored;

    /// @notice The market exists: its name is taken.
    error MarketExists(bytes31 context);
    /// @notice There is a gate already, or what is given is none.
    error InvalidGate();
    /// @notice Only the gate may.
    error NotTheGate();
    /// @notice The model, or the signers, were not announced, or not long enough ago.
    error NoticeNotGiven(uint48 from);
    /// @notice The guardian paused lately: only the governor may until then.
    error GuardianMustWait(uint48 until);
    /// @notice A notice of zero is for test deployments.
    error NoNotice();

    /// @notice Whether this is a test deployment: notices may be zero and keys
    /// made under an SRS whose secret is known.
    bool public immutable TEST_DEPLOYMENT;
    /// @notice How long before a model can be accepted, or signers replaced, it must be
    /// announced.
    uint48 public immutable MODEL_NOTICE;

    /// @notice What says whether proofs can be verified.
    address public gate;

    /// @notice From when on an announced model can be accepted; zero when it is not
    /// announced.
    mapping(bytes31 context => mapping(bytes31 model => uint48)) public acceptableFrom;

    /// @notice The gate was set, once.
    event GateSet(address gate);

    /// @param roles Who may do what.
    /// @param modelNotice How long before a model can be accepted, or signers replaced,
    /// it is announced.
    /// @param testDeployment Whether this is one.
    constructor(MarginRoles roles, uint48 modelNotice, bool testDeployment) MarketState(roles) {
        if (modelNotice == 0 && !testDeployment) revert NoNotice();
        TEST_DEPLOYMENT = testDeployment;
        MODEL_NOTICE = modelNotice;
    }

    /// @notice The administrator says which gate it is, once.
    /// @param newGate The gate.
    function setGate(address newGate) external {
        ROLES.requireAdmin(msg.sender);
        if (gate != address(0) || newGate.code.length == 0) revert InvalidGate();
        gate = newGate;
        emit GateSet(newGate);
    }

    /// @notice The governor creates a market.
    /// @param params The market.
    /// @return context Its name in proofs.
    function createMarket(MarketParams calldata params) external returns (bytes31 context) {
        ROLES.requireCreator(msg.sender);
        MarginPolicy.validate(params.terms, params.limits);
        context = contextOf(params.name);
        Market storage market = _markets[context];
        if (uint8(market.terms.requiredLevel) != 0) revert MarketExists(context);
        market.terms = params.terms;
        market.limits = params.limits;
        market.meta.limitsLiquidations = params.limits.maxLiquidations != 0;
        uint48 time = _now();
        (market.meta.lastTime, market.meta.clock, market.meta.lastRan) = (time, time, time);
        market.moves.windowStart = time;
        emit MarketCreated(context, params.name, msg.sender);
        _requireSigners(params.attesters);
        market.attesters.keep(params.attesters);
        emit SignersChanged(context, params.attesters.threshold, params.attesters.signers);
        if (params.models.length == 0) revert MarginPolicy.NoModel();
        for (uint256 i = 0; i < params.models.length; ++i) {
            bytes31 model = params.models[i];
            if (_models[context][model].accepted) revert MarginPolicy.DuplicateModel();
            _accept(context, model, true);
            emit ModelAccepted(context, model);
        }
    }

    /// @notice The context of a market by its name, created or not.
    /// @param name The name.
    function contextOf(string calldata name) public view returns (bytes31) {
        return MarginContext.derive(name, SafeCast.toUint64(CHAIN_ID), address(this));
    }

    // ----------------------------------------------------------------- signers

    /// @inheritdoc IMarginMarkets
    /// @dev Without a notice, in test deployments, at once.
    function setSigners(bytes31 context, SignerSet calldata attesters) external {
        ROLES.requireGovernor(context, msg.sender);
        Market storage market = _market(context);
        _requireSigners(attesters);
        market.nextAttesters.keep(attesters);
        market.nextFrom = MarginClock.add(_now(), MODEL_NOTICE);
        emit SignersAnnounced(context, attesters.threshold, attesters.signers, market.nextFrom);
        if (MODEL_NOTICE == 0) activateSigners(context);
    }

    /// @inheritdoc IMarginMarkets
    function activateSigners(bytes31 context) public {
        Market storage market = _market(context);
        uint48 from = market.nextFrom;
        if (from == 0 || _now() < from) revert NoticeNotGiven(from);
        SignerSet memory attesters = market.nextAttesters.all();
        market.attesters.keep(attesters);
        _forgetSigners(market);
        emit SignersChanged(context, attesters.threshold, attesters.signers);
    }

    /// @inheritdoc IMarginMarkets
    function cancelSigners(bytes31 context) external {
        ROLES.requireGuardian(context, msg.sender);
        Market storage market = _market(context);
        if (market.nextFrom == 0) revert NoticeNotGiven(0);
        _forgetSigners(market);
        emit SignersAnnounced(context, 0, new address[](0), 0);
    }

    function _forgetSigners(Market storage market) private {
        market.nextAttesters.keep(SignerSet(0, new address[](0)));
        delete market.nextFrom;
    }

    /// @inheritdoc IMarginMarkets
    function setCircuits(bytes31 context, uint48 until, bool frozen) external {
        if (msg.sender != gate) revert NotTheGate();
        Market storage market = _market(context);
        Meta memory meta = _advanced(market);
        bool wasProvable = meta.provable(meta.lastTime);
        meta.circuitsUntil = until;
        meta.circuitsFrozen = frozen;
        _store(market, meta, wasProvable);
        emit CircuitsChanged(context, until, frozen);
    }

    // ------------------------------------------------------------------ models

    /// @inheritdoc IMarginMarkets
    function announceModel(bytes31 context, bytes31 model) external {
        ROLES.requireGovernor(context, msg.sender);
        if (_models[context][model].accepted) revert ModelAlreadyAccepted();
        uint48 from = MarginClock.add(_now(), MODEL_NOTICE);
        acceptableFrom[context][model] = from;
        emit ModelAnnounced(context, model, from);
    }

    /// @inheritdoc IMarginMarkets
    function acceptModel(bytes31 context, bytes31 model) external {
        ROLES.requireGovernor(context, msg.sender);
        if (_models[context][model].accepted) revert ModelAlreadyAccepted();
        uint48 from = acceptableFrom[context][model];
        bool announced = from != 0 && from <= _now();
        if (MODEL_NOTICE != 0 && !announced) revert NoticeNotGiven(from);
        delete acceptableFrom[context][model];
        _setModel(context, model, true);
        emit ModelAccepted(context, model);
    }

    /// @inheritdoc IMarginMarkets
    function revokeModel(bytes31 context, bytes31 model) external {
        ROLES.requireGuardian(context, msg.sender);
        // What was announced only is withdrawn as well.
        bool announced = acceptableFrom[context][model] != 0;
        delete acceptableFrom[context][model];
        if (!_models[context][model].accepted) {
            if (!announced) revert ModelNotAccepted();
            emit ModelAnnounced(context, model, 0);
            return;
        }
        _setModel(context, model, false);
        emit ModelRevoked(context, model, msg.sender);
    }

    function _setModel(bytes31 context, bytes31 model, bool accepted) private {
        Market storage market = _market(context);
        Meta memory meta = _advanced(market);
        bool wasProvable = meta.provable(meta.lastTime);
        uint32 number = _accept(context, model, accepted);
        if (meta.latest != 0 && _epochs[context][meta.latest].model == number) {
            meta.modelRevoked = !accepted;
        }
        _store(market, meta, wasProvable);
    }

    /// @dev Says whether a model is accepted; the first time it is given its number.
    function _accept(
        bytes31 context,
        bytes31 model,
        bool accepted
    ) private returns (uint32 number) {
        Model storage known = _models[context][model];
        number = known.number;
        if (number == 0) {
            number = ++_markets[context].models;
            known.number = number;
            _modelOf[context][number] = model;
        }
        known.accepted = accepted;
    }

    // ------------------------------------------------------------------- halts

    /// @inheritdoc IMarginMarkets
    function pause(bytes31 context, uint48 until) external {
        Market storage market = _market(context);
        bool governor = ROLES.requireGuardian(context, msg.sender);
        Meta memory meta = _advanced(market);
        uint32 max = market.limits.maxPause;
        uint48 time = meta.lastTime;
        if (until <= time || until > uint256(time) + max) revert PauseTooLong(max);
        if (until <= meta.pausedUntil) revert AlreadyHalted();
        if (!governor) {
            // Neither longer nor again at once: a guardian alone halts for a part of
            // the time only.
            if (time < market.guardianWaits) revert GuardianMustWait(market.guardianWaits);
            market.guardianWaits = MarginClock.add(until, max);
        }
        meta.pausedUntil = until;
        _store(market, meta, true);
        emit Halted(context, HaltReason.Paused, until, msg.sender);
    }

    /// @inheritdoc IMarginMarkets
    /// @dev Quarantined epochs before the latest stay so for good.
    function resume(bytes31 context, uint64 epoch, bytes32 marketRoot) external {
        ROLES.requireGuardian(context, msg.sender);
        Market storage market = _market(context);
        Meta memory meta = _advanced(market);
        if (!meta.halted()) revert NotHalted();
        Stored storage latest = _epochs[context][meta.latest];
        if (epoch != meta.latest || marketRoot != latest.marketRoot) {
            revert WrongConfirmation(meta.latest);
        }
        if (meta.latestState == EpochState.Rejected) revert EpochRejected();
        bool wasProvable = meta.provable(meta.lastTime);
        meta.pausedUntil = 0;
        meta.breaker = false;
        uint64 confirmed = 0;
        if (meta.latestState == EpochState.Quarantined) {
            confirmed = epoch;
            latest.state = EpochState.Posted;
            meta.latestState = EpochState.Posted;
            bytes32 digest = market.moves.latestDigest;
            market.moves = Moves(epoch, meta.lastTime, 0, 0, digest);
        }
        _store(market, meta, wasProvable);
        emit Resumed(context, confirmed, msg.sender);
    }

    /// @inheritdoc IMarginMarkets
    function rejectEpoch(bytes31 context, uint64 epoch, bytes32 marketRoot) external {
        ROLES.requireGuardian(context, msg.sender);
        Market storage market = _market(context);
        Stored storage record = _epochs[context][epoch];
        if (record.state == EpochState.Unknown) revert UnknownEpoch();
        if (marketRoot != record.marketRoot) revert WrongMarketRoot();
        if (record.state == EpochState.Rejected) revert EpochRejected();
        Meta memory meta = _advanced(market);
        record.state = EpochState.Rejected;
        record.posted = meta.clock;
        if (epoch == meta.latest) meta.latestState = EpochState.Rejected;
        _store(market, meta, true);
        emit EpochRejection(context, epoch, msg.sender);
    }
}
