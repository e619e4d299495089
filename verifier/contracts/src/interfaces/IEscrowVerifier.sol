// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Verifier of the margin proofs with an escrow of one circuit shape
/// @notice As `IMarginVerifier`, of the statement with an escrow: the same generator makes
/// it, and it has one public input more.
interface IEscrowVerifier {
    /// @notice Whether `proof` proves the public inputs.
    /// @dev False, a revert and running out of gas all mean that it does not.
    /// @param inputs The public inputs, by row: those of a margin proof, then the digest of
    /// key, nonce point and ciphertext (`ESCROW`).
    /// @param proof The proof.
    function verify(uint256[10] calldata inputs, bytes calldata proof) external view returns (bool);
}
