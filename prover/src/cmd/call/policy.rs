//! The rules of a deployment, as arguments.

use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::ContextId;
use zkmargin_verifier::engine::PolicyParams;

use crate::cmd::market::load_model;
use crate::error::Error;
use crate::input::parse_level;

/// What is said of them after the help.
pub(crate) const NOTE: &str = "\
Levels must be ordered: breach <= required <= cure. The proof window and the cure period \
are at least twice the snapshot's age.";

/// What a deployment demands of its accounts.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct PolicyArgs {
    /// Margin model that is accepted: the name of a shipped one, or a file
    #[arg(short, long, value_name = "NAME|FILE", required = true)]
    model: Vec<String>,
    /// Level that proofs must show: margin-call, maintenance, initial
    #[arg(long, value_name = "LEVEL", default_value = "maintenance", value_parser = parse_level)]
    required_level: Level,
    /// Level below which an account is called
    #[arg(long, value_name = "LEVEL", default_value = "maintenance", value_parser = parse_level)]
    breach_level: Level,
    /// Level that cures a call
    #[arg(long, value_name = "LEVEL", default_value = "initial", value_parser = parse_level)]
    cure_level: Level,
    /// Time for the next proof
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    proof_window: u64,
    /// Time to cure a call
    #[arg(long, value_name = "SECONDS", default_value_t = 14_400)]
    cure_period: u64,
    /// Age at which prices are stale
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    max_snapshot_age: u64,
    /// Move of a price between epochs that trips the circuit breaker, in basis
    /// points
    #[arg(long, value_name = "BPS")]
    max_price_move_bps: Option<u32>,
}

impl PolicyArgs {
    /// The rules of a deployment of this context.
    pub(crate) fn params(&self, context: ContextId) -> Result<PolicyParams, Error> {
        let digest = |name: &String| load_model(name).map(|model| model.digest());
        Ok(PolicyParams {
            context,
            models: self.model.iter().map(digest).collect::<Result<_, _>>()?,
            required_level: self.required_level,
            breach_level: self.breach_level,
            cure_level: self.cure_level,
            proof_window: self.proof_window,
            cure_period: self.cure_period,
            max_snapshot_age: self.max_snapshot_age,
            max_price_move_bps: self.max_price_move_bps,
        })
    }
}
