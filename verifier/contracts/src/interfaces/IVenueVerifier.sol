// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Verifier of the proofs of venues of one circuit shape
/// @notice As `IMarginVerifier`, of the venue statement: the same generator makes it. There
/// are as many public inputs as a margin proof has, so its function has another name: a gate
/// that took one for the other would hear no answer.
interface IVenueVerifier {
    /// @notice Levels of the subtree that a proof is over: 4, 16, 64 or 256 leaves.
    function SUBTREE_DEPTH() external view returns (uint256);

    /// @notice Whether `proof` proves the public inputs.
    /// @dev False, a revert and running out of gas all mean that it does not.
    /// @param inputs The public inputs, by row of the venue statement.
    /// @param proof The proof.
    function verifyVenue(
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external view returns (bool);
}
