//! Subtrees of accounts in the small markets, for circuit tests.

use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::gadgets::layout::{Columns, Usual};
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::venue::{Assignment, VenueCircuit};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Memo};
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::{Figures, MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::{VenueInstance, VenueLeaf, VenueWitness, check};

use super::scenario::{self, ScenarioMarket};
use super::{Market, PERP, claim, healthy, position};

/// A subtree with its witness.
pub struct VenueCase<F: MarginField, G: FamilyFigures<F>, const D: u8 = 1> {
    pub shape: Shape,
    pub instance: VenueInstance<F>,
    pub witness: VenueWitness<G::Family>,
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8> Clone for VenueCase<F, G, D> {
    fn clone(&self) -> Self {
        let Self { shape, instance, witness } = self;
        Self { shape: *shape, instance: *instance, witness: witness.clone() }
    }
}

type FamilyWitness<F, G> = <<G as FamilyFigures<F>>::Family as MarginFamily>::Witness;

/// The account of a leaf.
pub fn id(leaf: usize) -> AccountId {
    AccountId::new([0x20 + u8::try_from(leaf).unwrap(); 20])
}

/// Whether an account is below the level of a claim: what an honest venue flags.
pub fn is_below<M: MarginFamily>(witness: &M::Witness, claim: Claim) -> bool {
    let account = M::account(witness);
    let figures = M::assess(witness, account.slots.iter(), &account.reserved);
    let shortfall = |figures: M::Figures| figures.shortfall(claim.level(), claim.multiplier());
    figures.ok().and_then(shortfall).is_some_and(|shortfall| shortfall > 0)
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8> VenueCase<F, G, D> {
    /// Accounts in a subtree, `None` for an empty leaf, honestly flagged.
    pub fn new(
        claim: Claim,
        empty: FamilyWitness<F, G>,
        leaves: Vec<Option<FamilyWitness<F, G>>>,
    ) -> Self {
        let leaf = |(index, witness): (usize, Option<FamilyWitness<F, G>>)| {
            let witness = witness?;
            let flagged = is_below::<G::Family>(&witness, claim);
            Some(VenueLeaf { account: id(index), flagged, witness })
        };
        let leaves = leaves.into_iter().enumerate().map(leaf).collect();
        let witness = VenueWitness { empty, leaves };
        let context = ContextId::derive("test", 0, [0; 20]);
        let instance = VenueInstance::new(context, claim, Memo::NONE, &witness).unwrap();
        Self { shape: Shape::Small, instance, witness }
    }

    pub fn check(&self) -> Result<(), Violation> {
        check(&self.instance, &self.witness)
    }

    pub fn circuit(&self) -> VenueCircuit<F, G, D> {
        self.circuit_in::<Usual>()
    }

    /// The circuit in a layout.
    pub fn circuit_in<L: Columns>(&self) -> VenueCircuit<F, G, D, L> {
        VenueCircuit::new(self.shape, &self.instance, &self.witness).unwrap()
    }

    /// The circuit after a lie: the venue's choices changed at will.
    pub fn lie(&self, lie: impl FnOnce(&mut Assignment<F, G>)) -> VenueCircuit<F, G, D> {
        let mut circuit = self.circuit();
        lie(circuit.assignment_mut().unwrap());
        circuit
    }

    pub fn public_rows(&self) -> Vec<F> {
        self.instance.to_field_elements().to_vec()
    }
}

pub type StandardVenue<F, const D: u8 = 1> = VenueCase<F, StandardFigures<F>, D>;
pub type ScenarioVenue<F, const D: u8 = 1> = VenueCase<F, ScenarioFigures<F>, D>;

/// A subtree of accounts of the standard family.
pub fn standard<F: MarginField, const D: u8>(
    text: &str,
    accounts: &[Option<Vec<Position>>],
) -> StandardVenue<F, D> {
    let market = Market::<F>::over_field();
    let witness = |positions: &[Position]| market.case(positions, claim(text), 0).witness;
    let leaves = accounts.iter().map(|leaf| leaf.as_deref().map(witness)).collect();
    VenueCase::new(claim(text), witness(&[]), leaves)
}

/// The same of the scenario family.
pub fn scenario<F: MarginField>(
    text: &str,
    accounts: &[Option<Vec<Position>>],
) -> ScenarioVenue<F> {
    let market = ScenarioMarket::<F>::over_field();
    let witness = |positions: &[Position]| market.case(positions, claim(text), 0).witness;
    let leaves = accounts.iter().map(|leaf| leaf.as_deref().map(witness)).collect();
    VenueCase::new(claim(text), witness(&[]), leaves)
}

/// An account of 100 lots of the perpetual, worth 100,000, and so much equity: 5,000
/// is its maintenance margin, 10,000 its initial.
pub fn of_equity(equity: i128) -> Vec<Position> {
    vec![position(0, PERP, 100, equity - 100_000)]
}

/// A healthy account, an empty leaf, one a unit below maintenance and one at it.
pub fn standard_mix<F: MarginField>() -> StandardVenue<F> {
    let below = Some(of_equity(4_999));
    standard("at-least:maintenance", &[Some(healthy()), None, below, Some(of_equity(5_000))])
}

/// Books of the scenario family: below, empty, healthy, below.
pub fn scenario_mix<F: MarginField>() -> ScenarioVenue<F> {
    let (poor, healthy) = (Some(scenario::poor()), Some(scenario::healthy()));
    self::scenario("at-least:initial", &[poor.clone(), None, healthy, poor])
}
