//! The contracts' interfaces and code, as compiled into
//! `verifier/contracts/artifacts`: a module per contract, with a type per
//! function, event and error.
#![allow(missing_docs, clippy::all, unreachable_pub)] // Generated.

use alloy_sol_types::sol;

sol!(MarginRoles, "../contracts/artifacts/MarginRoles.json");
sol!(MarginMarkets, "../contracts/artifacts/MarginMarkets.json");
sol!(MarginProofGate, "../contracts/artifacts/MarginProofGate.json");
sol!(MarginOperators, "../contracts/artifacts/MarginOperators.json");
sol!(MarginCallRegistry, "../contracts/artifacts/MarginCallRegistry.json");
sol!(MarginBonds, "../contracts/artifacts/MarginBonds.json");
sol!(MarginPaths, "../contracts/artifacts/MarginPaths.json");
sol!(MarginLendingVault, "../contracts/artifacts/MarginLendingVault.json");

sol! {
    /// What the gate asks of a generated verifier.
    interface MarginVerifier {
        function CIRCUIT() external view returns (bytes32);
        function PROOF_LENGTH() external view returns (uint256);
        function INSECURE_DEV_SRS() external view returns (bool);
    }
}
