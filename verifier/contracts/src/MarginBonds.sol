// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Address } from "@openzeppelin/contracts/utils/Address.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { MarginOperators } from "./MarginOperators.sol";
import { Account, CallReason, Claim, Standing, State } from "./MarginTypes.sol";
import { IMarginCallRegistry } from "./interfaces/IMarginCallRegistry.sol";
import { MarginAccounts } from "./lib/MarginAccounts.sol";
import { MarginClaims } from "./lib/MarginClaims.sol";

/// @title Bonds of accounts, from which keepers are paid
/// @notice Whoever calls an overdue account, or proves a breach, through this contract
/// is paid from the account's bond: the gas it took at a bounded price, no less
/// than a minimum and no more than a maximum, and once per call. A breach proof
/// says itself who is paid for it, in its memo: whoever copies it from a pending
/// transaction pays its finder. Bonds are in the chain's coin; an owner takes its own
/// back after a notice, unless its account is called or late.
contract MarginBonds is ReentrancyGuardTransient {
    /// @notice How rewards are measured.
    /// @param minReward Least that a call pays, in wei.
    /// @param maxReward Most that a call pays, in wei.
    /// @param maxGasPrice Price of gas that is paid for at most, in wei.
    /// @param notice How long before a withdrawal it is announced, in seconds.
    struct Rules {
        uint128 minReward;
        uint128 maxReward;
        uint128 maxGasPrice;
        uint32 notice;
    }

    /// @notice A bond.
    /// @param amount What is there, in wei.
    /// @param leavesFrom From when on it can be withdrawn; zero when not announced.
    struct Bond {
        uint128 amount;
        uint48 leavesFrom;
    }

    /// @notice The minimum is above the maximum.
    error InvalidRules();
    /// @notice The withdrawal was not announced, or not long enough ago.
    error NotAnnounced(uint48 from);
    /// @notice The account is called, liquidatable or late.
    error AtStake();
    /// @notice The proof's memo names nobody: its last 20 bytes are zero.
    error NobodyToPay();
    /// @notice The account is not called for the breach that the proof shows.
    error NotThisBreach();
    /// @notice There is nothing to collect.
    error NothingToCollect();

    /// @notice A bond grew.
    event Deposited(
        bytes31 indexed context,
        address indexed account,
        uint256 amount,
        address sender
    );
    /// @notice A withdrawal is possible from then on.
    event WithdrawalAnnounced(bytes31 indexed context, address indexed account, uint48 from);
    /// @notice A bond was withdrawn.
    event Withdrawn(bytes31 indexed context, address indexed account, uint256 amount, address to);
    /// @notice A keeper is owed for a call.
    event Rewarded(
        bytes31 indexed context,
        address indexed account,
        address indexed keeper,
        uint256 amount
    );

    /// @notice Gas of a call that is not measured: the transaction's own, and the payment.
    uint256 public constant GAS_ON_TOP = 60_000;

    /// @notice The accounts.
    IMarginCallRegistry public immutable REGISTRY;
    /// @notice Who may act for their owners.
    MarginOperators public immutable OPERATORS;

    /// @notice How rewards are measured.
    Rules public rules;
    /// @notice Bonds.
    mapping(bytes31 context => mapping(address account => Bond)) public bondOf;
    /// @notice What keepers can collect, in wei.
    mapping(address keeper => uint256) public owed;
    /// @notice The last call that was paid for, by when it was made on the market's clock.
    mapping(bytes31 context => mapping(address account => uint48)) public paidFor;

    /// @param registry The accounts.
    /// @param operators Who may act for their owners.
    /// @param rules_ How rewards are measured. Fixed.
    constructor(IMarginCallRegistry registry, MarginOperators operators, Rules memory rules_) {
        if (rules_.minReward > rules_.maxReward) revert InvalidRules();
        REGISTRY = registry;
        OPERATORS = operators;
        rules = rules_;
    }

    // ------------------------------------------------------------------- bonds

    /// @notice Adds to an account's bond, which is its owner's from then on.
    /// @param context The market.
    /// @param account The account.
    function deposit(bytes31 context, address account) external payable {
        bondOf[context][account].amount += SafeCast.toUint128(msg.value);
        emit Deposited(context, account, msg.value, msg.sender);
    }

    /// @notice The owner or its operator announces a withdrawal.
    /// @param context The market.
    /// @param owner The owner.
    /// @param sub Which of its accounts.
    function announceWithdrawal(bytes31 context, address owner, uint32 sub) external {
        OPERATORS.requireConsent(owner, msg.sender);
        address account = MarginAccounts.derive(owner, sub);
        uint48 from = SafeCast.toUint48(block.timestamp + rules.notice);
        bondOf[context][account].leavesFrom = from;
        emit WithdrawalAnnounced(context, account, from);
    }

    /// @notice The owner or its operator withdraws the bond.
    /// @param context The market.
    /// @param owner The owner.
    /// @param sub Which of its accounts.
    /// @param to Where to.
    function withdraw(
        bytes31 context,
        address owner,
        uint32 sub,
        address payable to
    ) external nonReentrant {
        OPERATORS.requireConsent(owner, msg.sender);
        address account = MarginAccounts.derive(owner, sub);
        Bond memory bond = bondOf[context][account];
        if (bond.leavesFrom == 0 || block.timestamp < bond.leavesFrom) {
            revert NotAnnounced(bond.leavesFrom);
        }
        Standing memory facts = REGISTRY.standing(context, account);
        if (facts.state == State.Called || facts.state == State.Liquidatable) revert AtStake();
        bool proves = facts.state == State.Unproven || facts.state == State.Current;
        if (proves && facts.clock > facts.due) revert AtStake();
        delete bondOf[context][account];
        emit Withdrawn(context, account, bond.amount, to);
        Address.sendValue(to, bond.amount);
    }

    // ------------------------------------------------------------------ rewards

    /// @notice Calls an overdue account for a reward.
    /// @param context The market.
    /// @param account The account.
    function callOverdue(bytes31 context, address account) external nonReentrant {
        uint256 gas = gasleft();
        REGISTRY.callOverdue(context, account);
        (Account memory status, ) = REGISTRY.statusOf(context, account);
        _reward(context, account, status.since, msg.sender, gas);
    }

    /// @notice Shows a breach, for a reward to the address in the last 20 bytes of the
    /// proof's memo, whoever sends it. It is owed too where somebody sent the proof to
    /// the registry before.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function showBreach(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        uint256 gas = gasleft();
        Claim memory claim = MarginClaims.decode(inputs);
        address keeper = address(uint160(uint248(claim.memo)));
        if (keeper == address(0)) revert NobodyToPay();
        // The registry verifies what it does not know; what it knows already, it does
        // not look at.
        if (_isCalledFor(claim)) REGISTRY.checkClaim(circuit, inputs, proof);
        else REGISTRY.submitBreach(circuit, inputs, proof);
        if (!_isCalledFor(claim)) revert NotThisBreach();
        (Account memory status, ) = REGISTRY.statusOf(claim.context, claim.account);
        _reward(claim.context, claim.account, status.since, keeper, gas);
    }

    function _isCalledFor(Claim memory claim) private view returns (bool) {
        (Account memory status, ) = REGISTRY.statusOf(claim.context, claim.account);
        return
            status.state == State.Called &&
            status.reason == CallReason.Breach &&
            status.epoch == claim.epoch &&
            claim.below &&
            status.level == claim.level;
    }

    /// @dev Once per call; no more than the bond has.
    function _reward(
        bytes31 context,
        address account,
        uint48 since,
        address keeper,
        uint256 gasBefore
    ) private {
        if (paidFor[context][account] == since) return;
        paidFor[context][account] = since;
        Rules memory rules_ = rules;
        uint256 price = Math.min(tx.gasprice, rules_.maxGasPrice);
        uint256 cost = (gasBefore - gasleft() + GAS_ON_TOP) * price;
        uint256 reward = Math.min(Math.max(cost, rules_.minReward), rules_.maxReward);
        Bond storage bond = bondOf[context][account];
        reward = Math.min(reward, bond.amount);
        bond.amount -= uint128(reward);
        owed[keeper] += reward;
        emit Rewarded(context, account, keeper, reward);
    }

    /// @notice Pays the sender what it is owed.
    /// @param to Where to.
    function collect(address payable to) external nonReentrant {
        uint256 amount = owed[msg.sender];
        if (amount == 0) revert NothingToCollect();
        delete owed[msg.sender];
        Address.sendValue(to, amount);
    }
}
