// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IVenueVerifier } from "../src/interfaces/IVenueVerifier.sol";
import { StateTree } from "../src/lib/StateTree.sol";

/// @notice For tests: a verifier of subtrees of so many levels, whose proofs say themselves
/// whether they are valid. It has no `verify`, as generated ones have none.
contract MockVenueVerifier is IVenueVerifier {
    bytes32 public immutable CIRCUIT;
    uint256 public immutable SUBTREE_DEPTH;
    bool public constant INSECURE_DEV_SRS = true;
    uint256 public constant PROOF_LENGTH = 32;

    constructor(bytes32 circuit, uint256 depth) {
        CIRCUIT = circuit;
        SUBTREE_DEPTH = depth;
    }

    /// @notice One is valid.
    function verifyVenue(uint256[9] calldata, bytes calldata proof) external pure returns (bool) {
        return abi.decode(proof, (uint256)) == 1;
    }

    /// @notice What the contracts take for the digest of an empty subtree.
    function empty(uint256 height) external pure returns (uint256) {
        return StateTree.empty(height);
    }
}
