// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { Account, EpochState, Meta, PathRequest } from "../MarginTypes.sol";
import { IMarginCallRegistry } from "../interfaces/IMarginCallRegistry.sol";
import { MarginClock } from "../lib/MarginClock.sol";
import { AccountState } from "./AccountState.sol";

/// @title Accounts that wait for their paths
/// @notice `paths.rs` of the Rust engine: the clock of an account stands still while
/// the venue withholds its path. Who may ask and answer, what it costs and how long
/// an answer may take is for another contract to say (`MarginPaths`).
abstract contract AccountPaths is AccountState, ReentrancyGuardTransient {
    using MarginClock for Meta;

    /// @notice The contract that keeps requests for paths.
    address public paths;

    /// @inheritdoc IMarginCallRegistry
    function setPaths(address keeper) external {
        ROLES.requireAdmin(msg.sender);
        if (paths != address(0)) revert PathsAreSet();
        paths = keeper;
        emit PathsSet(keeper);
    }

    function _requirePaths() private view {
        if (msg.sender != paths) revert NotThePaths();
    }

    /// @inheritdoc IMarginCallRegistry
    function requestPath(bytes31 context, address id) external nonReentrant returns (uint64 epoch) {
        _requirePaths();
        Seen memory seen = _open(context, id);
        _refusePassed(seen);
        Meta memory meta = seen.meta;
        if (meta.halted()) revert EngineHalted();
        // Where nobody can prove, every clock stands still.
        _requireProvable(meta);
        epoch = meta.latest;
        PathRequest memory path = seen.path;
        if (path.open || path.epoch >= epoch) revert PathOnRequest(path.epoch);
        Account memory account = seen.account;
        if (account.lastEpoch >= epoch) revert Replayed(account.lastEpoch);
        (path.epoch, path.since, path.asked, path.open) = (epoch, seen.clock, meta.lastTime, true);
        _paths[context][id] = path;
        // The grace that counts now may be another one when it is answered.
        account.until = meta.effective(account.until);
        _put(seen, account);
        emit PathRequested(context, id, epoch);
    }

    /// @inheritdoc IMarginCallRegistry
    function answerPath(bytes31 context, address id) external nonReentrant {
        _requirePaths();
        Seen memory seen = _open(context, id);
        PathRequest memory path = seen.path;
        if (!path.open) revert NoPathRequest();
        Account memory account = seen.account;
        uint48 until = seen.meta.effective(account.until);
        // What began while it waited was counted from `since` on, but for what a
        // rejection began: that from itself on.
        if (until >= path.since) {
            uint256 began = Math.max(path.since, account.since);
            account.until = MarginClock.add(until, seen.clock - began);
        }
        _paths[context][id].open = false;
        _put(seen, account);
        emit PathAnswered(context, id, path.epoch);
    }

    /// @dev A call for silence, and a request for a path, need an epoch that the account
    /// could prove itself in now.
    function _requireProvable(Meta memory meta) internal pure {
        uint48 time = meta.lastTime;
        if (meta.provable(time)) return;
        if (meta.latest == 0) revert UnknownEpoch();
        if (meta.circuitsFrozen) revert CircuitsFrozen();
        if (meta.modelRevoked) revert ModelNotAccepted();
        if (meta.latestState == EpochState.Quarantined) revert EpochQuarantined();
        if (meta.latestState == EpochState.Rejected) revert EpochRejected();
        if (time > meta.circuitsUntil) revert CircuitsFrozen();
        revert SnapshotStale(meta.freshUntil);
    }
}
