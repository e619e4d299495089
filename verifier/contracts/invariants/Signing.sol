// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { EpochPost } from "../src/MarginTypes.sol";
import { VM } from "./Vm.sol";

/// @notice An attester, by the letter of EIP-712.
library Signing {
    function sign(
        uint256 key,
        bytes31 context,
        EpochPost memory next
    ) internal returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version)"),
                keccak256("zk-margin"),
                keccak256("1")
            )
        );
        bytes32 kind = keccak256(
            "Epoch(bytes31 context,uint64 epoch,bytes32 stateRoot,bytes32 marketRoot,bytes31 model,uint64 marketTimestamp,uint32 priceMoveBps,uint64 reference,bytes32 previous)"
        );
        bytes32 hash = keccak256(bytes.concat(kind, bytes32(context), abi.encode(next)));
        bytes32 digest = keccak256(bytes.concat(hex"1901", domain, hash));
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
