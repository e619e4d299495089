//! `zkmargin evm export`: a circuit's verifier as Solidity.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_evm::generate;
use zkmargin_margin::statement::Statement;
use zkmargin_prover::files::Source;
use zkmargin_verifier::bn254::VerifyingKey;

use super::deployment::CircuitName;
use crate::circuit::StatementArgs;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source, refuse_existing, warn_of_insecure_srs, write_public};
use crate::params::exported_key_of;

/// What is said after the help.
const NOTE: &str = "\
Equal keys give equal contracts, byte for byte: whoever has the same powers of tau can \
make the contract again and compare. Compile it as verifier/contracts/scripts/compile.mjs \
does: other settings of solc are known to make verifiers that refuse every proof.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The circuit, such as standard-small; its key is made
    #[arg(
        short,
        long,
        value_name = "CIRCUIT",
        required_unless_present = "key",
        conflicts_with = "key"
    )]
    circuit: Option<CircuitName>,
    #[command(flatten)]
    of: StatementArgs,
    /// The verifying key of margin proofs, as `zkmargin key export` writes it
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    key: Option<Source>,
    /// Name of the contract, instead of one after the circuit
    #[arg(long, value_name = "NAME", value_parser = parse_identifier)]
    name: Option<String>,
    /// Where to write it; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Overwrite the file if it is there
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    srs: SrsArgs,
}

#[derive(Serialize)]
struct Report {
    contract: String,
    circuit: CircuitName,
    statement: String,
    key: String,
    srs: String,
    insecure: bool,
    output: PathBuf,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.output, args.force)?;
    // As many public inputs as margin proofs have: a gate would take it for one of these.
    if matches!(args.of.statement(), Statement::Haircut(_) | Statement::Netting) {
        return Err(Error::Usage("--of haircuts, netting: no contract takes such proofs"));
    }
    let key = key(args, env)?;
    if key.is_insecure() {
        warn_of_insecure_srs();
    }
    let circuit = CircuitName::from(key.circuit());
    let statement = args.of.statement();
    let name = args.name.clone().unwrap_or_else(|| contract_name(statement, circuit));
    let source = match statement {
        Statement::Venue(depth) => generate::venue_solidity(&key, depth, &name),
        _ => generate::solidity(&key, &name),
    };
    let report = Report {
        contract: name,
        circuit,
        statement: statement.to_string(),
        key: key.digest().to_string(),
        srs: key.srs().to_string(),
        insecure: key.is_insecure(),
        output: args.output.clone(),
    };
    if !write_public(&args.output, source.as_bytes(), args.force, env)? {
        env.out.result(&report, |report| {
            vec![
                format!("contract        {}", report.contract),
                format!("circuit         {}", report.circuit),
                format!("statement       {}", report.statement),
                format!("key             {}", report.key),
                format!("powers of tau   {}", report.srs),
            ]
        })?;
    }
    Ok(Exit::Done)
}

/// The key: one under insecure powers of tau only if they are asked for.
fn key(args: &Args, env: Env) -> Result<VerifyingKey, Error> {
    let dev = args.srs.dev();
    match (&args.key, args.circuit) {
        (None, Some(circuit)) => {
            let statement = args.of.statement_in(circuit.family)?;
            exported_key_of(statement, circuit.parts(), dev, env)
        }
        (Some(_), _) if args.of.statement() != Statement::Margin => {
            Err(Error::Usage("--key is of margin proofs: leave --of out"))
        }
        (Some(source), _) => {
            let path = source.to_string();
            let key = VerifyingKey::from_bytes(&source.read()?)
                .map_err(|source| Error::Key { path: path.clone(), source })?;
            match key.is_insecure() && !args.srs.insecure_dev_srs {
                true => Err(Error::InsecureSrs(path)),
                false => Ok(key),
            }
        }
        (None, None) => Err(Error::Usage("--circuit or --key is needed")),
    }
}

/// `scenario-medium` is `VerifierScenarioMedium`; of another statement that comes first.
fn contract_name(statement: Statement, circuit: CircuitName) -> String {
    let of = match statement {
        Statement::Margin => String::new(),
        Statement::Transition => "Change".to_owned(),
        Statement::Deleveraging => "Deleveraging".to_owned(),
        Statement::Escrow => "Escrow".to_owned(),
        Statement::Venue(depth) => format!("Venue{depth}"),
        Statement::Haircut(depth) => format!("Haircut{depth}"),
        Statement::Netting => "Netting".to_owned(),
    };
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let circuit: String = circuit.to_string().split('-').map(capital).collect();
    format!("Verifier{of}{circuit}")
}

fn parse_identifier(text: &str) -> Result<String, &'static str> {
    let mut letters = text.chars();
    let first = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic());
    match first && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        true => Ok(text.to_owned()),
        false => Err("a contract's name is of letters, digits and underscores"),
    }
}
