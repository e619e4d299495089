// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Prices of a Dutch auction
/// @notice What is paid, as a fraction of the mark, falls from a start to a cutoff over a
/// fast phase, and from there to nothing over a slow one.
library DutchAuction {
    /// @notice How it falls. Fractions are of `ONE`, times in seconds.
    /// @param start Where it begins.
    /// @param cutoff Where the fast phase ends: below it a slice is not sold.
    /// @param fast How long the fast phase is.
    /// @param slow How long the slow one is.
    struct Curve {
        uint64 start;
        uint64 cutoff;
        uint32 fast;
        uint32 slow;
    }

    /// @notice The whole mark.
    uint256 internal constant ONE = 1e18;

    /// @notice Whether it falls from at most the mark, over phases of some length.
    /// @param curve How it falls.
    function isValid(Curve memory curve) internal pure returns (bool) {
        bool falls = curve.start <= ONE && curve.cutoff < curve.start && curve.cutoff != 0;
        return falls && curve.fast != 0 && curve.slow != 0;
    }

    /// @notice What is paid at a time.
    /// @param curve How it falls.
    /// @param elapsed Seconds since it began.
    function fractionAt(Curve memory curve, uint256 elapsed) internal pure returns (uint256) {
        if (elapsed < curve.fast) {
            return curve.start - (uint256(curve.start - curve.cutoff) * elapsed) / curve.fast;
        }
        uint256 slow = elapsed - curve.fast;
        if (slow >= curve.slow) return 0;
        return curve.cutoff - (curve.cutoff * slow) / curve.slow;
    }
}
