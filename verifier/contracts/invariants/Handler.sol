// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginCallRegistry } from "../src/MarginCallRegistry.sol";
import { MarginMarkets } from "../src/MarginMarkets.sol";
import { MarginOperators } from "../src/MarginOperators.sol";
import { MarginPaths } from "../src/MarginPaths.sol";
import { MarginProofGate } from "../src/MarginProofGate.sol";
import { MarginRoles } from "../src/MarginRoles.sol";
import {
    Account,
    EpochPost,
    Level,
    Limits,
    MarketParams,
    Moves,
    PathRequest,
    SignerSet,
    State,
    Terms
} from "../src/MarginTypes.sol";
import { IMarginVerifier } from "../src/interfaces/IMarginVerifier.sol";
import { MockVerifier } from "../test/MockVerifier.sol";
import { Ghost } from "./Ghost.sol";
import { Signing } from "./Signing.sol";
import { VM } from "./Vm.sol";

/// @notice Does to the real contracts whatever forge asks for, most of it sensible,
/// and tells the ghost what happened. It holds every role, so nothing is refused for
/// want of one. Only the verifier is not real: any proof is true.
contract Handler is Ghost {
    uint256 internal constant ACCOUNTS = 3;
    uint256 private constant KEY = 0xa11ce;
    bytes32 public constant CIRCUIT = bytes32(uint256(0xc0));
    uint48 private constant NEVER = type(uint48).max;
    /// @dev Times and epochs that need all their bits.
    uint256 private constant START = 1 << 46;
    uint128 private constant BOND = 2 gwei;
    uint128 private constant STAKE = 5 gwei;
    uint64 private constant FIRST = type(uint64).max - 100_000;

    MarginRoles public roles;
    MarginMarkets public markets;
    MarginProofGate public gate;
    MarginOperators public operators;
    MarginCallRegistry public registry;
    MarginPaths public paths;
    MockVerifier private verifier;
    bytes31 public context;

    /// @notice Proofs and cures that counted though they should not.
    uint256 public wrongly;
    /// @notice What happened, by name: nothing is shown by a campaign in which it does not.
    mapping(bytes32 what => uint256) public happened;

    /// @notice Ghost clock since when an account waits for its path, zero when it does
    /// not; how long it waited before; and bonds and stakes that nobody has yet.
    mapping(address account => uint256) public waitsSince;
    mapping(address account => uint256) private waitedBefore;
    uint256 public atStake;

    /// @notice An account's own clock, and period given, when an account was last called or its
    /// call refined.
    mapping(address account => uint256) public calledAt;
    mapping(address account => uint256) public calledFor;
    mapping(address account => uint256) public refinedAt;
    mapping(address account => uint256) public refinedFor;

    constructor() {
        time = START;
        VM.warp(START);
        clock = START;
        lastRan = START;
        roles = new MarginRoles(address(this), 1 days);
        markets = new MarginMarkets(roles, 0, true);
        gate = new MarginProofGate(markets, 0);
        markets.setGate(address(gate));
        operators = new MarginOperators();
        registry = new MarginCallRegistry(markets, gate, operators);
        paths = new MarginPaths(
            registry,
            operators,
            roles,
            MarginPaths.Rules(BOND, STAKE, 100, 100)
        );
        registry.setPaths(address(paths));
        roles.grantRole(roles.GOVERNOR_ROLE(), address(this));
        context = markets.createMarket(market());
        accepted[model(0)] = true;
        roles.grantRole(roles.marketRole(context, roles.GOVERNOR_ROLE()), address(this));
        roles.grantRole(roles.marketRole(context, roles.PROTOCOL_ROLE()), address(this));
        roles.grantRole(roles.marketRole(context, paths.VENUE_ROLE()), address(this));
        VM.deal(address(this), 1 ether);
        paths.deposit{ value: 20 * STAKE }(context);
        verifier = new MockVerifier(CIRCUIT, true);
        addCircuit(0, 0);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            VM.prank(owner(i));
            operators.setOperator(address(this), NEVER);
        }
    }

    /// @notice The campaign's market. A view: what is not is an action of the campaign.
    function market() public pure returns (MarketParams memory params) {
        params.name = "campaign";
        Level level = Level.Maintenance;
        params.terms = Terms(
            level,
            level,
            Level.Initial,
            true,
            2_000,
            600,
            300,
            300,
            250,
            200,
            100
        );
        params.limits = Limits(FIRST, 5, 50, 500, 3_000, 300, 2, 0);
        params.models = new bytes31[](1);
        params.models[0] = model(0);
        address[] memory signers = new address[](1);
        signers[0] = VM.addr(KEY);
        params.attesters = SignerSet(1, signers);
    }

    function model(uint256 number) public pure returns (bytes31) {
        return
            bytes31(
                bytes32(
                    0xff00000000000000000000000000000000000000000000000000000000000000 +
                        ((number % 2) << 8)
                )
            );
    }

    function owner(uint256 number) public pure returns (address) {
        return address(uint160(0x1000 + (number % ACCOUNTS)));
    }

    function account(uint256 number) public view returns (address) {
        return registry.accountOf(owner(number), 0);
    }

    function accounts() external pure returns (uint256) {
        return ACCOUNTS;
    }

    function stateRoot(uint256 epoch) public pure returns (bytes32) {
        return bytes32(uint256(keccak256(abi.encode("state", epoch))) >> 4);
    }

    function marketRoot(uint256 epoch) public pure returns (bytes32) {
        return
            epoch == 0 ? bytes32(0) : bytes32(uint256(keccak256(abi.encode("market", epoch))) >> 4);
    }

    // -------------------------------------------------------------------- time

    function wait(uint16 seconds_) external {
        _pass(seconds_ % 300);
    }

    /// @dev Whether a call succeeded; what a success means is its caller's.
    function _try(address target, bytes memory data, bytes32 what) private returns (bool success) {
        (success, ) = target.call(data);
        if (success) ++happened[what];
    }

    // ------------------------------------------------------------------ markets

    function post(uint8 pass, uint16 move, uint8 age, uint8 which) external {
        _pass(pass % 40);
        EpochPost memory next;
        next.epoch = latest == 0 ? FIRST : uint64(latest + 1);
        next.stateRoot = stateRoot(next.epoch);
        next.marketRoot = marketRoot(next.epoch);
        next.model = model(which < 230 ? 0 : 1);
        next.marketTimestamp = uint64(time + 3 - (age % 32));
        next.priceMoveBps = which % 8 == 0 ? move % 4_000 : move % 100;
        Moves memory moves = markets.movesOf(context);
        next.measuredFrom = moves.confirmed;
        next.previous = moves.latestDigest;
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = Signing.sign(KEY, context, next);
        bytes memory data = abi.encodeCall(markets.postEpoch, (context, next, signatures));
        if (_try(address(markets), data, "post")) _posted(next, confirmed);
    }

    function _posted(EpochPost memory next, uint256 before) private {
        latest = next.epoch;
        epochTime[latest] = next.marketTimestamp;
        epochModel[latest] = next.model;
        freshUntil = next.marketTimestamp + 100;
        uint256 now_ = markets.movesOf(context).confirmed;
        bool counts = now_ != before;
        // Once prices jumped nothing counts before a guardian says so.
        if (counts && breaker) ++wrongly;
        if (counts && before != 0 && next.priceMoveBps > 2_000) ++wrongly;
        confirmed = now_;
        epochState[latest] = counts ? Epoch.Posted : Epoch.Quarantined;
        if (!counts) {
            breaker = true;
            ++happened["quarantined"];
        }
    }

    function pause(uint8 pass, uint16 length) external {
        _pass(pass % 40);
        uint256 until = time + (length % 600);
        bytes memory data = abi.encodeCall(markets.pause, (context, uint48(until)));
        if (_try(address(markets), data, "pause")) pausedUntil = until;
    }

    function resume(uint8 pass) public {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(
            markets.resume,
            (context, uint64(latest), marketRoot(latest))
        );
        if (!_try(address(markets), data, "resume")) return;
        pausedUntil = 0;
        breaker = false;
        if (epochState[latest] != Epoch.Quarantined) return;
        epochState[latest] = Epoch.Posted;
        confirmed = latest;
    }

    function reject(uint8 pass, uint8 back) external {
        _pass(pass % 40);
        // Rarely: what is rejected stays so.
        if (back % 4 != 0 || latest == 0) return;
        uint256 epoch = latest - (back % 3);
        bytes memory data = abi.encodeCall(
            markets.rejectEpoch,
            (context, uint64(epoch), marketRoot(epoch))
        );
        if (_try(address(markets), data, "reject")) epochState[epoch] = Epoch.Rejected;
    }

    function models(uint8 pass, uint8 which, bool accept) external {
        _pass(pass % 40);
        bytes31 which_ = model(which);
        if (accept) {
            bytes memory data = abi.encodeCall(markets.acceptModel, (context, which_));
            if (_try(address(markets), data, "accept")) accepted[which_] = true;
        } else if (which % 4 == 0) {
            bytes memory data = abi.encodeCall(markets.revokeModel, (context, which_));
            if (_try(address(markets), data, "revoke")) accepted[which_] = false;
        }
    }

    // ----------------------------------------------------------------- circuits

    function freeze(uint8 pass) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(gate.freezeCircuit, (context, CIRCUIT));
        if (pass % 3 == 0 && _try(address(gate), data, "freeze")) frozen = true;
    }

    function unfreeze(uint8 pass) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(gate.unfreezeCircuit, (context, CIRCUIT));
        if (_try(address(gate), data, "unfreeze")) frozen = false;
    }

    function removeCircuit(uint8 pass) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(gate.removeCircuit, (context, CIRCUIT));
        if (pass % 5 != 0 || !_try(address(gate), data, "remove")) return;
        circuitsUntil = 0;
        frozen = false;
    }

    function addCircuit(uint8 pass, uint16 length) public {
        _pass(pass % 40);
        uint256 until = length % 4 == 1 ? time + 1 + length : NEVER;
        bytes memory data = abi.encodeCall(
            gate.addCircuit,
            (
                context,
                IMarginVerifier(address(verifier)),
                address(verifier).codehash,
                100_000,
                uint48(until)
            )
        );
        if (_try(address(gate), data, "add")) circuitsUntil = until;
    }

    // ----------------------------------------------------------------- accounts

    function register(uint8 pass, uint8 who) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(registry.register, (context, owner(who), 0));
        if (!_try(address(registry), data, "register")) return;
        registry.subscribe(context, owner(who), 0);
    }

    function prove(uint8 pass, uint8 who, uint8 back, uint8 level) external {
        _pass(pass % 40);
        uint256 epoch = _epoch(back);
        bytes memory data = _proof(registry.submitProof.selector, who, epoch, 1 + (level % 3), 0);
        if (_try(address(registry), data, "prove")) _counted(who, epoch);
    }

    function cure(uint8 pass, uint8 who, uint8 back, uint8 level) external {
        _pass(pass % 40);
        uint256 epoch = _epoch(back);
        bool called = state(who) == State.Called;
        bytes memory data = _proof(registry.cure.selector, who, epoch, 2 + (level % 2), 0);
        if (!_try(address(registry), data, called ? bytes32("cure") : bytes32("cure again")))
            return;
        // Sent a second time it says nothing new, in a halt as well.
        if (called) _counted(who, epoch);
    }

    /// @dev Unless it said nothing new, it rests on an epoch that counts now.
    function _counted(uint256 who, uint256 epoch) private {
        (Account memory status, ) = registry.statusOf(context, account(who));
        if (status.epoch != epoch || status.state != State.Current) ++wrongly;
        bool counts = epochState[epoch] == Epoch.Posted && accepted[epochModel[epoch]];
        if (status.since == clock && (!counts || haltedNow())) ++wrongly;
        if (!registry.pathOf(context, account(who)).open) _waitsNoLonger(account(who));
    }

    function breach(uint8 pass, uint8 who, uint8 back, uint8 level) external {
        _pass(pass % 40);
        uint256 epoch = _epoch(back);
        uint256 claimed = 1 + (level % 2);
        bool called = state(who) == State.Called;
        bytes memory data = _proof(registry.submitBreach.selector, who, epoch, 4 + claimed, level);
        if (!_try(address(registry), data, called ? bytes32("refine") : bytes32("breach"))) return;
        if (epochState[epoch] != Epoch.Posted || haltedNow()) ++wrongly;
        uint256 period = claimed == 1 ? 200 : 250;
        if (called)
            (refinedAt[account(who)], refinedFor[account(who)]) = (
                ownClock(account(who)),
                _least(who, period)
            );
        else _called(who, period);
    }

    /// @dev The level on record may be lower than the one claimed now.
    function _least(uint256 who, uint256 period) private view returns (uint256) {
        (Account memory status, ) = registry.statusOf(context, account(who));
        return status.level == Level.MarginCall ? 200 : period;
    }

    function _called(uint256 who, uint256 period) private {
        (calledAt[account(who)], calledFor[account(who)]) = (ownClock(account(who)), period);
        (refinedAt[account(who)], refinedFor[account(who)]) = (0, 0);
    }

    function overdue(uint8 pass, uint8 who) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(registry.callOverdue, (context, account(who)));
        if (!_try(address(registry), data, "overdue")) return;
        if (!provableAt(time)) ++wrongly;
        _called(who, 300);
    }

    function mark(uint8 pass, uint8 who) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(registry.markLiquidatable, (context, account(who)));
        _try(address(registry), data, "mark");
    }

    function close(uint8 pass, uint8 who) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(registry.close, (context, account(who)));
        if (pass % 4 != 0 || !_try(address(registry), data, "close")) return;
        _waitsNoLonger(account(who));
    }

    function reinstate(uint8 pass, uint8 who) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(registry.reinstate, (context, account(who)));
        _try(address(registry), data, "reinstate");
    }

    function escape(uint8 pass, uint8 who) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(registry.escape, (context, owner(who), 0));
        if (_try(address(registry), data, "escape")) _waitsNoLonger(account(who));
    }

    // -------------------------------------------------------------------- paths

    function demand(uint8 pass, uint8 who) external {
        _pass(pass % 40);
        bytes memory data = abi.encodeCall(
            paths.demand,
            (context, owner(who), 0, bytes32(uint256(1)))
        );
        (bool success, ) = address(paths).call{ value: BOND }(data);
        if (!success) return;
        ++happened["demand"];
        if (waitsSince[account(who)] != 0 || haltedNow() || !provableAt(time)) ++wrongly;
        waitsSince[account(who)] = clock;
        (, , , , uint128 bond, uint128 stake) = paths.demandOf(
            context,
            account(who),
            uint64(latest)
        );
        atStake += bond + stake;
    }

    function deliver(uint8 pass, uint8 who) external {
        _pass(pass % 40);
        address id = account(who);
        PathRequest memory path = registry.pathOf(context, id);
        bytes memory data = abi.encodeCall(paths.answer, (context, id, path.epoch, "sealed"));
        (, , bool settled, , uint128 bond, uint128 stake) = paths.demandOf(context, id, path.epoch);
        if (
            !_try(
                address(paths),
                data,
                path.open ? bytes32("answer") : bytes32("answer all the same")
            )
        ) return;
        if (!settled) atStake -= bond + stake;
        if (path.open) _waitsNoLonger(id);
    }

    function forfeit(uint8 pass, uint8 who) external {
        _pass(pass % 40);
        address id = account(who);
        uint64 epoch = registry.pathOf(context, id).epoch;
        (, uint48 answerBy, , , uint128 bond, uint128 stake) = paths.demandOf(context, id, epoch);
        bytes memory data = abi.encodeCall(paths.forfeit, (context, id, epoch));
        if (!_try(address(paths), data, "forfeit")) return;
        if (time <= answerBy) ++wrongly;
        atStake -= bond + stake;
    }

    function _waitsNoLonger(address id) private {
        if (waitsSince[id] == 0) return;
        waitedBefore[id] += clock - waitsSince[id];
        waitsSince[id] = 0;
    }

    /// @notice What an account's own clock has run: not while it waited for paths.
    function ownClock(address id) public view returns (uint256) {
        uint256 waits = waitsSince[id] == 0 ? 0 : clock - waitsSince[id];
        return clock - waitedBefore[id] - waits;
    }

    function state(uint256 who) public view returns (State) {
        (Account memory status, ) = registry.statusOf(context, account(who));
        return status.state;
    }

    function _epoch(uint8 back) private view returns (uint256) {
        return latest == 0 ? FIRST : latest - (back % 4 == 3 ? 1 : 0);
    }

    function _proof(
        bytes4 selector,
        uint256 who,
        uint256 epoch,
        uint256 claim,
        uint256 disclosed
    ) private view returns (bytes memory) {
        uint256[9] memory inputs = inputsOf(who, epoch, claim, disclosed);
        return abi.encodeWithSelector(selector, CIRCUIT, inputs, abi.encode(uint256(1)));
    }

    /// @notice Public inputs of a claim about an account.
    function inputsOf(
        uint256 who,
        uint256 epoch,
        uint256 claim,
        uint256 disclosed
    ) public view returns (uint256[9] memory inputs) {
        inputs[0] = uint256(bytes32(context)) >> 8;
        inputs[1] = epoch;
        inputs[2] = uint160(account(who));
        inputs[3] = uint256(stateRoot(epoch));
        inputs[4] = uint256(marketRoot(epoch));
        inputs[5] = uint256(bytes32(epochModel[epoch])) >> 8;
        inputs[6] = claim;
        inputs[7] = disclosed;
    }
}
