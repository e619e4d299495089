// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Calldata
/// @notice A function's arguments have one encoding.
library MarginCalldata {
    /// @notice The calldata is not the one encoding of the arguments.
    error MalformedCalldata();

    /// @notice For functions whose arguments are (bytes32, uint256[9], bytes): the
    /// calldata is exactly selector, head, length and proof.
    function requireExact(bytes calldata proof) internal pure {
        // Selector, circuit, inputs, offset, length.
        _requireExact(proof, 4 + 32 + 288 + 32 + 32);
    }

    /// @notice The same of (bytes32, uint256[11], bytes).
    function requireExactChange(bytes calldata proof) internal pure {
        _requireExact(proof, 4 + 32 + 352 + 32 + 32);
    }

    /// @notice The same of (bytes32, uint256[10], bytes).
    function requireExactEscrow(bytes calldata proof) internal pure {
        _requireExact(proof, 4 + 32 + 320 + 32 + 32);
    }

    function _requireExact(bytes calldata proof, uint256 expected) private pure {
        uint256 start;
        assembly ("memory-safe") {
            start := proof.offset
        }
        if (start != expected || msg.data.length != expected + proof.length) {
            revert MalformedCalldata();
        }
    }

    /// @notice For functions whose arguments are (bytes32, uint256[9][], bytes[]): as
    /// many proofs as inputs, and nothing between or behind them.
    function requireExactBatch(
        uint256[9][] calldata inputs,
        bytes[] calldata proofs
    ) internal pure {
        uint256 start;
        uint256 second;
        assembly ("memory-safe") {
            start := inputs.offset
            second := proofs.offset
        }
        // Selector, circuit, two offsets, number of inputs.
        uint256 end = 4 + 32 + 64 + 32;
        if (start != end || inputs.length != proofs.length) revert MalformedCalldata();
        end += 288 * inputs.length + 32;
        if (second != end) revert MalformedCalldata();
        end += 32 * proofs.length;
        for (uint256 i = 0; i < proofs.length; ++i) {
            bytes calldata proof = proofs[i];
            assembly ("memory-safe") {
                start := proof.offset
            }
            if (start != end + 32) revert MalformedCalldata();
            // Proofs are whole words long, or have another length than the circuit's.
            end = start + ((proof.length + 31) / 32) * 32;
        }
        if (msg.data.length != end) revert MalformedCalldata();
    }
}
