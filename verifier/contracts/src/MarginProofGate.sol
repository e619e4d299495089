// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { AccessControl } from "@openzeppelin/contracts/access/AccessControl.sol";
import { IMarginVerifier } from "./interfaces/IMarginVerifier.sol";
import { MarginClaims } from "./lib/MarginClaims.sol";

/// @title The one way to a verifier
/// @notice Checks what a proof verifier leaves open: the exact length of the
/// proof, canonical public inputs and proof scalars, nothing behind the proof
/// in the calldata, and a bound on the gas that the verifier can burn (one
/// invalid curve point burns all that it is given).
/// @dev Never use a proof or its hash as an identifier: proofs are malleable.
contract MarginProofGate is AccessControl {
    /// @notice A circuit whose proofs are accepted.
    /// @param verifier Its verifier.
    /// @param gasLimit Gas given to the verifier.
    /// @param proofLength Exact length of a proof, in bytes.
    struct Circuit {
        address verifier;
        uint32 gasLimit;
        uint32 proofLength;
    }

    /// @notice Adds and removes circuits; in a registry also accepts and revokes models.
    bytes32 public constant GOVERNOR_ROLE = keccak256("GOVERNOR_ROLE");

    /// @notice Whether verifiers made under an insecure SRS may be added. Only
    /// test deployments set it.
    bool public immutable INSECURE_SRS_ALLOWED;

    /// @notice The circuits, by the digest of their verifying keys.
    mapping(bytes32 circuit => Circuit) public circuits;

    /// @notice A circuit is accepted from now on.
    event CircuitAdded(bytes32 indexed circuit, address verifier, uint32 gasLimit);
    /// @notice A circuit is no longer accepted.
    event CircuitRemoved(bytes32 indexed circuit);

    /// @notice No such circuit is accepted.
    error UnknownCircuit(bytes32 circuit);
    /// @notice The circuit is accepted already: remove it first.
    error CircuitAlreadyAdded(bytes32 circuit);
    /// @notice The verifier's key was made under an SRS whose secret is known.
    error InsecureSrs(bytes32 circuit);
    /// @notice The gas limit or the verifier's proof length is zero or too large.
    error InvalidCircuit(bytes32 circuit);
    /// @notice The proof is not as long as the circuit's proofs are.
    error ProofLength(uint256 expected, uint256 got);
    /// @notice The calldata is not the one encoding of the arguments.
    error MalformedCalldata();
    /// @notice Too little gas for the verifier: nothing is known of the proof.
    error TooLittleGas(uint256 needed);
    /// @notice The proof does not prove the public inputs.
    error InvalidProof();

    /// @param governor Holder of the governor's role and administrator of all roles.
    /// @param insecureSrsAllowed Whether this is a test deployment.
    constructor(address governor, bool insecureSrsAllowed) {
        _grantRole(DEFAULT_ADMIN_ROLE, governor);
        _grantRole(GOVERNOR_ROLE, governor);
        INSECURE_SRS_ALLOWED = insecureSrsAllowed;
    }

    /// @notice Accepts the circuit of a verifier. Whether its code is what the
    /// generator makes of the key must be checked before: the source can be made
    /// again byte for byte.
    /// @param verifier The verifier.
    /// @param gasLimit Gas to give to it.
    function addCircuit(
        IMarginVerifier verifier,
        uint32 gasLimit
    ) external onlyRole(GOVERNOR_ROLE) {
        bytes32 circuit = verifier.CIRCUIT();
        uint256 length = verifier.PROOF_LENGTH();
        if (circuits[circuit].verifier != address(0)) revert CircuitAlreadyAdded(circuit);
        if (verifier.INSECURE_DEV_SRS() && !INSECURE_SRS_ALLOWED) revert InsecureSrs(circuit);
        if (gasLimit == 0 || length == 0 || length % 32 != 0 || length > type(uint32).max) {
            revert InvalidCircuit(circuit);
        }
        circuits[circuit] = Circuit(address(verifier), gasLimit, uint32(length));
        emit CircuitAdded(circuit, address(verifier), gasLimit);
    }

    /// @notice Accepts no more proofs of a circuit.
    /// @param circuit Digest of its verifying key.
    function removeCircuit(bytes32 circuit) external onlyRole(GOVERNOR_ROLE) {
        if (circuits[circuit].verifier == address(0)) revert UnknownCircuit(circuit);
        delete circuits[circuit];
        emit CircuitRemoved(circuit);
    }

    /// @notice Reverts unless the proof proves the public inputs.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function requireProof(
        bytes32 circuit,
        uint256[8] calldata inputs,
        bytes calldata proof
    ) external view {
        _requireExactCalldata(proof);
        MarginClaims.decode(inputs);
        _requireProof(circuit, inputs, proof);
    }

    /// @dev For functions whose arguments are (bytes32, uint256[8], bytes): the
    /// calldata is exactly selector, head, length and proof.
    function _requireExactCalldata(bytes calldata proof) internal pure {
        uint256 start;
        assembly ("memory-safe") {
            start := proof.offset
        }
        // Selector, circuit, inputs, offset, length.
        uint256 expected = 4 + 32 + 256 + 32 + 32;
        if (start != expected || msg.data.length != expected + proof.length) {
            revert MalformedCalldata();
        }
    }

    /// @dev The inputs must have been decoded, which checks that they are canonical.
    /// Canonical scalars are the verifier's to check, which knows where they are.
    function _requireProof(
        bytes32 circuit,
        uint256[8] calldata inputs,
        bytes calldata proof
    ) internal view {
        Circuit memory known = circuits[circuit];
        if (known.verifier == address(0)) revert UnknownCircuit(circuit);
        if (proof.length != known.proofLength) revert ProofLength(known.proofLength, proof.length);
        bytes memory message = abi.encodeCall(IMarginVerifier.verify, (inputs, proof));
        // At most 63/64 of the gas are passed on: with less than this, a true
        // proof would look false.
        uint256 needed = (uint256(known.gasLimit) * 64) / 63 + 5_000;
        if (gasleft() < needed) revert TooLittleGas(needed);
        if (!_accepts(known.verifier, known.gasLimit, message)) revert InvalidProof();
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
