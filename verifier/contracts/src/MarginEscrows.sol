// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Account, CallReason, Claim, Level, Meta, State, Terms } from "./MarginTypes.sol";
import { IMarginCallRegistry } from "./interfaces/IMarginCallRegistry.sol";
import { IMarginMarkets } from "./interfaces/IMarginMarkets.sol";
import { IMarginProofGate } from "./interfaces/IMarginProofGate.sol";
import { IMarginRefusals } from "./interfaces/IMarginRefusals.sol";
import { Ciphertext, EscrowCiphertexts } from "./lib/EscrowCiphertexts.sol";
import { MarginClaims } from "./lib/MarginClaims.sol";
import { MarginClock } from "./lib/MarginClock.sol";
import { MarginEscrowInputs } from "./lib/MarginEscrowInputs.sol";

/// @title Proofs that a committee can open
/// @notice `escrow.rs` of the Rust engine. Where a market demands it (`demandEscrow` of the
/// gate), an *at-least* proof counts only with an escrow to the market's committee, and is
/// brought here. The proof shows a digest of key, nonce point and ciphertext; the submitter
/// gives all of them, the digest is computed again, and the ciphertext is in the event: a
/// committee could open nothing that nobody has. Breaches take no escrow and go to the
/// registry as ever.
contract MarginEscrows is IMarginRefusals, ReentrancyGuardTransient {
    using MarginClock for Meta;

    /// @notice The proof's digest is not that of the ciphertext and key given.
    error OtherCiphertext();

    /// @notice What was proved is in escrow: the market's committee can open it.
    /// @param escrow Digest of key, nonce point and elements, which the proof showed.
    event Escrowed(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        uint256 escrow,
        uint256[2] noncePoint,
        uint256[] elements
    );

    /// @notice The accounts.
    IMarginCallRegistry public immutable REGISTRY;
    /// @notice The markets.
    IMarginMarkets public immutable MARKETS;
    /// @notice The way to the verifiers.
    IMarginProofGate public immutable GATE;

    /// @param registry The accounts. The gate's administrator names this contract to the
    /// gate (`setEscrows`).
    /// @param markets The markets.
    /// @param gate Their circuits.
    constructor(IMarginCallRegistry registry, IMarginMarkets markets, IMarginProofGate gate) {
        REGISTRY = registry;
        MARKETS = markets;
        GATE = gate;
    }

    /// @notice Anyone submits an *at-least* proof with its escrow: it keeps the account
    /// current, or cures it.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs: those of a margin proof, and the escrow's digest.
    /// @param proof The proof.
    /// @param ciphertext What the committee opens, with its key.
    function submitEscrowed(
        bytes32 circuit,
        uint256[10] calldata inputs,
        bytes calldata proof,
        Ciphertext calldata ciphertext
    ) external nonReentrant {
        uint256[9] calldata margin = MarginEscrowInputs.ofMargin(inputs);
        Claim memory claim = MarginClaims.decode(margin);
        (uint48 posted, bool known) = _requireTaken(claim);
        if (known) return;
        _requireCommittee(claim.context, ciphertext);
        uint256 escrow = inputs[MarginEscrowInputs.ESCROW];
        if (EscrowCiphertexts.digest(ciphertext) != escrow) revert OtherCiphertext();
        GATE.requireEscrow(circuit, inputs, proof);
        REGISTRY.acceptShown(circuit, margin, posted, msg.sender);
        emit Escrowed(
            claim.context,
            claim.account,
            claim.epoch,
            escrow,
            ciphertext.noncePoint,
            ciphertext.elements
        );
    }

    /// @dev All that is checked of the claim but its escrow and its proof. `known` when it
    /// says nothing new.
    function _requireTaken(Claim memory claim) private view returns (uint48 posted, bool known) {
        (Account memory account, ) = REGISTRY.statusOf(claim.context, claim.account);
        if (account.state == State.Unregistered) revert NotRegistered();
        if (account.state == State.Closed) revert AccountClosed();
        if (account.state == State.Liquidatable) revert AccountLiquidatable(account.since);
        (Meta memory meta, Terms memory terms, ) = MARKETS.read(claim.context, 0);
        if (meta.halted()) revert EngineHalted();
        bool breached = account.state == State.Called && account.reason == CallReason.Breach;
        Level required = breached ? terms.cureLevel : terms.requiredLevel;
        if (claim.below) revert WrongSide();
        if (claim.level < required) revert LevelTooLow(required);
        uint64 changed = REGISTRY.pathOf(claim.context, claim.account).changed;
        if (changed != 0) revert ChangeOpen(changed);
        posted = MARKETS.requireEvidence(claim);
        if (account.state == State.Called) {
            bool inTime = breached ? claim.epoch > account.epoch : claim.epoch >= account.epoch;
            if (!inTime) revert TooOldToCure(account.epoch);
        } else if (claim.epoch <= account.lastEpoch) {
            bool same = account.state == State.Current && claim.epoch == account.epoch;
            if (!same) revert Replayed(account.lastEpoch);
            known = claim.level <= account.level;
        }
    }

    /// @dev The escrow is to the committee that the market demands.
    function _requireCommittee(bytes31 context, Ciphertext calldata ciphertext) private view {
        bytes32 demanded = GATE.committeeOf(context);
        if (demanded == 0) revert EscrowNotDemanded();
        if (EscrowCiphertexts.committee(ciphertext.key) != demanded) {
            revert WrongCommittee(demanded);
        }
    }
}
