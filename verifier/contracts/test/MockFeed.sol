// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IPriceFeed } from "../src/interfaces/IPriceFeed.sol";

/// @notice For tests: a feed that answers what it was told, round after round.
contract MockFeed is IPriceFeed {
    struct Round {
        int256 answer;
        uint256 startedAt;
        uint256 updatedAt;
    }

    uint8 public constant decimals = 8;
    Round[] private _rounds;

    /// @notice The next round, from number one on.
    function say(int256 answer, uint256 startedAt, uint256 updatedAt) external {
        _rounds.push(Round(answer, startedAt, updatedAt));
    }

    function getRoundData(
        uint80 round
    ) public view returns (uint80, int256, uint256, uint256, uint80) {
        if (round == 0 || round > _rounds.length) return (round, 0, 0, 0, round);
        Round memory data = _rounds[round - 1];
        return (round, data.answer, data.startedAt, data.updatedAt, round);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(uint80(_rounds.length));
    }
}
