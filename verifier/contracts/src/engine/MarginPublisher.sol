// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { EpochPost, EpochRecord, EpochState, HaltReason, Meta } from "../MarginTypes.sol";
import { IMarginCallRegistry } from "../interfaces/IMarginCallRegistry.sol";
import { MarginEngineState } from "./MarginEngineState.sol";

/// @title Transitions of the engine itself: models, epochs, halts
/// @notice `publish.rs` of the Rust engine. The guardian's pause is the engine's
/// halt and not OpenZeppelin's `Pausable`: proofs of health and cures still count
/// in it, the clock stands still, and a price jump halts in the same way.
abstract contract MarginPublisher is MarginEngineState {
    /// @notice Posts epochs: the venue and publisher.
    bytes32 public constant PUBLISHER_ROLE = keccak256("PUBLISHER_ROLE");
    /// @notice Pauses and resumes.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    /// @inheritdoc IMarginCallRegistry
    function acceptModel(bytes31 model) external onlyRole(GOVERNOR_ROLE) {
        if (isModelAccepted[model]) revert ModelAlreadyAccepted();
        _setModel(model, true);
        emit ModelAccepted(model);
    }

    /// @inheritdoc IMarginCallRegistry
    function revokeModel(bytes31 model) external onlyRole(GOVERNOR_ROLE) {
        if (!isModelAccepted[model]) revert ModelNotAccepted();
        _setModel(model, false);
        emit ModelRevoked(model);
    }

    function _setModel(bytes31 model, bool accepted) internal {
        Meta memory state = _advanced();
        EpochRecord storage latest = epochs[state.latest];
        if (latest.state != EpochState.Unknown && latest.model == model) {
            state.modelRevoked = !accepted;
            meta = state;
        }
        isModelAccepted[model] = accepted;
    }

    /// @inheritdoc IMarginCallRegistry
    function postEpoch(EpochPost calldata post) external onlyRole(PUBLISHER_ROLE) {
        Meta memory state = _advanced();
        if (post.epoch <= state.latest) revert EpochNotNewer(state.latest);
        if (!isModelAccepted[post.model]) revert ModelNotAccepted();
        if (post.marketTimestamp > state.lastTime) revert SnapshotInFuture();
        // Not in the future, so it fits.
        uint48 timestamp = uint48(post.marketTimestamp);
        EpochRecord storage previous = epochs[state.latest];
        bool first = previous.state == EpochState.Unknown;
        if (!first && timestamp < previous.marketTimestamp) {
            revert SnapshotOlderThanLast(previous.marketTimestamp);
        }
        uint48 freshUntil = _freshUntil(timestamp);
        bool jumped = _jumped(post, first);
        epochs[post.epoch] = EpochRecord({
            stateRoot: post.stateRoot,
            marketRoot: post.marketRoot,
            model: post.model,
            state: jumped ? EpochState.Quarantined : EpochState.Posted,
            marketTimestamp: timestamp,
            posted: state.clock
        });
        emit EpochPosted(post.epoch, jumped);
        state.latest = post.epoch;
        state.freshUntil = freshUntil;
        state.modelRevoked = false;
        if (jumped && state.halt == HaltReason.None) {
            state.halt = HaltReason.PriceMove;
            emit Halted(HaltReason.PriceMove);
        }
        meta = state;
    }

    function _jumped(EpochPost calldata post, bool first) private view returns (bool) {
        if (!PRICE_MOVES_LIMITED) return false;
        if (post.priceMoveGiven) return post.priceMoveBps > MAX_PRICE_MOVE_BPS;
        if (!first) revert PriceMoveMissing();
        return false;
    }

    /// @inheritdoc IMarginCallRegistry
    function pause() external onlyRole(GUARDIAN_ROLE) {
        Meta memory state = _advanced();
        if (state.halt != HaltReason.None) revert AlreadyHalted();
        state.halt = HaltReason.Paused;
        meta = state;
        emit Halted(HaltReason.Paused);
    }

    /// @inheritdoc IMarginCallRegistry
    /// @dev A quarantined latest epoch is confirmed; earlier ones stay
    /// quarantined for good. To reject a jumped epoch's prices, post a corrected
    /// epoch first and then resume.
    function resume() external onlyRole(GUARDIAN_ROLE) {
        Meta memory state = _advanced();
        if (state.halt == HaltReason.None) revert NotHalted();
        state.halt = HaltReason.None;
        meta = state;
        EpochRecord storage latest = epochs[state.latest];
        bool quarantined = latest.state == EpochState.Quarantined;
        if (quarantined) latest.state = EpochState.Posted;
        emit Resumed(quarantined ? state.latest : 0);
    }
}
