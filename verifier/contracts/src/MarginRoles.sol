// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { AccessControlDefaultAdminRules } from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";

/// @title Who may do what
/// @notice The administrator grants and revokes all roles, and is handed over in two
/// steps with a delay: use a multisig or a timelock. Every market has a governor's,
/// a guardian's and a protocol's role of its own.
contract MarginRoles is AccessControlDefaultAdminRules {
    /// @notice Creates markets. Of one market: its circuits, models, signers and
    /// the renewal of pauses, and all that its guardian may.
    bytes32 public constant GOVERNOR_ROLE = keccak256("GOVERNOR_ROLE");
    /// @notice Of one market: reduces what counts, at once: pauses, freezes circuits,
    /// rejects epochs, revokes models. And confirms epochs whose prices jumped.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");
    /// @notice Of one market: protocols that may subscribe to accounts.
    bytes32 public constant PROTOCOL_ROLE = keccak256("PROTOCOL_ROLE");

    /// @param admin Administrator of all roles.
    /// @param adminDelay How long a handover of the administrator takes.
    constructor(
        address admin,
        uint48 adminDelay
    ) AccessControlDefaultAdminRules(adminDelay, admin) {}

    /// @notice A role of one market, as it is granted and revoked.
    /// @param context The market.
    /// @param role The role.
    function marketRole(bytes31 context, bytes32 role) public pure returns (bytes32) {
        return keccak256(abi.encode(context, role));
    }

    /// @notice Reverts unless the account is a governor of a market.
    /// @param context The market.
    /// @param account The account.
    function requireGovernor(bytes31 context, address account) external view {
        _checkRole(marketRole(context, GOVERNOR_ROLE), account);
    }

    /// @notice Reverts unless the account is a governor or a guardian of a market.
    /// @param context The market.
    /// @param account The account.
    /// @return governor Whether it is a governor.
    function requireGuardian(
        bytes31 context,
        address account
    ) external view returns (bool governor) {
        governor = hasRole(marketRole(context, GOVERNOR_ROLE), account);
        if (!governor) _checkRole(marketRole(context, GUARDIAN_ROLE), account);
    }

    /// @notice Reverts unless the account is a protocol of a market.
    /// @param context The market.
    /// @param account The account.
    function requireProtocol(bytes31 context, address account) external view {
        _checkRole(marketRole(context, PROTOCOL_ROLE), account);
    }

    /// @notice Reverts unless the account is the administrator.
    /// @param account The account.
    function requireAdmin(address account) external view {
        _checkRole(DEFAULT_ADMIN_ROLE, account);
    }

    /// @notice Reverts unless the account may create markets.
    /// @param account The account.
    function requireCreator(address account) external view {
        _checkRole(GOVERNOR_ROLE, account);
    }
}
