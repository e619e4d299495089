// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import { Account, CallReason, Claim, Level, PathRequest, Standing } from "../MarginTypes.sol";
import { ILiquidationHook } from "./ILiquidationHook.sol";
import { IMarginRefusals } from "./IMarginRefusals.sol";

/// @title Accounts and margin calls
/// @notice The same state machine as the Rust engine of `zkmargin-verifier`, held
/// to the same transition vectors: same states, same events, and the same order of
/// checks, so that both refuse for the same reason. An account is named by its
/// owner and a number, and has a record in every market that it is registered in.
///
/// Windows and deadlines are counted on the market's clock (`IMarginMarkets`). A
/// due time or deadline is inclusive: one second later counts.
interface IMarginCallRegistry is IMarginRefusals {
    // ------------------------------------------------------------------ events

    /// @notice An account was registered, for the first time or again.
    event Registered(
        bytes31 indexed context,
        address indexed account,
        address indexed owner,
        uint32 sub,
        uint48 due,
        address sender
    );
    /// @notice An *at-least* proof was accepted.
    event ProofAccepted(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        Level level,
        uint48 due,
        bytes32 circuit,
        address sender
    );
    /// @notice Of a batch, a true proof was refused: nothing changed for its account.
    /// @param context The market.
    /// @param account The account.
    /// @param epoch The epoch of the proof.
    /// @param reason The error, as `submitProof` reverts with it.
    event ProofRefused(
        bytes31 indexed context,
        address indexed account,
        uint64 epoch,
        bytes reason
    );
    /// @notice A margin call. The epoch is the breach's, or the latest when overdue,
    /// which also has neither level nor circuit; the shortfall is that of the
    /// breach level, zero if not disclosed.
    event Called(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        CallReason reason,
        Level level,
        uint48 deadline,
        uint128 shortfall,
        bytes32 circuit,
        address sender
    );
    /// @notice A breach made an open call more severe.
    event CallRefined(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        Level level,
        uint48 deadline,
        uint128 shortfall,
        bytes32 circuit,
        address sender
    );
    /// @notice A margin call was met.
    event Cured(
        bytes31 indexed context,
        address indexed account,
        uint64 indexed epoch,
        Level level,
        uint48 due,
        bytes32 circuit,
        address sender
    );
    /// @notice A margin call was not met; `since` is the deadline that passed.
    event Liquidatable(
        bytes31 indexed context,
        address indexed account,
        uint48 since,
        address sender
    );
    /// @notice The last protocol closed an account, or its owner did, to whom none
    /// subscribed.
    event Closed(bytes31 indexed context, address indexed account, bool liquidated, address sender);
    /// @notice Every subscribed protocol settled a liquidatable account.
    event Reinstated(bytes31 indexed context, address indexed account, uint48 due, address sender);
    /// @notice An owner left because the clock, or its account's, had stood still for
    /// too long.
    event Escaped(bytes31 indexed context, address indexed account, address sender);

    /// @notice An account asked for its path: its clock stands still.
    event PathRequested(bytes31 indexed context, address indexed account, uint64 indexed epoch);
    /// @notice It was answered: its clock runs again.
    event PathAnswered(bytes31 indexed context, address indexed account, uint64 indexed epoch);
    /// @notice Which contract keeps requests for paths was said, once.
    event PathsSet(address paths);

    /// @notice A protocol subscribed to an account.
    event Subscribed(bytes31 indexed context, address indexed account, address indexed protocol);
    /// @notice A protocol's subscription ended.
    event Unsubscribed(bytes31 indexed context, address indexed account, address indexed protocol);
    /// @notice A protocol has nothing more to settle with a liquidatable account.
    event Settled(bytes31 indexed context, address indexed account, address indexed protocol);
    /// @notice A protocol set its hook.
    event HookSet(address indexed protocol, address hook);
    /// @notice A protocol's hook failed; the transition happened all the same.
    event HookFailed(bytes31 indexed context, address indexed account, address indexed protocol);

    /// @notice The sender does not subscribe to the account.
    error NotSubscribed();
    /// @notice The sender subscribes to the account already.
    error AlreadySubscribed();
    /// @notice As many protocols subscribe to the account as can, or some do.
    error StillSubscribed();
    /// @notice The sender settled the account already.
    error AlreadySettled();
    /// @notice The hook has been told.
    error NothingToRetry();
    /// @notice Too little gas for a hook.
    error TooLittleGasForHook(uint256 needed);
    /// @notice Too little gas for all accounts of a batch: nothing was changed.
    error TooLittleGasForBatch();
    /// @notice Only the registry itself may say what was proved.
    error NotTheRegistry();
    /// @notice Only the contract that keeps requests for paths may.
    error NotThePaths();
    /// @notice It was said already which contract that is.
    error PathsAreSet();
    /// @notice Only the contract that keeps changes may.
    error NotTheChanges();
    /// @notice Only the contract of venues' proofs may.
    error NotTheBatches();

    // ---------------------------------------------------------------- accounts

    /// @notice The owner or its operator registers an account, or a closed one anew.
    /// @param context The market.
    /// @param owner The owner.
    /// @param sub Which of its accounts.
    /// @return account The account.
    function register(
        bytes31 context,
        address owner,
        uint32 sub
    ) external returns (address account);

    /// @notice The owner or its operator closes an account that no protocol subscribes to.
    /// @param context The market.
    /// @param owner The owner.
    /// @param sub Which of its accounts.
    function depart(bytes31 context, address owner, uint32 sub) external;

    /// @notice The owner's or its operator's way out when the clock has stood still
    /// for too long, or its account's has. All subscriptions end.
    /// @param context The market.
    /// @param owner The owner.
    /// @param sub Which of its accounts.
    function escape(bytes31 context, address owner, uint32 sub) external;

    /// @notice A protocol of the market, with the owner's consent, subscribes to an
    /// account: its record stays open until the protocol closes it.
    /// @param context The market.
    /// @param owner The owner; the sender must be its operator.
    /// @param sub Which of its accounts.
    function subscribe(bytes31 context, address owner, uint32 sub) external;

    /// @notice A subscribed protocol says that nothing is owed to it any more. The
    /// record closes with the last subscription.
    /// @param context The market.
    /// @param account The account.
    function close(bytes31 context, address account) external;

    /// @notice A subscribed protocol has nothing more to settle with a liquidatable
    /// account. When every one said so the account is reinstated and must prove.
    /// @param context The market.
    /// @param account The account.
    function reinstate(bytes31 context, address account) external;

    /// @notice The sender sets what is told of the accounts it subscribes to.
    /// @param hook The hook, zero for none.
    function setHook(ILiquidationHook hook) external;

    /// @notice Anyone has a hook that failed told again, of what is the case now.
    /// @param context The market.
    /// @param account The account.
    /// @param protocol Whose hook.
    function retryHook(bytes31 context, address account, address protocol) external;

    // ------------------------------------------------------------------ proofs

    /// @notice Anyone submits an *at-least* proof of an account under no call. One
    /// that says nothing new changes nothing.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function submitProof(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external;

    /// @notice Anyone submits 1 to 16 *at-least* proofs of one circuit and market,
    /// for much less gas than one by one. All proofs must be true or nothing
    /// happens. Then each account is for itself: of one whose proof is refused for
    /// another reason `ProofRefused` says why, and the others go on.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs of each proof.
    /// @param proofs As many proofs.
    function submitProofs(
        bytes32 circuit,
        uint256[9][] calldata inputs,
        bytes[] calldata proofs
    ) external;

    /// @notice Anyone submits a *below* proof, which calls the account or makes an
    /// open call more severe.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function submitBreach(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external;

    /// @notice Anyone cures a call by an *at-least* proof.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    function cure(bytes32 circuit, uint256[9] calldata inputs, bytes calldata proof) external;

    /// @notice Anyone calls an account whose last proof is too old.
    /// @param context The market.
    /// @param account The account.
    function callOverdue(bytes31 context, address account) external;

    /// @notice Anyone records that a call's deadline has passed, which tells the hooks.
    /// @param context The market.
    /// @param account The account.
    function markLiquidatable(bytes31 context, address account) external;

    // ------------------------------------------------------------------- paths

    /// @notice The administrator says which contract keeps requests for paths, once.
    /// Until then no account can ask for its path.
    /// @param keeper The contract: `MarginPaths`.
    function setPaths(address keeper) external;

    /// @notice That contract says that an account asked for its path in the latest
    /// epoch. Its clock stands still until it is answered or has proved itself.
    /// @param context The market.
    /// @param account The account.
    /// @return epoch The epoch.
    function requestPath(bytes31 context, address account) external returns (uint64 epoch);

    /// @notice That contract says that it was answered. What had not passed when it
    /// asked is later by as long as it waited.
    /// @param context The market.
    /// @param account The account.
    function answerPath(bytes31 context, address account) external;

    // ----------------------------------------------------------------- changes

    /// @notice The gate's contract of changes puts one on record, or takes one off: while
    /// it is there, no *at-least* proof of the account counts, and it takes no risk.
    /// @param context The market.
    /// @param account The account.
    /// @param epoch The epoch that it starts from; zero takes it off.
    function setChange(bytes31 context, address account, uint64 epoch) external;

    /// @notice That contract says that a change was shown, by a proof that it has
    /// checked: the account is proved, or its call cured.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The rows of the proof that a margin proof has too.
    /// @param posted The market's clock when the epoch was posted.
    /// @param sender Who showed it.
    function acceptShown(
        bytes32 circuit,
        uint256[9] calldata inputs,
        uint48 posted,
        address sender
    ) external;

    /// @notice The contract of venues' proofs says that one flags an account, by a proof
    /// that it has checked: what `submitBreach` does, without a proof of the account's own.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs What a breach proof of the account would have for public inputs.
    /// @param sender Who brought the venue's proof.
    function acceptBreach(bytes32 circuit, uint256[9] calldata inputs, address sender) external;

    // ------------------------------------------------------------------- views

    /// @notice The last path that an account asked for, and its change on record.
    /// @param context The market.
    /// @param account The account.
    function pathOf(bytes31 context, address account) external view returns (PathRequest memory);

    /// @notice The account of an owner.
    /// @param owner The owner.
    /// @param sub Which of its accounts.
    function accountOf(address owner, uint32 sub) external pure returns (address);

    /// @notice Where an account stands now, grace included: a call whose deadline has
    /// passed is liquidatable, recorded or not; what rests on a rejected epoch is unproven.
    /// @param context The market.
    /// @param account The account.
    /// @return status Its status.
    /// @return shortfall The breach level's shortfall in quote units, or zero if not disclosed.
    function statusOf(
        bytes31 context,
        address account
    ) external view returns (Account memory status, uint128 shortfall);

    /// @notice Whether an account may be liquidated now.
    /// @param context The market.
    /// @param account The account.
    function liquidatable(bytes31 context, address account) external view returns (bool);

    /// @notice Whether an account may take more risk now: it proved a level, is not
    /// late and waits for no path, and the market vouches for it with prices that are
    /// recent enough.
    /// @param context The market.
    /// @param account The account.
    /// @param minLevel The level.
    /// @param maxAge How old, in real time, the proof's market snapshot may be.
    function mayIncreaseRisk(
        bytes31 context,
        address account,
        Level minLevel,
        uint48 maxAge
    ) external view returns (bool);

    /// @notice All that there is to know of an account, for a protocol's own decision.
    /// @param context The market.
    /// @param account The account.
    function standing(
        bytes31 context,
        address account
    ) external view returns (Standing memory facts);

    /// @notice Reverts unless a claim counts and is proved now, registered or not: a
    /// protocol can ask for a proof at the moment of an action.
    /// @param circuit Digest of the circuit's verifying key.
    /// @param inputs The public inputs, by row of the statement.
    /// @param proof The proof.
    /// @return claim What was proved.
    function checkClaim(
        bytes32 circuit,
        uint256[9] calldata inputs,
        bytes calldata proof
    ) external view returns (Claim memory claim);

    /// @notice Whether a protocol subscribes to an account.
    /// @param context The market.
    /// @param account The account.
    /// @param protocol The protocol.
    function isSubscribed(
        bytes31 context,
        address account,
        address protocol
    ) external view returns (bool);

    /// @notice The protocols that subscribe to an account.
    /// @param context The market.
    /// @param account The account.
    function protocolsOf(bytes31 context, address account) external view returns (address[] memory);
}
