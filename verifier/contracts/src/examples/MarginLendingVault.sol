// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { ILiquidationHook } from "../interfaces/ILiquidationHook.sol";
import { IMarginCallRegistry } from "../interfaces/IMarginCallRegistry.sol";

/// @title Example: a lender that trusts margin proofs
/// @notice Lends a token against collateral in another one. An account may take
/// new debt or withdraw collateral only while the registry says that it is in good
/// standing: that its whole private portfolio, at the venue as well as here, was
/// proved to meet its margin requirement and the proof is not too old. Depositing
/// and repaying are always allowed. When a margin call is not met, anyone may
/// repay the debt and take the collateral.
/// @dev An example: one collateral, one fixed ratio, no interest, no lenders'
/// shares, no price. It is the registry's hook and the only one to hold its protocol
/// role: it closes and reinstates accounts by what they owe here alone.
contract MarginLendingVault is ILiquidationHook, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice An account's balances.
    /// @param collateral Collateral deposited.
    /// @param debt Tokens owed.
    struct Position {
        uint256 collateral;
        uint256 debt;
    }

    /// @notice The registry does not say that the account is in good standing.
    error NotInGoodStanding(address account);
    /// @notice The registry does not say that the account may be liquidated.
    error NotLiquidatable(address account);
    /// @notice Debt would exceed what the collateral is good for.
    error TooMuchDebt(uint256 allowed);
    /// @notice The account still owes.
    error DebtOutstanding(uint256 debt);
    /// @notice The account owes nothing: reinstate it instead.
    error NothingOwed();
    /// @notice Only the registry may tell.
    error NotTheRegistry();

    /// @notice Collateral was deposited.
    event Deposited(address indexed account, uint256 amount);
    /// @notice Collateral was withdrawn.
    event Withdrawn(address indexed account, uint256 amount);
    /// @notice Debt was taken.
    event Borrowed(address indexed account, uint256 amount);
    /// @notice Debt was repaid.
    event Repaid(address indexed account, uint256 amount);
    /// @notice Liquidators are wanted.
    event LiquidationOpen(address indexed account, uint48 since);
    /// @notice Debt was repaid by a liquidator, who took the collateral.
    event Liquidated(address indexed account, address indexed by, uint256 debt, uint256 collateral);

    /// @notice Debt allowed per unit of collateral, in basis points.
    uint256 public constant LOAN_TO_VALUE_BPS = 8_000;

    /// @notice What a liquidator gets on top of the debt repaid, in basis points.
    uint256 public constant LIQUIDATION_BONUS_BPS = 1_000;

    /// @notice Keeps the margin calls.
    IMarginCallRegistry public immutable REGISTRY;
    /// @notice The collateral.
    IERC20 public immutable COLLATERAL;
    /// @notice What is lent.
    IERC20 public immutable TOKEN;

    /// @notice The accounts' balances.
    mapping(address account => Position) public positions;
    /// @notice Collateral that liquidations left over, for its owner to claim: it is
    /// not sent, so that an account that cannot receive it can be liquidated.
    mapping(address account => uint256) public leftovers;

    /// @param registry Keeps the margin calls; grants this vault its protocol role.
    /// @param collateral The collateral.
    /// @param token What is lent; whoever lends sends it here.
    constructor(IMarginCallRegistry registry, IERC20 collateral, IERC20 token) {
        REGISTRY = registry;
        COLLATERAL = collateral;
        TOKEN = token;
    }

    modifier onlyInGoodStanding() {
        if (!REGISTRY.inGoodStanding(msg.sender)) revert NotInGoodStanding(msg.sender);
        _;
    }

    /// @notice Opens the caller's account: it must prove itself before it can borrow.
    function openAccount() external {
        REGISTRY.register(msg.sender);
    }

    /// @notice Closes the caller's account, which must owe nothing and be under no call.
    function closeAccount() external nonReentrant {
        Position memory position = positions[msg.sender];
        if (position.debt != 0) revert DebtOutstanding(position.debt);
        if (REGISTRY.liquidatable(msg.sender)) revert NotInGoodStanding(msg.sender);
        delete positions[msg.sender];
        REGISTRY.close(msg.sender);
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

    /// @notice Withdraws collateral, while in good standing.
    /// @param amount How much.
    function withdraw(uint256 amount) external nonReentrant onlyInGoodStanding {
        Position storage position = positions[msg.sender];
        position.collateral -= amount;
        _requireCovered(position);
        COLLATERAL.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    /// @notice Takes debt, while in good standing.
    /// @param amount How much.
    function borrow(uint256 amount) external nonReentrant onlyInGoodStanding {
        Position storage position = positions[msg.sender];
        position.debt += amount;
        _requireCovered(position);
        TOKEN.safeTransfer(msg.sender, amount);
        emit Borrowed(msg.sender, amount);
    }

    /// @notice Repays debt of an account.
    /// @param account Whose debt.
    /// @param amount How much at most: no more is taken than is owed.
    function repay(address account, uint256 amount) external nonReentrant {
        Position storage position = positions[account];
        uint256 repaid = Math.min(amount, position.debt);
        position.debt -= repaid;
        TOKEN.safeTransferFrom(msg.sender, address(this), repaid);
        emit Repaid(account, repaid);
    }

    /// @notice Repays the debt of an account that did not meet its margin call, for
    /// collateral of the same amount and a bonus. The rest stays the account's own.
    /// @param account The account.
    function liquidate(address account) external nonReentrant {
        if (!REGISTRY.liquidatable(account)) revert NotLiquidatable(account);
        Position memory position = positions[account];
        if (position.debt == 0) revert NothingOwed();
        uint256 due = (position.debt * (10_000 + LIQUIDATION_BONUS_BPS)) / 10_000;
        uint256 seized = Math.min(due, position.collateral);
        delete positions[account];
        leftovers[account] += position.collateral - seized;
        REGISTRY.close(account);
        TOKEN.safeTransferFrom(msg.sender, address(this), position.debt);
        COLLATERAL.safeTransfer(msg.sender, seized);
        emit Liquidated(account, msg.sender, position.debt, seized);
    }

    /// @notice Pays the caller what liquidations left over.
    function claimLeftover() external nonReentrant {
        uint256 amount = leftovers[msg.sender];
        delete leftovers[msg.sender];
        COLLATERAL.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    /// @notice Gives a liquidatable account that owes nothing another chance to prove itself.
    /// @param account The account.
    function reinstate(address account) external {
        uint256 debt = positions[account].debt;
        if (debt != 0) revert DebtOutstanding(debt);
        REGISTRY.reinstate(account);
    }

    /// @inheritdoc ILiquidationHook
    function onLiquidatable(address account, uint48 since) external {
        if (msg.sender != address(REGISTRY)) revert NotTheRegistry();
        emit LiquidationOpen(account, since);
    }

    function _requireCovered(Position memory position) private pure {
        uint256 allowed = (position.collateral * LOAN_TO_VALUE_BPS) / 10_000;
        if (position.debt > allowed) revert TooMuchDebt(allowed);
    }
}
