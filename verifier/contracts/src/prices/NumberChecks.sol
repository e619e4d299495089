// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { EpochRecord, EpochState } from "../MarginTypes.sol";
import { MarketRow, MarketRows, NumberedRow } from "../lib/MarketRows.sol";
import { NumberRows } from "../lib/NumberRows.sol";
import { Words } from "../lib/Words.sol";
import { MarketStakes } from "./MarketStakes.sol";

/// @title Rows of calibrated markets, computed again
/// @notice Under a rule that states numbers the leaf beside each row says what the row
/// follows from: capacity and rates, what was asked for before steps, floor and cap, and the
/// numbers of the epoch before. Anyone shows a row with its numbers. A row that does not
/// follow from them, numbers that the rule does not allow, and numbers that do not step from
/// the newest epoch before, take the epoch back.
///
/// What it does not judge: what was asked for. Volatilities follow from closes and implied
/// volatility, capacity from volume and depth, all in the snapshot, which `MARKET_ROOT` binds
/// and whoever has it computes again.
abstract contract NumberChecks is MarketStakes {
    using MarketRows for MarketRow;
    using NumberRows for MarketRow;
    using NumberRows for bytes;
    using Words for bytes;

    /// @notice The rule is not of the row's instrument and direction.
    error OtherRule(uint64 instrument);
    /// @notice The row is where numbers are, so that none stand beside it: `checkNumbers`
    /// judges that.
    error NoNumbers(uint64 epoch);
    /// @notice The epoch is not one that the other's numbers should step from.
    error NotBefore(uint64 epoch);

    /// @notice The digest of a rule's words, for `setTerms`.
    /// @param rule The words.
    function ruleTerms(bytes calldata rule) public pure returns (bytes32) {
        return keccak256(abi.encodePacked("zkmargin rule 1\n", rule));
    }

    /// @notice The digest that says that an instrument's rows of a direction are calibrated,
    /// for `setTerms`.
    /// @param instrument The instrument.
    /// @param direction 0 for long, 2 for both.
    function calibratedTerms(uint64 instrument, uint64 direction) public pure returns (bytes32) {
        return keccak256(abi.encodePacked("zkmargin calibrated 1\n", instrument, direction));
    }

    /// @notice Computes a calibrated row again from its numbers, and these from the rule, and
    /// rejects the epoch if either is another.
    /// @param context The market.
    /// @param epoch The epoch.
    /// @param shown The row, with its path, and the numbers beside it.
    /// @param rule What the model says of the instrument.
    /// @return holds Whether the row follows from its numbers.
    function checkNumbers(
        bytes31 context,
        uint64 epoch,
        NumberedRow calldata shown,
        bytes calldata rule
    ) external nonReentrant returns (bool holds) {
        EpochRecord memory record = _onRecord(context, epoch);
        _requireComplete(context, record.model);
        if (!hasTerms[context][record.model][ruleTerms(rule)]) revert NoTerms(record.model);
        uint64 instrument = shown.row.instrument();
        if (!rule.isFor(shown.row)) revert OtherRule(instrument);
        holds = _opens(shown, record, epoch) && shown.row.isMadeOf(shown.numbers, rule);
        _judge(context, epoch, instrument, record.marketRoot, holds);
    }

    /// @notice Compares numbers with those of an epoch before, and rejects the epoch if they
    /// are said to step from another epoch or from other numbers. An epoch steps from the
    /// newest of its model that is posted and counts.
    /// @param context The market.
    /// @param epoch The epoch.
    /// @param shown A row of it, with its path, and the numbers beside it.
    /// @param before The epoch before: the one that the numbers name, or a later one that
    /// counts.
    /// @param earlier A row of that one, of the same instrument, and the numbers beside it.
    /// @return holds Whether they step from it.
    function checkStep(
        bytes31 context,
        uint64 epoch,
        NumberedRow calldata shown,
        uint64 before,
        NumberedRow calldata earlier
    ) external nonReentrant returns (bool holds) {
        EpochRecord memory record = _onRecord(context, epoch);
        _requireComplete(context, record.model);
        uint64 named = shown.numbers.word(NumberRows.PREVIOUS);
        {
            EpochRecord memory other = MARKETS.epochOf(context, before);
            bool known = other.state != EpochState.Unknown && other.model == record.model;
            bool counts = other.state == EpochState.Posted;
            if (!known || before >= epoch || before < named || (before != named && !counts)) {
                revert NotBefore(before);
            }
            if (!_opens(earlier, other, before)) revert NoNumbers(before);
        }
        uint64 instrument = shown.numbers.word(NumberRows.INSTRUMENT);
        if (instrument != earlier.numbers.word(NumberRows.INSTRUMENT)) revert OtherRule(instrument);
        if (!_opens(shown, record, epoch)) revert NoNumbers(epoch);
        holds = before == named && shown.numbers.stepFrom(earlier.numbers);
        _judge(context, epoch, instrument, record.marketRoot, holds);
    }

    function _opens(
        NumberedRow calldata shown,
        EpochRecord memory record,
        uint64 epoch
    ) private pure returns (bool) {
        return
            shown.row.requireBeside(
                shown.numbers,
                record.marketRoot,
                record.model,
                epoch,
                record.marketTimestamp
            );
    }

    function _requireComplete(bytes31 context, bytes31 model) internal view {
        if (!isComplete[context][model]) revert NoTerms(model);
    }
}
