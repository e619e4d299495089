// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { MarginClearingVault } from "../src/examples/MarginClearingVault.sol";
import { ClearingAuctions } from "../src/examples/clearing/ClearingAuctions.sol";
import { ClearingBook } from "../src/examples/clearing/ClearingBook.sol";
import { ClearingPool } from "../src/examples/clearing/ClearingPool.sol";
import { DutchAuction } from "../src/examples/clearing/DutchAuction.sol";
import { State } from "../src/MarginTypes.sol";
import { VaultHandler } from "./VaultHandler.sol";

/// @notice Money in equals money out, whatever is done to a clearing vault.
contract ClearingVaultInvariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant PARTIES = 6;

    VaultHandler private handler;
    MarginClearingVault private vault;

    function setUp() external {
        handler = new VaultHandler();
        vault = handler.vault();
        handler.go(1);
        handler.vaultLend(3, type(uint64).max);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory all = new bytes4[](16);
        (all[0], all[1]) = (handler.vaultTime.selector, handler.vaultPrice.selector);
        (all[2], all[3]) = (handler.vaultLend.selector, handler.vaultRedeem.selector);
        (all[4], all[5]) = (handler.vaultDonate.selector, handler.vaultBorrow.selector);
        (all[6], all[7]) = (handler.vaultWithdraw.selector, handler.vaultRepay.selector);
        (all[8], all[9]) = (handler.vaultCall.selector, handler.vaultSilence.selector);
        (all[10], all[11]) = (handler.vaultSlice.selector, handler.vaultWhole.selector);
        (all[12], all[13]) = (handler.vaultBid.selector, handler.vaultLapse.selector);
        (all[14], all[15]) = (handler.vaultCancel.selector, handler.vaultCollect.selector);
        targets[0] = FuzzSelector(address(handler), all);
    }

    /// @notice Every token is the lenders', the fund's, a bidder's, owed, or lent.
    function invariant_tokens() public view {
        uint256 held = handler.token().balanceOf(address(vault)) + vault.debt();
        uint256 spoken = vault.pool() + vault.fund() + vault.bonds() + vault.allOwed();
        require(held == spoken, "tokens");
        require(vault.debt() <= vault.pool() && vault.fund() <= handler.FUND_CAP(), "bounds");
        uint256 all = handler.token().balanceOf(address(vault));
        for (uint256 i = 0; i < PARTIES; ++i) {
            all += handler.token().balanceOf(handler.party(i));
        }
        require(all == handler.minted(), "minted");
    }

    /// @notice What is owed by, to and at stake for each adds up to what is owed by all.
    function invariant_sums() public view {
        (uint256 debt, uint256 collateral, uint256 auctions, uint256 locked) = (0, 0, 0, 0);
        (uint256 owed, uint256 free, uint256 shares, uint256 worth) = (0, 0, 0, 0);
        for (uint256 i = 0; i < PARTIES; ++i) {
            address who = handler.party(i);
            (uint256 deposited, uint256 owes) = vault.positions(who);
            (debt, collateral) = (debt + owes, collateral + deposited);
            (uint48 started, , , , address bidder, , , , ) = vault.auctionOf(who);
            if (started != 0) ++auctions;
            if (bidder != address(0)) locked += handler.BOND();
            (owed, free) = (owed + vault.owed(who), free + vault.freeBondOf(who));
            shares += vault.sharesOf(who);
            worth += vault.valueOf(vault.sharesOf(who));
        }
        require(debt == vault.debt() && auctions == vault.openAuctions(), "debt, auctions");
        require(collateral == handler.collateral().balanceOf(address(vault)), "collateral");
        require(owed == vault.allOwed() && free + locked == vault.bonds(), "owed, bonds");
        require(shares == vault.totalShares() && worth <= vault.pool(), "shares");
    }
}

/// @notice Who may do what, by when: a test for each line of the table.
contract ClearingVaultTest {
    address private constant KEEPER = address(uint160(0x2003));
    address private constant BIDDER = address(uint160(0x2004));
    address private constant LENDER = address(uint160(0x2005));

    VaultHandler private handler;
    MarginClearingVault private vault;
    address private owner;

    /// @dev 100 lent, and 80 of collateral worth one each under a debt of 50.25.
    function setUp() external {
        handler = new VaultHandler();
        vault = handler.vault();
        owner = handler.owner(0);
        handler.go(1);
        _do(LENDER, abi.encodeCall(vault.lend, (100 ether)));
        _do(owner, abi.encodeCall(vault.openAccount, ()));
        handler.prove(0, 0, 0, 2);
        _do(owner, abi.encodeCall(vault.deposit, (80 ether)));
        _do(owner, abi.encodeCall(vault.borrow, (50 ether)));
        _do(BIDDER, abi.encodeCall(vault.postBond, (handler.BOND())));
    }

    function _do(address who, bytes memory data) private {
        (bool success, ) = handler.as_(who, data);
        require(success, "refused");
    }

    function _refused(address who, bytes memory data, bytes4 expected) private {
        (bool success, bytes4 error_) = handler.as_(who, data);
        require(!success && error_ == expected, "refused for another reason");
    }

    /// @dev A breach in the next epoch, at a price of the collateral.
    function _called(uint256 percent) private {
        handler.go(10);
        handler.price(percent);
        handler.breach(0, 0, 0, 1);
        require(handler.state(0) == State.Called, "called");
    }

    /// @dev Time passes, and a later breach can be shown: the call is the first one.
    function _expired(uint256 percent) private {
        _called(percent);
        handler.go(260);
        require(vault.REGISTRY().liquidatable(vault.CONTEXT(), vault.accountOf(owner)), "passed");
    }

    function _debt() private view returns (uint256 debt) {
        (, debt) = vault.positions(owner);
    }

    function _collateral() private view returns (uint256 collateral) {
        (collateral, ) = vault.positions(owner);
    }

    function _bid() private pure returns (bytes memory) {
        return abi.encodeCall(ClearingAuctions.bid, (address(uint160(0x1000))));
    }

    function _settle() private pure returns (bytes memory) {
        return abi.encodeCall(ClearingAuctions.settle, (address(uint160(0x1000))));
    }

    function _whole() private pure returns (bytes memory) {
        return abi.encodeCall(ClearingAuctions.startWhole, (address(uint160(0x1000))));
    }

    function _cancel() private pure returns (bytes memory) {
        return abi.encodeCall(ClearingAuctions.cancel, (address(uint160(0x1000))));
    }

    /// @notice Fractions of the mark by time, as another auction of this kind has them.
    function test_prices_fall_as_published() external pure {
        DutchAuction.Curve memory curve = DutchAuction.Curve(1e18, 0.8e18, 600, 7_200);
        require(DutchAuction.fractionAt(curve, 0) == 1e18, "start");
        require(DutchAuction.fractionAt(curve, 300) == 0.9e18, "fast");
        require(DutchAuction.fractionAt(curve, 600) == 0.8e18, "cutoff");
        require(DutchAuction.fractionAt(curve, 960) == 0.76e18, "slow");
        require(DutchAuction.fractionAt(curve, 8_160) == 0, "end");
        curve = DutchAuction.Curve(0.96e18, 0.8e18, 300, 7_200);
        require(DutchAuction.fractionAt(curve, 0) == 0.96e18, "start");
        require(DutchAuction.fractionAt(curve, 150) == 0.88e18, "fast");
        require(DutchAuction.fractionAt(curve, 300) == 0.8e18, "cutoff");
        require(DutchAuction.fractionAt(curve, 6_780) == 0.08e18, "slow");
    }

    function test_an_owner_in_debt_takes_out_only_what_it_may() external {
        bytes memory more = abi.encodeCall(vault.withdraw, (30 ether));
        _refused(owner, more, MarginClearingVault.TooMuchDebt.selector);
        _do(owner, abi.encodeCall(vault.withdraw, (10 ether)));
        handler.go(10);
        handler.breach(0, 0, 0, 1);
        bytes memory one = abi.encodeCall(vault.withdraw, (1));
        _refused(owner, one, MarginClearingVault.MayNotIncreaseRisk.selector);
        bytes memory debt = abi.encodeCall(vault.borrow, (1));
        _refused(owner, debt, MarginClearingVault.MayNotIncreaseRisk.selector);
        // What it may always: repay, then leave with the rest.
        _do(owner, abi.encodeCall(vault.repay, (owner, 60 ether)));
        _do(owner, abi.encodeCall(vault.closeAccount, ()));
        require(handler.collateral().balanceOf(owner) == 1_000 ether, "all of it");
        require(vault.debt() == 0 && vault.fund() == 0.25 ether, "and the fee is the fund's");
    }

    function test_the_owner_alone_sells_in_the_first_part_of_the_call() external {
        _called(90);
        bytes memory slice = handler.sliceCall(0, 9, KEEPER);
        _refused(KEEPER, slice, ClearingAuctions.OwnersTurn.selector);
        _do(owner, slice);
        require(vault.openAuctions() == 1, "its own");
    }

    function test_anyone_sells_a_slice_afterwards_and_its_finder_is_paid() external {
        _called(90);
        handler.go(130);
        // Copied from a pending transaction: whom the memo names is paid.
        _do(BIDDER, handler.sliceCall(0, 9, KEEPER));
        handler.go(30);
        _do(BIDDER, _bid());
        uint256 before = _collateral();
        uint256 owes = _debt();
        _do(BIDDER, _settle());
        require(owes - _debt() == 9 ether, "the shortfall is repaid");
        // Used 69.79 % of 72: below what is allowed, the least bonus.
        require(vault.owed(KEEPER) == 0.09 ether, "bonus");
        // 9.09 at half way from 0.9 to 0.72: no more is sold than it takes.
        uint256 sold = before - _collateral();
        require(sold >= 11.2 ether && sold <= 11.3 ether, "slice");
        require(vault.owed(owner) <= 1 && vault.openAuctions() == 0, "nothing is left over");
        _do(KEEPER, abi.encodeCall(ClearingPool.collect, ()));
        // The call is met by an ordinary proof of a later epoch.
        handler.go(10);
        handler.cure(0, 0, 0, 1);
        require(handler.state(0) == State.Current, "cured");
    }

    function test_the_bonus_grows_with_severity() external {
        // Debt of 50.25: 78.5 %, 92.4 % and more than 100 % of the worth.
        uint16[3] memory percents = [uint16(80), 68, 60];
        uint16[3] memory least = [uint16(100), 600, 1_000];
        _called(100);
        for (uint256 i = 0; i < 3; ++i) {
            handler.price(percents[i]);
            _do(owner, handler.sliceCall(0, 9, KEEPER));
            (, , uint16 bonus, , , , , , ) = vault.auctionOf(owner);
            require(bonus >= least[i] && bonus <= least[i] + 100, "curve");
            handler.go(61);
            _do(KEEPER, _cancel());
        }
    }

    function test_a_slice_needs_a_breach_that_discloses() external {
        bytes memory early = handler.sliceCall(0, 9, KEEPER);
        _refused(owner, early, ClearingAuctions.NotWarranted.selector);
        _called(90);
        bytes memory nothing = handler.sliceCall(0, 0, KEEPER);
        _refused(owner, nothing, ClearingAuctions.WrongProof.selector);
        uint256[9] memory inputs = handler.breachInputs(1, 9, KEEPER);
        bytes memory proof = abi.encode(uint256(1));
        bytes32 circuit = handler.CIRCUIT();
        bytes memory other = abi.encodeCall(vault.startSlice, (owner, circuit, inputs, proof));
        _refused(owner, other, ClearingAuctions.WrongProof.selector);
        inputs = handler.breachInputs(0, 9, KEEPER);
        (inputs[6], inputs[7]) = (2, 0);
        bytes memory healthy = abi.encodeCall(vault.startSlice, (owner, circuit, inputs, proof));
        _refused(owner, healthy, ClearingAuctions.WrongProof.selector);
    }

    function test_a_slice_is_not_sold_below_the_cutoff() external {
        _called(90);
        _do(owner, handler.sliceCall(0, 9, KEEPER));
        _refused(KEEPER, _cancel(), ClearingAuctions.GoesOn.selector);
        handler.go(61);
        _refused(BIDDER, _bid(), ClearingAuctions.SliceUnsold.selector);
        _do(KEEPER, _cancel());
        require(vault.openAuctions() == 0, "ended");
    }

    function test_a_cured_account_is_not_sold_from() external {
        _called(90);
        _do(owner, handler.sliceCall(0, 9, KEEPER));
        handler.go(10);
        handler.cure(0, 0, 0, 1);
        _refused(BIDDER, _bid(), ClearingAuctions.NotWarranted.selector);
        _do(KEEPER, _cancel());
    }

    function test_the_whole_is_sold_after_the_deadline_alone() external {
        _refused(KEEPER, _whole(), ClearingAuctions.NotWarranted.selector);
        _called(90);
        _refused(KEEPER, _whole(), ClearingAuctions.NotWarranted.selector);
        handler.go(260);
        _do(KEEPER, _whole());
        _refused(KEEPER, _whole(), ClearingAuctions.AuctionOpen.selector);
        _refused(KEEPER, _cancel(), ClearingAuctions.GoesOn.selector);
        _do(BIDDER, _bid());
        _do(BIDDER, _settle());
        require(_debt() == 0 && vault.debt() == 0, "repaid");
        require(_collateral() > 20 ether, "no more is sold than it takes");
        require(vault.owed(KEEPER) != 0, "the keeper");
        // The record is closed, and the rest is the owner's.
        require(handler.state(0) == State.Closed, "closed");
        _do(owner, abi.encodeCall(vault.withdraw, (_collateral())));
    }

    function test_bidders_are_bonded_and_settle_in_time() external {
        _expired(90);
        _do(KEEPER, _whole());
        _refused(KEEPER, _bid(), ClearingPool.BondTooSmall.selector);
        _do(BIDDER, _bid());
        bytes memory back = abi.encodeCall(ClearingPool.takeBond, (1));
        _refused(BIDDER, back, ClearingPool.BondTooSmall.selector);
        _refused(KEEPER, _settle(), ClearingAuctions.NotYourBid.selector);
        bytes memory lapse = abi.encodeCall(ClearingAuctions.lapse, (owner));
        _refused(KEEPER, lapse, ClearingAuctions.BidOpen.selector);
        handler.go(31);
        _refused(BIDDER, _settle(), ClearingAuctions.NotYourBid.selector);
        uint256 fund = vault.fund();
        _do(KEEPER, lapse);
        require(vault.fund() == fund + handler.BOND() && vault.bonds() == 0, "forfeited");
        // The auction goes on, and its price fell meanwhile.
        _do(BIDDER, abi.encodeCall(ClearingPool.postBond, (handler.BOND())));
        _do(BIDDER, _bid());
        _do(BIDDER, _settle());
        _do(BIDDER, abi.encodeCall(ClearingPool.takeBond, (handler.BOND())));
    }

    function test_what_the_fund_has_no_room_for_is_the_lenders() external {
        uint256 room = 1 ether;
        uint256 gift = handler.FUND_CAP() - vault.fund() - room;
        _do(KEEPER, abi.encodeCall(ClearingPool.donate, (gift)));
        _expired(90);
        _do(KEEPER, _whole());
        _do(BIDDER, _bid());
        handler.go(31);
        uint256 before = vault.pool();
        _do(KEEPER, abi.encodeCall(ClearingAuctions.lapse, (owner)));
        require(vault.fund() == handler.FUND_CAP(), "cap");
        require(vault.pool() == before + handler.BOND() - room, "the rest");
    }

    function test_lenders_wait_while_something_is_auctioned() external {
        uint256 shares = vault.sharesOf(LENDER);
        _do(LENDER, abi.encodeCall(ClearingPool.redeem, (shares / 10)));
        _expired(90);
        _do(KEEPER, _whole());
        bytes memory redeem = abi.encodeCall(ClearingPool.redeem, (1));
        _refused(LENDER, redeem, ClearingPool.Paused.selector);
        bytes memory lend = abi.encodeCall(ClearingPool.lend, (1 ether));
        _refused(LENDER, lend, ClearingPool.Paused.selector);
        _do(BIDDER, _bid());
        _do(BIDDER, _settle());
        _do(LENDER, abi.encodeCall(ClearingPool.redeem, (vault.sharesOf(LENDER))));
    }

    function test_a_lender_takes_out_what_is_not_lent() external {
        bytes memory all = abi.encodeCall(ClearingPool.redeem, (vault.sharesOf(LENDER)));
        _refused(LENDER, all, ClearingPool.NotEnoughCash.selector);
    }

    function test_the_fund_pays_first_and_lenders_the_rest() external {
        _do(KEEPER, abi.encodeCall(ClearingPool.donate, (4.75 ether)));
        bytes memory more = abi.encodeCall(ClearingPool.donate, (16 ether));
        _refused(KEEPER, more, ClearingPool.FundFull.selector);
        require(vault.fund() == 5 ether, "fund");
        uint256 worth = vault.valueOf(vault.sharesOf(LENDER));
        // 80 of collateral at 0.4 are 32, under a debt of 50.25.
        _expired(40);
        _do(KEEPER, _whole());
        _do(BIDDER, _bid());
        _do(BIDDER, _settle());
        require(_debt() == 0 && _collateral() == 0 && vault.fund() == 0, "fund first");
        uint256 lost = worth - vault.valueOf(vault.sharesOf(LENDER));
        require(lost >= 13.2 ether && lost <= 13.3 ether, "then the lenders");
        require(vault.owed(KEEPER) == 0, "no bonus where lenders lose");
    }

    function test_at_the_end_it_goes_for_nothing() external {
        _expired(90);
        _do(KEEPER, _whole());
        handler.go(181);
        _do(BIDDER, _bid());
        uint256 before = handler.token().balanceOf(BIDDER);
        _do(BIDDER, _settle());
        require(handler.token().balanceOf(BIDDER) == before && _collateral() == 0, "nothing");
        require(vault.debt() == 0, "written off");
    }

    function test_without_a_price_nothing_is_lent_or_sold() external {
        _called(90);
        handler.feed().say(0, block.timestamp, block.timestamp);
        bytes memory slice = handler.sliceCall(0, 9, KEEPER);
        _refused(owner, slice, ClearingBook.NoPrice.selector);
        handler.feed().say(1e8, block.timestamp - 2_001, block.timestamp - 2_001);
        _refused(owner, slice, ClearingBook.NoPrice.selector);
    }
}
