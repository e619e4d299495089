//! The contracts' interfaces and code, as compiled into
//! `artifacts`: a module per contract, with a type per
//! function, event and error.
#![allow(missing_docs, clippy::all, unreachable_pub)] // Generated.

use alloy_sol_types::sol;

sol!(MarginRoles, "artifacts/MarginRoles.json");
sol!(MarginMarkets, "artifacts/MarginMarkets.json");
sol!(MarginProofGate, "artifacts/MarginProofGate.json");
sol!(MarginOperators, "artifacts/MarginOperators.json");
sol!(MarginCallRegistry, "artifacts/MarginCallRegistry.json");
sol!(MarginBonds, "artifacts/MarginBonds.json");
sol!(MarginPaths, "artifacts/MarginPaths.json");
sol!(MarginChanges, "artifacts/MarginChanges.json");
sol!(MarginEscrows, "artifacts/MarginEscrows.json");
sol!(MarginVenueBatches, "artifacts/MarginVenueBatches.json");
sol!(MarginPriceCheck, "artifacts/MarginPriceCheck.json");
sol!(MarginRowChallenge, "artifacts/MarginRowChallenge.json");
sol!(MarginLendingVault, "artifacts/MarginLendingVault.json");

sol! {
    /// What the gate asks of a generated verifier.
    interface MarginVerifier {
        function CIRCUIT() external view returns (bytes32);
        function PROOF_LENGTH() external view returns (uint256);
        function INSECURE_DEV_SRS() external view returns (bool);
    }
}

/// Verifiers generated from keys under the **insecure** powers of tau of `zkmargin srs
/// dev`, as compiled.
#[cfg(feature = "dev")]
pub mod dev {
    /// Of the small standard circuit.
    pub const STANDARD_SMALL: &[u8] = include_bytes!("artifacts/VerifierStandardSmall.json");
    /// Of the medium standard circuit.
    pub const STANDARD_MEDIUM: &[u8] = include_bytes!("artifacts/VerifierStandardMedium.json");
    /// Of the large standard circuit.
    pub const STANDARD_LARGE: &[u8] = include_bytes!("artifacts/VerifierStandardLarge.json");
    /// Of the small scenario circuit.
    pub const SCENARIO_SMALL: &[u8] = include_bytes!("artifacts/VerifierScenarioSmall.json");
    /// Of the medium scenario circuit.
    pub const SCENARIO_MEDIUM: &[u8] = include_bytes!("artifacts/VerifierScenarioMedium.json");
    /// Of the large scenario circuit.
    pub const SCENARIO_LARGE: &[u8] = include_bytes!("artifacts/VerifierScenarioLarge.json");
    /// Of the small simulation circuit.
    pub const SIMULATION_SMALL: &[u8] = include_bytes!("artifacts/VerifierSimulationSmall.json");
}
