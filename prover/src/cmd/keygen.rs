//! `zkmargin keygen`.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_prover::crypt::NewIdentity;
use zkmargin_prover::files::{Kind, write_atomic};

use crate::cli::Env;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the identity goes: readable by you alone, never overwritten, or
    /// `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Report {
    recipient: String,
    identity_file: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let identity = NewIdentity::generate();
    let recipient = identity.recipient();
    if args.output.as_os_str() == "-" {
        env.out.bytes(&identity.file())?;
        env.out.note(format!("recipient: {recipient}"));
        return Ok(Exit::Done);
    }
    write_atomic(&args.output, &identity.file(), Kind::Secret)?;
    env.out.note(format!("identity written to {}: keep it secret", args.output.display()));
    let report = Report { recipient, identity_file: Some(args.output.clone()) };
    env.out.result(&report, |report| vec![report.recipient.clone()])?;
    Ok(Exit::Done)
}
