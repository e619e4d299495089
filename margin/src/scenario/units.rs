//! The numbers of rows and terms.

use crate::units::OutOfRange;

/// Numbers of `$inner` that satisfy a condition.
macro_rules! bounded {
    ($(
        $(#[$doc:meta])*
        $name:ident($inner:ty): $what:literal, $allowed:literal, |$value:ident| $condition:expr;
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name($inner);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);

            /// The number.
            ///
            /// # Errors
            #[doc = concat!("Outside of ", $allowed, ".")]
            pub const fn new($value: $inner) -> Result<Self, OutOfRange> {
                if $condition {
                    Ok(Self($value))
                } else {
                    Err(OutOfRange { what: $what, allowed: $allowed })
                }
            }

            /// The number.
            pub const fn get(self) -> $inner {
                self.0
            }
        }
    )+};
}

bounded! {
    /// Signed quote units per lot: a value, a profit, a delta's notional.
    LotValue(i64): "value per lot", "-2^45 to 2^45 quote units, both excluded",
        |value| value.unsigned_abs() < 1 << 45;
    /// Signed quote units charged per lot held or short. The sum of all lots'
    /// charges and of those on naked shorts stays below `2^84` in a limb.
    LotCharge(i64): "charge per lot", "-2^44 to 2^44 quote units, both excluded",
        |value| value.unsigned_abs() < 1 << 44;
    /// A charge per lot that is no credit, in quote units.
    LotFee(u64): "fee per lot", "0 to 2^45 - 1 quote units", |value| value < 1 << 45;
    /// A factor that is not negative, over [`FINE_ONE`](super::FINE_ONE): below 256.
    Fine(u64): "factor", "0 to 2^48 - 1 (a factor below 256)", |value| value < 1 << 48;
    /// A factor of either sign, over [`FINE_ONE`](super::FINE_ONE): below 256 either way.
    Rate(i64): "rate", "-2^48 to 2^48, both excluded (a factor below 256 either way)",
        |value| value.unsigned_abs() < 1 << 48;
    /// How often something counts.
    Times(u8): "multiple", "0 to 15", |value| value < 16;
    /// An amount of a whole account, in quote units.
    AccountUnits(u64): "amount of an account", "0 to 2^60 - 1 quote units",
        |value| value < 1 << 60;
    /// A factor on the worst loss, over [`FACTOR_ONE`](super::FACTOR_ONE): below 1099.
    LossFactor(u64): "loss factor", "0 to 2^40 - 1 (a factor below 1099)",
        |value| value < 1 << 40;
}

/// An expiry: its place in the table, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpiryKey(u16);

impl ExpiryKey {
    /// The expiry of a place.
    ///
    /// # Errors
    /// For zero, which in a row means that there is no expiry.
    pub const fn new(place: u16) -> Result<Self, OutOfRange> {
        match place {
            0 => Err(OutOfRange { what: "expiry key", allowed: "1 to 65535" }),
            _ => Ok(Self(place)),
        }
    }

    /// The place.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The place of an underlying among those of its market, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Underlying(u8);

impl Underlying {
    /// The only underlying of a market, or the first of two.
    pub const FIRST: Self = Self(0);
    /// The second of two.
    pub const SECOND: Self = Self(1);

    /// The underlying of a place.
    ///
    /// # Errors
    /// Beyond [`MAX_UNDERLYINGS`](super::MAX_UNDERLYINGS).
    pub const fn new(place: u8) -> Result<Self, OutOfRange> {
        match place {
            0 | 1 => Ok(Self(place)),
            _ => Err(OutOfRange { what: "underlying", allowed: "0 and 1" }),
        }
    }

    /// The place.
    pub const fn get(self) -> u8 {
        self.0
    }
}
