// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { MarginProofGate } from "./MarginProofGate.sol";
import {
    Account,
    CallReason,
    Claim,
    HaltReason,
    Level,
    Meta,
    PolicyParams,
    State
} from "./MarginTypes.sol";
import { MarginEngineState } from "./engine/MarginEngineState.sol";
import { MarginPublisher } from "./engine/MarginPublisher.sol";
import { ILiquidationHook } from "./interfaces/ILiquidationHook.sol";
import { IMarginCallRegistry } from "./interfaces/IMarginCallRegistry.sol";
import { MarginClaims } from "./lib/MarginClaims.sol";

/// @title The margin-call registry
/// @notice Transitions of accounts: `transition.rs` of the Rust engine.
///
///                     register                 submitProof
///     Unregistered ------------> Unproven --------------------> Current <--+ submitProof
///                                ^ ^ |                          |  ^   |---+
///                       register | | | submitBreach             |  |
///                                | | | callOverdue              |  |
///                close           | | +----------> Called <------+  |
///      (Unproven, Current) --> Closed  |            |   |   cure   |
///                                ^     | reinstate  |   +----------+
///                          close |     |            | deadline passed
///                                +--- Liquidatable <+
///
/// A proof is verified only after everything else about it has been checked, so
/// what is refused is refused cheaply, and nothing is written before it is accepted.
contract MarginCallRegistry is MarginPublisher, ReentrancyGuardTransient {
    /// @notice Registers, closes and reinstates accounts, and sets the hook.
    bytes32 public constant PROTOCOL_ROLE = keccak256("PROTOCOL_ROLE");

    /// @notice Gas given to the liquidation hook.
    uint256 public constant HOOK_GAS = 200_000;

    /// @notice What is told of liquidatable accounts, if anything.
    ILiquidationHook public hook;

    /// @param policy What the deployment demands of its accounts.
    /// @param governor Holder of the governor's role and administrator of all
    /// roles; use a multisig or a timelock.
    /// @param insecureSrsAllowed Whether this is a test deployment.
    constructor(
        PolicyParams memory policy,
        address governor,
        bool insecureSrsAllowed
    ) MarginProofGate(governor, insecureSrsAllowed) MarginEngineState(policy) {}

    // ----------------------------------------------------------------- protocol

    /// @notice The protocol sets what is told of liquidatable accounts; zero for nothing.
    /// @param newHook The hook.
    function setHook(ILiquidationHook newHook) external onlyRole(PROTOCOL_ROLE) {
        hook = newHook;
        emit HookSet(address(newHook));
    }

    /// @inheritdoc IMarginCallRegistry
    function register(address id) external onlyRole(PROTOCOL_ROLE) nonReentrant {
        Account memory account = _accounts[id];
        uint64 lastEpoch = 0;
        // A new account may prove itself in an epoch that is posted already; the
        // epochs of a closed one's past life do not count.
        if (account.state == State.Closed) lastEpoch = meta.latest;
        else if (account.state != State.Unregistered) revert AlreadyRegistered();
        emit Registered(id, _putUnproven(id, lastEpoch, PROOF_WINDOW));
    }

    /// @inheritdoc IMarginCallRegistry
    function close(address id) external onlyRole(PROTOCOL_ROLE) nonReentrant {
        uint48 clock_ = _clock();
        Account memory account = _openAccount(id, clock_);
        if (account.state == State.Called) revert CallOpen(account.until);
        bool liquidated = account.state == State.Liquidatable;
        if (liquidated) _materialise(id, account.since);
        Account memory closed;
        closed.state = State.Closed;
        closed.since = clock_;
        closed.lastEpoch = account.lastEpoch;
        _accounts[id] = closed;
        emit Closed(id, liquidated);
    }

    /// @inheritdoc IMarginCallRegistry
    function reinstate(address id) external onlyRole(PROTOCOL_ROLE) nonReentrant {
        Account memory account = _openAccount(id, _clock());
        if (account.state != State.Liquidatable) revert NotLiquidatable();
        _materialise(id, account.since);
        // The account counts as unproven, and has the cure period to prove.
        emit Reinstated(id, _putUnproven(id, meta.latest, CURE_PERIOD));
    }

    function _putUnproven(
        address id,
        uint64 lastEpoch,
        uint48 window
    ) private returns (uint48 due) {
        Account memory account;
        account.state = State.Unproven;
        account.since = _clock();
        due = _add(account.since, window);
        account.until = due;
        account.lastEpoch = lastEpoch;
        _accounts[id] = account;
    }

    // -------------------------------------------------------------------- proofs

    /// @inheritdoc IMarginCallRegistry
    function submitProof(
        bytes32 circuit,
        uint256[8] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        _requireExactCalldata(proof);
        Claim memory claim = MarginClaims.decode(inputs);
        uint48 clock_ = _clock();
        Account memory account = _uncalledAccount(claim.account, clock_);
        _requireAtLeast(claim, REQUIRED_LEVEL);
        uint48 posted = _evidence(claim);
        if (claim.epoch <= account.lastEpoch) revert Replayed(account.lastEpoch);
        _requireProof(circuit, inputs, proof);
        uint48 due = _makeCurrent(claim, clock_, posted);
        emit ProofAccepted(claim.account, claim.epoch, claim.level, due);
    }

    /// @inheritdoc IMarginCallRegistry
    function submitBreach(
        bytes32 circuit,
        uint256[8] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        _requireExactCalldata(proof);
        Claim memory claim = MarginClaims.decode(inputs);
        uint48 clock_ = _clock();
        Account memory account = _uncalledAccount(claim.account, clock_);
        _requireRunning();
        if (!claim.below) revert WrongSide();
        if (claim.level > BREACH_LEVEL) revert NotABreach(BREACH_LEVEL);
        _evidence(claim);
        // In the epoch of an at-least proof a breach cannot be true as well,
        // unless the venue put the account into the tree twice: the breach wins.
        uint64 last = account.lastEpoch;
        bool tie = account.state == State.Current && claim.epoch == last;
        if (claim.epoch <= last && !tie) revert Replayed(last);
        _requireProof(circuit, inputs, proof);
        // A shortfall of a lower level is smaller than that of the breach: it
        // would be taken for it.
        uint128 shortfall = claim.level == BREACH_LEVEL ? claim.disclosed : 0;
        if (shortfall != 0) _shortfalls[claim.account] = shortfall;
        account.reason = CallReason.Breach;
        account.epoch = claim.epoch;
        account.lastEpoch = claim.epoch;
        _call(claim.account, account, clock_, shortfall);
    }

    /// @inheritdoc IMarginCallRegistry
    function cure(
        bytes32 circuit,
        uint256[8] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        _requireExactCalldata(proof);
        Claim memory claim = MarginClaims.decode(inputs);
        uint48 clock_ = _clock();
        Account memory account = _openAccount(claim.account, clock_);
        if (account.state == State.Liquidatable) revert AccountLiquidatable(account.since);
        if (account.state != State.Called) revert NotCalled();
        _requireAtLeast(claim, CURE_LEVEL);
        uint48 posted = _evidence(claim);
        // A breach is cured in a later epoch. Whoever was silent may answer in
        // the epoch that was the latest when the call was made.
        bool inTime =
            account.reason == CallReason.Breach
                ? claim.epoch > account.epoch
                : claim.epoch >= account.epoch;
        if (!inTime) revert TooOldToCure(account.epoch);
        _requireProof(circuit, inputs, proof);
        uint48 due = _makeCurrent(claim, clock_, posted);
        emit Cured(claim.account, claim.epoch, claim.level, due);
    }

    function _requireAtLeast(Claim memory claim, Level required) private pure {
        if (claim.below) revert WrongSide();
        if (claim.level < required) revert LevelTooLow(required);
    }

    /// @dev The window counts from the posting of the epoch: holding a proof back
    /// gains nothing.
    function _makeCurrent(
        Claim memory claim,
        uint48 clock_,
        uint48 posted
    ) private returns (uint48 due) {
        due = _add(posted, PROOF_WINDOW);
        Account memory account;
        account.state = State.Current;
        account.level = claim.level;
        account.since = clock_;
        account.until = due;
        account.lastEpoch = claim.epoch;
        account.epoch = claim.epoch;
        _accounts[claim.account] = account;
    }

    // --------------------------------------------------------------------- calls

    /// @inheritdoc IMarginCallRegistry
    function callOverdue(address id) external nonReentrant {
        Meta memory state = meta;
        uint48 clock_ = _clockOf(state);
        Account memory account = _uncalledAccount(id, clock_);
        if (state.halt != HaltReason.None) revert EngineHalted();
        if (clock_ <= account.until) revert NotOverdue(account.until);
        // A call needs an epoch that the account could prove itself in now.
        if (state.modelRevoked) revert ModelNotAccepted();
        if (_now() > state.freshUntil) revert SnapshotStale(state.freshUntil);
        account.reason = CallReason.Overdue;
        account.epoch = state.latest;
        _call(id, account, clock_, 0);
    }

    function _requireRunning() private view {
        if (meta.halt != HaltReason.None) revert EngineHalted();
    }

    /// @dev `account` says why, in which epoch, and what its state rests on.
    function _call(address id, Account memory account, uint48 clock_, uint128 shortfall) private {
        account.state = State.Called;
        account.level = Level.Bankrupt;
        account.disclosed = shortfall != 0;
        account.since = clock_;
        account.until = _add(clock_, CURE_PERIOD);
        _accounts[id] = account;
        emit Called(id, account.reason, account.epoch, account.until, shortfall);
    }

    // --------------------------------------------------------------- liquidation

    /// @inheritdoc IMarginCallRegistry
    function markLiquidatable(address id) external nonReentrant {
        Account memory account = _openAccount(id, _clock());
        if (account.state != State.Liquidatable) revert NotLiquidatable();
        if (!_materialise(id, account.since)) revert AccountLiquidatable(account.since);
        _accounts[id] = account;
        _notify(id, account.since);
    }

    /// @dev Announces that the deadline passed, unless that is on record.
    function _materialise(address id, uint48 since) private returns (bool) {
        if (_accounts[id].state == State.Liquidatable) return false;
        emit Liquidatable(id, since);
        return true;
    }

    /// @dev The hook gets its gas in full or the transition does not happen, so
    /// that nobody can make it fail by sending too little.
    function _notify(address id, uint48 since) private {
        ILiquidationHook target = hook;
        if (address(target) == address(0)) return;
        uint256 needed = (HOOK_GAS * 64) / 63 + 10_000;
        if (gasleft() < needed) revert TooLittleGas(needed);
        bytes memory message = abi.encodeCall(ILiquidationHook.onLiquidatable, (id, since));
        bool success;
        // Nothing that it returns is copied.
        assembly ("memory-safe") {
            success := call(HOOK_GAS, target, 0, add(message, 0x20), mload(message), 0, 0)
        }
        if (!success || address(target).code.length == 0) emit HookFailed(id);
    }
}
