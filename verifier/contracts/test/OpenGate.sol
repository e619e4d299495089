// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginMarkets } from "../src/MarginMarkets.sol";
import { MarginProofGate } from "../src/MarginProofGate.sol";

/// @notice For tests: a gate that says of circuits whatever it is told, so that the
/// engine's action *set-circuits* can be tried on its own.
contract OpenGate is MarginProofGate {
    constructor(MarginMarkets markets) MarginProofGate(markets, 0) {}

    function say(bytes31 context, uint48 until, bool frozen) external {
        MARKETS.setCircuits(context, until, frozen);
    }
}
