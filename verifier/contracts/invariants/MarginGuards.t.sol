// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginMarkets } from "../src/MarginMarkets.sol";
import { MarginRoles } from "../src/MarginRoles.sol";
import { Account, Level, Meta, SignerSet, State } from "../src/MarginTypes.sol";
import { IMarginCallRegistry } from "../src/interfaces/IMarginCallRegistry.sol";
import { IMarginProofGate } from "../src/interfaces/IMarginProofGate.sol";
import { IMarginRefusals } from "../src/interfaces/IMarginRefusals.sol";
import { Handler } from "./Handler.sol";
import { VM } from "./Vm.sol";

/// @notice Checks that a random run with every role and true proofs cannot miss: who may,
/// what a proof must be, and times to the second.
contract MarginGuardsTest {
    address private constant ANYONE = address(0xbee);
    address private constant GUARDIAN = address(0x6a);

    Handler private handler;
    MarginMarkets private markets;
    IMarginCallRegistry private registry;
    bytes31 private context;
    address private account;

    function setUp() external {
        handler = new Handler();
        markets = handler.markets();
        registry = handler.registry();
        context = handler.context();
        account = handler.account(0);
        handler.register(0, 0);
        handler.post(1, 0, 3, 1);
        MarginRoles roles = handler.roles();
        bytes32 guardian = roles.marketRole(context, roles.GUARDIAN_ROLE());
        VM.prank(address(handler));
        roles.grantRole(guardian, GUARDIAN);
    }

    function _refused(address from, address to, bytes memory data) private returns (bytes4) {
        VM.prank(from);
        (bool success, bytes memory answer) = to.call(data);
        require(!success, "not refused");
        return bytes4(answer);
    }

    function _attesters() private pure returns (SignerSet memory) {
        address[] memory signers = new address[](1);
        signers[0] = ANYONE;
        return SignerSet(1, signers);
    }

    function test_roles_are_needed() external {
        uint48 soon = uint48(block.timestamp + 10);
        address target = address(markets);
        bytes memory data = abi.encodeCall(markets.setCircuits, (context, soon, false));
        require(_refused(ANYONE, target, data) == MarginMarkets.NotTheGate.selector, "circuits");
        bytes4 lacks = _refused(ANYONE, target, abi.encodeCall(markets.pause, (context, soon)));
        data = abi.encodeCall(markets.setSigners, (context, _attesters()));
        require(_refused(ANYONE, target, data) == lacks, "signers");
        require(_refused(GUARDIAN, target, data) == lacks, "signers by a guardian");
        data = abi.encodeCall(markets.cancelSigners, (context));
        require(_refused(ANYONE, target, data) == lacks, "cancel");
        data = abi.encodeCall(markets.resume, (context, 0, bytes32(0)));
        require(_refused(ANYONE, target, data) == lacks, "resume");
        data = abi.encodeCall(markets.rejectEpoch, (context, 0, bytes32(0)));
        require(_refused(ANYONE, target, data) == lacks, "reject");
    }

    function test_signers_wait_for_their_notice() external {
        MarginRoles roles = new MarginRoles(address(this), 1 days);
        MarginMarkets real = new MarginMarkets(roles, 100, false);
        roles.grantRole(roles.GOVERNOR_ROLE(), address(this));
        bytes31 created = real.createMarket(handler.market());
        roles.grantRole(roles.marketRole(created, roles.GOVERNOR_ROLE()), address(this));
        real.setSigners(created, _attesters());
        bytes memory data = abi.encodeCall(real.activateSigners, (created));
        VM.warp(block.timestamp + 99);
        bytes4 early = _refused(ANYONE, address(real), data);
        require(early == MarginMarkets.NoticeNotGiven.selector, "notice");
        VM.warp(block.timestamp + 1);
        VM.prank(ANYONE);
        real.activateSigners(created);
        require(real.signersOf(created).signers[0] == ANYONE, "activated");
    }

    function test_a_pause_is_named_and_bounded() external {
        uint48 time = uint48(block.timestamp);
        bytes memory data = abi.encodeCall(markets.pause, (context, time + 501));
        bytes4 long = _refused(address(handler), address(markets), data);
        require(long == IMarginRefusals.PauseTooLong.selector, "too long");
        handler.pause(0, 20);
        data = abi.encodeCall(markets.resume, (context, uint64(handler.latest()), bytes32(0)));
        bytes4 other = _refused(address(handler), address(markets), data);
        require(other == IMarginRefusals.WrongConfirmation.selector, "another root");
    }

    function test_a_proof_is_verified_and_of_its_side() external {
        bytes32 circuit = handler.CIRCUIT();
        uint256[9] memory inputs = handler.inputsOf(0, handler.latest(), 2, 0);
        bytes memory data = abi.encodeCall(
            registry.submitProof,
            (circuit, inputs, abi.encode(uint256(0)))
        );
        bytes4 forged = _refused(ANYONE, address(registry), data);
        require(forged == IMarginProofGate.InvalidProof.selector, "forged");
        inputs[6] = 6;
        data = abi.encodeCall(registry.submitProof, (circuit, inputs, abi.encode(uint256(1))));
        bytes4 below = _refused(ANYONE, address(registry), data);
        require(below == IMarginRefusals.WrongSide.selector, "below");
    }

    /// @dev Proved in the first epoch: due 600 seconds of the clock after its posting.
    function _due() private returns (uint256 due) {
        handler.prove(0, 0, 0, 1);
        (Account memory status, ) = registry.statusOf(context, account);
        due = status.until;
        while (handler.clock() + 50 < due) {
            handler.wait(39);
            handler.post(1, 0, 3, 1);
        }
        handler.wait(uint16(due - handler.clock()));
        require(handler.clock() == due, "due now");
    }

    function test_due_to_the_second() external {
        _due();
        bytes memory data = abi.encodeCall(registry.callOverdue, (context, account));
        bytes4 early = _refused(ANYONE, address(registry), data);
        require(early == IMarginRefusals.NotOverdue.selector, "early");
        uint48 ever = type(uint48).max;
        require(registry.mayIncreaseRisk(context, account, Level.MarginCall, ever), "in time");
        handler.wait(1);
        require(!registry.mayIncreaseRisk(context, account, Level.MarginCall, ever), "late");
        registry.callOverdue(context, account);
    }

    function test_what_had_passed_before_a_halt_stays_passed() external {
        _due();
        handler.wait(1);
        handler.pause(0, 10);
        handler.wait(11);
        require(handler.graceUntil() > handler.clock(), "grace");
        registry.callOverdue(context, account);
    }

    function test_a_call_needs_an_epoch_to_prove_in() external {
        _due();
        handler.wait(1);
        handler.freeze(0);
        bytes memory data = abi.encodeCall(registry.callOverdue, (context, account));
        bytes4 blind = _refused(ANYONE, address(registry), data);
        require(blind == IMarginRefusals.CircuitsFrozen.selector, "blind");
    }

    function test_liquidatable_a_second_after_the_deadline() external {
        _due();
        handler.wait(1);
        registry.callOverdue(context, account);
        (Account memory status, ) = registry.statusOf(context, account);
        uint256 deadline = status.until;
        while (handler.clock() < deadline) {
            uint256 left = deadline - handler.clock();
            handler.wait(uint16(left > 39 ? 39 : left));
            if (handler.clock() < deadline) handler.post(0, 0, 3, 1);
        }
        require(!registry.liquidatable(context, account), "at the deadline");
        handler.wait(1);
        require(registry.liquidatable(context, account), "after it");
    }

    function test_an_account_that_was_answered_has_what_it_waited() external {
        handler.demand(0, 0);
        uint256 since = handler.waitsSince(account);
        require(since != 0, "waits");
        (Account memory before, ) = registry.statusOf(context, account);
        handler.wait(20);
        handler.deliver(0, 0);
        (Account memory status, ) = registry.statusOf(context, account);
        uint256 waited = handler.clock() - since;
        require(waited >= 20 && status.until == before.until + waited, "due later by as long");
    }

    function test_a_late_account_that_waits_stays_late() external {
        uint256 due = _due();
        handler.wait(1);
        handler.demand(0, 0);
        require(handler.waitsSince(account) != 0, "waits");
        handler.wait(20);
        handler.deliver(0, 0);
        (Account memory status, ) = registry.statusOf(context, account);
        require(status.state == State.Unproven || status.until == due, "still late");
        registry.callOverdue(context, account);
    }

    function test_a_cure_needs_an_epoch_after_the_breach() external {
        handler.breach(0, 0, 0, 1);
        require(handler.state(0) == State.Called, "called");
        bytes memory data = abi.encodeCall(
            registry.cure,
            (handler.CIRCUIT(), handler.inputsOf(0, handler.latest(), 3, 0), abi.encode(uint256(1)))
        );
        bytes4 same = _refused(ANYONE, address(registry), data);
        require(same == IMarginRefusals.TooOldToCure.selector, "same epoch");
    }

    function test_a_refinement_never_prolongs() external {
        handler.breach(0, 0, 0, 1);
        (Account memory before, ) = registry.statusOf(context, account);
        for (uint256 i = 0; i < 3; ++i) {
            handler.wait(36);
            handler.post(0, 0, 3, 1);
        }
        // Below margin call gives 200 seconds from now: later than the first breach did.
        handler.breach(0, 0, 0, 0);
        (Account memory status, ) = registry.statusOf(context, account);
        require(status.level == Level.MarginCall && status.until == before.until, "refined");
    }

    function test_one_demand_an_epoch() external {
        handler.demand(0, 0);
        handler.deliver(0, 0);
        handler.demand(0, 0);
        require(handler.waitsSince(account) == 0, "a second");
    }

    function test_provable_through_the_last_second() external {
        handler.wait(uint16(handler.freshUntil() - block.timestamp));
        require(markets.provableNow(context), "fresh");
        handler.wait(1);
        require(!markets.provableNow(context), "stale");
    }

    function test_circuits_through_their_last_second() external {
        handler.removeCircuit(0);
        require(!markets.provableNow(context), "removed");
        handler.addCircuit(0, 5);
        handler.wait(uint16(handler.circuitsUntil() - block.timestamp));
        require(markets.provableNow(context), "accepted");
        handler.wait(1);
        require(!markets.provableNow(context), "ended");
    }

    function test_a_pause_through_its_last_second() external {
        handler.pause(0, 10);
        handler.wait(10);
        require(!markets.provableNow(context), "paused");
        handler.wait(1);
        require(markets.provableNow(context), "over");
    }

    /// @notice A pause that ends as the snapshot goes stale begins no grace.
    function test_a_pause_that_ends_with_the_snapshot() external {
        uint256 fresh = handler.freshUntil();
        handler.pause(0, uint16(fresh - block.timestamp));
        handler.wait(uint16(fresh - block.timestamp + 1));
        (Meta memory meta, , ) = markets.read(context, 0);
        require(meta.graceUntil == handler.graceUntil(), "grace");
        require(meta.lastRan == handler.lastRan(), "last ran");
    }
}
