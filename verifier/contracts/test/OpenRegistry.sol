// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginCallRegistry } from "../src/MarginCallRegistry.sol";
import { MarginOperators } from "../src/MarginOperators.sol";
import { IMarginMarkets } from "../src/interfaces/IMarginMarkets.sol";
import { IMarginProofGate } from "../src/interfaces/IMarginProofGate.sol";

/// @notice For tests: registers accounts that are not named by an owner of this
/// chain, as those of the stored proofs are not.
contract OpenRegistry is MarginCallRegistry {
    constructor(
        IMarginMarkets markets,
        IMarginProofGate gate,
        MarginOperators operators
    ) MarginCallRegistry(markets, gate, operators) {}

    function registerAny(bytes31 context, address id) external {
        _register(context, id);
    }
}
