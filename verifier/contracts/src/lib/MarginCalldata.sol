// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Calldata
/// @notice A function's arguments have one encoding.
library MarginCalldata {
    /// @notice The calldata is not the one encoding of the arguments.
    error MalformedCalldata();

    /// @notice For functions whose arguments are (bytes32, uint256[8], bytes): the
    /// calldata is exactly selector, head, length and proof.
    function requireExact(bytes calldata proof) internal pure {
        uint256 start;
        assembly ("memory-safe") {
            start := proof.offset
        }
        // Selector, circuit, inputs, offset, length.
        uint256 expected = 4 + 32 + 256 + 32 + 32;
        if (start != expected || msg.data.length != expected + proof.length) {
            revert MalformedCalldata();
        }
    }
}
