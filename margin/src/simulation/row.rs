//! One row of the table: an instrument in every scenario.

use alloc::vec::Vec;

use super::{GAIN_BITS, LIMB_BITS, LIMBS};
use crate::field::MarginField;
use crate::ids::InstrumentId;
use crate::poseidon::{Domain, hash_chain};
use crate::standard::RowOffsets;

/// First element: instrument (64), is long only (8), maintenance charge (32),
/// initial charge (32).
pub const ROW_E0: RowOffsets<4> = RowOffsets { bits: [0, 64, 72, 104] };

/// Charges per lot, in quote units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// Of both margins.
    pub maintenance: u32,
    /// Of initial margin, on top.
    pub initial: u32,
}

/// A gain per lot of `2^32` quote units or more, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {units} quote units per lot, allowed are less than 2^32 either way")]
pub struct GainOutOfRange {
    /// The column.
    pub column: usize,
    /// The gain.
    pub units: i64,
}

/// A row of the table. Columns are the scenarios, then the stress scenarios,
/// then the mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulationRow {
    instrument: InstrumentId,
    is_long_only: bool,
    charges: Charges,
    columns: Vec<i64>,
}

impl SimulationRow {
    /// A row of these columns, in quote units per lot.
    ///
    /// # Errors
    /// With the first that is out of range.
    pub fn new(
        instrument: InstrumentId,
        is_long_only: bool,
        charges: Charges,
        columns: Vec<i64>,
    ) -> Result<Self, GainOutOfRange> {
        match columns.iter().position(|units| units.unsigned_abs() >> GAIN_BITS != 0) {
            Some(column) => Err(GainOutOfRange { column, units: columns[column] }),
            None => Ok(Self { instrument, is_long_only, charges, columns }),
        }
    }

    /// The instrument.
    pub fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// Whether it cannot be short.
    pub fn is_long_only(&self) -> bool {
        self.is_long_only
    }

    /// Charged per lot, long or short, what rounding must cover included.
    pub fn charges(&self) -> Charges {
        self.charges
    }

    /// Gains per lot in every column; the last is the mark.
    pub fn columns(&self) -> &[i64] {
        &self.columns
    }

    /// The row's digest, a leaf of the market tree. Rows of different lengths have
    /// different leaves: a chain shows where it begins.
    pub fn leaf<F: MarginField>(&self) -> F {
        hash_chain((Domain::SimulationRow, Domain::SimulationRowNext), &self.elements::<F>())
    }

    /// The row packed: see [`ROW_E0`], then the columns, four to an element.
    pub fn elements<F: MarginField>(&self) -> Vec<F> {
        let fields = [
            self.instrument.get(),
            self.is_long_only.into(),
            self.charges.maintenance.into(),
            self.charges.initial.into(),
        ];
        let e0 = ROW_E0.bits.into_iter().zip(fields).fold(F::ZERO, |sum, (bits, field)| {
            sum + F::from(field) * F::from(2).pow_vartime([u64::from(bits)])
        });
        core::iter::once(e0).chain(self.columns.chunks(LIMBS).map(pack_gains)).collect()
    }
}

/// Signed gains in one element, the first lowest.
pub fn pack_gains<F: MarginField>(gains: &[i64]) -> F {
    let base = F::from(1 << LIMB_BITS);
    gains.iter().rev().fold(F::ZERO, |sum, gain| sum * base + F::from_i128(i128::from(*gain)))
}
