// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { ILiquidationHook } from "../src/interfaces/ILiquidationHook.sol";

/// @notice For tests: a hook that calls back, reverts or burns its gas.
contract HostileHook is ILiquidationHook {
    enum Mode {
        CallBack,
        Revert,
        Burn
    }

    Mode public mode;
    bytes public message;
    uint256 public calls;
    bool public succeeded;
    bytes public answer;

    function set(Mode newMode, bytes calldata newMessage) external {
        mode = newMode;
        message = newMessage;
    }

    function onLiquidatable(address, uint48) external {
        if (mode == Mode.Revert) revert("no");
        if (mode == Mode.Burn) {
            while (true) ++calls;
        }
        ++calls;
        (succeeded, answer) = msg.sender.call(message);
    }
}
