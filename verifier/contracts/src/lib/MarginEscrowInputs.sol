// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginClaims } from "./MarginClaims.sol";

/// @title Public inputs of margin proofs with an escrow
/// @notice Those of a margin proof, then one more.
library MarginEscrowInputs {
    /// @notice Row of the digest of key, nonce point and ciphertext.
    uint256 internal constant ESCROW = 9;

    /// @notice The rows that a margin proof has too.
    /// @param inputs The field elements, by row.
    function ofMargin(
        uint256[10] calldata inputs
    ) internal pure returns (uint256[9] calldata margin) {
        assembly ("memory-safe") {
            margin := inputs
        }
    }

    /// @notice Reverts unless the row that a margin proof has not is canonical.
    /// @param inputs The field elements, by row.
    function requireCanonical(uint256[10] calldata inputs) internal pure {
        if (inputs[ESCROW] >= MarginClaims.R) revert MarginClaims.NotCanonical(ESCROW);
    }
}
