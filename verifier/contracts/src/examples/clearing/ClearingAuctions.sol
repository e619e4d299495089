// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { Account, CallReason, Claim, State } from "../../MarginTypes.sol";
import { ClearingBook } from "./ClearingBook.sol";
import { DutchAuction } from "./DutchAuction.sol";

/// @title How a clearing vault sells collateral
/// @notice Of a called account a *slice*: as much as raises the shortfall that a breach
/// proof disclosed, between the start and the cutoff of the auction's price. Of one that
/// did not meet its call the *whole*: as much as repays it, at a price that falls to
/// nothing. A bonded bidder fixes the price, and settles within a period or loses its
/// bond; no more is sold at that price than it takes.
abstract contract ClearingAuctions is ClearingBook {
    using DutchAuction for DutchAuction.Curve;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @notice The registry does not say that the account may be sold from, so far.
    error NotWarranted(address owner);
    /// @notice Until then the owner alone may have a slice sold.
    error OwnersTurn(uint48 until);
    /// @notice The proof is not of a breach of the account, at least as late as its call,
    /// that discloses its shortfall.
    error WrongProof();
    /// @notice The account owes nothing.
    error NothingOwed();
    /// @notice It is auctioned already.
    error AuctionOpen();
    /// @notice It is not auctioned.
    error NoAuction();
    /// @notice A bidder may settle until then.
    error BidOpen(uint48 until);
    /// @notice Nobody bid, another did, or its time is over.
    error NotYourBid();
    /// @notice The slice's price reached the cutoff: it is not sold below.
    error SliceUnsold();
    /// @notice The auction is warranted, and goes on.
    error GoesOn();

    /// @notice An auction began.
    event AuctionStarted(
        address indexed owner,
        bool whole,
        uint256 mark,
        uint256 target,
        uint256 bonusBps,
        address keeper
    );
    /// @notice A bidder fixed the price.
    event Bid(address indexed owner, address indexed bidder, uint256 price, uint48 until);
    /// @notice It settled. What is above debt and bonus is the owner's.
    event Sold(
        address indexed owner,
        address indexed bidder,
        uint256 collateral,
        uint256 paid,
        uint256 repaid,
        uint256 bonus
    );
    /// @notice It did not, and lost its bond: the auction goes on.
    event BidLapsed(address indexed owner, address indexed bidder);
    /// @notice An auction ended without a sale.
    event AuctionEnded(address indexed owner);

    // ------------------------------------------------------------------- starts

    /// @notice Begins to sell a slice of a called account's collateral, as much as raises
    /// the shortfall that the proof discloses. Whom the proof's memo names is paid for it.
    /// The owner may at any time of the call, anyone after the owner's part of it.
    /// @param owner The owner.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs of a *below* proof.
    /// @param proof The proof.
    function startSlice(
        address owner,
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external nonReentrant {
        if (auctionOf[owner].started != 0) revert AuctionOpen();
        address account = accountOf(owner);
        Account memory status = _calledForBreach(owner, account);
        if (msg.sender != owner) {
            uint256 part = uint256(status.until - status.since) * _rules.ownPartBps;
            uint256 until = status.since + part / BPS;
            if (REGISTRY.standing(CONTEXT, account).clock <= until) {
                revert OwnersTurn(until.toUint48());
            }
        }
        Claim memory claim = REGISTRY.checkClaim(circuit, inputs, proof);
        if (
            claim.context != CONTEXT ||
            claim.account != account ||
            !claim.below ||
            claim.multiplied ||
            claim.disclosed == 0 ||
            claim.epoch < status.epoch
        ) revert WrongProof();
        uint256 target = Math.min(positions[owner].debt, claim.disclosed * _rules.quoteUnit);
        _start(owner, false, target, address(uint160(uint248(claim.memo))));
    }

    /// @notice Begins to sell what repays an account that did not meet its call, or that
    /// left the registry in debt. The sender is paid for it. An unsold slice ends with it.
    /// @param owner The owner.
    function startWhole(address owner) external nonReentrant {
        Auction memory before = auctionOf[owner];
        if (before.whole || before.bidder != address(0)) revert AuctionOpen();
        if (!_mayTakeAll(owner)) revert NotWarranted(owner);
        if (before.started != 0) _end(owner);
        _start(owner, true, positions[owner].debt, msg.sender);
    }

    function _start(address owner, bool whole, uint256 target, address keeper) private {
        if (target == 0) revert NothingOwed();
        Position memory position = positions[owner];
        uint256 price = mark();
        uint256 bonusBps = _bonusBps(position, price);
        Auction memory auction;
        auction.started = block.timestamp.toUint48();
        auction.whole = whole;
        auction.bonusBps = bonusBps.toUint16();
        auction.keeper = keeper;
        auction.mark = price.toUint128();
        auction.target = target.toUint128();
        auctionOf[owner] = auction;
        ++openAuctions;
        emit AuctionStarted(owner, whole, price, target, bonusBps, keeper);
    }

    // --------------------------------------------------------------------- bids

    /// @notice A bonded bidder fixes the price of now, and has to settle in time.
    /// @param owner Whose collateral.
    function bid(address owner) external nonReentrant {
        Auction storage auction = auctionOf[owner];
        if (auction.started == 0) revert NoAuction();
        if (auction.bidder != address(0)) revert BidOpen(auction.bidUntil);
        if (!_isWarranted(owner, auction.whole)) revert NotWarranted(owner);
        uint256 elapsed = block.timestamp - auction.started;
        if (!auction.whole && elapsed > _rules.curve.fast) revert SliceUnsold();
        uint256 fraction = _rules.curve.fractionAt(elapsed);
        _lockBond(msg.sender, _rules.bond);
        auction.bidder = msg.sender;
        auction.price = Math.mulDiv(auction.mark, fraction, DutchAuction.ONE).toUint128();
        auction.bidUntil = (block.timestamp + _rules.settlePeriod).toUint48();
        emit Bid(owner, msg.sender, auction.price, auction.bidUntil);
    }

    /// @notice The bidder pays and takes as much as it takes at its price.
    /// @param owner Whose collateral.
    function settle(address owner) external nonReentrant {
        Auction memory auction = auctionOf[owner];
        if (auction.bidder != msg.sender || block.timestamp > auction.bidUntil) revert NotYourBid();
        Position storage position = positions[owner];
        uint256 target = Math.min(auction.target, position.debt);
        uint256 bonus = (target * auction.bonusBps) / BPS;
        (uint256 lots, uint256 paid) = _amounts(position.collateral, target + bonus, auction.price);
        // The lenders first, then the keeper, then the owner.
        uint256 repaid = Math.min(paid, target);
        bonus = auction.keeper == address(0) ? 0 : Math.min(paid - repaid, bonus);
        position.collateral -= lots;
        position.debt -= repaid;
        debt -= repaid;
        if (bonus != 0) _owe(auction.keeper, bonus);
        if (paid > repaid + bonus) _owe(owner, paid - repaid - bonus);
        if (auction.whole) _closeOut(owner, position);
        freeBondOf[msg.sender] += _rules.bond;
        _end(owner);
        TOKEN.safeTransferFrom(msg.sender, address(this), paid);
        COLLATERAL.safeTransfer(msg.sender, lots);
        emit Sold(owner, msg.sender, lots, paid, repaid, bonus);
    }

    /// @dev Rounded up against the bidder, who pays for what it takes.
    function _amounts(
        uint256 collateral,
        uint256 needed,
        uint256 price
    ) private pure returns (uint256 lots, uint256 paid) {
        if (needed == 0) return (0, 0);
        if (price == 0) return (collateral, 0);
        lots = Math.mulDiv(needed, DutchAuction.ONE, price, Math.Rounding.Ceil);
        lots = Math.min(lots, collateral);
        paid = Math.mulDiv(lots, price, DutchAuction.ONE, Math.Rounding.Ceil);
    }

    /// @dev The whole was sold: what is still owed then has no collateral any more.
    function _closeOut(address owner, Position storage position) private {
        uint256 lost = position.debt;
        if (lost != 0) {
            position.debt = 0;
            _lose(lost);
        }
        address account = accountOf(owner);
        if (REGISTRY.isSubscribed(CONTEXT, account, address(this))) {
            REGISTRY.close(CONTEXT, account);
        }
    }

    /// @notice Anyone has a bid lapse that was not settled in time.
    /// @param owner Whose collateral.
    function lapse(address owner) external nonReentrant {
        Auction storage auction = auctionOf[owner];
        address bidder = auction.bidder;
        if (bidder == address(0)) revert NotYourBid();
        if (block.timestamp <= auction.bidUntil) revert BidOpen(auction.bidUntil);
        auction.bidder = address(0);
        auction.bidUntil = 0;
        auction.price = 0;
        _forfeitBond(bidder, _rules.bond);
        emit BidLapsed(owner, bidder);
    }

    /// @notice Anyone ends an auction that nothing warrants any more: the call was cured,
    /// nothing is owed, or the slice's price reached the cutoff.
    /// @param owner Whose collateral.
    function cancel(address owner) external nonReentrant {
        Auction memory auction = auctionOf[owner];
        if (auction.started == 0) revert NoAuction();
        if (auction.bidder != address(0)) revert BidOpen(auction.bidUntil);
        bool unsold = !auction.whole && block.timestamp - auction.started > _rules.curve.fast;
        bool goesOn = positions[owner].debt != 0 && !unsold && _isWarranted(owner, auction.whole);
        if (goesOn) revert GoesOn();
        _end(owner);
        emit AuctionEnded(owner);
    }

    function _end(address owner) private {
        delete auctionOf[owner];
        --openAuctions;
    }

    // ------------------------------------------------------------------- checks

    function _isWarranted(address owner, bool whole) private view returns (bool) {
        if (whole) return _mayTakeAll(owner);
        (Account memory status, ) = REGISTRY.statusOf(CONTEXT, accountOf(owner));
        return status.state == State.Called && status.reason == CallReason.Breach;
    }

    /// @dev The account is liquidatable, or left the registry.
    function _mayTakeAll(address owner) private view returns (bool) {
        address account = accountOf(owner);
        if (!REGISTRY.isSubscribed(CONTEXT, account, address(this))) return true;
        return REGISTRY.liquidatable(CONTEXT, account);
    }

    function _calledForBreach(
        address owner,
        address account
    ) private view returns (Account memory status) {
        (status, ) = REGISTRY.statusOf(CONTEXT, account);
        bool called = status.state == State.Called && status.reason == CallReason.Breach;
        if (!called || !REGISTRY.isSubscribed(CONTEXT, account, address(this))) {
            revert NotWarranted(owner);
        }
    }
}
