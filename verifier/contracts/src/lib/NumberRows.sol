// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarketRow, MarketRows } from "./MarketRows.sol";
import { Words } from "./Words.sol";

/// @title Calibrated rows, computed again
/// @notice A row from the numbers beside it, and these from what was asked for, the numbers of
/// the epoch before and the rule: `params/src/market/numbers.rs`. All is in whole numbers, and
/// exact.
library NumberRows {
    using MarketRows for MarketRow;
    using Words for bytes;

    // Words of numbers; then of each tier its rate, what was asked for, and the rate before.
    uint256 internal constant INSTRUMENT = 0;
    uint256 internal constant PREVIOUS = 1;
    uint256 internal constant CAPACITY = 2;
    uint256 private constant SEEN = 3;
    uint256 internal constant BEFORE = 4;
    uint256 internal constant RATES = 5;

    // Words of a rule; then of each tier where it ends.
    uint256 private constant RULE_INSTRUMENT = 0;
    uint256 private constant DIRECTION = 1;
    uint256 private constant DENOMINATOR = 2;
    uint256 private constant DECIMALS = 3;
    uint256 private constant FRACTION = 4;
    /// @dev Floor and cap, then two steps: down and up, each as a ratio.
    uint256 private constant RATE = 5;
    uint256 private constant CAPACITIES = 7;
    uint256 private constant RATE_STEPS = 9;
    uint256 private constant CAPACITY_STEPS = 13;
    uint256 private constant TIERS = 17;

    uint256 private constant LONG = 0;
    uint256 private constant MILLIONTHS = 1e6;
    uint256 private constant MOST_NOTIONAL = (1 << 80) - 1;
    uint256 private constant PRICE = uint256(type(uint128).max) << 80;

    /// @dev A tier while a row is looked for.
    struct Tier {
        uint256 lower;
        uint256 upper;
        uint256 rate;
        uint256 maintenance;
        uint256 initialBase;
        uint256 maintenanceBase;
    }

    /// @notice Whether a rule is that of a row's instrument and direction.
    /// @param rule The rule.
    /// @param row The row.
    function isFor(bytes calldata rule, MarketRow calldata row) internal pure returns (bool) {
        return
            rule.word(RULE_INSTRUMENT) == row.instrument() &&
            rule.word(DIRECTION) == row.direction();
    }

    /// @notice Whether a row, its price aside, follows from numbers, and these from the rule.
    /// @param row The row.
    /// @param numbers What stands beside it.
    /// @param rule The rule of its instrument.
    function isMadeOf(
        MarketRow calldata row,
        bytes calldata numbers,
        bytes calldata rule
    ) internal pure returns (bool) {
        uint256 tiers = rule.length / 8 - TIERS;
        if (numbers.length != 8 * (RATES + 3 * tiers)) return false;
        if (numbers.word(INSTRUMENT) != row.instrument()) return false;
        if (row.denominator != rule.word(DENOMINATOR)) return false;
        return _follow(numbers, rule, tiers) && _isTier(row, numbers, rule, tiers);
    }

    /// @notice Whether numbers step from those of an epoch before.
    /// @param numbers The numbers.
    /// @param earlier Those of the epoch before.
    function stepFrom(bytes calldata numbers, bytes calldata earlier) internal pure returns (bool) {
        if (numbers.length != earlier.length) return false;
        if (numbers.word(BEFORE) != earlier.word(CAPACITY)) return false;
        for (uint256 place = RATES; 8 * place < numbers.length; place += 3) {
            if (numbers.word(place + 2) != earlier.word(place)) return false;
        }
        return true;
    }

    /// @dev Whether capacity and rates are what was asked for, as the rule holds it.
    function _follow(
        bytes calldata numbers,
        bytes calldata rule,
        uint256 tiers
    ) private pure returns (bool) {
        uint256 before = numbers.word(BEFORE);
        (uint256 least, uint256 most) = (0, type(uint256).max);
        if (before != 0) {
            // Rounded down, against the account.
            least = (before * rule.word(CAPACITY_STEPS)) / rule.word(CAPACITY_STEPS + 1);
            most = (before * rule.word(CAPACITY_STEPS + 2)) / rule.word(CAPACITY_STEPS + 3);
        }
        uint256 held = _held(numbers.word(SEEN), least, most, rule, CAPACITIES);
        if (held != numbers.word(CAPACITY)) return false;
        for (uint256 place = RATES; place < RATES + 3 * tiers; place += 3) {
            before = numbers.word(place + 2);
            (least, most) = (0, type(uint256).max);
            if (before != 0) {
                least = _up(before * rule.word(RATE_STEPS), rule.word(RATE_STEPS + 1));
                most = _up(before * rule.word(RATE_STEPS + 2), rule.word(RATE_STEPS + 3));
            }
            if (_held(numbers.word(place + 1), least, most, rule, RATE) != numbers.word(place)) {
                return false;
            }
        }
        return true;
    }

    /// @dev What was asked for, held to the step, then to floor and cap.
    function _held(
        uint256 asked,
        uint256 least,
        uint256 most,
        bytes calldata rule,
        uint256 floor
    ) private pure returns (uint256 held) {
        held =
            asked > most
                ? most
                : asked < least
                    ? least
                    : asked;
        if (held > rule.word(floor + 1)) return rule.word(floor + 1);
        if (held < rule.word(floor)) return rule.word(floor);
    }

    /// @dev Whether a row is one of the tiers that numbers make.
    function _isTier(
        MarketRow calldata row,
        bytes calldata numbers,
        bytes calldata rule,
        uint256 tiers
    ) private pure returns (bool) {
        Tier memory tier;
        bool isLong = rule.word(DIRECTION) == LONG;
        uint256 one = rule.word(DENOMINATOR);
        for (uint256 i = 0; i < tiers; ++i) {
            uint256 end = rule.word(TIERS + i);
            uint256 whole = (end * numbers.word(CAPACITY)) / MILLIONTHS;
            tier.upper = end == 0 ? MOST_NOTIONAL : whole * 10 ** rule.word(DECIMALS);
            tier.rate = numbers.word(RATES + 3 * i);
            // Of collateral the maintenance rate is a part of the other, as weights are
            // published; of all else the charge is.
            tier.maintenance = isLong ? _up(tier.rate * rule.word(FRACTION), one) : tier.rate;
            if (_is(row, tier, rule)) return true;
            _next(tier, rule);
        }
        // Collateral beyond the last bound does not count.
        if (!isLong || tier.lower == MOST_NOTIONAL) return false;
        (tier.upper, tier.rate, tier.maintenance) = (MOST_NOTIONAL, one, one);
        return _is(row, tier, rule);
    }

    function _is(
        MarketRow calldata row,
        Tier memory tier,
        bytes calldata rule
    ) private pure returns (bool) {
        uint256 first =
            rule.word(RULE_INSTRUMENT) |
                (uint256(rule.word(DIRECTION)) << 64) |
                (tier.lower == 0 ? 0 : 1 << 72) |
                (tier.maintenance << 208);
        uint256 second =
            tier.lower | (tier.upper << 80) | (_fraction(rule) << 160) | (tier.rate << 192);
        return
            row.elements[0] & ~PRICE == first &&
            row.elements[1] == second &&
            row.elements[2] == tier.maintenanceBase &&
            row.elements[3] == tier.initialBase;
    }

    /// @dev The tier above: its bases are the charges at the end of this one.
    function _next(Tier memory tier, bytes calldata rule) private pure {
        uint256 one = rule.word(DENOMINATOR);
        uint256 width = tier.upper - tier.lower;
        tier.initialBase += _up(width * tier.rate, one);
        tier.maintenanceBase += _up(_up(width * tier.maintenance, one) * _fraction(rule), one);
        tier.lower = tier.upper;
    }

    /// @dev What the maintenance charge is of the charge at its rate.
    function _fraction(bytes calldata rule) private pure returns (uint256) {
        return rule.word(DIRECTION) == LONG ? rule.word(DENOMINATOR) : rule.word(FRACTION);
    }

    function _up(uint256 dividend, uint256 divisor) private pure returns (uint256) {
        return (dividend + divisor - 1) / divisor;
    }
}
