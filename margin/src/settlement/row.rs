//! One row of the table: an instrument, what it is worth and what it is charged.

use crate::field::MarginField;
use crate::ids::InstrumentId;
use crate::poseidon::{Domain, RATE, hash};
use crate::settlement::expiry_of;
use crate::standard::RowOffsets;

/// Figures of a row are below two to this, in quote units per lot.
pub const VALUE_BITS: u32 = 48;

/// First element: instrument (64), is long only (8), is a call (8), mark, strike and
/// the extra charge (48 each): 224 bits.
pub const ROW_E0: RowOffsets<6> = RowOffsets { bits: [0, 64, 72, 80, 128, 176] };
/// Second element: maintenance and initial charge, those of a call that none covers
/// (48 each): 192 bits.
pub const ROW_E1: RowOffsets<4> = RowOffsets { bits: [0, 48, 96, 144] };

/// Call or put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionType {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

/// What an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// An option.
    Option {
        /// Call or put.
        option_type: OptionType,
        /// What a lot's coins cost at the strike.
        strike: u64,
    },
    /// A contract that can be long and short: its profit is in the position's cash.
    Contract,
    /// Collateral, which cannot be short.
    Collateral,
}

/// Charges of both levels on a lot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// Of maintenance margin.
    pub maintenance: u64,
    /// Of initial margin.
    pub initial: u64,
}

/// A row of the table. Figures are quote units per lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlementRow {
    instrument: InstrumentId,
    kind: RowKind,
    mark: u64,
    charges: Charges,
    unpaired: Charges,
    extra: u64,
}

/// Why there is no such row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRow {
    /// A figure of `2^48` or more.
    #[error("a figure of {0} quote units a lot: allowed are less than 2^48")]
    Range(u64),
    /// An option without an option's identifier, or another instrument with one.
    #[error("the identifier is not one of its kind")]
    Identifier,
    /// What only options, or only calls, are charged.
    #[error("a charge on calls of a row that is no call's, or an extra charge on no option")]
    Charge,
}

impl SettlementRow {
    /// A row: its mark; charges on a lot, of options on a short one with the mark in
    /// them; charges on a short call that no call covers; and what initial margin has
    /// on top for every short option lot, whatever its expiry can lose.
    ///
    /// # Errors
    /// When a figure is out of range, is charged that the kind does not know, or the
    /// identifier is another kind's.
    pub fn new(
        (instrument, kind): (InstrumentId, RowKind),
        mark: u64,
        charges: Charges,
        (unpaired, extra): (Charges, u64),
    ) -> Result<Self, InvalidRow> {
        let row = Self { instrument, kind, mark, charges, unpaired, extra };
        let figures = [mark, row.strike(), extra].into_iter().chain(row.all_charges());
        if let Some(figure) = figures.into_iter().find(|figure| figure >> VALUE_BITS != 0) {
            return Err(InvalidRow::Range(figure));
        }
        if row.is_option() != expiry_of(instrument).is_some() {
            return Err(InvalidRow::Identifier);
        }
        let known =
            (row.is_call() || unpaired == Charges::default()) && (row.is_option() || extra == 0);
        if known { Ok(row) } else { Err(InvalidRow::Charge) }
    }

    /// The instrument.
    pub const fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// What it is.
    pub const fn kind(&self) -> RowKind {
        self.kind
    }

    /// What a lot is worth; zero for contracts.
    pub const fn mark(&self) -> u64 {
        self.mark
    }

    /// Charged per lot, of options per short lot.
    pub const fn charges(&self) -> Charges {
        self.charges
    }

    /// Charged per short call lot that no call of its expiry covers.
    pub const fn unpaired(&self) -> Charges {
        self.unpaired
    }

    /// Of initial margin, per short option lot, on top.
    pub const fn extra(&self) -> u64 {
        self.extra
    }

    /// Whether it is an option's.
    pub const fn is_option(&self) -> bool {
        matches!(self.kind, RowKind::Option { .. })
    }

    /// Whether it is a call's.
    pub const fn is_call(&self) -> bool {
        matches!(self.kind, RowKind::Option { option_type: OptionType::Call, .. })
    }

    /// Whether it cannot be short.
    pub const fn is_long_only(&self) -> bool {
        matches!(self.kind, RowKind::Collateral)
    }

    /// The strike, zero for what is no option.
    pub const fn strike(&self) -> u64 {
        match self.kind {
            RowKind::Option { strike, .. } => strike,
            _ => 0,
        }
    }

    fn all_charges(&self) -> [u64; 4] {
        let (of, unpaired) = (self.charges, self.unpaired);
        [of.maintenance, of.initial, unpaired.maintenance, unpaired.initial]
    }

    /// The row's digest, a leaf of the market tree.
    pub fn leaf<F: MarginField>(&self) -> F {
        let [e0, e1] = self.elements();
        let mut message = [F::ZERO; RATE];
        (message[0], message[1]) = (e0, e1);
        hash(Domain::SettlementRow, message)
    }

    /// The row packed into two elements; see [`ROW_E0`] and [`ROW_E1`].
    pub fn elements<F: MarginField>(&self) -> [F; 2] {
        let e0 = [
            self.instrument.get(),
            self.is_long_only().into(),
            self.is_call().into(),
            self.mark,
            self.strike(),
            self.extra,
        ];
        [pack(ROW_E0.bits, e0), pack(ROW_E1.bits, self.all_charges())]
    }
}

/// Sums `field << offset`.
fn pack<F: MarginField, const N: usize>(offsets: [u32; N], fields: [u64; N]) -> F {
    offsets.into_iter().zip(fields).fold(F::ZERO, |sum, (bits, field)| {
        sum + F::from(field) * F::from(2).pow_vartime([u64::from(bits)])
    })
}
