//! Which circuit is meant: the one place where a statement and a family become a type.

use clap::ValueEnum;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::gadgets::layout::Columns;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::settlement::SettlementFigures;
use zkmargin_circuits::simulation::{SCENARIOS, SimulationFigures};
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::escrow::EscrowCircuit;
use zkmargin_circuits::statement::haircut::HaircutCircuit;
use zkmargin_circuits::statement::margin::MarginCircuit;
use zkmargin_circuits::statement::netting::NettingCircuit;
use zkmargin_circuits::statement::transition::{DeleveragingCircuit, TransitionCircuit};
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::shape::Family;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::venue::SubtreeDepth;
use zkmargin_prover::with_depth;

use crate::error::Error;

/// What proofs say.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct StatementArgs {
    /// What the proofs say: an account's margin, what it becomes (changes that meet a
    /// level; cures), its margin with an escrow, all accounts of a venue, their cuts,
    /// or what an account holds at several venues
    #[arg(long, value_enum, default_value_t)]
    of: Of,
    /// Accounts to a proof of venues and haircuts: 4, 16, 64 or 256
    #[arg(long, value_name = "NUMBER", default_value = "16")]
    leaves: SubtreeDepth,
}

/// Two kinds of change have a circuit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Of {
    #[default]
    Margin,
    Changes,
    Cures,
    Escrows,
    Venues,
    Haircuts,
    Netting,
}

impl StatementArgs {
    /// The statement.
    pub(crate) fn statement(&self) -> Statement {
        match self.of {
            Of::Margin => Statement::Margin,
            Of::Changes => Statement::Transition,
            Of::Cures => Statement::Deleveraging,
            Of::Escrows => Statement::Escrow,
            Of::Venues => Statement::Venue(self.leaves),
            Of::Haircuts => Statement::Haircut(self.leaves),
            Of::Netting => Statement::Netting,
        }
    }

    /// The statement, if the family has a circuit of it.
    pub(crate) fn statement_in(&self, family: Family) -> Result<Statement, Error> {
        match (self.statement(), family) {
            (
                Statement::Deleveraging,
                Family::Scenario | Family::Simulation | Family::Settlement,
            ) => Err(Error::Usage("--of cures: only the standard family has such a circuit")),
            (statement, _) => Ok(statement),
        }
    }
}

/// What is done with a circuit.
pub(crate) trait OnCircuit<F: MarginField> {
    type Output;

    fn on<C: FamilyCircuit<F> + 'static>(self) -> Self::Output;
}

/// Does something with the circuit of a statement in a family, in a layout.
pub(crate) fn on_circuit<F: MarginField, L: Columns, W: OnCircuit<F>>(
    statement: Statement,
    family: Family,
    work: W,
) -> W::Output {
    match (family, statement) {
        (Family::Standard, Statement::Deleveraging) => {
            work.on::<DeleveragingCircuit<F, StandardFigures<F>, L>>()
        }
        (Family::Standard, _) => on_figures::<F, StandardFigures<F>, L, W>(statement, work),
        (Family::Scenario, _) => on_figures::<F, ScenarioFigures<F>, L, W>(statement, work),
        (Family::Simulation, _) => {
            on_figures::<F, SimulationFigures<F, SCENARIOS>, L, W>(statement, work)
        }
        (Family::Settlement, _) => on_figures::<F, SettlementFigures<F>, L, W>(statement, work),
    }
}

/// The same with the circuit of a family's margin proofs.
pub(crate) fn on_margin<F: MarginField, L: Columns, W: OnCircuit<F>>(
    family: Family,
    work: W,
) -> W::Output {
    match family {
        Family::Standard => work.on::<MarginCircuit<F, StandardFigures<F>, L>>(),
        Family::Scenario => work.on::<MarginCircuit<F, ScenarioFigures<F>, L>>(),
        Family::Simulation => work.on::<MarginCircuit<F, SimulationFigures<F, SCENARIOS>, L>>(),
        Family::Settlement => work.on::<MarginCircuit<F, SettlementFigures<F>, L>>(),
    }
}

fn on_figures<F: MarginField, G: FamilyFigures<F> + 'static, L: Columns, W: OnCircuit<F>>(
    statement: Statement,
    work: W,
) -> W::Output {
    match statement {
        Statement::Margin => work.on::<MarginCircuit<F, G, L>>(),
        // Of a family without a circuit of deleveraging: its key refuses such proofs.
        Statement::Transition | Statement::Deleveraging => work.on::<TransitionCircuit<F, G, L>>(),
        Statement::Escrow => work.on::<EscrowCircuit<F, G, L>>(),
        Statement::Netting => work.on::<NettingCircuit<F, G, L>>(),
        Statement::Venue(depth) => with_depth!(depth, D => work.on::<VenueCircuit<F, G, D, L>>()),
        Statement::Haircut(depth) => {
            with_depth!(depth, D => work.on::<HaircutCircuit<F, G, D, L>>())
        }
    }
}
