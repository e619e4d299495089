//! What a proof is made with: the family of margin models, the size of the
//! circuit and the proof system.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::field::MarginField;
use crate::field::bn254::Bn254Fr;

/// A text that names no family, shape or proof system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}: allowed are {allowed}")]
pub struct UnknownName {
    pub(crate) what: &'static str,
    pub(crate) allowed: &'static str,
}

/// Scenarios of the circuits of the simulation family that have keys.
pub const SCENARIOS: usize = 250;
/// A deep shape has so many times the scenarios of the others.
pub const DEEP: usize = 2;
/// The names of shapes, in errors.
pub const SHAPES: &str = "small, medium, large, deep, huge, multi, multi-large";

/// The names of families, in errors.
const FAMILIES: &str = "standard, scenario, simulation, settlement";

/// The size of a circuit. A portfolio can be proved under any shape that holds
/// it; the shape is public, the number of positions in it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Shape {
    /// The smallest shape of a family.
    Small = 0,
    /// The middle one.
    Medium = 1,
    /// The largest one.
    Large = 2,
    /// As many positions as the middle one, over twice the scenarios: of the
    /// simulation family alone.
    Deep = 3,
    /// As many positions as the middle one, over two underlyings: of the scenario family
    /// alone.
    Multi = 4,
    /// As many positions as the largest one, over two underlyings: of the scenario family
    /// alone.
    MultiLarge = 5,
    /// As many positions as the largest one of the standard family: of the scenario family
    /// alone.
    Huge = 6,
}

impl Shape {
    /// The shapes that every family has, ascending; [`Family::shapes`] are those of
    /// one.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// Positions the shape holds in the standard family: none where it has no such
    /// shape; so for every family.
    pub const fn standard_positions(self) -> usize {
        match self {
            Self::Small => 8,
            Self::Medium => 32,
            Self::Large => 128,
            Self::Deep | Self::Huge | Self::Multi | Self::MultiLarge => 0,
        }
    }

    /// Entries that a change can have in a transition; of positions, so many can be
    /// opened, and so many closed.
    pub const fn changes(self) -> usize {
        match self {
            Self::Small => 2,
            Self::Medium | Self::Deep | Self::Multi => 4,
            Self::Large | Self::Huge | Self::MultiLarge => 8,
        }
    }

    /// The smallest shape of the standard family that holds so many positions.
    pub fn standard_for(positions: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| positions <= shape.standard_positions())
    }

    /// Positions the shape holds in the settlement family.
    pub const fn settlement_positions(self) -> usize {
        match self {
            Self::Small => 8,
            Self::Medium => 32,
            Self::Large => 128,
            Self::Deep | Self::Huge | Self::Multi | Self::MultiLarge => 0,
        }
    }

    /// The smallest shape of the settlement family that holds so many positions.
    pub fn settlement_for(positions: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| positions <= shape.settlement_positions())
    }

    /// Positions the shape holds in the simulation family.
    pub const fn simulation_positions(self) -> usize {
        match self {
            Self::Small => 8,
            Self::Medium | Self::Deep => 16,
            Self::Large => 64,
            Self::Huge | Self::Multi | Self::MultiLarge => 0,
        }
    }

    /// Scenarios of the shape in the simulation family.
    pub const fn simulation_scenarios(self) -> usize {
        match self {
            Self::Small | Self::Medium | Self::Large => SCENARIOS,
            Self::Deep => DEEP * SCENARIOS,
            Self::Huge | Self::Multi | Self::MultiLarge => 0,
        }
    }

    /// The smallest shape of the simulation family that holds so many positions of a
    /// market of so many scenarios.
    pub fn simulation_for(positions: usize, scenarios: usize) -> Option<Self> {
        let holds = |shape: &Self| {
            scenarios == shape.simulation_scenarios() && positions <= shape.simulation_positions()
        };
        Family::Simulation.shapes().iter().copied().find(holds)
    }

    /// Positions the shape holds in the scenario family.
    pub const fn scenario_positions(self) -> usize {
        match self {
            Self::Small => 8,
            Self::Medium | Self::Multi => 16,
            Self::Large | Self::MultiLarge => 64,
            Self::Huge => 128,
            Self::Deep => 0,
        }
    }

    /// Expiries the shape holds in the scenario family, of all underlyings together.
    pub const fn scenario_expiries(self) -> usize {
        match self {
            Self::Small => 4,
            Self::Medium => 8,
            Self::Multi => 6,
            Self::MultiLarge => 10,
            Self::Large | Self::Huge => 12,
            Self::Deep => 0,
        }
    }

    /// Underlyings of the markets whose accounts the shape is for in the scenario
    /// family: neither more nor fewer.
    pub const fn scenario_underlyings(self) -> usize {
        match self {
            Self::Small | Self::Medium | Self::Large | Self::Huge => 1,
            Self::Multi | Self::MultiLarge => 2,
            Self::Deep => 0,
        }
    }

    /// The smallest shape of the scenario family that holds so many positions
    /// in so many expiries, of a market of so many underlyings.
    pub fn scenario_for(positions: usize, expiries: usize, underlyings: usize) -> Option<Self> {
        Family::Scenario.shapes().iter().copied().find(|shape| {
            underlyings == shape.scenario_underlyings()
                && positions <= shape.scenario_positions()
                && expiries <= shape.scenario_expiries()
        })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Deep => "deep",
            Self::Huge => "huge",
            Self::Multi => "multi",
            Self::MultiLarge => "multi-large",
        })
    }
}

impl FromStr for Shape {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "small" => Ok(Self::Small),
            "medium" => Ok(Self::Medium),
            "large" => Ok(Self::Large),
            "deep" => Ok(Self::Deep),
            "huge" => Ok(Self::Huge),
            "multi" => Ok(Self::Multi),
            "multi-large" => Ok(Self::MultiLarge),
            _ => Err(UnknownName { what: "shape", allowed: SHAPES }),
        }
    }
}

/// A family of margin models. Whoever dispatches on it wants the compiler to
/// say where a new one is missing: it is exhaustive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Position-based margin.
    Standard,
    /// Portfolio margin by scenarios, with options.
    Scenario,
    /// Value at risk and expected shortfall over joint scenarios.
    Simulation,
    /// Options one by one, bounded by what their expiry can lose at settlement.
    Settlement,
}

impl Family {
    /// The shapes of the family, ascending: those for one underlying first.
    pub const fn shapes(self) -> &'static [Shape] {
        match self {
            Self::Standard | Self::Settlement => &Shape::ALL,
            Self::Scenario => &[
                Shape::Small,
                Shape::Medium,
                Shape::Large,
                Shape::Huge,
                Shape::Multi,
                Shape::MultiLarge,
            ],
            Self::Simulation => &[Shape::Small, Shape::Medium, Shape::Large, Shape::Deep],
        }
    }

    /// Whether the family has a shape: there are neither keys nor proofs of others.
    pub fn has(self, shape: Shape) -> bool {
        self.shapes().contains(&shape)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Scenario => "scenario",
            Self::Simulation => "simulation",
            Self::Settlement => "settlement",
        })
    }
}

impl FromStr for Family {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "standard" => Ok(Self::Standard),
            "scenario" => Ok(Self::Scenario),
            "simulation" => Ok(Self::Simulation),
            "settlement" => Ok(Self::Settlement),
            _ => Err(UnknownName { what: "family", allowed: FAMILIES }),
        }
    }
}

/// How a proof is made and checked. Exhaustive, as [`Family`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofSystem {
    /// Transparent: inner-product argument over Pasta, no set-up.
    Ipa,
    /// Verified by contracts: KZG over BN254, under a ceremony's powers of tau.
    Kzg,
}

impl ProofSystem {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Ipa, Self::Kzg];

    /// Name of the field its roots are over: [`MarginField::NAME`].
    ///
    /// [`MarginField::NAME`]: crate::field::MarginField::NAME
    pub const fn field(self) -> &'static str {
        match self {
            Self::Ipa => <pasta_curves::Fp as MarginField>::NAME,
            Self::Kzg => Bn254Fr::NAME,
        }
    }

    /// Whether 32 big-endian bytes are an element of its field: below the
    /// modulus.
    pub fn is_canonical(self, bytes: &[u8; 32]) -> bool {
        match self {
            Self::Ipa => pasta_curves::Fp::from_be_bytes(bytes).is_some(),
            Self::Kzg => Bn254Fr::from_be_bytes(bytes).is_some(),
        }
    }

    /// The proof system of a field, by the field's name.
    pub fn of_field(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.field() == name)
    }
}

impl fmt::Display for ProofSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipa => "ipa",
            Self::Kzg => "kzg",
        })
    }
}

impl FromStr for ProofSystem {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "ipa" => Ok(Self::Ipa),
            "kzg" => Ok(Self::Kzg),
            _ => Err(UnknownName { what: "proof system", allowed: "ipa, kzg" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_shape_is_the_smallest_that_holds_so_much() {
        let [small, medium, large] = Shape::ALL.map(Some);
        for (positions, shape) in
            [(0, small), (8, small), (9, medium), (32, medium), (33, large), (128, large)]
        {
            assert_eq!(Shape::standard_for(positions), shape, "{positions}");
        }
        assert_eq!(Shape::standard_for(129), None);
        for (positions, scenarios, shape) in [
            (0, 250, small),
            (16, 250, medium),
            (64, 250, large),
            (65, 250, None),
            (0, 500, Some(Shape::Deep)),
            (16, 500, Some(Shape::Deep)),
            (17, 500, None),
            (1, 499, None),
        ] {
            assert_eq!(Shape::simulation_for(positions, scenarios), shape, "{positions}");
        }
        let [huge, multi, multi_large] = [Shape::Huge, Shape::Multi, Shape::MultiLarge].map(Some);
        for (positions, expiries, underlyings, shape) in [
            (0, 0, 1, small),
            (8, 4, 1, small),
            (9, 4, 1, medium),
            (8, 5, 1, medium),
            (16, 8, 1, medium),
            (17, 8, 1, large),
            (16, 9, 1, large),
            (64, 12, 1, large),
            (65, 12, 1, huge),
            (65, 1, 1, huge),
            (128, 12, 1, huge),
            (129, 12, 1, None),
            (64, 13, 1, None),
            (0, 0, 2, multi),
            (16, 6, 2, multi),
            (17, 6, 2, multi_large),
            (16, 7, 2, multi_large),
            (64, 10, 2, multi_large),
            (65, 10, 2, None),
            (64, 11, 2, None),
            (1, 1, 0, None),
            (1, 1, 3, None),
        ] {
            let found = Shape::scenario_for(positions, expiries, underlyings);
            assert_eq!(found, shape, "{positions} {expiries} {underlyings}");
        }
    }

    /// The names stand in proof files and on command lines.
    #[test]
    fn names_round_trip() {
        let shapes = Family::Simulation.shapes().iter().chain(&Family::Scenario.shapes()[3..]);
        let names = SHAPES.split(", ");
        assert_eq!(shapes.clone().count(), names.clone().count());
        for (shape, name) in shapes.zip(names) {
            assert_eq!((shape.to_string().as_str(), name.parse()), (name, Ok(*shape)));
        }
        for (family, name) in [
            (Family::Standard, "standard"),
            (Family::Scenario, "scenario"),
            (Family::Simulation, "simulation"),
            (Family::Settlement, "settlement"),
        ] {
            assert_eq!((family.to_string().as_str(), name.parse()), (name, Ok(family)));
        }
        for (system, name) in ProofSystem::ALL.into_iter().zip(["ipa", "kzg"]) {
            assert_eq!((system.to_string().as_str(), name.parse()), (name, Ok(system)));
        }
        assert!("tiny".parse::<Shape>().is_err());
        assert!("other".parse::<Family>().is_err());
        assert!("other".parse::<ProofSystem>().is_err());
    }

    #[test]
    fn a_shape_over_two_underlyings_is_of_the_scenario_family_alone() {
        for shape in [Shape::Multi, Shape::MultiLarge] {
            let having = [Family::Standard, Family::Simulation].map(|family| family.has(shape));
            assert_eq!((having, Family::Scenario.has(shape)), ([false; 2], true));
            assert_eq!((shape.standard_positions(), shape.simulation_positions()), (0, 0));
        }
    }

    #[test]
    fn a_huge_shape_is_of_the_scenario_family_alone() {
        let having = [Family::Standard, Family::Simulation].map(|f| f.has(Shape::Huge));
        assert_eq!((having, Family::Scenario.has(Shape::Huge)), ([false; 2], true));
        let held = (Shape::Huge.standard_positions(), Shape::Huge.simulation_positions());
        assert_eq!((held, Shape::Huge.changes()), ((0, 0), 8));
    }

    #[test]
    fn a_deep_shape_is_of_the_simulation_family_alone() {
        let having = |shape| [Family::Standard, Family::Scenario].map(|family| family.has(shape));
        assert_eq!((having(Shape::Large), having(Shape::Deep)), ([true; 2], [false; 2]));
        assert!(Family::Simulation.has(Shape::Deep));
        let held = (Shape::Deep.standard_positions(), Shape::Deep.scenario_positions());
        assert_eq!(held, (0, 0));
    }

    /// The moduli are those of the curves' papers: the largest element is one
    /// below them.
    #[test]
    fn a_root_is_canonical_below_the_modulus() {
        let moduli = [
            "40000000000000000000000000000000224698fc094cf91b992d30ed00000001",
            "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001",
        ];
        for (system, modulus) in ProofSystem::ALL.into_iter().zip(moduli) {
            let mut bytes = [0; 32];
            assert!(system.is_canonical(&bytes));
            hex::decode_to_slice(modulus, &mut bytes).unwrap();
            assert!(!system.is_canonical(&bytes));
            bytes[31] -= 1;
            assert!(system.is_canonical(&bytes));
            assert!(!system.is_canonical(&[0xff; 32]));
        }
    }

    #[test]
    fn a_proof_system_is_known_by_its_field() {
        assert_eq!(ProofSystem::of_field("pasta-fp"), Some(ProofSystem::Ipa));
        assert_eq!(ProofSystem::of_field("bn254-fr"), Some(ProofSystem::Kzg));
        assert_eq!(ProofSystem::of_field("bn254-fq"), None);
    }
}
