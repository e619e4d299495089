//! `zkmargin evm deploy`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use alloy_sol_types::SolConstructor as _;
use alloy_sol_types::private::{Address, B256, U256};
use zkmargin_evm::artifact::creation_code;
use zkmargin_evm::contracts::{MarginCallRegistry as registry, MarginVerifier as verifier};
use zkmargin_evm::{dev, engine as convert};
use zkmargin_margin::ids::ContextId;
use zkmargin_prover::files::{Kind, Source, write_atomic};
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::{Policy, PolicyParams};

use super::chain::{Chain, RpcArgs};
use super::deployment::{self, CircuitName, DeployedVerifier, Deployment};
use super::error::EvmError;
use super::signer::SignerArgs;
use crate::cli::Env;
use crate::cmd::call::policy::{NOTE, PolicyArgs};
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, refuse_existing, warn_of_insecure_srs};
use crate::params::exported_key;

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
    protocol: String,
    /// Where the deployment is written down
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Overwrite the file if it is there
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
    #[arg(long, value_name = "GAS", default_value_t = 600_000)]
    verifier_gas: u32,
    #[command(flatten)]
    srs: SrsArgs,
    #[command(flatten)]
    roles: RoleArgs,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// Who may do what; all of it the account that deploys, unless said otherwise.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Roles")]
struct RoleArgs {
    /// Administers the roles, adds circuits, accepts models: a multisig
    #[arg(long, value_name = "0x...")]
    governor: Option<Address>,
    /// Posts epochs
    #[arg(long, value_name = "0x...")]
    publisher: Option<Address>,
    /// Registers, closes and reinstates accounts
    #[arg(long, value_name = "0x...")]
    operator: Option<Address>,
    /// Pauses and resumes
    #[arg(long, value_name = "0x...")]
    guardian: Option<Address>,
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
struct Prepared {
    circuit: CircuitName,
    key: VerifyingKey,
    code: Vec<u8>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.output, args.force)?;
    // Refused here, not after paying for half of a deployment. The context is
    // the registry's to derive.
    let rules = args.policy.params(ContextId::derive(&args.protocol, 0, [0; 20]))?;
    let rules = Policy::new(rules)?.params().clone();
    let prepared = prepared(args, env)?;
    let signer = args.signer.signer()?;
    let from = signer.address();
    // Asked once: a node cannot have later transactions signed for another.
    let found = args.rpc.view()?.id()?;
    let expected = args.chain.unwrap_or(found);
    if found != expected {
        return Err(EvmError::WrongNode { expected, found }.into());
    }
    let chain = args.rpc.send_as(signer, args.signer.terms(found))?;
    if args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    let deployment = env
        .progress
        .stage("deployment", || deploy(args, &rules, &chain, prepared, (from, found)))?;
    write(&deployment, &args.output, args.force)?;
    env.out.result(&deployment, lines)?;
    Ok(Exit::Done)
}

/// Verifiers with the keys that they must be of.
fn prepared(args: &Args, env: Env) -> Result<Vec<Prepared>, Error> {
    let mut prepared = Vec::new();
    for &circuit in &args.circuit {
        let (key, code) = dev::verifier(circuit.family, circuit.shape)
            .map_err(|source| EvmError::Stored { circuit, source })?;
        prepared.push(Prepared { circuit, key, code });
    }
    for CompiledVerifier { circuit, file } in &args.verifier {
        let path = file.to_string();
        let code = creation_code(&file.read()?);
        let code = code.map_err(|source| EvmError::Artifact { path, source })?;
        let key = exported_key(circuit.family, circuit.shape, args.srs.dev(), env)?;
        prepared.push(Prepared { circuit: *circuit, key, code });
    }
    Ok(prepared)
}

fn deploy(
    args: &Args,
    rules: &PolicyParams,
    chain: &Chain,
    prepared: Vec<Prepared>,
    (from, id): (Address, u64),
) -> Result<Deployment, EvmError> {
    let insecure = prepared.iter().any(|verifier| verifier.key.is_insecure());
    let verifiers = prepared.into_iter().map(|verifier| deploy_verifier(chain, verifier));
    let verifiers = verifiers.collect::<Result<Vec<_>, _>>()?;
    let arguments = registry::constructorCall {
        policy: convert::policy(rules, &args.protocol),
        governor: from,
        insecureSrsAllowed: insecure,
    };
    let code = [registry::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let (address, receipt) = chain.create(code)?;
    for deployed in &verifiers {
        let add =
            registry::addCircuitCall { verifier: deployed.address, gasLimit: args.verifier_gas };
        chain.send(address, &add)?;
    }
    args.roles.grant(chain, address, from)?;
    Ok(Deployment {
        version: deployment::VERSION,
        chain: id,
        protocol: args.protocol.clone(),
        context: deployment::context(chain, address)?,
        registry: address,
        block: receipt.block_number.unwrap_or_default(),
        insecure_dev_srs: insecure,
        verifiers,
    })
}

/// The contract says which key it is of: it must be the circuit's. Whether its
/// code is what the generator makes of the key is for whoever compiled it.
fn deploy_verifier(chain: &Chain, prepared: Prepared) -> Result<DeployedVerifier, EvmError> {
    let Prepared { circuit, key, code } = prepared;
    let (address, _) = chain.create(code)?;
    let expected = B256::from(*key.digest().as_bytes());
    let found = chain.read(address, &verifier::CIRCUITCall {})?;
    let length = chain.read(address, &verifier::PROOF_LENGTHCall {})?;
    let insecure = chain.read(address, &verifier::INSECURE_DEV_SRSCall {})?;
    if found != expected || length != U256::from(key.proof_size()) || insecure != key.is_insecure()
    {
        return Err(EvmError::WrongVerifier { circuit, expected, found });
    }
    Ok(DeployedVerifier {
        family: circuit.family,
        shape: circuit.shape,
        circuit: found,
        srs: key.srs().to_string(),
        address,
    })
}

impl RoleArgs {
    fn grant(&self, chain: &Chain, to: Address, from: Address) -> Result<(), EvmError> {
        let grant = |role: B256, account: Option<Address>| {
            let account = account.unwrap_or(from);
            chain.send(to, &registry::grantRoleCall { role, account })
        };
        grant(chain.read(to, &registry::PUBLISHER_ROLECall {})?, self.publisher)?;
        grant(chain.read(to, &registry::PROTOCOL_ROLECall {})?, self.operator)?;
        grant(chain.read(to, &registry::GUARDIAN_ROLECall {})?, self.guardian)?;
        // The deployer gives its own roles away last.
        let Some(governor) = self.governor.filter(|governor| *governor != from) else {
            return Ok(());
        };
        let governing = [
            chain.read(to, &registry::GOVERNOR_ROLECall {})?,
            chain.read(to, &registry::DEFAULT_ADMIN_ROLECall {})?,
        ];
        for role in governing {
            grant(role, Some(governor))?;
        }
        for role in governing {
            chain.send(to, &registry::renounceRoleCall { role, callerConfirmation: from })?;
        }
        Ok(())
    }
}

fn write(deployment: &Deployment, path: &Path, force: bool) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(deployment).map_err(|_| Error::Output)?;
    text.push('\n');
    Ok(write_atomic(path, text.as_bytes(), if force { Kind::Replace } else { Kind::New })?)
}

fn lines(deployment: &Deployment) -> Vec<String> {
    let mut lines = vec![
        format!("registry        {}, chain {}", deployment.registry, deployment.chain),
        format!("context         {}", deployment.context),
    ];
    let verifier =
        |known: &DeployedVerifier| format!("verifier        {}, {}", known.address, known.name());
    lines.extend(deployment.verifiers.iter().map(verifier));
    if deployment.insecure_dev_srs {
        lines.push("INSECURE: everybody can forge its proofs".to_owned());
    }
    lines
}
