// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Verifier of the proofs of changes of one circuit shape
/// @notice As `IMarginVerifier`, of the transition statement (what *meets*) or of the
/// deleveraging statement (what *cures*; its claims are no other circuit's): the same
/// generator makes it, and its public inputs are two more.
interface IChangeVerifier {
    /// @notice Whether `proof` proves the public inputs.
    /// @dev False, a revert and running out of gas all mean that it does not.
    /// @param inputs The public inputs, by row: those of a margin proof, then the
    /// commitment afterwards (`NEXT`) and the digest of the change (`CHANGE`).
    /// @param proof The proof.
    function verify(uint256[11] calldata inputs, bytes calldata proof) external view returns (bool);
}
