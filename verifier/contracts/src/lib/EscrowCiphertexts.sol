// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { PoseidonT5 } from "./PoseidonT5.sol";

/// @notice What a committee opens. Coordinates are those of Grumpkin.
/// @param key The committee's key.
/// @param noncePoint `R`.
/// @param elements An element for what is reserved, for each slot of the circuit, and for
/// the blinding.
struct Ciphertext {
    uint256[2] key;
    uint256[2] noncePoint;
    uint256[] elements;
}

/// @title Ciphertexts of escrows
/// @notice `margin/src/escrow/cipher.rs`: the digest that a proof shows of a ciphertext,
/// and whose key it is to.
library EscrowCiphertexts {
    /// @notice An element is not below the modulus, so that it could be written in two ways.
    error NotCanonical();

    /// @dev The first link is over key and nonce point, the next ones over three more
    /// elements each: their number, and they.
    uint256 private constant FIRST = 27;
    uint256 private constant NEXT = 28;

    /// @notice `ESCROW`. The number of elements is in it, so that no ciphertext is the
    /// beginning of another.
    /// @param ciphertext The ciphertext with its key.
    function digest(Ciphertext calldata ciphertext) internal pure returns (uint256 chain) {
        bytes memory table = PoseidonT5.constants();
        (uint256[2] calldata key, uint256[2] calldata point) = (
            ciphertext.key,
            ciphertext.noncePoint
        );
        uint256[4] memory link = [
            _below(key[0]),
            _below(key[1]),
            _below(point[0]),
            _below(point[1])
        ];
        chain = PoseidonT5.hash(table, FIRST, link);
        uint256[] calldata elements = ciphertext.elements;
        for (uint256 i = 0; i <= elements.length; i += 3) {
            link = [chain, _at(elements, i), _at(elements, i + 1), _at(elements, i + 2)];
            chain = PoseidonT5.hash(table, NEXT, link);
        }
    }

    /// @notice The committee whose key it is.
    /// @param key Both coordinates.
    function committee(uint256[2] calldata key) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(key[0], key[1]));
    }

    /// @dev The message behind the first link, zeros at its end.
    function _at(uint256[] calldata elements, uint256 index) private pure returns (uint256) {
        if (index == 0) return elements.length;
        return index > elements.length ? 0 : _below(elements[index - 1]);
    }

    function _below(uint256 element) private pure returns (uint256) {
        if (element >= PoseidonT5.R) revert NotCanonical();
        return element;
    }
}
