// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { VM } from "./Vm.sol";

/// @notice What the campaign believes of the market, kept beside the contracts and
/// in whole words: nothing is packed, and time passes second by second.
contract Ghost {
    enum Epoch {
        None,
        Posted,
        Quarantined,
        Rejected
    }

    uint256 internal time;
    uint256 public clock;
    uint256 public latest;
    uint256 public freshUntil;
    uint256 public pausedUntil;
    uint256 public circuitsUntil;
    bool public frozen;
    bool public breaker;
    uint256 public confirmed;

    mapping(uint256 epoch => Epoch) public epochState;
    mapping(uint256 epoch => uint256) public epochTime;
    mapping(uint256 epoch => bytes31) public epochModel;
    mapping(bytes31 model => bool) public accepted;

    /// @notice Whether a proof against the latest epoch could be accepted at a time.
    function provableAt(uint256 at_) public view returns (bool) {
        return
            epochState[latest] == Epoch.Posted &&
            accepted[epochModel[latest]] &&
            at_ > pausedUntil &&
            !breaker &&
            !frozen &&
            at_ <= circuitsUntil &&
            at_ <= freshUntil;
    }

    function haltedNow() public view returns (bool) {
        return breaker || (pausedUntil != 0 && time <= pausedUntil);
    }

    /// @notice Whether proofs could be accepted when this was last looked at, when they
    /// last could, and the grace since they can again.
    bool private running;
    uint256 public lastRan;
    uint256 public graceFrom;
    uint256 public graceUntil;

    /// @dev The campaign's policy has a grace period of 50 seconds.
    uint256 private constant GRACE = 50;

    /// @notice Looks at what the last action made of it.
    function settle() public {
        _look(time, provableAt(time));
    }

    function _look(uint256 at_, bool provable) private {
        if (provable && !running) {
            uint256 stood = at_ - lastRan;
            uint256 until = clock + (stood < GRACE ? stood : GRACE);
            if (clock > graceUntil) (graceFrom, graceUntil) = (clock, until);
            else if (until > graceUntil) graceUntil = until;
        }
        running = provable;
        if (provable) lastRan = at_;
    }

    /// @dev A second counts when a proof could be accepted at its end.
    function _pass(uint256 seconds_) internal {
        settle();
        for (uint256 i = 0; i < seconds_; ++i) {
            bool provable = provableAt(time + 1);
            // A pause that ends by itself ends with its last second.
            if (provable && !running) _look(time, true);
            if (provable) ++clock;
            ++time;
            running = provable;
            if (provable) lastRan = time;
        }
        VM.warp(time);
    }
}
