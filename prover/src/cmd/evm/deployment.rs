//! Deployments on record, and the chain they are on.

use std::fmt;
use std::str::FromStr;

use alloy_rpc_types_eth::TransactionReceipt;
use alloy_sol_types::SolCall;
use alloy_sol_types::private::{Address, B256};
use serde::{Deserialize, Serialize, Serializer};
use zkmargin_evm::contracts::MarginCallRegistry as registry;
use zkmargin_margin::ids::ContextId;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_margin::srs::SrsMark;
use zkmargin_prover::files::Source;
use zkmargin_prover::json;

use super::chain::{Chain, RpcArgs};
use super::error::EvmError;
use super::signer::SignerArgs;
use crate::error::Error;
use crate::input::parse_source;

/// Version of deployment files.
pub(super) const VERSION: u16 = 1;

/// A circuit that contracts verify, such as `scenario-medium`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CircuitName {
    pub(crate) family: Family,
    pub(crate) shape: Shape,
}

impl fmt::Display for CircuitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.family, self.shape)
    }
}

impl FromStr for CircuitName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ALLOWED: &str =
            "allowed are standard or scenario, and small, medium or large: as in standard-small";
        let (family, shape) = text.split_once('-').ok_or(ALLOWED)?;
        Ok(Self {
            family: family.parse().map_err(|_| ALLOWED)?,
            shape: shape.parse().map_err(|_| ALLOWED)?,
        })
    }
}

impl Serialize for CircuitName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A deployment file: where the contracts are, and what of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deployment {
    pub(super) version: u16,
    pub(super) chain: u64,
    pub(super) protocol: String,
    pub(super) context: ContextId,
    pub(super) registry: Address,
    /// Block that the registry was deployed in.
    pub(super) block: u64,
    /// Whether it is for tests.
    pub(super) insecure_dev_srs: bool,
    pub(super) verifiers: Vec<DeployedVerifier>,
}

/// A verifier that the registry accepts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeployedVerifier {
    pub(super) family: Family,
    pub(super) shape: Shape,
    /// Digest of the verifying key.
    pub(super) circuit: B256,
    /// The powers of tau, as proofs name them.
    pub(super) srs: String,
    pub(super) address: Address,
}

impl DeployedVerifier {
    pub(super) fn name(&self) -> CircuitName {
        CircuitName { family: self.family, shape: self.shape }
    }
}

impl Deployment {
    /// The verifier of proofs of a circuit under these powers of tau.
    pub(super) fn verifier(
        &self,
        circuit: CircuitName,
        srs: SrsMark,
    ) -> Result<&DeployedVerifier, EvmError> {
        let wanted = srs.to_string();
        let fits = |known: &&DeployedVerifier| known.name() == circuit && known.srs == wanted;
        self.verifiers.iter().find(fits).ok_or(EvmError::NoVerifier { circuit, srs })
    }
}

/// A deployment on a chain.
#[derive(Debug, clap::Args)]
pub(crate) struct DeploymentArgs {
    /// The deployment, as `zkmargin evm deploy` wrote it
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, env = "ZKMARGIN_DEPLOYMENT", hide_env_values = true)]
    deployment: Source,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// A deployment on a chain, and who sends to it.
#[derive(Debug, clap::Args)]
pub(crate) struct SenderArgs {
    #[command(flatten)]
    deployment: DeploymentArgs,
    #[command(flatten)]
    signer: SignerArgs,
}

/// A registry that was found where its file says.
pub(super) struct Registry {
    pub(super) chain: Chain,
    pub(super) deployment: Deployment,
}

impl DeploymentArgs {
    /// The registry, to look at.
    pub(super) fn view(&self) -> Result<Registry, Error> {
        let deployment = load(&self.deployment)?;
        Ok(Registry { chain: self.rpc.view()?, deployment }.checked()?)
    }
}

impl SenderArgs {
    /// The registry, to send to.
    pub(super) fn open(&self) -> Result<Registry, Error> {
        let deployment = load(&self.deployment.deployment)?;
        let terms = self.signer.terms(deployment.chain);
        let chain = self.deployment.rpc.send_as(self.signer.signer()?, terms)?;
        Ok(Registry { chain, deployment }.checked()?)
    }
}

impl Registry {
    /// Refuses another chain, and what is no registry or another.
    fn checked(self) -> Result<Self, EvmError> {
        let (expected, found) = (self.deployment.chain, self.chain.id()?);
        if expected != found {
            return Err(EvmError::WrongChain { expected, found });
        }
        let (expected, found) = (self.deployment.context, self.context()?);
        if expected != found {
            return Err(EvmError::WrongContext { expected, found });
        }
        Ok(self)
    }

    fn context(&self) -> Result<ContextId, EvmError> {
        let address = self.deployment.registry;
        context(&self.chain, address)
    }

    pub(super) fn send(&self, call: &impl SolCall) -> Result<TransactionReceipt, EvmError> {
        self.chain.send(self.deployment.registry, call)
    }

    pub(super) fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, EvmError> {
        self.chain.read(self.deployment.registry, call)
    }
}

/// Reads a deployment file.
pub(super) fn load(file: &Source) -> Result<Deployment, Error> {
    let parsed = json::parse(&file.read()?);
    Ok(parsed.map_err(|source| EvmError::Deployment { path: file.to_string(), source })?)
}

/// The context that a registry derives.
pub(super) fn context(chain: &Chain, address: Address) -> Result<ContextId, EvmError> {
    let found = chain.read(address, &registry::CONTEXTCall {})?;
    let mut bytes = [0; 32];
    bytes[1..].copy_from_slice(found.as_slice());
    ContextId::from_be_bytes(&bytes).ok_or(EvmError::Unreadable(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circuits_have_names() {
        for family in [Family::Standard, Family::Scenario] {
            for shape in Shape::ALL {
                let name = CircuitName { family, shape };
                assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
        for text in ["", "small", "standard", "standard-", "standard-tiny", "margin-small"] {
            assert!(text.parse::<CircuitName>().is_err(), "{text}");
        }
    }
}
