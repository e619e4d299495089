//! `zkmargin keygen`.

use std::path::PathBuf;

use serde::Serialize;
use zeroize::Zeroizing;
use zkmargin_prover::crypt::{self, NewIdentity, Recipients};
use zkmargin_prover::files::{Kind, Source, refuse_target, write_atomic};

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::keys::new_passphrase;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the identity goes: readable by you alone, never overwritten, or
    /// `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Encrypt the identity with a passphrase, asked for on the terminal or taken
    /// from ZKMARGIN_PASSPHRASE
    #[arg(short, long)]
    passphrase: bool,
}

#[derive(Serialize)]
struct Report {
    recipient: String,
    identity_file: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let to_stdout = args.output.as_os_str() == "-";
    if !to_stdout {
        refuse_target(&args.output, Kind::Secret)?;
    }
    let identity = NewIdentity::generate();
    let recipient = identity.recipient();
    let file = match args.passphrase {
        true => sealed(&identity, args)?,
        false => identity.file(),
    };
    if to_stdout {
        env.out.bytes(&file)?;
        env.out.note(format!("recipient: {recipient}"));
        return Ok(Exit::Done);
    }
    write_atomic(&args.output, &file, Kind::Secret)?;
    env.out.note(format!("identity written to {}: keep it secret", args.output.display()));
    let report = Report { recipient, identity_file: Some(args.output.clone()) };
    env.out.result(&report, |report| vec![report.recipient.clone()])?;
    Ok(Exit::Done)
}

/// The identity file as an age file that a passphrase opens.
fn sealed(identity: &NewIdentity, args: &Args) -> Result<Zeroizing<Vec<u8>>, Error> {
    let passphrase = Recipients::Passphrase(new_passphrase()?);
    let sealed = crypt::encrypt(&identity.file(), &passphrase, true);
    let path = Source::Path(args.output.clone());
    sealed.map(Zeroizing::new).map_err(|error| Error::crypt(&path, error))
}
