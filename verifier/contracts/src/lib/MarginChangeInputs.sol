// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginClaims } from "./MarginClaims.sol";

/// @title Public inputs of proofs of changes
/// @notice Those of a margin proof about the account afterwards, then two more.
library MarginChangeInputs {
    /// @notice Row of the commitment afterwards.
    uint256 internal constant NEXT = 9;
    /// @notice Row of the digest of the change.
    uint256 internal constant CHANGE = 10;

    /// @notice `CHANGE` of no entries under a salt of zeros: `nothing` of the Rust engine.
    uint256 internal constant NOTHING =
        0x22e19d4eed614d89e53fd2431229e8313568a756683f984f34454a10c9f23b96;

    /// @notice The rows that a margin proof has too. Their claim is `meets`: the other
    /// aims set bits that no margin claim has.
    /// @param inputs The field elements, by row of the transition statement.
    function ofMargin(
        uint256[11] calldata inputs
    ) internal pure returns (uint256[9] calldata margin) {
        assembly ("memory-safe") {
            margin := inputs
        }
    }

    /// @notice Reverts unless the rows that only a change has are canonical, and the
    /// shortfall, which it has not, is zero.
    /// @param inputs The field elements, by row of the transition statement.
    function requireCanonical(uint256[11] calldata inputs) internal pure {
        if (inputs[7] != 0) revert MarginClaims.NotCanonical(7);
        if (inputs[NEXT] >= MarginClaims.R) revert MarginClaims.NotCanonical(NEXT);
        if (inputs[CHANGE] >= MarginClaims.R) revert MarginClaims.NotCanonical(CHANGE);
    }
}
