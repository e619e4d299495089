//! The contracts that only tests have.
#![allow(clippy::all, unreachable_pub)] // Generated.

use alloy_sol_types::sol;

sol!(MockVerifier, "../contracts/artifacts/MockVerifier.json");
sol!(MockVenueVerifier, "../contracts/artifacts/MockVenueVerifier.json");
sol!(HostileHook, "../contracts/artifacts/HostileHook.json");
sol!(OpenGate, "../contracts/artifacts/OpenGate.json");
sol!(OpenRegistry, "../contracts/artifacts/OpenRegistry.json");
sol!(MockFeed, "../contracts/artifacts/MockFeed.json");
sol!(TestToken, "../contracts/artifacts/TestToken.json");
