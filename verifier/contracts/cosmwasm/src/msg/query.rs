//! What can be asked about.

use cosmwasm_schema::{QueryResponses, cw_serde};

use super::answers::{
    AccountAnswer, AccountsAnswer, CircuitsAnswer, ClaimAnswer, DemandAnswer, EpochAnswer,
    ModelAnswer, ModelsAnswer, NextSigners, PathsAnswer, PolicyAnswer, RolesAnswer, StandingAnswer,
    StateAnswer,
};
use super::execute::Submission;
use super::shared::Signers;

/// What can be asked about. Lists come in pages of `limit`, 10 unless said and 30
/// at most, that begin after `start_after`.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// The policy, the context, and what else never changes.
    #[returns(PolicyAnswer)]
    Policy {},
    /// Who may do what, and to whom roles were offered.
    #[returns(RolesAnswer)]
    Roles {},
    /// Who attests epochs.
    #[returns(Signers)]
    Signers {},
    /// Who will attest epochs, once that is activated; `null`: nothing was announced.
    #[returns(Option<NextSigners>)]
    NextSigners {},
    /// What demands for paths cost, and what the venue has to lose.
    #[returns(PathsAnswer)]
    Paths {},
    /// A demand for a path; `null` when there is none.
    #[returns(Option<DemandAnswer>)]
    Demand {
        /// The account.
        account: String,
        /// The epoch demanded.
        epoch: u64,
    },
    /// The engine's state and its clock now.
    #[returns(StateAnswer)]
    State {},
    /// An account on record, its status now.
    #[returns(AccountAnswer)]
    Account {
        /// The account.
        account: String,
    },
    /// Accounts on record, ascending.
    #[returns(AccountsAnswer)]
    Accounts {
        /// The last account of the page before.
        start_after: Option<String>,
        /// How many.
        limit: Option<u32>,
    },
    /// All facts about an account now.
    #[returns(StandingAnswer)]
    Standing {
        /// The account.
        account: String,
    },
    /// Whether an account may take more risk now: proved high enough, not late, in
    /// a market that the engine sees, at most so old. What is unknown is a no.
    #[returns(bool)]
    MayIncreaseRisk {
        /// The account.
        account: String,
        /// The level that it must have proved, or a higher one.
        min_level: String,
        /// How old, in real seconds, the market that it proved in may be.
        max_age: u64,
    },
    /// What a proof proves, if it counts now, of a registered account or not: asked
    /// for by a protocol at the moment of an action. An error otherwise.
    #[returns(ClaimAnswer)]
    CheckClaim(Submission),
    /// An epoch on record.
    #[returns(EpochAnswer)]
    Epoch {
        /// Its number.
        epoch: u64,
    },
    /// Whether a model is accepted or announced.
    #[returns(ModelAnswer)]
    Model {
        /// The model.
        model: String,
    },
    /// The accepted models, ascending.
    #[returns(ModelsAnswer)]
    Models {
        /// The last model of the page before.
        start_after: Option<String>,
        /// How many.
        limit: Option<u32>,
    },
    /// The circuits, ascending by digest.
    #[returns(CircuitsAnswer)]
    Circuits {
        /// The last circuit of the page before.
        start_after: Option<String>,
        /// How many.
        limit: Option<u32>,
    },
    /// Whether a proof proves its public inputs, whatever the registry's state.
    #[returns(bool)]
    Verify(Submission),
}
