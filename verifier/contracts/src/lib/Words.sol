// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Numbers in words of 64 bits
/// @notice Floating point by its IEEE 754 bits, as `params/src/market/scenario/marks.rs`
/// writes it, in fixed point of 18 decimals.
library Words {
    /// @notice The bits are of no number, or of one that fixed point has no place for.
    error NotANumber(uint64 bits);

    uint256 private constant WAD = 1e18;
    /// @dev The largest exponent: numbers are below 2^100.
    uint256 private constant MOST = 1023 + 99;
    /// @dev Exponent of a mantissa's last bit.
    uint256 private constant UNIT = 1023 + 52;

    /// @notice A word.
    /// @param words Many.
    /// @param index Which.
    function word(bytes calldata words, uint256 index) internal pure returns (uint64) {
        return uint64(bytes8(words[8 * index:8 * index + 8]));
    }

    /// @notice The number of a word, to the nearest of 18 decimals.
    /// @param words Many.
    /// @param index Which.
    function number(bytes calldata words, uint256 index) internal pure returns (int256) {
        return fixedPoint(word(words, index));
    }

    /// @notice The number of a word that is not negative.
    /// @param words Many.
    /// @param index Which.
    function magnitude(bytes calldata words, uint256 index) internal pure returns (uint256) {
        uint64 bits = word(words, index);
        int256 found = fixedPoint(bits);
        if (found < 0) revert NotANumber(bits);
        return uint256(found);
    }

    /// @notice The number of IEEE 754 bits, to the nearest of 18 decimals.
    /// @param bits The bits.
    function fixedPoint(uint64 bits) internal pure returns (int256) {
        uint256 exponent = (bits >> 52) & 0x7ff;
        // Zero, and what is too small to count.
        if (exponent < UNIT - 120) return 0;
        if (exponent > MOST) revert NotANumber(bits);
        uint256 scaled = (uint256(bits & 0xfffffffffffff) | (1 << 52)) * WAD;
        if (exponent >= UNIT) {
            scaled <<= exponent - UNIT;
        } else {
            uint256 shift = UNIT - exponent;
            scaled = (scaled + (1 << (shift - 1))) >> shift;
        }
        return bits >> 63 == 1 ? -int256(scaled) : int256(scaled);
    }
}
