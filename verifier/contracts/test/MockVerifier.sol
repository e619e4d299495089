// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IMarginVerifier } from "../src/interfaces/IMarginVerifier.sol";

/// @notice For tests: a verifier whose proofs say themselves whether they are valid.
contract MockVerifier is IMarginVerifier {
    bytes32 public immutable CIRCUIT;
    bool public immutable INSECURE_DEV_SRS;
    uint256 public constant PROOF_LENGTH = 32;

    constructor(bytes32 circuit, bool insecure) {
        CIRCUIT = circuit;
        INSECURE_DEV_SRS = insecure;
    }

    /// @notice One is valid; two returns a word that is not a boolean, three
    /// returns nothing, four reverts, five burns all gas; anything else is invalid.
    function verify(uint256[9] calldata, bytes calldata proof) external pure returns (bool) {
        uint256 verdict = abi.decode(proof, (uint256));
        assembly {
            switch verdict
            case 2 {
                mstore(0, 2)
                return(0, 0x20)
            }
            case 3 {
                return(0, 0)
            }
            case 4 {
                mstore(0, 1)
                revert(0, 0x20)
            }
            case 5 {
                invalid()
            }
        }
        return verdict == 1;
    }

    /// @notice The same of a margin proof with an escrow.
    function verify(uint256[10] calldata, bytes calldata proof) external view returns (bool) {
        uint256[9] memory none;
        return this.verify(none, proof);
    }

    /// @notice The same of a change.
    function verify(uint256[11] calldata, bytes calldata proof) external view returns (bool) {
        uint256[9] memory none;
        return this.verify(none, proof);
    }

    /// @notice As each proof alone says.
    function verifyBatch(
        uint256[9][] calldata inputs,
        bytes[] calldata proofs
    ) external view returns (bool) {
        if (proofs.length == 0 || proofs.length > 16 || inputs.length != proofs.length) {
            return false;
        }
        for (uint256 i = 0; i < proofs.length; ++i) {
            if (!this.verify(inputs[i], proofs[i])) return false;
        }
        return true;
    }
}
