// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title What a protocol implements to be told of accounts it may liquidate
/// @notice The registry calls the hook with a fixed amount of gas when somebody
/// records that a margin call was not met. A hook that fails is announced by an
/// event and otherwise ignored: it can hold up neither the registry nor an
/// account. The registry is locked during the call, so the hook cannot report
/// back; a protocol can always read `liquidatable` instead.
interface ILiquidationHook {
    /// @notice An account may be liquidated.
    /// @param account The account.
    /// @param since The deadline that passed, on the registry's clock.
    function onLiquidatable(address account, uint48 since) external;
}
