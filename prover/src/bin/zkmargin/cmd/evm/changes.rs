//! What accounts said they become: `MarginChanges`.

use alloy_sol_types::SolConstructor as _;
use alloy_sol_types::private::{Address, B256, U256};
use clap::Subcommand;
use serde::Serialize;
use zkmargin_evm::contracts::{MarginChanges as changes, MarginProofGate as gate};
use zkmargin_evm::engine as convert;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::files::Source;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::{ChangeData, Root};
use zkmargin_verifier::proof::transition::circuit_of;
use zkmargin_verifier::proof::{TransitionData, TransitionFile};

use super::actions::{self, report};
use super::circuits::{Statement, only};
use super::deployment::{DeploymentArgs, Registry, SenderArgs};
use super::error::EvmError;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source, warn_of_insecure_srs};

/// What is said after the help.
const NOTE: &str = "\
An owner brings the proof of a change that meets a level (`zkmargin prove-change`): from \
then on none of its at-least proofs counts, until anyone shows by a change of nothing \
(`--unchanged`) that a later epoch holds what it said, or it expires. Of an account that is \
called for a breach one that cures (`prove-change --cures`) is taken, in the first half of its \
time. The market's rules need --change-epochs, and circuits of changes: `zkmargin evm circuits \
add --of changes`, one of each kind; --circuit says which one a proof is of.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Deploy the contract, and have the gate use it: as the administrator, once
    Deploy(SenderArgs),
    /// Send a change that meets a level, or of a called account one that cures, as the
    /// owner or its operator
    Submit(Submit),
    /// Show by a change of nothing that an epoch holds what a change said
    Show(Proof),
    /// Have a change expire that was not shown in time
    Expire(actions::AccountArgs),
    /// Tell which change an account has on record
    Status(Status),
}

#[derive(Debug, clap::Args)]
struct Submit {
    #[command(flatten)]
    owner: actions::OwnerArgs,
    #[command(flatten)]
    proof: ProofArgs,
}

#[derive(Debug, clap::Args)]
struct Proof {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    proof: ProofArgs,
}

/// A proof of a change.
#[derive(Debug, clap::Args)]
struct ProofArgs {
    #[command(flatten)]
    srs: SrsArgs,
    /// Digest of the circuit's verifying key; the market's only circuit of changes,
    /// unless given
    #[arg(short, long, value_name = "0x...")]
    circuit: Option<B256>,
    /// The proof file, as `zkmargin prove-change` made it
    #[arg(value_parser = parse_source)]
    proof: Source,
}

#[derive(Debug, clap::Args)]
struct Status {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
}

#[derive(Serialize)]
struct Report {
    contract: Address,
    account: AccountId,
    /// The epoch that the change on record starts from; nothing when there is none.
    epoch: Option<u64>,
    level: Option<Level>,
    next: Option<Root>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    match &args.command {
        Command::Deploy(args) => deploy(args, env),
        Command::Submit(args) => {
            let (on, owner, sub) = args.owner.open()?;
            let (circuit, inputs, proof) = args.proof.read(&on, env)?;
            let call = changes::submitChangeCall { owner, sub, circuit, inputs, proof };
            report(&on, &[on.chain.send(contract(&on)?, &call)?], env)
        }
        Command::Show(args) => {
            let on = args.sender.open()?;
            let (circuit, inputs, proof) = args.proof.read(&on, env)?;
            let call = changes::showChangeCall { circuit, inputs, proof };
            report(&on, &[on.chain.send(contract(&on)?, &call)?], env)
        }
        Command::Expire(args) => {
            let (on, account) = args.open()?;
            let (context, account) = (on.context(), convert::address(account));
            let call = changes::expireChangeCall { context, account };
            report(&on, &[on.chain.send(contract(&on)?, &call)?], env)
        }
        Command::Status(args) => status(args, env),
    }
}

/// The contract that the gate uses.
fn contract(on: &Registry) -> Result<Address, EvmError> {
    let at = on.chain.read(on.at.gate, &gate::changesCall {})?;
    if at.is_zero() { Err(EvmError::NoChanges) } else { Ok(at) }
}

fn deploy(args: &SenderArgs, env: Env) -> Result<Exit, Error> {
    let on = args.open()?;
    // Refused here, not after paying for the contract.
    if !on.chain.read(on.at.gate, &gate::changesCall {})?.is_zero() {
        return Err(EvmError::ChangesAreSet.into());
    }
    let arguments = changes::constructorCall {
        registry: on.at.registry,
        markets: on.at.markets,
        gate: on.at.gate,
        operators: on.at.operators,
    };
    let code = [changes::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let (keeper, _) = on.chain.create(code)?;
    let sent = on.chain.send(on.at.gate, &gate::setChangesCall { keeper })?;
    env.out.note(format!("the contract is at {keeper}"));
    report(&on, &[sent], env)
}

impl ProofArgs {
    /// What the contract is sent. It verifies the proof, and is asked before anything is
    /// paid for.
    fn read(
        &self,
        on: &Registry,
        env: Env,
    ) -> Result<(B256, [U256; 11], alloy_sol_types::private::Bytes), Error> {
        let source = &self.proof;
        let failed = |error: VerifyError| Error::Proof { path: source.to_string(), source: error };
        let bytes = source.read()?;
        let made = circuit_of(&bytes).map_err(|error| failed(error.into()))?;
        let wanted = Env { proof_system: Some(ProofSystem::Kzg), ..env };
        wanted.proof_system_of(source, made.proof_system)?;
        let file =
            TransitionFile::<Bn254Fr>::parse(&bytes).map_err(|error| failed(error.into()))?;
        let mark = file.srs().ok_or_else(|| EvmError::NoMark(source.to_string()))?;
        if mark.insecure && !self.srs.insecure_dev_srs {
            return Err(Error::InsecureSrs(source.to_string()));
        }
        if self.srs.insecure_dev_srs {
            warn_of_insecure_srs();
        }
        let change = ChangeData::try_from(&TransitionData::from(file.instance()));
        let change = change.map_err(|error| Error::Mismatch {
            place: source.to_string(),
            what: "aim",
            expected: "meets:LEVEL or cures:LEVEL:LEVEL".to_owned(),
            found: error.aim.to_string(),
        })?;
        let circuit = only(on, Statement::Changes, self.circuit)?;
        Ok((circuit, convert::change_inputs(&change), file.proof().to_vec().into()))
    }
}

fn status(args: &Status, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    let at = contract(&on)?;
    let (context, account) = (on.context(), convert::address(args.account));
    let found = on.chain.read(at, &changes::changeOfCall { context, account })?;
    let open = found.epoch != 0;
    let report = Report {
        contract: at,
        account: args.account,
        epoch: open.then_some(found.epoch),
        level: open.then(|| Level::from_u8(found.change.level)).flatten(),
        next: open.then(|| Root::new(found.change.next.to_be_bytes())),
    };
    env.out.result(&report, Report::lines)?;
    Ok(Exit::Done)
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let (Some(epoch), Some(level), Some(next)) = (self.epoch, self.level, self.next) else {
            return vec![format!("{} has no change on record", self.account)];
        };
        vec![
            format!("{} will have changed from epoch {epoch}: {level}", self.account),
            format!("next commitment {next}"),
        ]
    }
}
