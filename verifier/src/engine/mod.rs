//! The margin-call engine.
//!
//! A deterministic state machine, the same here, in Solidity and in a wasm
//! contract, and driven by the same vectors (`vectors/engine/`). One engine is
//! one *market*: its context. Time is whole seconds given by the caller.
//! Nothing panics: what is not allowed is refused with a [`Refusal`] and
//! changes nothing; what happens is announced by [`Event`]s. A transition
//! touches at most one account and never iterates.
//!
//! ```text
//!                register                 submit-proof
//! Unregistered ------------> Unproven --------------------> Current <--+ submit-proof
//!                            ^ ^ |                          |  ^   |---+
//!                   register | | | submit-breach            |  |
//!                            | | | call-overdue             |  |
//!       close, escape        | | +----------> Called <------+  |
//!  (Unproven, Current, --> Closed  |           ^|   |   cure   |
//!   Called)                  ^     |    breach ||   +----------+
//!                            |     | reinstate ++
//!                      close |     |            | deadline passed
//!                            +--- Liquidatable <+
//!
//!  Current, Called, Liquidatable, resting on a rejected epoch: Unproven
//! ```
//!
//! | action | from | to | refused when |
//! |---|---|---|---|
//! | `register` | Unregistered, Closed | Unproven, due after `proof_window` | registered |
//! | `submit-proof` | Unproven, Current | Current | halted, side, level < `required_level`, evidence, replay |
//! | `submit-breach` | Unproven, Current | Called (breach) | halted, side, level > `breach_level`, evidence, replay |
//! | `submit-breach` | Called | Called (breach), never less severe | as above |
//! | `call-overdue` | Unproven, Current past due | Called (overdue) | halted, not past due, no epoch to prove in |
//! | `cure` | Called | Current | deadline passed, halted, side, level < `cure_level` (`required_level` when overdue), evidence, too old |
//! | `submit-change` | Unproven, Current | the same, with a change on record | halted, not taken, side, level < `required_level`, evidence, not the latest epoch, an earlier one on record |
//! | `submit-change` that cures | Called (breach), in the first half of the time to cure | the same, with a change on record | as above, not called for a breach, too late, level < `cure_level` |
//! | `expire-change` | any open one that is not liquidatable | the same, without one | none on record, epochs left to show it in |
//! | `show-change` | Unproven, Current, Called | Current, no change on record | halted, none on record, another commitment, and as `submit-proof`, `cure` |
//! | `submit-escrowed` | Unproven, Current, Called | Current | as `submit-proof`, `cure`; no escrow demanded, another committee |
//! | `mark-liquidatable` | Called past its deadline | Liquidatable | before the deadline, on record already, as many as `max_liquidations` marked in the `breaker_window` |
//! | `close` | any open one | Closed | not open |
//! | `reinstate` | Liquidatable | Unproven, due after `cure_periods.overdue` | not liquidatable |
//! | `escape` | any open one that is not liquidatable | Closed | the clock ran within `escape_after`, and no path is withheld for as long |
//! | `request-path` | any open one that is not liquidatable | its clock stands still | halted, nothing can be proved, waits already, asked or proved in the latest epoch |
//! | `answer-path` | one that waits for its path | its clock runs, its times later by as long | waits for none |
//! | `post-epoch` | | epoch on record | not the next, model, root, time of the snapshot, previous epoch, reference of the move |
//! | `reject-epoch` | | epoch rejected | not posted, another market root, rejected already |
//! | `pause`, `resume` | | halted, running | too long, no longer than before; not halted, another epoch |
//! | `accept-model`, `revoke-model` | | model accepted, revoked | accepted already, not accepted |
//! | `set-circuits` | | proofs can be verified until then | |
//!
//! # Evidence
//! A proof counts only if its context is the policy's, its epoch was posted, its
//! roots and model are that epoch's, the model is still accepted, the epoch is
//! neither quarantined nor rejected and its snapshot at most `max_snapshot_age`
//! old. It must be newer than the last epoch the account's state rests on. Where
//! an at-least and a below proof exist for one epoch (the policy makes them
//! contradict each other, so the venue has put the account into its tree twice),
//! the below proof wins.
//!
//! A proof, breach or cure that is on record already changes nothing and is not
//! refused: a bundle does not fail because somebody sent a part of it first. A
//! higher level in the same epoch is accepted.
//!
//! # The clock
//! Windows and deadlines are counted on the engine's clock, which runs exactly
//! while a proof against the latest epoch could be accepted:
//! [`Meta::provable_now`]. So no account becomes overdue or liquidatable for a
//! silence that is not its own, and nothing has to be iterated to stop the
//! clocks of all. A due time or deadline is inclusive: one second later counts.
//!
//! When the clock starts again, a *grace* begins, as long as it stood still and
//! at most `grace_period`: what was not yet due is due at its end at the
//! earliest ([`Grace::effective`]). Stored times stay as they are.
//!
//! # Paths
//! A proof needs the account's path in the state tree, which the venue gives out.
//! An account that does not get it asks for it on record: its own clock stands
//! still until the venue answers, or it proves itself after all. What that can be
//! abused for, and what is against it, is in `paths.rs`.
//!
//! # Changes
//! An account may say what its portfolio becomes, by a proof that it is healthy then.
//! Until it is shown that a later epoch holds that portfolio, no at-least proof of
//! another counts; the rules, and how it is shown, are in `next.rs`.
//!
//! # Escrows
//! A policy may demand that a committee can open what is proved: then an at-least proof
//! counts with an escrow to that committee alone, whose ciphertext is on record. The
//! rules are in `escrow.rs`.
//!
//! # Halts
//! A pause of the guardian, which ends by itself, or prices that moved by more
//! than the policy's limit, halt the engine: no proof counts and no call is
//! made. Moves are those since the last *confirmed* epoch, compounded over the
//! breaker's window. The epoch that jumps is quarantined, and every one after it,
//! until `resume` confirms the latest; earlier ones stay quarantined for good. A
//! deadline that passed before a halt stays passed.
//!
//! # Liquidations
//! Where a policy has `max_liquidations`, an account whose deadline passed stays called until
//! it is marked, and at most so many are marked in a `breaker_window` of real time. Who waits
//! can still be cured, and can neither escape nor ask for a path: a cascade is slowed, and
//! nobody is forgiven. Windows begin at multiples of their length, so two of them may lie
//! in one length.
//!
//! # Two questions
//! The clock protects accounts from calls; it says nothing to a lender.
//! [`standing`] tells all facts, and [`Standing::may_increase_risk`] whether an
//! account has proved enough, recently enough in *real* time, in a market that
//! the engine sees.

mod account;
mod accounts;
mod action;
mod breaker;
mod calls;
mod claim;
mod clock;
mod epoch_record;
mod escrow;
mod event;
mod evidence;
mod halts;
mod memory;
mod meta;
mod next;
mod paths;
mod policy;
mod publish;
mod refusal;
mod standing;
mod transition;
mod view;

pub use account::{Account, AccountStatus, CallReason};
pub use action::{Action, ActionRecord};
pub use breaker::MoveWindow;
pub use claim::{ClaimData, VerifiedClaim};
pub use clock::{ClockTime, Grace};
pub use epoch_record::{EpochRecord, EpochState};
pub use escrow::{CommitteeId, EscrowedClaim, EscrowedData, InvalidCommittee, OtherCiphertext};
pub use event::Event;
pub use memory::Engine;
pub use meta::{HaltReason, Liquidations, Meta, Standstill};
pub use next::{ChangeClaim, ChangeData, NotTaken, OpenChange, nothing};
pub use paths::PathRequest;
pub use policy::{CurePeriods, InvalidPolicy, Policy, PolicyParams};
pub use refusal::Refusal;
pub use standing::{Standing, standing};
pub use transition::{Transition, TransitionError, check_claim, transition};
pub use view::{Changes, StateView};

pub use crate::epoch::EpochPost;
pub use crate::root::{InvalidRoot, Root};
