// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Verifier of the margin proofs of one circuit shape
/// @notice Generated from a verifying key by the `zkmargin-evm` crate.
interface IMarginVerifier {
    /// @notice Digest of the verifying key, as `zkmargin` prints it.
    function CIRCUIT() external view returns (bytes32);

    /// @notice Exact length of a proof, in bytes.
    function PROOF_LENGTH() external view returns (uint256);

    /// @notice Whether the key was made under insecure powers of tau, whose
    /// secret is known: then anyone can forge a proof of anything.
    function INSECURE_DEV_SRS() external view returns (bool);

    /// @notice Whether `proof` proves the public inputs.
    /// @dev False, a revert and running out of gas all mean that it does not.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function verify(uint256[9] calldata inputs, bytes calldata proof) external view returns (bool);

    /// @notice Whether every proof proves the public inputs of its place: all or
    /// nothing. Of 2 to 16 proofs it takes much less gas than one by one, because
    /// what they share is computed once.
    /// @dev False, a revert and running out of gas all mean that it does not know
    /// it of all. False for no proofs and for more than 16.
    /// @param inputs The public inputs of each proof.
    /// @param proofs As many proofs.
    function verifyBatch(
        uint256[9][] calldata inputs,
        bytes[] calldata proofs
    ) external view returns (bool);
}
