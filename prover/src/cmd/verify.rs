//! `zkmargin verify`.

use std::collections::BTreeMap;

use serde::Serialize;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::FieldHex;
use zkmargin_prover::with_backend;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::{ClaimData, VerifiedClaim};
use zkmargin_verifier::proof::{CircuitId, Family, MAX_BYTES, ProofFile, circuit_of};

use crate::cli::Env;
use crate::cmd::market::load_model;
use crate::error::{Error, Exit};
use crate::input::{
    PublishedMarket, SrsArgs, now, parse_context, parse_source, warn_of_insecure_srs, with_market,
};
use crate::output::stderr_line;
use crate::params::{exported_key, verifier};
use crate::serve::Server;

/// What is said after the help.
const NOTE: &str = "\
Several proofs are verified as a batch. What a proof is expected to be about must be \
told: without it a valid proof says only that some account in some state met some \
market.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The proof files
    #[arg(required = true, value_parser = parse_source)]
    proof: Vec<Source>,
    /// Show the proof in the browser, on a page that verifies it there too; until
    /// the command is ended
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    srs: SrsArgs,
    #[command(flatten)]
    expected: Expected,
}

/// What proofs must be about.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Expected of every proof")]
pub(crate) struct Expected {
    /// Market whose root, model and epoch it must have
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Option<Source>,
    /// Oldest age of that market's prices, in seconds
    #[arg(long, value_name = "SECONDS", requires = "market")]
    max_age: Option<u64>,
    /// Market root
    #[arg(long, value_name = "0x...")]
    market_root: Option<FieldHex>,
    /// State root the venue posted
    #[arg(long, value_name = "0x...")]
    state_root: Option<FieldHex>,
    /// Deployment: 0x and 62 digits, or PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: Option<ContextId>,
    /// Margin model: the name of a shipped one, or a JSON file
    #[arg(long, value_name = "NAME|FILE")]
    model: Option<String>,
    /// Epoch
    #[arg(long, value_name = "NUMBER")]
    epoch: Option<u64>,
    /// Account
    #[arg(long, value_name = "0x...")]
    account: Option<AccountId>,
    /// Claim
    #[arg(long, value_name = "SIDE:LEVEL")]
    claim: Option<Claim>,
}

#[derive(Serialize)]
struct Opened {
    address: String,
}

#[derive(Serialize)]
struct Report {
    valid: bool,
    proofs: Vec<ProofReport>,
}

#[derive(Serialize)]
struct ProofReport {
    file: String,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<ClaimData>,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let ended = report(args, env);
    match (args.open, args.proof.as_slice()) {
        (false, _) => ended,
        (true, [Source::Stdin]) => Err(Error::Usage("--open shows a file, not standard input")),
        (true, [proof]) if may_be_shown(&ended) => {
            if let Err(error) = &ended {
                stderr_line(&format!("error: {}", error.message(false)));
            }
            show_page(proof, args.srs, env)?;
            ended
        }
        (true, [_]) => ended,
        (true, _) => Err(Error::Usage("--open shows one proof")),
    }
}

/// Whether the page would come to the same verdict. It does not know what was
/// expected of the proof; and what is no proof might be a secret.
fn may_be_shown(ended: &Result<Exit, Error>) -> bool {
    match ended {
        Ok(exit) => *exit == Exit::Done,
        Err(Error::Proof { source, .. }) => !matches!(source, VerifyError::Malformed(_)),
        Err(error) => matches!(error, Error::InsecureSrs(_)),
    }
}

/// Serves the page with a proof and its key, until the process is ended. A proof
/// of another system than the on-chain one is shown without a key: the page says
/// what it is.
fn show_page(source: &Source, srs: SrsArgs, env: Env) -> Result<(), Error> {
    let bytes = source.read_at_most(MAX_BYTES)?;
    let key = match ProofFile::<Bn254Fr>::parse(&bytes) {
        Ok(file) => {
            let dev = match file.srs().is_some_and(|mark| mark.insecure) {
                true => srs.dev(),
                false => DevSrs::Refuse,
            };
            let CircuitId { family, shape, .. } = file.circuit();
            let key = exported_key(family, shape, dev, env)?;
            Some((key.digest().to_string(), key.to_bytes()))
        }
        Err(_) => None,
    };
    let server = Server::bind(bytes, key).map_err(Error::Serve)?;
    let address = server.address();
    env.out.result(&Opened { address: address.clone() }, |opened| vec![opened.address.clone()])?;
    if open::that_detached(&address).is_err() {
        env.out.note("no browser could be opened: open the address yourself");
    }
    env.out.note("serving it to this machine alone; Ctrl-C ends");
    server.run();
    Ok(())
}

fn report(args: &Args, env: Env) -> Result<Exit, Error> {
    let rules = args.expected.rules(env)?;
    let checked = check(&args.proof, args.srs, env)?;
    let mut first_error = None;
    let mut proofs = Vec::new();
    for (source, result) in args.proof.iter().zip(checked) {
        let result = result.and_then(|claim| {
            match_rules(&rules, claim.data(), source)?;
            Ok(*claim.data())
        });
        let file = source.to_string();
        proofs.push(match result {
            Ok(instance) => {
                ProofReport { file, valid: true, reason: None, instance: Some(instance) }
            }
            Err(error) => {
                let reason = Some(error.message(false));
                first_error = first_error.or(Some(error));
                ProofReport { file, valid: false, reason, instance: None }
            }
        });
    }
    let invalid = proofs.iter().filter(|proof| !proof.valid).count();
    let total = proofs.len();
    env.out.result(&Report { valid: invalid == 0, proofs }, lines)?;
    if rules.is_empty() && invalid == 0 {
        env.out.note("nothing was expected of it: give --market, --state-root and --context");
    }
    match (first_error, total) {
        (None, _) => Ok(Exit::Done),
        // The report has told it already.
        (Some(error), _) if env.out.is_json() => Ok(error.exit()),
        (Some(error), 1) => Err(error),
        (Some(_), _) => Err(Error::ProofsInvalid { invalid, total }),
    }
}

fn lines(report: &Report) -> Vec<String> {
    let line = |proof: &ProofReport| match &proof.instance {
        Some(claim) => {
            let disclosed = match claim.disclosed.get() {
                0 => String::new(),
                units => format!(", shortfall of {units} quote units"),
            };
            let (account, epoch) = (claim.account, claim.epoch.get());
            format!(
                "{}: valid: {account} is {} in epoch {epoch}{disclosed}",
                proof.file, claim.claim
            )
        }
        // Of a single one the error says why.
        None => match &proof.reason {
            Some(reason) if report.proofs.len() > 1 => {
                let reason = reason.strip_prefix(&format!("{}: ", proof.file)).unwrap_or(reason);
                format!("{}: NOT accepted: {reason}", proof.file)
            }
            _ => format!("{}: NOT accepted", proof.file),
        },
    };
    report.proofs.iter().map(line).collect()
}

/// Reads and verifies proofs, those of a circuit together; one result for each,
/// in their order.
pub(crate) fn check(
    sources: &[Source],
    srs: SrsArgs,
    env: Env,
) -> Result<Vec<Result<VerifiedClaim, Error>>, Error> {
    let mut results = BTreeMap::new();
    let mut groups: BTreeMap<CircuitId, Vec<Unread<'_>>> = BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        match read(source, env) {
            Ok((circuit, bytes)) => groups.entry(circuit).or_default().push((index, source, bytes)),
            Err(error) => drop(results.insert(index, Err(error))),
        }
    }
    for (circuit, group) in groups {
        let files: Vec<_> = group.iter().map(|(index, source, _)| (*index, *source)).collect();
        let checked = with_backend!(circuit.proof_system, B => {
            check_group::<B>(circuit, group, srs, env)
        });
        match checked {
            Ok(checked) => results.extend(checked),
            // The only one there is: told in full, with what to do.
            Err(error) if sources.len() == 1 => return Err(error),
            Err(error) => {
                let reason = error.message(false);
                results.extend(files.into_iter().map(|(index, source)| {
                    let (path, reason) = (source.to_string(), reason.clone());
                    (index, Err(Error::Unverifiable { path, reason }))
                }));
            }
        }
    }
    Ok(results.into_values().collect())
}

/// A proof file and what it was made with.
fn read(source: &Source, env: Env) -> Result<(CircuitId, Vec<u8>), Error> {
    let bytes = source.read_at_most(MAX_BYTES)?;
    let circuit = circuit_of(&bytes).map_err(|error| proof_error(source, error.into()))?;
    env.proof_system_of(source, circuit.proof_system)?;
    Ok((circuit, bytes))
}

/// A proof file that was not parsed yet, and its index.
type Unread<'a> = (usize, &'a Source, Vec<u8>);
/// Results by index.
type Results = BTreeMap<usize, Result<VerifiedClaim, Error>>;

/// Verifies the proofs of one circuit, made under secure powers of tau and under
/// insecure ones apart: each has a key of its own.
fn check_group<B: Backend>(
    circuit: CircuitId,
    group: Vec<Unread<'_>>,
    srs: SrsArgs,
    env: Env,
) -> Result<Results, Error> {
    let mut results = Results::new();
    let (mut secure, mut insecure) = (Vec::new(), Vec::new());
    for (index, source, bytes) in group {
        match ProofFile::<B::Field>::parse(&bytes) {
            Err(error) => drop(results.insert(index, Err(proof_error(source, error.into())))),
            Ok(file) if !file.srs().is_some_and(|srs| srs.insecure) => {
                secure.push((index, source, file));
            }
            Ok(file) if srs.insecure_dev_srs => insecure.push((index, source, file)),
            Ok(_) => drop(results.insert(index, Err(Error::InsecureSrs(source.to_string())))),
        }
    }
    for (dev, batch) in [(DevSrs::Refuse, secure), (DevSrs::AllowInsecure, insecure)] {
        if batch.is_empty() {
            continue;
        }
        if dev == DevSrs::AllowInsecure {
            warn_of_insecure_srs();
        }
        let verifier = match circuit.family {
            Family::Standard => verifier::<B, StandardCircuit<B::Field>>(circuit.shape, dev, env),
            Family::Scenario => verifier::<B, ScenarioCircuit<B::Field>>(circuit.shape, dev, env),
        }?;
        let files: Vec<_> = batch.iter().map(|(_, _, file)| file.clone()).collect();
        let name = format!("verification of {}", count(files.len()));
        let verified = env.progress.stage(&name, || B::verify(&verifier, &files));
        for ((index, source, _), result) in batch.into_iter().zip(verified) {
            results.insert(index, result.map_err(|error| proof_error(source, error)));
        }
    }
    Ok(results)
}

fn count(proofs: usize) -> String {
    if proofs == 1 { "1 proof".to_owned() } else { format!("{proofs} proofs") }
}

fn proof_error(source: &Source, error: VerifyError) -> Error {
    Error::Proof { path: source.to_string(), source: error }
}

/// A public input by name, with the value it must have.
type Rule = (&'static str, String);

impl Expected {
    fn rules(&self, env: Env) -> Result<Vec<Rule>, Error> {
        let mut rules = Vec::new();
        if let Some(source) = &self.market {
            let published = PublishedMarket::load(source)?;
            let (root, model, epoch, taken) = with_market!(&published, env, B, market => {
                let header = market.header();
                (FieldHex::of(&market.root()), header.model, header.epoch, header.timestamp.get())
            });
            if let Some(max_age) = self.max_age {
                let age = now()?.saturating_sub(taken);
                if age > max_age {
                    return Err(Error::Mismatch {
                        place: source.to_string(),
                        what: "the age of the prices",
                        expected: format!("at most {max_age} s"),
                        found: format!("{age} s"),
                    });
                }
            }
            rules.push(("market_root", root.to_string()));
            rules.push(("model", model.to_string()));
            rules.push(("epoch", epoch.get().to_string()));
        }
        let texts = [
            ("market_root", self.market_root.map(|root| root.to_string())),
            ("state_root", self.state_root.map(|root| root.to_string())),
            ("context", self.context.map(|context| context.to_string())),
            ("epoch", self.epoch.map(|epoch| epoch.to_string())),
            ("account", self.account.map(|account| account.to_string())),
            ("claim", self.claim.map(|claim| claim.to_string())),
        ];
        rules.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text?))));
        if let Some(model) = &self.model {
            rules.push(("model", load_model(model)?.digest().to_string()));
        }
        Ok(rules)
    }
}

fn match_rules(rules: &[Rule], claim: &ClaimData, source: &Source) -> Result<(), Error> {
    for (what, expected) in rules {
        let found = match *what {
            "market_root" => claim.market_root.to_string(),
            "state_root" => claim.state_root.to_string(),
            "context" => claim.context.to_string(),
            "epoch" => claim.epoch.get().to_string(),
            "account" => claim.account.to_string(),
            "claim" => claim.claim.to_string(),
            _ => claim.model.to_string(),
        };
        if found != *expected {
            let (place, expected) = (source.to_string(), expected.clone());
            return Err(Error::Mismatch { place, what, expected, found });
        }
    }
    Ok(())
}
