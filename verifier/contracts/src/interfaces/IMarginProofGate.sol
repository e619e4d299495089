// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IMarginRefusals } from "./IMarginRefusals.sol";
import { IMarginVerifier } from "./IMarginVerifier.sol";

/// @title The one way to a verifier
/// @notice Which circuits a market accepts, and whether a proof is one.
interface IMarginProofGate is IMarginRefusals {
    /// @notice What the proofs of a circuit say: an account's margin (9 public inputs), what
    /// it becomes, *meets* (11), its margin with an escrow (10), or all accounts of a subtree
    /// (9).
    enum Statement {
        Margin,
        Change,
        Escrow,
        Venue
    }

    /// @notice A circuit of a market.
    /// @param verifier Its verifier.
    /// @param validFrom From when on it can be activated.
    /// @param validUntil Until when, inclusive, its proofs are accepted.
    /// @param gasLimit Gas given to the verifier.
    /// @param proofLength Exact length of a proof, in bytes.
    /// @param active Whether it was activated.
    /// @param frozen Whether its proofs are refused for now.
    /// @param statement What they say.
    /// @param breachesAlone Whether *at-least* proofs are refused: the market demands an
    /// escrow, and they have none.
    /// @param codeHash Hash of the verifier's code.
    struct Circuit {
        address verifier;
        uint48 validFrom;
        uint48 validUntil;
        uint32 gasLimit;
        uint32 proofLength;
        bool active;
        bool frozen;
        Statement statement;
        bool breachesAlone;
        bytes32 codeHash;
    }

    /// @notice A circuit waits for `validFrom`.
    event CircuitProposed(
        bytes31 indexed context,
        bytes32 indexed circuit,
        address verifier,
        uint32 gasLimit,
        uint48 validFrom,
        uint48 validUntil
    );
    /// @notice A circuit is accepted from now on.
    event CircuitAdded(bytes31 indexed context, bytes32 indexed circuit, address sender);
    /// @notice A circuit was frozen or unfrozen.
    event CircuitFreeze(
        bytes31 indexed context,
        bytes32 indexed circuit,
        bool frozen,
        address sender
    );
    /// @notice A circuit ends earlier.
    event CircuitRetired(
        bytes31 indexed context,
        bytes32 indexed circuit,
        uint48 validUntil,
        address sender
    );
    /// @notice A circuit is no longer accepted.
    event CircuitRemoved(bytes31 indexed context, bytes32 indexed circuit, address sender);

    /// @notice Which contract keeps changes was said, once.
    event ChangesSet(address changes);

    /// @notice Which contract keeps escrows was said, once.
    event EscrowsSet(address escrows);
    /// @notice Which contract takes venues' proofs was said, once.
    event BatchesSet(address batches);
    /// @notice From now on every *at-least* proof of a market must have an escrow to a
    /// committee.
    event EscrowRequired(bytes31 indexed context, bytes32 committee);

    /// @notice The market has no such circuit.
    error UnknownCircuit(bytes32 circuit);
    /// @notice The circuit is there already: remove it first.
    error CircuitAlreadyAdded(bytes32 circuit);
    /// @notice The circuit is not accepted yet.
    error CircuitNotYet(uint48 validFrom);
    /// @notice The circuit's proofs are no longer accepted.
    error CircuitEnded(uint48 validUntil);
    /// @notice The circuit is frozen.
    error CircuitFrozen(bytes32 circuit);
    /// @notice The circuit's proofs are of another statement.
    error WrongStatement(bytes32 circuit);
    /// @notice It was said already which contract keeps changes, or what is given is none.
    error InvalidChanges();
    /// @notice It was said already which contract keeps escrows, or what is given is none.
    error InvalidEscrows();
    /// @notice It was said already which contract takes venues' proofs, or what is given is
    /// none.
    error InvalidBatches();
    /// @notice A market's committee is named once, before its first circuit is active, where
    /// there is a contract of escrows.
    error TooLateForEscrow();
    /// @notice The circuit is not frozen.
    error CircuitNotFrozen(bytes32 circuit);
    /// @notice The market has as many circuits as it can: remove one first.
    error TooManyCircuits();
    /// @notice The verifier's key was made under an SRS whose secret is known.
    error InsecureSrs(bytes32 circuit);
    /// @notice The gas limit or the verifier's proof length is zero or too large, or
    /// the circuit would end before it begins.
    error InvalidCircuit(bytes32 circuit);
    /// @notice The verifier's code is not what was given as its hash.
    error WrongCode(bytes32 codeHash);
    /// @notice A delay of zero is for test deployments.
    error NoDelay();
    /// @notice The proof is not as long as the circuit's proofs are.
    error ProofLength(uint256 expected, uint256 got);
    /// @notice Too little gas for the verifier: nothing is known of the proof.
    error TooLittleGas(uint256 needed);
    /// @notice The proof does not prove the public inputs.
    error InvalidProof();
    /// @notice Proofs of a batch are as many as their inputs, and at least one.
    error WrongBatch(uint256 most);
    /// @notice Proofs of a batch are of one market.
    error OtherContext(uint256 index);

    /// @notice The market's governor proposes the circuit of a verifier. Whether its
    /// code is what the generator makes of the key must be checked before: the
    /// source can be made again byte for byte.
    /// @param context The market.
    /// @param verifier The verifier.
    /// @param codeHash Hash of its code.
    /// @param gasLimit Gas to give to it.
    /// @param validUntil Until when, inclusive, its proofs are accepted.
    function addCircuit(
        bytes31 context,
        IMarginVerifier verifier,
        bytes32 codeHash,
        uint32 gasLimit,
        uint48 validUntil
    ) external;

    /// @notice Anyone activates a circuit whose time has come.
    /// @param context The market.
    /// @param circuit Digest of its verifying key.
    function activateCircuit(bytes31 context, bytes32 circuit) external;

    /// @notice The market's guardian or governor accepts no proofs of a circuit for
    /// now, which stops the market's clock.
    /// @param context The market.
    /// @param circuit Digest of its verifying key.
    function freezeCircuit(bytes31 context, bytes32 circuit) external;

    /// @notice The market's governor accepts proofs of a frozen circuit again.
    /// @param context The market.
    /// @param circuit Digest of its verifying key.
    function unfreezeCircuit(bytes31 context, bytes32 circuit) external;

    /// @notice The market's governor has a circuit end earlier.
    /// @param context The market.
    /// @param circuit Digest of its verifying key.
    /// @param validUntil Until when, inclusive, its proofs are accepted.
    function retireCircuit(bytes31 context, bytes32 circuit, uint48 validUntil) external;

    /// @notice The market's governor removes a circuit, waiting or active.
    /// @param context The market.
    /// @param circuit Digest of its verifying key.
    function removeCircuit(bytes31 context, bytes32 circuit) external;

    /// @notice A circuit of a market.
    /// @param context The market.
    /// @param circuit Digest of its verifying key.
    function circuitOf(bytes31 context, bytes32 circuit) external view returns (Circuit memory);

    /// @notice As `addCircuit`, of a circuit of changes: *meets* of the transition
    /// statement, whose verifier takes 11 public inputs. It says nothing of until when
    /// margin proofs can be verified; frozen it stops the clock as any does.
    /// @param context The market.
    /// @param verifier The verifier.
    /// @param codeHash Hash of its code, as it was examined.
    /// @param gasLimit Gas given to it.
    /// @param validUntil Until when, inclusive, its proofs are accepted.
    function addChangeCircuit(
        bytes31 context,
        IMarginVerifier verifier,
        bytes32 codeHash,
        uint32 gasLimit,
        uint48 validUntil
    ) external;

    /// @notice The administrator says which contract keeps changes, once. Until then
    /// there are none.
    /// @param keeper The contract: `MarginChanges`.
    function setChanges(address keeper) external;

    /// @notice The contract that keeps changes; zero when there is none.
    function changes() external view returns (address);

    /// @notice As `addCircuit`, of a circuit of margin proofs with an escrow, whose verifier
    /// takes 10 public inputs.
    /// @param context The market.
    /// @param verifier The verifier.
    /// @param codeHash Hash of its code, as it was examined.
    /// @param gasLimit Gas given to it.
    /// @param validUntil Until when, inclusive, its proofs are accepted.
    function addEscrowCircuit(
        bytes31 context,
        IMarginVerifier verifier,
        bytes32 codeHash,
        uint32 gasLimit,
        uint48 validUntil
    ) external;

    /// @notice The administrator says which contract keeps escrows, once.
    /// @param keeper The contract: `MarginEscrows`.
    function setEscrows(address keeper) external;

    /// @notice The contract that keeps escrows; zero when there is none.
    function escrows() external view returns (address);

    /// @notice Whether a contract may tell the registry of what it has checked: that of
    /// changes and that of escrows.
    /// @param who The contract.
    function keeps(address who) external view returns (bool);

    /// @notice As `addCircuit`, of a circuit of venues' proofs, whose verifier says how many
    /// levels its subtrees have (`IVenueVerifier`). It says nothing of until when margin
    /// proofs can be verified; frozen it stops the clock as any does.
    /// @param context The market.
    /// @param verifier The verifier.
    /// @param codeHash Hash of its code, as it was examined.
    /// @param gasLimit Gas given to it.
    /// @param validUntil Until when, inclusive, its proofs are accepted.
    function addVenueCircuit(
        bytes31 context,
        IMarginVerifier verifier,
        bytes32 codeHash,
        uint32 gasLimit,
        uint48 validUntil
    ) external;

    /// @notice The administrator says which contract takes venues' proofs, once. Until then
    /// nobody is called by one.
    /// @param keeper The contract: `MarginVenueBatches`.
    function setBatches(address keeper) external;

    /// @notice The contract that takes venues' proofs; zero when there is none.
    function batches() external view returns (address);

    /// @notice Levels of the subtrees that the proofs of a circuit of venues are over.
    /// Reverts unless its proofs are accepted now.
    /// @param context The market.
    /// @param circuit Digest of its verifying key.
    function depthOf(bytes31 context, bytes32 circuit) external view returns (uint256);

    /// @notice The governor demands an escrow to a committee with every *at-least* proof of
    /// a market: once, for good, and before its first circuit is active. The market's clock
    /// then runs as long as circuits of escrows verify.
    /// @param context The market.
    /// @param committee Keccak-256 of both coordinates of its key.
    function demandEscrow(bytes31 context, bytes32 committee) external;

    /// @notice The committee that a market demands escrows to; zero when it demands none.
    /// @param context The market.
    function committeeOf(bytes31 context) external view returns (bytes32);

    /// @notice The circuits of a market that were activated.
    /// @param context The market.
    function activeCircuits(bytes31 context) external view returns (bytes32[] memory);

    /// @notice Reverts unless the proof proves the public inputs, whose context says
    /// which market's circuits count.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function requireProof(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external view;

    /// @notice Reverts unless every proof proves its public inputs, which are of one
    /// market. Of 2 to 16 proofs it takes much less gas than one by one.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs of each proof.
    /// @param proofs As many proofs.
    function requireProofs(
        bytes32 circuit,
        uint256[9][] calldata inputs,
        bytes[] calldata proofs
    ) external view;

    /// @notice Reverts unless the proof of a change proves the public inputs, whose
    /// context says which market's circuits count.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the transition statement.
    /// @param proof The proof.
    function requireChange(
        bytes32 circuit,
        uint256[11] calldata inputs,
        bytes calldata proof
    ) external view;

    /// @notice The same of a margin proof with an escrow. Whose key it is to is not said
    /// by it.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs: those of a margin proof, and the escrow's digest.
    /// @param proof The proof.
    function requireEscrow(
        bytes32 circuit,
        uint256[10] calldata inputs,
        bytes calldata proof
    ) external view;

    /// @notice Reverts unless the proof of a venue proves the public inputs, whose context
    /// says which market's circuits count.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the venue statement.
    /// @param proof The proof.
    function requireVenue(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external view;
}
