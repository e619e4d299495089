// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { CallReason, Level } from "../src/MarginTypes.sol";
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
    bytes4 public told;
    bool public succeeded;
    bytes public answer;

    function set(Mode newMode, bytes calldata newMessage) external {
        mode = newMode;
        message = newMessage;
    }

    /// @notice Any call to anyone, so that this contract can hold a role.
    function forward(address to, bytes calldata data) external {
        (bool success, bytes memory result) = to.call(data);
        if (!success) {
            assembly {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    function onCalled(bytes31, address, CallReason, Level, uint48) external {
        _onEvent();
    }

    function onCured(bytes31, address, Level) external {
        _onEvent();
    }

    function onLiquidatable(bytes31, address, uint48) external {
        _onEvent();
    }

    function _onEvent() private {
        if (mode == Mode.Revert) revert("no");
        if (mode == Mode.Burn) {
            while (true) ++calls;
        }
        ++calls;
        told = msg.sig;
        (succeeded, answer) = msg.sender.call(message);
    }
}
