//! `zkmargin key`: verifying keys for contracts and pages.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_prover::files::Source;
use zkmargin_verifier::bn254::VerifyingKey;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    LayoutArgs, SrsArgs, parse_source, refuse_existing, warn_of_insecure_srs, write_public,
};
use crate::params::exported_key;

/// What is said after the help.
const EXPORT_NOTE: &str = "\
The key is all that a verifier needs: the wasm of the page, a CosmWasm contract and the \
generator of EVM verifiers read it. It names the circuit and the powers of tau by its \
digest; whoever exports the same circuit under the same powers of tau gets the same bytes.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the verifying key of a circuit of the on-chain proof system
    Export(Export),
    /// Show what a verifying key is of
    Show(Show),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXPORT_NOTE)]
pub(crate) struct Export {
    /// Family of margin models
    #[arg(long, value_name = "FAMILY", default_value_t = Family::Standard)]
    family: Family,
    /// Size of the circuit: small, medium, large, and deep of the simulation family
    #[arg(short, long, value_name = "SHAPE")]
    shape: Shape,
    #[command(flatten)]
    layout: LayoutArgs,
    /// Where to write it; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Overwrite the file if it is there
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    srs: SrsArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The key
    #[arg(value_parser = parse_source)]
    key: Source,
}

#[derive(Serialize)]
struct Report {
    circuit: String,
    digest: String,
    srs: String,
    insecure: bool,
    bytes: usize,
    proof_bytes: usize,
}

impl From<&VerifyingKey> for Report {
    fn from(key: &VerifyingKey) -> Self {
        Self {
            circuit: key.circuit().to_string(),
            digest: key.digest().to_string(),
            srs: key.srs().to_string(),
            insecure: key.is_insecure(),
            bytes: key.to_bytes().len(),
            proof_bytes: key.proof_size(),
        }
    }
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Export(args) => export(args, env),
        Command::Show(args) => show(args, env),
    }
}

fn export(args: &Export, env: Env) -> Result<Exit, Error> {
    let dev = args.srs.dev();
    if args.srs.insecure_dev_srs {
        warn_of_insecure_srs();
    }
    refuse_existing(&args.output, args.force)?;
    let key = exported_key((args.family, args.shape, args.layout.of(ProofSystem::Kzg)?), dev, env)?;
    if !write_public(&args.output, &key.to_bytes(), args.force, env)? {
        env.out.result(&Report::from(&key), lines)?;
    }
    Ok(Exit::Done)
}

fn show(args: &Show, env: Env) -> Result<Exit, Error> {
    let key = VerifyingKey::from_bytes(&args.key.read()?)
        .map_err(|source| Error::Key { path: args.key.to_string(), source })?;
    env.out.result(&Report::from(&key), lines)?;
    Ok(Exit::Done)
}

fn lines(report: &Report) -> Vec<String> {
    let Report { circuit, digest, srs, insecure, bytes, proof_bytes } = report;
    let mark = if *insecure { ", INSECURE: everybody can forge its proofs" } else { "" };
    vec![
        format!("circuit         {circuit}"),
        format!("digest          {digest}"),
        format!("powers of tau   {srs}{mark}"),
        format!("key             {bytes} bytes"),
        format!("a proof         {proof_bytes} bytes"),
    ]
}
