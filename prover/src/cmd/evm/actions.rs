//! What changes a registry: epochs, accounts, proofs, models, halts.

use alloy_rpc_types_eth::TransactionReceipt;
use alloy_sol_types::private::B256;
use serde::Serialize;
use zkmargin_evm::contracts::MarginCallRegistry as registry;
use zkmargin_evm::engine as convert;
use zkmargin_margin::claim::Side;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::files::Source;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::{ClaimData, Event};
use zkmargin_verifier::proof::{ProofFile, circuit_of};

use super::deployment::{CircuitName, Deployment, Registry, SenderArgs};
use super::error::EvmError;
use crate::cli::Env;
use crate::cmd::call::epoch::EpochArgs;
use crate::cmd::market::load_model;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source, warn_of_insecure_srs};

#[derive(Debug, clap::Args)]
pub(crate) struct Post {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    epoch: EpochArgs,
}

/// An account of a registry.
#[derive(Debug, clap::Args)]
pub(crate) struct AccountArgs {
    #[command(flatten)]
    sender: SenderArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
}

/// Proofs for a registry.
#[derive(Debug, clap::Args)]
pub(crate) struct ProofArgs {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// The proof files
    #[arg(required = true, value_parser = parse_source)]
    proof: Vec<Source>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    sender: SenderArgs,
    /// The model: the name of a shipped one, or a JSON file
    #[arg(short, long, value_name = "NAME|FILE")]
    model: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PlainArgs {
    #[command(flatten)]
    sender: SenderArgs,
}

/// What is done to an account.
#[derive(Clone, Copy)]
pub(super) enum AccountAction {
    Register,
    CallOverdue,
    MarkLiquidatable,
    Close,
    Reinstate,
}

/// What is done to the engine.
#[derive(Clone, Copy)]
pub(super) enum PlainAction {
    Pause,
    Resume,
}

/// A transaction that was mined.
#[derive(Serialize)]
pub(super) struct Sent {
    transaction: B256,
    block: Option<u64>,
    gas_used: u64,
    events: Vec<Event>,
}

impl From<&TransactionReceipt> for Sent {
    fn from(receipt: &TransactionReceipt) -> Self {
        let event = |log: &alloy_rpc_types_eth::Log| convert::event(log.topics(), &log.data().data);
        Self {
            transaction: receipt.transaction_hash,
            block: receipt.block_number,
            gas_used: receipt.gas_used,
            events: receipt.inner.logs().iter().filter_map(event).collect(),
        }
    }
}

/// Tells what transactions announced and cost.
fn report(receipts: &[TransactionReceipt], env: Env) -> Result<Exit, Error> {
    let sent: Vec<Sent> = receipts.iter().map(Sent::from).collect();
    env.out.result(&sent, |sent| sent.iter().flat_map(lines).collect())?;
    Ok(Exit::Done)
}

fn lines(sent: &Sent) -> Vec<String> {
    let events = sent.events.iter().map(ToString::to_string);
    events.chain([format!("  {} gas, transaction {}", sent.gas_used, sent.transaction)]).collect()
}

pub(super) fn post(args: &Post, env: Env) -> Result<Exit, Error> {
    let registry = args.sender.open()?;
    // Contracts verify the one proof system.
    let system = Some(env.proof_system.unwrap_or(ProofSystem::Kzg));
    let post = args.epoch.post(registry.deployment.context, Env { proof_system: system, ..env })?;
    let call = registry::postEpochCall { post: convert::epoch_post(&post) };
    report(&[registry.send(&call)?], env)
}

pub(super) fn account(args: &AccountArgs, action: AccountAction, env: Env) -> Result<Exit, Error> {
    let id = convert::address(args.account);
    let to = args.sender.open()?;
    let receipt = match action {
        AccountAction::Register => to.send(&registry::registerCall { id }),
        AccountAction::CallOverdue => to.send(&registry::callOverdueCall { id }),
        AccountAction::MarkLiquidatable => to.send(&registry::markLiquidatableCall { id }),
        AccountAction::Close => to.send(&registry::closeCall { id }),
        AccountAction::Reinstate => to.send(&registry::reinstateCall { id }),
    }?;
    report(&[receipt], env)
}

pub(super) fn model(args: &ModelArgs, accept: bool, env: Env) -> Result<Exit, Error> {
    let model = convert::model(load_model(&args.model)?.digest());
    let to = args.sender.open()?;
    let receipt = match accept {
        true => to.send(&registry::acceptModelCall { model }),
        false => to.send(&registry::revokeModelCall { model }),
    }?;
    report(&[receipt], env)
}

pub(super) fn plain(args: &PlainArgs, action: PlainAction, env: Env) -> Result<Exit, Error> {
    let to = args.sender.open()?;
    let receipt = match action {
        PlainAction::Pause => to.send(&registry::pauseCall {}),
        PlainAction::Resume => to.send(&registry::resumeCall {}),
    }?;
    report(&[receipt], env)
}

/// A proof file, and the circuit that the registry knows it by.
struct Proof {
    circuit: B256,
    file: ProofFile<Bn254Fr>,
}

/// Reads every proof before the first is sent. The registry verifies them, and
/// is asked before anything is paid for.
pub(super) fn submit(args: &ProofArgs, cure: bool, env: Env) -> Result<Exit, Error> {
    let to = args.sender.open()?;
    let read = |source: &Source| read(source, &to.deployment, args.srs, env);
    let proofs = args.proof.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    let receipts = proofs.iter().map(|proof| send(&to, proof, cure));
    report(&receipts.collect::<Result<Vec<_>, _>>()?, env)
}

fn read(source: &Source, to: &Deployment, srs: SrsArgs, env: Env) -> Result<Proof, Error> {
    let failed = |error: VerifyError| Error::Proof { path: source.to_string(), source: error };
    let bytes = source.read()?;
    let circuit = circuit_of(&bytes).map_err(|error| failed(error.into()))?;
    let wanted = Env { proof_system: Some(ProofSystem::Kzg), ..env };
    wanted.proof_system_of(source, circuit.proof_system)?;
    let file = ProofFile::<Bn254Fr>::parse(&bytes).map_err(|error| failed(error.into()))?;
    let mark = file.srs().ok_or_else(|| EvmError::NoMark(source.to_string()))?;
    if mark.insecure && !srs.insecure_dev_srs {
        return Err(Error::InsecureSrs(source.to_string()));
    }
    let name = CircuitName { family: circuit.family, shape: circuit.shape };
    Ok(Proof { circuit: to.verifier(name, mark)?.circuit, file })
}

fn send(to: &Registry, proof: &Proof, cure: bool) -> Result<TransactionReceipt, EvmError> {
    let claim = ClaimData::from(proof.file.instance());
    let (circuit, inputs) = (proof.circuit, convert::inputs(&claim));
    let proof = proof.file.proof().to_vec().into();
    match (cure, claim.claim.side()) {
        (true, _) => to.send(&registry::cureCall { circuit, inputs, proof }),
        (false, Side::AtLeast) => to.send(&registry::submitProofCall { circuit, inputs, proof }),
        (false, Side::Below) => to.send(&registry::submitBreachCall { circuit, inputs, proof }),
    }
}
