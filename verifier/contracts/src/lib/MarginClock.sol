// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { EpochState, Meta } from "../MarginTypes.sol";

/// @title The market's clock
/// @notice It runs exactly while a proof against the latest epoch could be
/// accepted: `provable` is the one function that says so. What follows from it
/// between two changes of a market has a closed form: nothing iterates.
library MarginClock {
    /// @notice Whether the market is halted: nothing rests on proofs then. Of a
    /// state brought to the present by `advance`.
    function halted(Meta memory meta) internal pure returns (bool) {
        return meta.pausedUntil != 0 || meta.breaker;
    }

    /// @notice Whether a proof against the latest epoch could be accepted at `time`.
    function provable(Meta memory meta, uint48 time) internal pure returns (bool) {
        return _unstopped(meta) && time <= meta.circuitsUntil && time <= meta.freshUntil;
    }

    /// @dev Whether nothing but the passing of time can stop the clock.
    function _unstopped(Meta memory meta) private pure returns (bool) {
        return
            meta.latest != 0 &&
            meta.latestState == EpochState.Posted &&
            !meta.modelRevoked &&
            meta.pausedUntil == 0 &&
            !meta.breaker &&
            !meta.circuitsFrozen;
    }

    /// @notice Brings the state to the present. A pause ends by itself.
    function advance(Meta memory meta, uint48 time, uint32 gracePeriod) internal pure {
        uint48 pausedUntil = meta.pausedUntil;
        if (pausedUntil != 0 && pausedUntil < time) {
            // The clock stood still.
            meta.lastTime = pausedUntil;
            meta.pausedUntil = 0;
            // At its last second the market was paused: the clock starts with the
            // second after it, if a proof counts then.
            if (provable(meta, pausedUntil + 1)) restart(meta, pausedUntil, gracePeriod);
        }
        _step(meta, time);
    }

    function _step(Meta memory meta, uint48 time) private pure {
        uint48 end = uint48(Math.min(time, Math.min(meta.freshUntil, meta.circuitsUntil)));
        if (_unstopped(meta) && end > meta.lastTime) {
            meta.clock += end - meta.lastTime;
            meta.lastRan = end;
        }
        meta.lastTime = time;
    }

    /// @notice The clock runs again: what had not passed when it stopped does not
    /// pass before the grace period, or the time for which it stood, is over.
    function restart(Meta memory meta, uint48 time, uint32 gracePeriod) internal pure {
        uint48 until = add(meta.clock, Math.min(gracePeriod, time - meta.lastRan));
        if (meta.clock > meta.graceUntil) {
            meta.graceFrom = meta.clock;
            meta.graceUntil = until;
        } else if (until > meta.graceUntil) {
            meta.graceUntil = until;
        }
        meta.lastRan = time;
    }

    /// @notice When a due time or deadline passes, grace included.
    function effective(Meta memory meta, uint48 due) internal pure returns (uint48) {
        return due >= meta.graceFrom && due < meta.graceUntil ? meta.graceUntil : due;
    }

    /// @notice A time so much later; reverts beyond the last that there is.
    function add(uint256 time, uint256 period) internal pure returns (uint48) {
        return SafeCast.toUint48(time + period);
    }
}
