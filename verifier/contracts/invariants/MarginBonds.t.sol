// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginBonds } from "../src/MarginBonds.sol";
import { MarginOperators } from "../src/MarginOperators.sol";
import { State } from "../src/MarginTypes.sol";
import { IMarginProofGate } from "../src/interfaces/IMarginProofGate.sol";
import { IMarginRefusals } from "../src/interfaces/IMarginRefusals.sol";
import { Handler } from "./Handler.sol";
import { VM } from "./Vm.sol";

/// @notice Keepers are paid for calls, and for nothing else.
contract MarginBondsTest {
    address private constant KEEPER = address(0xbee);
    address private constant THIEF = address(0xbad);
    /// @dev Below maintenance.
    uint256 private constant BREACH = 6;
    uint256 private constant BOND = 1 ether;

    Handler private handler;
    MarginBonds private bonds;
    bytes31 private context;
    address private account;
    bytes32 private circuit;

    function setUp() external {
        handler = new Handler();
        context = handler.context();
        account = handler.account(0);
        circuit = handler.CIRCUIT();
        MarginBonds.Rules memory rules = MarginBonds.Rules(0.001 ether, 0.1 ether, 50 gwei, 1 days);
        bonds = new MarginBonds(handler.registry(), handler.operators(), rules);
        VM.deal(address(this), 10 ether);
        bonds.deposit{ value: BOND }(context, account);
        handler.register(0, 0);
        handler.post(1, 0, 3, 1);
    }

    function _inputs(address keeper) private view returns (uint256[9] memory inputs) {
        inputs = handler.inputsOf(0, handler.latest(), BREACH, 0);
        inputs[8] = uint160(keeper);
    }

    function _showing(address keeper, uint256 verdict) private view returns (bytes memory) {
        bytes memory proof = abi.encode(verdict);
        return abi.encodeCall(bonds.showBreach, (circuit, _inputs(keeper), proof));
    }

    function _withdrawing(address owner) private view returns (bytes memory) {
        return abi.encodeCall(bonds.withdraw, (context, owner, 0, payable(owner)));
    }

    function _send(address from, bytes memory data) private returns (bool success, bytes4 error_) {
        VM.prank(from);
        bytes memory answer;
        (success, answer) = address(bonds).call(data);
        error_ = bytes4(answer);
    }

    function _refused(address from, bytes memory data, bytes4 expected) private {
        (bool success, bytes4 error_) = _send(from, data);
        require(!success && error_ == expected, "refused for another reason");
    }

    function _show(address from, address keeper) private {
        (bool success, ) = _send(from, _showing(keeper, 1));
        require(success, "shown");
    }

    function _bond() private view returns (uint256 amount) {
        (amount, ) = bonds.bondOf(context, account);
    }

    function test_a_breach_is_paid_for_once() external {
        VM.txGasPrice(10 gwei);
        _show(KEEPER, KEEPER);
        require(handler.state(0) == State.Called, "called");
        uint256 reward = bonds.owed(KEEPER);
        require(reward > 60_000 * 10 gwei && reward < 600_000 * 10 gwei, "reward");
        require(_bond() == BOND - reward, "from the bond");
        VM.prank(KEEPER);
        bonds.collect(payable(KEEPER));
        require(KEEPER.balance == reward && bonds.owed(KEEPER) == 0, "collected");
        // Another proof of the same breach gets nothing for it.
        _show(THIEF, THIEF);
        require(bonds.owed(THIEF) == 0 && _bond() == BOND - reward, "once");
    }

    function test_gas_prices_are_bounded_both_ways() external {
        VM.txGasPrice(10_000 gwei);
        _show(KEEPER, KEEPER);
        require(bonds.owed(KEEPER) < 600_000 * 50 gwei, "maximum price");
        VM.txGasPrice(0);
        handler.register(0, 1);
        bonds.deposit{ value: 0.0004 ether }(context, handler.account(1));
        handler.post(1, 0, 3, 1);
        uint256[9] memory inputs = handler.inputsOf(1, handler.latest(), BREACH, 0);
        inputs[8] = uint160(THIEF);
        bonds.showBreach(circuit, inputs, abi.encode(uint256(1)));
        // The minimum, but no more than there is.
        require(bonds.owed(THIEF) == 0.0004 ether, "minimum");
    }

    function test_whoever_sends_a_proof_pays_whom_it_names() external {
        // Copied from a pending transaction.
        _show(THIEF, KEEPER);
        require(bonds.owed(THIEF) == 0 && bonds.owed(KEEPER) >= 0.001 ether, "its finder");
    }

    function test_a_proof_that_was_sent_to_the_registry_is_paid_for() external {
        handler.breach(0, 0, 0, 1);
        require(handler.state(0) == State.Called, "called");
        _show(KEEPER, KEEPER);
        require(bonds.owed(KEEPER) >= 0.001 ether, "paid all the same");
    }

    function test_a_proof_that_is_none_is_not_paid_for() external {
        _refused(KEEPER, _showing(KEEPER, 0), IMarginProofGate.InvalidProof.selector);
        handler.breach(0, 0, 0, 1);
        _refused(KEEPER, _showing(KEEPER, 0), IMarginProofGate.InvalidProof.selector);
        _refused(KEEPER, _showing(address(0), 1), MarginBonds.NobodyToPay.selector);
        require(bonds.owed(KEEPER) == 0, "invalid proof");
    }

    function test_an_overdue_call_is_paid_for() external {
        bytes memory data = abi.encodeCall(bonds.callOverdue, (context, account));
        _refused(KEEPER, data, IMarginRefusals.NotOverdue.selector);
        for (uint256 i = 0; i < 20; ++i) handler.post(39, 0, 3, 1);
        VM.prank(KEEPER);
        bonds.callOverdue(context, account);
        require(bonds.owed(KEEPER) >= 0.001 ether, "paid");
        // Refined in a later epoch it is the same call.
        handler.post(1, 0, 3, 1);
        _show(THIEF, THIEF);
        require(bonds.owed(THIEF) == 0, "the same call");
    }

    function test_a_bond_stays_while_it_is_at_stake() external {
        address owner = handler.owner(0);
        bytes memory data = abi.encodeCall(bonds.announceWithdrawal, (context, owner, 0));
        _refused(THIEF, data, MarginOperators.NotTheOwner.selector);
        VM.prank(owner);
        bonds.announceWithdrawal(context, owner, 0);
        _refused(owner, _withdrawing(owner), MarginBonds.NotAnnounced.selector);
        handler.breach(0, 0, 0, 1);
        VM.warp(block.timestamp + 1 days);
        _refused(owner, _withdrawing(owner), MarginBonds.AtStake.selector);
    }

    function test_a_bond_is_its_owners() external {
        address owner = handler.owner(0);
        VM.prank(owner);
        bonds.announceWithdrawal(context, owner, 0);
        VM.warp(block.timestamp + 1 days);
        (bool success, ) = _send(owner, _withdrawing(owner));
        require(success, "withdrawn");
        require(owner.balance == BOND && _bond() == 0, "withdrawn");
        // And announced anew each time.
        _refused(owner, _withdrawing(owner), MarginBonds.NotAnnounced.selector);
    }
}
