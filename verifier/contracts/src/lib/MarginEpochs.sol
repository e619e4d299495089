// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MessageHashUtils } from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { EpochPost, Moves } from "../MarginTypes.sol";

/// @title Epochs
/// @notice What is signed, and how price moves add up.
library MarginEpochs {
    /// @dev Neither chain nor contract: the context binds protocol, chain and
    /// registry, so the same signatures count off chain and on other machines.
    bytes32 private constant DOMAIN = keccak256(
        abi.encode(
            keccak256("EIP712Domain(string name,string version)"),
            keccak256("zk-margin"),
            keccak256("1")
        )
    );

    bytes32 private constant TYPE = keccak256(
        "Epoch(bytes31 context,uint64 epoch,bytes32 stateRoot,bytes32 marketRoot,bytes31 model,uint64 marketTimestamp,uint32 priceMoveBps,uint64 reference,bytes32 previous)"
    );

    uint256 private constant ONE_BPS = 10_000;

    /// @notice The EIP-712 digest of an epoch, which its signers sign and the next
    /// epoch names.
    function digest(bytes31 context, EpochPost calldata post) internal pure returns (bytes32) {
        bytes32 hash = keccak256(
            abi.encode(
                TYPE,
                context,
                post.epoch,
                post.stateRoot,
                post.marketRoot,
                post.model,
                post.marketTimestamp,
                post.priceMoveBps,
                post.measuredFrom,
                post.previous
            )
        );
        return MessageHashUtils.toTypedDataHash(DOMAIN, hash);
    }

    /// @notice Both moves, one after the other, rounded up; the largest there is,
    /// if beyond it.
    function compound(uint256 first, uint256 second) internal pure returns (uint32) {
        uint256 both = Math.ceilDiv((ONE_BPS + first) * (ONE_BPS + second), ONE_BPS) - ONE_BPS;
        return uint32(Math.min(both, type(uint32).max));
    }

    /// @notice Drops what is older than the breaker's window. Moves are kept in two
    /// buckets, each as long as the window: of a window that begins at any time, all
    /// moves count.
    function roll(Moves memory moves, uint48 time, uint32 window) internal pure {
        uint256 next = uint256(moves.windowStart) + window;
        if (time >= next + window) {
            moves.previousBps = 0;
            moves.currentBps = 0;
            moves.windowStart = time;
        } else if (time >= next) {
            moves.previousBps = moves.currentBps;
            moves.currentBps = 0;
            moves.windowStart = uint48(next);
        }
    }
}
