//! A circuit of nothing but the gadgets, each alone.

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_circuits::gadgets::layout::{ColumnLayout, Copies};
use zkmargin_circuits::gadgets::{GadgetConfig, Synthesizer};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::ARITY;
use zkmargin_margin::poseidon::{Domain, hash};

/// All widths in use, and the widest there is.
pub(crate) const WIDTHS: [u32; 14] = [8, 16, 32, 40, 48, 64, 72, 80, 96, 104, 128, 160, 232, 240];

/// All domains: the test says whether one is missing.
pub(crate) const DOMAINS: [Domain; 11] = [
    Domain::MarketRow,
    Domain::MarketNode,
    Domain::MarketHeader,
    Domain::StateLeaf,
    Domain::StateNode,
    Domain::Positions,
    Domain::Portfolio,
    Domain::ScenarioRow,
    Domain::ScenarioRowNext,
    Domain::ScenarioTerms,
    Domain::ScenarioTermsNext,
];

#[derive(Clone)]
pub(crate) struct Lone;

impl<F: MarginField> Circuit<F> for Lone {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, ColumnLayout::of::<F>(), Copies::Three)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let mut s = Synthesizer::new(&config, layouter, 0)?;
        for bits in WIDTHS {
            s.scope(format!("lone {bits}"));
            let value = F::from(2).pow_vartime([u64::from(bits)]) - F::ONE;
            s.witness_ranged("value", Value::known(value), bits)?;
        }
        let mut message = Vec::new();
        for i in 1..=4 {
            s.scope("message");
            message.push(s.witness_unchecked(&format!("{i}"), Value::known(F::from(i)))?);
        }
        let message = [0, 1, 2, 3].map(|i| message[i].clone());
        for domain in DOMAINS {
            s.scope(format!("domain {}", domain as u8));
            s.hash("digest", domain, &message)?;
        }
        s.scope("path");
        let leaf = hash(Domain::StateLeaf, [1, 2, 3, 4].map(F::from));
        let path = vec![[F::from(7), leaf, F::from(8), F::from(9)] as [F; ARITY]];
        let domains = (Domain::StateLeaf, Domain::StateLeaf, Domain::StateNode);
        s.membership("node", domains, &message, 1, Value::known(&path))?;
        s.mul("product", &message[1], &message[2])?;
        Ok(())
    }
}
