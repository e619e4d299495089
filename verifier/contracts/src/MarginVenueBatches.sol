// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Claim, EpochRecord, EpochState, Meta, Terms } from "./MarginTypes.sol";
import { IMarginCallRegistry } from "./interfaces/IMarginCallRegistry.sol";
import { IMarginMarkets } from "./interfaces/IMarginMarkets.sol";
import { IMarginProofGate } from "./interfaces/IMarginProofGate.sol";
import { IMarginRefusals } from "./interfaces/IMarginRefusals.sol";
import { MarginClock } from "./lib/MarginClock.sol";
import { MarginVenueInputs, VenueClaim } from "./lib/MarginVenueInputs.sol";
import { PoseidonT5 } from "./lib/PoseidonT5.sol";
import { StateTree } from "./lib/StateTree.sol";

/// @title Nobody is spared
/// @notice A venue's proof is over a subtree of the state tree: every account there is at
/// least at a level, or in the list of the flagged. Here the subtree's root is hashed up to
/// the epoch's state root, the list is hashed to the proof's chain, and every flagged account
/// is called as a breach proof of its own would call it. Proofs come in any order and by
/// anyone; of what they cover the contract keeps account, so that `covered` says whether all
/// accounts of an epoch were looked at.
///
/// An account that the registry refuses to call (it is not registered, or called already)
/// stops no other: it stays on record as flagged, and `retry` asks again.
contract MarginVenueBatches is IMarginRefusals, ReentrancyGuardTransient {
    using MarginClock for Meta;
    using StateTree for StateTree.Covered;

    /// @notice A subtree, where it is, and whom its proof flags.
    /// @param index Its number among those of its size, from the left.
    /// @param siblings The other three children of each node above it, the lowest first.
    /// @param flagged The flagged accounts, in the order of their leaves.
    struct Subtree {
        uint256 index;
        uint256[3][] siblings;
        address[] flagged;
    }

    /// @notice What an epoch's proofs add up to.
    /// @param accounts Accounts of the subtrees that are covered.
    /// @param flagged Those of them below the level.
    /// @param whole Whether no account is left out.
    struct Coverage {
        uint32 accounts;
        uint32 flagged;
        bool whole;
    }

    /// @dev `refused` has the circuits of what the registry refused.
    struct Epoch {
        Coverage coverage;
        StateTree.Covered covered;
        mapping(address account => bytes32 circuit) refused;
    }

    /// @notice The list is not the one that the proof is about.
    error WrongList();
    /// @notice The account is not on record as flagged and refused.
    error NotRefused();

    /// @notice The accounts of a subtree were all looked at.
    /// @param depth Levels of the subtree.
    /// @param index Its number from the left.
    event BatchAccepted(
        bytes31 indexed context,
        uint64 indexed epoch,
        uint256 depth,
        uint256 index,
        uint32 accounts,
        uint32 flagged,
        bytes32 circuit,
        address sender
    );
    /// @notice An account is flagged, and the registry refused to call it.
    event FlagRefused(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        bytes reason
    );
    /// @notice No account of an epoch is left out.
    event EpochCovered(
        bytes31 indexed context,
        uint64 indexed epoch,
        uint32 accounts,
        uint32 flagged
    );

    /// @dev Domain of the chain over flagged accounts.
    uint256 private constant FLAGGED = 18;

    /// @notice The accounts.
    IMarginCallRegistry public immutable REGISTRY;
    /// @notice The markets.
    IMarginMarkets public immutable MARKETS;
    /// @notice The way to the verifiers.
    IMarginProofGate public immutable GATE;

    mapping(bytes31 context => mapping(uint64 epoch => Epoch)) private _epochs;

    /// @param registry The accounts. The gate's administrator names this contract to the
    /// gate (`setBatches`).
    /// @param markets The markets.
    /// @param gate Their circuits.
    constructor(IMarginCallRegistry registry, IMarginMarkets markets, IMarginProofGate gate) {
        REGISTRY = registry;
        MARKETS = markets;
        GATE = gate;
    }

    // ------------------------------------------------------------------- views

    /// @notice What the proofs of an epoch add up to.
    /// @param context The market.
    /// @param epoch The epoch.
    function coverageOf(bytes31 context, uint64 epoch) external view returns (Coverage memory) {
        return _epochs[context][epoch].coverage;
    }

    /// @notice Whether no account of an epoch is left out: each was proved to be at least at
    /// the market's breach level, or flagged. False of an epoch that does not count.
    /// @param context The market.
    /// @param epoch The epoch.
    function covered(bytes31 context, uint64 epoch) external view returns (bool) {
        EpochRecord memory record = MARKETS.epochOf(context, epoch);
        if (record.state != EpochState.Posted) return false;
        bool none = uint256(record.stateRoot) == StateTree.empty(StateTree.DEPTH);
        return none || _epochs[context][epoch].coverage.whole;
    }

    /// @notice The circuit of the proof that flagged an account which the registry refused
    /// to call; zero for any other.
    /// @param context The market.
    /// @param epoch The epoch.
    /// @param account The account.
    function refused(
        bytes31 context,
        uint64 epoch,
        address account
    ) external view returns (bytes32) {
        return _epochs[context][epoch].refused[account];
    }

    // ----------------------------------------------------------------- batches

    /// @notice Anyone submits a venue's proof over a subtree: its flagged accounts are called.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the venue statement.
    /// @param proof The proof.
    /// @param subtree Where the subtree is, and the flagged accounts.
    function submitBatch(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof,
        Subtree calldata subtree
    ) external nonReentrant {
        VenueClaim memory claim = MarginVenueInputs.decode(inputs);
        uint256 root = _accept(circuit, claim, subtree);
        GATE.requireVenue(circuit, inputs, proof);
        for (uint256 i = 0; i < subtree.flagged.length; ++i) {
            address account = subtree.flagged[i];
            uint256[9] memory margin = MarginVenueInputs.ofBreach(inputs, root, account);
            _call(claim, circuit, margin, account);
        }
    }

    /// @dev All of a batch but its proof, on record.
    function _accept(
        bytes32 circuit,
        VenueClaim memory claim,
        Subtree calldata subtree
    ) private returns (uint256 root) {
        _requireLevel(claim);
        uint256 depth = GATE.depthOf(claim.context, circuit);
        root = StateTree.rootOf(claim.subtreeRoot, depth, subtree.index, subtree.siblings);
        _requireEvidence(claim, root);
        bool listed = subtree.flagged.length == claim.below;
        if (!listed || _chain(subtree.flagged) != claim.flagged) revert WrongList();
        Epoch storage epoch = _epochs[claim.context][claim.epoch];
        bool whole = epoch.covered.cover(depth, subtree.index, subtree.siblings);
        Coverage memory sum = epoch.coverage;
        sum.accounts += claim.accounts;
        sum.flagged += claim.below;
        sum.whole = whole;
        epoch.coverage = sum;
        emit BatchAccepted(
            claim.context,
            claim.epoch,
            depth,
            subtree.index,
            claim.accounts,
            claim.below,
            circuit,
            msg.sender
        );
        if (whole) emit EpochCovered(claim.context, claim.epoch, sum.accounts, sum.flagged);
    }

    /// @dev Below another level than the breach level nobody is called, or somebody is
    /// spared.
    function _requireLevel(VenueClaim memory claim) private view {
        (Meta memory meta, Terms memory terms, ) = MARKETS.read(claim.context, 0);
        if (meta.halted()) revert EngineHalted();
        if (claim.level != terms.breachLevel || claim.multiplied) {
            revert NotABreach(terms.breachLevel);
        }
    }

    /// @dev The epoch counts, and the roots and the model are its own.
    function _requireEvidence(VenueClaim memory claim, uint256 root) private view {
        Claim memory margin;
        margin.context = claim.context;
        margin.epoch = claim.epoch;
        margin.stateRoot = bytes32(root);
        margin.marketRoot = claim.marketRoot;
        margin.model = claim.model;
        margin.below = true;
        margin.level = claim.level;
        MARKETS.requireEvidence(margin);
    }

    /// @dev `flagged_chain`: how many there are is public beside its end.
    function _chain(address[] calldata flagged) private pure returns (uint256 chain) {
        bytes memory table = PoseidonT5.constants();
        for (uint256 i = 0; i < flagged.length; ++i) {
            chain = PoseidonT5.hash(table, FLAGGED, [chain, uint160(flagged[i]), 0, 0]);
        }
    }

    /// @dev As a breach proof of the account would. A refusal is of that account alone.
    function _call(
        VenueClaim memory claim,
        bytes32 circuit,
        uint256[9] memory margin,
        address account
    ) private {
        try REGISTRY.acceptBreach(circuit, margin, msg.sender) {
            return;
        } catch (bytes memory reason) {
            // Who gives too little gas spares nobody.
            bytes4 kind = bytes4(reason);
            if (reason.length == 0 || kind == IMarginCallRegistry.TooLittleGasForHook.selector) {
                revert IMarginCallRegistry.TooLittleGasForBatch();
            }
            _epochs[claim.context][claim.epoch].refused[account] = circuit;
            emit FlagRefused(claim.context, account, claim.epoch, reason);
        }
    }

    /// @notice Anyone has an account called that was flagged, and that the registry refused
    /// to call then.
    /// @param context The market.
    /// @param epoch The epoch.
    /// @param account The account.
    function retry(bytes31 context, uint64 epoch, address account) external nonReentrant {
        bytes32 circuit = _epochs[context][epoch].refused[account];
        if (circuit == 0) revert NotRefused();
        // A circuit that was frozen or removed since says nothing any more.
        GATE.depthOf(context, circuit);
        delete _epochs[context][epoch].refused[account];
        EpochRecord memory record = MARKETS.epochOf(context, epoch);
        (, Terms memory terms, ) = MARKETS.read(context, 0);
        uint256[9] memory margin = [
            uint256(uint248(context)),
            epoch,
            uint160(account),
            uint256(record.stateRoot),
            uint256(record.marketRoot),
            uint256(uint248(record.model)),
            MarginVenueInputs.breachOf(terms.breachLevel),
            0,
            0
        ];
        REGISTRY.acceptBreach(circuit, margin, msg.sender);
    }
}
