// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Level } from "../MarginTypes.sol";

/// @title Why the engine refuses
/// @notice The refusals of the Rust engine, in the order of its checks.
interface IMarginRefusals {
    /// @notice The model is accepted already.
    error ModelAlreadyAccepted();
    /// @notice The model is not, or no longer, accepted.
    error ModelNotAccepted();
    /// @notice The epoch is not the next one.
    error EpochNotNext(uint64 expected);
    /// @notice A root is not below the order of the field: nobody could prove under it.
    error RootNotCanonical();
    /// @notice The market snapshot's time is in the future.
    error SnapshotInFuture();
    /// @notice The market snapshot is older than the last one.
    error SnapshotOlderThanLast(uint48 last);
    /// @notice The market snapshot is too old to count: wait for a new epoch.
    error SnapshotStale(uint48 freshUntil);
    /// @notice The epoch names another one as the one before it.
    error WrongPrevious();
    /// @notice The price move is measured against another epoch than the last confirmed.
    error WrongReference(uint64 confirmed);
    /// @notice What is to be confirmed is not the latest epoch.
    error WrongConfirmation(uint64 latest);
    /// @notice The guardian rejected the epoch.
    error EpochRejected();
    /// @notice The pause is over already, or longer than a pause may be.
    error PauseTooLong(uint32 max);
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
    /// @notice The account is liquidatable: only its protocols can close or reinstate it.
    error AccountLiquidatable(uint48 since);
    /// @notice The account is not liquidatable.
    error NotLiquidatable();
    /// @notice The account's next proof is not overdue.
    error NotOverdue(uint48 due);
    /// @notice As many accounts became liquidatable as may in this window.
    error LiquidationLimit(uint48 from);
    /// @notice The clock has not stood still for long enough to leave.
    error NotStuck(uint48 since);
    /// @notice The market is halted: nothing rests on proofs.
    error EngineHalted();
    /// @notice The market is halted already, and for as long.
    error AlreadyHalted();
    /// @notice The market is not halted.
    error NotHalted();
    /// @notice A circuit is frozen, or there is none: no proof could be accepted.
    error CircuitsFrozen();
    /// @notice At-least proofs keep current and cure, below proofs call.
    error WrongSide();
    /// @notice The proof claims too low a level.
    error LevelTooLow(Level required);
    /// @notice The proof does not show a breach.
    error NotABreach(Level breach);
    /// @notice No market of this registry has the context, or the chain split off.
    error WrongContext();
    /// @notice The epoch was not posted.
    error UnknownEpoch();
    /// @notice The state root is not the epoch's.
    error WrongStateRoot();
    /// @notice The market root is not the epoch's.
    error WrongMarketRoot();
    /// @notice The proof's model is not the epoch's.
    error WrongModel();
    /// @notice The epoch's prices jumped and were not confirmed.
    error EpochQuarantined();
    /// @notice A proof for this epoch or a later one was accepted before.
    error Replayed(uint64 last);
    /// @notice The proof is for too early an epoch to cure the call.
    error TooOldToCure(uint64 call);
    /// @notice The account waits for a path, or asked for one in this epoch already.
    error PathOnRequest(uint64 epoch);
    /// @notice The account waits for no path.
    error NoPathRequest();
    /// @notice The market takes no changes.
    error ChangesNotTaken();
    /// @notice A change starts from the latest epoch.
    error ChangeNotLatest(uint64 latest);
    /// @notice The account said from this epoch what it becomes: until a change of nothing
    /// shows that a later epoch holds it, or it has expired on record, proofs of other commitments do
    /// not count.
    error ChangeOpen(uint64 epoch);
    /// @notice The account has no change on record: submit a margin proof.
    error NoChangeOpen();
    /// @notice The change expires when an epoch after this one was posted.
    error ChangeNotExpired(uint64 last);
    /// @notice The proof is no change of nothing, or not of the commitment that the change
    /// of this epoch said.
    error WrongNext(uint64 epoch);
    /// @notice The market demands an escrow to this committee with every *at-least* proof,
    /// and this one has none.
    error EscrowDemanded(bytes32 committee);
    /// @notice The escrow is to another key than that of the committee demanded.
    error WrongCommittee(bytes32 committee);
    /// @notice The market demands no escrow: a proof without one is taken.
    error EscrowNotDemanded();
}
