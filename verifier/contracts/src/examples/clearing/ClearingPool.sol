// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Whose the tokens of a clearing vault are
/// @notice Lenders own shares of a pool; beside it are an insurance fund with a cap, the
/// bonds of bidders, and what is owed to whoever has not collected it. Every token is in
/// exactly one of the four, or lent:
///
///     tokens held + debt == pool + fund + bonds + owed
///
/// A loss is the fund's first. What it cannot pay is taken from the pool: from all lenders
/// in proportion, since the index (`pool / shares`) falls. While something is auctioned
/// nobody lends or redeems, so that nobody leaves a loss to others or walks into one.
abstract contract ClearingPool is ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice Something is auctioned: wait until it is settled.
    error Paused(uint256 auctions);
    /// @notice As much is lent or lost: only this much can be paid out.
    error NotEnoughCash(uint256 cash);
    /// @notice The fund is as large as it gets.
    error FundFull(uint256 cap);
    /// @notice An amount of nothing.
    error Nothing();
    /// @notice The bond that is not at stake is smaller.
    error BondTooSmall(uint256 free);

    /// @notice A lender's tokens became shares.
    event Lent(address indexed lender, uint256 amount, uint256 shares);
    /// @notice A lender's shares became tokens.
    event Redeemed(address indexed lender, uint256 amount, uint256 shares);
    /// @notice Fees and forfeited bonds: what the fund has no room for is the lenders'.
    event Earned(uint256 toFund, uint256 toPool);
    /// @notice A debt that nothing covers: what the fund could not pay, lenders lost.
    event Lost(uint256 fromFund, uint256 socialised);
    /// @notice A bond grew, by `amount`, or shrank.
    event BondChanged(address indexed bidder, int256 amount);
    /// @notice What was owed was paid.
    event Collected(address indexed to, uint256 amount);

    /// @dev Keeps the price of the first shares from being played with.
    uint256 private constant VIRTUAL_SHARES = 1_000;

    /// @notice What is lent.
    IERC20 public immutable TOKEN;
    /// @notice How large the insurance fund gets.
    uint256 public immutable FUND_CAP;

    /// @notice The lenders' tokens, lent or not.
    uint256 public pool;
    /// @notice The insurance fund.
    uint256 public fund;
    /// @notice The bonds of all bidders, at stake or not.
    uint256 public bonds;
    /// @notice What all have to collect.
    uint256 public allOwed;
    /// @notice What all borrowers owe.
    uint256 public debt;
    /// @notice How many auctions there are.
    uint256 public openAuctions;
    /// @notice Shares of all lenders.
    uint256 public totalShares;

    /// @notice Shares of lenders.
    mapping(address lender => uint256) public sharesOf;
    /// @notice Bonds of bidders that are not at stake.
    mapping(address bidder => uint256) public freeBondOf;
    /// @notice What can be collected.
    mapping(address to => uint256) public owed;

    constructor(IERC20 token, uint256 fundCap) {
        TOKEN = token;
        FUND_CAP = fundCap;
    }

    modifier whileNothingIsAuctioned() {
        if (openAuctions != 0) revert Paused(openAuctions);
        _;
    }

    // ----------------------------------------------------------------- lenders

    /// @notice Lends tokens to the pool.
    /// @param amount How many.
    /// @return shares What they became.
    function lend(
        uint256 amount
    ) external nonReentrant whileNothingIsAuctioned returns (uint256 shares) {
        shares = Math.mulDiv(amount, totalShares + VIRTUAL_SHARES, pool + 1);
        if (shares == 0) revert Nothing();
        pool += amount;
        totalShares += shares;
        sharesOf[msg.sender] += shares;
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        emit Lent(msg.sender, amount, shares);
    }

    /// @notice Takes shares' worth of tokens out, as far as they are not lent.
    /// @param shares How many shares.
    /// @return amount What they were worth.
    function redeem(
        uint256 shares
    ) external nonReentrant whileNothingIsAuctioned returns (uint256 amount) {
        amount = valueOf(shares);
        if (amount > cash()) revert NotEnoughCash(cash());
        sharesOf[msg.sender] -= shares;
        totalShares -= shares;
        pool -= amount;
        TOKEN.safeTransfer(msg.sender, amount);
        emit Redeemed(msg.sender, amount, shares);
    }

    /// @notice What shares are worth.
    /// @param shares How many.
    function valueOf(uint256 shares) public view returns (uint256) {
        return Math.mulDiv(shares, pool + 1, totalShares + VIRTUAL_SHARES);
    }

    /// @notice The part of the pool that is not lent.
    function cash() public view returns (uint256) {
        return pool - debt;
    }

    // ------------------------------------------------------------ fund and bonds

    /// @notice Gives tokens to the insurance fund, up to its cap.
    /// @param amount How many.
    function donate(uint256 amount) external nonReentrant {
        if (fund + amount > FUND_CAP) revert FundFull(FUND_CAP);
        fund += amount;
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        emit Earned(amount, 0);
    }

    /// @notice Adds to the sender's bond.
    /// @param amount How much.
    function postBond(uint256 amount) external nonReentrant {
        bonds += amount;
        freeBondOf[msg.sender] += amount;
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        emit BondChanged(msg.sender, int256(amount));
    }

    /// @notice Takes back of the sender's bond what is not at stake.
    /// @param amount How much.
    function takeBond(uint256 amount) external nonReentrant {
        _lockBond(msg.sender, amount);
        bonds -= amount;
        TOKEN.safeTransfer(msg.sender, amount);
        emit BondChanged(msg.sender, -int256(amount));
    }

    function _lockBond(address bidder, uint256 amount) internal {
        uint256 free = freeBondOf[bidder];
        if (free < amount) revert BondTooSmall(free);
        freeBondOf[bidder] = free - amount;
    }

    function _forfeitBond(address bidder, uint256 amount) internal {
        bonds -= amount;
        emit BondChanged(bidder, -int256(amount));
        _earn(amount);
    }

    /// @notice Pays the sender what it is owed.
    function collect() external nonReentrant {
        uint256 amount = owed[msg.sender];
        if (amount == 0) revert Nothing();
        delete owed[msg.sender];
        allOwed -= amount;
        TOKEN.safeTransfer(msg.sender, amount);
        emit Collected(msg.sender, amount);
    }

    // ----------------------------------------------------------- gains and losses

    function _owe(address to, uint256 amount) internal {
        owed[to] += amount;
        allOwed += amount;
    }

    function _earn(uint256 amount) internal {
        uint256 toFund = Math.min(amount, FUND_CAP - fund);
        fund += toFund;
        pool += amount - toFund;
        emit Earned(toFund, amount - toFund);
    }

    /// @dev A debt that is no longer owed, and was not repaid.
    function _lose(uint256 amount) internal {
        uint256 fromFund = Math.min(amount, fund);
        fund -= fromFund;
        debt -= amount;
        pool -= amount - fromFund;
        emit Lost(fromFund, amount - fromFund);
    }
}
