// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Account, CallReason, Claim, Level, Meta, State, Terms } from "./MarginTypes.sol";
import { MarginOperators } from "./MarginOperators.sol";
import { AccountPaths } from "./accounts/AccountPaths.sol";
import { AccountProtocols } from "./accounts/AccountProtocols.sol";
import { AccountState } from "./accounts/AccountState.sol";
import { IMarginCallRegistry } from "./interfaces/IMarginCallRegistry.sol";
import { IMarginMarkets } from "./interfaces/IMarginMarkets.sol";
import { IMarginProofGate } from "./interfaces/IMarginProofGate.sol";
import { MarginAccounts } from "./lib/MarginAccounts.sol";
import { MarginCalldata } from "./lib/MarginCalldata.sol";
import { MarginClaims } from "./lib/MarginClaims.sol";
import { MarginClock } from "./lib/MarginClock.sol";

/// @title The margin-call registry
/// @notice Transitions of accounts: `transition.rs` of the Rust engine.
///
///                     register                 submitProof
///     Unregistered ------------> Unproven --------------------> Current <--+ submitProof
///                                ^ ^ |                          |  ^   |---+
///                       register | | | submitBreach             |  |
///                                | | | callOverdue              |  |
///             close, escape      | | +----------> Called <------+  | submitBreach
///      (Unproven, Current,  --> Closed  |          |   |   cure   | (more severe)
///       Called)                  ^     | reinstate |   +----------+
///                          close |     |           | deadline passed
///                                +--- Liquidatable <+
///
/// What rests on an epoch that the guardian rejected is Unproven. A proof is
/// verified only after everything else about it has been checked, so what is
/// refused is refused cheaply, and nothing is written before it is accepted.
contract MarginCallRegistry is AccountPaths, AccountProtocols {
    using MarginClock for Meta;

    /// @notice The way to the verifiers.
    IMarginProofGate public immutable GATE;

    /// @param markets The markets.
    /// @param gate Their circuits.
    /// @param operators Who may act for whom.
    constructor(
        IMarginMarkets markets,
        IMarginProofGate gate,
        MarginOperators operators
    ) AccountState(markets, operators) {
        GATE = gate;
    }

    /// @inheritdoc IMarginCallRegistry
    function register(
        bytes31 context,
        address owner,
        uint32 sub
    ) external nonReentrant returns (address id) {
        OPERATORS.requireConsent(owner, msg.sender);
        id = MarginAccounts.derive(owner, sub);
        uint48 due = _register(context, id);
        emit Registered(context, id, owner, sub, due, msg.sender);
    }

    function _register(bytes31 context, address id) internal returns (uint48 due) {
        Seen memory seen = _see(context, id);
        uint64 lastEpoch = 0;
        // A new account may prove itself in an epoch that is posted already; the
        // epochs of a closed one's past life do not count.
        if (seen.account.state == State.Closed) lastEpoch = seen.meta.latest;
        else if (seen.account.state != State.Unregistered) revert AlreadyRegistered();
        uint48 clock = seen.meta.clock;
        due = MarginClock.add(clock, seen.terms.proofWindow);
        _put(seen, _unproven(clock, due, lastEpoch));
    }

    // -------------------------------------------------------------------- proofs

    /// @inheritdoc IMarginCallRegistry
    function checkClaim(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external view returns (Claim memory claim) {
        claim = MarginClaims.decode(inputs);
        Seen memory seen = _see(claim.context, claim.account);
        if (seen.meta.halted()) revert EngineHalted();
        if (!claim.below) _refuseChanged(seen);
        MARKETS.requireEvidence(claim);
        GATE.requireProof(circuit, inputs, proof);
    }

    /// @dev While a change is on record nobody knows which portfolio a proof is of.
    function _refuseChanged(Seen memory seen) private pure {
        if (seen.path.changed != 0) revert ChangeOpen(seen.path.changed);
    }

    /// @inheritdoc IMarginCallRegistry
    function submitProof(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        MarginCalldata.requireExact(proof);
        Claim memory claim = MarginClaims.decode(inputs);
        (Seen memory seen, uint48 posted, bool known) = _submitted(claim);
        if (known) return;
        GATE.requireProof(circuit, inputs, proof);
        _makeCurrent(seen, claim, posted, circuit, msg.sender);
    }

    /// @inheritdoc IMarginCallRegistry
    function submitProofs(
        bytes32 circuit,
        uint256[9][] calldata inputs,
        bytes[] calldata proofs
    ) external nonReentrant {
        MarginCalldata.requireExactBatch(inputs, proofs);
        GATE.requireProofs(circuit, inputs, proofs);
        for (uint256 i = 0; i < inputs.length; ++i) {
            try this.acceptProved(circuit, inputs[i], msg.sender) {
                continue;
            } catch (bytes memory reason) {
                // No refusal of the engine is without words: the gas ran out.
                if (reason.length == 0) revert TooLittleGasForBatch();
                Claim memory claim = MarginClaims.decode(inputs[i]);
                emit ProofRefused(claim.context, claim.account, claim.epoch, reason);
            }
        }
    }

    /// @notice What `submitProofs` does with each proof, once all are proved.
    /// @dev The registry calls itself, so that a refusal of one account takes back
    /// what was done for that account alone.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs.
    /// @param sender Who submitted them.
    function acceptProved(bytes32 circuit, uint256[9] calldata inputs, address sender) external {
        if (msg.sender != address(this)) revert NotTheRegistry();
        Claim memory claim = MarginClaims.decode(inputs);
        (Seen memory seen, uint48 posted, bool known) = _submitted(claim);
        if (!known) _makeCurrent(seen, claim, posted, circuit, sender);
    }

    function _requireChanges() private view {
        if (!GATE.keeps(msg.sender)) revert NotTheChanges();
    }

    /// @inheritdoc IMarginCallRegistry
    function setChange(bytes31 context, address id, uint64 epoch) external {
        _requireChanges();
        _paths[context][id].changed = epoch;
    }

    /// @inheritdoc IMarginCallRegistry
    function acceptShown(
        bytes32 circuit,
        uint256[9] calldata inputs,
        uint48 posted,
        address sender
    ) external nonReentrant {
        _requireChanges();
        Claim memory claim = MarginClaims.decode(inputs);
        Seen memory seen = _see(claim.context, claim.account);
        bool called = seen.account.state == State.Called;
        _makeCurrent(seen, claim, posted, circuit, sender);
        if (called) _tell(seen, address(0));
    }

    /// @dev All that is checked of an *at-least* claim but its proof. `known` when
    /// it says nothing new.
    function _submitted(
        Claim memory claim
    ) private view returns (Seen memory seen, uint48 posted, bool known) {
        seen = _uncalled(claim.context, claim.account);
        Account memory account = seen.account;
        posted = _atLeast(seen, claim, seen.terms.requiredLevel);
        if (claim.epoch <= account.lastEpoch) {
            bool same = account.state == State.Current && claim.epoch == account.epoch;
            if (!same) revert Replayed(account.lastEpoch);
            known = claim.level <= account.level;
        }
    }

    /// @inheritdoc IMarginCallRegistry
    function cure(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        MarginCalldata.requireExact(proof);
        Claim memory claim = MarginClaims.decode(inputs);
        Seen memory seen = _open(claim.context, claim.account);
        Account memory account = seen.account;
        _refuseLiquidatable(seen);
        if (account.state != State.Called) {
            if (!_known(account, claim)) revert NotCalled();
            // Sent twice.
            if (seen.meta.halted()) revert EngineHalted();
            MARKETS.requireEvidence(claim);
            return;
        }
        bool overdue = account.reason == CallReason.Overdue;
        Level required = overdue ? seen.terms.requiredLevel : seen.terms.cureLevel;
        uint48 posted = _atLeast(seen, claim, required);
        // A breach is cured in a later epoch. Whoever was silent may answer in
        // the epoch that was the latest when the call was made.
        bool inTime = overdue ? claim.epoch >= account.epoch : claim.epoch > account.epoch;
        if (!inTime) revert TooOldToCure(account.epoch);
        GATE.requireProof(circuit, inputs, proof);
        _makeCurrent(seen, claim, posted, circuit, msg.sender);
        _tell(seen, address(0));
    }

    function _known(Account memory account, Claim memory claim) private pure returns (bool) {
        return
            account.state == State.Current &&
            claim.epoch == account.epoch &&
            !claim.below &&
            claim.level <= account.level;
    }

    /// @dev Everything about an *at-least* claim but its proof and its epoch's order.
    function _atLeast(
        Seen memory seen,
        Claim memory claim,
        Level required
    ) private view returns (uint48 posted) {
        if (seen.meta.halted()) revert EngineHalted();
        if (claim.below) revert WrongSide();
        if (claim.level < required) revert LevelTooLow(required);
        _refuseChanged(seen);
        return MARKETS.requireEvidence(claim);
    }

    /// @dev The window counts from the posting of the epoch: holding a proof back
    /// gains nothing.
    function _makeCurrent(
        Seen memory seen,
        Claim memory claim,
        uint48 posted,
        bytes32 circuit,
        address sender
    ) private {
        Account memory account = seen.account;
        bool called = account.state == State.Called;
        bool again = account.state == State.Current && account.epoch == claim.epoch;
        account.level = claim.level;
        // A higher level in the same epoch changes nothing else.
        if (!again) {
            account.state = State.Current;
            account.reason = CallReason.Breach;
            account.disclosed = false;
            account.since = seen.clock;
            account.until = MarginClock.add(posted, seen.terms.proofWindow);
            account.lastEpoch = claim.epoch;
            account.epoch = claim.epoch;
            // Whoever proves has its path, and no change on record but the one it showed.
            _endNotes(seen);
        }
        _put(seen, account);
        uint48 due = account.until;
        (bytes31 context, address id) = (seen.context, seen.id);
        if (called) {
            emit Cured(context, id, claim.epoch, claim.level, due, circuit, sender);
        } else {
            emit ProofAccepted(context, id, claim.epoch, claim.level, due, circuit, sender);
        }
    }

    // --------------------------------------------------------------------- calls

    /// @inheritdoc IMarginCallRegistry
    function submitBreach(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        MarginCalldata.requireExact(proof);
        (Seen memory seen, Claim memory claim, Account memory account) = _breach(inputs);
        if (account.state == State.Unregistered) return;
        GATE.requireProof(circuit, inputs, proof);
        _call(seen, claim, account, circuit, msg.sender);
    }

    /// @inheritdoc IMarginCallRegistry
    function acceptBreach(
        bytes32 circuit,
        uint256[9] calldata inputs,
        address sender
    ) external nonReentrant {
        if (msg.sender != GATE.batches()) revert NotTheBatches();
        (Seen memory seen, Claim memory claim, Account memory account) = _breach(inputs);
        if (account.state != State.Unregistered) _call(seen, claim, account, circuit, sender);
    }

    /// @dev All that is checked of a breach but its proof, and the account after it: one of
    /// zeros when nothing changes.
    function _breach(
        uint256[9] calldata inputs
    ) private view returns (Seen memory seen, Claim memory claim, Account memory account) {
        claim = MarginClaims.decode(inputs);
        seen = _open(claim.context, claim.account);
        _refuseLiquidatable(seen);
        if (seen.meta.halted()) revert EngineHalted();
        if (!claim.below) revert WrongSide();
        Level breach = seen.terms.breachLevel;
        // Short of many times what a level requires is not below the level.
        if (claim.level > breach || claim.multiplied) revert NotABreach(breach);
        MARKETS.requireEvidence(claim);
        _requireNewBreach(seen.account, claim.epoch);
        bool changed;
        (account, changed) = _breached(seen, claim);
        if (!changed) delete account;
    }

    function _call(
        Seen memory seen,
        Claim memory claim,
        Account memory account,
        bytes32 circuit,
        address sender
    ) private {
        bool called = seen.account.state == State.Called;
        uint128 shortfall = _keepShortfall(seen, claim, account);
        _put(seen, account);
        _announce(seen, account, called, shortfall, circuit, sender);
    }

    /// @dev In the epoch of an at-least proof a breach cannot be true as well,
    /// unless the venue put the account into the tree twice: the breach wins.
    function _requireNewBreach(Account memory account, uint64 epoch) private pure {
        uint64 last = account.lastEpoch;
        bool inTime;
        if (account.state != State.Called) {
            bool tie = account.state == State.Current && epoch == last;
            inTime = epoch > last || tie;
        } else if (account.reason == CallReason.Overdue) {
            inTime = epoch > last;
        } else {
            inTime = epoch >= account.epoch;
        }
        if (inTime) return;
        bool called = account.state == State.Called && account.epoch > last;
        revert Replayed(called ? account.epoch : last);
    }

    /// @dev The account after the breach. An open call becomes no less severe, and
    /// its deadline no later.
    function _breached(
        Seen memory seen,
        Claim memory claim
    ) private pure returns (Account memory account, bool changed) {
        Account memory before = seen.account;
        account.state = State.Called;
        account.reason = CallReason.Breach;
        account.level = claim.level;
        account.epoch = claim.epoch;
        account.lastEpoch = claim.epoch;
        account.since = seen.meta.clock;
        account.disclosed = _discloses(seen.terms, claim);
        bool refines = before.state == State.Called;
        bool again = refines && before.reason == CallReason.Breach;
        if (again && before.level < claim.level) account.level = before.level;
        account.until = MarginClock.add(seen.meta.clock, _period(seen.terms, account.level));
        if (!refines) return (account, true);

        account.since = before.since;
        if (before.epoch > claim.epoch) account.epoch = before.epoch;
        if (before.until < account.until) account.until = before.until;
        bool discloses = account.disclosed && (claim.epoch > before.epoch || !before.disclosed);
        account.disclosed = discloses || before.disclosed;
        changed =
            !again ||
            discloses ||
            account.lastEpoch != before.lastEpoch ||
            account.level != before.level ||
            account.until != before.until;
    }

    /// @dev A shortfall of a lower level is smaller than that of the breach: it
    /// would be taken for it.
    function _discloses(Terms memory terms, Claim memory claim) private pure returns (bool) {
        return claim.disclosed != 0 && claim.level == terms.breachLevel;
    }

    function _keepShortfall(
        Seen memory seen,
        Claim memory claim,
        Account memory account
    ) private returns (uint128 shortfall) {
        bool kept = seen.account.state == State.Called && seen.account.disclosed;
        bool newer = claim.epoch > seen.account.epoch;
        if (_discloses(seen.terms, claim) && (!kept || newer)) {
            _shortfalls[seen.context][seen.id] = claim.disclosed;
            return claim.disclosed;
        }
        return account.disclosed ? _shortfalls[seen.context][seen.id] : 0;
    }

    function _announce(
        Seen memory seen,
        Account memory account,
        bool refined,
        uint128 shortfall,
        bytes32 circuit,
        address sender
    ) private {
        uint48 deadline = account.until;
        if (refined) {
            emit CallRefined(
                seen.context,
                seen.id,
                account.epoch,
                account.level,
                deadline,
                shortfall,
                circuit,
                sender
            );
        } else {
            emit Called(
                seen.context,
                seen.id,
                account.epoch,
                account.reason,
                account.level,
                deadline,
                shortfall,
                circuit,
                sender
            );
        }
        _tell(seen, address(0));
    }

    /// @dev How long an account has, by the level below which it was proved.
    function _period(Terms memory terms, Level level) private pure returns (uint32) {
        if (level == Level.Initial) return terms.cureBelowInitial;
        if (level == Level.Maintenance) return terms.cureBelowMaintenance;
        return terms.cureBelowMarginCall;
    }

    /// @inheritdoc IMarginCallRegistry
    function callOverdue(bytes31 context, address id) external nonReentrant {
        Seen memory seen = _uncalled(context, id);
        Meta memory meta = seen.meta;
        if (meta.halted()) revert EngineHalted();
        uint48 due = meta.effective(seen.account.until);
        if (meta.clock <= due) revert NotOverdue(due);
        // A call needs an epoch that the account could prove itself in now.
        _requireProvable(meta);
        Account memory account;
        account.state = State.Called;
        account.reason = CallReason.Overdue;
        account.since = meta.clock;
        account.until = MarginClock.add(meta.clock, seen.terms.cureOverdue);
        account.lastEpoch = seen.account.lastEpoch;
        account.epoch = meta.latest;
        _put(seen, account);
        _announce(seen, account, false, 0, bytes32(0), msg.sender);
    }

    // --------------------------------------------------------------- liquidation

    /// @inheritdoc IMarginCallRegistry
    function markLiquidatable(bytes31 context, address id) external nonReentrant {
        Seen memory seen = _open(context, id);
        _passDeadline(seen);
        if (seen.account.state != State.Liquidatable) revert NotLiquidatable();
        if (!_materialise(seen)) revert AccountLiquidatable(seen.account.since);
        if (seen.meta.limitsLiquidations) MARKETS.countLiquidation(context);
        _tell(seen, address(0));
    }
}
