//! What a proof must be about, and what a verdict then rests on.
//!
//! A proof shows that a claim holds under roots, a model and a context that it
//! names itself. Who relies on it must say what those are ([`Told`]), in an epoch
//! file that enough signers signed or one by one; what is neither told nor waived
//! by name is no acceptance ([`Pins`]). The command and the page say the same
//! words ([`Pins::words`]).

mod freshness;
mod haircut;
mod netting;
mod rules;
mod told;
mod venue;
mod words;

pub use freshness::{Freshness, NotFresh, duration, parse_period, time};
pub use netting::VenuesError;
pub use rules::{Assurance, ClaimRule, Figure, Mismatch, Pins, Rule};
pub use told::{NotFreshAt, Told};
pub use words::{Assurances, Verdict, list};
