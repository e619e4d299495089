//! What is claimed: each statement once, for every family of margin models.
//!
//! A [family](crate::relation::MarginFamily) turns slots into figures; a statement
//! says what a proof shows of them.
//!
//! | statement | says | public inputs |
//! |---|---|---|
//! | [`margin`] | an account meets a level, or is below it | [`MarginInstance`](crate::instance::MarginInstance) |
//! | [`transition`] | one portfolio becomes another, and that meets a level, is healthier, or cures a breach | [`TransitionInstance`](transition::TransitionInstance) |

pub mod margin;
pub mod transition;
