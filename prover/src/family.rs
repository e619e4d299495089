//! The families of margin models behind one interface: what commitments and
//! proofs need of a market.
//!
//! This is the second axis beside [`Backend`](crate::backend::Backend): code over
//! a [`FamilyMarket`] serves every family in every proof system.

use std::collections::BTreeSet;

use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::Columns;
use zkmargin_circuits::scenario::{ScenarioCircuit, ScenarioFigures};
use zkmargin_circuits::settlement::{SettlementCircuit, SettlementFigures};
use zkmargin_circuits::simulation::{SCENARIOS, SimulationCircuit, SimulationFigures};
use zkmargin_circuits::standard::{StandardCircuit, StandardFigures};
use zkmargin_circuits::statement::escrow::EscrowCircuit;
use zkmargin_circuits::statement::haircut::HaircutCircuit;
use zkmargin_circuits::statement::netting::NettingCircuit;
use zkmargin_circuits::statement::transition::{DeleveragingCircuit, TransitionCircuit};
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_margin::claim::{Level, MULTIPLIER_ONE, Multiplier};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::market::MarketHeader;
use zkmargin_margin::portfolio::{Portfolio, Position};
use zkmargin_margin::relation::MarginFamily;
use zkmargin_margin::scenario::{FACTOR_ONE, FINE_ONE, I256, Scenario};
use zkmargin_margin::settlement::Settlement;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::simulation::{Simulation, WEIGHT_ONE};
use zkmargin_margin::standard::Standard;
use zkmargin_margin::statement::escrow::{EscrowInstance, EscrowWitness};
use zkmargin_margin::statement::haircut::{HaircutInstance, HaircutWitness};
use zkmargin_margin::statement::netting::{NettingInstance, NettingWitness};
use zkmargin_margin::statement::transition::{TransitionInstance, TransitionWitness};
use zkmargin_margin::statement::venue::{VenueInstance, VenueWitness};
use zkmargin_params::market::{Market, MarketError, scenario, settlement, simulation};

use crate::portfolio_file::Listings;
use crate::proving::ProvingError;
use crate::venue::Membership;

/// How an account stands to a level, in quote units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Cash that would lift it there; zero when it is there.
    pub shortfall: u128,
    /// What it has beyond the level, where it is there.
    pub surplus: i128,
}

/// The figures are secret.
impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Standing(..)")
    }
}

/// An account's level, and what would lift it to others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The level: exact, as it would be proved.
    pub level: Level,
    /// Cash in quote units that would lift it to maintenance.
    pub to_maintenance: u128,
    /// Cash in quote units that would lift it to initial.
    pub to_initial: u128,
}

/// The figures are secret.
impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Health(..)")
    }
}

/// A market of a family over a field.
pub trait FamilyMarket<F: MarginField>: Sized {
    /// The family.
    type Family: MarginFamily<Field = F>;
    /// The family's circuit, in the usual layout.
    type Circuit: FamilyCircuit<F, Instance = MarginInstance<F>, Witness = MarketWitness<F, Self>>
        + 'static;
    /// The family's circuit in a layout.
    type CircuitIn<L: Columns>: FamilyCircuit<F, Instance = MarginInstance<F>, Witness = MarketWitness<F, Self>>
        + 'static;
    /// The circuit of transitions over the family, in a layout.
    type TransitionIn<L: Columns>: FamilyCircuit<
            F,
            Instance = TransitionInstance<F>,
            Witness = TransitionWitness<Self::Family>,
        > + 'static;

    /// The circuit of margin with an escrow over the family, in a layout.
    type EscrowIn<L: Columns>: FamilyCircuit<F, Instance = EscrowInstance<F>, Witness = EscrowWitness<Self::Family>>
        + 'static;

    /// The circuit over several venues over the family, in a layout.
    type NettingIn<L: Columns>: FamilyCircuit<F, Instance = NettingInstance<F>, Witness = NettingWitness<Self::Family>>
        + 'static;

    /// The circuit of deleveragings, in a layout; that of transitions where the family
    /// has none, which refuses them in words.
    type DeleveragingIn<L: Columns>: FamilyCircuit<
            F,
            Instance = TransitionInstance<F>,
            Witness = TransitionWitness<Self::Family>,
        > + 'static;

    /// The circuit of venues over the family: of subtrees of so many levels, in a
    /// layout.
    type VenueIn<const D: u8, L: Columns>: FamilyCircuit<F, Instance = VenueInstance<F>, Witness = VenueWitness<Self::Family>>
        + 'static;

    /// The circuit of haircuts over the family: of subtrees of so many levels, in a
    /// layout.
    type HaircutIn<const D: u8, L: Columns>: FamilyCircuit<F, Instance = HaircutInstance<F>, Witness = HaircutWitness<Self::Family>>
        + 'static;

    /// Epoch, time and model over the table's root.
    fn header(&self) -> &MarketHeader<F>;

    /// `MARKET_ROOT`.
    fn root(&self) -> F;

    /// What documents are read against.
    fn listings(&self) -> Listings;

    /// Quote units as a decimal of the quote currency.
    fn format_amount(&self, units: i128) -> String;

    /// The private inputs of a proof.
    ///
    /// # Errors
    /// When a position does not fit the market.
    fn witness(
        &self,
        portfolio: &Portfolio,
        path: &Membership<F>,
    ) -> Result<Witness<F, Self::Circuit>, MarketError>;

    /// The level of a portfolio, in one computation.
    ///
    /// # Errors
    /// When a position does not fit the market.
    fn health(&self, portfolio: &Portfolio) -> Result<Health, MarketError>;

    /// How a portfolio stands to so many times what a level requires.
    ///
    /// # Errors
    /// When a position does not fit the market.
    fn standing(
        &self,
        portfolio: &Portfolio,
        level: Level,
        times: Multiplier,
    ) -> Result<Standing, MarketError>;

    /// The shape asked for if positions fit it, else the smallest that fits.
    ///
    /// # Errors
    /// When they fit none, or not the one asked for.
    fn fit(&self, positions: &[Position], wanted: Option<Shape>) -> Result<Shape, ProvingError>;
}

/// The family of a market.
pub type MarketFamily<F, M> = <M as FamilyMarket<F>>::Family;
/// The private inputs about an account in it.
pub type MarketWitness<F, M> = <MarketFamily<F, M> as MarginFamily>::Witness;

impl<F: MarginField> FamilyMarket<F> for Market<F> {
    type Family = Standard<F>;
    type Circuit = StandardCircuit<F>;
    type CircuitIn<L: Columns> = StandardCircuit<F, L>;
    type TransitionIn<L: Columns> = TransitionCircuit<F, StandardFigures<F>, L>;
    type EscrowIn<L: Columns> = EscrowCircuit<F, StandardFigures<F>, L>;
    type NettingIn<L: Columns> = NettingCircuit<F, StandardFigures<F>, L>;
    type DeleveragingIn<L: Columns> = DeleveragingCircuit<F, StandardFigures<F>, L>;
    type VenueIn<const D: u8, L: Columns> = VenueCircuit<F, StandardFigures<F>, D, L>;
    type HaircutIn<const D: u8, L: Columns> = HaircutCircuit<F, StandardFigures<F>, D, L>;

    fn header(&self) -> &MarketHeader<F> {
        self.header()
    }

    fn root(&self) -> F {
        self.root()
    }

    fn listings(&self) -> Listings {
        Listings::from(self)
    }

    fn format_amount(&self, units: i128) -> String {
        self.format_amount(units)
    }

    fn witness(
        &self,
        portfolio: &Portfolio,
        path: &Membership<F>,
    ) -> Result<Witness<F, Self::Circuit>, MarketError> {
        self.standard_witness(portfolio, path.commitment, path.path.clone())
    }

    fn health(&self, portfolio: &Portfolio) -> Result<Health, MarketError> {
        let margin = self.margin(portfolio)?;
        Ok(Health {
            level: margin.level(),
            to_maintenance: margin.shortfall(Level::Maintenance),
            to_initial: margin.shortfall(Level::Initial),
        })
    }

    fn standing(
        &self,
        portfolio: &Portfolio,
        level: Level,
        times: Multiplier,
    ) -> Result<Standing, MarketError> {
        let margin = self.margin(portfolio)?;
        // The least surplus of a bucket is what keeps a *below* claim false.
        let surpluses = margin.buckets.iter().filter_map(|bucket| {
            let requirement = times.of(bucket.requirement(level)?);
            Some(bucket.equity - requirement.cast_signed())
        });
        let surplus = surpluses.min().unwrap_or(0);
        Ok(Standing { shortfall: margin.shortfall_of(level, times), surplus })
    }

    fn fit(&self, positions: &[Position], wanted: Option<Shape>) -> Result<Shape, ProvingError> {
        let found = positions.len();
        let shape = wanted.or_else(|| Shape::standard_for(found)).unwrap_or(Shape::Large);
        holds(found, shape.standard_positions(), shape)
    }
}

impl<F: MarginField> FamilyMarket<F> for scenario::Market<F> {
    type Family = Scenario<F>;
    type Circuit = ScenarioCircuit<F>;
    type CircuitIn<L: Columns> = ScenarioCircuit<F, L>;
    type TransitionIn<L: Columns> = TransitionCircuit<F, ScenarioFigures<F>, L>;
    type EscrowIn<L: Columns> = EscrowCircuit<F, ScenarioFigures<F>, L>;
    type NettingIn<L: Columns> = NettingCircuit<F, ScenarioFigures<F>, L>;
    type DeleveragingIn<L: Columns> = Self::TransitionIn<L>;
    type VenueIn<const D: u8, L: Columns> = VenueCircuit<F, ScenarioFigures<F>, D, L>;
    type HaircutIn<const D: u8, L: Columns> = HaircutCircuit<F, ScenarioFigures<F>, D, L>;

    fn header(&self) -> &MarketHeader<F> {
        self.header()
    }

    fn root(&self) -> F {
        self.root()
    }

    fn listings(&self) -> Listings {
        Listings::from(self)
    }

    fn format_amount(&self, units: i128) -> String {
        self.format_amount(units)
    }

    fn witness(
        &self,
        portfolio: &Portfolio,
        path: &Membership<F>,
    ) -> Result<Witness<F, Self::Circuit>, MarketError> {
        self.scenario_witness(portfolio, path.commitment, path.path.clone())
    }

    fn health(&self, portfolio: &Portfolio) -> Result<Health, MarketError> {
        let margin = self.margin(portfolio)?;
        Ok(Health {
            level: margin.level(),
            to_maintenance: margin.shortfall(Level::Maintenance),
            to_initial: margin.shortfall(Level::Initial),
        })
    }

    fn standing(
        &self,
        portfolio: &Portfolio,
        level: Level,
        times: Multiplier,
    ) -> Result<Standing, MarketError> {
        let margin = self.margin(portfolio)?;
        let unit = I256::from(FINE_ONE) * I256::from(FACTOR_ONE) * I256::from(MULTIPLIER_ONE);
        // In quote units it is a sum below 2^108.
        let surplus =
            margin.balance_of(level, times).map_or(0, |balance| (balance / unit).as_i128());
        Ok(Standing { shortfall: margin.shortfall_of(level, times), surplus })
    }

    fn fit(&self, positions: &[Position], wanted: Option<Shape>) -> Result<Shape, ProvingError> {
        let mut expiries = BTreeSet::new();
        for position in positions {
            let row = &self.rows()[self.row_index(position.instrument)?];
            expiries.extend(row.group().map(|group| group.key.get()));
        }
        let (found, expiries) = (positions.len(), expiries.len());
        let underlyings = self.parts().len();
        let largest = if underlyings == 1 { Shape::Huge } else { Shape::MultiLarge };
        let smallest = Shape::scenario_for(found, expiries, underlyings);
        let shape = wanted.or(smallest).unwrap_or(largest);
        let allowed = shape.scenario_underlyings();
        if underlyings != allowed {
            return Err(ProvingError::Underlyings { found: underlyings, shape, allowed });
        }
        holds(found, shape.scenario_positions(), shape)?;
        let allowed = shape.scenario_expiries();
        match expiries <= allowed {
            true => Ok(shape),
            false => Err(ProvingError::TooManyExpiries { found: expiries, shape, allowed }),
        }
    }
}

impl<F: MarginField> FamilyMarket<F> for simulation::Market<F> {
    type Family = Simulation<F>;
    type Circuit = SimulationCircuit<F>;
    type CircuitIn<L: Columns> = SimulationCircuit<F, SCENARIOS, L>;
    type TransitionIn<L: Columns> = TransitionCircuit<F, SimulationFigures<F, SCENARIOS>, L>;
    type EscrowIn<L: Columns> = EscrowCircuit<F, SimulationFigures<F, SCENARIOS>, L>;
    type NettingIn<L: Columns> = NettingCircuit<F, SimulationFigures<F, SCENARIOS>, L>;
    type DeleveragingIn<L: Columns> = Self::TransitionIn<L>;
    type VenueIn<const D: u8, L: Columns> = VenueCircuit<F, SimulationFigures<F, SCENARIOS>, D, L>;
    type HaircutIn<const D: u8, L: Columns> =
        HaircutCircuit<F, SimulationFigures<F, SCENARIOS>, D, L>;

    fn header(&self) -> &MarketHeader<F> {
        self.header()
    }

    fn root(&self) -> F {
        self.root()
    }

    fn listings(&self) -> Listings {
        Listings::from(self)
    }

    fn format_amount(&self, units: i128) -> String {
        self.format_amount(units)
    }

    fn witness(
        &self,
        portfolio: &Portfolio,
        path: &Membership<F>,
    ) -> Result<Witness<F, Self::Circuit>, MarketError> {
        self.simulation_witness(portfolio, path.commitment, path.path.clone())
    }

    fn health(&self, portfolio: &Portfolio) -> Result<Health, MarketError> {
        let margin = self.margin(portfolio)?;
        Ok(Health {
            level: margin.level(),
            to_maintenance: margin.shortfall(Level::Maintenance),
            to_initial: margin.shortfall(Level::Initial),
        })
    }

    fn standing(
        &self,
        portfolio: &Portfolio,
        level: Level,
        times: Multiplier,
    ) -> Result<Standing, MarketError> {
        let margin = self.margin(portfolio)?;
        let unit = I256::from(WEIGHT_ONE) * I256::from(MULTIPLIER_ONE);
        // In quote units it is a sum below 2^88.
        let surplus =
            margin.balance_of(level, times).map_or(0, |balance| (balance / unit).as_i128());
        Ok(Standing { shortfall: margin.shortfall_of(level, times), surplus })
    }

    fn fit(&self, positions: &[Position], wanted: Option<Shape>) -> Result<Shape, ProvingError> {
        let found = positions.len();
        let scenarios = self.terms().scenarios();
        let largest = match scenarios == Shape::Deep.simulation_scenarios() {
            true => Shape::Deep,
            false => Shape::Large,
        };
        let smallest = Shape::simulation_for(found, scenarios);
        let shape = wanted.or(smallest).unwrap_or(largest);
        let allowed = shape.simulation_scenarios();
        if scenarios != allowed {
            return Err(ProvingError::Scenarios { found: scenarios, shape, allowed });
        }
        holds(found, shape.simulation_positions(), shape)
    }
}

impl<F: MarginField> FamilyMarket<F> for settlement::Market<F> {
    type Family = Settlement<F>;
    type Circuit = SettlementCircuit<F>;
    type CircuitIn<L: Columns> = SettlementCircuit<F, L>;
    type TransitionIn<L: Columns> = TransitionCircuit<F, SettlementFigures<F>, L>;
    type EscrowIn<L: Columns> = EscrowCircuit<F, SettlementFigures<F>, L>;
    type NettingIn<L: Columns> = NettingCircuit<F, SettlementFigures<F>, L>;
    type DeleveragingIn<L: Columns> = Self::TransitionIn<L>;
    type VenueIn<const D: u8, L: Columns> = VenueCircuit<F, SettlementFigures<F>, D, L>;
    type HaircutIn<const D: u8, L: Columns> = HaircutCircuit<F, SettlementFigures<F>, D, L>;

    fn header(&self) -> &MarketHeader<F> {
        self.header()
    }

    fn root(&self) -> F {
        self.root()
    }

    fn listings(&self) -> Listings {
        Listings::from(self)
    }

    fn format_amount(&self, units: i128) -> String {
        self.format_amount(units)
    }

    fn witness(
        &self,
        portfolio: &Portfolio,
        path: &Membership<F>,
    ) -> Result<Witness<F, Self::Circuit>, MarketError> {
        self.settlement_witness(portfolio, path.commitment, path.path.clone())
    }

    fn health(&self, portfolio: &Portfolio) -> Result<Health, MarketError> {
        let margin = self.margin(portfolio)?;
        Ok(Health {
            level: margin.level(),
            to_maintenance: margin.shortfall(Level::Maintenance),
            to_initial: margin.shortfall(Level::Initial),
        })
    }

    fn standing(
        &self,
        portfolio: &Portfolio,
        level: Level,
        times: Multiplier,
    ) -> Result<Standing, MarketError> {
        let margin = self.margin(portfolio)?;
        // Down: what is required is rounded up.
        let surplus = margin.counts(level) - margin.required_units(level, times).cast_signed();
        Ok(Standing { shortfall: margin.shortfall_of(level, times), surplus })
    }

    fn fit(&self, positions: &[Position], wanted: Option<Shape>) -> Result<Shape, ProvingError> {
        let found = positions.len();
        let shape = wanted.or(Shape::settlement_for(found)).unwrap_or(Shape::Large);
        holds(found, shape.settlement_positions(), shape)
    }
}

fn holds(found: usize, allowed: usize, shape: Shape) -> Result<Shape, ProvingError> {
    match found <= allowed {
        true => Ok(shape),
        false => Err(ProvingError::TooManyPositions { found, shape, allowed }),
    }
}
