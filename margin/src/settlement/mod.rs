//! Settlement margin: options charged one by one, but no expiry for more than it can
//! lose when it settles.
//!
//! The regime of option venues beside their portfolio margin, as Derive's
//! `StandardManager` has it. Every instrument has one [`SettlementRow`] in the public
//! table: what a lot is worth and what it is charged, and of an option its strike.
//! [`SettlementMargin::assess`] does the rest in exact integers.
//!
//! With `a` the lots, everything in whole quote units, prices per lot, and for a level:
//!
//! ```text
//! alone_e    = sum of |a| charge                  over the short options of expiry e
//! V_e(P)     = sum of a max(0, P - strike)        over its calls
//!            + sum of a max(0, strike - P)        over its puts
//! loss_e     = max(0, -V_e(0), -V_e(strike))      over all its strikes
//! naked_e    = max(0, -sum of a unpaired)         over its calls
//! options    = sum of min(alone_e, loss_e + naked_e)
//! needed     = options + sum of |a| extra         over the short options
//!            + sum of |a| charge                  over all else
//!            and of initial margin what is reserved for open orders
//! worth      = cash + sum of a mark               over all but options
//! equity     = worth + sum of a mark              over the options
//! ```
//!
//! Between two strikes `V_e` is linear, so that no other price loses more; above the
//! highest it falls only with calls that are short and covered by none, which are
//! charged on the forward. Options are worth nothing to margin: a charge has the mark
//! in it. Nobody owes more than the account has while *equity* is not negative, which
//! is what the level *margin-call* asks. Nothing is rounded but the shortfall, up.
//!
//! An expiry's options are neighbours, its strikes ascending, because their identifiers
//! say so ([`option_id`]): one pass over the positions sees every expiry whole, and the
//! value at each strike follows from sums of those before it.

mod account;
mod id;
mod relation;
mod row;

pub use account::{ExpiryMargin, MAX_LOTS, MIN_LOTS, SettlementMargin};
pub use id::{
    EXPIRY_BITS, OPTION_BIT, OptionKey, RANK_BITS, STRIKE_BITS, UNDERLYING_BITS, expiry_of,
    option_id, other_id,
};
pub use relation::{Settlement, SettlementSlot, SettlementWitness, terms};
pub use row::{
    Charges, InvalidRow, OptionType, ROW_E0, ROW_E1, RowKind, SettlementRow, VALUE_BITS,
};

/// Lots are at most two to this, either way.
pub const LOT_BITS: u32 = 32;
/// Most positions of an account.
pub const MAX_POSITIONS: usize = 128;
/// Sums of lots times a figure of a row are below two to this, either way: 128
/// positions of `2^32` lots and figures below `2^48`.
pub const SUM_BITS: u32 = 88;
