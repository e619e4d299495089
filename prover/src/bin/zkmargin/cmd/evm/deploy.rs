//! `zkmargin evm deploy`.

use std::path::PathBuf;
use std::str::FromStr;

use alloy_sol_types::private::Address;
use serde::Serialize;
use zkmargin_evm::artifact::creation_code;
use zkmargin_evm::dev;
use zkmargin_margin::ids::ContextId;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::files::Source;
use zkmargin_prover::human::duration;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::Policy;

use super::chain::{Planned, RpcArgs};
use super::deployment::{self, CircuitName, Contracts, DeployedVerifier, Deployment};
use super::error::EvmError;
use super::roles::Role;
use super::signer::SignerArgs;
use super::steps::Steps;
use crate::cmd::call::policy::{NOTE, PolicyArgs};
use crate::cmd::epoch::load_signers;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source, warn_of_insecure_srs};
use crate::params::exported_key;

/// Gas that a verifier is given, unless said otherwise.
pub(super) const VERIFIER_GAS: u32 = 600_000;

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(flatten)]
    rpc: RpcArgs,
    #[command(flatten)]
    signer: SignerArgs,
    /// The chain that the node must be of, by its identifier
    #[arg(long, value_name = "ID")]
    chain: Option<u64>,
    /// Name of the protocol, part of the context that proofs are made for
    #[arg(long, value_name = "NAME")]
    pub(super) protocol: String,
    /// Who signs epochs: {"threshold": 2, "signers": ["0x...", ...]}
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    signers: Source,
    /// Where the deployment is written down, as it goes on; one that was not finished
    /// is gone on with
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Begin anew, and overwrite the file if it is there
    #[arg(short, long)]
    force: bool,
    /// Accept a circuit by the verifier that comes with this program, under
    /// INSECURE powers of tau
    #[arg(
        long,
        value_name = "CIRCUIT",
        requires = "insecure_dev_srs",
        required_unless_present = "verifier"
    )]
    circuit: Vec<CircuitName>,
    /// Accept a circuit by the verifier compiled from `zkmargin evm export`
    #[arg(long, value_name = "CIRCUIT=FILE")]
    verifier: Vec<CompiledVerifier>,
    /// Gas that a verifier is given
    #[arg(long, value_name = "GAS", default_value_t = VERIFIER_GAS)]
    pub(super) verifier_gas: u32,
    #[command(flatten)]
    srs: SrsArgs,
    #[command(flatten)]
    pub(super) roles: RoleArgs,
    #[command(flatten)]
    pub(super) delays: Delays,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// Who may do what; all of it the account that deploys, unless said otherwise.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Roles")]
pub(super) struct RoleArgs {
    /// Administers the roles, adds circuits, accepts models: a multisig. It has to
    /// accept the administrator's role when the delay is over
    #[arg(long, value_name = "0x...")]
    pub(super) governor: Option<Address>,
    /// Subscribes to accounts: the protocol's contract
    #[arg(long, value_name = "0x...")]
    pub(super) operator: Option<Address>,
    /// Pauses, freezes circuits, rejects and confirms epochs
    #[arg(long, value_name = "0x...")]
    pub(super) guardian: Option<Address>,
}

/// How long what is announced waits. Under insecure powers of tau nothing waits,
/// unless said otherwise.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Delays")]
pub(super) struct Delays {
    /// Of a new administrator of the roles; two days
    #[arg(long, value_name = "SECONDS")]
    admin_delay: Option<u64>,
    /// Between a model's announcement and its acceptance; two days
    #[arg(long, value_name = "SECONDS")]
    model_notice: Option<u64>,
    /// Between a circuit's proposal and its activation; two days
    #[arg(long, value_name = "SECONDS")]
    circuit_delay: Option<u64>,
}

impl RoleArgs {
    /// What stays with the deployer. Who governs also administers the roles.
    fn kept(&self, deployer: Address) -> Vec<Role> {
        let holders = [
            (Role::Governor, self.governor),
            (Role::Guardian, self.guardian),
            (Role::Protocol, self.operator),
        ];
        let kept = holders.into_iter().filter(|(_, to)| to.is_none_or(|to| to == deployer));
        kept.map(|(role, _)| role).collect()
    }
}

impl Delays {
    /// Of the administrator, models and circuits.
    pub(super) fn resolved(&self, insecure: bool) -> [u64; 3] {
        let usual = if insecure { 0 } else { 172_800 };
        [self.admin_delay, self.model_notice, self.circuit_delay]
            .map(|given| given.unwrap_or(usual))
    }
}

/// A circuit with the file of its compiled verifier.
#[derive(Clone, Debug)]
struct CompiledVerifier {
    circuit: CircuitName,
    file: Source,
}

impl FromStr for CompiledVerifier {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (circuit, file) =
            text.split_once('=').ok_or("give a circuit and a file: standard-small=FILE")?;
        Ok(Self { circuit: circuit.parse()?, file: Source::from(file) })
    }
}

/// A verifier that is not on the chain yet.
pub(super) struct Prepared {
    pub(super) circuit: CircuitName,
    pub(super) key: VerifyingKey,
    pub(super) code: Vec<u8>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    // Refused here, not after paying for half of a deployment. The context is
    // the markets' to derive.
    let rules =
        args.policy.params(ContextId::derive(&args.protocol, 0, [0; 20]), ProofSystem::Kzg)?;
    let rules = Policy::new(rules)?.params().clone();
    let signers = load_signers(&args.signers)?;
    let prepared = prepared(args, env)?;
    let begun = args.begun()?;
    // Asked once: a node cannot have later transactions signed for another.
    let found = args.rpc.view()?.id()?;
    let expected = args.chain.unwrap_or(found);
    if found != expected {
        return Err(EvmError::WrongNode { expected, found }.into());
    }
    let (chain, from) = args.signer.connect(&args.rpc, found)?;
    let insecure = prepared.iter().any(|verifier| verifier.key.is_insecure());
    if insecure {
        warn_of_insecure_srs();
    }
    let fresh = Deployment {
        version: deployment::VERSION,
        chain: found,
        protocol: args.protocol.clone(),
        context: None,
        contracts: Contracts::default(),
        block: None,
        insecure_dev_srs: insecure,
        verifiers: Vec::new(),
        deployer: from,
        complete: false,
    };
    let state = match begun {
        Some(begun) => args.same(begun, &fresh)?,
        None => fresh,
    };
    let path = (!chain.is_plan()).then_some(args.output.as_path());
    let steps = Steps { args, rules: &rules, signers: &signers, chain: &chain, from, path, state };
    let state = env.progress.stage("deployment", || steps.run(prepared))?;
    let report = Report {
        handed_over: args.roles.governor.filter(|governor| *governor != from),
        kept: args.roles.kept(from),
        waits: args.delays.resolved(insecure)[2],
        admin_delay: args.delays.resolved(insecure)[0],
        planned: chain.planned(),
        deployment: state,
    };
    env.out.result(&report, Report::lines)?;
    Ok(Exit::Done)
}

impl Args {
    /// A deployment that was begun and not finished.
    fn begun(&self) -> Result<Option<Deployment>, Error> {
        if self.force || self.signer.is_dry() || !self.output.exists() {
            return Ok(None);
        }
        let begun = deployment::read(&Source::Path(self.output.clone()))?;
        match begun.complete {
            // Says that it is there and how to replace it.
            true => Err(zkmargin_prover::files::FileError::Exists(self.output.clone()).into()),
            false => Ok(Some(begun)),
        }
    }

    /// Refuses to go on with another deployment.
    fn same(&self, begun: Deployment, fresh: &Deployment) -> Result<Deployment, EvmError> {
        let differ = |what, expected: &dyn ToString, found: &dyn ToString| {
            let path = self.output.display().to_string();
            let (expected, found) = (expected.to_string(), found.to_string());
            Err(EvmError::OtherDeployment { path, what, expected, found })
        };
        if begun.chain != fresh.chain {
            return differ("chain", &fresh.chain, &begun.chain);
        }
        if begun.protocol != fresh.protocol {
            return differ("protocol", &fresh.protocol, &begun.protocol);
        }
        if begun.deployer != fresh.deployer {
            return differ("deployer", &fresh.deployer, &begun.deployer);
        }
        if begun.insecure_dev_srs != fresh.insecure_dev_srs {
            let (expected, found) = (fresh.insecure_dev_srs, begun.insecure_dev_srs);
            return differ("insecure_dev_srs", &expected, &found);
        }
        Ok(begun)
    }
}

/// Verifiers with the keys that they must be of.
fn prepared(args: &Args, env: Env) -> Result<Vec<Prepared>, Error> {
    let mut prepared = Vec::new();
    for &circuit in &args.circuit {
        let (key, code) = dev::verifier(circuit.parts())
            .map_err(|source| EvmError::Stored { circuit, source })?;
        prepared.push(Prepared { circuit, key, code });
    }
    for CompiledVerifier { circuit, file } in &args.verifier {
        let path = file.to_string();
        let code = creation_code(&file.read()?);
        let code = code.map_err(|source| EvmError::Artifact { path, source })?;
        let key = exported_key(circuit.parts(), args.srs.dev(), env)?;
        prepared.push(Prepared { circuit: *circuit, key, code });
    }
    Ok(prepared)
}

/// What was deployed, or would be.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    deployment: Deployment,
    /// To whom the roles are being handed over.
    handed_over: Option<Address>,
    /// What stays with the deployer.
    kept: Vec<Role>,
    #[serde(skip)]
    waits: u64,
    #[serde(skip)]
    admin_delay: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    planned: Vec<Planned>,
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let Deployment { contracts, context, chain, deployer, .. } = &self.deployment;
        let mut lines: Vec<String> = self.planned.iter().map(Planned::told).collect();
        if !lines.is_empty() {
            lines.push("NOTHING WAS SENT: this is what would be".to_owned());
        }
        lines.extend(contracts.registry.map(|at| format!("registry        {at}, chain {chain}")));
        lines.extend(context.map(|context| format!("context         {context}")));
        let verifier = |known: &DeployedVerifier| {
            format!("verifier        {}, {}", known.address, known.name())
        };
        lines.extend(self.deployment.verifiers.iter().map(verifier));
        if self.waits > 0 {
            lines.push(format!(
                "circuits wait   {}: activate them then, with `zkmargin evm circuits activate`",
                duration(self.waits)
            ));
        }
        if let Some(governor) = self.handed_over {
            let delay = duration(self.admin_delay);
            lines.push(format!(
                "roles           {governor} governs the market; it administers the roles once it has accepted that, {delay} from now: `zkmargin evm roles accept`"
            ));
        }
        if !self.kept.is_empty() {
            let kept: Vec<_> = self.kept.iter().map(ToString::to_string).collect();
            lines.push(format!(
                "roles           NOT GIVEN AWAY: {} stay with the deployer {deployer}; see `zkmargin evm roles`",
                kept.join(", ")
            ));
        }
        if self.deployment.insecure_dev_srs {
            lines.push("INSECURE: everybody can forge its proofs".to_owned());
        }
        lines
    }
}
