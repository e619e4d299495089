//! Identifiers that say where an option stands.

use crate::ids::InstrumentId;

/// Set in the identifiers of options, and in no others.
pub const OPTION_BIT: u32 = 63;
/// Bits of an underlying's code.
pub const UNDERLYING_BITS: u32 = 19;
/// Bits of an expiry, in hours since 1970: up to the year 2089.
pub const EXPIRY_BITS: u32 = 20;
/// Bits of a strike's code.
pub const STRIKE_BITS: u32 = 23;
/// Bits below those that say the underlying and the expiry: the strike's code, and
/// whether the option is a put.
pub const RANK_BITS: u32 = STRIKE_BITS + 1;

/// What identifies an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OptionKey {
    /// A number of the underlying, which a model gives to no other.
    pub underlying: u32,
    /// Hours since 1970.
    pub hours: u32,
    /// A number that ascends with the strike, among the options of an expiry.
    pub strike: u32,
    /// Whether it is a put.
    pub is_put: bool,
}

/// The identifier of an option: expiries of an underlying ascend, then strikes, and of
/// one strike the call comes first. `None` where a part has too many bits.
pub fn option_id(key: OptionKey) -> Option<InstrumentId> {
    let OptionKey { underlying, hours, strike, is_put } = key;
    let fits = underlying >> UNDERLYING_BITS == 0
        && hours >> EXPIRY_BITS == 0
        && strike >> STRIKE_BITS == 0;
    let expiry = 1 << (UNDERLYING_BITS + EXPIRY_BITS)
        | u64::from(underlying) << EXPIRY_BITS
        | u64::from(hours);
    let rank = u64::from(strike) << 1 | u64::from(is_put);
    fits.then(|| InstrumentId::new(expiry << RANK_BITS | rank))
}

/// An identifier that is no option's, of one that may be.
pub fn other_id(id: InstrumentId) -> InstrumentId {
    InstrumentId::new(id.get() & !(1 << OPTION_BIT))
}

/// Which expiry of which underlying an option is of: what identifiers of one expiry
/// have in common. `None` for what is no option.
pub fn expiry_of(id: InstrumentId) -> Option<u64> {
    (id.get() >> OPTION_BIT == 1).then(|| id.get() >> RANK_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: OptionKey = OptionKey { underlying: 5, hours: 500_000, strike: 77, is_put: false };

    #[test]
    fn identifiers_ascend_by_expiry_strike_and_type() {
        let keys = [
            KEY,
            OptionKey { is_put: true, ..KEY },
            OptionKey { strike: 78, ..KEY },
            OptionKey { hours: 500_001, strike: 1, ..KEY },
            OptionKey { underlying: 6, hours: 3, ..KEY },
        ];
        let ids = keys.map(|key| option_id(key).unwrap());
        assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(expiry_of(ids[0]), expiry_of(ids[2]));
        assert!(ids.windows(2).skip(2).all(|pair| expiry_of(pair[0]) < expiry_of(pair[1])));
    }

    #[test]
    fn parts_that_do_not_fit_have_no_identifier() {
        for key in [
            OptionKey { underlying: 1 << UNDERLYING_BITS, ..KEY },
            OptionKey { hours: 1 << EXPIRY_BITS, ..KEY },
            OptionKey { strike: 1 << STRIKE_BITS, ..KEY },
        ] {
            assert_eq!(option_id(key), None);
        }
        let widest = OptionKey {
            underlying: (1 << UNDERLYING_BITS) - 1,
            hours: (1 << EXPIRY_BITS) - 1,
            strike: (1 << STRIKE_BITS) - 1,
            is_put: true,
        };
        assert_eq!(option_id(widest), Some(InstrumentId::new(u64::MAX)));
    }

    #[test]
    fn what_is_no_option_has_no_expiry() {
        let id = InstrumentId::new(u64::MAX);
        assert_eq!(expiry_of(other_id(id)), None);
        assert!(expiry_of(id).is_some());
    }
}
