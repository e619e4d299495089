// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { EpochRecord } from "./MarginTypes.sol";
import { IMarginMarkets } from "./interfaces/IMarginMarkets.sol";
import { Black76 } from "./lib/Black76.sol";
import { ScenarioRow, ScenarioRows } from "./lib/ScenarioRows.sol";
import { Words } from "./lib/Words.sol";
import { MarketStakes } from "./prices/MarketStakes.sol";
import { FixedPointMathLib } from "solady/src/utils/FixedPointMathLib.sol";

/// @title Rows of scenario markets, computed again
/// @notice In a market whose model states marks the leaf beside each row says what the row is
/// made of. Anyone shows a row with its marks, and has one of its values computed again from
/// them: the value of an option by Black's formula, or the profit of what moves with spot,
/// under one scenario. A row that is further off than the error of both computations can be,
/// or marks whose ranges the rule does not allow, have the epoch rejected, and who showed it
/// is paid from the market's stake. The contract needs the guardian's role of the market.
///
/// Bound: a value is a whole number of quote units per lot, rounded to the nearest. It may be
/// one unit off, and 2^-40 of the worth of forward, moved forward and strike together, times
/// the weight of the scenario. Inputs that the bound does not hold for are refused.
///
/// What it does not judge: skew scenarios, charges, discounts and the weights of expiries;
/// whether the marks are true (forward, volatility, strike and lot are public in the
/// market's file, and only watchers know better); and rows that nobody handed out, or beside
/// which stand marks that nobody knows.
///
/// The market's governor is trusted for the reward, and once for a model's scenarios: whoever
/// has the model makes their digests again (`ScenarioTerms` in
/// `params/src/market/scenario/marks.rs`).
contract MarginRowChallenge is MarketStakes {
    using ScenarioRows for ScenarioRow;
    using Words for bytes;

    /// @notice The words are not as many as marks or a scenario have.
    error WrongLength();

    uint256 private constant WAD = 1e18;
    /// @dev What ranges may be off by from floor and cap: the last bits of floating point.
    uint256 private constant SLACK = 1e9;
    uint256 private constant MONTH = 2_592_000;
    /// @dev Forwards stop moving with spot over the last half hour.
    uint256 private constant SETTLEMENT = 1_800;
    uint256 private constant LEAST_SCALE = 1e15;
    uint256 private constant LEAST_PRICE = 1e13;
    uint256 private constant MOST_PRICE = 1e30;

    // Words of marks.
    uint256 private constant MARK_WORDS = 11;
    uint256 private constant INSTRUMENT = 0;
    uint256 private constant KIND = 1;
    uint256 private constant FORWARD = 2;
    uint256 private constant STRIKE = 3;
    uint256 private constant VOL = 4;
    uint256 private constant TIME = 5;
    uint256 private constant RATE = 6;
    uint256 private constant SCALE = 7;
    uint256 private constant RANGE = 8;
    uint256 private constant VOL_UP = 9;
    uint256 private constant VOL_DOWN = 10;

    // Words of a scenario.
    uint256 private constant TERM_WORDS = 15;
    uint256 private constant SLOT = 0;
    uint256 private constant DIRECTION = 1;
    uint256 private constant SHOCK = 2;
    uint256 private constant WEIGHT = 3;
    uint256 private constant UNIT = 4;
    uint256 private constant SCALED_UP_TO = 5;
    uint256 private constant RANGE_FLOOR = 6;
    uint256 private constant RANGE_CAP = 7;
    uint256 private constant VOL_FLOOR = 8;
    uint256 private constant VOL_CAP = 9;
    uint256 private constant LEAST_VOL = 10;
    uint256 private constant SHORT_POWER = 11;
    uint256 private constant LONG_POWER = 12;
    uint256 private constant FLOOR_TIME = 13;
    uint256 private constant INVERSE = 14;

    uint256 private constant MARK_SLOT = 42;
    uint256 private constant UP = 1;
    uint256 private constant DOWN = 2;

    /// @param markets The markets.
    /// @param notice How long before a withdrawal it is announced, in seconds.
    constructor(IMarginMarkets markets, uint32 notice) MarketStakes(markets, notice) {}

    /// @notice The digest of a scenario's words, for `setTerms`.
    /// @param scenario The words.
    function termsOf(bytes calldata scenario) public pure returns (bytes32) {
        return keccak256(abi.encodePacked("zkmargin scenario 1\n", scenario));
    }

    /// @notice Computes a value of a row again, and rejects the epoch if it is another.
    /// @param context The market.
    /// @param epoch The epoch.
    /// @param row The row, with its path.
    /// @param marks What it is made of.
    /// @param scenario What the model says of the value.
    /// @return holds Whether the row is made of its marks.
    function checkScenario(
        bytes31 context,
        uint64 epoch,
        ScenarioRow calldata row,
        bytes calldata marks,
        bytes calldata scenario
    ) external nonReentrant returns (bool holds) {
        EpochRecord memory record = _onRecord(context, epoch);
        if (!isComplete[context][record.model]) revert NoTerms(record.model);
        if (!hasTerms[context][record.model][termsOf(scenario)]) revert NoTerms(record.model);
        bool stands = row.requireIn(
            marks,
            record.marketRoot,
            record.model,
            epoch,
            record.marketTimestamp
        );
        holds = stands && _isMadeOf(row, marks, scenario);
        _judge(context, epoch, row.instrument(), record.marketRoot, holds);
    }

    /// @notice What a value must be, and what it may be off by, both in quote units per lot
    /// with 18 decimals; reverts where the bound does not hold.
    /// @param marks What the row is made of.
    /// @param scenario What the model says of the value.
    function expected(
        bytes calldata marks,
        bytes calldata scenario
    ) public pure returns (int256 units, uint256 bound) {
        if (marks.length != 8 * MARK_WORDS || scenario.length != 8 * TERM_WORDS) {
            revert WrongLength();
        }
        uint256 scale = marks.magnitude(SCALE);
        if (scale < LEAST_SCALE) revert Black76.OutOfRange();
        uint256 weight = scenario.magnitude(WEIGHT);
        (int256 price, uint256 worth) = marks.word(KIND) == 0
            ? _linear(marks, scenario)
            : _option(marks, scenario);
        bool fell = price < 0;
        uint256 size = Math.mulDiv(uint256(fell ? -price : price), weight, WAD);
        size = Math.mulDiv(size, scale, WAD);
        units = fell ? -int256(size) : int256(size);
        bound = WAD + (Math.mulDiv(Math.mulDiv(worth, weight, WAD), scale, WAD) >> 40);
    }

    /// @dev Whether marks are such as the rule allows and the value is what they give.
    function _isMadeOf(
        ScenarioRow calldata row,
        bytes calldata marks,
        bytes calldata scenario
    ) private pure returns (bool) {
        if (marks.length != 8 * MARK_WORDS) return false;
        if (marks.word(INSTRUMENT) != row.instrument()) return false;
        if (marks.word(KIND) > 2 || (marks.word(KIND) != 0) != row.isOption()) return false;
        if (!_allows(scenario, RANGE_FLOOR, marks.magnitude(RANGE))) return false;
        uint256 direction = scenario.word(DIRECTION);
        if (direction != 0) {
            uint256 moved = marks.magnitude(direction == DOWN ? VOL_DOWN : VOL_UP);
            if (!_allows(scenario, VOL_FLOOR, moved)) return false;
        }
        (int256 units, uint256 bound) = expected(marks, scenario);
        int256 off = row.value(scenario.word(SLOT)) * int256(WAD) - units;
        return uint256(off < 0 ? -off : off) <= bound;
    }

    /// @dev Whether a number is between two words.
    function _allows(
        bytes calldata scenario,
        uint256 floor,
        uint256 found
    ) private pure returns (bool) {
        return
            found + SLACK >= scenario.magnitude(floor) &&
            found <= scenario.magnitude(floor + 1) + SLACK;
    }

    /// @dev How spot moves, as a factor: in the range of the epoch where it follows it.
    function _spot(
        bytes calldata marks,
        bytes calldata scenario
    ) private pure returns (uint256 factor) {
        int256 moved = scenario.number(SHOCK) - int256(WAD);
        uint256 size = uint256(moved < 0 ? -moved : moved);
        if (size <= scenario.magnitude(SCALED_UP_TO) + scenario.magnitude(SCALED_UP_TO) / 1e12) {
            moved = (moved * marks.number(RANGE)) / scenario.number(UNIT);
        }
        if (moved < -int256(WAD)) revert Black76.OutOfRange();
        return uint256(int256(WAD) + moved);
    }

    /// @dev The profit of what moves with spot.
    function _linear(
        bytes calldata marks,
        bytes calldata scenario
    ) private pure returns (int256 profit, uint256 worth) {
        // Its mark moves with nothing, and stands in no marks.
        if (scenario.word(SLOT) == MARK_SLOT) revert Black76.OutOfRange();
        worth = marks.magnitude(FORWARD);
        if (worth != 0 && (worth < LEAST_PRICE || worth > MOST_PRICE)) revert Black76.OutOfRange();
        uint256 factor = _spot(marks, scenario);
        profit = (int256(worth) * (int256(factor) - int256(WAD))) / int256(WAD);
        worth += Math.mulDiv(worth, factor, WAD);
    }

    /// @dev The value of an option.
    function _option(
        bytes calldata marks,
        bytes calldata scenario
    ) private pure returns (int256 price, uint256 worth) {
        Black76.Option memory option;
        option.isCall = marks.word(KIND) == 1;
        option.time = marks.word(TIME);
        option.strike = marks.magnitude(STRIKE);
        option.vol = _vol(marks, scenario, option.time);
        option.rate = _rate(marks, scenario);
        uint256 forward = marks.magnitude(FORWARD);
        option.forward = _forward(forward, option.time, _spot(marks, scenario));
        worth = forward + option.forward + option.strike;
        price = int256(Black76.value(option));
    }

    /// @dev A forward when spot is at a factor.
    function _forward(
        uint256 forward,
        uint256 time,
        uint256 factor
    ) private pure returns (uint256) {
        uint256 moves = (forward * Math.min(time, SETTLEMENT)) / SETTLEMENT;
        return Math.mulDiv(moves, factor, WAD) + forward - moves;
    }

    /// @dev Rates below zero discount contracts that are inverse alone.
    function _rate(bytes calldata marks, bytes calldata scenario) private pure returns (int256) {
        int256 rate = marks.number(RATE);
        return rate < 0 && scenario.word(INVERSE) == 0 ? int256(0) : rate;
    }

    /// @dev The volatility as the scenario moves it.
    function _vol(
        bytes calldata marks,
        bytes calldata scenario,
        uint256 time
    ) private pure returns (uint256 vol) {
        vol = marks.magnitude(VOL);
        uint256 direction = scenario.word(DIRECTION);
        if (direction == 0) return vol;
        uint256 tenor = _tenor(scenario, time);
        if (direction == UP) {
            vol = Math.mulDiv(vol, WAD + Math.mulDiv(marks.magnitude(VOL_UP), tenor, WAD), WAD);
            uint256 least = scenario.magnitude(LEAST_VOL);
            return vol < least ? least : vol;
        }
        uint256 down = Math.mulDiv(marks.magnitude(VOL_DOWN), tenor, WAD);
        return down < WAD ? Math.mulDiv(vol, WAD - down, WAD) : 0;
    }

    /// @dev Scale of volatility moves: larger for shorter tenors.
    function _tenor(bytes calldata scenario, uint256 time) private pure returns (uint256) {
        uint256 floored = Math.max(time * WAD, scenario.magnitude(FLOOR_TIME));
        if (floored == 0) return WAD;
        int256 power = scenario.number(time <= MONTH ? SHORT_POWER : LONG_POWER);
        if (power == 0) return WAD;
        int256 log = FixedPointMathLib.lnWad(int256((MONTH * WAD * WAD) / floored));
        return uint256(FixedPointMathLib.expWad((power * log) / int256(WAD)));
    }
}
