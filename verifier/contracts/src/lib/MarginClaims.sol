// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Claim, Level } from "../MarginTypes.sol";

/// @title Public inputs of margin proofs
/// @notice Every claim has exactly one encoding: nine field elements, by row.
library MarginClaims {
    /// @notice A public input is not below the modulus, or out of the range of its row.
    /// @param row Row of the public input.
    error NotCanonical(uint256 row);

    /// @notice Order of the BN254 scalar field.
    uint256 internal constant R =
        0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

    /// @notice Bits of a claim that stand between its parts.
    uint256 private constant UNUSED = 0xff000000f8;

    /// @notice Number of public inputs.
    uint256 internal constant LENGTH = 9;

    /// @notice Reads public inputs.
    /// @param inputs The field elements, by row of the statement: context, epoch,
    /// account, state root, market root, model, claim, disclosed, memo.
    /// @return claim What they say.
    function decode(uint256[9] calldata inputs) internal pure returns (Claim memory claim) {
        return decodeBut(inputs, 0);
    }

    /// @notice The same, whatever stands at some bits of the claim that are between its
    /// parts: who reads those says which.
    /// @param inputs The field elements.
    /// @param others These bits, of those that no margin claim has.
    function decodeBut(
        uint256[9] calldata inputs,
        uint256 others
    ) internal pure returns (Claim memory claim) {
        claim.context = bytes31(bytes32(_below(inputs, 0, 1 << 248) << 8));
        claim.epoch = uint64(_below(inputs, 1, 1 << 64));
        claim.account = address(uint160(_below(inputs, 2, 1 << 160)));
        claim.stateRoot = bytes32(_below(inputs, 3, R));
        claim.marketRoot = bytes32(_below(inputs, 4, R));
        claim.model = bytes31(bytes32(_below(inputs, 5, 1 << 248) << 8));
        // Level and side are three bits; from bit 8 on 24 bits of a multiplier, from
        // bit 40 on 24 bits of a bound on leverage, which only at-least claims have.
        uint256 code = _below(inputs, 6, 1 << 64);
        claim.below = code & 4 != 0;
        // Level zero says nothing: every account is at least bankrupt, none is below.
        bool unused = code & UNUSED & ~others != 0;
        if (code & 3 == 0 || unused || (claim.below && code >> 40 != 0)) {
            revert NotCanonical(6);
        }
        claim.level = Level(code & 3);
        claim.multiplied = (code >> 8) & 0xffffff != 0;
        claim.disclosed = uint128(_below(inputs, 7, 1 << 104));
        claim.memo = bytes31(bytes32(_below(inputs, 8, 1 << 248) << 8));
    }

    function _below(
        uint256[9] calldata inputs,
        uint256 row,
        uint256 bound
    ) private pure returns (uint256 value) {
        value = inputs[row];
        if (value >= bound) revert NotCanonical(row);
    }
}
