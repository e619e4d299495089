// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { Level } from "../../MarginTypes.sol";
import { IMarginCallRegistry } from "../../interfaces/IMarginCallRegistry.sol";
import { IPriceFeed } from "../../interfaces/IPriceFeed.sol";
import { ClearingPool } from "./ClearingPool.sol";
import { DutchAuction } from "./DutchAuction.sol";

/// @title What a clearing vault demands, and what it keeps
/// @notice Its rules, the balances of borrowers, the auctions, and the worth of collateral.
abstract contract ClearingBook is ClearingPool {
    using DutchAuction for DutchAuction.Curve;

    /// @notice What a vault demands. Fixed for its lifetime.
    /// @param minLevel The level that a borrower must have proved.
    /// @param maxAge How old the prices of that proof may be, in seconds.
    /// @param maxPriceAge How old the feed's answer may be, in seconds.
    /// @param loanToValueBps Debt allowed per worth of collateral, in basis points.
    /// @param bonusMinBps A keeper's bonus on what is raised where the debt is just at that.
    /// @param bonusMaxBps The same where it is all the collateral's worth, or more.
    /// @param feeBps What a loan costs, in basis points.
    /// @param ownPartBps The part of the cure period in which the owner alone may have a
    /// slice sold, in basis points.
    /// @param settlePeriod How long a bidder has to settle, in seconds.
    /// @param bond What a bidder has at stake.
    /// @param fundCap How large the insurance fund gets.
    /// @param markScale Tokens' units per 10^18 units of collateral, at a price of one.
    /// @param quoteUnit Tokens' units per quote unit of the market.
    /// @param curve How an auction's price falls.
    struct Rules {
        Level minLevel;
        uint48 maxAge;
        uint32 maxPriceAge;
        uint16 loanToValueBps;
        uint16 bonusMinBps;
        uint16 bonusMaxBps;
        uint16 feeBps;
        uint16 ownPartBps;
        uint32 settlePeriod;
        uint128 bond;
        uint128 fundCap;
        uint128 markScale;
        uint128 quoteUnit;
        DutchAuction.Curve curve;
    }

    /// @notice An account's balances.
    /// @param collateral Collateral deposited.
    /// @param debt Tokens owed.
    struct Position {
        uint256 collateral;
        uint256 debt;
    }

    /// @notice An auction of an owner's collateral.
    /// @param started When it began; zero when there is none.
    /// @param whole Whether it is to repay all.
    /// @param bonusBps The keeper's bonus.
    /// @param bidUntil Until when, inclusive, the bidder can settle.
    /// @param bidder Who fixed the price; nobody yet when zero.
    /// @param keeper Who is paid for it; nobody when zero.
    /// @param mark The collateral's price when it began, in tokens per 10^18.
    /// @param target The debt to be repaid.
    /// @param price The price that the bidder fixed.
    struct Auction {
        uint48 started;
        bool whole;
        uint16 bonusBps;
        uint48 bidUntil;
        address bidder;
        address keeper;
        uint128 mark;
        uint128 target;
        uint128 price;
    }

    /// @notice The rules contradict themselves or the tokens.
    error InvalidRules();
    /// @notice The feed has no answer, or it is too old: nothing is lent or sold.
    error NoPrice();
    uint256 internal constant BPS = 10_000;

    /// @notice Keeps the margin calls.
    IMarginCallRegistry public immutable REGISTRY;
    /// @notice The market whose proofs count here.
    bytes31 public immutable CONTEXT;
    /// @notice The collateral.
    IERC20 public immutable COLLATERAL;
    /// @notice Its price.
    IPriceFeed public immutable FEED;

    Rules internal _rules;
    /// @notice The borrowers' balances.
    mapping(address owner => Position) public positions;
    /// @notice Auctions.
    mapping(address owner => Auction) public auctionOf;

    constructor(
        IMarginCallRegistry registry,
        bytes31 context,
        IERC20 collateral,
        IERC20 token,
        IPriceFeed feed,
        Rules memory rules_
    ) ClearingPool(token, rules_.fundCap) {
        if (
            address(collateral) == address(token) ||
            !rules_.curve.isValid() ||
            rules_.loanToValueBps == 0 ||
            rules_.loanToValueBps >= BPS ||
            rules_.bonusMinBps > rules_.bonusMaxBps ||
            rules_.bonusMaxBps >= BPS ||
            rules_.feeBps >= BPS ||
            rules_.ownPartBps > BPS ||
            rules_.settlePeriod == 0 ||
            rules_.bond == 0 ||
            rules_.markScale == 0 ||
            rules_.quoteUnit == 0
        ) revert InvalidRules();
        REGISTRY = registry;
        CONTEXT = context;
        COLLATERAL = collateral;
        FEED = feed;
        _rules = rules_;
    }

    /// @notice What the vault demands.
    function rules() external view returns (Rules memory) {
        return _rules;
    }

    /// @notice The account whose proofs say how its owner is: its first.
    /// @param owner The owner.
    function accountOf(address owner) public view returns (address) {
        return REGISTRY.accountOf(owner, 0);
    }

    /// @notice What 10^18 units of collateral are worth, in tokens.
    function mark() public view returns (uint256) {
        (, int256 answer, , uint256 updatedAt, ) = FEED.latestRoundData();
        bool old = updatedAt > block.timestamp || block.timestamp - updatedAt > _rules.maxPriceAge;
        if (answer <= 0 || old) revert NoPrice();
        return uint256(answer) * _rules.markScale;
    }

    /// @dev Rises with severity: from the least, where the debt is just what is allowed,
    /// to the most, where it is all that the collateral is worth.
    function _bonusBps(Position memory position, uint256 price) internal view returns (uint256) {
        (uint256 low, uint256 high) = (_rules.bonusMinBps, _rules.bonusMaxBps);
        uint256 worth = Math.mulDiv(position.collateral, price, DutchAuction.ONE);
        if (position.debt >= worth) return high;
        uint256 allowed = _rules.loanToValueBps;
        uint256 used = Math.mulDiv(position.debt, BPS, worth);
        if (used <= allowed) return low;
        return low + ((high - low) * (used - allowed)) / (BPS - allowed);
    }
}
