//! One row of the scenario table: an instrument under every scenario.

use alloc::vec::Vec;

use super::units::{ExpiryKey, Fine, LotCharge, LotFee, LotValue, Underlying};
use super::{BASIS, MARK, SCENARIOS, VALUES};
use crate::field::MarginField;
use crate::ids::InstrumentId;
use crate::poseidon::{Domain, hash_chain};
use crate::standard::RowOffsets;

/// Bits between the values of an element.
pub const LIMB_BITS: u32 = 84;
/// Values in an element.
const LIMBS: usize = 3;
// The values of a row are whole elements.
const _: () = assert!(VALUES.is_multiple_of(LIMBS));
/// Elements of the values.
pub const VALUE_ELEMENTS: usize = VALUES / LIMBS;
/// Elements of a row: identity, expiry, charges, values.
pub const ROW_ELEMENTS: usize = 3 + VALUE_ELEMENTS;

/// First element: instrument (64), is an option (8), has an expiry (8), is long
/// only (8), delta is negative (8), fee on options (48), delta's notional
/// without its sign (48), underlying (8): 200 bits. A row of the first underlying is
/// the same whether its market has a second.
pub const ROW_E0: RowOffsets<8> = RowOffsets { bits: [0, 64, 72, 80, 88, 96, 144, 192] };
/// Second element, zero without an expiry: key (16), long discount (48), short
/// discount (48), basis weight (48), confidence fee (48).
pub const GROUP: RowOffsets<5> = RowOffsets { bits: [0, 16, 64, 112, 160] };

/// What counts for all options and futures of an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupTerms {
    /// The expiry.
    pub key: ExpiryKey,
    /// Factor on a sum of option values that is not negative, rounded down.
    pub long_discount: Fine,
    /// Factor on a negative sum of option values, rounded up.
    pub short_discount: Fine,
    /// Weight of the basis loss, rounded up.
    pub basis_weight: Fine,
    /// Initial charge per option lot, long or short, where the confidence in
    /// the expiry's feeds is low.
    pub confidence_fee: LotFee,
}

/// What a row's values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// An option. The scenarios are its dampened values; its expiry sums them
    /// up, discounts the sum by its sign and takes off the dampened marks.
    Option {
        /// Its expiry.
        group: GroupTerms,
        /// What a lot is worth.
        mark: LotValue,
        /// Change of the mark with the basis up and down.
        basis: [LotValue; 2],
    },
    /// A dated future. The scenarios are its dampened profit and loss.
    Future {
        /// Its expiry, where it counts for the basis.
        group: GroupTerms,
        /// Profit and loss with the basis up and down.
        basis: [LotValue; 2],
    },
    /// A perpetual. The scenarios are its dampened profit and loss.
    Perpetual {
        /// The least initial charge per option lot while the perpetual is
        /// held: it can lower the options' confidence.
        options_fee: LotFee,
    },
    /// Collateral, which cannot be owed. The scenarios are its dampened profit
    /// and loss.
    Collateral {
        /// What a lot is worth.
        mark: LotValue,
    },
}

/// Charges per lot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// Of both margins.
    pub maintenance: LotCharge,
    /// Of initial margin, on top.
    pub initial: LotCharge,
}

/// A row of the scenario table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScenarioRow {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Whose sums it counts in.
    pub underlying: Underlying,
    /// What the values mean.
    pub kind: RowKind,
    /// Charged per lot, long or short, what rounding must cover included.
    pub charges: Charges,
    /// Notional of a lot's delta, for the minimum charge; zero where the model
    /// has none.
    pub delta: LotValue,
    /// Per lot and scenario, dampened and rounded to the nearest.
    pub scenarios: [LotValue; SCENARIOS],
}

impl ScenarioRow {
    /// The row's expiry.
    pub const fn group(&self) -> Option<&GroupTerms> {
        match &self.kind {
            RowKind::Option { group, .. } | RowKind::Future { group, .. } => Some(group),
            RowKind::Perpetual { .. } | RowKind::Collateral { .. } => None,
        }
    }

    /// Whether the row is an option's.
    pub const fn is_option(&self) -> bool {
        matches!(self.kind, RowKind::Option { .. })
    }

    /// Whether the instrument cannot be short.
    pub const fn is_long_only(&self) -> bool {
        matches!(self.kind, RowKind::Collateral { .. })
    }

    /// What a lot is worth: zero for perpetuals and futures, whose profit is
    /// in the position's cash.
    pub const fn mark(&self) -> LotValue {
        match self.kind {
            RowKind::Option { mark, .. } | RowKind::Collateral { mark } => mark,
            RowKind::Future { .. } | RowKind::Perpetual { .. } => LotValue::ZERO,
        }
    }

    /// Profit and loss with the basis up and down.
    pub const fn basis(&self) -> [LotValue; 2] {
        match self.kind {
            RowKind::Option { basis, .. } | RowKind::Future { basis, .. } => basis,
            RowKind::Perpetual { .. } | RowKind::Collateral { .. } => [LotValue::ZERO; 2],
        }
    }

    /// The fee on options of a perpetual, zero for all others.
    pub const fn options_fee(&self) -> LotFee {
        match self.kind {
            RowKind::Perpetual { options_fee } => options_fee,
            _ => LotFee::ZERO,
        }
    }

    /// All values: scenarios, mark, basis up and down.
    pub fn values(&self) -> [i64; VALUES] {
        core::array::from_fn(|i| match i {
            MARK => self.mark().get(),
            i if i == BASIS[0] => self.basis()[0].get(),
            i if i == BASIS[1] => self.basis()[1].get(),
            i => self.scenarios[i].get(),
        })
    }

    /// The row's digest, a leaf of the market tree.
    pub fn leaf<F: MarginField>(&self) -> F {
        hash_chain((Domain::ScenarioRow, Domain::ScenarioRowNext), &self.elements::<F>())
    }

    /// The row packed: see [`ROW_E0`] and [`GROUP`], then the charges
    /// (maintenance, initial), then the values, three to an element.
    pub fn elements<F: MarginField>(&self) -> [F; ROW_ELEMENTS] {
        let delta = self.delta.get();
        let e0 = pack(
            ROW_E0.bits,
            [
                self.instrument.get(),
                self.is_option().into(),
                self.group().is_some().into(),
                self.is_long_only().into(),
                (delta < 0).into(),
                self.options_fee().get(),
                delta.unsigned_abs(),
                self.underlying.get().into(),
            ],
        );
        let group = self.group().map_or(F::ZERO, GroupTerms::element);
        let values: Vec<F> = self.values().chunks(LIMBS).map(pack_limbs).collect();
        core::array::from_fn(|i| match i {
            0 => e0,
            1 => group,
            2 => self.charges.element(),
            i => values[i - 3],
        })
    }
}

impl GroupTerms {
    /// The terms packed into one element; see [`GROUP`].
    pub fn element<F: MarginField>(&self) -> F {
        let fields = [
            self.key.get().into(),
            self.long_discount.get(),
            self.short_discount.get(),
            self.basis_weight.get(),
            self.confidence_fee.get(),
        ];
        pack(GROUP.bits, fields)
    }
}

impl Charges {
    /// Both charges in one element.
    pub fn element<F: MarginField>(&self) -> F {
        pack_limbs(&[self.maintenance.get(), self.initial.get()])
    }
}

/// Signed values in one element, the first lowest.
pub fn pack_limbs<F: MarginField>(values: &[i64]) -> F {
    let base = F::from(2).pow_vartime([u64::from(LIMB_BITS)]);
    values.iter().rev().fold(F::ZERO, |sum, value| sum * base + F::from_i128(i128::from(*value)))
}

/// Sums `field << offset`.
fn pack<F: MarginField, const N: usize>(offsets: [u32; N], fields: [u64; N]) -> F {
    offsets.into_iter().zip(fields).fold(F::ZERO, |sum, (bits, field)| {
        sum + F::from(field) * F::from(2).pow_vartime([u64::from(bits)])
    })
}
