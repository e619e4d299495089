//! Deployments on record, and the chain they are on.

use std::fmt;
use std::str::FromStr;

use alloy_sol_types::SolCall;
use alloy_sol_types::private::{Address, B256, FixedBytes};
use serde::{Deserialize, Serialize, Serializer};
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginMarkets as markets, MarginProofGate as gate,
};
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::ContextId;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_margin::srs::SrsMark;
use zkmargin_prover::files::Source;
use zkmargin_prover::json;
use zkmargin_verifier::proof::CircuitId;

use super::chain::{Chain, Outcome, RpcArgs};
use super::error::EvmError;
use super::signer::SignerArgs;
use crate::error::Error;
use crate::input::parse_source;

/// Version of deployment files.
pub(super) const VERSION: u16 = 2;

/// A circuit that contracts verify, such as `scenario-medium` or
/// `standard-small-wide`: the layout that costs least gas is not named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CircuitName {
    pub(crate) family: Family,
    pub(crate) shape: Shape,
    pub(crate) layout: ColumnLayout,
}

/// The layout of a circuit that does not name it.
const fn unnamed() -> ColumnLayout {
    ProofSystem::Kzg.usual_layout()
}

fn is_unnamed(layout: &ColumnLayout) -> bool {
    *layout == unnamed()
}

impl CircuitName {
    /// What its key is made for.
    pub(crate) fn parts(self) -> (Family, Shape, ColumnLayout) {
        (self.family, self.shape, self.layout)
    }
}

impl From<CircuitId> for CircuitName {
    fn from(circuit: CircuitId) -> Self {
        let CircuitId { family, shape, layout, .. } = circuit;
        Self { family, shape, layout }
    }
}

impl fmt::Display for CircuitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.family, self.shape)?;
        if is_unnamed(&self.layout) { Ok(()) } else { write!(f, "-{}", self.layout) }
    }
}

impl FromStr for CircuitName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ALLOWED: &str = "allowed are standard, scenario or simulation, and small, medium or large, or deep of simulation, huge, multi or multi-large of scenario, and wide behind it for the wide layout: as in standard-small, standard-small-wide";
        let (family, shape) = text.split_once('-').ok_or(ALLOWED)?;
        // A shape's name may have a hyphen of its own.
        let (shape, layout) = match (shape.parse(), shape.rsplit_once('-')) {
            (Ok(shape), _) => (shape, unnamed()),
            (Err(_), Some((shape, layout))) => {
                (shape.parse().map_err(|_| ALLOWED)?, layout.parse().map_err(|_| ALLOWED)?)
            }
            (Err(_), None) => return Err(ALLOWED),
        };
        let family = family.parse().map_err(|_| ALLOWED)?;
        let name = Self { family, shape, layout };
        // One spelling, of a circuit that there is.
        if name.to_string() == text && family.has(shape) { Ok(name) } else { Err(ALLOWED) }
    }
}

impl Serialize for CircuitName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A deployment file: where the contracts are, and what of. It is written as a
/// deployment goes on: what is missing is not there yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deployment {
    pub(super) version: u16,
    pub(super) chain: u64,
    pub(super) protocol: String,
    /// The market, once it is created.
    pub(super) context: Option<ContextId>,
    pub(super) contracts: Contracts,
    /// Block that the first contract was deployed in.
    pub(super) block: Option<u64>,
    /// Whether it is for tests.
    pub(super) insecure_dev_srs: bool,
    pub(super) verifiers: Vec<DeployedVerifier>,
    /// Who deployed it.
    pub(super) deployer: Address,
    /// Whether nothing is left to do.
    pub(super) complete: bool,
}

/// The contracts that are deployed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contracts {
    pub(super) roles: Option<Address>,
    pub(super) markets: Option<Address>,
    pub(super) gate: Option<Address>,
    pub(super) operators: Option<Address>,
    pub(super) registry: Option<Address>,
    /// Where the market demands escrows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) escrows: Option<Address>,
}

/// A complete deployment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) context: ContextId,
    pub(super) roles: Address,
    pub(super) markets: Address,
    pub(super) gate: Address,
    pub(super) operators: Address,
    pub(super) registry: Address,
    pub(super) block: u64,
}

/// A verifier that the registry accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeployedVerifier {
    pub(super) family: Family,
    pub(super) shape: Shape,
    /// Left out where it is the one that costs least gas.
    #[serde(default = "unnamed", skip_serializing_if = "is_unnamed")]
    pub(super) layout: ColumnLayout,
    /// Digest of the verifying key.
    pub(super) circuit: B256,
    /// The powers of tau, as proofs name them.
    pub(super) srs: String,
    pub(super) address: Address,
}

impl DeployedVerifier {
    pub(super) fn name(&self) -> CircuitName {
        CircuitName { family: self.family, shape: self.shape, layout: self.layout }
    }
}

impl Deployment {
    /// Where everything is, when it is there.
    pub(super) fn places(&self) -> Option<Places> {
        let Contracts { roles, markets, gate, operators, registry, .. } = self.contracts;
        Some(Places {
            context: self.context.filter(|_| self.complete)?,
            roles: roles?,
            markets: markets?,
            gate: gate?,
            operators: operators?,
            registry: registry?,
            block: self.block?,
        })
    }

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
    pub(super) at: Places,
    /// Who sends, if anybody.
    pub(super) sender: Option<Address>,
}

impl DeploymentArgs {
    /// The registry, to look at.
    pub(super) fn view(&self) -> Result<Registry, Error> {
        let (deployment, at) = load(&self.deployment)?;
        Ok(Registry { chain: self.rpc.view()?, deployment, at, sender: None }.checked()?)
    }
}

impl SenderArgs {
    /// The registry, to send to.
    pub(super) fn open(&self) -> Result<Registry, Error> {
        let (deployment, at) = load(&self.deployment.deployment)?;
        let (chain, from) = self.signer.connect(&self.deployment.rpc, deployment.chain)?;
        Ok(Registry { chain, deployment, at, sender: Some(from) }.checked()?)
    }
}

impl Registry {
    /// Refuses another chain, and what is no registry or another.
    fn checked(self) -> Result<Self, EvmError> {
        let (expected, found) = (self.deployment.chain, self.chain.id()?);
        if expected != found {
            return Err(EvmError::WrongChain { expected, found });
        }
        let name = self.deployment.protocol.clone();
        let call = markets::contextOfCall { name };
        let found = self.chain.read(self.at.markets, &call)?;
        let expected = self.at.context;
        if found != self.context() {
            return Err(EvmError::WrongContext { expected, found: found.to_string() });
        }
        // The registry is one on these markets.
        if self.read(&registry::MARKETSCall {})? != self.at.markets {
            return Err(EvmError::NotOurs(self.at.registry));
        }
        Ok(self)
    }

    /// The market, as the contracts name it.
    pub(super) fn context(&self) -> FixedBytes<31> {
        convert::context(self.at.context)
    }

    /// Sends to the registry.
    pub(super) fn send(&self, call: &impl SolCall) -> Result<Outcome, EvmError> {
        self.chain.send(self.at.registry, call)
    }

    /// Reads the registry.
    pub(super) fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, EvmError> {
        self.chain.read(self.at.registry, call)
    }

    /// The contracts that announce what happens: markets and registry, and what keeps
    /// changes and escrows where there is such a contract. One that the node does not tell
    /// is left out.
    pub(super) fn keepers(&self) -> Vec<Address> {
        let changes = self.chain.read(self.at.gate, &gate::changesCall {});
        let escrows = self.chain.read(self.at.gate, &gate::escrowsCall {});
        let beside = changes.into_iter().chain(escrows).filter(|at| !at.is_zero());
        [self.at.markets, self.at.registry].into_iter().chain(beside).collect()
    }

    /// Reads the markets.
    pub(super) fn market<C: SolCall>(&self, call: &C) -> Result<C::Return, EvmError> {
        self.chain.read(self.at.markets, call)
    }
}

/// Reads a deployment file, complete or not.
pub(super) fn read(file: &Source) -> Result<Deployment, Error> {
    let failed = |source| EvmError::Deployment { path: file.to_string(), source };
    let deployment: Deployment = json::parse(&file.read()?).map_err(failed)?;
    match deployment.version {
        VERSION => Ok(deployment),
        found => Err(EvmError::Version { path: file.to_string(), found }.into()),
    }
}

/// The layout of a circuit that a deployment verifies: the one that costs less gas
/// where it verifies both.
pub(crate) fn layout_of(
    file: &Source,
    family: Family,
    shape: Shape,
) -> Result<ColumnLayout, Error> {
    let deployment = read(file)?;
    let ours = |known: &&DeployedVerifier| (known.family, known.shape) == (family, shape);
    let layouts = deployment.verifiers.iter().filter(ours).map(|known| known.layout);
    let found = layouts.max_by_key(is_unnamed);
    let refused = || EvmError::NotVerified { path: file.to_string(), family, shape };
    Ok(found.ok_or_else(refused)?)
}

/// Reads the file of a complete deployment.
pub(super) fn load(file: &Source) -> Result<(Deployment, Places), Error> {
    let deployment = read(file)?;
    let at = deployment.places().ok_or_else(|| EvmError::Incomplete(file.to_string()))?;
    Ok((deployment, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circuits_have_names() {
        use Family::{Scenario, Settlement, Simulation, Standard};
        for family in [Standard, Scenario, Simulation, Settlement] {
            for shape in family.shapes().iter().copied() {
                for layout in ColumnLayout::ALL {
                    let name = CircuitName { family, shape, layout };
                    assert_eq!(name.to_string().parse(), Ok(name));
                }
            }
        }
        for text in ["", "small", "standard", "standard-", "standard-tiny", "margin-small"] {
            assert!(text.parse::<CircuitName>().is_err(), "{text}");
        }
        for text in
            ["standard-deep", "standard-small-", "standard-small-tall", "standard-small-Wide"]
        {
            assert!(text.parse::<CircuitName>().is_err(), "{text}");
        }
    }
}
