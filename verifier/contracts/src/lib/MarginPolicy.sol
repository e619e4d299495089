// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Level, Limits, Terms } from "../MarginTypes.sol";

/// @title What a policy must fulfil
/// @notice `policy.rs` of the Rust engine.
library MarginPolicy {
    /// @notice Without a model no epoch can be posted.
    error NoModel();
    /// @notice A model is listed twice.
    error DuplicateModel();
    /// @notice The level is bankrupt, which says nothing.
    error EmptyLevel();
    /// @notice Not breach level <= required level <= cure level.
    error LevelOrder();
    /// @notice Not below margin call <= below maintenance <= below initial.
    error PeriodOrder();
    /// @notice The first epoch is zero.
    error NoFirstEpoch();
    /// @notice The snapshot age or the longest pause is zero, or the window of a limit on
    /// liquidations.
    error NoPeriod();
    /// @notice A period is shorter than twice the snapshot age: an account could
    /// have no time to prove. Or an escape comes before the longest pause ends.
    error TooShort();
    /// @notice A period is longer than a century, the grace period longer than the
    /// snapshot age, or the clock skew not shorter than it.
    error TooLong();

    /// @dev 100 years of 366 days, in seconds.
    uint256 private constant CENTURY = 100 * 366 days;

    /// @notice Reverts unless the policy makes sense.
    function validate(Terms calldata terms, Limits calldata limits) internal pure {
        _levels(terms);
        _periods(terms);
        uint256 age = terms.maxSnapshotAge;
        if (limits.firstEpoch == 0) revert NoFirstEpoch();
        if (limits.maxPause == 0) revert NoPeriod();
        if (limits.maxLiquidations != 0 && limits.breakerWindow == 0) revert NoPeriod();
        if (limits.gracePeriod > age || limits.maxClockSkew >= age) revert TooLong();
        if (limits.escapeAfter < limits.maxPause) revert TooShort();
        if (limits.escapeAfter > CENTURY || limits.breakerWindow > CENTURY) revert TooLong();
    }

    function _levels(Terms calldata terms) private pure {
        if (
            terms.requiredLevel == Level.Bankrupt ||
            terms.breachLevel == Level.Bankrupt ||
            terms.cureLevel == Level.Bankrupt
        ) revert EmptyLevel();
        if (terms.breachLevel > terms.requiredLevel || terms.requiredLevel > terms.cureLevel) {
            revert LevelOrder();
        }
    }

    function _periods(Terms calldata terms) private pure {
        uint256 age = terms.maxSnapshotAge;
        if (age == 0) revert NoPeriod();
        if (
            terms.cureBelowMarginCall > terms.cureBelowMaintenance ||
            terms.cureBelowMaintenance > terms.cureBelowInitial
        ) revert PeriodOrder();
        if (
            age > CENTURY ||
            terms.proofWindow > CENTURY ||
            terms.cureOverdue > CENTURY ||
            terms.cureBelowInitial > CENTURY
        ) revert TooLong();
        // The shortest of the three periods after a breach.
        if (
            terms.proofWindow < 2 * age ||
            terms.cureOverdue < 2 * age ||
            terms.cureBelowMarginCall < 2 * age
        ) revert TooShort();
    }
}
