// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {
    Account,
    EpochRecord,
    Level,
    Meta,
    Rest,
    Standing,
    State,
    Terms
} from "../src/MarginTypes.sol";
import { Ghost } from "./Ghost.sol";
import { Handler } from "./Handler.sol";

/// @notice What must hold after every call, whatever was called.
contract MarginInvariants {
    Handler private handler;

    function setUp() external {
        handler = new Handler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @notice The clock equals the ghost's, which goes second by second.
    function invariant_clock() public view {
        bytes31 context = handler.context();
        require(handler.markets().clock(context) == handler.clock(), "clock");
        bool provable = handler.markets().provableNow(context);
        require(provable == handler.provableAt(block.timestamp), "provable now");
    }

    /// @notice So does the grace after an outage, and the time from which an escape counts.
    function invariant_grace() public {
        handler.settle();
        (Meta memory meta, , ) = handler.markets().read(handler.context(), 0);
        require(meta.lastRan == handler.lastRan(), "last ran");
        require(meta.graceFrom == handler.graceFrom(), "grace from");
        require(meta.graceUntil == handler.graceUntil(), "grace until");
    }

    /// @notice Whoever may take more risk proved itself in an epoch that counts, at
    /// prices no older than asked for, in a market that is neither halted nor blind.
    function invariant_standing() public view {
        bytes31 context = handler.context();
        uint48[4] memory ages = [uint48(0), 20, 90, type(uint48).max];
        for (uint256 who = 0; who < handler.accounts(); ++who) {
            address account = handler.account(who);
            (Account memory status, ) = handler.registry().statusOf(context, account);
            for (uint256 i = 0; i < ages.length; ++i) {
                bool may = handler.registry().mayIncreaseRisk(
                    context,
                    account,
                    Level.Maintenance,
                    ages[i]
                );
                if (may) _mustStand(status, ages[i]);
            }
        }
    }

    function _mustStand(Account memory status, uint256 maxAge) private view {
        require(status.state == State.Current, "standing: not current");
        require(handler.clock() <= status.until, "standing: late");
        require(!handler.haltedNow() && handler.provableAt(block.timestamp), "standing: blind");
        uint256 taken = handler.epochTime(status.epoch);
        require(taken <= block.timestamp + 5, "standing: future");
        require(taken > block.timestamp || block.timestamp - taken <= maxAge, "standing: old");
        require(handler.epochState(status.epoch) == Ghost.Epoch.Posted, "standing: unconfirmed");
    }

    /// @notice No proof, breach or cure counted on an unconfirmed epoch or in a halt,
    /// and no overdue call when nobody could have proved.
    function invariant_unconfirmed() public view {
        require(handler.wrongly() == 0, "unconfirmed");
    }

    /// @notice Nobody is liquidatable who had less time to cure, in which proofs could
    /// be accepted, than its call or the last refinement gave.
    function invariant_time_to_cure() public view {
        bytes31 context = handler.context();
        for (uint256 who = 0; who < handler.accounts(); ++who) {
            address account = handler.account(who);
            if (!handler.registry().liquidatable(context, account)) continue;
            // Its own: it stands still while the account waits for a path.
            uint256 now_ = handler.ownClock(account);
            bool called = now_ > handler.calledAt(account) + handler.calledFor(account);
            uint256 refined = handler.refinedAt(account);
            bool again = refined != 0 && now_ > refined + handler.refinedFor(account);
            require(called || again, "time to cure");
        }
    }

    /// @notice The clock of an account that waits for its path stands still; it takes no
    /// risk and is not liquidatable.
    function invariant_paths() public view {
        bytes31 context = handler.context();
        for (uint256 who = 0; who < handler.accounts(); ++who) {
            address account = handler.account(who);
            uint256 since = handler.waitsSince(account);
            Standing memory facts = handler.registry().standing(context, account);
            require(facts.waits == (since != 0), "paths: waits");
            require(facts.clock == (since != 0 ? since : handler.clock()), "paths: clock");
            if (since == 0) continue;
            require(facts.state != State.Liquidatable, "paths: liquidatable");
            require(
                !handler.registry().mayIncreaseRisk(
                    context,
                    account,
                    Level.Bankrupt,
                    type(uint48).max
                ),
                "paths: risk"
            );
        }
    }

    /// @notice Every wei is somebody's: the venue's, a demand's or a requester's.
    function invariant_stakes() public view {
        (uint128 free, ) = handler.paths().bondOf(handler.context());
        uint256 owed = handler.paths().owed(address(handler));
        require(
            address(handler.paths()).balance == free + owed + handler.atStake(),
            "stakes: balance"
        );
    }

    /// @notice What is packed is what was written.
    function invariant_packing() public view {
        bytes31 context = handler.context();
        uint256 latest = handler.latest();
        (Meta memory meta, , Rest memory rest) = handler.markets().read(context, uint64(latest));
        require(meta.latest == latest, "packing: latest");
        require(meta.circuitsUntil == handler.circuitsUntil(), "packing: circuits");
        require(meta.circuitsFrozen == handler.frozen(), "packing: frozen");
        require(meta.breaker == handler.breaker(), "packing: breaker");
        uint256 paused = handler.pausedUntil();
        require(meta.pausedUntil == (paused < block.timestamp ? 0 : paused), "packing: pause");
        if (latest == 0) return;
        require(meta.freshUntil == handler.freshUntil(), "packing: fresh");
        require(rest.marketTimestamp == handler.epochTime(latest), "packing: time");
        require(uint8(rest.state) == uint8(handler.epochState(latest)), "packing: state");
        EpochRecord memory record = handler.markets().epochOf(context, uint64(latest));
        require(record.stateRoot == handler.stateRoot(latest), "packing: state root");
        require(record.marketRoot == handler.marketRoot(latest), "packing: market root");
        require(record.model == handler.epochModel(latest), "packing: model");
    }

    /// @notice The campaign is not empty: of a long random run, everything happens.
    function test_everything_happens() external {
        uint256 seed = 1;
        for (uint256 i = 0; i < 4_000; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            _act(seed);
            if (i % 16 == 0) _all();
        }
        bytes32[20] memory names = [
            bytes32("post"),
            "quarantined",
            "pause",
            "resume",
            "reject",
            "accept",
            "revoke",
            "freeze",
            "unfreeze",
            "remove",
            "register",
            "prove",
            "cure",
            "breach",
            "refine",
            "overdue",
            "mark",
            "demand",
            "answer",
            "forfeit"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            require(handler.happened(names[i]) > 0, string(abi.encodePacked(names[i])));
        }
        require(handler.happened("close") > 0 && handler.happened("reinstate") > 0, "endings");
    }

    function _all() private {
        invariant_clock();
        invariant_grace();
        invariant_standing();
        invariant_unconfirmed();
        invariant_time_to_cure();
        invariant_packing();
        invariant_paths();
        invariant_stakes();
    }

    function _act(uint256 seed) private {
        uint256 kind = seed % 29;
        (uint8 pass, uint8 who) = (uint8(seed >> 8), uint8(seed >> 16));
        (uint8 back, uint8 level) = (uint8(seed >> 24), uint8(seed >> 32));
        if (kind < 7) handler.post(pass, uint16(seed >> 40), back, level);
        else if (kind == 7) handler.register(pass, who);
        else if (kind < 11) handler.prove(pass, who, back, level);
        else if (kind < 13) handler.breach(pass, who, back, level);
        else if (kind < 15) handler.cure(pass, who, back, level);
        else if (kind == 15) handler.overdue(pass, who);
        else if (kind == 16) handler.mark(pass, who);
        else if (kind == 17) handler.close(pass, who);
        else if (kind == 18) handler.reinstate(pass, who);
        else if (kind == 19) handler.resume(pass);
        else if (kind == 20) handler.models(pass, who, back % 2 == 0);
        else if (kind == 21) handler.unfreeze(pass);
        else if (kind == 22) handler.addCircuit(pass, uint16(seed >> 40));
        else if (kind == 23) handler.escape(pass, who);
        else if (kind == 24) handler.demand(pass, who);
        else if (kind == 25) handler.deliver(pass, who);
        else if (kind == 26) handler.forfeit(pass, who);
        else _rarely(seed, pass, back);
    }

    function _rarely(uint256 seed, uint8 pass, uint8 back) private {
        uint256 kind = (seed >> 60) % 5;
        if (kind == 0) handler.pause(pass, uint16(seed >> 40));
        else if (kind == 1) handler.reject(pass, back);
        else if (kind == 2) handler.freeze(pass);
        else if (kind == 3) handler.removeCircuit(pass);
        else handler.wait(uint16(seed >> 40));
    }
}
