// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Who may act for an owner of accounts
/// @notice An owner's accounts are registered, left and subscribed to by its own hand
/// or that of an operator, which it lets act until a time and can revoke. Nobody is
/// registered without its consent.
contract MarginOperators is EIP712, Nonces {
    /// @notice Only the owner or its operator may.
    error NotTheOwner(address owner);
    /// @notice The signature is not the owner's, or too late.
    error InvalidApproval();

    /// @notice An operator may act for an owner until then, inclusive; zero revokes.
    event OperatorSet(address indexed owner, address indexed operator, uint48 until);

    bytes32 private constant OPERATOR_TYPE = keccak256(
        "Operator(address owner,address operator,uint48 until,uint256 nonce,uint48 deadline)"
    );

    /// @notice Until when, inclusive, an operator may act for an owner.
    mapping(address owner => mapping(address operator => uint48)) public operatorUntil;

    constructor() EIP712("zk-margin operators", "1") {}

    /// @notice The sender lets an operator act for it.
    /// @param operator The operator.
    /// @param until Until when, inclusive; zero revokes.
    function setOperator(address operator, uint48 until) external {
        _setOperator(msg.sender, operator, until);
    }

    /// @notice The same by the owner's EIP-712 signature, sent by anyone; a contract
    /// that owns accounts says itself what its signature is (ERC-1271).
    /// @param owner The owner.
    /// @param operator The operator.
    /// @param until Until when the operator may act, inclusive; zero revokes.
    /// @param deadline Until when the signature counts, inclusive.
    /// @param signature The owner's, with its next nonce.
    function approveOperator(
        address owner,
        address operator,
        uint48 until,
        uint48 deadline,
        bytes calldata signature
    ) external {
        if (block.timestamp > deadline) revert InvalidApproval();
        bytes32 hash = keccak256(
            abi.encode(OPERATOR_TYPE, owner, operator, until, _useNonce(owner), deadline)
        );
        if (!SignatureChecker.isValidSignatureNow(owner, _hashTypedDataV4(hash), signature)) {
            revert InvalidApproval();
        }
        _setOperator(owner, operator, until);
    }

    /// @notice Voids the approval that the sender has signed and nobody sent yet.
    function voidApproval() external {
        _useNonce(msg.sender);
    }

    /// @notice Reverts unless the account is the owner or its operator now.
    /// @param owner The owner.
    /// @param account The account.
    function requireConsent(address owner, address account) external view {
        if (account == owner) return;
        if (operatorUntil[owner][account] < block.timestamp) revert NotTheOwner(owner);
    }

    function _setOperator(address owner, address operator, uint48 until) private {
        operatorUntil[owner][operator] = until;
        emit OperatorSet(owner, operator, until);
    }
}
