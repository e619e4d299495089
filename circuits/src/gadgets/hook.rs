//! Where the soundness harness reaches into a synthesis: it drops a constraint
//! (a seeded fault), or changes a value that everything after it is computed
//! from (a lie).
//!
//! Only with the feature `seeded-faults`, which nothing but the dev-only
//! `testkit` turns on. Without it these functions are identities that the
//! compiler removes; a build without debug assertions refuses it.

#[cfg(all(feature = "seeded-faults", not(debug_assertions)))]
compile_error!(
    "the feature `seeded-faults` lets tests drop constraints: no release build may have it. \
     Leave `zkmargin-testkit` out, with --exclude or -p"
);

#[cfg(not(feature = "seeded-faults"))]
pub(super) use absent::{dropped, element, value};
#[cfg(feature = "seeded-faults")]
pub use present::{Change, Plan};
#[cfg(feature = "seeded-faults")]
pub(super) use present::{dropped, element, value};

#[cfg(not(feature = "seeded-faults"))]
mod absent {
    use halo2_proofs::circuit::Value;

    /// Whether a test drops a part of a region's constraints.
    #[inline(always)]
    pub(in super::super) fn dropped(_: &str, _: impl FnOnce() -> String) -> bool {
        false
    }

    /// The value of a cell, changed by a test.
    #[inline(always)]
    pub(in super::super) fn value<F>(
        _: &str,
        _: impl FnOnce() -> String,
        value: Value<F>,
    ) -> Value<F> {
        value
    }

    /// The same of a known value.
    #[inline(always)]
    pub(in super::super) fn element<F>(_: &str, _: impl FnOnce() -> String, element: F) -> F {
        element
    }
}

#[cfg(feature = "seeded-faults")]
mod present {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use halo2_proofs::circuit::Value;
    use zkmargin_margin::field::MarginField;

    /// What happens to a value, as canonical little-endian field elements.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Change {
        /// This is added.
        Add([u8; 32]),
        /// It becomes this.
        Set([u8; 32]),
    }

    /// Constraints to drop and values to change, by region and part.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Plan {
        parts: BTreeMap<String, BTreeMap<String, Option<Change>>>,
    }

    thread_local! {
        static PLAN: RefCell<Plan> = RefCell::default();
    }

    impl Plan {
        /// Drops the constraint `part` of a region.
        #[must_use]
        pub fn dropping(mut self, region: &str, part: &str) -> Self {
            let parts = self.parts.entry(region.to_owned()).or_default();
            parts.insert(format!("drop {part}"), None);
            self
        }

        /// Changes the value of `cell` in a region.
        #[must_use]
        pub fn changing(mut self, region: &str, cell: &str, change: Change) -> Self {
            let parts = self.parts.entry(region.to_owned()).or_default();
            parts.insert(cell.to_owned(), Some(change));
            self
        }

        /// Both plans.
        #[must_use]
        pub fn and(mut self, other: &Self) -> Self {
            for (region, parts) in &other.parts {
                self.parts.entry(region.clone()).or_default().extend(parts.clone());
            }
            self
        }

        /// Runs `body` with every synthesis of this thread under the plan.
        pub fn run<T>(&self, body: impl FnOnce() -> T) -> T {
            let before = PLAN.replace(self.clone());
            let result = body();
            PLAN.set(before);
            result
        }
    }

    pub(in super::super) fn dropped(region: &str, part: impl FnOnce() -> String) -> bool {
        PLAN.with_borrow(|plan| {
            let parts = plan.parts.get(region);
            parts.is_some_and(|parts| parts.contains_key(&format!("drop {}", part())))
        })
    }

    pub(in super::super) fn value<F: MarginField>(
        region: &str,
        cell: impl FnOnce() -> String,
        value: Value<F>,
    ) -> Value<F> {
        value.map(|value| element(region, cell, value))
    }

    pub(in super::super) fn element<F: MarginField>(
        region: &str,
        cell: impl FnOnce() -> String,
        element: F,
    ) -> F {
        let change = PLAN.with_borrow(|plan| {
            plan.parts.get(region).and_then(|parts| parts.get(&cell()).copied().flatten())
        });
        let decoded = |bytes: &[u8; 32]| F::from_le_bytes(bytes).unwrap_or(F::ZERO);
        match change {
            None => element,
            Some(Change::Add(delta)) => element + decoded(&delta),
            Some(Change::Set(other)) => decoded(&other),
        }
    }
}
