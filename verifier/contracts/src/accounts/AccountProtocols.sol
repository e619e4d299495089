// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Account, Meta, State } from "../MarginTypes.sol";
import { ILiquidationHook } from "../interfaces/ILiquidationHook.sol";
import { IMarginCallRegistry } from "../interfaces/IMarginCallRegistry.sol";
import { MarginAccounts } from "../lib/MarginAccounts.sol";
import { MarginClock } from "../lib/MarginClock.sol";
import { AccountState } from "./AccountState.sol";

/// @title Protocols that rely on accounts
/// @notice Several may subscribe to one account. Each has a hook of its own, closes
/// for itself and settles for itself; the record is shared.
abstract contract AccountProtocols is AccountState, ReentrancyGuardTransient {
    using MarginClock for Meta;

    /// @dev `settled` is the `since` of the liquidatable record that the protocol
    /// settled: the next one, if there ever is one, has a later.
    struct Subscription {
        address protocol;
        uint48 settled;
        bool failed;
    }

    /// @notice Gas given to a hook.
    uint256 public constant HOOK_GAS = 200_000;
    /// @notice How many protocols can subscribe to an account: everyone who calls it
    /// pays for their hooks.
    uint256 public constant MAX_PROTOCOLS = 4;

    /// @notice What a protocol wants told of the accounts it subscribes to.
    mapping(address protocol => ILiquidationHook) public hookOf;

    mapping(bytes31 context => mapping(address account => Subscription[])) private _subscriptions;

    // ----------------------------------------------------------- subscriptions

    /// @inheritdoc IMarginCallRegistry
    function subscribe(bytes31 context, address owner, uint32 sub) external nonReentrant {
        OPERATORS.requireConsent(owner, msg.sender);
        ROLES.requireProtocol(context, msg.sender);
        address id = MarginAccounts.derive(owner, sub);
        _refusePassed(_open(context, id));
        Subscription[] storage all = _subscriptions[context][id];
        if (_find(all, msg.sender) != all.length) revert AlreadySubscribed();
        if (all.length == MAX_PROTOCOLS) revert StillSubscribed();
        all.push(Subscription(msg.sender, 0, false));
        emit Subscribed(context, id, msg.sender);
    }

    /// @inheritdoc IMarginCallRegistry
    function close(bytes31 context, address id) external nonReentrant {
        Seen memory seen = _open(context, id);
        Subscription[] storage all = _subscriptions[context][id];
        uint256 index = _find(all, msg.sender);
        if (index == all.length) revert NotSubscribed();
        all[index] = all[all.length - 1];
        all.pop();
        emit Unsubscribed(context, id, msg.sender);
        bool liquidated = seen.account.state == State.Liquidatable;
        bool news = liquidated && _materialise(seen);
        if (all.length == 0) _close(seen, liquidated);
        else if (liquidated && !_reinstated(seen, all) && news) _tell(seen, address(0));
    }

    /// @inheritdoc IMarginCallRegistry
    function reinstate(bytes31 context, address id) external nonReentrant {
        Seen memory seen = _open(context, id);
        if (seen.account.state != State.Liquidatable) revert NotLiquidatable();
        Subscription[] storage all = _subscriptions[context][id];
        uint256 index = _find(all, msg.sender);
        if (index == all.length) revert NotSubscribed();
        bool news = _materialise(seen);
        if (all[index].settled == seen.account.since) revert AlreadySettled();
        all[index].settled = seen.account.since;
        emit Settled(context, id, msg.sender);
        if (!_reinstated(seen, all) && news) _tell(seen, msg.sender);
    }

    /// @dev The account counts as unproven, and has an overdue call's period to prove.
    function _reinstated(Seen memory seen, Subscription[] storage all) private returns (bool) {
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i].settled != seen.account.since) return false;
        }
        uint48 clock = seen.meta.clock;
        uint48 due = MarginClock.add(clock, seen.terms.cureOverdue);
        // What was closed of it is not what it said it would close.
        _endNotes(seen);
        _put(seen, _unproven(clock, due, seen.meta.latest));
        emit Reinstated(seen.context, seen.id, due, msg.sender);
        return true;
    }

    function _close(Seen memory seen, bool liquidated) internal {
        _putClosed(seen);
        emit Closed(seen.context, seen.id, liquidated, msg.sender);
    }

    function _putClosed(Seen memory seen) private {
        Account memory closed;
        closed.state = State.Closed;
        closed.since = seen.clock;
        closed.lastEpoch = seen.account.lastEpoch;
        _endNotes(seen);
        _put(seen, closed);
    }

    /// @inheritdoc IMarginCallRegistry
    function depart(bytes31 context, address owner, uint32 sub) external nonReentrant {
        OPERATORS.requireConsent(owner, msg.sender);
        address id = MarginAccounts.derive(owner, sub);
        Seen memory seen = _open(context, id);
        if (_subscriptions[context][id].length != 0) revert StillSubscribed();
        bool liquidated = seen.account.state == State.Liquidatable;
        if (liquidated) _materialise(seen);
        _close(seen, liquidated);
    }

    /// @inheritdoc IMarginCallRegistry
    function escape(bytes31 context, address owner, uint32 sub) external nonReentrant {
        OPERATORS.requireConsent(owner, msg.sender);
        address id = MarginAccounts.derive(owner, sub);
        Seen memory seen = _open(context, id);
        _refusePassed(seen);
        (uint48 time, uint48 ran) = (seen.meta.lastTime, seen.meta.lastRan);
        if (seen.path.open && seen.path.asked < ran) ran = seen.path.asked;
        if (time - ran <= MARKETS.escapeAfter(context)) revert NotStuck(ran);
        delete _subscriptions[context][id];
        _putClosed(seen);
        emit Escaped(context, id, msg.sender);
    }

    /// @dev Where a protocol's subscription is; behind the last when there is none.
    function _find(
        Subscription[] storage all,
        address protocol
    ) private view returns (uint256 index) {
        uint256 count = all.length;
        while (index < count && all[index].protocol != protocol) ++index;
    }

    /// @inheritdoc IMarginCallRegistry
    function isSubscribed(
        bytes31 context,
        address account,
        address protocol
    ) external view returns (bool) {
        Subscription[] storage all = _subscriptions[context][account];
        return _find(all, protocol) != all.length;
    }

    /// @inheritdoc IMarginCallRegistry
    function protocolsOf(
        bytes31 context,
        address account
    ) external view returns (address[] memory protocols) {
        Subscription[] storage all = _subscriptions[context][account];
        protocols = new address[](all.length);
        for (uint256 i = 0; i < protocols.length; ++i) protocols[i] = all[i].protocol;
    }

    // ------------------------------------------------------------------- hooks

    /// @inheritdoc IMarginCallRegistry
    function setHook(ILiquidationHook hook) external {
        hookOf[msg.sender] = hook;
        emit HookSet(msg.sender, address(hook));
    }

    /// @inheritdoc IMarginCallRegistry
    function retryHook(bytes31 context, address id, address protocol) external nonReentrant {
        Seen memory seen = _see(context, id);
        Subscription[] storage all = _subscriptions[context][id];
        uint256 index = _find(all, protocol);
        if (index == all.length || !all[index].failed) revert NothingToRetry();
        // Of an account that has to prove itself anew there is nothing to tell.
        if (_accounts[context][id].state == State.Unproven) revert NothingToRetry();
        all[index].failed = false;
        _tellOne(seen, all[index], _message(seen));
    }

    /// @dev Tells every subscribed protocol but one of what the account's state is now.
    function _tell(Seen memory seen, address but) internal {
        Subscription[] storage all = _subscriptions[seen.context][seen.id];
        uint256 count = all.length;
        if (count == 0) return;
        bytes memory message = _message(seen);
        for (uint256 i = 0; i < count; ++i) {
            if (all[i].protocol != but) _tellOne(seen, all[i], message);
        }
    }

    function _message(Seen memory seen) private view returns (bytes memory) {
        Account memory account = _accounts[seen.context][seen.id];
        bytes31 context = seen.context;
        if (account.state == State.Called) {
            uint48 deadline = seen.meta.effective(account.until);
            return
                abi.encodeCall(
                    ILiquidationHook.onCalled,
                    (context, seen.id, account.reason, account.level, deadline)
                );
        }
        if (account.state == State.Liquidatable) {
            return
                abi.encodeCall(ILiquidationHook.onLiquidatable, (context, seen.id, account.since));
        }
        return abi.encodeCall(ILiquidationHook.onCured, (context, seen.id, account.level));
    }

    /// @dev The hook gets its gas in full or the transition does not happen, so
    /// that nobody can make it fail by sending too little.
    function _tellOne(
        Seen memory seen,
        Subscription storage subscription,
        bytes memory message
    ) private {
        address target = address(hookOf[subscription.protocol]);
        if (target == address(0)) return;
        uint256 needed = (HOOK_GAS * 64) / 63 + 10_000;
        if (gasleft() < needed) revert TooLittleGasForHook(needed);
        bool success;
        // Nothing that it returns is copied.
        assembly ("memory-safe") {
            success := call(HOOK_GAS, target, 0, add(message, 0x20), mload(message), 0, 0)
        }
        if (success && target.code.length != 0) return;
        subscription.failed = true;
        emit HookFailed(seen.context, seen.id, subscription.protocol);
    }
}
