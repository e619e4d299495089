//! The proof of an escrow on record, read back from the transaction that brought it: a
//! member of the committee gives no part without one.

use std::path::PathBuf;

use alloy_sol_types::SolCall as _;
use alloy_sol_types::private::{B256, U256};
use zkmargin_evm::contracts::MarginEscrows as escrows;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::escrow::EscrowInstance;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::proof::{CircuitId, EscrowFile};

use super::deployment::{CircuitName, DeployedVerifier, Registry};
use super::error::EvmError;
use crate::error::Error;

/// Where the proof goes, and of which circuit it is.
#[derive(Debug, clap::Args)]
pub(super) struct ProofArgs {
    /// Where the proof goes, which members and liquidators verify: out of the transaction
    /// that brought the ciphertext
    #[arg(long, value_name = "FILE")]
    pub(super) proof: Option<PathBuf>,
    /// The circuit that the proof is of, as `deploy --circuit` names it; that of the
    /// deployment's only verifier, unless given
    #[arg(long, value_name = "FAMILY-SHAPE", requires = "proof")]
    circuit: Option<CircuitName>,
}

impl ProofArgs {
    /// The proof that a transaction brought. Nothing of it is believed here: whoever uses
    /// it verifies it.
    pub(super) fn read(&self, on: &Registry, hash: B256) -> Result<EscrowFile<Bn254Fr>, Error> {
        let input = on.chain.input(hash)?;
        let call = escrows::submitEscrowedCall::abi_decode(&input)
            .map_err(|_| EvmError::NotSentDirectly(hash))?;
        let rows = call.inputs.iter().flat_map(U256::to_be_bytes::<32>).collect::<Vec<_>>();
        let instance =
            EscrowInstance::from_bytes(&rows).map_err(|_| EvmError::NotSentDirectly(hash))?;
        let known = self.verifier(on)?;
        // What the file says of its powers of tau this program wrote.
        let mark: SrsMark = known.srs.parse().map_err(|_| EvmError::UnknownPowers)?;
        let CircuitName { family, shape, layout } = self.circuit.unwrap_or(known.name());
        let circuit = CircuitId { family, shape, layout, proof_system: ProofSystem::Kzg };
        let file = EscrowFile::new(circuit, Some(mark), instance, call.proof.to_vec());
        file.map_err(|error| Error::Proof {
            path: format!("the proof in transaction {hash}"),
            source: VerifyError::from(error),
        })
    }

    /// The deployment's verifier of margin proofs of the same circuit: the powers of tau of
    /// one ceremony are the same for all of its circuits.
    fn verifier<'a>(&self, on: &'a Registry) -> Result<&'a DeployedVerifier, EvmError> {
        match (on.deployment.verifiers.as_slice(), self.circuit) {
            ([], _) => Err(EvmError::UnknownPowers),
            ([first, ..], Some(_)) => Ok(first),
            ([only], None) => Ok(only),
            (several, None) => Err(EvmError::NotOneVerifier(several.len())),
        }
    }
}
