//! Where the rows go: by gadget and by part of the circuit.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use halo2_proofs::circuit::Value;
use halo2_proofs::plonk::{
    Advice, Any, Assigned, Assignment, Circuit, Column, ConstraintSystem, Error, Fixed,
    FloorPlanner, Instance, Selector,
};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::SCENARIOS;
use zkmargin_margin::shape::Shape;

use crate::family::FamilyCircuit;

/// Rows by gadget. In the wide layout they lie side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Permutations and their digests.
    pub hash: usize,
    /// Products, sums, witnesses.
    pub arithmetic: usize,
    /// Range checks.
    pub range: usize,
}

impl Rows {
    fn plus(mut self, other: Self) -> Self {
        self += other;
        self
    }

    /// The average, rounded up.
    fn over(self, count: usize) -> Self {
        let over = |rows: usize| rows.div_ceil(count.max(1));
        Self { hash: over(self.hash), arithmetic: over(self.arithmetic), range: over(self.range) }
    }
}

impl AddAssign for Rows {
    fn add_assign(&mut self, other: Self) {
        self.hash += other.hash;
        self.arithmetic += other.arithmetic;
        self.range += other.range;
    }
}

/// Rows of the parts of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Parts of the kind.
    pub count: usize,
    /// Rows of all of them.
    pub rows: Rows,
}

/// Rows that a shape takes for what there is more or less of, on average, by
/// gadget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// For each position, its share of the commitment with it.
    pub position: Rows,
    /// For each expiry; of the scenario family.
    pub expiry: Option<Rows>,
    /// Of these, for each scenario.
    pub scenario: Option<Rows>,
    /// For the account, whatever is in it.
    pub account: Rows,
}

impl Summary {
    /// Sums up a shape's parts.
    pub fn of(parts: &BTreeMap<String, Part>) -> Self {
        let named = |name: &str| parts.get(name).cloned().unwrap_or_default();
        let (slot, link) = (named("slot"), named("link"));
        let (expiry, losses) = (named("expiry"), named("expiry losses"));
        let (mut position, mut account) = (link.rows, Rows::default());
        for (name, part) in parts {
            match name.as_str() {
                "link" | "expiry" | "expiry losses" => {}
                // What comes of a slot later is `slot settled`, say.
                name if name.split(' ').next() == Some("slot") => position += part.rows,
                _ => account += part.rows,
            }
        }
        let has_expiries = expiry.count > 0;
        Self {
            position: position.over(slot.count),
            expiry: has_expiries.then(|| expiry.rows.plus(losses.rows).over(expiry.count)),
            scenario: has_expiries.then(|| losses.rows.over(losses.count * SCENARIOS)),
            account,
        }
    }
}

/// The rows of a shape's parts by their kind, a kind being the regions' scope
/// without numbers: `slot`, `expiry`, `terms`.
///
/// # Errors
/// When the circuit cannot be laid out.
pub fn rows_by_part<F: MarginField, C: FamilyCircuit<F>>(
    shape: Shape,
) -> Result<BTreeMap<String, Part>, Error> {
    let mut meta = ConstraintSystem::default();
    let config = <C as Circuit<F>>::configure(&mut meta);
    let mut counter = Counter::default();
    C::FloorPlanner::synthesize(&mut counter, &C::blank(shape), config, Vec::new())?;
    Ok(counter.into_parts())
}

/// Counts the rows of regions.
#[derive(Default)]
struct Counter {
    region: String,
    rows: BTreeSet<usize>,
    scopes: BTreeMap<String, Rows>,
}

impl Counter {
    /// A region is of one gadget, which its name's end tells.
    fn end_region(&mut self) {
        let count = std::mem::take(&mut self.rows).len();
        let region = std::mem::take(&mut self.region);
        let mut rows = Rows::default();
        if region.ends_with(": hash") {
            rows.hash = count;
        } else if region.contains(": range ") {
            rows.range = count;
        } else {
            rows.arithmetic = count;
        }
        let scope = region.split_once(": ").map_or("constants", |(scope, _)| scope);
        *self.scopes.entry(scope.to_owned()).or_default() += rows;
    }

    fn into_parts(self) -> BTreeMap<String, Part> {
        let mut parts: BTreeMap<String, Part> = BTreeMap::new();
        for (scope, rows) in self.scopes {
            let words = scope.split(' ').filter(|word| word.parse::<usize>().is_err());
            let part = parts.entry(words.collect::<Vec<_>>().join(" ")).or_default();
            part.count += 1;
            part.rows += rows;
        }
        parts
    }
}

impl<F: MarginField> Assignment<F> for Counter {
    fn enter_region<NR: Into<String>, N: FnOnce() -> NR>(&mut self, name: N) {
        self.region = name().into();
    }

    fn exit_region(&mut self) {
        self.end_region();
    }

    fn enable_selector<A: FnOnce() -> AR, AR: Into<String>>(
        &mut self,
        _: A,
        _: &Selector,
        _: usize,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn query_instance(&self, _: Column<Instance>, _: usize) -> Result<Value<F>, Error> {
        Ok(Value::unknown())
    }

    fn assign_advice<V, VR, A, AR>(
        &mut self,
        _: A,
        _: Column<Advice>,
        row: usize,
        _: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<F>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.rows.insert(row);
        Ok(())
    }

    fn assign_fixed<V, VR, A, AR>(
        &mut self,
        _: A,
        _: Column<Fixed>,
        _: usize,
        _: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<F>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        Ok(())
    }

    fn copy(&mut self, _: Column<Any>, _: usize, _: Column<Any>, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn fill_from_row(
        &mut self,
        _: Column<Fixed>,
        _: usize,
        _: Value<Assigned<F>>,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn push_namespace<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn pop_namespace(&mut self, _: Option<String>) {}
}
