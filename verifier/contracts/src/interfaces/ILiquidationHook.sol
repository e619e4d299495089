// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { CallReason, Level } from "../MarginTypes.sol";

/// @title What a protocol implements to be told of accounts it subscribed to
/// @notice The registry calls the hook with a fixed amount of gas. A hook that
/// fails is announced by an event and otherwise ignored: it can hold up neither
/// the registry nor an account, and anyone can have it told again by `retryHook`.
/// The registry is locked during the call, so the hook cannot report back; a
/// protocol can always read `statusOf` instead.
interface ILiquidationHook {
    /// @notice An account was called, or its call became more severe.
    /// @param context The market.
    /// @param account The account.
    /// @param reason Why.
    /// @param level Below which it was proved, after a breach.
    /// @param deadline Until when it can be cured, on the market's clock.
    function onCalled(
        bytes31 context,
        address account,
        CallReason reason,
        Level level,
        uint48 deadline
    ) external;

    /// @notice A call was met.
    /// @param context The market.
    /// @param account The account.
    /// @param level The level proved.
    function onCured(bytes31 context, address account, Level level) external;

    /// @notice An account may be liquidated.
    /// @param context The market.
    /// @param account The account.
    /// @param since The deadline that passed, on the market's clock.
    function onLiquidatable(bytes31 context, address account, uint48 since) external;
}
