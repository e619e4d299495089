// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice What the campaign uses of forge's cheat codes.
interface Vm {
    function warp(uint256 time) external;

    function prank(address sender) external;

    function deal(address account, uint256 amount) external;

    function roll(uint256 number) external;

    function txGasPrice(uint256 price) external;

    function addr(uint256 key) external pure returns (address);

    function sign(uint256 key, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
}

Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
