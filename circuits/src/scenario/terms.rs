//! The market's terms (M3): those of each underlying, and what binds them.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::scenario::{DELTA_TIERS, OF_ALL_AT, RELIEFS, SCENARIOS, TIMES_AT, TIMES_BITS};

use super::hints::{Hints, TermsHints};
use crate::gadgets::{Cell, Synthesizer};

/// Bits of discounts, weights and fees.
pub(super) const FINE_BITS: u32 = 48;

/// The terms' fields.
#[derive(Clone, Debug)]
pub(super) struct TermsCells<F: MarginField> {
    /// One per scenario.
    pub(super) dampening: Vec<Cell<F>>,
    pub(super) maintenance_factor: Cell<F>,
    pub(super) initial_factor: Cell<F>,
    pub(super) net: Cell<F>,
    pub(super) half_hedged: Cell<F>,
    pub(super) short_fee: Cell<F>,
    /// Both charges on naked shorts, packed.
    pub(super) naked: Cell<F>,
    pub(super) adding: AddingCells<F>,
    /// One for each of the last regular scenarios.
    pub(super) reliefs: Vec<Cell<F>>,
    /// Threshold and rate of each tier of the net delta.
    pub(super) delta_tiers: Vec<[Cell<F>; 2]>,
    digest: Cell<F>,
}

/// How losses are added up.
#[derive(Clone, Debug)]
pub(super) struct AddingCells<F: MarginField> {
    /// One where the basis loss is added to the worst loss.
    pub(super) basis_is_added: Cell<F>,
    /// One where the minimum charge is of all that is lost.
    pub(super) minimum_is_of_all: Cell<F>,
    /// How often it is lost in each of the last regular scenarios.
    pub(super) minimum_times: Vec<Cell<F>>,
    packed: Cell<F>,
}

/// The terms of all underlyings.
#[derive(Clone, Debug)]
pub struct MarketTermsCells<F: MarginField> {
    /// In the market's order.
    pub(super) each: Vec<TermsCells<F>>,
    /// What the header holds.
    pub(super) digest: Cell<F>,
}

/// Assigns the terms of so many underlyings: the header of one holds the digest of its
/// terms, that of two a digest of both, in their order.
pub(super) fn assign_each<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    underlyings: usize,
    hints: Value<&Hints<F>>,
) -> Result<MarketTermsCells<F>, Error> {
    let mut each = Vec::with_capacity(underlyings);
    for index in 0..underlyings {
        match index {
            0 => s.scope("terms"),
            _ => s.scope(format!("terms {index}")),
        }
        each.push(assign(s, hints.map(|h| &h.underlyings[index].terms))?);
    }
    let digest = match each.as_slice() {
        [only] => only.digest.clone(),
        [first, second] => {
            let zero = s.zero();
            let message = [first.digest.clone(), second.digest.clone(), zero.clone(), zero];
            s.hash("M3 terms of both", Domain::ScenarioUnderlyings, &message)?
        }
        _ => return Err(Error::Synthesis),
    };
    Ok(MarketTermsCells { each, digest })
}

/// Hashes the terms. They stand one to an element, so that the digest alone binds
/// them: nothing is unpacked, but how losses are added up and the charges on naked
/// shorts, of which only sums are.
fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    hints: Value<&TermsHints<F>>,
) -> Result<TermsCells<F>, Error> {
    let adding = adding(s, hints)?;
    let mut field = |name: &str, value: &dyn Fn(&TermsHints<F>) -> F| {
        s.witness_unchecked(&format!("M3 {name}"), hints.map(value))
    };
    let dampening = (0..SCENARIOS)
        .map(|i| field(&format!("dampening {i}"), &|h| h.dampening[i]))
        .collect::<Result<Vec<_>, _>>()?;
    let maintenance_factor = field("maintenance factor", &|h| h.maintenance_factor)?;
    let initial_factor = field("initial factor", &|h| h.initial_factor)?;
    let net = field("net delta", &|h| h.net)?;
    let half_hedged = field("hedged delta", &|h| h.half_hedged)?;
    let short_fee = field("short fee", &|h| h.short_fee)?;
    let naked = field("naked charges", &|h| h.naked)?;
    let reliefs = (0..RELIEFS)
        .map(|i| field(&format!("relief {i}"), &|h| h.reliefs[i]))
        .collect::<Result<Vec<_>, _>>()?;
    let mut delta_tiers = Vec::with_capacity(DELTA_TIERS);
    for i in 0..DELTA_TIERS {
        let from = field(&format!("tier {i} threshold"), &|h| h.delta_tiers[i][0])?;
        delta_tiers.push([from, field(&format!("tier {i} rate"), &|h| h.delta_tiers[i][1])?]);
    }
    let mut elements = dampening.clone();
    elements.extend(
        [&maintenance_factor, &initial_factor, &net, &half_hedged, &short_fee, &naked]
            .map(Cell::clone),
    );
    elements.push(adding.packed.clone());
    elements.extend(reliefs.iter().chain(delta_tiers.iter().flatten()).cloned());
    let domains = (Domain::ScenarioTerms, Domain::ScenarioTermsNext);
    let digest = s.hash_chain("M3 terms", domains, &elements)?;
    Ok(TermsCells {
        dampening,
        maintenance_factor,
        initial_factor,
        net,
        half_hedged,
        short_fee,
        naked,
        adding,
        reliefs,
        delta_tiers,
        digest,
    })
}

/// How losses are added up: two bits, and four for each of the last scenarios. They take no
/// range check, of which the smallest circuits have none to spare.
fn adding<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    hints: Value<&TermsHints<F>>,
) -> Result<AddingCells<F>, Error> {
    let basis_is_added = s.witness_bit("M3 basis is added", hints.map(|h| h.basis_is_added))?;
    let of_all = hints.map(|h| h.minimum_is_of_all);
    let minimum_is_of_all = s.witness_bit("M3 minimum is of all", of_all)?;
    let mut minimum_times = Vec::with_capacity(RELIEFS);
    for i in 0..RELIEFS {
        let name = format!("M3 times of the minimum {i}");
        let mut bits = Vec::with_capacity(TIMES_BITS);
        for j in 0..TIMES_BITS {
            let bit = hints.map(|h| h.minimum_times[TIMES_BITS * i + j]);
            bits.push(s.witness_bit(&format!("{name} bit {j}"), bit)?);
        }
        let fields: Vec<_> = (0..).zip(&bits).collect();
        minimum_times.push(s.pack_unchecked(&name, &fields)?);
    }
    let mut fields = vec![(0, &basis_is_added), (OF_ALL_AT, &minimum_is_of_all)];
    fields.extend((TIMES_AT..).step_by(8).zip(&minimum_times));
    let packed = s.pack_unchecked("M3 adding", &fields)?;
    Ok(AddingCells { basis_is_added, minimum_is_of_all, minimum_times, packed })
}
