//! The market header (M3).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::{EPOCH, MARKET_ROOT, MODEL};
use zkmargin_margin::market::{HEADER_DENOMINATOR, HEADER_TIMESTAMP, MarketHeader};
use zkmargin_margin::poseidon::Domain;

use super::{PublicInputs, RATE_BITS};
use crate::gadgets::range::Ranged;
use crate::gadgets::{Cell, Synthesizer};

/// Bits of epochs and times.
const TIME_BITS: u32 = 64;

/// The header's fields.
#[derive(Debug)]
pub struct HeaderCells<F: MarginField> {
    /// Denominator of every rate.
    pub denominator: Ranged<F>,
    /// Epoch, timestamp and denominator.
    packed: Cell<F>,
}

/// Unpacks the header, with the public epoch.
pub(crate) fn assign_header<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    header: Value<MarketHeader<F>>,
) -> Result<HeaderCells<F>, Error> {
    s.scope("header");
    let epoch = s.range_check("M4 epoch", &inputs[EPOCH], TIME_BITS)?;
    let timestamp = header.map(|header| F::from(header.timestamp.get()));
    let timestamp = s.witness_ranged("M4 timestamp", timestamp, TIME_BITS)?;
    let denominator = header.map(|header| F::from(u64::from(header.denominator.get())));
    let denominator = s.witness_ranged("M4 denominator", denominator, RATE_BITS)?;
    let fields = [(0, &epoch), (HEADER_TIMESTAMP, &timestamp), (HEADER_DENOMINATOR, &denominator)];
    let packed = s.pack("M3 header", &fields)?;
    Ok(HeaderCells { denominator, packed })
}

/// Constrains every slot's root to be one, and the header over it and the
/// digest of the terms to be `MARKET_ROOT`.
pub(crate) fn constrain_root<'a, F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    header: &HeaderCells<F>,
    terms: &Cell<F>,
    mut tree_roots: impl Iterator<Item = &'a Cell<F>>,
) -> Result<(), Error> {
    s.scope("market");
    let first = tree_roots.next().ok_or(Error::Synthesis)?;
    for root in tree_roots {
        s.equal(root, first)?;
    }
    let message = [first.clone(), inputs[MODEL].clone(), header.packed.clone(), terms.clone()];
    let root = s.hash("M3 market root", Domain::MarketHeader, &message)?;
    s.equal(&root, &inputs[MARKET_ROOT])
}
