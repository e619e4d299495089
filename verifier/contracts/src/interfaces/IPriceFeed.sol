// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title A feed of prices, or of a sequencer's uptime
/// @notice What is used of Chainlink's `AggregatorV3Interface`.
interface IPriceFeed {
    /// @notice An answer by its round; reverts or says zero of a round that is none.
    /// @param round The round.
    /// @return roundId The round.
    /// @return answer The price, or of an uptime feed zero while the sequencer is up.
    /// @return startedAt When the round began: of an uptime feed when the status changed.
    /// @return updatedAt When it was answered.
    /// @return answeredInRound Deprecated.
    function getRoundData(
        uint80 round
    )
        external
        view
        returns (
            uint80 roundId,
            int256 answer,
            uint256 startedAt,
            uint256 updatedAt,
            uint80 answeredInRound
        );

    /// @notice The latest answer.
    /// @return roundId The round.
    /// @return answer The price, or of an uptime feed zero while the sequencer is up.
    /// @return startedAt When the round began: of an uptime feed when the status changed.
    /// @return updatedAt When it was answered.
    /// @return answeredInRound Deprecated.
    function latestRoundData()
        external
        view
        returns (
            uint80 roundId,
            int256 answer,
            uint256 startedAt,
            uint256 updatedAt,
            uint80 answeredInRound
        );
}
