//! The mock prover, with failures by the name of their region, and tampering
//! with single cells.

use std::cell::Cell as StdCell;
use std::collections::BTreeSet;
use std::marker::PhantomData;

use ff::Field;
use halo2_proofs::arithmetic::VartimeField;
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::dev::{MockProver, VerifyFailure};
use halo2_proofs::plonk::{
    Advice, Any, Assigned, Assignment, Circuit, Column, ConstraintSystem, Error, Fixed,
    FloorPlanner, Instance, Selector,
};
use zkmargin_circuits::gadgets::GadgetConfig;
use zkmargin_margin::field::MarginField;

/// Where something fails, as `region: label`; empty when satisfied.
pub fn failures<F: MarginField + VartimeField>(
    k: u32,
    circuit: &impl Circuit<F>,
    rows: Vec<F>,
) -> BTreeSet<String> {
    let prover = MockProver::run(k, circuit, vec![rows]).unwrap();
    let failures = prover.verify().err().unwrap_or_default();
    failures
        .iter()
        .map(|failure| {
            // "Constraint 0 ('label') in gate ... Region 3 ('name') ...": the
            // region's name, and the first label if it is another. A public
            // input's own row has no region.
            let text = failure.to_string();
            let quoted = |text: &str| Some(text.split_once("('")?.1.split_once("')")?.0.to_owned());
            let region = text.split_once("Region ").and_then(|(_, rest)| quoted(rest));
            match (region, quoted(&text)) {
                (Some(region), Some(label)) if label != region => format!("{region}: {label}"),
                (Some(region), _) => region,
                (None, _) => text,
            }
        })
        .collect()
}

/// What is added to a cell.
#[derive(Clone, Copy, Debug)]
pub enum Delta {
    PlusOne,
    MinusOne,
}

thread_local! {
    static TARGET: StdCell<Option<(usize, Delta)>> = const { StdCell::new(None) };
    static ASSIGNED: StdCell<usize> = const { StdCell::new(0) };
}

/// What the mock prover says when `delta` is applied to advice cell `index` and
/// to it alone.
pub fn tamper<F: MarginField + VartimeField, C: Gadgets<F>>(
    k: u32,
    circuit: &C,
    rows: Vec<F>,
    index: usize,
    delta: Delta,
) -> Vec<VerifyFailure> {
    ASSIGNED.set(0);
    TARGET.set(Some((index, delta)));
    let tampered = Tampered(circuit.clone(), PhantomData);
    let prover = MockProver::run(k, &tampered, vec![rows]).unwrap();
    TARGET.set(None);
    prover.verify().err().unwrap_or_default()
}

/// A circuit of our gadgets.
pub trait Gadgets<F: MarginField>: Circuit<F, Config = GadgetConfig<F>> + Clone {}
impl<F: MarginField, C: Circuit<F, Config = GadgetConfig<F>> + Clone> Gadgets<F> for C {}

/// The circuit, laid out through [`Tamper`].
#[derive(Clone)]
struct Tampered<F, C>(C, PhantomData<F>);

impl<F: MarginField, C: Gadgets<F>> Circuit<F> for Tampered<F, C> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = TamperPlanner;

    fn without_witnesses(&self) -> Self {
        Self(self.0.without_witnesses(), PhantomData)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        C::configure(meta)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        self.0.synthesize(config, layouter)
    }
}

struct TamperPlanner;

impl FloorPlanner for TamperPlanner {
    fn synthesize<F: Field, CS: Assignment<F>, C: Circuit<F>>(
        cs: &mut CS,
        circuit: &C,
        config: C::Config,
        constants: Vec<Column<Fixed>>,
    ) -> Result<(), Error> {
        let mut tamper = Tamper { cs };
        SimpleFloorPlanner::synthesize(&mut tamper, circuit, config, constants)
    }
}

/// Passes everything on but the value of the target cell.
struct Tamper<'a, CS> {
    cs: &'a mut CS,
}

impl<F: Field, CS: Assignment<F>> Assignment<F> for Tamper<'_, CS> {
    fn enter_region<NR: Into<String>, N: FnOnce() -> NR>(&mut self, name: N) {
        self.cs.enter_region(name);
    }

    fn exit_region(&mut self) {
        self.cs.exit_region();
    }

    fn enable_selector<A: FnOnce() -> AR, AR: Into<String>>(
        &mut self,
        annotation: A,
        selector: &Selector,
        row: usize,
    ) -> Result<(), Error> {
        self.cs.enable_selector(annotation, selector, row)
    }

    fn query_instance(&self, column: Column<Instance>, row: usize) -> Result<Value<F>, Error> {
        self.cs.query_instance(column, row)
    }

    fn assign_advice<V, VR, A, AR>(
        &mut self,
        annotation: A,
        column: Column<Advice>,
        row: usize,
        to: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<F>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        let index = ASSIGNED.replace(ASSIGNED.get() + 1);
        let delta = TARGET.get().filter(|(target, _)| *target == index).map(|(_, delta)| delta);
        self.cs.assign_advice(annotation, column, row, || {
            to().map(|value| {
                let value: Assigned<F> = value.into();
                match delta {
                    None => value,
                    Some(Delta::PlusOne) => value + F::ONE,
                    Some(Delta::MinusOne) => value - F::ONE,
                }
            })
        })
    }

    fn assign_fixed<V, VR, A, AR>(
        &mut self,
        annotation: A,
        column: Column<Fixed>,
        row: usize,
        to: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<F>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.cs.assign_fixed(annotation, column, row, to)
    }

    fn copy(
        &mut self,
        left: Column<Any>,
        left_row: usize,
        right: Column<Any>,
        right_row: usize,
    ) -> Result<(), Error> {
        self.cs.copy(left, left_row, right, right_row)
    }

    fn fill_from_row(
        &mut self,
        column: Column<Fixed>,
        row: usize,
        to: Value<Assigned<F>>,
    ) -> Result<(), Error> {
        self.cs.fill_from_row(column, row, to)
    }

    fn push_namespace<NR: Into<String>, N: FnOnce() -> NR>(&mut self, name: N) {
        self.cs.push_namespace(name);
    }

    fn pop_namespace(&mut self, name: Option<String>) {
        self.cs.pop_namespace(name);
    }
}
