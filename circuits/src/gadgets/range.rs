//! Range checks by a running sum of bytes.
//!
//! `z_0` is the value, `z_i = z_{i+1} * 256 + byte_i`, and the last `z` is
//! zero; every `byte_i = z_i - 256 z_{i+1}` is looked up in a table of 256
//! rows. With `n` bytes the value is the sum of `byte_i * 256^i`, below
//! `256^n`: no field element outside the range has such a sum, since `256^n`
//! stays far below the modulus.
//!
//! | lookup | row says | degree |
//! |---|---|---|
//! | `byte` | `q (z - 256 z_next)` is in the table | 5 (input 2, table 1) |
//!
//! The gadget of `halo2_gadgets` is not used because its input has degree 3:
//! that lookup would raise the whole circuit to degree 6, and it needs two
//! more fixed columns.

use halo2_proofs::circuit::{AssignedCell, Layouter, Value};
use halo2_proofs::plonk::{Advice, Column, ConstraintSystem, Error, Selector, TableColumn};
use halo2_proofs::poly::Rotation;
use zkmargin_margin::field::MarginField;

use super::{copy_into, hook};

/// Bits per step.
pub const LIMB_BITS: u32 = 8;
/// Widest range that is sound in every supported field.
const MAX_BITS: u32 = 240;

/// Columns and lookup.
#[derive(Clone, Debug)]
pub struct RangeConfig {
    z: Column<Advice>,
    table: TableColumn,
    q_byte: Selector,
}

/// A cell whose value is below `2^bits`. Only [`RangeConfig`] makes them.
#[derive(Clone, Debug)]
pub struct Ranged<F: MarginField> {
    cell: AssignedCell<F, F>,
    bits: u32,
}

impl<F: MarginField> Ranged<F> {
    /// The cell.
    pub fn cell(&self) -> &AssignedCell<F, F> {
        &self.cell
    }

    /// The value is below two to this.
    pub fn bits(&self) -> u32 {
        self.bits
    }
}

impl RangeConfig {
    /// Creates the table and the lookup on an advice column with equality.
    pub fn configure<F: MarginField>(meta: &mut ConstraintSystem<F>, z: Column<Advice>) -> Self {
        meta.enable_equality(z);
        let table = meta.lookup_table_column();
        let q_byte = meta.complex_selector();
        meta.lookup(|meta| {
            let q = meta.query_selector(q_byte);
            let current = meta.query_advice(z, Rotation::cur());
            let next = meta.query_advice(z, Rotation::next());
            vec![(q * (current - next * F::from(1 << LIMB_BITS)), table)]
        });
        Self { z, table, q_byte }
    }

    /// Fills the table; once per circuit.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub fn load<F: MarginField>(&self, layouter: &mut impl Layouter<F>) -> Result<(), Error> {
        layouter.assign_table(
            || "bytes",
            |mut table| {
                for byte in 0..=u8::MAX {
                    let value = Value::known(F::from(u64::from(byte)));
                    table.assign_cell(|| "byte", self.table, usize::from(byte), || value)?;
                }
                Ok(())
            },
        )
    }

    /// Witnesses a value below `2^bits`.
    ///
    /// # Errors
    /// When `bits` is no multiple of [`LIMB_BITS`], or rows run out.
    pub fn witness<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        value: Value<F>,
        bits: u32,
        zero: &AssignedCell<F, F>,
    ) -> Result<Ranged<F>, Error> {
        self.decompose(layouter, name, value, None, bits, zero)
    }

    /// Constrains a cell to be below `2^bits`.
    ///
    /// # Errors
    /// When `bits` is no multiple of [`LIMB_BITS`], or rows run out.
    pub fn check<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        cell: &AssignedCell<F, F>,
        bits: u32,
        zero: &AssignedCell<F, F>,
    ) -> Result<Ranged<F>, Error> {
        self.decompose(layouter, name, cell.value().copied(), Some(cell), bits, zero)
    }

    fn decompose<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        value: Value<F>,
        copied: Option<&AssignedCell<F, F>>,
        bits: u32,
        zero: &AssignedCell<F, F>,
    ) -> Result<Ranged<F>, Error> {
        if bits == 0 || !bits.is_multiple_of(LIMB_BITS) || bits > MAX_BITS {
            return Err(Error::Synthesis);
        }
        let limbs = (bits / LIMB_BITS) as usize;
        let name = &format!("{name}: range {bits}");
        let value = hook::value(name, || "z 0".to_owned(), value);
        let sums = value.map(|value| {
            let mut sums = running_sums(&value, limbs);
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = hook::element(name, || format!("z {}", i + 1), *sum);
            }
            sums
        });
        layouter.assign_region(
            || name,
            |mut region| {
                let cell = match copied {
                    Some(cell) => copy_into(&mut region, name, "z 0", cell, value, (self.z, 0))?,
                    None => region.assign_advice(|| "z 0", self.z, 0, || value)?,
                };
                for i in 0..limbs {
                    if !hook::dropped(name, || "lookups".to_owned()) {
                        self.q_byte.enable(&mut region, i)?;
                    }
                    let sum = sums.as_ref().map(|sums| sums[i]);
                    let next =
                        region.assign_advice(|| format!("z {}", i + 1), self.z, i + 1, || sum)?;
                    if i + 1 == limbs && !hook::dropped(name, || "copy zero".to_owned()) {
                        region.constrain_equal(next.cell(), zero.cell())?;
                    }
                }
                Ok(Ranged { cell, bits })
            },
        )
    }
}

/// `z_1 .. z_limbs` of a value; the last is zero exactly when it is in range.
fn running_sums<F: MarginField>(value: &F, limbs: usize) -> Vec<F> {
    let bytes = value.to_le_bytes();
    (1..=limbs)
        .map(|i| {
            let mut shifted = [0; 32];
            shifted[..32 - i].copy_from_slice(&bytes[i..]);
            F::from_le_bytes(&shifted).unwrap_or(F::ZERO)
        })
        .collect()
}
