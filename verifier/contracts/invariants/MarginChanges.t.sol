// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginChanges } from "../src/MarginChanges.sol";
import { MarginOperators } from "../src/MarginOperators.sol";
import { Account, Level, State } from "../src/MarginTypes.sol";
import { IMarginCallRegistry } from "../src/interfaces/IMarginCallRegistry.sol";
import { IMarginProofGate } from "../src/interfaces/IMarginProofGate.sol";
import { IMarginRefusals } from "../src/interfaces/IMarginRefusals.sol";
import { IMarginVerifier } from "../src/interfaces/IMarginVerifier.sol";
import { MarginChangeInputs } from "../src/lib/MarginChangeInputs.sol";
import { MarginClaims } from "../src/lib/MarginClaims.sol";
import { MockVerifier } from "../test/MockVerifier.sol";
import { Handler } from "./Handler.sol";
import { VM } from "./Vm.sol";

/// @notice The campaign's market, with a contract of changes.
contract ChangesHandler is Handler {
    bytes32 public constant CHANGES_CIRCUIT = bytes32(uint256(0xc1));
    MarginChanges public changes;

    constructor() {
        changes = new MarginChanges(registry, markets, gate, operators);
        gate.setChanges(address(changes));
        IMarginVerifier mock = IMarginVerifier(address(new MockVerifier(CHANGES_CIRCUIT, true)));
        gate.addChangeCircuit(context, mock, address(mock).codehash, 100_000, type(uint48).max);
    }

    /// @notice The governor freezes the circuit of changes, or says the contract again.
    function misuse(bool again) external {
        if (again) gate.setChanges(address(changes));
        else gate.freezeCircuit(context, CHANGES_CIRCUIT);
    }
}

/// @notice What an account said it becomes binds, until it is shown or expires.
contract MarginChangesTest {
    /// @dev At least maintenance, and below it.
    uint256 private constant HEALTHY = 2;
    uint256 private constant BREACH = 6;
    uint256 private constant NEXT = 0xabc;
    /// @dev Was below maintenance, is at initial margin afterwards.
    uint256 private constant CURES = 0x53;

    ChangesHandler private handler;
    MarginChanges private changes;
    IMarginCallRegistry private registry;
    bytes31 private context;
    address private owner;

    function setUp() external {
        handler = new ChangesHandler();
        changes = handler.changes();
        registry = handler.registry();
        context = handler.context();
        owner = handler.owner(0);
        handler.register(0, 0);
        handler.post(1, 0, 3, 1);
        handler.prove(0, 0, 0, 1);
        require(handler.state(0) == State.Current, "current");
    }

    function _inputs(
        uint256 claim,
        uint256 next,
        uint256 digest
    ) private view returns (uint256[11] memory inputs) {
        uint256[9] memory margin = handler.inputsOf(0, handler.latest(), claim, 0);
        for (uint256 row = 0; row < 9; ++row) inputs[row] = margin[row];
        (inputs[9], inputs[10]) = (next, digest);
    }

    function _saying(uint256 next, uint256 verdict) private view returns (bytes memory) {
        bytes32 circuit = handler.CHANGES_CIRCUIT();
        uint256[11] memory inputs = _inputs(HEALTHY, next, 5);
        bytes memory proof = abi.encode(verdict);
        return abi.encodeCall(changes.submitChange, (owner, 0, circuit, inputs, proof));
    }

    /// @dev What a called account says of its own deleveraging.
    function _curing(uint256 claim) private view returns (bytes memory) {
        bytes32 circuit = handler.CHANGES_CIRCUIT();
        uint256[11] memory inputs = _inputs(claim, NEXT, 5);
        bytes memory proof = abi.encode(uint256(1));
        return abi.encodeCall(changes.submitChange, (owner, 0, circuit, inputs, proof));
    }

    function _showing(uint256 next, uint256 digest) private view returns (bytes memory) {
        bytes32 circuit = handler.CHANGES_CIRCUIT();
        uint256[11] memory inputs = _inputs(3, next, digest);
        bytes memory proof = abi.encode(uint256(1));
        return abi.encodeCall(changes.showChange, (circuit, inputs, proof));
    }

    function _expiring() private view returns (bytes memory) {
        return abi.encodeCall(changes.expireChange, (context, handler.account(0)));
    }

    function _send(address from, bytes memory data) private returns (bool success, bytes4 error_) {
        bytes memory answer;
        VM.prank(from);
        (success, answer) = address(changes).call(data);
        error_ = bytes4(answer);
    }

    function _do(address from, bytes memory data) private {
        (bool success, ) = _send(from, data);
        require(success, "refused");
    }

    function _refused(address from, bytes memory data, bytes4 expected) private {
        (bool success, bytes4 error_) = _send(from, data);
        require(!success && error_ == expected, "refused for another reason");
    }

    /// @dev What a protocol is told that asks for a proof at the moment of an action.
    function _checked(uint256 claim, bytes4 expected) private view {
        uint256[9] memory inputs = handler.inputsOf(0, handler.latest(), claim, 0);
        bytes memory proof = abi.encode(uint256(1));
        bytes memory data = abi.encodeCall(registry.checkClaim, (handler.CIRCUIT(), inputs, proof));
        (bool success, bytes memory answer) = address(registry).staticcall(data);
        require(success == (expected == 0), "checked");
        require(success || bytes4(answer) == expected, "for another reason");
    }

    function _epochOfProof() private view returns (uint64) {
        return registry.standing(context, handler.account(0)).epoch;
    }

    function _mayRisk() private view returns (bool) {
        return registry.mayIncreaseRisk(context, handler.account(0), Level.Maintenance, 90);
    }

    function test_a_change_binds_until_it_is_shown() external {
        require(_mayRisk(), "before");
        _do(owner, _saying(NEXT, 1));
        require(!_mayRisk(), "two portfolios");
        _checked(HEALTHY, IMarginRefusals.ChangeOpen.selector);
        _checked(BREACH, bytes4(0));
        uint64 proved = _epochOfProof();
        handler.post(10, 0, 3, 1);
        handler.prove(0, 0, 0, 2);
        require(_epochOfProof() == proved, "another commitment counted");
        uint256 nothing = MarginChangeInputs.NOTHING;
        _refused(owner, _showing(NEXT + 1, nothing), IMarginRefusals.WrongNext.selector);
        _refused(owner, _showing(NEXT, nothing + 1), IMarginRefusals.WrongNext.selector);
        _do(address(0xbee), _showing(NEXT, nothing));
        require(_epochOfProof() == handler.latest() && _mayRisk(), "shown");
        _refused(owner, _showing(NEXT, nothing), IMarginRefusals.NoChangeOpen.selector);
    }

    function test_only_its_owner_says_what_becomes_of_an_account() external {
        _refused(address(0xbad), _saying(NEXT, 1), MarginOperators.NotTheOwner.selector);
        _refused(owner, _saying(NEXT, 0), IMarginProofGate.InvalidProof.selector);
        bytes4 notThem = IMarginCallRegistry.NotTheChanges.selector;
        bytes memory set = abi.encodeCall(registry.setChange, (context, handler.account(0), 1));
        (bool success, bytes memory answer) = address(registry).call(set);
        require(!success && bytes4(answer) == notThem, "anyone sets");
        uint256[9] memory inputs = handler.inputsOf(0, handler.latest(), HEALTHY, 0);
        bytes memory accept = abi.encodeCall(
            registry.acceptShown,
            (bytes32(0), inputs, 1, address(this))
        );
        (success, answer) = address(registry).call(accept);
        require(!success && bytes4(answer) == notThem, "anyone accepts");
    }

    function test_a_breach_counts_and_is_cured_by_showing() external {
        _do(owner, _saying(NEXT, 1));
        handler.post(10, 0, 3, 1);
        handler.breach(0, 0, 0, 1);
        require(handler.state(0) == State.Called, "no shield");
        _refused(owner, _saying(NEXT, 1), IMarginRefusals.CallOpen.selector);
        uint256 nothing = MarginChangeInputs.NOTHING;
        _refused(owner, _showing(NEXT, nothing), IMarginRefusals.TooOldToCure.selector);
        handler.post(10, 0, 3, 1);
        handler.cure(0, 0, 0, 1);
        require(handler.state(0) == State.Called, "another commitment cured");
        _do(owner, _showing(NEXT, nothing));
        require(handler.state(0) == State.Current, "cured");
    }

    function test_a_called_account_closes_lots_by_itself() external {
        _refused(owner, _curing(CURES), IMarginRefusals.NotCalled.selector);
        handler.post(10, 0, 3, 1);
        handler.breach(0, 0, 0, 1);
        require(handler.state(0) == State.Called, "called");
        // Below initial margin is no breach; the target must cure; and only one encoding is
        // that of a change that cures: not below bankrupt or above the target, not
        // healthier, not below a level afterwards, with no leverage.
        _refused(owner, _curing(CURES | 0x20), IMarginRefusals.NotABreach.selector);
        _refused(owner, _curing(CURES ^ 1), IMarginRefusals.LevelTooLow.selector);
        uint256[6] memory others = [
            uint256(0x13),
            0x72,
            0x0b,
            CURES | 0x08,
            CURES | 4,
            CURES | (1 << 40)
        ];
        for (uint256 i = 0; i < others.length; ++i) {
            _refused(owner, _curing(others[i]), MarginClaims.NotCanonical.selector);
        }
        _do(owner, _curing(CURES));
        require(handler.state(0) == State.Called, "no cure yet");
        handler.post(10, 0, 3, 1);
        _do(address(0xbee), _showing(NEXT, MarginChangeInputs.NOTHING));
        require(handler.state(0) == State.Current, "cured");
    }

    function test_it_does_so_in_the_first_half_of_its_time() external {
        handler.post(10, 0, 3, 1);
        handler.breach(0, 0, 0, 1);
        (Account memory account, ) = registry.statusOf(context, handler.account(0));
        uint256 half = account.since + (account.until - account.since) / 2;
        while (handler.markets().clock(context) + 39 <= half) handler.post(39, 0, 3, 1);
        handler.post(uint8(half - handler.markets().clock(context)), 0, 3, 1);
        _do(owner, _curing(CURES));
        handler.post(1, 0, 3, 1);
        _refused(owner, _curing(CURES), IMarginRefusals.CallOpen.selector);
    }

    function test_what_is_not_shown_expires() external {
        _do(owner, _saying(NEXT, 1));
        // A second one of the epoch takes its place.
        _do(owner, _saying(NEXT + 1, 1));
        handler.post(10, 0, 3, 1);
        _refused(owner, _saying(NEXT, 1), IMarginRefusals.ChangeOpen.selector);
        handler.post(10, 0, 3, 1);
        _refused(owner, _expiring(), IMarginRefusals.ChangeNotExpired.selector);
        handler.post(10, 0, 3, 1);
        _do(address(0xbee), _expiring());
        _refused(owner, _expiring(), IMarginRefusals.NoChangeOpen.selector);
        handler.prove(0, 0, 0, 1);
        require(_epochOfProof() == handler.latest(), "proofs count again");
    }

    function test_a_frozen_circuit_of_changes_stops_the_clock() external {
        handler.misuse(false);
        require(!handler.markets().provableNow(context), "frozen");
    }

    function test_the_contract_of_changes_is_said_once() external {
        (bool success, bytes memory answer) = address(handler).call(
            abi.encodeCall(handler.misuse, (true))
        );
        require(!success && bytes4(answer) == IMarginProofGate.InvalidChanges.selector, "twice");
    }
}
