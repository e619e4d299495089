// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { FixedPointMathLib } from "solady/src/utils/FixedPointMathLib.sol";

/// @title European options on a forward, in fixed point
/// @notice Black's formula of 1976 as `params/src/scenario/black76.rs` has it in floating
/// point. All numbers have 18 decimals.
///
/// For forwards and strikes from 10^-5 to 10^12 and deviations (`vol sqrt years`) of zero or
/// at least 10^-6 a value is within 2^-40 times the sum of forward and strike of the exact
/// one, and so is that of floating point; other inputs are refused. Both are far closer:
/// rounding in `d1` and `d2` is the same in both, and a common shift changes the value in the
/// second order alone, as `F n(d1) = K n(d2)`. What remains is the distribution function's,
/// some 10^-16 here.
library Black76 {
    /// @notice An option.
    /// @param isCall Whether it is a call.
    /// @param forward The forward.
    /// @param strike The strike.
    /// @param vol The volatility per square root of a year.
    /// @param time Whole seconds to expiry.
    /// @param rate The rate per year that it is discounted with.
    struct Option {
        bool isCall;
        uint256 forward;
        uint256 strike;
        uint256 vol;
        uint256 time;
        int256 rate;
    }

    /// @notice A number that the bound does not hold for.
    error OutOfRange();

    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 31_536_000;
    uint256 private constant LEAST_PRICE = 1e13;
    uint256 private constant MOST_PRICE = 1e30;
    uint256 private constant LEAST_DEVIATION = 1e12;
    /// @dev 1 / sqrt(2 pi).
    uint256 private constant DENSITY = 398942280401432678;
    /// @dev Below it a series, from it on a continued fraction: both are exact to a few
    /// units of the last decimal there.
    uint256 private constant TURN = 2.5e18;
    /// @dev Beyond it nothing is left of the tail: 10^-19.
    uint256 private constant END = 9e18;
    uint256 private constant FRACTIONS = 60;

    /// @notice The value of an option, discounted.
    /// @param option The option.
    function value(Option memory option) internal pure returns (uint256) {
        (uint256 time, int256 rate) = (option.time, option.rate);
        if (option.forward < LEAST_PRICE || option.forward > MOST_PRICE) revert OutOfRange();
        if (option.strike < LEAST_PRICE || option.strike > MOST_PRICE) revert OutOfRange();
        // 100 years: what follows fits.
        if (time > 100 * YEAR || option.vol > 1e24) revert OutOfRange();
        uint256 gross = undiscounted(
            option.isCall,
            option.forward,
            option.strike,
            _deviation(option.vol, time)
        );
        if (rate == 0 || time == 0) return gross;
        if (rate > 1e20 || rate < -1e20) revert OutOfRange();
        int256 exponent = -((rate * int256(time)) / int256(YEAR));
        if (exponent > 40e18) revert OutOfRange();
        return (gross * uint256(FixedPointMathLib.expWad(exponent))) / WAD;
    }

    /// @notice The value of an option before it is discounted.
    /// @param isCall Whether it is a call.
    /// @param forward The forward.
    /// @param strike The strike.
    /// @param deviation The volatility until it expires.
    function undiscounted(
        bool isCall,
        uint256 forward,
        uint256 strike,
        uint256 deviation
    ) internal pure returns (uint256) {
        uint256 asset = WAD;
        uint256 cash = WAD;
        if (deviation != 0) {
            int256 moneyness =
                FixedPointMathLib.lnWad(int256(forward)) - FixedPointMathLib.lnWad(int256(strike));
            int256 d1 = (moneyness * int256(WAD)) / int256(deviation) + int256(deviation / 2);
            int256 d2 = d1 - int256(deviation);
            asset = distribution(isCall ? d1 : -d1);
            cash = distribution(isCall ? d2 : -d2);
        }
        uint256 long = isCall ? forward * asset : strike * cash;
        uint256 short = isCall ? strike * cash : forward * asset;
        return long > short ? (long - short) / WAD : 0;
    }

    /// @notice The standard normal distribution function, to some 10^-16.
    /// @param x Where.
    function distribution(int256 x) internal pure returns (uint256) {
        uint256 z = x < 0 ? uint256(-x) : uint256(x);
        if (z >= END) return x < 0 ? 0 : WAD;
        unchecked {
            // z is below 2^63: nothing here is above 2^190.
            int256 exponent = -int256((z * z) / (2 * WAD));
            uint256 density = (uint256(FixedPointMathLib.expWad(exponent)) * DENSITY) / WAD;
            if (z >= TURN) {
                uint256 tail = (density * WAD) / _mills(z);
                return x < 0 ? tail : WAD - tail;
            }
            uint256 half = (density * _series(z)) / WAD;
            return x < 0 ? WAD / 2 - half : WAD / 2 + half;
        }
    }

    /// @dev z + z^3 / 3 + z^5 / (3 * 5) + ..., which the density times is the part between
    /// 0 and z. All terms are positive: nothing cancels.
    function _series(uint256 z) private pure returns (uint256 sum) {
        unchecked {
            uint256 square = (z * z) / WAD;
            uint256 term = z;
            for (uint256 k = 3; term != 0; k += 2) {
                sum += term;
                term = (term * square) / (WAD * k);
            }
        }
    }

    /// @dev z + 1 / (z + 2 / (z + 3 / ...)), by which the density is divided for the tail.
    function _mills(uint256 z) private pure returns (uint256 fraction) {
        unchecked {
            fraction = z;
            for (uint256 k = FRACTIONS; k > 0; --k) fraction = z + (k * WAD * WAD) / fraction;
        }
    }

    function _deviation(uint256 vol, uint256 time) private pure returns (uint256 deviation) {
        if (vol == 0 || time == 0) return 0;
        uint256 root = FixedPointMathLib.sqrt((time * WAD * WAD) / YEAR);
        deviation = (vol * root) / WAD;
        if (deviation < LEAST_DEVIATION) revert OutOfRange();
    }
}
