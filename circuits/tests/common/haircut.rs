//! Subtrees of accounts that bear a loss, for circuit tests.

use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::gadgets::layout::{Columns, Usual};
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::haircut::{Assignment, HaircutCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::haircut::{Haircut, cuts};
use zkmargin_margin::ids::{ContextId, Memo};
use zkmargin_margin::portfolio::{Blinding, Position};
use zkmargin_margin::relation::{Figures, MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::haircut::{
    HaircutInstance, HaircutLeaf, HaircutWitness, Ratio, check,
};

use super::scenario::{self, ScenarioMarket};
use super::venue::{id, of_equity};
use super::{Market, at_least, healthy};

/// A subtree with its witness.
pub struct HaircutCase<F: MarginField, G: FamilyFigures<F>, const D: u8 = 1> {
    pub shape: Shape,
    pub instance: HaircutInstance<F>,
    pub witness: HaircutWitness<G::Family>,
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8> Clone for HaircutCase<F, G, D> {
    fn clone(&self) -> Self {
        let Self { shape, instance, witness } = self;
        Self { shape: *shape, instance: *instance, witness: witness.clone() }
    }
}

type FamilyWitness<F, G> = <<G as FamilyFigures<F>>::Family as MarginFamily>::Witness;

/// Equity of an account.
pub fn equity<M: MarginFamily>(witness: &M::Witness) -> i128 {
    let account = M::account(witness);
    M::assess(witness, account.slots.iter(), &account.reserved).unwrap().equity_of_all()
}

/// The ratio of a loss over equity.
pub fn ratio(loss: u128, equity: u128) -> Ratio {
    Ratio::new(Haircut::new(loss, equity).unwrap()).unwrap()
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8> HaircutCase<F, G, D> {
    /// A venue of one subtree, `None` for an empty leaf, whose winners bear a loss.
    pub fn new(
        loss: u128,
        empty: FamilyWitness<F, G>,
        leaves: Vec<Option<FamilyWitness<F, G>>>,
    ) -> Self {
        let none = |witness: &Option<_>| witness.as_ref().map_or(0, equity::<G::Family>);
        let equities: Vec<_> = leaves.iter().map(none).collect();
        let cuts = cuts(&equities, loss).unwrap();
        let leaf = |(index, witness): (usize, Option<FamilyWitness<F, G>>)| {
            let blinding = Blinding::new([0x70 + u8::try_from(index).unwrap(); 31]);
            Some(HaircutLeaf { account: id(index), witness: witness?, cut: cuts[index], blinding })
        };
        let leaves = leaves.into_iter().enumerate().map(leaf).collect();
        let witness = HaircutWitness { empty, leaves };
        let haircut = Haircut::over(equities, loss).unwrap();
        Self::of(Ratio::new(haircut).unwrap(), witness)
    }

    /// A witness, true or false, in what follows from it.
    pub fn of(ratio: Ratio, witness: HaircutWitness<G::Family>) -> Self {
        let context = ContextId::derive("test", 0, [0; 20]);
        let instance = HaircutInstance::new(context, ratio, Memo::NONE, &witness).unwrap();
        Self { shape: Shape::Small, instance, witness }
    }

    /// The same with another leaf, or several: what a liar computes and publishes.
    pub fn forged(&self, lie: impl FnOnce(&mut [Option<HaircutLeaf<G::Family>>])) -> Self {
        let mut witness = self.witness.clone();
        lie(&mut witness.leaves);
        Self::of(self.instance.ratio, witness)
    }

    pub fn check(&self) -> Result<(), Violation> {
        check(&self.instance, &self.witness)
    }

    pub fn circuit(&self) -> HaircutCircuit<F, G, D> {
        self.circuit_in::<Usual>()
    }

    /// The circuit in a layout.
    pub fn circuit_in<L: Columns>(&self) -> HaircutCircuit<F, G, D, L> {
        HaircutCircuit::new(self.shape, &self.instance, &self.witness).unwrap()
    }

    /// The circuit after a lie: the venue's choices changed at will.
    pub fn lie(&self, lie: impl FnOnce(&mut Assignment<F, G>)) -> HaircutCircuit<F, G, D> {
        let mut circuit = self.circuit();
        lie(circuit.assignment_mut().unwrap());
        circuit
    }

    pub fn public_rows(&self) -> Vec<F> {
        self.instance.to_field_elements().to_vec()
    }
}

pub type StandardHaircut<F, const D: u8 = 1> = HaircutCase<F, StandardFigures<F>, D>;
pub type ScenarioHaircut<F, const D: u8 = 1> = HaircutCase<F, ScenarioFigures<F>, D>;

/// A subtree of accounts of the standard family.
pub fn standard<F: MarginField, const D: u8>(
    loss: u128,
    accounts: &[Option<Vec<Position>>],
) -> StandardHaircut<F, D> {
    let market = Market::<F>::over_field();
    let witness = |positions: &[Position]| market.case(positions, at_least(Level::Initial), 0);
    let leaf = |leaf: &Option<Vec<Position>>| leaf.as_deref().map(|p| witness(p).witness);
    HaircutCase::new(loss, witness(&[]).witness, accounts.iter().map(leaf).collect())
}

/// The same of the scenario family.
pub fn scenario<F: MarginField>(
    loss: u128,
    accounts: &[Option<Vec<Position>>],
) -> ScenarioHaircut<F> {
    let market = ScenarioMarket::<F>::over_field();
    let witness = |positions: &[Position]| market.case(positions, at_least(Level::Initial), 0);
    let leaf = |leaf: &Option<Vec<Position>>| leaf.as_deref().map(|p| witness(p).witness);
    HaircutCase::new(loss, witness(&[]).witness, accounts.iter().map(leaf).collect())
}

/// Three sevenths of what a subtree's winners have: shares of it are not whole.
fn of_three_sevenths<F: MarginField, G: FamilyFigures<F>>(
    nothing_lost: HaircutCase<F, G>,
) -> HaircutCase<F, G> {
    let HaircutWitness { empty, leaves } = nothing_lost.witness;
    let leaves = leaves.into_iter().map(|leaf| leaf.map(|leaf| leaf.witness)).collect();
    let loss = nothing_lost.instance.ratio.haircut().equity() * 3 / 7;
    HaircutCase::new(loss, empty, leaves)
}

/// A winner of several buckets, an empty leaf, a loser, and a winner of 5,000 units.
pub fn standard_mix<F: MarginField>() -> StandardHaircut<F> {
    let accounts = [Some(healthy()), None, Some(of_equity(-1_000)), Some(of_equity(5_000))];
    of_three_sevenths(standard(0, &accounts))
}

/// Books of the scenario family: a winner, empty, a loser, a winner.
pub fn scenario_mix<F: MarginField>() -> ScenarioHaircut<F> {
    let (poor, healthy) = (Some(scenario::poor()), Some(scenario::healthy()));
    of_three_sevenths(self::scenario(0, &[healthy.clone(), None, poor, healthy]))
}
