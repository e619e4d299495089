// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { SignerSet } from "../MarginTypes.sol";

/// @title Signers as a market stores them
/// @notice Threshold, number and first signer share a slot: whoever posts an epoch pays
/// for one slot a signer, and for nothing else. At most 32, which the caller checks.
library MarginSigners {
    /// @dev A number of zero: nobody.
    struct Stored {
        uint8 threshold;
        uint8 count;
        address first;
        address[31] others;
    }

    /// @notice Keeps signers in the place of others.
    function keep(Stored storage stored, SignerSet memory attesters) internal {
        uint256 before = stored.count;
        uint256 count = attesters.signers.length;
        stored.threshold = attesters.threshold;
        stored.count = uint8(count);
        stored.first = count == 0 ? address(0) : attesters.signers[0];
        for (uint256 i = 1; i < count; ++i) stored.others[i - 1] = attesters.signers[i];
        for (uint256 i = count == 0 ? 1 : count; i < before; ++i) delete stored.others[i - 1];
    }

    /// @notice The signer of an index below their number.
    function signerAt(Stored storage stored, uint256 index) internal view returns (address) {
        return index == 0 ? stored.first : stored.others[index - 1];
    }

    /// @notice All of them.
    function all(Stored storage stored) internal view returns (SignerSet memory attesters) {
        attesters.threshold = stored.threshold;
        attesters.signers = new address[](stored.count);
        for (uint256 i = 0; i < attesters.signers.length; ++i) {
            attesters.signers[i] = signerAt(stored, i);
        }
    }
}
