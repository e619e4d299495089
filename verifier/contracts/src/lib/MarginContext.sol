// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Domain separation of a deployment
/// @notice A proof made for one protocol, chain, contract or statement version
/// says nothing to another, and neither does a state root: accounts' leaves
/// contain the context.
library MarginContext {
    /// @notice Version of the statement that proofs prove.
    uint16 internal constant STATEMENT_VERSION = 2;

    /// @notice The context of a deployment: the first 31 bytes of the Keccak-256
    /// of `"zkmargin" || version (2) || chain (8) || registry (20) || protocol`.
    /// `ContextId::derive` of the Rust crate `zkmargin-margin` is the same function.
    /// @param protocol Name of the protocol.
    /// @param chain Identifier of the chain.
    /// @param registry The contract that the proofs are for.
    function derive(
        string memory protocol,
        uint64 chain,
        address registry
    ) internal pure returns (bytes31) {
        return
            bytes31(
                keccak256(
                    abi.encodePacked("zkmargin", STATEMENT_VERSION, chain, registry, protocol)
                )
            );
    }
}
