// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Level } from "../MarginTypes.sol";
import { MarginClaims } from "./MarginClaims.sol";

/// @notice The public inputs of a venue's proof.
/// @param context The market.
/// @param epoch The epoch of both roots.
/// @param flagged End of the chain over the flagged accounts.
/// @param subtreeRoot Root of the subtree of the state tree.
/// @param marketRoot Root of the market.
/// @param model The margin model.
/// @param level What accounts are at least that are not flagged.
/// @param multiplied Whether more than the level was asked for.
/// @param accounts How many accounts the subtree has.
/// @param below How many of them are flagged.
struct VenueClaim {
    bytes31 context;
    uint64 epoch;
    uint256 flagged;
    uint256 subtreeRoot;
    bytes32 marketRoot;
    bytes31 model;
    Level level;
    bool multiplied;
    uint32 accounts;
    uint32 below;
}

/// @title Public inputs of venues' proofs
/// @notice As many as a margin proof's: the chain over the flagged accounts stands for the
/// account, the subtree's root for the state root, and two numbers for what is disclosed.
library MarginVenueInputs {
    uint256 private constant ACCOUNT = 2;
    uint256 private constant STATE_ROOT = 3;
    uint256 private constant CLAIM = 6;
    uint256 private constant DISCLOSED = 7;
    uint256 private constant MEMO = 8;
    /// @dev Bit of a claim's code that says *below*.
    uint256 private constant BELOW = 4;

    /// @notice Reads public inputs. Every claim has one encoding.
    /// @param inputs The field elements, by row of the statement: context, epoch, flagged,
    /// subtree root, market root, model, claim, counts, memo.
    /// @return claim What they say.
    function decode(uint256[9] calldata inputs) internal pure returns (VenueClaim memory claim) {
        claim.context = bytes31(bytes32(_below(inputs, 0, 1 << 248) << 8));
        claim.epoch = uint64(_below(inputs, 1, 1 << 64));
        claim.flagged = _below(inputs, ACCOUNT, MarginClaims.R);
        claim.subtreeRoot = _below(inputs, STATE_ROOT, MarginClaims.R);
        claim.marketRoot = bytes32(_below(inputs, 4, MarginClaims.R));
        claim.model = bytes31(bytes32(_below(inputs, 5, 1 << 248) << 8));
        // A level in two bits, from bit 8 on a multiplier. Neither side nor leverage.
        uint256 code = _below(inputs, CLAIM, 1 << 32);
        if (code & 3 == 0 || code & 0xfc != 0) revert MarginClaims.NotCanonical(CLAIM);
        claim.level = Level(code & 3);
        claim.multiplied = code >> 8 != 0;
        uint256 counts = _below(inputs, DISCLOSED, 1 << 64);
        (claim.accounts, claim.below) = (uint32(counts), uint32(counts >> 32));
        if (claim.below > claim.accounts) revert MarginClaims.NotCanonical(DISCLOSED);
        _below(inputs, MEMO, 1 << 248);
    }

    /// @notice The public inputs of a breach of an account that a venue's proof flags.
    /// @param inputs Those of the venue's proof.
    /// @param stateRoot Root of the whole tree.
    /// @param account The account.
    function ofBreach(
        uint256[9] calldata inputs,
        uint256 stateRoot,
        address account
    ) internal pure returns (uint256[9] memory margin) {
        margin = inputs;
        margin[ACCOUNT] = uint160(account);
        margin[STATE_ROOT] = stateRoot;
        margin[CLAIM] |= BELOW;
        margin[DISCLOSED] = 0;
    }

    /// @notice The code of a claim below a level.
    /// @param level The level.
    function breachOf(Level level) internal pure returns (uint256) {
        return uint8(level) | BELOW;
    }

    function _below(
        uint256[9] calldata inputs,
        uint256 row,
        uint256 bound
    ) private pure returns (uint256 value) {
        value = inputs[row];
        if (value >= bound) revert MarginClaims.NotCanonical(row);
    }
}
