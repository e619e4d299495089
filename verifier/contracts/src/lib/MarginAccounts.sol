// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Names of accounts
/// @notice An account is named by its owner and a number.
library MarginAccounts {
    /// @notice The account of an owner with a subaccount number: the last 20 bytes of
    /// the Keccak-256 of `"zkmargin account" || 1 || length (1) || owner || sub (4)`.
    /// `AccountId::derive` of the Rust crate `zkmargin-margin` is the same function;
    /// owners on other chains have longer names, so none of theirs is one of these.
    /// @param owner Who owns it.
    /// @param sub Which of the owner's accounts.
    function derive(address owner, uint32 sub) internal pure returns (address) {
        bytes memory name = abi.encodePacked("zkmargin account", uint8(1), uint8(20), owner, sub);
        return address(uint160(uint256(keccak256(name))));
    }
}
