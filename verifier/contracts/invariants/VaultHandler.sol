// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Level, State } from "../src/MarginTypes.sol";
import { MarginClearingVault } from "../src/examples/MarginClearingVault.sol";
import { ClearingBook } from "../src/examples/clearing/ClearingBook.sol";
import { DutchAuction } from "../src/examples/clearing/DutchAuction.sol";
import { MockFeed } from "../test/MockFeed.sol";
import { TestToken } from "../test/TestToken.sol";
import { Handler } from "./Handler.sol";
import { VM } from "./Vm.sol";

/// @notice Does to a clearing vault what lenders, borrowers, keepers and bidders may, in
/// a market of the campaign's. Borrowers are the campaign's owners.
contract VaultHandler is Handler {
    uint256 public constant BOND = 5 ether;
    uint256 public constant FUND_CAP = 20 ether;
    uint256 public constant QUOTE_UNIT = 1e12;
    uint32 public constant FAST = 60;
    uint32 public constant SETTLE = 30;
    /// @dev Below maintenance.
    uint256 public constant BREACH = 6;

    MarginClearingVault public vault;
    TestToken public token;
    TestToken public collateral;
    MockFeed public feed;
    /// @notice What was minted of the token.
    uint256 public minted;

    constructor() {
        (token, collateral, feed) = (new TestToken(), new TestToken(), new MockFeed());
        ClearingBook.Rules memory rules = ClearingBook.Rules({
            minLevel: Level.Maintenance,
            maxAge: 100,
            maxPriceAge: 2_000,
            loanToValueBps: 8_000,
            bonusMinBps: 100,
            bonusMaxBps: 1_000,
            feeBps: 50,
            ownPartBps: 5_000,
            settlePeriod: SETTLE,
            bond: uint128(BOND),
            fundCap: uint128(FUND_CAP),
            // The feed has eight decimals, both tokens eighteen.
            markScale: 1e10,
            // The market's unit is a millionth.
            quoteUnit: uint128(QUOTE_UNIT),
            curve: DutchAuction.Curve(1e18, 0.8e18, FAST, 120)
        });
        vault = new MarginClearingVault(registry, context, collateral, token, feed, rules);
        roles.grantRole(roles.marketRole(context, roles.PROTOCOL_ROLE()), address(vault));
        price(100);
        for (uint256 i = 0; i < 2 * ACCOUNTS; ++i) {
            address who = party(i);
            token.mint(who, 1_000 ether);
            collateral.mint(who, 1_000 ether);
            minted += 1_000 ether;
            VM.prank(who);
            token.approve(address(vault), type(uint256).max);
            VM.prank(who);
            collateral.approve(address(vault), type(uint256).max);
            VM.prank(who);
            operators.setOperator(address(vault), type(uint48).max);
        }
    }

    /// @notice Borrowers, then lenders, keepers and bidders.
    function party(uint256 number) public pure returns (address) {
        uint256 i = number % (2 * ACCOUNTS);
        return i < ACCOUNTS ? owner(i) : address(uint160(0x2000 + i));
    }

    /// @notice The collateral's price, in hundredths.
    function price(uint256 percent) public {
        feed.say(int256(percent * 1e6), block.timestamp, block.timestamp);
    }

    /// @notice Time passes, with an epoch every 39 seconds.
    function go(uint256 seconds_) public {
        while (seconds_ > 39) {
            this.post(39, 0, 3, 1);
            seconds_ -= 39;
        }
        this.post(uint8(seconds_), 0, 3, 1);
    }

    function as_(address who, bytes memory data) public returns (bool success, bytes4 error_) {
        bytes memory answer;
        VM.prank(who);
        (success, answer) = address(vault).call(data);
        error_ = bytes4(answer);
    }

    /// @notice A breach proof of an owner that discloses its shortfall, in whole tokens, and
    /// whom its memo names.
    function breachInputs(
        uint256 who,
        uint256 shortfall,
        address keeper
    ) public view returns (uint256[9] memory inputs) {
        inputs = inputsOf(who, latest, BREACH, shortfall * 1e6);
        inputs[8] = uint160(keeper);
    }

    function sliceCall(
        uint256 who,
        uint256 shortfall,
        address keeper
    ) public view returns (bytes memory) {
        uint256[9] memory inputs = breachInputs(who, shortfall, keeper);
        bytes memory proof = abi.encode(uint256(1));
        return abi.encodeCall(vault.startSlice, (owner(who), CIRCUIT, inputs, proof));
    }

    // ----------------------------------------------------------------- campaign

    function _vault(bytes32 what, address who, bytes memory data) private {
        (bool success, ) = as_(who, data);
        if (success) ++happened[what];
    }

    function vaultTime(uint8 seconds_) external {
        go(1 + (seconds_ % 60));
    }

    function vaultPrice(uint8 percent) external {
        price(40 + (percent % 80));
    }

    function vaultLend(uint8 who, uint64 amount) external {
        _vault("lend", party(who), abi.encodeCall(vault.lend, (uint256(amount) * 16)));
    }

    function vaultRedeem(uint8 who, uint16 part) external {
        uint256 shares = (vault.sharesOf(party(who)) * part) / type(uint16).max;
        _vault("redeem", party(who), abi.encodeCall(vault.redeem, (shares)));
    }

    function vaultDonate(uint8 who, uint64 amount) external {
        _vault("donate", party(who), abi.encodeCall(vault.donate, (uint256(amount))));
    }

    /// @notice An owner opens, proves itself and borrows on new collateral.
    function vaultBorrow(uint8 who, uint64 amount, uint8 part) external {
        address from = owner(who);
        _vault("open", from, abi.encodeCall(vault.openAccount, ()));
        this.prove(0, who, 0, 2);
        uint256 deposit = 1 + uint256(amount);
        _vault("deposit", from, abi.encodeCall(vault.deposit, (deposit)));
        uint256 worth = (deposit * vault.mark()) / 1e18;
        _vault("borrow", from, abi.encodeCall(vault.borrow, ((worth * (part % 90)) / 100)));
    }

    function vaultWithdraw(uint8 who, uint64 amount) external {
        _vault("withdraw", owner(who), abi.encodeCall(vault.withdraw, (uint256(amount))));
    }

    function vaultRepay(uint8 who, uint64 amount) external {
        if (who % 4 != 0) return;
        bytes memory data = abi.encodeCall(vault.repay, (owner(who), uint256(amount)));
        _vault("repay", party(who), data);
    }

    /// @notice A breach, from which on the call runs.
    function vaultCall(uint8 who) external {
        this.breach(0, who, 0, 1);
    }

    /// @notice A silent account's call passes.
    function vaultSilence(uint8 who) external {
        if (state(who) == State.Called) go(260);
    }

    function vaultSlice(uint8 who, uint8 by, uint8 shortfall) external {
        _vault("slice", party(by), sliceCall(who, 1 + (shortfall % 16), party(by)));
    }

    function vaultWhole(uint8 who, uint8 by) external {
        _vault("whole", party(by), abi.encodeCall(vault.startWhole, (owner(who))));
    }

    function vaultBid(uint8 who, uint8 by, bool settles) external {
        address bidder = party(by);
        if (vault.freeBondOf(bidder) < BOND) {
            _vault("bond", bidder, abi.encodeCall(vault.postBond, (BOND)));
        }
        _vault("bid", bidder, abi.encodeCall(vault.bid, (owner(who))));
        if (settles) _vault("settle", bidder, abi.encodeCall(vault.settle, (owner(who))));
    }

    function vaultLapse(uint8 who) external {
        _vault("lapse", party(who), abi.encodeCall(vault.lapse, (owner(who))));
    }

    function vaultCancel(uint8 who) external {
        _vault("cancel", party(who), abi.encodeCall(vault.cancel, (owner(who))));
    }

    function vaultCollect(uint8 who, uint64 bond) external {
        _vault("collect", party(who), abi.encodeCall(vault.collect, ()));
        _vault("take bond", party(who), abi.encodeCall(vault.takeBond, (uint256(bond))));
    }
}
