//! Proofs with an escrow to the committee that a market demands: `MarginEscrows`.

use std::path::PathBuf;

use alloy_sol_types::SolEvent as _;
use alloy_sol_types::private::{Address, B256, U256};
use clap::Subcommand;
use serde::Serialize;
use zkmargin_evm::contracts::{MarginEscrows as escrows, MarginProofGate as gate};
use zkmargin_evm::engine as convert;
use zkmargin_margin::escrow::{Binding, Ciphertext, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::escrow::{CiphertextFile, EscrowFileError};
use zkmargin_prover::files::Source;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::{ClaimData, CommitteeId, EscrowedData, Root};
use zkmargin_verifier::proof::EscrowFile;
use zkmargin_verifier::proof::escrow::circuit_of;

use super::actions::report;
use super::circuits::{Statement, only};
use super::deployment::{DeploymentArgs, Registry, SenderArgs};
use super::error::EvmError;
use super::escrow_proof::ProofArgs;
use crate::cmd::committee::{EscrowCommandError, file_error, load_committee};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source, refuse_existing, warn_of_insecure_srs, write_public};

/// What is said after the help.
const NOTE: &str = "\
A market that was deployed with --escrow takes at-least proofs with an escrow to its \
committee alone: they are made with `zkmargin prove --escrow` and sent here with their \
ciphertext, which stays in an event. `fetch` writes what the committee opens, and with --proof \
the proof that each member verifies first.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send a proof with its ciphertext: it keeps an account current, or cures
    Submit(Submit),
    /// Fetch the ciphertext that an account's last proof put on record
    Fetch(Fetch),
}

#[derive(Debug, clap::Args)]
struct Submit {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// The ciphertext that came with the proof
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    ciphertext: Source,
    /// Digest of the circuit's verifying key; the market's only circuit of escrows,
    /// unless given
    #[arg(short, long, value_name = "0x...")]
    circuit: Option<B256>,
    /// The proof file, as `zkmargin prove --escrow` made it
    #[arg(value_parser = parse_source)]
    proof: Source,
}

#[derive(Debug, clap::Args)]
struct Fetch {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
    /// The epoch of the proof; the last one, unless given
    #[arg(short, long, value_name = "NUMBER")]
    epoch: Option<u64>,
    /// The committee's file
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    committee: Source,
    /// Where the ciphertext goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    proof: ProofArgs,
    /// Replace existing output files
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Fetched {
    account: AccountId,
    epoch: u64,
    escrow: Root,
    output: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<PathBuf>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    match &args.command {
        Command::Submit(args) => submit(args, env),
        Command::Fetch(args) => fetch(args, env),
    }
}

/// The contract that the gate uses.
fn contract(on: &Registry) -> Result<Address, EvmError> {
    let at = on.chain.read(on.at.gate, &gate::escrowsCall {})?;
    if at.is_zero() { Err(EvmError::NoEscrows) } else { Ok(at) }
}

/// The contract verifies the proof, and is asked before anything is paid for.
fn submit(args: &Submit, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    let source = &args.proof;
    let failed = |error: VerifyError| Error::Proof { path: source.to_string(), source: error };
    let bytes = source.read()?;
    let made = circuit_of(&bytes).map_err(|error| failed(error.into()))?;
    let wanted = Env { proof_system: Some(ProofSystem::Kzg), ..env };
    wanted.proof_system_of(source, made.proof_system)?;
    let file = EscrowFile::<Bn254Fr>::parse(&bytes).map_err(|error| failed(error.into()))?;
    let mark = file.srs().ok_or_else(|| EvmError::NoMark(source.to_string()))?;
    if mark.insecure && !args.srs.insecure_dev_srs {
        return Err(Error::InsecureSrs(source.to_string()));
    }
    if args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    let (key, _, sealed) = CiphertextFile::parse::<Bn254Fr>(&args.ciphertext.read()?)
        .map_err(|error| file_error(&args.ciphertext, error))?;
    let instance = file.instance();
    if sealed.digest(&key) != instance.escrow {
        let (proof, ciphertext) = (source.to_string(), args.ciphertext.to_string());
        return Err(EscrowCommandError::OtherCiphertext { proof, ciphertext }.into());
    }
    let (claim, escrow) = (ClaimData::from(&instance.account), Root::from_field(&instance.escrow));
    let escrowed = EscrowedData::new(claim, escrow, CommitteeId::of(&key));
    let call = escrows::submitEscrowedCall {
        circuit: only(&on, Statement::Escrows, args.circuit)?,
        inputs: convert::escrow_inputs(&escrowed),
        proof: file.proof().to_vec().into(),
        ciphertext: convert::ciphertext(&key, &sealed),
    };
    report(&on, &[on.chain.send(contract(&on)?, &call)?], env)
}

fn fetch(args: &Fetch, env: Env) -> Result<Exit, Error> {
    for place in [&args.output].into_iter().chain(&args.proof.proof) {
        refuse_existing(place, args.force)?;
    }
    let committee = load_committee::<Bn254Fr>(&args.committee)?;
    let on = args.deployment.view()?;
    let (found, transaction) = told(&on, args.account, args.epoch)?;
    let place = Source::Path(PathBuf::from("the contract's event"));
    let sealed = sealed(&found).map_err(|error| file_error(&place, error))?;
    let escrow = Root::new(found.escrow.to_be_bytes());
    if Root::from_field(&sealed.digest(committee.key())) != escrow {
        return Err(EscrowCommandError::OtherKey(place.to_string()).into());
    }
    let (context, epoch) = (on.at.context, Epoch::new(found.epoch));
    let binding = Binding { context, epoch, account: args.account };
    let text = CiphertextFile::of(committee.key(), &binding, &sealed).to_json();
    if let Some(place) = &args.proof.proof {
        let hash = transaction.ok_or(EvmError::NoEscrow(args.account))?;
        let proof = args.proof.read(&on, hash)?;
        write_public(place, proof.to_json().as_bytes(), args.force, env)?;
    }
    if write_public(&args.output, &text, args.force, env)? {
        return Ok(Exit::Done);
    }
    let (account, output, proof) = (args.account, args.output.clone(), args.proof.proof.clone());
    let fetched = Fetched { account, epoch: found.epoch, escrow, output, proof };
    env.out.result(&fetched, |fetched| {
        let Fetched { epoch, output, proof, .. } = fetched;
        let of = |what: &str, place: &std::path::Path| {
            format!("{what} of epoch {epoch} written to {}", place.display())
        };
        let proof = proof.iter().map(|place| of("proof", place));
        [of("ciphertext", output)].into_iter().chain(proof).collect()
    })?;
    Ok(Exit::Done)
}

/// The newest escrow of an account, or that of an epoch, and the transaction that told it.
fn told(
    on: &Registry,
    account: AccountId,
    epoch: Option<u64>,
) -> Result<(escrows::Escrowed, Option<B256>), EvmError> {
    let mut context = B256::ZERO;
    context[..31].copy_from_slice(on.context().as_slice());
    let logs = on.chain.logs(&[contract(on)?], on.at.block)?;
    let ours = logs.iter().rev().filter(|log| log.topics().get(1) == Some(&context));
    let mut events = ours.filter_map(|log| {
        let event = escrows::Escrowed::decode_raw_log(log.topics(), &log.data().data).ok()?;
        Some((event, log.transaction_hash))
    });
    let owner = convert::address(account);
    let wanted = |(event, _): &(escrows::Escrowed, Option<B256>)| {
        event.account == owner && epoch.is_none_or(|epoch| event.epoch == epoch)
    };
    events.find(wanted).ok_or(EvmError::NoEscrow(account))
}

/// The ciphertext of an event.
fn sealed(event: &escrows::Escrowed) -> Result<Ciphertext<Bn254Fr>, EscrowFileError> {
    let element = |name: &str, word: &U256| {
        Bn254Fr::from_be_bytes(&word.to_be_bytes())
            .ok_or_else(|| EscrowFileError::Digits { field: name.to_owned(), digits: 64 })
    };
    let [x, y] = &event.noncePoint;
    let point = Point::new(element("nonce_point", x)?, element("nonce_point", y)?)
        .map_err(|source| EscrowFileError::Point { field: "nonce_point".to_owned(), source })?;
    let elements = event.elements.iter().map(|word| element("elements", word));
    Ok(Ciphertext::new(point, elements.collect::<Result<_, _>>()?)?)
}
