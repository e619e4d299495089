// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Address } from "@openzeppelin/contracts/utils/Address.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { MarginOperators } from "./MarginOperators.sol";
import { MarginRoles } from "./MarginRoles.sol";
import { PathRequest } from "./MarginTypes.sol";
import { IMarginCallRegistry } from "./interfaces/IMarginCallRegistry.sol";
import { MarginAccounts } from "./lib/MarginAccounts.sol";

/// @title Paths demanded on record
/// @notice A proof needs the account's path in the state tree, which the venue alone
/// has. Who does not get it demands it here with a bond: from then on the account's
/// clock stands still in the registry, until the venue answers with the path, encrypted
/// to the key that the demand names, or the account proves itself after all.
///
/// Every demand is answered on record, also one whose account has proved itself since.
/// Answered in time, its bond is the venue's; not in time, the account's side has it
/// back with the venue's stake, and the account waits on. What the venue answers
/// nobody but the account can read: rubbish is on record, and the account demands the
/// next epoch's path. A demand costs its bond, so that whoever only wants time pays
/// for it, once an epoch, and gets what the venue takes to answer.
///
/// The venue of a market holds its `VENUE_ROLE`. What it leaves here is at stake for
/// all demands together; of what is in no open demand's stake it takes back after a notice.
contract MarginPaths is ReentrancyGuardTransient {
    /// @notice What a demand costs, and what is at stake.
    /// @param demandBond What a demand costs, in wei.
    /// @param stake What the venue loses for one that it does not answer, in wei.
    /// @param answerPeriod How long it may take to answer, in seconds.
    /// @param notice How long before a withdrawal it is announced, in seconds; at
    /// least `answerPeriod`.
    struct Rules {
        uint128 demandBond;
        uint128 stake;
        uint32 answerPeriod;
        uint32 notice;
    }

    /// @notice What a venue left here.
    /// @param free What is in no demand's stake, in wei.
    /// @param leavesFrom From when on it can be withdrawn; zero when not announced.
    struct Bond {
        uint128 free;
        uint48 leavesFrom;
    }

    /// @notice A demand.
    /// @param requester Whose its bond is.
    /// @param answerBy Until when, inclusive, the venue may answer for nothing.
    /// @param settled Whether bond and stake have gone to somebody.
    /// @param answered Whether an answer is on record.
    /// @param bond What it cost, in wei.
    /// @param stake What the venue had to lose, in wei.
    struct Demand {
        address requester;
        uint48 answerBy;
        bool settled;
        bool answered;
        uint128 bond;
        uint128 stake;
    }

    /// @notice No time to answer, or a notice that is shorter.
    error InvalidRules();
    /// @notice A demand costs exactly so much.
    error WrongBond(uint128 bond);
    /// @notice A key of zero bytes encrypts nothing.
    error NoKey();
    /// @notice An answer without bytes.
    error NoAnswer();
    /// @notice The sender is not the market's venue.
    error NotTheVenue();
    /// @notice Nothing was demanded, or it was answered already.
    error NothingDemanded();
    /// @notice Bond and stake are settled, or the time to answer is not over.
    error NotForfeited(uint48 answerBy);
    /// @notice The withdrawal was not announced, or not long enough ago.
    error NotAnnounced(uint48 from);
    /// @notice There is nothing to collect.
    error NothingToCollect();

    /// @notice A path was demanded; `key` is the X25519 public key of an age
    /// recipient, which the answer is encrypted to.
    event PathDemanded(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        bytes32 key,
        uint48 answerBy,
        uint128 stake,
        address requester
    );
    /// @notice It was answered; `answer` is an age file to the demand's key.
    event PathDelivered(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        bytes answer,
        bool inTime,
        address sender
    );
    /// @notice It was not answered in time: `amount` is the requester's.
    event StakeForfeited(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        uint256 amount,
        address requester
    );
    /// @notice A venue's bond grew.
    event Deposited(bytes31 indexed context, uint256 amount, address sender);
    /// @notice A withdrawal is possible from then on.
    event WithdrawalAnnounced(bytes31 indexed context, uint48 from);
    /// @notice A venue withdrew.
    event Withdrawn(bytes31 indexed context, uint256 amount, address to);

    /// @notice Of one market: answers demands. Granted as `marketRole(context, VENUE_ROLE)`.
    bytes32 public constant VENUE_ROLE = keccak256("VENUE_ROLE");

    /// @notice The accounts.
    IMarginCallRegistry public immutable REGISTRY;
    /// @notice Who may act for their owners.
    MarginOperators public immutable OPERATORS;
    /// @notice Who may do what.
    MarginRoles public immutable ROLES;

    /// @notice What a demand costs, and what is at stake.
    Rules public rules;
    /// @notice What venues left here.
    mapping(bytes31 context => Bond) public bondOf;
    /// @notice Demands.
    mapping(bytes31 context => mapping(address account => mapping(uint64 epoch => Demand)))
        public demandOf;
    /// @notice What requesters can collect, in wei.
    mapping(address requester => uint256) public owed;

    /// @param registry The accounts.
    /// @param operators Who may act for their owners.
    /// @param roles Who may do what.
    /// @param rules_ What a demand costs, and what is at stake. Fixed.
    constructor(
        IMarginCallRegistry registry,
        MarginOperators operators,
        MarginRoles roles,
        Rules memory rules_
    ) {
        // A venue that announced its leave before a demand loses its stake all the same.
        if (rules_.answerPeriod == 0 || rules_.notice < rules_.answerPeriod) revert InvalidRules();
        REGISTRY = registry;
        OPERATORS = operators;
        ROLES = roles;
        rules = rules_;
    }

    // ----------------------------------------------------------------- demands

    /// @notice The owner or its operator demands an account's path in the latest epoch.
    /// @param context The market.
    /// @param owner The owner.
    /// @param sub Which of its accounts.
    /// @param key The X25519 public key of the age recipient that the answer is encrypted to.
    /// @return epoch The epoch.
    function demand(
        bytes31 context,
        address owner,
        uint32 sub,
        bytes32 key
    ) external payable nonReentrant returns (uint64 epoch) {
        OPERATORS.requireConsent(owner, msg.sender);
        Rules memory rules_ = rules;
        if (msg.value != rules_.demandBond) revert WrongBond(rules_.demandBond);
        if (key == 0) revert NoKey();
        address account = MarginAccounts.derive(owner, sub);
        epoch = REGISTRY.requestPath(context, account);
        Bond storage bond = bondOf[context];
        uint128 stake = uint128(Math.min(rules_.stake, bond.free));
        bond.free -= stake;
        uint48 answerBy = SafeCast.toUint48(block.timestamp + rules_.answerPeriod);
        demandOf[context][account][epoch] = Demand(
            msg.sender,
            answerBy,
            false,
            false,
            rules_.demandBond,
            stake
        );
        emit PathDemanded(context, account, epoch, key, answerBy, stake, msg.sender);
    }

    /// @notice The venue answers. Late, it has lost its stake, and the account's clock
    /// runs again all the same.
    /// @param context The market.
    /// @param account The account.
    /// @param epoch The epoch demanded.
    /// @param sealedPath The path, as an age file encrypted to the demand's key.
    function answer(
        bytes31 context,
        address account,
        uint64 epoch,
        bytes calldata sealedPath
    ) external nonReentrant {
        _requireVenue(context);
        if (sealedPath.length == 0) revert NoAnswer();
        Demand storage asked = demandOf[context][account][epoch];
        if (asked.requester == address(0) || asked.answered) revert NothingDemanded();
        asked.answered = true;
        bool inTime = block.timestamp <= asked.answerBy;
        if (inTime) {
            asked.settled = true;
            bondOf[context].free += asked.bond + asked.stake;
        } else if (!asked.settled) {
            _forfeit(context, account, epoch, asked);
        }
        // Not when the account has proved itself since, and perhaps waits for another.
        PathRequest memory path = REGISTRY.pathOf(context, account);
        if (path.open && path.epoch == epoch) REGISTRY.answerPath(context, account);
        emit PathDelivered(context, account, epoch, sealedPath, inTime, msg.sender);
    }

    /// @notice Anyone has the bond and the stake of a demand that was not answered in
    /// time given to its requester. The account waits on.
    /// @param context The market.
    /// @param account The account.
    /// @param epoch The epoch demanded.
    function forfeit(bytes31 context, address account, uint64 epoch) external {
        Demand storage asked = demandOf[context][account][epoch];
        if (asked.requester == address(0)) revert NothingDemanded();
        if (asked.settled || block.timestamp <= asked.answerBy) revert NotForfeited(asked.answerBy);
        _forfeit(context, account, epoch, asked);
    }

    function _forfeit(
        bytes31 context,
        address account,
        uint64 epoch,
        Demand storage asked
    ) private {
        asked.settled = true;
        uint256 amount = uint256(asked.bond) + asked.stake;
        owed[asked.requester] += amount;
        emit StakeForfeited(context, account, epoch, amount, asked.requester);
    }

    /// @notice Pays the sender what it is owed.
    /// @param to Where to.
    function collect(address payable to) external nonReentrant {
        uint256 amount = owed[msg.sender];
        if (amount == 0) revert NothingToCollect();
        delete owed[msg.sender];
        Address.sendValue(to, amount);
    }

    // ------------------------------------------------------------------- bonds

    /// @notice Adds to the bond of a market's venue.
    /// @param context The market.
    function deposit(bytes31 context) external payable {
        bondOf[context].free += SafeCast.toUint128(msg.value);
        emit Deposited(context, msg.value, msg.sender);
    }

    /// @notice The venue announces a withdrawal.
    /// @param context The market.
    function announceWithdrawal(bytes31 context) external {
        _requireVenue(context);
        uint48 from = SafeCast.toUint48(block.timestamp + rules.notice);
        bondOf[context].leavesFrom = from;
        emit WithdrawalAnnounced(context, from);
    }

    /// @notice The venue withdraws what is in no demand's stake.
    /// @param context The market.
    /// @param to Where to.
    function withdraw(bytes31 context, address payable to) external nonReentrant {
        _requireVenue(context);
        Bond memory bond = bondOf[context];
        if (bond.leavesFrom == 0 || block.timestamp < bond.leavesFrom) {
            revert NotAnnounced(bond.leavesFrom);
        }
        delete bondOf[context];
        emit Withdrawn(context, bond.free, to);
        Address.sendValue(to, bond.free);
    }

    function _requireVenue(bytes31 context) private view {
        if (!ROLES.hasRole(ROLES.marketRole(context, VENUE_ROLE), msg.sender)) revert NotTheVenue();
    }
}
