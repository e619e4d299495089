// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Account, CallReason, EpochPost, HaltReason, Level } from "../MarginTypes.sol";

/// @title The margin-call engine on chain
/// @notice The same state machine as the Rust engine of `zkmargin-verifier`, held
/// to the same transition vectors: same states, same events, and the same order of
/// checks, so that both refuse for the same reason.
///
/// Windows and deadlines are counted on the engine's clock, which runs exactly
/// while a proof against the latest epoch could be accepted: not before the first
/// epoch, not during a halt, not while the latest snapshot is stale or its model
/// revoked. A due time or deadline is inclusive: one second later counts.
interface IMarginCallRegistry {
    // ------------------------------------------------------------------ events

    /// @notice A model is accepted from now on.
    event ModelAccepted(bytes31 indexed model);
    /// @notice A model is no longer accepted.
    event ModelRevoked(bytes31 indexed model);
    /// @notice An epoch was posted; if quarantined, proofs against it wait for `resume`.
    event EpochPosted(uint64 indexed epoch, bool quarantined);
    /// @notice An account was registered, for the first time or again.
    event Registered(address indexed account, uint48 due);
    /// @notice An *at-least* proof was accepted.
    event ProofAccepted(address indexed account, uint64 indexed epoch, Level level, uint48 due);
    /// @notice A margin call. The epoch is the breach's, or the latest when
    /// overdue; the shortfall is that of the breach level, zero if not disclosed.
    event Called(
        address indexed account,
        CallReason indexed reason,
        uint64 indexed epoch,
        uint48 deadline,
        uint128 shortfall
    );
    /// @notice A margin call was met.
    event Cured(address indexed account, uint64 indexed epoch, Level level, uint48 due);
    /// @notice A margin call was not met; `since` is the deadline that passed.
    event Liquidatable(address indexed account, uint48 since);
    /// @notice The protocol closed an account.
    event Closed(address indexed account, bool liquidated);
    /// @notice The protocol reinstated a liquidatable account.
    event Reinstated(address indexed account, uint48 due);
    /// @notice The engine halted.
    event Halted(HaltReason reason);
    /// @notice A halt ended; `confirmed` is the latest epoch, if it was
    /// quarantined and is no longer, and zero otherwise.
    event Resumed(uint64 confirmed);
    /// @notice The liquidation hook was set.
    event HookSet(address hook);
    /// @notice The liquidation hook failed; the transition happened all the same.
    event HookFailed(address indexed account);

    // ---------------------------------------------------------------- refusals

    /// @notice The model is accepted already.
    error ModelAlreadyAccepted();
    /// @notice The model is not, or no longer, accepted.
    error ModelNotAccepted();
    /// @notice An epoch's number is not larger than the latest.
    error EpochNotNewer(uint64 latest);
    /// @notice The market snapshot's time is in the future.
    error SnapshotInFuture();
    /// @notice The market snapshot is older than the last one.
    error SnapshotOlderThanLast(uint48 last);
    /// @notice The market snapshot is too old to count: wait for a new epoch.
    error SnapshotStale(uint48 freshUntil);
    /// @notice The policy limits price moves: the epoch must say its own.
    error PriceMoveMissing();
    /// @notice The account is registered already.
    error AlreadyRegistered();
    /// @notice The account is not registered.
    error NotRegistered();
    /// @notice The account is closed.
    error AccountClosed();
    /// @notice The account has an open margin call.
    error CallOpen(uint48 deadline);
    /// @notice The account has no open margin call.
    error NotCalled();
    /// @notice The account is liquidatable: only the protocol can close or reinstate it.
    error AccountLiquidatable(uint48 since);
    /// @notice The account is not liquidatable.
    error NotLiquidatable();
    /// @notice The account's next proof is not overdue.
    error NotOverdue(uint48 due);
    /// @notice The engine is halted: no new margin calls.
    error EngineHalted();
    /// @notice The engine is halted already.
    error AlreadyHalted();
    /// @notice The engine is not halted.
    error NotHalted();
    /// @notice At-least proofs keep current and cure, below proofs call.
    error WrongSide();
    /// @notice The proof claims too low a level.
    error LevelTooLow(Level required);
    /// @notice The proof does not show a breach.
    error NotABreach(Level breach);
    /// @notice The proof is for another context.
    error WrongContext();
    /// @notice The proof's epoch was not posted.
    error UnknownEpoch();
    /// @notice The proof's state root is not the epoch's.
    error WrongStateRoot();
    /// @notice The proof's market root is not the epoch's.
    error WrongMarketRoot();
    /// @notice The proof's model is not the epoch's.
    error WrongModel();
    /// @notice The epoch's prices jumped and were not confirmed.
    error EpochQuarantined();
    /// @notice A proof for this epoch or a later one was accepted before.
    error Replayed(uint64 last);
    /// @notice The proof is for too early an epoch to cure the call.
    error TooOldToCure(uint64 call);

    // ----------------------------------------------------------------- actions

    /// @notice The governor accepts a margin model.
    /// @param model Digest of the model and all its parameters.
    function acceptModel(bytes31 model) external;

    /// @notice The governor revokes a model: proofs under it stop counting at once.
    /// @param model Digest of the model.
    function revokeModel(bytes31 model) external;

    /// @notice The publisher posts an epoch's state and market roots.
    /// @param post The epoch. Its timestamp and price move are the poster's word;
    /// anyone can recompute the timestamp from the market's header.
    function postEpoch(EpochPost calldata post) external;

    /// @notice The guardian halts the engine: no new calls, the clock stands still.
    function pause() external;

    /// @notice The guardian ends a halt and confirms the latest epoch.
    function resume() external;

    /// @notice The protocol registers an account, or a closed one anew.
    /// @param account The account.
    function register(address account) external;

    /// @notice Anyone submits an *at-least* proof of an account under no call.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function submitProof(
        bytes32 circuit,
        uint256[8] calldata inputs,
        bytes calldata proof
    ) external;

    /// @notice Anyone submits a *below* proof, which calls the account.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function submitBreach(
        bytes32 circuit,
        uint256[8] calldata inputs,
        bytes calldata proof
    ) external;

    /// @notice Anyone calls an account whose last proof is too old.
    /// @param account The account.
    function callOverdue(address account) external;

    /// @notice Anyone cures a call by an *at-least* proof.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function cure(bytes32 circuit, uint256[8] calldata inputs, bytes calldata proof) external;

    /// @notice Anyone records that a call's deadline has passed, which tells the hook.
    /// @param account The account.
    function markLiquidatable(address account) external;

    /// @notice The protocol reports an account liquidated, or lets one leave.
    /// @param account The account.
    function close(address account) external;

    /// @notice The protocol reports a liquidatable account sound again; it must prove.
    /// @param account The account.
    function reinstate(address account) external;

    // ------------------------------------------------------------------- views

    /// @notice Where an account stands now: a call whose deadline has passed is
    /// liquidatable, recorded or not.
    /// @param account The account.
    /// @return status Its status.
    /// @return shortfall The breach level's shortfall in quote units, or zero if not disclosed.
    function statusOf(
        address account
    ) external view returns (Account memory status, uint128 shortfall);

    /// @notice Whether an account may be liquidated now.
    /// @param account The account.
    function liquidatable(address account) external view returns (bool);

    /// @notice Whether an account has proved what is required and is not late.
    /// @param account The account.
    function inGoodStanding(address account) external view returns (bool);

    /// @notice The engine's clock now.
    function clock() external view returns (uint48);
}
