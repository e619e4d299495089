// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { MarginMarkets } from "./MarginMarkets.sol";
import { Claim } from "./MarginTypes.sol";
import { MarginRoles } from "./MarginRoles.sol";
import { IChangeVerifier } from "./interfaces/IChangeVerifier.sol";
import { IEscrowVerifier } from "./interfaces/IEscrowVerifier.sol";
import { IMarginProofGate } from "./interfaces/IMarginProofGate.sol";
import { IMarginVerifier } from "./interfaces/IMarginVerifier.sol";
import { IVenueVerifier } from "./interfaces/IVenueVerifier.sol";
import { MarginCalldata } from "./lib/MarginCalldata.sol";
import { MarginChangeInputs } from "./lib/MarginChangeInputs.sol";
import { MarginClaims } from "./lib/MarginClaims.sol";
import { MarginEscrowInputs } from "./lib/MarginEscrowInputs.sol";
import { MarginVenueInputs } from "./lib/MarginVenueInputs.sol";

/// @title The one way to a verifier
/// @notice Which circuits a market accepts, and from when until when. Checks what a
/// proof verifier leaves open: the exact length of the proof, canonical public
/// inputs and proof scalars, nothing behind the proof in the calldata, that the
/// verifier's code is the code that was accepted, and a bound on the gas that the
/// verifier can burn (one invalid curve point burns all that it is given).
///
/// A circuit is proposed, waits for the gate's delay, and is then activated by
/// anyone. A frozen circuit stops its market's clock: who can prove in no other
/// could otherwise be called for want of a proof that nobody would take.
/// @dev Never use a proof or its hash as an identifier: proofs are malleable.
contract MarginProofGate is IMarginProofGate {
    /// @notice How many circuits a market can have.
    uint256 public constant MAX_CIRCUITS = 16;
    /// @notice How many proofs a batch can have.
    uint256 public constant MAX_BATCH = 16;
    /// @notice How many levels the subtree of a venue's proof can have.
    uint256 public constant MAX_DEPTH = 4;

    /// @notice Whose circuits these are.
    MarginMarkets public immutable MARKETS;
    /// @notice Who may do what.
    MarginRoles public immutable ROLES;
    /// @notice How long a proposed circuit waits.
    uint48 public immutable CIRCUIT_DELAY;

    /// @notice What keeps changes.
    address public changes;
    /// @notice What keeps escrows.
    address public escrows;
    /// @notice What takes venues' proofs.
    address public batches;

    /// @inheritdoc IMarginProofGate
    mapping(bytes31 context => bytes32) public committeeOf;

    mapping(bytes31 context => mapping(bytes32 circuit => Circuit)) private _circuits;
    mapping(bytes31 context => bytes32[]) private _active;

    /// @param markets The markets.
    /// @param circuitDelay How long a proposed circuit waits: zero in test
    /// deployments only.
    constructor(MarginMarkets markets, uint48 circuitDelay) {
        if (circuitDelay == 0 && !markets.TEST_DEPLOYMENT()) revert NoDelay();
        MARKETS = markets;
        ROLES = markets.ROLES();
        CIRCUIT_DELAY = circuitDelay;
    }

    /// @inheritdoc IMarginProofGate
    function circuitOf(bytes31 context, bytes32 circuit) external view returns (Circuit memory) {
        return _circuits[context][circuit];
    }

    /// @inheritdoc IMarginProofGate
    function activeCircuits(bytes31 context) external view returns (bytes32[] memory) {
        return _active[context];
    }

    /// @inheritdoc IMarginProofGate
    function setChanges(address keeper) external {
        ROLES.requireAdmin(msg.sender);
        if (changes != address(0) || keeper.code.length == 0) revert InvalidChanges();
        changes = keeper;
        emit ChangesSet(keeper);
    }

    /// @inheritdoc IMarginProofGate
    function setEscrows(address keeper) external {
        ROLES.requireAdmin(msg.sender);
        if (escrows != address(0) || keeper.code.length == 0) revert InvalidEscrows();
        escrows = keeper;
        emit EscrowsSet(keeper);
    }

    /// @inheritdoc IMarginProofGate
    function setBatches(address keeper) external {
        ROLES.requireAdmin(msg.sender);
        if (batches != address(0) || keeper.code.length == 0) revert InvalidBatches();
        batches = keeper;
        emit BatchesSet(keeper);
    }

    /// @inheritdoc IMarginProofGate
    function keeps(address who) external view returns (bool) {
        return who == changes || who == escrows;
    }

    /// @inheritdoc IMarginProofGate
    function demandEscrow(bytes31 context, bytes32 committee) external {
        ROLES.requireGovernor(context, msg.sender);
        if (
            committee == 0 ||
            escrows == address(0) ||
            committeeOf[context] != 0 ||
            _active[context].length != 0
        ) revert TooLateForEscrow();
        committeeOf[context] = committee;
        emit EscrowRequired(context, committee);
    }

    // ---------------------------------------------------------------- circuits

    /// @inheritdoc IMarginProofGate
    function addCircuit(
        bytes31 context,
        IMarginVerifier verifier,
        bytes32 codeHash,
        uint32 gasLimit,
        uint48 validUntil
    ) external {
        _add(context, verifier, codeHash, gasLimit, validUntil, Statement.Margin);
    }

    /// @inheritdoc IMarginProofGate
    function addChangeCircuit(
        bytes31 context,
        IMarginVerifier verifier,
        bytes32 codeHash,
        uint32 gasLimit,
        uint48 validUntil
    ) external {
        _add(context, verifier, codeHash, gasLimit, validUntil, Statement.Change);
    }

    /// @inheritdoc IMarginProofGate
    function addEscrowCircuit(
        bytes31 context,
        IMarginVerifier verifier,
        bytes32 codeHash,
        uint32 gasLimit,
        uint48 validUntil
    ) external {
        _add(context, verifier, codeHash, gasLimit, validUntil, Statement.Escrow);
    }

    /// @inheritdoc IMarginProofGate
    function addVenueCircuit(
        bytes31 context,
        IMarginVerifier verifier,
        bytes32 codeHash,
        uint32 gasLimit,
        uint48 validUntil
    ) external {
        _add(context, verifier, codeHash, gasLimit, validUntil, Statement.Venue);
        uint256 depth = IVenueVerifier(address(verifier)).SUBTREE_DEPTH();
        if (depth == 0 || depth > MAX_DEPTH) revert InvalidCircuit(verifier.CIRCUIT());
    }

    function _add(
        bytes31 context,
        IMarginVerifier verifier,
        bytes32 codeHash,
        uint32 gasLimit,
        uint48 validUntil,
        Statement statement
    ) private {
        ROLES.requireGovernor(context, msg.sender);
        bytes32 circuit = verifier.CIRCUIT();
        uint256 length = verifier.PROOF_LENGTH();
        if (_circuits[context][circuit].verifier != address(0)) revert CircuitAlreadyAdded(circuit);
        if (verifier.INSECURE_DEV_SRS() && !MARKETS.TEST_DEPLOYMENT()) revert InsecureSrs(circuit);
        if (address(verifier).codehash != codeHash) revert WrongCode(address(verifier).codehash);
        uint48 validFrom = SafeCast.toUint48(block.timestamp + CIRCUIT_DELAY);
        if (
            gasLimit == 0 ||
            length == 0 ||
            length % 32 != 0 ||
            length > type(uint32).max ||
            validUntil <= validFrom
        ) revert InvalidCircuit(circuit);
        _circuits[context][circuit] = Circuit({
            verifier: address(verifier),
            validFrom: validFrom,
            validUntil: validUntil,
            gasLimit: gasLimit,
            proofLength: uint32(length),
            active: false,
            frozen: false,
            statement: statement,
            breachesAlone: false,
            codeHash: codeHash
        });
        emit CircuitProposed(context, circuit, address(verifier), gasLimit, validFrom, validUntil);
        if (CIRCUIT_DELAY == 0) _activate(context, circuit);
    }

    /// @inheritdoc IMarginProofGate
    function activateCircuit(bytes31 context, bytes32 circuit) external {
        _activate(context, circuit);
    }

    function _activate(bytes31 context, bytes32 circuit) private {
        Circuit storage known = _known(context, circuit);
        if (known.active) revert CircuitAlreadyAdded(circuit);
        if (known.frozen) revert CircuitFrozen(circuit);
        if (block.timestamp < known.validFrom) revert CircuitNotYet(known.validFrom);
        if (block.timestamp > known.validUntil) revert CircuitEnded(known.validUntil);
        bytes32[] storage active = _active[context];
        if (active.length == MAX_CIRCUITS) revert TooManyCircuits();
        active.push(circuit);
        known.active = true;
        // No circuit was active before the committee was named.
        known.breachesAlone = known.statement == Statement.Margin && committeeOf[context] != 0;
        _tell(context);
        emit CircuitAdded(context, circuit, msg.sender);
    }

    /// @inheritdoc IMarginProofGate
    function freezeCircuit(bytes31 context, bytes32 circuit) external {
        ROLES.requireGuardian(context, msg.sender);
        Circuit storage known = _known(context, circuit);
        // One that waits can be frozen as well: then it cannot be activated.
        if (known.frozen) revert CircuitFrozen(circuit);
        known.frozen = true;
        _tell(context);
        emit CircuitFreeze(context, circuit, true, msg.sender);
    }

    /// @inheritdoc IMarginProofGate
    function unfreezeCircuit(bytes31 context, bytes32 circuit) external {
        ROLES.requireGovernor(context, msg.sender);
        Circuit storage known = _known(context, circuit);
        if (!known.frozen) revert CircuitNotFrozen(circuit);
        known.frozen = false;
        _tell(context);
        emit CircuitFreeze(context, circuit, false, msg.sender);
    }

    /// @inheritdoc IMarginProofGate
    function retireCircuit(bytes31 context, bytes32 circuit, uint48 validUntil) external {
        ROLES.requireGovernor(context, msg.sender);
        Circuit storage known = _known(context, circuit);
        // Earlier only, and not in the past: it is removed then.
        if (validUntil < block.timestamp || validUntil >= known.validUntil) {
            revert InvalidCircuit(circuit);
        }
        known.validUntil = validUntil;
        _tell(context);
        emit CircuitRetired(context, circuit, validUntil, msg.sender);
    }

    /// @inheritdoc IMarginProofGate
    function removeCircuit(bytes31 context, bytes32 circuit) external {
        ROLES.requireGovernor(context, msg.sender);
        bool active = _known(context, circuit).active;
        delete _circuits[context][circuit];
        if (active) _forget(_active[context], circuit);
        _tell(context);
        emit CircuitRemoved(context, circuit, msg.sender);
    }

    function _forget(bytes32[] storage active, bytes32 circuit) private {
        uint256 last = active.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (active[i] == circuit) active[i] = active[last];
        }
        active.pop();
    }

    function _known(bytes31 context, bytes32 circuit) private view returns (Circuit storage known) {
        known = _circuits[context][circuit];
        if (known.verifier == address(0)) revert UnknownCircuit(circuit);
    }

    /// @dev The market's clock must know until when a proof could be accepted.
    function _tell(bytes31 context) internal {
        bytes32[] storage active = _active[context];
        // What keeps accounts current: proofs of changes do not by themselves.
        Statement proving = committeeOf[context] == 0 ? Statement.Margin : Statement.Escrow;
        uint48 until = 0;
        bool frozen = false;
        for (uint256 i = 0; i < active.length; ++i) {
            Circuit storage known = _circuits[context][active[i]];
            if (known.frozen) frozen = true;
            if (known.statement == proving && known.validUntil > until) {
                until = known.validUntil;
            }
        }
        MARKETS.setCircuits(context, until, frozen);
    }

    // ------------------------------------------------------------------- proofs

    /// @inheritdoc IMarginProofGate
    function requireProof(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external view {
        Claim memory claim = MarginClaims.decode(inputs);
        Circuit storage known = _accepted(claim.context, circuit, Statement.Margin);
        _requireNoEscrow(known, claim);
        if (proof.length != known.proofLength) revert ProofLength(known.proofLength, proof.length);
        MarginCalldata.requireExact(proof);
        _ask(known, 1, abi.encodeCall(IMarginVerifier.verify, (inputs, proof)));
    }

    /// @inheritdoc IMarginProofGate
    function requireProofs(
        bytes32 circuit,
        uint256[9][] calldata inputs,
        bytes[] calldata proofs
    ) external view {
        uint256 count = proofs.length;
        if (count == 0 || count > MAX_BATCH) revert WrongBatch(MAX_BATCH);
        MarginCalldata.requireExactBatch(inputs, proofs);
        bytes31 context = MarginClaims.decode(inputs[0]).context;
        Circuit storage known = _accepted(context, circuit, Statement.Margin);
        uint256 length = known.proofLength;
        for (uint256 i = 0; i < count; ++i) {
            Claim memory claim = MarginClaims.decode(inputs[i]);
            if (claim.context != context) revert OtherContext(i);
            _requireNoEscrow(known, claim);
            if (proofs[i].length != length) revert ProofLength(length, proofs[i].length);
        }
        bytes memory message =
            count == 1
                ? abi.encodeCall(IMarginVerifier.verify, (inputs[0], proofs[0]))
                : abi.encodeCall(IMarginVerifier.verifyBatch, (inputs, proofs));
        _ask(known, count, message);
    }

    /// @inheritdoc IMarginProofGate
    function requireChange(
        bytes32 circuit,
        uint256[11] calldata inputs,
        bytes calldata proof
    ) external view {
        (Claim memory claim, ) = MarginChangeInputs.decode(inputs);
        Circuit storage known = _accepted(claim.context, circuit, Statement.Change);
        if (proof.length != known.proofLength) revert ProofLength(known.proofLength, proof.length);
        MarginCalldata.requireExactChange(proof);
        _ask(known, 1, abi.encodeCall(IChangeVerifier.verify, (inputs, proof)));
    }

    /// @inheritdoc IMarginProofGate
    function requireEscrow(
        bytes32 circuit,
        uint256[10] calldata inputs,
        bytes calldata proof
    ) external view {
        bytes31 context = MarginClaims.decode(MarginEscrowInputs.ofMargin(inputs)).context;
        MarginEscrowInputs.requireCanonical(inputs);
        Circuit storage known = _accepted(context, circuit, Statement.Escrow);
        if (proof.length != known.proofLength) revert ProofLength(known.proofLength, proof.length);
        MarginCalldata.requireExactEscrow(proof);
        _ask(known, 1, abi.encodeCall(IEscrowVerifier.verify, (inputs, proof)));
    }

    /// @inheritdoc IMarginProofGate
    function depthOf(bytes31 context, bytes32 circuit) external view returns (uint256) {
        Circuit storage known = _accepted(context, circuit, Statement.Venue);
        return IVenueVerifier(known.verifier).SUBTREE_DEPTH();
    }

    /// @inheritdoc IMarginProofGate
    function requireVenue(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external view {
        bytes31 context = MarginVenueInputs.decode(inputs).context;
        Circuit storage known = _accepted(context, circuit, Statement.Venue);
        if (proof.length != known.proofLength) revert ProofLength(known.proofLength, proof.length);
        MarginCalldata.requireExact(proof);
        _ask(known, 1, abi.encodeCall(IVenueVerifier.verifyVenue, (inputs, proof)));
    }

    /// @dev Under a market's demand for escrows a proof without one shows breaches alone.
    function _requireNoEscrow(Circuit storage known, Claim memory claim) private view {
        if (known.breachesAlone && !claim.below) revert EscrowDemanded(committeeOf[claim.context]);
    }

    /// @dev The circuit, if its proofs are accepted now and its verifier is what it was.
    function _accepted(
        bytes31 context,
        bytes32 circuit,
        Statement statement
    ) private view returns (Circuit storage known) {
        known = _known(context, circuit);
        if (known.statement != statement) revert WrongStatement(circuit);
        if (!known.active) revert CircuitNotYet(known.validFrom);
        if (known.frozen) revert CircuitFrozen(circuit);
        if (block.timestamp > known.validUntil) revert CircuitEnded(known.validUntil);
        address verifier = known.verifier;
        if (verifier.codehash != known.codeHash) revert WrongCode(verifier.codehash);
    }

    /// @dev Asks the verifier, with gas for so many proofs.
    function _ask(Circuit storage known, uint256 count, bytes memory message) private view {
        uint256 gasLimit = uint256(known.gasLimit) * count;
        // At most 63/64 of the gas are passed on: with less than this, a true
        // proof would look false.
        uint256 needed = (gasLimit * 64) / 63 + 5_000;
        if (gasleft() < needed) revert TooLittleGas(needed);
        if (!_accepts(known.verifier, gasLimit, message)) revert InvalidProof();
    }

    /// @dev Copies no more than one word of what the verifier returns.
    function _accepts(
        address verifier,
        uint256 gasLimit,
        bytes memory message
    ) private view returns (bool accepted) {
        assembly ("memory-safe") {
            accepted := staticcall(gasLimit, verifier, add(message, 0x20), mload(message), 0, 0x20)
            accepted := and(accepted, and(eq(returndatasize(), 0x20), eq(mload(0), 1)))
        }
    }
}
