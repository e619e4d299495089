//! The margin-call engine.
//!
//! A deterministic state machine, the same here, in Solidity and in a wasm
//! contract, and driven by the same vectors (`vectors/engine/`). Time is whole
//! seconds given by the caller. Nothing panics: what is not allowed is refused
//! with a [`Refusal`] and changes nothing; what happens is announced by
//! [`Event`]s. A transition touches at most one account and never iterates.
//!
//! ```text
//!                register                 submit-proof
//! Unregistered ------------> Unproven --------------------> Current <--+ submit-proof
//!                            ^ ^ |                          |  ^   |---+
//!                   register | | | submit-breach            |  |
//!                            | | | call-overdue             |  |
//!            close           | | +----------> Called <------+  |
//!  (Unproven, Current) --> Closed  |            |   |   cure   |
//!                            ^     | reinstate  |   +----------+
//!                      close |     |            | deadline passed
//!                            +--- Liquidatable <+
//! ```
//!
//! | action | from | to | refused when |
//! |---|---|---|---|
//! | `register` | Unregistered, Closed | Unproven, due after `proof_window` | registered |
//! | `submit-proof` | Unproven, Current | Current | side, level < `required_level`, evidence, replay |
//! | `submit-breach` | Unproven, Current | Called (breach) | halted, side, level > `breach_level`, evidence, replay |
//! | `call-overdue` | Unproven, Current past due | Called (overdue) | halted, not past due, no epoch to prove in |
//! | `cure` | Called | Current | deadline passed, side, level < `cure_level`, evidence, too old |
//! | `mark-liquidatable` | Called past its deadline | Liquidatable | before the deadline, on record already |
//! | `close` | Unproven, Current, Liquidatable | Closed | call open |
//! | `reinstate` | Liquidatable | Unproven, due after `cure_period` | not liquidatable |
//! | `post-epoch` | | epoch on record | not newer, model, snapshot in the future, older or stale, price move missing |
//! | `pause`, `resume` | | halted, running | halted already, not halted |
//! | `accept-model`, `revoke-model` | | model accepted, revoked | accepted already, not accepted |
//!
//! # Evidence
//! A proof counts only if its context is the policy's, its epoch was posted, its
//! roots and model are that epoch's, the model is still accepted, the epoch is
//! not quarantined and its snapshot at most `max_snapshot_age` old. It must be
//! newer than the last epoch the account's state rests on. Where an at-least
//! and a below proof exist for one epoch (the policy makes them contradict each
//! other, so the venue has put the account into its tree twice), the below proof wins.
//!
//! # The clock
//! Windows and deadlines are counted on the engine's clock, which runs exactly
//! while a proof against the latest epoch could be accepted: not before the
//! first epoch, not during a halt, not while the latest snapshot is stale or
//! its model revoked. So no account becomes overdue or liquidatable for a
//! silence that is not its own, and nothing has to be iterated to stop the
//! clocks of all. A due time or deadline is inclusive: one second later counts.
//!
//! # Halts
//! `pause`, or an epoch whose price move exceeds the policy's limit, halts the
//! engine until `resume`: no new calls, the clock stands still. Proofs of health
//! and cures still count, but none against an epoch that jumped: it is
//! quarantined. `resume` confirms the latest epoch; to reject its prices, post a
//! corrected epoch first and then resume. A deadline that passed before a halt
//! stays passed.

mod action;
mod claim;
mod memory;
mod policy;
mod publish;
mod refusal;
mod state;
mod transition;

pub use crate::root::{InvalidRoot, Root};
pub use action::{Action, ActionRecord, EpochPost, Event};
pub use claim::{ClaimData, VerifiedClaim};
pub use memory::Engine;
pub use policy::{InvalidPolicy, Policy, PolicyParams};
pub use refusal::Refusal;
pub use state::{
    Account, AccountStatus, CallReason, Changes, ClockTime, EpochRecord, HaltReason, Meta,
    StateView,
};
pub use transition::{Transition, TransitionError, transition};
