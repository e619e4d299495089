//! Proofs for a registry, one by one or many for one pairing.

use alloy_rpc_types_eth::TransactionReceipt;
use alloy_sol_types::SolEvent as _;
use alloy_sol_types::private::B256;
use serde::Serialize;
use zkmargin_evm::contracts::MarginCallRegistry as registry;
use zkmargin_evm::engine as convert;
use zkmargin_margin::claim::Side;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::files::Source;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::{ClaimData, Event};
use zkmargin_verifier::proof::{ProofFile, circuit_of};

use super::actions::{Refused, Sent};
use super::chain::Outcome;
use super::deployment::{CircuitName, Deployment, Registry, SenderArgs};
use super::error::EvmError;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source, warn_of_insecure_srs};

/// Proofs in a batch, at most.
const BATCH: usize = 16;

/// Proofs for a registry.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// Go on after a proof that is refused, and apply what can be applied
    #[arg(long)]
    keep_going: bool,
    /// The proof files
    #[arg(required = true, value_parser = parse_source)]
    proof: Vec<Source>,
}

/// At-least proofs in one transaction.
#[derive(Debug, clap::Args)]
pub(crate) struct BatchArgs {
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// The proof files: 1 to 16 of one circuit
    #[arg(required = true, num_args = 1..=BATCH, value_parser = parse_source)]
    proof: Vec<Source>,
}

/// What became of a proof.
#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
enum Told {
    Applied {
        #[serde(flatten)]
        sent: Sent,
    },
    /// On record already: nothing has changed.
    Unchanged {
        #[serde(flatten)]
        sent: Sent,
    },
    Planned {
        #[serde(flatten)]
        sent: Sent,
    },
    Refused {
        error: String,
    },
    /// One before it was refused.
    NotTried,
}

#[derive(Serialize)]
struct Line {
    proof: String,
    #[serde(flatten)]
    told: Told,
}

/// A proof file, and the circuit that the registry knows it by.
pub(super) struct Proof {
    pub(super) circuit: B256,
    pub(super) file: ProofFile<Bn254Fr>,
}

/// The registry verifies proofs, and is asked before anything is paid for.
pub(super) fn submit(args: &Args, cure: bool, env: Env) -> Result<Exit, Error> {
    let on = args.sender.open()?;
    if args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    // Without --keep-going every file is read before the first is sent.
    let read = |source: &Source| read(source, &on.deployment, args.srs, env);
    let proofs: Vec<_> = args.proof.iter().map(read).collect();
    let unread = proofs.iter().any(Result::is_err) && !args.keep_going;
    let (mut lines, mut first_error, mut refused) = (Vec::new(), None, 0);
    for (source, proof) in args.proof.iter().zip(proofs) {
        let stop = first_error.is_some() && !args.keep_going || unread && proof.is_ok();
        let told = match stop {
            true => Told::NotTried,
            false => match proof.and_then(|proof| Ok(send(&on, &proof, cure)?)) {
                Ok(outcome) => Told::of(&on, &outcome),
                Err(error) => {
                    refused += 1;
                    let told = Told::Refused { error: error.message(false) };
                    first_error = first_error.or(Some(error));
                    told
                }
            },
        };
        lines.push(Line { proof: source.to_string(), told });
    }
    tell(&lines, first_error, refused, env)
}

/// All at once: the proofs are all true or nothing happens.
pub(super) fn batch(args: &BatchArgs, env: Env) -> Result<Exit, Error> {
    const ONE: &str = "proofs of a batch are of one circuit: send the others by themselves";
    const AT_LEAST: &str = "a batch is of at-least proofs: send below proofs with `evm submit`";
    let on = args.sender.open()?;
    if args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    let read = |source: &Source| read(source, &on.deployment, args.srs, env);
    let proofs = args.proof.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let Some(circuit) = proofs.first().map(|proof| proof.circuit) else {
        return Err(Error::Usage(ONE));
    };
    if proofs.iter().any(|proof| proof.circuit != circuit) {
        return Err(Error::Usage(ONE));
    }
    let claims: Vec<_> = proofs.iter().map(|one| ClaimData::from(one.file.instance())).collect();
    if claims.iter().any(|claim| claim.claim.side() == Side::Below) {
        return Err(Error::Usage(AT_LEAST));
    }
    let outcome = on.send(&registry::submitProofsCall {
        circuit,
        inputs: claims.iter().map(convert::inputs).collect(),
        proofs: proofs.iter().map(|one| one.file.proof().to_vec().into()).collect(),
    })?;
    let sent = Sent::of(&on, &outcome);
    env.out.result(&sent, Sent::lines)?;
    Ok(match &sent {
        Sent::Mined { refused, .. } if !refused.is_empty() => Exit::False,
        _ => Exit::Done,
    })
}

/// Accounts whose proofs were refused in a batch.
pub(super) fn refused(on: &Registry, receipt: &TransactionReceipt) -> Vec<Refused> {
    let ours = receipt.inner.logs().iter().filter(|log| log.address() == on.at.registry);
    let decoded = ours.filter_map(|log| {
        registry::ProofRefused::decode_raw_log(log.topics(), &log.data().data).ok()
    });
    let told = |log: registry::ProofRefused| Refused {
        account: convert::account(log.account),
        error: EvmError::reverted(&log.reason).to_string(),
    };
    decoded.map(told).collect()
}

pub(super) fn read(
    source: &Source,
    to: &Deployment,
    srs: SrsArgs,
    env: Env,
) -> Result<Proof, Error> {
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
    Ok(Proof { circuit: to.verifier(CircuitName::from(circuit), mark)?.circuit, file })
}

fn send(to: &Registry, proof: &Proof, cure: bool) -> Result<Outcome, EvmError> {
    let claim = ClaimData::from(proof.file.instance());
    let (circuit, inputs) = (proof.circuit, convert::inputs(&claim));
    let proof = proof.file.proof().to_vec().into();
    match (cure, claim.claim.side()) {
        (true, _) => to.send(&registry::cureCall { circuit, inputs, proof }),
        (false, Side::AtLeast) => to.send(&registry::submitProofCall { circuit, inputs, proof }),
        (false, Side::Below) => to.send(&registry::submitBreachCall { circuit, inputs, proof }),
    }
}

impl Told {
    fn of(on: &Registry, outcome: &Outcome) -> Self {
        let sent = Sent::of(on, outcome);
        match &sent {
            Sent::Planned(_) => Self::Planned { sent },
            Sent::Mined { events, .. } if events.is_empty() => Self::Unchanged { sent },
            Sent::Mined { .. } => Self::Applied { sent },
        }
    }
}

/// Tells what became of every proof. The error of a single one is told as ever.
fn tell(
    lines: &[Line],
    first_error: Option<Error>,
    refused: usize,
    env: Env,
) -> Result<Exit, Error> {
    match (first_error, lines.len()) {
        (Some(error), 1) => Err(error),
        (error, total) => {
            env.out
                .result(&lines, |lines| lines.iter().map(|line| line.told(total > 1)).collect())?;
            match error {
                None => Ok(Exit::Done),
                Some(error) if env.out.is_json() => Ok(error.exit()),
                Some(_) => Err(Error::ProofsRefused { refused, total }),
            }
        }
    }
}

impl Line {
    /// One line, with the proof's name where there are several.
    fn told(&self, named: bool) -> String {
        let text = match &self.told {
            Told::Applied { sent: Sent::Mined { events, gas_used, .. } } => {
                let events: Vec<_> = events.iter().map(Event::to_string).collect();
                format!("{}, {gas_used} gas", events.join("; "))
            }
            Told::Unchanged { .. } => "on record already, nothing has changed".to_owned(),
            Told::Applied { sent } | Told::Planned { sent } => sent.lines().join("; "),
            Told::Refused { error } => format!("refused: {error}"),
            Told::NotTried => "not tried: another was refused".to_owned(),
        };
        if named { format!("{}: {text}", self.proof) } else { text }
    }
}
