//! The rules of a deployment, as arguments.

use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::engine::{CommitteeId, CurePeriods, PolicyParams};

use crate::cmd::committee::load_committee;
use crate::cmd::market::load_model;
use crate::error::Error;
use crate::input::{parse_level, parse_source};

/// What is said of them after the help.
pub(crate) const NOTE: &str = "\
Levels must be ordered: breach <= required <= cure. The proof window and every cure period \
are at least twice the snapshot's age; the grace period is at most that age.";

/// What a deployment demands of its accounts.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct PolicyArgs {
    /// Margin model that is accepted: the name of a shipped one, or a file
    #[arg(short, long, value_name = "NAME|FILE", required = true)]
    model: Vec<String>,
    /// Number of the first epoch
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    first_epoch: u64,
    /// Level that proofs must show: margin-call, maintenance, initial
    #[arg(long, value_name = "LEVEL", default_value = "maintenance", value_parser = parse_level)]
    required_level: Level,
    /// Level below which an account is called
    #[arg(long, value_name = "LEVEL", default_value = "maintenance", value_parser = parse_level)]
    breach_level: Level,
    /// Level that cures a breach
    #[arg(long, value_name = "LEVEL", default_value = "initial", value_parser = parse_level)]
    cure_level: Level,
    /// Time for the next proof
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    proof_window: u64,
    /// Time to cure a call
    #[arg(long, value_name = "SECONDS", default_value_t = 14_400)]
    cure_period: u64,
    /// Time to cure a call for silence, instead
    #[arg(long, value_name = "SECONDS")]
    cure_overdue: Option<u64>,
    /// Time to cure when proved below maintenance, instead
    #[arg(long, value_name = "SECONDS")]
    cure_below_maintenance: Option<u64>,
    /// Time to cure when proved bankrupt, below margin-call; twice the snapshot's
    /// age, unless given
    #[arg(long, value_name = "SECONDS")]
    cure_below_margin_call: Option<u64>,
    /// Age at which prices are stale
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    max_snapshot_age: u64,
    /// How far ahead of the clock the time of prices may lie
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    max_clock_skew: u64,
    /// Longest time in which nothing is due after a standstill; the snapshot's age,
    /// unless given
    #[arg(long, value_name = "SECONDS")]
    grace_period: Option<u64>,
    /// Longest pause before it must be renewed
    #[arg(long, value_name = "SECONDS", default_value_t = 259_200)]
    max_pause: u64,
    /// How long the clock must have stood still for an account to escape
    #[arg(long, value_name = "SECONDS", default_value_t = 604_800)]
    escape_after: u64,
    /// Move of prices within the breaker's window that halts, in basis points
    #[arg(long, value_name = "BPS", default_value_t = 2_000)]
    max_price_move_bps: u32,
    /// How long a move counts for the breaker; with 0 every epoch for itself
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    breaker_window: u64,
    /// How many epochs after a change's the venue has to show it; with 0 changes are
    /// not taken
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    change_epochs: u16,
    /// Committee that every at-least proof must have an escrow to: `committee new` writes
    /// its file
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    escrow: Option<Source>,
    /// How many accounts at most become liquidatable within the breaker's window: those
    /// beyond stay called; with 0 as many as there are
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    max_liquidations: u16,
    /// No move of prices halts: a wrong price calls accounts at once
    #[arg(long, conflicts_with_all = ["max_price_move_bps", "breaker_window"])]
    no_breaker: bool,
}

impl PolicyArgs {
    /// The rules of a deployment of this context, whose proofs are of this proof
    /// system.
    pub(crate) fn params(
        &self,
        context: ContextId,
        proof_system: ProofSystem,
    ) -> Result<PolicyParams, Error> {
        let digest = |name: &String| load_model(name).map(|model| model.digest());
        Ok(PolicyParams {
            context,
            proof_system,
            models: self.model.iter().map(digest).collect::<Result<_, _>>()?,
            first_epoch: Epoch::new(self.first_epoch),
            required_level: self.required_level,
            breach_level: self.breach_level,
            cure_level: self.cure_level,
            proof_window: self.proof_window,
            cure_periods: self.cure_periods(),
            max_snapshot_age: self.max_snapshot_age,
            max_clock_skew: self.max_clock_skew,
            grace_period: self.grace_period.unwrap_or(self.max_snapshot_age),
            max_pause: self.max_pause,
            escape_after: self.escape_after,
            max_price_move_bps: (!self.no_breaker).then_some(self.max_price_move_bps),
            breaker_window: self.breaker_window,
            change_epochs: self.change_epochs,
            escrow: self.escrow(proof_system)?,
            max_liquidations: self.max_liquidations,
        })
    }

    /// The committee that is demanded, whose key must be of the proof system's field.
    fn escrow(&self, proof_system: ProofSystem) -> Result<Option<CommitteeId>, Error> {
        let Some(source) = &self.escrow else { return Ok(None) };
        with_backend!(proof_system, B => {
            let committee = load_committee::<<B as Backend>::Field>(source)?;
            Ok(Some(CommitteeId::of(committee.key())))
        })
    }

    /// A period too large to double is too long, and refused as such.
    fn cure_periods(&self) -> CurePeriods {
        let shortest = self.max_snapshot_age.saturating_mul(2);
        CurePeriods {
            overdue: self.cure_overdue.unwrap_or(self.cure_period),
            below_initial: self.cure_period,
            below_maintenance: self.cure_below_maintenance.unwrap_or(self.cure_period),
            below_margin_call: self.cure_below_margin_call.unwrap_or(shortest),
        }
    }
}
