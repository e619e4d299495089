// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { PoseidonT5 } from "./PoseidonT5.sol";

/// @title The tree of accounts
/// @notice Which of its nodes are covered by proofs. Nodes of height 1 to 12 have four
/// children each; a node is named by its height and its number among those of the height,
/// from the left. `verifier/src/coverage.rs` of the Rust engine says the same of a set of
/// proofs at once.
///
/// A node has a byte: which children are covered entirely, a bit each, and whether
/// anything below it was ever covered. Three heights (21 nodes) share a slot, so that a
/// path is in four.
library StateTree {
    /// @notice The subtree, or one that it is part of, is covered already.
    error AlreadyCovered();
    /// @notice Smaller subtrees of this one are covered already: cover the rest of it so too.
    error PartlyCovered();
    /// @notice The tree has no such subtree, or so many levels are not above it.
    error NotInTree();

    /// @notice Levels of the tree.
    uint256 internal constant DEPTH = 12;

    uint256 private constant NODE = 5;
    uint256 private constant ALL = 0xf;
    uint256 private constant TOUCHED = 0x10;

    /// @dev Digests of subtrees without accounts, of height 0 to 12.
    bytes private constant EMPTY =
        hex"0000000000000000000000000000000000000000000000000000000000000000053742a889a3b1ab01965fca78f338690009a93cf99149f41417c10c6afd8c26113179c61099cde24aab312cfaf8b2ffb64de605a520e6e039df7434c0783c6b2c8d17cc1037679fd25c3a4a17db8dbf733b503cc4261a926f3d61064ccaff030f3af6e86f81e56cde667b762c5b9a84c4051ded1a0090bcc4ff08e0815c37191a3488f6a88c8097da54e102bda39842feeade15c1d9eb3c9f612c8d5dcbb43b2af9b0f2dd1125a836858acc7f6bbc3b0a41be3608085393603dba6b20f4f54b12851f6a2c01e0291a57b91d404ff1ca1f4ea7a02022ac6c362fa48f06fab91e2a2c8cf077a9b5e44f0fe4ba71566b360cf39c5bd31ea4e64a2a01f6af623b161ea0bc272fd3751b9545814d99694344b527dd73273bdf110f85a4757255591b264ba6e83baf1d3e6a24bd65326ab67e7278f591e1a91fc7b14825146509bb3e139190908d39f40cb3af92258622f6bd17aefd5da621f9c241de7a33255649ee02799762db3b57c5172418204025a66cf722139eaf8e647863b973efc6a97588";

    /// @notice The nodes of one tree that are covered.
    struct Covered {
        mapping(uint256 slot => uint256 nodes) nodes;
    }

    /// @notice The digest of a subtree without accounts.
    /// @param height Its height.
    function empty(uint256 height) internal pure returns (uint256 digest) {
        bytes memory table = EMPTY;
        return _empty(table, height);
    }

    function _empty(bytes memory table, uint256 height) private pure returns (uint256 digest) {
        if (height > DEPTH) revert NotInTree();
        assembly ("memory-safe") {
            digest := mload(add(add(table, 0x20), mul(height, 0x20)))
        }
    }

    /// @notice The root of the tree that has a subtree at its place.
    /// @param digest Root of the subtree.
    /// @param height Its height.
    /// @param index Its number from the left.
    /// @param siblings The other three children of each node above it, from the left, the
    /// lowest first. Their number is the height's, so that a node of another height is none.
    function rootOf(
        uint256 digest,
        uint256 height,
        uint256 index,
        uint256[3][] calldata siblings
    ) internal pure returns (uint256) {
        if (height + siblings.length != DEPTH || index >> (2 * siblings.length) != 0) {
            revert NotInTree();
        }
        bytes memory table = PoseidonT5.constants();
        for (uint256 i = 0; i < siblings.length; ++i) {
            uint256 place = index & 3;
            uint256[4] memory children;
            children[place] = digest;
            for (uint256 j = 0; j < 3; ++j) children[j < place ? j : j + 1] = siblings[i][j];
            digest = PoseidonT5.hash(table, NODE, children);
            index >>= 2;
        }
        return digest;
    }

    /// @notice Covers a subtree, which was nowhere covered, and with it every empty subtree
    /// that the path shows beside it: a tree with an account needs no other proof of what is
    /// empty.
    /// @param covered What is covered.
    /// @param height Height of the subtree, above zero.
    /// @param index Its number from the left.
    /// @param siblings As they hashed up to the root.
    /// @return whole Whether the whole tree is covered now.
    function cover(
        Covered storage covered,
        uint256 height,
        uint256 index,
        uint256[3][] calldata siblings
    ) internal returns (bool whole) {
        uint256 own = _node(covered, height, index);
        if (own & ALL == ALL) revert AlreadyCovered();
        if (own != 0) revert PartlyCovered();
        bytes memory table = EMPTY;
        _put(covered, height, index, TOUCHED | ALL);
        whole = true;
        for (uint256 i = 0; i < siblings.length; ++i) {
            uint256 place = index & 3;
            uint256 nothing = _empty(table, height);
            (height, index) = (height + 1, index >> 2);
            uint256 node = _node(covered, height, index);
            if (node & (1 << place) != 0) revert AlreadyCovered();
            node |= TOUCHED;
            if (whole) node |= 1 << place;
            for (uint256 j = 0; j < 3; ++j) {
                if (siblings[i][j] == nothing) node |= 1 << (j < place ? j : j + 1);
            }
            _put(covered, height, index, node);
            whole = node & ALL == ALL;
        }
    }

    function _node(
        Covered storage covered,
        uint256 height,
        uint256 index
    ) private view returns (uint256) {
        (uint256 slot, uint256 shift) = _place(height, index);
        return (covered.nodes[slot] >> shift) & 0xff;
    }

    function _put(Covered storage covered, uint256 height, uint256 index, uint256 node) private {
        (uint256 slot, uint256 shift) = _place(height, index);
        uint256 nodes = covered.nodes[slot];
        covered.nodes[slot] = (nodes & ~(uint256(0xff) << shift)) | (node << shift);
    }

    /// @dev Slot of a node, and where in it its byte is: first the highest of the three.
    function _place(
        uint256 height,
        uint256 index
    ) private pure returns (uint256 slot, uint256 shift) {
        uint256 row = (DEPTH - height) / 3;
        uint256 below = 2 * ((DEPTH - height) % 3);
        slot = (row << 32) | (index >> below);
        // None, one, or five nodes before those of the height.
        shift = 8 * (((1 << below) - 1) / 3 + (index & ((1 << below) - 1)));
    }
}
