//! Messages and answers. Identifiers and roots are `0x` and lowercase
//! hexadecimal digits, as everywhere in zk-margin; times are whole seconds.
//!
//! Where a type is the engine's, it has the engine's JSON, and [`convert`]
//! turns one into the other: the engine's own parsers check it.

mod answers;
mod execute;
mod query;
mod shared;
mod start;

pub use answers::{
    AccountAnswer, AccountsAnswer, CircuitAnswer, CircuitsAnswer, ClaimAnswer, DemandAnswer,
    EpochAnswer, ModelAnswer, ModelsAnswer, NextSigners, OpenChange, PathRequest, PathsAnswer,
    PolicyAnswer, RolesAnswer, StandingAnswer, StateAnswer, Status,
};
pub use execute::{
    BatchedProof, EscrowedSubmission, ExecuteMsg, MAX_BATCH, PathMsg, ProofBatch, Submission,
};
pub use query::QueryMsg;
pub use shared::{Epoch, EpochPost, Grace, Meta, MoveWindow, Role, Signers, convert};
pub use start::{CurePeriods, Delays, InstantiateMsg, MigrateMsg, PathTerms, Roles, Terms};
