// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Address } from "@openzeppelin/contracts/utils/Address.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { MarginRoles } from "../MarginRoles.sol";
import { EpochRecord, EpochState } from "../MarginTypes.sol";
import { IMarginMarkets } from "../interfaces/IMarginMarkets.sol";

/// @title What a market pays to who shows that an epoch is wrong
/// @notice An epoch that is wrong is rejected for good, and who showed it is paid from the
/// market's stake. Whoever inherits this needs the guardian's role of the market.
abstract contract MarketStakes is ReentrancyGuardTransient {
    /// @notice What is paid to who shows that an epoch is wrong.
    /// @param amount What is there, in wei.
    /// @param reward What a rejected epoch pays, in wei, while there is so much.
    /// @param leavesFrom From when on it can be withdrawn; zero when not announced.
    struct Stake {
        uint104 amount;
        uint104 reward;
        uint48 leavesFrom;
    }

    /// @notice The epoch is not on record, or already rejected.
    error NothingToCheck();
    /// @notice The withdrawal was not announced, or not long enough ago.
    error NotAnnounced(uint48 from);
    /// @notice There is nothing to collect.
    error NothingToCollect();
    /// @notice The rows of the model are not all named.
    error NoTerms(bytes31 model);
    /// @notice The rows of the model are all named: none is added.
    error TermsComplete(bytes31 model);

    /// @notice The governor of a market named rows of a model.
    event TermsSet(bytes31 indexed context, bytes31 indexed model, bytes32[] terms, bool complete);
    /// @notice A row is one of the model's.
    event RowHeld(bytes31 indexed context, uint64 indexed epoch, uint64 indexed instrument);
    /// @notice A row is none of the model's, and the epoch was rejected.
    event RowRefused(
        bytes31 indexed context,
        uint64 indexed epoch,
        uint64 indexed instrument,
        address by,
        uint256 reward
    );
    /// @notice A market's stake grew.
    event Staked(bytes31 indexed context, uint256 amount, address sender);
    /// @notice The reward of a market changed.
    event RewardSet(bytes31 indexed context, uint256 reward);
    /// @notice A stake can be withdrawn from then on.
    event WithdrawalAnnounced(bytes31 indexed context, uint48 from);
    /// @notice A stake was withdrawn.
    event Withdrawn(bytes31 indexed context, uint256 amount, address to);

    /// @notice The markets.
    IMarginMarkets public immutable MARKETS;
    /// @notice How long before a stake is withdrawn that is announced.
    uint32 public immutable NOTICE;

    /// @notice What a model says of its rows.
    mapping(bytes31 context => mapping(bytes31 model => mapping(bytes32 terms => bool)))
        public hasTerms;
    /// @notice Whether all of it is named.
    mapping(bytes31 context => mapping(bytes31 model => bool)) public isComplete;
    /// @notice What a market has staked.
    mapping(bytes31 context => Stake) public stakeOf;
    /// @notice What is to be collected.
    mapping(address account => uint256) public owed;

    constructor(IMarginMarkets markets, uint32 notice) {
        MARKETS = markets;
        NOTICE = notice;
    }

    /// @notice The market's governor names what a model says of its rows. When all is, none
    /// is added, and rows are checked.
    /// @param context The market.
    /// @param model The model.
    /// @param terms Digests.
    /// @param complete Whether these are the last.
    function setTerms(
        bytes31 context,
        bytes31 model,
        bytes32[] calldata terms,
        bool complete
    ) external {
        _roles().requireGovernor(context, msg.sender);
        if (isComplete[context][model]) revert TermsComplete(model);
        for (uint256 i = 0; i < terms.length; ++i) {
            hasTerms[context][model][terms[i]] = true;
        }
        isComplete[context][model] = complete;
        emit TermsSet(context, model, terms, complete);
    }

    /// @dev An epoch that was posted and not rejected.
    function _onRecord(
        bytes31 context,
        uint64 epoch
    ) internal view returns (EpochRecord memory record) {
        record = MARKETS.epochOf(context, epoch);
        if (record.state == EpochState.Unknown || record.state == EpochState.Rejected) {
            revert NothingToCheck();
        }
    }

    /// @dev Says of a row whether it is the model's, and rejects its epoch if it is not.
    function _judge(
        bytes31 context,
        uint64 epoch,
        uint64 instrument,
        bytes32 marketRoot,
        bool holds
    ) internal {
        if (holds) {
            emit RowHeld(context, epoch, instrument);
        } else {
            uint256 reward = _reward(context);
            MARKETS.rejectEpoch(context, epoch, marketRoot);
            emit RowRefused(context, epoch, instrument, msg.sender, reward);
        }
    }

    // ------------------------------------------------------------------ stakes

    /// @notice Anyone adds to a market's stake.
    /// @param context The market.
    function deposit(bytes31 context) external payable {
        Stake storage stake = stakeOf[context];
        stake.amount = SafeCast.toUint104(uint256(stake.amount) + msg.value);
        emit Staked(context, msg.value, msg.sender);
    }

    /// @notice The market's governor says what a rejected epoch pays.
    /// @param context The market.
    /// @param reward In wei.
    function setReward(bytes31 context, uint104 reward) external {
        _roles().requireGovernor(context, msg.sender);
        stakeOf[context].reward = reward;
        emit RewardSet(context, reward);
    }

    /// @notice The market's governor announces that it takes the stake back.
    /// @param context The market.
    function announceWithdrawal(bytes31 context) external {
        _roles().requireGovernor(context, msg.sender);
        uint48 from = SafeCast.toUint48(block.timestamp + NOTICE);
        stakeOf[context].leavesFrom = from;
        emit WithdrawalAnnounced(context, from);
    }

    /// @notice The market's governor takes the stake back, when the notice is over.
    /// @param context The market.
    /// @param to Where to.
    function withdraw(bytes31 context, address payable to) external nonReentrant {
        _roles().requireGovernor(context, msg.sender);
        Stake storage stake = stakeOf[context];
        uint48 from = stake.leavesFrom;
        if (from == 0 || block.timestamp < from) revert NotAnnounced(from);
        uint256 amount = stake.amount;
        (stake.amount, stake.leavesFrom) = (0, 0);
        emit Withdrawn(context, amount, to);
        Address.sendValue(to, amount);
    }

    /// @notice Pays out what the sender is owed.
    /// @param to Where to.
    function collect(address payable to) external nonReentrant {
        uint256 amount = owed[msg.sender];
        if (amount == 0) revert NothingToCollect();
        owed[msg.sender] = 0;
        Address.sendValue(to, amount);
    }

    function _reward(bytes31 context) internal returns (uint256 reward) {
        Stake storage stake = stakeOf[context];
        reward = Math.min(stake.amount, stake.reward);
        if (reward == 0) return 0;
        stake.amount -= uint104(reward);
        owed[msg.sender] += reward;
    }

    function _roles() internal view returns (MarginRoles) {
        return MARKETS.ROLES();
    }
}
