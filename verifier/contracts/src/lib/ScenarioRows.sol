// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { PoseidonT5 } from "./PoseidonT5.sol";

/// @notice A row of a scenario market, and where it is in the market's tree.
/// @param elements The row: `ScenarioRow::elements`.
/// @param path The four children of each node above the row, the lowest first.
/// @param terms The digest of the account's terms, in the market's header.
/// @param denominator In the header too.
struct ScenarioRow {
    uint256[18] elements;
    uint256[4][7] path;
    uint256 terms;
    uint32 denominator;
}

/// @title Rows of scenario markets
/// @notice Opens a row with what it is made of, and reads a value.
library ScenarioRows {
    /// @notice An element is not below the modulus, so that it could be read in two ways.
    error NotCanonical();
    /// @notice The row is not in the market's tree with these marks beside it, or the tree
    /// is not the root's.
    error NotInMarket();

    uint256 private constant NODE = 2;
    uint256 private constant HEADER = 3;
    uint256 private constant ROW = 8;
    uint256 private constant ROW_NEXT = 9;
    uint256 private constant SNAPSHOT = 32;
    uint256 private constant ELEMENTS = 18;

    /// @dev Values are three to an element, 84 bits apart.
    uint256 private constant LIMB = 84;
    uint256 private constant LIMB_MASK = (1 << LIMB) - 1;
    uint256 private constant HALF = 1 << (LIMB - 1);
    uint256 private constant HALVES = HALF | (HALF << LIMB) | (HALF << (2 * LIMB));
    /// @dev Identity, expiry and charges come first.
    uint256 private constant FIRST = 3;

    /// @notice Reverts unless the row is of the market, with the marks beside it.
    /// @param row The row.
    /// @param marks What it is made of.
    /// @param root `MARKET_ROOT`.
    /// @param model The market's model.
    /// @param epoch Its epoch.
    /// @param timestamp When its snapshot was taken.
    /// @return stands Whether it is where rows are: of each pair of leaves the first. Marks
    /// are the second, so a row there has none.
    function requireIn(
        ScenarioRow calldata row,
        bytes calldata marks,
        bytes32 root,
        bytes31 model,
        uint64 epoch,
        uint48 timestamp
    ) internal pure returns (bool stands) {
        bytes memory table = PoseidonT5.constants();
        uint256 digest;
        (digest, stands) = _pair(table, row, marks);
        digest = PoseidonT5.hash(table, NODE, row.path[0]);
        for (uint256 level = 1; level < 7; ++level) {
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
        uint256[4] memory header = [digest, uint256(uint248(model)), packed, row.terms];
        if (bytes32(PoseidonT5.hash(table, HEADER, header)) != root) revert NotInMarket();
    }

    /// @dev The row among the lowest children, with its marks behind it.
    function _pair(
        bytes memory table,
        ScenarioRow calldata row,
        bytes calldata marks
    ) private pure returns (uint256 leaf, bool stands) {
        leaf = _leaf(table, row.elements);
        uint256[4] memory children = row.path[0];
        if (leaf == children[1] || leaf == children[3]) return (leaf, false);
        uint256[4] memory message;
        message[0] = uint256(keccak256(abi.encodePacked("zkmargin marks 1\n", marks))) >> 8;
        uint256 beside = PoseidonT5.hash(table, SNAPSHOT, message);
        bool first = leaf == children[0] && beside == children[1];
        bool second = leaf == children[2] && beside == children[3];
        if (!first && !second) revert NotInMarket();
        return (leaf, true);
    }

    function _leaf(
        bytes memory table,
        uint256[ELEMENTS] calldata elements
    ) private pure returns (uint256 digest) {
        // What is read of the row must be what was hashed.
        for (uint256 i = 0; i < ELEMENTS; ++i) {
            if (elements[i] >= PoseidonT5.R) revert NotCanonical();
        }
        digest = PoseidonT5.hash(table, ROW, [elements[0], elements[1], elements[2], elements[3]]);
        for (uint256 i = 4; i < ELEMENTS; i += 3) {
            uint256 last = i + 2 < ELEMENTS ? elements[i + 2] : 0;
            digest = PoseidonT5.hash(table, ROW_NEXT, [digest, elements[i], elements[i + 1], last]);
        }
    }

    /// @notice The instrument of a row.
    /// @param row The row.
    function instrument(ScenarioRow calldata row) internal pure returns (uint64) {
        return uint64(row.elements[0]);
    }

    /// @notice Whether it is an option's.
    /// @param row The row.
    function isOption(ScenarioRow calldata row) internal pure returns (bool) {
        return uint8(row.elements[0] >> 64) != 0;
    }

    /// @notice A value of a row, in quote units per lot. Of an element that no values make
    /// it is another than any row can have.
    /// @param row The row.
    /// @param slot Which: 0 to 41 are the scenarios, 42 is the mark.
    function value(ScenarioRow calldata row, uint256 slot) internal pure returns (int256) {
        // Above zero, and below the modulus: each limb is then by itself.
        uint256 lifted = addmod(row.elements[FIRST + slot / 3], HALVES, PoseidonT5.R);
        return int256((lifted >> (LIMB * (slot % 3))) & LIMB_MASK) - int256(HALF);
    }
}
