//! What counts for a whole account.

use super::{WEIGHT_BITS, columns, stress_columns};
use crate::field::MarginField;
use crate::ids::ModelDigest;
use crate::poseidon::{Domain, hash_chain};

/// Elements of the terms.
pub const TERMS_ELEMENTS: usize = 9;

/// Weights of a level's risk, over [`WEIGHT_ONE`](super::WEIGHT_ONE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Of the sum of the largest losses.
    pub shortfall: u64,
    /// Of the value at risk.
    pub var: u64,
    /// Of the largest stress loss.
    pub stress: u64,
}

/// The terms of a market, behind its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulationTerms {
    scenarios: usize,
    tail: usize,
    maintenance: Weights,
    initial: Weights,
    set: ModelDigest,
}

/// Why terms are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTerms {
    /// A tail of no scenario, or of more than there are.
    #[error("a tail of {tail} scenarios of {scenarios}: allowed are 1 to all but one")]
    Tail {
        /// Scenarios in the tail.
        tail: usize,
        /// All of them.
        scenarios: usize,
    },
    /// A weight of 256 or more.
    #[error("a weight of {0} / 2^40: allowed are weights below 256")]
    Weight(u64),
    /// Initial margin that could be below maintenance margin.
    #[error("a weight of initial margin is below that of maintenance margin")]
    Order,
}

impl SimulationTerms {
    /// Terms over so many scenarios, of which the worst `tail` count.
    ///
    /// # Errors
    /// When the tail or a weight is out of range, or a weight of initial margin is
    /// below that of maintenance margin.
    pub fn new(
        (scenarios, tail): (usize, usize),
        maintenance: Weights,
        initial: Weights,
        set: ModelDigest,
    ) -> Result<Self, InvalidTerms> {
        if tail == 0 || tail >= scenarios {
            return Err(InvalidTerms::Tail { tail, scenarios });
        }
        for (low, high) in maintenance.all().into_iter().zip(initial.all()) {
            if let Some(weight) = [low, high].into_iter().find(|w| w >> WEIGHT_BITS != 0) {
                return Err(InvalidTerms::Weight(weight));
            }
            if high < low {
                return Err(InvalidTerms::Order);
            }
        }
        Ok(Self { scenarios, tail, maintenance, initial, set })
    }

    /// Scenarios of a row.
    pub fn scenarios(&self) -> usize {
        self.scenarios
    }

    /// Stress scenarios of a row.
    pub fn stress(&self) -> usize {
        stress_columns(self.scenarios)
    }

    /// Columns of a row.
    pub fn columns(&self) -> usize {
        columns(self.scenarios)
    }

    /// Scenarios that are in the tail.
    pub fn tail(&self) -> usize {
        self.tail
    }

    /// Weights of maintenance margin.
    pub fn maintenance(&self) -> Weights {
        self.maintenance
    }

    /// Weights of initial margin.
    pub fn initial(&self) -> Weights {
        self.initial
    }

    /// Digest of the scenario set that the rows were made with.
    pub fn set(&self) -> ModelDigest {
        self.set
    }

    /// The digest that the market's header holds.
    pub fn digest<F: MarginField>(&self) -> F {
        hash_chain((Domain::SimulationTerms, Domain::SimulationTermsNext), &self.elements::<F>())
    }

    /// The terms, one to an element: scenarios, tail, the weights of maintenance
    /// margin, those of initial margin, the scenario set. They are hashed once in a
    /// proof and need no range checks to unpack.
    pub fn elements<F: MarginField>(&self) -> [F; TERMS_ELEMENTS] {
        let [a, b, c] = self.maintenance.all().map(F::from);
        let [d, e, f] = self.initial.all().map(F::from);
        // Exact: counts of a row are far below 2^64.
        let [scenarios, tail] = [self.scenarios, self.tail].map(|count| F::from(count as u64));
        [scenarios, tail, a, b, c, d, e, f, self.set.to_field()]
    }
}

impl Weights {
    /// The weights, in the order of the terms.
    pub fn all(&self) -> [u64; 3] {
        [self.shortfall, self.var, self.stress]
    }
}
