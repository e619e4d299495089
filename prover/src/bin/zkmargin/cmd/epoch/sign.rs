//! `zkmargin epoch sign`.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_prover::files::Source;
use zkmargin_verifier::epoch::{SignedEpoch, Signer};

use super::{EpochReport, load_epoch};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::evm_key::{EvmKey, EvmKeyArgs};
use crate::input::{parse_source, refuse_existing, write_public};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The epoch file
    #[arg(value_parser = parse_source)]
    epoch: Source,
    #[command(flatten)]
    key: EvmKeyArgs,
    /// Where the signed file goes; in its place when it is not given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    epoch: EpochReport,
    signer: Signer,
    signatures: usize,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let (output, replaces) = match (&args.output, &args.epoch) {
        (Some(output), _) => (output.clone(), args.force),
        (None, Source::Path(path)) => (path.clone(), true),
        (None, Source::Stdin) => {
            return Err(Error::Usage("an epoch from standard input needs --output FILE"));
        }
    };
    refuse_existing(&output, replaces)?;
    let mut epoch = load_epoch(&args.epoch)?;
    let signer = sign(&mut epoch, &args.key.key()?, &args.epoch)?;
    if write_public(&output, epoch.to_json().as_bytes(), replaces, env)? {
        return Ok(Exit::Done);
    }
    let signatures = epoch.signatures.len();
    let report = Report { epoch: EpochReport::from(&epoch), signer, signatures };
    env.out.result(&report, |report| {
        let mut lines = report.epoch.lines();
        lines.push(format!("signed by     {}", report.signer));
        lines.push(format!("signatures    {}", report.signatures));
        lines
    })?;
    Ok(Exit::Done)
}

/// Adds a key's signature.
fn sign(epoch: &mut SignedEpoch, key: &EvmKey, source: &Source) -> Result<Signer, Error> {
    let signature = key.sign(epoch.digest().as_bytes())?;
    epoch.add(signature).map_err(|error| Error::not_signed(source, error))
}
