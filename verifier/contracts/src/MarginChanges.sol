// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {
    Account,
    CallReason,
    Claim,
    Level,
    Limits,
    Meta,
    PathRequest,
    State,
    Terms
} from "./MarginTypes.sol";
import { MarginOperators } from "./MarginOperators.sol";
import { IMarginCallRegistry } from "./interfaces/IMarginCallRegistry.sol";
import { IMarginMarkets } from "./interfaces/IMarginMarkets.sol";
import { IMarginProofGate } from "./interfaces/IMarginProofGate.sol";
import { IMarginRefusals } from "./interfaces/IMarginRefusals.sol";
import { MarginAccounts } from "./lib/MarginAccounts.sol";
import { MarginChangeInputs } from "./lib/MarginChangeInputs.sol";
import { MarginClock } from "./lib/MarginClock.sol";

/// @title What accounts said they become
/// @notice `next.rs` of the Rust engine. A proof of a change says that an account's
/// portfolio becomes another one, which is healthy, and shows the commitment that it has
/// then. On record it binds owner and venue: until a change *of nothing* shows that the
/// tree of a later epoch holds that commitment, no *at-least* proof of the account counts.
/// Showing it proves or cures the account, but where the market demands escrows: there it
/// ends the change alone. When more than the market's `changeEpochs`
/// further epochs were posted, anyone has a change that was not shown expire.
///
/// An account that is called for a breach brings no change but its own deleveraging: one
/// that *cures* (it was below the breach level, shrinks alone, reaches the level that cures
/// and closes no lot more than that takes), in the first half of its time.
///
/// A change is brought by the owner or its operator, since it keeps others' proofs from
/// counting; anyone shows one. The registry knows the epoch of a change, in the slot of
/// the account's path; the commitment is kept here.
contract MarginChanges is IMarginRefusals, ReentrancyGuardTransient {
    using MarginClock for Meta;

    /// @notice What a change on record said.
    /// @param next The commitment afterwards.
    /// @param level The level met afterwards.
    struct Change {
        uint256 next;
        Level level;
    }

    /// @notice The inputs are another account's than the owner's.
    error WrongAccount(address account);

    /// @notice A change was accepted: until an epoch is shown to hold what it says, proofs
    /// of other commitments do not count.
    event ChangeAccepted(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        Level level,
        uint256 next,
        bytes32 circuit,
        address sender
    );
    /// @notice An epoch was shown to hold what the change on record said.
    event ChangeShown(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        bytes32 circuit,
        address sender
    );
    /// @notice No epoch was shown in time to hold the change that the account said from
    /// `epoch`. Nothing says whether the venue left it out or the owner did not make it.
    event ChangeExpired(bytes31 indexed context, address indexed account, uint64 indexed epoch);

    /// @notice The accounts.
    IMarginCallRegistry public immutable REGISTRY;
    /// @notice The markets.
    IMarginMarkets public immutable MARKETS;
    /// @notice The way to the verifiers.
    IMarginProofGate public immutable GATE;
    /// @notice Who may act for whom.
    MarginOperators public immutable OPERATORS;

    mapping(bytes31 context => mapping(address account => Change)) private _changes;

    /// @param registry The accounts. The gate's administrator names this contract to the
    /// gate (`setChanges`).
    /// @param markets The markets.
    /// @param gate Their circuits.
    /// @param operators Who may act for whom.
    constructor(
        IMarginCallRegistry registry,
        IMarginMarkets markets,
        IMarginProofGate gate,
        MarginOperators operators
    ) {
        REGISTRY = registry;
        MARKETS = markets;
        GATE = gate;
        OPERATORS = operators;
    }

    /// @notice The change that an account has on record; zeros when there is none.
    /// @param context The market.
    /// @param account The account.
    /// @return epoch The epoch that it starts from.
    /// @return change What it said.
    function changeOf(
        bytes31 context,
        address account
    ) external view returns (uint64 epoch, Change memory change) {
        epoch = REGISTRY.pathOf(context, account).changed;
        if (epoch != 0) change = _changes[context][account];
    }

    // ----------------------------------------------------------------- changes

    /// @notice The owner or its operator says, with a proof, what its account becomes. A
    /// second change of one epoch takes the place of the first.
    /// @param owner The owner.
    /// @param sub Which of its accounts.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the transition statement.
    /// @param proof The proof: of the circuit of what *meets*, or of what *cures*.
    function submitChange(
        address owner,
        uint32 sub,
        bytes32 circuit,
        uint256[11] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        OPERATORS.requireConsent(owner, msg.sender);
        (Claim memory claim, Level cured) = MarginChangeInputs.decode(inputs);
        if (claim.account != MarginAccounts.derive(owner, sub)) revert WrongAccount(claim.account);
        PathRequest memory path = REGISTRY.pathOf(claim.context, claim.account);
        _requireTaken(claim, cured);
        Change memory said = Change(inputs[MarginChangeInputs.NEXT], claim.level);
        Change memory before = _changes[claim.context][claim.account];
        if (path.changed == claim.epoch) {
            // Sent twice.
            if (before.next == said.next && before.level == said.level) return;
        } else if (path.changed != 0) {
            revert ChangeOpen(path.changed);
        }
        GATE.requireChange(circuit, inputs, proof);
        _changes[claim.context][claim.account] = said;
        REGISTRY.setChange(claim.context, claim.account, claim.epoch);
        emit ChangeAccepted(
            claim.context,
            claim.account,
            claim.epoch,
            claim.level,
            said.next,
            circuit,
            msg.sender
        );
    }

    /// @dev What is checked of a change but its proof and what is on record.
    function _requireTaken(Claim memory claim, Level cured) private view {
        Account memory account = _open(claim.context, claim.account);
        (Meta memory meta, Terms memory terms, ) = MARKETS.read(claim.context, 0);
        bool cures = cured != Level.Bankrupt;
        if (cures) _requireOwnPart(claim, account, cured, terms.breachLevel);
        else if (account.state == State.Called) revert CallOpen(account.until);
        if (meta.halted()) revert EngineHalted();
        if (_span(claim.context) == 0) revert ChangesNotTaken();
        _requireAtLeast(claim, cures ? terms.cureLevel : terms.requiredLevel);
        MARKETS.requireEvidence(claim);
        if (claim.epoch != meta.latest) revert ChangeNotLatest(meta.latest);
    }

    /// @dev The account is called for a breach, which the change cures, and in the first
    /// half of its time, grace included.
    function _requireOwnPart(
        Claim memory claim,
        Account memory account,
        Level cured,
        Level breach
    ) private view {
        if (account.state != State.Called) revert NotCalled();
        if (account.reason != CallReason.Breach) revert CallOpen(account.until);
        // What was short of a higher level alone is in no breach.
        if (cured > breach) revert NotABreach(breach);
        uint48 half = account.since + (account.until - account.since) / 2;
        uint48 clock = REGISTRY.standing(claim.context, claim.account).clock;
        if (clock > half) revert CallOpen(account.until);
    }

    /// @notice Anyone shows by a change of nothing that the tree of a later epoch holds
    /// what a change on record said: the account is proved, or its call cured.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the transition statement.
    /// @param proof The proof.
    function showChange(
        bytes32 circuit,
        uint256[11] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        (Claim memory claim, Level cured) = MarginChangeInputs.decode(inputs);
        uint48 posted = _requireShown(claim, cured, inputs);
        GATE.requireChange(circuit, inputs, proof);
        emit ChangeShown(claim.context, claim.account, claim.epoch, circuit, msg.sender);
        if (GATE.committeeOf(claim.context) != 0) {
            // It has no escrow: the change is over, and a proof with one must follow.
            REGISTRY.setChange(claim.context, claim.account, 0);
            return;
        }
        uint256[9] calldata margin = MarginChangeInputs.ofMargin(inputs);
        REGISTRY.acceptShown(circuit, margin, posted, msg.sender);
    }

    /// @dev All that is checked of what shows a change but its proof.
    function _requireShown(
        Claim memory claim,
        Level cured,
        uint256[11] calldata inputs
    ) private view returns (uint48 posted) {
        Account memory account = _open(claim.context, claim.account);
        (, Terms memory terms) = _running(claim.context);
        PathRequest memory path = REGISTRY.pathOf(claim.context, claim.account);
        if (path.changed == 0) revert NoChangeOpen();
        uint256 next = _changes[claim.context][claim.account].next;
        // Nothing cures nothing.
        if (
            cured != Level.Bankrupt ||
            inputs[MarginChangeInputs.CHANGE] != MarginChangeInputs.NOTHING ||
            inputs[MarginChangeInputs.NEXT] != next
        ) revert WrongNext(path.changed);
        if (claim.epoch <= path.changed) revert Replayed(path.changed);
        bool breached = account.state == State.Called && account.reason == CallReason.Breach;
        _requireAtLeast(claim, breached ? terms.cureLevel : terms.requiredLevel);
        posted = MARKETS.requireEvidence(claim);
        if (account.state != State.Called) {
            if (claim.epoch <= account.lastEpoch) revert Replayed(account.lastEpoch);
        } else if (breached ? claim.epoch <= account.epoch : claim.epoch < account.epoch) {
            revert TooOldToCure(account.epoch);
        }
    }

    /// @notice Anyone has a change expire that was not shown in time.
    /// @param context The market.
    /// @param account The account.
    function expireChange(bytes31 context, address account) external nonReentrant {
        _open(context, account);
        uint64 epoch = REGISTRY.pathOf(context, account).changed;
        if (epoch == 0) revert NoChangeOpen();
        (Meta memory meta, , ) = MARKETS.read(context, 0);
        uint256 last = uint256(epoch) + _span(context);
        if (meta.latest <= last) revert ChangeNotExpired(SafeCast.toUint64(last));
        REGISTRY.setChange(context, account, 0);
        emit ChangeExpired(context, account, epoch);
    }

    // ------------------------------------------------------------------ checks

    /// @dev The account, which is registered and not liquidatable, as it is now.
    function _open(bytes31 context, address id) private view returns (Account memory account) {
        (account, ) = REGISTRY.statusOf(context, id);
        if (account.state == State.Unregistered) revert NotRegistered();
        if (account.state == State.Closed) revert AccountClosed();
        if (account.state == State.Liquidatable) revert AccountLiquidatable(account.since);
    }

    /// @dev The market, which is not halted.
    function _running(bytes31 context) private view returns (Meta memory meta, Terms memory terms) {
        (meta, terms, ) = MARKETS.read(context, 0);
        if (meta.halted()) revert EngineHalted();
    }

    function _requireAtLeast(Claim memory claim, Level required) private pure {
        if (claim.below) revert WrongSide();
        if (claim.level < required) revert LevelTooLow(required);
    }

    /// @dev How many further epochs there are to show a change in.
    function _span(bytes31 context) private view returns (uint16) {
        (, Limits memory limits) = MARKETS.policyOf(context);
        return limits.changeEpochs;
    }
}
