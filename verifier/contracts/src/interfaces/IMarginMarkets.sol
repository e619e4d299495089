// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {
    Claim,
    EpochPost,
    EpochRecord,
    HaltReason,
    Limits,
    Meta,
    Moves,
    Rest,
    SignerSet,
    Terms
} from "../MarginTypes.sol";
import { MarginRoles } from "../MarginRoles.sol";
import { IMarginRefusals } from "./IMarginRefusals.sol";

/// @title Markets: epochs, models, halts and the clock
/// @notice A market is named by its context, which is also the public input
/// CONTEXT of every proof for it. What one market's attesters and guardian do
/// concerns no other.
///
/// Windows and deadlines are counted on the market's clock, which runs exactly
/// while a proof against its latest epoch could be accepted: not before the first
/// epoch, not during a halt, not while the latest snapshot is stale, its epoch
/// quarantined or rejected or its model revoked, not without a circuit or while
/// one is frozen. After it stood still, a grace period passes before what was due
/// can be overdue.
interface IMarginMarkets is IMarginRefusals {
    /// @notice A market was created.
    event MarketCreated(bytes31 indexed context, string name, address sender);
    /// @notice Who will attest a market's epochs once that is activated, `from` on; a
    /// threshold of zero withdraws it.
    event SignersAnnounced(
        bytes31 indexed context,
        uint8 threshold,
        address[] signers,
        uint48 from
    );
    /// @notice Who attests a market's epochs from now on.
    event SignersChanged(bytes31 indexed context, uint8 threshold, address[] signers);
    /// @notice A model will be acceptable from `from` on.
    event ModelAnnounced(bytes31 indexed context, bytes31 indexed model, uint48 from);
    /// @notice A model is accepted from now on.
    event ModelAccepted(bytes31 indexed context, bytes31 indexed model);
    /// @notice A model is no longer accepted.
    event ModelRevoked(bytes31 indexed context, bytes31 indexed model, address sender);
    /// @notice An epoch was posted; if quarantined, proofs against it wait for `resume`.
    event EpochPosted(
        bytes31 indexed context,
        uint64 indexed epoch,
        bytes32 stateRoot,
        bytes32 marketRoot,
        bytes31 model,
        uint48 marketTimestamp,
        uint32 priceMoveBps,
        bytes32 digest,
        bool quarantined,
        address sender
    );
    /// @notice An epoch was rejected: what rests on it is unproven.
    event EpochRejection(bytes31 indexed context, uint64 indexed epoch, address sender);
    /// @notice A market halted; `until` is a pause's end, and zero otherwise.
    event Halted(bytes31 indexed context, HaltReason reason, uint48 until, address sender);
    /// @notice A halt ended; `confirmed` is the latest epoch, if it was
    /// quarantined and is no longer, and zero otherwise.
    event Resumed(bytes31 indexed context, uint64 confirmed, address sender);
    /// @notice Until when a market's proofs can be verified, and whether a circuit is frozen.
    event CircuitsChanged(bytes31 indexed context, uint48 until, bool frozen);

    /// @notice Anyone who brings the signatures posts the next epoch.
    /// @param context The market.
    /// @param post The epoch.
    /// @param signatures At least as many as the threshold, `r || s || v`, by
    /// ascending signer.
    function postEpoch(
        bytes31 context,
        EpochPost calldata post,
        bytes[] calldata signatures
    ) external;

    /// @notice The market's governor or guardian halts it.
    /// @param context The market.
    /// @param until When the pause ends by itself.
    function pause(bytes31 context, uint48 until) external;

    /// @notice The market's governor or guardian ends a halt and confirms the latest epoch.
    /// @param context The market.
    /// @param epoch The latest epoch, zero if there is none.
    /// @param marketRoot Its market root.
    function resume(bytes31 context, uint64 epoch, bytes32 marketRoot) external;

    /// @notice The market's guardian rejects an epoch: what rests on it is unproven.
    /// @param context The market.
    /// @param epoch The epoch.
    /// @param marketRoot Its market root.
    function rejectEpoch(bytes31 context, uint64 epoch, bytes32 marketRoot) external;

    /// @notice The market's governor announces who will attest its epochs. What was
    /// announced before is forgotten.
    /// @param context The market.
    /// @param attesters The signers.
    function setSigners(bytes31 context, SignerSet calldata attesters) external;

    /// @notice Anyone has announced signers attest from now on, when the notice is over.
    /// @param context The market.
    function activateSigners(bytes31 context) external;

    /// @notice The market's governor or guardian withdraws announced signers.
    /// @param context The market.
    function cancelSigners(bytes31 context) external;

    /// @notice The market's governor announces a model.
    /// @param context The market.
    /// @param model Digest of the model and all its parameters.
    function announceModel(bytes31 context, bytes31 model) external;

    /// @notice The market's governor accepts a model that was announced in time.
    /// @param context The market.
    /// @param model Digest of the model.
    function acceptModel(bytes31 context, bytes31 model) external;

    /// @notice The market's governor or guardian revokes a model: proofs under it
    /// stop counting at once.
    /// @param context The market.
    /// @param model Digest of the model.
    function revokeModel(bytes31 context, bytes31 model) external;

    /// @notice The gate says until when a market's proofs can be verified.
    /// @param context The market.
    /// @param until Until when; zero when there is no circuit.
    /// @param frozen Whether a circuit is frozen.
    function setCircuits(bytes31 context, uint48 until, bool frozen) external;

    /// @notice Counts an account that becomes liquidatable in a market that limits how many
    /// do. Each caller counts for itself: a registry is the only one in its count.
    /// @param context The market.
    function countLiquidation(bytes31 context) external;

    // ------------------------------------------------------------------- views

    /// @notice Who may do what.
    function ROLES() external view returns (MarginRoles);

    /// @notice What transitions of accounts read: the market now, its terms, and
    /// what an epoch is worth.
    /// @param context The market; reverts when there is none.
    /// @param epoch The epoch that the account's state rests on, zero for none.
    function read(
        bytes31 context,
        uint64 epoch
    ) external view returns (Meta memory meta, Terms memory terms, Rest memory rest);

    /// @notice Reverts unless a claim counts now; whether it is proved is the
    /// gate's to say.
    /// @param claim The claim.
    /// @return posted The market's clock when the claim's epoch was posted.
    function requireEvidence(Claim calldata claim) external view returns (uint48 posted);

    /// @notice Whether new risk may rest on an epoch now: nothing is halted, frozen,
    /// stale, rejected or revoked, and the snapshot is recent enough.
    /// @param context The market.
    /// @param epoch The epoch.
    /// @param maxAge How old, in real time, its snapshot may be.
    function vouchesFor(bytes31 context, uint64 epoch, uint48 maxAge) external view returns (bool);

    /// @notice How long, in real time, the clock must have stood still before an
    /// account's owner may leave.
    /// @param context The market.
    function escapeAfter(bytes31 context) external view returns (uint32);

    /// @notice The market's clock now.
    /// @param context The market.
    function clock(bytes31 context) external view returns (uint48);

    /// @notice Whether a proof against the latest epoch could be accepted now.
    /// @param context The market.
    function provableNow(bytes31 context) external view returns (bool);

    /// @notice What the next epoch is measured against.
    /// @param context The market.
    function movesOf(bytes31 context) external view returns (Moves memory);

    /// @notice The market's terms and limits.
    /// @param context The market.
    function policyOf(bytes31 context) external view returns (Terms memory, Limits memory);

    /// @notice Who attests the market's epochs.
    /// @param context The market.
    function signersOf(bytes31 context) external view returns (SignerSet memory);

    /// @notice Who will attest the market's epochs, once that is activated.
    /// @param context The market.
    /// @return attesters They; a threshold of zero when nothing was announced.
    /// @return from When that is possible; zero when nothing was announced.
    function nextSignersOf(
        bytes31 context
    ) external view returns (SignerSet memory attesters, uint48 from);

    /// @notice An epoch on record.
    /// @param context The market.
    /// @param epoch The epoch.
    function epochOf(bytes31 context, uint64 epoch) external view returns (EpochRecord memory);

    /// @notice Whether a model is accepted.
    /// @param context The market.
    /// @param model The model.
    function isModelAccepted(bytes31 context, bytes31 model) external view returns (bool);
}
