// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { Account, CallReason, Level, State } from "../MarginTypes.sol";
import { ILiquidationHook } from "../interfaces/ILiquidationHook.sol";
import { IMarginCallRegistry } from "../interfaces/IMarginCallRegistry.sol";

/// @title Example: a lender that trusts margin proofs
/// @notice Lends a token against collateral in another one. A borrower may take
/// new debt, or withdraw collateral while in debt, only while the registry says that
/// its account may increase risk: that its whole private portfolio, at the venue as
/// well as here, was proved to meet its margin requirement at prices no older than
/// the vault asks for. Depositing, repaying and withdrawing without debt are always
/// allowed. When a margin call is not met, anyone may repay the debt and take the
/// collateral; the same when the account left the registry in debt.
/// @dev An example: one collateral, one fixed ratio, no interest, no lenders'
/// shares, no price. It subscribes to its borrowers' accounts, which others may do as
/// well, and closes and settles for itself alone. A borrower makes it its operator
/// first (`MarginOperators`).
contract MarginLendingVault is ILiquidationHook, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice An account's balances.
    /// @param collateral Collateral deposited.
    /// @param debt Tokens owed.
    struct Position {
        uint256 collateral;
        uint256 debt;
    }

    /// @notice The registry does not say that the account may take more risk.
    error MayNotIncreaseRisk(address owner);
    /// @notice The registry does not say that the account may be liquidated.
    error NotLiquidatable(address owner);
    /// @notice Debt would exceed what the collateral is good for.
    error TooMuchDebt(uint256 allowed);
    /// @notice The account still owes.
    error DebtOutstanding(uint256 debt);
    /// @notice The account owes nothing.
    error NothingOwed();
    /// @notice Only the registry may tell.
    error NotTheRegistry();

    /// @notice Collateral was deposited.
    event Deposited(address indexed owner, uint256 amount);
    /// @notice Collateral was withdrawn.
    event Withdrawn(address indexed owner, uint256 amount);
    /// @notice Debt was taken.
    event Borrowed(address indexed owner, uint256 amount);
    /// @notice Debt was repaid.
    event Repaid(address indexed owner, uint256 amount);
    /// @notice Liquidators should get ready.
    event CallOpened(address indexed account, Level level, uint48 deadline);
    /// @notice They need not.
    event CallMet(address indexed account);
    /// @notice Liquidators are wanted.
    event LiquidationOpen(address indexed account, uint48 since);
    /// @notice Debt was repaid by a liquidator, who took the collateral.
    event Liquidated(address indexed owner, address indexed by, uint256 debt, uint256 collateral);

    /// @notice Debt allowed per unit of collateral, in basis points.
    uint256 public constant LOAN_TO_VALUE_BPS = 8_000;

    /// @notice What a liquidator gets on top of the debt repaid, in basis points.
    uint256 public constant LIQUIDATION_BONUS_BPS = 1_000;

    /// @notice Keeps the margin calls.
    IMarginCallRegistry public immutable REGISTRY;
    /// @notice The market whose proofs count here.
    bytes31 public immutable CONTEXT;
    /// @notice The level that a borrower must have proved.
    Level public immutable MIN_LEVEL;
    /// @notice How old, in real time, the prices of that proof may be.
    uint48 public immutable MAX_AGE;
    /// @notice The collateral.
    IERC20 public immutable COLLATERAL;
    /// @notice What is lent.
    IERC20 public immutable TOKEN;

    /// @notice The borrowers' balances.
    mapping(address owner => Position) public positions;
    /// @notice Collateral that liquidations left over, for its owner to claim: it is
    /// not sent, so that an account that cannot receive it can be liquidated.
    mapping(address owner => uint256) public leftovers;

    /// @param registry Keeps the margin calls.
    /// @param context The market; its administrator grants this vault the protocol role.
    /// @param minLevel The level that a borrower must have proved.
    /// @param maxAge How old the prices of that proof may be.
    /// @param collateral The collateral.
    /// @param token What is lent; whoever lends sends it here.
    constructor(
        IMarginCallRegistry registry,
        bytes31 context,
        Level minLevel,
        uint48 maxAge,
        IERC20 collateral,
        IERC20 token
    ) {
        REGISTRY = registry;
        CONTEXT = context;
        MIN_LEVEL = minLevel;
        MAX_AGE = maxAge;
        COLLATERAL = collateral;
        TOKEN = token;
        registry.setHook(this);
    }

    /// @notice The account whose proofs say how its owner is: its first.
    /// @param owner The owner.
    function accountOf(address owner) public view returns (address) {
        return REGISTRY.accountOf(owner, 0);
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
        Position memory position = positions[msg.sender];
        if (position.debt != 0) revert DebtOutstanding(position.debt);
        delete positions[msg.sender];
        REGISTRY.close(CONTEXT, accountOf(msg.sender));
        COLLATERAL.safeTransfer(msg.sender, position.collateral);
        emit Withdrawn(msg.sender, position.collateral);
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
        if (position.debt != 0) _requireMayIncreaseRisk(msg.sender);
        position.collateral -= amount;
        _requireCovered(position);
        COLLATERAL.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    /// @notice Takes debt, while more risk may be taken.
    /// @param amount How much.
    function borrow(uint256 amount) external nonReentrant {
        _requireMayIncreaseRisk(msg.sender);
        Position storage position = positions[msg.sender];
        position.debt += amount;
        _requireCovered(position);
        TOKEN.safeTransfer(msg.sender, amount);
        emit Borrowed(msg.sender, amount);
    }

    /// @notice Repays debt.
    /// @param owner Whose.
    /// @param amount How much at most: no more is taken than is owed.
    function repay(address owner, uint256 amount) external nonReentrant {
        Position storage position = positions[owner];
        uint256 repaid = Math.min(amount, position.debt);
        position.debt -= repaid;
        TOKEN.safeTransferFrom(msg.sender, address(this), repaid);
        emit Repaid(owner, repaid);
    }

    /// @notice Repays the debt of an owner whose account did not meet its margin call
    /// or left the registry, for collateral of the same amount and a bonus. The rest
    /// stays the owner's.
    /// @param owner The owner.
    function liquidate(address owner) external nonReentrant {
        address account = accountOf(owner);
        bool subscribed = REGISTRY.isSubscribed(CONTEXT, account, address(this));
        if (subscribed && !REGISTRY.liquidatable(CONTEXT, account)) revert NotLiquidatable(owner);
        Position memory position = positions[owner];
        if (position.debt == 0) revert NothingOwed();
        uint256 due = (position.debt * (10_000 + LIQUIDATION_BONUS_BPS)) / 10_000;
        uint256 seized = Math.min(due, position.collateral);
        delete positions[owner];
        leftovers[owner] += position.collateral - seized;
        if (subscribed) REGISTRY.close(CONTEXT, account);
        TOKEN.safeTransferFrom(msg.sender, address(this), position.debt);
        COLLATERAL.safeTransfer(msg.sender, seized);
        emit Liquidated(owner, msg.sender, position.debt, seized);
    }

    /// @notice Pays the caller what liquidations left over.
    function claimLeftover() external nonReentrant {
        uint256 amount = leftovers[msg.sender];
        delete leftovers[msg.sender];
        COLLATERAL.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    /// @notice The caller, whose account is liquidatable and who owes nothing here, asks
    /// for another chance to prove itself. Others may have to settle it as well.
    function reinstate() external nonReentrant {
        uint256 debt = positions[msg.sender].debt;
        if (debt != 0) revert DebtOutstanding(debt);
        REGISTRY.reinstate(CONTEXT, accountOf(msg.sender));
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

    function _requireMayIncreaseRisk(address owner) private view {
        address account = accountOf(owner);
        if (
            !REGISTRY.isSubscribed(CONTEXT, account, address(this)) ||
            !REGISTRY.mayIncreaseRisk(CONTEXT, account, MIN_LEVEL, MAX_AGE)
        ) revert MayNotIncreaseRisk(owner);
    }

    function _requireCovered(Position memory position) private pure {
        uint256 allowed = (position.collateral * LOAN_TO_VALUE_BPS) / 10_000;
        if (position.debt > allowed) revert TooMuchDebt(allowed);
    }
}
