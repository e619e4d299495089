// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginEscrows } from "../src/MarginEscrows.sol";
import { State } from "../src/MarginTypes.sol";
import { IMarginCallRegistry } from "../src/interfaces/IMarginCallRegistry.sol";
import { IMarginProofGate } from "../src/interfaces/IMarginProofGate.sol";
import { IMarginRefusals } from "../src/interfaces/IMarginRefusals.sol";
import { IMarginVerifier } from "../src/interfaces/IMarginVerifier.sol";
import { Ciphertext, EscrowCiphertexts } from "../src/lib/EscrowCiphertexts.sol";
import { MarginClaims } from "../src/lib/MarginClaims.sol";
import { MockVerifier } from "../test/MockVerifier.sol";
import { Handler } from "./Handler.sol";

/// @notice The campaign's market, with a contract of escrows and circuits proposed again.
contract EscrowsHandler is Handler {
    bytes32 public constant ESCROWS_CIRCUIT = bytes32(uint256(0xc2));
    MarginEscrows public escrows;

    constructor() {
        escrows = new MarginEscrows(registry, markets, gate);
    }

    function say() external {
        gate.setEscrows(address(escrows));
    }

    /// @notice The circuits go, the committee is named, and they come again.
    function demandAnew(bytes32 committee) external {
        gate.removeCircuit(context, CIRCUIT);
        gate.demandEscrow(context, committee);
        IMarginVerifier mock = IMarginVerifier(address(new MockVerifier(CIRCUIT, true)));
        gate.addCircuit(context, mock, address(mock).codehash, 100_000, type(uint48).max);
    }

    function addEscrows() external {
        IMarginVerifier mock = IMarginVerifier(address(new MockVerifier(ESCROWS_CIRCUIT, true)));
        gate.addEscrowCircuit(context, mock, address(mock).codehash, 100_000, type(uint48).max);
    }

    /// @notice Who sets an account's changes down.
    function sayChanges(address changes) external {
        gate.setChanges(changes);
    }

    /// @notice The governor demands an escrow of the market as it is.
    function demandLate(bytes32 committee) external {
        gate.demandEscrow(context, committee);
    }
}

/// @notice Where a committee must be able to open what is proved, nothing else counts.
contract MarginEscrowsTest {
    uint256 private constant HEALTHY = 2;
    uint256 private constant INITIAL = 3;
    uint256 private constant BREACH = 6;

    EscrowsHandler private handler;
    MarginEscrows private escrows;
    IMarginCallRegistry private registry;
    bytes32 private committee;

    function setUp() external {
        handler = new EscrowsHandler();
        escrows = handler.escrows();
        registry = handler.registry();
        committee = keccak256(abi.encodePacked(uint256(5), uint256(6)));
        handler.register(0, 0);
        handler.post(1, 0, 3, 1);
    }

    function _begin() private {
        handler.say();
        handler.demandAnew(committee);
        handler.addEscrows();
    }

    function _ciphertext() private pure returns (Ciphertext memory ciphertext) {
        ciphertext.key = [uint256(5), 6];
        ciphertext.noncePoint = [uint256(7), 8];
        ciphertext.elements = new uint256[](10);
        for (uint256 i = 0; i < 10; ++i) ciphertext.elements[i] = 100 + i;
    }

    /// @notice The digest, as the library that reads calldata computes it.
    function digestOf(Ciphertext calldata ciphertext) external pure returns (uint256) {
        return EscrowCiphertexts.digest(ciphertext);
    }

    function _message(
        uint256 claim,
        uint256 escrow,
        Ciphertext memory ciphertext,
        uint256 verdict
    ) private view returns (bytes memory) {
        uint256[9] memory margin = handler.inputsOf(0, handler.latest(), claim, 0);
        uint256[10] memory inputs;
        for (uint256 row = 0; row < 9; ++row) inputs[row] = margin[row];
        inputs[9] = escrow;
        bytes32 circuit = handler.ESCROWS_CIRCUIT();
        bytes memory proof = abi.encode(verdict);
        return abi.encodeCall(escrows.submitEscrowed, (circuit, inputs, proof, ciphertext));
    }

    function _do(bytes memory data) private {
        (bool success, ) = address(escrows).call(data);
        require(success, "refused");
    }

    function _refused(bytes memory data, bytes4 expected) private {
        (bool success, bytes memory answer) = address(escrows).call(data);
        require(!success && bytes4(answer) == expected, "refused for another reason");
    }

    function _state() private view returns (State) {
        return handler.state(0);
    }

    function test_a_proof_counts_with_its_escrow_alone() external {
        _begin();
        Ciphertext memory sealed_ = _ciphertext();
        uint256 digest = this.digestOf(sealed_);
        _submit(HEALTHY, IMarginRefusals.EscrowDemanded.selector);
        require(_state() == State.Unproven, "no proof without an escrow");
        _refused(_message(HEALTHY, digest, sealed_, 0), IMarginProofGate.InvalidProof.selector);
        _refused(_message(BREACH, digest, sealed_, 1), IMarginRefusals.WrongSide.selector);
        _do(_message(HEALTHY, digest, sealed_, 1));
        require(_state() == State.Current, "current");
        // Sent twice nothing is looked at.
        _do(_message(HEALTHY, digest, sealed_, 0));
        // A breach takes no escrow.
        handler.post(1, 0, 3, 1);
        _submit(BREACH, 0);
        require(_state() == State.Called, "called");
    }

    function test_a_proof_with_its_escrow_cures() external {
        _begin();
        Ciphertext memory sealed_ = _ciphertext();
        uint256 digest = this.digestOf(sealed_);
        _submit(BREACH, 0);
        require(_state() == State.Called, "called");
        // Of the level that cures, and of a later epoch than the breach.
        _refused(_message(HEALTHY, digest, sealed_, 1), IMarginRefusals.LevelTooLow.selector);
        _refused(_message(INITIAL, digest, sealed_, 1), IMarginRefusals.TooOldToCure.selector);
        handler.post(1, 0, 3, 1);
        _refused(_message(INITIAL, digest, sealed_, 0), IMarginProofGate.InvalidProof.selector);
        _do(_message(INITIAL, digest, sealed_, 1));
        require(_state() == State.Current, "cured");
    }

    function test_while_a_change_is_on_record_no_escrow_counts() external {
        _begin();
        Ciphertext memory sealed_ = _ciphertext();
        uint256 digest = this.digestOf(sealed_);
        handler.sayChanges(address(this));
        bytes31 context = handler.context();
        registry.setChange(context, handler.account(0), uint64(handler.latest()));
        _refused(_message(HEALTHY, digest, sealed_, 1), IMarginRefusals.ChangeOpen.selector);
        registry.setChange(context, handler.account(0), 0);
        _do(_message(HEALTHY, digest, sealed_, 1));
        require(_state() == State.Current, "current");
    }

    function test_the_ciphertext_is_the_proofs_to_the_committee() external {
        _begin();
        uint256 digest = this.digestOf(_ciphertext());
        Ciphertext memory other = _ciphertext();
        other.key[1] += 1;
        bytes4 wrong = IMarginRefusals.WrongCommittee.selector;
        _refused(_message(HEALTHY, digest, other, 1), wrong);
        bytes4 not = MarginEscrows.OtherCiphertext.selector;
        for (uint256 i = 0; i < 10; ++i) {
            other = _ciphertext();
            other.elements[i] += 1;
            _refused(_message(HEALTHY, digest, other, 1), not);
        }
        other = _ciphertext();
        other.noncePoint[0] += 1;
        _refused(_message(HEALTHY, digest, other, 1), not);
        // One that begins with the other, or ends early.
        other = _ciphertext();
        other.elements = new uint256[](11);
        for (uint256 i = 0; i < 10; ++i) other.elements[i] = 100 + i;
        _refused(_message(HEALTHY, digest, other, 1), not);
        // The same element written in another way.
        other = _ciphertext();
        other.elements[3] += MarginClaims.R;
        bytes4 canonical = EscrowCiphertexts.NotCanonical.selector;
        _refused(_message(HEALTHY, digest, other, 1), canonical);
        uint256 beyond = digest + MarginClaims.R;
        _refused(_message(HEALTHY, beyond, _ciphertext(), 1), not);
    }

    function test_a_committee_is_named_once_and_first() external {
        // No contract of escrows, and a circuit that is active.
        bytes4 late = IMarginProofGate.TooLateForEscrow.selector;
        _unnamed(abi.encodeCall(handler.demandAnew, (committee)), late);
        handler.say();
        _unnamed(abi.encodeCall(handler.say, ()), IMarginProofGate.InvalidEscrows.selector);
        _unnamed(abi.encodeCall(handler.demandLate, (committee)), late);
        bytes4 none = IMarginRefusals.EscrowNotDemanded.selector;
        handler.addEscrows();
        _refused(_message(HEALTHY, 1, _ciphertext(), 1), none);
        _submit(HEALTHY, 0);
        require(_state() == State.Current, "no escrow is demanded");
    }

    function test_the_clock_runs_while_escrows_can_be_proved() external {
        handler.say();
        handler.demandAnew(committee);
        require(!handler.markets().provableNow(handler.context()), "margin proofs alone");
        handler.addEscrows();
        require(handler.markets().provableNow(handler.context()), "escrows too");
        _unnamed(abi.encodeCall(handler.demandAnew, (committee)), bytes4(0));
    }

    function _unnamed(bytes memory data, bytes4 expected) private {
        (bool success, bytes memory answer) = address(handler).call(data);
        require(!success && (expected == 0 || bytes4(answer) == expected), "named");
    }

    /// @dev A proof without an escrow: a breach, or one that keeps current.
    function _submit(uint256 claim, bytes4 expected) private {
        uint256[9] memory inputs = handler.inputsOf(0, handler.latest(), claim, 0);
        bytes memory proof = abi.encode(uint256(1));
        bytes32 circuit = handler.CIRCUIT();
        bytes memory data =
            claim == BREACH
                ? abi.encodeCall(registry.submitBreach, (circuit, inputs, proof))
                : abi.encodeCall(registry.submitProof, (circuit, inputs, proof));
        (bool success, bytes memory answer) = address(registry).call(data);
        require(success == (expected == 0), "submitted");
        require(success || bytes4(answer) == expected, "for another reason");
    }
}
