// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { EpochRecord } from "./MarginTypes.sol";
import { IMarginMarkets } from "./interfaces/IMarginMarkets.sol";
import { IPriceFeed } from "./interfaces/IPriceFeed.sol";
import { MarketRow, MarketRows } from "./lib/MarketRows.sol";
import { MarketStakes } from "./prices/MarketStakes.sol";
import { NumberChecks } from "./prices/NumberChecks.sol";

/// @title Posted prices against a feed
/// @notice Anyone shows that `MARKET_ROOT` of a posted epoch contains a price, and has it
/// compared with what a feed said at the snapshot's time. An epoch whose price is off by
/// more than its reference allows is rejected for good, and who showed it is paid from the
/// market's stake. The contract needs the guardian's role of the market. What it cannot
/// compare, because the feed has no answer for that time or the chain's sequencer was down,
/// it says nothing about: it reverts.
///
/// A row is also more than a price. Where rates are the model's own and follow from no
/// market, every row is known but for its price. The governor names them all, once, for a
/// model; then anyone shows that the root of an epoch contains a row that is none of them (a
/// lower rate, a wider tier, an instrument that the model does not have), and is paid alike.
///
/// The market's governor is trusted for the references and the reward, which it may change at
/// any time, and for the rows of a model, which it may not: whoever has the model makes their
/// digests again. Rows of a rule that states numbers are computed again from these
/// (`checkNumbers`, `checkStep`).
/// @dev Of standard markets: a scenario market's rows hold values, not prices
/// (`MarginRowChallenge`).
contract MarginPriceCheck is NumberChecks {
    using MarketRows for MarketRow;

    /// @notice What a price is compared with.
    /// @param feed The feed.
    /// @param deviationBps How far apart they may be, in ten-thousandths of the feed's price.
    /// @param maxAge How old the feed's answer may be at the snapshot's time, in seconds.
    /// @param numerator An answer, times this ...
    /// @param denominator ... and divided by this, is quote units per lot.
    struct Reference {
        IPriceFeed feed;
        uint16 deviationBps;
        uint32 maxAge;
        uint64 numerator;
        uint64 denominator;
    }

    /// @notice The row's rates are calibrated: show it with its numbers (`checkNumbers`).
    error IsCalibrated(uint64 instrument);
    /// @notice No feed, no scale, or a deviation of nothing or of all.
    error InvalidReference();
    /// @notice The market's governor named no feed for the instrument.
    error UnknownReference(uint64 instrument);
    /// @notice The feed's answer is not the last before the snapshot was taken, is too old
    /// for it, or no price.
    error NoAnswer();
    /// @notice The sequencer is or was down too recently for the feed to have followed.
    error SequencerDown();

    /// @notice The governor of a market named what a price is compared with.
    event ReferenceSet(bytes31 indexed context, uint64 indexed instrument, Reference to);
    /// @notice A posted price agrees with its feed.
    event PriceHeld(bytes31 indexed context, uint64 indexed epoch, uint64 indexed instrument);
    /// @notice A posted price does not, and the epoch was rejected.
    event PriceRefused(
        bytes31 indexed context,
        uint64 indexed epoch,
        uint64 indexed instrument,
        address by,
        uint256 reward
    );
    /// @notice The uptime feed of the chain's sequencer; zero where there is none.
    IPriceFeed public immutable SEQUENCER;
    /// @notice How long the sequencer must be up again before a price is compared.
    uint32 public immutable GRACE;
    /// @notice What prices are compared with.
    mapping(bytes31 context => mapping(uint64 instrument => Reference)) public referenceOf;
    /// @param markets The markets.
    /// @param sequencer The uptime feed of the chain's sequencer; zero where there is none.
    /// @param grace How long it must be up again, in seconds.
    /// @param notice How long before a withdrawal it is announced, in seconds.
    constructor(
        IMarginMarkets markets,
        IPriceFeed sequencer,
        uint32 grace,
        uint32 notice
    ) MarketStakes(markets, notice) {
        SEQUENCER = sequencer;
        GRACE = grace;
    }

    // -------------------------------------------------------------- references

    /// @notice The market's governor names what an instrument's price is compared with.
    /// @param context The market.
    /// @param instrument The instrument.
    /// @param to The feed and its scale; no feed for no comparison.
    function setReference(bytes31 context, uint64 instrument, Reference calldata to) external {
        _roles().requireGovernor(context, msg.sender);
        bool off = address(to.feed) == address(0);
        bool scaled = to.numerator != 0 && to.denominator != 0 && to.maxAge != 0;
        if (!off && (!scaled || to.deviationBps == 0 || to.deviationBps >= 10_000)) {
            revert InvalidReference();
        }
        referenceOf[context][instrument] = to;
        emit ReferenceSet(context, instrument, to);
    }

    // ------------------------------------------------------------------ checks

    /// @notice Compares a posted price with its feed, and rejects the epoch if it is off.
    /// @param context The market.
    /// @param epoch The epoch.
    /// @param row The row that has the price, with its path.
    /// @param round The feed's last round before the snapshot was taken.
    /// @return holds Whether the price agrees.
    function check(
        bytes31 context,
        uint64 epoch,
        MarketRow calldata row,
        uint80 round
    ) external nonReentrant returns (bool holds) {
        EpochRecord memory record = _onRecord(context, epoch);
        uint64 instrument = row.instrument();
        Reference memory to = referenceOf[context][instrument];
        if (address(to.feed) == address(0)) revert UnknownReference(instrument);
        row.requireIn(record.marketRoot, record.model, epoch, record.marketTimestamp);
        _requireSequencer();
        holds = _agrees(row, to, _answerAt(to, round, record.marketTimestamp));
        if (holds) {
            emit PriceHeld(context, epoch, instrument);
        } else {
            uint256 reward = _reward(context);
            MARKETS.rejectEpoch(context, epoch, record.marketRoot);
            emit PriceRefused(context, epoch, instrument, msg.sender, reward);
        }
    }

    /// @notice Looks whether a row of an epoch is one of its model's, its price aside, and
    /// rejects the epoch if it is not.
    /// @param context The market.
    /// @param epoch The epoch.
    /// @param row The row, with its path.
    /// @return holds Whether it is.
    function checkRow(
        bytes31 context,
        uint64 epoch,
        MarketRow calldata row
    ) external nonReentrant returns (bool holds) {
        EpochRecord memory record = _onRecord(context, epoch);
        _requireComplete(context, record.model);
        row.requireIn(record.marketRoot, record.model, epoch, record.marketTimestamp);
        uint64 instrument = row.instrument();
        bytes32 calibrated = calibratedTerms(instrument, uint64(row.direction()));
        if (hasTerms[context][record.model][calibrated]) revert IsCalibrated(instrument);
        holds = hasTerms[context][record.model][row.terms()];
        _judge(context, epoch, instrument, record.marketRoot, holds);
    }

    /// @dev |mantissa / unit - price| <= deviation price, cross-multiplied: an answer is
    /// below 2^96, the other factors below 2^64, so that nothing is over 2^238.
    function _agrees(
        MarketRow calldata row,
        Reference memory to,
        uint256 answer
    ) private pure returns (bool) {
        (uint256 mantissa, uint256 unit) = row.price();
        if (unit == 0) return false;
        uint256 posted = mantissa * to.denominator;
        uint256 expected = answer * to.numerator * unit;
        uint256 apart = posted > expected ? posted - expected : expected - posted;
        return apart * 10_000 <= expected * to.deviationBps;
    }

    /// @dev What the feed said when the snapshot was taken: the round's answer, if no
    /// other came before. The next round of the same phase follows by number; the last of
    /// all has none.
    function _answerAt(
        Reference memory to,
        uint80 round,
        uint256 time
    ) private view returns (uint256) {
        (, int256 answer, , uint256 updatedAt, ) = to.feed.getRoundData(round);
        if (updatedAt == 0 || updatedAt > time || time - updatedAt > to.maxAge) revert NoAnswer();
        if (answer <= 0 || answer > int256(uint256(type(uint96).max))) revert NoAnswer();
        (uint80 latest, , , , ) = to.feed.latestRoundData();
        if (round != latest) {
            (, , , uint256 next, ) = to.feed.getRoundData(round + 1);
            if (next <= time) revert NoAnswer();
        }
        return uint256(answer);
    }

    function _requireSequencer() private view {
        if (address(SEQUENCER) == address(0)) return;
        (, int256 status, uint256 startedAt, , ) = SEQUENCER.latestRoundData();
        if (status != 0 || startedAt == 0 || block.timestamp < startedAt + GRACE) {
            revert SequencerDown();
        }
    }
}
