//! Contracts on a real node, driven by the command.
//!
//! Needs anvil: `npm ci --ignore-scripts` in `verifier/contracts` brings it,
//! `ZKMARGIN_ANVIL` names another. Without it the tests say so and pass, unless
//! `ZKMARGIN_REQUIRE_ANVIL` is set, as it is where everything is checked.

mod changes;
mod demo;
mod deployment;
mod escrows;
mod node;
mod refusals;
mod stage;
mod story;
mod surroundings;
mod venues;
