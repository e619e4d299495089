// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { PoseidonT5 } from "./PoseidonT5.sol";

/// @notice A row of a standard market, and where it is in the market's tree.
/// @param elements The row: `TierRow::elements`.
/// @param path The four children of each node above the row, the lowest first.
/// @param denominator Of the market's rates, in its header.
struct MarketRow {
    uint256[4] elements;
    uint256[4][7] path;
    uint32 denominator;
}

/// @notice A row of a calibrated market, and the numbers in the leaf beside it.
/// @param row The row, with its path.
/// @param numbers Their words.
struct NumberedRow {
    MarketRow row;
    bytes numbers;
}

/// @title Rows of markets
/// @notice Opens a row of a standard market (M3 of the statement), and reads its price.
library MarketRows {
    /// @notice An element is not below the modulus, so that it could be read in two ways.
    error NotCanonical();
    /// @notice The row is not in the market's tree, or the tree is not the root's.
    error NotInMarket();

    uint256 private constant ROW = 1;
    uint256 private constant NODE = 2;
    uint256 private constant HEADER = 3;
    uint256 private constant SNAPSHOT = 32;

    /// @notice Reverts unless the row is of the market.
    /// @param row The row.
    /// @param root `MARKET_ROOT`.
    /// @param model The market's model.
    /// @param epoch Its epoch.
    /// @param timestamp When its snapshot was taken.
    function requireIn(
        MarketRow calldata row,
        bytes32 root,
        bytes31 model,
        uint64 epoch,
        uint48 timestamp
    ) internal pure {
        bytes memory table = PoseidonT5.constants();
        _climb(table, row, _leaf(table, row), 0, model, root, epoch, timestamp);
    }

    /// @notice Reverts unless the row is of the market, with these numbers beside it.
    /// @param row The row.
    /// @param numbers What it follows from.
    /// @param root `MARKET_ROOT`.
    /// @param model The market's model.
    /// @param epoch Its epoch.
    /// @param timestamp When its snapshot was taken.
    /// @return stands Whether it is where rows are: of each pair of leaves the first. Numbers
    /// are the second, so a row there has none.
    function requireBeside(
        MarketRow calldata row,
        bytes calldata numbers,
        bytes32 root,
        bytes31 model,
        uint64 epoch,
        uint48 timestamp
    ) internal pure returns (bool stands) {
        bytes memory table = PoseidonT5.constants();
        stands = _pair(table, row, numbers);
        uint256 digest = PoseidonT5.hash(table, NODE, row.path[0]);
        _climb(table, row, digest, 1, model, root, epoch, timestamp);
    }

    function _leaf(bytes memory table, MarketRow calldata row) private pure returns (uint256) {
        for (uint256 i = 0; i < 4; ++i) {
            // What is read of the row must be what was hashed.
            if (row.elements[i] >= PoseidonT5.R) revert NotCanonical();
        }
        return PoseidonT5.hash(table, ROW, row.elements);
    }

    /// @dev The row among the lowest children, with its numbers behind it.
    function _pair(
        bytes memory table,
        MarketRow calldata row,
        bytes calldata numbers
    ) private pure returns (bool stands) {
        uint256 leaf = _leaf(table, row);
        uint256[4] memory children = row.path[0];
        if (leaf == children[1] || leaf == children[3]) return false;
        uint256[4] memory message;
        message[0] = uint256(keccak256(abi.encodePacked("zkmargin numbers 1\n", numbers))) >> 8;
        uint256 beside = PoseidonT5.hash(table, SNAPSHOT, message);
        bool first = leaf == children[0] && beside == children[1];
        bool second = leaf == children[2] && beside == children[3];
        if (!first && !second) revert NotInMarket();
        return true;
    }

    /// @dev From a node of a level up to the root.
    function _climb(
        bytes memory table,
        MarketRow calldata row,
        uint256 digest,
        uint256 from,
        bytes31 model,
        bytes32 root,
        uint64 epoch,
        uint48 timestamp
    ) private pure {
        for (uint256 level = from; level < 7; ++level) {
            uint256[4] memory children = row.path[level];
            if (
                digest != children[0] &&
                digest != children[1] &&
                digest != children[2] &&
                digest != children[3]
            ) revert NotInMarket();
            digest = PoseidonT5.hash(table, NODE, children);
        }
        uint256 packed =
            uint256(epoch) | (uint256(timestamp) << 64) | (uint256(row.denominator) << 128);
        // A standard market has no terms.
        uint256[4] memory header = [digest, uint256(uint248(model)), packed, 0];
        if (bytes32(PoseidonT5.hash(table, HEADER, header)) != root) revert NotInMarket();
    }

    /// @notice The instrument of a row.
    /// @param row The row.
    function instrument(MarketRow calldata row) internal pure returns (uint64) {
        return uint64(row.elements[0]);
    }

    /// @notice The direction of a row: 0 for long, 1 for short, 2 for both.
    /// @param row The row.
    function direction(MarketRow calldata row) internal pure returns (uint256) {
        return uint8(row.elements[0] >> 64);
    }

    /// @notice What a row says beside its price: direction, bounds, rates, charges, and the
    /// denominator that rates are over.
    /// @param row The row.
    /// @return The digest of `elements` without price and its unit, and of the denominator.
    function terms(MarketRow calldata row) internal pure returns (bytes32) {
        uint256 rest = row.elements[0] & ~(uint256(type(uint128).max) << 80);
        return
            keccak256(
                abi.encode(rest, row.elements[1], row.elements[2], row.elements[3], row.denominator)
            );
    }

    /// @notice The price of a row: quote units per lot, as a fraction.
    /// @param row The row.
    function price(MarketRow calldata row) internal pure returns (uint256 mantissa, uint256 unit) {
        mantissa = uint64(row.elements[0] >> 80);
        unit = uint64(row.elements[0] >> 144);
    }
}
