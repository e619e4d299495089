// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Claim, Level } from "../MarginTypes.sol";
import { MarginClaims } from "./MarginClaims.sol";

/// @title Public inputs of proofs of changes
/// @notice Those of a margin proof about the account afterwards, then two more.
library MarginChangeInputs {
    uint256 private constant CLAIM = 6;
    uint256 private constant DISCLOSED = 7;
    /// @notice Row of the commitment afterwards.
    uint256 internal constant NEXT = 9;
    /// @notice Row of the digest of the change.
    uint256 internal constant CHANGE = 10;

    /// @notice `CHANGE` of no entries under a salt of zeros: `nothing` of the Rust engine.
    uint256 internal constant NOTHING =
        0x22e19d4eed614d89e53fd2431229e8313568a756683f984f34454a10c9f23b96;

    /// @dev Bits of `CLAIM` that say what a change achieves, and how they begin for one that
    /// *cures*; the level that the account was below stands above. None are set for one that
    /// *meets*. What is *healthier* says nothing of a level, and no market takes it.
    uint256 private constant AIM = 0xf8;
    uint256 private constant KIND = 0x18;
    uint256 private constant CURES = 0x10;
    uint256 private constant BREACH = 5;
    /// @dev Where the bound on leverage stands, which only what *meets* has.
    uint256 private constant LEVERAGE = 40;

    /// @notice The rows that a margin proof has too.
    /// @param inputs The field elements, by row of the transition statement.
    function ofMargin(
        uint256[11] calldata inputs
    ) internal pure returns (uint256[9] calldata margin) {
        assembly ("memory-safe") {
            margin := inputs
        }
    }

    /// @notice Reads the public inputs of a change that *meets* a level or *cures*. Every
    /// one has exactly one encoding: `Aim` of the Rust crate `zkmargin-margin`.
    /// @param inputs The field elements, by row of the transition statement.
    /// @return claim What they say of the account afterwards.
    /// @return cured The level that the account was below, of a change that cures;
    /// `Bankrupt`, below which no account is, of one that meets.
    function decode(
        uint256[11] calldata inputs
    ) internal pure returns (Claim memory claim, Level cured) {
        claim = MarginClaims.decodeBut(ofMargin(inputs), AIM);
        uint256 aim = inputs[CLAIM] & AIM;
        if (aim != 0) {
            uint256 below = aim >> BREACH;
            if (
                aim & KIND != CURES ||
                claim.below ||
                below == 0 ||
                below > uint256(claim.level) ||
                inputs[CLAIM] >> LEVERAGE != 0
            ) revert MarginClaims.NotCanonical(CLAIM);
            cured = Level(below);
        }
        // A change has no shortfall.
        if (inputs[DISCLOSED] != 0) revert MarginClaims.NotCanonical(DISCLOSED);
        if (inputs[NEXT] >= MarginClaims.R) revert MarginClaims.NotCanonical(NEXT);
        if (inputs[CHANGE] >= MarginClaims.R) revert MarginClaims.NotCanonical(CHANGE);
    }
}
