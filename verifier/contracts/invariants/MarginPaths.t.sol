// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginOperators } from "../src/MarginOperators.sol";
import { MarginPaths } from "../src/MarginPaths.sol";
import { PathRequest } from "../src/MarginTypes.sol";
import { IMarginCallRegistry } from "../src/interfaces/IMarginCallRegistry.sol";
import { IMarginRefusals } from "../src/interfaces/IMarginRefusals.sol";
import { Handler } from "./Handler.sol";
import { VM } from "./Vm.sol";

/// @notice Who may demand and answer, and whose bond and stake are. The handler is
/// the venue and every owner's operator; its contract takes 2 gwei for a demand, has 5
/// at stake, and gives 100 seconds to answer.
contract MarginPathsTest {
    uint128 private constant BOND = 2 gwei;
    uint128 private constant STAKE = 5 gwei;
    bytes32 private constant KEY = bytes32(uint256(7));
    address private constant ANYONE = address(0xbee);

    Handler private handler;
    MarginPaths private paths;
    IMarginCallRegistry private registry;
    bytes31 private context;
    address private account;
    address private owner;

    function setUp() external {
        handler = new Handler();
        context = handler.context();
        paths = handler.paths();
        registry = handler.registry();
        account = handler.account(0);
        owner = handler.owner(0);
        VM.deal(owner, 1 ether);
        VM.deal(ANYONE, 1 ether);
        handler.register(0, 0);
        handler.post(1, 0, 3, 1);
    }

    function _send(
        address from,
        uint256 value,
        bytes memory data
    ) private returns (bool success, bytes4 error_) {
        VM.prank(from);
        bytes memory answer;
        (success, answer) = address(paths).call{ value: value }(data);
        error_ = bytes4(answer);
    }

    function _refused(address from, uint256 value, bytes memory data, bytes4 expected) private {
        (bool success, bytes4 error_) = _send(from, value, data);
        require(!success && error_ == expected, "refused for another reason");
    }

    function _done(address from, uint256 value, bytes memory data) private {
        (bool success, ) = _send(from, value, data);
        require(success, "refused");
    }

    function _demanding() private view returns (bytes memory) {
        return abi.encodeCall(paths.demand, (context, owner, 0, KEY));
    }

    function _answering(uint256 epoch, bytes memory sealed_) private view returns (bytes memory) {
        return abi.encodeCall(paths.answer, (context, account, uint64(epoch), sealed_));
    }

    function _forfeiting(uint256 epoch) private view returns (bytes memory) {
        return abi.encodeCall(paths.forfeit, (context, account, uint64(epoch)));
    }

    function _demanded() private returns (uint64 epoch) {
        epoch = uint64(handler.latest());
        _done(owner, BOND, _demanding());
    }

    function _free() private view returns (uint256 free) {
        (free, ) = paths.bondOf(context);
    }

    function _waits() private view returns (bool) {
        PathRequest memory path = registry.pathOf(context, account);
        return path.open;
    }

    function test_only_the_owner_demands_for_exactly_the_bond() external {
        _refused(ANYONE, BOND, _demanding(), MarginOperators.NotTheOwner.selector);
        _refused(owner, BOND - 1, _demanding(), MarginPaths.WrongBond.selector);
        _refused(owner, BOND + 1, _demanding(), MarginPaths.WrongBond.selector);
        bytes memory keyless = abi.encodeCall(paths.demand, (context, owner, 0, bytes32(0)));
        _refused(owner, BOND, keyless, MarginPaths.NoKey.selector);
        uint256 before = _free();
        uint64 epoch = _demanded();
        require(_waits() && _free() == before - STAKE, "demanded");
        (address requester, uint48 answerBy, , , uint128 bond, uint128 stake) = paths.demandOf(
            context,
            account,
            epoch
        );
        require(requester == owner && bond == BOND && stake == STAKE, "demand");
        require(answerBy == block.timestamp + 100, "time to answer");
        _refused(owner, BOND, _demanding(), IMarginRefusals.PathOnRequest.selector);
    }

    function test_only_the_paths_hold_and_release() external {
        (bool success, bytes memory answer) = address(registry).call(
            abi.encodeCall(registry.requestPath, (context, account))
        );
        require(!success && bytes4(answer) == IMarginCallRegistry.NotThePaths.selector, "hold");
        _demanded();
        (success, answer) = address(registry).call(
            abi.encodeCall(registry.answerPath, (context, account))
        );
        require(!success && bytes4(answer) == IMarginCallRegistry.NotThePaths.selector, "release");
        VM.prank(address(handler));
        (success, answer) = address(registry).call(abi.encodeCall(registry.setPaths, (ANYONE)));
        require(!success && bytes4(answer) == IMarginCallRegistry.PathsAreSet.selector, "set");
    }

    function test_answered_in_its_last_second_the_bond_is_the_venues() external {
        uint256 before = _free();
        uint64 epoch = _demanded();
        _refused(owner, 0, _answering(epoch, "sealed"), MarginPaths.NotTheVenue.selector);
        _refused(address(handler), 0, _answering(epoch, ""), MarginPaths.NoAnswer.selector);
        bytes memory other = _answering(epoch + 1, "sealed");
        _refused(address(handler), 0, other, MarginPaths.NothingDemanded.selector);
        handler.wait(100);
        _refused(ANYONE, 0, _forfeiting(epoch), MarginPaths.NotForfeited.selector);
        _done(address(handler), 0, _answering(epoch, "sealed"));
        require(!_waits() && _free() == before + BOND, "answered");
        _refused(address(handler), 0, _answering(epoch, "x"), MarginPaths.NothingDemanded.selector);
        handler.wait(100);
        _refused(ANYONE, 0, _forfeiting(epoch), MarginPaths.NotForfeited.selector);
    }

    function test_not_answered_in_time_the_stake_is_the_requesters() external {
        uint256 before = _free();
        uint64 epoch = _demanded();
        handler.wait(101);
        _done(ANYONE, 0, _forfeiting(epoch));
        _refused(ANYONE, 0, _forfeiting(epoch), MarginPaths.NotForfeited.selector);
        require(_waits(), "waits on");
        require(paths.owed(owner) == BOND + STAKE && _free() == before - STAKE, "owed");
        // A late answer lets the clock run, and pays nobody again.
        _done(address(handler), 0, _answering(epoch, "sealed"));
        require(!_waits() && _free() == before - STAKE, "late");
        uint256 had = owner.balance;
        _done(owner, 0, abi.encodeCall(paths.collect, (payable(owner))));
        require(owner.balance == had + BOND + STAKE, "collected");
        bytes memory again = abi.encodeCall(paths.collect, (payable(owner)));
        _refused(owner, 0, again, MarginPaths.NothingToCollect.selector);
    }

    function test_a_late_answer_forfeits_too() external {
        uint64 epoch = _demanded();
        handler.wait(101);
        _done(address(handler), 0, _answering(epoch, "sealed"));
        require(!_waits() && paths.owed(owner) == BOND + STAKE, "late");
    }

    function test_an_account_that_proved_is_answered_all_the_same() external {
        uint64 epoch = _demanded();
        handler.prove(0, 0, 0, 1);
        require(!_waits(), "proved");
        handler.post(1, 0, 3, 1);
        uint64 next = _demanded();
        // The answer to the first ends nothing of the second.
        _done(address(handler), 0, _answering(epoch, "sealed"));
        require(next == epoch + 1 && _waits(), "second");
        _done(address(handler), 0, _answering(next, "sealed"));
        require(!_waits(), "answered");
    }

    function test_the_venue_leaves_after_a_notice_and_not_with_stakes() external {
        bytes memory announcing = abi.encodeCall(paths.announceWithdrawal, (context));
        bytes memory withdrawing = abi.encodeCall(paths.withdraw, (context, payable(ANYONE)));
        _refused(ANYONE, 0, announcing, MarginPaths.NotTheVenue.selector);
        _refused(address(handler), 0, withdrawing, MarginPaths.NotAnnounced.selector);
        _done(address(handler), 0, announcing);
        uint256 before = _free();
        uint64 epoch = _demanded();
        handler.wait(99);
        _refused(address(handler), 0, withdrawing, MarginPaths.NotAnnounced.selector);
        handler.wait(2);
        _refused(ANYONE, 0, withdrawing, MarginPaths.NotTheVenue.selector);
        uint256 had = ANYONE.balance;
        _done(address(handler), 0, withdrawing);
        require(ANYONE.balance == had + before - STAKE && _free() == 0, "withdrawn");
        _done(ANYONE, 0, _forfeiting(epoch));
        require(paths.owed(owner) == BOND + STAKE, "stake");
        _refused(address(handler), 0, withdrawing, MarginPaths.NotAnnounced.selector);
        // Without a bond the account waits all the same, and has its own back.
        handler.post(1, 0, 3, 1);
        _done(address(handler), 0, _answering(epoch, "sealed"));
        _demanded();
        handler.wait(101);
        _done(ANYONE, 0, _forfeiting(epoch + 1));
        require(paths.owed(owner) == 2 * BOND + STAKE && _waits(), "no stake");
    }

    function test_rules_that_make_no_sense_are_refused() external {
        require(!_created(0, 100) && !_created(100, 99) && _created(100, 100), "rules");
    }

    function _created(uint32 answerPeriod, uint32 notice) private returns (bool) {
        MarginPaths.Rules memory rules = MarginPaths.Rules(BOND, STAKE, answerPeriod, notice);
        try new MarginPaths(registry, handler.operators(), handler.roles(), rules) {
            return true;
        } catch {
            return false;
        }
    }
}
