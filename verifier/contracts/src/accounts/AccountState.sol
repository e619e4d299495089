// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {
    Account,
    EpochState,
    Level,
    Meta,
    PathRequest,
    Rest,
    Standing,
    State,
    Terms
} from "../MarginTypes.sol";
import { MarginOperators } from "../MarginOperators.sol";
import { MarginRoles } from "../MarginRoles.sol";
import { IMarginCallRegistry } from "../interfaces/IMarginCallRegistry.sol";
import { IMarginMarkets } from "../interfaces/IMarginMarkets.sol";
import { MarginAccounts } from "../lib/MarginAccounts.sol";
import { MarginClock } from "../lib/MarginClock.sol";

/// @title What is stored of accounts, and how it is read at a time
/// @notice `account.rs` of the Rust engine.
abstract contract AccountState is IMarginCallRegistry {
    using MarginClock for Meta;

    /// @dev An account with its status now, and the market it is in. `meta.clock` is
    /// the account's: the market's `clock`, which stands still while it waits for a path.
    struct Seen {
        bytes31 context;
        address id;
        Account account;
        PathRequest path;
        uint48 clock;
        Meta meta;
        Terms terms;
        Rest rest;
    }

    /// @notice The markets.
    IMarginMarkets public immutable MARKETS;
    /// @notice Who may act for whom.
    MarginOperators public immutable OPERATORS;
    /// @notice Who may do what.
    MarginRoles public immutable ROLES;

    mapping(bytes31 context => mapping(address account => Account)) internal _accounts;
    mapping(bytes31 context => mapping(address account => uint128)) internal _shortfalls;
    mapping(bytes31 context => mapping(address account => PathRequest)) internal _paths;

    constructor(IMarginMarkets markets, MarginOperators operators) {
        OPERATORS = operators;
        MARKETS = markets;
        ROLES = markets.ROLES();
    }

    /// @dev The account with its status now: what rests on a rejected epoch is
    /// unproven, a call whose deadline has passed is liquidatable, recorded or not; where
    /// the market limits how many are, once it is recorded.
    function _see(bytes31 context, address id) internal view returns (Seen memory seen) {
        seen.context = context;
        seen.id = id;
        Account memory account = _accounts[context][id];
        seen.account = account;
        (seen.meta, seen.terms, seen.rest) = MARKETS.read(context, account.epoch);
        PathRequest memory path = _paths[context][id];
        seen.path = path;
        seen.clock = seen.meta.clock;
        if (path.open && path.since < seen.clock) seen.meta.clock = path.since;
        if (account.epoch != 0 && seen.rest.state == EpochState.Rejected) {
            uint48 due = MarginClock.add(seen.rest.posted, seen.terms.proofWindow);
            seen.account = _unproven(seen.rest.posted, due, account.lastEpoch);
        } else if (!seen.meta.limitsLiquidations) {
            _passDeadline(seen);
        }
    }

    /// @dev A call whose deadline has passed is liquidatable.
    function _passDeadline(Seen memory seen) internal pure {
        Account memory account = seen.account;
        if (account.state != State.Called) return;
        uint48 deadline = seen.meta.effective(account.until);
        if (seen.meta.clock <= deadline) return;
        account.state = State.Liquidatable;
        account.since = deadline;
        account.until = 0;
    }

    function _unproven(
        uint48 since,
        uint48 due,
        uint64 lastEpoch
    ) internal pure returns (Account memory account) {
        account.state = State.Unproven;
        account.since = since;
        account.until = due;
        account.lastEpoch = lastEpoch;
    }

    /// @dev The same, of a registered account.
    function _open(bytes31 context, address id) internal view returns (Seen memory seen) {
        seen = _see(context, id);
        if (seen.account.state == State.Unregistered) revert NotRegistered();
        if (seen.account.state == State.Closed) revert AccountClosed();
    }

    function _refuseLiquidatable(Seen memory seen) internal pure {
        if (seen.account.state != State.Liquidatable) return;
        revert AccountLiquidatable(seen.account.since);
    }

    /// @dev Whose deadline has passed is refused, marked or not.
    function _refusePassed(Seen memory seen) internal pure {
        _passDeadline(seen);
        _refuseLiquidatable(seen);
    }

    /// @dev The same, of one under no call.
    function _uncalled(bytes31 context, address id) internal view returns (Seen memory seen) {
        seen = _open(context, id);
        if (seen.account.state == State.Called) {
            revert CallOpen(seen.meta.effective(seen.account.until));
        }
        _refuseLiquidatable(seen);
    }

    /// @dev The account waits for no path any more, and has no change on record.
    function _endNotes(Seen memory seen) internal {
        PathRequest storage path = _paths[seen.context][seen.id];
        if (seen.path.open) path.open = false;
        if (seen.path.changed != 0) path.changed = 0;
    }

    function _put(Seen memory seen, Account memory account) internal {
        _accounts[seen.context][seen.id] = account;
    }

    /// @dev Announces that the deadline passed, unless that is on record, where it
    /// is now.
    function _materialise(Seen memory seen) internal returns (bool) {
        if (_accounts[seen.context][seen.id].state == State.Liquidatable) return false;
        _put(seen, seen.account);
        emit Liquidatable(seen.context, seen.id, seen.account.since, msg.sender);
        return true;
    }

    // ------------------------------------------------------------------- views

    /// @inheritdoc IMarginCallRegistry
    function accountOf(address owner, uint32 sub) external pure returns (address) {
        return MarginAccounts.derive(owner, sub);
    }

    /// @inheritdoc IMarginCallRegistry
    function pathOf(bytes31 context, address account) external view returns (PathRequest memory) {
        return _paths[context][account];
    }

    /// @inheritdoc IMarginCallRegistry
    function statusOf(
        bytes31 context,
        address account
    ) external view returns (Account memory status, uint128 shortfall) {
        Seen memory seen = _see(context, account);
        status = seen.account;
        if (status.until != 0) status.until = seen.meta.effective(status.until);
        if (status.disclosed) shortfall = _shortfalls[context][account];
    }

    /// @inheritdoc IMarginCallRegistry
    function liquidatable(bytes31 context, address account) external view returns (bool) {
        if (_accounts[context][account].state == State.Unregistered) return false;
        return _see(context, account).account.state == State.Liquidatable;
    }

    /// @inheritdoc IMarginCallRegistry
    function mayIncreaseRisk(
        bytes31 context,
        address account,
        Level minLevel,
        uint48 maxAge
    ) external view returns (bool) {
        if (_accounts[context][account].state != State.Current) return false;
        Seen memory seen = _see(context, account);
        if (seen.account.state != State.Current || seen.account.level < minLevel) return false;
        if (seen.path.open || seen.path.changed != 0) return false;
        if (seen.meta.clock > seen.meta.effective(seen.account.until)) return false;
        return MARKETS.vouchesFor(context, seen.account.epoch, maxAge);
    }

    /// @inheritdoc IMarginCallRegistry
    function standing(
        bytes31 context,
        address account
    ) external view returns (Standing memory facts) {
        Seen memory seen = _see(context, account);
        uint48 time = seen.meta.lastTime;
        facts.state = seen.account.state;
        facts.level = seen.account.level;
        // Also of an epoch that was rejected since.
        facts.epoch = _accounts[context][account].epoch;
        if (seen.account.until != 0) facts.due = seen.meta.effective(seen.account.until);
        facts.clock = seen.meta.clock;
        if (facts.epoch != 0) {
            facts.marketTimestamp = seen.rest.marketTimestamp;
            if (time > facts.marketTimestamp) facts.marketAge = time - facts.marketTimestamp;
        }
        facts.halted = seen.meta.halted();
        facts.stale = time > seen.meta.freshUntil;
        facts.provableNow = seen.meta.provable(time);
        facts.circuitsFrozen = seen.meta.circuitsFrozen;
        facts.waits = seen.path.open;
    }
}
