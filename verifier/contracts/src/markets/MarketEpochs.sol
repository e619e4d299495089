// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EpochPost, EpochState, HaltReason, Meta, Moves, SignerSet } from "../MarginTypes.sol";
import { IMarginMarkets } from "../interfaces/IMarginMarkets.sol";
import { MarginClaims } from "../lib/MarginClaims.sol";
import { MarginClock } from "../lib/MarginClock.sol";
import { MarginEpochs } from "../lib/MarginEpochs.sol";
import { MarginSigners } from "../lib/MarginSigners.sol";
import { MarketState } from "./MarketState.sol";

/// @title Posting epochs
/// @notice `publish.rs` of the Rust engine, and the signatures that it takes for
/// granted. Anyone may bring them.
abstract contract MarketEpochs is MarketState {
    using MarginClock for Meta;
    using MarginEpochs for Moves;
    using MarginSigners for MarginSigners.Stored;

    /// @notice No signers, more than 32, not ascending, or a threshold beyond them.
    error InvalidSigners();
    /// @notice Fewer signatures than the threshold, one that is none or not of a
    /// signer, or signers that do not ascend.
    error InvalidSignatures();

    uint256 private constant MAX_SIGNERS = 32;

    function _requireSigners(SignerSet calldata attesters) internal pure {
        uint256 count = attesters.signers.length;
        if (count == 0 || count > MAX_SIGNERS) revert InvalidSigners();
        if (attesters.threshold == 0 || attesters.threshold > count) revert InvalidSigners();
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            address signer = attesters.signers[i];
            if (signer <= last) revert InvalidSigners();
            last = signer;
        }
    }

    /// @dev Both ascend, so that one pass finds every signature's signer.
    function _requireSignatures(
        Market storage market,
        bytes32 digest,
        bytes[] calldata signatures
    ) private view {
        MarginSigners.Stored storage signers = market.attesters;
        if (signatures.length < signers.threshold) revert InvalidSignatures();
        uint256 count = signers.count;
        uint256 next = 0;
        for (uint256 i = 0; i < signatures.length; ++i) {
            (address signer, ECDSA.RecoverError error_, ) = ECDSA.tryRecover(digest, signatures[i]);
            if (error_ != ECDSA.RecoverError.NoError) revert InvalidSignatures();
            while (next < count && signers.signerAt(next) != signer) ++next;
            if (next == count) revert InvalidSignatures();
            ++next;
        }
    }

    /// @inheritdoc IMarginMarkets
    function postEpoch(
        bytes31 context,
        EpochPost calldata post,
        bytes[] calldata signatures
    ) external {
        Market storage market = _market(context);
        bytes32 digest = MarginEpochs.digest(context, post);
        _requireSignatures(market, digest, signatures);
        Meta memory meta = _advanced(market);
        bool wasProvable = meta.provable(meta.lastTime);
        _requireNext(context, market, meta, post);
        bool quarantined = _moved(market, meta, post, digest);
        _record(context, meta, post, quarantined);
        emit EpochPosted(
            context,
            post.epoch,
            post.stateRoot,
            post.marketRoot,
            post.model,
            uint48(post.marketTimestamp),
            post.priceMoveBps,
            digest,
            quarantined,
            msg.sender
        );
        if (quarantined && !meta.breaker) {
            meta.breaker = true;
            emit Halted(context, HaltReason.PriceMove, 0, msg.sender);
        }
        meta.latest = post.epoch;
        meta.latestState = quarantined ? EpochState.Quarantined : EpochState.Posted;
        meta.modelRevoked = false;
        _store(market, meta, wasProvable);
    }

    /// @dev Also finds until when the snapshot is fresh.
    function _requireNext(
        bytes31 context,
        Market storage market,
        Meta memory meta,
        EpochPost calldata post
    ) private view {
        uint64 latest = meta.latest;
        uint64 expected = latest;
        if (latest == 0) expected = market.limits.firstEpoch;
        else if (latest != type(uint64).max) expected = latest + 1;
        if (post.epoch != expected || expected == latest) revert EpochNotNext(expected);
        if (!_models[context][post.model].accepted) revert ModelNotAccepted();
        if (uint256(post.stateRoot) >= MarginClaims.R || uint256(post.marketRoot) >= MarginClaims.R)
            revert RootNotCanonical();
        uint256 freshUntil = uint256(post.marketTimestamp) + market.terms.maxSnapshotAge;
        if (
            post.marketTimestamp > uint256(meta.lastTime) + market.limits.maxClockSkew ||
            freshUntil > type(uint48).max
        ) revert SnapshotInFuture();
        // The terms never change, so this is when the latest snapshot was taken.
        uint48 last = latest == 0 ? 0 : meta.freshUntil - market.terms.maxSnapshotAge;
        if (post.marketTimestamp < last) revert SnapshotOlderThanLast(last);
        if (meta.lastTime > freshUntil) revert SnapshotStale(uint48(freshUntil));
        if (post.previous != market.moves.latestDigest) revert WrongPrevious();
        if (post.measuredFrom != market.moves.confirmed) {
            revert WrongReference(market.moves.confirmed);
        }
        meta.freshUntil = uint48(freshUntil);
    }

    /// @dev Whether the epoch waits for a guardian. If not, it is what the next is
    /// measured against.
    function _moved(
        Market storage market,
        Meta memory meta,
        EpochPost calldata post,
        bytes32 digest
    ) private returns (bool quarantined) {
        market.moves.latestDigest = digest;
        if (meta.breaker) return true;
        Moves memory moves = market.moves;
        uint32 window = market.limits.breakerWindow;
        moves.roll(meta.lastTime, window);
        uint32 move = post.priceMoveBps;
        uint32 before = MarginEpochs.compound(moves.previousBps, moves.currentBps);
        if (
            market.terms.limitPriceMoves &&
            moves.confirmed != 0 &&
            MarginEpochs.compound(before, move) > market.terms.maxPriceMoveBps
        ) return true;
        moves.confirmed = post.epoch;
        if (window != 0) moves.currentBps = MarginEpochs.compound(moves.currentBps, move);
        market.moves = moves;
    }

    function _record(
        bytes31 context,
        Meta memory meta,
        EpochPost calldata post,
        bool quarantined
    ) private {
        _epochs[context][post.epoch] = Stored({
            stateRoot: post.stateRoot,
            marketRoot: post.marketRoot,
            state: quarantined ? EpochState.Quarantined : EpochState.Posted,
            marketTimestamp: uint48(post.marketTimestamp),
            posted: meta.clock,
            model: _models[context][post.model].number
        });
    }
}
