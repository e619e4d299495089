// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { Account, CallReason, Level, State } from "../MarginTypes.sol";
import { ILiquidationHook } from "../interfaces/ILiquidationHook.sol";
import { IMarginCallRegistry } from "../interfaces/IMarginCallRegistry.sol";
import { IPriceFeed } from "../interfaces/IPriceFeed.sol";
import { ClearingAuctions } from "./clearing/ClearingAuctions.sol";
import { ClearingBook } from "./clearing/ClearingBook.sol";
import { DutchAuction } from "./clearing/DutchAuction.sol";

/// @title Example: a lender that clears its borrowers
/// @notice Lends a token of many lenders against collateral, to borrowers whose private
/// portfolios are proved in the registry (as `MarginLendingVault` does), and goes through
/// with a call that is not met: slices by Dutch auction while the account is called, the
/// whole afterwards, an insurance fund for what nobody covers, and then all lenders in
/// proportion. Who may do what by when is a table in the contracts' README.
/// @dev Interest is a fee at the start. A slice is of the collateral that is here: of the
/// portfolio at the venue nothing is sold, its call is met by an ordinary proof.
contract MarginClearingVault is ILiquidationHook, ClearingAuctions {
    using SafeERC20 for IERC20;

    /// @notice The registry does not say that the account may take more risk.
    error MayNotIncreaseRisk(address owner);
    /// @notice Debt would exceed what the collateral is good for.
    error TooMuchDebt(uint256 allowed);
    /// @notice The account still owes.
    error DebtOutstanding(uint256 debt);
    /// @notice Only the registry may tell.
    error NotTheRegistry();

    /// @notice Collateral was deposited.
    event Deposited(address indexed owner, uint256 amount);
    /// @notice Collateral was withdrawn.
    event Withdrawn(address indexed owner, uint256 amount);
    /// @notice Debt was taken, and the fee owed beside.
    event Borrowed(address indexed owner, uint256 amount, uint256 fee);
    /// @notice Debt was repaid.
    event Repaid(address indexed owner, uint256 amount);
    /// @notice Keepers should get ready.
    event CallOpened(address indexed account, Level level, uint48 deadline);
    /// @notice They need not.
    event CallMet(address indexed account);
    /// @notice Keepers are wanted.
    event LiquidationOpen(address indexed account, uint48 since);

    /// @param registry Keeps the margin calls.
    /// @param context The market; its administrator grants this vault the protocol role.
    /// @param collateral The collateral.
    /// @param token What is lent.
    /// @param feed The collateral's price in tokens.
    /// @param rules_ What the vault demands.
    constructor(
        IMarginCallRegistry registry,
        bytes31 context,
        IERC20 collateral,
        IERC20 token,
        IPriceFeed feed,
        Rules memory rules_
    ) ClearingBook(registry, context, collateral, token, feed, rules_) {
        registry.setHook(this);
    }

    /// @notice Opens the caller's account: it must prove itself before it can borrow.
    function openAccount() external nonReentrant {
        (Account memory status, ) = REGISTRY.statusOf(CONTEXT, accountOf(msg.sender));
        bool none = status.state == State.Unregistered || status.state == State.Closed;
        if (none) REGISTRY.register(CONTEXT, msg.sender, 0);
        REGISTRY.subscribe(CONTEXT, msg.sender, 0);
    }

    /// @notice Ends the caller's account here, which must owe nothing, called or not.
    function closeAccount() external nonReentrant {
        _requireNoDebt();
        uint256 amount = positions[msg.sender].collateral;
        delete positions[msg.sender];
        REGISTRY.close(CONTEXT, accountOf(msg.sender));
        COLLATERAL.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    /// @notice The caller, whose account is liquidatable and who owes nothing here, asks
    /// for another chance to prove itself. Others may have to settle it as well.
    function reinstate() external nonReentrant {
        _requireNoDebt();
        REGISTRY.reinstate(CONTEXT, accountOf(msg.sender));
    }

    /// @notice Deposits collateral.
    /// @param amount How much.
    function deposit(uint256 amount) external nonReentrant {
        positions[msg.sender].collateral += amount;
        COLLATERAL.safeTransferFrom(msg.sender, address(this), amount);
        emit Deposited(msg.sender, amount);
    }

    /// @notice Withdraws collateral: in debt, only while more risk may be taken.
    /// @param amount How much.
    function withdraw(uint256 amount) external nonReentrant {
        Position storage position = positions[msg.sender];
        position.collateral -= amount;
        if (position.debt != 0) _requireSound(msg.sender, position);
        COLLATERAL.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    /// @notice Takes debt, while more risk may be taken and nothing of it is sold.
    /// @param amount How much, without the fee.
    function borrow(uint256 amount) external nonReentrant {
        uint256 fee = Math.mulDiv(amount, _rules.feeBps, BPS, Math.Rounding.Ceil);
        if (amount + fee > cash()) revert NotEnoughCash(cash());
        Position storage position = positions[msg.sender];
        position.debt += amount + fee;
        debt += amount + fee;
        _requireSound(msg.sender, position);
        _earn(fee);
        TOKEN.safeTransfer(msg.sender, amount);
        emit Borrowed(msg.sender, amount, fee);
    }

    /// @notice Repays debt.
    /// @param owner Whose.
    /// @param amount How much at most: no more is taken than is owed.
    function repay(address owner, uint256 amount) external nonReentrant {
        Position storage position = positions[owner];
        uint256 repaid = Math.min(amount, position.debt);
        position.debt -= repaid;
        debt -= repaid;
        TOKEN.safeTransferFrom(msg.sender, address(this), repaid);
        emit Repaid(owner, repaid);
    }

    // -------------------------------------------------------------------- hook

    modifier onlyRegistry(bytes31 context) {
        if (msg.sender != address(REGISTRY) || context != CONTEXT) revert NotTheRegistry();
        _;
    }

    /// @inheritdoc ILiquidationHook
    function onCalled(
        bytes31 context,
        address account,
        CallReason,
        Level level,
        uint48 deadline
    ) external onlyRegistry(context) {
        emit CallOpened(account, level, deadline);
    }

    /// @inheritdoc ILiquidationHook
    function onCured(bytes31 context, address account, Level) external onlyRegistry(context) {
        emit CallMet(account);
    }

    /// @inheritdoc ILiquidationHook
    function onLiquidatable(
        bytes31 context,
        address account,
        uint48 since
    ) external onlyRegistry(context) {
        emit LiquidationOpen(account, since);
    }

    // ------------------------------------------------------------------- checks

    function _requireNoDebt() private view {
        uint256 owes = positions[msg.sender].debt;
        if (owes != 0) revert DebtOutstanding(owes);
        if (auctionOf[msg.sender].started != 0) revert AuctionOpen();
    }

    /// @dev More risk may be taken, nothing is being sold, and the collateral is enough.
    function _requireSound(address owner, Position memory position) private view {
        address account = accountOf(owner);
        if (auctionOf[owner].started != 0) revert AuctionOpen();
        if (
            !REGISTRY.isSubscribed(CONTEXT, account, address(this)) ||
            !REGISTRY.mayIncreaseRisk(CONTEXT, account, _rules.minLevel, _rules.maxAge)
        ) revert MayNotIncreaseRisk(owner);
        uint256 worth = Math.mulDiv(position.collateral, mark(), DutchAuction.ONE);
        uint256 allowed = (worth * _rules.loanToValueBps) / BPS;
        if (position.debt > allowed) revert TooMuchDebt(allowed);
    }
}
